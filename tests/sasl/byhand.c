/* SPDX-License-Identifier: BSD-2-Clause */
#include "byhand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wrapped.h"

struct hand hand;
static const sasl_secret_t *secret; /* of hand.token.text */

static int
get_option(void *context, const char *plugin, const char *name,
    const char **value, unsigned int *len)
{
	(void)context;
	(void)plugin;
	(void)len;
	assert_string_equal(name, "audient_token_file");
	*value = hand.place;
	return hand.place_rc;
}

long granted = -1;
bool has_failed;

/* The linker sends everybody here but the libraries. */
void *
__wrap_malloc(size_t n)
{
	if (granted == 0) {
		has_failed = true;
		return NULL;
	}
	if (granted > 0)
		granted--;
	return __real_malloc(n);
}

static void *
get_memory(size_t n)
{
	void *p = malloc(n);

	hand.held += p != NULL;
	return p;
}

static void
put_memory(void *p)
{
	assert_non_null(p);
	hand.held--;
	free(p);
}

static void set_error(sasl_conn_t *conn, unsigned int flags, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
static void take_line(sasl_conn_t *conn, int level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
set_error(sasl_conn_t *conn, unsigned int flags, const char *fmt, ...)
{
	va_list ap;

	(void)conn;
	assert_int_equal(flags, 0);
	va_start(ap, fmt);
	(void)vsnprintf(hand.error, sizeof(hand.error), fmt, ap);
	va_end(ap);
}

static void
take_line(sasl_conn_t *conn, int level, const char *fmt, ...)
{
	va_list ap;

	(void)conn;
	assert_int_equal(level, SASL_LOG_ERR);
	va_start(ap, fmt);
	(void)vsnprintf(hand.log, sizeof(hand.log), fmt, ap);
	va_end(ap);
}

static int
take_name(sasl_conn_t *conn, const char *in, unsigned int len,
    unsigned int flags, sasl_out_params_t *out)
{
	const size_t used = strlen(hand.names);

	(void)conn;
	(void)out;
	assert_int_equal(len, 0);
	(void)snprintf(hand.names + used, sizeof(hand.names) - used, "%u %s\n",
	    flags, in);
	return hand.canon_rc;
}

static int
on_name(void *context, int id, const char **result, unsigned int *len)
{
	const struct says *says = context;

	(void)id;
	assert_non_null(len);
	*result = says->text;
	return says->code;
}

static int
on_pass(sasl_conn_t *conn, void *context, int id, sasl_secret_t **out)
{
	const struct says *says = context;

	(void)conn;
	assert_int_equal(id, SASL_CB_PASS);
	*out = says->text != NULL ? (sasl_secret_t *)(uintptr_t)secret : NULL;
	return says->code;
}

static int
get_callback(sasl_conn_t *conn, unsigned long id, sasl_callback_ft *proc,
    void **context)
{
	struct says *says = id == SASL_CB_USER ? &hand.user
	    : id == SASL_CB_AUTHNAME	       ? &hand.name
					       : &hand.token;

	(void)conn;
	*proc = says->rc != SASL_OK ? NULL
	    : id == SASL_CB_PASS    ? (sasl_callback_ft)(void (*)(void))on_pass
				    : (sasl_callback_ft)(void (*)(void))on_name;
	*context = says;
	return says->rc;
}

const sasl_utils_t utils = { .getopt = get_option,
	.getcallback = get_callback,
	.malloc = get_memory,
	.free = put_memory,
	.seterror = set_error,
	.log = take_line };

sasl_client_params_t cparams = { .utils = &utils, .canon_user = take_name };
sasl_client_plug_t *list;
int count;

static void
set_token(const char *token)
{
	const size_t len = strlen(token);
	sasl_secret_t *made = calloc(1, sizeof(*made) + len);

	made->len = len;
	memcpy(made->data, token, len);
	free((void *)(uintptr_t)secret);
	secret = made;
	hand.token.text = (const char *)made->data;
}

void
hand_reset(const char *place)
{
	memset(&hand, 0, sizeof(hand));
	hand.place = place;
	hand.user.text = "";
	hand.name.text = "alice";
	set_token(TOKEN);
	cparams.service = "imap";
	cparams.serverFQDN = "h";
	cparams.ipremoteport = NULL;
	granted = -1;
	has_failed = false;
}

int
hand_load(void)
{
	int version = 0;

	list = (void *)1;
	count = -1;
	return sasl_client_plug_init(&utils, SASL_CLIENT_PLUG_VERSION, &version,
	    &list, &count);
}

void
hand_unload(const char *name)
{
	for (int i = 0; i < count; i++)
		list[i].mech_free(list[i].glob_context, &utils);
	row_number(name, hand.held, 0);
}

int
run_step(struct run *run, const char *in, unsigned int len,
    sasl_interact_t **prompts)
{
	run->out = "x";
	run->len = 1;
	return list[0].mech_step(run->context, &cparams, in, len, prompts,
	    &run->out, &run->len, &run->oparams);
}

int
run_start(struct run *run, sasl_interact_t **prompts)
{
	int rc;

	memset(run, 0, sizeof(*run));
	rc = list[0].mech_new(list[0].glob_context, &cparams, &run->context);
	if (rc != SASL_OK) {
		row_true("no context", run->context == NULL);
		return rc;
	}
	rc = run_step(run, NULL, 0, prompts);
	if (rc != SASL_CONTINUE)
		row_true("no output", run->out == NULL && run->len == 0);
	return rc;
}

void
run_end(struct run *run)
{
	list[0].mech_dispose(run->context, &utils);
}

int
hand_close(void **state)
{
	(void)state;
	free((void *)(uintptr_t)secret);
	return 0;
}
