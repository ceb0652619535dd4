/* SPDX-License-Identifier: BSD-2-Clause */
#include "jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "b64url.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define RSA_E_BITS   32
#define COORD_MAX    66 /* bytes of a P-521 coordinate */
#define RSA_ALGS                                                        \
	(ALG_BIT(ALG_RS256) | ALG_BIT(ALG_RS384) | ALG_BIT(ALG_RS512) | \
	    ALG_BIT(ALG_PS256) | ALG_BIT(ALG_PS384) | ALG_BIT(ALG_PS512))

/* RFC 7518 section 6.2.1.1; a curve goes with one algorithm. */
static const struct curve {
	const char *crv;
	const char *group; /* OpenSSL's name */
	size_t size;	   /* bytes of a coordinate */
	enum alg alg;
} curves[] = {
	{ "P-256", "prime256v1", 32, ALG_ES256 },
	{ "P-384", "secp384r1", 48, ALG_ES384 },
	{ "P-521", "secp521r1", 66, ALG_ES512 },
};

static enum reason
unusable(struct text *why, const char *what)
{
	text_printf(why, "%s", what);
	return REASON_KEY_UNUSABLE;
}

/* Members that only a private (RFC 7518 6.2.2, 6.3.2) or secret key has. */
static bool
is_public(const struct json *v)
{
	static const char *const secret[] = { "d", "p", "q", "dp", "dq", "qi",
		"oth", "k" };

	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		if (json_get(v, secret[i]) != NULL)
			return false;
	return !json_holds(json_get(v, "kty"), span_of("oct"));
}

static enum reason
check_use(const struct json *v, struct text *why)
{
	const struct json *use = json_get(v, "use");
	const struct json *ops = json_get(v, "key_ops");
	struct span s;

	if (use != NULL && (!json_as_string(use, &s) || !span_is(s, "sig")))
		return unusable(why, "\"use\" is not \"sig\"");
	if (ops != NULL &&
	    (!json_is(ops, JSON_ARRAY) || !json_holds(ops, span_of("verify"))))
		return unusable(why, "\"key_ops\" has no \"verify\"");
	return REASON_OK;
}

/* A key that names its algorithm is for that one only. */
static enum reason
check_alg(const struct json *v, struct jwk *jwk, struct text *why)
{
	const struct json *alg = json_get(v, "alg");
	struct span name;
	enum alg only;

	if (alg == NULL)
		return REASON_OK;
	if (!json_as_string(alg, &name) || !alg_find(name, &only) ||
	    (jwk->algs & ALG_BIT(only)) == 0)
		return unusable(why, "\"alg\" does not go with the key");
	jwk->algs = ALG_BIT(only);
	return REASON_OK;
}

static enum reason
read_kid(const struct json *v, struct jwk *jwk, struct text *why)
{
	const struct json *kid = json_get(v, "kid");
	struct span s;

	if (kid == NULL)
		return REASON_OK;
	if (!json_as_string(kid, &s) || s.len == 0 || s.len > KID_MAX)
		return unusable(why, "\"kid\" is not a short string");
	if ((jwk->kid = strndup(s.ptr, s.len)) == NULL)
		return REASON_OUT_OF_MEMORY;
	return REASON_OK;
}

/* A number of at most max bytes, most significant first. */
static enum reason
decode(const struct json *v, const char *name, unsigned char *out, size_t max,
    size_t *len, struct text *why)
{
	struct span s;

	if (!json_as_string(json_get(v, name), &s)) {
		text_printf(why, "\"%s\" is missing", name);
		return REASON_KEY_UNUSABLE;
	}
	if (b64url_decode(s, out, max, len) != REASON_OK || *len == 0) {
		text_printf(why, "\"%s\" is not a number that we accept", name);
		return REASON_KEY_UNUSABLE;
	}
	return REASON_OK;
}

/* *pkeyp is NULL if OpenSSL does not like the numbers. */
static void
make_pkey(const struct crypto *crypto, const char *type, OSSL_PARAM *params,
    EVP_PKEY **pkeyp)
{
	EVP_PKEY_CTX *ctx;

	*pkeyp = NULL;
	ctx = EVP_PKEY_CTX_new_from_name(crypto_context(crypto), type, NULL);
	if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, pkeyp, EVP_PKEY_PUBLIC_KEY,
		    params);
	EVP_PKEY_CTX_free(ctx);
}

/*
 * OpenSSL 3.0 imports the point at infinity.  (The same check of an RSA key
 * tests n for primality, which costs a hundred verifications.)
 */
static void
check_point(const struct crypto *crypto, EVP_PKEY **pkeyp)
{
	EVP_PKEY_CTX *ctx;

	if (*pkeyp == NULL)
		return;
	ctx = EVP_PKEY_CTX_new_from_pkey(crypto_context(crypto), *pkeyp, NULL);
	if (ctx == NULL || EVP_PKEY_public_check(ctx) != 1) {
		EVP_PKEY_free(*pkeyp);
		*pkeyp = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
}

static enum reason
check_rsa_numbers(const BIGNUM *n, const BIGNUM *e, struct text *why)
{
	if (BN_num_bits(n) < RSA_BITS_MIN || BN_num_bits(n) > RSA_BITS_MAX ||
	    !BN_is_odd(n)) {
		text_printf(why, "an RSA key of %d bits; %d to %d are accepted",
		    BN_num_bits(n), RSA_BITS_MIN, RSA_BITS_MAX);
		return REASON_KEY_UNUSABLE;
	}
	if (!BN_is_odd(e) || BN_num_bits(e) > RSA_E_BITS ||
	    BN_get_word(e) < RSA_F4)
		return unusable(why,
		    "the RSA exponent is not an odd number "
		    "from 65537 to 2^32");
	return REASON_OK;
}

static enum reason
import_rsa(const struct crypto *crypto, const struct json *v, struct jwk *jwk,
    struct text *why)
{
	unsigned char nb[RSA_BITS_MAX / 8 + 1], eb[RSA_E_BITS / 8 + 1];
	size_t n_len, e_len;
	BIGNUM *n = NULL, *e = NULL;
	OSSL_PARAM_BLD *bld = NULL;
	OSSL_PARAM *params = NULL;
	enum reason reason;

	if ((reason = decode(v, "n", nb, sizeof(nb), &n_len, why)) !=
		REASON_OK ||
	    (reason = decode(v, "e", eb, sizeof(eb), &e_len, why)) != REASON_OK)
		return reason;
	n = BN_bin2bn(nb, (int)n_len, NULL);
	e = BN_bin2bn(eb, (int)e_len, NULL);
	if (n == NULL || e == NULL) {
		reason = REASON_OUT_OF_MEMORY;
		goto out;
	}
	if ((reason = check_rsa_numbers(n, e, why)) != REASON_OK)
		goto out;
	if ((bld = OSSL_PARAM_BLD_new()) == NULL ||
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) != 1 ||
	    (params = OSSL_PARAM_BLD_to_param(bld)) == NULL) {
		reason = REASON_OUT_OF_MEMORY;
		goto out;
	}
	make_pkey(crypto, "RSA", params, &jwk->pkey);
	jwk->algs = RSA_ALGS;
	jwk->signature_size = (size_t)BN_num_bytes(n);
	reason = jwk->pkey != NULL ? REASON_OK
				   : unusable(why, "not a valid RSA key");
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	BN_free(e);
	return reason;
}

static const struct curve *
find_curve(const struct json *v)
{
	struct span crv;

	if (!json_as_string(json_get(v, "crv"), &crv))
		return NULL;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (span_is(crv, curves[i].crv))
			return &curves[i];
	return NULL;
}

static enum reason
import_ec(const struct crypto *crypto, const struct json *v, struct jwk *jwk,
    struct text *why)
{
	const struct curve *curve = find_curve(v);
	unsigned char point[1 + 2 * COORD_MAX], *y;
	char group[16]; /* OSSL_PARAM wants it writable */
	OSSL_PARAM params[3];
	enum reason reason;
	size_t x_len, y_len;

	if (curve == NULL)
		return unusable(why, "a curve that we do not use");
	/* SEC 1 section 2.3.3: 04 || x || y */
	point[0] = 4;
	y = point + 1 + curve->size;
	if ((reason = decode(v, "x", point + 1, curve->size, &x_len, why)) !=
		REASON_OK ||
	    (reason = decode(v, "y", y, curve->size, &y_len, why)) != REASON_OK)
		return reason;
	if (x_len != curve->size || y_len != curve->size)
		return unusable(why, "a coordinate has the wrong length");
	(void)strcpy(group, curve->group);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
	    group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
	    point, 1 + 2 * curve->size);
	params[2] = OSSL_PARAM_construct_end();
	make_pkey(crypto, "EC", params, &jwk->pkey);
	check_point(crypto, &jwk->pkey);
	jwk->algs = ALG_BIT(curve->alg);
	jwk->signature_size = 2 * curve->size;
	return jwk->pkey != NULL ? REASON_OK
				 : unusable(why, "not a point on the curve");
}

static enum reason
import(const struct crypto *crypto, const struct json *v, struct jwk *jwk,
    struct text *why)
{
	enum reason reason;
	struct span kty;

	if ((reason = check_use(v, why)) != REASON_OK ||
	    (reason = read_kid(v, jwk, why)) != REASON_OK)
		return reason;
	if (!json_as_string(json_get(v, "kty"), &kty))
		return unusable(why, "\"kty\" is missing");
	if (span_is(kty, "RSA"))
		reason = import_rsa(crypto, v, jwk, why);
	else if (span_is(kty, "EC"))
		reason = import_ec(crypto, v, jwk, why);
	else
		reason = unusable(why, "a key type that we do not use");
	if (reason != REASON_OK)
		return reason;
	return check_alg(v, jwk, why);
}

enum reason
jwk_import(const struct crypto *crypto, const struct json *v, struct jwk *jwk,
    struct text *why)
{
	enum reason reason;

	*jwk = (struct jwk){ .pkey = NULL };
	if (crypto_context(crypto) == NULL)
		return REASON_OUT_OF_MEMORY;
	if (!json_is(v, JSON_OBJECT))
		return unusable(why, "not an object");
	if (!is_public(v)) {
		text_printf(why, "a private or symmetric key is published");
		return REASON_CLAIM_INVALID;
	}
	ERR_set_mark();
	if ((reason = import(crypto, v, jwk, why)) != REASON_OK)
		jwk_clear(jwk);
	ERR_pop_to_mark();
	return reason;
}

void
jwk_clear(struct jwk *jwk)
{
	free(jwk->kid);
	EVP_PKEY_free(jwk->pkey);
	*jwk = (struct jwk){ .pkey = NULL };
}
