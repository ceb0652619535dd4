/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_FUZZ_H
#define AUDIENT_FUZZ_H

#include <stdio.h>

#include "alg.h"
#include "site.h"
#include "unit.h"

/*
 * One target per parser.  run() takes any bytes, in a block of exactly their
 * size, and does not come back if a rule is broken; seeds() hands out inputs
 * that are worth changing.  tests/fuzz/fuzz drives them with libFuzzer,
 * tests/fuzz/replay runs the seeds and simple changes of them in `make check`.
 */
#define FUZZ_ALGS "algorithms = ES256 RS256 PS256\n"
#define FUZZ_ALG_SET \
	(ALG_BIT(ALG_ES256) | ALG_BIT(ALG_RS256) | ALG_BIT(ALG_PS256))

struct fuzz_target {
	const char *name;
	void (*run)(struct span in);
	void (*seeds)(void (*emit)(void *arg, struct span seed), void *arg);
};
typedef void fuzz_emit(void *arg, struct span seed);

extern const struct fuzz_target fuzz_targets[];
extern const size_t fuzz_n_targets;

void fuzz_run_token(struct span in);
void fuzz_seeds_token(fuzz_emit *emit, void *arg);
void fuzz_run_b64url(struct span in);
void fuzz_seeds_b64url(fuzz_emit *emit, void *arg);
void fuzz_run_header(struct span in);
void fuzz_seeds_header(fuzz_emit *emit, void *arg);
void fuzz_run_json(struct span in);
void fuzz_seeds_json(fuzz_emit *emit, void *arg);
void fuzz_run_jwks(struct span in);
void fuzz_seeds_jwks(fuzz_emit *emit, void *arg);
void fuzz_run_record(struct span in);
void fuzz_seeds_record(fuzz_emit *emit, void *arg);
void fuzz_run_claims(struct span in);
void fuzz_seeds_claims(fuzz_emit *emit, void *arg);
void fuzz_run_signed(struct span in);
void fuzz_seeds_signed(fuzz_emit *emit, void *arg);
void fuzz_run_userinfo(struct span in);
void fuzz_seeds_userinfo(fuzz_emit *emit, void *arg);
void fuzz_run_conf(struct span in);
void fuzz_seeds_conf(fuzz_emit *emit, void *arg);
void fuzz_run_usermap(struct span in);
void fuzz_seeds_usermap(fuzz_emit *emit, void *arg);
void fuzz_run_deny(struct span in);
void fuzz_seeds_deny(fuzz_emit *emit, void *arg);
void fuzz_run_login(struct span in);
void fuzz_seeds_login(fuzz_emit *emit, void *arg);
void fuzz_run_message(struct span in);
void fuzz_seeds_message(fuzz_emit *emit, void *arg);
void fuzz_run_helper(struct span in);
void fuzz_seeds_helper(fuzz_emit *emit, void *arg);
void fuzz_run_request(struct span in);
void fuzz_seeds_request(fuzz_emit *emit, void *arg);
void fuzz_run_pam(struct span in);
void fuzz_seeds_pam(fuzz_emit *emit, void *arg);
/* Each call of a good login fails in turn. */
void fuzz_break_pam(unsigned int *runs);

/*
 * A header, a newline and claims that are good or nearly so, of at most max
 * bytes; their number.
 */
size_t fuzz_make(uint32_t seed, char *text, size_t max);
/*
 * The token of both, signed as the header says: ES256, RS256 or PS256, by the
 * keys of the site, or by somebody else's.  The caller frees it.
 */
char *fuzz_sign(struct span header, struct span payload, bool is_forged);

/* How often somebody was let in: a target that never does shows nothing. */
extern unsigned int fuzz_let_in;

/* A decision on a token, for tests/fuzz/judge.py, which reads fuzz_verdicts. */
extern FILE *fuzz_verdicts;
/* Begins that file, with the keys. */
void fuzz_open_verdicts(const char *path);
void fuzz_judge(struct span token, const char *why, bool is_in);

/* Says which rule is broken, and ends the process, unless it holds. */
void must(bool holds, const char *rule);
/* Are all of inner's bytes bytes of outer? */
bool is_inside(struct span inner, struct span outer);

/* What one site has, made by whoever needs it first. */
struct fuzz_site {
	struct site site;
	struct crypto *crypto;
};
const struct fuzz_site *fuzz_get_site(void);
/* Removes its files: at the end of the process. */
void fuzz_end(void);

/* The next socket pairs answer with these bytes; ptr NULL: no more of that. */
void fuzz_answer(struct span bytes);

/* The judgement of another implementation: jansson, and rules of its own. */
enum opinion { OPINION_NO, OPINION_YES, OPINION_NONE };

/* Is it a document that core/json.h describes? */
enum opinion oracle_json(struct span text);
/* What it has, in a form of our own; the caller frees it. */
char *oracle_show(struct span text);
/* Do these claims open SITE_ONE for alice at the time NOW? */
enum opinion oracle_claims(struct span text, bool is_signed);
/* May a token have this header if only these are allowed? */
enum opinion oracle_header(struct span text, alg_set algorithms);
/* Is there a private or a symmetric key in the set? */
bool oracle_has_secret(struct span text);

#endif
