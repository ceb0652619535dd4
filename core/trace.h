/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_TRACE_H
#define AUDIENT_TRACE_H

#include "json.h"
#include "list.h"

/*
 * What the checks of one decision tell about themselves.  The same calls
 * decide and explain: a listener is told of every step, and without one
 * nothing is formatted until a step fails.
 */
struct trace {
	/* NULL: nobody listens.  found and wanted may be "". */
	void (*step)(void *arg, const char *check, enum reason reason,
	    const char *found, const char *wanted);
	void *arg;
	const char *failed; /* name of the check that failed last, or NULL */
	struct text found;  /* of that check */
	struct text wanted;
};

void trace_init(struct trace *trace);

/*
 * Each records one check and returns its reason, so that a check can end
 * with `return trace_…(…)`.  check is a stable name such as "audience";
 * wanted is what the configuration or a standard asks for.
 */
enum reason trace_json(struct trace *trace, const char *check,
    enum reason reason, const struct json *found, const char *wanted);
enum reason trace_list(struct trace *trace, const char *check,
    enum reason reason, const struct json *found, const struct list *wanted);
enum reason trace_span(struct trace *trace, const char *check,
    enum reason reason, struct span found, const char *wanted);
enum reason trace_text(struct trace *trace, const char *check,
    enum reason reason, const char *wanted, const char *found_fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
