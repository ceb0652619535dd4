/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

enum reason
crypto_open(struct crypto *crypto)
{
	*crypto = (struct crypto){ .ctx = NULL };
	ERR_set_mark();
	if ((crypto->ctx = OSSL_LIB_CTX_new()) != NULL)
		crypto->sha256 = EVP_MD_fetch(crypto->ctx, "SHA256", NULL);
	ERR_pop_to_mark();
	if (crypto->sha256 == NULL) {
		crypto_close(crypto);
		return REASON_OUT_OF_MEMORY;
	}
	return REASON_OK;
}

void
crypto_close(struct crypto *crypto)
{
	EVP_MD_free(crypto->sha256);
	OSSL_LIB_CTX_free(crypto->ctx);
	*crypto = (struct crypto){ .ctx = NULL };
}

enum reason
crypto_sha256(const struct crypto *crypto, struct span s,
    unsigned char md[SHA256_SIZE])
{
	bool ok;

	ERR_set_mark();
	ok = EVP_Digest(s.len > 0 ? s.ptr : "", s.len, md, NULL, crypto->sha256,
		 NULL) == 1;
	ERR_pop_to_mark();
	return ok ? REASON_OK : REASON_OUT_OF_MEMORY;
}

enum reason
crypto_sha256_hex(const struct crypto *crypto, struct span s,
    char hex[SHA256_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char md[SHA256_SIZE];
	enum reason reason;

	hex[0] = '\0';
	if ((reason = crypto_sha256(crypto, s, md)) != REASON_OK)
		return reason;
	for (size_t i = 0; i < sizeof(md); i++) {
		hex[2 * i] = digits[md[i] >> 4];
		hex[2 * i + 1] = digits[md[i] & 15];
	}
	hex[SHA256_HEX_SIZE - 1] = '\0';
	return REASON_OK;
}
