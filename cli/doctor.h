/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_DOCTOR_H
#define AUDIENT_CLI_DOCTOR_H

#include "admin.h"
#include "tree.h"

/*
 * The doctor's checks, each a function that looks at one thing and reports
 * what it finds: where, what, and what to do about it.
 */

enum level { LEVEL_OK, LEVEL_NOTE, LEVEL_WARNING, LEVEL_PROBLEM };
#define LEVELS (LEVEL_PROBLEM + 1)

struct finding {
	enum level level;
	const char *area;
	char *where; /* file:line, or host */
	char *what;
	char *remedy; /* "" only where there is nothing to do */
	bool is_fixed;
};

struct doctor {
	const char *root; /* of the system that is looked at; "": this one */
	const char *config;
	bool is_offline; /* also: nothing of that system is run */
	bool may_fix;
	struct audient *audient; /* NULL: the configuration cannot be read */

	/* what the checks found out for those that come later */
	const char *area;
	bool has_timer;
	bool has_pam;	    /* a PAM service asks us */
	unsigned int hosts; /* 1 << enum host: SASL services that ask us */

	struct finding *finding;
	size_t n;
	bool is_short_of_memory;
};

/* Services with a user of their own. */
enum host {
	HOST_SLAPD,
	HOST_DIRSRV,
	HOST_POSTFIX,
	HOST_EXIM,
	HOST_CYRUS,
	HOST_OTHER
};

/* where is in the words of the system that is looked at. */
void report(struct doctor *d, enum level level, const char *where,
    const char *remedy, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/*
 * Reports something that can be put right here and now by giving path a mode,
 * or by making it a directory with that owner and mode; and does so if it
 * may.  The remedy is the command that does the same.
 */
struct repair {
	const char *path; /* in the words of the system that is looked at */
	mode_t mode;
	bool makes_directory;
	uid_t uid; /* of the directory */
	gid_t gid;
};
void report_repair(struct doctor *d, enum level level,
    const struct repair *repair, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A user of the system that is looked at. */
bool doctor_find_user(const struct doctor *d, const char *name, uid_t *uid,
    gid_t *gid);

/* The areas, in the order in which they are looked at. */
void check_configuration(struct doctor *d);
void check_helper(struct doctor *d);
void check_timer(struct doctor *d);
void check_pam(struct doctor *d);
void check_sshd(struct doctor *d); /* part of it: sshd asks us */
void check_sasl(struct doctor *d);
void check_postfix(struct doctor *d);
void check_cache(struct doctor *d);
void check_tenants(struct doctor *d);
void check_denials(struct doctor *d);

/* Without what stands before the tree that is looked at. */
const char *doctor_path(const struct doctor *d, const char *path);

/* The rules of a service; false while the configuration cannot be read. */
bool doctor_find_rules(const struct doctor *d, const char *service,
    struct audient_rules *rules);

/* Reports, of something at where, that a service's rules lack a key. */
void check_service_rules(struct doctor *d, const char *where,
    const char *service, const char *consequence);

/* Parts of the SASL area. */
void check_slapd(struct doctor *d);
void check_dirsrv(struct doctor *d);
void check_cyrus(struct doctor *d);

#define SASL_PLUGIN "libaudient.so"

/* What an option file lets a SASL program offer. */
enum offer {
	OFFER_ALL,    /* whatever plug-ins there are, and we are there */
	OFFER_US,     /* it names us */
	OFFER_OTHERS, /* not us */
};

/* The first value of a key in "key: value" lines; borrowed from text. */
bool sasl_option(struct span text, const char *key, struct span *value,
    unsigned int *line);
/* prefix: what stands before each key, or "". */
enum offer sasl_offer(struct span text, const char *prefix);
/* The directory that has our plug-in, in path; NULL if none has. */
const char *sasl_plugin_dir(const struct doctor *d, char *path, size_t size);
/*
 * Reports what is wrong with an option file, unless it does without us; if it
 * does although our plug-in is there, a note says so, with the remedy.
 */
enum offer check_option_file(struct doctor *d, const char *path,
    const char *prefix, const char *service, const char *remedy);

#endif
