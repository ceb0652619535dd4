/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "fuzz.h"

#define TARGET(name)                                      \
	{                                                 \
#name, fuzz_run_##name, fuzz_seeds_##name \
	}

const struct fuzz_target fuzz_targets[] = {
	TARGET(token),
	TARGET(b64url),
	TARGET(header),
	TARGET(json),
	TARGET(jwks),
	TARGET(record),
	TARGET(claims),
	TARGET(signed),
	TARGET(userinfo),
	TARGET(conf),
	TARGET(usermap),
	TARGET(deny),
	TARGET(login),
	TARGET(message),
	TARGET(helper),
	TARGET(request),
	TARGET(pam),
};
const size_t fuzz_n_targets = nitems(fuzz_targets);

static struct fuzz_site it;
static struct crypto crypto;
static bool is_made;

#define VERDICTS_MAX 8000 /* of each kind: what one run can judge */

FILE *fuzz_verdicts;

void
fuzz_judge(struct span token, const char *why, bool is_in)
{
	static unsigned int told[2];

	if (fuzz_verdicts != NULL && token.len > 0 &&
	    told[is_in]++ < VERDICTS_MAX &&
	    memchr(token.ptr, '\n', token.len) == NULL)
		(void)fprintf(fuzz_verdicts, "%s\t%s\t%.*s\n",
		    is_in ? "in" : "out", why, (int)token.len, token.ptr);
}

void
fuzz_open_verdicts(const char *path)
{
	char *jwk[] = { mint_jwk(MINT_RSA, "rsa", "\"use\":\"sig\""),
		mint_jwk(MINT_P256, "ec", NULL) };
	char *set = mint_jwks(jwk, nitems(jwk));

	fuzz_verdicts = fopen(path, "we");
	must(fuzz_verdicts != NULL, path);
	(void)fprintf(fuzz_verdicts, "keys\t%d\t%s\n", NOW, set);
	free(set);
}

void
must(bool holds, const char *rule)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", rule);
	abort();
}

bool
is_inside(struct span inner, struct span outer)
{
	return inner.len == 0 ||
	    (inner.ptr >= outer.ptr && inner.len <= outer.len &&
		inner.ptr + inner.len <= outer.ptr + outer.len);
}

const struct fuzz_site *
fuzz_get_site(void)
{
	if (!is_made) {
		is_made = true;
		must(crypto_open(&crypto) == REASON_OK, "OpenSSL can be used");
		site_make(&it.site);
		it.crypto = &crypto;
	}
	return &it;
}

void
fuzz_end(void)
{
	if (!is_made)
		return;
	is_made = false;
	site_remove(&it.site);
	crypto_close(&crypto);
	mint_end();
}
