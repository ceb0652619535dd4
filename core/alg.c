/* SPDX-License-Identifier: BSD-2-Clause */
#include "alg.h"

static const struct {
	const char *name;
	enum alg_family family;
	const char *digest;
	size_t size; /* of a signature, in bytes; 0: the modulus's */
} algs[ALG_COUNT] = {
	[ALG_RS256] = { "RS256", FAMILY_RSA_PKCS1, "SHA256", 0 },
	[ALG_RS384] = { "RS384", FAMILY_RSA_PKCS1, "SHA384", 0 },
	[ALG_RS512] = { "RS512", FAMILY_RSA_PKCS1, "SHA512", 0 },
	[ALG_PS256] = { "PS256", FAMILY_RSA_PSS, "SHA256", 0 },
	[ALG_PS384] = { "PS384", FAMILY_RSA_PSS, "SHA384", 0 },
	[ALG_PS512] = { "PS512", FAMILY_RSA_PSS, "SHA512", 0 },
	[ALG_ES256] = { "ES256", FAMILY_ECDSA, "SHA256", 64 },
	[ALG_ES384] = { "ES384", FAMILY_ECDSA, "SHA384", 96 },
	[ALG_ES512] = { "ES512", FAMILY_ECDSA, "SHA512", 132 },
};

bool
alg_find(struct span name, enum alg *alg)
{
	for (int i = 0; i < ALG_COUNT; i++)
		if (span_is(name, algs[i].name)) {
			*alg = (enum alg)i;
			return true;
		}
	return false;
}

const char *
alg_name(enum alg alg)
{
	return algs[alg].name;
}

enum alg_family
alg_family(enum alg alg)
{
	return algs[alg].family;
}

size_t
alg_signature_size(enum alg alg)
{
	return algs[alg].size;
}

const char *
alg_digest(enum alg alg)
{
	return algs[alg].digest;
}
