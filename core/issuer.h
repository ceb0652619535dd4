/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_ISSUER_H
#define AUDIENT_ISSUER_H

#include "fetch.h"
#include "json.h"
#include "tenant.h"
#include "world.h"

/* Documents of an issuer, straight from the network. */

enum issuer_result {
	ISSUER_OK,
	ISSUER_NO_ANSWER,  /* not reached, or overloaded: 408, 429, 5xx */
	ISSUER_BAD_ANSWER, /* it answered, and it was not this document */
};

struct issuer_document {
	struct json_doc doc; /* owned; nodes[0] is there if ISSUER_OK */
	struct buf text;     /* owned; the same, as it came */
	int status;	     /* of HTTP; 0: no answer */
	int64_t date;	     /* the issuer's clock; 0: not said */
	int64_t limit_until; /* do not ask again before; 0: not said */
	struct text why;     /* unless ISSUER_OK: what was asked, what came */
};

/*
 * Asks for a JSON object of at most size_max bytes, with bearer, unless that
 * is empty, to show for it.  Whoever it is that answers, no redirect is
 * followed and no other media type is taken.  *document is written in every
 * case; issuer_document_clear() releases it.
 */
struct issuer_question {
	const struct tenant *tenant;
	const char *url;
	struct span bearer;
	struct span form;  /* ptr NULL: a GET; else it is POSTed */
	bool takes_errors; /* a JSON object with a status of 4xx, too */
	size_t size_max;
	int64_t deadline_ms;
};
MUST_CHECK enum issuer_result issuer_get(const struct world *world,
    const struct issuer_question *question, struct issuer_document *document);
void issuer_document_clear(struct issuer_document *document);

/* https, a host, and nothing that a request line or a log could choke on. */
bool issuer_is_url(struct span s);

/*
 * The name under which things of an issuer of this tenant are cached: two
 * that differ in issuer, key location or trust never share one.
 */
#define ISSUER_ID_SIZE 33
MUST_CHECK enum reason issuer_id(const struct world *world,
    const struct tenant *tenant, const char *issuer, char id[ISSUER_ID_SIZE]);

#endif
