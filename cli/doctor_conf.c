/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define PATH_SIZE     4096
#define OTHERS_WRITE  (S_IWGRP | S_IWOTH)
#define REPEATS_SHOWN 5

const char *
doctor_path(const struct doctor *d, const char *path)
{
	const size_t n = strlen(d->root);

	return strncmp(path, d->root, n) == 0 ? path + n : path;
}

bool
doctor_find_rules(const struct doctor *d, const char *service,
    struct audient_rules *rules)
{
	if (d->audient == NULL)
		return false;
	audient_find_rules(d->audient, service, rules);
	return true;
}

void
check_service_rules(struct doctor *d, const char *where, const char *service,
    const char *consequence)
{
	struct audient_rules rules;
	char remedy[256];

	if (!doctor_find_rules(d, service, &rules) || rules.problem == NULL)
		return;
	(void)snprintf(remedy, sizeof(remedy),
	    "Set \"%s\" in a section [service %.80s], or above the first "
	    "section.",
	    rules.problem, service);
	report(d, LEVEL_PROBLEM, where, remedy,
	    "%s has no \"%s\" for the service %.80s, so %s", d->config,
	    rules.problem, service, consequence);
}

/* The owner and the mode of something that decides who gets in. */
static bool
check_mode(struct doctor *d, const char *path)
{
	struct stat st;

	if (!tree_stat(d->root, path, &st))
		return true; /* who reads it says so, and says more */
	if ((st.st_mode & OTHERS_WRITE) != 0) {
		const struct repair r = { .path = path,
			.mode = st.st_mode & 07777 & ~(mode_t)OTHERS_WRITE };

		report_repair(d, LEVEL_PROBLEM, &r,
		    "others than its owner can write it (mode %04o), so it is "
		    "not used and nobody gets in",
		    (unsigned int)(st.st_mode & 07777));
		return d->may_fix;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		report(d, LEVEL_PROBLEM, path,
		    "Let root have it: chown root it, and its directory.",
		    "it belongs to uid %u, so it is not used",
		    (unsigned int)st.st_uid);
		return false;
	}
	return true;
}

static bool
check_place(struct doctor *d, const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_SIZE];

	if (slash == NULL || slash == path)
		return check_mode(d, path);
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	return check_mode(d, dir) && check_mode(d, path);
}

/* "path:line: what" in two */
static void
report_problem(struct doctor *d, const char *problem, const char *remedy)
{
	char where[PATH_SIZE];
	const char *text = doctor_path(d, problem);
	const char *end = strstr(text, ": ");

	if (end == NULL || end == text) {
		report(d, LEVEL_PROBLEM, d->config, remedy, "%s", text);
		return;
	}
	(void)snprintf(where, sizeof(where), "%.*s", (int)(end - text), text);
	report(d, LEVEL_PROBLEM, where, remedy, "%s", end + 2);
}

static bool
open_it(struct doctor *d)
{
	char path[PATH_SIZE], problem[AUDIENT_LINE_MAX];
	struct audient_options options = { .config = path, .root = d->root };

	if (d->config[0] != '/') {
		report(d, LEVEL_PROBLEM, d->config, "Give an absolute path.",
		    "the path must be absolute");
		return false;
	}
	if (!tree_has(d->root, d->config) && access(d->config, F_OK) != 0) {
		report(d, LEVEL_PROBLEM, d->config,
		    "audient setup makes one; audient doctor --config FILE "
		    "looks at another.",
		    "it does not exist, so nobody gets in with a token");
		return false;
	}
	(void)check_place(d, d->config);
	tree_name(d->root, d->config, path, sizeof(path));
	if (audient_open(&d->audient, &options, problem) == REASON_OK)
		return true;
	report_problem(d, problem,
	    "Correct that; audient.conf(5) has every key.  Until then nobody "
	    "gets in with a token.");
	return false;
}

static void
check_named_file(struct doctor *d, enum audient_file kind, const char *path,
    const char *remedy)
{
	char problem[AUDIENT_LINE_MAX];

	if (path == NULL || !check_place(d, doctor_path(d, path)))
		return;
	if (audient_check_file(kind, path, problem) != REASON_OK)
		report_problem(d, problem, remedy);
}

struct repeats {
	struct doctor *d;
	const char *path; /* in the words of the system that is looked at */
	size_t n;
};

static void
on_repeat(void *arg, unsigned int line, unsigned int first, bool is_same_user)
{
	struct repeats *r = arg;
	char where[PATH_SIZE + 16];

	if (++r->n > REPEATS_SHOWN)
		return;
	(void)snprintf(where, sizeof(where), "%s:%u", r->path, line);
	if (is_same_user)
		report(r->d, LEVEL_WARNING, where, "Remove one of the two.",
		    "line %u has the same value and the same user", first);
	else
		report(r->d, LEVEL_NOTE, where,
		    "Let the usual user stand first.",
		    "line %u has another user for the same value, who counts "
		    "if a service asks for nobody in particular",
		    first);
}

static void
check_map(struct doctor *d, const char *path)
{
	struct repeats r = { .d = d };

	if (path == NULL)
		return;
	r.path = doctor_path(d, path);
	if (audient_map_repeats(path, on_repeat, &r) == REASON_OK &&
	    r.n > REPEATS_SHOWN)
		report(d, LEVEL_NOTE, r.path,
		    "sort(1) and uniq(1) find them all.",
		    "%zu more lines repeat a value", r.n - REPEATS_SHOWN);
}

static void
check_rules(struct doctor *d, const struct audient_rules *r)
{
	char where[PATH_SIZE + 16], name[96];

	(void)snprintf(where, sizeof(where), "%s:%u", d->config, r->line);
	(void)snprintf(name, sizeof(name), "%s%s%s",
	    r->name[0] != '\0' ? "[service " : "the default rules", r->name,
	    r->name[0] != '\0' ? "]" : "");
	check_named_file(d, AUDIENT_USER_MAP, r->user_map,
	    "Correct that, audient.map(5).  Until then nobody gets in here.");
	check_map(d, r->user_map);
	check_named_file(d, AUDIENT_DENY_FILE, r->deny_file,
	    "Correct that, audient.deny(5), or make an empty file.  Until then "
	    "nobody gets in here.");
	if (r->accepts_opaque)
		report(d, LEVEL_WARNING, where,
		    "Ask for tokens with an audience, and remove "
		    "opaque_tokens = accept-unbound.",
		    "%s: opaque tokens are accepted: every application of the "
		    "tenant gets tokens that open this service",
		    name);
	if (r->allows_root)
		report(d, LEVEL_NOTE, where,
		    "Remove allow_root = yes unless it is needed.",
		    "%s: a token that names root opens root", name);
	if (r->denies_tokenless)
		report(d, LEVEL_NOTE, where,
		    "Keep a root password for the console.",
		    "%s: nobody gets in without a token, not even with a "
		    "public key, also while the tenant is out of reach",
		    name);
}

static void
check_tenant_files(struct doctor *d, const struct audient_tenant *t)
{
	struct stat st;

	check_named_file(d, AUDIENT_ANY_FILE, t->jwks_file,
	    "Put the tenant's key set there.");
	if (t->jwks_file != NULL)
		report(d, LEVEL_NOTE, doctor_path(d, t->jwks_file),
		    "Replace the file whenever the tenant rotates its keys.",
		    "the keys of %s come from this file and are never fetched",
		    t->issuers.item[0]);
	if (t->ca_file == NULL)
		return;
	if (!tree_stat(d->root, doctor_path(d, t->ca_file), &st))
		report(d, LEVEL_PROBLEM, doctor_path(d, t->ca_file),
		    "Put the certification authorities there, in PEM form, or "
		    "remove \"ca_file\".",
		    "the file of \"ca_file\" does not exist, so the tenant "
		    "cannot be asked");
	else if ((st.st_mode & S_IROTH) == 0 && d->root[0] == '\0') {
		const struct repair r = { .path = t->ca_file,
			.mode = (st.st_mode & 07777) | 0444 };

		report_repair(d, LEVEL_PROBLEM, &r,
		    "the user that audient-fetch runs as cannot read it");
	}
}

void
check_configuration(struct doctor *d)
{
	size_t tenants = 0, services = 0;
	struct audient_tenant tenant;
	struct audient_rules rules;

	if (!open_it(d))
		return;
	while (audient_get_tenant(d->audient, tenants, &tenant)) {
		check_tenant_files(d, &tenant);
		tenants++;
	}
	while (audient_get_rules(d->audient, services, &rules)) {
		check_rules(d, &rules);
		services++;
	}
	report(d, LEVEL_OK, d->config, "",
	    "%zu tenant%s, %zu section%s for services", tenants,
	    tenants == 1 ? "" : "s", services - 1, services == 2 ? "" : "s");
}

void
check_helper(struct doctor *d)
{
	char why[AUDIENT_LINE_MAX];
	const char *path;
	struct stat st;

	if (d->audient == NULL)
		return;
	path = doctor_path(d, audient_helper(d->audient));
	if (!tree_stat(d->root, path, &st))
		report(d, LEVEL_PROBLEM, path,
		    "Install the package again, or correct \"fetch_helper\".",
		    "the helper does not exist, so no tenant can be asked");
	else if (!S_ISREG(st.st_mode) || (st.st_mode & 0111) != 0111) {
		const struct repair r = { .path = path, .mode = 0755 };

		report_repair(d, LEVEL_PROBLEM, &r,
		    "the helper cannot be run by every service (mode %04o)",
		    (unsigned int)(st.st_mode & 07777));
	} else if ((st.st_mode & OTHERS_WRITE) != 0) {
		const struct repair r = { .path = path, .mode = 0755 };

		report_repair(d, LEVEL_PROBLEM, &r,
		    "others can write the helper (mode %04o): they can make "
		    "it say anything",
		    (unsigned int)(st.st_mode & 07777));
	} else if (d->root[0] == '\0' && !audient_probe_helper(d->audient, why))
		report(d, LEVEL_PROBLEM, path,
		    "Run it by hand: it has to print where its manual is.  If "
		    "it does not, install the package again; look for denials "
		    "below.",
		    "the helper does not work: %s", why);
	else
		report(d, LEVEL_OK, path, "",
		    d->root[0] == '\0' ? "the helper starts and answers"
				       : "the helper is there");
}
