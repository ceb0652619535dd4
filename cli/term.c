/* SPDX-License-Identifier: BSD-2-Clause */
#include "term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define WIDTH_MIN     20
#define ROOM_MIN      24 /* for text beside its head */

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

static bool
wants_colour(void)
{
	const char *kind = getenv("TERM");

	return !is_set("NO_COLOR") && kind != NULL && strcmp(kind, "dumb") != 0;
}

void
term_init(struct term *t, FILE *f)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long n = 0;

	*t = (struct term){ .f = f };
	if (isatty(fileno(f)) == 0)
		return;
	t->has_colour = wants_colour();
	if (ioctl(fileno(f), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		n = size.ws_col;
	else if (columns != NULL)
		n = strtol(columns, NULL, 10);
	if (n <= 0)
		n = WIDTH_DEFAULT;
	t->width = n < WIDTH_MIN ? WIDTH_MIN : (size_t)n;
}

static const char *
code_of(enum style style)
{
	switch (style) {
	case STYLE_PLAIN:
		return "";
	case STYLE_TITLE:
		return "\033[1m";
	case STYLE_GOOD:
		return "\033[32m";
	case STYLE_WARN:
		return "\033[33m";
	case STYLE_BAD:
		return "\033[1;31m";
	}
	return "";
}

static void
put_styled(const struct term *t, enum style style, const char *text)
{
	if (t->has_colour && style != STYLE_PLAIN)
		(void)fprintf(t->f, "%s%s\033[0m", code_of(style), text);
	else
		(void)fputs(text, t->f);
}

/* How much of text fits into a line: up to a blank, else what there is. */
static size_t
fit(const char *text, size_t room)
{
	const size_t len = strlen(text);
	size_t n = room;

	if (len <= room)
		return len;
	while (n > 0 && text[n] != ' ')
		n--;
	return n > 0 ? n : room;
}

static void
put_wrapped(const struct term *t, size_t column, const char *text)
{
	bool is_first = true;
	size_t room;

	if (t->width == 0) {
		(void)fprintf(t->f, "%s\n", text);
		return;
	}
	room = t->width - column;
	while (is_first || *text != '\0') {
		const size_t n = fit(text, room);
		size_t shown = n;

		while (shown > 0 && text[shown - 1] == ' ')
			shown--;
		(void)fprintf(t->f, "%*s%.*s\n", is_first ? 0 : (int)column, "",
		    (int)shown, text);
		text += n;
		text += strspn(text, " ");
		is_first = false;
	}
}

void
term_title(const struct term *t, const char *text)
{
	if (t->width != 0 && strlen(text) > t->width)
		put_wrapped(t, 0, text);
	else {
		put_styled(t, STYLE_TITLE, text);
		(void)fputc('\n', t->f);
	}
}

void
term_put(const struct term *t, size_t indent, enum style style,
    const char *head, size_t column, const char *text)
{
	const size_t used = indent + strlen(head);

	(void)fprintf(t->f, "%*s", (int)indent, "");
	put_styled(t, style, head);
	if (*text == '\0') {
		(void)fputc('\n', t->f);
		return;
	}
	if (head[0] != '\0' &&
	    ((t->width != 0 && t->width < column + ROOM_MIN) ||
		used + 1 > column)) {
		column = indent + 4;
		(void)fprintf(t->f, "\n%*s", (int)column, "");
	} else if (column > used)
		(void)fprintf(t->f, "%*s", (int)(column - used), "");
	put_wrapped(t, column, text);
}
