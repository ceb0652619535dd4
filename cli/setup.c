/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advice.h"
#include "cli.h"
#include "output.h"

#define CONF_MAX 65536

static const char synopsis[] =
    "[--domain HOST | --issuer URL] [--audience ID]\n"
    "       [--username-claim NAME] [--set KEY=VALUE ...] [--config FILE]\n"
    "       [--replace] [--offline]";

static const char about[] =
    "  --domain HOST          the tenant: example.eu.auth0.com\n"
    "  --issuer URL           the same for a provider that is not Auth0\n"
    "  --audience ID          the identifier of the API for this host\n"
    "  --username-claim NAME  the claim that names the local user\n"
    "  --set KEY=VALUE        any other key of audient.conf(5); may be "
    "repeated\n"
    "  --config FILE          the file to write, an absolute path\n"
    "  --replace              even if there is one; it is kept as FILE.bak\n"
    "  --offline              do not ask the tenant whether that is right\n"
    "\n"
    "What is not given is asked for, on a terminal.\n";

static const struct option options[] = {
	{ "domain", required_argument, NULL, 'd' },
	{ "issuer", required_argument, NULL, 'i' },
	{ "audience", required_argument, NULL, 'a' },
	{ "username-claim", required_argument, NULL, 'u' },
	{ "set", required_argument, NULL, 's' },
	{ "config", required_argument, NULL, 'c' },
	{ "replace", no_argument, NULL, 'r' },
	{ "offline", no_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct answers {
	char *domain;
	char *issuer;
	char *audience;
	char *claim;
	struct buf more; /* lines of --set */
	const char *config;
	bool may_replace;
	bool is_offline;
};

/* Without the line's end and blanks; NULL at the end of the input. */
static char *
read_line(void)
{
	char *line = NULL;
	size_t size = 0;
	struct span s;
	ssize_t n;

	if ((n = getline(&line, &size, stdin)) < 0) {
		free(line);
		return NULL;
	}
	if (n > 0 && line[n - 1] == '\n')
		line[--n] = '\0';
	s = span_trim(span_of(line));
	memmove(line, s.ptr, s.len);
	line[s.len] = '\0';
	return line;
}

/* Asks until there is an answer. */
static bool
ask(char **answer, const char *what, const char *example)
{
	while (*answer == NULL || **answer == '\0') {
		(void)printf("%s, such as %s\n> ", what, example);
		(void)fflush(stdout);
		free(*answer);
		if ((*answer = read_line()) == NULL) {
			(void)putchar('\n');
			return false;
		}
	}
	return true;
}

static bool
ask_all(struct answers *a)
{
	return (a->issuer != NULL ||
		   ask(&a->domain, "The domain of the tenant",
		       "example.eu.auth0.com")) &&
	    ask(&a->audience,
		"The audience: the identifier of the API for this host",
		"https://login.example.com/") &&
	    ask(&a->claim, "The claim that names the local user",
		"https://example.com/username");
}

static bool
is_complete(const struct answers *a)
{
	return (a->domain != NULL || a->issuer != NULL) &&
	    a->audience != NULL && a->claim != NULL;
}

/* A value is one line; what it means the core's own parser says. */
static bool
is_one_line(const char *s)
{
	return s == NULL || strpbrk(s, "\r\n") == NULL;
}

static bool
compose(const struct answers *a, struct buf *out)
{
	if (!is_one_line(a->domain) || !is_one_line(a->issuer) ||
	    !is_one_line(a->audience) || !is_one_line(a->claim))
		return false;
	return buf_add_str(out,
		   "# Which access tokens open this host: audient.conf(5).\n"
		   "# Every key is in the sample that comes with Audient.\n"
		   "\n") == REASON_OK &&
	    buf_printf(out, "%-14s = %s\n",
		a->domain != NULL ? "domain" : "issuer",
		a->domain != NULL ? a->domain : a->issuer) == REASON_OK &&
	    buf_printf(out, "audience       = %s\nusername_claim = %s\n",
		a->audience, a->claim) == REASON_OK &&
	    buf_add(out, a->more.data, a->more.len) == REASON_OK;
}

static void
on_answer(void *arg, const char *what, bool is_good, const char *text)
{
	(void)arg;
	(void)printf("  %-4s %s%s%s\n", is_good ? "ok" : "FAIL", what,
	    text[0] != '\0' ? ": " : "", text);
	if (!is_good)
		(void)printf("       %s\n", advise_on_network(text));
}

static bool
try_tenant(struct audient *audient)
{
	struct audient_probe probe = { .each = on_answer };
	struct audient_tenant tenant;

	(void)audient_get_tenant(audient, 0, &tenant);
	(void)printf("Asking %s\n", tenant.issuers.item[0]);
	return audient_probe(audient, 0, &probe);
}

/* The file as a login would read it, under another name: an exit status. */
static int
try_file(const struct answers *a, const char *draft)
{
	const struct audient_options view = { .config = draft, .root = "" };
	char problem[AUDIENT_LINE_MAX];
	struct audient *audient;
	bool ok;

	if (audient_open(&audient, &view, problem) != REASON_OK) {
		const char *what = problem;

		if (strncmp(what, draft, strlen(draft)) == 0)
			what += strlen(draft) + 1;
		return complain("setup", "line %s", what);
	}
	ok = a->is_offline || try_tenant(audient);
	audient_close(audient);
	if (ok)
		return EXIT_ALLOW;
	(void)complain("setup",
	    "the tenant could not be asked, so nothing was "
	    "written; --offline writes it all the same");
	return EXIT_RETRY;
}

/* /etc/audient, if that is all that is missing. */
static bool
make_directory(const char *path)
{
	char *copy = strdup(path);
	bool ok;

	if (copy == NULL)
		return false;
	ok = mkdir(dirname(copy), 0755) == 0 || errno == EEXIST;
	if (!ok)
		(void)complain("setup", "%s: %s", copy, strerror(errno));
	free(copy);
	return ok;
}

static bool
keep_old(const char *path)
{
	char *name;
	bool ok;

	if (access(path, F_OK) != 0)
		return true;
	if (asprintf(&name, "%s.bak", path) < 0)
		return false;
	(void)unlink(name);
	ok = link(path, name) == 0;
	if (!ok)
		(void)complain("setup", "%s: %s", name, strerror(errno));
	else
		(void)printf("The old file is %s\n", name);
	free(name);
	return ok;
}

static int
install(const struct answers *a, struct span text)
{
	if ((a->may_replace && !keep_old(a->config)) ||
	    !write_file(a->config, text, 0644, a->may_replace))
		return EXIT_BROKEN;
	(void)printf("%s is written.\n"
		     "Next: let PAM or a SASL service use it, pam_audient(8) "
		     "and sasl_audient(8);\n"
		     "then see what is still missing: audient doctor\n",
	    a->config);
	return EXIT_ALLOW;
}

static int
write_config(const struct answers *a, struct span text)
{
	char *draft;
	int rc = EXIT_BROKEN;

	if (asprintf(&draft, "%s.draft", a->config) < 0)
		return EXIT_BROKEN;
	(void)unlink(draft);
	if (write_file(draft, text, 0600, false)) {
		if ((rc = try_file(a, draft)) == EXIT_ALLOW)
			rc = install(a, text);
		(void)unlink(draft);
	}
	free(draft);
	return rc;
}

static int
set_up(struct answers *a)
{
	struct buf text = BUF_INIT(CONF_MAX);
	int rc;

	if (a->config[0] != '/')
		return complain("setup", "--config takes an absolute path");
	if (!a->may_replace && access(a->config, F_OK) == 0)
		return complain("setup", "%s exists; edit it, or say --replace",
		    a->config);
	if (!is_complete(a) && isatty(STDIN_FILENO) == 0) {
		(void)complain("setup",
		    "without a terminal to ask on, it needs "
		    "--domain, --audience and --username-claim");
		return EXIT_USAGE;
	}
	if (!ask_all(a) || !make_directory(a->config))
		return EXIT_BROKEN;
	if (compose(a, &text))
		rc = write_config(a, buf_span(&text));
	else
		rc = complain("setup", "a value has to be one line");
	buf_free(&text);
	return rc;
}

static bool
set(char **to, const char *value)
{
	free(*to);
	return (*to = strdup(value)) != NULL;
}

/* "KEY=VALUE" as a line of the file. */
static bool
add_line(struct buf *more, const char *pair)
{
	const char *value = strchr(pair, '=');

	return value != NULL && is_one_line(pair) &&
	    buf_printf(more, "%-14.*s = %s\n", (int)(value - pair), pair,
		value + 1) == REASON_OK;
}

/* 0, or what ends the program. */
static int
parse(int argc, char **argv, struct answers *a)
{
	bool ok = true;
	int c;

	while (ok && (c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'd')
			ok = set(&a->domain, optarg);
		else if (c == 'i')
			ok = set(&a->issuer, optarg);
		else if (c == 'a')
			ok = set(&a->audience, optarg);
		else if (c == 'u')
			ok = set(&a->claim, optarg);
		else if (c == 's')
			ok = add_line(&a->more, optarg);
		else if (c == 'c')
			a->config = optarg;
		else if (c == 'r')
			a->may_replace = true;
		else if (c == 'o')
			a->is_offline = true;
		else
			return c;
	}
	return ok && argc == optind && (a->domain == NULL || a->issuer == NULL)
	    ? 0
	    : '?';
}

int
cmd_setup(int argc, char **argv)
{
	struct answers a = { .config = CONFIG_FILE,
		.more = BUF_INIT(CONF_MAX) };
	int rc;

	if ((rc = parse(argc, argv, &a)) == 'h')
		rc = help("setup", synopsis, about);
	else if (rc != 0)
		rc = usage("setup", synopsis);
	else
		rc = set_up(&a);
	free(a.domain);
	free(a.issuer);
	free(a.audience);
	free(a.claim);
	buf_free(&a.more);
	return rc;
}
