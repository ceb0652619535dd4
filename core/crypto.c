/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdlib.h>

struct tools {
	OSSL_LIB_CTX *ctx;
	EVP_MD *sha256;
};

struct crypto_lazy {
	_Atomic(struct tools *) tools; /* made once; NULL before that */
};

enum reason
crypto_open(struct crypto *crypto)
{
	crypto->lazy = calloc(1, sizeof(*crypto->lazy));
	if (crypto->lazy == NULL)
		return REASON_OUT_OF_MEMORY;
	atomic_init(&crypto->lazy->tools, NULL);
	return REASON_OK;
}

static void
tools_free(struct tools *tools)
{
	if (tools == NULL)
		return;
	EVP_MD_free(tools->sha256);
	OSSL_LIB_CTX_free(tools->ctx);
	free(tools);
}

void
crypto_close(struct crypto *crypto)
{
	if (crypto->lazy != NULL)
		tools_free(atomic_load(&crypto->lazy->tools));
	free(crypto->lazy);
	crypto->lazy = NULL;
}

static struct tools *
tools_new(void)
{
	struct tools *tools = calloc(1, sizeof(*tools));

	if (tools == NULL)
		return NULL;
	ERR_set_mark();
	if ((tools->ctx = OSSL_LIB_CTX_new()) != NULL)
		tools->sha256 = EVP_MD_fetch(tools->ctx, "SHA256", NULL);
	ERR_pop_to_mark();
	if (tools->sha256 != NULL)
		return tools;
	tools_free(tools);
	return NULL;
}

/* Of two threads that come first at once, one throws its own away. */
static const struct tools *
get_tools(const struct crypto *crypto)
{
	struct tools *tools = atomic_load(&crypto->lazy->tools), *first = NULL;

	if (tools != NULL || (tools = tools_new()) == NULL)
		return tools;
	if (atomic_compare_exchange_strong(&crypto->lazy->tools, &first, tools))
		return tools;
	tools_free(tools);
	return first;
}

OSSL_LIB_CTX *
crypto_context(const struct crypto *crypto)
{
	const struct tools *tools = get_tools(crypto);

	return tools != NULL ? tools->ctx : NULL;
}

enum reason
crypto_sha256(const struct crypto *crypto, struct span s,
    unsigned char md[SHA256_SIZE])
{
	const struct tools *tools = get_tools(crypto);
	EVP_MD_CTX *ctx;
	bool ok;

	if (tools == NULL)
		return REASON_OUT_OF_MEMORY;
	ERR_set_mark();
	ctx = EVP_MD_CTX_new();
	ok = ctx != NULL && EVP_DigestInit_ex2(ctx, tools->sha256, NULL) == 1 &&
	    EVP_DigestUpdate(ctx, s.ptr, s.len) == 1 &&
	    EVP_DigestFinal_ex(ctx, md, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_pop_to_mark();
	return ok ? REASON_OK : REASON_OUT_OF_MEMORY;
}

void
crypto_hex(const unsigned char *bytes, char *hex, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i + 1 < size; i++)
		hex[i] =
		    digits[i % 2 == 0 ? bytes[i / 2] >> 4 : bytes[i / 2] & 15];
	hex[size - 1] = '\0';
}

enum reason
crypto_sha256_hex(const struct crypto *crypto, struct span s,
    char hex[SHA256_HEX_SIZE])
{
	unsigned char md[SHA256_SIZE];
	enum reason reason;

	hex[0] = '\0';
	if ((reason = crypto_sha256(crypto, s, md)) == REASON_OK)
		crypto_hex(md, hex, SHA256_HEX_SIZE);
	return reason;
}
