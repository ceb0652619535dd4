/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many at once, as slapd has them: threads that share one plug-in, while the
 * map of users changes and the tenant gets a new key.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wallet.h"

#define THREADS	 16
#define ROUNDS	 20 /* of all the rows, by each thread */
#define COOLDOWN 1  /* seconds */
#define CONF                                                                \
	"issuer = " SITE_A "\njwks_uri = " SITE_A "jwks\n"                  \
	"cache_dir = %D/cache\nfetch_helper = %D/h\nrefetch_cooldown = 1\n" \
	"audience = " SITE_API "\nusername_claim = user\nuser_map = %M\n"   \
	"[service smtp]\nrequired_scopes = mail\n"                          \
	"[service act]\ndelegation_permission = mail:act\n"

static char *by_new_key;

/* What each thread does, and what must come of it. */
static const struct row {
	const char *service, *mech, *authzid;
	enum which token; /* NONE: the one by the new key */
	int rc;
} rows[] = {
	{ "imap", OB, NULL, GOOD, SASL_OK },
	{ "ldap", OB, "u:alice", GOOD, SASL_OK },
	{ "imap", X2, "alice", GOOD, SASL_OK },
	{ "imap", OB, "bob", GOOD, SASL_NOAUTHZ },
	{ "act", X2, "bob", GOOD, SASL_NOAUTHZ },
	{ "smtp", OB, NULL, GOOD, SASL_CONTINUE },
	{ "imap", OB, NULL, EXPIRED, SASL_CONTINUE },
	{ "ldap", OB, NULL, OTHER_AUDIENCE, SASL_CONTINUE },
	{ "imap", OB, NULL, BAD_SIGNATURE, SASL_CONTINUE },
	{ "imap", X2, "alice", OTHER_KEY, SASL_CONTINUE },
	{ "imap", OB, NULL, NONE, SASL_OK },
};

/* The new key: not there, on its way, there. */
enum phase { BEFORE, MEANWHILE, AFTER };

struct worker {
	pthread_t thread;
	enum phase phase;
	unsigned int wrong[nitems(rows)];
};

static bool
is_right(const struct row *row, enum phase phase, int rc)
{
	if (row->token != NONE || phase == AFTER)
		return rc == row->rc;
	/* a helper may be there just when its answer is being changed */
	return rc == SASL_CONTINUE ||
	    (phase == MEANWHILE && (rc == SASL_OK || rc == SASL_UNAVAIL));
}

static int
talk_once(const struct row *row)
{
	const struct peer peer = { .service = row->service };
	const char *token =
	    row->token != NONE ? tokens[row->token] : by_new_key;
	char *in = strcmp(row->mech, OB) == 0 ? bearer(row->authzid, token)
					      : xoauth2(row->authzid, token);
	struct talk talk;
	int rc;

	talk_open(&talk, &peer);
	rc = talk_start(&talk, row->mech, span_of(in));
	if (rc == SASL_OK && strcmp(talk_user(&talk), "alice") != 0)
		rc = SASL_FAIL;
	if (rc == SASL_CONTINUE &&
	    talk_step(&talk, span_of("\1")) != SASL_BADAUTH)
		rc = SASL_FAIL;
	talk_close(&talk);
	free(in);
	return rc;
}

static void *
work(void *arg)
{
	struct worker *w = arg;

	for (int n = 0; n < ROUNDS; n++)
		for (size_t i = 0; i < nitems(rows); i++)
			if (!is_right(&rows[i], w->phase, talk_once(&rows[i])))
				w->wrong[i]++;
	return NULL;
}

/* Writes the map again and again, now with one line more. */
static atomic_bool is_over;

static void *
change_map(void *arg)
{
	char *next = unit_path(site.dir, "users.new");

	(void)arg;
	for (int n = 0; !atomic_load(&is_over); n++) {
		unit_write(next,
		    span_of(n % 2 == 0 ? "alice alice\n"
				       : "alice alice\nalice shared\n"),
		    0600);
		assert_int_equal(rename(next, site.map), 0);
		(void)usleep(5000);
	}
	free(next);
	return NULL;
}

static void
publish(bool is_new_there)
{
	char *jwk[] = { mint_jwk(MINT_RSA, "rsa", NULL),
		mint_jwk(MINT_RSA_OTHER, "new", NULL) };
	char *jwks = mint_jwks(jwk, is_new_there ? 2 : 1);

	site_answer(&site, "keys", 200, "application/json", jwks);
	free(jwks);
	if (!is_new_there)
		free(jwk[1]);
}

static void
run(const char *name, enum phase phase)
{
	struct worker *workers = calloc(THREADS, sizeof(*workers));

	assert_non_null(workers);
	for (size_t i = 0; i < THREADS; i++) {
		workers[i].phase = phase;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work,
				     &workers[i]),
		    0);
	}
	if (phase == MEANWHILE)
		publish(true);
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		for (size_t r = 0; r < nitems(rows); r++) {
			row_count(rows[r].rc == SASL_OK);
			row_number(name, workers[i].wrong[r], 0);
		}
	}
	free(workers);
}

static void
test_threads(void **state)
{
	const time_t start = time(NULL);
	pthread_t gardener;

	(void)state;
	assert_int_equal(pthread_create(&gardener, NULL, change_map, NULL), 0);
	run("before the new key", BEFORE);
	run("meanwhile", MEANWHILE);
	(void)sleep(COOLDOWN + 1);
	row_number("the new key", talk_once(&rows[nitems(rows) - 1]), SASL_OK);
	run("after", AFTER);
	atomic_store(&is_over, true);
	assert_int_equal(pthread_join(gardener, NULL), 0);

	/* ever so many threads are no more to the tenant than one */
	row_true("few questions",
	    site_asked(&site) <= 2 + (time(NULL) - start) / COOLDOWN);
	row_number("no error", (int64_t)host_lines(SASL_LOG_WARN), 0);
	rows_end();
}

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
/* It knows pthread_mutex_lock(3) and not this one. */
EXPORT int
pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
    const struct timespec *until)
{
	(void)clock;
	(void)until;
	return pthread_mutex_lock(mutex);
}
#endif
#endif

static void *
mutex_new(void)
{
	pthread_mutex_t *mutex = malloc(sizeof(*mutex));

	assert_non_null(mutex);
	assert_int_equal(pthread_mutex_init(mutex, NULL), 0);
	return mutex;
}

static int
mutex_lock(void *mutex)
{
	return pthread_mutex_lock(mutex);
}

static int
mutex_unlock(void *mutex)
{
	return pthread_mutex_unlock(mutex);
}

static void
mutex_free(void *mutex)
{
	(void)pthread_mutex_destroy(mutex);
	free(mutex);
}

static char *
mint_by_new_key(void)
{
	char *dates, *claims, *token;

	assert_true(
	    asprintf(&dates, "\"exp\":%lld,\"iat\":%lld",
		(long long)time(NULL) + 600, (long long)time(NULL)) > 0);
	claims = unit_merge(SITE_CLAIMS, NULL, dates);
	token = mint_token(MINT_RSA_OTHER, ALG_RS256,
	    "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"new\"}", claims,
	    NULL);
	free(claims);
	free(dates);
	return token;
}

static int
set_up(void **state)
{
	(void)wallet_open(state);
	by_new_key = mint_by_new_key();
	unit_write(site.map, span_of("alice alice\n"), 0600);
	site_issuer(&site);
	publish(false);
	site_configure(&site, CONF);
	/* what slapd gives to libsasl2 */
	sasl_set_mutex(mutex_new, mutex_lock, mutex_unlock, mutex_free);
	assert_int_equal(host_open(options), SASL_OK);
	if (host_lines(SASL_LOG_ERR) > 0)
		fail_msg("%s", host_log());
	return 0;
}

static int
tear_down(void **state)
{
	free(by_new_key);
	return wallet_close(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_threads) };

	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
