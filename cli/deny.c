/* SPDX-License-Identifier: BSD-2-Clause */
#include "denytext.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "output.h"

static const char synopsis[] =
    "list|add|remove [OPTION ...] [KIND VALUE]\n"
    "   or: audient deny add [OPTION ...] --token FILE|- [--subject]";

static const char about[] =
    "  KIND VALUE      sub SUBJECT, azp CLIENT, jti ID, kid KEY, or\n"
    "                  issued-before TIME [sub SUBJECT], where TIME is "
    "\"now\"\n"
    "                  or looks like 2026-11-21T12:00:00Z\n"
    "  --token FILE    this token; if it has no id, all that its bearer got\n"
    "                  up to now.  \"-\": from standard input\n"
    "  --subject       with --token: its bearer, whatever token he has\n"
    "  --comment TEXT  with add: a line to remember why\n"
    "  --service NAME  whose deny_file; needed if there are several\n"
    "  --config FILE   the configuration, an absolute path\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "service", required_argument, NULL, 's' },
	{ "token", required_argument, NULL, 't' },
	{ "subject", no_argument, NULL, 'p' },
	{ "comment", required_argument, NULL, 'm' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct order {
	const char *verb;
	const char *config;
	const char *service;
	const char *token; /* a file, or NULL */
	const char *comment;
	bool whole_subject;
	char path[4096]; /* of the deny_file */
	char entry[DENY_ENTRY_MAX];
};

/* The one deny_file that there is, or that of the service. */
static bool
find_file(struct order *o, const struct audient *audient)
{
	struct audient_rules rules;
	const char *file = NULL;

	if (o->service != NULL) {
		audient_find_rules(audient, o->service, &rules);
		file = rules.deny_file;
	}
	for (size_t i = 0;
	     o->service == NULL && audient_get_rules(audient, i, &rules); i++) {
		if (rules.deny_file == NULL)
			continue;
		if (file != NULL && strcmp(file, rules.deny_file) != 0) {
			(void)complain("deny",
			    "there are several deny_files; say "
			    "--service NAME");
			return false;
		}
		file = rules.deny_file;
	}
	if (file != NULL) {
		(void)snprintf(o->path, sizeof(o->path), "%s", file);
		return true;
	}
	(void)complain("deny",
	    "no deny_file is set; add a line such as \"deny_file = "
	    "/etc/audient/denied\" to %s",
	    o->config != NULL ? o->config : CONFIG_FILE);
	return false;
}

static void
format_time(time_t when, char out[32])
{
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&when, &tm) != NULL)
		(void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* The words behind the verb, with "now" as a time. */
static bool
read_entry(struct order *o, int argc, char **argv)
{
	struct buf line = BUF_INIT(DENY_ENTRY_MAX - 1);
	char now[32];
	bool ok = argc >= 2;

	format_time(time(NULL), now);
	for (int i = 0; ok && i < argc; i++) {
		const bool is_now = i == 1 && strcmp(argv[i], "now") == 0 &&
		    strcmp(argv[0], "issued-before") == 0;

		ok = buf_printf(&line, "%s%s", i > 0 ? " " : "",
			 is_now ? now : argv[i]) == REASON_OK;
	}
	ok = ok && deny_normalize(buf_span(&line), o->entry);
	buf_free(&line);
	return ok;
}

/* Is the claim there?  It then stands in value. */
static bool
peek(struct span token, const char *claim, struct buf *value)
{
	buf_clear(value);
	value->max = DENY_ENTRY_MAX / 2;
	return audient_peek(token, claim, value) == REASON_OK && value->len > 0;
}

static bool
make_entry(struct order *o, struct span token)
{
	struct buf value = BUF_INIT(0);
	char now[32];
	bool ok = true;

	/* a token that is issued this very second is denied as well */
	format_time(time(NULL) + 1, now);
	if (!o->whole_subject && peek(token, "jti", &value))
		(void)snprintf(o->entry, sizeof(o->entry), "jti %s",
		    value.data);
	else if (!peek(token, "sub", &value))
		ok = false;
	else if (o->whole_subject)
		(void)snprintf(o->entry, sizeof(o->entry), "sub %s",
		    value.data);
	else
		(void)snprintf(o->entry, sizeof(o->entry),
		    "issued-before %s sub %s", now, value.data);
	buf_free(&value);
	return ok;
}

static bool
read_from_token(struct order *o)
{
	struct buf token = BUF_INIT(0);
	bool ok;

	ok = read_token(o->token, &token);
	if (ok && !make_entry(o, buf_span(&token))) {
		(void)complain("deny",
		    "this is no token that can be read here, or it names "
		    "nobody; say KIND VALUE instead");
		ok = false;
	}
	buf_free(&token);
	return ok;
}

/* What is there; a file that does not exist is an empty one. */
static bool
read_list(const struct order *o, struct buf *text)
{
	char problem[AUDIENT_LINE_MAX];

	if (access(o->path, F_OK) != 0 && errno == ENOENT)
		return true;
	if (audient_read_file(o->path, text, problem) == REASON_OK)
		return true;
	(void)complain("deny", "%s", problem);
	return false;
}

/* What would stop every login must not get into the file. */
static bool
is_valid(const struct order *o, struct span text)
{
	char problem[AUDIENT_LINE_MAX];
	unsigned int line;

	if (audient_check_deny(text, &line, problem) == REASON_OK)
		return true;
	(void)complain("deny", "%s:%u: %s; nothing was changed", o->path, line,
	    problem);
	return false;
}

static int
store(const struct order *o, const struct buf *text)
{
	struct stat st = { .st_mode = 0644 };

	if (!is_valid(o, buf_span(text)))
		return EXIT_BROKEN;
	if (stat(o->path, &st) != 0)
		st.st_mode = 0644;
	return write_file(o->path, buf_span(text), st.st_mode & 0777, true)
	    ? EXIT_ALLOW
	    : EXIT_BROKEN;
}

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == '\x7f')
			return true;
	return false;
}

static int
add(const struct order *o, struct span text)
{
	struct buf out = BUF_INIT(DENY_TEXT_MAX);
	const unsigned int line = deny_find(text, o->entry);
	int rc = EXIT_BROKEN;

	if (line != 0) {
		(void)printf("%s:%u has it already: %s\n", o->path, line,
		    o->entry);
		return EXIT_ALLOW;
	}
	/* a claim that nobody has vouched for could bring a line of its own */
	if (has_control(o->entry) ||
	    (o->comment != NULL && has_control(o->comment)))
		return complain("deny",
		    "a value has a control character; nothing was "
		    "changed");
	if (deny_append(text, o->comment, o->entry, &out) == REASON_OK)
		rc = store(o, &out);
	if (rc == EXIT_ALLOW)
		(void)printf("%s: added: %s\n", o->path, o->entry);
	buf_free(&out);
	return rc;
}

static int
take_away(const struct order *o, struct span text)
{
	struct buf out = BUF_INIT(DENY_TEXT_MAX);
	int rc = EXIT_BROKEN;

	if (deny_find(text, o->entry) == 0) {
		(void)complain("deny", "%s has no such line: %s", o->path,
		    o->entry);
		return EXIT_DENY;
	}
	if (deny_without(text, o->entry, &out) == REASON_OK)
		rc = store(o, &out);
	if (rc == EXIT_ALLOW)
		(void)printf("%s: removed: %s\n", o->path, o->entry);
	buf_free(&out);
	return rc;
}

static void
on_entry(void *arg, unsigned int line, const char *entry)
{
	const struct order *o = arg;

	(void)printf("%s:%u: %s\n", o->path, line, entry);
}

static int
carry_out(struct order *o)
{
	struct buf text = BUF_INIT(DENY_TEXT_MAX);
	int rc = EXIT_BROKEN;

	if (read_list(o, &text)) {
		if (strcmp(o->verb, "add") == 0)
			rc = add(o, buf_span(&text));
		else if (strcmp(o->verb, "remove") == 0)
			rc = take_away(o, buf_span(&text));
		else if (is_valid(o, buf_span(&text))) {
			deny_each(buf_span(&text), on_entry, o);
			rc = EXIT_ALLOW;
		}
	}
	buf_free(&text);
	return rc;
}

/* One after the other: the directory is locked while we read and write. */
static int
carry_out_alone(struct order *o)
{
	char *slash, *dir = strdup(o->path);
	int fd, rc;

	if (dir == NULL)
		return EXIT_BROKEN;
	if ((slash = strrchr(dir, '/')) != NULL)
		slash[slash == dir ? 1 : 0] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 &&
	    (strcmp(o->verb, "list") == 0 || flock(fd, LOCK_EX) == 0))
		rc = carry_out(o);
	else
		rc = complain("deny", "%s: %s", dir, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	free(dir);
	return rc;
}

/* 0, or what ends the program. */
static int
parse(int argc, char **argv, struct order *o)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'c')
			o->config = optarg;
		else if (c == 's')
			o->service = optarg;
		else if (c == 't')
			o->token = optarg;
		else if (c == 'p')
			o->whole_subject = true;
		else if (c == 'm')
			o->comment = optarg;
		else
			return c;
	}
	if (argc == optind)
		return '?';
	o->verb = argv[optind++];
	if (strcmp(o->verb, "list") == 0)
		return argc == optind && o->token == NULL ? 0 : '?';
	if (strcmp(o->verb, "add") != 0 && strcmp(o->verb, "remove") != 0)
		return '?';
	if (o->token != NULL)
		return argc == optind && strcmp(o->verb, "add") == 0 ? 0 : '?';
	return read_entry(o, argc - optind, argv + optind) ? 0 : '?';
}

int
cmd_deny(int argc, char **argv)
{
	struct order o = { .verb = NULL };
	struct audient *audient;
	bool ok;
	int c;

	if ((c = parse(argc, argv, &o)) == 'h')
		return help("deny", synopsis, about);
	if (c != 0)
		return usage("deny", synopsis);
	if ((audient = open_view(o.config)) == NULL)
		return EXIT_BROKEN;
	ok = find_file(&o, audient);
	audient_close(audient);
	if (!ok || (o.token != NULL && !read_from_token(&o)))
		return EXIT_BROKEN;
	return carry_out_alone(&o);
}
