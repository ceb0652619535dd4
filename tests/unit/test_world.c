/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "crypto.h"
#include "issuer.h"
#include "log.h"
#include "unit.h"

static struct {
	unsigned int n;
	bool is_warning;
	char text[TEXT_MAX];
} heard;

static void
listen(void *arg, bool is_warning, const char *text)
{
	assert_ptr_equal(arg, &heard);
	heard.n++;
	heard.is_warning = is_warning;
	memcpy(heard.text, text, strlen(text) + 1);
}

static void
test_log(void **state)
{
	const struct log_sink nobody = { .line = NULL };
	const struct log_sink sink = { .line = listen, .arg = &heard };
	char *s = unit_repeat('x', 5000);

	(void)state;
	log_warning(&nobody, "%s", s);
	assert_int_equal(heard.n, 0);
	log_warning(&sink, "a %s", "b\nc\x1b");
	assert_int_equal(heard.n, 1);
	assert_true(heard.is_warning);
	assert_string_equal(heard.text, "a b\\x0ac\\x1b");
	log_warning(&sink, "%s", s);
	assert_int_equal(heard.n, 2);
	assert_true(strlen(heard.text) < TEXT_MAX);
	free(s);
}

static void
test_digest(void **state)
{
	static const unsigned char bytes[] = { 0x00, 0x9f, 0xa0, 0xff };
	unsigned char md[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];
	struct crypto crypto;

	(void)state;
	ERR_clear_error();
	assert_int_equal(crypto_open(&crypto), REASON_OK);
	assert_int_equal(crypto_sha256(&crypto, SPAN("abc"), md), REASON_OK);
	crypto_hex(md, hex, 7);
	assert_string_equal(hex, "ba7816");
	crypto_hex(bytes, hex, 9);
	assert_string_equal(hex, "009fa0ff");
	crypto_hex(bytes, hex, 4);
	assert_string_equal(hex, "009");
	crypto_hex(bytes, hex, 1);
	assert_string_equal(hex, "");
	assert_ptr_equal(crypto_context(&crypto), crypto_context(&crypto));
	assert_non_null(crypto_context(&crypto));
	assert_int_equal(crypto_sha256_hex(&crypto, SPAN("abc"), hex),
	    REASON_OK);
	assert_string_equal(hex,
	    "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(crypto_sha256_hex(&crypto, span_of(NULL), hex),
	    REASON_OK);
	assert_string_equal(hex,
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
	assert_int_equal(ERR_peek_error(), 0);
	crypto_close(&crypto);
	crypto_close(&crypto);
}

static void
test_clock(void **state)
{
	const int64_t now = clock_ms();

	(void)state;
	assert_true(clock_now() > CLOCK_PLAUSIBLE);
	assert_int_equal(clock_left(now - 1), 0);
	assert_int_equal(clock_left(INT64_MIN / 2), 0);
	assert_int_equal(clock_left(INT64_MAX / 2), INT_MAX);
	assert_true(clock_left(now + 1000000) > 0);
}

/* It goes on, and never back, within a second and from one to the next. */
static void
test_milliseconds(void **state)
{
	const int64_t first = clock_ms();
	int64_t last = first, now;

	(void)state;
	for (int i = 0; i < 60; i++) {
		(void)usleep(2000);
		now = clock_ms();
		assert_true(now >= last);
		last = now;
	}
	assert_in_range(last - first, 100, 60000);
}

/* What a discovery document may send us to. */
static void
test_urls(void **state)
{
	static const struct {
		const char *url;
		bool want;
	} urls[] = {
		{ "https://t.example.com/.well-known/jwks.json", true },
		{ "https://t.example.com:8443/a?b=c", true },
		{ "https://T.example.com", true },
		{ "https://t.example.com/~jwks", true },
		{ "http://t.example.com/", false },
		{ "HTTPS://t.example.com/", false },
		{ "https:/t.example.com/", false },
		{ "https://", false },
		{ "https:///path", false },
		{ "https://:443/", false },
		{ "https://?a", false },
		{ "https://u:p@t.example.com/", false },
		{ "https://t.example.com/#a", false },
		{ "https://t.example.com/a b", false },
		{ "https://t.example.com/\r\nX: y", false },
		{ "https://t.example.com/\"", false },
		{ "https://t.example.com/<a>", false },
		{ "https://t.example.com\\@evil/", false },
		{ "https://t.example.com/\x7f", false },
		{ "https://t.example.com/\xc3\xa9", false },
		{ "file:///etc/passwd", false },
		{ "ldap://t.example.com/", false },
		{ "/etc/passwd", false },
		{ "", false },
	};
	char *s = unit_repeat('a', 1025);

	(void)state;
	for (size_t i = 0; i < nitems(urls); i++)
		row_bool(urls[i].url, issuer_is_url(span_of(urls[i].url)),
		    urls[i].want);
	memcpy(s, "https://", 8);
	row_bool("1024 bytes", issuer_is_url((struct span){ s, 1024 }), true);
	row_bool("1025 bytes", issuer_is_url((struct span){ s, 1025 }), false);
	row_bool("NUL", issuer_is_url(SPAN("https://a/\0")), false);
	free(s);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_log),
	cmocka_unit_test(test_digest),
	cmocka_unit_test(test_clock),
	cmocka_unit_test(test_milliseconds),
	cmocka_unit_test(test_urls),
};

UNIT_MAIN(tests)
