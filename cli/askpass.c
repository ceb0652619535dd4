/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audient-askpass: hands an access token to ssh and sudo in the parts that
 * pam_audient asks for; audient-askpass(1).
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"

#define TOKEN_SIZE_MAX 16384 /* as in the module */
#define PART_SSH       1023  /* bytes that ssh passes on */
#define PART_OTHER     511   /* sudo, and all that is older */

extern char **environ;

static int
fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "audient-askpass: %s%s%s\n", what,
	    why != NULL ? ": " : "", why != NULL ? why : "");
	return EXIT_FAILURE;
}

/*
 * The prompts of pam_audient, and nothing else: "Access token: ", with or
 * without another way in its brackets, and "Access token, part 2: ".  ssh puts
 * "(user@host) " before them, sudo nothing.
 */
static bool
parse_prompt(const char *prompt, size_t *part, size_t *size)
{
	static const char first[] = "Access token: ";
	static const char choice[] =
	    "Access token (or just Enter, to use a browser): ";
	static const char later[] = "Access token, part ";
	struct span s = span_of(prompt), head, digits;

	*size = PART_OTHER;
	*part = 1;
	if (span_starts(s, "(")) {
		if (!span_cut(&s, ' ', &head) || !span_ends(head, ")") ||
		    memchr(head.ptr, '@', head.len) == NULL)
			return false;
		*size = PART_SSH;
	}
	if (span_is(s, first) || span_is(s, choice))
		return true;
	if (!span_starts(s, later))
		return false;
	s.ptr += strlen(later);
	s.len -= strlen(later);
	if (!span_cut(&s, ':', &digits) || !span_is(s, " ") ||
	    digits.len == 0 || digits.len > 2)
		return false;
	*part = 0;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return false;
		*part = *part * 10 + (size_t)(digits.ptr[i] - '0');
	}
	return *part >= 2;
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
	return n == 0;
}

/* A file that others can read has no secret in it. */
static int
read_file(const char *path, struct buf *token)
{
	struct stat st;
	int fd, rc = EXIT_SUCCESS;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0 ||
	    fstat(fd, &st) != 0)
		rc = fail(path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		rc = fail(path, "not a regular file");
	else if (st.st_uid != getuid())
		rc = fail(path, "belongs to somebody else");
	else if ((st.st_mode & 077) != 0)
		rc = fail(path, "others may read or write it; do chmod 600");
	else if (!read_all(fd, token))
		rc = fail(path, "cannot be read, or is larger than a token");
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static int
spawn(const char *command, int fds[2], pid_t *pid)
{
	char sh[] = "sh", c[] = "-c", audient[] = "audient", word[] = "token";
	char *by_shell[] = { sh, c, (char *)(uintptr_t)command, NULL };
	char *by_default[] = { audient, word, NULL };
	posix_spawn_file_actions_t actions;
	int rc;

	if ((rc = posix_spawn_file_actions_init(&actions)) != 0)
		return rc;
	if ((rc = posix_spawn_file_actions_adddup2(&actions, fds[1], 1)) == 0)
		rc = command != NULL ? posix_spawn(pid, "/bin/sh", &actions,
					   NULL, by_shell, environ)
				     : posix_spawn(pid, AUDIENT_COMMAND,
					   &actions, NULL, by_default, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* What a command prints; NULL: `audient token`. */
static int
read_command(const char *command, struct buf *token)
{
	const char *name = command != NULL ? "the command of "
					     "AUDIENT_TOKEN_COMMAND"
					   : "audient token";
	int fds[2], status = -1, rc;
	bool is_read;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return fail(name, strerror(errno));
	rc = spawn(command, fds, &pid);
	(void)close(fds[1]);
	is_read = rc == 0 && read_all(fds[0], token);
	(void)close(fds[0]);
	if (rc != 0)
		return fail(name, strerror(rc));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!is_read)
		return fail(name, "printed more than a token can have");
	if (status != 0)
		return fail(name, "failed");
	return EXIT_SUCCESS;
}

/* White space around it is nobody's business; anything else is no token. */
static int
trim(struct buf *token)
{
	size_t skip = 0;

	while (token->len > 0 && strchr(" \t\r\n", token->data[token->len - 1]))
		token->data[--token->len] = '\0';
	while (skip < token->len && strchr(" \t\r\n", token->data[skip]))
		skip++;
	if (token->len == 0)
		return fail("there is no token", NULL);
	memmove(token->data, token->data + skip, token->len - skip);
	token->len -= skip;
	token->data[token->len] = '\0';
	if (!span_is_b64token(buf_span(token)))
		return fail("that is no token, or more than a token", NULL);
	return EXIT_SUCCESS;
}

static int
get_token(size_t part, size_t size, struct buf *token)
{
	const char *file = getenv("AUDIENT_TOKEN_FILE");
	const char *command = getenv("AUDIENT_TOKEN_COMMAND");
	int rc;

	if (file != NULL && command != NULL)
		return fail("AUDIENT_TOKEN_FILE and AUDIENT_TOKEN_COMMAND are "
			    "both set: which one is meant?",
		    NULL);
	if (file != NULL) {
		rc = read_file(file, token);
		return rc == EXIT_SUCCESS ? trim(token) : rc;
	}
	if (keeper_ask(token))
		return EXIT_SUCCESS;
	buf_clear(token);
	if (part > 1)
		return fail("the token is gone, or this is not a program that "
			    "has asked for its first part",
		    NULL);
	if ((rc = read_command(command, token)) != EXIT_SUCCESS ||
	    (rc = trim(token)) != EXIT_SUCCESS)
		return rc;
	if (token->len >= size && !keeper_start(token))
		return fail("the token cannot be kept for its next part", NULL);
	return EXIT_SUCCESS;
}

/* The part, or an empty line if the token has no more. */
static int
print_part(const struct buf *token, size_t part, size_t size)
{
	const size_t start = (part - 1) * size;
	size_t n = 0;

	if (start < token->len)
		n = token->len - start < size ? token->len - start : size;
	if ((n > 0 && fwrite(token->data + start, 1, n, stdout) != n) ||
	    putchar('\n') == EOF || fflush(stdout) != 0)
		return fail("standard output", strerror(errno));
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	struct buf token = BUF_INIT(TOKEN_SIZE_MAX + 64);
	size_t part, size;
	int rc;

	if (argc != 2) {
		(void)fprintf(stderr,
		    "usage: audient-askpass PROMPT\n"
		    "ssh and sudo start it; see audient-askpass(1).\n");
		return 2;
	}
	if (!parse_prompt(argv[1], &part, &size))
		return fail("this is not a question for an access token, and "
			    "is not answered",
		    NULL);
	(void)prctl(PR_SET_DUMPABLE, 0);
	rc = get_token(part, size, &token);
	if (rc == EXIT_SUCCESS)
		rc = print_part(&token, part, size);
	buf_free(&token);
	return rc;
}
