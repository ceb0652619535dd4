/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_H
#define AUDIENT_CLI_H

#include "admin.h"

/* What a script may rely on; audient(1). */
enum {
	EXIT_ALLOW = 0,
	EXIT_DENY = 1,
	EXIT_USAGE = 2,
	EXIT_RETRY = 3,
	EXIT_BROKEN = 4,
};

/* Each gets "audient NAME" as argv[0]; they return the exit status. */
int cmd_check(int argc, char **argv);
int cmd_deny(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_keys(int argc, char **argv);
int cmd_logs(int argc, char **argv);
int cmd_setup(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_verify(int argc, char **argv);

int exit_of(enum reason reason);

/* Complains about the command line, on standard error: EXIT_USAGE. */
int usage(const char *command, const char *synopsis);

/* What --help prints: EXIT_ALLOW.  options: lines, each with its newline. */
int help(const char *command, const char *synopsis, const char *options);

/*
 * "audient COMMAND: ..." on standard error; command NULL: "audient: ...".
 * Returns EXIT_BROKEN.
 */
int complain(const char *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Reads all of a file, or of standard input if path is NULL or "-", into out,
 * up to its cap.  False, after a message, if that fails.
 */
bool read_input(const char *path, struct buf *out);

/* The same for a token, without the white space around it. */
bool read_token(const char *path, struct buf *out);

/* audient_open() with warnings to standard error; NULL after a message. */
struct audient *open_config(const char *config, const char *service);

/* The same with warnings for somebody else. */
struct audient *open_heard(const char *config, const char *service,
    const struct log_sink *log);

/* The same for a look: no directory is made, no map read. */
struct audient *open_view(const char *config);

#endif
