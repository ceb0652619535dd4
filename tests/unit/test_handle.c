/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "admin.h"
#include "count.h"
#include "site.h"
#include "unit.h"
#include "wrapped.h"

/*
 * What audient_open() makes of the host that it finds itself on: its name, a
 * tree in place of the root directory, want of memory, and forks at any time.
 * The linker sends the calls here.
 */
int __wrap_asprintf(char **s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **s, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int __real_gethostname(char *name, size_t n);
int __wrap_gethostname(char *name, size_t n);
int __real_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a);
int __wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a);
int __real_pthread_mutex_unlock(pthread_mutex_t *m);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *m);
int __real_EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig,
    size_t siglen, const unsigned char *tbs, size_t tbslen);
int __wrap_EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig,
    size_t siglen, const unsigned char *tbs, size_t tbslen);

static unsigned long countdown; /* to the call that fails; 0: none does */
static bool has_failed;

static bool
refuse(void)
{
	if (countdown == 0 || --countdown != 0)
		return false;
	has_failed = true;
	errno = ENOMEM;
	return true;
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : __real_calloc(n, size);
}

char *
__wrap_strdup(const char *s)
{
	return refuse() ? NULL : __real_strdup(s);
}

int
__wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a)
{
	return refuse() ? EAGAIN : __real_pthread_mutex_init(m, a);
}

int
__wrap_asprintf(char **s, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = refuse() ? -1 : vasprintf(s, format, args);
	va_end(args);
	return n;
}

int
__wrap___asprintf_chk(char **s, int flag, const char *format, ...)
{
	va_list args;
	int n;

	(void)flag;
	va_start(args, format);
	n = refuse() ? -1 : vasprintf(s, format, args);
	va_end(args);
	return n;
}

#define BARE	 "issuer = " SITE_A "\njwks_file = /j\nusername_claim = user\n"
#define AUDIENCE "audience = " SITE_API "\n"

static struct site site;

static struct audient *
open_with(struct audient_options options)
{
	char problem[AUDIENT_LINE_MAX];
	struct audient *a;

	if (options.text == NULL)
		options.config = site.conf;
	if (audient_open(&a, &options, problem) != REASON_OK)
		fail_msg("%s", problem);
	return a;
}

/* --- the host's name -------------------------------------------------------
 */

static const char *host; /* what it is called; NULL: what it really is */
static bool is_nameless; /* asking for it fails */

int
__wrap_gethostname(char *name, size_t n)
{
	const size_t len = host != NULL ? strlen(host) + 1 : 0;

	if (host == NULL)
		return __real_gethostname(name, n);
	memcpy(name, host, len < n ? len : n); /* POSIX: perhaps no NUL */
	errno = ENAMETOOLONG;
	return is_nameless ? -1 : 0;
}

static void
test_host(void **state)
{
	char *x = unit_repeat('x', 300), *cut = unit_repeat('x', 259);
	const struct {
		const char *name, *host;
		bool fails;
		const char *want; /* NULL: refused */
	} rows[] = {
		{ "small letters", "a.b-c.example", false,
		    "urn:a.b-c.example" },
		{ "capitals", "AmZ.Example", false, "urn:amz.example" },
		{ "what stands beside them", "@[`{/09", false, "urn:@[`{/09" },
		{ "without an end", x, false, cut },
		{ "no name", "", false, NULL },
		{ "it cannot be asked", "other", true, NULL },
	};
	const struct audient_options options = { .text = BARE
		"audience = urn:%h\n" };

	(void)state;
	memcpy(cut, "urn:", 4); /* and 255 letters behind it */
	for (size_t i = 0; i < nitems(rows); i++) {
		char problem[AUDIENT_LINE_MAX];
		struct audient_rules rules;
		struct audient *a;

		host = rows[i].host;
		is_nameless = rows[i].fails;
		row_reason(rows[i].name, audient_open(&a, &options, problem),
		    rows[i].want != NULL ? REASON_OK : REASON_CONFIG_INVALID);
		host = NULL;
		is_nameless = false;
		row_has(rows[i].name, problem,
		    rows[i].want != NULL ? "" : "line:4: audience: %h is");
		if (a != NULL) {
			audient_find_rules(a, "sshd", &rules);
			row_text(rows[i].name, rules.audiences.item[0],
			    rows[i].want != NULL ? rows[i].want : "refused");
		}
		audient_close(a);
	}
	free(cut);
	free(x);
	rows_end();
}

/* --- a tree ----------------------------------------------------------------
 */

#define TREE                                                                  \
	"audience = " SITE_API "\nusername_claim = user\ntenant = a b\n"      \
	"cache_dir = /cache\nfetch_helper = /h\n[tenant a]\nissuer = " SITE_A \
	"\njwks_file = /j\n[tenant b]\nissuer = " SITE_B                      \
	"\nca_file = /c\n[service imap]\nuser_map = /m\n[service smtp]\n"     \
	"deny_file = /d\n"

static void
show_path(struct buf *out, const char *path)
{
	assert_int_equal(buf_printf(out, "%s ", path != NULL ? path : "-"),
	    REASON_OK);
}

static void
show_paths(struct buf *out, struct audient *a)
{
	struct audient_tenant tenant;
	struct audient_rules rules;

	show_path(out, audient_cache_dir(a));
	show_path(out, audient_helper(a));
	for (size_t i = 0; audient_get_tenant(a, i, &tenant); i++) {
		show_path(out, tenant.jwks_file);
		show_path(out, tenant.ca_file);
	}
	for (size_t i = 1; audient_get_rules(a, i, &rules); i++) {
		show_path(out, rules.user_map);
		show_path(out, rules.deny_file);
	}
}

/* Each path is below the tree, once; what is not set stays that way. */
static void
test_tree(void **state)
{
	static const struct {
		const char *root, *want;
	} rows[] = {
		{ "/tree",
		    "/tree/cache /tree/h /tree/j - - /tree/c /tree/m - - "
		    "/tree/d " },
		{ "", "/cache /h /j - - /c /m - - /d " },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf out = BUF_INIT(4096);
		struct audient *a =
		    open_with((struct audient_options){ .text = TREE,
			.root = rows[i].root });

		show_paths(&out, a);
		row_count(true);
		row_text(rows[i].root, out.data, rows[i].want);
		buf_free(&out);
		audient_close(a);
	}
	rows_end();
}

/* Those that nobody has named are below it, too. */
static void
test_tree_defaults(void **state)
{
	struct audient *a = open_with(
	    (struct audient_options){ .text = BARE AUDIENCE, .root = "/tree" });

	(void)state;
	row_bool("cache_dir",
	    span_starts(span_of(audient_cache_dir(a)), "/tree/"), true);
	row_bool("fetch_helper",
	    span_starts(span_of(audient_helper(a)), "/tree/"), true);
	audient_close(a);
	rows_end();
}

/* Who only looks makes no directory. */
static void
test_no_directory(void **state)
{
	char *cache = unit_path(site.dir, "new");

	(void)state;
	site_configure(&site,
	    "issuer = " SITE_A "\njwks_file = %A\ncache_dir = %D/new\n"
	    "audience = " SITE_API "\nusername_claim = user\n");
	audient_close(open_with((struct audient_options){ .root = "" }));
	row_bool("by who looks", access(cache, F_OK) == 0, false);
	audient_close(open_with((struct audient_options){ .root = NULL }));
	row_bool("by who decides", access(cache, F_OK) == 0, unit_is_root());
	free(cache);
	rows_end();
}

/* --- no memory -------------------------------------------------------------
 */

static void
run_out(const char *name, const struct audient_options *options)
{
	const size_t fds = unit_files();
	unsigned long n = 0;

	do {
		char problem[AUDIENT_LINE_MAX];
		struct audient *a = (void *)1;
		enum reason reason;

		has_failed = false;
		countdown = ++n;
		reason = audient_open(&a, options, problem);
		countdown = 0;
		row_reason(name, reason,
		    has_failed ? REASON_OUT_OF_MEMORY : REASON_OK);
		row_true(name, (a == NULL) == has_failed);
		row_has(name, problem,
		    has_failed ? reason_text(REASON_OUT_OF_MEMORY) : "");
		audient_close(a);
	} while (has_failed);
	print_message("%s: %lu calls\n", name, n - 1);
	row_true(name, n > 5);
	row_number(name, (int64_t)unit_files(), (int64_t)fds);
}

static void
test_no_memory(void **state)
{
	char *deny = unit_path(site.dir, "deny");

	(void)state;
	unit_write(site.map, SPAN("alice alice\n"), 0600);
	unit_write(deny, SPAN("sub bob\n"), 0600);
	free(deny);
	site_configure(&site, SITE_ONE "user_map = %M\ndeny_file = %D/deny\n");
	run_out("a short life",
	    &(struct audient_options){ .config = site.conf });
	run_out("a long life",
	    &(struct audient_options){ .config = site.conf,
		.is_long_lived = true });
	run_out("a tree",
	    &(struct audient_options){ .text = TREE, .root = "/tree" });
	run_out("a tree and defaults",
	    &(struct audient_options){ .text = BARE AUDIENCE,
		.root = "/tree" });
	rows_end();
}

/* --- forks -----------------------------------------------------------------
 */

static struct audient *audient;
static char *token;
static unsigned int verified;
static unsigned long unlocks; /* until the one at which we fork; 0: never */
static unsigned int child_decides;
static int ended; /* how the child did; -1: there was none */

int
__wrap_EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig,
    size_t siglen, const unsigned char *tbs, size_t tbslen)
{
	verified++;
	return __real_EVP_PKEY_verify(ctx, sig, siglen, tbs, tbslen);
}

static bool
decide(void)
{
	const struct audient_request rq = { .token = span_of(token),
		.service = "imap",
		.user = "alice",
		.uid = AUDIENT_NOT_ACCOUNTS };
	struct audient_verdict v;
	struct audient_line line;
	const enum reason reason = audient_check(audient, &rq, &v);

	audient_audit(audient, &rq, &v, &line);
	return reason == REASON_OK;
}

/* A child whose parent held a lock, and which is all alone with it. */
static _Noreturn void
live_on(void)
{
	unsigned int good = 0;

	(void)alarm(10);
	verified = 0;
	for (unsigned int i = 0; i < child_decides; i++)
		good += decide();
	audient_close(audient);
	_exit(good != child_decides ? 100 : (int)verified);
}

int
__wrap_pthread_mutex_unlock(pthread_mutex_t *m)
{
	pid_t child;

	if (unlocks != 0 && --unlocks == 0) {
		if ((child = fork()) == 0)
			live_on();
		assert_int_equal(waitpid(child, &ended, 0), child);
	}
	return __real_pthread_mutex_unlock(m);
}

static void
add_up(void *arg, const char *service, const char *reason, uint64_t n)
{
	(void)service;
	(void)reason;
	*(uint64_t *)arg += n;
}

/* At each lock in turn; want is how often the child looks at a signature. */
static void
fork_always(const char *name, bool is_long_lived, unsigned int decides,
    unsigned int want)
{
	char *cache = unit_path(site.dir, "cache");
	unsigned long n = 0;

	child_decides = decides;
	do {
		uint64_t counted = 0;

		site_empty_cache(&site);
		audient = open_with(
		    (struct audient_options){ .is_long_lived = is_long_lived });
		ended = -1;
		unlocks = ++n;
		for (int i = 0; i < 3; i++)
			row_true(name, decide());
		unlocks = 0;
		audient_close(audient);
		row_count(ended == -1);
		if (ended == -1)
			break;
		row_number(name, ended, (int64_t)want << 8);
		(void)count_read(cache, add_up, &counted);
		row_number(name, (int64_t)counted, 3 + decides);
	} while (true);
	print_message("%s: %lu forks\n", name, n - 1);
	row_true(name, n > 5);
	free(cache);
}

static void
test_forks(void **state)
{
	(void)state;
	unit_write(site.map, SPAN("alice alice\n"), 0600);
	site_configure(&site, SITE_ONE "user_map = %M\n");
	fork_always("the child is busy, too", true, 3, 1);
	fork_always("the child decides nothing", true, 0, 0);
	fork_always("nothing is remembered", false, 3, 3);
	rows_end();
}

static int
set_up(void **state)
{
	const long long now = time(NULL);
	char *claims;

	(void)state;
	site_make(&site);
	assert_true(asprintf(&claims,
			"{\"iss\":\"" SITE_A "\",\"aud\":\"" SITE_API "\","
			"\"sub\":\"auth0|alice\",\"azp\":\"client\","
			"\"user\":\"alice\",\"iat\":%lld,\"exp\":%lld}",
			now - 100, now + 50000) > 0);
	token = mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, claims, NULL);
	free(claims);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	free(token);
	site_remove(&site);
	mint_end();
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_host),
	cmocka_unit_test(test_tree),
	cmocka_unit_test(test_tree_defaults),
	cmocka_unit_test(test_no_directory),
	cmocka_unit_test(test_no_memory),
	cmocka_unit_test(test_forks),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
