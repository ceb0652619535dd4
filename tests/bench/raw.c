/* SPDX-License-Identifier: BSD-2-Clause */
#include "raw.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
raw_die(const char *what)
{
	(void)fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

void
raw_slurp(const char *path, char out[RAW_FILE_MAX])
{
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL)
		raw_die(path);
	n = fread(out, 1, RAW_FILE_MAX - 1, f);
	(void)fclose(f);
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == '\r'))
		n--;
	out[n] = '\0';
}

static size_t
decode(const char *in, size_t len, unsigned char *out)
{
	char plain[RAW_FILE_MAX];
	int n;

	memcpy(plain, in, len);
	for (size_t i = 0; i < len; i++)
		plain[i] = in[i] == '-' ? '+' : in[i] == '_' ? '/' : in[i];
	while (len % 4 != 0)
		plain[len++] = '=';
	n = EVP_DecodeBlock(out, (unsigned char *)plain, (int)len);
	while (n > 0 && plain[len - 1] == '=') {
		len--;
		n--;
	}
	return n > 0 ? (size_t)n : 0;
}

static void
find_jwk(struct raw *raw, const char *token, const json_t *jwks)
{
	unsigned char header[4096];
	json_t *v, *h;
	size_t i, n;

	n = decode(token, strcspn(token, "."), header);
	if ((h = json_loadb((char *)header, n, 0, NULL)) == NULL)
		raw_die("the token has no header");
	raw->kid = strdup(json_string_value(json_object_get(h, "kid")));
	json_decref(h);
	json_array_foreach (json_object_get(jwks, "keys"), i, v)
		if (strcmp(json_string_value(json_object_get(v, "kid")),
			raw->kid) == 0)
			raw->jwk = v;
	if (raw->jwk == NULL)
		raw_die("the set has no such key");
}

static BIGNUM *
number(const json_t *jwk, const char *name)
{
	unsigned char bytes[1024];
	const char *s = json_string_value(json_object_get(jwk, name));

	return BN_bin2bn(bytes, (int)decode(s, strlen(s), bytes), NULL);
}

void
raw_open(struct raw *raw, const char *token, const json_t *jwks)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	const char *sig = strrchr(token, '.') + 1;

	memset(raw, 0, sizeof(*raw));
	find_jwk(raw, token, jwks);
	if (bld == NULL || ctx == NULL ||
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N,
		number(raw->jwk, "n")) != 1 ||
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E,
		number(raw->jwk, "e")) != 1 ||
	    EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &raw->key, EVP_PKEY_PUBLIC_KEY,
		OSSL_PARAM_BLD_to_param(bld)) != 1)
		raw_die("cannot make the key");
	raw->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	raw->hash = EVP_MD_CTX_new();
	raw->check = EVP_PKEY_CTX_new_from_pkey(NULL, raw->key, NULL);
	if (EVP_PKEY_verify_init(raw->check) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(raw->check, RSA_PKCS1_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(raw->check, raw->md) != 1)
		raw_die("cannot prepare the check");
	raw->text = token;
	raw->text_len = (size_t)(sig - 1 - token);
	raw->sig_len = decode(sig, strlen(sig), raw->sig);
}

bool
raw_verify(const struct raw *raw)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len;

	return EVP_DigestInit_ex2(raw->hash, raw->md, NULL) == 1 &&
	    EVP_DigestUpdate(raw->hash, raw->text, raw->text_len) == 1 &&
	    EVP_DigestFinal_ex(raw->hash, md, &len) == 1 &&
	    EVP_PKEY_verify(raw->check, raw->sig, raw->sig_len, md, len) == 1;
}
