/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto.h"

#include <openssl/crypto.h>
#include <string.h>

#include "failing.h"
#include "unit.h"

/*
 * Where OpenSSL cannot be had there is no digest, and nobody takes what is
 * left for one; and all that was had of it is given back.
 */
#define ABC                                \
	"ba7816bf8f01cfea414140de5dae2223" \
	"b00361a396177a9cb410ff61f20015ad"

void __real_OSSL_LIB_CTX_free(OSSL_LIB_CTX *ctx);
void __wrap_OSSL_LIB_CTX_free(OSSL_LIB_CTX *ctx);

static int64_t given_back;

void
__wrap_OSSL_LIB_CTX_free(OSSL_LIB_CTX *ctx)
{
	given_back += ctx != NULL;
	__real_OSSL_LIB_CTX_free(ctx);
}

static void
test_open(void **state)
{
	struct crypto crypto;
	enum reason reason;

	(void)state;
	failing_arm(1, false);
	reason = crypto_open(&crypto);
	row_true("it failed", failing_disarm());
	row_reason("no memory", reason, REASON_OUT_OF_MEMORY);
	crypto_close(&crypto);
	given_back = 0;
	row_reason("memory", crypto_open(&crypto), REASON_OK);
	crypto_close(&crypto);
	row_number("never used", given_back, 0);
	row_reason("again", crypto_open(&crypto), REASON_OK);
	row_true("again", crypto_context(&crypto) != NULL);
	crypto_close(&crypto);
	row_number("used", given_back, 1);
	rows_end();
}

/* Each call fails in turn; a second try, with all of them, succeeds. */
static void
test_digest(void **state)
{
	unsigned long n = 0;
	bool failed;

	(void)state;
	do {
		char hex[SHA256_HEX_SIZE];
		struct crypto crypto;
		enum reason reason;

		assert_int_equal(crypto_open(&crypto), REASON_OK);
		failing_arm(++n, false);
		reason = crypto_sha256_hex(&crypto, SPAN("abc"), hex);
		failed = failing_disarm();
		row_reason("digest", reason,
		    failed ? REASON_OUT_OF_MEMORY : REASON_OK);
		row_text("digest", hex, failed ? "" : ABC);
		row_reason("second try",
		    crypto_sha256_hex(&crypto, SPAN("abc"), hex), REASON_OK);
		row_text("second try", hex, ABC);
		crypto_close(&crypto);
	} while (failed);
	row_true("calls", n > 6);
	rows_end();
}

/* NULL would be the host's own context: it is told, not passed on. */
static void
test_context(void **state)
{
	unsigned long n = 0;
	bool failed;

	(void)state;
	given_back = 0;
	do {
		struct crypto crypto;
		OSSL_LIB_CTX *ctx;

		assert_int_equal(crypto_open(&crypto), REASON_OK);
		failing_arm(++n, false);
		ctx = crypto_context(&crypto);
		failed = failing_disarm();
		row_bool("context", ctx != NULL, !failed);
		crypto_close(&crypto);
	} while (failed);
	row_number("allocation, context, digest, all is well", (int64_t)n, 4);
	row_number("given back", given_back, 2);
	rows_end();
}

/* Not a byte behind those that are asked for is looked at. */
static void
test_hex(void **state)
{
	const struct span bytes = unit_exact(SPAN("\x01\x9f\xa0\xff"));
	char hex[9];

	(void)state;
	crypto_hex((const unsigned char *)bytes.ptr, hex, sizeof(hex));
	row_count(true);
	row_text("four bytes", hex, "019fa0ff");
	unit_free(bytes);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_open),
	cmocka_unit_test(test_digest),
	cmocka_unit_test(test_context),
	cmocka_unit_test(test_hex),
};

UNIT_MAIN(tests)
