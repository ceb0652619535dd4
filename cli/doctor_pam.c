/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "pamstack.h"

#define TOKENS_ONLY "[success=done ignore=ignore default=die]"
#define STACKS_ARE  "pam_audient(8) has complete stacks."

/* One file of /etc/pam.d that has us. */
struct patient {
	struct doctor *d;
	const char *name;
	struct stack stack;
	const struct rule *auth; /* our first line of the type, or NULL */
	const struct rule *account;
	const struct rule *session;
};

static void
locate(const struct rule *rule, char *where, size_t size)
{
	(void)snprintf(where, size, "%s:%u", rule->file, rule->line);
}

static void __attribute__((format(printf, 5, 6)))
tell(const struct patient *p, const struct rule *rule, enum level level,
    const char *remedy, const char *fmt, ...)
{
	char where[128], *what;
	va_list ap;

	locate(rule, where, sizeof(where));
	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		what = NULL;
	va_end(ap);
	if (what != NULL)
		report(p->d, level, where, remedy, "%s", what);
	free(what);
}

static bool
run(const struct patient *p, enum stack_type type, enum stack_code token,
    bool has_secret, struct stack_result *result)
{
	const struct stack_world world = { .token = token,
		.has_secret = has_secret };

	stack_run(&p->stack, type, &world, result);
	return result->is_allowed;
}

static bool
allows(const struct patient *p, enum stack_type type, enum stack_code token,
    bool has_secret)
{
	struct stack_result result;

	return run(p, type, token, has_secret, &result);
}

/* --- one line
 * ------------------------------------------------------------------ */

struct search {
	const struct doctor *d;
	const char *module;
	bool found;
};

static void
look_for_module(void *arg, const char *name)
{
	struct search *x = arg;
	char path[512];

	(void)snprintf(path, sizeof(path), "/usr/lib/%s/security/%s", name,
	    x->module);
	if (tree_has(x->d->root, path))
		x->found = true;
}

static bool
has_module(const struct doctor *d, const char *module)
{
	static const char *const dirs[] = { PAM_DIR, "/lib/security",
		"/usr/lib/security", "/lib64/security", "/usr/lib64/security",
		"/usr/local/lib/security" };
	struct search x = { .d = d, .module = module };
	char path[512];

	if (module[0] == '/')
		return tree_has(d->root, module);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && !x.found;
	     i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dirs[i], module);
		x.found = tree_has(d->root, path);
	}
	if (!x.found)
		tree_list(d->root, "/usr/lib", look_for_module, &x);
	return x.found;
}

/* Which argument of the module it is, as a bit; 0: none. */
static unsigned int
argument_bit(struct span word)
{
	static const char *const flags[] = { "debug", "nodelay",
		"use_first_pass", "try_first_pass" };

	if (span_starts(word, "config=/"))
		return 1;
	if (span_starts(word, "service=") && word.len > strlen("service="))
		return 2;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (span_is(word, flags[i]))
			return 4U << i;
	return 0;
}

static void
check_arguments(const struct patient *p, const struct rule *rule)
{
	struct span rest = span_of(rule->args), word;
	unsigned int bit, there = 0;

	while (rule_next(&rest, &word)) {
		if ((bit = argument_bit(word)) == 0)
			tell(p, rule, LEVEL_PROBLEM,
			    "Correct the argument; there are config=/absolute/"
			    "path service=NAME debug nodelay use_first_pass "
			    "try_first_pass.",
			    "the argument \"%.*s\" is not known, so nobody "
			    "gets in",
			    (int)(word.len < 80 ? word.len : 80), word.ptr);
		else if ((there & bit) != 0)
			tell(p, rule, LEVEL_PROBLEM, "Remove one of the two.",
			    "the argument \"%.*s\" is there twice, so nobody "
			    "gets in",
			    (int)(word.len < 80 ? word.len : 80), word.ptr);
		there |= bit;
	}
}

static void
check_config_argument(const struct patient *p, const struct rule *rule)
{
	char path[512];

	if (!rule_argument(rule, "config=", path, sizeof(path)) ||
	    path[0] != '/' || strcmp(path, p->d->config) == 0)
		return;
	if (!tree_has(p->d->root, path))
		tell(p, rule, LEVEL_PROBLEM, "Correct the path behind config=.",
		    "%s does not exist, so nobody gets in", path);
	else
		tell(p, rule, LEVEL_NOTE,
		    "Look at that file, too: audient doctor --config, with "
		    "its path.",
		    "this line uses another configuration, %s", path);
}

/* Whose rules count for a line of ours. */
static void
service_of(const struct patient *p, const struct rule *rule, char *name,
    size_t size)
{
	if (!rule_argument(rule, "service=", name, size))
		(void)snprintf(name, size, "%s", p->name);
}

static void
check_rules(const struct patient *p, const struct rule *rule)
{
	char name[128], where[128];

	service_of(p, rule, name, sizeof(name));
	locate(rule, where, sizeof(where));
	if (strstr(rule->args, "config=") == NULL)
		check_service_rules(p->d, where, name, "nobody gets in");
}

static bool
is_common(const struct rule *rule)
{
	static const char *const names[] = { "/common-", "/system-auth",
		"/password-auth", "/system-login" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(rule->file, names[i]) != NULL)
			return true;
	return false;
}

static void
check_rule(const struct patient *p, const struct rule *rule)
{
	if (rule->type == STACK_PASSWORD)
		tell(p, rule, LEVEL_PROBLEM,
		    "Remove the line: the module has auth, account and "
		    "session, and nothing else.",
		    "the module has nothing of this type: nobody can change a "
		    "password here");
	if (!has_module(p->d, rule->module))
		tell(p, rule, LEVEL_PROBLEM,
		    "Install the module, or give its absolute path.",
		    "there is no module %s: PAM refuses everybody here",
		    rule->module);
	if (is_common(rule))
		tell(p, rule, LEVEL_WARNING,
		    "Put the line into the file of the service that is to take "
		    "tokens, before its @include or substack line.",
		    "every service that includes this file asks for tokens, "
		    "also cron and the console: whoever breaks audient.conf "
		    "locks everybody out");
	check_arguments(p, rule);
	check_config_argument(p, rule);
}

/* --- the whole stack
 * -------------------------------------------------------------- */

/* Somebody comes in although our module has refused him. */
static bool
check_open_door(const struct patient *p)
{
	static const enum stack_code refusals[] = { CODE_AUTH_ERR,
		CODE_MAXTRIES, CODE_UNAVAIL, CODE_SERVICE_ERR };
	static const char *const when[] = { "whose token was refused",
		"who is not admitted here", "while the tenant cannot be asked",
		"while audient.conf has a mistake" };
	struct stack_result result;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (!run(p, STACK_AUTH, refusals[i], false, &result))
			continue;
		tell(p, result.winner != NULL ? result.winner : p->auth,
		    LEVEL_PROBLEM,
		    "Let the line of pam_audient.so decide: write " TOKENS_ONLY
		    " there, or put pam_deny.so behind it.  " STACKS_ARE,
		    "%s lets everybody in %s by %s in line %u",
		    result.winner != NULL ? result.winner->module : "the stack",
		    when[i], p->auth->module, p->auth->line);
		return true;
	}
	return false;
}

/* Of the lines that skip others, the first one that comes before ours. */
static const struct rule *
first_jump(const struct patient *p)
{
	for (size_t i = 0; i < p->stack.n; i++) {
		const struct rule *rule = &p->stack.rule[i];

		if (rule->type == STACK_AUTH && !rule->is_substack &&
		    rule->action[CODE_SUCCESS] > 0)
			return rule;
	}
	return NULL;
}

/* The stack shuts somebody out who has everything. */
static bool
check_shut_door(const struct patient *p)
{
	const struct rule *jump = first_jump(p);
	struct stack_result result;

	if (run(p, STACK_AUTH, CODE_SUCCESS, true, &result) &&
	    result.bad_jump == NULL)
		return false;
	if (result.bad_jump != NULL)
		jump = result.bad_jump;
	if (jump != NULL)
		tell(p, jump, LEVEL_PROBLEM,
		    "Count again: the number in success=N skips so many lines, "
		    "and must neither end at pam_deny.so nor lead past the "
		    "end. "
		    " " STACKS_ARE,
		    "the jump %s ends in the wrong place since %s stands in "
		    "line %u: who gives the right answer is refused",
		    jump->control, p->auth->module, p->auth->line);
	else
		tell(p, p->auth, LEVEL_PROBLEM,
		    "See what the lines behind it want.  " STACKS_ARE,
		    "not even a good token and a good password let anybody in");
	return true;
}

/* What a token is worth in this stack. */
static void
check_worth(const struct patient *p)
{
	const bool token_alone = allows(p, STACK_AUTH, CODE_SUCCESS, false);
	const bool secret_alone = allows(p, STACK_AUTH, CODE_AUTH_ERR, true);

	if (!token_alone && secret_alone)
		tell(p, p->auth, LEVEL_WARNING,
		    "Put the line before the others of its type, with "
		    "[success=done maxtries=die default=ignore].  " STACKS_ARE,
		    "the token decides nothing: a password is needed in any "
		    "case, and is enough");
	else if (token_alone && secret_alone)
		tell(p, p->auth, LEVEL_OK, "",
		    "a token or a password is enough");
	else if (token_alone)
		tell(p, p->auth, LEVEL_OK, "",
		    "tokens only; keep another way in for a day without the "
		    "tenant");
	else
		tell(p, p->auth, LEVEL_OK, "",
		    "a token and a password are needed");
}

static bool
is_last_auth(const struct patient *p)
{
	bool seen = false, last = true;

	for (size_t i = 0; i < p->stack.n; i++) {
		const struct rule *rule = &p->stack.rule[i];

		if (rule == p->auth)
			seen = true;
		else if (seen && rule->type == STACK_AUTH)
			last = false;
	}
	return last;
}

static void
check_control(const struct patient *p)
{
	if (strcasecmp(p->auth->control, "sufficient") == 0)
		tell(p, p->auth, LEVEL_WARNING,
		    "Write " TOKENS_ONLY " for tokens only, or [success=done "
		    "maxtries=die default=ignore] before a password.",
		    "\"sufficient\" makes a refused token as good as none%s",
		    is_last_auth(p)
			? ", and nothing stands behind it that could refuse"
			: ": the lines below decide");
	else if (strcasecmp(p->auth->control, "optional") == 0)
		tell(p, p->auth, LEVEL_WARNING,
		    "Write " TOKENS_ONLY " for tokens only, or [success=done "
		    "maxtries=die default=ignore] before a password.",
		    "\"optional\" asks for a token and does not care what it "
		    "is");
}

static void
check_auth(const struct patient *p)
{
	if (p->auth == NULL)
		return;
	check_control(p);
	if (!check_open_door(p) && !check_shut_door(p))
		check_worth(p);
}

/* Does anybody come here without a token: with a password, a key, by cron? */
static bool
has_other_guests(const struct patient *p)
{
	static const char *const names[] = { "sshd", "sudo", "sudo-i", "su",
		"su-l", "runuser", "runuser-l", "login", "cron", "crond",
		"atd" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(p->name, names[i]) == 0)
			return true;
	return p->auth == NULL || allows(p, STACK_AUTH, CODE_AUTH_ERR, true);
}

static void
check_account_line(const struct patient *p)
{
	if (allows(p, STACK_ACCOUNT, CODE_PERM_DENIED, true))
		tell(p, p->account, LEVEL_PROBLEM,
		    "Write \"account required pam_audient.so\" above the other "
		    "account lines.",
		    "this line cannot hold a refusal: the other account lines "
		    "let the user in all the same");
	if (!allows(p, STACK_ACCOUNT, CODE_IGNORE, true) && has_other_guests(p))
		tell(p, p->account, LEVEL_WARNING,
		    "Put \"@include common-account\", or \"account required "
		    "pam_unix.so\", behind it.",
		    "no other account line says yes: who comes with a public "
		    "key or a password is locked out");
	if (!allows(p, STACK_ACCOUNT, CODE_SUCCESS, true))
		tell(p, p->account, LEVEL_PROBLEM,
		    "See what the other account lines want.  " STACKS_ARE,
		    "not even a good token gets through the account lines");
}

static void
check_account(const struct patient *p)
{
	char a[128] = "", b[128] = "";

	if (p->account == NULL) {
		tell(p, p->auth, LEVEL_WARNING,
		    "Add \"account required pam_audient.so\" above the other "
		    "account lines.",
		    "there is no account line of this module: nothing holds "
		    "its refusal if another line lets the user in");
		return;
	}
	check_account_line(p);
	if (p->auth == NULL)
		return;
	(void)rule_argument(p->auth, "service=", a, sizeof(a));
	(void)rule_argument(p->account, "service=", b, sizeof(b));
	if (strcmp(a, b) != 0)
		tell(p, p->account, LEVEL_WARNING,
		    "Give both lines the same service=, or none.",
		    "the auth line has service=%s, this one service=%s: the "
		    "second phase knows nothing of the first",
		    a, b);
}

static const struct rule *
find_ours(const struct stack *stack, enum stack_type type)
{
	for (size_t i = 0; i < stack->n; i++)
		if (stack->rule[i].type == type &&
		    rule_is_ours(&stack->rule[i]))
			return &stack->rule[i];
	return NULL;
}

static bool
has_ours(const struct stack *stack)
{
	for (size_t i = 0; i < stack->n; i++)
		if (rule_is_ours(&stack->rule[i]))
			return true;
	return false;
}

/* The line that ends sessions for us, or NULL. */
static const struct rule *
find_systemd(const struct stack *stack)
{
	for (size_t i = 0; i < stack->n; i++)
		if (stack->rule[i].type == STACK_SESSION &&
		    strstr(stack->rule[i].module, "pam_systemd.so") != NULL)
			return &stack->rule[i];
	return NULL;
}

static void
check_session(const struct patient *p)
{
	const struct rule *first = p->auth != NULL ? p->auth : p->account;
	const struct rule *systemd = find_systemd(&p->stack);
	struct audient_rules rules;
	char name[128];

	service_of(p, first, name, sizeof(name));
	if (!doctor_find_rules(p->d, name, &rules) || !rules.limits_sessions)
		return;
	if (p->session == NULL)
		tell(p, first, LEVEL_PROBLEM,
		    "Add \"session required pam_audient.so\" before the line "
		    "of "
		    "pam_systemd.so.",
		    "session_limit = token has no effect: there is no session "
		    "line of this module");
	else if (systemd == NULL)
		tell(p, p->session, LEVEL_WARNING,
		    "Add \"session optional pam_systemd.so\" behind it "
		    "(libpam-systemd).",
		    "session_limit = token has no effect: there is no line of "
		    "pam_systemd.so, which would end the session");
	else if (systemd < p->session)
		tell(p, p->session, LEVEL_PROBLEM,
		    "Put the line before that of pam_systemd.so.",
		    "session_limit = token has no effect: pam_systemd.so comes "
		    "before this line and never hears of it");
}

/* Files of /etc/pam.d that are only there to be included. */
static bool
is_part(const char *name)
{
	return strncmp(name, "common-", 7) == 0 ||
	    strcmp(name, "system-auth") == 0 ||
	    strcmp(name, "password-auth") == 0;
}

static void
check_file(void *arg, const char *name)
{
	struct doctor *d = arg;
	struct patient *p;
	char where[128];

	if (is_part(name) || (p = calloc(1, sizeof(*p))) == NULL)
		return;
	p->d = d;
	p->name = name;
	if (stack_load(d->root, name, &p->stack) && has_ours(&p->stack)) {
		d->has_pam = true;
		p->auth = find_ours(&p->stack, STACK_AUTH);
		p->account = find_ours(&p->stack, STACK_ACCOUNT);
		p->session = find_ours(&p->stack, STACK_SESSION);
		if (p->stack.bad_line != 0) {
			(void)snprintf(where, sizeof(where), "%s:%u",
			    p->stack.bad_file, p->stack.bad_line);
			report(d, LEVEL_PROBLEM, where,
			    "Correct the line, pam.conf(5).",
			    "PAM does not understand this line, or what it "
			    "includes is missing: it refuses everybody at %s",
			    name);
		}
		for (size_t i = 0; i < p->stack.n; i++)
			if (rule_is_ours(&p->stack.rule[i]))
				check_rule(p, &p->stack.rule[i]);
		check_auth(p);
		if (p->auth != NULL || p->account != NULL) {
			check_account(p);
			check_session(p);
			check_rules(p, p->auth != NULL ? p->auth : p->account);
		}
	}
	free(p);
}

void
check_pam(struct doctor *d)
{
	struct stack *stack;

	tree_list(d->root, "/etc/pam.d", check_file, d);
	if (!d->has_pam) {
		report(d, LEVEL_NOTE, "/etc/pam.d",
		    "pam_audient(8) says what to write where.",
		    "no service of PAM asks for tokens");
		return;
	}
	if ((stack = calloc(1, sizeof(*stack))) == NULL)
		return;
	if (stack_load(d->root, "sshd", stack) && has_ours(stack))
		check_sshd(d);
	free(stack);
}
