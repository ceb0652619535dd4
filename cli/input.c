/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "term.h"

#define TOKEN_INPUT_MAX 65536 /* bytes; the core refuses them with a reason */

int
complain(const char *command, const char *fmt, ...)
{
	struct term t;
	char *text, *line;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text != NULL &&
	    asprintf(&line, "audient%s%s: %s", command != NULL ? " " : "",
		command != NULL ? command : "", text) >= 0) {
		term_init(&t, stderr);
		term_put(&t, 0, STYLE_PLAIN, "", 0, line);
		free(line);
	}
	free(text);
	return EXIT_BROKEN;
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
		(void)complain(NULL, "%s: %s", path, strerror(errno));
		return false;
	}
	if (is_stdin && isatty(fd))
		(void)fprintf(stderr,
		    "Reading from the terminal; end with "
		    "Enter and Ctrl-D.\n");
	ok = read_all(fd, out);
	if (!ok)
		(void)complain(NULL, "%s: %s",
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
	if (skip > 0) {
		memmove(out->data, out->data + skip, out->len - skip);
		out->len -= skip;
	}
	return true;
}

static void
on_log(void *arg, bool is_warning, const char *text)
{
	(void)arg;
	if (is_warning)
		(void)complain(NULL, "%s", text);
}

/* Where no file is there is nothing to mend in it. */
static void
advise(const char *config)
{
	if (config == NULL)
		config = CONFIG_FILE;
	if (config[0] != '/' || access(config, F_OK) == 0 || errno != ENOENT)
		return;
	if (strcmp(config, CONFIG_FILE) == 0)
		(void)complain(NULL,
		    "audient setup makes one there, and --config names "
		    "another one");
	else
		(void)complain(NULL,
		    "audient setup --config %s makes one there; the usual one "
		    "is " CONFIG_FILE,
		    config);
}

static struct audient *
open_with(const char *config, const char *service, const char *root,
    const struct log_sink *log)
{
	const struct audient_options options = { .config = config,
		.service = service,
		.log = *log,
		.root = root };
	char problem[AUDIENT_LINE_MAX];
	struct audient *audient;

	if (audient_open(&audient, &options, problem) == REASON_OK)
		return audient;
	(void)complain(NULL, "%s", problem);
	advise(config);
	return NULL;
}

static const struct log_sink to_stderr = { .line = on_log };

struct audient *
open_config(const char *config, const char *service)
{
	return open_with(config, service, NULL, &to_stderr);
}

struct audient *
open_heard(const char *config, const char *service, const struct log_sink *log)
{
	return open_with(config, service, NULL, log);
}

struct audient *
open_view(const char *config)
{
	return open_with(config, NULL, "", &to_stderr);
}
