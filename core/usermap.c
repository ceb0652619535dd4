/* SPDX-License-Identifier: BSD-2-Clause */
#include "usermap.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX  1024 /* longest claim value that is looked up */
#define COST_MAX   2048 /* of an expression: letters and their copies */
#define GROUP_COST 3	/* of its parentheses */
#define NESTED_MAX 20	/* groups within each other */
#define GROUPS_MAX 10	/* \0 to \9 */

struct entry {
	unsigned int line;
	unsigned int len;  /* of value */
	const char *value; /* what stands in the file */
	const char *user;
	regex_t *regex; /* NULL for a literal value */
};

struct usermap {
	char *text; /* of the file; a NUL ends each value and user */
	struct entry *entry;
	size_t n;
	size_t alloc;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A word, or anything in double quotes.  False: the quotes never close. */
static bool
take_field(struct span *in, struct span *field)
{
	size_t n = 0;

	*in = span_trim(*in);
	if (in->len > 0 && in->ptr[0] == '"') {
		in->ptr++;
		in->len--;
		return span_cut(in, '"', field) &&
		    (in->len == 0 || is_blank(in->ptr[0]));
	}
	while (n < in->len && !is_blank(in->ptr[n]))
		n++;
	field->ptr = in->ptr;
	field->len = n;
	in->ptr += n;
	in->len -= n;
	return true;
}

static enum reason
bad(struct text *why, const char *what)
{
	text_printf(why, "%s", what);
	return REASON_CONFIG_INVALID;
}

/* What follows the list of letters at s; IEEE Std 1003.1, section 9.3.5. */
static const char *
skip_list(const char *s)
{
	s += s[1] == '^' ? 2 : 1;
	if (*s == ']')
		s++;
	for (; *s != '\0' && *s != ']'; s++) {
		const char end[] = { s[1], ']', '\0' }, *close;

		/* [:digit:], [.hyphen.], [=a=] */
		if (*s == '[' && s[1] != '\0' && strchr(":.=", s[1]) != NULL &&
		    (close = strstr(s + 2, end)) != NULL)
			s = close + 1;
	}
	return *s != '\0' ? s + 1 : s;
}

static const char *
skip_letter(const char *s)
{
	if (*s == '[')
		return skip_list(s);
	return *s == '\\' && s[1] != '\0' ? s + 2 : s + 1;
}

/* How many copies the C library makes for the repetition at s. */
static unsigned long
copies_of(const char *s)
{
	unsigned long least, most;
	char *end;

	if (*s != '{')
		return 2;
	least = strtoul(s + 1, &end, 10);
	most = *end == ',' ? strtoul(end + 1, NULL, 10) : 0;
	most = most > least ? most : least;
	if (most > COST_MAX)
		return COST_MAX + 1;
	return most > 0 ? most : 1;
}

/*
 * The C library copies what is repeated, and copies those copies if that is
 * repeated again, and goes through them many times: a short line could take
 * all the memory that there is, or stop the program that reads it.
 */
static bool
is_costly(const char *s)
{
	unsigned long cost[NESTED_MAX + 1] = { 0 }, last = 0;
	size_t group = 0;

	while (*s != '\0') {
		if (*s == '(') {
			if (group == NESTED_MAX)
				return true;
			cost[group++] += last;
			cost[group] = last = 0;
		} else if (*s == ')' && group > 0)
			last += cost[group--] + GROUP_COST;
		else if (strchr("*+?{", *s) != NULL)
			last *= copies_of(s);
		else {
			cost[group] += last;
			last = 1;
		}
		if (cost[group] + last > COST_MAX)
			return true;
		if (*s == '{')
			s += strcspn(s, "}");
		if (*s != '\0')
			s = skip_letter(s);
	}
	return false;
}

static enum reason
compile(const char *expression, regex_t **regexp, struct text *why)
{
	char message[128];
	int rc;

	if (is_costly(expression))
		return bad(why,
		    "the expression repeats too much: have fewer of "
		    "\"*\", \"+\", \"?\" and \"{}\" within each other");
	if ((*regexp = calloc(1, sizeof(**regexp))) == NULL)
		return REASON_OUT_OF_MEMORY;
	if ((rc = regcomp(*regexp, expression, REG_EXTENDED)) == 0)
		return REASON_OK;
	(void)regerror(rc, *regexp, message, sizeof(message));
	free(*regexp);
	*regexp = NULL;
	return rc == REG_ESPACE ? REASON_OUT_OF_MEMORY : bad(why, message);
}

/* \1 to \9, of groups that the expression has. */
static enum reason
check_references(const struct entry *e, struct text *why)
{
	for (const char *p = e->user; (p = strchr(p, '\\')) != NULL; p += 2) {
		if (p[1] < '1' || p[1] > '9')
			return bad(why,
			    "a backslash in a user name is "
			    "followed by a digit from 1 to 9");
		if (e->regex == NULL)
			return bad(why,
			    "\\1 needs a regular expression, "
			    "which begins with '/'");
		if ((size_t)(p[1] - '0') > e->regex->re_nsub)
			return bad(why, "the expression has no such group");
	}
	return REASON_OK;
}

static void
entry_clear(struct entry *e)
{
	if (e->regex != NULL)
		regfree(e->regex);
	free(e->regex);
}

/* Puts an end to a field; what parted it from the next has been read. */
static const char *
terminate(struct usermap *map, struct span field)
{
	char *start = map->text + (field.ptr - map->text);

	start[field.len] = '\0';
	return start;
}

static enum reason
make_entry(struct usermap *map, struct span value, struct span user,
    struct entry *e, struct text *why)
{
	enum reason reason;

	e->value = terminate(map, value);
	e->len = (unsigned int)value.len;
	e->user = terminate(map, user);
	if (e->value[0] == '/' &&
	    (reason = compile(e->value + 1, &e->regex, why)) != REASON_OK)
		return reason;
	return check_references(e, why);
}

static enum reason
append(struct usermap *map, const struct entry *e)
{
	struct entry *grown;

	if (map->n == map->alloc) {
		const size_t alloc = map->alloc == 0 ? 16 : 2 * map->alloc;

		grown = reallocarray(map->entry, alloc, sizeof(*grown));
		if (grown == NULL)
			return REASON_OUT_OF_MEMORY;
		map->entry = grown;
		map->alloc = alloc;
	}
	map->entry[map->n++] = *e;
	return REASON_OK;
}

static enum reason
parse_line(struct usermap *map, struct span line, unsigned int number,
    struct text *why)
{
	struct entry e = { .line = number };
	struct span value, user;
	enum reason reason;

	line = span_trim(line);
	if (line.len == 0 || line.ptr[0] == '#')
		return REASON_OK;
	if (!take_field(&line, &value) || !take_field(&line, &user))
		return bad(why, "a double quote is not closed");
	if (value.len == 0 || user.len == 0)
		return bad(why, "a line has a claim value and a local user");
	if (span_trim(line).len != 0)
		return bad(why,
		    "there is something behind the local user; a "
		    "value with blanks needs double quotes");
	if (value.len > VALUE_MAX || user.len > USER_MAX)
		return bad(why, "the value or the user is too long");
	if ((reason = make_entry(map, value, user, &e, why)) != REASON_OK ||
	    (reason = append(map, &e)) != REASON_OK)
		entry_clear(&e);
	return reason;
}

static enum reason
parse_lines(struct usermap *map, size_t len, unsigned int *line,
    struct text *why)
{
	struct span rest = { .ptr = map->text, .len = len }, head;
	enum reason reason;
	bool more;

	do {
		more = span_cut(&rest, '\n', &head);
		++*line;
		reason = parse_line(map, head, *line, why);
	} while (more && reason == REASON_OK);
	return reason;
}

static char *
copy_of(struct span text)
{
	char *copy = reallocarray(NULL, text.len + 1, 1);

	if (copy == NULL)
		return NULL;
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return copy;
}

enum reason
usermap_parse(struct span text, struct usermap **mapp, unsigned int *line,
    struct text *why)
{
	const char *fault = text_fault(text);
	struct usermap *map;
	enum reason reason = REASON_OUT_OF_MEMORY;

	*mapp = NULL;
	*line = 0;
	if (fault != NULL)
		return bad(why, fault);
	if ((map = calloc(1, sizeof(*map))) == NULL)
		return REASON_OUT_OF_MEMORY;
	if ((map->text = copy_of(text)) != NULL)
		reason = parse_lines(map, text.len, line, why);
	if (reason != REASON_OK) {
		usermap_free(map);
		return reason;
	}
	*mapp = map;
	return REASON_OK;
}

void
usermap_free(struct usermap *map)
{
	if (map == NULL)
		return;
	for (size_t i = 0; i < map->n; i++)
		entry_clear(&map->entry[i]);
	free(map->entry);
	free(map->text);
	free(map);
}

/* user = e->user with the groups put in; false if that is too long. */
static bool
substitute(const struct entry *e, const char *value, const regmatch_t *group,
    char user[USER_MAX + 1])
{
	size_t n = 0;

	for (const char *p = e->user; *p != '\0'; p++) {
		struct span piece = { .ptr = p, .len = 1 };

		if (*p == '\\') {
			const regmatch_t *m = &group[*++p - '0'];

			if (m->rm_so < 0)
				continue; /* a group that took no part */
			piece.ptr = value + m->rm_so;
			piece.len = (size_t)(m->rm_eo - m->rm_so);
		}
		if (piece.len > USER_MAX - n)
			return false;
		memcpy(user + n, piece.ptr, piece.len);
		n += piece.len;
	}
	user[n] = '\0';
	return true;
}

/*
 * The whole claim has to match.  POSIX takes the longest of the leftmost
 * matches, so if the whole is one, it is the one that is found.  (Anchors put
 * around the expression would not do: glibc takes a ')' too many for a letter,
 * and "a)|b" slips out of "^(" and ")$".)
 */
static bool
match(const struct entry *e, struct span value, const char *text,
    char user[USER_MAX + 1])
{
	regmatch_t group[GROUPS_MAX];

	if (e->regex == NULL) {
		if (e->len != value.len ||
		    memcmp(e->value, text, value.len) != 0)
			return false;
		memcpy(user, e->user, strlen(e->user) + 1);
		return true;
	}
	return regexec(e->regex, text, GROUPS_MAX, group, 0) == 0 &&
	    group[0].rm_so == 0 && (size_t)group[0].rm_eo == value.len &&
	    substitute(e, text, group, user);
}

bool
usermap_next(const struct usermap *map, struct span value, size_t *at,
    char user[USER_MAX + 1], unsigned int *line)
{
	char text[VALUE_MAX + 1];

	user[0] = '\0';
	if (value.len == 0 || value.len > VALUE_MAX)
		return false;
	memcpy(text, value.ptr, value.len);
	text[value.len] = '\0';
	while (*at < map->n) {
		const struct entry *e = &map->entry[(*at)++];

		if (match(e, value, text, user)) {
			*line = e->line;
			return true;
		}
	}
	return false;
}

/* By value; of one value those with the same user beside each other. */
static int
by_value(const void *a, const void *b)
{
	const struct entry *x = *(const struct entry *const *)a;
	const struct entry *y = *(const struct entry *const *)b;
	int order = strcmp(x->value, y->value);

	if (order == 0)
		order = strcmp(x->user, y->user);
	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static bool
is_same_value(const struct entry *a, const struct entry *b)
{
	return strcmp(a->value, b->value) == 0;
}

/* Entries of one value, sorted; n > 0. */
static void
tell_repeats(const struct entry *const *e, size_t n,
    void (*each)(void *arg, unsigned int line, unsigned int first,
	bool is_same_user),
    void *arg)
{
	unsigned int first = e[0]->line;
	const struct entry *of_user = e[0];

	for (size_t i = 1; i < n; i++)
		if (e[i]->line < first)
			first = e[i]->line;
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(e[i]->user, of_user->user) == 0) {
			each(arg, e[i]->line, of_user->line, true);
			continue;
		}
		of_user = e[i];
		if (e[i]->line != first)
			each(arg, e[i]->line, first, false);
	}
}

enum reason
usermap_repeats(const struct usermap *map,
    void (*each)(void *arg, unsigned int line, unsigned int first,
	bool is_same_user),
    void *arg)
{
	const struct entry **e;
	size_t end;

	if (map->n == 0)
		return REASON_OK;
	if ((e = reallocarray(NULL, map->n, sizeof(const struct entry *))) ==
	    NULL)
		return REASON_OUT_OF_MEMORY;
	for (size_t i = 0; i < map->n; i++)
		e[i] = &map->entry[i];
	qsort(e, map->n, sizeof(const struct entry *), by_value);
	for (size_t i = 0; i < map->n; i = end) {
		end = i + 1;
		while (end < map->n && is_same_value(e[end], e[i]))
			end++;
		tell_repeats(e + i, end - i, each, arg);
	}
	free(e);
	return REASON_OK;
}
