/* SPDX-License-Identifier: BSD-2-Clause */
#include "once.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "unit.h"

#define TOKEN "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
#define DAY   86400

static struct world world;
static char *base;

static struct once
use_of(const char *service, const char *token)
{
	return (struct once){ .service = service,
		.token = span_of(token),
		.until = NOW + 600,
		.now = NOW };
}

static void
take(const char *name, struct once use, enum reason want)
{
	struct trace trace;

	trace_init(&trace);
	row_reason(name, once_take(&world, &use, &trace), want);
	row_text(name, trace.failed != NULL ? trace.failed : "",
	    want == REASON_OK ? "" : "single_use");
}

static struct once
rehearsal(const char *service, const char *token)
{
	struct once use = use_of(service, token);

	use.is_rehearsal = true;
	return use;
}

static void
test_uses(void **state)
{
	(void)state;
	take("rehearsal", rehearsal("sshd", TOKEN), REASON_OK);
	take("and again", rehearsal("sshd", TOKEN), REASON_OK);
	take("first", use_of("sshd", TOKEN), REASON_OK);
	take("second", use_of("sshd", TOKEN), REASON_DENIED_LOCALLY);
	take("third", use_of("sshd", TOKEN), REASON_DENIED_LOCALLY);
	take("rehearsal", rehearsal("sshd", TOKEN), REASON_DENIED_LOCALLY);
	take("another service", use_of("imap", TOKEN), REASON_OK);
	take("there again", use_of("imap", TOKEN), REASON_DENIED_LOCALLY);
	take("other claims", use_of("sshd", "eyJhbGciOiJSUzI1NiJ9.e31.c2ln"),
	    REASON_OK);
	take("another header", use_of("sshd", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"),
	    REASON_OK);
	take("opaque", use_of("sshd", "0123456789abcdef"), REASON_OK);
	take("another opaque", use_of("sshd", "0123456789abcdeg"), REASON_OK);
	take("opaque again", use_of("sshd", "0123456789abcdef"),
	    REASON_DENIED_LOCALLY);
	rows_end();
}

/* A name ends where the token begins. */
static void
test_pairs(void **state)
{
	(void)state;
	take("a, bc", use_of("a", "bc"), REASON_OK);
	take("ab, c", use_of("ab", "c"), REASON_OK);
	take("a, bc again", use_of("a", "bc"), REASON_DENIED_LOCALLY);
	rows_end();
}

/*
 * Whoever has an ECDSA signature can make another one that fits as well, and
 * a token with that is no other token.
 */
static void
test_signature(void **state)
{
	(void)state;
	take("first", use_of("sshd", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"),
	    REASON_OK);
	take("another signature",
	    use_of("sshd", "eyJhbGciOiJFUzI1NiJ9.e30.c2lo"),
	    REASON_DENIED_LOCALLY);
	take("JWE", use_of("sshd", "eyJhbGciOiJkaXIifQ..iv.text.tag"),
	    REASON_OK);
	take("another tag", use_of("sshd", "eyJhbGciOiJkaXIifQ..iv.text.tah"),
	    REASON_DENIED_LOCALLY);
	take("another text", use_of("sshd", "eyJhbGciOiJkaXIifQ..iv.texu.tag"),
	    REASON_OK);
	rows_end();
}

/*
 * What was used is remembered until it is no good anyway, and a day longer;
 * by the tenant's clock, or for a year more by ours.
 */
static void
test_sweep(void **state)
{
	/* seconds after the end of the first token */
	static const struct {
		const char *name;
		int64_t now, issued;
		bool is_told, is_known;
	} times[] = {
		{ "before the end", -300, -310, true, true },
		{ "at the end", 0, 0, true, true },
		{ "a day later", DAY, DAY, true, true },
		{ "later", DAY + 1, DAY + 1, true, false },
		{ "ahead", 9999 * DAY, -300, true, true },
		{ "ahead, a day", 9999 * DAY, DAY, true, true },
		{ "ahead, later", 9999 * DAY, DAY + 1, true, false },
		{ "behind, later", DAY, DAY + 1, true, false },
		{ "not told", 300 * DAY, 0, false, true },
		{ "a year", 367 * DAY, 0, false, true },
		{ "more than that", 367 * DAY + 1, 0, false, false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(times); i++) {
		struct once sweeper = use_of("sshd", "x");
		struct once use = use_of("sshd", TOKEN);

		use.until = NOW + 100000 * (int64_t)(i + 1);
		sweeper.now = use.until + times[i].now;
		if (times[i].is_told)
			sweeper.issued = use.until + times[i].issued;
		sweeper.until = NOW + 100 * (DAY + (int64_t)i);
		sweeper.token = span_of(times[i].name);
		take("first", use, REASON_OK);
		take("sweeper", sweeper, REASON_OK);
		take(times[i].name, use,
		    times[i].is_known ? REASON_DENIED_LOCALLY : REASON_OK);
		unit_dir_remove(base);
		base = unit_dir();
		cache_close(world.cache);
		assert_int_equal(cache_open(&world.cache, base, &world.crypto,
				     true),
		    REASON_OK);
	}
	rows_end();
}

/* However many there are, none is forgotten for another. */
static void
test_many(void **state)
{
	char token[32];

	(void)state;
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < 300; i++) {
			struct once use;

			(void)snprintf(token, sizeof(token), "%d", i);
			use = use_of("sshd", token);
			use.now += 61 * i;
			use.until = use.now + 31536000;
			take("many", use,
			    pass == 0 ? REASON_OK : REASON_DENIED_LOCALLY);
		}
	rows_end();
}

/* Of many processes one gets in. */
static void
test_race(void **state)
{
	pid_t pid[16];
	int go[2], status, in = 0;

	(void)state;
	assert_int_equal(pipe(go), 0);
	for (size_t i = 0; i < nitems(pid); i++)
		if ((pid[i] = fork()) == 0) {
			struct once use = use_of("sshd", TOKEN);
			struct trace trace;
			char byte;

			/* a new file has the time that it is */
			use.now = clock_now();
			use.until = use.now + 600;

			close(go[1]);
			if (read(go[0], &byte, 1) != 0)
				_exit(9);
			trace_init(&trace);
			_exit(once_take(&world, &use, &trace) == REASON_OK ? 0
									   : 1);
		}
	close(go[0]);
	close(go[1]);
	for (size_t i = 0; i < nitems(pid); i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status));
		in += WEXITSTATUS(status) == 0;
	}
	assert_int_equal(in, 1);
}

/* What cannot be remembered opens nothing; to ask is possible. */
static void
test_no_place(void **state)
{
	static const char *const what[] = { "missing", "a file",
		"others can write it" };

	(void)state;
	for (size_t i = 0; i < nitems(what); i++) {
		char *place = unit_path(base, i == 0 ? "no/place" : what[i]);

		if (i == 1)
			unit_write(place, SPAN("x"), 0600);
		if (i == 2) {
			assert_int_equal(mkdir(place, 0700), 0);
			assert_int_equal(chmod(place, 0777), 0);
		}
		cache_close(world.cache);
		assert_int_equal(cache_open(&world.cache, place, &world.crypto,
				     true),
		    REASON_OK);
		take(what[i], use_of("sshd", TOKEN), REASON_INTERNAL);
		take(what[i], rehearsal("sshd", TOKEN), REASON_OK);
		free(place);
	}
	rows_end();
}

/* Whatever lies there under the name, the token was used. */
static void
test_lies_there(void **state)
{
	static const enum cache_kind kind = CACHE_USED;
	char *long_id = unit_repeat('a', 256);
	char *dir;

	(void)state;
	assert_int_equal(cache_take(world.cache, kind, "first", NOW),
	    CACHE_TAKEN_NOW);
	row_bool("first", cache_is_taken(world.cache, kind, "first"), true);
	row_bool("none", cache_is_taken(world.cache, kind, "none"), false);
	assert_true(
	    asprintf(&dir, "%s/%u/used", base, (unsigned int)geteuid()) > 0);
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(symlink("nowhere", "link"), 0);
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	for (const char *const *id =
		 (const char *const[]){ "first", "link", "dir", "fifo", NULL };
	     *id != NULL; id++) {
		row_bool(*id,
		    cache_take(world.cache, kind, *id, NOW) ==
			CACHE_TAKEN_BEFORE,
		    true);
		row_bool(*id, cache_is_taken(world.cache, kind, *id), true);
	}
	row_bool("a name that is too long",
	    cache_take(world.cache, kind, long_id, NOW) == CACHE_CANNOT_TAKE,
	    true);
	row_bool("nothing was made through the link",
	    access("nowhere", F_OK) == 0, false);
	assert_int_equal(chdir("/"), 0);
	free(dir);
	free(long_id);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	base = unit_dir();
	return crypto_open(&world.crypto) == REASON_OK &&
		cache_open(&world.cache, base, &world.crypto, true) == REASON_OK
	    ? 0
	    : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	cache_close(world.cache);
	crypto_close(&world.crypto);
	unit_dir_remove(base);
	return 0;
}

#define WITH_CACHE(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	WITH_CACHE(test_uses),
	WITH_CACHE(test_pairs),
	WITH_CACHE(test_signature),
	WITH_CACHE(test_sweep),
	WITH_CACHE(test_many),
	WITH_CACHE(test_race),
	WITH_CACHE(test_no_place),
	WITH_CACHE(test_lies_there),
};

UNIT_MAIN(tests)
