/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audient-fetch: makes one HTTPS request after the other for the modules,
 * which run in processes where network code has no business.  It reads
 * requests from standard input and writes answers to standard output until
 * there is no more input.  Both have the form
 *
 *     audient-fetch 1
 *     key value
 *     length 12
 *     (empty line)
 *     (12 bytes of body)
 *
 * Keys of a request: url, timeout_ms, body_max, ca_file, proxy, bearer.  A
 * request with a length is a POST of a form.  Keys of an answer: result
 * (answered, no_answer, bad_answer), why, status, type, date, retry_after,
 * limit_left, limit_reset.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"
#include "http.h"
#include "wire.h"

int
main(int argc, char **argv)
{
	static struct wire wire = { .fd = STDIN_FILENO };
	struct http_request request;
	struct http_answer answer;
	struct http *http;
	int rc = EXIT_FAILURE;

	(void)argv;
	if (argc != 1 || isatty(STDIN_FILENO)) {
		(void)fprintf(stderr,
		    "audient-fetch is started by the "
		    "audient modules; it takes no argument.\n"
		    "See audient-fetch(8).\n");
		return 2;
	}
	if (!confine() || (http = http_open()) == NULL)
		return EXIT_FAILURE;
	while (wire_read(&wire, &request)) {
		http_do(http, &request, &answer);
		rc = wire_write(STDOUT_FILENO, &answer) ? EXIT_SUCCESS
							: EXIT_FAILURE;
		http_request_clear(&request);
		http_answer_clear(&answer);
		if (rc != EXIT_SUCCESS)
			break;
	}
	http_close(http);
	return rc;
}
