/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client side of OAUTHBEARER (RFC 7628) and XOAUTH2 for Cyrus SASL: for
 * ldapsearch, imtest, mbsync and whoever else asks for it by name.  The
 * password callback is asked for the token.
 */
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

#define PLUGIN	    "audient"
#define MECHS	    2
#define SHOWN_MAX   400 /* bytes of the server's answer that are shown */
#define PORT_DIGITS 5

enum state { STATE_START, STATE_SENT, STATE_FAILED };

struct exchange {
	enum dialect dialect;
	enum state state;
	char port[PORT_DIGITS + 1];
	struct buf message; /* holds the token; wiped */
};

/* What the application was asked for. */
struct answers {
	const char *authzid; /* NULL: none */
	const char *authid;
	struct span token;
};

static const enum dialect dialects[MECHS] = { DIALECT_OAUTHBEARER,
	DIALECT_XOAUTH2 };

static int
on_new(void *glob, sasl_client_params_t *cparams, void **context)
{
	const enum dialect *dialect = glob;
	struct exchange *x;

	if ((x = cparams->utils->malloc(sizeof(*x))) == NULL)
		return SASL_NOMEM;
	*x = (struct exchange){ .dialect = *dialect,
		.message = BUF_INIT(MESSAGE_MAX) };
	*context = x;
	return SASL_OK;
}

static void
on_dispose(void *context, const sasl_utils_t *utils)
{
	struct exchange *x = context;

	if (x == NULL)
		return;
	buf_free(&x->message);
	utils->free(x);
}

/* The answer that a prompt brought back; NULL if it was not asked for. */
static const sasl_interact_t *
find_prompt(sasl_interact_t *const *prompts, unsigned long id)
{
	if (prompts == NULL || *prompts == NULL)
		return NULL;
	for (const sasl_interact_t *p = *prompts; p->id != SASL_CB_LIST_END;
	     p++)
		if (p->id == id)
			return p;
	return NULL;
}

/* A name; *value is NULL if the application has none. */
static int
get_name(sasl_client_params_t *cparams, sasl_interact_t *const *prompts,
    unsigned long id, const char **value)
{
	const sasl_utils_t *utils = cparams->utils;
	const sasl_interact_t *prompt = find_prompt(prompts, id);
	sasl_callback_ft callback = NULL;
	sasl_getsimple_t *getsimple;
	void *context = NULL;
	unsigned int len;
	int rc;

	*value = NULL;
	if (prompt != NULL) {
		*value = prompt->result;
		return SASL_OK;
	}
	rc = utils->getcallback(utils->conn, id, &callback, &context);
	if (rc == SASL_INTERACT || callback == NULL)
		return rc;
	memcpy(&getsimple, &callback, sizeof(getsimple));
	return getsimple(context, (int)id, value, &len);
}

static int
get_token(sasl_client_params_t *cparams, sasl_interact_t *const *prompts,
    struct span *token)
{
	const sasl_utils_t *utils = cparams->utils;
	const sasl_interact_t *prompt = find_prompt(prompts, SASL_CB_PASS);
	sasl_callback_ft callback = NULL;
	sasl_getsecret_t *getsecret;
	sasl_secret_t *secret = NULL;
	void *context = NULL;
	int rc;

	if (prompt != NULL) {
		*token =
		    (struct span){ .ptr = prompt->result, .len = prompt->len };
		return SASL_OK;
	}
	rc = utils->getcallback(utils->conn, SASL_CB_PASS, &callback, &context);
	if (rc == SASL_INTERACT || callback == NULL)
		return rc;
	memcpy(&getsecret, &callback, sizeof(getsecret));
	rc = getsecret(utils->conn, context, SASL_CB_PASS, &secret);
	if (rc == SASL_OK && secret != NULL)
		*token = (struct span){ .ptr = (const char *)secret->data,
			.len = secret->len };
	return rc;
}

static void
add_prompt(sasl_interact_t *prompts, size_t *n, unsigned long id,
    const char *challenge, const char *prompt)
{
	prompts[(*n)++] = (sasl_interact_t){ .id = id,
		.challenge = challenge,
		.prompt = prompt };
}

/* Which of the questions is still open. */
struct questions {
	bool authzid;
	bool authid;
	bool token;
};

/* Asks the application for what no callback gave. */
static int
make_prompts(sasl_client_params_t *cparams, const struct questions *open,
    sasl_interact_t **out)
{
	sasl_interact_t *prompts;
	size_t n = 0;

	if (out == NULL)
		return SASL_BADPARAM;
	prompts = cparams->utils->malloc(4 * sizeof(*prompts));
	if (prompts == NULL)
		return SASL_NOMEM;
	memset(prompts, 0, 4 * sizeof(*prompts));
	if (open->authzid)
		add_prompt(prompts, &n, SASL_CB_USER, "Authorization Name",
		    "Act as user (empty: oneself)");
	if (open->authid)
		add_prompt(prompts, &n, SASL_CB_AUTHNAME, "Authentication Name",
		    "User");
	if (open->token)
		add_prompt(prompts, &n, SASL_CB_PASS, "Password",
		    "Access token");
	add_prompt(prompts, &n, SASL_CB_LIST_END, NULL, NULL);
	*out = prompts;
	return SASL_INTERACT;
}

static int
ask(sasl_client_params_t *cparams, sasl_interact_t **prompts,
    struct answers *answers)
{
	const int user =
	    get_name(cparams, prompts, SASL_CB_USER, &answers->authzid);
	const int name =
	    get_name(cparams, prompts, SASL_CB_AUTHNAME, &answers->authid);
	const int token = get_token(cparams, prompts, &answers->token);
	const struct questions open = { .authzid = user == SASL_INTERACT,
		.authid = name == SASL_INTERACT,
		.token = token == SASL_INTERACT };

	if (open.authid || open.token)
		return make_prompts(cparams, &open, prompts);
	if (name != SASL_OK)
		return name;
	if (token != SASL_OK)
		return token;
	/* acting for somebody else is possible, but nobody has to */
	if (user != SASL_OK ||
	    (answers->authzid != NULL && answers->authzid[0] == '\0'))
		answers->authzid = NULL;
	return answers->authid != NULL && answers->token.ptr != NULL
	    ? SASL_OK
	    : SASL_BADPARAM;
}

/* "127.0.0.1;636" -> "636" */
static const char *
port_of(struct exchange *x, const char *address)
{
	const char *port = address != NULL ? strrchr(address, ';') : NULL;

	if (port == NULL || strlen(port + 1) > PORT_DIGITS ||
	    strspn(port + 1, "0123456789") != strlen(port + 1))
		return NULL;
	(void)snprintf(x->port, sizeof(x->port), "%s", port + 1);
	return x->port;
}

/* People paste tokens with a newline behind them. */
static struct span
trim(struct span token)
{
	while (token.len > 0 &&
	    strchr(" \t\r\n", token.ptr[token.len - 1]) != NULL)
		token.len--;
	return token;
}

static int
send_token(struct exchange *x, sasl_client_params_t *cparams,
    const struct answers *answers, sasl_out_params_t *oparams)
{
	const struct message_parts parts = {
		.authzid = answers->authzid != NULL ? answers->authzid
						    : answers->authid,
		.host = cparams->serverFQDN,
		.port = port_of(x, cparams->ipremoteport),
		.token = trim(answers->token),
	};
	enum reason reason;
	int rc;

	rc = cparams->canon_user(cparams->utils->conn, answers->authid, 0,
	    answers->authzid == NULL ? SASL_CU_AUTHID | SASL_CU_AUTHZID
				     : SASL_CU_AUTHID,
	    oparams);
	if (rc == SASL_OK && answers->authzid != NULL)
		rc = cparams->canon_user(cparams->utils->conn, answers->authzid,
		    0, SASL_CU_AUTHZID, oparams);
	if (rc != SASL_OK)
		return rc;
	reason = message_write(x->dialect, &parts, &x->message);
	if (reason == REASON_OUT_OF_MEMORY)
		return SASL_NOMEM;
	if (reason != REASON_OK) {
		cparams->utils->seterror(cparams->utils->conn, 0,
		    "the password is no access token");
		return SASL_BADPARAM;
	}
	return SASL_OK;
}

/*
 * SASL_OK with doneflag 0: of all that libsasl2's hosts understand this alone
 * lets svn finish and ldapsearch see the server's error (the step below).
 */
static int
first_step(struct exchange *x, sasl_client_params_t *cparams,
    sasl_interact_t **prompts, const char **out, unsigned int *outlen,
    sasl_out_params_t *oparams)
{
	struct answers answers = { .authzid = NULL };
	int rc;

	rc = ask(cparams, prompts, &answers);
	if (rc == SASL_OK)
		rc = send_token(x, cparams, &answers, oparams);
	if (rc != SASL_INTERACT && prompts != NULL && *prompts != NULL) {
		cparams->utils->free(*prompts);
		*prompts = NULL;
	}
	if (rc != SASL_OK)
		return rc;
	x->state = STATE_SENT;
	*out = x->message.data;
	*outlen = (unsigned int)x->message.len;
	oparams->mech_ssf = 0;
	oparams->maxoutbuf = 0;
	oparams->doneflag = 0;
	return SASL_OK;
}

/* The server says why, in JSON; then it wants an answer before it fails. */
static int
answer_failure(struct exchange *x, sasl_client_params_t *cparams,
    struct span in, const char **out, unsigned int *outlen)
{
	char shown[SHOWN_MAX + 1];
	size_t n = 0;

	for (; n < in.len && n < SHOWN_MAX; n++)
		shown[n] =
		    in.ptr[n] >= ' ' && in.ptr[n] <= '~' ? in.ptr[n] : '?';
	shown[n] = '\0';
	cparams->utils->seterror(cparams->utils->conn, 0,
	    "the server refused the token: %s", shown);
	x->state = STATE_FAILED;
	*out = x->dialect == DIALECT_OAUTHBEARER ? "\1" : "";
	*outlen = x->dialect == DIALECT_OAUTHBEARER ? 1 : 0;
	return SASL_CONTINUE;
}

static int
on_step(void *context, sasl_client_params_t *cparams, const char *in,
    unsigned int inlen, sasl_interact_t **prompts, const char **out,
    unsigned int *outlen, sasl_out_params_t *oparams)
{
	struct exchange *x = context;

	*out = NULL;
	*outlen = 0;
	switch (x->state) {
	case STATE_START:
		return first_step(x, cparams, prompts, out, outlen, oparams);
	case STATE_SENT:
		if (inlen > 0)
			return answer_failure(x, cparams,
			    (struct span){ .ptr = in, .len = inlen }, out,
			    outlen);
		oparams->doneflag = 1;
		return SASL_OK;
	case STATE_FAILED:
		return SASL_BADPROT;
	}
	return SASL_FAIL;
}

/*
 * No flag beyond NOANONYMOUS: one with fewer flags than PLAIN never takes its
 * place when an application lets the library choose.
 */
#define CLIENT_PLUG(name, i)                                                 \
	{                                                                    \
		.mech_name = (name), .security_flags = SASL_SEC_NOANONYMOUS, \
		.features = SASL_FEAT_WANT_CLIENT_FIRST,                     \
		.glob_context = (void *)(uintptr_t)&dialects[i],             \
		.mech_new = on_new, .mech_step = on_step,                    \
		.mech_dispose = on_dispose,                                  \
	}

EXPORT int sasl_client_plug_init(const sasl_utils_t *utils, int max_version,
    int *out_version, sasl_client_plug_t **list, int *count);

EXPORT int
sasl_client_plug_init(const sasl_utils_t *utils, int max_version,
    int *out_version, sasl_client_plug_t **list, int *count)
{
	static sasl_client_plug_t plugs[MECHS] = {
		CLIENT_PLUG("OAUTHBEARER", 0),
		CLIENT_PLUG("XOAUTH2", 1),
	};

	(void)utils;
	if (max_version < SASL_CLIENT_PLUG_VERSION)
		return SASL_BADVERS;
	*out_version = SASL_CLIENT_PLUG_VERSION;
	*list = plugs;
	*count = MECHS;
	return SASL_OK;
}
