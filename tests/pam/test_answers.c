/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The module without libpam, as in test_calls: what may be entered at its
 * prompts, what it says to that, and what the later phases make of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audient.h"
#include "pamsite.h"

#define TEXTS_MAX   65536
#define ANSWERS_MAX 4

/* The linker sends these here. */
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
pid_t __wrap_getppid(void);
void __real_wipe_free(void *p, size_t n);
void __wrap_wipe_free(void *p, size_t n);
enum reason __wrap_audient_device_start(struct audient *a,
    const struct audient_grant *grant, struct audient_device **device,
    char *why);

static unsigned int wiped;

void *
__wrap_malloc(size_t n)
{
	return fakepam_fails() ? NULL : __real_malloc(n);
}

/* No process that would be another one of this program. */
pid_t
__wrap_getppid(void)
{
	return -1;
}

void
__wrap_wipe_free(void *p, size_t n)
{
	wiped++;
	__real_wipe_free(p, n);
}

enum reason
__wrap_audient_device_start(struct audient *a,
    const struct audient_grant *grant, struct audient_device **device,
    char *why)
{
	(void)a;
	(void)grant;
	*device = NULL;
	(void)snprintf(why, AUDIENT_LINE_MAX, "a line");
	return REASON_DEVICE_UNCONFIRMED;
}

/* --- tokens, and answers that are made of them -------------------------------
 */

#define NET                                                \
	"issuer = " SITE_A "\njwks_uri = " SITE_A "jwks\n" \
	"cache_dir = %D/cache\nfetch_helper = %D/h\n"      \
	"audience = " SITE_API "\nusername_claim = user\n"
#define DEVICE                                    \
	"flow = token-or-device\nclient_id = c\n" \
	"token_endpoint = " SITE_A "token\n"      \
	"device_authorization_endpoint = " SITE_A "d\n"
#define OPAQUE_JWE                                                   \
	"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aaaaaaaaaaaaaaaa." \
	"bbbbbbbbbbbbbbbbbbbbb.cccccccccccccccccccccc"
#define OPAQUE "hT9_3xwQ1vJr0aZk2mNb5cXeYv8Uo4Lp"

enum { GOOD, FORGED, LONG, N_TOKENS };
static char *tokens[N_TOKENS];
static char *keys;

static void
add(struct buf *out, const char *text, size_t from, size_t to)
{
	assert_true(to <= strlen(text));
	assert_int_equal(buf_add(out, text + from, to - from), REASON_OK);
}

/* Of the long token, as much as programs let through. */
static size_t
edge_of(char what)
{
	return what == 's' ? 511 : what == 'h' ? 1023 : 4095;
}

/*
 * %G is the good token, %1 and %2 are its halves, %F is forged; %s, %h and %t
 * are what sudo, ssh and a terminal leave of the long one, and %S is the rest
 * for sudo; %x is far too much, %e as much as may be, and no token.
 */
static char *
answer_of(const char *text)
{
	const size_t half = strlen(tokens[GOOD]) / 2;
	struct buf out = BUF_INIT(TEXTS_MAX);
	char *all;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p != '%') {
			add(&out, p, 0, 1);
			continue;
		}
		switch (*++p) {
		case 'G':
			add(&out, tokens[GOOD], 0, strlen(tokens[GOOD]));
			break;
		case '1':
			add(&out, tokens[GOOD], 0, half);
			break;
		case '2':
			add(&out, tokens[GOOD], half, strlen(tokens[GOOD]));
			break;
		case 'F':
			add(&out, tokens[FORGED], 0, strlen(tokens[FORGED]));
			break;
		case 'S':
			add(&out, tokens[LONG], 511, strlen(tokens[LONG]));
			break;
		case 'x':
		case 'e':
			all = unit_repeat('a', *p == 'x' ? 40000 : 16384 - 3);
			add(&out, all, 0, strlen(all));
			free(all);
			break;
		default:
			add(&out, tokens[LONG], 0, edge_of(*p));
			break;
		}
	}
	all = strdup(out.data != NULL ? out.data : "");
	buf_free(&out);
	return all;
}

/* --- what is entered ---------------------------------------------------------
 */

#define ASK    "Access token: "
#define PART_2 "Access token, part 2: "
#define CHOICE "Access token (or just Enter, to use a browser): "
#define SUDO_2 "Access token, part 1, of at most 511 bytes: "
#define MORE   "There is more than a token."
#define FIRST  "use_first_pass"

static const struct row {
	const char *name, *conf, *argument;
	const char *answers[ANSWERS_MAX];
	const char *before; /* PAM_AUTHTOK, and what it is in the end */
	int want, account;
	const char *asked, *told, *logged, *after;
} rows[] = {
	/* what is copied along with a token */
	{ "a token", "", NULL, { "%G" }, NULL, PAM_SUCCESS, PAM_SUCCESS, ASK,
	    "", "verdict=allow", NULL },
	{ "blanks around", "", NULL, { " \t\r\n%G\r\n \t" }, NULL, PAM_SUCCESS,
	    PAM_SUCCESS, ASK, "", "", NULL },
	{ "double quotes", "", NULL, { "\"%G\"" }, NULL, PAM_SUCCESS,
	    PAM_SUCCESS, ASK, "", "", NULL },
	{ "single quotes", "", NULL, { "'%G'" }, NULL, PAM_SUCCESS, PAM_SUCCESS,
	    ASK, "", "", NULL },
	{ "a blank inside", "", NULL, { "%1 %2" }, NULL, PAM_SUCCESS,
	    PAM_SUCCESS, ASK, "", "", NULL },
	{ "a tab inside", "", NULL, { "%1\t%2" }, NULL, PAM_SUCCESS,
	    PAM_SUCCESS, ASK, "", "", NULL },
	{ "lines", "", NULL, { "%1\r\n%2" }, NULL, PAM_SUCCESS, PAM_SUCCESS,
	    ASK, "", "", NULL },
	{ "quotes inside", "", NULL, { "%1\"'%2" }, NULL, PAM_SUCCESS,
	    PAM_SUCCESS, ASK, "", "", NULL },
	{ "a header", "", NULL, { "Authorization: Bearer %G" }, NULL,
	    PAM_SUCCESS, PAM_SUCCESS, ASK, "", "", NULL },
	{ "a header in capitals", "", NULL, { "AUTHORIZATION:\"bearer %G\"" },
	    NULL, PAM_SUCCESS, PAM_SUCCESS, ASK, "", "", NULL },
	{ "a scheme", "", NULL, { "bearer %G" }, NULL, PAM_SUCCESS, PAM_SUCCESS,
	    ASK, "", "", NULL },
	{ "no blank behind it", "", NULL, { "bearer%G" }, NULL, PAM_AUTH_ERR,
	    PAM_PERM_DENIED, ASK, "", "", NULL },
	{ "a word in front", "", NULL, { "x %G" }, NULL, PAM_AUTH_ERR,
	    PAM_IGNORE, ASK, MORE, "", "x %G" },

	/* what is no token of ours */
	{ "a password", "", NULL, { "sesame" }, NULL, PAM_AUTH_ERR, PAM_IGNORE,
	    ASK, "", "reason=not_a_token", "sesame" },
	{ "a password with blanks", "", NULL, { " 'a b' " }, NULL, PAM_AUTH_ERR,
	    PAM_IGNORE, ASK, "", "", " 'a b' " },
	{ "a short one", "", NULL, { "b" }, NULL, PAM_AUTH_ERR, PAM_IGNORE, ASK,
	    "", "", "b" },
	{ "one with eyJ", "", NULL, { "xeyJ" }, NULL, PAM_AUTH_ERR, PAM_IGNORE,
	    ASK, "", "", "xeyJ" },
	{ "one with a dot", "", NULL, { "a. b" }, NULL, PAM_AUTH_ERR,
	    PAM_IGNORE, ASK, "", "", "a. b" },
	{ "where passwords do not do", "tokenless_account = deny\n", NULL,
	    { "sesame" }, NULL, PAM_AUTH_ERR, PAM_PERM_DENIED, ASK, "",
	    "the login used no token", "sesame" },
	{ "an opaque token", "", NULL, { OPAQUE }, NULL, PAM_AUTH_ERR,
	    PAM_IGNORE, ASK, "", "reason=opaque_refused", OPAQUE },
	{ "an encrypted one", "", NULL, { OPAQUE_JWE }, NULL, PAM_AUTH_ERR,
	    PAM_IGNORE, ASK, "", "reason=opaque_refused", NULL },
	{ "a forged one", "", NULL, { "%F" }, NULL, PAM_AUTH_ERR,
	    PAM_PERM_DENIED, ASK, "", "and the stack went on", NULL },
	{ "a header that is none", NET, NULL, { "eyJ.e30.c2ln" }, NULL,
	    PAM_AUTH_ERR, PAM_PERM_DENIED, ASK, "", "", NULL },
	{ "no keys", NET, NULL, { "%G" }, NULL, PAM_AUTHINFO_UNAVAIL,
	    PAM_IGNORE, ASK, "", "reason=issuer_unavailable", NULL },
	{ "far too much", "", NULL, { "%x" }, NULL, PAM_AUTH_ERR,
	    PAM_PERM_DENIED, ASK, "", "reason=token_too_large", NULL },
	{ "a byte too many", "", NULL, { "eyJ%e", "a" }, NULL, PAM_AUTH_ERR,
	    PAM_PERM_DENIED, ASK PART_2, "", "reason=token_too_large", NULL },
	{ "nobody answers", "", NULL, { NULL }, NULL, PAM_CONV_ERR, PAM_IGNORE,
	    ASK, "", "no token: why", NULL },
	{ "an empty answer", "", NULL, { "" }, NULL, PAM_AUTH_ERR, PAM_IGNORE,
	    ASK, "", "no token: why", NULL },

	/* parts */
	{ "two parts", "", NULL, { "%1", "%2" }, NULL, PAM_SUCCESS, PAM_SUCCESS,
	    ASK PART_2, "", "", NULL },
	{ "the same part twice", "", NULL, { "%1", "%1" }, NULL, PAM_AUTH_ERR,
	    PAM_PERM_DENIED, ASK PART_2,
	    "The token is incomplete: ", "reason=token_truncated", NULL },
	{ "one part, and nobody answers", "", NULL, { "%1" }, NULL,
	    PAM_CONV_ERR, PAM_IGNORE, ASK PART_2, "", "", NULL },
	{ "a password behind it", "", NULL, { "%1", "sesame", "" }, NULL,
	    PAM_AUTH_ERR, PAM_PERM_DENIED, ASK PART_2 "Access token, part 3: ",
	    "The token is incomplete: ", "", NULL },
	{ "cut by sudo", "", NULL, { "%s", "" }, NULL, PAM_AUTH_ERR,
	    PAM_PERM_DENIED, ASK PART_2,
	    "The token was cut: sudo passes on 511 bytes of an answer. Enter "
	    "it in parts, or use audient-askpass.",
	    "", NULL },
	{ "cut by ssh", "", NULL, { "%h", "" }, NULL, PAM_AUTH_ERR,
	    PAM_PERM_DENIED, ASK PART_2,
	    "ssh passes on 1023 bytes of an answer. Enter it in parts, or use",
	    "", NULL },
	{ "cut by a terminal", "", NULL, { "%t", "" }, NULL, PAM_AUTH_ERR,
	    PAM_PERM_DENIED, ASK PART_2,
	    "a terminal passes on 4095 bytes of an answer. Enter it in parts.",
	    "", NULL },
	{ "cut by sudo, and the rest", "", NULL, { "%s", "%S" }, NULL,
	    PAM_SUCCESS, PAM_SUCCESS, ASK PART_2, "", "", NULL },
	{ "sudo passes nothing on", "", "service=sudo", { NULL }, NULL,
	    PAM_CONV_ERR, PAM_IGNORE, ASK SUDO_2, "", "asking once more",
	    NULL },
	{ "sudo passes it on", "", "service=sudo", { "%G" }, NULL, PAM_SUCCESS,
	    PAM_SUCCESS, ASK, "", "service=sudo ", NULL },

	/* who has asked before */
	{ "the first password", "", FIRST, { NULL }, "%G", PAM_SUCCESS,
	    PAM_SUCCESS, "", "", "", "%G" },
	{ "there was none", "", FIRST, { "%G" }, NULL, PAM_AUTH_ERR, PAM_IGNORE,
	    "", "", "no token: why", NULL },
	{ "an empty one", "", FIRST, { "%G" }, "", PAM_AUTH_ERR, PAM_IGNORE, "",
	    "", "no token: why", "" },
	{ "it was none", "", FIRST, { "%G" }, "sesame", PAM_AUTH_ERR,
	    PAM_IGNORE, "", "", "", "sesame" },
	{ "the first password, or ours", "", "try_first_pass", { NULL }, "%G",
	    PAM_SUCCESS, PAM_SUCCESS, "", "", "", "%G" },
	{ "there was none, or ours", "", "try_first_pass", { "%G" }, NULL,
	    PAM_SUCCESS, PAM_SUCCESS, ASK, "", "", NULL },

	/* where a browser would do */
	{ "a choice", DEVICE, NULL, { "%1", "%2" }, NULL, PAM_SUCCESS,
	    PAM_SUCCESS, CHOICE PART_2, "", "", NULL },
	{ "a browser, not confirmed", DEVICE, NULL, { "" }, NULL, PAM_AUTH_ERR,
	    PAM_IGNORE, CHOICE, "not confirmed in time",
	    "reason=device_unconfirmed", NULL },
	{ "no choice", DEVICE, FIRST, { NULL }, NULL, PAM_AUTH_ERR, PAM_IGNORE,
	    "", "", "no token: why", NULL },
};

/* Lines that only some logins have. */
static void
check_lines(const struct row *row, const struct pam_handle *h)
{
	row_true(row->name,
	    (strstr(h->logged, "no token: ") != NULL) ==
		((row->want == PAM_CONV_ERR && row->answers[0] == NULL) ||
		    strcmp(row->logged, "no token: why") == 0));
	row_true(row->name,
	    (strstr(h->logged, "the login used no token") != NULL) ==
		(strcmp(row->logged, "the login used no token") == 0));
	row_true(row->name,
	    (strstr(h->logged, "and the stack went on") != NULL) ==
		(row->account == PAM_PERM_DENIED &&
		    strcmp(row->logged, "the login used no token") != 0));
	row_true(row->name, strstr(h->logged, "passed: ") == NULL);
}

static void
check_row(const struct row *row, int flags)
{
	char *answers[ANSWERS_MAX] = { NULL };
	struct pam_handle h = { .service = "app",
		.user = "alice",
		.answers = (const char *const *)answers };
	char *after = row->after != NULL ? answer_of(row->after) : NULL;

	for (size_t i = 0; i < ANSWERS_MAX && row->answers[i] != NULL; i++)
		answers[i] = answer_of(row->answers[i]);
	if (row->before != NULL)
		h.authtok = answer_of(row->before);
	pamsite_set(row->conf);
	wiped = 0;
	row_number(row->name,
	    pamsite_enter(pam_sm_authenticate, &h, row->argument, flags),
	    row->want);
	row_count(row->want == PAM_SUCCESS);
	row_number(row->name,
	    pamsite_enter(pam_sm_acct_mgmt, &h, row->argument, flags),
	    row->account);
	row_text(row->name, h.asked, row->asked);
	row_has(row->name, h.told, flags == 0 ? row->told : "");
	row_true(row->name,
	    (h.told[0] == '\0') == (row->told[0] == '\0' || flags != 0));
	row_has(row->name, h.logged, row->logged);
	check_lines(row, &h);
	row_text(row->name, h.authtok != NULL ? h.authtok : "(none)",
	    after != NULL ? after : "(none)");
	if (row->conf[0] == '\0') /* fetch wipes, too */
		row_number(row->name, wiped, h.given);
	fakepam_end(&h);
	for (size_t i = 0; i < ANSWERS_MAX; i++)
		free(answers[i]);
	free(after);
}

static void
test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		check_row(&rows[i], 0);
		check_row(&rows[i], (int)PAM_SILENT);
	}
	rows_end();
}

/* A token in as many parts as may be, and in one more. */
static void
test_many_parts(void **state)
{
	(void)state;
	for (size_t n = 48; n <= 49; n++) {
		const size_t len = strlen(tokens[GOOD]);
		const char *answers[64] = { NULL };
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = answers };

		for (size_t i = 0; i < n; i++)
			answers[i] = strndup(tokens[GOOD] + i * len / n,
			    (i + 1) * len / n - i * len / n);
		pamsite_set("");
		wiped = 0;
		row_number("parts",
		    pamsite_enter(pam_sm_authenticate, &h, NULL, 0),
		    n == 48 ? PAM_SUCCESS : PAM_AUTH_ERR);
		row_count(n == 48);
		row_number("parts", h.given, 48);
		row_number("parts", wiped, 48);
		for (size_t i = 0; i < n; i++)
			free((void *)(uintptr_t)answers[i]);
		fakepam_end(&h);
	}
	rows_end();
}

/* Conversations that fail, and hosts that say too little. */
static void
test_hosts(void **state)
{
	static const struct {
		const char *name, *service, *user;
		int code, want, account;
		const char *logged;
	} hosts[] = {
		{ "good", "app", "alice", PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS,
		    "" },
		{ "no memory", "app", "alice", PAM_BUF_ERR, PAM_BUF_ERR,
		    PAM_IGNORE, "no token" },
		{ "an event loop", "app", "alice", PAM_CONV_AGAIN, PAM_CONV_ERR,
		    PAM_IGNORE, "no token" },
		{ "no service", NULL, "alice", PAM_SUCCESS, PAM_SERVICE_ERR,
		    PAM_SERVICE_ERR, "no PAM service name" },
		{ "no user", "app", NULL, PAM_SUCCESS, PAM_USER_UNKNOWN,
		    PAM_IGNORE, "" },
		{ "an empty user", "app", "", PAM_SUCCESS, PAM_USER_UNKNOWN,
		    PAM_IGNORE, "" },
		{ "no account", "app", "mallory", PAM_SUCCESS, PAM_MAXTRIES,
		    PAM_PERM_DENIED, "user=\"(no account)\"" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(hosts); i++) {
		const char *const answers[] = { tokens[GOOD], NULL };
		struct pam_handle h = { .service = hosts[i].service,
			.user = hosts[i].user,
			.code = hosts[i].code,
			.answers = answers };

		pamsite_set("");
		row_number(hosts[i].name,
		    pamsite_enter(pam_sm_authenticate, &h, NULL, 0),
		    hosts[i].want);
		row_count(hosts[i].want == PAM_SUCCESS);
		row_number(hosts[i].name,
		    pamsite_enter(pam_sm_acct_mgmt, &h, NULL, 0),
		    hosts[i].account);
		row_has(hosts[i].name, h.logged, hosts[i].logged);
		fakepam_end(&h);
	}
	rows_end();
}

/* A part that there is no memory for is not left out. */
static void
test_no_memory(void **state)
{
	unsigned long n = 0;
	bool has_failed;

	(void)state;
	do {
		char *answers[] = { answer_of("%1"), answer_of("%2"), NULL };
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = (const char *const *)answers };

		pamsite_set("");
		fakepam_arm(++n);
		(void)pamsite_enter(pam_sm_authenticate, &h, NULL, 0);
		has_failed = fakepam_disarm();
		row_true("no memory", strstr(h.logged, "token_") == NULL);
		row_true("no memory", strstr(h.logged, "not_a_") == NULL);
		row_true("no memory", strstr(h.asked, "part 3") == NULL);
		fakepam_end(&h);
		free(answers[0]);
		free(answers[1]);
	} while (has_failed);
	row_true("no memory", n > 10);
	rows_end();
}

/* A name without an account costs the tenant what any other costs. */
static void
test_strangers(void **state)
{
	static const char *const users[] = { "alice", "mallory" };

	(void)state;
	for (size_t i = 0; i < nitems(users); i++) {
		const char *const answers[] = { tokens[GOOD], NULL };
		struct pam_handle h = { .service = "app",
			.user = users[i],
			.answers = answers };

		pamsite_set(NET);
		site_answer(&pamsite, "keys", 200, "application/json", keys);
		row_number(users[i],
		    pamsite_enter(pam_sm_authenticate, &h, NULL, 0),
		    i == 0 ? PAM_SUCCESS : PAM_MAXTRIES);
		row_count(i == 0);
		row_number(users[i], site_asked(&pamsite), 1);
		fakepam_end(&h);
	}
	rows_end();
}

static int
set_up(void **state)
{
	char *jwk[] = { mint_jwk(MINT_RSA, "rsa", NULL) };
	char *padding = unit_repeat('p', 6000);
	struct buf more = BUF_INIT(TEXTS_MAX);

	(void)state;
	pamsite_make();
	assert_int_equal(buf_printf(&more, ",\"padding\":\"%s\"", padding),
	    REASON_OK);
	tokens[GOOD] = pamsite_mint(MINT_RSA, "");
	tokens[FORGED] = pamsite_mint(MINT_RSA_OTHER, "");
	tokens[LONG] = pamsite_mint(MINT_RSA, more.data);
	keys = mint_jwks(jwk, 1);
	buf_free(&more);
	free(padding);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(tokens); i++)
		free(tokens[i]);
	free(keys);
	pamsite_remove();
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_answers),
	cmocka_unit_test(test_many_parts),
	cmocka_unit_test(test_hosts),
	cmocka_unit_test(test_no_memory),
	cmocka_unit_test(test_strangers),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
