/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pthread.h>

#include "cache.h"
#include "conf.h"
#include "oauth.h"
#include "seen.h"
#include "tally.h"
#include "unit.h"
#include "wrapped.h"

/* Where there is no memory, or no lock: parts that no other test reaches. */

static bool has_no_memory, has_no_lock;

int __real_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a);
int __wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a);

void *
__wrap_malloc(size_t n)
{
	return has_no_memory ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return has_no_memory ? NULL : __real_calloc(n, size);
}

int
__wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a)
{
	return has_no_lock ? EAGAIN : __real_pthread_mutex_init(m, a);
}

static int strings_left = -1; /* copies that can be made; -1: all */

/* One is not to be had, and those behind it are. */
static bool
is_the_one(void)
{
	return strings_left >= 0 && strings_left-- == 0;
}

char *
__wrap_strndup(const char *s, size_t n)
{
	return is_the_one() ? NULL : __real_strndup(s, n);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return is_the_one() ? NULL : __real_reallocarray(p, n, size);
}

/* A rule of which half is missing is none. */
static void
test_rules(void **state)
{
	static const char text[] = "domain = t.example.com\naudience = a\n"
				   "username_claim = u\nrequired_claim = b c\n"
				   "export_claim = AUTH0_D e\n";
	struct conf_error error;
	struct conf *conf;
	enum reason reason;
	bool has_failed;
	int n = 0;

	(void)state;
	do {
		strings_left = n++;
		reason = conf_parse(SPAN(text), "h", &conf, &error);
		has_failed = strings_left < 0;
		strings_left = -1;
		row_reason("all or nothing", reason,
		    has_failed ? REASON_OUT_OF_MEMORY : REASON_OK);
		conf_free(conf);
	} while (has_failed && n < 100);
	row_true("each of them", n > 4);
	rows_end();
}

static void
test_seen(void **state)
{
	struct seen *seen = (void *)1;
	enum reason reason;

	(void)state;
	has_no_memory = true;
	reason = seen_open(&seen);
	has_no_memory = false;
	row_reason("no memory", reason, REASON_OUT_OF_MEMORY);
	row_true("no memory", seen == NULL);
	seen = (void *)1;
	has_no_lock = true;
	reason = seen_open(&seen);
	has_no_lock = false;
	row_reason("no lock", reason, REASON_OUT_OF_MEMORY);
	row_true("no lock", seen == NULL);
	rows_end();
}

static void
test_cache(void **state)
{
	struct cache *cache = (void *)1;
	enum reason reason;

	(void)state;
	has_no_memory = true;
	reason = cache_open(&cache, "/", NULL, false);
	has_no_memory = false;
	row_reason("no memory", reason, REASON_OUT_OF_MEMORY);
	row_true("no memory", cache == NULL);
	rows_end();
}

static void
test_tally(void **state)
{
	struct tally *tally = (void *)1;
	enum reason reason;

	(void)state;
	has_no_memory = true;
	reason = tally_open(&tally);
	has_no_memory = false;
	row_reason("no memory", reason, REASON_OUT_OF_MEMORY);
	row_true("no memory", tally == NULL);
	tally = (void *)1;
	has_no_lock = true;
	reason = tally_open(&tally);
	has_no_lock = false;
	row_reason("no lock", reason, REASON_OUT_OF_MEMORY);
	row_true("no lock", tally == NULL);
	rows_end();
}

static void
test_device(void **state)
{
	const struct json *answer =
	    unit_json("{\"device_code\":\"c\",\"user_code\":\"QTZL\","
		      "\"verification_uri\":\"https://t.example/"
		      "\",\"expires_in\":9}",
		NULL, NULL);
	struct oauth_device device;
	enum reason reason;
	struct text why;

	(void)state;
	text_clear(&why);
	has_no_memory = true;
	reason = oauth_read_device(answer, &device, &why);
	has_no_memory = false;
	row_reason("no memory", reason, REASON_OUT_OF_MEMORY);
	oauth_device_clear(&device);
	row_reason("as it is", oauth_read_device(answer, &device, &why),
	    REASON_OK);
	oauth_device_clear(&device);
	unit_json_free(answer);
	rows_end();
}

static void
test_token(void **state)
{
	const struct json *answer =
	    unit_json("{\"access_token\":\"a.b.c\",\"token_type\":\"Bearer\"}",
		NULL, NULL);
	struct oauth_tokens tokens;
	enum oauth_end end;
	struct text why;

	(void)state;
	text_clear(&why);
	has_no_memory = true;
	end = oauth_read_token(200, answer, &tokens, &why);
	has_no_memory = false;
	row_number("no memory", (int)end, OAUTH_NO_MEMORY);
	row_number("no token", (int64_t)tokens.access.len, 0);
	oauth_tokens_clear(&tokens);
	unit_json_free(answer);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rules),
	cmocka_unit_test(test_cache),
	cmocka_unit_test(test_seen),
	cmocka_unit_test(test_tally),
	cmocka_unit_test(test_device),
	cmocka_unit_test(test_token),
};

UNIT_MAIN(tests)
