/* SPDX-License-Identifier: BSD-2-Clause */
#include "caller.h"

#include <limits.h>
#include <string.h>

#include "unit.h"

static int
on_name(void *context, int id, const char **result, unsigned int *len)
{
	const struct caller *caller = context;

	*result =
	    id == SASL_CB_USER ? caller->knows->user : caller->knows->authname;
	if (len != NULL)
		*len = (unsigned int)strlen(*result);
	return SASL_OK;
}

static int
on_pass(sasl_conn_t *conn, void *context, int id, sasl_secret_t **secret)
{
	struct caller *caller = context;
	const size_t len = strlen(caller->knows->token);
	sasl_secret_t head = { .len = len };

	(void)conn;
	(void)id;
	buf_clear(&caller->secret);
	assert_int_equal(buf_add(&caller->secret, &head,
			     offsetof(sasl_secret_t, data)),
	    REASON_OK);
	assert_int_equal(buf_add(&caller->secret, caller->knows->token, len),
	    REASON_OK);
	*secret = (sasl_secret_t *)(void *)caller->secret.data;
	return SASL_OK;
}

typedef int (*callback)(void);
#define CALLBACK(f) ((callback)(void (*)(void))(f))

static void
add(struct caller *caller, size_t *n, unsigned long id, callback proc)
{
	caller->callbacks[(*n)++] = (sasl_callback_t){ .id = id,
		.proc = caller->knows->asks ? NULL : proc,
		.context = caller };
}

void
caller_open(struct caller *caller, const struct knows *knows)
{
	const sasl_security_properties_t props = { .max_ssf = UINT_MAX,
		.maxbufsize = 65536,
		.security_flags = knows->wants };
	size_t n = 0;

	memset(caller, 0, sizeof(*caller));
	caller->knows = knows;
	caller->secret.max = 256 * 1024;
	if (knows->user != NULL)
		add(caller, &n, SASL_CB_USER, CALLBACK(on_name));
	if (knows->authname != NULL)
		add(caller, &n, SASL_CB_AUTHNAME, CALLBACK(on_name));
	if (knows->token != NULL)
		add(caller, &n, SASL_CB_PASS, CALLBACK(on_pass));
	if (knows->asks || knows->may_ask) {
		add(caller, &n, SASL_CB_ECHOPROMPT, NULL);
		add(caller, &n, SASL_CB_NOECHOPROMPT, NULL);
	}
	add(caller, &n, SASL_CB_LIST_END, NULL);
	assert_int_equal(sasl_client_new(knows->service != NULL ? knows->service
								: "imap",
			     knows->server != NULL ? knows->server
						   : "mail.example.com",
			     NULL, knows->remote, caller->callbacks, 0,
			     &caller->conn),
	    SASL_OK);
	assert_int_equal(sasl_setprop(caller->conn, SASL_SSF_EXTERNAL,
			     &knows->ssf),
	    SASL_OK);
	assert_int_equal(sasl_setprop(caller->conn, SASL_SEC_PROPS, &props),
	    SASL_OK);
}

/* A person who answers what is on the screen. */
static void
answer(struct caller *caller, sasl_interact_t *prompts)
{
	for (sasl_interact_t *p = prompts; p->id != SASL_CB_LIST_END; p++) {
		const char *text = p->id == SASL_CB_USER ? caller->knows->user
		    : p->id == SASL_CB_AUTHNAME ? caller->knows->authname
						: caller->knows->token;

		assert_true(p->id == SASL_CB_USER ||
		    p->id == SASL_CB_AUTHNAME || p->id == SASL_CB_PASS);
		assert_non_null(p->prompt);
		assert_non_null(text);
		p->result = text;
		p->len = (unsigned int)strlen(text);
		caller->questions++;
	}
}

int
caller_start(struct caller *caller, const char *mechs)
{
	sasl_interact_t *prompts = NULL;

	do {
		caller->rc = sasl_client_start(caller->conn, mechs, &prompts,
		    &caller->out, &caller->out_len, &caller->mech);
		if (caller->rc == SASL_INTERACT)
			answer(caller, prompts);
	} while (caller->rc == SASL_INTERACT && caller->questions < 10);
	return caller->rc;
}

int
caller_step(struct caller *caller, struct span challenge)
{
	const struct span exact = unit_exact(challenge);
	sasl_interact_t *prompts = NULL;

	caller->rc = sasl_client_step(caller->conn,
	    challenge.ptr != NULL ? exact.ptr : NULL,
	    (unsigned int)challenge.len, &prompts, &caller->out,
	    &caller->out_len);
	unit_free(exact);
	return caller->rc;
}

const char *
caller_error(const struct caller *caller)
{
	return sasl_errdetail(caller->conn);
}

void
caller_close(struct caller *caller)
{
	sasl_dispose(&caller->conn);
	buf_free(&caller->secret);
}
