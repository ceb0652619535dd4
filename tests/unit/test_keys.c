/* SPDX-License-Identifier: BSD-2-Clause */
#include "keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mint.h"
#include "unit.h"

int __real_pthread_mutex_init(pthread_mutex_t *mutex,
    const pthread_mutexattr_t *attr);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex,
    const pthread_mutexattr_t *attr);
enum reason __wrap_verifier_new(struct verifier **verifierp,
    const struct crypto *crypto, EVP_PKEY *pkey, enum alg alg);
enum reason __wrap_verifier_check(struct verifier *v, struct span text,
    struct span sig);
void __wrap_verifier_free(struct verifier *v);

static bool no_mutex;

int
__wrap_pthread_mutex_init(pthread_mutex_t *mutex,
    const pthread_mutexattr_t *attr)
{
	return no_mutex ? ENOMEM : __real_pthread_mutex_init(mutex, attr);
}

/*
 * Verifiers that verify nothing, and are counted.  While one is at work,
 * so_many others come, as if they were threads.
 */
static char slots[32];
static size_t made, freed;
static unsigned int so_many;
static struct key *at_work;
static enum alg work_alg;
static struct token work;

static enum reason
verify(unsigned int others)
{
	so_many = others;
	return key_verify(at_work, work_alg, &work);
}

enum reason
__wrap_verifier_new(struct verifier **verifierp, const struct crypto *crypto,
    EVP_PKEY *pkey, enum alg alg)
{
	(void)crypto, (void)pkey, (void)alg;
	assert_true(made < sizeof(slots));
	*verifierp = (void *)&slots[made++];
	return REASON_OK;
}

enum reason
__wrap_verifier_check(struct verifier *v, struct span text, struct span sig)
{
	(void)v, (void)text, (void)sig;
	return so_many > 0 ? verify(so_many - 1) : REASON_OK;
}

void
__wrap_verifier_free(struct verifier *v)
{
	freed += v != NULL;
}

static struct crypto crypto;

/* What a member of a set is, in one letter. */
static char *
member(char what)
{
	switch (what) {
	case 'r':
		return mint_jwk(MINT_RSA, "rsa", NULL);
	case 'R':
		return mint_jwk(MINT_RSA_OTHER, "rsa", NULL);
	case 'o':
		return mint_jwk(MINT_RSA_OTHER, "other", NULL);
	case 'e':
		return mint_jwk(MINT_P256, "ec", NULL);
	case 'p':
		return mint_jwk(MINT_RSA_OTHER, "pss", "\"alg\":\"PS256\"");
	case 'n':
		return mint_jwk(MINT_RSA, NULL, NULL);
	case 'N':
		return mint_jwk(MINT_RSA_OTHER, NULL, NULL);
	case 'u':
		return mint_jwk(MINT_RSA_OTHER, "rsa", "\"use\":\"enc\"");
	case 'x':
		return mint_jwk(MINT_RSA, "enc", "\"use\":\"enc\"");
	case 'd':
		return mint_jwk(MINT_RSA, "private", "\"d\":\"AQ\"");
	case 's':
		return strdup("{\"kty\":\"oct\",\"kid\":\"mac\",\"k\":\"AQ\"}");
	case 't':
		return strdup("{\"kty\":\"OKP\",\"kid\":\"ed\",\"crv\":"
			      "\"Ed25519\",\"x\":\"AQ\"}");
	default:
		return strdup("[]");
	}
}

static const struct json *
set_of(const char *members)
{
	char *list[64], *text;
	const size_t n = strlen(members);
	const struct json *json;

	for (size_t i = 0; i < n; i++)
		list[i] = member(members[i]);
	text = mint_jwks(list, n);
	json = unit_parse(span_of(text));
	assert_non_null(json);
	free(text);
	return json;
}

static void
test_sets(void **state)
{
	static const struct {
		const char *name, *members;
		enum reason want;
		const char *why;
	} rows[] = {
		{ "one key", "r", REASON_OK, "" },
		{ "several", "rep", REASON_OK, "" },
		{ "with some that are not for us", "xtr?", REASON_OK, "" },
		{ "32 keys", "rxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", REASON_OK,
		    "" },
		{ "none", "", REASON_KEY_UNUSABLE, "no usable key" },
		{ "33 keys", "rxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		    REASON_KEY_UNUSABLE, "more than 32" },
		{ "only one for encryption", "x", REASON_KEY_UNUSABLE,
		    "no usable key" },
		{ "only unknown types", "tt?", REASON_KEY_UNUSABLE,
		    "no usable key" },
		{ "a private key", "d", REASON_KEY_UNUSABLE, "private" },
		{ "a private key among good ones", "rdo", REASON_KEY_UNUSABLE,
		    "private" },
		{ "a symmetric key", "s", REASON_KEY_UNUSABLE, "symmetric" },
		{ "a symmetric key behind a good one", "rs",
		    REASON_KEY_UNUSABLE, "symmetric" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct json *json = set_of(rows[i].members);
		struct keys *keys = NULL;
		struct text why;

		text_clear(&why);
		row_reason(rows[i].name, keys_parse(&crypto, json, &keys, &why),
		    rows[i].want);
		row_has(rows[i].name, why.s, rows[i].why);
		row_true(rows[i].name,
		    (keys != NULL) == (rows[i].want == REASON_OK));
		if (keys != NULL)
			row_number(rows[i].name, (int64_t)keys_count(keys),
			    (int64_t)strlen(rows[i].members));
		keys_release(keys);
		unit_json_free(json);
	}
	rows_end();
}

static void
test_no_sets(void **state)
{
	static const char *const none[] = { "{}", "{\"keys\":null}",
		"{\"keys\":{}}", "{\"keys\":\"\"}", "{\"keys\":{\"kty\":1}}",
		"{\"Keys\":[]}", "{\"keys\":[[]]}", "{\"keys\":[null]}",
		"{\"error\":\"server_error\"}", "{\"keys\":[{}]}" };

	(void)state;
	for (size_t i = 0; i < nitems(none); i++) {
		const struct json *json = unit_json(none[i], NULL, NULL);
		struct keys *keys = (void *)1;
		struct text why;

		text_clear(&why);
		row_reason(none[i], keys_parse(&crypto, json, &keys, &why),
		    REASON_KEY_UNUSABLE);
		row_true(none[i], keys == NULL && why.len > 0);
		unit_json_free(json);
	}
	rows_end();
}

static const struct {
	const char *name, *members;
	const char *kid; /* NULL: the header has none */
	enum alg alg;
	enum reason want;
} finds[] = {
	{ "by its kid", "ore", "rsa", ALG_RS256, REASON_OK },
	{ "PSS with the same key", "r", "rsa", ALG_PS512, REASON_OK },
	{ "EC", "re", "ec", ALG_ES256, REASON_OK },
	{ "only key, no kid asked for", "r", NULL, ALG_RS256, REASON_OK },
	{ "only key, none has a kid", "n", NULL, ALG_RS256, REASON_OK },
	{ "only one that fits", "rex", NULL, ALG_ES256, REASON_OK },
	{ "only one that says so", "ep", NULL, ALG_PS256, REASON_OK },
	{ "named beside a nameless one", "nr", "rsa", ALG_RS256, REASON_OK },

	{ "unknown kid", "re", "RSA", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "prefix", "re", "rs", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "longer", "re", "rsa2", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "path", "re", "../rsa", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "device", "re", "/dev/null", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "two dots", "re", "..", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "SQL", "re", "x' UNION SELECT 'a", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "shell", "re", "rsa;id", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "format", "re", "%n%s%x", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "blank", "re", " ", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "blank behind", "re", "rsa ", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "newline behind", "re", "rsa\n", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "full width", "re", "\xef\xbd\x92sa", ALG_RS256, REASON_KEY_UNKNOWN },
	{ "a kid where no key has one", "n", "rsa", ALG_RS256,
	    REASON_KEY_UNKNOWN },
	{ "no kid, two that fit", "ro", NULL, ALG_RS256, REASON_KEY_UNKNOWN },
	{ "no kid, two nameless", "nN", NULL, ALG_RS256, REASON_KEY_UNKNOWN },
	{ "no kid, none that fits", "r", NULL, ALG_ES256, REASON_KEY_UNKNOWN },
	{ "no kid, only for PSS", "p", NULL, ALG_RS256, REASON_KEY_UNKNOWN },
	{ "no kid, only for encryption", "xe", NULL, ALG_RS256,
	    REASON_KEY_UNKNOWN },
	{ "RSA for ES256", "r", "rsa", ALG_ES256, REASON_KEY_UNUSABLE },
	{ "EC for RS256", "e", "ec", ALG_RS256, REASON_KEY_UNUSABLE },
	{ "P-256 for ES384", "e", "ec", ALG_ES384, REASON_KEY_UNUSABLE },
	{ "RS256 with a key for PS256", "p", "pss", ALG_RS256,
	    REASON_KEY_UNUSABLE },
	{ "PS384 with a key for PS256", "p", "pss", ALG_PS384,
	    REASON_KEY_UNUSABLE },
	{ "for encryption", "rx", "enc", ALG_RS256, REASON_KEY_UNUSABLE },
	{ "unknown type", "rt", "ed", ALG_RS256, REASON_KEY_UNUSABLE },
	{ "two with this kid", "rR", "rsa", ALG_RS256, REASON_KEY_UNUSABLE },
	{ "three with this kid", "rRR", "rsa", ALG_RS256, REASON_KEY_UNUSABLE },
	{ "twice the very same", "rr", "rsa", ALG_RS256, REASON_KEY_UNUSABLE },
	{ "shared with an unusable one", "ru", "rsa", ALG_RS256,
	    REASON_KEY_UNUSABLE },
	{ "shared, the unusable one first", "ur", "rsa", ALG_RS256,
	    REASON_KEY_UNUSABLE },
};

static void
test_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(finds); i++) {
		const struct jws_header header = { .alg = finds[i].alg,
			.kid = span_of(finds[i].kid) };
		const struct json *json = set_of(finds[i].members);
		struct keys *keys;
		struct text why_not;
		const char *why = NULL;
		struct key *key;

		text_clear(&why_not);
		assert_int_equal(keys_parse(&crypto, json, &keys, &why_not),
		    REASON_OK);
		row_reason(finds[i].name, keys_find(keys, &header, &key, &why),
		    finds[i].want);
		row_true(finds[i].name,
		    (key != NULL) == (finds[i].want == REASON_OK));
		row_true(finds[i].name, why != NULL && why[0] != '\0');
		keys_release(keys);
		unit_json_free(json);
	}
	rows_end();
}

static void
test_why(void **state)
{
	static const struct {
		const char *name, *members, *kid, *why;
	} rows[] = {
		{ "no kid", "ro", NULL,
		    "no kid, and not just one key that fits" },
		{ "unknown kid", "ro", "x", "the set has no such key" },
		{ "unusable", "rx", "enc", "\"use\" is not \"sig\"" },
		{ "ambiguous", "rR", "rsa", "two keys have this kid" },
		{ "another algorithm", "re", "ec",
		    "the key is for another algorithm" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct jws_header header = { .alg = ALG_RS256,
			.kid = span_of(rows[i].kid) };
		const struct json *json = set_of(rows[i].members);
		struct keys *keys;
		struct text text;
		const char *why;
		struct key *key;

		text_clear(&text);
		assert_int_equal(keys_parse(&crypto, json, &keys, &text),
		    REASON_OK);
		row_bool(rows[i].name,
		    keys_find(keys, &header, &key, &why) == REASON_OK, false);
		row_text(rows[i].name, why, rows[i].why);
		keys_release(keys);
		unit_json_free(json);
	}
	rows_end();
}

/* A key without a lock is none, nor is a set without that key. */
static void
test_no_mutex(void **state)
{
	const struct json *json = set_of("r");
	struct keys *keys;
	struct text why;

	(void)state;
	text_clear(&why);
	no_mutex = true;
	row_reason("no mutex", keys_parse(&crypto, json, &keys, &why),
	    REASON_OUT_OF_MEMORY);
	no_mutex = false;
	row_true("no mutex", keys == NULL);
	unit_json_free(json);
	rows_end();
}

/* Verifiers wait for the next token: eight of them, and then they go. */
static void
test_pool(void **state)
{
	const struct jws_header header = { .alg = ALG_RS256,
		.kid = SPAN("rsa") };
	const struct json *json = set_of("r");
	char *signature = unit_repeat('A', 342);
	struct keys *keys;
	const char *none;
	struct text why;

	(void)state;
	text_clear(&why);
	made = freed = 0;
	assert_int_equal(keys_parse(&crypto, json, &keys, &why), REASON_OK);
	assert_int_equal(keys_find(keys, &header, &at_work, &none), REASON_OK);
	work.signature = span_of(signature);
	work_alg = ALG_RS256;
	for (int i = 0; i < 3; i++)
		row_reason("one after the other", verify(0), REASON_OK);
	row_number("one after the other", (int64_t)made, 1);
	work_alg = ALG_PS256;
	row_reason("another algorithm", verify(0), REASON_OK);
	row_number("another algorithm", (int64_t)made, 2);
	row_reason("eight at once", verify(7), REASON_OK);
	row_number("eight at once", (int64_t)made, 9);
	row_number("one too many", (int64_t)freed, 1);
	keys_release(keys);
	row_number("all are gone", (int64_t)freed, (int64_t)made);
	unit_json_free(json);
	free(signature);
	rows_end();
}

static void
test_show(void **state)
{
	static const char *const want[] = { "rsa: RSA, 2048 bits",
		"ec: EC, 256 bits", "(no kid): RSA, 2048 bits",
		"enc: unusable: \"use\" is not \"sig\"",
		"ed: unusable: a key type that we do not use" };
	const struct json *json = set_of("renxt");
	struct keys *keys;
	struct text text;

	(void)state;
	text_clear(&text);
	assert_int_equal(keys_parse(&crypto, json, &keys, &text), REASON_OK);
	for (size_t i = 0; i < nitems(want); i++) {
		text_clear(&text);
		keys_show(keys, i, &text);
		assert_string_equal(text.s, want[i]);
	}
	keys_release(keys);
	unit_json_free(json);
	json = set_of("rR");
	assert_int_equal(keys_parse(&crypto, json, &keys, &text), REASON_OK);
	text_clear(&text);
	keys_show(keys, 1, &text);
	assert_string_equal(text.s, "rsa: unusable: two keys have this kid");
	keys_release(keys);
	unit_json_free(json);
}

/* The set lives as long as its last holder. */
static void
test_hold(void **state)
{
	const struct json *json = set_of("re");
	struct keys *keys, *again;
	struct text why;

	(void)state;
	text_clear(&why);
	assert_int_equal(keys_parse(&crypto, json, &keys, &why), REASON_OK);
	unit_json_free(json); /* nothing is borrowed from it */
	again = keys_hold(keys);
	assert_ptr_equal(keys, again);
	keys_release(keys);
	assert_int_equal(keys_count(again), 2);
	keys_release(again);
	keys_release(NULL);
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
	cmocka_unit_test(test_sets),
	cmocka_unit_test(test_no_sets),
	cmocka_unit_test(test_find),
	cmocka_unit_test(test_why),
	cmocka_unit_test(test_no_mutex),
	cmocka_unit_test(test_pool),
	cmocka_unit_test(test_show),
	cmocka_unit_test(test_hold),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
