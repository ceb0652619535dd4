/* SPDX-License-Identifier: BSD-2-Clause */
#include "fakeissuer.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "discovery.h"
#include "oauth.h"
#include "wrapped.h"

struct fakeissuer fakeissuer = { .fields = -1, .blocks = -1, .names = -1 };

int64_t __wrap_clock_now(void);
int64_t __wrap_clock_ms(void);
int __wrap_clock_left(int64_t deadline_ms);
int __wrap_poll(struct pollfd *p, nfds_t n, int ms);
void __real_free(void *p);
void __wrap_free(void *p);
enum reason __real_oauth_add_field(struct buf *form, const char *name,
    struct span value);
enum reason __wrap_oauth_add_field(struct buf *form, const char *name,
    struct span value);
enum reason __real_crypto_sha256_hex(const struct crypto *crypto,
    struct span in, char hex[SHA256_HEX_SIZE]);
enum reason __wrap_crypto_sha256_hex(const struct crypto *crypto,
    struct span in, char hex[SHA256_HEX_SIZE]);
enum issuer_result __wrap_issuer_get(const struct world *world,
    const struct issuer_question *question, struct issuer_document *document);
enum issuer_result __wrap_discovery_get(const struct world *world,
    const struct tenant *tenant, const char *issuer, bool fresh_only,
    int64_t deadline_ms, struct endpoints *endpoints,
    struct issuer_document *document);

int64_t
__wrap_clock_now(void)
{
	return fakeissuer.now;
}

int64_t
__wrap_clock_ms(void)
{
	return fakeissuer.ms;
}

int
__wrap_clock_left(int64_t deadline_ms)
{
	const int64_t left = deadline_ms - fakeissuer.ms;

	return left > 0 ? (int)left : 0;
}

static void
pass(int ms)
{
	fakeissuer.ms += ms;
	fakeissuer.now += ms / 1000;
}

int
__wrap_poll(struct pollfd *p, nfds_t n, int ms)
{
	(void)p;
	assert_int_equal(n, 0);
	assert_true(ms >= 0); /* or for ever */
	fakeissuer.slept_ms += (unsigned int)ms;
	pass(ms);
	return 0;
}

/* Counts down to the one that is not to be had. */
static bool
is_the_one(int *left)
{
	return *left >= 0 && (*left)-- == 0;
}

void *
__wrap_malloc(size_t n)
{
	return is_the_one(&fakeissuer.blocks) ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return is_the_one(&fakeissuer.blocks) ? NULL : __real_calloc(n, size);
}

char *
__wrap_strdup(const char *s)
{
	return is_the_one(&fakeissuer.blocks) ? NULL : __real_strdup(s);
}

static bool
is_zero(struct span s)
{
	while (s.len > 0 && s.ptr[s.len - 1] == '\0')
		s.len--;
	return s.len == 0;
}

void
__wrap_free(void *p)
{
	if (p != NULL && p == fakeissuer.asked_form.ptr) {
		fakeissuer.wiped += is_zero(fakeissuer.asked_form);
		fakeissuer.asked_form = span_of(NULL);
	}
	__real_free(p);
}

enum reason
__wrap_oauth_add_field(struct buf *form, const char *name, struct span value)
{
	return is_the_one(&fakeissuer.fields)
	    ? REASON_OUT_OF_MEMORY
	    : __real_oauth_add_field(form, name, value);
}

enum reason
__wrap_crypto_sha256_hex(const struct crypto *crypto, struct span in,
    char hex[SHA256_HEX_SIZE])
{
	return is_the_one(&fakeissuer.names)
	    ? REASON_INTERNAL
	    : __real_crypto_sha256_hex(crypto, in, hex);
}

static void
note(const struct issuer_question *question)
{
	fakeissuer.asked++;
	fakeissuer.question = *question;
	(void)snprintf(fakeissuer.url, sizeof(fakeissuer.url), "%s",
	    question->url);
	(void)snprintf(fakeissuer.form, sizeof(fakeissuer.form), "%.*s",
	    (int)question->form.len, question->form.ptr);
	fakeissuer.asked_form = question->form;
}

enum issuer_result
__wrap_issuer_get(const struct world *world,
    const struct issuer_question *question, struct issuer_document *document)
{
	const int blocks = fakeissuer.blocks;

	(void)world;
	fakeissuer.blocks = -1; /* what is wanting is not wanting here */
	note(question);
	pass(fakeissuer.takes_ms);
	*document = (struct issuer_document){ .status = fakeissuer.status,
		.limit_until = fakeissuer.limit_until };
	if (fakeissuer.result == ISSUER_OK)
		assert_int_equal(json_doc_parse(span_of(fakeissuer.body),
				     &document->doc),
		    REASON_OK);
	else
		text_printf(&document->why, "%s", fakeissuer.why);
	fakeissuer.blocks = blocks;
	return fakeissuer.result;
}

static char *
copy(const char *s)
{
	return s != NULL ? __real_strdup(s) : NULL;
}

enum issuer_result
__wrap_discovery_get(const struct world *world, const struct tenant *tenant,
    const char *issuer, bool fresh_only, int64_t deadline_ms,
    struct endpoints *endpoints, struct issuer_document *document)
{
	(void)world, (void)tenant, (void)issuer;
	fakeissuer.looked_up++;
	fakeissuer.was_fresh_only = fresh_only;
	fakeissuer.lookup_deadline_ms = deadline_ms;
	*document =
	    (struct issuer_document){ .status = fakeissuer.found_status };
	*endpoints = (struct endpoints){ .jwks_uri = NULL };
	if (fakeissuer.found == ISSUER_OK)
		*endpoints =
		    (struct endpoints){ .token = copy(fakeissuer.token),
			    .device_authorization = copy(fakeissuer.device) };
	else
		text_printf(&document->why, "no document today");
	return fakeissuer.found;
}

void
fakeissuer_start(void)
{
	memset(&fakeissuer, 0, sizeof(fakeissuer));
	fakeissuer.status = fakeissuer.found_status = 200;
	fakeissuer.body = "{}";
	fakeissuer.why = "no answer today";
	fakeissuer.now = NOW;
	fakeissuer.ms = 5000000;
	fakeissuer.fields = fakeissuer.blocks = fakeissuer.names = -1;
}

void
fakeissuer_say(int status, const char *body)
{
	fakeissuer.result = body != NULL ? ISSUER_OK : ISSUER_NO_ANSWER;
	fakeissuer.status = status;
	fakeissuer.body = body;
}

struct audient *
fakeissuer_open(const struct site *site, struct audient *before,
    const char *conf, bool is_client)
{
	const struct audient_options options = { .config = site->conf,
		.is_client = is_client };
	char problem[AUDIENT_LINE_MAX];
	struct audient *a;

	audient_close(before);
	site_configure(site, conf);
	if (audient_open(&a, &options, problem) != REASON_OK)
		fail_msg("%s", problem);
	return a;
}

enum reason
fakeissuer_get(struct audient *a, const struct audient_grant *grant,
    const char *refresh, struct audient_tokens *tokens)
{
	(void)snprintf(fakeissuer.said, sizeof(fakeissuer.said),
	    "nothing was said");
	return audient_grant_token(a, grant, span_of(refresh), tokens,
	    fakeissuer.said);
}

enum reason
fakeissuer_try(struct audient *a, const struct audient_grant *grant,
    const char *refresh)
{
	struct audient_tokens tokens;
	const enum reason reason = fakeissuer_get(a, grant, refresh, &tokens);

	row_true("no token unless it is fine",
	    (tokens.access.len > 0) == (reason == REASON_OK));
	row_true("nothing to say if it is fine",
	    (fakeissuer.said[0] == '\0') == (reason == REASON_OK));
	row_number("wiped", fakeissuer.wiped, fakeissuer.asked);
	audient_tokens_clear(&tokens);
	return reason;
}
