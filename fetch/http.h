/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_HTTP_H
#define AUDIENT_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_BODY_LIMIT (1024 * 1024) /* whatever the request says */

/* All strings are owned and NUL-terminated; NULL means "not given". */
struct http_request {
	char *url;
	char *ca_file;
	char *proxy;
	char *bearer;
	char *form; /* not NULL: POST */
	size_t form_len;
	long timeout_ms;
	size_t body_max;
};

enum http_result { HTTP_ANSWERED, HTTP_NO_ANSWER, HTTP_BAD_ANSWER };

struct http_answer {
	enum http_result result;
	char why[320]; /* unless HTTP_ANSWERED: one printable line */
	long status;
	char type[64]; /* media type, lower case, without parameters */
	long date;     /* 0: not said; so for the next three, -1 for left */
	long retry_after;
	long limit_left;
	long limit_reset;
	char *body; /* owned */
	size_t body_len;
};

struct http;

struct http *http_open(void); /* NULL: no memory, or libcurl is too old */
void http_close(struct http *http);

/* Always fills in *answer; the connection is kept for the next request. */
void http_do(struct http *http, const struct http_request *request,
    struct http_answer *answer);

void http_answer_clear(struct http_answer *answer);

#endif
