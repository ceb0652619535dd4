/* SPDX-License-Identifier: BSD-2-Clause */
#include "mint.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "b64url.h"
#include "mintkeys.h"
#include "unit.h"

#define RSA_E 65537

static EVP_PKEY *keys[MINT_KEYS];

char *
mint_b64url(const void *bytes, size_t n)
{
	char *s = malloc(n / 3 * 4 + 5), *end;
	int len;

	assert_non_null(s);
	len = EVP_EncodeBlock((unsigned char *)s, bytes, (int)n);
	for (char *p = s; p < s + len; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	for (end = s + len; end > s && end[-1] == '='; end--)
		;
	*end = '\0';
	return s;
}

void
mint_decode(const char *s, struct buf *out)
{
	char *bytes = malloc(strlen(s) + 1);
	size_t n;

	assert_int_equal(b64url_decode(span_of(s), bytes, strlen(s), &n),
	    REASON_OK);
	assert_int_equal(buf_add(out, bytes, n), REASON_OK);
	free(bytes);
}

static BIGNUM *
number(const char *hex)
{
	BIGNUM *n = NULL;

	assert_true(BN_hex2bn(&n, hex) > 0);
	return n;
}

static void
push_rsa(OSSL_PARAM_BLD *bld, BIGNUM *pub, BIGNUM *priv)
{
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, pub);
	OSSL_PARAM_BLD_push_uint(bld, OSSL_PKEY_PARAM_RSA_E, RSA_E);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_D, priv);
}

static EVP_PKEY *
get_key(enum mint_key key)
{
	const char *group = numbers[key].group;
	unsigned char point[1 + 2 * 66];
	BIGNUM *pub, *priv;
	OSSL_PARAM_BLD *bld;
	OSSL_PARAM *params;
	EVP_PKEY_CTX *ctx;

	if (keys[key] != NULL)
		return keys[key];
	pub = number(numbers[key].pub);
	priv = number(numbers[key].priv);
	bld = OSSL_PARAM_BLD_new();
	if (group == NULL) {
		push_rsa(bld, pub, priv);
	} else {
		OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
		    group, 0);
		OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
		    point, (size_t)BN_bn2bin(pub, point));
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, priv);
	}
	params = OSSL_PARAM_BLD_to_param(bld);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, group == NULL ? "RSA" : "EC",
	    NULL);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &keys[key], EVP_PKEY_KEYPAIR,
			     params),
	    1);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_clear_free(priv);
	BN_free(pub);
	return keys[key];
}

void
mint_end(void)
{
	for (size_t i = 0; i < MINT_KEYS; i++) {
		EVP_PKEY_free(keys[i]);
		keys[i] = NULL;
	}
}

char *
mint_number(enum mint_key key, char which)
{
	unsigned char bytes[512];
	BIGNUM *n = number(numbers[key].pub);
	const size_t len = (size_t)BN_bn2bin(n, bytes), half = len / 2;

	BN_free(n);
	switch (which) {
	case 'n':
		return mint_b64url(bytes, len);
	case 'x':
		return mint_b64url(bytes + 1, half);
	default:
		return mint_b64url(bytes + 1 + half, half);
	}
}

static const char *
curve_name(enum mint_key key)
{
	return key == MINT_P384 ? "P-384"
	    : key == MINT_P521	? "P-521"
				: "P-256";
}

char *
mint_jwk(enum mint_key key, const char *kid, const char *more)
{
	const bool is_rsa = numbers[key].group == NULL;
	char *a = mint_number(key, is_rsa ? 'n' : 'x');
	char *b = is_rsa ? NULL : mint_number(key, 'y');
	struct buf text = BUF_INIT(8192);

	assert_int_equal(is_rsa
		? buf_printf(&text,
		      "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"", a)
		: buf_printf(&text,
		      "{\"kty\":\"EC\",\"crv\":\"%s\","
		      "\"x\":\"%s\",\"y\":\"%s\"",
		      curve_name(key), a, b),
	    REASON_OK);
	if (kid != NULL)
		assert_int_equal(buf_printf(&text, ",\"kid\":\"%s\"", kid),
		    REASON_OK);
	assert_int_equal(buf_printf(&text, "%s%s}", more != NULL ? "," : "",
			     more != NULL ? more : ""),
	    REASON_OK);
	free(a);
	free(b);
	return text.data;
}

char *
mint_jwks(char *jwk[], size_t n)
{
	struct buf text = BUF_INIT(256 * 1024);

	assert_int_equal(buf_add_str(&text, "{\"keys\":["), REASON_OK);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(buf_printf(&text, "%s%s", i > 0 ? "," : "",
				     jwk[i]),
		    REASON_OK);
		free(jwk[i]);
	}
	assert_int_equal(buf_add_str(&text, "]}"), REASON_OK);
	return text.data;
}

static const char *
digest_name(enum alg alg)
{
	switch (alg) {
	case ALG_RS256:
	case ALG_PS256:
	case ALG_ES256:
		return "SHA256";
	case ALG_RS384:
	case ALG_PS384:
	case ALG_ES384:
		return "SHA384";
	case ALG_RS512:
	case ALG_PS512:
	case ALG_ES512:
		return "SHA512";
	}
	return "SHA1";
}

/* ECDSA-Sig-Value as r || s */
static size_t
from_der(unsigned char *sig, size_t len, size_t size)
{
	const unsigned char *p = sig;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)len);

	assert_non_null(pair);
	BN_bn2binpad(ECDSA_SIG_get0_r(pair), sig, (int)(size / 2));
	BN_bn2binpad(ECDSA_SIG_get0_s(pair), sig + size / 2, (int)(size / 2));
	ECDSA_SIG_free(pair);
	return size;
}

struct buf
mint_signature(enum mint_key key, enum alg alg, struct span text,
    const struct mint_how *how)
{
	static const struct mint_how plain = { .salt = 0 };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	struct buf out = BUF_INIT(1024);
	unsigned char sig[1024];
	size_t len = sizeof(sig);

	if (how == NULL)
		how = &plain;
	assert_int_equal(EVP_DigestSignInit_ex(ctx, &pctx,
			     how->md != NULL ? how->md : digest_name(alg), NULL,
			     NULL, get_key(key), NULL),
	    1);
	if (alg_family(alg) == FAMILY_RSA_PSS) {
		EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
		    how->salt != 0 ? how->salt - 1 : RSA_PSS_SALTLEN_DIGEST);
		if (how->mgf != NULL)
			EVP_PKEY_CTX_set_rsa_mgf1_md_name(pctx, how->mgf, NULL);
	}
	assert_int_equal(EVP_DigestSign(ctx, sig, &len,
			     (const unsigned char *)text.ptr, text.len),
	    1);
	EVP_MD_CTX_free(ctx);
	if (numbers[key].group != NULL && !how->is_der)
		len = from_der(sig, len, alg_signature_size(alg));
	assert_int_equal(buf_add(&out, sig, len), REASON_OK);
	return out;
}

static char *
signed_part(const char *header, struct span payload)
{
	char *h = mint_b64url(header, strlen(header));
	char *p = mint_b64url(payload.ptr, payload.len);
	char *both;

	assert_true(asprintf(&both, "%s.%s", h, p) > 0);
	free(h);
	free(p);
	return both;
}

static char *
join(const char *both, struct span signature)
{
	char *s = mint_b64url(signature.ptr, signature.len);
	char *token;

	assert_true(asprintf(&token, "%s.%s", both, s) > 0);
	free(s);
	return token;
}

char *
mint_assemble(const char *header, const char *payload, struct span signature)
{
	char *both = signed_part(header, span_of(payload));
	char *token = join(both, signature);

	free(both);
	return token;
}

char *
mint_token_bytes(enum mint_key key, enum alg alg, const char *header,
    struct span payload, const struct mint_how *how)
{
	char *both = signed_part(header, payload), *token;
	struct buf sig = mint_signature(key, alg, span_of(both), how);

	token = join(both, buf_span(&sig));
	buf_free(&sig);
	free(both);
	return token;
}

char *
mint_token(enum mint_key key, enum alg alg, const char *header,
    const char *payload, const struct mint_how *how)
{
	return mint_token_bytes(key, alg, header, span_of(payload), how);
}
