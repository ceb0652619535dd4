/* SPDX-License-Identifier: BSD-2-Clause */
#include "seen.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static struct seen *seen;

/* The linker sends these calls here: another thread may be busy. */
int __real_pthread_mutex_trylock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_trylock(pthread_mutex_t *lock);
int __real_pthread_mutex_unlock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock);

static bool is_busy;
static unsigned int unlocked_busy;

int
__wrap_pthread_mutex_trylock(pthread_mutex_t *lock)
{
	return is_busy ? EBUSY : __real_pthread_mutex_trylock(lock);
}

int
__wrap_pthread_mutex_unlock(pthread_mutex_t *lock)
{
	if (!is_busy)
		return __real_pthread_mutex_unlock(lock);
	unlocked_busy++;
	return 0;
}

/* The first byte says in which set of places it is kept. */
static const struct seen_question *
question_of(unsigned char set, unsigned char number)
{
	static struct seen_question q;

	memset(&q, 0, sizeof(q));
	q.token[0] = set;
	q.token[SHA256_SIZE - 1] = number;
	return &q;
}

static void
keep(unsigned char set, unsigned char number, int answer, int64_t from,
    int64_t to)
{
	const struct seen_basis basis = { .keys = 7, .files = number };
	const struct seen_window window = { .not_before = from,
		.not_after = to };

	seen_keep(seen, question_of(set, number), &basis, &window, &answer,
	    sizeof(answer));
}

/* The answer, or -1. */
static int
find(unsigned char set, unsigned char number, int64_t now)
{
	struct seen_basis basis = { .keys = 0 };
	int answer = -1;

	if (!seen_find(seen, question_of(set, number), now, &basis, &answer,
		sizeof(answer)))
		return -1;
	assert_int_equal(basis.keys, 7);
	assert_int_equal(basis.files, number);
	return answer;
}

static void
test_window(void **state)
{
	static const struct {
		const char *name;
		int64_t now;
		bool want;
	} times[] = {
		{ "first second", NOW, true },
		{ "last second", NOW + 60, true },
		{ "a second before", NOW - 1, false },
		{ "a second behind", NOW + 61, false },
		{ "long before", 0, false },
		{ "long behind", NOW + 100000, false },
	};

	(void)state;
	keep(1, 1, 42, NOW, NOW + 60);
	for (size_t i = 0; i < nitems(times); i++)
		row_bool(times[i].name, find(1, 1, times[i].now) == 42,
		    times[i].want);
	rows_end();
}

static void
test_keys(void **state)
{
	/* letters in another order, so that they are kept in the same place */
	static const char *const rests[] = { "alice", "alcie", "alic",
		"alicee" };
	const struct seen_window window = { NOW, NOW };
	struct seen_question q;
	struct seen_basis basis = { .keys = 7 };
	char large[SEEN_ANSWER_MAX + 1] = "";
	int answer;
	char other;

	(void)state;
	row_bool("empty", find(1, 1, NOW) == 42, false);
	keep(1, 1, 42, NOW, NOW);
	row_bool("the same", find(1, 1, NOW) == 42, true);
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		q = *question_of(1, 1);
		q.token[i] ^= 1;
		row_bool("another token",
		    seen_find(seen, &q, NOW, &basis, &answer, sizeof(answer)),
		    false);
	}
	for (size_t i = 0; i < nitems(rests); i++) {
		q = *question_of(1, 1);
		q.len = strlen(rests[i]);
		memcpy(q.rest, rests[i], q.len);
		row_bool(rests[i],
		    seen_find(seen, &q, NOW, &basis, &answer, sizeof(answer)),
		    false);
		seen_keep(seen, &q, &basis, &window, &answer, sizeof(answer));
		row_bool("kept now",
		    seen_find(seen, &q, NOW, &basis, &answer, sizeof(answer)),
		    true);
	}
	row_bool("the first one", find(1, 1, NOW) == 42, true);
	row_bool("an answer of another size",
	    seen_find(seen, question_of(1, 1), NOW, &basis, &other,
		sizeof(other)),
	    false);
	keep(1, 1, 43, NOW, NOW);
	row_bool("replaced", find(1, 1, NOW) == 43, true);
	seen_keep(seen, question_of(1, 2), &basis, &window, large,
	    SEEN_ANSWER_MAX);
	row_bool("the largest",
	    seen_find(seen, question_of(1, 2), NOW, &basis, large,
		SEEN_ANSWER_MAX),
	    true);
	seen_keep(seen, question_of(1, 3), &basis, &window, large,
	    sizeof(large));
	row_bool("too large",
	    seen_find(seen, question_of(1, 3), NOW, &basis, large,
		sizeof(large)),
	    false);
	rows_end();
}

/* A letter for each user of one token: more of them than a set has places. */
static void
test_users(void **state)
{
	const struct seen_basis basis = { .keys = 7 };
	const struct seen_window window = { NOW, NOW };
	struct seen_question q = *question_of(1, 1);
	struct seen_basis found;
	int answer;

	(void)state;
	q.len = 1;
	for (int user = 'a'; user <= 't'; user++) {
		q.rest[0] = (char)user;
		seen_keep(seen, &q, &basis, &window, &user, sizeof(user));
	}
	for (int user = 'a'; user <= 'z'; user++) {
		q.rest[0] = (char)user;
		answer = 0;
		row_bool("one of many users",
		    seen_find(seen, &q, NOW, &found, &answer, sizeof(answer)) &&
			answer == user,
		    user <= 't');
	}
	rows_end();
}

/* The oldest goes when a set is full. */
static void
test_full(void **state)
{
	(void)state;
	for (unsigned char i = 1; i <= 4; i++)
		keep(1, i, i, NOW, NOW);
	for (unsigned char i = 1; i <= 4; i++)
		row_bool("there", find(1, i, NOW) == i, true);
	keep(1, 1, 11, NOW, NOW); /* the oldest is number 2 now */
	keep(1, 5, 5, NOW, NOW);
	row_bool("the oldest", find(1, 2, NOW) != -1, false);
	row_bool("kept again", find(1, 1, NOW) == 11, true);
	row_bool("the others", find(1, 3, NOW) == 3 && find(1, 4, NOW) == 4,
	    true);
	row_bool("the new one", find(1, 5, NOW) == 5, true);
	keep(2, 1, 21, NOW, NOW);
	row_bool("another set", find(2, 1, NOW) == 21, true);
	for (int i = 0; i < 10000; i++)
		keep((unsigned char)(i / 256), (unsigned char)i, i, NOW, NOW);
	row_bool("of very many", find(39, 0x0f, NOW) == 9999, true);
	rows_end();
}

/* What another thread is at is neither read nor written. */
static void
test_busy(void **state)
{
	(void)state;
	keep(1, 1, 42, NOW, NOW);
	is_busy = true;
	row_bool("kept, but busy", find(1, 1, NOW) != -1, false);
	row_bool("unknown and busy", find(1, 2, NOW) != -1, false);
	keep(1, 1, 43, NOW, NOW);
	keep(1, 3, 44, NOW, NOW);
	row_number("somebody else's lock", unlocked_busy, 0);
	is_busy = false;
	row_bool("as it was", find(1, 1, NOW) == 42, true);
	row_bool("not kept", find(1, 3, NOW) != -1, false);
	rows_end();
}

/* The child of a process begins with nothing. */
static void
test_fork(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	keep(1, 1, 42, NOW, NOW);
	if ((pid = fork()) == 0) {
		seen_after_fork(seen);
		if (find(1, 1, NOW) != -1)
			_exit(1);
		keep(1, 1, 43, NOW, NOW);
		_exit(find(1, 1, NOW) == 43 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(find(1, 1, NOW), 42);
}

static void *
hammer(void *arg)
{
	const unsigned char own = *(const unsigned char *)arg;
	uintptr_t wrong = 0;

	for (int i = 0; i < 20000; i++) {
		struct seen_question q = { .token = { 1, own } };
		const struct seen_basis basis = { .keys = 7 };
		const struct seen_window window = { NOW, NOW };
		struct seen_basis found;
		int answer = own;

		seen_keep(seen, &q, &basis, &window, &answer, sizeof(answer));
		answer = own;
		if (seen_find(seen, &q, NOW, &found, &answer, sizeof(answer)) &&
		    answer != own)
			wrong++;
	}
	return (void *)wrong;
}

/* Nobody is ever given another one's answer. */
static void
test_threads(void **state)
{
	static const unsigned char owns[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	pthread_t threads[nitems(owns)];
	void *wrong;

	(void)state;
	for (size_t i = 0; i < nitems(owns); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer,
				     (void *)(uintptr_t)&owns[i]),
		    0);
	for (size_t i = 0; i < nitems(owns); i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
}

static int
set_up(void **state)
{
	(void)state;
	return seen_open(&seen) == REASON_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	seen_close(seen);
	seen_close(NULL);
	return 0;
}

#define WITH_SEEN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	WITH_SEEN(test_window),
	WITH_SEEN(test_keys),
	WITH_SEEN(test_users),
	WITH_SEEN(test_full),
	WITH_SEEN(test_busy),
	WITH_SEEN(test_fork),
	WITH_SEEN(test_threads),
};

UNIT_MAIN(tests)
