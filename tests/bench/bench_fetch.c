/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPU of one request to /userinfo on a connection that is kept: by a helper
 * that stays, with both processes counted, and by a bare libcurl handle that
 * is used again.
 *
 *     bench_fetch HELPER CA-FILE URL TOKEN [ROUNDS]
 */
#include <curl/curl.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "fetch.h"

#define TOKEN_SIZE 16384
#define BODY_MAX   65536
#define BATCH	   10

static char token[TOKEN_SIZE];
static const char *helper, *ca_file, *url;
static struct fetcher *fetcher;
static CURL *curl;
static clockid_t helper_clock;

static void
die(const char *what)
{
	(void)fprintf(stderr, "bench_fetch: %s\n", what);
	exit(1);
}

static double
read_clock(clockid_t clock)
{
	struct timespec ts = { .tv_sec = 0 };

	(void)clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static bool
ask_helper(void)
{
	const struct fetch_request rq = { .url = url,
		.bearer = { .ptr = token, .len = strlen(token) },
		.ca_file = ca_file,
		.body_max = BODY_MAX };
	struct fetch_answer answer;
	bool ok;

	fetch(fetcher, &rq, clock_ms() + 8000, &answer);
	ok = answer.result == FETCH_ANSWERED && answer.status == 200 &&
	    answer.body.len > 0;
	fetch_answer_clear(&answer);
	return ok;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	*(size_t *)arg += size * n;
	return size * n;
}

static bool
ask_curl(void)
{
	size_t len = 0;
	long status = 0;

	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &len);
	return curl_easy_perform(curl) == CURLE_OK &&
	    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) ==
	    CURLE_OK &&
	    status == 200 && len > 0;
}

static void
open_curl(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (curl = curl_easy_init()) == NULL ||
	    curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER) !=
		CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, token) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK)
		die("libcurl does not start");
}

/* The helper that stays: the newest process that runs this program. */
static void
find_helper(void)
{
	char path[64];
	struct stat want, st;
	struct dirent *d;
	long pid = 0;
	DIR *dir = opendir("/proc");

	if (dir == NULL || stat(helper, &want) != 0)
		die(helper);
	while ((d = readdir(dir)) != NULL) {
		const long n = strtol(d->d_name, NULL, 10);

		(void)snprintf(path, sizeof(path), "/proc/%ld/exe", n);
		if (n > pid && stat(path, &st) == 0 &&
		    st.st_ino == want.st_ino && st.st_dev == want.st_dev)
			pid = n;
	}
	(void)closedir(dir);
	if (pid == 0 || clock_getcpuclockid((pid_t)pid, &helper_clock) != 0)
		die("the helper did not stay");
}

static double
cost_of_helper(void)
{
	const double before =
	    read_clock(CLOCK_PROCESS_CPUTIME_ID) + read_clock(helper_clock);

	for (int i = 0; i < BATCH; i++)
		if (!ask_helper())
			die("the helper got no answer");
	return (read_clock(CLOCK_PROCESS_CPUTIME_ID) +
		   read_clock(helper_clock) - before) /
	    BATCH;
}

static double
cost_of_curl(void)
{
	const double before = read_clock(CLOCK_PROCESS_CPUTIME_ID);

	for (int i = 0; i < BATCH; i++)
		if (!ask_curl())
			die("libcurl got no answer");
	return (read_clock(CLOCK_PROCESS_CPUTIME_ID) - before) / BATCH;
}

int
main(int argc, char **argv)
{
	size_t rounds = 51;
	double *ours, *bare, *ratio;
	FILE *f;

	if (argc < 5)
		die("usage: bench_fetch HELPER CA-FILE URL TOKEN [ROUNDS]");
	helper = argv[1];
	ca_file = argv[2];
	url = argv[3];
	if (argc > 5)
		rounds = strtoul(argv[5], NULL, 10);
	if ((f = fopen(argv[4], "r")) == NULL ||
	    fgets(token, sizeof(token), f) == NULL)
		die(argv[4]);
	(void)fclose(f);
	token[strcspn(token, "\n")] = '\0';
	if (fetcher_open(&fetcher, helper, true) != REASON_OK)
		die("no memory");
	open_curl();
	if (!ask_helper() || !ask_curl())
		die("the first request failed");
	find_helper();
	ours = calloc(rounds, sizeof(double));
	bare = calloc(rounds, sizeof(double));
	ratio = calloc(rounds, sizeof(double));
	if (ours == NULL || bare == NULL || ratio == NULL)
		die("no memory");
	for (size_t i = 0; i < rounds; i++) {
		bare[i] = cost_of_curl();
		ours[i] = cost_of_helper();
		ratio[i] = ours[i] / bare[i];
	}
	(void)printf("one /userinfo on a kept connection, client CPU, %zu "
		     "rounds in turns\n%-34s %12s %8s\n",
	    rounds, "", "median us", "ratio");
	(void)printf("%-34s %12.1f %8.2f\n", "bare libcurl handle, kept",
	    bench_median(bare, rounds) / 1e3, 1.0);
	(void)printf("%-34s %12.1f %8.2f\n", "helper that stays, both sides",
	    bench_median(ours, rounds) / 1e3, bench_median(ratio, rounds));
	fetcher_close(fetcher);
	curl_easy_cleanup(curl);
	return 0;
}
