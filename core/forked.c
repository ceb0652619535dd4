/* SPDX-License-Identifier: BSD-2-Clause */
#include "forked.h"

#include <sched.h>
#include <sys/mman.h>

/* What the mark says; a child begins with the zero. */
enum { FORKED, AT_HOME, SETTLING };

enum reason
forked_open(struct forked *f)
{
	void *page;

	page = mmap(NULL, sizeof(*f->mark), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return REASON_OUT_OF_MEMORY;
	if (madvise(page, sizeof(*f->mark), MADV_WIPEONFORK) != 0) {
		(void)munmap(page, sizeof(*f->mark));
		return REASON_INTERNAL; /* Linux before 4.14 */
	}
	f->mark = page;
	atomic_store(f->mark, AT_HOME);
	return REASON_OK;
}

void
forked_close(struct forked *f)
{
	if (f->mark != NULL)
		(void)munmap(f->mark, sizeof(*f->mark));
	f->mark = NULL;
}

void
forked_settle(const struct forked *f, void (*restore)(void *arg), void *arg)
{
	int state;

	while ((state = atomic_load(f->mark)) != AT_HOME) {
		if (state == SETTLING)
			(void)sched_yield();
		else if (atomic_compare_exchange_strong(f->mark, &state,
			     SETTLING)) {
			restore(arg);
			atomic_store(f->mark, AT_HOME);
		}
	}
}
