/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_PAMSTACK_H
#define AUDIENT_CLI_PAMSTACK_H

#include "buf.h"

/*
 * The files of /etc/pam.d as libpam reads them, pam.conf(5), and what becomes
 * of a login: the stack is run with results that we choose.
 */

#define STACK_RULES_MAX 128

enum stack_type { STACK_AUTH, STACK_ACCOUNT, STACK_PASSWORD, STACK_SESSION };

/* Results of a module, as far as a stack of ours can tell them apart. */
enum stack_code {
	CODE_SUCCESS,
	CODE_AUTH_ERR,
	CODE_MAXTRIES,
	CODE_UNAVAIL,
	CODE_SERVICE_ERR,
	CODE_PERM_DENIED,
	CODE_IGNORE,
};
#define STACK_CODES (CODE_IGNORE + 1)

/* What a result does; a positive number skips so many modules. */
enum stack_action {
	ACTION_IGNORE = 0,
	ACTION_OK = -1,
	ACTION_DONE = -2,
	ACTION_BAD = -3,
	ACTION_DIE = -4,
	ACTION_RESET = -5,
};

struct rule {
	char file[96];	   /* in the words of the tree */
	unsigned int line; /* in it */
	enum stack_type type;
	char control[96]; /* as written */
	int action[STACK_CODES];
	int level;	  /* of substacks */
	bool is_substack; /* its rules follow */
	char module[160]; /* as written */
	char args[512];
};

struct stack {
	size_t n;
	struct rule rule[STACK_RULES_MAX];
	unsigned int bad_line; /* of the first line not understood, or 0 */
	char bad_file[96];
};

/* Of a service, with all that it includes; false if there is no such file. */
bool stack_load(const char *root, const char *service, struct stack *stack);

bool rule_is_ours(const struct rule *rule);

/* The next argument, without the brackets around it; false: no more. */
bool rule_next(struct span *rest, struct span *argument);

/* Of ours: the value of an argument "key=", or NULL. */
bool rule_argument(const struct rule *rule, const char *key, char *value,
    size_t size);

/* What we assume. */
struct stack_world {
	enum stack_code token; /* what our module says */
	bool has_secret;       /* the user knows every other secret, too */
};

struct stack_result {
	bool is_allowed;
	bool was_asked;		   /* our module had a say */
	const struct rule *winner; /* the first one that said yes */
	const struct rule *bad_jump;
};

void stack_run(const struct stack *stack, enum stack_type type,
    const struct stack_world *world, struct stack_result *result);

#endif
