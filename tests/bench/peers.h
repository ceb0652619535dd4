/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_BENCH_PEERS_H
#define AUDIENT_BENCH_PEERS_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Other libraries, set up as their manuals say and given the same job: this
 * key, RS256 alone, the claims iss, aud and exp.  Each stands in a file of its
 * own, as their headers give the same names to different things.
 */

/* What a peer may need; the strings and the object live as long as it does. */
struct peer_job {
	const char *kid;
	const json_t *jwk;
	const char *pem; /* the same key */
	char *audience;
	char *issuer;
	char *python;	 /* peer_python.py */
	char *jwks_path; /* the file with the keys */
};

/* False: the library cannot be set up. */
bool cjose_open(const struct peer_job *job);
bool libjwt_open(const struct peer_job *job);
bool rhonabwy_open(const struct peer_job *job);
bool jose_open(const struct peer_job *job);
bool liboauth2_open(const struct peer_job *job);
bool pyjwt_open(const struct peer_job *job);
bool authlib_open(const struct peer_job *job);

/* token: a string; true: accepted. */
bool cjose_run(void *token);
bool libjwt_run(void *token);
bool rhonabwy_run(void *token);
bool jose_run(void *token);
bool liboauth2_run(void *token);      /* with the key given */
bool liboauth2_url_run(void *token);  /* keys from the tenant, kept */
bool liboauth2_seen_run(void *token); /* a token kept */
bool pyjwt_run(void *token);
bool authlib_run(void *token);

/* The same for a number of validations, which another process times. */
bool pyjwt_timed(void *token, size_t count, double *ns);
bool authlib_timed(void *token, size_t count, double *ns);

/* For libraries that leave the claims to their users. */
bool peer_claims_fit(const struct peer_job *job, const json_t *claims);

#endif
