/* SPDX-License-Identifier: BSD-2-Clause */
#include "keys.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "b64url.h"

#define SIGNATURE_MAX 1024 /* bytes, of RSA-8192 */
#define POOL_MAX      8	   /* verifiers that wait for work, per key */

struct key {
	struct jwk jwk; /* pkey NULL: unusable */
	struct text why;
	bool is_ambiguous; /* another key has the same kid */
	const struct crypto *crypto;
	pthread_mutex_t lock; /* of the pool */
	struct verifier *pool[POOL_MAX];
	enum alg pool_alg[POOL_MAX];
	size_t pool_n;
};

struct keys {
	atomic_uint refs;
	size_t n;
	struct key key[];
};

static bool
has_kid(const struct key *key, struct span kid)
{
	return key->jwk.kid != NULL && span_is(kid, key->jwk.kid);
}

/* The kid of a key that could not be imported still has to be recognised. */
static enum reason
keep_kid(const struct json *v, struct key *key)
{
	struct span kid;

	if (!json_as_string(json_get(v, "kid"), &kid) || kid.len > KID_MAX)
		return REASON_OK;
	if ((key->jwk.kid = strndup(kid.ptr, kid.len)) == NULL)
		return REASON_OUT_OF_MEMORY;
	return REASON_OK;
}

static enum reason
add(struct keys *keys, const struct crypto *crypto, const struct json *v,
    struct text *why)
{
	struct key *key = &keys->key[keys->n];
	enum reason reason;

	text_clear(&key->why);
	key->crypto = crypto;
	reason = jwk_import(crypto, v, &key->jwk, &key->why);
	if (reason == REASON_CLAIM_INVALID)
		text_add(why, span_of(key->why.s), TEXT_MAX);
	else if (reason == REASON_KEY_UNUSABLE)
		reason = keep_kid(v, key);
	if (reason != REASON_OK) {
		jwk_clear(&key->jwk);
		return reason;
	}
	if (pthread_mutex_init(&key->lock, NULL) != 0) {
		jwk_clear(&key->jwk);
		return REASON_OUT_OF_MEMORY;
	}
	keys->n++;
	return REASON_OK;
}

/* Never "try them all": a kid that two keys share is good for neither. */
static void
mark_ambiguous(struct keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		for (size_t j = 0; j < i; j++)
			if (keys->key[j].jwk.kid != NULL &&
			    has_kid(&keys->key[i],
				span_of(keys->key[j].jwk.kid)))
				keys->key[i].is_ambiguous =
				    keys->key[j].is_ambiguous = true;
}

static bool
has_usable(const struct keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		if (keys->key[i].jwk.pkey != NULL)
			return true;
	return false;
}

static enum reason
refuse(struct text *why, const char *what)
{
	text_printf(why, "%s", what);
	return REASON_KEY_UNUSABLE;
}

enum reason
keys_parse(const struct crypto *crypto, const struct json *jwks,
    struct keys **keysp, struct text *why)
{
	const struct json *list = json_get(jwks, "keys");
	const size_t n = json_size(list);
	enum reason reason = REASON_OK;
	const struct json *item;
	struct keys *keys;
	size_t i;

	*keysp = NULL;
	if (!json_is(list, JSON_ARRAY))
		return refuse(why, "the document has no \"keys\" list");
	if (n > KEYS_MAX)
		return refuse(why, "the set has more than 32 keys");
	if ((keys = calloc(1, sizeof(*keys) + n * sizeof(keys->key[0]))) ==
	    NULL)
		return REASON_OUT_OF_MEMORY;
	atomic_init(&keys->refs, 1);
	json_each(list, i, item) if (reason == REASON_OK) reason =
	    add(keys, crypto, item, why);
	if (reason == REASON_CLAIM_INVALID)
		reason = REASON_KEY_UNUSABLE;
	if (reason == REASON_OK && !has_usable(keys))
		reason = refuse(why, "the set has no usable key");
	if (reason != REASON_OK) {
		keys_release(keys);
		return reason;
	}
	mark_ambiguous(keys);
	*keysp = keys;
	return REASON_OK;
}

struct keys *
keys_hold(struct keys *keys)
{
	(void)atomic_fetch_add(&keys->refs, 1);
	return keys;
}

void
keys_release(struct keys *keys)
{
	if (keys == NULL || atomic_fetch_sub(&keys->refs, 1) > 1)
		return;
	for (size_t i = 0; i < keys->n; i++) {
		struct key *key = &keys->key[i];

		for (size_t j = 0; j < key->pool_n; j++)
			verifier_free(key->pool[j]);
		(void)pthread_mutex_destroy(&key->lock);
		jwk_clear(&key->jwk);
	}
	free(keys);
}

size_t
keys_count(const struct keys *keys)
{
	return keys->n;
}

/* Without a kid: the only usable key for the algorithm. */
static enum reason
find_only(struct keys *keys, enum alg alg, struct key **keyp)
{
	struct key *only = NULL;

	for (size_t i = 0; i < keys->n; i++) {
		if ((keys->key[i].jwk.algs & ALG_BIT(alg)) == 0)
			continue;
		if (only != NULL)
			return REASON_KEY_UNKNOWN;
		only = &keys->key[i];
	}
	*keyp = only;
	return only != NULL ? REASON_OK : REASON_KEY_UNKNOWN;
}

static enum reason
find_named(struct keys *keys, struct span kid, struct key **keyp)
{
	for (size_t i = 0; i < keys->n; i++)
		if (has_kid(&keys->key[i], kid)) {
			*keyp = &keys->key[i];
			return REASON_OK;
		}
	return REASON_KEY_UNKNOWN;
}

enum reason
keys_find(struct keys *keys, const struct jws_header *header, struct key **keyp,
    const char **why)
{
	struct key *key = NULL;
	enum reason reason;

	*keyp = NULL;
	*why = header->kid.len > 0 ? "the set has no such key"
				   : "no kid, and not just one key that fits";
	reason = header->kid.len > 0 ? find_named(keys, header->kid, &key)
				     : find_only(keys, header->alg, &key);
	if (reason != REASON_OK)
		return reason;
	if (key->jwk.pkey == NULL)
		*why = key->why.s;
	else if (key->is_ambiguous)
		*why = "two keys have this kid";
	else if ((key->jwk.algs & ALG_BIT(header->alg)) == 0)
		*why = "the key is for another algorithm";
	else {
		*keyp = key;
		return REASON_OK;
	}
	return REASON_KEY_UNUSABLE;
}

/* One that is ready, or a new one. */
static enum reason
take_verifier(struct key *key, enum alg alg, struct verifier **v)
{
	*v = NULL;
	(void)pthread_mutex_lock(&key->lock);
	for (size_t n = key->pool_n; n > 0; n--) {
		const size_t i = n - 1;

		if (key->pool_alg[i] != alg)
			continue;
		*v = key->pool[i];
		key->pool_n--;
		key->pool[i] = key->pool[key->pool_n];
		key->pool_alg[i] = key->pool_alg[key->pool_n];
		break;
	}
	(void)pthread_mutex_unlock(&key->lock);
	if (*v != NULL)
		return REASON_OK;
	return verifier_new(v, key->crypto, key->jwk.pkey, alg);
}

static void
give_back(struct key *key, enum alg alg, struct verifier *v)
{
	(void)pthread_mutex_lock(&key->lock);
	if (key->pool_n < POOL_MAX) {
		key->pool[key->pool_n] = v;
		key->pool_alg[key->pool_n++] = alg;
		v = NULL; /* transferred */
	}
	(void)pthread_mutex_unlock(&key->lock);
	verifier_free(v);
}

size_t
key_signature_letters(const struct key *key)
{
	return (key->jwk.signature_size * 8 + 5) / 6;
}

static enum reason
check(struct key *key, enum alg alg, const struct token *token,
    unsigned char sig[static SIGNATURE_MAX])
{
	struct verifier *v;
	enum reason reason;
	size_t len;

	reason = b64url_decode(token->signature, sig, SIGNATURE_MAX, &len);
	if (reason == REASON_TOKEN_TOO_LARGE ||
	    (reason == REASON_OK && len != key->jwk.signature_size))
		return REASON_SIGNATURE_INVALID;
	if (reason != REASON_OK ||
	    (reason = take_verifier(key, alg, &v)) != REASON_OK)
		return reason;
	reason = verifier_check(v, token->signed_part,
	    (struct span){ .ptr = (char *)sig, .len = len });
	give_back(key, alg, v);
	return reason;
}

enum reason
key_verify(struct key *key, enum alg alg, const struct token *token)
{
	unsigned char sig[SIGNATURE_MAX] UNINITIALIZED;
	enum reason reason;

	/* Too short by its letters alone: the rest never arrived. */
	if (token->signature.len < key_signature_letters(key))
		return REASON_TOKEN_TRUNCATED;
	reason = check(key, alg, token, sig);
	explicit_bzero(sig, sizeof(sig));
	return reason;
}

void
keys_show(const struct keys *keys, size_t i, struct text *text)
{
	const struct key *key = &keys->key[i];

	text_add(text,
	    span_of(key->jwk.kid != NULL ? key->jwk.kid : "(no kid)"), 80);
	if (key->jwk.pkey == NULL)
		text_printf(text, ": unusable: %s", key->why.s);
	else if (key->is_ambiguous)
		text_printf(text, ": unusable: two keys have this kid");
	else
		text_printf(text, ": %s, %d bits",
		    EVP_PKEY_get0_type_name(key->jwk.pkey),
		    EVP_PKEY_get_bits(key->jwk.pkey));
}
