/* SPDX-License-Identifier: BSD-2-Clause */
/* audient: explains, verifies and looks after keys; see audient(1). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define TOKEN_INPUT_MAX 65536 /* bytes; the core refuses them with a reason */

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "explain", cmd_explain, "say why a token is accepted or refused" },
	{ "verify", cmd_verify, "check a signature and nothing else" },
	{ "keys", cmd_keys, "list, refresh or flush the keys at hand" },
	{ "token", cmd_token, "get a token, and hand it to a program" },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int
exit_of(enum reason reason)
{
	switch (reason_outcome(reason)) {
	case OUTCOME_ALLOW:
		return EXIT_ALLOW;
	case OUTCOME_DENY:
		return EXIT_DENY;
	case OUTCOME_RETRY:
		return EXIT_RETRY;
	case OUTCOME_BROKEN:
		return EXIT_BROKEN;
	}
	return EXIT_BROKEN;
}

int
usage(const char *command, const char *synopsis)
{
	(void)fprintf(stderr, "usage: audient %s %s\n", command, synopsis);
	return EXIT_USAGE;
}

static bool
read_all(int fd, struct buf *out)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || buf_add(out, chunk, (size_t)n) != REASON_OK)
			break;
	}
	explicit_bzero(chunk, sizeof(chunk));
	if (n > 0)
		errno = EFBIG;
	return n == 0;
}

bool
read_input(const char *path, struct buf *out)
{
	const bool is_stdin = path == NULL || strcmp(path, "-") == 0;
	int fd = STDIN_FILENO;
	bool ok;

	if (!is_stdin && (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
		(void)fprintf(stderr, "audient: %s: %s\n", path,
		    strerror(errno));
		return false;
	}
	if (is_stdin && isatty(fd))
		(void)fprintf(stderr,
		    "Reading from the terminal; end with "
		    "Enter and Ctrl-D.\n");
	ok = read_all(fd, out);
	if (!ok)
		(void)fprintf(stderr, "audient: %s: %s\n",
		    is_stdin ? "standard input" : path, strerror(errno));
	if (!is_stdin)
		(void)close(fd);
	return ok;
}

bool
read_token(const char *path, struct buf *out)
{
	size_t skip = 0;

	out->max = TOKEN_INPUT_MAX;
	if (!read_input(path, out))
		return false;
	while (out->len > 0 && strchr(" \t\r\n", out->data[out->len - 1]))
		out->data[--out->len] = '\0';
	while (skip < out->len && strchr(" \t\r\n", out->data[skip]))
		skip++;
	memmove(out->data, out->data + skip, out->len - skip);
	out->len -= skip;
	return true;
}

static void
on_log(void *arg, bool is_warning, const char *text)
{
	(void)arg;
	if (is_warning)
		(void)fprintf(stderr, "audient: %s\n", text);
}

struct audient *
open_config(const char *config, const char *service)
{
	const struct audient_options options = { .config = config,
		.service = service,
		.log = { .line = on_log } };
	char problem[AUDIENT_LINE_MAX];
	struct audient *audient;

	if (audient_open(&audient, &options, problem) != REASON_OK) {
		(void)fprintf(stderr, "audient: %s\n", problem);
		return NULL;
	}
	return audient;
}

static void
help(FILE *f)
{
	(void)fprintf(f, "usage: audient COMMAND [ARGUMENT ...]\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		(void)fprintf(f, "  %-10s %s\n", commands[i].name,
		    commands[i].what);
	(void)fprintf(f, "\nSee audient(1), or `audient COMMAND --help`.\n");
}

int
main(int argc, char **argv)
{
	int rc = EXIT_USAGE;

	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("audient " VERSION "\n");
		return EXIT_ALLOW;
	}
	if (argc >= 2 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
		help(stdout);
		return EXIT_ALLOW;
	}
	for (size_t i = 0; argc >= 2 && i < N_COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			rc = commands[i].run(argc - 1, argv + 1);
			if (fflush(stdout) != 0 && rc == EXIT_ALLOW)
				rc = EXIT_BROKEN;
			return rc;
		}
	if (argc >= 2)
		(void)fprintf(stderr, "audient: no command \"%s\"\n\n",
		    argv[1]);
	help(stderr);
	return rc;
}
