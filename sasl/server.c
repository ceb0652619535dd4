/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server side of OAUTHBEARER (RFC 7628) and XOAUTH2 for Cyrus SASL:
 * translates between the framework, the messages and the core.
 */
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "audient.h"
#include "message.h"
#include "reply.h"

#define PLUGIN	"audient"
#define MECHS	2
#define SSF_MIN 56   /* below that a "security layer" is none */
#define CUT_MIN 1400 /* hosts that cut do so at lengths such as these */
#define CUT_MAX 1540

/* Of the whole process; the framework frees it once per mechanism. */
struct plugin {
	atomic_int refs;
	const sasl_utils_t *utils;
	struct audient *audient;
	const char *service; /* from the options: instead of the host's name */
	struct mech {
		struct plugin *plugin;
		enum dialect dialect;
	} mech[MECHS];
	sasl_server_plug_t list[MECHS];
};

enum state { STATE_TOKEN, STATE_FAILED, STATE_DONE };

/* Of one exchange. */
struct exchange {
	const struct mech *mech;
	enum state state;
	char reply[REPLY_MAX];
};

static const char *
service_of(const struct plugin *plugin, const sasl_server_params_t *sparams)
{
	if (plugin->service != NULL)
		return plugin->service;
	return sparams->service != NULL ? sparams->service : "";
}

/* RFC 7628 section 3: not without TLS. */
static bool
has_tls(const struct plugin *plugin, const sasl_server_params_t *sparams)
{
	struct audient_service service;

	audient_get_service(plugin->audient, service_of(plugin, sparams),
	    &service);
	return service.trusts_host_tls || sparams->external_ssf >= SSF_MIN;
}

static int
on_avail(void *glob, sasl_server_params_t *sparams, void **context)
{
	const struct mech *mech = glob;
	struct audient_service service;

	*context = NULL;
	audient_get_service(mech->plugin->audient,
	    service_of(mech->plugin, sparams), &service);
	if (service.problem != NULL)
		return SASL_NOMECH;
	return has_tls(mech->plugin, sparams) ? SASL_OK : SASL_NOTDONE;
}

static int
on_new(void *glob, sasl_server_params_t *sparams, const char *challenge,
    unsigned int len, void **context)
{
	struct exchange *x;

	(void)challenge;
	(void)len;
	if ((x = sparams->utils->malloc(sizeof(*x))) == NULL)
		return SASL_NOMEM;
	memset(x, 0, sizeof(*x));
	x->mech = glob;
	*context = x;
	return SASL_OK;
}

static void
on_dispose(void *context, const sasl_utils_t *utils)
{
	if (context != NULL)
		utils->free(context);
}

static void
on_free(void *glob, const sasl_utils_t *utils)
{
	const struct mech *mech = glob;
	struct plugin *plugin = mech->plugin;

	if (atomic_fetch_sub(&plugin->refs, 1) > 1)
		return;
	audient_close(plugin->audient);
	utils->free(plugin);
}

static void
note(sasl_server_params_t *sparams, int level, const char *text)
{
	sparams->utils->log(sparams->utils->conn, level, PLUGIN ": %s", text);
}

/*
 * The peer may get to see this text (slapd sends it), so it is one of a few
 * and tells nothing of the token or the policy.
 */
static int
fail(sasl_server_params_t *sparams, int rc, const char *text)
{
	sparams->utils->seterror(sparams->utils->conn, 0, "%s", text);
	return rc;
}

static int
challenge(struct exchange *x, sasl_server_params_t *sparams,
    enum reply_status status, const char **out, unsigned int *outlen)
{
	const struct plugin *plugin = x->mech->plugin;
	struct audient_service service;

	audient_get_service(plugin->audient, service_of(plugin, sparams),
	    &service);
	*outlen = (unsigned int)reply_write(x->mech->dialect, status,
	    service.issuer, service.scope, x->reply);
	*out = x->reply;
	x->state = STATE_FAILED;
	return SASL_CONTINUE;
}

static int
canonicalize(sasl_server_params_t *sparams, const char *name,
    unsigned int flags, sasl_out_params_t *oparams)
{
	return sparams->canon_user(sparams->utils->conn, name, 0,
	    flags | SASL_CU_EXTERNALLY_VERIFIED, oparams);
}

/*
 * One call where both names are the same: two make slapd ask its policy for
 * a user who wants to be himself.
 */
static int
accept_user(sasl_server_params_t *sparams,
    const struct audient_verdict *verdict, const char *authzid,
    sasl_out_params_t *oparams)
{
	int rc;

	if (!verdict->is_delegate)
		rc = canonicalize(sparams, verdict->user,
		    SASL_CU_AUTHID | SASL_CU_AUTHZID, oparams);
	else if ((rc = canonicalize(sparams, verdict->user, SASL_CU_AUTHID,
		      oparams)) == SASL_OK)
		rc = canonicalize(sparams, authzid, SASL_CU_AUTHZID, oparams);
	if (rc != SASL_OK)
		return rc;
	oparams->doneflag = 1;
	oparams->mech_ssf = 0;
	oparams->maxoutbuf = 0;
	oparams->encode_context = NULL;
	oparams->encode = NULL;
	oparams->decode_context = NULL;
	oparams->decode = NULL;
	oparams->param_version = 0;
	return SASL_OK;
}

static int
level_of(enum reason reason)
{
	switch (reason_outcome(reason)) {
	case OUTCOME_ALLOW:
		return SASL_LOG_NOTE;
	case OUTCOME_DENY:
		return SASL_LOG_FAIL;
	case OUTCOME_RETRY:
	case OUTCOME_BROKEN:
		return SASL_LOG_ERR;
	}
	return SASL_LOG_ERR;
}

static int
refuse(struct exchange *x, sasl_server_params_t *sparams, enum reason reason,
    const char **out, unsigned int *outlen)
{
	switch (reason_outcome(reason)) {
	case OUTCOME_RETRY:
		/* a client told "invalid" would throw a good token away */
		return fail(sparams,
		    reason == REASON_RATE_LIMITED ? SASL_TRYAGAIN
						  : SASL_UNAVAIL,
		    "the token cannot be checked now");
	case OUTCOME_BROKEN:
		return fail(sparams,
		    reason == REASON_OUT_OF_MEMORY ? SASL_NOMEM : SASL_FAIL,
		    "the token cannot be checked");
	case OUTCOME_DENY:
		break;
	case OUTCOME_ALLOW:
		return fail(sparams, SASL_FAIL, "the token cannot be checked");
	}
	if (reason == REASON_USER_MISMATCH)
		return fail(sparams, SASL_NOAUTHZ,
		    "the token is not for that user");
	return challenge(x, sparams,
	    reason == REASON_SCOPE_MISSING ||
		    reason == REASON_PERMISSION_MISSING
		? REPLY_INSUFFICIENT_SCOPE
		: REPLY_INVALID_TOKEN,
	    out, outlen);
}

/* LDAP's way to name a user is "u:name" (RFC 4513 section 5.2.1.8). */
static const char *
name_of(const struct message *m, const char *service)
{
	if (!m->has_authzid)
		return NULL;
	if (strcmp(service, "ldap") == 0 && strncmp(m->authzid, "u:", 2) == 0 &&
	    m->authzid[2] != '\0')
		return m->authzid + 2;
	return m->authzid;
}

static int
check_token(struct exchange *x, sasl_server_params_t *sparams,
    const struct message *m, const char **out, unsigned int *outlen,
    sasl_out_params_t *oparams)
{
	const struct plugin *plugin = x->mech->plugin;
	const char *service = service_of(plugin, sparams);
	const struct audient_request rq = {
		.token = m->token,
		.service = service,
		.user = name_of(m, service),
		.uid = AUDIENT_NOT_ACCOUNTS,
		.rhost = sparams->ipremoteport,
	};
	struct audient_verdict verdict;
	char line[AUDIENT_LINE_MAX];
	enum reason reason;

	reason = audient_check(plugin->audient, &rq, &verdict);
	audient_audit(plugin->audient, &rq, &verdict, line);
	note(sparams, level_of(reason), line);
	if (reason == REASON_OK)
		return accept_user(sparams, &verdict, m->authzid, oparams);
	return refuse(x, sparams, reason, out, outlen);
}

static void
note_cut(sasl_server_params_t *sparams, size_t len)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
	    "the client's message ends too early, after %zu bytes%s", len,
	    len >= CUT_MIN && len <= CUT_MAX
		? ": the host cut it; in Postfix raise line_length_limit"
		: "");
	note(sparams, SASL_LOG_FAIL, text);
}

static int
first_step(struct exchange *x, sasl_server_params_t *sparams, struct span in,
    const char **out, unsigned int *outlen, sasl_out_params_t *oparams)
{
	struct message m;

	if (!has_tls(x->mech->plugin, sparams))
		return fail(sparams, SASL_ENCRYPT, "TLS is needed");
	message_parse(x->mech->dialect, in, &m);
	switch (m.kind) {
	case MESSAGE_TOKEN:
		return check_token(x, sparams, &m, out, outlen, oparams);
	case MESSAGE_QUERY:
		return challenge(x, sparams, REPLY_INVALID_TOKEN, out, outlen);
	case MESSAGE_INVALID:
		note(sparams, SASL_LOG_FAIL, "the message has no bearer token");
		return challenge(x, sparams, REPLY_INVALID_REQUEST, out,
		    outlen);
	case MESSAGE_CUT:
		note_cut(sparams, in.len);
		break;
	case MESSAGE_GARBAGE:
	case MESSAGE_ACK:
		note(sparams, SASL_LOG_FAIL, "the message is malformed");
		break;
	}
	return fail(sparams, SASL_BADPROT, "malformed message");
}

static int
on_step(void *context, sasl_server_params_t *sparams, const char *in,
    unsigned int inlen, const char **out, unsigned int *outlen,
    sasl_out_params_t *oparams)
{
	struct exchange *x = context;
	const enum state state = x->state;

	*out = NULL;
	*outlen = 0;
	x->state = STATE_DONE; /* whatever happens: each state only once */
	switch (state) {
	case STATE_TOKEN:
		if (in == NULL || inlen == 0)
			return fail(sparams, SASL_BADPROT, "empty message");
		return first_step(x, sparams,
		    (struct span){ .ptr = in, .len = inlen }, out, outlen,
		    oparams);
	case STATE_FAILED:
		/* ^A, nothing, or whatever: clients differ */
		return fail(sparams, SASL_BADAUTH, "access token refused");
	case STATE_DONE:
		return fail(sparams, SASL_BADPROT, "the exchange is over");
	}
	return SASL_FAIL;
}

static void
on_log(void *arg, bool is_warning, const char *text)
{
	const struct plugin *plugin = arg;

	plugin->utils->log(NULL, is_warning ? SASL_LOG_ERR : SASL_LOG_DEBUG,
	    PLUGIN ": %s", text);
}

/* 389-ds says SASL_OK for any option and leaves the value NULL. */
static const char *
option(const sasl_utils_t *utils, const char *name)
{
	const char *value = NULL;

	if (utils->getopt(utils->getopt_context, PLUGIN, name, &value, NULL) !=
		SASL_OK ||
	    value == NULL || value[0] == '\0')
		return NULL;
	return value;
}

/* A bearer token is a reusable secret in the clear: no NOPLAINTEXT. */
static void
fill_in(struct plugin *plugin, const char *const names[MECHS])
{
	atomic_init(&plugin->refs, MECHS);
	for (int i = 0; i < MECHS; i++) {
		plugin->mech[i].plugin = plugin;
		plugin->mech[i].dialect = (enum dialect)i;
		plugin->list[i] = (sasl_server_plug_t){
			.mech_name = names[i],
			.security_flags =
			    SASL_SEC_NOANONYMOUS | SASL_SEC_PASS_CREDENTIALS,
			.features = SASL_FEAT_WANT_CLIENT_FIRST |
			    SASL_FEAT_ALLOWS_PROXY,
			.glob_context = &plugin->mech[i],
			.mech_new = on_new,
			.mech_step = on_step,
			.mech_dispose = on_dispose,
			.mech_free = on_free,
			.mech_avail = on_avail,
		};
	}
}

static int
open_plugin(const sasl_utils_t *utils, const char *config,
    struct plugin **pluginp)
{
	static const char *const names[MECHS] = {
		[DIALECT_OAUTHBEARER] = "OAUTHBEARER",
		[DIALECT_XOAUTH2] = "XOAUTH2",
	};
	struct audient_options options = { .config = config,
		.is_long_lived = true,
		.log = { .line = on_log } };
	char problem[AUDIENT_LINE_MAX];
	struct plugin *plugin;

	if ((plugin = utils->malloc(sizeof(*plugin))) == NULL)
		return SASL_NOMEM;
	memset(plugin, 0, sizeof(*plugin));
	plugin->utils = utils;
	plugin->service = option(utils, "audient_service");
	options.log.arg = plugin;
	if (audient_open(&plugin->audient, &options, problem) != REASON_OK) {
		utils->log(NULL, SASL_LOG_ERR, PLUGIN ": %s", problem);
		utils->free(plugin);
		return SASL_BADPARAM;
	}
	fill_in(plugin, names);
	*pluginp = plugin;
	return SASL_OK;
}

EXPORT int sasl_server_plug_init(const sasl_utils_t *utils, int max_version,
    int *out_version, sasl_server_plug_t **list, int *count);

/*
 * Every program that calls sasl_server_init(3) gets here.  Where nobody
 * wrote a configuration the plugin has to be as good as absent:
 * SASL_NOUSER registers a mechanism that is never offered.
 */
EXPORT int
sasl_server_plug_init(const sasl_utils_t *utils, int max_version,
    int *out_version, sasl_server_plug_t **list, int *count)
{
	struct plugin *plugin = NULL;
	const char *config;
	int rc;

	if (max_version < SASL_SERVER_PLUG_VERSION)
		return SASL_BADVERS;
	*out_version = SASL_SERVER_PLUG_VERSION;
	*list = NULL;
	*count = 0;
	config = option(utils, "audient_config");
	if (config == NULL && !audient_is_configured(NULL))
		return SASL_NOUSER;
	if ((rc = open_plugin(utils, config, &plugin)) != SASL_OK)
		return rc;
	*list = plugin->list;
	*count = MECHS;
	return SASL_OK;
}
