/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "b64url.h"
#include "vectors_json.h"

/* C2SP/wycheproof, testvectors_v1 */
struct counts {
	unsigned int all;
	unsigned int valid;	 /* with every algorithm allowed */
	unsigned int valid_only; /* with the default, RS256 */
	/* published as valid, refused by design */
	unsigned int symmetric;
	unsigned int empty; /* a JWS, but no token without a payload */
	unsigned int overridden;
};

static const char *file_name;
static json_t *overrides;

/* What a strict verifier has to say, which may not be what is published. */
static bool
is_valid(const json_t *test, struct counts *counts)
{
	const char *result = json_string_value(json_object_get(test, "result"));
	char id[16];
	const json_t *ours;

	(void)snprintf(id, sizeof(id), "%lld",
	    (long long)json_integer_value(json_object_get(test, "tcId")));
	ours = json_object_get(json_object_get(json_object_get(overrides,
						   file_name),
				   id),
	    "ours");
	if (ours == NULL)
		return strcmp(result, "valid") == 0;
	counts->overridden++;
	return strncmp(json_string_value(ours), "valid", 5) == 0;
}

/* The key to check with; private halves are what the file has for HMAC. */
static const json_t *
key_of(const json_t *group)
{
	const json_t *key = json_object_get(group, "public");

	return key != NULL ? key : json_object_get(group, "private");
}

static bool
is_symmetric(const json_t *key)
{
	const json_t *keys = json_object_get(key, "keys");
	const char *kty = json_string_value(
	    json_object_get(keys != NULL ? json_array_get(keys, 0) : key,
		"kty"));

	return strcmp(kty, "oct") == 0;
}

/* A string as it is; an object is one of the forms that are not compact. */
static char *
token_of(const json_t *test, const char *member)
{
	const json_t *v = json_object_get(test, member);

	assert_non_null(v);
	return json_is_string(v) ? strdup(json_string_value(v))
				 : json_dumps(v, JSON_COMPACT);
}

/* Is the default enough for the algorithm of this good token? */
static bool
says_rs256(const char *token)
{
	const struct span header = { token, strcspn(token, ".") };
	char text[4096];
	json_t *json;
	size_t len;
	bool yes;

	assert_int_equal(b64url_decode(header, text, sizeof(text), &len),
	    REASON_OK);
	json = json_loadb(text, len, 0, NULL);
	yes = strcmp(json_string_value(json_object_get(json, "alg")),
		  "RS256") == 0;
	json_decref(json);
	return yes;
}

static void
check(const json_t *group, const json_t *test, struct counts *counts)
{
	const json_t *key = key_of(group);
	char *token = token_of(test, "jws");
	bool want = is_valid(test, counts), got;
	char name[128];

	(void)snprintf(name, sizeof(name), "%s %lld: %s", file_name,
	    (long long)json_integer_value(json_object_get(test, "tcId")),
	    json_string_value(json_object_get(test, "comment")));
	counts->all++;
	if (want && is_symmetric(key)) {
		counts->symmetric++;
		want = false;
	} else if (want && strstr(token, "..") != NULL) {
		counts->empty++;
		want = false;
	}
	got = vectors_verify(key, VECTORS_ALL, span_of(token)) == REASON_OK;
	row_bool(name, got, want);
	counts->valid += got;
	want = want && says_rs256(token);
	got = vectors_verify(key, NULL, span_of(token)) == REASON_OK;
	row_bool(name, got, want);
	counts->valid_only += got;
	free(token);
}

/* Groups whose type is about JWS, or all of them. */
static void
run(const char *file, const char *path, unsigned int want,
    struct counts *counts)
{
	json_t *json;
	const json_t *group, *test;
	size_t i, j;

	vectors_need("wycheproof", want);
	file_name = file;
	overrides = vectors_load("wycheproof/OVERRIDES.json");
	json = vectors_load(path);
	json_array_foreach (json_object_get(json, "testGroups"), i, group) {
		json_array_foreach (json_object_get(group, "tests"), j, test) {
			if (json_object_get(test, "jws") != NULL)
				check(group, test, counts);
		}
	}
	print_message("%s: %u JWS; %u valid, %u with RS256 alone; refused by "
		      "design: %u symmetric, %u empty; %u overridden\n",
	    file, counts->all, counts->valid, counts->valid_only,
	    counts->symmetric, counts->empty, counts->overridden);
	json_decref(json);
	json_decref(overrides);
	rows_end();
	assert_int_equal(counts->all, want);
}

void
test_wycheproof_signature(void **state)
{
	struct counts n = { .all = 0 };

	(void)state;
	run("json_web_signature_test",
	    "wycheproof/json_web_signature_test.json", 401, &n);
	assert_int_equal(n.overridden, 8);
	assert_int_equal(n.valid, 26);
	assert_int_equal(n.valid_only, 7);
	assert_int_equal(n.symmetric, 10);
	assert_int_equal(n.empty, 6);
}

void
test_wycheproof_key(void **state)
{
	struct counts n = { .all = 0 };

	(void)state;
	run("json_web_key_test", "wycheproof/json_web_key_test.json", 26, &n);
	assert_int_equal(n.overridden, 1);
	assert_int_equal(n.valid, 2);
	assert_int_equal(n.valid_only, 2);
	assert_int_equal(n.symmetric, 4);
	assert_int_equal(n.empty, 0);
}

void
test_wycheproof_crypto(void **state)
{
	struct counts n = { .all = 0 };

	(void)state;
	run("json_web_crypto_test", "wycheproof/json_web_crypto_test.json", 49,
	    &n);
	assert_int_equal(n.overridden, 1);
	assert_int_equal(n.valid, 3);
	assert_int_equal(n.valid_only, 2);
	assert_int_equal(n.symmetric, 2);
	assert_int_equal(n.empty, 0);
}

/* A key that is good for JWS, so that it is not the key that is refused. */
static json_t *
good_key(void)
{
	json_t *json = vectors_load("wycheproof/json_web_signature_test.json");
	json_t *key = json_incref(
	    json_object_get(json_array_get(json_object_get(json, "testGroups"),
				3),
		"public"));

	json_decref(json);
	return key;
}

/* None of the encrypted ones is taken for anything else. */
static unsigned int
run_encrypted(const char *path, unsigned int *ended)
{
	json_t *json = vectors_load(path), *key = good_key();
	const json_t *group, *test;
	unsigned int all = 0;
	size_t i, j;

	json_array_foreach (json_object_get(json, "testGroups"), i, group) {
		json_array_foreach (json_object_get(group, "tests"), j, test) {
			enum reason reason;
			char *token;

			if (json_object_get(test, "jwe") == NULL)
				continue;
			token = token_of(test, "jwe");
			reason =
			    vectors_verify(key, VECTORS_ALL, span_of(token));
			row_bool(token, reason == REASON_OK, false);
			ended[reason]++;
			all++;
			free(token);
		}
	}
	json_decref(json);
	json_decref(key);
	return all;
}

void
test_wycheproof_encryption(void **state)
{
	unsigned int ended[REASON_INTERNAL + 1] = { 0 };

	(void)state;
	vectors_need("wycheproof", 139 + 34);
	assert_int_equal(run_encrypted("wycheproof/"
				       "json_web_encryption_test.json",
			     ended),
	    139);
	assert_int_equal(run_encrypted("wycheproof/json_web_crypto_test.json",
			     ended),
	    34);
	for (int r = 0; r <= REASON_INTERNAL; r++)
		if (ended[r] != 0)
			print_message("JWE: %s %u\n",
			    reason_name((enum reason)r), ended[r]);
	assert_int_equal(ended[REASON_OK], 0);
	rows_end();
}
