/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_EXPLAIN_H
#define AUDIENT_CLI_EXPLAIN_H

#include "advice.h"
#include "cli.h"
#include "output.h"
#include "peers.h"
#include "term.h"

/* A decision and all that there is to say about it. */
struct explanation {
	struct audient_request rq;
	struct audient_verdict verdict;
	const char *config;
	const char *only; /* a reason's name, and no token */
	bool is_json;
	bool are_names; /* the users of the service are no accounts */
	struct term term;
	const char *stage; /* whose title was printed last */
	json_t *checks;
	json_t *warnings; /* strings */
	struct peers peers;
	char token_id[AUDIENT_TOKEN_ID_SIZE];
	char advice[ADVICE_MAX];
};

/* While it decides. */
void explain_begin(struct explanation *x);
void explain_step(struct explanation *x, const struct audient_step *step);

/* Afterwards. */
void explain_text(const struct explanation *x);
bool explain_json(const struct explanation *x);

/* A reason by itself. */
bool explain_reason(const struct explanation *x, enum reason reason);

#endif
