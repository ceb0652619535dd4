/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_TEST_BYHAND_H
#define AUDIENT_TEST_BYHAND_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>

#include "unit.h"

/*
 * The client's plug-in, linked in, called without libsasl2 by a program that
 * may do what that never does; one at a time in a process.
 */

#define TOKEN	 "abc.def.ghi" /* the program's password */
#define SENDS(a) "n,a=" a ",\1host=h\1auth=Bearer " TOKEN "\1\1"

/* What comes of a question: rc of the search for a callback, and its own. */
struct says {
	int rc, code;
	const char *text; /* NULL: nothing */
};
/* clang-format off */
#define GIVES(text)	{ SASL_OK, SASL_OK, text }
#define FAILS(rc, text)	{ SASL_OK, rc, text }
#define NOBODY		{ SASL_FAIL, 0, NULL }
#define A_PERSON	{ SASL_INTERACT, 0, NULL }
/* clang-format on */

/* The program, and what it was told. */
struct hand {
	const char *place; /* audient_token_file */
	int place_rc;
	struct says user, name, token;
	int canon_rc;	 /* of making names canonical */
	char names[128]; /* "FLAGS NAME\n" for each of them */
	char error[1024];
	char log[256];
	long held; /* memory of its own that is not given back yet */
};
extern struct hand hand;
extern sasl_client_params_t cparams; /* of every exchange */
extern const sasl_utils_t utils;

/* Blocks of memory that there are for everybody but libraries; -1: all. */
extern long granted;
extern bool has_failed; /* one was refused */

int sasl_client_plug_init(const sasl_utils_t *utils, int max_version,
    int *out_version, sasl_client_plug_t **list, int *count);

/* Callbacks for all of it, and the place where the token is. */
void hand_reset(const char *place);
/* What the plug-in has, and with which result. */
extern sasl_client_plug_t *list;
extern int count;
int hand_load(void);
/* Nothing is held any more, which is a row of that name. */
void hand_unload(const char *name);

/* One exchange, as OAUTHBEARER. */
struct run {
	void *context;
	const char *out;
	unsigned int len;
	sasl_out_params_t oparams;
};
int run_start(struct run *run, sasl_interact_t **prompts);
int run_step(struct run *run, const char *in, unsigned int len,
    sasl_interact_t **prompts);
void run_end(struct run *run);

/* For cmocka. */
int hand_close(void **state);

#endif
