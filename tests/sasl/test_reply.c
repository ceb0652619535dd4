/* SPDX-License-Identifier: BSD-2-Clause */
/* What a refused client is told, byte for byte. */
#include "reply.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define ISSUER "https://example.eu.auth0.com/"
#define DISCOVERY \
	"https://example.eu.auth0.com/.well-known/openid-configuration"

static const struct row {
	const char *name;
	enum dialect dialect;
	enum reply_status status;
	const char *issuer, *scope, *want;
} rows[] = {
	{ "token", DIALECT_OAUTHBEARER, REPLY_INVALID_TOKEN, ISSUER, "mail",
	    "{\"status\":\"invalid_token\",\"scope\":\"mail\","
	    "\"openid-configuration\":\"" DISCOVERY "\"}" },
	{ "scope", DIALECT_OAUTHBEARER, REPLY_INSUFFICIENT_SCOPE, ISSUER,
	    "mail",
	    "{\"status\":\"insufficient_scope\",\"scope\":\"mail\","
	    "\"openid-configuration\":\"" DISCOVERY "\"}" },
	{ "request", DIALECT_OAUTHBEARER, REPLY_INVALID_REQUEST, ISSUER, "mail",
	    "{\"status\":\"invalid_request\",\"scope\":\"mail\","
	    "\"openid-configuration\":\"" DISCOVERY "\"}" },
	{ "no scope is asked for", DIALECT_OAUTHBEARER, REPLY_INVALID_TOKEN,
	    ISSUER, NULL,
	    "{\"status\":\"invalid_token\","
	    "\"openid-configuration\":\"" DISCOVERY "\"}" },
	{ "an empty scope", DIALECT_OAUTHBEARER, REPLY_INVALID_TOKEN, ISSUER,
	    "",
	    "{\"status\":\"invalid_token\","
	    "\"openid-configuration\":\"" DISCOVERY "\"}" },
	{ "issuer without a slash", DIALECT_OAUTHBEARER, REPLY_INVALID_TOKEN,
	    "https://example.eu.auth0.com", NULL,
	    "{\"status\":\"invalid_token\","
	    "\"openid-configuration\":\"" DISCOVERY "\"}" },
	{ "issuer with a path", DIALECT_OAUTHBEARER, REPLY_INVALID_TOKEN,
	    "https://sso.example.com/realms/a", NULL,
	    "{\"status\":\"invalid_token\",\"openid-configuration\":"
	    "\"https://sso.example.com/realms/a/.well-known/"
	    "openid-configuration\"}" },
	{ "no issuer", DIALECT_OAUTHBEARER, REPLY_INVALID_TOKEN, NULL, NULL,
	    "{\"status\":\"invalid_token\"}" },
	{ "quotes in the scope", DIALECT_OAUTHBEARER, REPLY_INVALID_TOKEN, NULL,
	    "a\",\"status\":\"", "{\"status\":\"invalid_token\"}" },
	{ "backslash in the scope", DIALECT_OAUTHBEARER, REPLY_INVALID_TOKEN,
	    NULL, "a\\", "{\"status\":\"invalid_token\"}" },
	{ "control character in the scope", DIALECT_OAUTHBEARER,
	    REPLY_INVALID_TOKEN, NULL, "a\n",
	    "{\"status\":\"invalid_token\"}" },
	{ "eight bits in the scope", DIALECT_OAUTHBEARER, REPLY_INVALID_TOKEN,
	    NULL, "\xc3\xa4", "{\"status\":\"invalid_token\"}" },

	{ "the first and the last that are visible", DIALECT_OAUTHBEARER,
	    REPLY_INVALID_TOKEN, NULL, "!~",
	    "{\"status\":\"invalid_token\",\"scope\":\"!~\"}" },
	{ "delete in the scope", DIALECT_OAUTHBEARER, REPLY_INVALID_TOKEN, NULL,
	    "a\x7f", "{\"status\":\"invalid_token\"}" },
	{ "a blank in the scope", DIALECT_OAUTHBEARER, REPLY_INVALID_TOKEN,
	    NULL, "a b", "{\"status\":\"invalid_token\"}" },

	{ "XOAUTH2 token", DIALECT_XOAUTH2, REPLY_INVALID_TOKEN, ISSUER, "mail",
	    "{\"status\":\"400\",\"schemes\":\"bearer\",\"scope\":\"mail\"}" },
	{ "XOAUTH2 request", DIALECT_XOAUTH2, REPLY_INVALID_REQUEST, ISSUER,
	    NULL, "{\"status\":\"400\",\"schemes\":\"bearer\"}" },
	{ "XOAUTH2 scope", DIALECT_XOAUTH2, REPLY_INSUFFICIENT_SCOPE, ISSUER,
	    "mail",
	    "{\"status\":\"403\",\"schemes\":\"bearer\",\"scope\":\"mail\"}" },
	{ "XOAUTH2, quotes in the scope", DIALECT_XOAUTH2, REPLY_INVALID_TOKEN,
	    ISSUER, "\"", "{\"status\":\"400\",\"schemes\":\"bearer\"}" },
};

static void
test_rows(void **state)
{
	char reply[REPLY_MAX];

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct row *row = &rows[i];
		const size_t len = reply_write(row->dialect, row->status,
		    row->issuer, row->scope, reply);

		row_count(row->status != REPLY_INVALID_REQUEST);
		row_text(row->name, reply, row->want);
		row_number(row->name, (int64_t)len, (int64_t)strlen(row->want));
	}
	rows_end();
}

/* What does not fit is left out as a whole: it stays an object. */
static void
test_lengths(void **state)
{
	char reply[REPLY_MAX];
	size_t longest = 0;

	(void)state;
	for (size_t n = 900; n < 1100; n++) {
		char *issuer = unit_repeat('x', n);
		const size_t len = reply_write(DIALECT_OAUTHBEARER,
		    REPLY_INVALID_TOKEN, issuer, "mail", reply);

		longest = len > longest ? len : longest;
		row_count(false);
		row_true("length", len == strlen(reply) && len < REPLY_MAX);
		row_true("end", reply[len - 1] == '}');
		row_true("quotes",
		    strstr(reply, "configuration\":") == NULL ||
			strcmp(reply + len - 2, "\"}") == 0);
		free(issuer);
	}
	row_number("no room is lost", (int64_t)longest, REPLY_MAX - 1);
	for (size_t n = 128; n <= 129; n++) {
		char *scope = unit_repeat('x', n);

		(void)reply_write(DIALECT_XOAUTH2, REPLY_INVALID_TOKEN, NULL,
		    scope, reply);
		row_bool("a scope of 128 letters",
		    strstr(reply, "\"scope\"") != NULL, n == 128);
		free(scope);
	}
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_lengths),
	};

	return unit_end(cmocka_run_group_tests(tests, NULL, NULL));
}
