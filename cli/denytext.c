/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "denytext.h"

/* Words with one blank between them; blanks inside a value stay. */
bool
deny_normalize(struct span line, char out[DENY_ENTRY_MAX])
{
	struct span kind, rest = span_trim(line), when, sub;
	int n;

	(void)span_cut(&rest, ' ', &kind);
	rest = span_trim(rest);
	if (kind.len == 0 || kind.ptr[0] == '#' || rest.len == 0)
		return false;
	if (span_is(kind, "issued-before")) {
		(void)span_cut(&rest, ' ', &when);
		rest = span_trim(rest);
		(void)span_cut(&rest, ' ', &sub);
		rest = span_trim(rest);
		n = snprintf(out, DENY_ENTRY_MAX, "%.*s %.*s%s%.*s%s%.*s",
		    (int)kind.len, kind.ptr, (int)when.len, when.ptr,
		    sub.len > 0 ? " " : "", (int)sub.len,
		    sub.len > 0 ? sub.ptr : "", rest.len > 0 ? " " : "",
		    (int)rest.len, rest.len > 0 ? rest.ptr : "");
	} else
		n = snprintf(out, DENY_ENTRY_MAX, "%.*s %.*s", (int)kind.len,
		    kind.ptr, (int)rest.len, rest.ptr);
	return n > 0 && n < DENY_ENTRY_MAX;
}

/* The next line, without its end; false behind the last one. */
static bool
next_line(struct span *text, struct span *line)
{
	if (text->len == 0)
		return false;
	(void)span_cut(text, '\n', line);
	return true;
}

void
deny_each(struct span text,
    void (*each)(void *arg, unsigned int line, const char *entry), void *arg)
{
	char entry[DENY_ENTRY_MAX];
	unsigned int number = 0;
	struct span line;

	while (next_line(&text, &line)) {
		number++;
		if (deny_normalize(line, entry))
			each(arg, number, entry);
	}
}

struct search {
	const char *entry;
	unsigned int line;
};

static void
compare(void *arg, unsigned int line, const char *entry)
{
	struct search *search = arg;

	if (search->line == 0 && strcmp(entry, search->entry) == 0)
		search->line = line;
}

unsigned int
deny_find(struct span text, const char *entry)
{
	struct search search = { .entry = entry };

	deny_each(text, compare, &search);
	return search.line;
}

enum reason
deny_append(struct span text, const char *comment, const char *entry,
    struct buf *out)
{
	enum reason reason;

	if ((reason = buf_add(out, text.ptr, text.len)) != REASON_OK)
		return reason;
	/* an editor may have left the last line without its end */
	if (text.len > 0 && text.ptr[text.len - 1] != '\n' &&
	    (reason = buf_add_str(out, "\n")) != REASON_OK)
		return reason;
	if (comment != NULL &&
	    (reason = buf_printf(out, "# %s\n", comment)) != REASON_OK)
		return reason;
	return buf_printf(out, "%s\n", entry);
}

enum reason
deny_without(struct span text, const char *entry, struct buf *out)
{
	char this[DENY_ENTRY_MAX];
	enum reason reason;
	struct span line;

	while (next_line(&text, &line)) {
		if (deny_normalize(line, this) && strcmp(this, entry) == 0)
			continue;
		if ((reason = buf_add(out, line.ptr, line.len)) != REASON_OK ||
		    (reason = buf_add_str(out, "\n")) != REASON_OK)
			return reason;
	}
	return REASON_OK;
}
