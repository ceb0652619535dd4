/* SPDX-License-Identifier: BSD-2-Clause */
#include "advice.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define CLIENT_ID_LEN 32 /* Auth0's */

/* What can be said without a look at the values. */
static const char *const plain[] = {
	[REASON_OK] = "Nothing: the token is good.",
	[REASON_NOT_A_TOKEN] =
	    "Give the access token itself: three parts with two dots between "
	    "them, beginning with \"eyJ\".",
	[REASON_TOKEN_TRUNCATED] =
	    "Something between the user and this host cut the token: ssh keeps "
	    "1023 bytes of an answer, sudo 511, a terminal 4095.  Enter it in "
	    "parts; see pam_audient(8).",
	[REASON_TOKEN_TOO_LARGE] =
	    "Tokens of more than 16 KiB are not looked at.  Take custom claims "
	    "or permissions out of the token.",
	[REASON_TOKEN_ENCRYPTED] =
	    "The API encrypts its access tokens (JWE), and nobody here has the "
	    "key.  Switch off JSON Web Encryption in the settings of the API.",
	[REASON_KEY_UNKNOWN] =
	    "The token comes from another tenant, or its key has been revoked. "
	    " Compare \"domain\" with the tenant that issued it; after a "
	    "rotation of keys get a new token.",
	[REASON_KEY_UNUSABLE] =
	    "The issuer publishes a key that is too weak or not meant for "
	    "this: audient keys list shows what is wrong with each.  Rotate "
	    "the signing key of the tenant.",
	[REASON_SIGNATURE_INVALID] =
	    "The token was changed or damaged on its way.  Copy it again; if "
	    "it stays like that, somebody is forging tokens.",
	[REASON_EXPIRED] =
	    "Get a new token.  If it is new, compare this host's clock with "
	    "the issuer's (timedatectl, chronyc tracking).",
	[REASON_NOT_YET_VALID] =
	    "Compare this host's clock with the issuer's (timedatectl, chronyc "
	    "tracking).",
	[REASON_SENDER_CONSTRAINED] =
	    "The token is bound to its client by DPoP or mTLS, and there is no "
	    "way to show the client's key here.  Switch off sender "
	    "constraining "
	    "for the API.",
	[REASON_ORGANIZATION_REFUSED] =
	    "Add the organization to \"organizations\", or let the user log in "
	    "through one that is there.",
	[REASON_USERNAME_UNSAFE] =
	    "Correct the value at the tenant, or map it to a local name with "
	    "\"user_map\".",
	[REASON_DEVICE_DECLINED] =
	    "Ask the user.  If it was not he who began the login, somebody "
	    "has tried to get his confirmation: see rhost in the log.",
	[REASON_DEVICE_UNCONFIRMED] =
	    "Log in again, confirm in the browser, then press Enter.  "
	    "device_timeout and the service's own limit (LoginGraceTime of "
	    "sshd) say how long that may take.",
	[REASON_RATE_LIMITED] =
	    "The tenant's rate limit is used up.  Wait, and look for what asks "
	    "so often; let root supply the keys to all services with a timer "
	    "(audient keys refresh).",
	[REASON_OUT_OF_MEMORY] =
	    "The token was not judged.  Look at the memory of this host (free, "
	    "dmesg) and at the limits of the service (systemctl show -p "
	    "MemoryMax,LimitAS UNIT).",
};

static void
say(char out[ADVICE_MAX], const char *text)
{
	(void)snprintf(out, ADVICE_MAX, "%s", text);
}

static bool
is_check(const struct case_file *c, const char *name)
{
	return c->check != NULL && strcmp(c->check, name) == 0;
}

/* The list of a configured key, or what stands for it in a manual. */
static const char *
first_of(const struct audient_names *names, const char *otherwise)
{
	return names->n > 0 ? names->item[0] : otherwise;
}

static const char *
audience_of(const struct case_file *c)
{
	return c->rules != NULL
	    ? first_of(&c->rules->audiences, "<identifier of the API>")
	    : "<identifier of the API>";
}

/* The next of the values of a claim, as the trace shows a list of them. */
static bool
next_value(const char **at, struct span *value)
{
	*at += strspn(*at, "[], ");
	*value = (struct span){ .ptr = *at, .len = strcspn(*at, "[], ") };
	*at += value->len;
	return value->len > 0;
}

static bool
is_but_for_slash(struct span a, const char *b)
{
	const size_t n = strlen(b);

	if (a.len == n + 1 && a.ptr[n] == '/')
		return memcmp(a.ptr, b, n) == 0;
	return a.len + 1 == n && b[a.len] == '/' &&
	    memcmp(a.ptr, b, a.len) == 0;
}

static bool
is_but_for_case(struct span a, const char *b)
{
	return span_is_nocase(a, b) && !span_is(a, b);
}

/* One of the values is nearly one of those that were wanted. */
static const char *
near_miss(const char *found, const struct audient_names *wanted,
    const char **how)
{
	struct span value;

	while (next_value(&found, &value))
		for (size_t i = 0; i < wanted->n; i++) {
			*how = "the slash at the end";
			if (is_but_for_slash(value, wanted->item[i]))
				return wanted->item[i];
			*how = "upper and lower case";
			if (is_but_for_case(value, wanted->item[i]))
				return wanted->item[i];
		}
	return NULL;
}

static void
on_opaque(const struct case_file *c, char out[ADVICE_MAX])
{
	(void)snprintf(out, ADVICE_MAX,
	    "No audience was asked for, and so the tenant made an opaque token "
	    "that only itself can read: add audience=%s to the authorize or "
	    "token request, or set a Default Audience for the tenant.",
	    audience_of(c));
}

static void
on_malformed(const struct case_file *c, char out[ADVICE_MAX])
{
	if (is_check(c, "header") && strstr(c->found, "parameter") != NULL)
		(void)snprintf(out, ADVICE_MAX,
		    "The token's header has %s, which would change how it is "
		    "checked, or with which key.  No tenant issues such "
		    "tokens: somebody is trying something.",
		    c->found);
	else if (is_check(c, "payload"))
		say(out,
		    "The signature is good, and what is signed cannot be read: "
		    "too large, a member that stands there twice, or no JSON "
		    "object.  Look at the Actions of the tenant that add "
		    "claims.");
	else
		say(out,
		    "Copy the token again, from its first to its last letter.  "
		    "If that does not help, it was not made by the tenant: "
		    "somebody may be trying something.");
}

static void
on_denied(const struct case_file *c, char out[ADVICE_MAX])
{
	if (is_check(c, "single_use"))
		say(out,
		    "\"single_use = yes\" wants a new token for every login, "
		    "and this one has been used.  Get a new one; if its bearer "
		    "did not use it, somebody else has.");
	else
		say(out,
		    "Somebody has put this token, its bearer or its "
		    "application on the local deny list: audient deny list "
		    "shows the line, audient deny remove takes it away.");
}

static void
on_internal(const struct case_file *c, char out[ADVICE_MAX])
{
	if (is_check(c, "single_use"))
		say(out,
		    "\"single_use\" needs a directory in the cache that the "
		    "service can write to: audient doctor makes one with "
		    "--fix, audient-cachedirs(8) for every service.");
	else
		say(out,
		    "This is a defect of Audient.  Nobody is let in by it; "
		    "restarting the service may help for now.  Report it with "
		    "the line of the log, and as SECURITY.md has it if a token "
		    "led to it.");
}

static void
on_algorithm(const struct case_file *c, char out[ADVICE_MAX])
{
	if (strncmp(c->found, "HS", 2) == 0)
		(void)snprintf(out, ADVICE_MAX,
		    "The API signs with %s, a shared secret: whoever can check "
		    "such a token can also forge one, so it is never accepted. "
		    " The algorithm of an API cannot be changed: create the "
		    "API anew with RS256.",
		    c->found);
	else if (strcasecmp(c->found, "none") == 0)
		say(out,
		    "The token is not signed at all.  No tenant issues such "
		    "tokens: somebody is trying something.");
	else
		(void)snprintf(out, ADVICE_MAX,
		    "Let the API sign with RS256, or add its algorithm%s%s to "
		    "\"algorithms\" in %s.",
		    c->found[0] != '\0' ? ", " : "", c->found, c->config);
}

static void
on_type(const struct case_file *c, char out[ADVICE_MAX])
{
	if (strcmp(c->found, "the client is its own audience") == 0)
		(void)snprintf(out, ADVICE_MAX,
		    "\"audience\" in %s is the client id of an application, "
		    "%s.  That is \"azp\" of the token, which says who asked "
		    "for it; \"aud\" says for whom it was issued.  Write the "
		    "identifier of the API into the file.",
		    c->config, c->client);
	else
		say(out,
		    "This is an ID token, or another one that the tenant signs "
		    "for its applications.  Use \"access_token\" of the token "
		    "response, not \"id_token\".");
}

static void
on_issuer(const struct case_file *c, char out[ADVICE_MAX])
{
	const char *how, *near = NULL;

	if (c->tenant != NULL)
		near = near_miss(c->found, &c->tenant->issuers, &how);
	if (near != NULL)
		(void)snprintf(out, ADVICE_MAX,
		    "The two differ in %s only, and issuers are compared byte "
		    "for byte.  Write into %s, in the place of %s: issuer = %s",
		    how, c->config, near, c->found);
	else if (strncmp(c->found, "https://", 8) == 0)
		(void)snprintf(out, ADVICE_MAX,
		    "A token has the domain as its issuer at which it was "
		    "requested.  If this one is a custom domain of the tenant, "
		    "add to %s: issuer = %s",
		    c->config, c->found);
	else
		(void)snprintf(out, ADVICE_MAX,
		    "Compare \"domain\" and \"issuer\" in %s with the tenant "
		    "that issued the token, byte for byte.",
		    c->config);
}

static bool
looks_like_client_id(const char *found)
{
	struct span value;
	const char *at = found;

	if (!next_value(&at, &value) || strchr(found, ',') != NULL)
		return false;
	if (value.len != CLIENT_ID_LEN)
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (!isalnum((unsigned char)value.ptr[i]))
			return false;
	return true;
}

static void
on_audience(const struct case_file *c, char out[ADVICE_MAX])
{
	const char *how, *near = NULL;

	if (c->rules != NULL)
		near = near_miss(c->found, &c->rules->audiences, &how);
	if (near != NULL)
		(void)snprintf(out, ADVICE_MAX,
		    "The two differ in %s only, and audiences are compared "
		    "byte for byte.  Write into %s what the API is called at "
		    "the tenant, or ask for the token with audience=%s",
		    how, c->config, near);
	else if (looks_like_client_id(c->found))
		say(out,
		    "This is an ID token: it was issued for the application "
		    "itself.  Use \"access_token\" of the token response, not "
		    "\"id_token\".");
	else if (strcmp(c->found, "absent") == 0)
		(void)snprintf(out, ADVICE_MAX,
		    "The token names no audience.  Ask for it with "
		    "audience=%s",
		    audience_of(c));
	else
		(void)snprintf(out, ADVICE_MAX,
		    "The token was issued for another API.  Ask for it with "
		    "audience=%s  (\"azp\", %s, is the application that asked "
		    "for the token, and not its audience.)",
		    audience_of(c),
		    c->client[0] != '\0' ? c->client : "a client id");
}

static void
on_client(const struct case_file *c, char out[ADVICE_MAX])
{
	(void)snprintf(out, ADVICE_MAX,
	    "The application that got the token is not in \"clients\".  Use "
	    "one that is, or add it to %s%s%s",
	    c->config, c->client[0] != '\0' ? ": clients = ... " : ".",
	    c->client);
}

static void
on_subject(const struct case_file *c, char out[ADVICE_MAX])
{
	if (strcmp(c->found, "machines") == 0 || c->found[0] == '\0')
		say(out,
		    "A token of the client credentials grant is a machine's.  "
		    "Log in as a person; or write \"subjects = users "
		    "machines\" and give the machine a line in \"user_map\".");
	else
		(void)snprintf(out, ADVICE_MAX,
		    "\"subjects\" in %s does not admit this kind: \"%s\".  "
		    "Log in as a person, or add the kind.",
		    c->config, c->found);
}

static void
on_scope(const struct case_file *c, char out[ADVICE_MAX])
{
	(void)snprintf(out, ADVICE_MAX,
	    "Ask for scope=%s when requesting the token, and define it as a "
	    "permission of the API.",
	    c->wanted[0] != '\0' ? c->wanted : "<what required_scopes has>");
}

static void
on_permission(const struct case_file *c, char out[ADVICE_MAX])
{
	const char *name =
	    c->wanted[0] != '\0' ? c->wanted : "that required_permissions has";

	if (strcmp(c->found, "absent") == 0)
		(void)snprintf(out, ADVICE_MAX,
		    "The token has no permissions at all: switch on \"Enable "
		    "RBAC\" and \"Add Permissions in the Access Token\" in the "
		    "settings of the API, and give the user the permission "
		    "%s.  Then get a new token.",
		    name);
	else
		(void)snprintf(out, ADVICE_MAX,
		    "Give the user, or one of his roles, the permission %s of "
		    "the API, and get a new token.",
		    name);
}

static void
on_mismatch(const struct case_file *c, char out[ADVICE_MAX])
{
	(void)snprintf(out, ADVICE_MAX,
	    "Log in as the user that the token names%s%s, or map the token to "
	    "the other one with \"user_map\".  sudo wants a token of the "
	    "caller, su one of the user to become.",
	    c->found[0] != '\0' ? ", " : "", c->found);
}

static void
on_account(const struct case_file *c, char out[ADVICE_MAX])
{
	if (strcmp(c->found, "no account") == 0)
		(void)snprintf(out, ADVICE_MAX,
		    "A token opens an account and makes none.  Create it: "
		    "useradd -m %s; or, if it is one of a directory, see why "
		    "this host does not know it: getent passwd %s",
		    c->user != NULL ? c->user : "NAME",
		    c->user != NULL ? c->user : "NAME");
	else if (strcmp(c->found, "root") == 0)
		say(out,
		    "Log in as yourself and use sudo; or write \"allow_root = "
		    "yes\" if tokens are to open root.");
	else if (strncmp(c->found, "uid ", 4) == 0)
		(void)snprintf(out, ADVICE_MAX,
		    "Accounts below \"min_uid\" are closed to tokens.  Use "
		    "another one, or lower \"min_uid\" in %s.",
		    c->config);
	else
		say(out,
		    "Root, accounts below \"min_uid\" and names without an "
		    "account are closed to tokens.  Use another account, "
		    "create it, or open it with \"allow_root\" or "
		    "\"min_uid\".");
}

static void
on_unavailable(const struct case_file *c, char out[ADVICE_MAX])
{
	if (c->check != NULL && strcmp(c->check, "clock") == 0)
		say(out,
		    "This host's clock has not been set: without it no token "
		    "can be judged (timedatectl, chronyc tracking).");
	else
		say(out, advise_on_network(c->found));
}

static void
on_config(const struct case_file *c, char out[ADVICE_MAX])
{
	if (c->check != NULL && strcmp(c->check, "configuration") == 0)
		(void)snprintf(out, ADVICE_MAX,
		    "Nothing in %s is for this service: set \"%s\" in a "
		    "section [service %s], or above the first section.",
		    c->config, c->wanted, c->service);
	else if (c->found[0] != '\0')
		say(out,
		    "Mend the file that is named above; the line says how.");
	else
		(void)snprintf(out, ADVICE_MAX,
		    "The log has file, line and what is wrong, and so has: "
		    "audient doctor --config %s",
		    c->config);
}

static void (*const special[])(const struct case_file *c,
    char out[ADVICE_MAX]) = {
	[REASON_TOKEN_MALFORMED] = on_malformed,
	[REASON_OPAQUE_REFUSED] = on_opaque,
	[REASON_ALGORITHM_REFUSED] = on_algorithm,
	[REASON_CLAIM_INVALID] = advise_on_claim,
	[REASON_TYPE_REFUSED] = on_type,
	[REASON_ISSUER_REFUSED] = on_issuer,
	[REASON_AUDIENCE_REFUSED] = on_audience,
	[REASON_TOO_OLD] = advise_on_age,
	[REASON_CLIENT_REFUSED] = on_client,
	[REASON_SUBJECT_REFUSED] = on_subject,
	[REASON_SCOPE_MISSING] = on_scope,
	[REASON_PERMISSION_MISSING] = on_permission,
	[REASON_CLAIM_MISSING] = advise_on_missing_claim,
	[REASON_DENIED_LOCALLY] = on_denied,
	[REASON_USERNAME_MISSING] = advise_on_missing_name,
	[REASON_USER_MISMATCH] = on_mismatch,
	[REASON_USER_REFUSED] = on_account,
	[REASON_ISSUER_UNAVAILABLE] = on_unavailable,
	[REASON_CONFIG_INVALID] = on_config,
	[REASON_INTERNAL] = on_internal,
};

/* Every reason is in one of the two tables; tests/cli/test_explain.py asks. */
void
advise(const struct case_file *c, char out[ADVICE_MAX])
{
	if (special[c->reason] != NULL)
		special[c->reason](c, out);
	else
		say(out, plain[c->reason] != NULL ? plain[c->reason] : "");
}
