/* SPDX-License-Identifier: BSD-2-Clause */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

/*
 * Every seed of every target, and simple changes of it: cut off, a byte
 * changed, taken out or doubled.  `replay DIRECTORY` writes the seeds there
 * instead, as the first corpus of the fuzzer; `replay TARGET FILE…` runs what
 * a fuzzer has found.  AUDIENT_VERDICTS names a file for all decisions, which
 * tests/fuzz/judge.py goes over.
 */
#define STEPS 48  /* places of a seed that are changed */
#define MADE  400 /* tokens of fuzz_make() */

static unsigned int runs;

static void
run(const struct fuzz_target *target, struct span in)
{
	struct span exact = unit_exact(in);

	target->run(exact);
	unit_free(exact);
	runs++;
}

static void
change(const struct fuzz_target *target, struct span seed, size_t at)
{
	static const char bytes[] = { '\0', '"', '\n', ',', '\x80', '9' };
	char *text = malloc(seed.len + 1);

	assert_non_null(text);
	memcpy(text, seed.ptr, seed.len);
	for (size_t i = 0; i < nitems(bytes); i++) {
		text[at] = bytes[i];
		run(target, (struct span){ .ptr = text, .len = seed.len });
	}
	text[at] = (char)(seed.ptr[at] ^ 1);
	run(target, (struct span){ .ptr = text, .len = seed.len });
	memmove(text + at, seed.ptr + at + 1, seed.len - at - 1);
	run(target, (struct span){ .ptr = text, .len = seed.len - 1 });
	memcpy(text + at, seed.ptr + at, seed.len - at);
	memmove(text + at + 1, seed.ptr + at, seed.len - at);
	run(target, (struct span){ .ptr = text, .len = seed.len + 1 });
	free(text);
}

static void
run_paths(const struct fuzz_target *target, char *const *path)
{
	struct buf bytes = BUF_INIT(1024 * 1024);
	char chunk[4096];
	size_t n;

	for (; *path != NULL; path++) {
		FILE *f = fopen(*path, "re");

		must(f != NULL, *path);
		buf_clear(&bytes);
		while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
			must(buf_add(&bytes, chunk, n) == REASON_OK, *path);
		(void)fclose(f);
		run(target, buf_span(&bytes));
	}
	buf_free(&bytes);
}

static void
replay_seed(void *arg, struct span seed)
{
	const struct fuzz_target *target = arg;
	const size_t step = seed.len / STEPS + 1;

	run(target, seed);
	row_count(true);
	for (size_t at = 0; at < seed.len; at += step) {
		run(target, (struct span){ .ptr = seed.ptr, .len = at });
		change(target, seed, at);
		row_count(false);
	}
}

static void
replay(const char *name)
{
	for (size_t i = 0; i < fuzz_n_targets; i++)
		if (strcmp(fuzz_targets[i].name, name) == 0) {
			runs = fuzz_let_in = 0;
			fuzz_targets[i].seeds(replay_seed,
			    (void *)(uintptr_t)&fuzz_targets[i]);
			print_message("%s: %u inputs, %u let in\n", name, runs,
			    fuzz_let_in);
			return;
		}
	fail();
}

#define REPLAY(name)                          \
	static void test_##name(void **state) \
	{                                     \
		(void)state;                  \
		replay(#name);                \
	}

REPLAY(token)
REPLAY(b64url)
REPLAY(header)
REPLAY(json)
REPLAY(jwks)
REPLAY(record)
/* The good ones among them are let in. */
#define REPLAY_DECISIONS(name)                \
	static void test_##name(void **state) \
	{                                     \
		(void)state;                  \
		replay(#name);                \
		assert_true(fuzz_let_in > 0); \
	}
REPLAY_DECISIONS(claims)
REPLAY_DECISIONS(signed)
REPLAY_DECISIONS(userinfo)
REPLAY(conf)
REPLAY(usermap)
REPLAY(deny)
REPLAY(login)
REPLAY(message)
REPLAY(helper)
REPLAY(request)
REPLAY_DECISIONS(pam)

/* Tokens of all three algorithms, most of them good. */
static void
test_made(void **state)
{
	const struct fuzz_target *target = fuzz_targets;
	char text[4096];

	(void)state;
	while (strcmp(target->name, "signed") != 0)
		target++;
	runs = fuzz_let_in = 0;
	for (uint32_t seed = 1; seed <= MADE; seed++) {
		const size_t n = fuzz_make(seed, text, sizeof(text));

		run(target, (struct span){ .ptr = text, .len = n });
		row_count(true);
	}
	print_message("made: %u inputs, %u let in\n", runs, fuzz_let_in);
	assert_in_range(fuzz_let_in, MADE / 4, MADE - 1);
}

/* What the fuzzer has found worth keeping, as it is. */
static void
test_corpus(void **state)
{
	const char *srcdir = getenv("srcdir");
	unsigned int n = 0;

	(void)state;
	for (size_t i = 0; i < fuzz_n_targets; i++) {
		char *pattern;
		glob_t found;

		must(asprintf(&pattern, "%s/tests/fuzz/corpus/%s/*",
			 srcdir != NULL ? srcdir : ".",
			 fuzz_targets[i].name) > 0,
		    "there is memory");
		if (glob(pattern, 0, NULL, &found) == 0) {
			run_paths(&fuzz_targets[i], found.gl_pathv);
			n += (unsigned int)found.gl_pathc;
			globfree(&found);
		}
		free(pattern);
	}
	print_message("corpus: %u inputs\n", n);
	assert_true(n > 0);
}

static void
test_broken(void **state)
{
	unsigned int n = 0;

	(void)state;
	fuzz_let_in = 0;
	fuzz_break_pam(&n);
	print_message("broken hosts: %u logins, %u let in\n", n, fuzz_let_in);
	/* those at the end, whose failure would come later */
	assert_in_range(fuzz_let_in, 1, n - 1);
	row_count(false);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_token),
	cmocka_unit_test(test_b64url),
	cmocka_unit_test(test_header),
	cmocka_unit_test(test_json),
	cmocka_unit_test(test_jwks),
	cmocka_unit_test(test_record),
	cmocka_unit_test(test_claims),
	cmocka_unit_test(test_signed),
	cmocka_unit_test(test_userinfo),
	cmocka_unit_test(test_conf),
	cmocka_unit_test(test_usermap),
	cmocka_unit_test(test_deny),
	cmocka_unit_test(test_login),
	cmocka_unit_test(test_message),
	cmocka_unit_test(test_helper),
	cmocka_unit_test(test_request),
	cmocka_unit_test(test_pam),
	cmocka_unit_test(test_made),
	cmocka_unit_test(test_corpus),
	cmocka_unit_test(test_broken),
};

/* --- seeds for the fuzzer, and what it found
 * ------------------------------------- */

struct corpus {
	const char *dir;
	unsigned int n;
};

static void
write_seed(void *arg, struct span seed)
{
	struct corpus *corpus = arg;
	char *path;

	must(asprintf(&path, "%s/seed-%03u", corpus->dir, corpus->n++) > 0,
	    "there is memory");
	unit_write(path, seed, 0644);
	free(path);
}

/* What we sign has more to begin with: all that is in fuzz_make(). */
static void
write_made(const char *name, struct corpus *corpus)
{
	const size_t skip = strcmp(name, "pam") == 0 ? 4 : 0;
	char text[4096] = "";
	size_t n;

	if (skip == 0 && strcmp(name, "signed") != 0)
		return;
	for (uint32_t seed = 1; seed <= MADE / 10; seed++) {
		n = skip + fuzz_make(seed, text + skip, sizeof(text) - skip);
		write_seed(corpus, (struct span){ .ptr = text, .len = n });
	}
}

static int
write_seeds(const char *dir)
{
	for (size_t i = 0; i < fuzz_n_targets; i++) {
		char *path = unit_path(dir, fuzz_targets[i].name);
		struct corpus corpus = { .dir = path };

		(void)mkdir(path, 0755);
		fuzz_targets[i].seeds(write_seed, &corpus);
		write_made(fuzz_targets[i].name, &corpus);
		free(path);
	}
	fuzz_end();
	return 0;
}

static int
run_files(const char *name, char *const *path)
{
	for (size_t i = 0; i < fuzz_n_targets; i++)
		if (strcmp(fuzz_targets[i].name, name) == 0)
			run_paths(&fuzz_targets[i], path);
	fuzz_end();
	printf("%u run\n", runs);
	return runs == 0;
}

int
main(int argc, char **argv)
{
	const char *verdicts = getenv("AUDIENT_VERDICTS");
	int rc;

	if (argc == 2)
		return write_seeds(argv[1]);
	if (verdicts != NULL)
		fuzz_open_verdicts(verdicts);
	if (argc > 2)
		rc = run_files(argv[1], argv + 2);
	else {
		rc = unit_end(cmocka_run_group_tests(tests, NULL, NULL));
		fuzz_end();
	}
	if (fuzz_verdicts != NULL)
		must(fclose(fuzz_verdicts) == 0, verdicts);
	return rc;
}
