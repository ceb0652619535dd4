/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "pamstack.h"
#include "tree.h"

#define DEFAULT_SERVICE "sshd"
#define AT_MAX		253402300799LL /* the last second of the year 9999 */

static const char synopsis[] =
    "[--config FILE] [--service NAME] [--user NAME]\n"
    "       [--at EPOCH] [--json] [FILE|-]\n"
    "   or: audient explain --reason NAME [--json]";

static const char about[] =
    "  --config FILE   the configuration, an absolute path\n"
    "  --service NAME  of PAM or SASL: sshd, sudo, imap, smtp, ldap ...\n"
    "  --user NAME     who somebody wants to be\n"
    "  --at EPOCH      decide as of that time, in seconds since 1970\n"
    "  --json          one JSON object, for programs\n"
    "  --reason NAME   no token: what a reason of the log means\n"
    "  FILE            has the token; \"-\" or nothing: standard input\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "service", required_argument, NULL, 's' },
	{ "user", required_argument, NULL, 'u' },
	{ "at", required_argument, NULL, 't' },
	{ "json", no_argument, NULL, 'j' },
	{ "reason", required_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static bool
is_one_of(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* Does a file of /etc/pam.d ask us, under this name? */
static void
look_for_service(void *arg, const char *file)
{
	const char **service = arg;
	struct stack *stack;
	char value[128];

	if (*service == NULL || (stack = calloc(1, sizeof(*stack))) == NULL)
		return;
	(void)stack_load("", file, stack);
	for (size_t i = 0; i < stack->n && *service != NULL; i++) {
		const struct rule *rule = &stack->rule[i];

		if (!rule_is_ours(rule))
			continue;
		if (!rule_argument(rule, "service=", value, sizeof(value)))
			(void)snprintf(value, sizeof(value), "%s", file);
		if (strcmp(value, *service) == 0)
			*service = NULL;
	}
	free(stack);
}

/* Are the users of a service names in a mailbox or a directory? */
static bool
knows_names_only(const char *service)
{
	static const char *const accounts[] = { "sshd", "sudo", "sudo-i", "su",
		"su-l", "login", NULL };
	static const char *const names[] = { "imap", "pop", "sieve", "lmtp",
		"smtp", "ldap", "nntp", "http", "svn", "memcached", "libvirt",
		"vnc", "spice", "amqp", "xmpp", NULL };
	const char *left = service;
	char path[256];

	tree_list("", "/etc/pam.d", look_for_service, &left);
	if (left == NULL || is_one_of(service, accounts))
		return false;
	if (is_one_of(service, names))
		return true;
	(void)snprintf(path, sizeof(path), "/etc/pam.d/%s", service);
	return strchr(service, '/') != NULL || !tree_has("", path);
}

static int64_t
find_uid(const struct explanation *x)
{
	const struct passwd *pw;

	if (x->rq.user == NULL || x->are_names)
		return AUDIENT_NOT_ACCOUNTS;
	pw = getpwnam(x->rq.user);
	return pw != NULL ? (int64_t)pw->pw_uid : AUDIENT_NO_ACCOUNT;
}

static void
on_step(void *arg, const struct audient_step *step)
{
	explain_step(arg, step);
}

/* The failed check says the same, once the issuer could not be asked. */
static void
on_warning(void *arg, bool is_warning, const char *text)
{
	struct explanation *x = arg;

	if (is_warning)
		(void)json_array_append_new(x->warnings, json_string(text));
}

static const char *
file_of(const struct explanation *x)
{
	return x->config != NULL ? x->config : CONFIG_FILE;
}

static void
find_advice(struct explanation *x, const struct audient *audient)
{
	const struct audient_verdict *v = &x->verdict;
	struct audient_tenant tenant;
	struct audient_rules rules;
	const struct case_file c = { .reason = v->reason,
		.check = v->check,
		.found = v->found,
		.wanted = v->wanted,
		.client = v->client,
		.user = x->rq.user,
		.service = x->rq.service,
		.config = file_of(x),
		.rules = &rules,
		.tenant =
		    audient_get_tenant(audient, 0, &tenant) ? &tenant : NULL };

	audient_find_rules(audient, x->rq.service, &rules);
	advise(&c, x->advice);
	peers_of(v->reason, &x->peers);
}

static int
explain(struct explanation *x)
{
	const struct log_sink log = { .line = on_warning, .arg = x };
	struct audient *audient;
	enum reason reason;

	if ((audient = open_heard(x->config, x->rq.service, &log)) == NULL)
		return EXIT_BROKEN;
	x->are_names = knows_names_only(x->rq.service);
	x->rq.uid = find_uid(x);
	x->rq.step = on_step;
	x->rq.step_arg = x;
	explain_begin(x);
	reason = audient_check(audient, &x->rq, &x->verdict);
	audient_token_id(audient, x->rq.token, x->token_id);
	find_advice(x, audient);
	if (x->is_json && !explain_json(x))
		reason = REASON_OUT_OF_MEMORY;
	if (!x->is_json)
		explain_text(x);
	audient_close(audient);
	return exit_of(reason);
}

static int
tell_reason(struct explanation *x)
{
	const struct case_file c = { .found = "",
		.wanted = "",
		.client = "",
		.service = "NAME",
		.config = file_of(x) };
	struct case_file this = c;

	if (!audient_find_reason(x->only, &this.reason)) {
		(void)complain("explain",
		    "there is no reason \"%s\"; the log has "
		    "it behind \"reason=\"",
		    x->only);
		return EXIT_USAGE;
	}
	advise(&this, x->advice);
	peers_of(this.reason, &x->peers);
	return explain_reason(x, this.reason) ? EXIT_ALLOW : EXIT_BROKEN;
}

static bool
parse_time(const char *text, int64_t *at)
{
	char *end;

	errno = 0;
	*at = strtoll(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *at > 0 &&
	    *at <= AT_MAX)
		return true;
	(void)complain("explain",
	    "--at takes seconds since 1970, such as $(date "
	    "+%%s)");
	return false;
}

/* 0, or what ends the program. */
static int
parse(int argc, char **argv, struct explanation *x)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'c')
			x->config = optarg;
		else if (c == 's')
			x->rq.service = optarg;
		else if (c == 'u')
			x->rq.user = optarg;
		else if (c == 'r')
			x->only = optarg;
		else if (c == 'j')
			x->is_json = true;
		else if (c != 't' || !parse_time(optarg, &x->rq.at))
			return c;
	}
	return argc - optind <= (x->only == NULL ? 1 : 0) ? 0 : '?';
}

int
cmd_explain(int argc, char **argv)
{
	struct explanation x = { .rq = { .service = DEFAULT_SERVICE,
				     .is_rehearsal = true } };
	struct buf token = BUF_INIT(0);
	int rc;

	if ((rc = parse(argc, argv, &x)) == 'h')
		return help("explain", synopsis, about);
	if (rc != 0)
		return usage("explain", synopsis);
	term_init(&x.term, stdout);
	if (x.only != NULL)
		return tell_reason(&x);
	rc = EXIT_BROKEN;
	if ((x.checks = json_array()) != NULL &&
	    (x.warnings = json_array()) != NULL &&
	    read_token(argv[optind], &token)) {
		x.rq.token = buf_span(&token);
		rc = explain(&x);
	}
	json_decref(x.checks);
	json_decref(x.warnings);
	buf_free(&token);
	return rc;
}
