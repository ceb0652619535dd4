/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "vectors_json.h"

/* RFC 7520 and RFC 7797, from ietf-jose/cookbook. */
static const struct {
	const char *path;
	bool is_valid; /* the compact form */
	bool is_rs256;
	bool has_compact;
	unsigned int others; /* the other forms */
} cookbook[] = {
	{ "cookbook/jws/4_1.rsa_v15_signature.json", true, true, true, 2 },
	{ "cookbook/jws/4_2.rsa-pss_signature.json", true, false, true, 2 },
	{ "cookbook/jws/4_3.ecdsa_signature.json", true, false, true, 2 },
	/* symmetric, detached, without a compact form, several */
	{ "cookbook/jws/4_4.hmac-sha2_integrity_protection.json", false, false,
	    true, 2 },
	{ "cookbook/jws/4_5.signature_with_detached_content.json", false, false,
	    true, 2 },
	{ "cookbook/jws/4_6.protecting_specific_header_fields.json", false,
	    false, false, 2 },
	{ "cookbook/jws/4_7.protecting_content_only.json", false, false, false,
	    2 },
	{ "cookbook/jws/4_8.multiple_signatures.json", false, false, false, 1 },
	/* unencoded payload */
	{ "cookbook/rfc7797/4.2.hmac-sha2_b64_false.json", false, false, false,
	    2 },
	{ "cookbook/rfc7797/hmac-sha2_b64_false.json", false, false, true, 2 },
	/* no algorithm of ours */
	{ "cookbook/curve25519/jws.json", false, false, true, 2 },
};

static void
check_token(const char *name, const json_t *key, struct span token,
    bool is_valid, bool is_rs256)
{
	row_bool(name, vectors_verify(key, VECTORS_ALL, token) == REASON_OK,
	    is_valid);
	row_bool(name, vectors_verify(key, NULL, token) == REASON_OK,
	    is_valid && is_rs256);
}

/* The JSON forms, which are no tokens. */
static unsigned int
check_forms(const char *name, const json_t *key, const json_t *output)
{
	static const char *const forms[] = { "json", "json_flat" };
	unsigned int n = 0;

	for (size_t i = 0; i < nitems(forms); i++) {
		const json_t *form = json_object_get(output, forms[i]);
		char *text;

		if (form == NULL)
			continue;
		text = json_dumps(form, JSON_COMPACT);
		check_token(name, key, span_of(text), false, false);
		free(text);
		n++;
	}
	return n;
}

/* A key to check with; where there are several, a set of them. */
static json_t *
cookbook_key(const json_t *json)
{
	json_t *key = json_object_get(json_object_get(json, "input"), "key");

	return json_is_array(key) ? json_pack("{sO}", "keys", key)
				  : json_incref(key);
}

void
test_cookbook(void **state)
{
	unsigned int compact = 0, forms = 0;

	(void)state;
	vectors_need("cookbook", 7 + 21);
	for (size_t i = 0; i < nitems(cookbook); i++) {
		json_t *json = vectors_load(cookbook[i].path);
		json_t *key = cookbook_key(json);
		const json_t *output = json_object_get(json, "output");
		const char *token =
		    json_string_value(json_object_get(output, "compact"));
		unsigned int n;

		row_true(cookbook[i].path,
		    (token != NULL) == cookbook[i].has_compact);
		if (token != NULL)
			check_token(cookbook[i].path, key, span_of(token),
			    cookbook[i].is_valid, cookbook[i].is_rs256);
		compact += token != NULL;
		n = check_forms(cookbook[i].path, key, output);
		row_number(cookbook[i].path, n, cookbook[i].others);
		forms += n;
		json_decref(key);
		json_decref(json);
	}
	print_message("cookbook: %u compact, 3 valid; %u other forms "
		      "refused\n",
	    compact, forms);
	assert_int_equal(compact, 7);
	assert_int_equal(forms, 21);
	rows_end();
}

/* Is it a key that may verify?  A token by nobody tells. */
static bool
is_usable(const json_t *jwk)
{
	return vectors_verify(jwk, VECTORS_ALL, SPAN("")) == REASON_NOT_A_TOKEN;
}

void
test_cookbook_keys(void **state)
{
	static const struct {
		const char *path;
		bool want;
	} keys[] = {
		{ "cookbook/jwk/3_1.ec_public_key.json", true },
		/* the private halves were taken out of these two */
		{ "cookbook/jwk/3_2.ec_private_key.json", true },
		{ "cookbook/jwk/3_3.rsa_public_key.json", true },
		{ "cookbook/jwk/3_4.rsa_private_key.json", true },
		{ "cookbook/jwk/3_5.symmetric_key_mac_computation.json",
		    false },
		{ "cookbook/jwk/3_6.symmetric_key_encryption.json", false },
	};

	(void)state;
	vectors_need("cookbook", 6);
	for (size_t i = 0; i < nitems(keys); i++) {
		json_t *jwk = vectors_load(keys[i].path);

		row_bool(keys[i].path, is_usable(jwk), keys[i].want);
		json_decref(jwk);
	}
	print_message("cookbook: 6 keys, 4 usable\n");
	rows_end();
}

/* RFC 7515, 7517 and 7520 as bare files, from latchset/jose. */
static bool
is_valid_there(const char *path, bool *is_rs256)
{
	static const struct {
		const char *path;
		bool is_rs256;
	} valid[] = {
		{ "rfc7515/rfc7515_A.2.jwsc", true },
		{ "rfc7515/rfc7515_A.3.jwsc", false },
		{ "rfc7515/rfc7515_A.4.jwsc", false },
		{ "rfc7515/rfc7520_4.1.jwsc", true },
		{ "rfc7515/rfc7520_4.2.jwsc", false },
		{ "rfc7515/rfc7520_4.3.jwsc", false },
	};

	for (size_t i = 0; i < nitems(valid); i++)
		if (strcmp(path, valid[i].path) == 0) {
			*is_rs256 = valid[i].is_rs256;
			return true;
		}
	*is_rs256 = false;
	return false;
}

/* The key beside it; A.5, which is unsigned, has none. */
static json_t *
key_beside(const char *path)
{
	struct buf name = BUF_INIT(256);
	json_t *key;

	if (strcmp(path, "rfc7515/rfc7515_A.5.jwsc") == 0)
		path = "rfc7515/rfc7515_A.2.jwsc";
	assert_int_equal(buf_printf(&name, "%.*s.jwk",
			     (int)(strrchr(path, '.') - path), path),
	    REASON_OK);
	key = vectors_load(name.data);
	buf_free(&name);
	return key;
}

/* A key of no interest, for what is refused before any key is. */
static json_t *
any_key(void)
{
	return vectors_load("rfc7515/rfc7515_A.2.jwk");
}

static unsigned int
check_ending(const char *ending, bool is_compact)
{
	char **list = vectors_list("rfc7515", ending);
	unsigned int n = 0;

	for (; list[n] != NULL; n++) {
		struct buf token = vectors_read(list[n]);
		bool is_rs256, is_valid = is_valid_there(list[n], &is_rs256);
		json_t *key = is_compact ? key_beside(list[n]) : any_key();

		check_token(list[n], key, buf_span(&token), is_valid, is_rs256);
		json_decref(key);
		buf_free(&token);
	}
	vectors_list_free(list);
	return n;
}

void
test_rfc7515(void **state)
{
	(void)state;
	vectors_need("rfc7515", 59);
	assert_int_equal(check_ending(".jwsc", true), 10);
	assert_int_equal(check_ending(".jwsf", false), 8);
	assert_int_equal(check_ending(".jwsg", false), 9);
	assert_int_equal(check_ending(".jwec", false), 9);
	assert_int_equal(check_ending(".jwef", false), 10);
	assert_int_equal(check_ending(".jweg", false), 13);
	print_message("rfc7515: 10 compact, 6 valid, 2 with RS256 alone; 17 "
		      "other forms and 32 JWE refused\n");
	rows_end();
}

static const char *
member(const json_t *jwk, const char *name)
{
	const char *s = json_string_value(json_object_get(jwk, name));

	return s != NULL ? s : "";
}

/* Not symmetric, and not for encryption. */
static bool
may_verify(const json_t *jwk)
{
	return strcmp(member(jwk, "kty"), "oct") != 0 &&
	    strcmp(member(jwk, "use"), "enc") != 0;
}

/* A set with a symmetric key is none; else one usable key is enough. */
static bool
set_may_verify(const json_t *set)
{
	const json_t *key;
	bool usable = false;
	size_t i;

	json_array_foreach (json_object_get(set, "keys"), i, key) {
		if (strcmp(member(key, "kty"), "oct") == 0)
			return false;
		usable |= may_verify(key);
	}
	return usable;
}

void
test_rfc7515_keys(void **state)
{
	unsigned int n, good = 0, sets, good_sets = 0;
	char **list;

	(void)state;
	vectors_need("rfc7515", 45);
	list = vectors_list("rfc7515", ".jwk");
	for (n = 0; list[n] != NULL; n++) {
		json_t *jwk = vectors_load(list[n]);

		row_bool(list[n], is_usable(jwk), may_verify(jwk));
		good += may_verify(jwk);
		json_decref(jwk);
	}
	vectors_list_free(list);
	list = vectors_list("rfc7515", ".jwkset");
	for (sets = 0; list[sets] != NULL; sets++) {
		json_t *set = vectors_load(list[sets]);

		row_bool(list[sets], is_usable(set), set_may_verify(set));
		good_sets += set_may_verify(set);
		json_decref(set);
	}
	vectors_list_free(list);
	print_message("rfc7515: %u keys, %u usable; %u sets, %u usable\n", n,
	    good, sets, good_sets);
	assert_int_equal(n, 40);
	assert_int_equal(good, 17);
	assert_int_equal(sets, 5);
	assert_int_equal(good_sets, 3);
	rows_end();
}
