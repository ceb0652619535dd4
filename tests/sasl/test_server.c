/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's plug-in as libsasl2 handles it: when it is offered, steps in
 * any order, many connections.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "wallet.h"

/* --- TLS
 * ------------------------------------------------------------------------- */

static const struct tls_row {
	const char *name;
	struct peer peer;
	bool is_offered;
} tls_rows[] = {
	{ "TLS", { .service = "imap" }, true },
	{ "112 bits", { .ssf = 112 }, true },
	{ "ldapi", { .service = "ldap", .ssf = 71 }, true },
	{ "host-enforced, TLS", { .service = "svn" }, true },
	{ "host-enforced, not told", { .service = "svn", .no_tls = true },
	    true },
	{ "a host that wants no plain text, with TLS",
	    { .wants = SASL_SEC_NOPLAINTEXT }, true },
	{ "a host that wants no anonymous users",
	    { .wants = SASL_SEC_NOANONYMOUS }, true },
	{ "a host that wants to pass credentials on",
	    { .wants = SASL_SEC_PASS_CREDENTIALS }, true },
	{ "a host that is a proxy", { .flags = SASL_NEED_PROXY }, true },
	{ "no TLS", { .no_tls = true }, false },
	{ "70 bits", { .ssf = 70 }, false },
	{ "DES", { .ssf = 56 }, false },
	{ "1 bit", { .ssf = 1 }, false },
	{ "a host that wants no plain text, without TLS",
	    { .service = "svn", .no_tls = true, .wants = SASL_SEC_NOPLAINTEXT },
	    false },
	{ "a host that wants forward secrecy",
	    { .wants = SASL_SEC_FORWARD_SECRECY }, false },
	{ "a host that wants mutual authentication",
	    { .wants = SASL_SEC_MUTUAL_AUTH }, false },
	{ "a host that speaks HTTP", { .flags = SASL_NEED_HTTP }, false },
};

static void
test_tls(void **state)
{
	char *good = bearer(NULL, tokens[GOOD]);

	(void)state;
	for (size_t i = 0; i < nitems(tls_rows); i++) {
		const struct tls_row *row = &tls_rows[i];
		struct talk talk;

		talk_open(&talk, &row->peer);
		row_count(row->is_offered);
		row_text(row->name, talk_mechs(&talk),
		    row->is_offered ? OB " " X2 : "");
		row_true(row->name,
		    (talk_start(&talk, OB, span_of(good)) == SASL_OK) ==
			row->is_offered);
		row_text(row->name, talk_user(&talk),
		    row->is_offered ? "alice" : "");
		talk_close(&talk);
	}
	free(good);
	rows_end();
}

/* Offered under TLS, used without: a host with a bug. */
static void
test_tls_lost(void **state)
{
	const struct peer peer = { .service = NULL };
	char *good = bearer(NULL, tokens[GOOD]);
	const sasl_ssf_t none = 0;
	struct talk talk;

	(void)state;
	host_forget();
	talk_open(&talk, &peer);
	assert_int_equal(talk_start(&talk, OB, (struct span){ .ptr = NULL }),
	    SASL_CONTINUE);
	assert_int_equal(sasl_setprop(talk.conn, SASL_SSF_EXTERNAL, &none),
	    SASL_OK);
	assert_int_equal(talk_step(&talk, span_of(good)), SASL_ENCRYPT);
	assert_string_equal(talk_error(&talk), "TLS is needed");
	assert_string_equal(talk_user(&talk), "");
	assert_non_null(
	    strstr(host_log(), "\"it came without TLS\" rhost=192.0.2.7\n"));
	talk_close(&talk);
	free(good);
	row_count(false);
}

/* --- whence */

/* An address without its port, in verdicts and in all other lines. */
static void
test_rhost(void **state)
{
	static const struct {
		const char *remote, *logged;
	} rows[] = {
		{ NULL, " rhost=192.0.2.7" },
		{ "2001:db8::1;993", " rhost=2001:db8::1" },
		{ "", NULL },
	};
	char *bad = bearer(NULL, tokens[EXPIRED]);

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct peer peer = { .remote = rows[i].remote };
		const char *const starts[] = { bad, "n,," };
		struct talk talk;

		for (size_t n = 0; n < nitems(starts); n++) {
			const char *at, *end;

			host_forget();
			talk_open(&talk, &peer);
			row_true("refused",
			    talk_start(&talk, OB, span_of(starts[n])) !=
				SASL_OK);
			talk_close(&talk);
			at = strstr(host_log(), " rhost=");
			if (rows[i].logged == NULL) {
				row_true("not told", at == NULL);
				continue;
			}
			assert_non_null(at);
			end = at + strlen(rows[i].logged);
			row_has(rows[i].logged, at, rows[i].logged);
			row_true(rows[i].logged, *end == ' ' || *end == '\n');
		}
	}
	row_count(false);
	free(bad);
	rows_end();
}

/* --- steps in any order
 * ---------------------------------------------------------- */

static void
test_order(void **state)
{
	const struct peer peer = { .service = NULL };
	char *good = bearer(NULL, tokens[GOOD]);
	char *bad = bearer(NULL, tokens[EXPIRED]);
	struct talk talk;

	(void)state;
	/* more after success: the framework says no */
	talk_open(&talk, &peer);
	row_number("success", talk_start(&talk, OB, span_of(good)), SASL_OK);
	row_true("after success", talk_step(&talk, span_of(good)) != SASL_OK);
	talk_close(&talk);

	/* more after a failure that ended it */
	talk_open(&talk, &peer);
	row_number("garbage", talk_start(&talk, OB, SPAN("x")), SASL_BADPROT);
	row_number("after garbage", talk_step(&talk, span_of(good)),
	    SASL_BADPROT);
	row_text("after garbage", talk_error(&talk), "the exchange is over");
	/* another try on the same connection is good */
	row_number("again", talk_start(&talk, X2, SPAN("x")), SASL_BADPROT);
	row_number("and again", talk_start(&talk, OB, span_of(good)), SASL_OK);
	talk_close(&talk);

	/* a new start where an answer was due */
	talk_open(&talk, &peer);
	row_number("refused", talk_start(&talk, OB, span_of(bad)),
	    SASL_CONTINUE);
	row_number("start for an answer", talk_start(&talk, OB, span_of(good)),
	    SASL_OK);
	row_text("start for an answer", talk_user(&talk), "alice");
	talk_close(&talk);

	/* a length without bytes */
	talk_open(&talk, &peer);
	row_number("asked", talk_start(&talk, OB, (struct span){ .ptr = NULL }),
	    SASL_CONTINUE);
	row_number("length without bytes",
	    sasl_server_step(talk.conn, NULL, 5, &talk.out, &talk.out_len),
	    SASL_BADPARAM);
	talk_close(&talk);
	row_count(false);
	free(good);
	free(bad);
	rows_end();
}

/* Connections that take turns do not get in each other's way. */
static void
test_turns(void **state)
{
	const struct peer peer = { .service = NULL };
	char *good = bearer(NULL, tokens[GOOD]);
	char *bad = bearer(NULL, tokens[EXPIRED]);
	struct talk talk[50];

	(void)state;
	for (size_t i = 0; i < nitems(talk); i++) {
		talk_open(&talk[i], &peer);
		row_number("start",
		    talk_start(&talk[i], OB, (struct span){ .ptr = NULL }),
		    SASL_CONTINUE);
	}
	for (size_t n = nitems(talk); n > 0; n--)
		row_number("step",
		    talk_step(&talk[n - 1], span_of(n % 2 == 1 ? good : bad)),
		    n % 2 == 1 ? SASL_OK : SASL_CONTINUE);
	for (size_t i = 0; i < nitems(talk); i++) {
		row_count(i % 2 == 0);
		row_text("user", talk_user(&talk[i]),
		    i % 2 == 0 ? "alice" : "");
		if (i % 2 != 0)
			row_text("reply", talk[i].out, SAYS("invalid_token"));
		talk_close(&talk[i]);
	}
	free(good);
	free(bad);
	rows_end();
}

static size_t
heap_in_use(void)
{
#ifdef SANITIZERS
	return 0; /* it has a heap of its own, and looks for leaks itself */
#else
	return mallinfo2().uordblks;
#endif
}

/* A connection that ends at any step leaves nothing behind. */
static void
test_aborts(void **state)
{
	const struct peer peer = { .service = NULL };
	char *bad = bearer(NULL, tokens[EXPIRED]);
	size_t before = 0;

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		struct talk talk;

		if (i == 1000) /* by now all buffers have their size */
			before = heap_in_use();
		host_forget();
		talk_open(&talk, &peer);
		if (i % 4 > 0)
			(void)talk_start(&talk, OB,
			    i % 4 == 1 ? (struct span){ .ptr = NULL }
				       : span_of(bad));
		if (i % 4 == 3)
			(void)talk_step(&talk, SPAN("\1"));
		talk_close(&talk);
	}
	host_forget();
	row_count(false);
	row_true("memory", heap_in_use() <= before + 4096);
	free(bad);
	rows_end();
}

/* Who comes again is let in by memory, and the log has the same of him. */
static void
test_again(void **state)
{
	const struct peer peer = { .service = NULL };
	char *good = bearer(NULL, tokens[GOOD]), *first = NULL;
	struct talk talk;

	(void)state;
	for (int n = 0; n < 3; n++) {
		host_forget();
		talk_open(&talk, &peer);
		row_count(true);
		row_number("again", talk_start(&talk, OB, span_of(good)),
		    SASL_OK);
		row_has("again", host_log(), " token=");
		if (first == NULL)
			first = strdup(host_log());
		row_text("again", host_log(), first);
		talk_close(&talk);
	}
	free(first);
	free(good);
	rows_end();
}

static void
add(void *arg, const char *service, const char *reason, uint64_t n)
{
	int64_t *total = arg;

	row_text("service", service, "smtp");
	row_text("reason", reason, "expired");
	*total += (int64_t)n;
}

/* Who only asks what is wanted is no refusal in audient stats, either. */
static void
test_counts(void **state)
{
	const struct peer peer = { .service = "smtp" };
	char *bad = bearer(NULL, tokens[EXPIRED]);
	const struct span sent[] = { span_of(bad), SPAN("n,,\1auth=\1\1"),
		SPAN("n,a=alice,\1auth=\1\1"), span_of(bad) };
	char *cache = unit_path(site.dir, "cache");
	struct talk talk;
	int64_t total = 0;

	(void)state;
	sides_close();
	site_empty_cache(&site);
	assert_int_equal(host_open(options), SASL_OK);
	for (size_t i = 0; i < nitems(sent); i++) {
		talk_open(&talk, &peer);
		row_count(false);
		row_number("start", talk_start(&talk, OB, sent[i]),
		    SASL_CONTINUE);
		row_number("end", talk_step(&talk, SPAN("\1")), SASL_BADAUTH);
		talk_close(&talk);
	}
	sides_close(); /* writes what was not written yet */
	row_true("counts", count_read(cache, add, &total));
	row_number("two of four", total, 2);
	assert_int_equal(host_open(options), SASL_OK);
	free(cache);
	free(bad);
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_tls_lost),
		cmocka_unit_test(test_rhost),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_aborts),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_counts),
	};

	return unit_end(
	    cmocka_run_group_tests(tests, wallet_open_host, wallet_close));
}
