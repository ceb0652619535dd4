/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "advice.h"

static void
say(char out[ADVICE_MAX], const char *text)
{
	(void)snprintf(out, ADVICE_MAX, "%s", text);
}

static const char *
check_of(const struct case_file *c)
{
	return c->check != NULL ? c->check : "";
}

/* "auth_time", and the like, say when and how somebody has logged in. */
static bool
is_about_login(const char *check)
{
	return strcmp(check, "auth_time") == 0 || strcmp(check, "acr") == 0 ||
	    strcmp(check, "amr") == 0;
}

static void
say_action(const char *check, char out[ADVICE_MAX])
{
	(void)snprintf(out, ADVICE_MAX,
	    "An access token of Auth0 has \"%s\" only if an Action puts it "
	    "there, under a name like a URL: \"authn_claim_prefix\", "
	    "audient.conf(5).",
	    check);
}

void
advise_on_claim(const struct case_file *c, char out[ADVICE_MAX])
{
	const char *check = check_of(c);

	if (strcmp(check, "exp") == 0 && strstr(c->found, "ahead") != NULL)
		say(out,
		    "The token lives longer than \"max_token_lifetime\" "
		    "allows.  Shorten the lifetime of the API's tokens, or "
		    "raise \"max_token_lifetime\".");
	else if (strcmp(check, "client_id") == 0 || strcmp(check, "jti") == 0)
		say(out,
		    "\"token_profile = rfc9068\" wants the claim.  Choose the "
		    "RFC 9068 profile in the settings of the API, or take the "
		    "line out.");
	else if (strcmp(check, "userinfo") == 0)
		say(out,
		    "The tenant says no user to this token.  Ask for it with "
		    "scope=openid and for a person, not for a machine.");
	else if (strcmp(check, "sub") == 0)
		say(out,
		    "The token does not say whose it is, or at too great a "
		    "length: \"sub\" has 1 to 255 bytes.  No tenant of Auth0 "
		    "issues such a token; see what the other provider puts "
		    "there.");
	else if (is_about_login(check))
		say_action(check, out);
	else if (strcmp(check, "audience") == 0)
		say(out,
		    "No tenant of Auth0 issues such a token.  If another "
		    "provider makes it, let \"aud\" be a string, or a list of "
		    "at most 64 strings.");
	else
		(void)snprintf(out, ADVICE_MAX,
		    "No tenant of Auth0 issues such a token.  If another "
		    "provider makes it, let it set %s%s%s as RFC 7519 has it.",
		    check[0] != '\0' ? "\"" : "the claim", check,
		    check[0] != '\0' ? "\"" : "");
}

void
advise_on_age(const struct case_file *c, char out[ADVICE_MAX])
{
	if (strcmp(check_of(c), "auth_time") == 0)
		say(out,
		    "The token is new, and the login behind it is older than "
		    "\"max_auth_age\" allows.  Log in again: ask for the token "
		    "with prompt=login, or with max_age.");
	else
		say(out,
		    "The token is older than \"max_token_age\" allows, "
		    "although it has not expired.  Get a new one.");
}

void
advise_on_missing_claim(const struct case_file *c, char out[ADVICE_MAX])
{
	const char *check = check_of(c);

	if (is_about_login(check) && strcmp(c->found, "absent") == 0)
		say_action(check, out);
	else if (is_about_login(check))
		(void)snprintf(out, ADVICE_MAX,
		    "The login was not strong enough: \"%s\" has to have %s.  "
		    "Log in again with the second factor; ask for the token "
		    "with acr_values, or let a policy of the tenant demand "
		    "it.",
		    check, c->wanted);
	else
		say(out,
		    "Let an Action of the tenant put the claim into the access "
		    "token, with the value that \"required_claim\" asks for.  "
		    "Its name is literal, with every slash and dot.");
}

void
advise_on_missing_name(const struct case_file *c, char out[ADVICE_MAX])
{
	const bool has_claim =
	    c->rules != NULL && c->rules->username_claim != NULL;
	const char *check = check_of(c);

	if (strcmp(check, "email_verified") == 0)
		say(out,
		    "\"email\" counts only beside \"email_verified\": true.  "
		    "Let an Action put both into the access token, and the "
		    "user confirm the address.");
	else if (strcmp(check, "user_map") == 0)
		(void)snprintf(out, ADVICE_MAX,
		    "Add a line to %s: %s  LOCAL-USER",
		    c->rules != NULL && c->rules->user_map != NULL
			? c->rules->user_map
			: "the file of \"user_map\"",
		    c->found);
	else
		(void)snprintf(out, ADVICE_MAX,
		    "Let an Action of the tenant put the claim%s%s into the "
		    "access token, under exactly that name: audient.conf(5) "
		    "has one.",
		    has_claim ? " " : "",
		    has_claim ? c->rules->username_claim : "");
}
