/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf.h"

#include <stdlib.h>
#include <string.h>

#include "confkeys.h"

#define SETTINGS_MAX 2048
#define LINE_MAX_    4096
#define NAME_LEN_MAX 64

/* One "key = value", checked for form; text is borrowed. */
struct setting {
	const struct keyword *kw;
	struct span value;
	unsigned int line;
	size_t section; /* index in struct parser; 0: above the first one */
};

struct section {
	enum level level; /* LEVEL_GLOBAL: the lines above the first one */
	struct span name;
	unsigned int line;
};

/* The first pass cuts the text into these; the second one builds the conf. */
struct parser {
	struct setting *setting;
	size_t n_settings;
	size_t alloc;
	struct section section[1 + CONF_TENANTS_MAX + CONF_SERVICES_MAX];
	size_t n_sections;
	const char *host;
	enum reason (*check)(struct conf *conf, struct conf_error *error);
	struct conf *conf;
	struct conf_error *error;
};

static enum reason
bad(struct parser *p, unsigned int line, const char *what)
{
	p->error->line = line;
	text_printf(&p->error->what, "%s", what);
	return REASON_CONFIG_INVALID;
}

static enum reason
bad_name(struct parser *p, unsigned int line, const char *before,
    struct span name, const char *after)
{
	p->error->line = line;
	text_printf(&p->error->what, "%s \"", before);
	text_add(&p->error->what, name, 80);
	text_printf(&p->error->what, "\"%s", after);
	return REASON_CONFIG_INVALID;
}

static bool
is_name(struct span s)
{
	if (s.len == 0 || s.len > NAME_LEN_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxy"
			   "z"
			   "0123456789-._",
			s.ptr[i]) == NULL)
			return false;
	return true;
}

static enum reason
add_section(struct parser *p, enum level level, struct span name,
    unsigned int line)
{
	struct section *s = &p->section[p->n_sections];
	size_t same_level = 0;

	if (p->n_sections == sizeof(p->section) / sizeof(p->section[0]))
		return bad(p, line, "there are too many sections");
	for (size_t i = 1; i < p->n_sections; i++) {
		if (p->section[i].level != level)
			continue;
		if (span_equal(p->section[i].name, name))
			return bad_name(p, line, "the section for", name,
			    " is here twice; merge the two");
		if (++same_level == CONF_TENANTS_MAX && level == LEVEL_TENANT)
			return bad(p, line, "there are too many tenants");
	}
	s->level = level;
	s->name = name;
	s->line = line;
	p->n_sections++;
	return REASON_OK;
}

/* "[tenant NAME]" or "[service NAME]" */
static enum reason
parse_section(struct parser *p, struct span s, unsigned int line)
{
	struct span kind;

	if (!span_ends(s, "]"))
		return bad(p, line,
		    "a section ends with \"]\", and a comment "
		    "stands on a line of its own");
	s = span_trim((struct span){ .ptr = s.ptr + 1, .len = s.len - 2 });
	(void)span_cut(&s, ' ', &kind);
	s = span_trim(s);
	if (!span_is(kind, "tenant") && !span_is(kind, "service"))
		return bad_name(p, line, "unknown section", kind,
		    "; sections are [tenant NAME] and [service NAME]");
	if (!is_name(s))
		return bad_name(p, line, "the name", s,
		    " is not made of letters, digits and . _ -");
	return add_section(p,
	    span_is(kind, "tenant") ? LEVEL_TENANT : LEVEL_SERVICE, s, line);
}

static enum reason
check_place(struct parser *p, const struct keyword *kw, struct span name,
    unsigned int line)
{
	const struct section *s = &p->section[p->n_sections - 1];

	if (s->level == LEVEL_GLOBAL || s->level == kw->level)
		return REASON_OK;
	switch (kw->level) {
	case LEVEL_GLOBAL:
		return bad_name(p, line, "the key", name,
		    " belongs above the first section");
	case LEVEL_TENANT:
		return bad_name(p, line, "the key", name,
		    " belongs in a [tenant NAME] section or above the first "
		    "section");
	case LEVEL_SERVICE:
		return bad_name(p, line, "the key", name,
		    " belongs in a [service NAME] section or above the first "
		    "section");
	}
	return REASON_INTERNAL;
}

static enum reason
check_repeat(struct parser *p, const struct keyword *kw, struct span name,
    unsigned int line)
{
	for (size_t i = 0; i < p->n_settings && !kw->repeats; i++)
		if (p->setting[i].kw == kw &&
		    p->setting[i].section == p->n_sections - 1) {
			(void)bad_name(p, line, "the key", name, "");
			text_printf(&p->error->what,
			    " is already set in line %u; remove one of them",
			    p->setting[i].line);
			return REASON_CONFIG_INVALID;
		}
	return REASON_OK;
}

static enum reason
unknown_key(struct parser *p, struct span name, unsigned int line)
{
	const struct keyword *guess = conf_guess_keyword(name);

	(void)bad_name(p, line, "unknown key", name, "");
	if (guess != NULL)
		text_printf(&p->error->what, "; did you mean \"%s\"?",
		    guess->name);
	else
		text_printf(&p->error->what, "; see audient.conf(5)");
	return REASON_CONFIG_INVALID;
}

/* For one more setting. */
static enum reason
make_room(struct parser *p, unsigned int line)
{
	const size_t alloc = p->alloc == 0 ? 32 : 2 * p->alloc;
	struct setting *grown;

	if (p->n_settings < p->alloc)
		return REASON_OK;
	if (alloc > SETTINGS_MAX)
		return bad(p, line, "there are too many settings");
	grown = reallocarray(p->setting, alloc, sizeof(*grown));
	if (grown == NULL)
		return REASON_OUT_OF_MEMORY;
	p->setting = grown;
	p->alloc = alloc;
	return REASON_OK;
}

static enum reason
parse_setting(struct parser *p, struct span s, unsigned int line)
{
	const struct span whole = s;
	const struct keyword *kw;
	struct span name;
	enum reason reason;

	if (!span_cut(&s, '=', &name))
		return bad_name(p, line, "no \"=\" in", whole,
		    "; a line is \"key = value\"");
	name = span_trim(name);
	s = span_trim(s);
	if ((kw = conf_find_keyword(name)) == NULL)
		return unknown_key(p, name, line);
	if (s.len == 0)
		return bad_name(p, line, "the key", name,
		    " has no value; give it one or remove the line");
	if (memmem(s.ptr, s.len, " #", 2) != NULL ||
	    memmem(s.ptr, s.len, "\t#", 2) != NULL)
		return bad_name(p, line, "a comment behind the value of", name,
		    "; put it on a line of its own");
	if ((reason = check_place(p, kw, name, line)) != REASON_OK ||
	    (reason = check_repeat(p, kw, name, line)) != REASON_OK)
		return reason;
	if ((reason = make_room(p, line)) != REASON_OK)
		return reason;
	p->setting[p->n_settings++] = (struct setting){ .kw = kw,
		.value = s,
		.line = line,
		.section = p->n_sections - 1 };
	return REASON_OK;
}

static enum reason
check_bytes(struct parser *p, struct span s, unsigned int line)
{
	if (line == 1 && span_starts(s, "\xef\xbb\xbf"))
		return bad(p, line,
		    "the file begins with a byte order mark; "
		    "save it without");
	if (s.len > LINE_MAX_)
		return bad(p, line, "the line is too long");
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\r')
			return bad(p, line,
			    "the line ends with a carriage "
			    "return; convert the file to "
			    "Unix line ends");
		if (((unsigned char)s.ptr[i] < ' ' && s.ptr[i] != '\t') ||
		    s.ptr[i] == '\x7f')
			return bad(p, line,
			    "the line has a control "
			    "character");
	}
	return REASON_OK;
}

static enum reason
cut_lines(struct parser *p, struct span text)
{
	unsigned int line = 0;
	enum reason reason;
	struct span s;
	bool more;

	do {
		more = span_cut(&text, '\n', &s);
		line++;
		if ((reason = check_bytes(p, s, line)) != REASON_OK)
			return reason;
		s = span_trim(s);
		if (s.len == 0 || s.ptr[0] == '#')
			continue;
		reason = s.ptr[0] == '[' ? parse_section(p, s, line)
					 : parse_setting(p, s, line);
		if (reason != REASON_OK)
			return reason;
	} while (more);
	return REASON_OK;
}

/* Has the section a word of its own on this? */
static bool
is_set_in(const struct parser *p, size_t section, const struct keyword *kw)
{
	for (size_t i = 0; i < p->n_settings; i++)
		if (p->setting[i].section == section && p->setting[i].kw == kw)
			return true;
	return false;
}

/*
 * Applies to object what the section says, and for keys that it does not
 * mention what stands above the first section.
 */
static enum reason
apply(struct parser *p, size_t section, enum level level, void *object)
{
	for (size_t i = 0; i < p->n_settings; i++) {
		const struct setting *s = &p->setting[i];
		enum reason reason;

		if (s->kw->level != level ||
		    (s->section != section &&
			(s->section != 0 || is_set_in(p, section, s->kw))))
			continue;
		if ((reason = s->kw->set(s->kw, object, s->value, p->host,
			 &p->error->what)) == REASON_OK)
			continue;
		if (reason == REASON_CONFIG_INVALID) {
			const struct text why = p->error->what;

			p->error->line = s->line;
			text_clear(&p->error->what);
			text_printf(&p->error->what, "%s: %s", s->kw->name,
			    why.s);
		}
		return reason;
	}
	return REASON_OK;
}

static enum reason
build_tenant(struct parser *p, size_t section)
{
	const struct section *s = &p->section[section];
	struct tenant *t = &p->conf->tenant[p->conf->n_tenants++];

	conf_tenant_init(t);
	t->line = s->line;
	if ((t->name = strndup(section == 0 ? "" : s->name.ptr,
		 section == 0 ? 0 : s->name.len)) == NULL)
		return REASON_OUT_OF_MEMORY;
	return apply(p, section, LEVEL_TENANT, t);
}

static enum reason
build_service(struct parser *p, size_t section)
{
	const struct section *s = &p->section[section];
	struct service *v = &p->conf->service[p->conf->n_services++];

	conf_service_init(v);
	v->line = s->line;
	if ((v->name = strndup(section == 0 ? "" : s->name.ptr,
		 section == 0 ? 0 : s->name.len)) == NULL)
		return REASON_OUT_OF_MEMORY;
	return apply(p, section, LEVEL_SERVICE, v);
}

/* From the section that the check complained of to the very line. */
static void
locate(struct parser *p)
{
	unsigned int line = 0;

	for (size_t i = 0; i < p->n_settings && p->error->key != NULL; i++) {
		const struct setting *s = &p->setting[i];

		if (strcmp(s->kw->name, p->error->key) != 0)
			continue;
		if (p->section[s->section].line == p->error->line ||
		    (s->section == 0 && line == 0))
			line = s->line;
	}
	if (line != 0)
		p->error->line = line;
}

/* An issuer for all tenants would make them one. */
static enum reason
check_shared_issuer(struct parser *p)
{
	for (size_t i = 0; i < p->n_settings; i++) {
		const struct setting *s = &p->setting[i];

		if (s->section == 0 &&
		    (strcmp(s->kw->name, "domain") == 0 ||
			strcmp(s->kw->name, "issuer") == 0))
			return bad_name(p, s->line, "the key",
			    span_of(s->kw->name),
			    " above the first section makes the only tenant, "
			    "but there are [tenant NAME] sections; move it "
			    "into one");
	}
	return REASON_OK;
}

/* Keys above the first section make the one tenant only if no section does. */
static enum reason
build(struct parser *p)
{
	bool has_tenants = false;
	enum reason reason;

	for (size_t i = 1; i < p->n_sections; i++)
		if (p->section[i].level == LEVEL_TENANT)
			has_tenants = true;
	if ((reason = apply(p, 0, LEVEL_GLOBAL, p->conf)) != REASON_OK ||
	    (reason = build_service(p, 0)) != REASON_OK)
		return reason;
	reason = has_tenants ? check_shared_issuer(p) : build_tenant(p, 0);
	if (reason != REASON_OK)
		return reason;
	for (size_t i = 1; i < p->n_sections; i++) {
		reason = p->section[i].level == LEVEL_TENANT
		    ? build_tenant(p, i)
		    : build_service(p, i);
		if (reason != REASON_OK)
			return reason;
	}
	if ((reason = p->check(p->conf, p->error)) == REASON_CONFIG_INVALID)
		locate(p);
	return reason;
}

static enum reason
parse(struct parser *p, struct span text)
{
	enum reason reason;

	p->n_sections = 1; /* the lines above the first one */
	if ((p->conf = calloc(1, sizeof(*p->conf))) == NULL)
		return REASON_OUT_OF_MEMORY;
	if ((reason = cut_lines(p, text)) != REASON_OK)
		return reason;
	p->conf->tenant = calloc(p->n_sections, sizeof(struct tenant));
	p->conf->service = calloc(p->n_sections, sizeof(struct service));
	if (p->conf->tenant == NULL || p->conf->service == NULL)
		return REASON_OUT_OF_MEMORY;
	return build(p);
}

static enum reason
parse_checked(struct span text, const char *host,
    enum reason (*check)(struct conf *conf, struct conf_error *error),
    struct conf **confp, struct conf_error *error)
{
	enum reason reason;
	struct parser *p;

	*confp = NULL;
	error->line = 0;
	error->key = NULL;
	text_clear(&error->what);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return REASON_OUT_OF_MEMORY;
	p->host = host;
	p->check = check;
	p->error = error;
	reason = parse(p, text);
	if (reason == REASON_OK)
		*confp = p->conf;
	else
		conf_free(p->conf);
	free(p->setting);
	free(p);
	return reason;
}

enum reason
conf_parse(struct span text, const char *host, struct conf **confp,
    struct conf_error *error)
{
	return parse_checked(text, host, conf_check, confp, error);
}

enum reason
conf_parse_client(struct span text, const char *host, struct conf **confp,
    struct conf_error *error)
{
	return parse_checked(text, host, conf_check_client, confp, error);
}

static void
tenant_clear(struct tenant *t)
{
	free(t->name);
	list_free(&t->issuers);
	free(t->jwks_file);
	free(t->jwks_uri);
	free(t->userinfo_endpoint);
	free(t->token_endpoint);
	free(t->device_authorization_endpoint);
	free(t->ca_file);
	free(t->proxy);
}

static void
rules_free(struct claim_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(rules[i].name);
		free(rules[i].value);
	}
	free(rules);
}

static void
service_clear(struct service *v)
{
	free(v->name);
	list_free(&v->tenant_names);
	list_free(&v->claims.audiences);
	list_free(&v->policy.scopes);
	list_free(&v->policy.permissions);
	list_free(&v->policy.clients);
	list_free(&v->policy.organizations);
	rules_free(v->policy.claims, v->policy.n_claims);
	rules_free(v->exports, v->n_exports);
	list_free(&v->authn.acr);
	list_free(&v->authn.amr);
	free(v->authn.prefix);
	free(v->identity.username_claim);
	list_free(&v->identity.domains);
	free(v->identity.user_map);
	free(v->deny_file);
	free(v->identity.delegation_permission);
	free(v->flow.client_id);
	list_free(&v->flow.scope);
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf->n_tenants; i++)
		tenant_clear(&conf->tenant[i]);
	for (size_t i = 0; i < conf->n_services; i++)
		service_clear(&conf->service[i]);
	free(conf->tenant);
	free(conf->service);
	free(conf->cache_dir);
	free(conf->helper);
	free(conf);
}

static const struct service *
find_service(const struct conf *conf, const char *name)
{
	for (size_t i = 1; i < conf->n_services; i++)
		if (strcmp(conf->service[i].name, name) == 0)
			return &conf->service[i];
	return NULL;
}

bool
conf_is_elevating(const char *service)
{
	static const char *const names[] = { "sudo", "sudo-i", "su", "su-l" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(service, names[i]) == 0)
			return true;
	return false;
}

const struct service *
conf_service(const struct conf *conf, const char *name)
{
	const struct service *v = find_service(conf, name);

	if (v == NULL && strcmp(name, "sudo-i") == 0)
		v = find_service(conf, "sudo");
	return v != NULL ? v : &conf->service[0];
}
