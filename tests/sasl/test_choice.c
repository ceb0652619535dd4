/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's plug-in through libsasl2: when it is chosen and when it is not,
 * and what becomes of a password then.
 */
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "wallet.h"

#define TOKEN "eyJhIjoxfQ.eyJiIjoyfQ.c2ln"

/* A program with callbacks for all of it, as Postfix and mbsync have them. */
#define PROGRAM .user = "", .authname = "alice", .token = TOKEN
/* OpenLDAP's programs: what they know, a person has typed. */
#define PERSON .user = "", .authname = "alice", .token = TOKEN, .asks = true

/* --- which mechanism is chosen
 * ------------------------------------------------- */

/*
 * The lists are those of servers, or the one mechanism that was asked for.  As
 * long as nobody has said where the token is, a program that cannot ask a
 * person gets what it has always got.
 */
static const struct choice {
	const char *name, *mechs;
	struct knows knows;
	const char *source; /* audient_token_file; NULL: not said */
	const char *want;   /* "": none is worthy */
} choices[] = {
	/* asked for by name */
	{ "by name, a person", OB, { PERSON }, NULL, OB },
	{ "by name, XOAUTH2", X2, { PERSON }, NULL, X2 },
	{ "by name, could ask", OB, { PROGRAM, .may_ask = true }, NULL, OB },
	{ "by name, as ldapsearch wants it", OB,
	    { PERSON, .ssf = 256,
		.wants = SASL_SEC_NOANONYMOUS | SASL_SEC_NOPLAINTEXT },
	    NULL, OB },
	{ "by name and place", OB, { PROGRAM }, "-", OB },
	{ "by name and file", OB, { PROGRAM }, "%", OB },
	{ "as Postfix wants it", OB, { PROGRAM, .wants = SASL_SEC_NOANONYMOUS },
	    "-", OB },

	/* not asked for */
	{ "PLAIN first", "PLAIN LOGIN OAUTHBEARER XOAUTH2", { PROGRAM }, NULL,
	    "PLAIN" },
	{ "PLAIN last", "OAUTHBEARER XOAUTH2 LOGIN PLAIN", { PROGRAM }, NULL,
	    "PLAIN" },
	{ "LOGIN", "XOAUTH2 LOGIN", { PROGRAM }, NULL, "LOGIN" },
	{ "Gmail", "LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH",
	    { PROGRAM, .wants = SASL_SEC_NOANONYMOUS }, NULL, "PLAIN" },
	{ "Office 365", "LOGIN XOAUTH2",
	    { PROGRAM, .wants = SASL_SEC_NOANONYMOUS }, NULL, "LOGIN" },
	{ "SCRAM", "OAUTHBEARER SCRAM-SHA-256 PLAIN", { PROGRAM }, NULL,
	    "SCRAM-SHA-256" },
	{ "SCRAM, with a token at hand", "OAUTHBEARER SCRAM-SHA-256 PLAIN",
	    { PROGRAM }, "%", "SCRAM-SHA-256" },
	{ "SCRAM, with a command", "OAUTHBEARER SCRAM-SHA-256 PLAIN",
	    { PROGRAM }, "audient", "SCRAM-SHA-256" },
	{ "SCRAM, a person", "OAUTHBEARER SCRAM-SHA-256 PLAIN", { PERSON },
	    NULL, "SCRAM-SHA-256" },
	{ "nothing else there", "OAUTHBEARER XOAUTH2", { PROGRAM }, NULL, "" },

	/* and not where it would be a risk */
	{ "without TLS, a program that wants no plain text", OB,
	    { PERSON, .wants = SASL_SEC_NOPLAINTEXT }, NULL, "" },
	{ "with a file, too", OB, { PROGRAM, .wants = SASL_SEC_NOPLAINTEXT },
	    "%", "" },
	{ "with a command, too", OB, { PROGRAM, .wants = SASL_SEC_NOPLAINTEXT },
	    "audient", "" },
	{ "mutual authentication", OB,
	    { PERSON, .wants = SASL_SEC_MUTUAL_AUTH }, NULL, "" },
	{ "no token", OB, { .authname = "alice", .may_ask = true }, NULL, "" },
	{ "SCRAM, a person with a password", "OAUTHBEARER SCRAM-SHA-256 PLAIN",
	    { .user = "",
		.authname = "alice",
		.token = "secret",
		.asks = true },
	    NULL, "SCRAM-SHA-256" },
	{ "a relative path", OB, { PERSON }, "token", "" },
	{ "a word", OB, { PERSON }, "yes", "" },
	{ "a command with arguments", OB, { PERSON }, "audient token", "" },
	{ "a command's path", OB, { PROGRAM }, "./audient", "" },
};

static void
test_choices(void **state)
{
	char *path = unit_path(site.dir, "token");

	(void)state;
	unit_write(path, span_of(TOKEN), 0600);
	for (size_t i = 0; i < nitems(choices); i++) {
		const struct choice *row = &choices[i];
		const char *source = row->source != NULL ? row->source : "";
		const struct option with[] = { { "system", "yes" },
			{ "audient_token_file",
			    source[0] == '%' ? path : source },
			{ NULL, NULL } };
		struct caller caller;

		assert_int_equal(client_open(with), SASL_OK);
		caller_open(&caller, &row->knows);
		row_count(
		    strcmp(row->want, OB) == 0 || strcmp(row->want, X2) == 0);
		(void)caller_start(&caller, row->mechs);
		row_text(row->name, caller.mech != NULL ? caller.mech : "",
		    row->want);
		row_true(row->name,
		    row->want[0] != '\0' || caller.rc == SASL_NOMECH);
		caller_close(&caller);
		sides_close();
	}
	free(path);
	rows_end();
}

/* --- and when there is a password
 * ----------------------------------------------- */

/*
 * A person's program, with a word that may be a token; which mechanism the
 * library takes among PLAIN's equals is not for us to say, but a password
 * never goes out as a token.
 */
#define WORD(word)                                                             \
	{                                                                      \
		.user = "", .authname = "alice", .token = (word), .asks = true \
	}

static const struct password {
	const char *name, *mechs;
	struct knows knows;
	const char *source;
	bool is_sent; /* by us, if we are chosen */
} passwords[] = {
	{ "PLAIN, a person", "PLAIN OAUTHBEARER", { PERSON }, NULL, true },
	{ "password, a person", "PLAIN OAUTHBEARER", WORD("secret"), NULL,
	    false },
	{ "password, all of it", "XOAUTH2 LOGIN OAUTHBEARER PLAIN",
	    WORD("secret"), NULL, false },
	{ "password, by name", OB, WORD("secret"), NULL, false },
	{ "password, XOAUTH2 by name", X2, WORD("secret"), NULL, false },
	{ "password, a program that could ask", OB,
	    { .authname = "alice", .token = "secret", .may_ask = true }, NULL,
	    false },
	{ "two dots", OB, WORD("correct.horse.battery"), NULL, false },
	{ "begins as a token does", OB, WORD("eyJsecret"), NULL, false },
	{ "one dot", OB, WORD("eyJ.secret"), NULL, false },
	{ "three dots", OB, WORD("eyJ.a.b.secret"), NULL, false },
	{ "five dots", OB, WORD("eyJ.a.b.c.d.secret"), NULL, false },
	{ "a blank before it", OB, WORD(" " TOKEN), NULL, false },
	{ "an old opaque token", OB, WORD("Zb4x8Qm0pWfVZc2n"), NULL, false },
	{ "the same, and somebody says so", OB, WORD("Zb4x8Qm0pWfVZc2n"), "-",
	    true },
	{ "encrypted, as Auth0's are", OB, WORD("eyJhIjoxfQ..aXY.dGV4dA.dGFn"),
	    NULL, true },
	{ "a token", OB, { PERSON }, NULL, true },
};

static void
test_passwords(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(passwords); i++) {
		const struct password *row = &passwords[i];
		const struct option with[] = { { "system", "yes" },
			{ "audient_token_file",
			    row->source != NULL ? row->source : "" },
			{ NULL, NULL } };
		struct caller caller;
		bool is_ours;

		assert_int_equal(client_open(with), SASL_OK);
		caller_open(&caller, &row->knows);
		row_count(row->is_sent);
		(void)caller_start(&caller, row->mechs);
		assert_non_null(caller.mech);
		is_ours = strcmp(caller.mech, OB) == 0 ||
		    strcmp(caller.mech, X2) == 0;
		row_true(row->name, is_ours || strchr(row->mechs, ' ') != NULL);
		if (is_ours) {
			row_number(row->name, caller.rc,
			    row->is_sent ? SASL_CONTINUE : SASL_BADPARAM);
			row_true(row->name,
			    (caller.out_len > 0) == row->is_sent);
		}
		if (is_ours && !row->is_sent)
			row_has(row->name, caller_error(&caller),
			    "this looks like a password and not like a token: "
			    "name another mechanism with -Y, or for an opaque "
			    "token set AUDIENT_TOKEN_FILE=-");
		row_true(row->name, strstr(host_log(), "secret") == NULL);
		caller_close(&caller);
		sides_close();
	}
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_passwords),
	};

	return unit_end(
	    cmocka_run_group_tests(tests, wallet_open, wallet_close));
}
