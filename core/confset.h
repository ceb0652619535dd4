/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CONFSET_H
#define AUDIENT_CONFSET_H

#include "conf.h"

enum level { LEVEL_GLOBAL, LEVEL_TENANT, LEVEL_SERVICE };

struct keyword;
struct keyword {
	const char *name;
	enum level level;
	bool repeats;
	/* Puts value, which is not empty, into object + offset. */
	enum reason (*set)(const struct keyword *kw, void *object,
	    struct span value, const char *host, struct text *why);
	size_t offset;
	long min, max;		    /* of numbers */
	const char *const *choices; /* of words, ended by NULL */
};

/*
 * What the keys of audient.conf(5) take.  Each puts value, which is not
 * empty, into object + kw->offset; host stands in for "%h".  On failure why
 * says what is wrong with the value.
 */
enum reason conf_set_string(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_prefix(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_path(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_url(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_proxy(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_issuer(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_domain(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_number(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_uid(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_choice(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_bool(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_words(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_algorithms(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_subjects(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_organizations(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_required_claim(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_export(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_audience(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);
enum reason conf_set_permissions(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why);

#endif
