/* SPDX-License-Identifier: BSD-2-Clause */
#include "pamstack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"

#define FILE_MAX  65536
#define DEPTH_MAX 8
#define BLANKS	  " \t"

static const char *const types[] = {
	[STACK_AUTH] = "auth",
	[STACK_ACCOUNT] = "account",
	[STACK_PASSWORD] = "password",
	[STACK_SESSION] = "session",
};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static const char *const codes[STACK_CODES] = {
	[CODE_SUCCESS] = "success",
	[CODE_AUTH_ERR] = "auth_err",
	[CODE_MAXTRIES] = "maxtries",
	[CODE_UNAVAIL] = "authinfo_unavail",
	[CODE_SERVICE_ERR] = "service_err",
	[CODE_PERM_DENIED] = "perm_denied",
	[CODE_IGNORE] = "ignore",
};

/* Where lines go; type -1: lines of every type. */
struct reader {
	const char *root;
	struct stack *stack;
	const char *file;
	int level;
	int depth;
	int only;
};

static bool read_service(const struct reader *r, const char *name);

static bool
take_word(char **at, char **word)
{
	*at += strspn(*at, BLANKS);
	*word = *at;
	if (**at == '[') {
		/* "\]" does not end it */
		while (**at != '\0' && !(**at == ']' && (*at)[-1] != '\\'))
			++*at;
		if (**at == '\0')
			return false;
		++*at;
	} else
		*at += strcspn(*at, BLANKS);
	if (**at != '\0')
		*(*at)++ = '\0';
	return **word != '\0';
}

static bool
find_action(const char *word, int *action)
{
	static const struct {
		const char *name;
		int action;
	} names[] = {
		{ "ignore", ACTION_IGNORE },
		{ "ok", ACTION_OK },
		{ "done", ACTION_DONE },
		{ "bad", ACTION_BAD },
		{ "die", ACTION_DIE },
		{ "reset", ACTION_RESET },
	};
	char *end;
	long n;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(word, names[i].name) == 0) {
			*action = names[i].action;
			return true;
		}
	n = strtol(word, &end, 10);
	*action = (int)n;
	return *word != '\0' && *end == '\0' && n >= 0 && n < STACK_RULES_MAX;
}

static void
set_all(struct rule *rule, int action)
{
	for (int i = 0; i < STACK_CODES; i++)
		rule->action[i] = action;
}

/* "[success=done maxtries=die default=ignore]" */
static bool
read_brackets(char *text, struct rule *rule)
{
	int otherwise = ACTION_BAD, action;
	bool is_set[STACK_CODES] = { false };
	char *word, *value;

	text[strlen(text) - 1] = '\0';
	text++;
	while (take_word(&text, &word)) {
		if ((value = strchr(word, '=')) == NULL)
			return false;
		*value++ = '\0';
		if (!find_action(value, &action))
			return false;
		if (strcmp(word, "default") == 0)
			otherwise = action;
		for (int i = 0; i < STACK_CODES; i++)
			if (strcmp(word, codes[i]) == 0) {
				rule->action[i] = action;
				is_set[i] = true;
			}
	}
	for (int i = 0; i < STACK_CODES; i++)
		if (!is_set[i])
			rule->action[i] = otherwise;
	return true;
}

/* The old words in the terms of the new ones, pam.conf(5). */
static bool
read_control(char *text, struct rule *rule)
{
	(void)snprintf(rule->control, sizeof(rule->control), "%s", text);
	if (text[0] == '[')
		return read_brackets(text, rule);
	set_all(rule, ACTION_BAD);
	rule->action[CODE_SUCCESS] = ACTION_OK;
	rule->action[CODE_IGNORE] = ACTION_IGNORE;
	if (strcasecmp(text, "required") == 0)
		return true;
	if (strcasecmp(text, "requisite") == 0) {
		set_all(rule, ACTION_DIE);
		rule->action[CODE_SUCCESS] = ACTION_OK;
		rule->action[CODE_IGNORE] = ACTION_IGNORE;
		return true;
	}
	set_all(rule, ACTION_IGNORE);
	rule->action[CODE_SUCCESS] = ACTION_OK;
	if (strcasecmp(text, "optional") == 0)
		return true;
	rule->action[CODE_SUCCESS] = ACTION_DONE;
	return strcasecmp(text, "sufficient") == 0;
}

static bool
include(const struct reader *r, int type, const char *name, int level)
{
	const struct reader sub = { .root = r->root,
		.stack = r->stack,
		.level = level,
		.depth = r->depth + 1,
		.only = type };

	return r->depth < DEPTH_MAX && read_service(&sub, name);
}

static struct rule *
append(const struct reader *r, unsigned int line, enum stack_type type)
{
	struct stack *s = r->stack;
	struct rule *rule;

	if (s->n == STACK_RULES_MAX)
		return NULL;
	rule = &s->rule[s->n++];
	*rule = (struct rule){ .line = line, .type = type, .level = r->level };
	(void)snprintf(rule->file, sizeof(rule->file), "%s", r->file);
	return rule;
}

static bool
read_rule(const struct reader *r, char *at, unsigned int line,
    enum stack_type type)
{
	char *control, *module;
	struct rule *rule;

	if (!take_word(&at, &control) || !take_word(&at, &module))
		return false;
	if (strcmp(control, "include") == 0)
		return include(r, (int)type, module, r->level);
	if ((rule = append(r, line, type)) == NULL)
		return false;
	(void)snprintf(rule->module, sizeof(rule->module), "%s", module);
	at += strspn(at, BLANKS);
	(void)snprintf(rule->args, sizeof(rule->args), "%s", at);
	if (strcmp(control, "substack") == 0) {
		rule->is_substack = true;
		return include(r, (int)type, module, r->level + 1);
	}
	if (read_control(control, rule))
		return true;
	r->stack->n--;
	return false;
}

static bool
read_line(const struct reader *r, char *at, unsigned int line)
{
	char *word;

	at[strcspn(at, "#")] = '\0';
	if (!take_word(&at, &word))
		return true;
	if (strcmp(word, "@include") == 0)
		return take_word(&at, &word) &&
		    include(r, r->only, word, r->level);
	if (*word == '-')
		word++; /* a module that may be missing */
	for (size_t i = 0; i < N_TYPES; i++) {
		if (strcasecmp(word, types[i]) != 0)
			continue;
		if (r->only >= 0 && r->only != (int)i)
			return true;
		return read_rule(r, at, line, (enum stack_type)i);
	}
	return false;
}

/* A backslash joins a line with the next one. */
static void
read_lines(const struct reader *r, char *text)
{
	unsigned int line = 0, first;
	char *end;

	while (text != NULL && *text != '\0') {
		first = ++line;
		end = text;
		while ((end = strchr(end, '\n')) != NULL && end > text &&
		    end[-1] == '\\') {
			end[-1] = end[0] = ' ';
			line++;
		}
		if (end != NULL)
			*end++ = '\0';
		if (!read_line(r, text, first) && r->stack->bad_line == 0) {
			r->stack->bad_line = first;
			(void)snprintf(r->stack->bad_file,
			    sizeof(r->stack->bad_file), "%s", r->file);
		}
		text = end;
	}
}

static bool
read_service(const struct reader *r, const char *name)
{
	static const char *const dirs[] = { "/etc/pam.d/", "/usr/lib/pam.d/" };
	struct buf text = BUF_INIT(FILE_MAX);
	struct reader inner = *r;
	char path[96];
	bool ok = false;

	for (size_t i = 0; i < 2 && !ok; i++) {
		(void)snprintf(path, sizeof(path), "%s%s",
		    name[0] == '/' ? "" : dirs[i], name);
		ok = tree_read(r->root, path, &text);
	}
	inner.file = path;
	if (ok && text.data != NULL)
		read_lines(&inner, text.data);
	buf_free(&text);
	return ok;
}

bool
stack_load(const char *root, const char *service, struct stack *stack)
{
	const struct reader r = { .root = root, .stack = stack, .only = -1 };

	stack->n = 0;
	stack->bad_line = 0;
	return strchr(service, '/') == NULL && read_service(&r, service);
}

/* "/lib/security/pam_audient.so" is pam_audient.so */
static const char *
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

bool
rule_is_ours(const struct rule *rule)
{
	return strcmp(base_of(rule->module), "pam_audient.so") == 0;
}

/* As PAM does it, of which "[a b]" is one argument. */
bool
rule_next(struct span *rest, struct span *argument)
{
	const char *close;
	size_t n = 0;

	*rest = span_trim(*rest);
	if (rest->len == 0)
		return false;
	if (rest->ptr[0] == '[' &&
	    (close = memchr(rest->ptr, ']', rest->len)) != NULL) {
		n = (size_t)(close - rest->ptr) + 1;
		*argument = (struct span){ .ptr = rest->ptr + 1, .len = n - 2 };
	} else {
		while (n < rest->len && strchr(BLANKS, rest->ptr[n]) == NULL)
			n++;
		*argument = (struct span){ .ptr = rest->ptr, .len = n };
	}
	rest->ptr += n;
	rest->len -= n;
	return true;
}

bool
rule_argument(const struct rule *rule, const char *key, char *value,
    size_t size)
{
	struct span rest = span_of(rule->args), word;

	while (rule_next(&rest, &word)) {
		if (!span_starts(word, key))
			continue;
		(void)snprintf(value, size, "%.*s",
		    (int)(word.len - strlen(key)), word.ptr + strlen(key));
		return true;
	}
	return false;
}
