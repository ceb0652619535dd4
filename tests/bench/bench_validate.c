/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Validations per second of one access token beside raw signature checks
 * and, for RS256, beside libraries that do the same job.
 *
 *     bench_validate TOKEN NEW-TOKENS JWKS CONFIG AUDIENCE ISSUER PEER-PYTHON
 *         [ROUNDS]
 *
 * TOKEN, NEW-TOKENS, JWKS and CONFIG are files; NEW-TOKENS has a token like the
 * first on each line, one for each sample and a few more; the configuration
 * names the JWKS as jwks_file.  Each candidate is first seen to accept the
 * token and to refuse it with a letter of the signature changed.
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

#define CANDIDATES_MAX 16

static char token[FILE_MAX], bad_token[FILE_MAX], jwks_text[FILE_MAX];
static char alg[16], kid[AUDIENT_WORD_MAX + 1];
static struct audient *short_lived, *long_lived;
static struct bench_tokens new_tokens;
static const char *missing[CANDIDATES_MAX];
static size_t n_missing;

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

/* In a host that lives long and has never seen the token. */
static bool
new_run(void *arg)
{
	const char *t = bench_next_token(arg);

	if (t == NULL)
		die("there are no new tokens left");
	return decide(long_lived, t);
}

/* In such a host that has just seen the token. */
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

/* Whatever is given the token must refuse it when it is spoiled. */
static bool
may_count(const struct candidate *c)
{
	return c->arg != token || (c->run(token) && !c->run(bad_token));
}

static struct candidate candidates[CANDIDATES_MAX] = {
	{ .name = "EVP_PKEY_verify, contexts kept", .run = raw_run },
	{ .name = "EVP_DigestVerify, contexts fresh", .run = raw_fresh_run },
	{ .name = "audient_check", .run = audient_run, .arg = token },
	{ .name = "audient_check, long-lived host",
	    .run = new_run,
	    .arg = &new_tokens },
	{ .name = "audient_check, token seen before",
	    .run = seen_run,
	    .arg = token },
};
static size_t n_candidates = 5;

/* A library in a process of its own is one that may be missing. */
static const struct peer {
	struct candidate candidate;
	bool (*open)(const struct peer_job *job);
	bool is_optional;
} peers[] = {
#ifdef HAVE_PEERS
	{ { .name = "cjose, with claims", .run = cjose_run }, cjose_open,
	    false },
	{ { .name = "liboauth2, with claims", .run = liboauth2_run },
	    liboauth2_open, false },
	{ { .name = "liboauth2, jwks_uri", .run = liboauth2_url_run }, NULL,
	    false },
	{ { .name = "liboauth2, token seen before", .run = liboauth2_seen_run },
	    NULL, false },
	{ { .name = "rhonabwy, with claims", .run = rhonabwy_run },
	    rhonabwy_open, false },
	{ { .name = "jose, with claims", .run = jose_run }, jose_open, false },
	{ { .name = "libjwt, with claims", .run = libjwt_run }, libjwt_open,
	    false },
#endif
	{ { .name = "PyJWT, with claims",
	      .run = pyjwt_run,
	      .timed = pyjwt_timed },
	    pyjwt_open, true },
	{ { .name = "Authlib, with claims",
	      .run = authlib_run,
	      .timed = authlib_timed },
	    authlib_open, true },
};

static void
open_peers(const struct peer_job *job)
{
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		const struct peer *p = &peers[i];

		if (p->open == NULL || p->open(job)) {
			candidates[n_candidates] = p->candidate;
			candidates[n_candidates++].arg = token;
		} else if (p->is_optional)
			missing[n_missing++] = p->candidate.name;
		else
			die("a peer cannot be set up");
	}
}

static void
open_files(char **argv)
{
	size_t at;

	if (!bench_slurp(argv[1], token, FILE_MAX) ||
	    !bench_read_tokens(&new_tokens, argv[2]) ||
	    !bench_slurp(argv[3], jwks_text, FILE_MAX))
		die("a file cannot be read");
	memcpy(bad_token, token, sizeof(token));
	at = strlen(bad_token) - 40;
	bad_token[at] = bad_token[at] == 'A' ? 'B' : 'A';
}

int
main(int argc, char **argv)
{
	struct peer_job job;
	const json_t *jwks;
	size_t rounds = 101;

	if (argc < 8)
		die("usage: bench_validate TOKEN NEW-TOKENS JWKS CONFIG "
		    "AUDIENCE ISSUER PEER-PYTHON [ROUNDS]");
	if (argc > 8)
		rounds = strtoul(argv[8], NULL, 10);
	open_files(argv);
	if ((jwks = json_loads(jwks_text, 0, NULL)) == NULL)
		die("the JWKS is not JSON");
	open_audient(argv[4]);
	job = (struct peer_job){ .kid = kid,
		.jwk = find_jwk(jwks),
		.audience = argv[5],
		.issuer = argv[6],
		.python = argv[7],
		.jwks_path = argv[3] };
	raw_open(token, job.jwk);
	job.pem = raw_pem();
	if (strcmp(alg, "RS256") == 0)
		open_peers(&job);
	for (size_t i = 0; i < n_candidates; i++) {
		candidates[i].batch = BATCH;
		if (!may_count(&candidates[i]))
			die(candidates[i].name);
	}
	if (!bench_run(candidates, n_candidates, rounds))
		return 1;
	(void)printf("one %s token of %zu bytes, %zu rounds in turns\n", alg,
	    strlen(token), rounds);
	bench_print(candidates, n_candidates, rounds);
	for (size_t i = 0; i < n_missing; i++)
		(void)printf("not installed: %s\n", missing[i]);
	return 0;
}
