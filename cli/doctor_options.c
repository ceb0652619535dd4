/* SPDX-License-Identifier: BSD-2-Clause */
/* The files in which programs set libsasl2's options, and our plug-in. */
#include <stdio.h>
#include <string.h>

#include "doctor.h"

#define FILE_MAX  65536
#define PATH_SIZE 512
#define LOG_LEVEL 4 /* from which on refusals are logged, sasl_audient(8) */

struct search {
	const struct doctor *d;
	char *path; /* empty: not found yet */
	size_t size;
};

static void
look_in(struct search *s, const char *dir)
{
	char file[PATH_SIZE];

	(void)snprintf(file, sizeof(file), "%s/" SASL_PLUGIN, dir);
	if (s->path[0] == '\0' && tree_has(s->d->root, file))
		(void)snprintf(s->path, s->size, "%s", dir);
}

static void
look_below_lib(void *arg, const char *name)
{
	char dir[PATH_SIZE];

	(void)snprintf(dir, sizeof(dir), "/usr/lib/%s/sasl2", name);
	look_in(arg, dir);
}

const char *
sasl_plugin_dir(const struct doctor *d, char *path, size_t size)
{
	static const char *const dirs[] = { SASL_DIR, "/usr/lib64/sasl2",
		"/usr/lib/sasl2" };
	struct search s = { .d = d, .path = path, .size = size };

	path[0] = '\0';
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		look_in(&s, dirs[i]);
	if (path[0] == '\0')
		tree_list(d->root, "/usr/lib", look_below_lib, &s);
	return path[0] != '\0' ? path : NULL;
}

static bool
is_key_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool
sasl_option(struct span text, const char *key, struct span *value,
    unsigned int *line)
{
	unsigned int number = 0;
	struct span s, name;
	bool more;

	do {
		more = span_cut(&text, '\n', &s);
		number++;
		s = span_trim(s);
		if (s.len == 0 || s.ptr[0] == '#' || !span_cut(&s, ':', &name))
			continue;
		if (!span_is_nocase(span_trim(name), key))
			continue;
		*value = span_trim(s);
		*line = number;
		return true;
	} while (more);
	return false;
}

/* libsasl2 stops at the first line that it does not understand. */
static void
check_lines(struct doctor *d, const char *path, struct span text)
{
	unsigned int number = 0;
	char where[PATH_SIZE + 16];
	struct span s;
	bool more;

	do {
		size_t n = 0;

		more = span_cut(&text, '\n', &s);
		number++;
		s = span_trim(s);
		if (s.len == 0 || s.ptr[0] == '#')
			continue;
		while (n < s.len && is_key_byte(s.ptr[n]))
			n++;
		if (n > 0 && n + 1 < s.len && s.ptr[n] == ':')
			continue;
		(void)snprintf(where, sizeof(where), "%s:%u", path, number);
		report(d, LEVEL_PROBLEM, where,
		    "Write \"key: value\", with the colon at once behind the "
		    "key.",
		    "libsasl2 does not understand this line, and then offers "
		    "no mechanism at all");
		return;
	} while (more);
}

static bool
has_word(struct span s, const char *word)
{
	struct span next;
	bool more;

	do {
		more = span_cut(&s, ' ', &next);
		if (span_is_nocase(next, word))
			return true;
	} while (more);
	return false;
}

static bool
find(struct span text, const char *prefix, const char *key, struct span *value,
    unsigned int *line)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s%s", prefix, key);
	return sasl_option(text, name, value, line);
}

enum offer
sasl_offer(struct span text, const char *prefix)
{
	struct span value;
	unsigned int line;

	if (!find(text, prefix, "mech_list", &value, &line))
		return find(text, prefix, "audient_config", &value, &line) ||
			find(text, prefix, "audient_service", &value, &line)
		    ? OFFER_US
		    : OFFER_ALL;
	return has_word(value, "OAUTHBEARER") || has_word(value, "XOAUTH2")
	    ? OFFER_US
	    : OFFER_OTHERS;
}

static void
check_own_options(struct doctor *d, const char *path, const char *prefix,
    struct span text)
{
	char where[PATH_SIZE + 16], file[PATH_SIZE];
	struct span value;
	unsigned int line;

	if (find(text, prefix, "audient_config", &value, &line)) {
		(void)snprintf(where, sizeof(where), "%s:%u", path, line);
		(void)snprintf(file, sizeof(file), "%.*s", (int)value.len,
		    value.ptr);
		if (file[0] != '/' || !tree_has(d->root, file))
			report(d, LEVEL_PROBLEM, where,
			    "Give the absolute path of a file that exists, or "
			    "remove the line: the default is " CONFIG_FILE ".",
			    "%s does not exist, so the mechanisms are not "
			    "offered",
			    file);
		else if (strcmp(file, d->config) != 0)
			report(d, LEVEL_NOTE, where,
			    "Look at that file, too: audient doctor --config, "
			    "with its path.",
			    "this service uses another configuration, %s",
			    file);
	}
	if (!find(text, prefix, "log_level", &value, &line) ||
	    (value.len == 1 && value.ptr[0] < '0' + LOG_LEVEL))
		report(d, LEVEL_NOTE, path,
		    "Write log_level: 4 there; sasl_audient(8).",
		    "programs that leave the log to SASL do not show refused "
		    "tokens");
}

static void
check_service(struct doctor *d, const char *path, const char *prefix,
    struct span text, const char *service)
{
	char name[128];
	struct span value;
	unsigned int line;

	(void)snprintf(name, sizeof(name), "%s", service);
	if (find(text, prefix, "audient_service", &value, &line))
		(void)snprintf(name, sizeof(name), "%.*s", (int)value.len,
		    value.ptr);
	if (!find(text, prefix, "audient_config", &value, &line))
		check_service_rules(d, path, name,
		    "the mechanisms are not offered");
}

/* A mechanism list without us is no mistake, but may be an oversight. */
static void
note_others(struct doctor *d, const char *path, const char *service,
    const char *remedy)
{
	report(d, LEVEL_NOTE, path, remedy,
	    "the service %s does not offer OAUTHBEARER and XOAUTH2", service);
}

enum offer
check_option_file(struct doctor *d, const char *path, const char *prefix,
    const char *service, const char *remedy)
{
	struct buf text = BUF_INIT(FILE_MAX);
	enum offer offer = OFFER_ALL;
	char dir[PATH_SIZE];
	const bool has_plugin = sasl_plugin_dir(d, dir, sizeof(dir)) != NULL;

	if (tree_read(d->root, path, &text))
		offer = sasl_offer(buf_span(&text), prefix);
	if (offer == OFFER_ALL && !has_plugin)
		offer = OFFER_OTHERS;
	else if (offer == OFFER_OTHERS && has_plugin)
		note_others(d, path, service, remedy);
	if (offer == OFFER_US && !has_plugin)
		report(d, LEVEL_PROBLEM, path,
		    "Install Audient's SASL plug-in (Debian: "
		    "libsasl2-modules-audient).",
		    "it asks for OAUTHBEARER or XOAUTH2, and no SASL directory "
		    "has " SASL_PLUGIN);
	if (offer != OFFER_OTHERS) {
		if (prefix[0] == '\0')
			check_lines(d, path, buf_span(&text));
		check_own_options(d, path, prefix, buf_span(&text));
		check_service(d, path, prefix, buf_span(&text), service);
	}
	buf_free(&text);
	return offer;
}
