/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define INT_BYTES_MAX 67			    /* P-521, and a sign byte */
#define DER_MAX	      (3 + 2 * (2 + INT_BYTES_MAX)) /* ECDSA-Sig-Value */

struct verifier {
	enum alg alg;
	EVP_MD *md;
	EVP_MD_CTX *hash;
	EVP_PKEY_CTX *check;
};

static bool
prepare(struct verifier *v)
{
	if (EVP_PKEY_verify_init(v->check) != 1)
		return false;
	switch (alg_family(v->alg)) {
	case FAMILY_RSA_PKCS1:
		if (EVP_PKEY_CTX_set_rsa_padding(v->check, RSA_PKCS1_PADDING) !=
		    1)
			return false;
		break;
	case FAMILY_RSA_PSS:
		/* RFC 7518 section 3.5: salt and MGF1 as the digest */
		if (EVP_PKEY_CTX_set_rsa_padding(v->check,
			RSA_PKCS1_PSS_PADDING) != 1 ||
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(v->check,
			RSA_PSS_SALTLEN_DIGEST) != 1 ||
		    EVP_PKEY_CTX_set_rsa_mgf1_md(v->check, v->md) != 1)
			return false;
		break;
	case FAMILY_ECDSA:
		break;
	}
	return EVP_PKEY_CTX_set_signature_md(v->check, v->md) == 1;
}

enum reason
verifier_new(struct verifier **verifierp, const struct crypto *crypto,
    EVP_PKEY *pkey, enum alg alg)
{
	OSSL_LIB_CTX *const ctx = crypto_context(crypto);
	struct verifier *v;
	bool ok;

	*verifierp = NULL;
	if (ctx == NULL || (v = calloc(1, sizeof(*v))) == NULL)
		return REASON_OUT_OF_MEMORY;
	v->alg = alg;
	ERR_set_mark();
	v->md = EVP_MD_fetch(ctx, alg_digest(alg), NULL);
	v->hash = EVP_MD_CTX_new();
	v->check = EVP_PKEY_CTX_new_from_pkey(ctx, pkey, NULL);
	ok = v->md != NULL && v->hash != NULL && v->check != NULL && prepare(v);
	ERR_pop_to_mark();
	if (!ok) {
		verifier_free(v);
		return REASON_OUT_OF_MEMORY;
	}
	*verifierp = v;
	return REASON_OK;
}

void
verifier_free(struct verifier *v)
{
	if (v == NULL)
		return;
	EVP_MD_CTX_free(v->hash);
	EVP_PKEY_CTX_free(v->check);
	EVP_MD_free(v->md);
	free(v);
}

/* One INTEGER of DER; returns what follows it. */
static unsigned char *
put_integer(unsigned char *o, const unsigned char *p, size_t n)
{
	while (n > 1 && *p == 0) {
		p++;
		n--;
	}
	*o++ = 0x02;
	*o++ = (unsigned char)(n + (*p >> 7));
	if ((*p & 0x80) != 0)
		*o++ = 0;
	memcpy(o, p, n);
	return o + n;
}

/* R || S (RFC 7518 section 3.4) as ECDSA-Sig-Value (RFC 3279), for OpenSSL */
static size_t
to_der(struct span sig, unsigned char der[static DER_MAX])
{
	const unsigned char *r = (const unsigned char *)sig.ptr;
	const size_t n = sig.len / 2;
	unsigned char body[DER_MAX], *o;
	size_t len;

	o = put_integer(body, r, n);
	o = put_integer(o, r + n, n);
	len = (size_t)(o - body);
	o = der;
	*o++ = 0x30;
	if (len > 127)
		*o++ = 0x81;
	*o++ = (unsigned char)len;
	memcpy(o, body, len);
	explicit_bzero(body, sizeof(body));
	return (size_t)(o - der) + len;
}

static int
check_hash(struct verifier *v, const unsigned char *md, size_t md_len,
    struct span sig)
{
	unsigned char der[DER_MAX] UNINITIALIZED;
	int result;

	if (alg_family(v->alg) != FAMILY_ECDSA)
		return EVP_PKEY_verify(v->check, (const unsigned char *)sig.ptr,
		    sig.len, md, md_len);
	if (sig.len > 2 * (INT_BYTES_MAX - 1) || sig.len % 2 != 0)
		return 0;
	result = EVP_PKEY_verify(v->check, der, to_der(sig, der), md, md_len);
	explicit_bzero(der, sizeof(der));
	return result;
}

enum reason
verifier_check(struct verifier *v, struct span text, struct span sig)
{
	unsigned char md[EVP_MAX_MD_SIZE] UNINITIALIZED;
	unsigned int md_len = 0;
	enum reason reason;

	ERR_set_mark(); /* the error queue belongs to our host */
	if (EVP_DigestInit_ex2(v->hash, v->md, NULL) != 1 ||
	    EVP_DigestUpdate(v->hash, text.ptr, text.len) != 1 ||
	    EVP_DigestFinal_ex(v->hash, md, &md_len) != 1)
		reason = REASON_OUT_OF_MEMORY;
	/* 1 is good; 0 and the negative values all mean "not by this key" */
	else if (check_hash(v, md, md_len, sig) != 1)
		reason = REASON_SIGNATURE_INVALID;
	else
		reason = REASON_OK;
	ERR_pop_to_mark();
	return reason;
}
