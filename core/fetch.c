/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

/*
 * The protocol, both ways: a magic line, "key value" lines, an empty line,
 * and as many bytes of body as the "length" line says.  audient-fetch(8) has
 * the list of keys.
 */
#define MAGIC	    "audient-fetch 1"
#define HEAD_MAX    4096
#define REQUEST_MAX (128 * 1024)
#define CHUNK	    16384
#define REAP_STEPS  100
#define REAP_MS	    10
#define KEPT_MAX    4 /* helpers that wait for the next request */

struct fetcher {
	const char *helper;
	bool keeps;
	pthread_mutex_t lock;
	int kept[KEPT_MAX]; /* sockets; -1: none */
};

static enum reason
write_request(const struct fetch_request *rq, int left_ms, struct buf *out)
{
	enum reason reason;

	if ((reason = buf_printf(out,
		 MAGIC "\nurl %s\ntimeout_ms %d\nbody_max %zu\n", rq->url,
		 left_ms, rq->body_max)) != REASON_OK)
		return reason;
	if (rq->ca_file != NULL &&
	    (reason = buf_printf(out, "ca_file %s\n", rq->ca_file)) !=
		REASON_OK)
		return reason;
	if (rq->proxy != NULL &&
	    (reason = buf_printf(out, "proxy %s\n", rq->proxy)) != REASON_OK)
		return reason;
	if (rq->bearer.len > 0 &&
	    ((reason = buf_add_str(out, "bearer ")) != REASON_OK ||
		(reason = buf_add(out, rq->bearer.ptr, rq->bearer.len)) !=
		    REASON_OK ||
		(reason = buf_add_str(out, "\n")) != REASON_OK))
		return reason;
	if (rq->form.ptr != NULL &&
	    (reason = buf_printf(out, "length %zu\n", rq->form.len)) !=
		REASON_OK)
		return reason;
	if ((reason = buf_add_str(out, "\n")) != REASON_OK)
		return reason;
	return buf_add(out, rq->form.ptr, rq->form.len);
}

/* Not 0, 1 or 2, should the host have closed those. */
static int
lift(int fd)
{
	int high;

	if (fd > STDERR_FILENO)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return high;
}

static bool
make_pair(int *ours, int *theirs)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) != 0)
		return false;
	*ours = lift(sv[0]);
	*theirs = lift(sv[1]);
	if (*ours >= 0 && *theirs >= 0)
		return true;
	if (*ours >= 0)
		close(*ours);
	if (*theirs >= 0)
		close(*theirs);
	return false;
}

/* No signal of ours or of the terminal's, nothing inherited but the socket. */
static bool
set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, int sock)
{
	sigset_t none, all;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	return posix_spawn_file_actions_adddup2(actions, sock, 0) == 0 &&
	    posix_spawn_file_actions_adddup2(actions, sock, 1) == 0 &&
	    posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY,
		0) == 0 &&
	    posix_spawn_file_actions_addclosefrom_np(actions, 3) == 0 &&
	    posix_spawnattr_setsigmask(attr, &none) == 0 &&
	    posix_spawnattr_setsigdefault(attr, &all) == 0 &&
	    posix_spawnattr_setflags(attr,
		POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
		    POSIX_SPAWN_SETSID) == 0;
}

/* 0 or an errno. */
static int
spawn(const struct fetcher *f, int sock, pid_t *pid)
{
	char name[] = "audient-fetch", path[] = "PATH=/usr/bin:/bin";
	char keep[] = "keep", lang[] = "LANG=C";
	char *const argv[] = { name, f->keeps ? keep : NULL, NULL };
	char *const envp[] = { path, lang, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc = ENOMEM;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) == 0) {
		if (set_up(&actions, &attr, sock))
			rc = posix_spawn(pid, f->helper, &actions, &attr, argv,
			    envp);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/*
 * The host may ignore SIGCHLD or wait for everything itself; then the child
 * is not ours to wait for, and its number not ours to signal.  A helper that
 * is to be kept has left a child of its own and is about to end.
 */
static void
reap(pid_t pid, bool by_force)
{
	siginfo_t info;

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
		return;
	if (by_force)
		(void)kill(pid, SIGKILL);
	for (int i = 0; i < REAP_STEPS; i++) {
		const pid_t done = waitpid(pid, NULL, WNOHANG);

		if (done == pid || (done < 0 && errno != EINTR))
			return;
		(void)poll(NULL, 0, REAP_MS);
	}
}

struct exchange {
	int sock;
	struct span out; /* what is still to be sent */
	struct buf in;	 /* what has come in */
	size_t head_len; /* of the answer, with its empty line; 0: not yet */
	size_t body_len;
};

static bool
take_number(struct span line, const char *key, int64_t *n)
{
	const size_t skip = strlen(key);
	int64_t value = 0;

	if (!span_starts(line, key) || line.len == skip || line.len > skip + 18)
		return false;
	for (size_t i = skip; i < line.len; i++) {
		if (line.ptr[i] < '0' || line.ptr[i] > '9')
			return false;
		value = 10 * value + (line.ptr[i] - '0');
	}
	*n = value;
	return true;
}

/* Is the head complete?  False also if the helper babbles: *bad says so. */
static bool
find_head(struct exchange *x, bool *bad)
{
	const char *end;
	struct span head, line;
	int64_t n = 0;

	*bad = false;
	if (x->in.len == 0)
		return false;
	end = memmem(x->in.data, x->in.len, "\n\n", 2);
	if (end == NULL) {
		*bad = x->in.len > HEAD_MAX;
		return false;
	}
	x->head_len = (size_t)(end - x->in.data) + 2;
	head = (struct span){ .ptr = x->in.data, .len = x->head_len };
	(void)span_cut(&head, '\n', &line);
	*bad = !span_is(line, MAGIC);
	while (span_cut(&head, '\n', &line))
		if (take_number(line, "length ", &n))
			break;
	x->body_len = (size_t)n;
	if (x->body_len > x->in.max - HEAD_MAX)
		*bad = true;
	return !*bad;
}

enum step { STEP_AGAIN, STEP_DONE, STEP_BAD };

/* The call can be made again. */
static bool
is_passing(int error)
{
	return error == EAGAIN || error == EINTR;
}

static enum step
receive(struct exchange *x)
{
	char *chunk;
	size_t total;
	ssize_t n;
	bool ok, bad;

	if ((chunk = malloc(CHUNK)) == NULL)
		return STEP_BAD;
	n = recv(x->sock, chunk, CHUNK, MSG_DONTWAIT);
	ok = n > 0 ? buf_add(&x->in, chunk, (size_t)n) == REASON_OK
		   : n < 0 && is_passing(errno);
	wipe_free(chunk, CHUNK);
	if (!ok)
		return STEP_BAD;
	if (x->head_len == 0 && !find_head(x, &bad))
		return bad ? STEP_BAD : STEP_AGAIN;
	total = x->head_len + x->body_len;
	if (x->in.len < total)
		return STEP_AGAIN;
	return x->in.len == total ? STEP_DONE : STEP_BAD;
}

static enum step
transmit(struct exchange *x)
{
	const ssize_t n =
	    send(x->sock, x->out.ptr, x->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return is_passing(errno) ? STEP_AGAIN : STEP_BAD;
	x->out.ptr += n;
	x->out.len -= (size_t)n;
	return STEP_AGAIN;
}

/* NULL, or what went wrong. */
static const char *
converse(struct exchange *x, int64_t deadline_ms)
{
	enum step step = STEP_AGAIN;

	while (step == STEP_AGAIN) {
		struct pollfd p = { .fd = x->sock, .events = POLLIN };
		const int left = clock_left(deadline_ms);

		if (left == 0)
			return "no answer from audient-fetch in time";
		if (x->out.len > 0)
			p.events |= POLLOUT;
		if (poll(&p, 1, left) < 0 && errno != EINTR)
			return "poll failed";
		if ((p.revents & POLLOUT) != 0)
			step = transmit(x);
		if (step == STEP_AGAIN && (p.revents & (POLLIN | POLLHUP)) != 0)
			step = receive(x);
	}
	return step == STEP_DONE ? NULL : "audient-fetch gave no valid answer";
}

static void
no_answer(struct fetch_answer *answer, const char *why)
{
	answer->result = FETCH_NO_ANSWER;
	text_printf(&answer->why, "%s", why);
}

/* A line of the answer's head; unknown keys may come from a newer helper. */
static void
take_line(struct span line, struct fetch_answer *a, int64_t *status)
{
	struct span key;

	if (take_number(line, "status ", status) ||
	    take_number(line, "date ", &a->date) ||
	    take_number(line, "retry_after ", &a->retry_after) ||
	    take_number(line, "limit_left ", &a->limit_left) ||
	    take_number(line, "limit_reset ", &a->limit_reset))
		return;
	if (!span_cut(&line, ' ', &key))
		return;
	if (span_is(key, "type") && line.len < sizeof(a->type)) {
		memcpy(a->type, line.ptr, line.len);
		a->type[line.len] = '\0';
	} else if (span_is(key, "why"))
		text_add(&a->why, line, TEXT_MAX);
	else if (span_is(key, "result") && span_is(line, "answered"))
		a->result = FETCH_ANSWERED;
	else if (span_is(key, "result") && span_is(line, "bad_answer"))
		a->result = FETCH_BAD_ANSWER;
}

static void
read_answer(const struct exchange *x, struct fetch_answer *answer)
{
	struct span head = { .ptr = x->in.data, .len = x->head_len };
	struct span line;
	int64_t status = 0;

	answer->helper_is_well = true;
	while (span_cut(&head, '\n', &line))
		take_line(line, answer, &status);
	if (answer->result != FETCH_ANSWERED)
		return;
	if (status < 100 || status > 999 ||
	    buf_add(&answer->body, x->in.data + x->head_len, x->body_len) !=
		REASON_OK)
		no_answer(answer, "audient-fetch gave no valid answer");
	answer->status = (int)status;
}

/* A helper that waits for work, or -1. */
static int
take_kept(struct fetcher *f)
{
	int sock = -1;

	(void)pthread_mutex_lock(&f->lock);
	for (int i = 0; i < KEPT_MAX && sock < 0; i++)
		if (f->kept[i] >= 0) {
			sock = f->kept[i];
			f->kept[i] = -1;
		}
	(void)pthread_mutex_unlock(&f->lock);
	return sock;
}

/* Keeps a helper for the next request, or lets it go. */
static void
give_back(struct fetcher *f, int sock)
{
	(void)pthread_mutex_lock(&f->lock);
	for (int i = 0; i < KEPT_MAX && sock >= 0; i++)
		if (f->kept[i] < 0) {
			f->kept[i] = sock;
			sock = -1; /* transferred */
		}
	(void)pthread_mutex_unlock(&f->lock);
	if (sock >= 0)
		close(sock);
}

/* A socket with a new helper behind it, or -1 and why. */
static int
start(const struct fetcher *f, pid_t *pid, struct fetch_answer *answer)
{
	int ours, theirs, rc;

	if (!make_pair(&ours, &theirs)) {
		no_answer(answer, "no descriptors left for audient-fetch");
		return -1;
	}
	rc = spawn(f, theirs, pid);
	close(theirs);
	if (rc == 0)
		return ours;
	close(ours);
	text_printf(&answer->why, "cannot start %s: %s", f->helper,
	    strerrordesc_np(rc));
	return -1;
}

/* One request and its answer; true if the helper is fit for another one. */
static bool
serve(int sock, struct span out, int64_t deadline_ms,
    struct fetch_answer *answer)
{
	struct exchange x = { .sock = sock,
		.out = out,
		.in = BUF_INIT(HEAD_MAX + answer->body.max) };
	const char *why = converse(&x, deadline_ms);

	if (why != NULL)
		no_answer(answer, why);
	else
		read_answer(&x, answer);
	buf_free(&x.in);
	return why == NULL;
}

static void
serve_anew(struct fetcher *f, struct span out, int64_t deadline_ms,
    struct fetch_answer *answer)
{
	pid_t pid;
	int sock;
	bool ok;

	if (clock_left(deadline_ms) == 0) {
		no_answer(answer, "no time left to ask");
		return;
	}
	if ((sock = start(f, &pid, answer)) < 0)
		return;
	ok = serve(sock, out, deadline_ms, answer);
	if (ok && f->keeps) {
		reap(pid, false);
		give_back(f, sock);
		return;
	}
	close(sock);
	reap(pid, true);
}

static void
answer_init(struct fetch_answer *answer, size_t body_max)
{
	*answer = (struct fetch_answer){ .result = FETCH_NO_ANSWER,
		.body = BUF_INIT(body_max),
		.limit_left = -1 };
}

void
fetch(struct fetcher *f, const struct fetch_request *request,
    int64_t deadline_ms, struct fetch_answer *answer)
{
	struct buf out = BUF_INIT(REQUEST_MAX);
	int sock;

	answer_init(answer, request->body_max);
	if (write_request(request, clock_left(deadline_ms), &out) !=
	    REASON_OK) {
		no_answer(answer, "the request is too large");
		buf_free(&out);
		return;
	}
	/* One that was kept may have ended meanwhile; then a new one has to. */
	if ((sock = take_kept(f)) >= 0) {
		if (serve(sock, buf_span(&out), deadline_ms, answer)) {
			give_back(f, sock);
			buf_free(&out);
			return;
		}
		close(sock);
		fetch_answer_clear(answer);
		answer_init(answer, request->body_max);
	}
	serve_anew(f, buf_span(&out), deadline_ms, answer);
	buf_free(&out);
}

void
fetch_answer_clear(struct fetch_answer *answer)
{
	buf_free(&answer->body);
}

static void
forget_kept(struct fetcher *f)
{
	for (int i = 0; i < KEPT_MAX; i++) {
		if (f->kept[i] >= 0)
			close(f->kept[i]);
		f->kept[i] = -1;
	}
}

enum reason
fetcher_open(struct fetcher **fetcherp, const char *helper, bool keeps_helpers)
{
	struct fetcher *f;

	*fetcherp = NULL;
	if ((f = calloc(1, sizeof(*f))) == NULL)
		return REASON_OUT_OF_MEMORY;
	if (pthread_mutex_init(&f->lock, NULL) != 0) {
		free(f);
		return REASON_OUT_OF_MEMORY;
	}
	f->helper = helper;
	f->keeps = keeps_helpers;
	for (int i = 0; i < KEPT_MAX; i++)
		f->kept[i] = -1;
	*fetcherp = f;
	return REASON_OK;
}

void
fetcher_close(struct fetcher *f)
{
	if (f == NULL)
		return;
	forget_kept(f);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}

/* The sockets are the parent's: two who write to one would mix it up. */
void
fetcher_after_fork(struct fetcher *f)
{
	(void)pthread_mutex_init(&f->lock, NULL);
	forget_kept(f);
}
