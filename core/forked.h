/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_FORKED_H
#define AUDIENT_FORKED_H

#include <stdatomic.h>

#include "buf.h"

/*
 * Notices that the process has become another one by a fork, without a
 * system call: the mark lies in memory that the kernel wipes in a child.
 */
struct forked {
	_Atomic int *mark; /* owned */
};

MUST_CHECK enum reason forked_open(struct forked *f);
void forked_close(struct forked *f); /* also of zeros */

/* In a child, until forked_settle() was called there. */
static inline bool
forked_is_child(const struct forked *f)
{
	return atomic_load_explicit(f->mark, memory_order_acquire) != 1;
}

/* Calls restore(arg) in one thread of a child; the others wait for it. */
void forked_settle(const struct forked *f, void (*restore)(void *arg),
    void *arg);

#endif
