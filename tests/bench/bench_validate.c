/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Validations per second of one access token beside raw signature checks
 * and, for RS256, beside libraries that do the same job.
 *
 *     bench_validate TOKEN JWKS CONFIG AUDIENCE ISSUER [ROUNDS]
 *
 * TOKEN, JWKS and CONFIG are files; the configuration names the JWKS as
 * jwks_file.  Each candidate is first seen to accept the token and to refuse
 * it with a letter of the signature changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audient.h"
#include "bench.h"
#include "peers.h"
#include "raw.h"

#define FILE_MAX 65536
#define BATCH	 20

static char token[FILE_MAX], bad_token[FILE_MAX], jwks_text[FILE_MAX];
static char alg[16], kid[AUDIENT_WORD_MAX + 1];
static struct audient *short_lived, *long_lived;

static void
die(const char *what)
{
	(void)fprintf(stderr, "bench_validate: %s\n", what);
	exit(1);
}

/* The key of the token; its header is read by the core and by nobody else. */
static const json_t *
find_jwk(const json_t *jwks)
{
	const json_t *v;
	size_t i;

	json_array_foreach (json_object_get(jwks, "keys"), i, v) {
		const char *id = json_string_value(json_object_get(v, "kid"));
		const char *a = json_string_value(json_object_get(v, "alg"));

		if (id == NULL || strcmp(id, kid) != 0)
			continue;
		(void)snprintf(alg, sizeof(alg), "%s", a != NULL ? a : "");
		return v;
	}
	die("the set has no such key");
	return NULL;
}

static bool
decide(struct audient *handle, const char *t)
{
	const struct audient_request rq = {
		.token = { .ptr = t, .len = strlen(t) },
		.service = "bench",
		.uid = AUDIENT_NOT_ACCOUNTS,
	};
	struct audient_verdict verdict;
	const bool ok = audient_check(handle, &rq, &verdict) == REASON_OK;

	if (ok && kid[0] == '\0')
		(void)snprintf(kid, sizeof(kid), "%s", verdict.key);
	return ok;
}

static bool
audient_run(void *arg)
{
	return decide(short_lived, arg);
}

/* In a host that lives long and has just seen the token. */
static bool
seen_run(void *arg)
{
	return decide(long_lived, arg);
}

static void
open_audient(const char *config)
{
	struct audient_options options = { .config = config };
	char problem[AUDIENT_LINE_MAX];

	if (audient_open(&short_lived, &options, problem) != REASON_OK)
		die(problem);
	options.is_long_lived = true;
	if (audient_open(&long_lived, &options, problem) != REASON_OK)
		die(problem);
	if (!decide(short_lived, token))
		die("the token is refused");
}

static struct candidate candidates[] = {
	{ "EVP_PKEY_verify, contexts kept", raw_run, token, BATCH, NULL },
	{ "EVP_DigestVerify, contexts fresh", raw_fresh_run, token, BATCH,
	    NULL },
	{ "audient_check", audient_run, token, BATCH, NULL },
	{ "audient_check, token seen before", seen_run, token, BATCH, NULL },
#define N_OURS 4
#ifdef HAVE_PEERS
	{ "cjose, with claims", cjose_run, token, BATCH, NULL },
	{ "liboauth2, with claims", liboauth2_run, token, BATCH, NULL },
	{ "rhonabwy, with claims", rhonabwy_run, token, BATCH, NULL },
	{ "jose, with claims", jose_run, token, BATCH, NULL },
	{ "libjwt, with claims", libjwt_run, token, BATCH, NULL },
#endif
};

static size_t
open_peers(const struct peer_job *job)
{
#ifdef HAVE_PEERS
	if (strcmp(alg, "RS256") != 0)
		return 0;
	if (!cjose_open(job) || !libjwt_open(job) || !rhonabwy_open(job) ||
	    !jose_open(job) || !liboauth2_open(job))
		die("a peer cannot be set up");
	return sizeof(candidates) / sizeof(candidates[0]) - N_OURS;
#else
	(void)job;
	return 0;
#endif
}

int
main(int argc, char **argv)
{
	struct peer_job job;
	const json_t *jwks;
	size_t rounds = 101, at, n;

	if (argc < 6)
		die("usage: bench_validate TOKEN JWKS CONFIG AUDIENCE ISSUER "
		    "[ROUNDS]");
	if (argc > 6)
		rounds = strtoul(argv[6], NULL, 10);
	if (!bench_slurp(argv[1], token, FILE_MAX) ||
	    !bench_slurp(argv[2], jwks_text, FILE_MAX))
		die("a file cannot be read");
	memcpy(bad_token, token, sizeof(token));
	at = strlen(bad_token) - 40;
	bad_token[at] = bad_token[at] == 'A' ? 'B' : 'A';
	if ((jwks = json_loads(jwks_text, 0, NULL)) == NULL)
		die("the JWKS is not JSON");
	open_audient(argv[3]);
	job = (struct peer_job){ .kid = kid,
		.jwk = find_jwk(jwks),
		.audience = argv[4],
		.issuer = argv[5] };
	raw_open(token, job.jwk);
	job.pem = raw_pem();
	n = N_OURS + open_peers(&job);
	for (size_t i = 2; i < n; i++)
		if (!candidates[i].run(token) || candidates[i].run(bad_token))
			die(candidates[i].name);
	if (!bench_run(candidates, n, rounds))
		return 1;
	(void)printf("one %s token of %zu bytes, %zu rounds in turns\n", alg,
	    strlen(token), rounds);
	bench_print(candidates, n, rounds);
	return 0;
}
