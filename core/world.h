/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_WORLD_H
#define AUDIENT_WORLD_H

#include "cache.h"
#include "fetch.h"
#include "log.h"

/* What lies outside the pure parts: OpenSSL, disk, network, log. */
struct world {
	struct crypto crypto;
	struct cache *cache;
	struct fetcher *fetcher;
	struct log_sink log;
};

#endif
