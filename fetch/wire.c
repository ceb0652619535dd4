/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES_MAX      16
#define FORM_MAX       65536
#define TIMEOUT_MS_MAX 300000

static const char magic[] = "audient-fetch 1";

/* More bytes behind those that are there; false if none come. */
static bool
fill(struct wire *w)
{
	ssize_t got;

	if (w->at > 0) {
		memmove(w->bytes, w->bytes + w->at, w->end - w->at);
		w->end -= w->at;
		w->at = 0;
	}
	do
		got = read(w->fd, w->bytes + w->end, WIRE_SIZE - w->end);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	w->end += (size_t)got;
	return true;
}

/* A line of printable text, its end replaced by a NUL; used up. */
static char *
take_line(struct wire *w)
{
	size_t n = 0;

	for (;;) {
		for (; w->at + n < w->end; n++) {
			char *p = w->bytes + w->at + n;

			if (*p == '\n') {
				*p = '\0';
				w->at += n + 1;
				return p - n;
			}
			if (*p < ' ' || *p > '~')
				return NULL;
		}
		if (n == WIRE_SIZE || !fill(w))
			return NULL;
	}
}

static bool
take_bytes(struct wire *w, char *out, size_t n)
{
	while (n > 0) {
		size_t here = w->end - w->at;

		if (here == 0) {
			if (!fill(w))
				return false;
			continue;
		}
		if (here > n)
			here = n;
		memcpy(out, w->bytes + w->at, here);
		explicit_bzero(w->bytes + w->at, here);
		w->at += here;
		out += here;
		n -= here;
	}
	return true;
}

static bool
set_string(char **where, const char *value)
{
	if (*where != NULL || *value == '\0')
		return false;
	return (*where = strdup(value)) != NULL;
}

static bool
set_number(const char *value, long min, long max, long *n)
{
	char *end;

	errno = 0;
	*n = strtol(value, &end, 10);
	return errno == 0 && end != value && *end == '\0' && *n >= min &&
	    *n <= max;
}

/* b64token of RFC 6750: nothing that could end the header line */
static bool
is_token(const char *s)
{
	return s[0] != '\0' &&
	    strspn(s,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-._~+/=") == strlen(s);
}

static bool
use_line(char *line, struct http_request *rq, bool *has_form)
{
	char *value = strchr(line, ' ');
	long n;

	if (value == NULL)
		return false;
	*value++ = '\0';
	if (strcmp(line, "url") == 0)
		return strncmp(value, "https://", 8) == 0 &&
		    set_string(&rq->url, value);
	if (strcmp(line, "ca_file") == 0)
		return value[0] == '/' && set_string(&rq->ca_file, value);
	if (strcmp(line, "proxy") == 0)
		return set_string(&rq->proxy, value);
	if (strcmp(line, "bearer") == 0)
		return is_token(value) && set_string(&rq->bearer, value);
	if (strcmp(line, "timeout_ms") == 0)
		return set_number(value, 1, TIMEOUT_MS_MAX, &rq->timeout_ms);
	if (strcmp(line, "body_max") == 0 &&
	    set_number(value, 1, HTTP_BODY_LIMIT, &n)) {
		rq->body_max = (size_t)n;
		return true;
	}
	if (strcmp(line, "length") == 0 && set_number(value, 0, FORM_MAX, &n)) {
		rq->form_len = (size_t)n;
		*has_form = true;
		return true;
	}
	return false;
}

static bool
read_form(struct wire *w, struct http_request *rq)
{
	if ((rq->form = calloc(1, rq->form_len + 1)) == NULL)
		return false;
	return take_bytes(w, rq->form, rq->form_len);
}

static bool
read_request(struct wire *w, struct http_request *rq)
{
	bool has_form = false, ok;
	char *line;
	size_t len;

	if ((line = take_line(w)) == NULL || strcmp(line, magic) != 0)
		return false;
	for (int i = 0; i < LINES_MAX; i++) {
		if ((line = take_line(w)) == NULL)
			return false;
		if (line[0] == '\0')
			return rq->url != NULL && rq->timeout_ms > 0 &&
			    rq->body_max > 0 && (!has_form || read_form(w, rq));
		len = strlen(line);
		ok = use_line(line, rq, &has_form);
		explicit_bzero(line, len);
		if (!ok)
			return false;
	}
	return false;
}

static void
wipe_string(char *s, size_t len)
{
	if (s != NULL)
		explicit_bzero(s, len);
	free(s);
}

void
wire_request_clear(struct http_request *request)
{
	free(request->url);
	free(request->ca_file);
	free(request->proxy);
	wipe_string(request->bearer,
	    request->bearer != NULL ? strlen(request->bearer) : 0);
	wipe_string(request->form, request->form_len);
	*request = (struct http_request){ .url = NULL };
}

bool
wire_read(struct wire *wire, struct http_request *request)
{
	*request = (struct http_request){ .url = NULL };
	if (read_request(wire, request))
		return true;
	wire_request_clear(request);
	return false;
}

static bool
write_exactly(int fd, const char *p, size_t n)
{
	while (n > 0) {
		const ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

bool
wire_write(int fd, const struct http_answer *a)
{
	static const char *const results[] = {
		[HTTP_ANSWERED] = "answered",
		[HTTP_NO_ANSWER] = "no_answer",
		[HTTP_BAD_ANSWER] = "bad_answer",
	};
	const size_t len = a->result == HTTP_ANSWERED ? a->body_len : 0;
	char head[1024];
	int n;

	n = snprintf(head, sizeof(head),
	    "%s\nresult %s\nwhy %s\nstatus %ld\ntype %s\ndate %ld\n"
	    "retry_after %ld\nlimit_left %ld\nlimit_reset %ld\nlength %zu\n\n",
	    magic, results[a->result], a->why[0] != '\0' ? a->why : "-",
	    a->status, a->type[0] != '\0' ? a->type : "-",
	    a->date > 0 ? a->date : 0, a->retry_after, a->limit_left,
	    a->limit_reset, len);
	return n > 0 && (size_t)n < sizeof(head) &&
	    write_exactly(fd, head, (size_t)n) &&
	    write_exactly(fd, a->body, len);
}
