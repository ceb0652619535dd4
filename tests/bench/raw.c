/* SPDX-License-Identifier: BSD-2-Clause */
#include "raw.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define PART_MAX 1024

static const char *signed_text;
static size_t signed_len;
static unsigned char sig[PART_MAX];
static size_t sig_len;
static EVP_PKEY *key;
static EVP_PKEY_CTX *check;
static EVP_MD_CTX *hash;
static EVP_MD *md;
static bool is_pss;

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "raw: %s\n", what);
	exit(1);
}

static size_t
decode(const char *in, unsigned char out[PART_MAX])
{
	char plain[2 * PART_MAX];
	size_t len = strlen(in), pad = 0;
	int n;

	need(len + 3 < sizeof(plain), "part too long");
	for (size_t i = 0; i < len; i++)
		plain[i] = in[i] == '-' ? '+' : in[i] == '_' ? '/' : in[i];
	for (; (len + pad) % 4 != 0; pad++)
		plain[len + pad] = '=';
	n = EVP_DecodeBlock(out, (unsigned char *)plain, (int)(len + pad));
	need(n > 0, "base64url");
	return (size_t)n - pad;
}

static size_t
member(const json_t *jwk, const char *name, unsigned char out[PART_MAX])
{
	return decode(json_string_value(json_object_get(jwk, name)), out);
}

static BIGNUM *
number(const json_t *jwk, const char *name)
{
	unsigned char bytes[PART_MAX];
	const size_t len = member(jwk, name, bytes);

	return BN_bin2bn(bytes, (int)len, NULL);
}

static void
make_key(const char *type, OSSL_PARAM_BLD *bld)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);

	need(EVP_PKEY_fromdata_init(ctx) == 1 &&
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1,
	    "the key");
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
}

static void
open_rsa(const json_t *jwk)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();

	need(OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N,
		 number(jwk, "n")) == 1 &&
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E,
		    number(jwk, "e")) == 1,
	    "n and e");
	make_key("RSA", bld);
}

/* P-256 alone: that is what is measured. */
static void
open_ec(const json_t *jwk)
{
	unsigned char point[1 + 2 * PART_MAX] = { 4 };
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	const size_t half = member(jwk, "x", point + 1);

	need(member(jwk, "y", point + 1 + half) == half, "x and y");
	need(OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
		 "P-256", 0) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
		    point, 1 + 2 * half) == 1,
	    "x and y");
	make_key("EC", bld);
}

/* r and s, as OpenSSL wants them. */
static void
to_der(void)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig, (int)sig_len / 2, NULL);
	BIGNUM *s = BN_bin2bn(sig + sig_len / 2, (int)sig_len / 2, NULL);
	unsigned char *out = sig;

	need(ECDSA_SIG_set0(pair, r, s) == 1, "the signature");
	sig_len = (size_t)i2d_ECDSA_SIG(pair, &out);
	ECDSA_SIG_free(pair);
}

static bool
set_padding(EVP_PKEY_CTX *ctx)
{
	return !is_pss ||
	    (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) ==
		    1);
}

void
raw_open(const char *token, const json_t *jwk)
{
	const char *dot = strrchr(token, '.');
	const char *alg = json_string_value(json_object_get(jwk, "alg"));
	const char *kty = json_string_value(json_object_get(jwk, "kty"));
	const bool is_ec = strcmp(kty, "EC") == 0;

	is_pss = alg != NULL && alg[0] == 'P';
	signed_text = token;
	signed_len = (size_t)(dot - token);
	sig_len = decode(dot + 1, sig);
	if (is_ec) {
		open_ec(jwk);
		to_der();
	} else
		open_rsa(jwk);
	md = EVP_MD_fetch(NULL, "SHA256", NULL);
	hash = EVP_MD_CTX_new();
	check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	need(EVP_PKEY_verify_init(check) == 1 && set_padding(check) &&
		EVP_PKEY_CTX_set_signature_md(check, md) == 1,
	    "the check");
}

char *
raw_pem(void)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *out;
	long n;

	need(bio != NULL && PEM_write_bio_PUBKEY(bio, key) == 1, "PEM");
	n = BIO_get_mem_data(bio, &data);
	out = strndup(data, (size_t)n);
	BIO_free(bio);
	return out;
}

bool
raw_run(void *unused)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len;

	(void)unused;
	return EVP_DigestInit_ex2(hash, md, NULL) == 1 &&
	    EVP_DigestUpdate(hash, signed_text, signed_len) == 1 &&
	    EVP_DigestFinal_ex(hash, digest, &len) == 1 &&
	    EVP_PKEY_verify(check, sig, sig_len, digest, len) == 1;
}

bool
raw_fresh_run(void *unused)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *inner;
	bool ok;

	(void)unused;
	ok = EVP_DigestVerifyInit(ctx, &inner, EVP_sha256(), NULL, key) == 1 &&
	    set_padding(inner) &&
	    EVP_DigestVerify(ctx, sig, sig_len,
		(const unsigned char *)signed_text, signed_len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}
