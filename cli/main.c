/* SPDX-License-Identifier: BSD-2-Clause */
/* audient: explains, examines and looks after things; see audient(1). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "setup", cmd_setup, "make the configuration" },
	{ "check", cmd_check, "see whether the configuration can be read" },
	{ "doctor", cmd_doctor, "look for what is wrong on this host" },
	{ "explain", cmd_explain, "say why a token is accepted or refused" },
	{ "logs", cmd_logs, "show who got in, who did not, and what to do" },
	{ "keys", cmd_keys, "list, refresh or flush the keys at hand" },
	{ "token", cmd_token, "get a token, and hand it to a program" },
	{ "deny", cmd_deny, "refuse tokens, people or applications" },
	{ "stats", cmd_stats, "count decisions, for Prometheus" },
	{ "verify", cmd_verify, "check a signature and nothing else" },
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
	(void)fprintf(stderr,
	    "usage: audient %s %s\n"
	    "See audient %s --help.\n",
	    command, synopsis, command);
	return EXIT_USAGE;
}

int
help(const char *command, const char *synopsis, const char *options)
{
	(void)printf("usage: audient %s %s\n\n"
		     "  --help          print this\n%s\nSee audient(1).\n",
	    command, synopsis, options);
	return EXIT_ALLOW;
}

static void
overview(FILE *f)
{
	(void)fprintf(f, "usage: audient COMMAND [ARGUMENT ...]\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		(void)fprintf(f, "  %-8s %s\n", commands[i].name,
		    commands[i].what);
	(void)fprintf(f,
	    "\nSee audient(1), or audient COMMAND --help.\n"
	    "audient --version says which one this is.\n");
}

/*
 * What was not written was not said.  Who closes a pipe knows why; all other
 * mishaps are told.
 */
static int
finish(int rc)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rc;
	if (errno != EPIPE)
		(void)complain(NULL, "standard output: %s", strerror(errno));
	return EXIT_BROKEN;
}

static int
run(const char *name, int argc, char **argv)
{
	static char title[64];

	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(name, commands[i].name) != 0)
			continue;
		/* for the messages of getopt(3) */
		(void)snprintf(title, sizeof(title), "audient %s", name);
		argv[0] = title;
		return commands[i].run(argc, argv);
	}
	(void)complain(NULL, "there is no command \"%s\"", name);
	overview(stderr);
	return EXIT_USAGE;
}

static bool
is_any(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		overview(stderr);
		return EXIT_USAGE;
	}
	if (is_any(argv[1], "--version", "-V")) {
		(void)printf("audient " VERSION "\n");
		return finish(EXIT_ALLOW);
	}
	if (is_any(argv[1], "--help", "-h") || strcmp(argv[1], "help") == 0) {
		overview(stdout);
		return finish(EXIT_ALLOW);
	}
	return finish(run(argv[1], argc - 1, argv + 1));
}
