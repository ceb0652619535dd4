/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>

#define SHOW_BYTES 256

void
trace_init(struct trace *trace)
{
	trace->step = NULL;
	trace->arg = NULL;
	trace->failed = NULL;
	text_clear(&trace->found);
	text_clear(&trace->wanted);
}

/* Does anybody want to know?  Then the two texts are empty. */
static bool
begin(struct trace *trace, enum reason reason)
{
	if (reason == REASON_OK && trace->step == NULL)
		return false;
	text_clear(&trace->found);
	text_clear(&trace->wanted);
	return true;
}

static enum reason
end(struct trace *trace, const char *check, enum reason reason)
{
	if (reason != REASON_OK)
		trace->failed = check;
	if (trace->step != NULL)
		trace->step(trace->arg, check, reason, trace->found.s,
		    trace->wanted.s);
	return reason;
}

enum reason
trace_json(struct trace *trace, const char *check, enum reason reason,
    const struct json *found, const char *wanted)
{
	if (!begin(trace, reason))
		return reason;
	json_show(found, &trace->found);
	text_add(&trace->wanted, span_of(wanted), SHOW_BYTES);
	return end(trace, check, reason);
}

enum reason
trace_list(struct trace *trace, const char *check, enum reason reason,
    const struct json *found, const struct list *wanted)
{
	if (!begin(trace, reason))
		return reason;
	json_show(found, &trace->found);
	list_show(wanted, &trace->wanted);
	return end(trace, check, reason);
}

enum reason
trace_span(struct trace *trace, const char *check, enum reason reason,
    struct span found, const char *wanted)
{
	if (!begin(trace, reason))
		return reason;
	text_add(&trace->found, found, SHOW_BYTES);
	text_add(&trace->wanted, span_of(wanted), SHOW_BYTES);
	return end(trace, check, reason);
}

enum reason
trace_text(struct trace *trace, const char *check, enum reason reason,
    const char *wanted, const char *found_fmt, ...)
{
	char found[TEXT_MAX] UNINITIALIZED;
	va_list ap;

	if (!begin(trace, reason))
		return reason;
	va_start(ap, found_fmt);
	(void)vsnprintf(found, sizeof(found), found_fmt, ap);
	va_end(ap);
	text_add(&trace->found, span_of(found), SHOW_BYTES);
	text_add(&trace->wanted, span_of(wanted), SHOW_BYTES);
	return end(trace, check, reason);
}
