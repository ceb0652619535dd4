/* SPDX-License-Identifier: BSD-2-Clause */
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECRET_MAX   4096
#define SETTINGS_MAX (16 * 1024)
#define PATH_SIZE    1024

static const char synopsis[] =
    "[--config FILE] [--service NAME] [--domain HOST | --issuer URL]\n"
    "        [--audience TEXT] [--scope WORDS] [--client-id ID] "
    "[--ca-file FILE]\n        [--fetch-helper FILE]\n"
    "        [--flow device|client-credentials] [--client-secret-file FILE|-]\n"
    "        [--as plain|bare|header|curl|xoauth2|oauthbearer] [--user NAME]\n"
    "        [--batch] [--fresh] [--no-qr]\n"
    "   or: audient token --forget";

static const char about[] =
    "  --config FILE   the configuration, an absolute path, unless a tenant\n"
    "                  is named by --domain or --issuer\n"
    "  --service NAME  whose audience and client_id it has\n"
    "  --audience TEXT, --scope WORDS, --client-id ID\n"
    "                  what is asked for, whatever the file says\n"
    "  --ca-file FILE, --fetch-helper FILE\n"
    "                  with --domain or --issuer\n"
    "  --flow device   log in with a browser; what is done otherwise\n"
    "  --flow client-credentials\n"
    "                  a program's own token\n"
    "  --client-secret-file FILE\n"
    "                  the program's secret; \"-\": from standard input\n"
    "  --as FORM       how it is printed\n"
    "  --user NAME     whom xoauth2 and oauthbearer are to name\n"
    "  --batch         ask nobody: a token that is kept, or none\n"
    "  --fresh         not one that is kept\n"
    "  --no-qr         no QR code\n"
    "  --forget        remove all that are kept\n";

static const struct option options[] = {
	{ "as", required_argument, NULL, 'A' },
	{ "audience", required_argument, NULL, 'a' },
	{ "batch", no_argument, NULL, 'b' },
	{ "ca-file", required_argument, NULL, 'C' },
	{ "client-id", required_argument, NULL, 'i' },
	{ "client-secret-file", required_argument, NULL, 'S' },
	{ "config", required_argument, NULL, 'c' },
	{ "domain", required_argument, NULL, 'd' },
	{ "fetch-helper", required_argument, NULL, 'H' },
	{ "flow", required_argument, NULL, 'f' },
	{ "forget", no_argument, NULL, 'F' },
	{ "fresh", no_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ "issuer", required_argument, NULL, 'I' },
	{ "no-qr", no_argument, NULL, 'q' },
	{ "scope", required_argument, NULL, 's' },
	{ "service", required_argument, NULL, 'v' },
	{ "user", required_argument, NULL, 'u' },
	{ NULL, 0, NULL, 0 },
};

struct command {
	struct audient_grant grant;
	const char *config;
	const char *domain;
	const char *issuer;
	const char *ca_file;
	const char *helper;
	const char *flow; /* NULL: whichever fits */
	const char *secret_file;
	const char *user;
	enum token_form form;
	bool is_batch;
	bool is_fresh;
	bool forgets;
	bool hides_qr;
	struct buf secret;
};

static int
broken(const char *what)
{
	(void)fprintf(stderr, "audient token: %s\n", what);
	return EXIT_BROKEN;
}

/* --- settings --------------------------------------------------------------
 */

/* The user's own file, if he has one. */
static const char *
find_config(char path[PATH_SIZE])
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = -1;

	if (base != NULL && base[0] == '/')
		n = snprintf(path, PATH_SIZE, "%s/audient/token.conf", base);
	else if (home != NULL && home[0] == '/')
		n = snprintf(path, PATH_SIZE, "%s/.config/audient/token.conf",
		    home);
	if (n > 0 && n < PATH_SIZE && access(path, F_OK) == 0)
		return path;
	return NULL; /* the host's */
}

static bool
add_setting(struct buf *text, const char *key, const char *value)
{
	for (const char *p = value; p != NULL && *p != '\0'; p++)
		if (*p > '\0' && *p < ' ')
			return false; /* it would be another line */
	return value == NULL ||
	    buf_printf(text, "%s = %s\n", key, value) == REASON_OK;
}

/* With a tenant on the command line no file is needed, and none is read. */
static bool
write_settings(const struct command *cmd, struct buf *text)
{
	return add_setting(text, "domain", cmd->domain) &&
	    add_setting(text, "issuer", cmd->issuer) &&
	    add_setting(text, "ca_file", cmd->ca_file) &&
	    add_setting(text, "fetch_helper", cmd->helper);
}

static void
on_log(void *arg, bool is_warning, const char *text)
{
	(void)arg;
	if (is_warning)
		(void)fprintf(stderr, "audient token: %s\n", text);
}

static struct audient *
open_settings(const struct command *cmd)
{
	struct audient_options o = { .config = cmd->config,
		.service = cmd->grant.service,
		.is_client = true,
		.log = { .line = on_log } };
	struct buf text = BUF_INIT(SETTINGS_MAX);
	char problem[AUDIENT_LINE_MAX], path[PATH_SIZE];
	struct audient *audient = NULL;

	if (cmd->domain != NULL || cmd->issuer != NULL) {
		if (!write_settings(cmd, &text)) {
			(void)broken("an option has a control character");
			goto out;
		}
		o.text = text.data;
	} else if (cmd->config == NULL)
		o.config = find_config(path);
	if (o.text == NULL && o.config == NULL && !audient_is_configured(NULL))
		(void)broken("whom to ask?  Give --domain, --audience and "
			     "--client-id, or write them into "
			     "~/.config/audient/token.conf");
	else if (audient_open(&audient, &o, problem) != REASON_OK)
		(void)broken(problem);
out:
	buf_free(&text);
	return audient;
}

static bool
is_secret_private(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_uid == geteuid() || st.st_uid == 0) &&
	    (st.st_mode & 077) == 0)
		return true;
	(void)fprintf(stderr,
	    "audient token: %s: a secret has to be in a file of yours that "
	    "nobody else can read; chmod 600\n",
	    path);
	return false;
}

/* From a file or standard input; never from where others could see it. */
static bool
read_secret(struct command *cmd)
{
	const char *path = cmd->secret_file;
	struct buf *secret = &cmd->secret;
	int fd = STDIN_FILENO;
	bool ok;

	if (path == NULL)
		return true;
	secret->max = SECRET_MAX;
	if (strcmp(path, "-") != 0 &&
	    (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
		(void)fprintf(stderr, "audient token: %s: %s\n", path,
		    strerror(errno));
		return false;
	}
	ok = fd == STDIN_FILENO || is_secret_private(fd, path);
	if (ok && !store_read(fd, secret)) {
		(void)broken("the client secret cannot be read");
		ok = false;
	}
	if (fd != STDIN_FILENO)
		(void)close(fd);
	while (ok && secret->len > 0 &&
	    strchr("\r\n", secret->data[secret->len - 1]) != NULL)
		secret->len--;
	if (ok && secret->len == 0) {
		(void)broken("the client secret is empty");
		ok = false;
	}
	cmd->grant.secret = buf_span(secret);
	return ok;
}

/* --- getting one ------------------------------------------------------------
 */

static bool
is_good_for(const struct audient_tokens *tokens, int64_t seconds)
{
	return tokens->access.len > 0 &&
	    tokens->expires > (int64_t)time(NULL) + seconds;
}

/* REASON_DEVICE_UNCONFIRMED: somebody has to log in. */
static enum reason
refresh(struct audient *audient, const struct audient_grant *grant,
    struct audient_tokens *kept)
{
	struct audient_tokens fresh;
	char why[AUDIENT_LINE_MAX];
	enum reason reason;

	if (kept->refresh.len == 0)
		return REASON_DEVICE_UNCONFIRMED;
	reason = audient_grant_token(audient, grant, buf_span(&kept->refresh),
	    &fresh, why);
	if (reason == REASON_OK) {
		if (fresh.refresh.len == 0) { /* it is not renewed */
			fresh.refresh = kept->refresh;
			kept->refresh = (struct buf)BUF_INIT(0);
		}
		audient_tokens_clear(kept);
		*kept = fresh; /* transferred */
		return REASON_OK;
	}
	audient_tokens_clear(&fresh);
	if (reason_outcome(reason) == OUTCOME_RETRY && is_good_for(kept, 0))
		return REASON_OK; /* for as long as it lasts */
	if (reason != REASON_DEVICE_UNCONFIRMED)
		(void)broken(why);
	return reason;
}

static enum reason
log_in(const struct command *cmd, struct audient *audient,
    struct audient_tokens *tokens)
{
	char why[AUDIENT_LINE_MAX];
	enum reason reason;

	audient_tokens_clear(tokens);
	if (cmd->grant.secret.len == 0 && cmd->is_batch) {
		(void)broken("somebody has to log in: do audient token on a "
			     "terminal");
		return REASON_DEVICE_UNCONFIRMED;
	}
	if (cmd->grant.secret.len == 0)
		return login_by_device(audient, &cmd->grant, !cmd->hides_qr,
		    tokens);
	reason = audient_grant_token(audient, &cmd->grant, span_of(NULL),
	    tokens, why);
	if (reason != REASON_OK)
		(void)broken(why);
	return reason;
}

/* A kept one, a refreshed one, a new one: the first that can be had. */
static enum reason
get_token(const struct command *cmd, struct audient *audient,
    struct store *store, struct audient_tokens *tokens)
{
	enum reason reason = REASON_DEVICE_UNCONFIRMED;

	if (!cmd->is_fresh) {
		if (is_good_for(tokens, TOKEN_MARGIN))
			return REASON_OK;
		reason = refresh(audient, &cmd->grant, tokens);
	}
	if (reason == REASON_DEVICE_UNCONFIRMED)
		reason = log_in(cmd, audient, tokens);
	/* not keeping it is a pity, and no reason not to hand it out */
	if (reason == REASON_OK)
		(void)store_save(store, tokens);
	return reason;
}

static int
hand_out(const struct command *cmd, struct audient *audient)
{
	struct audient_tokens tokens = { .access = BUF_INIT(0) };
	char why[AUDIENT_LINE_MAX], id[AUDIENT_GRANT_ID_SIZE];
	struct store store;
	enum reason reason;
	int rc = EXIT_BROKEN;

	if (audient_grant_id(audient, &cmd->grant, id, why) != REASON_OK) {
		(void)fprintf(stderr,
		    "audient token: %s; give --audience, --client-id or "
		    "--service, or see audient(1) for a file with them\n",
		    why);
		return EXIT_BROKEN;
	}
	if (store_open(&store, id) && store_load(&store, &tokens)) {
		reason = get_token(cmd, audient, &store, &tokens);
		rc = exit_of(reason);
		if (reason == REASON_OK &&
		    !form_write(cmd->form, buf_span(&tokens.access), cmd->user))
			rc = EXIT_BROKEN;
	}
	store_close(&store);
	audient_tokens_clear(&tokens);
	return rc;
}

/* --- the command line -------------------------------------------------------
 */

static bool
take_flag(int c, struct command *cmd)
{
	switch (c) {
	case 'b':
		cmd->is_batch = true;
		return true;
	case 'F':
		cmd->forgets = true;
		return true;
	case 'n':
		cmd->is_fresh = true;
		return true;
	case 'q':
		cmd->hides_qr = true;
		return true;
	default:
		return false;
	}
}

/* Where the value of an option goes, or NULL. */
static const char **
place_of(int c, struct command *cmd)
{
	switch (c) {
	case 'a':
		return &cmd->grant.audience;
	case 'C':
		return &cmd->ca_file;
	case 'c':
		return &cmd->config;
	case 'd':
		return &cmd->domain;
	case 'f':
		return &cmd->flow;
	case 'H':
		return &cmd->helper;
	case 'I':
		return &cmd->issuer;
	case 'i':
		return &cmd->grant.client_id;
	case 'S':
		return &cmd->secret_file;
	case 's':
		return &cmd->grant.scope;
	case 'u':
		return &cmd->user;
	case 'v':
		return &cmd->grant.service;
	default:
		return NULL;
	}
}

/* What contradicts itself, or NULL. */
static const char *
contradiction(const struct command *cmd)
{
	const bool has_tenant = cmd->domain != NULL || cmd->issuer != NULL;

	if (cmd->flow != NULL && strcmp(cmd->flow, "device") != 0 &&
	    strcmp(cmd->flow, "client-credentials") != 0)
		return "--flow is device or client-credentials";
	if (cmd->flow != NULL &&
	    (cmd->secret_file != NULL) !=
		(strcmp(cmd->flow, "client-credentials") == 0))
		return "--client-secret-file belongs to --flow "
		       "client-credentials";
	if (has_tenant && (cmd->config != NULL || cmd->grant.service != NULL))
		return "with --domain or --issuer no file is read";
	if (!has_tenant && (cmd->ca_file != NULL || cmd->helper != NULL))
		return "--ca-file and --fetch-helper go with --domain or "
		       "--issuer; else they stand in the file";
	if (cmd->form == FORM_XOAUTH2 && cmd->user == NULL)
		return "--as xoauth2 needs --user";
	return NULL;
}

/* 0, 'h' for help, or '?'. */
static int
parse(int argc, char **argv, struct command *cmd)
{
	const char **place, *wrong;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return 'h';
		if ((place = place_of(c, cmd)) != NULL && optarg[0] != '\0')
			*place = optarg;
		else if (c == 'A' && form_find(optarg, &cmd->form))
			continue;
		else if (!take_flag(c, cmd))
			return '?';
	}
	if ((wrong = contradiction(cmd)) != NULL)
		(void)broken(wrong);
	return wrong == NULL && optind == argc ? 0 : '?';
}

int
cmd_token(int argc, char **argv)
{
	static const struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };
	struct command cmd = { .grant = { .uid = AUDIENT_NOT_ACCOUNTS },
		.secret = BUF_INIT(0) };
	struct audient *audient;
	int rc = EXIT_BROKEN, c;

	if ((c = parse(argc, argv, &cmd)) == 'h')
		return help("token", synopsis, about);
	if (c != 0)
		return usage("token", synopsis);
	if (cmd.forgets)
		return store_forget() ? EXIT_ALLOW : EXIT_BROKEN;
	(void)setrlimit(RLIMIT_CORE, &none);
	if (read_secret(&cmd) && (audient = open_settings(&cmd)) != NULL) {
		rc = hand_out(&cmd, audient);
		audient_close(audient);
	}
	buf_free(&cmd.secret);
	return rc;
}
