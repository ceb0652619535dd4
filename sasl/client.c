/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client side of OAUTHBEARER (RFC 7628) and XOAUTH2 for Cyrus SASL: for
 * ldapsearch, imtest, mbsync and whoever else asks for it by name.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "message.h"
#include "source.h"

#define PLUGIN	  "audient"
#define PASSWORD  "-"
#define COMMAND	  "audient"
#define MECHS	  2
#define SHOWN_MAX 400 /* bytes of the server's answer that are shown */

/* Of the whole process; the framework frees it once per mechanism. */
struct plugin {
	atomic_int refs;
	struct source source;
	char *token_file;	/* or NULL */
	struct command command; /* if source has it */
	struct mech {
		struct plugin *plugin;
		enum dialect dialect;
	} mech[MECHS];
	sasl_client_plug_t list[MECHS];
};

enum state { STATE_START, STATE_SENT, STATE_FAILED };

struct exchange {
	const struct mech *mech;
	enum state state;
	struct buf message; /* holds the token; wiped */
};

static int
on_new(void *glob, sasl_client_params_t *cparams, void **context)
{
	struct exchange *x;

	if ((x = cparams->utils->malloc(sizeof(*x))) == NULL)
		return SASL_NOMEM;
	*x =
	    (struct exchange){ .mech = glob, .message = BUF_INIT(MESSAGE_MAX) };
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

static void
free_plugin(struct plugin *plugin, const sasl_utils_t *utils)
{
	if (plugin->token_file != NULL)
		utils->free(plugin->token_file);
	command_free(&plugin->command);
	utils->free(plugin);
}

static void
on_free(void *glob, const sasl_utils_t *utils)
{
	const struct mech *mech = glob;

	if (atomic_fetch_sub(&mech->plugin->refs, 1) == 1)
		free_plugin(mech->plugin, utils);
}

/* "127.0.0.1;636" -> "636" */
static const char *
port_of(const char *address)
{
	const char *port = address != NULL ? strrchr(address, ';') : NULL;

	return port != NULL ? port + 1 : NULL;
}

static int
canonicalize(sasl_client_params_t *cparams, const struct answers *answers,
    sasl_out_params_t *oparams)
{
	int rc;

	rc = cparams->canon_user(cparams->utils->conn, answers->authid, 0,
	    answers->authzid == NULL ? SASL_CU_AUTHID | SASL_CU_AUTHZID
				     : SASL_CU_AUTHID,
	    oparams);
	if (rc == SASL_OK && answers->authzid != NULL)
		rc = cparams->canon_user(cparams->utils->conn, answers->authzid,
		    0, SASL_CU_AUTHZID, oparams);
	return rc;
}

/*
 * The user is named even if he acts for himself: some servers insist on it,
 * and a token of somebody else's is found out.
 */
static int
write_message(struct exchange *x, sasl_client_params_t *cparams,
    const struct answers *answers)
{
	const struct message_parts parts = {
		.authzid = answers->authzid != NULL ? answers->authzid
						    : answers->authid,
		.host = cparams->serverFQDN,
		.port = port_of(cparams->ipremoteport),
		.token = buf_span(&answers->token),
	};
	const enum reason reason =
	    message_write(x->mech->dialect, &parts, &x->message);

	if (reason == REASON_OK)
		return SASL_OK;
	if (reason == REASON_OUT_OF_MEMORY)
		return SASL_NOMEM;
	cparams->utils->seterror(cparams->utils->conn, 0,
	    span_is_b64token(parts.token)
		? "the names of user and server cannot be sent"
		: "this is no access token");
	return SASL_BADPARAM;
}

/*
 * The server may still have something to say.  svn alone takes that for a
 * failure, so it is told SASL_OK, with doneflag 0 for the step below.  Nobody
 * else may be: libldap then forgets the mechanism, and its answer to the
 * server's error is a simple bind, an anonymous one if the answer is empty.
 */
static int
sent(const sasl_client_params_t *cparams)
{
	return cparams->service != NULL && strcmp(cparams->service, "svn") == 0
	    ? SASL_OK
	    : SASL_CONTINUE;
}

static int
first_step(struct exchange *x, sasl_client_params_t *cparams,
    sasl_interact_t **prompts, const char **out, unsigned int *outlen,
    sasl_out_params_t *oparams)
{
	struct answers answers;
	int rc;

	rc = answers_get(cparams, &x->mech->plugin->source, prompts, &answers);
	if (rc == SASL_OK)
		rc = canonicalize(cparams, &answers, oparams);
	if (rc == SASL_OK)
		rc = write_message(x, cparams, &answers);
	answers_clear(&answers);
	if (rc != SASL_OK)
		return rc;
	x->state = STATE_SENT;
	*out = x->message.data;
	*outlen = (unsigned int)x->message.len;
	oparams->mech_ssf = 0;
	oparams->maxoutbuf = 0;
	oparams->doneflag = 0;
	return sent(cparams);
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
	*out = x->mech->dialect == DIALECT_OAUTHBEARER ? "\1" : "";
	*outlen = (unsigned int)strlen(*out);
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
		if (in != NULL && inlen > 0)
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
 * libsasl2 takes the mechanism that comes first among equals, in an order that
 * has to do with how directories are read, and these two are PLAIN's equals.
 * A program that lets it choose would send passwords for tokens, so we are
 * there only for those that can show a question to a person, as the programs
 * of OpenLDAP do, or that somebody has told where the token is.  The former
 * may have a password as well: source.c looks at it first.
 */
static const unsigned long *
prompts_of(const char *place)
{
	static const unsigned long person[] = { SASL_CB_AUTHNAME, SASL_CB_PASS,
		SASL_CB_NOECHOPROMPT, SASL_CB_LIST_END };
	static const unsigned long password[] = { SASL_CB_AUTHNAME,
		SASL_CB_PASS, SASL_CB_LIST_END };
	static const unsigned long name[] = { SASL_CB_AUTHNAME,
		SASL_CB_LIST_END };

	if (place == NULL)
		return person;
	return strcmp(place, PASSWORD) == 0 ? password : name;
}

/*
 * One security flag, which programs insist on, and no other: each would take
 * the choice from a better mechanism.
 */
static void
fill_in(struct plugin *plugin, const char *place)
{
	static const char *const names[MECHS] = {
		[DIALECT_OAUTHBEARER] = "OAUTHBEARER",
		[DIALECT_XOAUTH2] = "XOAUTH2",
	};

	atomic_init(&plugin->refs, MECHS);
	for (int i = 0; i < MECHS; i++) {
		plugin->mech[i].plugin = plugin;
		plugin->mech[i].dialect = (enum dialect)i;
		plugin->list[i] = (sasl_client_plug_t){
			.mech_name = names[i],
			.security_flags = SASL_SEC_NOANONYMOUS,
			.features = SASL_FEAT_WANT_CLIENT_FIRST |
			    SASL_FEAT_ALLOWS_PROXY,
			.required_prompts = prompts_of(place),
			.glob_context = &plugin->mech[i],
			.mech_new = on_new,
			.mech_step = on_step,
			.mech_dispose = on_dispose,
			.mech_free = on_free,
		};
	}
}

/*
 * An option of the program, or the environment, but not that of a set-uid
 * program: there its user must not choose a file.
 */
static const char *
find_place(const sasl_utils_t *utils)
{
	const char *value = NULL;

	if (utils->getopt(utils->getopt_context, PLUGIN, "audient_token_file",
		&value, NULL) != SASL_OK ||
	    value == NULL)
		value = secure_getenv("AUDIENT_TOKEN_FILE");
	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* What is wrong with the place, or NULL. */
static const char *
problem_with(const char *place)
{
	if (place == NULL || place[0] == '/' || strcmp(place, PASSWORD) == 0)
		return NULL;
	if (strcmp(place, COMMAND) != 0)
		return PLUGIN ": AUDIENT_TOKEN_FILE is none of: an absolute "
			      "path; \"-\", the program's password; "
			      "\"audient\", what audient token prints";
	if (getauxval(AT_SECURE) != 0)
		return PLUGIN ": a set-uid program starts no audient token: "
			      "audient_token_file has to be a path or \"-\"";
	return NULL;
}

static int
set_source(struct plugin *plugin, const sasl_utils_t *utils, const char *place)
{
	size_t size;

	plugin->source.is_guess = place == NULL;
	if (place == NULL || strcmp(place, PASSWORD) == 0)
		return SASL_OK;
	if (strcmp(place, COMMAND) == 0) {
		plugin->source.command = &plugin->command;
		return command_init(&plugin->command) == REASON_OK ? SASL_OK
								   : SASL_NOMEM;
	}
	size = strlen(place) + 1;
	if ((plugin->token_file = utils->malloc(size)) == NULL)
		return SASL_NOMEM;
	memcpy(plugin->token_file, place, size);
	plugin->source.file = plugin->token_file;
	return SASL_OK;
}

static int
open_plugin(const sasl_utils_t *utils, struct plugin **pluginp)
{
	const char *place = find_place(utils), *problem = problem_with(place);
	struct plugin *plugin;
	int rc;

	if (problem != NULL) {
		utils->log(NULL, SASL_LOG_ERR, "%s", problem);
		return SASL_BADPARAM;
	}
	if ((plugin = utils->malloc(sizeof(*plugin))) == NULL)
		return SASL_NOMEM;
	memset(plugin, 0, sizeof(*plugin));
	if ((rc = set_source(plugin, utils, place)) != SASL_OK) {
		free_plugin(plugin, utils);
		return rc;
	}
	fill_in(plugin, place);
	*pluginp = plugin;
	return SASL_OK;
}

EXPORT int sasl_client_plug_init(const sasl_utils_t *utils, int max_version,
    int *out_version, sasl_client_plug_t **list, int *count);

EXPORT int
sasl_client_plug_init(const sasl_utils_t *utils, int max_version,
    int *out_version, sasl_client_plug_t **list, int *count)
{
	struct plugin *plugin = NULL;
	int major = 0, minor = 0, rc;

	/* the other release's table of functions is another one */
	sasl_version_info(NULL, NULL, &major, &minor, NULL, NULL);
	if (max_version < SASL_CLIENT_PLUG_VERSION ||
	    major != SASL_VERSION_MAJOR || minor != SASL_VERSION_MINOR)
		return SASL_BADVERS;
	*out_version = SASL_CLIENT_PLUG_VERSION;
	*list = NULL;
	*count = 0;
	if ((rc = open_plugin(utils, &plugin)) != SASL_OK)
		return rc;
	*list = plugin->list;
	*count = MECHS;
	return SASL_OK;
}
