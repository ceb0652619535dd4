/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CACHEDIR_H
#define AUDIENT_CACHEDIR_H

#include "cache.h"

/*
 * An O_PATH descriptor of the effective user's directory, or -1; create makes
 * one that is missing.
 */
int cache_own_dir(struct cache *cache, enum cache_kind kind, bool create);

/* Where files may not grow that far, writing would kill our host. */
bool cache_may_write(size_t size);

#endif
