/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "pamstack.h"

#define LEVELS_MAX 16

enum impression { UNDECIDED, POSITIVE, NEGATIVE };

/* What the modules so far amount to. */
struct opinion {
	enum impression impression;
	bool is_success; /* else: refused, for whatever reason */
};

/* Modules that say nothing about who somebody is. */
static const char *const neutral[] = { "pam_cap.so", "pam_echo.so",
	"pam_env.so", "pam_faildelay.so", "pam_gnome_keyring.so",
	"pam_group.so", "pam_keyinit.so", "pam_kwallet5.so", "pam_limits.so",
	"pam_loginuid.so", "pam_mail.so", "pam_motd.so", "pam_nologin.so",
	"pam_selinux.so", "pam_umask.so", "pam_warn.so", NULL };

/* Modules that look at circumstances, and let ordinary logins pass. */
static const char *const gates[] = { "pam_access.so", "pam_debug.so",
	"pam_faillock.so", "pam_lastlog.so", "pam_listfile.so",
	"pam_localuser.so", "pam_rootok.so", "pam_securetty.so",
	"pam_shells.so", "pam_succeed_if.so", "pam_tally2.so", "pam_time.so",
	"pam_usertype.so", "pam_wheel.so", NULL };

static bool
is_one_of(const struct rule *rule, const char *const *names)
{
	const char *slash = strrchr(rule->module, '/');
	const char *name = slash != NULL ? slash + 1 : rule->module;

	for (; *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

static bool
is_module(const struct rule *rule, const char *name)
{
	const char *const names[] = { name, NULL };

	return is_one_of(rule, names);
}

/*
 * A gate that opens the whole way by itself is there for some users, and we
 * are not one of them.
 */
static enum stack_code
gate_says(const struct rule *rule)
{
	if (strstr(rule->args, "authsucc") != NULL)
		return CODE_SUCCESS;
	if (strstr(rule->args, "authfail") != NULL)
		return CODE_AUTH_ERR;
	return rule->action[CODE_SUCCESS] == ACTION_OK ? CODE_SUCCESS
						       : CODE_AUTH_ERR;
}

static enum stack_code
says(const struct rule *rule, const struct stack_world *world)
{
	if (rule_is_ours(rule))
		return world->token;
	if (is_module(rule, "pam_permit.so"))
		return CODE_SUCCESS;
	if (is_module(rule, "pam_deny.so"))
		return CODE_AUTH_ERR;
	if (is_one_of(rule, neutral))
		return CODE_IGNORE;
	if (is_one_of(rule, gates))
		return gate_says(rule);
	return world->has_secret ? CODE_SUCCESS : CODE_AUTH_ERR;
}

/* The rules of one type, which is all that a run knows. */
struct run {
	const struct rule *rule[STACK_RULES_MAX];
	size_t n;
	struct opinion at_start[LEVELS_MAX]; /* of each substack */
	struct opinion now;
	struct stack_result *result;
};

/* The last rule of what i is in, at its level or deeper. */
static size_t
end_of_level(const struct run *run, size_t i)
{
	const int level = run->rule[i]->level;

	while (i + 1 < run->n && run->rule[i + 1]->level >= level)
		i++;
	return i;
}

/* Skips n modules; a substack counts as one. */
static size_t
jump(struct run *run, size_t i, int n)
{
	const struct rule *from = run->rule[i];

	while (
	    n > 0 && i + 1 < run->n && run->rule[i + 1]->level >= from->level) {
		do
			i++;
		while (i + 1 < run->n && run->rule[i + 1]->level > from->level);
		n--;
	}
	if (n > 0) {
		run->now = (struct opinion){ .impression = NEGATIVE };
		run->result->bad_jump = from;
	}
	return i;
}

static void
agree(struct run *run, const struct rule *rule, enum stack_code code)
{
	struct opinion *o = &run->now;

	if (code == CODE_IGNORE ||
	    !(o->impression == UNDECIDED ||
		(o->impression == POSITIVE && o->is_success)))
		return;
	if (code == CODE_SUCCESS && run->result->winner == NULL)
		run->result->winner = rule;
	if (o->impression == UNDECIDED && code == CODE_SUCCESS)
		o->impression = POSITIVE;
	o->is_success = code == CODE_SUCCESS;
}

/* One rule; returns the index of the last one that it makes us pass over. */
static size_t
take(struct run *run, size_t i, enum stack_code code)
{
	const struct rule *rule = run->rule[i];
	const int action = rule->action[code];

	switch (action) {
	case ACTION_IGNORE:
		return i;
	case ACTION_OK:
	case ACTION_DONE:
		agree(run, rule, code);
		if (action == ACTION_DONE && run->now.impression == POSITIVE)
			return end_of_level(run, i);
		return i;
	case ACTION_BAD:
	case ACTION_DIE:
		if (run->now.impression != NEGATIVE)
			run->now = (struct opinion){ .impression = NEGATIVE };
		return action == ACTION_DIE ? end_of_level(run, i) : i;
	case ACTION_RESET:
		run->now = run->at_start[rule->level];
		return i;
	default:
		return jump(run, i, action);
	}
}

void
stack_run(const struct stack *stack, enum stack_type type,
    const struct stack_world *world, struct stack_result *result)
{
	struct run run = { .result = result };

	*result = (struct stack_result){ .winner = NULL };
	for (size_t i = 0; i < stack->n; i++)
		if (stack->rule[i].type == type &&
		    stack->rule[i].level + 1 < LEVELS_MAX)
			run.rule[run.n++] = &stack->rule[i];
	for (size_t i = 0; i < run.n; i++) {
		const struct rule *rule = run.rule[i];

		if (rule->is_substack) {
			run.at_start[rule->level + 1] = run.now;
			continue;
		}
		if (rule_is_ours(rule))
			result->was_asked = true;
		i = take(&run, i, says(rule, world));
	}
	result->is_allowed =
	    run.now.impression == POSITIVE && run.now.is_success;
}
