/* SPDX-License-Identifier: BSD-2-Clause */
#include "http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_MS	 3000L
#define RETRY_MAX	 86400L
#define HEADER_BYTES_MAX 65536

struct http {
	CURL *curl;
	char ca_dir[256]; /* "" if the system has no hashed directory */
};

/* One transfer on its way. */
struct transfer {
	struct http_answer *answer;
	size_t body_max;
	size_t alloc;
	size_t header_bytes;
	bool too_large;
};

/*
 * Reading Debian's bundle of all authorities costs 21 ms of CPU a process,
 * the hashed directory next to nothing; but not every system has one.
 */
static void
find_ca_dir(struct http *http)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	const char *dir =
	    info->capath != NULL ? info->capath : "/etc/ssl/certs";
	/* of ISRG Root X1, DigiCert Global Root G2, GTS Root R1 */
	static const char *const common[] = { "4042bcee", "607986c7",
		"1001acf7" };
	char path[512];
	FILE *f;

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s.0", dir, common[i]);
		if ((f = fopen(path, "re")) == NULL)
			continue;
		(void)fclose(f);
		(void)snprintf(http->ca_dir, sizeof(http->ca_dir), "%s", dir);
		return;
	}
}

struct http *
http_open(void)
{
	struct http *http;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (http = calloc(1, sizeof(*http))) == NULL)
		return NULL;
	if ((http->curl = curl_easy_init()) == NULL) {
		free(http);
		return NULL;
	}
	find_ca_dir(http);
	return http;
}

void
http_close(struct http *http)
{
	curl_easy_cleanup(http->curl);
	free(http);
	curl_global_cleanup();
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct http_answer *a = t->answer;

	n *= size; /* size is always 1 */
	if (n > t->body_max - a->body_len) {
		t->too_large = true;
		return 0; /* anything but n makes curl give up */
	}
	if (a->body_len + n + 1 > t->alloc) {
		const size_t alloc = 2 * (a->body_len + n + 1);
		char *grown = malloc(alloc);

		if (grown == NULL)
			return 0;
		if (a->body_len > 0)
			memcpy(grown, a->body, a->body_len);
		if (a->body != NULL)
			explicit_bzero(a->body, t->alloc);
		free(a->body);
		a->body = grown;
		t->alloc = alloc;
	}
	memcpy(a->body + a->body_len, p, n);
	a->body_len += n;
	return n;
}

/* The value of a header of this name, or NULL. */
static const char *
header_value(const char *line, const char *name)
{
	const size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	return line + n + 1 + strspn(line + n + 1, " \t");
}

static long
number(const char *s, long otherwise)
{
	char *end;
	const long n = strtol(s, &end, 10);

	return end == s || n < 0 ? otherwise : n;
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct http_answer *a = t->answer;
	char line[256];
	const char *v;
	size_t len;

	n *= size;
	t->header_bytes += n;
	if (t->header_bytes > HEADER_BYTES_MAX) {
		t->too_large = true;
		return 0;
	}
	len = n < sizeof(line) ? n : sizeof(line) - 1;
	memcpy(line, p, len);
	line[len] = '\0';
	if ((v = header_value(line, "date")) != NULL)
		a->date = (long)curl_getdate(v, NULL);
	else if ((v = header_value(line, "x-ratelimit-remaining")) != NULL)
		a->limit_left = number(v, -1);
	else if ((v = header_value(line, "x-ratelimit-reset")) != NULL)
		a->limit_reset = number(v, 0);
	return n;
}

static CURLcode
set_trust(struct http *http, const struct http_request *rq)
{
	CURL *c = http->curl;
	CURLcode rc;

	if (rq->ca_file != NULL) {
		if ((rc = curl_easy_setopt(c, CURLOPT_CAPATH, NULL)) !=
		    CURLE_OK)
			return rc;
		return curl_easy_setopt(c, CURLOPT_CAINFO, rq->ca_file);
	}
	if (http->ca_dir[0] == '\0')
		return CURLE_OK;
	if ((rc = curl_easy_setopt(c, CURLOPT_CAINFO, NULL)) != CURLE_OK)
		return rc;
	return curl_easy_setopt(c, CURLOPT_CAPATH, http->ca_dir);
}

/* Every option has to take: half a set-up could follow a redirect. */
static bool
set_up(struct http *http, const struct http_request *rq, struct transfer *t,
    char *error)
{
	CURL *c = http->curl;
	unsigned int bad = CURLE_OK;

	curl_easy_reset(c);
	bad |= curl_easy_setopt(c, CURLOPT_URL, rq->url);
	bad |= curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
	bad |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	bad |= curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	bad |= curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	bad |= curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
	bad |= curl_easy_setopt(c, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	bad |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	bad |= curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	bad |= curl_easy_setopt(c, CURLOPT_PROXY,
	    rq->proxy != NULL ? rq->proxy : "");
	bad |=
	    curl_easy_setopt(c, CURLOPT_NOPROXY, rq->proxy != NULL ? "" : "*");
	bad |= curl_easy_setopt(c, CURLOPT_USERAGENT, "audient/" VERSION);
	bad |= curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, rq->timeout_ms);
	bad |= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
	    rq->timeout_ms < CONNECT_MS ? rq->timeout_ms : CONNECT_MS);
	bad |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	bad |= curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	bad |= curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	bad |= set_trust(http, rq);
	if (rq->bearer != NULL) {
		bad |= curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		bad |= curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, rq->bearer);
	}
	if (rq->form != NULL) {
		bad |= curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE,
		    (long)rq->form_len);
		bad |= curl_easy_setopt(c, CURLOPT_POSTFIELDS, rq->form);
	}
	return bad == CURLE_OK;
}

/* curl's word for the media type: "Application/JSON; charset=utf-8" */
static void
set_type(struct http_answer *answer, const char *type)
{
	size_t n = type != NULL ? strcspn(type, "; \t\r\n") : 0;

	if (n >= sizeof(answer->type))
		n = 0;
	for (size_t i = 0; i < n; i++)
		answer->type[i] = (char)tolower((unsigned char)type[i]);
	answer->type[n] = '\0';
}

static void
fail(struct http_answer *answer, enum http_result result, const char *why)
{
	answer->result = result;
	(void)snprintf(answer->why, sizeof(answer->why), "%s", why);
	for (char *p = answer->why; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = ' ';
}

/*
 * Somebody with the right certificate said it, or somebody with a wrong one
 * would have: old keys do not help against him.
 */
static bool
is_bad_answer(CURLcode rc)
{
	return rc == CURLE_PEER_FAILED_VERIFICATION ||
	    rc == CURLE_SSL_ISSUER_ERROR || rc == CURLE_SSL_INVALIDCERTSTATUS ||
	    rc == CURLE_WEIRD_SERVER_REPLY || rc == CURLE_FILESIZE_EXCEEDED ||
	    rc == CURLE_BAD_CONTENT_ENCODING;
}

static void
conclude(CURL *c, CURLcode rc, const char *error, const struct transfer *t,
    struct http_answer *answer)
{
	curl_off_t wait = 0;
	const char *type = NULL;

	if (t->too_large) {
		fail(answer, HTTP_BAD_ANSWER,
		    "the answer is larger than allowed");
		return;
	}
	if (rc != CURLE_OK) {
		fail(answer,
		    is_bad_answer(rc) ? HTTP_BAD_ANSWER : HTTP_NO_ANSWER,
		    error[0] != '\0' ? error : curl_easy_strerror(rc));
		return;
	}
	if (curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &answer->status) !=
		CURLE_OK ||
	    curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK ||
	    curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &wait) != CURLE_OK) {
		fail(answer, HTTP_NO_ANSWER, "libcurl has no status");
		return;
	}
	set_type(answer, type);
	answer->retry_after = wait < RETRY_MAX ? (long)wait : RETRY_MAX;
	answer->result = HTTP_ANSWERED;
}

void
http_do(struct http *http, const struct http_request *request,
    struct http_answer *answer)
{
	char error[CURL_ERROR_SIZE] = "";
	struct transfer t = { .answer = answer, .body_max = request->body_max };

	*answer = (struct http_answer){ .limit_left = -1 };
	if (!set_up(http, request, &t, error)) {
		fail(answer, HTTP_NO_ANSWER,
		    "this libcurl lacks an option that is needed");
		return;
	}
	conclude(http->curl, curl_easy_perform(http->curl), error, &t, answer);
}

static void
wipe(char *s, size_t n)
{
	if (s != NULL)
		explicit_bzero(s, n);
	free(s);
}

void
http_answer_clear(struct http_answer *answer)
{
	wipe(answer->body, answer->body_len);
	answer->body = NULL;
	answer->body_len = 0;
}
