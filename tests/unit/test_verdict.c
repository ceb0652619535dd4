/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "handle.h"
#include "unit.h"

static struct audient audient; /* what it takes for a digest and a count */
static char *dir;

/* The audit line is part of the interface. */
static const struct {
	const char *name;
	struct audient_request rq;
	struct audient_verdict v;
	const char *want;
} rows[] = {
	{ "allowed",
	    { .service = "sshd",
		.user = "alice",
		.uid = 1000,
		.rhost = "192.0.2.1",
		.token = BYTES("eyJhbGciOiJSUzI1NiJ9.e30.c2ln") },
	    { .reason = REASON_OK,
		.proof = PROOF_JWT,
		.user = "alice",
		.subject = "auth0|5f7c",
		.client = "abc",
		.key = "k1",
		.expires = NOW },
	    "service=sshd user=alice verdict=allow reason=ok "
	    "subject=auth0|5f7c client=abc token=cc529d9b1b8a key=k1 "
	    "proof=jwt rhost=192.0.2.1" },
	{ "for somebody else",
	    { .service = "imap", .user = "bob", .uid = AUDIENT_NOT_ACCOUNTS },
	    { .reason = REASON_OK,
		.proof = PROOF_USERINFO,
		.user = "alice",
		.is_delegate = true },
	    "service=imap user=alice acts_for=bob verdict=allow "
	    "reason=ok proof=userinfo audience=unbound" },
	{ "its digest is known",
	    { .service = "imap",
		.user = "alice",
		.uid = AUDIENT_NOT_ACCOUNTS,
		.token = BYTES("eyJhbGciOiJSUzI1NiJ9.e30.c2ln") },
	    { .reason = REASON_OK,
		.user = "alice",
		.token_id = "0123456789ab" },
	    "service=imap user=alice verdict=allow reason=ok "
	    "token=0123456789ab" },
	{ "denied", { .service = "sshd", .user = "alice", .uid = 1000 },
	    { .reason = REASON_EXPIRED,
		.proof = PROOF_JWT,
		.subject = "auth0|5f7c",
		.check = "exp",
		.found = "7 seconds ago",
		.wanted = "a time to come" },
	    "service=sshd user=alice verdict=deny reason=expired "
	    "subject=auth0|5f7c proof=jwt check=exp "
	    "found=\"7 seconds ago\" wanted=\"a time to come\"" },
	/* people type passwords into the name field */
	{ "no such account",
	    { .service = "sshd", .user = "hunter2", .uid = AUDIENT_NO_ACCOUNT },
	    { .reason = REASON_USER_MISMATCH,
		.check = "user",
		.found = "alice",
		.wanted = "hunter2" },
	    "service=sshd user=\"(no account)\" verdict=deny "
	    "reason=user_mismatch check=user found=alice" },
	{ "junk",
	    { .service = "sshd",
		.user = "alice",
		.uid = 1000,
		.token = BYTES("hunter2") },
	    { .reason = REASON_NOT_A_TOKEN },
	    "service=sshd user=alice verdict=deny "
	    "reason=not_a_token" },
	{ "nobody asked for",
	    { .service = "ldap", .uid = AUDIENT_NOT_ACCOUNTS },
	    { .reason = REASON_ISSUER_UNAVAILABLE, .check = "key" },
	    "service=ldap verdict=retry reason=issuer_unavailable "
	    "check=key" },
	{ "broken", { .service = "ldap" }, { .reason = REASON_CONFIG_INVALID },
	    "service=ldap verdict=broken reason=config_invalid" },
	{ "bug", { .service = "ldap" }, { .reason = (enum reason)99 },
	    "service=ldap verdict=broken reason=internal" },
	{ "empty name", { .service = "sshd", .user = "", .uid = 1 },
	    { .reason = REASON_USER_MISMATCH },
	    "service=sshd verdict=deny reason=user_mismatch" },
	{ "no service", { .service = "" }, { .reason = REASON_OK },
	    "service=\"\" verdict=allow reason=ok" },

	/* text that would pass for something else */
	{ "blank", { .service = "sshd", .user = "a b" },
	    { .reason = REASON_EXPIRED },
	    "service=sshd user=\"a b\" verdict=deny reason=expired" },
	{ "pairs of its own", { .service = "sshd", .user = "a verdict=allow" },
	    { .reason = REASON_EXPIRED },
	    "service=sshd user=\"a verdict=allow\" verdict=deny "
	    "reason=expired" },
	{ "equals sign", { .service = "sshd", .user = "a=b" },
	    { .reason = REASON_EXPIRED },
	    "service=sshd user=\"a=b\" verdict=deny "
	    "reason=expired" },
	{ "quote", { .service = "sshd", .user = "a\" verdict=allow" },
	    { .reason = REASON_EXPIRED },
	    "service=sshd user=\"a' verdict=allow\" verdict=deny "
	    "reason=expired" },
	{ "only a quote", { .service = "sshd", .user = "\"" },
	    { .reason = REASON_EXPIRED },
	    "service=sshd user=\"'\" verdict=deny reason=expired" },
	{ "newline",
	    { .service = "sshd", .user = "a\nservice=x verdict=allow" },
	    { .reason = REASON_EXPIRED },
	    "service=sshd user=\"a\\x0aservice=x verdict=allow\" "
	    "verdict=deny reason=expired" },
	{ "escape", { .service = "sshd", .rhost = "\x1b[2J" },
	    { .reason = REASON_EXPIRED },
	    "service=sshd verdict=deny reason=expired "
	    "rhost=\\x1b[2J" },
	{ "8 bit", { .service = "sshd", .rhost = "\xff\xc3\xa9" },
	    { .reason = REASON_EXPIRED },
	    "service=sshd verdict=deny reason=expired "
	    "rhost=\\xff\\xc3\\xa9" },
	{ "hostile service", { .service = "x verdict=allow\n" },
	    { .reason = REASON_EXPIRED },
	    "service=\"x verdict=allow\\x0a\" verdict=deny "
	    "reason=expired" },
	{ "hostile subject", { .service = "imap" },
	    { .reason = REASON_EXPIRED, .subject = "\" verdict=allow \\x0a" },
	    "service=imap verdict=deny reason=expired "
	    "subject=\"' verdict=allow \\x0a\"" },
};

/* The pairs say what the line says, of which a long one lacks its end. */
static void
check_pairs(const char *name, const struct audient_line *line)
{
	struct buf told = BUF_INIT(8192);

	for (size_t i = 0; i < line->n_pairs; i++) {
		const struct audient_pair *p = line->pairs + i;
		const int len = (int)p->value.len;
		const bool is_bare = len > 0 &&
		    memchr(p->value.ptr, ' ', p->value.len) == NULL &&
		    memchr(p->value.ptr, '=', p->value.len) == NULL &&
		    memchr(p->value.ptr, '\'', p->value.len) == NULL;

		assert_int_equal(buf_printf(&told,
				     is_bare ? "%s%s=%.*s" : "%s%s=\"%.*s\"",
				     i > 0 ? " " : "", p->key, len,
				     p->value.ptr),
		    REASON_OK);
	}
	row_true(name, line->len == strlen(line->text));
	if (line->len == AUDIENT_LINE_MAX - 1 && told.len > line->len)
		told.data[line->len] = '\0';
	row_text(name, told.data, line->text);
	buf_free(&told);
}

static void
test_lines(void **state)
{
	struct audient_line line;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		audient_audit(&audient, &rows[i].rq, &rows[i].v, &line);
		row_text(rows[i].name, line.text, rows[i].want);
		check_pairs(rows[i].name, &line);
		row_count(rows[i].v.reason == REASON_OK);
	}
	rows_end();
}

/* Everything as long as can be: the verdict is still there. */
static void
test_long(void **state)
{
	char *wild = unit_repeat('\x01', 5000);
	struct audient_line line;
	const struct audient_request rq = { .service = wild,
		.user = wild,
		.rhost = wild,
		.uid = 1 };
	struct audient_verdict v = { .reason = REASON_EXPIRED,
		.proof = PROOF_JWT,
		.check = wild };

	(void)state;
	memset(v.subject, 's', sizeof(v.subject) - 1);
	memset(v.client, '=', sizeof(v.client) - 1);
	memset(v.key, '"', sizeof(v.key) - 1);
	memset(v.found, ' ', sizeof(v.found) - 1);
	memset(v.wanted, 'w', sizeof(v.wanted) - 1);
	audient_audit(&audient, &rq, &v, &line);
	assert_true(strlen(line.text) < AUDIENT_LINE_MAX);
	assert_non_null(
	    strstr(line.text, " verdict=deny reason=expired subject="));
	for (const char *p = line.text; *p != '\0'; p++)
		assert_in_range(*p, 0x20, 0x7e);
	check_pairs("long", &line);
	row_number("the line is full", (int64_t)line.len, AUDIENT_LINE_MAX - 1);
	row_true("no pair is beyond its end",
	    line.n_pairs > 0 && line.pairs[line.n_pairs - 1].value.len > 0);
	rows_end();
	free(wild);
}

/* A host that lives long counts where it is cheap. */
static void
each(void *arg, const char *service, const char *reason, uint64_t n)
{
	(void)reason;
	if (strcmp(service, "tallied") == 0)
		*(uint64_t *)arg += n;
}

static void
test_tally(void **state)
{
	const struct audient_request rq = { .service = "tallied" };
	const struct audient_verdict v = { .reason = REASON_EXPIRED };
	struct audient_line line;
	uint64_t n = 0;

	(void)state;
	assert_int_equal(tally_open(&audient.tally), REASON_OK);
	for (int i = 0; i < 100; i++)
		audient_audit(&audient, &rq, &v, &line);
	(void)count_read(dir, each, &n);
	assert_in_range(n, 1, 99);
	tally_write(audient.tally, audient.world.cache);
	tally_close(audient.tally);
	audient.tally = NULL;
	n = 0;
	(void)count_read(dir, each, &n);
	assert_int_equal(n, 100);
}

/* A session begins and ends with a line like that of the decision. */
static void
test_sessions(void **state)
{
	static const struct {
		const char *name, *service, *user, *event;
		struct audient_login login;
		const char *want;
	} sessions[] = {
		{ "all", "sshd", "alice", "open",
		    { .user = "alice",
			.subject = "auth0|5f7c",
			.client = "abc",
			.token_id = "cc529d9b1b8a",
			.expires = NOW },
		    "service=sshd user=alice session=open subject=auth0|5f7c "
		    "client=abc token=cc529d9b1b8a expires=1800000000" },
		{ "little is known", "sshd", "alice", "close", { .expires = 0 },
		    "service=sshd user=alice session=close" },
		{ "hostile", "ss hd", "a session=open\n\"", "open",
		    { .subject = "\" x=y", .client = "=", .token_id = "" },
		    "service=\"ss hd\" user=\"a session=open\\x0a'\" "
		    "session=open subject=\"' x=y\" client=\"=\"" },
	};
	struct audient_line line;

	(void)state;
	for (size_t i = 0; i < nitems(sessions); i++) {
		audient_audit_session(sessions[i].service, sessions[i].user,
		    sessions[i].event, &sessions[i].login, &line);
		row_text(sessions[i].name, line.text, sessions[i].want);
		check_pairs(sessions[i].name, &line);
		row_count(true);
	}
	rows_end();
}

/* What the session hears of the decision. */
static void
test_login(void **state)
{
	const struct audient_request rq = {
		.token = BYTES("eyJhbGciOiJSUzI1NiJ9.e30.c2ln"),
		.user = "somebody"
	};
	const struct audient_verdict v = { .user = "alice",
		.subject = "auth0|5f7c",
		.client = "abc",
		.expires = NOW };
	struct audient_login login;

	(void)state;
	memset(&login, 0xff, sizeof(login));
	audient_login(&audient, &rq, &v, &login);
	assert_string_equal(login.user, "alice");
	assert_string_equal(login.subject, "auth0|5f7c");
	assert_string_equal(login.client, "abc");
	assert_string_equal(login.token_id, "cc529d9b1b8a");
	assert_int_equal(login.expires, NOW);
}

static void
test_init(void **state)
{
	struct audient_verdict v;

	(void)state;
	memset(&v, 0xff, sizeof(v));
	verdict_init(&v);
	assert_int_equal(v.reason, REASON_INTERNAL);
	assert_int_equal(v.proof, PROOF_NONE);
	assert_string_equal(v.user, "");
	assert_null(v.check);
	assert_int_equal(v.expires, 0);
}

/* Of a user who did not get in the verdict keeps nothing. */
static void
test_set_trace(void **state)
{
	struct audient_verdict v = { .reason = REASON_USER_REFUSED,
		.user = "alice",
		.is_delegate = true };
	struct trace trace;

	(void)state;
	trace_init(&trace);
	(void)trace_text(&trace, "account", REASON_USER_REFUSED, "wanted",
	    "found");
	verdict_set_trace(&v, &trace);
	assert_string_equal(v.user, "");
	assert_false(v.is_delegate);
	assert_string_equal(v.check, "account");
	assert_string_equal(v.found, "found");
	assert_string_equal(v.wanted, "wanted");
	v = (struct audient_verdict){ .reason = REASON_OK, .user = "alice" };
	verdict_set_trace(&v, &trace);
	assert_string_equal(v.user, "alice");
	assert_null(v.check);
	assert_string_equal(v.found, "");
}

static void
test_set_claims(void **state)
{
	const struct json *json =
	    unit_json("{\"sub\":\"a\\nb\",\"exp\":1800000000,"
		      "\"azp\":\"c\"}",
		NULL, NULL);
	const struct claims claims = { .json = json, .proof = PROOF_JWT };
	const struct json *bad =
	    unit_json("{\"sub\":1,\"exp\":-1}", NULL, NULL);
	const struct claims bad_claims = { .json = bad, .proof = PROOF_JWT };
	struct audient_verdict v;

	(void)state;
	verdict_init(&v);
	verdict_set_claims(&v, &claims);
	assert_string_equal(v.subject, "a\\x0ab");
	assert_string_equal(v.client, "c");
	assert_int_equal(v.proof, PROOF_JWT);
	assert_int_equal(v.reason, REASON_INTERNAL);
	verdict_init(&v);
	verdict_set_claims(&v, &bad_claims);
	assert_string_equal(v.subject, "");
	assert_string_equal(v.client, "");
	unit_json_free(json);
	unit_json_free(bad);
}

/* Twelve digits say which token it was; the digest of a password is told of
 * by nobody. */
static void
test_token_id(void **state)
{
	static const struct {
		const char *name;
		struct span token;
		const char *want;
	} ids[] = {
		{ "token", BYTES("eyJhbGciOiJSUzI1NiJ9.e30.c2ln"),
		    "cc529d9b1b8a" },
		{ "nothing", BYTES(""), "" },
		{ "password", BYTES("abc"), "" },
		{ "begins nearly so", BYTES("eyj"), "" },
		{ "begins so later", BYTES(" eyJ"), "" },
		{ "cut off", BYTES("ey"), "" },
	};
	char id[AUDIENT_TOKEN_ID_SIZE];
	struct audient_verdict v;

	(void)state;
	for (size_t i = 0; i < nitems(ids); i++) {
		audient_token_id(&audient, ids[i].token, id);
		row_text(ids[i].name, id, ids[i].want);
		row_count(ids[i].want[0] != '\0');
	}
	verdict_init(&v);
	verdict_set_key(&v, SPAN("k\x01"));
	row_text("key", v.key, "k\\x01");
	for (size_t n = AUDIENT_NAME_MAX + 1; n <= AUDIENT_NAME_MAX + 2; n++) {
		char *kid = unit_repeat('k', n);

		verdict_set_key(&v, span_of(kid));
		row_bool("a long key", strcmp(v.key, kid) == 0,
		    n == AUDIENT_NAME_MAX + 1);
		free(kid);
	}
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	dir = unit_dir();
	return crypto_open(&audient.world.crypto) == REASON_OK &&
		cache_open(&audient.world.cache, dir, &audient.world.crypto,
		    false) == REASON_OK
	    ? 0
	    : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	cache_close(audient.world.cache);
	crypto_close(&audient.world.crypto);
	unit_dir_remove(dir);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_lines),
	cmocka_unit_test(test_long),
	cmocka_unit_test(test_tally),
	cmocka_unit_test(test_sessions),
	cmocka_unit_test(test_login),
	cmocka_unit_test(test_init),
	cmocka_unit_test(test_set_trace),
	cmocka_unit_test(test_set_claims),
	cmocka_unit_test(test_token_id),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
