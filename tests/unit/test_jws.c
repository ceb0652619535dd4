/* SPDX-License-Identifier: BSD-2-Clause */
#include "jws.h"

#include <stdlib.h>
#include <string.h>

#include "jwk.h"
#include "mint.h"
#include "unit.h"

#define RS256 ALG_BIT(ALG_RS256)
#define ALL   (ALG_BIT(ALG_COUNT) - 1)

#define GOOD "\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\""

/* The header is what stands there, to the byte. */
static const struct row {
	const char *name;
	struct span header;
	enum reason want;
	const char *check; /* that failed; NULL: none */
} rows[] = {
	{ "good", BYTES("{" GOOD "}"), REASON_OK, NULL },
	{ "no typ", BYTES("{\"alg\":\"RS256\",\"kid\":\"a\"}"), REASON_OK,
	    NULL },
	{ "no kid", BYTES("{\"alg\":\"RS256\"}"), REASON_OK, NULL },
	{ "RFC 9068", BYTES("{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}"),
	    REASON_OK, NULL },
	{ "RFC 9068, in full",
	    BYTES("{\"alg\":\"RS256\",\"typ\":\"application/at+JWT\"}"),
	    REASON_OK, NULL },
	{ "typ in small letters", BYTES("{\"alg\":\"RS256\",\"typ\":\"jwt\"}"),
	    REASON_OK, NULL },
	{ "thumbprint and strangers",
	    BYTES("{" GOOD ",\"x5t\":\"a\",\"x\":[1]}"), REASON_OK, NULL },

	/* not a header */
	{ "empty object", BYTES("{}"), REASON_ALGORITHM_REFUSED, "algorithm" },
	{ "a list", BYTES("[]"), REASON_TOKEN_MALFORMED, "header" },
	{ "a string", BYTES("\"RS256\""), REASON_TOKEN_MALFORMED, "header" },
	{ "text", BYTES("foo"), REASON_TOKEN_MALFORMED, "header" },
	{ "byte order mark", BYTES("\xef\xbb\xbf{" GOOD "}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "something behind", BYTES("{" GOOD "}x"), REASON_TOKEN_MALFORMED,
	    "header" },
	{ "NUL behind", BYTES("{" GOOD "}\0"), REASON_TOKEN_MALFORMED,
	    "header" },
	{ "alg twice", BYTES("{" GOOD ",\"alg\":\"RS256\"}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "alg twice, once escaped", BYTES("{\"\\u0061lg\":\"none\"," GOOD "}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "kid twice", BYTES("{" GOOD ",\"kid\":\"k2\"}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "not UTF-8", BYTES("{" GOOD ",\"a\":\"\xff\"}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "UTF-16", BYTES("{\0\"\0"), REASON_TOKEN_MALFORMED, "header" },

	/* the algorithm */
	{ "alg missing", BYTES("{\"typ\":\"JWT\"}"), REASON_ALGORITHM_REFUSED,
	    "algorithm" },
	{ "alg none", BYTES("{\"alg\":\"none\"}"), REASON_ALGORITHM_REFUSED,
	    "algorithm" },
	{ "alg None", BYTES("{\"alg\":\"None\"}"), REASON_ALGORITHM_REFUSED,
	    "algorithm" },
	{ "alg NONE", BYTES("{\"alg\":\"NONE\"}"), REASON_ALGORITHM_REFUSED,
	    "algorithm" },
	{ "alg nOnE", BYTES("{\"alg\":\"nOnE\"}"), REASON_ALGORITHM_REFUSED,
	    "algorithm" },
	{ "alg none, escaped", BYTES("{\"alg\":\"\\u006eone\"}"),
	    REASON_ALGORITHM_REFUSED, "algorithm" },
	{ "alg empty", BYTES("{\"alg\":\"\"}"), REASON_ALGORITHM_REFUSED,
	    "algorithm" },
	{ "alg HS256", BYTES("{\"alg\":\"HS256\"}"), REASON_ALGORITHM_REFUSED,
	    "algorithm" },
	{ "alg HS512", BYTES("{\"alg\":\"HS512\"}"), REASON_ALGORITHM_REFUSED,
	    "algorithm" },
	{ "alg in small letters", BYTES("{\"alg\":\"rs256\"}"),
	    REASON_ALGORITHM_REFUSED, "algorithm" },
	{ "alg with a blank", BYTES("{\"alg\":\"RS256 \"}"),
	    REASON_ALGORITHM_REFUSED, "algorithm" },
	{ "alg with a newline", BYTES("{\"alg\":\"RS256\\n\"}"),
	    REASON_ALGORITHM_REFUSED, "algorithm" },
	{ "alg with a NUL", BYTES("{\"alg\":\"RS256\\u0000\"}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "alg not allowed", BYTES("{\"alg\":\"RS384\"}"),
	    REASON_ALGORITHM_REFUSED, "algorithm" },
	{ "alg of another family", BYTES("{\"alg\":\"ES256\"}"),
	    REASON_ALGORITHM_REFUSED, "algorithm" },
	{ "alg PSS for PKCS 1", BYTES("{\"alg\":\"PS256\"}"),
	    REASON_ALGORITHM_REFUSED, "algorithm" },
	{ "alg EdDSA", BYTES("{\"alg\":\"EdDSA\"}"), REASON_ALGORITHM_REFUSED,
	    "algorithm" },
	{ "alg of a JWE", BYTES("{\"alg\":\"dir\"}"), REASON_ALGORITHM_REFUSED,
	    "algorithm" },
	{ "alg null", BYTES("{\"alg\":null}"), REASON_TOKEN_MALFORMED,
	    "algorithm" },
	{ "alg number", BYTES("{\"alg\":256}"), REASON_TOKEN_MALFORMED,
	    "algorithm" },
	{ "alg true", BYTES("{\"alg\":true}"), REASON_TOKEN_MALFORMED,
	    "algorithm" },
	{ "alg list", BYTES("{\"alg\":[\"RS256\"]}"), REASON_TOKEN_MALFORMED,
	    "algorithm" },
	{ "alg object", BYTES("{\"alg\":{\"RS256\":1}}"),
	    REASON_TOKEN_MALFORMED, "algorithm" },
	{ "alg of another case", BYTES("{\"Alg\":\"RS256\"}"),
	    REASON_ALGORITHM_REFUSED, "algorithm" },

	/* extensions, and keys of the forger's own */
	{ "crit", BYTES("{" GOOD ",\"crit\":[\"exp\"],\"exp\":1}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "crit unknown", BYTES("{" GOOD ",\"crit\":[\"x\"],\"x\":1}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "crit empty", BYTES("{" GOOD ",\"crit\":[]}"), REASON_TOKEN_MALFORMED,
	    "header" },
	{ "crit null", BYTES("{" GOOD ",\"crit\":null}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "crit string", BYTES("{" GOOD ",\"crit\":\"alg\"}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "crit number", BYTES("{" GOOD ",\"crit\":0}"), REASON_TOKEN_MALFORMED,
	    "header" },
	{ "crit of the known", BYTES("{" GOOD ",\"crit\":[\"alg\"]}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "crit twice the same", BYTES("{" GOOD ",\"crit\":[\"b64\",\"b64\"]}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "crit object", BYTES("{" GOOD ",\"crit\":{}}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "b64 false", BYTES("{" GOOD ",\"b64\":false}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "b64 true", BYTES("{" GOOD ",\"b64\":true}"), REASON_TOKEN_MALFORMED,
	    "header" },
	{ "b64 and crit", BYTES("{" GOOD ",\"b64\":false,\"crit\":[\"b64\"]}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "zip", BYTES("{" GOOD ",\"zip\":\"DEF\"}"), REASON_TOKEN_MALFORMED,
	    "header" },
	{ "enc", BYTES("{" GOOD ",\"enc\":\"A256GCM\"}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "jwk", BYTES("{" GOOD ",\"jwk\":{\"kty\":\"RSA\"}}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "jwk null", BYTES("{" GOOD ",\"jwk\":null}"), REASON_TOKEN_MALFORMED,
	    "header" },
	{ "jku", BYTES("{" GOOD ",\"jku\":\"https://evil/\"}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "x5u", BYTES("{" GOOD ",\"x5u\":\"https://evil/\"}"),
	    REASON_TOKEN_MALFORMED, "header" },
	{ "x5c", BYTES("{" GOOD ",\"x5c\":[\"MII\"]}"), REASON_TOKEN_MALFORMED,
	    "header" },

	/* the type */
	{ "typ of a logout token",
	    BYTES("{\"alg\":\"RS256\",\"typ\":\"logout+jwt\"}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "typ of a proof", BYTES("{\"alg\":\"RS256\",\"typ\":\"dpop+jwt\"}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "typ of an event",
	    BYTES("{\"alg\":\"RS256\",\"typ\":\"secevent+jwt\"}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "typ of an introspection",
	    BYTES("{\"alg\":\"RS256\",\"typ\":\"token-introspection+jwt\"}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "typ of a request",
	    BYTES("{\"alg\":\"RS256\",\"typ\":\"oauth-authz-req+jwt\"}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "typ JOSE", BYTES("{\"alg\":\"RS256\",\"typ\":\"JOSE\"}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "typ JWE", BYTES("{\"alg\":\"RS256\",\"typ\":\"JWE\"}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "typ empty", BYTES("{\"alg\":\"RS256\",\"typ\":\"\"}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "typ with a blank", BYTES("{\"alg\":\"RS256\",\"typ\":\"JWT \"}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "typ longer", BYTES("{\"alg\":\"RS256\",\"typ\":\"at+jwt2\"}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "typ null", BYTES("{\"alg\":\"RS256\",\"typ\":null}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "typ number", BYTES("{\"alg\":\"RS256\",\"typ\":1}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "typ list", BYTES("{\"alg\":\"RS256\",\"typ\":[\"JWT\"]}"),
	    REASON_TYPE_REFUSED, "type" },
	{ "nested", BYTES("{" GOOD ",\"cty\":\"JWT\"}"), REASON_TYPE_REFUSED,
	    "type" },
	{ "cty at all", BYTES("{" GOOD ",\"cty\":null}"), REASON_TYPE_REFUSED,
	    "type" },

	/* the name of the key */
	{ "kid null", BYTES("{\"alg\":\"RS256\",\"kid\":null}"),
	    REASON_TOKEN_MALFORMED, "key" },
	{ "kid number", BYTES("{\"alg\":\"RS256\",\"kid\":1}"),
	    REASON_TOKEN_MALFORMED, "key" },
	{ "kid true", BYTES("{\"alg\":\"RS256\",\"kid\":true}"),
	    REASON_TOKEN_MALFORMED, "key" },
	{ "kid list", BYTES("{\"alg\":\"RS256\",\"kid\":[\"k1\"]}"),
	    REASON_TOKEN_MALFORMED, "key" },
	{ "kid object", BYTES("{\"alg\":\"RS256\",\"kid\":{}}"),
	    REASON_TOKEN_MALFORMED, "key" },
	{ "kid empty", BYTES("{\"alg\":\"RS256\",\"kid\":\"\"}"),
	    REASON_TOKEN_MALFORMED, "key" },
	{ "kid with a NUL", BYTES("{\"alg\":\"RS256\",\"kid\":\"k1\\u0000\"}"),
	    REASON_TOKEN_MALFORMED, "header" },
};

/* base64url of the header, in a token that has nothing else of interest */
static enum reason
read_header(struct span json, alg_set allowed, struct jws_header *header,
    struct trace *trace)
{
	char *s = mint_b64url(json.ptr, json.len);
	struct token token = { .header = span_of(s) };
	enum reason reason;

	memset(header, 0xff, sizeof(*header));
	trace_init(trace);
	reason = jws_read_header(&token, allowed, header, trace);
	free(s);
	return reason;
}

static void
test_rows(void **state)
{
	struct jws_header header;
	struct trace trace;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const char *check = rows[i].check;

		row_reason(rows[i].name,
		    read_header(rows[i].header, RS256, &header, &trace),
		    rows[i].want);
		if (check == NULL)
			row_true(rows[i].name, trace.failed == NULL);
		else
			row_text(rows[i].name,
			    trace.failed != NULL ? trace.failed : "", check);
	}
	rows_end();
}

static void
test_values(void **state)
{
	struct jws_header header;
	struct trace trace;

	(void)state;
	assert_int_equal(read_header(SPAN("{" GOOD "}"), RS256, &header,
			     &trace),
	    REASON_OK);
	assert_int_equal(header.alg, ALG_RS256);
	assert_true(span_is(header.kid, "k1"));
	assert_false(header.is_at_jwt);
	assert_int_equal(read_header(SPAN("{\"alg\":\"ES384\",\"typ\":\"AT+"
					  "JWT\"}"),
			     ALL, &header, &trace),
	    REASON_OK);
	assert_int_equal(header.alg, ALG_ES384);
	assert_int_equal(header.kid.len, 0);
	assert_true(header.is_at_jwt);
	assert_false(header.is_jwe);
	assert_int_equal(read_header(SPAN("{\"alg\":\"dir\",\"enc\":\"x\","
					  "\"kid\":\"k\"}"),
			     ALL, &header, &trace),
	    REASON_TOKEN_MALFORMED);
	assert_true(header.is_jwe);
	assert_int_equal(header.kid.len, 0);
	assert_int_equal(read_header(SPAN("foo"), ALL, &header, &trace),
	    REASON_TOKEN_MALFORMED);
	assert_false(header.is_jwe);
	assert_false(header.is_at_jwt);
	assert_int_equal(header.kid.len, 0);
}

/* Every algorithm is refused unless it is in the list, and only then. */
static void
test_allowed(void **state)
{
	struct jws_header header;
	struct trace trace;

	(void)state;
	for (int a = 0; a < ALG_COUNT; a++)
		for (int b = 0; b < ALG_COUNT; b++) {
			struct buf text = BUF_INIT(64);

			assert_int_equal(buf_printf(&text, "{\"alg\":\"%s\"}",
					     alg_name((enum alg)a)),
			    REASON_OK);
			row_reason(alg_name((enum alg)a),
			    read_header(buf_span(&text), ALG_BIT(b), &header,
				&trace),
			    a == b ? REASON_OK : REASON_ALGORITHM_REFUSED);
			row_reason(alg_name((enum alg)a),
			    read_header(buf_span(&text), 0, &header, &trace),
			    REASON_ALGORITHM_REFUSED);
			buf_free(&text);
		}
	rows_end();
}

static void
hear(void *arg, const char *check, enum reason reason, const char *found,
    const char *wanted)
{
	(void)reason;
	(void)found;
	if (strcmp(check, "algorithm") == 0)
		text_printf(arg, "%s", wanted);
}

/* What would be allowed is told when it fails, and to who listens. */
static void
test_wanted(void **state)
{
	const alg_set two = ALG_BIT(ALG_RS256) | ALG_BIT(ALG_ES384);
	struct token t = { .kind = TOKEN_JWS };
	char *good = mint_b64url("{\"alg\":\"RS256\"}", 15);
	struct jws_header header;
	struct trace trace;
	struct text heard;

	(void)state;
	row_reason("wanted",
	    read_header(SPAN("{\"alg\":\"none\"}"), two, &header, &trace),
	    REASON_ALGORITHM_REFUSED);
	row_text("wanted", trace.wanted.s, "RS256 ES384");
	trace_init(&trace);
	text_clear(&heard);
	trace.step = hear;
	trace.arg = &heard;
	t.header = span_of(good);
	row_reason("heard", jws_read_header(&t, two, &header, &trace),
	    REASON_OK);
	row_text("heard", heard.s, "RS256 ES384");
	free(good);
	rows_end();
}

static void
test_sizes(void **state)
{
	static const struct {
		const char *name;
		size_t kid;
		enum reason want;
	} sizes[] = {
		{ "longest kid", KID_MAX, REASON_OK },
		{ "kid too long", KID_MAX + 1, REASON_TOKEN_MALFORMED },
		{ "header too long", JWS_HEADER_MAX, REASON_TOKEN_MALFORMED },
		{ "header far too long", 100000, REASON_TOKEN_MALFORMED },
	};
	struct jws_header header;
	struct trace trace;

	(void)state;
	for (size_t i = 0; i < nitems(sizes); i++) {
		struct buf text = BUF_INIT(200000);
		char *kid = unit_repeat('k', sizes[i].kid);

		assert_int_equal(buf_printf(&text,
				     "{\"alg\":\"RS256\",\"kid\":\"%s\"}", kid),
		    REASON_OK);
		row_reason(sizes[i].name,
		    read_header(buf_span(&text), RS256, &header, &trace),
		    sizes[i].want);
		buf_free(&text);
		free(kid);
	}
	rows_end();
}

/* The segment itself: strict base64url. */
static void
test_segment(void **state)
{
	static const char *const bad[] = { "eyJhbGciOiJSUzI1NiJ9=",
		"eyJhbGciOiJSUzI1NiJ", "eyJhbGciOiJSUzI1NiJ9 ",
		"eyJhbGciOi+SUzI1NiJ9", "eyJhbGciOi/SUzI1NiJ9",
		"eyJhbGciOiJSUzI1NiJ9A", "eyJhbGciOiJSUzI1NiJ9IC",
		"eyJhbGciOiJSUzI1NiJ~" };
	struct jws_header header;
	struct trace trace;

	(void)state;
	trace_init(&trace);
	for (size_t i = 0; i < nitems(bad); i++) {
		struct token token = { .header = span_of(bad[i]) };

		row_reason(bad[i],
		    jws_read_header(&token, RS256, &header, &trace),
		    REASON_TOKEN_MALFORMED);
	}
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_values),
	cmocka_unit_test(test_allowed),
	cmocka_unit_test(test_wanted),
	cmocka_unit_test(test_sizes),
	cmocka_unit_test(test_segment),
};

UNIT_MAIN(tests)
