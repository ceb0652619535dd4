/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_WIRE_H
#define AUDIENT_WIRE_H

#include "http.h"

#define WIRE_SIZE 20480 /* longest line: a token of 16 KiB */

/* What was read and not yet used. */
struct wire {
	int fd;
	size_t at;
	size_t end;
	char bytes[WIRE_SIZE];
};

/*
 * The next request.  False at the end of the input and for anything that is
 * not exactly a request; *request is then empty.
 */
bool wire_read(struct wire *wire, struct http_request *request);
void wire_request_clear(struct http_request *request); /* wipes the token */

/* False: the other side is gone. */
bool wire_write(int fd, const struct http_answer *answer);

#endif
