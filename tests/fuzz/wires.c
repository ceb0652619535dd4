/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fetch.h"
#include "fuzz.h"
#include "message.h"
#include "wire.h"

/* What others say: SASL clients, the helper, and whoever talks to it. */

/* --- SASL
 * ---------------------------------------------------------------------------
 */

static void
check_again(enum dialect dialect, const struct message *m)
{
	const struct message_parts parts = { .authzid = m->has_authzid
		    ? m->authzid
		    : NULL,
		.token = m->token };
	struct buf text = BUF_INIT(2 * MESSAGE_MAX);
	struct message again;

	if (message_write(dialect, &parts, &text) == REASON_OK) {
		message_parse(dialect, buf_span(&text), &again);
		/* longer than it was, as escapes are, it may be too long */
		must(text.len > MESSAGE_MAX ||
			(again.kind == MESSAGE_TOKEN &&
			    span_equal(again.token, m->token) &&
			    strcmp(again.authzid, m->authzid) == 0),
		    "what is written is read as it was");
	}
	buf_free(&text);
}

static void
check_message(enum dialect dialect, struct span in)
{
	struct message m;

	message_parse(dialect, in, &m);
	if (m.kind != MESSAGE_TOKEN) {
		must(m.token.len == 0 && !m.has_authzid,
		    "nothing is there but a kind");
		return;
	}
	must(in.len <= MESSAGE_MAX, "a message is not too long");
	must(m.token.len > 0 && is_inside(m.token, in) && is_inside(m.host, in),
	    "views are inside");
	must(memchr(m.token.ptr, '\1', m.token.len) == NULL &&
		memchr(m.token.ptr, '\0', m.token.len) == NULL &&
		memchr(m.token.ptr, '\n', m.token.len) == NULL,
	    "a token has no control characters");
	must(memchr(m.authzid, '\0', sizeof(m.authzid)) != NULL &&
		strpbrk(m.authzid, "\1\n\r\177") == NULL,
	    "a name has no control characters");
	check_again(dialect, &m);
}

void
fuzz_run_message(struct span in)
{
	check_message(DIALECT_OAUTHBEARER, in);
	check_message(DIALECT_XOAUTH2, in);
}

void
fuzz_seeds_message(fuzz_emit *emit, void *arg)
{
	emit(arg,
	    SPAN("n,a=user@example.com,\1host=server.example.com\1port=143\1"
		 "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1"));
	emit(arg, SPAN("n,,\1auth=Bearer a.b.c\1\1"));
	emit(arg, SPAN("y,a=al=2Cice=3D,\1x=y\1auth=bearer  a\1\1"));
	emit(arg, SPAN("n,,\1auth=\1\1"));
	emit(arg, SPAN("p=tls-unique,,\1auth=Bearer a\1\1"));
	emit(arg, SPAN("user=alice@example.com\1auth=Bearer a.b.c\1\1"));
	emit(arg, SPAN("\1"));
}

/* --- the helper's answers
 * ---------------------------------------------------------------- */

int __real_socketpair(int domain, int type, int protocol, int sv[2]);
int __wrap_socketpair(int domain, int type, int protocol, int sv[2]);
int __real_posix_spawn(pid_t *pid, const char *path,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const envp[]);
int __wrap_posix_spawn(pid_t *pid, const char *path,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const envp[]);

static struct span answer_bytes;
static int other_end = -1; /* stays open for what is asked */

void
fuzz_answer(struct span bytes)
{
	answer_bytes = bytes;
	if (other_end >= 0)
		close(other_end);
	other_end = -1;
}

/* The answer is there before the question. */
int
__wrap_socketpair(int domain, int type, int protocol, int sv[2])
{
	const int rc = __real_socketpair(domain, type, protocol, sv);
	ssize_t n;

	if (rc != 0 || answer_bytes.ptr == NULL)
		return rc;
	if (other_end >= 0)
		close(other_end);
	other_end = dup(sv[1]);
	n = send(sv[1], answer_bytes.ptr, answer_bytes.len, MSG_DONTWAIT);
	must(n == (ssize_t)answer_bytes.len, "the answer fits into the pipe");
	(void)shutdown(other_end, SHUT_WR);
	return rc;
}

int
__wrap_posix_spawn(pid_t *pid, const char *path,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const envp[])
{
	if (answer_bytes.ptr == NULL)
		return __real_posix_spawn(pid, path, actions, attr, argv, envp);
	*pid = 1; /* nobody's child */
	return 0;
}

void
fuzz_run_helper(struct span in)
{
	static struct fetcher *fetcher;
	const struct fetch_request rq = { .url = "https://a.example.com/",
		.bearer = SPAN("abc"),
		.body_max = 4096 };
	struct fetch_answer answer;

	if (in.len > 65536)
		return;
	if (fetcher == NULL)
		must(fetcher_open(&fetcher, "/bin/true", false) == REASON_OK,
		    "there is memory");
	fuzz_answer(in);
	fetch(fetcher, &rq, clock_ms() + 5000, &answer);
	fuzz_answer((struct span){ .ptr = NULL });
	if (answer.result == FETCH_ANSWERED) {
		must(span_starts(in, "audient-fetch 1\n"), "it has its magic");
		must(answer.status >= 100 && answer.status <= 999,
		    "a status is one");
		must(answer.body.len <= rq.body_max, "no more than was asked");
		must(memchr(answer.type, '\0', sizeof(answer.type)) != NULL,
		    "the type ends");
	} else
		must(answer.body.len == 0, "without an answer, no body");
	fetch_answer_clear(&answer);
}

void
fuzz_seeds_helper(fuzz_emit *emit, void *arg)
{
	emit(arg,
	    SPAN("audient-fetch 1\nresult answered\nwhy -\nstatus 200\n"
		 "type application/json\ndate 1800000000\nretry_after 7\n"
		 "limit_left 3\nlimit_reset 1800000060\nlength 2\n\n{}"));
	emit(arg, SPAN("audient-fetch 1\nresult no_answer\nwhy refused\n\n"));
	emit(arg, SPAN("audient-fetch 1\nresult bad_answer\nlength 0\n\n"));
	emit(arg, SPAN("audient-fetch 2\n\n"));
}

/* --- what the helper is asked
 * --------------------------------------------------------------- */

void
fuzz_run_request(struct span in)
{
	static struct wire wire;
	struct http_request rq;
	int fd;

	if (in.len > 100000)
		return;
	fd = memfd_create("request", MFD_CLOEXEC);
	must(fd >= 0 && write(fd, in.ptr, in.len) == (ssize_t)in.len &&
		lseek(fd, 0, SEEK_SET) == 0,
	    "there is memory");
	wire.fd = fd;
	wire.at = wire.end = 0;
	while (wire_read(&wire, &rq)) {
		must(strncmp(rq.url, "https://", 8) == 0, "it is https");
		must(strpbrk(rq.url, "\r\n") == NULL, "it is one line");
		must(rq.bearer == NULL || strpbrk(rq.bearer, " \r\n") == NULL,
		    "a token ends no line");
		must(rq.timeout_ms > 0 && rq.body_max > 0, "it has limits");
		wire_request_clear(&rq);
	}
	must(rq.url == NULL && rq.bearer == NULL && rq.form == NULL,
	    "what is refused is empty");
	close(fd);
}

void
fuzz_seeds_request(fuzz_emit *emit, void *arg)
{
	emit(arg,
	    SPAN("audient-fetch 1\nurl https://a/\ntimeout_ms 8000\n"
		 "body_max 262144\nca_file /ca\nproxy http://p:1\n\n"));
	emit(arg,
	    SPAN("audient-fetch 1\nurl https://a/\ntimeout_ms 1\nbody_max 1\n"
		 "bearer a.b.c\n\naudient-fetch 1\nurl https://b/\n"
		 "timeout_ms 1\nbody_max 1\nlength 5\n\na=b&c"));
}
