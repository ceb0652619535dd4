/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_VECTORS_H
#define AUDIENT_VECTORS_H

#include "audient.h"
#include "unit.h"

/*
 * Test vectors of others.  Each suite says how many it expects of each kind:
 * a file that is missing, or one too many, fails as a wrong answer does.
 */
#define VECTORS_ALL "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512"

/* The folder of a suite; without it n vectors and the test are skipped. */
void vectors_need(const char *folder, unsigned int n);
/* Says how many were skipped; what automake wants to hear of that. */
int vectors_end(int rc);

/* The bytes of a file below the folder of all; the caller frees them. */
struct buf vectors_read(const char *path);

/* The files in a folder that end so, in order; NULL ends the list. */
char **vectors_list(const char *folder, const char *ending);
void vectors_list_free(char **list);

void test_wycheproof_signature(void **state);
void test_wycheproof_key(void **state);
void test_wycheproof_crypto(void **state);
void test_wycheproof_encryption(void **state);
void test_cookbook(void **state);
void test_cookbook_keys(void **state);
void test_rfc7515(void **state);
void test_rfc7515_keys(void **state);
void test_json_parsing(void **state);
void test_json_transform(void **state);
void test_jansson(void **state);

#endif
