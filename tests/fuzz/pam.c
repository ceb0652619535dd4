/* SPDX-License-Identifier: BSD-2-Clause */
#include <dlfcn.h>
#include <errno.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "broken.h"
#include "fuzz.h"
#include "relay.h"

/*
 * The PAM module from end to end, in the real libpam, on a host where things
 * fail.  Four bytes say how, and text follows: header, newline and payload of
 * a token that we sign, or, without a newline, what somebody enters.
 * Whatever happens, nobody gets in but with a token that the oracle accepts,
 * all of which was entered; the account phase needs one, too; no descriptor
 * stays open, and the log has no piece of a token.
 */
#define HOW_STACK   0x03 /* which file of PAM */
#define HOW_SILENT  0x04
#define HOW_BROKEN  0x08 /* what fails once fails for good */
#define HOW_SPOILT  0x10 /* a bit of the signature is wrong */
#define HOW_FORGED  0x20 /* somebody else signs */
#define HOW_QUOTED  0x40 /* entered as a header, in quotes */
#define HOW_MUTE    0x80 /* the user goes after the first answer */
#define SIZE_HOW    4
#define SIZE_MAX_IN 12288
#define CALLS_MAX   400 /* more than a login has */
#define TAIL	    30	/* bytes of a signature that no log may have */

static const char *const stacks[] = { "plain", "first", "try", "strict" };
static const char *const arguments[] = { "", "use_first_pass", "try_first_pass",
	"debug" };

static char *pam_dir, *spare_conf;

/* What the user has to say, and how far he is. */
static struct {
	const char *text;
	size_t len, at, step;
	bool is_mute;
} user;

static bool has_journal;
static char *log_piece; /* what no line may have; NULL: there is none */

EXPORT struct relay fuzz_relay = {
	.authenticate = pam_sm_authenticate,
	.setcred = pam_sm_setcred,
	.acct_mgmt = pam_sm_acct_mgmt,
	.open_session = pam_sm_open_session,
	.close_session = pam_sm_close_session,
};

/* --- what libpam finds in place of libc's, and of people ---------------- */

static void look(const char *fmt, va_list ap)
    __attribute__((format(printf, 1, 0)));

static void
look(const char *fmt, va_list ap)
{
	char line[2 * AUDIENT_LINE_MAX];

	(void)vsnprintf(line, sizeof(line), fmt, ap);
	must(log_piece == NULL || strstr(line, log_piece) == NULL,
	    "the log has no piece of a token");
}

#undef syslog /* with clang and FORTIFY a macro */

EXPORT void
syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	(void)priority;
	va_start(ap, fmt);
	look(fmt, ap);
	va_end(ap);
}

void __syslog_chk(int priority, int flag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

EXPORT void
__syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)priority;
	(void)flag;
	va_start(ap, fmt);
	look(fmt, ap);
	va_end(ap);
}

/* The journal: one of the hosts has it. */
ssize_t __wrap_sendto(int fd, const void *data, size_t n, int flags,
    const struct sockaddr *to, socklen_t size);

ssize_t
__wrap_sendto(int fd, const void *data, size_t n, int flags,
    const struct sockaddr *to, socklen_t size)
{
	(void)fd;
	(void)flags;
	(void)to;
	(void)size;
	must(log_piece == NULL ||
		memmem(data, n, log_piece, strlen(log_piece)) == NULL,
	    "the journal has no piece of a token");
	if (has_journal)
		return (ssize_t)n;
	errno = ENOENT;
	return -1;
}

static char *
next_answer(void)
{
	const size_t left = user.len - user.at;
	const size_t n = user.step > 0 && user.step < left ? user.step : left;
	char *answer = broken_strndup(user.text + user.at, n);

	user.at += n;
	return answer;
}

void *__real_calloc(size_t n, size_t size);

static int
converse(int n, const struct pam_message **message,
    struct pam_response **response, void *arg)
{
	(void)arg;
	if (user.is_mute && user.at > 0)
		return PAM_CONV_ERR;
	*response = __real_calloc((size_t)n, sizeof(**response));
	must(*response != NULL, "there is memory");
	for (int i = 0; i < n; i++)
		if (message[i]->msg_style == PAM_PROMPT_ECHO_OFF)
			(*response)[i].resp = next_answer();
	return PAM_SUCCESS;
}

/* --- the host
 * ------------------------------------------------------------------ */

static void
write_stack(const char *relay, const char *conf, size_t i)
{
	static const char *const phases[] = { "auth", "account", "session" };
	struct buf text = BUF_INIT(4096);
	char *path = unit_path(pam_dir, stacks[i]);

	for (size_t n = 0; n < nitems(phases); n++)
		must(buf_printf(&text, "%s required %s config=%s nodelay %s\n",
			 phases[n], relay, conf, arguments[i]) == REASON_OK,
		    "there is room");
	unit_write(path, buf_span(&text), 0644);
	buf_free(&text);
	free(path);
}

static void
tear_down(void)
{
	free(pam_dir);
	free(spare_conf);
}

static void
set_up(void)
{
	const char *build = getenv("AUDIENT_BUILD");
	struct site strict = fuzz_get_site()->site, plain = strict;
	char *relay, *real;

	if (pam_dir != NULL)
		return;
	(void)atexit(tear_down);
	relay = unit_path(build != NULL ? build : ".",
	    "tests/fuzz/.libs/pam_relay.so");
	real = realpath(relay, NULL);
	must(real != NULL && dlopen(real, RTLD_NOW) != NULL,
	    "there is pam_relay.so");
	pam_dir = unit_path(plain.dir, "pam.d");
	must(mkdir(pam_dir, 0755) == 0, "there is room");
	plain.conf = unit_path(plain.dir, "pam.conf");
	spare_conf = plain.conf;
	site_configure(&plain, SITE_ONE FUZZ_ALGS);
	strict.conf = unit_path(strict.dir, "strict.conf");
	site_configure(&strict,
	    SITE_ONE FUZZ_ALGS
	    "tokenless_account = deny\n"
	    "session_limit = token\nexport_claim = AUDIENT_SUB sub\n");
	for (size_t i = 0; i < nitems(stacks); i++)
		write_stack(real, i == 3 ? strict.conf : plain.conf, i);
	free(strict.conf);
	free(relay);
	free(real);
}

/* --- one login
 * ----------------------------------------------------------------- */

struct given {
	unsigned int how;
	unsigned long fails; /* which call; 0: none */
	size_t step;	     /* bytes of an answer; 0: all of it */
	bool is_signed;	     /* by us, with the right key, and not changed */
	struct span header, payload;
	char *token;
};

static void
sign(struct given *g)
{
	char *last;

	g->token = fuzz_sign(g->header, g->payload, (g->how & HOW_FORGED) != 0);
	g->is_signed = (g->how & (HOW_FORGED | HOW_SPOILT)) == 0;
	if ((g->how & HOW_SPOILT) != 0) {
		last = g->token + strlen(g->token) - TAIL;
		*last = *last == 'A' ? 'B' : 'A';
	}
}

static bool
read_input(struct span in, struct given *g)
{
	const unsigned char *p = (const unsigned char *)in.ptr;
	struct span text = { .ptr = in.ptr + SIZE_HOW };

	memset(g, 0, sizeof(*g));
	if (in.len < SIZE_HOW || in.len > SIZE_MAX_IN)
		return false;
	text.len = in.len - SIZE_HOW;
	g->how = p[0];
	g->fails = p[1] + 256UL * p[2];
	g->step = 8UL * p[3];
	if (text.len == 0 || memchr(text.ptr, '\n', text.len) == NULL) {
		g->token = strndup(text.ptr, text.len);
		return true;
	}
	(void)span_cut(&text, '\n', &g->header);
	g->payload = text;
	if (g->header.len == 0 ||
	    memchr(g->header.ptr, '\0', g->header.len) != NULL)
		return false;
	sign(g);
	return true;
}

/* May somebody come in with it? */
static bool
is_welcome(const struct given *g, const char *entered)
{
	return g->is_signed &&
	    oracle_header(g->header, FUZZ_ALG_SET) != OPINION_NO &&
	    oracle_claims(g->payload, true) != OPINION_NO &&
	    strstr(entered, g->token) != NULL;
}

static int
log_in(const struct given *g)
{
	const struct pam_conv conv = { .conv = converse };
	const int flags = (g->how & HOW_SILENT) != 0 ? (int)PAM_SILENT : 0;
	pam_handle_t *pamh = NULL;
	int rc, account;

	must(pam_start_confdir(stacks[g->how & HOW_STACK], "alice", &conv,
		 pam_dir, &pamh) == PAM_SUCCESS,
	    "libpam begins");
	broken_begin(g->fails, (g->how & HOW_BROKEN) != 0);
	rc = pam_authenticate(pamh, flags);
	account = pam_acct_mgmt(pamh, flags);
	(void)pam_setcred(pamh, flags | (int)PAM_ESTABLISH_CRED);
	(void)pam_open_session(pamh, flags);
	(void)pam_close_session(pamh, flags);
	broken_end();
	must(account != PAM_SUCCESS || rc == PAM_SUCCESS,
	    "the account phase lets in whom the authentication did");
	must(pam_end(pamh, rc) == PAM_SUCCESS, "libpam ends");
	return rc;
}

void
fuzz_run_pam(struct span in)
{
	struct given g;
	char *entered, *seen;
	int rc, fd;

	if (!read_input(in, &g))
		return;
	set_up();
	must(asprintf(&entered,
		 (g.how & HOW_QUOTED) != 0 ? "Authorization: Bearer \"%s\"\r"
					   : "%s",
		 g.token) >= 0,
	    "there is memory");
	user.text = entered;
	user.len = strlen(entered);
	user.step = g.step;
	user.at = 0;
	user.is_mute = (g.how & HOW_MUTE) != 0;
	fuzz_relay.authtok = (g.how & HOW_STACK) == 1 ? entered : NULL;
	has_journal = (g.how & HOW_STACK) == 3;
	log_piece = g.header.len > 0 ? g.token + strlen(g.token) - TAIL : NULL;
	fd = dup(STDERR_FILENO);
	close(fd);
	rc = log_in(&g);
	must(dup(STDERR_FILENO) == fd, "no descriptor stays open");
	close(fd);
	seen = broken_strndup(entered, user.at);
	fuzz_let_in += rc == PAM_SUCCESS;
	must(rc != PAM_SUCCESS ||
		is_welcome(&g, fuzz_relay.authtok != NULL ? entered : seen),
	    "who gets in has entered a token that the oracle accepts");
	if (rc == PAM_SUCCESS || (g.fails == 0 && user.at == user.len))
		fuzz_judge(span_of(g.token), pam_strerror(NULL, rc),
		    rc == PAM_SUCCESS);
	log_piece = NULL;
	free(seen);
	free(entered);
	free(g.token);
}

/* how, the failing call, the bytes of an answer in eights */
#define SEED(how, low, high, step, text) SPAN(how low high step text)
#define HEADER				 "{\"alg\":\"ES256\",\"kid\":\"ec\"}\n"
#define GOOD				 HEADER SITE_CLAIMS

void
fuzz_seeds_pam(fuzz_emit *emit, void *arg)
{
	emit(arg, SEED("\1", "\x40", "\0", "\0", GOOD));
	emit(arg, SEED("\3", "\0", "\0", "\0", GOOD));
	emit(arg, SEED("\x44", "\0", "\0", "\x40", GOOD));
	emit(arg, SEED("\x10", "\0", "\0", "\0", GOOD));
	emit(arg, SEED("\x2a", "\x20", "\0", "\0", GOOD));
	emit(arg, SEED("\3", "\0", "\0", "\0", "sesame"));
	emit(arg, SEED("\0", "\0", "\0", "\0", ""));
	emit(arg, SEED("\0", "\0", "\0", "\x08", "eyJhbGciOiJub25lIn0.e30."));
	emit(arg,
	    SEED("\0", "\0", "\0", "\0",
		"{\"alg\":\"ES256\",\"kid\":\"rsa\",\"crit\":[]}"
		"\n" SITE_CLAIMS));
}

/* The good login, with each of its calls failing in turn. */
void
fuzz_break_pam(unsigned int *runs)
{
	static const char ways[] = { '\0', HOW_BROKEN, 3, 3 | HOW_BROKEN };
	struct buf text = BUF_INIT(4096);

	for (unsigned int n = 1; n <= CALLS_MAX; n++)
		for (size_t i = 0; i < nitems(ways); i++) {
			const char how[SIZE_HOW] = { ways[i], (char)(n & 0xff),
				(char)(n >> 8), '\0' };

			buf_clear(&text);
			must(buf_add(&text, how, sizeof(how)) == REASON_OK &&
				buf_add_str(&text, GOOD) == REASON_OK,
			    "there is room");
			fuzz_run_pam(buf_span(&text));
			++*runs;
		}
	buf_free(&text);
}
