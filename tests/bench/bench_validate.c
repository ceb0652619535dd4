/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Validations per second of one RS256 access token beside raw signature
 * checks and beside libraries that do the same job.
 *
 *     bench_validate TOKEN JWKS CONFIG AUDIENCE ISSUER [ROUNDS]
 *
 * TOKEN, JWKS and CONFIG are files; the configuration names the JWKS as
 * jwks_file.  Each candidate is first seen to accept the token and to refuse
 * it with a byte of the signature changed.
 */
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef HAVE_CJOSE
#include <cjose/cjose.h>
#endif
#ifdef HAVE_LIBJWT
#include <jwt.h>
#endif

#include "audient.h"
#include "bench.h"
#include "raw.h"

#define BATCH 20

static char token[RAW_FILE_MAX], bad_token[RAW_FILE_MAX];
static const char *audience, *issuer;
static struct raw raw;

static bool
raw_run(void *arg)
{
	(void)arg;
	return raw_verify(&raw);
}

/* EVP_DigestVerify with contexts made for each signature. */
static bool
fresh_run(void *arg)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	(void)arg;
	ok =
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, raw.key) == 1 &&
	    EVP_DigestVerify(ctx, raw.sig, raw.sig_len,
		(const unsigned char *)raw.text, raw.text_len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

/* --- Audient ------------------------------------------------------------ */

static struct audient *audient, *long_lived;

static bool
decide(struct audient *handle, const char *t)
{
	const struct audient_request rq = {
		.token = { .ptr = t, .len = strlen(t) },
		.service = "bench",
		.uid = AUDIENT_NOT_ACCOUNTS,
	};
	struct audient_verdict verdict;

	return audient_check(handle, &rq, &verdict) == REASON_OK;
}

static bool
audient_run(void *arg)
{
	return decide(audient, arg);
}

/* In a host that lives long and has just seen the token. */
static bool
seen_run(void *arg)
{
	return decide(long_lived, arg);
}

static void
audient_init(const char *config)
{
	struct audient_options options = { .config = config };
	char problem[AUDIENT_LINE_MAX];

	if (audient_open(&audient, &options, problem) != REASON_OK)
		raw_die(problem);
	options.is_long_lived = true;
	if (audient_open(&long_lived, &options, problem) != REASON_OK)
		raw_die(problem);
}

/* --- claims, for libraries that leave them to their users ---------------- */

static bool
check_claims(const json_t *claims)
{
	const json_t *aud = json_object_get(claims, "aud"), *v;
	const char *iss = json_string_value(json_object_get(claims, "iss"));
	const json_int_t exp =
	    json_integer_value(json_object_get(claims, "exp"));
	bool found = json_is_string(aud) &&
	    strcmp(json_string_value(aud), audience) == 0;
	size_t i;

	json_array_foreach (aud, i, v)
		if (json_is_string(v) &&
		    strcmp(json_string_value(v), audience) == 0)
			found = true;
	return found && iss != NULL && strcmp(iss, issuer) == 0 &&
	    exp > time(NULL);
}

/* --- cjose --------------------------------------------------------------- */

#ifdef HAVE_CJOSE
static cjose_jwk_t *cjose_key;

static void
cjose_init(void)
{
	char *text = json_dumps(raw.jwk, 0);

	cjose_key = cjose_jwk_import(text, strlen(text), NULL);
	free(text);
	if (cjose_key == NULL)
		raw_die("cjose cannot import the key");
}

static bool
cjose_run(void *arg)
{
	const char *t = arg;
	cjose_jws_t *jws = cjose_jws_import(t, strlen(t), NULL);
	uint8_t *text = NULL;
	size_t len = 0;
	json_t *claims = NULL;
	bool ok = false;
	const char *id;

	if (jws == NULL)
		return false;
	id =
	    cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_KID, NULL);
	if (id != NULL && strcmp(id, raw.kid) == 0 &&
	    cjose_jws_verify(jws, cjose_key, NULL) &&
	    cjose_jws_get_plaintext(jws, &text, &len, NULL)) {
		claims =
		    json_loadb((char *)text, len, JSON_REJECT_DUPLICATES, NULL);
		ok = check_claims(claims);
	}
	json_decref(claims);
	cjose_jws_release(jws);
	return ok;
}
#endif

/* --- libjwt -------------------------------------------------------------- */

#ifdef HAVE_LIBJWT
static unsigned char *pem;
static int pem_len;

static void
libjwt_init(void)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long n;

	if (bio == NULL || PEM_write_bio_PUBKEY(bio, raw.key) != 1)
		raw_die("cannot write PEM");
	n = BIO_get_mem_data(bio, &data);
	pem = malloc((size_t)n + 1);
	memcpy(pem, data, (size_t)n);
	pem[n] = '\0';
	pem_len = (int)n;
	BIO_free(bio);
}

static bool
libjwt_run(void *arg)
{
	const char *id;
	json_t *claims;
	char *text;
	jwt_t *jwt = NULL;
	bool ok;

	if (jwt_decode(&jwt, arg, pem, pem_len) != 0)
		return false;
	id = jwt_get_header(jwt, "kid");
	text = jwt_get_grants_json(jwt, NULL);
	claims = text != NULL ? json_loads(text, 0, NULL) : NULL;
	ok = id != NULL && strcmp(id, raw.kid) == 0 &&
	    jwt_get_alg(jwt) == JWT_ALG_RS256 && check_claims(claims);
	json_decref(claims);
	free(text);
	jwt_free(jwt);
	return ok;
}
#endif

static struct candidate candidates[] = {
	{ "EVP_PKEY_verify, contexts kept", raw_run, token, BATCH, NULL },
	{ "EVP_DigestVerify, contexts fresh", fresh_run, token, BATCH, NULL },
	{ "audient_check", audient_run, token, BATCH, NULL },
	{ "audient_check, token seen before", seen_run, token, BATCH, NULL },
#ifdef HAVE_CJOSE
	{ "cjose, with claims", cjose_run, token, BATCH, NULL },
#endif
#ifdef HAVE_LIBJWT
	{ "libjwt, with claims", libjwt_run, token, BATCH, NULL },
#endif
};
#define N (sizeof(candidates) / sizeof(candidates[0]))

int
main(int argc, char **argv)
{
	static char text[RAW_FILE_MAX];
	size_t rounds = 101, at;
	json_t *jwks;

	if (argc < 6)
		raw_die(
		    "usage: bench_validate TOKEN JWKS CONFIG AUDIENCE ISSUER "
		    "[ROUNDS]");
	if (argc > 6)
		rounds = strtoul(argv[6], NULL, 10);
	raw_slurp(argv[1], token);
	raw_slurp(argv[2], text);
	audience = argv[4];
	issuer = argv[5];
	memcpy(bad_token, token, sizeof(token));
	at = strlen(bad_token) - 40;
	bad_token[at] = bad_token[at] == 'A' ? 'B' : 'A';
	if ((jwks = json_loads(text, 0, NULL)) == NULL)
		raw_die("the JWKS is not JSON");
	raw_open(&raw, token, jwks);
	audient_init(argv[3]);
#ifdef HAVE_CJOSE
	cjose_init();
#endif
#ifdef HAVE_LIBJWT
	libjwt_init();
#endif
	for (size_t i = 2; i < N; i++)
		if (!candidates[i].run(token) || candidates[i].run(bad_token))
			raw_die(candidates[i].name);
	if (!bench_run(candidates, N, rounds))
		return 1;
	(void)printf("one RS256 token of %zu bytes, %zu rounds in turns\n",
	    strlen(token), rounds);
	bench_print(candidates, N, rounds);
	return 0;
}
