/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pamhost PAM-DIRECTORY
 *
 * An application for libpam that does what standard input says, one command
 * a line, and prints what comes of it.  Texts are in hexadecimal; "-" is NULL
 * and "." is empty.
 *
 *     start SERVICE USER          pam_start_confdir
 *     deaf SERVICE USER           the same without a conversation function
 *     item NUMBER TEXT            pam_set_item        get NUMBER
 *     answers ANSWER ...          for the prompts to come, in order:
 *         t:TEXT  null            an answer; an answer that is NULL
 *         none                    no array of answers, and PAM_SUCCESS
 *         two:TEXT                one answer more than was asked for
 *         rc:NUMBER               the conversation fails
 *     authenticate FLAGS          setcred, acct_mgmt, open_session,
 *                                 close_session, chauthtok
 *     child FLAGS                 pam_authenticate in a child, as in sshd
 *     env NAME                    what the session would get
 *     end
 *
 * Answers with lines "prompt STYLE TEXT", "log PRIORITY TEXT", "item TEXT",
 * "delay" where libpam would wait, and at last "rc NUMBER".  Nobody waits. What
 * syslog(3) is told is caught in this process, so that no daemon is needed.
 * What is sent to systemd's journal goes to the socket that AUDIENT_JOURNAL
 * names, or nowhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <security/pam_appl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"

#define ANSWERS_MAX 64
#define LOG_MASK    7 /* the priority without its facility */

static char *answers[ANSWERS_MAX];
static size_t n_answers, next_answer;

/* libpam finds these before those of libc. */
void syslog(int priority, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void __syslog_chk(int priority, int flag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* libc declares it with a union in the place of the address */
ssize_t send_to(int fd, const void *data, size_t n, int flags,
    const struct sockaddr *to, socklen_t size) __asm__("sendto");

static void
put_hex(const char *text)
{
	if (text == NULL) {
		(void)printf("-");
		return;
	}
	for (; *text != '\0'; text++)
		(void)printf("%02x", (unsigned int)(unsigned char)*text);
}

static void put_log(int priority, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
put_log(int priority, const char *fmt, va_list ap)
{
	char *line = NULL;

	(void)printf("log %d ", priority & LOG_MASK);
	if (vasprintf(&line, fmt, ap) >= 0)
		put_hex(line);
	(void)printf("\n");
	free(line);
}

EXPORT void
syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_log(priority, fmt, ap);
	va_end(ap);
}

EXPORT void
__syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	put_log(priority, fmt, ap);
	va_end(ap);
}

static bool
is_journal(const struct sockaddr *to, socklen_t size)
{
	static const char path[] = "/run/systemd/journal/socket";
	struct sockaddr_un un;

	if (to == NULL || size != sizeof(un))
		return false;
	memcpy(&un, to, sizeof(un));
	return un.sun_family == AF_UNIX && strcmp(un.sun_path, path) == 0;
}

/*
 * The journal takes no datagram for which the host could have to wait, nor one
 * from a socket that a child would inherit.
 */
EXPORT ssize_t
send_to(int fd, const void *data, size_t n, int flags,
    const struct sockaddr *to, socklen_t size)
{
	const char *path = getenv("AUDIENT_JOURNAL");
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (!is_journal(to, size))
		return syscall(SYS_sendto, fd, data, n, flags, to, size);
	if ((flags & MSG_DONTWAIT) == 0 || (flags & MSG_NOSIGNAL) == 0 ||
	    (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
		abort();
	if (path == NULL) {
		errno = ENOENT;
		return -1;
	}
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	return syscall(SYS_sendto, fd, data, n, flags, &un, sizeof(un));
}

/* The bytes of a text in hexadecimal; NULL for "-". */
static char *
get_hex(const char *hex)
{
	const size_t n = strlen(hex) / 2;
	char *text;

	if (strcmp(hex, "-") == 0 || (text = calloc(n + 1, 1)) == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char two[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		text[i] = (char)strtoul(two, NULL, 16);
	}
	return text;
}

/* One answer of the queue into a response; PAM_SUCCESS or what it says. */
static int
answer(const char *what, struct pam_response *r)
{
	if (strncmp(what, "t:", 2) == 0)
		r->resp = get_hex(what + 2);
	else if (strncmp(what, "two:", 4) == 0)
		r->resp = get_hex(what + 4);
	else if (strncmp(what, "rc:", 3) == 0)
		return atoi(what + 3);
	return PAM_SUCCESS;
}

static int
converse(int n, const struct pam_message **message,
    struct pam_response **response, void *arg)
{
	int rc = PAM_SUCCESS;

	(void)arg;
	*response = calloc((size_t)n + 1, sizeof(**response));
	if (*response == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < n && rc == PAM_SUCCESS; i++) {
		const int style = message[i]->msg_style;
		const char *what = "rc:19"; /* nobody there: PAM_CONV_ERR */

		(void)printf("prompt %d ", style);
		put_hex(message[i]->msg);
		(void)printf("\n");
		if (style != PAM_PROMPT_ECHO_OFF && style != PAM_PROMPT_ECHO_ON)
			continue;
		if (next_answer < n_answers)
			what = answers[next_answer++];
		if (strcmp(what, "none") == 0) {
			free(*response);
			*response = NULL;
			return PAM_SUCCESS;
		}
		if (strncmp(what, "two:", 4) == 0)
			(*response)[n].resp_retcode = 1;
		rc = answer(what, *response + i);
	}
	if (rc != PAM_SUCCESS) {
		free(*response);
		*response = NULL;
	}
	return rc;
}

/* Without this, libpam would wait for about that long after a refusal. */
static void
wait_not(int rc, unsigned int microseconds, void *arg)
{
	(void)arg;
	if (rc != PAM_SUCCESS && microseconds > 0)
		(void)printf("delay\n");
}

static void
forget_answers(void)
{
	for (size_t i = 0; i < n_answers; i++)
		free(answers[i]);
	n_answers = next_answer = 0;
}

static void
set_answers(char *line)
{
	char *save = NULL;

	forget_answers();
	for (char *word = strtok_r(line, " ", &save);
	     word != NULL && n_answers < ANSWERS_MAX;
	     word = strtok_r(NULL, " ", &save))
		answers[n_answers++] = strdup(word);
}

static int
start(const char *dir, const char *service, char *user, bool is_deaf,
    pam_handle_t **pamh)
{
	const struct pam_conv conv = { .conv = is_deaf ? NULL : converse };
	char *name = get_hex(user);
	int rc;

	rc = pam_start_confdir(service, name, &conv, dir, pamh);
	if (rc == PAM_SUCCESS)
		rc = pam_set_item(*pamh, PAM_FAIL_DELAY,
		    (void *)(uintptr_t)wait_not);
	free(name);
	return rc;
}

static int
set_item(pam_handle_t *pamh, const char *number, const char *hex)
{
	char *text = get_hex(hex);
	int rc;

	rc = pam_set_item(pamh, atoi(number), text);
	free(text);
	return rc;
}

static int
get_item(pam_handle_t *pamh, const char *number)
{
	const void *text = NULL;
	int rc;

	rc = pam_get_item(pamh, atoi(number), &text);
	(void)printf("item ");
	put_hex(text);
	(void)printf("\n");
	return rc;
}

/* PAM's own memory goes with the child, its environment does not. */
static int
authenticate_in_child(pam_handle_t *pamh, int flags)
{
	char line[PIPE_BUF];
	int rc = PAM_ABORT, ends[2];
	FILE *f;
	pid_t pid;

	if (pipe(ends) != 0 || (pid = fork()) < 0)
		return PAM_SYSTEM_ERR;
	f = fdopen(ends[pid == 0], pid == 0 ? "w" : "r");
	close(ends[pid != 0]);
	if (f == NULL)
		return PAM_SYSTEM_ERR;
	if (pid == 0) {
		rc = pam_authenticate(pamh, flags);
		(void)fprintf(f, "%d\n", rc);
		for (char **e = pam_getenvlist(pamh); e && *e != NULL; e++)
			(void)fprintf(f, "%s\n", *e);
		(void)fclose(f);
		(void)fflush(stdout);
		_exit(0);
	}
	if (fgets(line, sizeof(line), f) != NULL)
		rc = atoi(line);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		(void)pam_putenv(pamh, line);
	}
	(void)fclose(f);
	(void)waitpid(pid, NULL, 0);
	return rc;
}

static const struct {
	const char *name;
	int (*run)(pam_handle_t *pamh, int flags);
} calls[] = {
	{ "authenticate", pam_authenticate },
	{ "setcred", pam_setcred },
	{ "acct_mgmt", pam_acct_mgmt },
	{ "open_session", pam_open_session },
	{ "close_session", pam_close_session },
	{ "chauthtok", pam_chauthtok },
	{ "child", authenticate_in_child },
};

static int
run(const char *dir, const char *word, char *rest, pam_handle_t **pamh)
{
	char *save = NULL, *first, *second;
	static int last;

	if (strcmp(word, "answers") == 0) {
		set_answers(rest);
		return 0;
	}
	first = strtok_r(rest, " ", &save);
	second = strtok_r(NULL, " ", &save);
	if (strcmp(word, "end") == 0)
		return pam_end(*pamh, last);
	if (first == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(word, calls[i].name) == 0)
			return last = calls[i].run(*pamh, atoi(first));
	if (strcmp(word, "get") == 0)
		return get_item(*pamh, first);
	if (strcmp(word, "env") == 0) {
		(void)printf("item ");
		put_hex(pam_getenv(*pamh, first));
		(void)printf("\n");
		return PAM_SUCCESS;
	}
	if (second == NULL)
		return -1;
	if (strcmp(word, "item") == 0)
		return set_item(*pamh, first, second);
	return start(dir, first, second, strcmp(word, "deaf") == 0, pamh);
}

int
main(int argc, char **argv)
{
	pam_handle_t *pamh = NULL;
	char *line = NULL, *rest;
	size_t size = 0;
	ssize_t n;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: pamhost PAM-DIRECTORY\n");
		return 2;
	}
	while ((n = getline(&line, &size, stdin)) > 0) {
		line[n - 1] = '\0';
		rest = line + strcspn(line, " ");
		if (*rest != '\0')
			*rest++ = '\0';
		(void)printf("rc %d\n", run(argv[1], line, rest, &pamh));
		(void)fflush(stdout);
	}
	forget_answers();
	free(line);
	return 0;
}
