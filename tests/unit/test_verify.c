/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "mint.h"
#include "unit.h"

#define HEADER	"{\"alg\":\"?\"}" /* of no interest here */
#define PAYLOAD "{\"sub\":\"alice\"}"

/* The linker sends EVP_PKEY_verify() here. */
int __real_EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig,
    size_t siglen, const unsigned char *tbs, size_t tbslen);
int __wrap_EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig,
    size_t siglen, const unsigned char *tbs, size_t tbslen);

static int fake_answer = 1; /* 1: OpenSSL's own */

int
__wrap_EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig,
    size_t siglen, const unsigned char *tbs, size_t tbslen)
{
	if (fake_answer != 1)
		return fake_answer;
	return __real_EVP_PKEY_verify(ctx, sig, siglen, tbs, tbslen);
}

static struct crypto crypto;
static struct keys *all; /* MINT_… under the kids "0", "1", … */

static struct key *
find(enum mint_key which, enum alg alg)
{
	const char kid[] = { (char)('0' + which), '\0' };
	const struct jws_header header = { .alg = alg, .kid = span_of(kid) };
	const char *why;
	struct key *key;

	assert_int_equal(keys_find(all, &header, &key, &why), REASON_OK);
	return key;
}

static enum reason
verify(enum mint_key which, enum alg alg, const char *text)
{
	struct token token;
	const enum reason reason = token_classify(span_of(text), &token);

	return reason == REASON_OK ? key_verify(find(which, alg), alg, &token)
				   : reason;
}

/* The same with a signature that is given as bytes. */
static enum reason
verify_bytes(enum mint_key which, enum alg alg, struct span sig)
{
	char *text = mint_assemble(HEADER, PAYLOAD, sig);
	const enum reason reason = verify(which, alg, text);

	free(text);
	return reason;
}

static const struct {
	enum mint_key key;
	enum alg alg;
} good[] = {
	{ MINT_RSA, ALG_RS256 },
	{ MINT_RSA, ALG_RS384 },
	{ MINT_RSA, ALG_RS512 },
	{ MINT_RSA, ALG_PS256 },
	{ MINT_RSA, ALG_PS384 },
	{ MINT_RSA, ALG_PS512 },
	{ MINT_P256, ALG_ES256 },
	{ MINT_P384, ALG_ES384 },
	{ MINT_P521, ALG_ES512 },
};

/* Where two algorithms are compared: may both be asked of the same key? */
static bool
same_family(enum alg a, enum alg b)
{
	return alg_signature_size(a) == alg_signature_size(b);
}

/* Each signature is good for its own algorithm and for no other. */
static void
test_algorithms(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(good); i++) {
		char *text =
		    mint_token(good[i].key, good[i].alg, HEADER, PAYLOAD, NULL);

		for (int a = 0; a < ALG_COUNT; a++)
			if (same_family(good[i].alg, (enum alg)a))
				row_reason(alg_name(good[i].alg),
				    verify(good[i].key, (enum alg)a, text),
				    (enum alg)a == good[i].alg
					? REASON_OK
					: REASON_SIGNATURE_INVALID);
		free(text);
	}
	rows_end();
}

/*
 * Half of the numbers of such signatures have a bit in front that DER wants a
 * byte for: of so many, all kinds are there.
 */
static void
test_signs(void **state)
{
	(void)state;
	for (int i = 0; i < 16; i++) {
		char *text =
		    mint_token(MINT_P256, ALG_ES256, HEADER, PAYLOAD, NULL);

		row_reason("ES256", verify(MINT_P256, ALG_ES256, text),
		    REASON_OK);
		free(text);
	}
	rows_end();
}

static void
test_other_key(void **state)
{
	char *text;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		text = mint_token(MINT_RSA_OTHER, good[i].alg, HEADER, PAYLOAD,
		    NULL);
		row_reason(alg_name(good[i].alg),
		    verify(MINT_RSA, good[i].alg, text),
		    REASON_SIGNATURE_INVALID);
		free(text);
	}
	text = mint_token(MINT_P256_OTHER, ALG_ES256, HEADER, PAYLOAD, NULL);
	row_reason("ES256", verify(MINT_P256, ALG_ES256, text),
	    REASON_SIGNATURE_INVALID);
	free(text);
	rows_end();
}

/* Each byte of the signature in turn, each letter of header and payload. */
static void
test_flipped(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(good); i += 3) {
		char *text =
		    mint_token(good[i].key, good[i].alg, HEADER, PAYLOAD, NULL);
		char *sig = strrchr(text, '.') + 1;
		struct buf bytes = BUF_INIT(1024);

		mint_decode(sig, &bytes);
		for (size_t at = 0; at < bytes.len; at++) {
			bytes.data[at] = (char)(bytes.data[at] ^ 1);
			row_reason("flipped bit of the signature",
			    verify_bytes(good[i].key, good[i].alg,
				buf_span(&bytes)),
			    REASON_SIGNATURE_INVALID);
			bytes.data[at] = (char)(bytes.data[at] ^ 1);
		}
		for (char *p = text; p < sig - 1; p++) {
			const char was = *p;

			if (was == '.')
				continue;
			*p = was == 'A' ? 'B' : 'A';
			row_reason("other letter in front",
			    verify(good[i].key, good[i].alg, text),
			    REASON_SIGNATURE_INVALID);
			*p = was;
		}
		row_reason("unharmed", verify(good[i].key, good[i].alg, text),
		    REASON_OK);
		buf_free(&bytes);
		free(text);
	}
	rows_end();
}

/* A signature cut off anywhere is told apart from a wrong one. */
static void
test_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(good); i += 3) {
		char *text =
		    mint_token(good[i].key, good[i].alg, HEADER, PAYLOAD, NULL);
		size_t len = strlen(text);
		const size_t from = len - strlen(strrchr(text, '.') + 1);

		while (--len > from) {
			text[len] = '\0';
			row_reason("cut off",
			    verify(good[i].key, good[i].alg, text),
			    REASON_TOKEN_TRUNCATED);
		}
		free(text);
	}
	rows_end();
}

static void
test_long(void **state)
{
	static const char zeros[2048];

	(void)state;
	for (size_t i = 0; i < nitems(good); i++) {
		char *text =
		    mint_token(good[i].key, good[i].alg, HEADER, PAYLOAD, NULL);
		struct buf sig = BUF_INIT(4096);

		mint_decode(strrchr(text, '.') + 1, &sig);
		for (size_t more = 1; more < 2000; more = more * 3 + 1) {
			const size_t len = sig.len;

			assert_int_equal(buf_add(&sig, zeros, more), REASON_OK);
			row_reason("zeros behind",
			    verify_bytes(good[i].key, good[i].alg,
				buf_span(&sig)),
			    REASON_SIGNATURE_INVALID);
			sig.len = len;
		}
		free(text);
		text = mint_assemble(HEADER, PAYLOAD,
		    (struct span){ zeros, sig.len });
		row_reason("all zeros", verify(good[i].key, good[i].alg, text),
		    REASON_SIGNATURE_INVALID);
		free(text);
		memset(sig.data, 0xff, sig.len);
		row_reason("all ones",
		    verify_bytes(good[i].key, good[i].alg, buf_span(&sig)),
		    REASON_SIGNATURE_INVALID);
		buf_free(&sig);
	}
	rows_end();
}

/* r and s with a zero in front are the same numbers, and too long. */
static void
test_zeros_in_front(void **state)
{
	(void)state;
	for (size_t i = 6; i < nitems(good); i++) {
		char *text =
		    mint_token(good[i].key, good[i].alg, HEADER, PAYLOAD, NULL);
		struct buf sig = BUF_INIT(256), longer = BUF_INIT(256);

		mint_decode(strrchr(text, '.') + 1, &sig);
		for (size_t half = 0; half < 2; half++) {
			assert_int_equal(buf_add(&longer, "", 1), REASON_OK);
			assert_int_equal(buf_add(&longer,
					     sig.data + half * sig.len / 2,
					     sig.len / 2),
			    REASON_OK);
		}
		row_reason("zeros in front",
		    verify_bytes(good[i].key, good[i].alg, buf_span(&longer)),
		    REASON_SIGNATURE_INVALID);
		buf_free(&sig);
		buf_free(&longer);
		free(text);
	}
	rows_end();
}

/* Letters of the signature that spell no bytes. */
static void
test_spelling(void **state)
{
	static const char *const endings[] = { "=", "~", "A", "AA", "+", "/",
		"AA==" };

	(void)state;
	for (size_t i = 0; i < nitems(endings); i++) {
		char *text =
		    mint_token(MINT_RSA, ALG_RS256, HEADER, PAYLOAD, NULL);
		struct buf all_of_it = BUF_INIT(4096);
		enum reason got;

		assert_int_equal(buf_printf(&all_of_it, "%s%s", text,
				     endings[i]),
		    REASON_OK);
		got = verify(MINT_RSA, ALG_RS256, all_of_it.data);
		row_bool(endings[i], got == REASON_OK, false);
		buf_free(&all_of_it);
		free(text);
	}
	rows_end();
}

static const struct {
	const char *name;
	enum alg alg; /* as which it is presented */
	enum alg as;  /* how it is signed */
	struct mint_how how;
} confused[] = {
	{ "PSS without salt", ALG_PS256, ALG_PS256, { .salt = 1 } },
	{ "PSS with the salt of SHA-1", ALG_PS256, ALG_PS256, { .salt = 21 } },
	{ "PSS with half the salt", ALG_PS256, ALG_PS256, { .salt = 17 } },
	{ "PSS with the salt of SHA-512", ALG_PS256, ALG_PS256,
	    { .salt = 65 } },
	{ "PSS with the longest salt", ALG_PS512, ALG_PS512, { .salt = 191 } },
	{ "PSS with MGF1 of SHA-1", ALG_PS256, ALG_PS256, { .mgf = "SHA1" } },
	{ "PSS with MGF1 of SHA-512", ALG_PS256, ALG_PS256,
	    { .mgf = "SHA512" } },
	{ "PSS with SHA-1", ALG_PS256, ALG_PS256, { .md = "SHA1" } },
	{ "PSS of SHA-384, salt of 256", ALG_PS256, ALG_PS256,
	    { .md = "SHA384", .salt = 33 } },
	{ "PKCS 1 for PSS", ALG_PS256, ALG_RS256, { .salt = 0 } },
	{ "PSS for PKCS 1", ALG_RS256, ALG_PS256, { .salt = 0 } },
	{ "PKCS 1 with SHA-1", ALG_RS256, ALG_RS256, { .md = "SHA1" } },
	{ "PKCS 1 with MD5", ALG_RS256, ALG_RS256, { .md = "MD5" } },
	{ "PKCS 1 with SHA-224", ALG_RS256, ALG_RS256, { .md = "SHA224" } },
	{ "PKCS 1 with SHA3-256", ALG_RS256, ALG_RS256, { .md = "SHA3-256" } },
	{ "ECDSA with SHA-1", ALG_ES256, ALG_ES256, { .md = "SHA1" } },
	{ "ECDSA with SHA-512", ALG_ES256, ALG_ES256, { .md = "SHA512" } },
};

static void
test_confused(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(confused); i++) {
		const enum mint_key key =
		    confused[i].alg == ALG_ES256 ? MINT_P256 : MINT_RSA;
		char *text = mint_token(key, confused[i].as, HEADER, PAYLOAD,
		    &confused[i].how);

		row_reason(confused[i].name, verify(key, confused[i].alg, text),
		    REASON_SIGNATURE_INVALID);
		free(text);
	}
	rows_end();
}

/* DER says the same in another form; the form is fixed. */
static void
test_der(void **state)
{
	static const struct mint_how der = { .is_der = true };

	(void)state;
	for (size_t i = 6; i < nitems(good); i++) {
		char *text =
		    mint_token(good[i].key, good[i].alg, HEADER, PAYLOAD, &der);

		row_reason("DER", verify(good[i].key, good[i].alg, text),
		    REASON_SIGNATURE_INVALID);
		free(text);
	}
	rows_end();
}

/* The orders of P-256, P-384 and P-521. */
static const char *const orders[] = {
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
	"ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
	"581a0db248b0a77aecec196accc52973",
	"01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	"fffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e9138"
	"6409",
};

/* n bytes: 0, 1, the order with add added, or the half of a good one. */
static void
put_number(unsigned char *o, size_t n, char what, size_t curve)
{
	unsigned int byte;

	if (what == 'g')
		return;
	memset(o, 0, n);
	if (what == '1')
		o[n - 1] = 1;
	if (what == 'f')
		memset(o, 0xff, n);
	if (what != 'n' && what != 'm' && what != 'p')
		return;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sscanf(orders[curve] + 2 * i, "%2x", &byte),
		    1);
		o[i] = (unsigned char)byte;
	}
	o[n - 1] = (unsigned char)(o[n - 1] + (what == 'p') - (what == 'm'));
}

/* r and s: 0, 1, n-1 (m), n, n+1 (p), 2^k-1 (f), or what was good. */
static void
test_numbers(void **state)
{
	static const char *const pairs[] = { "00", "01", "10", "11", "0g", "g0",
		"1g", "g1", "ng", "gn", "nn", "n1", "1n", "mg", "gm", "mm",
		"m1", "1m", "pg", "gp", "p1", "1p", "fg", "gf", "ff", "0n",
		"n0" };

	(void)state;
	for (size_t curve = 0; curve < 3; curve++)
		for (size_t i = 0; i < nitems(pairs); i++) {
			const enum mint_key key = good[6 + curve].key;
			const enum alg alg = good[6 + curve].alg;
			char *text =
			    mint_token(key, alg, HEADER, PAYLOAD, NULL);
			struct buf sig = BUF_INIT(256);
			unsigned char *o;
			size_t n;

			mint_decode(strrchr(text, '.') + 1, &sig);
			n = sig.len / 2;
			o = (unsigned char *)sig.data;
			put_number(o, n, pairs[i][0], curve);
			put_number(o + n, n, pairs[i][1], curve);
			row_reason(pairs[i],
			    verify_bytes(key, alg, buf_span(&sig)),
			    REASON_SIGNATURE_INVALID);
			buf_free(&sig);
			free(text);
		}
	rows_end();
}

/* Only 1 is a yes: OpenSSL has more than one way to say no. */
static void
test_answers(void **state)
{
	static const int answers[] = { 0, -1, -2, 2, 256, 0x7fffffff };
	char *text = mint_token(MINT_RSA, ALG_RS256, HEADER, PAYLOAD, NULL);

	(void)state;
	row_reason("1", verify(MINT_RSA, ALG_RS256, text), REASON_OK);
	for (size_t i = 0; i < nitems(answers); i++) {
		fake_answer = answers[i];
		row_reason("not 1", verify(MINT_RSA, ALG_RS256, text),
		    REASON_SIGNATURE_INVALID);
	}
	fake_answer = 1;
	row_reason("1 again", verify(MINT_RSA, ALG_RS256, text), REASON_OK);
	free(text);
	rows_end();
}

/* The error queue is the host's. */
static void
test_error_queue(void **state)
{
	char *text =
	    mint_token(MINT_RSA_OTHER, ALG_RS256, HEADER, PAYLOAD, NULL);

	(void)state;
	ERR_clear_error();
	assert_int_equal(verify(MINT_RSA, ALG_RS256, text),
	    REASON_SIGNATURE_INVALID);
	assert_int_equal(ERR_peek_error(), 0);
	ERR_raise(ERR_LIB_USER, 4711);
	assert_int_equal(verify(MINT_RSA, ALG_RS256, text),
	    REASON_SIGNATURE_INVALID);
	assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), 4711);
	assert_int_equal(ERR_GET_REASON(ERR_get_error()), 4711);
	assert_int_equal(ERR_peek_error(), 0);
	free(text);
}

/* A signature of no length that an EC key has, below the check of keys.c. */
static void
test_odd_sizes(void **state)
{
	static const char zeros[300];
	struct verifier *v;
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

	(void)state;
	assert_int_equal(verifier_new(&v, &crypto, pkey, ALG_ES256), REASON_OK);
	for (size_t n = 0; n < sizeof(zeros); n++)
		row_reason("zeros",
		    verifier_check(v, SPAN("x"), (struct span){ zeros, n }),
		    REASON_SIGNATURE_INVALID);
	verifier_free(v);
	verifier_free(NULL);
	EVP_PKEY_free(pkey);
	rows_end();
}

static void *
many_times(void *arg)
{
	const char *text = arg;
	struct token token;
	uintptr_t wrong = 0;

	if (token_classify(span_of(text), &token) != REASON_OK)
		return (void *)1;
	for (int i = 0; i < 40; i++) {
		const enum alg alg = i % 4 == 0 ? ALG_RS512 : ALG_RS256;
		const enum reason want =
		    alg == ALG_RS256 ? REASON_OK : REASON_SIGNATURE_INVALID;

		if (key_verify(find(MINT_RSA, alg), alg, &token) != want)
			wrong++;
	}
	return (void *)wrong;
}

/* More threads than verifiers are kept. */
static void
test_threads(void **state)
{
	char *text = mint_token(MINT_RSA, ALG_RS256, HEADER, PAYLOAD, NULL);
	pthread_t threads[16];
	void *wrong;

	(void)state;
	for (size_t i = 0; i < nitems(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, many_times,
				     text),
		    0);
	for (size_t i = 0; i < nitems(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	free(text);
}

static int
set_up(void **state)
{
	char *list[MINT_KEYS], *text;
	const struct json *json;
	struct text why;

	(void)state;
	for (int i = 0; i < MINT_KEYS; i++) {
		const char kid[] = { (char)('0' + i), '\0' };

		list[i] = mint_jwk((enum mint_key)i, kid, NULL);
	}
	text = mint_jwks(list, MINT_KEYS);
	text_clear(&why);
	if (crypto_open(&crypto) != REASON_OK ||
	    (json = unit_parse(span_of(text))) == NULL ||
	    keys_parse(&crypto, json, &all, &why) != REASON_OK)
		return -1;
	unit_json_free(json);
	free(text);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	keys_release(all);
	crypto_close(&crypto);
	mint_end();
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_algorithms),
	cmocka_unit_test(test_signs),
	cmocka_unit_test(test_other_key),
	cmocka_unit_test(test_flipped),
	cmocka_unit_test(test_short),
	cmocka_unit_test(test_long),
	cmocka_unit_test(test_zeros_in_front),
	cmocka_unit_test(test_spelling),
	cmocka_unit_test(test_confused),
	cmocka_unit_test(test_der),
	cmocka_unit_test(test_numbers),
	cmocka_unit_test(test_answers),
	cmocka_unit_test(test_error_queue),
	cmocka_unit_test(test_odd_sizes),
	cmocka_unit_test(test_threads),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
