/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_LOG_H
#define AUDIENT_LOG_H

#include <stdbool.h>

/*
 * Gets one line at a time: printable ASCII, no newline, no token.  A warning
 * is something that the administrator should act on; the rest is for
 * debugging.
 */
struct log_sink {
	void (*line)(void *arg, bool is_warning, const char *text);
	void *arg;
};

/* sink->line may be NULL: nobody listens. */
void log_warning(const struct log_sink *sink, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
