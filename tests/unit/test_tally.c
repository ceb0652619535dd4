/* SPDX-License-Identifier: BSD-2-Clause */
#include "tally.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "unit.h"

/* What a busy host has counted, and when the disk hears of it. */

static struct crypto crypto;
static struct cache *cache;
static struct tally *tally;
static char *base;

static struct wanted {
	const char *service, *reason;
	uint64_t n;
} wanted;

static void
each(void *arg, const char *service, const char *reason, uint64_t n)
{
	(void)arg;
	if (strcmp(service, wanted.service) == 0 &&
	    strcmp(reason, wanted.reason) == 0)
		wanted.n += n;
}

static uint64_t
on_disk(const char *service, const char *reason)
{
	wanted = (struct wanted){ service, reason, 0 };
	(void)count_read(base, each, NULL);
	return wanted.n;
}

static void
count(const char *service, enum reason reason, int times)
{
	for (int i = 0; i < times; i++)
		tally_add(tally, cache, service, reason);
}

/* The first one at once, then no more than once a second. */
static void
test_period(void **state)
{
	(void)state;
	count("imap", REASON_OK, 1);
	row_count(true);
	row_number("first", (int64_t)on_disk("imap", "ok"), 1);
	count("imap", REASON_OK, 500);
	count("imap", REASON_EXPIRED, 3);
	row_count(false);
	row_number("busy", (int64_t)on_disk("imap", "ok"), 1);
	row_number("busy, another reason", (int64_t)on_disk("imap", "expired"),
	    0);
	(void)usleep(1100000);
	count("ldap", REASON_OK, 1);
	row_count(true);
	row_number("a second later", (int64_t)on_disk("imap", "ok"), 501);
	row_number("another reason", (int64_t)on_disk("imap", "expired"), 3);
	row_number("another service", (int64_t)on_disk("ldap", "ok"), 1);
	rows_end();
}

static void
test_end(void **state)
{
	(void)state;
	count("smtp", REASON_OK, 7);
	tally_write(tally, cache);
	row_count(true);
	row_number("at the end", (int64_t)on_disk("smtp", "ok"), 7);
	tally_write(tally, cache);
	row_number("and only once", (int64_t)on_disk("smtp", "ok"), 7);
	rows_end();
}

/* More kinds than there is room for: nothing is lost. */
static void
test_full(void **state)
{
	char name[16];

	(void)state;
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		count(name, REASON_OK, 2);
	}
	tally_write(tally, cache);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		row_count(true);
		row_number(name, (int64_t)on_disk(name, "ok"), 2);
	}
	rows_end();
}

/* Two names that are alike for longer than any name may be are none. */
static void
test_names(void **state)
{
	char a[200], b[70];

	(void)state;
	memset(a, 'x', sizeof(a));
	memset(b, 'x', sizeof(b));
	a[sizeof(a) - 1] = b[sizeof(b) - 1] = '\0';
	tally_write(tally, cache);
	count(a, REASON_OK, 1);
	count(b, REASON_OK, 1);
	count("", REASON_OK, 1);
	count("../x", REASON_OK, 1);
	tally_write(tally, cache);
	row_count(false);
	row_number("names that are none", (int64_t)on_disk("other", "ok"), 4);
	rows_end();
}

/* What the parent has counted is written by the parent. */
static void
test_fork(void **state)
{
	(void)state;
	count("sieve", REASON_OK, 1);
	tally_write(tally, cache);
	count("sieve", REASON_OK, 5);
	tally_after_fork(tally);
	tally_write(tally, cache);
	row_count(false);
	row_number("in the child", (int64_t)on_disk("sieve", "ok"), 1);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	base = unit_dir();
	return crypto_open(&crypto) == REASON_OK &&
		cache_open(&cache, base, &crypto, true) == REASON_OK &&
		tally_open(&tally) == REASON_OK
	    ? 0
	    : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	tally_close(tally);
	tally_close(NULL);
	cache_close(cache);
	crypto_close(&crypto);
	unit_dir_remove(base);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_period),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_fork),
	};

	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
