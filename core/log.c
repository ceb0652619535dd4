/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include "text.h"

static void
emit(const struct log_sink *sink, bool is_warning, const char *raw)
{
	struct text text;

	text_clear(&text);
	text_add(&text, span_of(raw), TEXT_MAX);
	sink->line(sink->arg, is_warning, text.s);
}

void
log_warning(const struct log_sink *sink, const char *fmt, ...)
{
	char raw[TEXT_MAX];
	va_list ap;

	if (sink->line == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	emit(sink, true, raw);
}

void
log_debug(const struct log_sink *sink, const char *fmt, ...)
{
	char raw[TEXT_MAX];
	va_list ap;

	if (sink->line == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	emit(sink, false, raw);
}
