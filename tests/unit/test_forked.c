/* SPDX-License-Identifier: BSD-2-Clause */
#include "forked.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static void
restore(void *arg)
{
	_Atomic int *calls = arg;

	(void)usleep(1000); /* the others have to wait for this */
	atomic_fetch_add(calls, 1);
}

static struct forked forked;
static _Atomic int calls;

static void *
settle(void *arg)
{
	_Atomic int *early = arg;

	forked_settle(&forked, restore, &calls);
	if (atomic_load(&calls) != 1)
		atomic_fetch_add(early, 1);
	return NULL;
}

/* What goes wrong in a child, as a number; 0: nothing. */
static int
be_child(void)
{
	pthread_t thread[8];
	_Atomic int early = 0;

	if (!forked_is_child(&forked))
		return 1;
	for (size_t i = 0; i < nitems(thread); i++)
		if (pthread_create(&thread[i], NULL, settle, &early) != 0)
			return 2;
	for (size_t i = 0; i < nitems(thread); i++)
		if (pthread_join(thread[i], NULL) != 0)
			return 3;
	if (atomic_load(&calls) != 1)
		return 4;
	if (atomic_load(&early) != 0)
		return 5;
	return forked_is_child(&forked) ? 6 : 0;
}

/* In a child that was told to be one; and in its own child. */
static int
be_parent(void)
{
	int status;
	pid_t pid;

	if ((status = be_child()) != 0)
		return status;
	atomic_store(&calls, 0);
	if ((pid = fork()) == 0)
		_exit(be_child());
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 10;
	if (WEXITSTATUS(status) != 0)
		return 10 + WEXITSTATUS(status);
	return forked_is_child(&forked) ? 20 : 0;
}

static void
test_fork(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(forked_open(&forked), REASON_OK);
	row_bool("at home", !forked_is_child(&forked), true);
	forked_settle(&forked, restore, &calls);
	row_number("nothing to do", atomic_load(&calls), 0);
	if ((pid = fork()) == 0)
		_exit(be_parent());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	row_number("child", WEXITSTATUS(status), 0);
	row_bool("still at home", !forked_is_child(&forked), true);
	row_number("nothing done", atomic_load(&calls), 0);
	forked_close(&forked);
	forked_close(&forked);
	forked_close(&(struct forked){ .mark = NULL });
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_fork),
};

UNIT_MAIN(tests)
