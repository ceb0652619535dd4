/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_ADMIN_H
#define AUDIENT_ADMIN_H

#include "audient.h"

/*
 * What only the command asks: it looks at what the core reads and keeps, and
 * decides nothing.  All strings are borrowed from the handle.
 */

struct audient_names {
	const char *const *item;
	size_t n;
};

struct audient_tenant {
	const char *name; /* "" for the only one */
	struct audient_names issuers;
	const char *jwks_file; /* NULL: the issuer is asked */
	const char *ca_file;   /* NULL: the system's */
	const char *proxy;     /* NULL: none */
	int keys_max_age;      /* seconds */
};

struct audient_rules {
	const char *name;     /* "": every service without a section */
	unsigned int line;    /* of the section; 0: above the first one */
	const char *problem;  /* a required key that is missing, or NULL */
	unsigned int tenants; /* 1 << index */
	struct audient_names audiences;
	const char *username_claim;
	const char *user_map; /* path, or NULL */
	const char *deny_file;
	int clock_tolerance; /* seconds */
	int64_t min_uid;
	bool allows_root;
	bool accepts_opaque;
	bool trusts_host_tls;
	bool denies_tokenless;
	bool limits_sessions; /* session_limit = token */
};

const char *audient_cache_dir(const struct audient *audient);
const char *audient_helper(const struct audient *audient);

/* False behind the last one. */
bool audient_get_tenant(const struct audient *audient, size_t i,
    struct audient_tenant *out);
/* The first one holds the defaults. */
bool audient_get_rules(const struct audient *audient, size_t i,
    struct audient_rules *out);
/* Those that count for a service. */
void audient_find_rules(const struct audient *audient, const char *service,
    struct audient_rules *out);

/* The keys at hand, without network. */
struct audient_keys {
	size_t n;     /* 0: none */
	int64_t age;  /* seconds */
	bool is_old;  /* the issuer would be asked now */
	int64_t skew; /* seconds that its clock was ahead of ours */
	bool has_skew;
};
bool audient_get_keys(struct audient *audient, size_t tenant,
    struct audient_keys *out);

/*
 * Asks the issuers of a tenant for what a login would ask for, whatever is at
 * hand.  each() hears of every question: what was asked for, whether the
 * answer was good, and a line for people.  *skew is as above.
 */
struct audient_probe {
	void (
	    *each)(void *arg, const char *what, bool is_good, const char *text);
	void *arg;
	bool has_skew;
	int64_t skew;
	int status;	/* of HTTP, of the last answer; 0: there was none */
	size_t n_keys;	/* usable or not */
	bool was_asked; /* false: keys come from a file */
};
/* True if all is well. */
bool audient_probe(struct audient *audient, size_t tenant,
    struct audient_probe *probe);

/* Does the helper start and answer?  Nothing leaves this host. */
bool audient_probe_helper(struct audient *audient, char *why);

/*
 * Files that the configuration names, by the rules of those who read them.
 * On failure problem, of AUDIENT_LINE_MAX bytes, says "path:line: what".
 */
enum audient_file { AUDIENT_USER_MAP, AUDIENT_DENY_FILE, AUDIENT_ANY_FILE };
MUST_CHECK enum reason audient_check_file(enum audient_file kind,
    const char *path, char *problem);

/* Of a user map: see usermap_repeats(). */
MUST_CHECK enum reason audient_map_repeats(const char *path,
    void (*each)(void *arg, unsigned int line, unsigned int first,
	bool is_same_user),
    void *arg);

/* As above, for text that is to become a deny_file; *line is the bad one. */
MUST_CHECK enum reason audient_check_deny(struct span text, unsigned int *line,
    char *problem);

/* The text of a file under those rules; its cap is the caller's. */
MUST_CHECK enum reason audient_read_file(const char *path, struct buf *out,
    char *problem);

/*
 * A claim of a JWS as it stands there, in value, whose cap the caller has
 * set.  Nobody has vouched for it: the signature is not looked at.
 */
MUST_CHECK enum reason audient_peek(struct span token, const char *claim,
    struct buf *value);

/* Decisions on this host, by service and reason, of all users that may be
 * seen.  True if there is anything to see. */
bool audient_counts(const struct audient *audient,
    void (
	*each)(void *arg, const char *service, const char *reason, uint64_t n),
    void *arg);

/* By its name; false if there is none. */
bool audient_find_reason(const char *name, enum reason *reason);

#endif
