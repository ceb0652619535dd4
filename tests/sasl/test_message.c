/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar of RFC 7628 section 3.1 and of XOAUTH2: which bytes are what.
 */
#include "message.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define T "abc.DEF-123._~+/=="

/* What has to come out; strings may be NULL for "nothing". */
static const struct row {
	const char *name;
	struct span in;
	enum message_kind kind;
	const char *authzid, *token, *host;
} bearer_rows[] = {
	/* as clients send it */
	{ "smallest", BYTES("n,,\1auth=Bearer x\1\1"), MESSAGE_TOKEN, NULL, "x",
	    NULL },
	{ "RFC 7628 section 4.1",
	    BYTES("n,a=user@example.com,\1host=server.example.com\1port=143\1"
		  "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1"),
	    MESSAGE_TOKEN, "user@example.com",
	    "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
	    "server.example.com" },
	{ "no host", BYTES("n,a=alice,\1auth=Bearer " T "\1\1"), MESSAGE_TOKEN,
	    "alice", T, NULL },
	{ "libpq", BYTES("n,,\1auth=Bearer " T "\1\1"), MESSAGE_TOKEN, NULL, T,
	    NULL },
	{ "extensions of Kafka",
	    BYTES("n,,\1auth=Bearer " T "\1traceId=7\1tenant=a b\1\1"),
	    MESSAGE_TOKEN, NULL, T, NULL },
	{ "host behind the token",
	    BYTES("n,,\1auth=Bearer " T "\1host=h.example.com\1\1"),
	    MESSAGE_TOKEN, NULL, T, "h.example.com" },
	{ "client without channel binding", BYTES("y,,\1auth=Bearer " T "\1\1"),
	    MESSAGE_TOKEN, NULL, T, NULL },
	{ "scheme in lower case", BYTES("n,,\1auth=bearer " T "\1\1"),
	    MESSAGE_TOKEN, NULL, T, NULL },
	{ "scheme in capitals", BYTES("n,,\1auth=BEARER " T "\1\1"),
	    MESSAGE_TOKEN, NULL, T, NULL },
	{ "several blanks", BYTES("n,,\1auth=Bearer   " T "\1\1"),
	    MESSAGE_TOKEN, NULL, T, NULL },
	{ "reserved keys",
	    BYTES("n,,\1mthd=GET\1path=/\1post=\1qs=a=b\1auth=Bearer x\1\1"),
	    MESSAGE_TOKEN, NULL, "x", NULL },
	{ "unknown key", BYTES("n,,\1x=y\1auth=Bearer x\1\1"), MESSAGE_TOKEN,
	    NULL, "x", NULL },
	{ "key in capitals is another key",
	    BYTES("n,,\1Auth=Basic eA==\1auth=Bearer x\1\1"), MESSAGE_TOKEN,
	    NULL, "x", NULL },
	{ "value with tab and newline",
	    BYTES("n,,\1x=a\tb\r\n\1auth=Bearer x\1\1"), MESSAGE_TOKEN, NULL,
	    "x", NULL },
	{ "a user is XOAUTH2's", BYTES("n,,\1auth=Bearer x\1user=bob\1\1"),
	    MESSAGE_TOKEN, NULL, "x", NULL },
	{ "empty value", BYTES("n,,\1x=\1auth=Bearer x\1\1"), MESSAGE_TOKEN,
	    NULL, "x", NULL },
	{ "largest port", BYTES("n,,\1port=65535\1auth=Bearer x\1\1"),
	    MESSAGE_TOKEN, NULL, "x", NULL },
	{ "address for a host",
	    BYTES("n,,\1host=[2001:db8::1]\1auth=Bearer x\1\1"), MESSAGE_TOKEN,
	    NULL, "x", "[2001:db8::1]" },
	{ "host that is no name", BYTES("n,,\1host=a\"b\1auth=Bearer x\1\1"),
	    MESSAGE_TOKEN, NULL, "x", NULL },
	{ "empty host", BYTES("n,,\1host=\1auth=Bearer x\1\1"), MESSAGE_TOKEN,
	    NULL, "x", NULL },
	{ "comma and equals sign in the name",
	    BYTES("n,a=a=2Cb=3Dc,\1auth=Bearer x\1\1"), MESSAGE_TOKEN, "a,b=c",
	    "x", NULL },
	{ "the same in lower case", BYTES("n,a=a=2cb=3dc,\1auth=Bearer x\1\1"),
	    MESSAGE_TOKEN, "a,b=c", "x", NULL },
	{ "UTF-8 in the name", BYTES("n,a=\xc3\xa4,\1auth=Bearer x\1\1"),
	    MESSAGE_TOKEN, "\xc3\xa4", "x", NULL },
	{ "blank in the name", BYTES("n,a=a b,\1auth=Bearer x\1\1"),
	    MESSAGE_TOKEN, "a b", "x", NULL },

	/* the client asks, or answers */
	{ "discovery", BYTES("n,,\1auth=\1\1"), MESSAGE_QUERY, NULL, NULL,
	    NULL },
	{ "discovery for a user", BYTES("n,a=alice,\1auth=\1\1"), MESSAGE_QUERY,
	    NULL, NULL, NULL },
	{ "answer to a failure", BYTES("\1"), MESSAGE_ACK, NULL, NULL, NULL },

	/* of the grammar, but no bearer token */
	{ "no pairs", BYTES("n,,\1\1"), MESSAGE_INVALID, NULL, NULL, NULL },
	{ "no auth", BYTES("n,,\1host=h\1\1"), MESSAGE_INVALID, NULL, NULL,
	    NULL },
	{ "another scheme", BYTES("n,,\1auth=Basic YTpi\1\1"), MESSAGE_INVALID,
	    NULL, NULL, NULL },
	{ "MAC", BYTES("n,,\1auth=MAC token=\"h\",kid=\"1\"\1\1"),
	    MESSAGE_INVALID, NULL, NULL, NULL },
	{ "DPoP", BYTES("n,,\1auth=DPoP x\1\1"), MESSAGE_INVALID, NULL, NULL,
	    NULL },
	{ "scheme alone", BYTES("n,,\1auth=Bearer\1\1"), MESSAGE_INVALID, NULL,
	    NULL, NULL },
	{ "scheme and a blank", BYTES("n,,\1auth=Bearer \1\1"), MESSAGE_INVALID,
	    NULL, NULL, NULL },
	{ "token alone", BYTES("n,,\1auth=" T "\1\1"), MESSAGE_INVALID, NULL,
	    NULL, NULL },
	{ "longer scheme", BYTES("n,,\1auth=Bearers x\1\1"), MESSAGE_INVALID,
	    NULL, NULL, NULL },
	{ "shorter scheme", BYTES("n,,\1auth=Beare x\1\1"), MESSAGE_INVALID,
	    NULL, NULL, NULL },
	{ "tab behind the scheme", BYTES("n,,\1auth=Bearer\tx\1\1"),
	    MESSAGE_INVALID, NULL, NULL, NULL },
	{ "blank before the scheme", BYTES("n,,\1auth= Bearer x\1\1"),
	    MESSAGE_INVALID, NULL, NULL, NULL },
	{ "blank behind the token", BYTES("n,,\1auth=Bearer x \1\1"),
	    MESSAGE_INVALID, NULL, NULL, NULL },
	{ "newline behind the token", BYTES("n,,\1auth=Bearer x\n\1\1"),
	    MESSAGE_INVALID, NULL, NULL, NULL },
	{ "two tokens", BYTES("n,,\1auth=Bearer x y\1\1"), MESSAGE_INVALID,
	    NULL, NULL, NULL },
	{ "list of tokens", BYTES("n,,\1auth=Bearer x,Bearer y\1\1"),
	    MESSAGE_INVALID, NULL, NULL, NULL },
	{ "token in quotes", BYTES("n,,\1auth=Bearer \"x\"\1\1"),
	    MESSAGE_INVALID, NULL, NULL, NULL },
	{ "padding alone", BYTES("n,,\1auth=Bearer ==\1\1"), MESSAGE_INVALID,
	    NULL, NULL, NULL },
	{ "padding within", BYTES("n,,\1auth=Bearer a=b\1\1"), MESSAGE_INVALID,
	    NULL, NULL, NULL },
	{ "percent", BYTES("n,,\1auth=Bearer a%2Eb\1\1"), MESSAGE_INVALID, NULL,
	    NULL, NULL },

	/* the end is missing */
	{ "no closing ^A", BYTES("n,,\1auth=Bearer x\1"), MESSAGE_CUT, NULL,
	    NULL, NULL },
	{ "no ^A^A", BYTES("n,,\1auth=Bearer x"), MESSAGE_CUT, NULL, NULL,
	    NULL },
	{ "cut in a key", BYTES("n,,\1host=h\1au"), MESSAGE_CUT, NULL, NULL,
	    NULL },
	{ "cut in the scheme", BYTES("n,,\1auth=Bea"), MESSAGE_CUT, NULL, NULL,
	    NULL },
	{ "cut behind the header", BYTES("n,a=alice,"), MESSAGE_CUT, NULL, NULL,
	    NULL },
	{ "cut behind the first ^A", BYTES("n,,\1"), MESSAGE_CUT, NULL, NULL,
	    NULL },

	/* not of the grammar: the header */
	{ "nothing", BYTES(""), MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "a JWT alone", BYTES("eyJhbGciOiJSUzI1NiJ9.e30.AAAA"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "channel binding", BYTES("p=tls-exporter,,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "channel binding without a name", BYTES("p,,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "nonstandard flag", BYTES("F,n,,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "flag in capitals", BYTES("N,,\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "no flag", BYTES(",,\1auth=Bearer x\1\1"), MESSAGE_GARBAGE, NULL,
	    NULL, NULL },
	{ "longer flag", BYTES("nn,,\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "no header", BYTES("\1auth=Bearer x\1\1"), MESSAGE_GARBAGE, NULL,
	    NULL, NULL },
	{ "one comma", BYTES("n,\1auth=Bearer x\1\1"), MESSAGE_GARBAGE, NULL,
	    NULL, NULL },
	{ "three commas", BYTES("n,,,\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "blank before", BYTES(" n,,\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "blank behind the header", BYTES("n,, \1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "RFC 7628 section 4.4's user=",
	    BYTES("n,user=someuser@example.com,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "a= in capitals", BYTES("n,A=alice,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "name without a=", BYTES("n,alice,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "empty name", BYTES("n,a=,\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "bare equals sign", BYTES("n,a=a=b,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "another escape", BYTES("n,a=a=41,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "half an escape", BYTES("n,a=a=2,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "equals sign at the end", BYTES("n,a=a=,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "bare comma", BYTES("n,a=a,b,\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "name with NUL", BYTES("n,a=alice\0root,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "name with a newline", BYTES("n,a=alice\n,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "name with ^A", BYTES("n,a=al\1ice,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "name with DEL", BYTES("n,a=\x7f,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "name in Latin-1", BYTES("n,a=\xe4,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "name overlong", BYTES("n,a=\xc0\xaf,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "name with a surrogate",
	    BYTES("n,a=\xed\xa0\x80,\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },

	/* not of the grammar: the pairs */
	{ "NUL at the end", BYTES("n,,\1auth=Bearer x\1\1\0"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "NUL in the token", BYTES("n,,\1auth=Bearer x\0y\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "a byte behind the end", BYTES("n,,\1auth=Bearer x\1\1z"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "newline behind the end", BYTES("n,,\1auth=Bearer x\1\1\n"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "three ^A", BYTES("n,,\1auth=Bearer x\1\1\1"), MESSAGE_GARBAGE, NULL,
	    NULL, NULL },
	{ "a second message",
	    BYTES("n,,\1auth=Bearer x\1\1n,,\1auth=Bearer y\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "auth twice", BYTES("n,,\1auth=Bearer x\1auth=Bearer y\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "auth twice, empty first", BYTES("n,,\1auth=\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "host twice", BYTES("n,,\1host=a\1host=b\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "unknown key twice", BYTES("n,,\1x=a\1x=a\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "pair without =", BYTES("n,,\1auth Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "empty key", BYTES("n,,\1=x\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "digit in a key", BYTES("n,,\1auth2=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "blank in a key", BYTES("n,,\1auth =Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "control character", BYTES("n,,\1x=\2\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "eight bits", BYTES("n,,\1auth=Bearer \xc3\xa4\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "escape character", BYTES("n,,\1host=\x1b[31m\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "port 0", BYTES("n,,\1port=0\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "port with a zero before", BYTES("n,,\1port=0143\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "port too large", BYTES("n,,\1port=65536\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "port of six digits", BYTES("n,,\1port=100000\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "port with a sign", BYTES("n,,\1port=-1\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "port in words", BYTES("n,,\1port=imap\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "empty port", BYTES("n,,\1port=\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "port with a blank", BYTES("n,,\1port=143 \1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "XOAUTH2's message", BYTES("user=alice\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "PLAIN's message", BYTES("\0alice\0secret"), MESSAGE_GARBAGE, NULL,
	    NULL, NULL },
	{ "SCRAM's message", BYTES("n,,n=alice,r=fyko"), MESSAGE_GARBAGE, NULL,
	    NULL, NULL },
	{ "not decoded", BYTES("biwsAWF1dGg9QmVhcmVyIHgBAQ=="), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
};

static const struct row xoauth2_rows[] = {
	{ "as Gmail's clients send it",
	    BYTES("user=alice@example.com\1auth=Bearer " T "\1\1"),
	    MESSAGE_TOKEN, "alice@example.com", T, NULL },
	{ "no escapes", BYTES("user=a=2Cb,c\1auth=Bearer x\1\1"), MESSAGE_TOKEN,
	    "a=2Cb,c", "x", NULL },
	{ "scheme in lower case", BYTES("user=alice\1auth=bearer x\1\1"),
	    MESSAGE_TOKEN, "alice", "x", NULL },
	{ "another pair", BYTES("user=alice\1auth=Bearer x\1vendor=y\1\1"),
	    MESSAGE_TOKEN, "alice", "x", NULL },
	{ "another pair between",
	    BYTES("user=alice\1vendor=y\1auth=Bearer x\1\1"), MESSAGE_TOKEN,
	    "alice", "x", NULL },
	{ "user in capitals is another key",
	    BYTES("user=alice\1auth=Bearer x\1USER=bob\1\1"), MESSAGE_TOKEN,
	    "alice", "x", NULL },
	{ "empty auth", BYTES("user=alice\1auth=\1\1"), MESSAGE_QUERY, NULL,
	    NULL, NULL },
	{ "no auth", BYTES("user=alice\1\1"), MESSAGE_INVALID, NULL, NULL,
	    NULL },
	{ "another scheme", BYTES("user=alice\1auth=Basic x\1\1"),
	    MESSAGE_INVALID, NULL, NULL, NULL },
	{ "no closing ^A", BYTES("user=alice\1auth=Bearer x\1"), MESSAGE_CUT,
	    NULL, NULL, NULL },
	{ "user alone", BYTES("user=alice"), MESSAGE_CUT, NULL, NULL, NULL },
	{ "nothing", BYTES(""), MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "a lone ^A", BYTES("\1"), MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "empty user", BYTES("user=\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "no user", BYTES("auth=Bearer x\1\1"), MESSAGE_GARBAGE, NULL, NULL,
	    NULL },
	{ "user last", BYTES("auth=Bearer x\1user=alice\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "user twice", BYTES("user=alice\1user=bob\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "the same user twice",
	    BYTES("user=alice\1user=alice\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "user behind the token, too",
	    BYTES("user=alice\1auth=Bearer x\1user=bob\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "empty user behind the token",
	    BYTES("user=alice\1auth=Bearer x\1user=\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "another pair twice",
	    BYTES("user=alice\1auth=Bearer x\1vendor=y\1vendor=y\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "another pair before the user",
	    BYTES("vendor=y\1user=alice\1auth=Bearer x\1\1"), MESSAGE_GARBAGE,
	    NULL, NULL, NULL },
	{ "User in capitals", BYTES("USER=alice\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "user with NUL", BYTES("user=alice\0root\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "user with a newline", BYTES("user=alice\n\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "user in Latin-1", BYTES("user=\xe4\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "auth twice", BYTES("user=a\1auth=Bearer x\1auth=Bearer y\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "a byte behind the end", BYTES("user=a\1auth=Bearer x\1\1z"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
	{ "OAUTHBEARER's message", BYTES("n,a=alice,\1auth=Bearer x\1\1"),
	    MESSAGE_GARBAGE, NULL, NULL, NULL },
};

static void
look(const char *name, struct span got, const char *want)
{
	row_true(name, want != NULL ? span_is(got, want) : got.ptr == NULL);
}

static void
check(enum dialect dialect, const struct row *row)
{
	const struct span in = unit_exact(row->in);
	struct message m;

	message_parse(dialect, in, &m);
	row_count(row->kind == MESSAGE_TOKEN);
	row_number(row->name, m.kind, row->kind);
	row_text(row->name, m.authzid,
	    row->authzid != NULL ? row->authzid : "");
	row_true(row->name, m.has_authzid == (row->authzid != NULL));
	look(row->name, m.token, row->token);
	look(row->name, m.host, row->host);
	unit_free(in);
}

static void
test_oauthbearer(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(bearer_rows); i++)
		check(DIALECT_OAUTHBEARER, &bearer_rows[i]);
	rows_end();
}

static void
test_xoauth2(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(xoauth2_rows); i++)
		check(DIALECT_XOAUTH2, &xoauth2_rows[i]);
	rows_end();
}

/* Each shorter message is cut or garbage, and never a token. */
static void
test_every_length(void **state)
{
	static const char good[] = "n,a=alice,\1host=h\1port=143\1auth=Bearer "
				   "abc\1\1";
	struct message m;

	(void)state;
	for (size_t n = 0; n < sizeof(good) - 1; n++) {
		const struct span in =
		    unit_exact((struct span){ .ptr = good, .len = n });

		message_parse(DIALECT_OAUTHBEARER, in, &m);
		row_count(false);
		row_true(good,
		    m.kind == MESSAGE_CUT || n < strlen("n,a=alice,"));
		row_true(good,
		    m.kind == MESSAGE_CUT || m.kind == MESSAGE_GARBAGE);
		row_true(good, m.token.ptr == NULL);
		unit_free(in);
	}
	rows_end();
}

/* A message of n bytes, all of it but the frame token. */
static char *
long_message(size_t n)
{
	static const char head[] = "n,,\1auth=Bearer ";
	char *s = unit_repeat('x', n);

	memcpy(s, head, sizeof(head) - 1);
	s[n - 2] = s[n - 1] = '\1';
	return s;
}

static void
test_limits(void **state)
{
	struct message m;
	char *s;

	(void)state;
	for (size_t n = MESSAGE_MAX; n <= MESSAGE_MAX + 1; n++) {
		s = long_message(n);
		message_parse(DIALECT_OAUTHBEARER,
		    (struct span){ .ptr = s, .len = n }, &m);
		row_count(n == MESSAGE_MAX);
		row_number("length", m.kind,
		    n == MESSAGE_MAX ? MESSAGE_TOKEN : MESSAGE_GARBAGE);
		free(s);
	}
	for (size_t n = AUTHZID_MAX; n <= AUTHZID_MAX + 1; n++) {
		struct buf in = BUF_INIT(1024);

		s = unit_repeat('a', n);
		assert_int_equal(buf_printf(&in, "n,a=%s,\1auth=Bearer x\1\1",
				     s),
		    REASON_OK);
		message_parse(DIALECT_OAUTHBEARER, buf_span(&in), &m);
		row_count(n == AUTHZID_MAX);
		row_number("name", m.kind,
		    n == AUTHZID_MAX ? MESSAGE_TOKEN : MESSAGE_GARBAGE);
		buf_free(&in);
		free(s);
	}
	rows_end();
}

/* Sixty-four keys are enough for everybody; a user counts as one. */
static void
test_keys(void **state)
{
	(void)state;
	for (size_t n = 124; n <= 129; n++) {
		const enum dialect dialect = (enum dialect)(n % 2);
		const size_t others = n / 2;
		const bool is_good =
		    others + 1 + (dialect == DIALECT_XOAUTH2) <= 64;
		struct buf in = BUF_INIT(1024);
		struct message m;

		assert_int_equal(buf_add_str(&in,
				     dialect == DIALECT_XOAUTH2 ? "user=a\1"
								: "n,,\1"),
		    REASON_OK);
		for (size_t i = 0; i < others; i++)
			assert_int_equal(buf_printf(&in, "%c%c=v\1",
					     (int)('a' + i / 26),
					     (int)('a' + i % 26)),
			    REASON_OK);
		assert_int_equal(buf_add_str(&in, "auth=Bearer x\1\1"),
		    REASON_OK);
		message_parse(dialect, buf_span(&in), &m);
		row_count(is_good);
		row_number("keys", m.kind,
		    is_good ? MESSAGE_TOKEN : MESSAGE_GARBAGE);
		buf_free(&in);
	}
	rows_end();
}

static bool has_host; /* of the last one */

static bool
is_taken(const char *before, int c, const char *behind)
{
	struct buf in = BUF_INIT(1024);
	struct message m;

	assert_int_equal(buf_printf(&in, "%s%c%s", before, c, behind),
	    REASON_OK);
	message_parse(DIALECT_OAUTHBEARER, buf_span(&in), &m);
	/* a host that is no name is left out */
	has_host = m.kind == MESSAGE_TOKEN && m.host.len > 0;
	buf_free(&in);
	return m.kind == MESSAGE_TOKEN;
}

/* Every byte in a key, a host and a name. */
static void
test_bytes(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		const bool is_letter =
		    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		const bool is_digit = c >= '0' && c <= '9';

		row_bool("key", is_taken("n,,\1", c, "=v\1auth=Bearer x\1\1"),
		    is_letter);
		(void)is_taken("n,,\1host=", c, "\1auth=Bearer x\1\1");
		row_bool("host", has_host,
		    is_letter || is_digit || strchr("-.:[]", c) != NULL);
		row_bool("name", is_taken("n,a=", c, ",\1auth=Bearer x\1\1"),
		    c >= ' ' && c < 0x7f && c != ',' && c != '=');
	}
	rows_end();
}

/* Names and hosts as long as they may be, and one letter longer. */
static void
test_longest(void **state)
{
	(void)state;
	for (size_t len = 254; len <= 257; len++) {
		char *text = unit_repeat('a', len);
		struct buf in = BUF_INIT(1024);
		struct message m;

		assert_int_equal(buf_printf(&in, "n,a=%s,\1auth=Bearer x\1\1",
				     text),
		    REASON_OK);
		message_parse(DIALECT_OAUTHBEARER, buf_span(&in), &m);
		row_bool("name", m.kind == MESSAGE_TOKEN, len <= 255);
		buf_clear(&in);
		assert_int_equal(buf_printf(&in,
				     "n,,\1host=%s\1auth=Bearer x\1\1", text),
		    REASON_OK);
		message_parse(DIALECT_OAUTHBEARER, buf_span(&in), &m);
		row_bool("host", m.host.len > 0, len <= 255);
		buf_free(&in);
		free(text);
	}
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oauthbearer),
		cmocka_unit_test(test_xoauth2),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_longest),
	};

	return unit_end(cmocka_run_group_tests(tests, NULL, NULL));
}
