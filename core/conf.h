/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CONF_H
#define AUDIENT_CONF_H

#include "authn.h"
#include "identity.h"
#include "tenant.h"

#define CONF_FILE_MAX	  65536 /* bytes of the file */
#define CONF_TENANTS_MAX  32
#define CONF_SERVICES_MAX 64

/* SASL: who makes sure that there is TLS. */
enum tls_rule { TLS_REQUIRED, TLS_HOST_ENFORCED };

/* PAM: what the account phase says of a login that used no token. */
enum tokenless { TOKENLESS_IGNORE, TOKENLESS_DENY };

/* PAM: when a session has to end. */
enum session_limit { SESSION_LIMIT_NONE, SESSION_LIMIT_TOKEN };

/* PAM: where the token comes from, and when a QR code is drawn. */
enum flow { FLOW_TOKEN, FLOW_DEVICE, FLOW_TOKEN_OR_DEVICE };
enum qr_rule { QR_AUTO, QR_NEVER, QR_ALWAYS };

struct flow_rules {
	int flow;	   /* enum flow */
	char *client_id;   /* NULL: not set */
	struct list scope; /* of the device flow; empty: required_scopes */
	int timeout;	   /* seconds for a person to confirm */
	int qr;		   /* enum qr_rule */
};

/* What one service asks of a token. */
struct service {
	char *name;	     /* "" stands for every service without a section */
	unsigned int line;   /* of its section; 0: above the first one */
	const char *missing; /* a required key that nobody set, or NULL */
	struct list tenant_names; /* as written; empty: the only one */
	unsigned int tenants;	  /* 1 << index in conf->tenant */
	struct claims_rules claims;
	struct policy_rules policy;
	struct authn_rules authn;
	struct identity_rules identity;
	char *deny_file;	    /* path, or NULL */
	bool single_use;	    /* a token opens the service once */
	int accept_opaque;	    /* a bool: opaque_tokens = accept-unbound */
	int userinfo_max_age;	    /* seconds */
	int tls;		    /* enum tls_rule */
	int tokenless;		    /* enum tokenless */
	int session_limit;	    /* enum session_limit */
	struct claim_rule *exports; /* name: in the environment; value: claim */
	size_t n_exports;
	struct flow_rules flow;
};

/* The whole configuration; immutable once it is read. */
struct conf {
	char *cache_dir;
	char *helper;
	struct tenant *tenant;
	size_t n_tenants;
	struct service *service; /* the first one is "" */
	size_t n_services;
};

/* Where and what is wrong; line 0: the file as a whole. */
struct conf_error {
	unsigned int line;
	const char *key; /* whose value is wrong, or NULL */
	struct text what;
};

/*
 * Pure: reads text, knows no file.  host stands in for "%h".  Unknown,
 * repeated, empty and contradictory settings are all errors.
 * REASON_CONFIG_INVALID, with *error filled in, or REASON_OUT_OF_MEMORY.
 */
MUST_CHECK enum reason conf_parse(struct span text, const char *host,
    struct conf **confp, struct conf_error *error);
/* The same for somebody who only asks for tokens, with fewer keys to set. */
MUST_CHECK enum reason conf_parse_client(struct span text, const char *host,
    struct conf **confp, struct conf_error *error);
void conf_free(struct conf *conf); /* NULL is fine */

/*
 * The settings for a service: its own section, that of "sudo" for "sudo-i",
 * or the defaults.
 */
const struct service *conf_service(const struct conf *conf, const char *name);

/* Services that make one user of the host another: sudo, su. */
bool conf_is_elevating(const char *service);

/* For the manual's test: the i-th keyword, NULL behind the last one. */
const char *conf_keyword(size_t i);

#endif
