/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "audient.h"
#include "clock.h"
#include "site.h"
#include "unit.h"
#include "wrapped.h"

/*
 * What a decision on a token that was never seen may cost: memory that we
 * allocate, and bytes that are hashed.  The linker sends the calls here.
 */
static unsigned int allocations;
static size_t hashed;

int __real_EVP_DigestUpdate(EVP_MD_CTX *ctx, const void *p, size_t n);
int __wrap_EVP_DigestUpdate(EVP_MD_CTX *ctx, const void *p, size_t n);

void *
__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	allocations++;
	return __real_realloc(p, size);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	allocations++;
	return __real_reallocarray(p, n, size);
}

char *
__wrap_strdup(const char *s)
{
	allocations++;
	return __real_strdup(s);
}

char *
__wrap_strndup(const char *s, size_t n)
{
	allocations++;
	return __real_strndup(s, n);
}

int
__wrap_EVP_DigestUpdate(EVP_MD_CTX *ctx, const void *p, size_t n)
{
	hashed += n;
	return __real_EVP_DigestUpdate(ctx, p, n);
}

#define TOKENS	 8
#define QUESTION 256 /* bytes that are hashed besides tokens */

static struct site site;
static char *tokens[TOKENS];

static struct audient *
open_handle(bool is_long_lived)
{
	const struct audient_options options = { .config = site.conf,
		.is_long_lived = is_long_lived };
	char problem[AUDIENT_LINE_MAX];
	struct audient *audient;

	if (audient_open(&audient, &options, problem) != REASON_OK)
		fail_msg("%s", problem);
	return audient;
}

static void
check_reason(const char *name, struct audient *audient, const char *token,
    const char *user, enum reason want, struct audient_verdict *v)
{
	const struct audient_request rq = { .token = span_of(token),
		.service = "imap",
		.user = user,
		.uid = AUDIENT_NOT_ACCOUNTS };

	row_reason(name, audient_check(audient, &rq, v), want);
}

static void
check(const char *name, struct audient *audient, const char *token,
    const char *user, enum reason want, struct audient_verdict *v)
{
	allocations = 0;
	hashed = 0;
	check_reason(name, audient, token, user, want, v);
	row_number(name, allocations, 0);
}

/*
 * The signature covers all of a token but itself.  times: as often may the
 * length of the whole be hashed.
 */
static void
run(const char *name, bool is_long_lived, size_t times, const char *user,
    enum reason want)
{
	struct audient *const audient = open_handle(is_long_lived);
	struct audient_verdict v;

	/* what is made only once */
	check_reason(name, audient, tokens[0], user, want, &v);
	for (size_t i = 1; i < TOKENS; i++) {
		const struct span token = span_of(tokens[i]);
		char id[AUDIENT_TOKEN_ID_SIZE];

		check(name, audient, tokens[i], user, want, &v);
		row_true(name, hashed > token.len / 2);
		row_true(name, hashed <= times * token.len + QUESTION);
		audient_token_id(audient, token, id);
		row_text(name, v.token_id, is_long_lived ? id : "");
	}
	audient_close(audient);
}

static void
test_new_tokens(void **state)
{
	(void)state;
	run("a short life", false, 1, "alice", REASON_OK);
	run("a short life, refused", false, 1, "bob", REASON_USER_MISMATCH);
	run("a long life", true, 2, "alice", REASON_OK);
	run("a long life, refused", true, 2, "bob", REASON_USER_MISMATCH);
	rows_end();
}

/* What is no token may be a password: it gets no name. */
static void
test_no_token(void **state)
{
	static const struct {
		const char *word;
		enum reason want;
	} words[] = {
		{ "secret", REASON_NOT_A_TOKEN },
		{ "", REASON_NOT_A_TOKEN },
		{ "a.b.c", REASON_TOKEN_MALFORMED },
		{ "secret.eyJ.x", REASON_TOKEN_MALFORMED },
	};
	struct audient *const audient = open_handle(true);
	struct audient_verdict v;

	(void)state;
	for (size_t i = 0; i < nitems(words); i++) {
		check_reason(words[i].word, audient, words[i].word, NULL,
		    words[i].want, &v);
		row_text(words[i].word, v.token_id, "");
	}
	audient_close(audient);
	rows_end();
}

static int
set_up(void **state)
{
	const long long now = clock_now();
	char claims[800];

	(void)state;
	site_make(&site);
	site_configure(&site, SITE_ONE);
	for (int i = 0; i < TOKENS; i++) {
		(void)snprintf(claims, sizeof(claims),
		    "{\"iss\":\"" SITE_A "\",\"aud\":\"" SITE_API
		    "\",\"sub\":\"auth0|alice\",\"user\":\"alice\","
		    "\"iat\":%lld,\"exp\":%lld,\"pad\":\"%0400d\"}",
		    now - 10, now + 600, i);
		tokens[i] =
		    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, claims, NULL);
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < TOKENS; i++)
		free(tokens[i]);
	site_remove(&site);
	mint_end();
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(test_new_tokens, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_no_token, set_up, tear_down),
};

UNIT_MAIN(tests)
