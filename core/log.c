/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include "text.h"

void
log_warning(const struct log_sink *sink, const char *fmt, ...)
{
	char raw[TEXT_MAX];
	struct text text;
	va_list ap;

	if (sink->line == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	text_clear(&text);
	text_add(&text, span_of(raw), TEXT_MAX);
	sink->line(sink->arg, true, text.s);
}
