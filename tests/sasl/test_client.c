/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's plug-in through libsasl2: where the token comes from, what it
 * sends and how it takes a refusal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "caller.h"
#include "wallet.h"

#define TOKEN "eyJhIjoxfQ.eyJiIjoyfQ.c2ln"

/* A program with callbacks for all of it, as Postfix and mbsync have them. */
#define PROGRAM .user = "", .authname = "alice", .token = TOKEN
/* OpenLDAP's programs: what they know, a person has typed. */
#define PERSON .user = "", .authname = "alice", .token = TOKEN, .asks = true

/* --- what is sent
 * ------------------------------------------------------------------ */

static const struct sent {
	const char *name;
	struct knows knows;
	const char *file; /* what is in it; NULL: the password is the token */
	const char *bearer, *xoauth2; /* NULL: nothing is */
	const char *error;
	size_t questions;
} sents[] = {
	{ "all of it", { PROGRAM, .may_ask = true, .remote = "192.0.2.1;993" },
	    NULL,
	    "n,a=alice,\1host=mail.example.com\1port=993\1auth=Bearer " TOKEN
	    "\1\1",
	    "user=alice\1auth=Bearer " TOKEN "\1\1", NULL, 0 },
	{ "to an IPv6 address",
	    { PROGRAM, .may_ask = true, .remote = "2001:db8::1;143" }, NULL,
	    "n,a=alice,\1host=mail.example.com\1port=143\1auth=Bearer " TOKEN
	    "\1\1",
	    "user=alice\1auth=Bearer " TOKEN "\1\1", NULL, 0 },
	{ "address not told", { PROGRAM, .may_ask = true }, NULL,
	    "n,a=alice,\1host=mail.example.com\1auth=Bearer " TOKEN "\1\1",
	    "user=alice\1auth=Bearer " TOKEN "\1\1", NULL, 0 },
	{ "a person is asked", { PERSON }, NULL,
	    "n,a=alice,\1host=mail.example.com\1auth=Bearer " TOKEN "\1\1",
	    "user=alice\1auth=Bearer " TOKEN "\1\1", NULL, 3 },
	{ "as somebody else",
	    { .user = "a,b=c",
		.authname = "alice",
		.token = TOKEN,
		.asks = true },
	    NULL,
	    "n,a=a=2Cb=3Dc,\1host=mail.example.com\1auth=Bearer " TOKEN "\1\1",
	    "user=a,b=c\1auth=Bearer " TOKEN "\1\1", NULL, 3 },
	{ "a program that knows no other user",
	    { .authname = "alice", .token = TOKEN, .may_ask = true }, NULL,
	    "n,a=alice,\1host=mail.example.com\1auth=Bearer " TOKEN "\1\1",
	    "user=alice\1auth=Bearer " TOKEN "\1\1", NULL, 0 },
	{ "newline behind the token",
	    { .authname = "alice", .token = TOKEN "\r\n", .may_ask = true },
	    NULL,
	    "n,a=alice,\1host=mail.example.com\1auth=Bearer " TOKEN "\1\1",
	    "user=alice\1auth=Bearer " TOKEN "\1\1", NULL, 0 },
	{ "from a file", { .authname = "alice" }, "file." TOKEN "\n",
	    "n,a=alice,\1host=mail.example.com\1auth=Bearer file." TOKEN "\1\1",
	    "user=alice\1auth=Bearer file." TOKEN "\1\1", NULL, 0 },
	{ "the file comes before the password", { PROGRAM }, "file." TOKEN,
	    "n,a=alice,\1host=mail.example.com\1auth=Bearer file." TOKEN "\1\1",
	    "user=alice\1auth=Bearer file." TOKEN "\1\1", NULL, 0 },

	{ "an end in the token",
	    { .authname = "alice", .token = TOKEN "\1\1n", .may_ask = true },
	    NULL, NULL, NULL, "this is no access token", 0 },
	{ "no token", { .authname = "alice", .token = "", .may_ask = true },
	    NULL, NULL, NULL, "there is no access token", 0 },
	{ "blanks for a token",
	    { .authname = "alice", .token = " \n", .may_ask = true }, NULL,
	    NULL, NULL, "there is no access token", 0 },
	{ "no name", { .authname = "", .token = TOKEN, .may_ask = true }, NULL,
	    NULL, NULL, "there is no user name", 0 },
	{ "control characters in the name",
	    { .authname = "al\1ice", .token = TOKEN, .may_ask = true }, NULL,
	    NULL, NULL, "the names of user and server cannot be sent", 0 },
	{ "empty file", { .authname = "alice" }, "", NULL, NULL,
	    "there is no access token", 0 },
	{ "two tokens in the file", { .authname = "alice" }, "x\ny\n", NULL,
	    NULL, "this is no access token", 0 },
	{ "a key in the file", { .authname = "alice" },
	    "-----BEGIN PRIVATE KEY-----\n", NULL, NULL,
	    "this is no access token", 0 },
};

static void
check_sent(const struct sent *row, const char *mech, const char *want,
    const struct option *with)
{
	struct caller caller;

	assert_int_equal(client_open(with), SASL_OK);
	caller_open(&caller, &row->knows);
	row_count(want != NULL);
	row_number(row->name, caller_start(&caller, mech),
	    want != NULL ? SASL_CONTINUE : SASL_BADPARAM);
	if (want != NULL) {
		row_text(row->name, caller.out, want);
		row_number(row->name, caller.out_len, (int64_t)strlen(want));
		row_number(row->name, (int64_t)caller.questions,
		    (int64_t)row->questions);
	} else {
		row_number(row->name, caller.out_len, 0);
		row_has(row->name, caller_error(&caller), row->error);
		row_true(row->name, strstr(host_log(), "correct") == NULL);
	}
	caller_close(&caller);
	sides_close();
}

static void
test_sent(void **state)
{
	char *path = unit_path(site.dir, "token");
	const struct option from_file[] = { { "audient_token_file", path },
		{ NULL, NULL } };

	(void)state;
	for (size_t i = 0; i < nitems(sents); i++) {
		const struct sent *row = &sents[i];
		const struct option *with =
		    row->file != NULL ? from_file : NULL;

		if (row->file != NULL)
			unit_write(path, span_of(row->file), 0600);
		check_sent(row, OB, row->bearer, with);
		check_sent(row, X2, row->xoauth2, with);
	}
	free(path);
	rows_end();
}

/* By the program, or in a file with the end of a line. */
static int
start_sized(const char *token, const char *behind, const char *path)
{
	const struct option from_file[] = { { "audient_token_file", path },
		{ NULL, NULL } };
	const struct knows knows = { .authname = "alice",
		.token = path == NULL ? token : NULL,
		.may_ask = path == NULL };
	struct buf text = BUF_INIT(20000);
	struct caller caller;
	int rc;

	assert_int_equal(buf_printf(&text, "%s%s", token, behind), REASON_OK);
	if (path != NULL)
		unit_write(path, buf_span(&text), 0600);
	assert_int_equal(client_open(path != NULL ? from_file : NULL), SASL_OK);
	caller_open(&caller, &knows);
	rc = caller_start(&caller, OB);
	if (rc != SASL_CONTINUE)
		row_has("size", caller_error(&caller),
		    "the access token is too long");
	caller_close(&caller);
	sides_close();
	buf_free(&text);
	return rc;
}

static void
test_sizes(void **state)
{
	char *path = unit_path(site.dir, "token");

	(void)state;
	for (size_t n = 16384; n <= 16385; n++) {
		const int want = n == 16384 ? SASL_CONTINUE : SASL_BADPARAM;
		char *token = unit_repeat('x', n);

		memcpy(token, "eyJ.x.", 6);
		row_count(n == 16384);
		row_number("size", start_sized(token, "", NULL), want);
		row_number("size", start_sized(token, "", path), want);
		row_number("size", start_sized(token, "\r\n", path), want);
		free(token);
	}
	free(path);
	rows_end();
}

/* --- the file
 * ----------------------------------------------------------------------- */

/* What to do to a good file, and what is said then. */
static const struct file {
	const char *name;
	mode_t mode;
	uid_t owner;
	const char *error; /* NULL: none */
} files[] = {
	{ "private", 0600, 0, NULL },
	{ "read only", 0400, 0, NULL },
	{ "readable by the group", 0640, 0, NULL },
	{ "readable by all", 0644, 0, "open to others" },
	{ "writable by the group", 0660, 0, "open to others" },
	{ "writable by all", 0602, 0, "open to others" },
	{ "somebody else's", 0600, 12345, "belongs to somebody else" },
};

static const char *
start_with(const char *path, int *rc)
{
	const struct option with[] = { { "audient_token_file", path },
		{ NULL, NULL } };
	const struct knows knows = { .authname = "alice" };
	static char error[256];
	struct caller caller;

	assert_int_equal(client_open(with), SASL_OK);
	caller_open(&caller, &knows);
	*rc = caller_start(&caller, OB);
	(void)snprintf(error, sizeof(error), "%s", caller_error(&caller));
	caller_close(&caller);
	sides_close();
	return error;
}

static void
test_files(void **state)
{
	char *path = unit_path(site.dir, "token");
	const char *error;
	int rc;

	(void)state;
	for (size_t i = 0; i < nitems(files); i++) {
		if (files[i].owner != 0 && !unit_is_root()) {
			print_message("not tested without root: %s\n",
			    files[i].name);
			continue;
		}
		unit_write(path, span_of(TOKEN), files[i].mode);
		if (files[i].owner != 0)
			assert_int_equal(chown(path, files[i].owner, (gid_t)-1),
			    0);
		error = start_with(path, &rc);
		row_count(files[i].error == NULL);
		row_number(files[i].name, rc,
		    files[i].error == NULL ? SASL_CONTINUE : SASL_BADPARAM);
		if (files[i].error != NULL)
			row_has(files[i].name, error, files[i].error);
		(void)unlink(path);
	}
	row_has("missing", start_with(path, &rc), "there is no token file");
	row_has("a directory", start_with(site.dir, &rc), "no regular file");
	row_has("a device", start_with("/dev/zero", &rc), "no regular file");
	row_has("below a device", start_with("/dev/zero/token", &rc),
	    "the token file cannot be opened");
	row_has("nothing to read at its beginning",
	    start_with("/proc/self/mem", &rc), "the token file cannot be read");
	assert_int_equal(mkfifo(path, 0600), 0);
	row_has("a pipe that nobody fills", start_with(path, &rc),
	    "no regular file");
	free(path);
	rows_end();
}

/* --- both ends
 * ------------------------------------------------------------------------ */

static const struct end {
	const char *name, *mech;
	enum which token;
	const char *user, *authname, *realm;
	bool two_steps;	   /* the message comes behind an empty challenge */
	int rc;		   /* of the server in the end */
	const char *error; /* that the client's program can show */
} ends[] = {
	{ "good", OB, GOOD, "", "alice", NULL, false, SASL_OK, NULL },
	{ "good, in two steps", OB, GOOD, "", "alice", NULL, true, SASL_OK,
	    NULL },
	{ "good, XOAUTH2", X2, GOOD, "", "alice", NULL, false, SASL_OK, NULL },
	{ "good, by name", OB, GOOD, "alice", "alice", NULL, false, SASL_OK,
	    NULL },
	{ "good, with the realm", OB, GOOD, "", "alice@example.com",
	    "example.com", false, SASL_OK, NULL },
	{ "expired", OB, EXPIRED, "", "alice", NULL, false, SASL_BADAUTH,
	    "the server refused the token: {\"status\":\"invalid_token\"," },
	{ "expired, in two steps", OB, EXPIRED, "", "alice", NULL, true,
	    SASL_BADAUTH,
	    "the server refused the token: {\"status\":\"invalid_token\"," },
	{ "expired, XOAUTH2", X2, EXPIRED, "", "alice", NULL, false,
	    SASL_BADAUTH,
	    "the server refused the token: {\"status\":\"400\"," },
	{ "another audience", OB, OTHER_AUDIENCE, "", "alice", NULL, false,
	    SASL_BADAUTH, "\"openid-configuration\":" },
	{ "another user's name", OB, GOOD, "", "bob", NULL, false, SASL_NOAUTHZ,
	    NULL },
	{ "as another user", OB, GOOD, "bob", "alice", NULL, false,
	    SASL_NOAUTHZ, NULL },
	{ "as another user, XOAUTH2", X2, GOOD, "bob", "alice", NULL, false,
	    SASL_NOAUTHZ, NULL },
};

static void
converse(const struct end *row, struct caller *caller, struct talk *talk)
{
	const struct span none = { .ptr = NULL };
	struct span in;
	int rc;

	row_number(row->name, caller_start(caller, row->mech), SASL_CONTINUE);
	in = (struct span){ .ptr = caller->out, .len = caller->out_len };
	if (row->two_steps) {
		row_number(row->name, talk_start(talk, row->mech, none),
		    SASL_CONTINUE);
		rc = talk_step(talk, in);
	} else
		rc = talk_start(talk, row->mech, in);
	if (rc == SASL_CONTINUE) {
		row_number(row->name,
		    caller_step(caller,
			(struct span){ .ptr = talk->out,
			    .len = talk->out_len }),
		    SASL_CONTINUE);
		row_has(row->name, caller_error(caller), row->error);
		row_text(row->name, caller->out,
		    strcmp(row->mech, OB) == 0 ? "\1" : "");
		rc = talk_step(talk,
		    (struct span){ .ptr = caller->out,
			.len = caller->out_len });
		/* and it takes no other answer for a success */
		row_number(row->name, caller_step(caller, SPAN("")),
		    SASL_BADPROT);
	} else if (rc == SASL_OK)
		row_number(row->name, caller_step(caller, none), SASL_OK);
	row_number(row->name, rc, row->rc);
}

static void
test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(ends); i++) {
		const struct end *row = &ends[i];
		const struct peer peer = { .realm = row->realm };
		const struct knows knows = { .user = row->user,
			.authname = row->authname,
			.token = tokens[row->token],
			.may_ask = true,
			.remote = "192.0.2.1;993" };
		struct caller caller;
		struct talk talk;

		assert_int_equal(host_open(options), SASL_OK);
		assert_int_equal(client_open(options), SASL_OK);
		talk_open(&talk, &peer);
		caller_open(&caller, &knows);
		row_count(row->rc == SASL_OK);
		converse(row, &caller, &talk);
		row_text(row->name, talk_authid(&talk),
		    row->rc != SASL_OK	     ? ""
			: row->realm != NULL ? "alice@example.com"
					     : "alice");
		caller_close(&caller);
		talk_close(&talk);
		sides_close();
	}
	rows_end();
}

/*
 * libldap takes SASL_OK for the end, and answers the server's error with a
 * simple bind; svn takes anything else for a failure.
 */
static void
test_started(void **state)
{
	static const struct started {
		const char *service;
		int rc;
	} rows[] = { { "svn", SASL_OK }, { "ldap", SASL_CONTINUE },
		{ "imap", SASL_CONTINUE }, { "smtp", SASL_CONTINUE },
		{ "svn2", SASL_CONTINUE }, { "SVN", SASL_CONTINUE } };
	const char *const mechs[] = { OB, X2 };

	(void)state;
	for (size_t i = 0; i < 2 * nitems(rows); i++) {
		const struct started *row = &rows[i / 2];
		const struct knows knows = { PROGRAM, .may_ask = true,
			.service = row->service };
		struct caller caller;

		assert_int_equal(client_open(NULL), SASL_OK);
		caller_open(&caller, &knows);
		row_count(false);
		row_number(row->service, caller_start(&caller, mechs[i % 2]),
		    row->rc);
		row_number(row->service,
		    caller_step(&caller, SPAN("{\"status\":\"x\"}")),
		    SASL_CONTINUE);
		caller_close(&caller);
		sides_close();
	}
	rows_end();
}

/* What a server says is shown without what a terminal would obey. */
static void
test_hostile_server(void **state)
{
	static const struct hostile {
		const char *name;
		struct span challenge;
		const char *shown;
	} rows[] = {
		{ "escapes", BYTES("\x1b]0;x\x07{}\n"), "token: ?]0;x?{}?" },
		{ "NUL", BYTES("a\0b"), "token: a?b" },
		{ "eight bits", BYTES("\xff\xfe"), "token: ??" },
		{ "the edges", BYTES("\x1f ~\x7f"), "token: ? ~?" },
		{ "no JSON", BYTES("hello"), "token: hello" },
		{ "a format", BYTES("%s%n%d"), "token: %s%n%d" },
	};
	const struct knows knows = { PROGRAM, .may_ask = true };
	char *lots = unit_repeat('x', 100000);
	struct caller caller;

	(void)state;
	for (size_t i = 0; i <= nitems(rows); i++) {
		const bool is_long = i == nitems(rows);

		assert_int_equal(client_open(NULL), SASL_OK);
		caller_open(&caller, &knows);
		assert_int_equal(caller_start(&caller, OB), SASL_CONTINUE);
		row_count(false);
		row_number("challenge",
		    caller_step(&caller,
			is_long ? span_of(lots) : rows[i].challenge),
		    SASL_CONTINUE);
		if (is_long)
			row_number("long",
			    (int64_t)strlen(
				strstr(caller_error(&caller), "token: ")),
			    7 + 400);
		else
			row_has(rows[i].name, caller_error(&caller),
			    rows[i].shown);
		row_text("answer", caller.out, "\1");
		caller_close(&caller);
		sides_close();
	}
	free(lots);
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sent),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_started),
		cmocka_unit_test(test_hostile_server),
	};

	return unit_end(
	    cmocka_run_group_tests(tests, wallet_open, wallet_close));
}
