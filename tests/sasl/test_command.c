/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's plug-in asks `audient token` for the token: what the command
 * is started with, what it may print and how it may end.  The command is a
 * script, a new one for each row.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "script.h"

/* --- a set-uid program
 * ---------------------------------------------------------------------- */

static bool is_set_uid;

unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);

unsigned long
__wrap_getauxval(unsigned long type)
{
	return type == AT_SECURE && is_set_uid ? 1 : __real_getauxval(type);
}

/* Whatever happened, nothing is left of it in this process. */
static void
check(const char *name, const char *error, int wanted)
{
	const size_t before = unit_files();
	const char *said;
	int rc;

	said = script_login(&rc);
	row_count(error == NULL);
	row_number(name, rc, error == NULL ? SASL_CONTINUE : wanted);
	if (error == NULL)
		row_text(name, said, SENT);
	else
		row_has(name, said, error);
	row_true(name, strstr(said, "secret") == NULL);
	row_number(name, (int64_t)unit_files(), (int64_t)before);
}

/* --- what it prints, and how it ends
 * ---------------------------------------------------------------------- */

static const struct row {
	const char *name, *script;
	const char *error; /* NULL: the token is sent */
	int rc;		   /* 0: SASL_BADPARAM */
} rows[] = {
	{ "a token", GOOD, NULL, 0 },
	{ "in pieces", "printf abc.; sleep 0.1; echo def.ghi", NULL, 0 },
	{ "and says something on standard error", GOOD "; echo x >&2", NULL,
	    0 },
	{ "and takes its time to end", GOOD "; exec >&-; sleep 0.1", NULL, 0 },

	{ "nothing", "exit 0", "printed no token", 0 },
	{ "an empty line", "echo", "printed no token", 0 },
	{ "words", "echo this is a secret", "printed no token", 0 },
	{ "a token and no end of line", "printf " TOKEN, "printed no token",
	    0 },
	{ "two tokens", GOOD "; " GOOD, "printed no token", 0 },
	{ "a blank before it", "echo ' " TOKEN "'", "printed no token", 0 },
	{ "a carriage return behind it", "printf '" TOKEN "\\r\\n'",
	    "printed no token", 0 },
	{ "an end of the message", "printf 'a\\001\\001\\n'",
	    "printed no token", 0 },
	{ "a NUL", "printf 'a\\000b\\n'", "printed no token", 0 },
	{ "a header", "echo Authorization: Bearer " TOKEN, "printed no token",
	    0 },
	{ "20000 letters", "head -c 20000 /dev/zero | tr '\\0' a; echo",
	    "the access token is too long", 0 },
	{ "without an end", "yes", "the access token is too long", 0 },

	{ "nobody has logged in", "exit 1", "run audient token --service imap",
	    0 },
	{ "a token, and it fails", GOOD "; exit 1",
	    "run audient token --service imap", 0 },
	{ "the command line is wrong", "exit 2",
	    "audient token --batch --service imap says why", 0 },
	{ "the issuer is down", "exit 3", "the issuer cannot be asked",
	    SASL_UNAVAIL },
	{ "broken", "echo secret >&2; exit 4",
	    "audient token --batch --service imap says why", 0 },
	{ "a token, and it is broken", GOOD "; exit 4", "says why", 0 },
	{ "not to be started, as a child sees it", "exit 127", "cannot start",
	    0 },
	{ "killed", "kill -9 $$", "says why", 0 },
	{ "a token, and killed", GOOD "; kill -9 $$", "says why", 0 },

	{ "hangs", "echo $$ > $HOME/pid; exec sleep 60", "did not end in time",
	    SASL_UNAVAIL },
	{ "a token, and hangs", "echo $$ > $HOME/pid; " GOOD "; exec sleep 60",
	    "did not end in time", SASL_UNAVAIL },
	{ "a token, an end, and hangs",
	    "echo $$ > $HOME/pid; " GOOD "; exec >&-; exec sleep 60",
	    "did not end in time", SASL_UNAVAIL },
	{ "hangs and will not be ended",
	    "echo $$ > $HOME/pid; trap '' TERM INT HUP; sleep 5 & wait",
	    "did not end in time", SASL_UNAVAIL },
	{ "half a token, and hangs",
	    "echo $$ > $HOME/pid; printf abc.; exec sleep 60",
	    "did not end in time", SASL_UNAVAIL },
	{ "a child that keeps the pipe", GOOD "; sleep 3 &",
	    "did not end in time", SASL_UNAVAIL },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct row *row = &rows[i];

		script_put(row->script, 0755);
		check(row->name, row->error,
		    row->rc != 0 ? row->rc : SASL_BADPARAM);
		script_is_gone(row->name);
		row_true(row->name,
		    waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	}
	rows_end();
}

/* As long as a token may be, and one letter longer. */
static void
test_sizes(void **state)
{
	char script[64];
	const char *said;
	int rc;

	(void)state;
	for (int n = 16384; n <= 16385; n++) {
		(void)snprintf(script, sizeof(script),
		    "head -c %d /dev/zero | tr '\\0' a; echo", n);
		script_put(script, 0755);
		said = script_login(&rc);
		row_count(n == 16384);
		row_number("size", rc,
		    n == 16384 ? SASL_CONTINUE : SASL_BADPARAM);
		if (n > 16384)
			row_has("size", said, "the access token is too long");
	}
	rows_end();
}

static const char cannot_start[] = "cannot start " AUDIENT_COMMAND;

static void
test_not_started(void **state)
{
	(void)state;
	script_put(NULL, 0);
	check("it is not there", cannot_start, SASL_BADPARAM);
	script_put(GOOD, 0644);
	check("it is no program", cannot_start, SASL_BADPARAM);
	script_put(NULL, 0);
	unit_write(AUDIENT_COMMAND, SPAN(GOOD "\n"), 0755);
	check("nor for the system", cannot_start, SASL_BADPARAM);
	script_put(NULL, 0);
	assert_int_equal(mkdir(AUDIENT_COMMAND, 0755), 0);
	check("it is a directory", cannot_start, SASL_BADPARAM);
	rows_end();
}

/* --- what it is started with
 * ---------------------------------------------------------------------- */

static const struct with {
	const char *name, *script; /* prints the token if all is as it should */
} withs[] = {
	{ "arguments", "[ \"$*\" = 'token --batch --service imap' ] && " GOOD },
	{ "its own name in /proc",
	    "[ -z \"$(tr '\\0' ' ' < /proc/$$/cmdline | grep secret)\" ] "
	    "&& " GOOD },
	{ "environment",
	    "[ \"$(tr '\\0' ' ' < /proc/$$/environ)\" = "
	    "\"PATH=/usr/bin:/bin LANG=C HOME=$HOME XDG_CONFIG_HOME=/c "
	    "XDG_RUNTIME_DIR=/r \" ] && " GOOD },
	{ "standard input", "[ -z \"$(cat)\" ] && " GOOD },
	{ "standard input and error",
	    "[ $(readlink /proc/$$/fd/0) = /dev/null ] && "
	    "[ $(readlink /proc/$$/fd/2) = /dev/null ] && " GOOD },
	{ "no other descriptor",
	    "[ \"$(ls /proc/self/fd | tr '\\n' ' ')\" = '0 1 2 3 ' ] "
	    "&& " GOOD },
	/* but for two of libc's own */
	{ "no signal ignored",
	    "n=$(sed -n 's/^SigIgn:.//p' /proc/self/status); "
	    "[ $((0x$n & 0x7fffffff)) = 0 ] && " GOOD },
	/* a shell would clear the mask itself */
	{ "no signal blocked",
	    "#!/usr/bin/awk -f\n"
	    "BEGIN { while ((getline s < \"/proc/self/status\") > 0)\n"
	    "if (s ~ /^SigBlk:.0*$/) print \"" TOKEN "\" }" },
	{ "a session of its own, without a terminal",
	    "[ $(cut -d ' ' -f 6 /proc/$$/stat) = $$ ] && " GOOD },
};

static void
test_withs(void **state)
{
	const int low = open("/dev/zero", O_RDONLY); /* handed down */
	sigset_t blocked;

	(void)state;
	assert_true(low > 0);
	assert_true(dup2(low, 200) == 200);
	assert_int_equal(setenv("XDG_CONFIG_HOME", "/c", 1), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/r", 1), 0);
	assert_int_equal(setenv("SECRET", "secret", 1), 0);
	assert_true(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
	assert_int_equal(sigemptyset(&blocked), 0);
	assert_int_equal(sigaddset(&blocked, SIGUSR2), 0);
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
	for (size_t i = 0; i < nitems(withs); i++) {
		script_put(withs[i].script, 0755);
		check(withs[i].name, NULL, 0);
	}
	assert_int_equal(sigprocmask(SIG_UNBLOCK, &blocked, NULL), 0);
	(void)signal(SIGUSR1, SIG_DFL);
	assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
	script_put("[ \"$(tr '\\0' ' ' < /proc/$$/environ)\" = "
		   "\"PATH=/usr/bin:/bin LANG=C HOME=$HOME "
		   "XDG_RUNTIME_DIR=/r \" ] && " GOOD,
	    0755);
	check("environment, one of them missing", NULL, 0);
	assert_int_equal(unsetenv("XDG_RUNTIME_DIR"), 0);
	assert_int_equal(unsetenv("SECRET"), 0);
	(void)close(200);
	(void)close(low);
	rows_end();
}

/* --- who may have it run
 * ---------------------------------------------------------------------- */

/* The environment will do; and a person is asked before anything is run. */
static void
test_asked(void **state)
{
	const struct knows person = { .user = "",
		.authname = "alice",
		.token = "of.a.person",
		.asks = true };
	struct caller caller;
	char *count;

	(void)state;
	script_put("echo x >> $HOME/count; " GOOD, 0755);
	assert_int_equal(setenv("AUDIENT_TOKEN_FILE", "audient", 1), 0);
	assert_int_equal(client_open_with(sasl_client_plug_init, NULL),
	    SASL_OK);
	caller_open(&caller, &person);
	row_count(true);
	row_number("a person", caller_start(&caller, OB), SASL_CONTINUE);
	row_text("a person", caller.out, SENT);
	/* whom to act as, and the name, and not for the token */
	row_number("a person", (int64_t)caller.questions, 2);
	caller_close(&caller);
	sides_close();
	assert_int_equal(unsetenv("AUDIENT_TOKEN_FILE"), 0);
	count = script_left("count");
	row_text("a person", count, "x\n");
	free(count);
	rows_end();
}

/* Whoever may choose an option is not to choose what root starts. */
static void
test_set_uid(void **state)
{
	static const struct option with_password[] = {
		{ "audient_token_file", "-" }, { NULL, NULL }
	};

	(void)state;
	script_put("echo x >> $HOME/count; " GOOD, 0755);
	is_set_uid = true;
	row_count(false);
	row_true("set-uid",
	    client_open_with(sasl_client_plug_init, script_options) != SASL_OK);
	row_has("set-uid", host_log(),
	    "a set-uid program starts no audient token");
	sides_close();
	row_number("set-uid, a password",
	    client_open_with(sasl_client_plug_init, with_password), SASL_OK);
	sides_close();
	is_set_uid = false;
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_withs),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_set_uid),
	};

	return unit_end(
	    cmocka_run_group_tests(tests, script_open, script_close));
}
