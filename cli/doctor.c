/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "output.h"
#include "term.h"

#define COLUMN 11

static const char synopsis[] =
    "[--config FILE] [--root DIR] [--offline] [--fix]\n"
    "       [--strict] [--json]";

static const char about[] =
    "  --config FILE   the configuration, an absolute path\n"
    "  --root DIR      look at the system below DIR: every path is below it,\n"
    "                  nothing of it is run, and no tenant is asked\n"
    "  --offline       ask no tenant\n"
    "  --fix           put right what is harmless: modes of Audient's own\n"
    "                  files, and directories that are missing in its cache\n"
    "  --strict        a warning counts as a problem\n"
    "  --json          one JSON object, for programs\n"
    "\n"
    "The exit status is 0 if there is no problem, else 1.\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "root", required_argument, NULL, 'r' },
	{ "offline", no_argument, NULL, 'o' },
	{ "fix", no_argument, NULL, 'f' },
	{ "strict", no_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* Later areas build on what earlier ones have found out. */
static const struct {
	const char *area;
	void (*check)(struct doctor *d);
} areas[] = {
	{ "configuration", check_configuration },
	{ "helper", check_helper },
	{ "timer", check_timer },
	{ "PAM", check_pam },
	{ "SASL", check_sasl },
	{ "Postfix", check_postfix },
	{ "cache", check_cache },
	{ "tenant", check_tenants },
	{ "denials", check_denials },
};

static const struct {
	const char *name;
	enum style style;
} levels[LEVELS] = {
	[LEVEL_OK] = { "ok", STYLE_GOOD },
	[LEVEL_NOTE] = { "note", STYLE_PLAIN },
	[LEVEL_WARNING] = { "warning", STYLE_WARN },
	[LEVEL_PROBLEM] = { "PROBLEM", STYLE_BAD },
};

/* What has been put right is no finding any more. */
static enum level
level_of(const struct finding *f)
{
	return f->is_fixed ? LEVEL_OK : f->level;
}

static size_t
count(const struct doctor *d, enum level level)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		if (level_of(&d->finding[i]) == level)
			n++;
	return n;
}

static void
print_finding(const struct term *t, const struct finding *f)
{
	const enum level level = level_of(f);
	char *line;

	if (asprintf(&line, "%s%s%s%s", f->where,
		f->where[0] != '\0' ? ": " : "", f->what,
		f->is_fixed ? " (fixed)" : "") < 0)
		return;
	term_put(t, 2, levels[level].style, levels[level].name, COLUMN, line);
	free(line);
	if (f->remedy[0] != '\0' && level != LEVEL_OK)
		term_put(t, 2, STYLE_PLAIN, "   do:", COLUMN, f->remedy);
}

static void
print_text(const struct doctor *d)
{
	const char *area = "";
	struct term t;
	char line[128];

	term_init(&t, stdout);
	for (size_t i = 0; i < d->n; i++) {
		if (strcmp(d->finding[i].area, area) != 0) {
			area = d->finding[i].area;
			term_title(&t, area);
		}
		print_finding(&t, &d->finding[i]);
	}
	(void)snprintf(line, sizeof(line), "%zu problem%s, %zu warning%s",
	    count(d, LEVEL_PROBLEM), count(d, LEVEL_PROBLEM) == 1 ? "" : "s",
	    count(d, LEVEL_WARNING), count(d, LEVEL_WARNING) == 1 ? "" : "s");
	(void)putchar('\n');
	term_title(&t, line);
}

static bool
print_as_json(const struct doctor *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n; i++) {
		const struct finding *f = &d->finding[i];

		(void)json_array_append_new(list,
		    json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "level",
			f->level == LEVEL_PROBLEM ? "problem"
						  : levels[f->level].name,
			"area", f->area, "where", f->where, "what", f->what,
			"remedy", f->remedy, "fixed", f->is_fixed));
	}
	return print_json(json_pack("{s:s, s:i, s:i, s:o}", "version", VERSION,
	    "problems", (int)count(d, LEVEL_PROBLEM), "warnings",
	    (int)count(d, LEVEL_WARNING), "findings", list));
}

static void
examine(struct doctor *d)
{
	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		d->area = areas[i].area;
		areas[i].check(d);
	}
	if (geteuid() != 0 && d->root[0] == '\0')
		report(d, LEVEL_NOTE, "",
		    "Run audient doctor as root to see everything.",
		    "only what this user can read was looked at");
}

static void
clean_up(struct doctor *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->finding[i].where);
		free(d->finding[i].what);
		free(d->finding[i].remedy);
	}
	free(d->finding);
	audient_close(d->audient);
}

/* 0, or what ends the program. */
static int
parse(int argc, char **argv, struct doctor *d, bool *is_strict, bool *is_json)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'c')
			d->config = optarg;
		else if (c == 'r')
			d->root = optarg;
		else if (c == 'o')
			d->is_offline = true;
		else if (c == 'f')
			d->may_fix = true;
		else if (c == 's')
			*is_strict = true;
		else if (c == 'j')
			*is_json = true;
		else
			return c;
	}
	return argc == optind ? 0 : '?';
}

static bool
is_directory(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode) && path[0] == '/')
		return true;
	(void)complain("doctor",
	    "--root %s: there is no such directory; it takes "
	    "an absolute path",
	    path);
	return false;
}

int
cmd_doctor(int argc, char **argv)
{
	struct doctor d = { .root = "", .config = CONFIG_FILE };
	bool is_strict = false, is_json = false;
	int c, rc;

	if ((c = parse(argc, argv, &d, &is_strict, &is_json)) == 'h')
		return help("doctor", synopsis, about);
	if (c != 0)
		return usage("doctor", synopsis);
	if (d.root[0] != '\0') {
		if (!is_directory(d.root))
			return EXIT_USAGE;
		if (strcmp(d.root, "/") == 0)
			d.root = "";
		else
			d.is_offline = true;
	}
	examine(&d);
	rc = count(&d, LEVEL_PROBLEM) > 0 ||
		(is_strict && count(&d, LEVEL_WARNING) > 0)
	    ? EXIT_DENY
	    : EXIT_ALLOW;
	if (!is_json)
		print_text(&d);
	else if (!print_as_json(&d))
		rc = EXIT_BROKEN;
	if (d.is_short_of_memory) {
		(void)complain("doctor", "out of memory");
		rc = EXIT_BROKEN;
	}
	clean_up(&d);
	return rc;
}
