/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "advice.h"
#include "cli.h"
#include "logline.h"
#include "output.h"
#include "term.h"

#define LAST_DEFAULT 20
#define LAST_MAX     100000
#define COLUMN	     11
/* Whoever looks at a terminal wants the log of this host. */
#define JOURNAL                                                            \
	"journalctl --quiet --no-pager --output=short-iso --since=-2days " \
	"--grep=verdict="

static const char synopsis[] =
    "[--user NAME] [--service NAME] [--reason NAME]\n"
    "       [--refused] [--last N] [--json] [--config FILE] [FILE|-]";

static const char about[] =
    "  --user NAME     only of this account, or this subject\n"
    "  --service NAME  only of this service\n"
    "  --reason NAME   only with this reason\n"
    "  --refused       only those who did not get in\n"
    "  --last N        so many lines at most; 20\n"
    "  --json          a JSON object in each line, for programs\n"
    "  --config FILE   the configuration, for what to do\n"
    "  FILE            a log, such as /var/log/auth.log; \"-\": standard "
    "input.\n"
    "                  Without it: standard input, or, on a terminal, the\n"
    "                  last two days of the journal\n"
    "\n"
    "The exit status is 0 if there is such a decision, else 1.\n";

static const struct option options[] = {
	{ "user", required_argument, NULL, 'u' },
	{ "service", required_argument, NULL, 's' },
	{ "reason", required_argument, NULL, 'r' },
	{ "refused", no_argument, NULL, 'd' },
	{ "last", required_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ "config", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct search {
	const char *user;
	const char *service;
	const char *reason;
	const char *config;
	bool only_refused;
	bool is_json;
	size_t last;
	struct logline *found; /* a ring of so many */
	size_t n;	       /* how many there were */
};

static bool
is_refused(const struct logline *l)
{
	return strcmp(logline_get(l, "verdict"), "allow") != 0;
}

static bool
is_wanted(const struct search *s, const struct logline *l)
{
	return (s->user == NULL ||
		   strcmp(logline_get(l, "user"), s->user) == 0 ||
		   strcmp(logline_get(l, "subject"), s->user) == 0) &&
	    (s->service == NULL ||
		strcmp(logline_get(l, "service"), s->service) == 0) &&
	    (s->reason == NULL ||
		strcmp(logline_get(l, "reason"), s->reason) == 0) &&
	    (!s->only_refused || is_refused(l));
}

static void
keep(struct search *s, const char *text)
{
	struct logline l;

	if (!logline_parse(text, &l))
		return;
	if (!is_wanted(s, &l)) {
		logline_clear(&l);
		return;
	}
	logline_clear(&s->found[s->n % s->last]);
	s->found[s->n++ % s->last] = l;
}

static void
read_lines(struct search *s, FILE *f)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, f) >= 0)
		keep(s, line);
	free(line);
}

static bool
read_journal(struct search *s)
{
	FILE *f = popen(JOURNAL, "re");
	int status;

	if (f == NULL)
		return false;
	read_lines(s, f);
	status = pclose(f);
	/* 1: nothing was found */
	if (WIFEXITED(status) && WEXITSTATUS(status) <= 1)
		return true;
	(void)complain("logs",
	    "the journal could not be read; name a log, such as "
	    "/var/log/auth.log");
	return false;
}

static bool
read_log(struct search *s, const char *path)
{
	FILE *f = stdin;
	bool ok;

	if (path == NULL && isatty(STDIN_FILENO) != 0)
		return read_journal(s);
	if (path != NULL && strcmp(path, "-") != 0)
		f = fopen(path, "re");
	if (f == NULL)
		ok = false;
	else {
		errno = 0;
		read_lines(s, f);
		ok = ferror(f) == 0;
	}
	if (!ok)
		(void)complain("logs", "%s: %s",
		    path != NULL ? path : "standard input", strerror(errno));
	if (f != NULL && f != stdin)
		(void)fclose(f);
	return ok;
}

static enum style
style_of(const struct logline *l)
{
	const char *verdict = logline_get(l, "verdict");

	if (strcmp(verdict, "allow") == 0)
		return STYLE_GOOD;
	return strcmp(verdict, "retry") == 0 ? STYLE_WARN : STYLE_BAD;
}

static void
add(struct buf *line, const char *before, const char *value)
{
	if (*value != '\0')
		(void)!buf_printf(line, "%s%s", before, value);
}

static void
print_line(const struct term *t, const struct logline *l)
{
	struct buf line = BUF_INIT(AUDIENT_LINE_MAX);

	add(&line, "", l->time);
	add(&line, " ", logline_get(l, "service"));
	add(&line, ": ", logline_get(l, "user"));
	add(&line, ", ", logline_get(l, "reason"));
	add(&line, ", ", logline_get(l, "subject"));
	add(&line, ", from ", logline_get(l, "rhost"));
	add(&line, ", token ", logline_get(l, "token"));
	term_put(t, 0, style_of(l), logline_get(l, "verdict"), 8,
	    line.len > 0 ? line.data : "-");
	buf_free(&line);
}

static bool
print_object(const struct logline *l)
{
	json_t *object = json_object();
	bool ok = true;

	(void)json_object_set_new(object, "time", json_string(l->time));
	for (size_t i = 0; i < l->n; i++)
		(void)json_object_set_new(object, l->pair[i].key,
		    json_string(l->pair[i].value));
	if (object == NULL ||
	    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) != 0)
		ok = false;
	(void)putchar('\n');
	json_decref(object);
	return ok;
}

/* What explain would say, as far as the log knows. */
static void
print_advice(const struct search *s, const struct term *t,
    const struct logline *l)
{
	const struct audient_options view = { .config = s->config, .root = "" };
	const char *const fields[] = { "check", "found", "wanted" };
	struct case_file c = { .check = logline_get(l, "check"),
		.found = logline_get(l, "found"),
		.wanted = logline_get(l, "wanted"),
		.client = logline_get(l, "client"),
		.user = logline_get(l, "user"),
		.service = logline_get(l, "service"),
		.config = s->config };
	char advice[ADVICE_MAX], problem[AUDIENT_LINE_MAX];
	struct audient_tenant tenant;
	struct audient_rules rules;
	struct audient *audient;

	if (!audient_find_reason(logline_get(l, "reason"), &c.reason))
		return;
	if (audient_open(&audient, &view, problem) == REASON_OK) {
		audient_find_rules(audient, c.service, &rules);
		c.rules = &rules;
		if (audient_get_tenant(audient, 0, &tenant))
			c.tenant = &tenant;
	}
	(void)putchar('\n');
	term_title(t, "The last one who did not get in");
	term_put(t, 2, STYLE_PLAIN, "reason", COLUMN, reason_text(c.reason));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (*logline_get(l, fields[i]) != '\0')
			term_put(t, 2, STYLE_PLAIN, fields[i], COLUMN,
			    logline_get(l, fields[i]));
	advise(&c, advice);
	term_put(t, 2, STYLE_PLAIN, "do", COLUMN, advice);
	audient_close(audient);
}

static bool
print(const struct search *s)
{
	const size_t first = s->n > s->last ? s->n - s->last : 0;
	const struct logline *refused = NULL;
	struct term t;
	bool ok = true;

	term_init(&t, stdout);
	for (size_t i = first; i < s->n; i++) {
		const struct logline *l = &s->found[i % s->last];

		if (s->is_json)
			ok = print_object(l) && ok;
		else
			print_line(&t, l);
		if (is_refused(l))
			refused = l;
	}
	if (s->n > s->last && !s->is_json)
		(void)printf("%zu earlier ones: --last\n", s->n - s->last);
	if (refused != NULL && !s->is_json)
		print_advice(s, &t, refused);
	return ok;
}

static bool
parse_last(const char *text, size_t *last)
{
	char *end;
	const long n = strtol(text, &end, 10);

	*last = (size_t)n;
	if (end != text && *end == '\0' && n > 0 && n <= LAST_MAX)
		return true;
	(void)complain("logs", "--last takes a number from 1 to %d", LAST_MAX);
	return false;
}

/* 0, or what ends the program. */
static int
parse(int argc, char **argv, struct search *s)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'u')
			s->user = optarg;
		else if (c == 's')
			s->service = optarg;
		else if (c == 'r')
			s->reason = optarg;
		else if (c == 'd')
			s->only_refused = true;
		else if (c == 'j')
			s->is_json = true;
		else if (c == 'c')
			s->config = optarg;
		else if (c != 'n' || !parse_last(optarg, &s->last))
			return c;
	}
	return argc - optind <= 1 ? 0 : '?';
}

static int
search(struct search *s, const char *path)
{
	int rc = EXIT_BROKEN;

	s->found = calloc(s->last, sizeof(*s->found));
	if (s->found == NULL)
		return complain("logs", "out of memory");
	if (read_log(s, path)) {
		rc = s->n > 0 ? EXIT_ALLOW : EXIT_DENY;
		if (s->n == 0 && !s->is_json)
			(void)complain("logs",
			    "no such decision; a service that was not asked "
			    "logs none: audient doctor");
		if (!print(s))
			rc = EXIT_BROKEN;
	}
	for (size_t i = 0; i < s->last; i++)
		logline_clear(&s->found[i]);
	free(s->found);
	return rc;
}

int
cmd_logs(int argc, char **argv)
{
	struct search s = { .last = LAST_DEFAULT, .config = CONFIG_FILE };
	const int rc = parse(argc, argv, &s);
	enum reason reason;

	if (rc == 'h')
		return help("logs", synopsis, about);
	if (rc != 0)
		return usage("logs", synopsis);
	if (s.reason != NULL && !audient_find_reason(s.reason, &reason)) {
		(void)complain("logs", "there is no reason \"%s\"", s.reason);
		return EXIT_USAGE;
	}
	return search(&s, argv[optind]);
}
