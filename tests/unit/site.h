/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_SITE_H
#define AUDIENT_SITE_H

#include "audient.h"
#include "mint.h"

/*
 * A configuration with its files in a directory of its own, and key sets in
 * files, so that nothing needs a network: tenant "a" has MINT_RSA (kid
 * "rsa") and MINT_P256 ("ec"), tenant "b" has MINT_RSA_OTHER ("other").
 */
#define SITE_A	 "https://a.example.com/"
#define SITE_B	 "https://b.example.com/"
#define SITE_API "https://api.example.com/"

/* Claims of a token of tenant a for alice at the time NOW. */
#define SITE_CLAIMS                                                      \
	"{\"iss\":\"" SITE_A "\",\"aud\":\"" SITE_API "\","              \
	"\"sub\":\"auth0|alice\",\"azp\":\"client\",\"user\":\"alice\"," \
	"\"iat\":1799999900,\"exp\":1800000600,\"scope\":\"login\"}"
#define SITE_HEADER "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"rsa\"}"

struct site {
	char *dir;
	char *conf; /* path of the file, and of the others */
	char *jwks_a;
	char *jwks_b;
	char *map;
};

void site_make(struct site *site);
void site_remove(struct site *site);
/* As if nothing had ever been fetched; the directory itself is there. */
void site_empty_cache(const struct site *site);

/*
 * The issuer: a shell script in the place of audient-fetch, %D/h.  It answers
 * with what site_answer() has put in "keys" or, by the end of the URL, "meta"
 * (openid-configuration) and "info" (userinfo).  type NULL: no answer at all.
 */
void site_issuer(const struct site *site);
void site_answer(const struct site *site, const char *what, int status,
    const char *type, const char *body);
/* How often it was asked since site_issuer(). */
unsigned int site_asked(const struct site *site);

/* Writes the configuration; %A, %B, %M and %D stand for the paths. */
void site_configure(const struct site *site, const char *text);

/* One tenant, a, that is all it needs. */
#define SITE_ONE                                                      \
	"issuer = " SITE_A "\njwks_file = %A\ncache_dir = %D/cache\n" \
	"audience = " SITE_API "\nusername_claim = user\n"

#endif
