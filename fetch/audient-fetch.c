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
 * limit_left, limit_reset.  With the argument "keep" it serves a host that
 * lives long: it is not that host's child, and ends after half a minute
 * without a request.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "confine.h"
#include "http.h"
#include "wire.h"

#define IDLE_MS 30000 /* a kept helper ends when nobody needs it */
#define LIFE_S	600   /* and sees new CA files and name servers some time */

/* Nobody has asked for anything for a while, or it is time for a fresh one. */
static bool
is_idle(const struct wire *wire, time_t started)
{
	struct pollfd p = { .fd = wire->fd, .events = POLLIN };

	return wire->at == wire->end &&
	    (time(NULL) - started > LIFE_S || poll(&p, 1, IDLE_MS) == 0);
}

static int
serve(struct http *http, bool is_kept)
{
	static struct wire wire = { .fd = STDIN_FILENO };
	const time_t started = time(NULL);
	struct http_request request;
	struct http_answer answer;
	int rc = EXIT_FAILURE;
	bool ok = true;

	while (ok && !(is_kept && is_idle(&wire, started)) &&
	    wire_read(&wire, &request)) {
		http_do(http, &request, &answer);
		ok = wire_write(STDOUT_FILENO, &answer);
		rc = ok ? EXIT_SUCCESS : EXIT_FAILURE;
		wire_request_clear(&request);
		http_answer_clear(&answer);
	}
	return rc;
}

/* The one who started us gets its child back at once and keeps none. */
static bool
detach(void)
{
	const pid_t pid = fork();

	if (pid > 0)
		_exit(EXIT_SUCCESS);
	return pid == 0;
}

int
main(int argc, char **argv)
{
	const bool is_kept = argc == 2 && strcmp(argv[1], "keep") == 0;
	struct http *http;
	int rc;

	if ((argc != 1 && !is_kept) || isatty(STDIN_FILENO)) {
		(void)fprintf(stderr,
		    "audient-fetch is started by the audient modules.\n"
		    "See audient-fetch(8).\n");
		return 2;
	}
	if (!confine() || (is_kept && !detach()) ||
	    (http = http_open()) == NULL)
		return EXIT_FAILURE;
	rc = serve(http, is_kept);
	http_close(http);
	return rc;
}
