/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "b64url.h"
#include "vectors_json.h"

static void
check_b64url(const json_t *test)
{
	const json_t *input = json_object_get(test, "input");
	const struct span in = unit_exact((struct span){
	    json_string_value(input), json_string_length(input) });
	const char *hex = json_string_value(json_object_get(test, "hex"));
	unsigned char out[256];
	size_t len;

	row_reason(json_string_value(input),
	    b64url_decode(in, out, sizeof(out), &len),
	    hex != NULL ? REASON_OK : REASON_TOKEN_MALFORMED);
	if (hex != NULL) {
		row_number(json_string_value(input), (int64_t)len,
		    (int64_t)strlen(hex) / 2);
		for (size_t i = 0; i < len; i++) {
			const char byte[3] = { hex[2 * i], hex[2 * i + 1] };

			assert_int_equal(out[i], strtoul(byte, NULL, 16));
		}
	}
	unit_free(in);
}

static void
test_b64url(void **state)
{
	const json_t *tests_, *test;
	unsigned int good = 0;
	json_t *json;
	size_t i;

	(void)state;
	vectors_need("base64url", 31);
	json = vectors_load("base64url/base64url_strict.json");
	tests_ = json_object_get(json, "tests");
	assert_int_equal(json_array_size(tests_), 31);
	json_array_foreach (tests_, i, test) {
		check_b64url(test);
		good += json_object_get(test, "hex") != NULL;
	}
	print_message("base64url: 31, %u good\n", good);
	assert_int_equal(good, 9);
	json_decref(json);
	rows_end();
}

/* None may be used; of a set with a symmetric key nothing is. */
static void
test_bad_keys(void **state)
{
	unsigned int symmetric = 0;
	const json_t *keys, *key;
	json_t *json;
	size_t i;

	(void)state;
	vectors_need("libjwt", 14);
	json = vectors_load("libjwt/bad_keys.json");
	keys = json_object_get(json, "keys");
	assert_int_equal(json_array_size(keys), 14);
	json_array_foreach (keys, i, key) {
		row_reason(json_string_value(json_object_get(key, "kid")),
		    vectors_verify(key, VECTORS_ALL, SPAN("a.b.c")),
		    REASON_KEY_UNUSABLE);
		symmetric += json_object_get(key, "k") != NULL;
	}
	row_reason("all of them",
	    vectors_verify(json, VECTORS_ALL, SPAN("a.b.c")),
	    REASON_KEY_UNUSABLE);
	print_message("libjwt: 14 bad keys, %u with a secret\n", symmetric);
	json_decref(json);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_b64url),
	cmocka_unit_test(test_bad_keys),
	cmocka_unit_test(test_wycheproof_signature),
	cmocka_unit_test(test_wycheproof_key),
	cmocka_unit_test(test_wycheproof_crypto),
	cmocka_unit_test(test_wycheproof_encryption),
	cmocka_unit_test(test_cookbook),
	cmocka_unit_test(test_cookbook_keys),
	cmocka_unit_test(test_rfc7515),
	cmocka_unit_test(test_rfc7515_keys),
	cmocka_unit_test(test_json_parsing),
	cmocka_unit_test(test_json_transform),
	cmocka_unit_test(test_jansson),
};

int
main(void)
{
	const int rc = cmocka_run_group_tests(tests, NULL, NULL);

	return vectors_end(unit_end(rc));
}
