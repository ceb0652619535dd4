/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "doctor.h"

#define FILE_MAX 65536
#define MAIN	 "/etc/ssh/sshd_config"
#define PARTS	 "/etc/ssh/sshd_config.d"

/* The first word on a keyword counts, sshd_config(5). */
struct setting {
	const char *keyword;
	const char *other; /* its old name, or NULL */
	bool is_yes;
	unsigned int line; /* 0: nobody has set it */
	char file[256];
};

struct reader {
	struct doctor *d;
	struct setting *setting;
	size_t n;
};

static void read_config(const struct reader *r, const char *path);

static void
read_part(void *arg, const char *name)
{
	char path[256];

	if (!span_ends(span_of(name), ".conf"))
		return;
	(void)snprintf(path, sizeof(path), PARTS "/%s", name);
	read_config(arg, path);
}

/* "Keyword value", "Keyword=value" */
static void
take(const struct reader *r, struct span line, const char *path,
    unsigned int number)
{
	struct span word = line;

	word.len = 0;
	while (
	    word.len < line.len && strchr(" \t=", line.ptr[word.len]) == NULL)
		word.len++;
	line.ptr += word.len;
	line.len -= word.len;
	while (line.len > 0 && strchr(" \t=", line.ptr[0]) != NULL) {
		line.ptr++;
		line.len--;
	}
	line = span_trim(line);
	for (size_t i = 0; i < r->n; i++) {
		struct setting *s = &r->setting[i];

		if (s->line != 0 ||
		    (!span_is_nocase(word, s->keyword) &&
			(s->other == NULL || !span_is_nocase(word, s->other))))
			continue;
		s->line = number;
		s->is_yes = span_is_nocase(line, "yes");
		(void)snprintf(s->file, sizeof(s->file), "%s", path);
	}
}

static void
read_config(const struct reader *r, const char *path)
{
	struct buf text = BUF_INIT(FILE_MAX);
	unsigned int number = 0;
	struct span rest, line;
	bool more = true;

	if (!tree_read(r->d->root, path, &text))
		more = false;
	rest = buf_span(&text);
	while (more) {
		more = span_cut(&rest, '\n', &line);
		number++;
		line = span_trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (line.len > 6 &&
		    span_is_nocase((struct span){ .ptr = line.ptr, .len = 5 },
			"match"))
			break; /* what follows is for some only */
		if (line.len > 8 && strncasecmp(line.ptr, "include ", 8) == 0) {
			if (strcmp(path, MAIN) == 0)
				tree_list(r->d->root, PARTS, read_part,
				    (void *)(uintptr_t)r);
		} else
			take(r, line, path, number);
	}
	buf_free(&text);
}

static void
place(const struct setting *s, char *where, size_t size)
{
	if (s->line != 0)
		(void)snprintf(where, size, "%s:%u", s->file, s->line);
	else
		(void)snprintf(where, size, "%s", MAIN);
}

void
check_sshd(struct doctor *d)
{
	struct setting s[] = {
		{ .keyword = "UsePAM" },
		{ .keyword = "KbdInteractiveAuthentication",
		    .other = "ChallengeResponseAuthentication",
		    .is_yes = true },
	};
	const struct reader r = { .d = d,
		.setting = s,
		.n = sizeof(s) / sizeof(s[0]) };
	char where[300];

	if (!tree_has(d->root, MAIN))
		return;
	read_config(&r, MAIN);
	place(&s[0], where, sizeof(where));
	if (!s[0].is_yes)
		report(d, LEVEL_PROBLEM, where,
		    "Write \"UsePAM yes\", and let sshd read it: systemctl "
		    "reload ssh",
		    "sshd does not ask PAM, so it takes no token");
	place(&s[1], where, sizeof(where));
	if (!s[1].is_yes)
		report(d, LEVEL_PROBLEM, where,
		    "Write \"KbdInteractiveAuthentication yes\", and let sshd "
		    "read it: systemctl reload ssh",
		    "without keyboard-interactive a token of more than 1023 "
		    "bytes cannot be entered");
	if (s[0].is_yes && s[1].is_yes)
		report(d, LEVEL_OK, MAIN, "", "sshd asks PAM, in parts");
}
