/* SPDX-License-Identifier: BSD-2-Clause */
#include "jwk.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "mint.h"
#include "unit.h"

/* The linker sends these here. */
EVP_PKEY_CTX *__real_EVP_PKEY_CTX_new_from_pkey(OSSL_LIB_CTX *libctx,
    EVP_PKEY *pkey, const char *properties);
EVP_PKEY_CTX *__wrap_EVP_PKEY_CTX_new_from_pkey(OSSL_LIB_CTX *libctx,
    EVP_PKEY *pkey, const char *properties);
int __real_EVP_PKEY_public_check(EVP_PKEY_CTX *ctx);
int __wrap_EVP_PKEY_public_check(EVP_PKEY_CTX *ctx);

static int fake_answer = 1; /* 1: OpenSSL's own */

int
__wrap_EVP_PKEY_public_check(EVP_PKEY_CTX *ctx)
{
	return fake_answer != 1 ? fake_answer
				: __real_EVP_PKEY_public_check(ctx);
}

/* OpenSSL does not say what it does with a key that is none. */
EVP_PKEY_CTX *
__wrap_EVP_PKEY_CTX_new_from_pkey(OSSL_LIB_CTX *libctx, EVP_PKEY *pkey,
    const char *properties)
{
	assert_non_null(pkey);
	return __real_EVP_PKEY_CTX_new_from_pkey(libctx, pkey, properties);
}

static struct crypto crypto;

/* A number of full length that no member of our own keys has. */
#define FF32   "__________________________________________8"
#define ZERO32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

#define RSA_ALGS                                                        \
	(ALG_BIT(ALG_RS256) | ALG_BIT(ALG_RS384) | ALG_BIT(ALG_RS512) | \
	    ALG_BIT(ALG_PS256) | ALG_BIT(ALG_PS384) | ALG_BIT(ALG_PS512))

static const struct row {
	const char *name;
	enum mint_key key;
	const char *without, *with; /* changes to the JWK */
	enum reason want;
	alg_set algs; /* of a good one */
} rows[] = {
	{ "RSA", MINT_RSA, NULL, NULL, REASON_OK, RSA_ALGS },
	{ "P-256", MINT_P256, NULL, NULL, REASON_OK, ALG_BIT(ALG_ES256) },
	{ "P-384", MINT_P384, NULL, NULL, REASON_OK, ALG_BIT(ALG_ES384) },
	{ "P-521", MINT_P521, NULL, NULL, REASON_OK, ALG_BIT(ALG_ES512) },
	{ "everything said", MINT_RSA, NULL,
	    "\"use\":\"sig\",\"key_ops\":[\"verify\"],\"alg\":\"RS256\","
	    "\"x5t\":\"a\",\"x5c\":[\"b\"],\"unknown\":{}",
	    REASON_OK, ALG_BIT(ALG_RS256) },
	{ "for PS512 only", MINT_RSA, NULL, "\"alg\":\"PS512\"", REASON_OK,
	    ALG_BIT(ALG_PS512) },
	{ "largest exponent", MINT_RSA, NULL, "\"e\":\"_____w\"", REASON_OK,
	    RSA_ALGS },

	/* what it is for */
	{ "use enc", MINT_RSA, NULL, "\"use\":\"enc\"", REASON_KEY_UNUSABLE,
	    0 },
	{ "use SIG", MINT_RSA, NULL, "\"use\":\"SIG\"", REASON_KEY_UNUSABLE,
	    0 },
	{ "use empty", MINT_RSA, NULL, "\"use\":\"\"", REASON_KEY_UNUSABLE, 0 },
	{ "use null", MINT_RSA, NULL, "\"use\":null", REASON_KEY_UNUSABLE, 0 },
	{ "use list", MINT_RSA, NULL, "\"use\":[\"sig\"]", REASON_KEY_UNUSABLE,
	    0 },
	{ "use number", MINT_P256, NULL, "\"use\":1", REASON_KEY_UNUSABLE, 0 },
	{ "key_ops sign", MINT_RSA, NULL, "\"key_ops\":[\"sign\"]",
	    REASON_KEY_UNUSABLE, 0 },
	{ "key_ops encrypt", MINT_P256, NULL, "\"key_ops\":[\"encrypt\"]",
	    REASON_KEY_UNUSABLE, 0 },
	{ "key_ops none", MINT_RSA, NULL, "\"key_ops\":[]", REASON_KEY_UNUSABLE,
	    0 },
	{ "key_ops string", MINT_RSA, NULL, "\"key_ops\":\"verify\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "key_ops joined", MINT_RSA, NULL, "\"key_ops\":[\"sign, verify\"]",
	    REASON_KEY_UNUSABLE, 0 },
	{ "key_ops case", MINT_RSA, NULL, "\"key_ops\":[\"Verify\"]",
	    REASON_KEY_UNUSABLE, 0 },
	{ "key_ops null", MINT_RSA, NULL, "\"key_ops\":null",
	    REASON_KEY_UNUSABLE, 0 },
	{ "use and key_ops differ", MINT_RSA, NULL,
	    "\"use\":\"enc\",\"key_ops\":[\"verify\"]", REASON_KEY_UNUSABLE,
	    0 },
	{ "alg of an EC key", MINT_RSA, NULL, "\"alg\":\"ES256\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "alg of an RSA key", MINT_P256, NULL, "\"alg\":\"RS256\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "alg of another curve", MINT_P256, NULL, "\"alg\":\"ES384\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "alg with a curve's number", MINT_P521, NULL, "\"alg\":\"ES521\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "alg HS256", MINT_RSA, NULL, "\"alg\":\"HS256\"", REASON_KEY_UNUSABLE,
	    0 },
	{ "alg none", MINT_RSA, NULL, "\"alg\":\"none\"", REASON_KEY_UNUSABLE,
	    0 },
	{ "alg of encryption", MINT_RSA, NULL, "\"alg\":\"RSA-OAEP\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "alg empty", MINT_RSA, NULL, "\"alg\":\"\"", REASON_KEY_UNUSABLE, 0 },
	{ "alg null", MINT_RSA, NULL, "\"alg\":null", REASON_KEY_UNUSABLE, 0 },
	{ "alg number", MINT_RSA, NULL, "\"alg\":256", REASON_KEY_UNUSABLE, 0 },
	{ "alg list", MINT_RSA, NULL, "\"alg\":[\"RS256\"]",
	    REASON_KEY_UNUSABLE, 0 },

	/* what it is */
	{ "kty missing", MINT_RSA, "kty", NULL, REASON_KEY_UNUSABLE, 0 },
	{ "kty lower case", MINT_RSA, NULL, "\"kty\":\"rsa\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "kty number", MINT_RSA, NULL, "\"kty\":1", REASON_KEY_UNUSABLE, 0 },
	{ "kty list", MINT_RSA, NULL, "\"kty\":[\"RSA\"]", REASON_KEY_UNUSABLE,
	    0 },
	{ "kty of the other", MINT_RSA, NULL, "\"kty\":\"EC\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "kty RSA of an EC key", MINT_P256, NULL, "\"kty\":\"RSA\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "kty OKP", MINT_P256, NULL, "\"kty\":\"OKP\",\"crv\":\"Ed25519\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "kid empty", MINT_RSA, NULL, "\"kid\":\"\"", REASON_KEY_UNUSABLE, 0 },
	{ "kid null", MINT_RSA, NULL, "\"kid\":null", REASON_KEY_UNUSABLE, 0 },
	{ "kid number", MINT_RSA, NULL, "\"kid\":1", REASON_KEY_UNUSABLE, 0 },
	{ "kid list", MINT_RSA, NULL, "\"kid\":[\"a\"]", REASON_KEY_UNUSABLE,
	    0 },

	/* its numbers */
	{ "n missing", MINT_RSA, "n", NULL, REASON_KEY_UNUSABLE, 0 },
	{ "n empty", MINT_RSA, NULL, "\"n\":\"\"", REASON_KEY_UNUSABLE, 0 },
	{ "n number", MINT_RSA, NULL, "\"n\":65537", REASON_KEY_UNUSABLE, 0 },
	{ "n zero", MINT_RSA, NULL, "\"n\":\"AA\"", REASON_KEY_UNUSABLE, 0 },
	{ "n not base64url", MINT_RSA, NULL, "\"n\":\"a+b/\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "n padded", MINT_RSA, NULL, "\"n\":\"AQ==\"", REASON_KEY_UNUSABLE,
	    0 },
	{ "e missing", MINT_RSA, "e", NULL, REASON_KEY_UNUSABLE, 0 },
	{ "e empty", MINT_RSA, NULL, "\"e\":\"\"", REASON_KEY_UNUSABLE, 0 },
	{ "e number", MINT_RSA, NULL, "\"e\":65537", REASON_KEY_UNUSABLE, 0 },
	{ "e 0", MINT_RSA, NULL, "\"e\":\"AA\"", REASON_KEY_UNUSABLE, 0 },
	{ "e 1", MINT_RSA, NULL, "\"e\":\"AQ\"", REASON_KEY_UNUSABLE, 0 },
	{ "e 3", MINT_RSA, NULL, "\"e\":\"Aw\"", REASON_KEY_UNUSABLE, 0 },
	{ "e 65535", MINT_RSA, NULL, "\"e\":\"__8\"", REASON_KEY_UNUSABLE, 0 },
	{ "e even", MINT_RSA, NULL, "\"e\":\"AQAC\"", REASON_KEY_UNUSABLE, 0 },
	{ "e 2^32+1", MINT_RSA, NULL, "\"e\":\"AQAAAAE\"", REASON_KEY_UNUSABLE,
	    0 },
	{ "e huge", MINT_RSA, NULL, "\"e\":\"" FF32 "\"", REASON_KEY_UNUSABLE,
	    0 },
	{ "crv missing", MINT_P256, "crv", NULL, REASON_KEY_UNUSABLE, 0 },
	{ "crv number", MINT_P256, NULL, "\"crv\":256", REASON_KEY_UNUSABLE,
	    0 },
	{ "crv of another", MINT_P256, NULL, "\"crv\":\"P-384\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "crv by its other name", MINT_P256, NULL, "\"crv\":\"prime256v1\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "crv secp256k1", MINT_P256, NULL, "\"crv\":\"secp256k1\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "crv P-192", MINT_P256, NULL, "\"crv\":\"P-192\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "x missing", MINT_P256, "x", NULL, REASON_KEY_UNUSABLE, 0 },
	{ "y missing", MINT_P256, "y", NULL, REASON_KEY_UNUSABLE, 0 },
	{ "x empty", MINT_P256, NULL, "\"x\":\"\"", REASON_KEY_UNUSABLE, 0 },
	{ "x number", MINT_P256, NULL, "\"x\":1", REASON_KEY_UNUSABLE, 0 },
	{ "y list", MINT_P256, NULL, "\"y\":[]", REASON_KEY_UNUSABLE, 0 },
	{ "x is 0", MINT_P256, NULL, "\"x\":\"" ZERO32 "\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "y is 0", MINT_P256, NULL, "\"y\":\"" ZERO32 "\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "point (0, 0)", MINT_P256, NULL,
	    "\"x\":\"" ZERO32 "\",\"y\":\"" ZERO32 "\"", REASON_KEY_UNUSABLE,
	    0 },
	{ "x beyond the field", MINT_P256, NULL, "\"x\":\"" FF32 "\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "y beyond the field", MINT_P256, NULL, "\"y\":\"" FF32 "\"",
	    REASON_KEY_UNUSABLE, 0 },
	{ "x short", MINT_P256, NULL, "\"x\":\"AQ\"", REASON_KEY_UNUSABLE, 0 },
	{ "y short", MINT_P521, NULL, "\"y\":\"AQ\"", REASON_KEY_UNUSABLE, 0 },
	{ "x far too long", MINT_P256, NULL,
	    "\"x\":\"" FF32 FF32 FF32 "A" FF32 FF32 "\"", REASON_KEY_UNUSABLE,
	    0 },

	/* what nobody may publish */
	{ "oct", MINT_RSA, NULL, "\"kty\":\"oct\"", REASON_CLAIM_INVALID, 0 },
	{ "oct, hidden in a list", MINT_RSA, NULL, "\"kty\":[\"oct\"]",
	    REASON_CLAIM_INVALID, 0 },
	{ "k", MINT_RSA, NULL, "\"k\":\"c2VjcmV0\"", REASON_CLAIM_INVALID, 0 },
	{ "d of RSA", MINT_RSA, NULL, "\"d\":\"AQ\"", REASON_CLAIM_INVALID, 0 },
	{ "d of EC", MINT_P256, NULL, "\"d\":\"AQ\"", REASON_CLAIM_INVALID, 0 },
	{ "d null", MINT_P256, NULL, "\"d\":null", REASON_CLAIM_INVALID, 0 },
	{ "d of a key not for us", MINT_RSA, NULL,
	    "\"use\":\"enc\",\"d\":\"AQ\"", REASON_CLAIM_INVALID, 0 },
	{ "d of an unknown type", MINT_P256, NULL,
	    "\"kty\":\"OKP\",\"d\":\"AQ\"", REASON_CLAIM_INVALID, 0 },
	{ "p", MINT_RSA, NULL, "\"p\":\"AQ\"", REASON_CLAIM_INVALID, 0 },
	{ "q", MINT_RSA, NULL, "\"q\":\"AQ\"", REASON_CLAIM_INVALID, 0 },
	{ "dp", MINT_RSA, NULL, "\"dp\":\"AQ\"", REASON_CLAIM_INVALID, 0 },
	{ "dq", MINT_RSA, NULL, "\"dq\":\"AQ\"", REASON_CLAIM_INVALID, 0 },
	{ "qi", MINT_RSA, NULL, "\"qi\":\"AQ\"", REASON_CLAIM_INVALID, 0 },
	{ "oth", MINT_RSA, NULL, "\"oth\":[]", REASON_CLAIM_INVALID, 0 },
};

/* Imports v and releases all of it; a refusal has to say why. */
static void
import_row(const char *name, const struct json *v, enum reason want,
    alg_set algs)
{
	struct text why;
	struct jwk jwk;

	text_clear(&why);
	row_reason(name, jwk_import(&crypto, v, &jwk, &why), want);
	row_true(name, (why.len == 0) == (want == REASON_OK));
	row_true(name, (jwk.pkey != NULL) == (want == REASON_OK));
	row_true(name, want == REASON_OK || jwk.kid == NULL);
	row_true(name, ERR_peek_error() == 0);
	if (want == REASON_OK)
		row_number(name, jwk.algs, algs);
	jwk_clear(&jwk);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		char *base = mint_jwk(rows[i].key, "k1", NULL);
		const struct json *v =
		    unit_json(base, rows[i].without, rows[i].with);

		import_row(rows[i].name, v, rows[i].want, rows[i].algs);
		unit_json_free(v);
		free(base);
	}
	import_row("NULL", NULL, REASON_KEY_UNUSABLE, 0);
	rows_end();
}

/* People are told what is wrong with a key, and one thing at a time. */
static void
test_why(void **state)
{
	static const struct {
		const char *name, *base, *why;
	} keys[] = {
		{ "a list", "[]", "not an object" },
		{ "n empty", "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
		    "\"n\" is not a number that we accept" },
		{ "n not base64url",
		    "{\"kty\":\"RSA\",\"n\":\"a+b\",\"e\":\"AQAB\"}",
		    "\"n\" is not a number that we accept" },
		{ "n missing", "{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
		    "\"n\" is missing" },
		{ "x short",
		    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\","
		    "\"y\":\"" FF32 "\"}",
		    "a coordinate has the wrong length" },
		{ "y short",
		    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"y\":\"AQ\","
		    "\"x\":\"" FF32 "\"}",
		    "a coordinate has the wrong length" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(keys); i++) {
		const struct json *v = unit_parse(span_of(keys[i].base));
		struct text why;
		struct jwk jwk;

		text_clear(&why);
		row_reason(keys[i].name, jwk_import(&crypto, v, &jwk, &why),
		    REASON_KEY_UNUSABLE);
		row_text(keys[i].name, why.s, keys[i].why);
		unit_json_free(v);
	}
	rows_end();
}

/* An RSA key whose modulus has that many bits: 2^bits - 1 - less. */
static const struct json *
rsa_of(size_t bits, unsigned char less, size_t zeros)
{
	const size_t len = (bits + 7) / 8;
	unsigned char *n = (unsigned char *)unit_repeat('\xff', zeros + len);
	struct buf text = BUF_INIT(64 * 1024);
	const struct json *v;
	char *s;

	memset(n, 0, zeros);
	n[zeros] = (unsigned char)(0xff >> (8 * len - bits));
	n[zeros + len - 1] = (unsigned char)(n[zeros + len - 1] - less);
	s = mint_b64url(n, zeros + len);
	assert_int_equal(buf_printf(&text, "\"n\":\"%s\"", s), REASON_OK);
	v = unit_json("{\"kty\":\"RSA\",\"e\":\"AQAB\"}", NULL, text.data);
	buf_free(&text);
	free(s);
	free(n);
	return v;
}

static void
test_rsa_sizes(void **state)
{
	static const struct {
		const char *name;
		size_t bits;
		unsigned char less;
		enum reason want;
	} sizes[] = {
		{ "2048 bits", 2048, 0, REASON_OK },
		{ "4096 bits", 4096, 0, REASON_OK },
		{ "8192 bits", 8192, 0, REASON_OK },
		{ "512 bits", 512, 0, REASON_KEY_UNUSABLE },
		{ "1024 bits", 1024, 0, REASON_KEY_UNUSABLE },
		{ "2047 bits", 2047, 0, REASON_KEY_UNUSABLE },
		{ "8193 bits", 8193, 0, REASON_KEY_UNUSABLE },
		{ "16384 bits", 16384, 0, REASON_KEY_UNUSABLE },
		{ "32768 bits", 32768, 0, REASON_KEY_UNUSABLE },
		{ "even", 2048, 1, REASON_KEY_UNUSABLE },
	};

	(void)state;
	for (size_t i = 0; i < nitems(sizes); i++) {
		const struct json *v = rsa_of(sizes[i].bits, sizes[i].less, 0);

		import_row(sizes[i].name, v, sizes[i].want, RSA_ALGS);
		unit_json_free(v);
	}
	rows_end();
}

/* Zeros in front make no bigger key, and no longer signature. */
static void
test_zeros(void **state)
{
	const struct json *v = rsa_of(1024, 0, 200);
	struct text why;
	struct jwk jwk;

	(void)state;
	import_row("1024 bits and many zeros", v, REASON_KEY_UNUSABLE, 0);
	unit_json_free(v);
	v = rsa_of(2048, 0, 1);
	text_clear(&why);
	row_reason("a zero in front", jwk_import(&crypto, v, &jwk, &why),
	    REASON_OK);
	row_number("its signatures", (int64_t)jwk.signature_size, 256);
	jwk_clear(&jwk);
	unit_json_free(v);
	rows_end();
}

/* A coordinate is as long as the field, whatever zeros it starts with. */
static void
test_coordinates(void **state)
{
	static const struct {
		const char *name;
		enum mint_key key;
		int change; /* of the length of x */
	} lengths[] = {
		{ "P-256, a byte less", MINT_P256, -1 },
		{ "P-256, a zero more", MINT_P256, 1 },
		{ "P-384, a byte less", MINT_P384, -1 },
		{ "P-521, a byte less", MINT_P521, -1 },
		{ "P-521, a zero more", MINT_P521, 1 },
	};
	const struct json *v;
	char *jwk;

	(void)state;
	for (size_t i = 0; i < nitems(lengths); i++) {
		struct buf x = BUF_INIT(80), with = BUF_INIT(256);
		char *s = mint_number(lengths[i].key, 'x');
		const int change = lengths[i].change;

		if (change > 0)
			assert_int_equal(buf_add(&x, "", 1), REASON_OK);
		mint_decode(s, &x);
		free(s);
		s = mint_b64url(x.data, change < 0 ? x.len - 1 : x.len);
		assert_int_equal(buf_printf(&with, "\"x\":\"%s\"", s),
		    REASON_OK);
		jwk = mint_jwk(lengths[i].key, NULL, NULL);
		v = unit_json(jwk, NULL, with.data);
		import_row(lengths[i].name, v, REASON_KEY_UNUSABLE, 0);
		unit_json_free(v);
		free(jwk);
		free(s);
		buf_free(&x);
		buf_free(&with);
	}
	rows_end();
}

/* A letter that moves from x to y leaves the same bytes behind each other. */
static void
test_moved(void **state)
{
	static const int moves[] = { -1, 1 }; /* bytes from y to x */

	(void)state;
	for (size_t i = 0; i < nitems(moves); i++) {
		struct buf both = BUF_INIT(80), with = BUF_INIT(256);
		const size_t x_len = (size_t)(32 + moves[i]);
		char *x = mint_number(MINT_P256, 'x');
		char *y = mint_number(MINT_P256, 'y');
		const struct json *v;

		mint_decode(x, &both);
		mint_decode(y, &both);
		free(x);
		free(y);
		x = mint_b64url(both.data, x_len);
		y = mint_b64url(both.data + x_len, both.len - x_len);
		assert_int_equal(buf_printf(&with, "\"x\":\"%s\",\"y\":\"%s\"",
				     x, y),
		    REASON_OK);
		v = unit_json("{\"kty\":\"EC\",\"crv\":\"P-256\"}", NULL,
		    with.data);
		import_row("moved", v, REASON_KEY_UNUSABLE, 0);
		unit_json_free(v);
		free(x);
		free(y);
		buf_free(&both);
		buf_free(&with);
	}
	rows_end();
}

/* OpenSSL 3.0 imports more points than it would use: we do ask. */
static void
test_public_check(void **state)
{
	static const int answers[] = { 1, 0, -1, -2 };
	char *text = mint_jwk(MINT_P256, NULL, NULL);
	const struct json *v = unit_json(text, NULL, NULL);

	(void)state;
	for (size_t i = 0; i < nitems(answers); i++) {
		fake_answer = answers[i];
		import_row("public check", v,
		    answers[i] == 1 ? REASON_OK : REASON_KEY_UNUSABLE,
		    ALG_BIT(ALG_ES256));
	}
	fake_answer = 1;
	unit_json_free(v);
	free(text);
	rows_end();
}

/* Points that are none: x and y of two keys, or the wrong way round. */
static void
test_points(void **state)
{
	char *x = mint_number(MINT_P256, 'x'), *y = mint_number(MINT_P256, 'y');
	char *y2 = mint_number(MINT_P256_OTHER, 'y');
	const char *const wrong[][2] = { { x, y2 }, { y, x }, { x, x } };

	(void)state;
	for (size_t i = 0; i < nitems(wrong); i++) {
		struct buf with = BUF_INIT(256);
		const struct json *v;

		assert_int_equal(buf_printf(&with, "\"x\":\"%s\",\"y\":\"%s\"",
				     wrong[i][0], wrong[i][1]),
		    REASON_OK);
		v = unit_json("{\"kty\":\"EC\",\"crv\":\"P-256\"}", NULL,
		    with.data);
		import_row("off the curve", v, REASON_KEY_UNUSABLE, 0);
		unit_json_free(v);
		buf_free(&with);
	}
	free(x);
	free(y);
	free(y2);
	rows_end();
}

static void
test_kid(void **state)
{
	(void)state;
	for (size_t n = KID_MAX; n <= KID_MAX + 1; n++) {
		char *kid = unit_repeat('k', n);
		char *text = mint_jwk(MINT_P256, kid, NULL);
		const struct json *v = unit_json(text, NULL, NULL);

		import_row("long kid", v,
		    n > KID_MAX ? REASON_KEY_UNUSABLE : REASON_OK,
		    ALG_BIT(ALG_ES256));
		unit_json_free(v);
		free(text);
		free(kid);
	}
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	return crypto_open(&crypto) == REASON_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	crypto_close(&crypto);
	mint_end();
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_why),
	cmocka_unit_test(test_rsa_sizes),
	cmocka_unit_test(test_zeros),
	cmocka_unit_test(test_coordinates),
	cmocka_unit_test(test_moved),
	cmocka_unit_test(test_points),
	cmocka_unit_test(test_public_check),
	cmocka_unit_test(test_kid),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
