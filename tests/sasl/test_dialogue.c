/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client says to the server's plug-in through libsasl2, and what host,
 * client and log get to see.  Where each of RFC 7628's rules is tested:
 *
 *	the message, section 3.1, every byte of it	test_message.c
 *	no TLS, no mechanism (section 3)		test_server.c
 *	the first message is empty, or comes later	test_first_message
 *	a lone ^A as the first message			rows, test_first_message
 *	"y", "p=", "F,", a=, pairs, duplicates, scheme	rows, test_message.c
 *	an empty token is a question (section 4.3)	test_question
 *	host and port					test_host
 *	who it is: the token; a= is a wish		test_names.c
 *	no data with success				test_success
 *	a failure is JSON, then one more message	rows, test_answers
 *	status, scope, openid-configuration (3.2.2)	rows, test_reply.c
 *	the issuer cannot be asked: no JSON		test_loading.c
 *	XOAUTH2: numbers for words, an empty answer	rows, test_answers
 *	the error text is short and the same for all	rows
 *	the host cut the message			test_cut
 *	steps in any order				test_server.c
 *	what libsasl2 would never do			test_plugin.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wallet.h"

/* before TOKEN after */
static struct span
message(struct buf *buf, struct span before, enum which token,
    const char *after)
{
	assert_int_equal(buf_add(buf, before.ptr, before.len), REASON_OK);
	assert_int_equal(buf_add_str(buf, tokens[token]), REASON_OK);
	assert_int_equal(buf_add_str(buf, after), REASON_OK);
	return buf_span(buf);
}

/* --- one message, one answer -------------------------------------------------
 */

static const struct row {
	const char *name;
	const char *service, *mech;
	struct span before;
	enum which token;
	const char *after;
	int rc;
	const char *out;   /* of SASL_CONTINUE */
	const char *error; /* that the peer may see */
	const char *log;   /* a part of the one line */
} rows[] = {
	{ "good", "imap", OB, BYTES("n,,\1auth=Bearer "), GOOD, "\1\1", SASL_OK,
	    NULL, NULL, "verdict=allow" },
	{ "good, with a name", "imap", OB, BYTES("n,a=alice,\1auth=Bearer "),
	    GOOD, "\1\1", SASL_OK, NULL, NULL, "user=alice" },
	{ "good, all of RFC 7628's keys", "imap", OB,
	    BYTES("y,a=alice,\1host=mail.example.com\1port=143\1mthd=\1path=\1"
		  "post=\1qs=\1auth=bearer  "),
	    GOOD, "\1\1", SASL_OK, NULL, NULL, "verdict=allow" },
	{ "good, XOAUTH2", "imap", X2, BYTES("user=alice\1auth=Bearer "), GOOD,
	    "\1\1", SASL_OK, NULL, NULL, "verdict=allow" },

	/* the token is at fault */
	{ "expired", "imap", OB, BYTES("n,,\1auth=Bearer "), EXPIRED, "\1\1",
	    SASL_CONTINUE, SAYS("invalid_token"), NULL, "reason=expired" },
	{ "not yet valid", "imap", OB, BYTES("n,,\1auth=Bearer "), EARLY,
	    "\1\1", SASL_CONTINUE, SAYS("invalid_token"), NULL,
	    "reason=not_yet_valid" },
	{ "another audience", "imap", OB, BYTES("n,,\1auth=Bearer "),
	    OTHER_AUDIENCE, "\1\1", SASL_CONTINUE, SAYS("invalid_token"), NULL,
	    "reason=audience_refused" },
	{ "another issuer", "imap", OB, BYTES("n,,\1auth=Bearer "),
	    OTHER_ISSUER, "\1\1", SASL_CONTINUE, SAYS("invalid_token"), NULL,
	    "reason=issuer_refused" },
	{ "no name", "imap", OB, BYTES("n,,\1auth=Bearer "), NO_NAME, "\1\1",
	    SASL_CONTINUE, SAYS("invalid_token"), NULL,
	    "reason=username_missing" },
	{ "spoiled signature", "imap", OB, BYTES("n,,\1auth=Bearer "),
	    BAD_SIGNATURE, "\1\1", SASL_CONTINUE, SAYS("invalid_token"), NULL,
	    "reason=signature_invalid" },
	{ "another key", "imap", OB, BYTES("n,,\1auth=Bearer "), OTHER_KEY,
	    "\1\1", SASL_CONTINUE, SAYS("invalid_token"), NULL,
	    "reason=signature_invalid" },
	{ "encrypted", "imap", OB, BYTES("n,,\1auth=Bearer "), ENCRYPTED,
	    "\1\1", SASL_CONTINUE, SAYS("invalid_token"), NULL,
	    "reason=token_" },
	{ "cut by the client", "imap", OB, BYTES("n,,\1auth=Bearer "),
	    TRUNCATED, "\1\1", SASL_CONTINUE, SAYS("invalid_token"), NULL,
	    "reason=token_truncated" },
	{ "bound to a key", "imap", OB, BYTES("n,,\1auth=Bearer "), CONSTRAINED,
	    "\1\1", SASL_CONTINUE, SAYS("invalid_token"), NULL,
	    "reason=sender_constrained" },
	{ "a password", "imap", OB, BYTES("n,,\1auth=Bearer hunter2"), NONE,
	    "\1\1", SASL_CONTINUE, SAYS("invalid_token"), NULL,
	    "reason=not_a_token" },
	{ "XOAUTH2 expired", "imap", X2, BYTES("user=alice\1auth=Bearer "),
	    EXPIRED, "\1\1", SASL_CONTINUE, SAYS_X2("400"), NULL,
	    "reason=expired" },
	{ "XOAUTH2 spoiled signature", "imap", X2,
	    BYTES("user=alice\1auth=Bearer "), BAD_SIGNATURE, "\1\1",
	    SASL_CONTINUE, SAYS_X2("400"), NULL, "reason=signature_invalid" },

	/* a scope or permission is missing */
	{ "scope missing", "smtp", OB, BYTES("n,,\1auth=Bearer "), GOOD, "\1\1",
	    SASL_CONTINUE, SAYS_SCOPE("insufficient_scope"), NULL,
	    "reason=scope_missing" },
	{ "permission missing", "pop", OB, BYTES("n,,\1auth=Bearer "), GOOD,
	    "\1\1", SASL_CONTINUE, SAYS("insufficient_scope"), NULL,
	    "reason=permission_missing" },
	{ "expired and without scope", "smtp", OB, BYTES("n,,\1auth=Bearer "),
	    EXPIRED, "\1\1", SASL_CONTINUE, SAYS_SCOPE("invalid_token"), NULL,
	    "reason=expired" },
	{ "XOAUTH2 scope missing", "smtp", X2,
	    BYTES("user=alice\1auth=Bearer "), GOOD, "\1\1", SASL_CONTINUE,
	    SAYS_X2_SCOPE("403"), NULL, "reason=scope_missing" },
	{ "XOAUTH2 permission missing", "pop", X2,
	    BYTES("user=alice\1auth=Bearer "), GOOD, "\1\1", SASL_CONTINUE,
	    SAYS_X2("403"), NULL, "reason=permission_missing" },

	/* good, but for somebody else */
	{ "another user", "imap", OB, BYTES("n,a=bob,\1auth=Bearer "), GOOD,
	    "\1\1", SASL_NOAUTHZ, NULL, "the token is not for that user",
	    "reason=user_mismatch" },
	{ "XOAUTH2 another user", "imap", X2, BYTES("user=bob\1auth=Bearer "),
	    GOOD, "\1\1", SASL_NOAUTHZ, NULL, "the token is not for that user",
	    "reason=user_mismatch" },
	{ "another user, expired", "imap", OB, BYTES("n,a=bob,\1auth=Bearer "),
	    EXPIRED, "\1\1", SASL_CONTINUE, SAYS("invalid_token"), NULL,
	    "reason=expired" },

	/* of the grammar, but no bearer token */
	{ "no token", "imap", OB, BYTES("n,,\1host=h\1"), NONE, "\1",
	    SASL_CONTINUE, SAYS("invalid_request"), NULL,
	    "it has no bearer token" },
	{ "another scheme", "imap", OB, BYTES("n,,\1auth=Basic YTpi"), NONE,
	    "\1\1", SASL_CONTINUE, SAYS("invalid_request"), NULL,
	    "it has no bearer token" },
	{ "scheme missing", "imap", OB, BYTES("n,,\1auth="), GOOD, "\1\1",
	    SASL_CONTINUE, SAYS("invalid_request"), NULL,
	    "it has no bearer token" },
	{ "a blank behind the token", "imap", OB, BYTES("n,,\1auth=Bearer "),
	    GOOD, " \1\1", SASL_CONTINUE, SAYS("invalid_request"), NULL,
	    "it has no bearer token" },
	{ "XOAUTH2 without token", "imap", X2, BYTES("user=alice\1"), NONE,
	    "\1", SASL_CONTINUE, SAYS_X2("400"), NULL,
	    "it has no bearer token" },

	/* not of the grammar, each with a token that would be good */
	{ "channel binding", "imap", OB, BYTES("p=x,,\1auth=Bearer "), GOOD,
	    "\1\1", SASL_BADPROT, NULL, "malformed message",
	    "it is malformed" },
	{ "nonstandard flag", "imap", OB, BYTES("F,n,,\1auth=Bearer "), GOOD,
	    "\1\1", SASL_BADPROT, NULL, "malformed message",
	    "it is malformed" },
	{ "user= in the header", "imap", OB,
	    BYTES("n,user=alice,\1auth=Bearer "), GOOD, "\1\1", SASL_BADPROT,
	    NULL, "malformed message", "it is malformed" },
	{ "empty name", "imap", OB, BYTES("n,a=,\1auth=Bearer "), GOOD, "\1\1",
	    SASL_BADPROT, NULL, "malformed message", "it is malformed" },
	{ "name with NUL", "imap", OB, BYTES("n,a=alice\0,\1auth=Bearer "),
	    GOOD, "\1\1", SASL_BADPROT, NULL, "malformed message",
	    "it is malformed" },
	{ "auth twice", "imap", OB, BYTES("n,,\1auth=Bearer x\1auth=Bearer "),
	    GOOD, "\1\1", SASL_BADPROT, NULL, "malformed message",
	    "it is malformed" },
	{ "bytes behind the end", "imap", OB, BYTES("n,,\1auth=Bearer "), GOOD,
	    "\1\1x", SASL_BADPROT, NULL, "malformed message",
	    "it is malformed" },
	{ "no end", "imap", OB, BYTES("n,,\1auth=Bearer "), GOOD, "\1",
	    SASL_BADPROT, NULL, "malformed message", "it ends too early" },
	{ "a token alone", "imap", OB, BYTES(""), GOOD, "", SASL_BADPROT, NULL,
	    "malformed message", "it is malformed" },
	{ "^A alone", "imap", OB, BYTES("\1"), NONE, "", SASL_BADPROT, NULL,
	    "malformed message", "it is malformed" },
	{ "XOAUTH2's message for OAUTHBEARER", "imap", OB,
	    BYTES("user=alice\1auth=Bearer "), GOOD, "\1\1", SASL_BADPROT, NULL,
	    "malformed message", "it is malformed" },
	{ "OAUTHBEARER's message for XOAUTH2", "imap", X2,
	    BYTES("n,a=alice,\1auth=Bearer "), GOOD, "\1\1", SASL_BADPROT, NULL,
	    "malformed message", "it is malformed" },
	{ "XOAUTH2 without user", "imap", X2, BYTES("auth=Bearer "), GOOD,
	    "\1\1", SASL_BADPROT, NULL, "malformed message",
	    "it is malformed" },
	{ "XOAUTH2 with an empty user", "imap", X2,
	    BYTES("user=\1auth=Bearer "), GOOD, "\1\1", SASL_BADPROT, NULL,
	    "malformed message", "it is malformed" },
	{ "XOAUTH2 without end", "imap", X2, BYTES("user=alice\1auth=Bearer "),
	    GOOD, "\1", SASL_BADPROT, NULL, "malformed message",
	    "it ends too early" },
};

/* Nothing that the client sent is in what it may be shown again. */
static void
check_secrets(const char *name, const struct talk *talk)
{
	for (size_t i = GOOD; i < TOKENS; i++) {
		char *piece = strndup(strchr(tokens[i], '.') + 4, 24);

		row_true(name, strstr(host_log(), piece) == NULL);
		row_true(name, strstr(talk_error(talk), piece) == NULL);
		free(piece);
	}
}

static void
check_row(const struct row *row)
{
	const struct peer peer = { .service = row->service };
	struct buf in = BUF_INIT(65536);
	struct talk talk;

	host_forget();
	talk_open(&talk, &peer);
	row_count(row->rc == SASL_OK);
	row_number(row->name,
	    talk_start(&talk, row->mech,
		message(&in, row->before, row->token, row->after)),
	    row->rc);
	row_text(row->name, talk.out != NULL ? talk.out : "",
	    row->out != NULL ? row->out : "");
	row_number(row->name, talk.out_len,
	    (int64_t)strlen(row->out != NULL ? row->out : ""));
	row_has(row->name, host_log(), row->log);
	row_number(row->name,
	    (int64_t)(host_lines(SASL_LOG_FAIL) + host_lines(SASL_LOG_ERR) +
		host_lines(SASL_LOG_WARN) + host_lines(SASL_LOG_NOTE)),
	    1);
	row_number(row->name, (int64_t)host_lines(SASL_LOG_FAIL),
	    row->rc == SASL_OK ? 0 : 1);
	if (row->error != NULL)
		row_text(row->name, talk_error(&talk), row->error);
	row_text(row->name, talk_user(&talk),
	    row->rc == SASL_OK ? "alice" : "");
	if (talk.rc == SASL_CONTINUE) {
		row_number(row->name, talk_step(&talk, SPAN("\1")),
		    SASL_BADAUTH);
		row_true(row->name, talk.out_len == 0);
		row_text(row->name, talk_error(&talk), "access token refused");
		row_number(row->name, (int64_t)host_lines(SASL_LOG_FAIL), 1);
		row_text(row->name, talk_user(&talk), "");
	}
	check_secrets(row->name, &talk);
	talk_close(&talk);
	buf_free(&in);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++)
		check_row(&rows[i]);
	rows_end();
}

/* --- the client's answer to a failure ----------------------------------------
 */

static const struct answer {
	const char *name;
	struct span bytes; /* ptr NULL: libsasl2 is given none */
} answers[] = {
	{ "^A: curl, libpq, librdkafka, mutt", BYTES("\1") },
	{ "an empty line: Thunderbird, K-9, msmtp, Roundcube", BYTES("") },
	{ "nothing", { .ptr = NULL } },
	{ "an asterisk that the host let through", BYTES("*") },
	{ "^A in base64 that the host let through", BYTES("AQ==") },
	{ "^A and more", BYTES("\1\1\1") },
	{ "NUL", BYTES("\0") },
	{ "a good message", BYTES("good") },
	{ "a question", BYTES("n,,\1auth=\1\1") },
};

static void
test_answers(void **state)
{
	static const char *const mechs[] = { OB, X2 };
	const struct peer peer = { .service = NULL };
	char *good = bearer("alice", tokens[GOOD]);

	(void)state;
	for (size_t i = 0; i < nitems(answers) * 2; i++) {
		const struct answer *answer = &answers[i / 2];
		char *bad = i % 2 == 0 ? bearer(NULL, tokens[EXPIRED])
				       : xoauth2("alice", tokens[EXPIRED]);
		struct talk talk;

		talk_open(&talk, &peer);
		row_number(answer->name,
		    talk_start(&talk, mechs[i % 2], span_of(bad)),
		    SASL_CONTINUE);
		row_count(false);
		row_number(answer->name,
		    talk_step(&talk,
			span_is(answer->bytes, "good") ? span_of(good)
						       : answer->bytes),
		    SASL_BADAUTH);
		row_true(answer->name, talk.out_len == 0);
		row_text(answer->name, talk_user(&talk), "");
		/* and no further */
		row_number(answer->name, talk_step(&talk, span_of(good)),
		    SASL_BADPROT);
		row_text(answer->name, talk_user(&talk), "");
		talk_close(&talk);
		free(bad);
	}
	free(good);
	rows_end();
}

/* --- the first message
 * --------------------------------------------------------- */

/* Without one the framework asks for it; then it has to be there. */
static void
test_first_message(void **state)
{
	static const struct first {
		const char *name;
		struct span bytes;
		int rc;
	} firsts[] = {
		{ "good", BYTES("good"), SASL_OK },
		{ "empty", BYTES(""), SASL_BADPROT },
		{ "none", { .ptr = NULL }, SASL_BADPROT },
		{ "^A", BYTES("\1"), SASL_BADPROT },
	};
	char *good = bearer(NULL, tokens[GOOD]);

	(void)state;
	for (size_t i = 0; i < nitems(firsts); i++) {
		const struct peer peer = { .service = NULL };
		const struct first *first = &firsts[i];
		struct talk talk;

		talk_open(&talk, &peer);
		row_number(first->name,
		    talk_start(&talk, OB, (struct span){ .ptr = NULL }),
		    SASL_CONTINUE);
		row_number(first->name, talk.out_len, 0);
		row_count(first->rc == SASL_OK);
		row_number(first->name,
		    talk_step(&talk,
			span_is(first->bytes, "good") ? span_of(good)
						      : first->bytes),
		    first->rc);
		talk_close(&talk);
		/* empty on the line that starts it: Cyrus IMAP's "=" */
		talk_open(&talk, &peer);
		row_number(first->name, talk_start(&talk, OB, SPAN("")),
		    SASL_BADPROT);
		row_text(first->name, talk_error(&talk), "empty message");
		talk_close(&talk);
	}
	free(good);
	rows_end();
}

/* No data goes with success: it would cost another round trip. */
static void
test_success(void **state)
{
	const struct peer peer = { .service = NULL };
	char *good = bearer(NULL, tokens[GOOD]);
	const void *ssf = NULL, *max = NULL;
	struct talk talk;

	(void)state;
	talk_open(&talk, &peer);
	assert_int_equal(talk_start(&talk, OB, span_of(good)), SASL_OK);
	assert_true(talk.out == NULL || talk.out_len == 0);
	assert_string_equal(talk_user(&talk), "alice");
	assert_string_equal(talk_authid(&talk), "alice");
	assert_int_equal(sasl_getprop(talk.conn, SASL_SSF, &ssf), SASL_OK);
	assert_int_equal(*(const sasl_ssf_t *)ssf, 0);
	assert_int_equal(sasl_getprop(talk.conn, SASL_MAXOUTBUF, &max),
	    SASL_OK);
	talk_close(&talk);
	free(good);
	row_count(true);
}

/* RFC 7628 section 4.3: no failure, and none is logged or counted. */
static void
test_question(void **state)
{
	static const struct question {
		const char *mech;
		struct span bytes;
		const char *out;
	} questions[] = {
		{ OB, BYTES("n,,\1auth=\1\1"), SAYS_SCOPE("invalid_token") },
		{ OB, BYTES("n,a=alice,\1host=h\1port=1\1auth=\1\1"),
		    SAYS_SCOPE("invalid_token") },
		{ X2, BYTES("user=alice\1auth=\1\1"), SAYS_X2_SCOPE("400") },
	};
	const struct peer peer = { .service = "smtp" };

	(void)state;
	for (size_t i = 0; i < nitems(questions); i++) {
		const struct question *q = &questions[i];
		struct talk talk;

		host_forget();
		talk_open(&talk, &peer);
		row_count(false);
		row_number(q->mech, talk_start(&talk, q->mech, q->bytes),
		    SASL_CONTINUE);
		row_text(q->mech, talk.out, q->out);
		row_number(q->mech, talk_step(&talk, SPAN("\1")), SASL_BADAUTH);
		row_text(q->mech, talk_error(&talk),
		    "no access token was sent");
		row_number(q->mech,
		    (int64_t)(host_lines(SASL_LOG_ERR) +
			host_lines(SASL_LOG_FAIL) + host_lines(SASL_LOG_WARN) +
			host_lines(SASL_LOG_NOTE)),
		    0);
		row_has(q->mech, host_log(), "it asks what is wanted");
		talk_close(&talk);
	}
	rows_end();
}

/* A client knows a server by many names; a difference is for debugging. */
static void
test_host(void **state)
{
	static const struct host {
		const char *said, *log; /* NULL: nothing */
	} hosts[] = {
		{ "mail.example.com", NULL },
		{ "MAIL.example.COM", NULL },
		{ "mx.example.net",
		    "the client calls this server mx.example.net, and not "
		    "mail.example.com" },
		{ "192.0.2.1", "the client calls this server 192.0.2.1, and" },
		/* not shown: it could be taken for something else */
		{ "x\" verdict=allow user=\"root", NULL },
		{ "x\nverdict=allow", NULL },
	};
	const struct peer peer = { .service = NULL };

	(void)state;
	for (size_t i = 0; i < nitems(hosts); i++) {
		struct talk talk;
		char *in;

		assert_true(asprintf(&in, "n,,\1host=%s\1auth=Bearer %s\1\1",
				hosts[i].said, tokens[GOOD]) > 0);
		host_forget();
		talk_open(&talk, &peer);
		row_count(true);
		row_number(hosts[i].said, talk_start(&talk, OB, span_of(in)),
		    SASL_OK);
		if (hosts[i].log != NULL)
			row_has(hosts[i].said, host_log(), hosts[i].log);
		else
			row_true(hosts[i].said,
			    strstr(host_log(), "calls") == NULL);
		talk_close(&talk);
		free(in);
	}
	rows_end();
}

/* --- a host that cut the message
 * ------------------------------------------------- */

static void
test_cut(void **state)
{
	static const size_t lengths[] = { 17, 100, 999, 1000, 1024, 1524, 1527,
		1541, 2244, 3060, 4096, 16384 };
	static const char *const services[] = { "smtp", "imap", "lmtp" };

	(void)state;
	for (size_t i = 0; i < nitems(services) * nitems(lengths); i++) {
		const size_t length = lengths[i % nitems(lengths)];
		const char *service = services[i / nitems(lengths)];
		const struct peer peer = { .service = service };
		const bool is_told =
		    strcmp(service, "smtp") == 0 && length >= 1000;
		char *in = unit_repeat('x', length), text[64];
		struct talk talk;

		memcpy(in, "n,,\1auth=Bearer ", 16);
		host_forget();
		talk_open(&talk, &peer);
		row_count(false);
		row_number(service, talk_start(&talk, OB, span_of(in)),
		    SASL_BADPROT);
		(void)snprintf(text, sizeof(text),
		    "it ends too early, after %zu bytes%s", length,
		    is_told ? ": " : "\"");
		row_has(service, host_log(), text);
		row_bool(service,
		    strstr(host_log(),
			"the host cut it; in Postfix raise "
			"line_length_limit") != NULL,
		    is_told);
		talk_close(&talk);
		free(in);
	}
	rows_end();
}

/* --- a message that is nearly good
 * ----------------------------------------------- */

static int
outcome_of(const char *mech, struct span in, bool *is_alice)
{
	const struct peer peer = { .service = NULL };
	struct talk talk;
	int rc;

	host_forget();
	talk_open(&talk, &peer);
	rc = talk_start(&talk, mech, in);
	*is_alice = strcmp(talk_user(&talk), "alice") == 0;
	talk_close(&talk);
	return rc;
}

/* Cut at each byte, by a host that does not tell. */
static void
test_lengths(void **state)
{
	char *in = bearer("alice", tokens[GOOD]);
	bool is_alice;
	size_t n;

	(void)state;
	for (n = 1; n < strlen(in); n++) {
		row_count(false);
		row_number("length",
		    outcome_of(OB, (struct span){ .ptr = in, .len = n },
			&is_alice),
		    SASL_BADPROT);
		row_true("length", !is_alice);
	}
	row_number("whole",
	    outcome_of(OB, (struct span){ .ptr = in, .len = n }, &is_alice),
	    SASL_OK);
	free(in);
	rows_end();
}

/* One bit of each byte is another; what still reads as alice's is hers. */
static void
test_bits(void **state)
{
	char *in = bearer("alice", tokens[GOOD]);
	const size_t frame = strlen("n,a=alice,\1auth=Bearer ");
	const size_t len = strlen(in);
	bool is_alice;
	int rc;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		in[i] = (char)(in[i] ^ 1);
		rc = outcome_of(OB, (struct span){ .ptr = in, .len = len },
		    &is_alice);
		row_count(false);
		/* a kid, an escape or a length may be gone: never a success */
		if (i >= frame)
			row_true("bit of the token",
			    rc == SASL_CONTINUE || rc == SASL_BADPROT);
		row_true("bit", rc != SASL_OK && !is_alice);
		in[i] = (char)(in[i] ^ 1);
	}
	free(in);
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_first_message),
		cmocka_unit_test(test_success),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_bits),
	};

	return unit_end(
	    cmocka_run_group_tests(tests, wallet_open_host, wallet_close));
}
