/* SPDX-License-Identifier: BSD-2-Clause */
#include "forked.h"

#include <pthread.h>
#include <sys/mman.h>
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

/* --- where there is no such memory --------------------------------------- */

static bool has_no_memory, has_no_wipe;
static unsigned int given_back;

void *__real_mmap64(void *at, size_t n, int prot, int flags, int fd, off_t off);
void *__wrap_mmap64(void *at, size_t n, int prot, int flags, int fd, off_t off);
int __real_madvise(void *at, size_t n, int advice);
int __wrap_madvise(void *at, size_t n, int advice);
int __real_munmap(void *at, size_t n);
int __wrap_munmap(void *at, size_t n);

void *
__wrap_mmap64(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	return has_no_memory ? MAP_FAILED
			     : __real_mmap64(at, n, prot, flags, fd, off);
}

int
__wrap_madvise(void *at, size_t n, int advice)
{
	return has_no_wipe ? -1 : __real_madvise(at, n, advice);
}

int
__wrap_munmap(void *at, size_t n)
{
	given_back++;
	return __real_munmap(at, n);
}

static void
test_no_memory(void **state)
{
	struct forked f = { .mark = NULL };
	enum reason reason;

	(void)state;
	given_back = 0;
	forked_close(&f);
	row_number("there is nothing to give back", given_back, 0);
	has_no_memory = true;
	reason = forked_open(&f);
	has_no_memory = false;
	row_reason("no memory", reason, REASON_OUT_OF_MEMORY);
	has_no_wipe = true;
	reason = forked_open(&f);
	has_no_wipe = false;
	row_reason("an old kernel", reason, REASON_INTERNAL);
	row_number("it is given back", given_back, 1);
	row_true("no mark", f.mark == NULL);
	row_reason("as it is", forked_open(&f), REASON_OK);
	forked_close(&f);
	row_number("closed", given_back, 2);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_fork),
	cmocka_unit_test(test_no_memory),
};

UNIT_MAIN(tests)
