/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "jwk.h"
#include "mint.h"
#include "verify.h"

/*
 * A verifier whose making fails anywhere is none, and one whose hashing fails
 * says no: nothing is left half made ready.
 */
#define TEXT "header.payload"

static struct crypto crypto;

static const struct {
	const char *name;
	enum mint_key key;
	enum alg alg;
} rows[] = {
	{ "RS256", MINT_RSA, ALG_RS256 },
	{ "PS256", MINT_RSA, ALG_PS256 },
	{ "ES256", MINT_P256, ALG_ES256 },
	{ "ES512", MINT_P521, ALG_ES512 },
};

static void
import(enum mint_key key, struct jwk *jwk)
{
	char *text = mint_jwk(key, NULL, NULL);
	struct json_doc doc;
	struct text why;

	text_clear(&why);
	assert_int_equal(json_doc_parse(span_of(text), &doc), REASON_OK);
	assert_int_equal(jwk_import(&crypto, doc.nodes, jwk, &why), REASON_OK);
	json_doc_free(&doc);
	free(text);
}

static void
make(const char *name, const struct jwk *jwk, enum alg alg)
{
	unsigned long n = 0;
	struct verifier *v;
	enum reason reason;
	bool failed;

	do {
		failing_arm(++n, false);
		reason = verifier_new(&v, &crypto, jwk->pkey, alg);
		failed = failing_disarm();
		row_reason(name, reason,
		    failed ? REASON_OUT_OF_MEMORY : REASON_OK);
		row_true(name, (v == NULL) == failed);
		verifier_free(v);
	} while (failed);
	row_true(name, n > 4);
}

static void
check(const char *name, const struct jwk *jwk, enum alg alg, struct buf *good)
{
	struct verifier *v;
	unsigned long n = 0;
	enum reason reason;
	bool failed;

	assert_int_equal(verifier_new(&v, &crypto, jwk->pkey, alg), REASON_OK);
	do {
		failing_arm(++n, false);
		reason = verifier_check(v, SPAN(TEXT), buf_span(good));
		failed = failing_disarm();
		/* the last of the calls is the one that says no */
		row_bool(name, reason == REASON_OK, !failed);
		row_true(name,
		    !failed || reason == REASON_OUT_OF_MEMORY ||
			reason == REASON_SIGNATURE_INVALID);
		if (n == 1)
			row_reason(name, reason, REASON_OUT_OF_MEMORY);
	} while (failed);
	row_number(name, (int64_t)n, 5); /* begin, add, end, verify */
	verifier_free(v);
}

static void
test_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf good =
		    mint_signature(rows[i].key, rows[i].alg, SPAN(TEXT), NULL);
		struct jwk jwk;

		import(rows[i].key, &jwk);
		make(rows[i].name, &jwk, rows[i].alg);
		check(rows[i].name, &jwk, rows[i].alg, &good);
		jwk_clear(&jwk);
		buf_free(&good);
	}
	rows_end();
}

/* Nor is a key half imported; each begins with a context of OpenSSL's. */
static void
test_import(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		char *text = mint_jwk(rows[i].key, "k", NULL);
		const struct json *v = unit_parse(span_of(text));
		unsigned long n = 0;
		struct crypto fresh;
		enum reason reason;
		struct text why;
		struct jwk jwk;
		bool failed;

		do {
			text_clear(&why);
			assert_int_equal(crypto_open(&fresh), REASON_OK);
			failing_arm(++n, false);
			reason = jwk_import(&fresh, v, &jwk, &why);
			failed = failing_disarm();
			row_bool(rows[i].name, reason == REASON_OK, !failed);
			row_true(rows[i].name, (jwk.pkey == NULL) == failed);
			jwk_clear(&jwk);
			crypto_close(&fresh);
		} while (failed);
		row_true(rows[i].name, n > 4);
		unit_json_free(v);
		free(text);
	}
	rows_end();
}

/* Whatever a caller has overlooked, no byte is written beside a buffer. */
static void
test_lengths(void **state)
{
	char *bytes = unit_repeat('\xff', 4096);
	struct verifier *v;
	struct jwk jwk;

	(void)state;
	import(MINT_P521, &jwk);
	assert_int_equal(verifier_new(&v, &crypto, jwk.pkey, ALG_ES512),
	    REASON_OK);
	for (size_t len = 0; len <= 4096; len += len < 300 ? 1 : 97)
		row_reason("length",
		    verifier_check(v, SPAN(TEXT),
			(struct span){ .ptr = bytes, .len = len }),
		    REASON_SIGNATURE_INVALID);
	verifier_free(v);
	jwk_clear(&jwk);
	free(bytes);
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
	mint_end();
	crypto_close(&crypto);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_fails),
	cmocka_unit_test(test_import),
	cmocka_unit_test(test_lengths),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
