/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One exchange of OAUTHBEARER (RFC 7628) or XOAUTH2 as the server sees it:
 * the client's message, and, if the token is refused, one more.
 */
#include "exchange.h"

#include <stdio.h>
#include <string.h>

#include "reply.h"

/*
 * TLS that is worth the name has 112 bits or more.  It is 71 that is asked
 * for, as OpenLDAP's slapd reports so many for ldapi, a socket on the same
 * machine; no cipher of TLS lies between them.
 */
#define SSF_MIN	 71
#define CUT_MIN	 1000 /* bytes; SMTP's own limits let so many through */
#define TOLD_MAX 512
#define HOST_MAX 64 /* an IPv6 address, and an interface behind "%" */

enum state {
	STATE_TOKEN,  /* the client's message comes next */
	STATE_FAILED, /* it got the reason; whatever it says, it fails */
	STATE_ASKED,  /* the same, but it only wanted to know */
	STATE_DONE,
};

struct exchange {
	const struct mech *mech;
	enum state state;
	char reply[REPLY_MAX];
};

const char *
exchange_service(const struct mech *mech, const sasl_server_params_t *sparams)
{
	if (mech->service != NULL)
		return mech->service;
	return sparams->service != NULL ? sparams->service : "";
}

bool
exchange_has_tls(const struct mech *mech, const sasl_server_params_t *sparams)
{
	struct audient_service service;

	audient_get_service(mech->audient, exchange_service(mech, sparams),
	    &service);
	return service.trusts_host_tls || sparams->external_ssf >= SSF_MIN;
}

int
exchange_new(void *glob, sasl_server_params_t *sparams, const char *challenge,
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

void
exchange_dispose(void *context, const sasl_utils_t *utils)
{
	if (context != NULL)
		utils->free(context);
}

/*
 * SASL has "192.0.2.1;4711".  The port is left out: PAM has none, and filters
 * of logs want the same form of all.  NULL if the host did not say.
 */
static const char *
rhost_of(const sasl_server_params_t *sparams, char host[static HOST_MAX])
{
	if (sparams->ipremoteport == NULL)
		return NULL;
	(void)snprintf(host, HOST_MAX, "%.*s",
	    (int)strcspn(sparams->ipremoteport, ";"), sparams->ipremoteport);
	return host;
}

/* What is not a verdict on a token, in the form of the audit line. */
static void
tell(const struct exchange *x, sasl_server_params_t *sparams, int level,
    const char *message)
{
	char host[HOST_MAX];
	const char *rhost = rhost_of(sparams, host);

	sparams->utils->log(sparams->utils->conn, level,
	    PLUGIN ": service=%s mechanism=%s message=\"%s\"%s%s",
	    exchange_service(x->mech, sparams), x->mech->name, message,
	    rhost != NULL ? " rhost=" : "", rhost != NULL ? rhost : "");
}

/*
 * The peer may get to see this text (slapd sends it), so it is one of a few
 * and tells nothing of the token or the policy.  The log has its own line.
 */
static int
fail(sasl_server_params_t *sparams, int rc, const char *text)
{
	sparams->utils->seterror(sparams->utils->conn, SASL_NOLOG, "%s", text);
	return rc;
}

static int
challenge(struct exchange *x, sasl_server_params_t *sparams,
    enum reply_status status, const char **out, unsigned int *outlen)
{
	struct audient_service service;

	audient_get_service(x->mech->audient,
	    exchange_service(x->mech, sparams), &service);
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

/*
 * LDAP's way to name a user is "u:name" (RFC 4513 section 5.2.1.8), whatever
 * section of the configuration is used.
 */
static const char *
name_of(const struct message *m, const sasl_server_params_t *sparams)
{
	if (!m->has_authzid)
		return NULL;
	if (sparams->service != NULL && strcmp(sparams->service, "ldap") == 0 &&
	    strncmp(m->authzid, "u:", 2) == 0 && m->authzid[2] != '\0')
		return m->authzid + 2;
	return m->authzid;
}

static int
check_token(struct exchange *x, sasl_server_params_t *sparams,
    const struct message *m, const char **out, unsigned int *outlen,
    sasl_out_params_t *oparams)
{
	char host[HOST_MAX];
	const struct audient_request rq = {
		.token = m->token,
		.service = exchange_service(x->mech, sparams),
		.user = name_of(m, sparams),
		.realm = sparams->user_realm,
		.uid = AUDIENT_NOT_ACCOUNTS,
		.rhost = rhost_of(sparams, host),
	};
	struct audient_verdict verdict;
	struct audient_line line;
	enum reason reason;

	reason = audient_check(x->mech->audient, &rq, &verdict);
	audient_audit(x->mech->audient, &rq, &verdict, &line);
	sparams->utils->log(sparams->utils->conn, level_of(reason),
	    PLUGIN ": %s", line.text);
	if (reason == REASON_OK)
		return accept_user(sparams, &verdict, m->authzid, oparams);
	return refuse(x, sparams, reason, out, outlen);
}

/*
 * RFC 7628 section 3.1 has them for tokens that are bound to a server.  A
 * bearer token is not, and a client knows a server by many names, so that a
 * difference is only told.
 */
static void
compare_host(const struct exchange *x, sasl_server_params_t *sparams,
    const struct message *m)
{
	char text[TOLD_MAX];

	if (m->host.ptr == NULL || sparams->serverFQDN == NULL ||
	    span_is_nocase(m->host, sparams->serverFQDN))
		return;
	(void)snprintf(text, sizeof(text),
	    "the client calls this server %.*s, and not %s", (int)m->host.len,
	    m->host.ptr, sparams->serverFQDN);
	tell(x, sparams, SASL_LOG_DEBUG, text);
}

/*
 * Postfix cuts the line of AUTH wherever its limit is, and gives us what is
 * left if that happens to be whole base64.
 */
static void
tell_cut(const struct exchange *x, sasl_server_params_t *sparams, size_t len)
{
	const bool is_smtp =
	    sparams->service != NULL && strcmp(sparams->service, "smtp") == 0;
	char text[TOLD_MAX];

	(void)snprintf(text, sizeof(text),
	    "it ends too early, after %zu bytes%s", len,
	    is_smtp && len >= CUT_MIN
		? ": the host cut it; in Postfix raise line_length_limit"
		: "");
	tell(x, sparams, SASL_LOG_FAIL, text);
}

static int
first_step(struct exchange *x, sasl_server_params_t *sparams, struct span in,
    const char **out, unsigned int *outlen, sasl_out_params_t *oparams)
{
	struct message m;
	int rc;

	if (!exchange_has_tls(x->mech, sparams)) {
		tell(x, sparams, SASL_LOG_FAIL, "it came without TLS");
		return fail(sparams, SASL_ENCRYPT, "TLS is needed");
	}
	message_parse(x->mech->dialect, in, &m);
	switch (m.kind) {
	case MESSAGE_TOKEN:
		compare_host(x, sparams, &m);
		return check_token(x, sparams, &m, out, outlen, oparams);
	case MESSAGE_QUERY:
		tell(x, sparams, SASL_LOG_DEBUG, "it asks what is wanted");
		rc = challenge(x, sparams, REPLY_INVALID_TOKEN, out, outlen);
		x->state = STATE_ASKED;
		return rc;
	case MESSAGE_INVALID:
		tell(x, sparams, SASL_LOG_FAIL, "it has no bearer token");
		return challenge(x, sparams, REPLY_INVALID_REQUEST, out,
		    outlen);
	case MESSAGE_CUT:
		tell_cut(x, sparams, in.len);
		break;
	case MESSAGE_GARBAGE:
	case MESSAGE_ACK:
		tell(x, sparams, SASL_LOG_FAIL, "it is malformed");
		break;
	}
	return fail(sparams, SASL_BADPROT, "malformed message");
}

int
exchange_step(void *context, sasl_server_params_t *sparams, const char *in,
    unsigned int inlen, const char **out, unsigned int *outlen,
    sasl_out_params_t *oparams)
{
	struct exchange *x = context;
	enum state state;

	*out = NULL;
	*outlen = 0;
	/* libsasl2 disposes of us when we fail; some hosts go on all the same
	 */
	if (x == NULL)
		return fail(sparams, SASL_BADPROT, "the exchange is over");
	state = x->state;
	x->state = STATE_DONE; /* whatever happens: each state only once */
	switch (state) {
	case STATE_TOKEN:
		if (in != NULL && inlen > 0)
			return first_step(x, sparams,
			    (struct span){ .ptr = in, .len = inlen }, out,
			    outlen, oparams);
		tell(x, sparams, SASL_LOG_FAIL, "it is empty");
		return fail(sparams, SASL_BADPROT, "empty message");
	case STATE_FAILED:
		/* ^A, nothing, or whatever: clients differ */
		return fail(sparams, SASL_BADAUTH, "access token refused");
	case STATE_ASKED:
		return fail(sparams, SASL_BADAUTH, "no access token was sent");
	case STATE_DONE:
		return fail(sparams, SASL_BADPROT, "the exchange is over");
	}
	return SASL_FAIL;
}
