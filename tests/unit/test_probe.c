/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "clock.h"
#include "count.h"
#include "handle.h"
#include "site.h"
#include "unit.h"
#include "wrapped.h"

/*
 * What the command asks of issuers, and what it finds at hand.  The linker
 * sends the clocks, the helper and some memory here; the disk is real.
 */
#define B     "https://b.example.com/"
#define META  ".well-known/openid-configuration"
#define KEYS  "https://keys.example.com/a"
#define OTHER "https://keys.example.com/b"
#define CONF                                         \
	"cache_dir = %D/cache\naudience = " SITE_API \
	"\nusername_claim = user\ntimeout = 7\n"
#define ISSUER "issuer = " SITE_A "\n"

int64_t __wrap_clock_now(void);
int64_t __real_clock_ms(void);
int64_t __wrap_clock_ms(void);
void __wrap_fetch(struct fetcher *f, const struct fetch_request *request,
    int64_t deadline_ms, struct fetch_answer *answer);

static int64_t now, said_ms;

int64_t
__wrap_clock_now(void)
{
	return now;
}

int64_t
__wrap_clock_ms(void)
{
	return said_ms = __real_clock_ms();
}

static int copies = -1; /* that can be made; -1: all */

char *
__wrap_strndup(const char *s, size_t n)
{
	return copies >= 0 && copies-- == 0 ? NULL : __real_strndup(s, n);
}

/* --- issuers */

static struct {
	const char *url; /* NULL: no more of them */
	int status;
	const char *body;
	int64_t date;
} answers[4];
static struct {
	char urls[1024]; /* a line each */
	struct fetch_request request;
	int64_t left_ms; /* from the last look at the clock */
} asked;
static bool helper_is_well;
static const char *helper_says;

static void
add_line(char *lines, size_t size, const char *line)
{
	const size_t len = strlen(lines);

	assert_true(len + strlen(line) + 2 <= size);
	(void)snprintf(lines + len, size - len, "%s\n", line);
}

void
__wrap_fetch(struct fetcher *f, const struct fetch_request *request,
    int64_t deadline_ms, struct fetch_answer *answer)
{
	(void)f;
	add_line(asked.urls, sizeof(asked.urls), request->url);
	asked.request = *request;
	asked.left_ms = deadline_ms - said_ms;
	*answer = (struct fetch_answer){ .result = FETCH_NO_ANSWER,
		.body = BUF_INIT(request->body_max),
		.limit_left = -1,
		.helper_is_well = helper_is_well };
	text_printf(&answer->why, "%s", helper_says);
	for (size_t i = 0; i < nitems(answers) && answers[i].url != NULL; i++)
		if (strcmp(answers[i].url, request->url) == 0) {
			answer->result = FETCH_ANSWERED;
			answer->status = answers[i].status;
			answer->date = answers[i].date;
			(void)snprintf(answer->type, sizeof(answer->type),
			    "application/json");
			assert_int_equal(buf_add_str(&answer->body,
					     answers[i].body),
			    REASON_OK);
		}
}

static void
answer(size_t i, const char *url, int status, const char *body, int64_t date)
{
	assert_true(i < nitems(answers));
	answers[i].url = url;
	answers[i].status = status;
	answers[i].body = body;
	answers[i].date = date;
}

static struct site site;
static char *good_set; /* two keys, the second one unusable */

static struct audient *
start(const char *conf)
{
	const struct audient_options options = { .config = site.conf };
	char problem[AUDIENT_LINE_MAX];
	struct audient *a;

	site_configure(&site, conf);
	if (audient_open(&a, &options, problem) != REASON_OK)
		fail_msg("%s", problem);
	now = NOW;
	memset(answers, 0, sizeof(answers));
	memset(&asked, 0, sizeof(asked));
	return a;
}

/* What each() has heard, a line for each time. */
static char told[4096];

static void
hear(void *arg, const char *what, bool is_good, const char *text)
{
	char line[2048];

	row_true("each() has its argument", arg == &site);
	(void)snprintf(line, sizeof(line), "%s %s %s", is_good ? "ok" : "bad",
	    what, text);
	add_line(told, sizeof(told), line);
}

static bool
probe(struct audient *a, struct audient_probe *p)
{
	*p = (struct audient_probe){ .each = hear, .arg = &site };
	told[0] = asked.urls[0] = '\0';
	return audient_probe(a, 0, p);
}

/* One place for the keys, and all that may be found there. */
static const struct {
	const char *name;
	int status;
	const char *body; /* NULL: the good set */
	int64_t date;
	bool want;
	const char *told;
	size_t n_keys;
	bool has_skew;
	int64_t skew;
} places[] = {
	{ "good", 200, NULL, 0, true, "ok " KEYS " 2 keys\n", 2, false, 0 },
	{ "good, and its clock is ours", 200, NULL, NOW, true,
	    "ok " KEYS " 2 keys\n", 2, true, 0 },
	{ "good, and ahead", 200, NULL, NOW + 90, true, "ok " KEYS " 2 keys\n",
	    2, true, 90 },
	{ "good, and behind", 200, NULL, NOW - 1, true, "ok " KEYS " 2 keys\n",
	    2, true, -1 },
	{ "not found", 404, "{}", NOW + 90, false,
	    "bad " KEYS " " KEYS ": HTTP status 404\n", 0, false, 0 },
	{ "ill", 500, "{}", 0, false,
	    "bad " KEYS " " KEYS ": HTTP status 500\n", 0, false, 0 },
	{ "not JSON", 200, "keys", NOW, false,
	    "bad " KEYS " " KEYS ": the answer is not a JSON object\n", 0,
	    false, 0 },
	{ "no set", 200, "{}", NOW, false,
	    "bad " KEYS " " KEYS ": the key set is refused: ", 0, false, 0 },
	{ "no usable key", 200, "{\"keys\":[{\"kty\":\"OKP\"}]}", NOW, false,
	    "bad " KEYS " " KEYS ": the key set is refused: ", 0, false, 0 },
	{ "a private key", 200,
	    "{\"keys\":[{\"kty\":\"RSA\",\"d\":\"c2VjcmV0\"}]}", 0, false,
	    "bad " KEYS " " KEYS ": the key set is refused: ", 0, false, 0 },
};

static void
test_places(void **state)
{
	struct audient *a = start(ISSUER "jwks_uri = " KEYS "\n"
					 "ca_file = /no/ca\n" CONF);
	struct audient_probe p;

	(void)state;
	for (size_t i = 0; i < nitems(places); i++) {
		answer(0, KEYS, places[i].status,
		    places[i].body != NULL ? places[i].body : good_set,
		    places[i].date);
		row_bool(places[i].name, probe(a, &p), places[i].want);
		row_true(places[i].name,
		    span_starts(span_of(told), places[i].told));
		row_text(places[i].name, strchr(told, '\n'), "\n");
		row_true(places[i].name, strstr(told, "c2VjcmV0") == NULL);
		row_text(places[i].name, asked.urls, KEYS "\n");
		row_bool(places[i].name, p.was_asked, true);
		row_number(places[i].name, p.status, places[i].status);
		row_number(places[i].name, (int64_t)p.n_keys,
		    (int64_t)places[i].n_keys);
		row_number(places[i].name, p.has_skew, places[i].has_skew);
		row_number(places[i].name, p.skew, places[i].skew);
	}
	row_text("whom it trusts", asked.request.ca_file, "/no/ca");
	row_number("how much", (int64_t)asked.request.body_max, KEYS_SIZE_MAX);
	row_number("for how long", asked.left_ms, 7000);
	row_true("nothing is shown", asked.request.bearer.len == 0);
	row_true("it is a GET", asked.request.form.ptr == NULL);
	audient_close(a);
	rows_end();
}

/* Nobody answers: what there was before is left as it was. */
static void
test_no_answer(void **state)
{
	struct audient *a = start(ISSUER "jwks_uri = " KEYS "\n" CONF);
	struct audient_probe p;

	(void)state;
	helper_says = "no route to \n\033host";
	row_bool("no answer", probe(a, &p), false);
	row_text("no answer", told,
	    "bad " KEYS " " KEYS ": no route to \\x0a\\x1bhost\n");
	row_number("no answer", p.status, 0);
	p.status = 200;
	row_bool("no answer now", audient_probe(a, 0, &p), false);
	row_number("the last answer there was", p.status, 200);
	audient_close(a);
	rows_end();
}

#define DOC(issuer, more) "{\"issuer\":\"" issuer "\"" more "}"
#define AT(url)		  ",\"jwks_uri\":\"" url "\""

/* The documents of two issuers; the first place that is named has the keys. */
static const struct {
	const char *name;
	const char *a, *b;
	int keys; /* status there */
	bool want;
	const char *told;  /* how it went, a letter for each answer */
	const char *asked; /* behind the two documents */
	int status;
} pairs[] = {
	{ "both good", DOC(SITE_A, AT(KEYS)), DOC(B, AT(KEYS)), 200, true,
	    "ooo", KEYS, 200 },
	{ "two places", DOC(SITE_A, AT(KEYS)), DOC(B, AT(OTHER)), 200, true,
	    "ooo", KEYS, 200 },
	{ "two places, the other way", DOC(SITE_A, AT(OTHER)), DOC(B, AT(KEYS)),
	    200, true, "ooo", OTHER, 200 },
	{ "the first is bad", DOC(B, AT(KEYS)), DOC(B, AT(OTHER)), 200, false,
	    "boo", OTHER, 200 },
	{ "the first has no keys", DOC(SITE_A, ""), DOC(B, AT(OTHER)), 200,
	    false, "boo", OTHER, 200 },
	{ "the second is bad", DOC(SITE_A, AT(KEYS)), DOC(SITE_A, AT(OTHER)),
	    200, false, "obo", KEYS, 200 },
	{ "the second has no keys", DOC(SITE_A, AT(KEYS)), DOC(B, ""), 200,
	    false, "obo", KEYS, 200 },
	{ "both bad", "[]", "{}", 200, false, "bb", "", 200 },
	{ "keys by http", DOC(SITE_A, AT("http://k/")), DOC(B, AT("http://k/")),
	    200, false, "bb", "", 200 },
	{ "no keys there", DOC(SITE_A, AT(KEYS)), DOC(B, AT(KEYS)), 404, false,
	    "oob", KEYS, 404 },
};

/* The first letter of each line. */
static void
row_told(const char *name, const char *letters)
{
	char got[8] = "";
	size_t n = 0;

	for (const char *p = told; *p != '\0' && n + 1 < sizeof(got);
	     p = strchr(p, '\n') + 1)
		got[n++] = *p;
	row_text(name, got, letters);
}

static void
test_documents(void **state)
{
	struct audient *a = start(ISSUER "issuer = " B "\n" CONF);
	struct audient_probe p;
	char urls[512];

	(void)state;
	for (size_t i = 0; i < nitems(pairs); i++) {
		answer(0, SITE_A META, 200, pairs[i].a, 0);
		answer(1, B META, 200, pairs[i].b, 0);
		answer(2, KEYS, pairs[i].keys, good_set, 0);
		answer(3, OTHER, pairs[i].keys, good_set, 0);
		row_bool(pairs[i].name, probe(a, &p), pairs[i].want);
		row_told(pairs[i].name, pairs[i].told);
		(void)snprintf(urls, sizeof(urls),
		    SITE_A META "\n" B META "\n%s%s", pairs[i].asked,
		    pairs[i].asked[0] != '\0' ? "\n" : "");
		row_text(pairs[i].name, asked.urls, urls);
		row_number(pairs[i].name, p.status, pairs[i].status);
		row_number(pairs[i].name, (int64_t)p.n_keys,
		    pairs[i].asked[0] != '\0' && pairs[i].keys == 200 ? 2 : 0);
		row_number(pairs[i].name, asked.left_ms, 7000);
	}
	audient_close(a);
	rows_end();
}

/* What is said of one document; it is asked for, though it is at hand. */
static void
test_document(void **state)
{
	struct audient *a = start(ISSUER CONF);
	struct audient_probe p;

	(void)state;
	answer(0, SITE_A META, 200, DOC(SITE_A, AT(KEYS)), NOW - 20);
	answer(1, KEYS, 200, good_set, 0);
	for (int i = 0; i < 2; i++) {
		row_bool("good", probe(a, &p), true);
		row_text("good", told, "ok " SITE_A " \nok " KEYS " 2 keys\n");
		row_text("good", asked.urls, SITE_A META "\n" KEYS "\n");
		row_number("its clock", p.has_skew, true);
		row_number("its clock", p.skew, -20);
	}
	answer(1, NULL, 0, NULL, 0);
	helper_says = "refused";
	row_bool("no keys", probe(a, &p), false);
	row_text("no keys", told,
	    "ok " SITE_A " \nbad " KEYS " " KEYS ": refused\n");
	row_number("the last answer", p.status, 200);
	answer(0, SITE_A META, 200, DOC(SITE_A, ""), NOW - 20);
	row_bool("no place", probe(a, &p), false);
	row_text("no place", told,
	    "bad " SITE_A " " SITE_A META
	    ": the discovery document has no jwks_uri\n");
	row_number("no clock of who is not well", p.has_skew, false);
	answer(0, SITE_A META, 404, "{}", NOW - 20);
	row_bool("no document", probe(a, &p), false);
	row_text("no document", told,
	    "bad " SITE_A " " SITE_A META ": HTTP status 404\n");
	row_number("no document", p.status, 404);
	row_number("no clock of it", p.has_skew, false);
	audient_close(a);
	rows_end();
}

/* Without memory for all of a document, nothing of it is used. */
static void
test_no_memory(void **state)
{
	struct audient *a = start(ISSUER CONF);
	struct audient_probe p;

	(void)state;
	answer(0, SITE_A META, 200,
	    DOC(SITE_A, AT(KEYS) ",\"userinfo_endpoint\":\"https://u/\""), 0);
	answer(1, KEYS, 200, good_set, 0);
	for (int i = 0; i < 2; i++) {
		copies = i;
		row_bool("of a document", probe(a, &p), false);
		copies = -1;
		row_has("of a document", told, "out of memory\n");
		row_text("of a document", asked.urls, SITE_A META "\n");
	}
	row_bool("with it", probe(a, &p), true);
	audient_close(a);
	rows_end();
}

/* A file is read again at once, and nobody is asked. */
static void
test_key_file(void **state)
{
	struct audient *a = start(ISSUER "jwks_file = %A\n" CONF);
	struct audient_probe p;
	char want[512];

	(void)state;
	(void)snprintf(want, sizeof(want), "ok %s 2 keys\n", site.jwks_a);
	row_bool("good", probe(a, &p), true);
	row_text("good", told, want);
	row_number("good", (int64_t)p.n_keys, 2);
	row_number("from a file", p.was_asked, false);
	unit_write(site.jwks_a, SPAN("{\"keys\":[]}"), 0600);
	(void)snprintf(want, sizeof(want), "bad %s %s: ", site.jwks_a,
	    site.jwks_a);
	row_bool("and now", probe(a, &p), false);
	row_true("and now", span_starts(span_of(told), want));
	row_number("and now", (int64_t)p.n_keys, 0);
	unit_write(site.jwks_a, SPAN("keys"), 0600);
	row_bool("not JSON", probe(a, &p), false);
	row_has("not JSON", told, ": not a JSON object\n");
	row_number("no status", p.status, 0);
	row_number("no clock", p.has_skew, false);
	unit_write(site.jwks_a, span_of(good_set), 0600);
	row_bool("good again", probe(a, &p), true);
	row_text("nobody was asked", asked.urls, "");
	audient_close(a);
	rows_end();
}

static void
test_helper(void **state)
{
	struct audient *a = start(ISSUER CONF);
	struct {
		char why[AUDIENT_LINE_MAX], behind;
	} got = { .behind = 'x' };

	(void)state;
	helper_is_well = true;
	helper_says = "nobody listens there";
	row_bool("well", audient_probe_helper(a, got.why), true);
	row_text("well", got.why, "nobody listens there");
	row_text("of this host", asked.urls, "https://127.0.0.1:1/\n");
	row_number("for five seconds", asked.left_ms, 5000);
	row_number("hardly anything", (int64_t)asked.request.body_max, 1);
	row_true("nothing is shown", asked.request.bearer.len == 0);
	helper_is_well = false;
	helper_says = "it cannot be started";
	row_bool("not well", audient_probe_helper(a, got.why), false);
	row_text("not well", got.why, "it cannot be started");
	helper_says = "";
	row_bool("nothing to say", audient_probe_helper(a, got.why), false);
	row_text("nothing to say", got.why, "");
	row_number("behind it", got.behind, 'x');
	audient_close(a);
	rows_end();
}

/* --- what is at hand */

static void
row_keys(const char *name, struct audient *a, size_t n, int64_t age,
    bool is_old)
{
	struct audient_keys keys;

	row_bool(name, audient_get_keys(a, 0, &keys), n != 0);
	row_number(name, (int64_t)keys.n, (int64_t)n);
	row_number(name, keys.age, age);
	row_number(name, keys.is_old, is_old);
}

static void
test_keys_at_hand(void **state)
{
	struct audient *a =
	    start(ISSUER "jwks_uri = " KEYS "\nkeys_max_age = 100\n" CONF);
	struct audient_keys keys;

	(void)state;
	row_keys("none", a, 0, 0, false);
	row_text("nobody is asked", asked.urls, "");
	answer(0, KEYS, 200, good_set, NOW + 30);
	row_reason("a set", audient_keys_refresh(a, true), REASON_OK);
	row_keys("new", a, 2, 0, false);
	(void)audient_get_keys(a, 0, &keys);
	row_number("its clock", keys.has_skew, true);
	row_number("its clock", keys.skew, 30);
	now = NOW + 99;
	row_keys("nearly old", a, 2, 99, false);
	now = NOW + 100;
	row_keys("old", a, 2, 100, true);
	audient_close(a);
	a = start(ISSUER "jwks_uri = " KEYS "\nkeys_max_age = 200\n" CONF);
	now = NOW + 150;
	row_keys("from disk", a, 2, 150, false);
	row_text("and nobody is asked", asked.urls, "");
	answer(0, KEYS, 200, good_set, 0);
	row_reason("once more", audient_keys_refresh(a, true), REASON_OK);
	row_keys("as new", a, 2, 0, false);
	(void)audient_get_keys(a, 0, &keys);
	row_number("no clock is known", keys.has_skew, false);
	audient_close(a);
	rows_end();
}

/* No issuer would be asked instead, whatever its age. */
static void
test_file_at_hand(void **state)
{
	struct audient *a =
	    start(ISSUER "jwks_file = %A\nkeys_max_age = 100\n" CONF);

	(void)state;
	row_keys("a file", a, 2, 0, false);
	now = NOW + 1000;
	row_keys("read again", a, 2, 0, false);
	assert_int_equal(unlink(site.jwks_a), 0);
	now = NOW + 3000;
	row_keys("the file is gone", a, 2, 2000, false);
	audient_close(a);
	rows_end();
}

static void
add_count(void *arg, const char *service, const char *reason, uint64_t n)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "%s %s %llu", service, reason,
	    (unsigned long long)n);
	add_line(arg, sizeof(told), line);
}

static void
test_counts(void **state)
{
	struct audient *a = start(ISSUER "jwks_file = %A\n" CONF);

	(void)state;
	told[0] = '\0';
	row_bool("none", audient_counts(a, add_count, told), false);
	row_text("none", told, "");
	count_decisions(a->world.cache, "imap", REASON_EXPIRED, 3);
	count_decisions(a->world.cache, "imap", REASON_OK, 1);
	row_bool("some", audient_counts(a, add_count, told), true);
	row_text("some", told, "imap expired 3\nimap ok 1\n");
	audient_close(a);
	rows_end();
}

static int
set_up(void **state)
{
	char *keys[2];

	(void)state;
	site_make(&site);
	keys[0] = mint_jwk(MINT_RSA, "rsa", NULL);
	keys[1] = strdup("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}");
	assert_non_null(keys[1]);
	good_set = mint_jwks(keys, nitems(keys));
	helper_says = "refused";
	now = NOW;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	site_remove(&site);
	free(good_set);
	mint_end();
	return 0;
}

#define WITH_SITE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	WITH_SITE(test_places),
	WITH_SITE(test_no_answer),
	WITH_SITE(test_documents),
	WITH_SITE(test_document),
	WITH_SITE(test_no_memory),
	WITH_SITE(test_key_file),
	WITH_SITE(test_helper),
	WITH_SITE(test_keys_at_hand),
	WITH_SITE(test_file_at_hand),
	WITH_SITE(test_counts),
};

UNIT_MAIN(tests)
