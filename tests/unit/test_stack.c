/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "audient.h"
#include "b64url.h"
#include "clock.h"
#include "site.h"
#include "token.h"
#include "unit.h"

/*
 * What a decision leaves on the stack of its host: the host's next function
 * may hand it out.  Each decision is made in a thread whose stack is ours to
 * search afterwards.
 */
#define STACK_SIZE (512 * 1024)
#define MARK_SIZE  16		      /* bytes that nobody has by accident */
#define MARK	   "M4rkOfTheP4yload" /* in a claim that nothing reads */

struct task {
	struct audient *audient;
	const char *token;
	enum reason reason;
};

static struct site site;
static unsigned char *stack;

static void *
decide(void *arg)
{
	struct task *task = arg;
	const struct audient_request rq = { .token = span_of(task->token),
		.service = "imap",
		.user = "alice",
		.uid = AUDIENT_NOT_ACCOUNTS };
	struct audient_verdict v;

	task->reason = audient_check(task->audient, &rq, &v);
	return NULL;
}

/* Leaves the mark, for the search to show that it would find one. */
static void *
forget(void *arg)
{
	char copy[8192]; /* its start is deep enough to stay */

	memcpy(copy, arg, MARK_SIZE);
	/* somebody might look at it, as far as the compiler knows */
	__asm__ volatile("" : : "r"(copy) : "memory");
	return NULL;
}

static void
run(void *(*f)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;

	memset(stack, 0, STACK_SIZE);
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstack(&attr, stack, STACK_SIZE), 0);
	assert_int_equal(pthread_create(&thread, &attr, f, arg), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pthread_attr_destroy(&attr), 0);
}

static bool
is_left(const void *mark)
{
	return memmem(stack, STACK_SIZE, mark, MARK_SIZE) != NULL;
}

/* Both ends of a segment's bytes, and the letters that they are made of. */
static void
search(const char *name, struct span segment)
{
	unsigned char bytes[4096];
	size_t len;

	row_bool(name, is_left(segment.ptr), false);
	row_bool(name, is_left(segment.ptr + segment.len - MARK_SIZE), false);
	if (b64url_decode(segment, bytes, sizeof(bytes), &len) != REASON_OK)
		return;
	row_bool(name, is_left(bytes), false);
	row_bool(name, is_left(bytes + len - MARK_SIZE), false);
}

static const struct row {
	const char *name;
	enum mint_key key;
	enum alg alg;
	const char *header;
	int64_t ends;	  /* seconds from now */
	const char *more; /* behind the claims */
	bool is_forged;
	enum reason want;
} rows[] = {
	{ "RS256", MINT_RSA, ALG_RS256, SITE_HEADER, 600, "}", false,
	    REASON_OK },
	{ "ES256", MINT_P256, ALG_ES256, "{\"alg\":\"ES256\",\"kid\":\"ec\"}",
	    600, "}", false, REASON_OK },
	{ "expired", MINT_RSA, ALG_RS256, SITE_HEADER, -600, "}", false,
	    REASON_EXPIRED },
	{ "not JSON", MINT_RSA, ALG_RS256, SITE_HEADER, 600, "", false,
	    REASON_TOKEN_MALFORMED },
	{ "forged", MINT_RSA, ALG_RS256, SITE_HEADER, 600, "}", true,
	    REASON_SIGNATURE_INVALID },
};

static void
check(const struct row *row, bool is_long_lived)
{
	const struct audient_options options = { .config = site.conf,
		.is_long_lived = is_long_lived };
	const long long now = clock_now();
	char claims[600], problem[AUDIENT_LINE_MAX];
	struct task task = { .audient = NULL };
	struct token parts;
	char *token;

	(void)snprintf(claims, sizeof(claims),
	    "{\"iss\":\"" SITE_A "\",\"aud\":\"" SITE_API
	    "\",\"sub\":\"auth0|alice\",\"user\":\"alice\",\"iat\":%lld,"
	    "\"exp\":%lld,\"mark\":\"" MARK "\"%s",
	    now - 1000, now + row->ends, row->more);
	token = mint_token(row->key, row->alg, row->header, claims, NULL);
	assert_int_equal(token_classify(span_of(token), &parts), REASON_OK);
	if (row->is_forged) {
		char *letter = token + (parts.signature.ptr - token) + 20;

		*letter = *letter == 'A' ? 'B' : 'A';
	}
	if (audient_open(&task.audient, &options, problem) != REASON_OK)
		fail_msg("%s", problem);
	task.token = token;
	run(decide, &task);
	row_reason(row->name, task.reason, row->want);
	row_bool(row->name, is_left(MARK), false);
	search(row->name, parts.payload);
	search(row->name, parts.signature);
	audient_close(task.audient);
	free(token);
}

static void
test_stack(void **state)
{
	(void)state;
	run(forget, (void *)(uintptr_t)MARK);
	row_bool("what is left is found", is_left(MARK), true);
	for (size_t i = 0; i < nitems(rows); i++) {
		check(&rows[i], false);
		check(&rows[i], true);
	}
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	site_make(&site);
	site_configure(&site, SITE_ONE "algorithms = RS256 ES256\n");
	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return stack != MAP_FAILED ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)munmap(stack, STACK_SIZE);
	site_remove(&site);
	mint_end();
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(test_stack, set_up, tear_down),
};

UNIT_MAIN(tests)
