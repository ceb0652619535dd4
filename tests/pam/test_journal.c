/* SPDX-License-Identifier: BSD-2-Clause */
#include "journal.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "fakepam.h"

/* What goes to the journal, byte for byte, and who hears of it otherwise. */

static enum { FINE, NO_SOCKET, NO_JOURNAL, NO_MEMORY } trouble;
static unsigned long calls_before; /* that still do as they should */
static char sent[16384];
static size_t n_sent, n_sockets, n_closed;

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
ssize_t __wrap_sendto(int fd, const void *data, size_t n, int flags,
    const struct sockaddr *to, socklen_t size);
int __real_close(int fd);
int __wrap_close(int fd);
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);

int
__wrap_socket(int domain, int type, int protocol)
{
	if (trouble == NO_SOCKET) {
		errno = EMFILE;
		return -1;
	}
	n_sockets++;
	return __real_socket(domain, type, protocol);
}

ssize_t
__wrap_sendto(int fd, const void *data, size_t n, int flags,
    const struct sockaddr *to, socklen_t size)
{
	const struct sockaddr_un *un = (const void *)to;

	assert_true(fd >= 0 && n <= sizeof(sent) && size == sizeof(*un));
	assert_int_equal(flags, MSG_DONTWAIT | MSG_NOSIGNAL);
	assert_string_equal(un->sun_path, "/run/systemd/journal/socket");
	if (trouble == NO_JOURNAL) {
		errno = ENOENT;
		return -1;
	}
	memcpy(sent, data, n);
	n_sent = n;
	return (ssize_t)n;
}

int
__wrap_close(int fd)
{
	n_closed++;
	return __real_close(fd);
}

void *
__wrap_malloc(size_t n)
{
	if (trouble != NO_MEMORY)
		return __real_malloc(n);
	if (calls_before == 0) {
		trouble = FINE;
		return NULL;
	}
	calls_before--;
	return __real_malloc(n);
}

static void
add_field(struct buf *b, const char *name, struct span value)
{
	const uint64_t n = htole64(value.len);

	assert_int_equal(buf_printf(b, "%s\n", name), REASON_OK);
	assert_int_equal(buf_add(b, &n, sizeof(n)), REASON_OK);
	assert_int_equal(buf_add(b, value.ptr, value.len), REASON_OK);
	assert_int_equal(buf_add(b, "\n", 1), REASON_OK);
}

#define LINE "service=sshd user=al'ice"

static void
make_line(struct audient_line *line)
{
	memset(line, 0, sizeof(*line));
	memcpy(line->text, LINE, sizeof(LINE));
	line->len = sizeof(LINE) - 1;
	line->pairs[0] = (struct audient_pair){ "service", SPAN("sshd") };
	line->pairs[1] =
	    (struct audient_pair){ "a_z0", SPAN("al\nPRIORITY=0") };
	line->n_pairs = 2;
	/* what is behind the last one is nobody's */
	line->pairs[2] = (struct audient_pair){ "more", SPAN("x") };
}

static void
want(struct buf *b, const char *message)
{
	buf_clear(b);
	add_field(b, "MESSAGE", span_of(message));
	add_field(b, "PRIORITY", SPAN("5"));
	add_field(b, "SYSLOG_FACILITY", SPAN("10"));
	add_field(b, "SYSLOG_IDENTIFIER",
	    span_of(program_invocation_short_name));
	add_field(b, "AUDIENT_SERVICE", SPAN("sshd"));
	add_field(b, "AUDIENT_A_Z0", SPAN("al\nPRIORITY=0"));
}

static void
log_it(struct pam_handle *h, const char *service)
{
	struct audient_line line;

	memset(h, 0, sizeof(*h));
	h->service = service;
	make_line(&line);
	n_sent = n_sockets = n_closed = 0;
	journal_log(h, "auth", LOG_NOTICE, &line);
	row_number("sockets are closed", (int64_t)n_closed, (int64_t)n_sockets);
}

static void
test_fields(void **state)
{
	struct buf b = BUF_INIT(8192);
	struct pam_handle *h = calloc(1, sizeof(*h));

	(void)state;
	assert_non_null(h);
	want(&b, "pam_audient(sshd:auth): " LINE);
	log_it(h, "sshd");
	row_true("all of it",
	    n_sent == b.len && memcmp(sent, b.data, b.len) == 0);
	row_text("not twice", h->logged, "");
	want(&b, "pam_audient(<unknown>:auth): " LINE);
	log_it(h, NULL);
	row_true("without a service",
	    n_sent == b.len && memcmp(sent, b.data, b.len) == 0);
	row_count(true);
	fakepam_end(h);
	free(h);
	buf_free(&b);
	rows_end();
}

/* Whatever fails: nothing is sent by halves, and syslog has the line. */
static void
test_trouble(void **state)
{
	struct pam_handle *h = calloc(1, sizeof(*h));
	unsigned long n = 0;

	(void)state;
	assert_non_null(h);
	for (int i = NO_SOCKET; i <= NO_JOURNAL; i++) {
		trouble = (__typeof__(trouble))i;
		log_it(h, "sshd");
		trouble = FINE;
		row_number("nothing is sent", (int64_t)n_sent, 0);
		row_has("syslog", h->logged, LINE);
		row_count(false);
	}
	for (;; n++) {
		trouble = NO_MEMORY;
		calls_before = n;
		log_it(h, "sshd");
		if (trouble == NO_MEMORY)
			break;
		row_number("nothing is sent", (int64_t)n_sent, 0);
		row_has("syslog", h->logged, LINE);
		row_count(false);
	}
	trouble = FINE;
	row_true("memory was wanted", n >= 2);
	fakepam_end(h);
	free(h);
	rows_end();
}

/* A line that is too long for a datagram goes to syslog. */
static void
test_long(void **state)
{
	struct pam_handle *h = calloc(1, sizeof(*h));
	char *service = unit_repeat('s', 7000);

	(void)state;
	assert_non_null(h);
	for (size_t n = 7000; n > 0; n -= n > 200 ? 200 : 1) {
		service[n] = '\0';
		log_it(h, service);
		row_true("one or the other",
		    (n_sent > 0) == (h->logged[0] == '\0'));
		if (n_sent > 0)
			row_true("all of it",
			    n_sent <= 8192 &&
				memmem(sent, n_sent, "AUDIENT_A_Z0\n", 13) !=
				    NULL);
		row_count(false);
	}
	fakepam_end(h);
	free(h);
	free(service);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_fields),
	cmocka_unit_test(test_trouble),
	cmocka_unit_test(test_long),
};

UNIT_MAIN(tests)
