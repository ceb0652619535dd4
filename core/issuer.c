/* SPDX-License-Identifier: BSD-2-Clause */
#include "issuer.h"

#include <string.h>

#include "clock.h"

#define URL_MAX	    1024
#define ID_TEXT_MAX 8192
#define LIMIT_MAX   300 /* seconds that an issuer may keep us waiting */

bool
issuer_is_url(struct span s)
{
	static const char scheme[] = "https://";
	const size_t skip = sizeof(scheme) - 1;

	if (!span_starts(s, scheme) || s.len == skip || s.len > URL_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		const char c = s.ptr[i];

		if (c <= ' ' || c > '~' || strchr("\"<>\\^`{|}#@", c) != NULL)
			return false;
	}
	return s.ptr[skip] != '/' && s.ptr[skip] != ':' && s.ptr[skip] != '?';
}

static bool
is_json(const char *type)
{
	return strcmp(type, "application/json") == 0 ||
	    strcmp(type, "application/jwk-set+json") == 0; /* RFC 7517 8.5 */
}

static bool
is_overloaded(int status)
{
	return status == 408 || status == 429 || status >= 500;
}

/*
 * Retry-After, or the moment at which the used-up X-RateLimit starts anew.
 * What is too far away is not believed.
 */
static int64_t
limit_until(const struct fetch_answer *answer, int64_t now)
{
	int64_t until = 0;

	if (answer->retry_after > 0)
		until = now + answer->retry_after;
	else if (answer->limit_left == 0 || answer->status == 429)
		until = answer->limit_reset;
	return until > now + LIMIT_MAX ? now + LIMIT_MAX : until;
}

/* RFC 6749 section 5.2: what was refused has a JSON object that says why. */
static bool
is_error(const struct issuer_question *question, int status)
{
	return question->takes_errors && status >= 400 && status < 500 &&
	    status != 408;
}

static enum issuer_result
read_document(struct fetch_answer *answer, struct issuer_document *document)
{
	struct text *why = &document->why;

	if (!is_json(answer->type)) {
		text_printf(why, "the answer is %s, not application/json",
		    answer->type);
		return ISSUER_BAD_ANSWER;
	}
	if (json_doc_parse(buf_span(&answer->body), &document->doc) !=
	    REASON_OK) {
		text_printf(why, "the answer is not a JSON object");
		return ISSUER_BAD_ANSWER;
	}
	document->text = answer->body;
	answer->body = (struct buf)BUF_INIT(0); /* transferred */
	return ISSUER_OK;
}

/* What somebody, or nobody, has said. */
static enum issuer_result
judge(struct fetch_answer *answer, const struct issuer_question *question,
    struct issuer_document *document)
{
	struct text *why = &document->why;

	text_printf(why, "%s: ", question->url);
	switch (answer->result) {
	case FETCH_ANSWERED:
		break;
	case FETCH_NO_ANSWER:
		text_add(why, span_of(answer->why.s), TEXT_MAX);
		return ISSUER_NO_ANSWER;
	case FETCH_BAD_ANSWER:
		text_add(why, span_of(answer->why.s), TEXT_MAX);
		return ISSUER_BAD_ANSWER;
	}
	document->status = answer->status;
	document->date = answer->date;
	document->limit_until = limit_until(answer, clock_now());
	if (answer->status == 200)
		return read_document(answer, document);
	text_printf(why, "HTTP status %d", answer->status);
	if (is_error(question, answer->status) && is_json(answer->type)) {
		text_printf(why, ": ");
		return read_document(answer, document);
	}
	return is_overloaded(answer->status) ? ISSUER_NO_ANSWER
					     : ISSUER_BAD_ANSWER;
}

enum issuer_result
issuer_get(const struct world *world, const struct issuer_question *question,
    struct issuer_document *document)
{
	const struct fetch_request request = {
		.url = question->url,
		.bearer = question->bearer,
		.form = question->form,
		.ca_file = question->tenant->ca_file,
		.proxy = question->tenant->proxy,
		.body_max = question->size_max,
	};
	struct fetch_answer answer;
	enum issuer_result result;

	*document = (struct issuer_document){ .status = 0 };
	fetch(world->fetcher, &request, question->deadline_ms, &answer);
	result = judge(&answer, question, document);
	fetch_answer_clear(&answer);
	return result;
}

void
issuer_document_clear(struct issuer_document *document)
{
	json_doc_free(&document->doc);
	buf_free(&document->text);
}

enum reason
issuer_id(const struct world *world, const struct tenant *tenant,
    const char *issuer, char id[ISSUER_ID_SIZE])
{
	struct buf text = BUF_INIT(ID_TEXT_MAX);
	char hex[SHA256_HEX_SIZE];
	enum reason reason;

	if ((reason = buf_printf(&text, "%s\n%s\n%s\n", issuer,
		 tenant->jwks_uri != NULL ? tenant->jwks_uri : "",
		 tenant->ca_file != NULL ? tenant->ca_file : "")) ==
		REASON_OK &&
	    (reason = crypto_sha256_hex(&world->crypto, buf_span(&text),
		 hex)) == REASON_OK) {
		memcpy(id, hex, ISSUER_ID_SIZE - 1);
		id[ISSUER_ID_SIZE - 1] = '\0';
	}
	buf_free(&text);
	return reason;
}
