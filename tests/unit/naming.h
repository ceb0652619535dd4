/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_NAMING_H
#define AUDIENT_NAMING_H

#include "identity.h"
#include "unit.h"

/* One name in a token, whom the host asks for, and what comes of it. */
struct naming {
	const char *name;
	const char *claim;
	const char *asked; /* NULL: whoever the token names */
	int64_t uid;
	const char *domain, *realm, *map; /* or NULL */
	bool acts_for;			  /* anybody else */
	bool lower_case;
	bool allow_root;
	enum reason want;
	const char *user;
};

/* The trace has been prepared, and has what failed. */
enum reason naming_decide(const struct naming *row, char user[USER_MAX + 1],
    struct trace *trace);
/* A row of the test for each. */
void naming_rows(const struct naming *rows, size_t n);

#endif
