/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_TERM_H
#define AUDIENT_CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Text for people: in colour and broken to the width of the terminal there,
 * plain and unbroken in a pipe, so that other programs find whole lines.
 */
struct term {
	FILE *f;
	bool has_colour;
	size_t width; /* 0: lines are not broken */
};

enum style { STYLE_PLAIN, STYLE_TITLE, STYLE_GOOD, STYLE_WARN, STYLE_BAD };

void term_init(struct term *t, FILE *f);

/* A line of its own. */
void term_title(const struct term *t, const char *text);

/*
 * "head  text", with text beginning at a column and keeping to it.  Where the
 * terminal is too narrow for that, text begins on a line of its own.
 */
void term_put(const struct term *t, size_t indent, enum style style,
    const char *head, size_t column, const char *text);

#endif
