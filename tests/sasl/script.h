/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_TEST_SCRIPT_H
#define AUDIENT_TEST_SCRIPT_H

#include "caller.h"
#include "unit.h"

/*
 * A program with the client's plug-in linked in, and with a script in the
 * place of `audient token`.  Scripts may leave files in $HOME, which is a
 * directory of the test's; "pid" is the one of a script that would hang.
 */

#define OB    "OAUTHBEARER"
#define TOKEN "abc.def.ghi"
#define SENT  "n,a=alice,\1host=mail.example.com\1auth=Bearer " TOKEN "\1\1"
#define GOOD  "echo " TOKEN /* the shortest script that does as it should */

int sasl_client_plug_init(const sasl_utils_t *utils, int max_version,
    int *out_version, sasl_client_plug_t **list, int *count);

extern const struct option script_options[]; /* ask the command */

/* In the place of the last one, for the shell unless it begins with "#!" and
 * another one; NULL: there is none. */
void script_put(const char *script, mode_t mode);
/*
 * One login of a program that has no password: what it has sent, or what it
 * can say of it; until the next one.
 */
const char *script_login(int *rc);
/* What the script has left in a file, which is removed; freed by the caller. */
char *script_left(const char *name);
/* A row: no process with the number in "pid" is there. */
void script_is_gone(const char *row);

/* For cmocka. */
int script_open(void **state);
int script_close(void **state);

#endif
