/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's plug-in called by hand: callbacks that fail, what a person is
 * asked, and what becomes of names and ports.
 */
#include <string.h>

#include "byhand.h"

/* --- who it is, and what the token
 * ---------------------------------------------------------------------- */

/* Callbacks that fail, and some that leave something behind. */
static const struct row {
	const char *name;
	struct says user, who, token;
	int rc;
	const char *out, *error;
} rows[] = {
	{ "all of it", GIVES(""), GIVES("alice"), GIVES(TOKEN), SASL_CONTINUE,
	    SENDS("alice"), "" },
	{ "nobody to act as", NOBODY, GIVES("alice"), GIVES(TOKEN),
	    SASL_CONTINUE, SENDS("alice"), "" },
	{ "a person would know", A_PERSON, GIVES("alice"), GIVES(TOKEN),
	    SASL_CONTINUE, SENDS("alice"), "" },
	{ "it fails", FAILS(SASL_FAIL, "bob"), GIVES("alice"), GIVES(TOKEN),
	    SASL_CONTINUE, SENDS("alice"), "" },
	{ "nothing to act as", GIVES(NULL), GIVES("alice"), GIVES(TOKEN),
	    SASL_CONTINUE, SENDS("alice"), "" },
	{ "somebody", GIVES("bob"), GIVES("alice"), GIVES(TOKEN), SASL_CONTINUE,
	    SENDS("bob"), "" },
	{ "nobody knows the name", GIVES(""), NOBODY, GIVES(TOKEN), SASL_FAIL,
	    "", "" },
	{ "the name fails", GIVES(""), FAILS(SASL_BUFOVER, "alice"),
	    GIVES(TOKEN), SASL_BUFOVER, "", "" },
	{ "no name", GIVES(""), GIVES(NULL), GIVES(TOKEN), SASL_BADPARAM, "",
	    "there is no user name" },
	{ "an empty name", GIVES(""), GIVES(""), GIVES(TOKEN), SASL_BADPARAM,
	    "", "there is no user name" },
	{ "nobody knows the token", GIVES(""), GIVES("alice"), NOBODY,
	    SASL_FAIL, "", "" },
	{ "the token fails", GIVES(""), GIVES("alice"),
	    FAILS(SASL_BUFOVER, NULL), SASL_BUFOVER, "", "" },
	{ "the token fails, and is there", GIVES(""), GIVES("alice"),
	    FAILS(SASL_BUFOVER, TOKEN), SASL_BUFOVER, "", "" },
	{ "no token", GIVES(""), GIVES("alice"), GIVES(NULL), SASL_BADPARAM, "",
	    "there is no access token" },
};

static void
test_rows(void **state)
{
	struct run run;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct row *row = &rows[i];

		hand_reset("-");
		hand.user = row->user;
		hand.name = row->who;
		hand.token = row->token;
		assert_int_equal(hand_load(), SASL_OK);
		row_count(row->rc == SASL_CONTINUE);
		row_number(row->name, run_start(&run, NULL), row->rc);
		row_text(row->name, run.out != NULL ? run.out : "", row->out);
		row_number(row->name, run.len, (int64_t)strlen(row->out));
		row_text(row->name, hand.error, row->error);
		run_end(&run);
		hand_unload(row->name);
	}
	rows_end();
}

/* --- a person
 * ---------------------------------------------------------------------- */

/* Whom the program has to ask, and what for. */
static const struct question {
	const char *name;
	struct says user, who, token;
	const char *asked; /* a letter each; "": nothing */
} questions[] = {
	{ "all of it", A_PERSON, A_PERSON, A_PERSON, "unt" },
	{ "the name", GIVES(""), A_PERSON, GIVES(TOKEN), "n" },
	{ "the token", GIVES(""), GIVES("alice"), A_PERSON, "t" },
	{ "whom to act as, besides", A_PERSON, A_PERSON, GIVES(TOKEN), "un" },
	{ "not for that alone", A_PERSON, GIVES("alice"), GIVES(TOKEN), "" },
};

static char
letter_of(unsigned long id)
{
	return id == SASL_CB_USER    ? 'u'
	    : id == SASL_CB_AUTHNAME ? 'n'
	    : id == SASL_CB_PASS     ? 't'
				     : '?';
}

static void
answer(sasl_interact_t *p, char asked[8])
{
	for (; p->id != SASL_CB_LIST_END; p++) {
		const char letter = letter_of(p->id);

		*asked++ = letter;
		assert_non_null(p->prompt);
		assert_non_null(p->challenge);
		assert_null(p->result);
		p->result = letter == 'u' ? ""
		    : letter == 'n'	  ? "alice"
					  : TOKEN;
		p->len = (unsigned int)strlen(p->result);
	}
	*asked = '\0';
}

static void
test_questions(void **state)
{
	struct run run;

	(void)state;
	for (size_t i = 0; i < nitems(questions); i++) {
		const struct question *q = &questions[i];
		sasl_interact_t *prompts = NULL;
		char asked[8] = "";
		int rc;

		hand_reset("-");
		hand.user = q->user;
		hand.name = q->who;
		hand.token = q->token;
		assert_int_equal(hand_load(), SASL_OK);
		rc = run_start(&run, &prompts);
		row_count(true);
		row_number(q->name, rc,
		    q->asked[0] != '\0' ? SASL_INTERACT : SASL_CONTINUE);
		if (rc == SASL_INTERACT) {
			answer(prompts, asked);
			rc = run_step(&run, NULL, 0, &prompts);
		}
		row_text(q->name, asked, q->asked);
		row_number(q->name, rc, SASL_CONTINUE);
		row_text(q->name, run.out != NULL ? run.out : "",
		    SENDS("alice"));
		row_true(q->name, prompts == NULL);
		run_end(&run);
		/* a program that cannot be told what to ask */
		rc = run_start(&run, NULL);
		row_number(q->name, rc,
		    q->asked[0] != '\0' ? SASL_BADPARAM : SASL_CONTINUE);
		run_end(&run);
		hand_unload(q->name);
	}
	rows_end();
}

/* No answer: not what stands before it in memory, and nothing is kept. */
static void
test_no_answer(void **state)
{
	static const char text[] = " \n";
	sasl_interact_t *prompts = NULL;
	struct run run;

	(void)state;
	hand_reset("-");
	hand.token = (struct says)A_PERSON;
	assert_int_equal(hand_load(), SASL_OK);
	assert_int_equal(run_start(&run, &prompts), SASL_INTERACT);
	prompts[0].result = text + 2;
	prompts[0].len = 0;
	row_count(false);
	row_number("no answer", run_step(&run, NULL, 0, &prompts),
	    SASL_BADPARAM);
	row_text("no answer", hand.error, "there is no access token");
	row_true("no answer", prompts == NULL);
	run_end(&run);
	hand_unload("no answer");
	rows_end();
}

/* --- what is sent, and what is said to that
 * ---------------------------------------------------------------------- */

/* The host has the last word on names: its error is ours, and no message. */
static void
test_names(void **state)
{
	static const struct {
		const char *user;
		int rc;
		const char *names;
	} names[] = {
		{ "", SASL_OK, "3 alice\n" },
		{ "bob", SASL_OK, "1 alice\n2 bob\n" },
		{ "", SASL_BADPROT, "3 alice\n" },
		{ "bob", SASL_BADPROT, "1 alice\n" },
		{ "bob", SASL_NOMEM, "1 alice\n" },
	};
	struct run run;

	(void)state;
	assert_int_equal(SASL_CU_AUTHID, 1);
	assert_int_equal(SASL_CU_AUTHZID, 2);
	for (size_t i = 0; i < nitems(names); i++) {
		hand_reset("-");
		hand.user.text = names[i].user;
		hand.canon_rc = names[i].rc;
		assert_int_equal(hand_load(), SASL_OK);
		row_count(names[i].rc == SASL_OK);
		row_number(names[i].names, run_start(&run, NULL),
		    names[i].rc == SASL_OK ? SASL_CONTINUE : names[i].rc);
		row_text(names[i].names, hand.names, names[i].names);
		run_end(&run);
		hand_unload("names");
	}
	rows_end();
}

static void
test_ports(void **state)
{
	static const struct {
		const char *address, *port;
	} ports[] = {
		{ "192.0.2.1;1", "\1port=1\1" },
		{ "192.0.2.1;65535", "\1port=65535\1" },
		{ "2001:db8::1;993", "\1port=993\1" },
		{ NULL, "" },
		{ "192.0.2.1", "" },
		{ "993", "" },
		{ "192.0.2.1;", "" },
		{ "192.0.2.1;0", "" },
		{ "192.0.2.1;65536", "" },
		{ "192.0.2.1;123456", "" },
		{ "192.0.2.1;99x", "" },
		{ "192.0.2.1;9\1x=y", "" },
	};
	struct run run;

	(void)state;
	for (size_t i = 0; i < nitems(ports); i++) {
		const char *name =
		    ports[i].address != NULL ? ports[i].address : "none";

		hand_reset("-");
		cparams.ipremoteport = ports[i].address;
		assert_int_equal(hand_load(), SASL_OK);
		row_count(ports[i].port[0] != '\0');
		row_number(name, run_start(&run, NULL), SASL_CONTINUE);
		row_has(name, run.out, ports[i].port);
		row_true(name,
		    ports[i].port[0] != '\0' ||
			strstr(run.out, "port") == NULL);
		run_end(&run);
		hand_unload(name);
	}
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ports),
	};

	return unit_end(cmocka_run_group_tests(tests, NULL, hand_close));
}
