/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_BENCH_RAW_H
#define AUDIENT_BENCH_RAW_H

#include <jansson.h>
#include <stdbool.h>

/* What the signature of one token costs, and nothing else. */

/* Sets everything up for the token and its key; ends the program on faults. */
void raw_open(const char *token, const json_t *jwk);

/* The key in PEM; to be freed. */
char *raw_pem(void);

/* Digest and EVP_PKEY_verify with contexts that are used again. */
bool raw_run(void *unused);

/* EVP_DigestVerify with contexts made for each signature. */
bool raw_fresh_run(void *unused);

#endif
