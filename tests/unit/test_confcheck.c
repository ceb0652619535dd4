/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "conf.h"
#include "unit.h"

#define HOST "mx1.example.com"

#define DOMAIN	 "domain = t.eu.auth0.com\n"
#define AUDIENCE "audience = https://api.example.com/\n"
#define CLAIM	 "username_claim = user\n"
#define GOOD	 DOMAIN AUDIENCE CLAIM
#define TENANTS                              \
	"[tenant a]\ndomain = a.auth0.com\n" \
	"[tenant b]\nissuer = https://b.example.com\n"

/* What is wrong with the whole, and in which line. */
static const struct row {
	const char *name;
	const char *text;
	unsigned int line;
	const char *what; /* NULL: good */
} rows[] = {
	{ "good", GOOD, 0, NULL },

	/* what has no default */
	{ "no tenant", AUDIENCE CLAIM, 0, "no tenant is named" },
	{ "no tenant, but its keys", AUDIENCE CLAIM "refetch_cooldown = 60\n",
	    0, "no tenant is named" },
	{ "no audience", DOMAIN CLAIM, 0,
	    "the key \"audience\" is missing; it has no default" },
	{ "no username_claim", DOMAIN AUDIENCE, 0,
	    "the key \"username_claim\" is missing" },
	{ "neither", DOMAIN, 0, "the key \"audience\" is missing" },
	{ "none, but in the only section",
	    DOMAIN "[service imap]\n" AUDIENCE CLAIM, 0, NULL },
	{ "none, and a section without",
	    DOMAIN "[service imap]\n" AUDIENCE CLAIM "[service smtp]\n" CLAIM,
	    5, "[service smtp]: the key \"audience\" is missing" },
	{ "a section without the claim",
	    DOMAIN AUDIENCE "[service imap]\nmin_uid = 1\n", 3,
	    "[service imap]: the key \"username_claim\" is missing" },
	{ "a tenant's section without a name",
	    AUDIENCE CLAIM "[tenant a]\ntimeout = 5\n", 3,
	    "[tenant a]: no tenant is named" },
	{ "cooldown longer than age",
	    GOOD "keys_max_age = 60\nrefetch_cooldown = 61\n", 5,
	    "refetch_cooldown is longer than keys_max_age" },
	{ "the same in a section",
	    AUDIENCE CLAIM "keys_max_age = 60\n[tenant a]\n" DOMAIN
			   "\nrefetch_cooldown = 61\n",
	    7, "[tenant a]: refetch_cooldown is longer" },
	{ "cooldown as long as age",
	    GOOD "keys_max_age = 60\nrefetch_cooldown = 60\n", 0, NULL },

	/* the device flow */
	{ "a client for it", GOOD "flow = device\nclient_id = a\n", 0, NULL },
	{ "no client for it", GOOD "flow = device\n", 4,
	    "flow: the device flow needs client_id" },
	{ "a client that is not admitted",
	    GOOD "flow = device\nclient_id = a\nclients = b\n", 4,
	    "which is not in \"clients\"" },
	{ "two audiences",
	    GOOD "flow = device\nclient_id = a\naudience = https://b/\n", 4,
	    "there are several; give the service one" },
	{ "two tenants to ask",
	    AUDIENCE CLAIM "flow = device\nclient_id = a\n" TENANTS
			   "[service x]\ntenant = a b\n",
	    3, "asks one tenant, and there are several" },
	{ "too small a scope",
	    GOOD "flow = device\nclient_id = a\ndevice_scope = openid\n"
		 "required_scopes = login\n",
	    4, "does not ask for all of required_scopes" },
	{ "a scope of its own",
	    GOOD "flow = device\nclient_id = a\ndevice_scope = openid\n", 0,
	    NULL },
	{ "the scope that is required",
	    GOOD "flow = device\nclient_id = a\nrequired_scopes = login\n", 0,
	    NULL },
	{ "keys from a file, and no page",
	    GOOD "flow = device\nclient_id = a\njwks_file = /etc/k\n"
		 "token_endpoint = https://t/\n",
	    4, "needs device_authorization_endpoint and token_endpoint" },
	{ "keys from a file, and no tokens",
	    GOOD "flow = device\nclient_id = a\njwks_file = /etc/k\n"
		 "device_authorization_endpoint = https://t/\n",
	    4, "needs device_authorization_endpoint and token_endpoint" },
	{ "keys from a file, and both",
	    GOOD "flow = device\nclient_id = a\njwks_file = /etc/k\n"
		 "token_endpoint = https://t/\n"
		 "device_authorization_endpoint = https://t/\n",
	    0, NULL },
	{ "keys from a file, and nobody to ask",
	    GOOD "flow = device\nclient_id = a\njwks_file = /etc/k\n", 4,
	    "needs device_authorization_endpoint and token_endpoint" },

	/* tenants of services */
	{ "a domain for all tenants", DOMAIN AUDIENCE CLAIM TENANTS, 1,
	    "the key \"domain\" above the first section" },
	{ "an issuer for all tenants",
	    AUDIENCE "issuer = https://i.example.com\n" CLAIM
		     "tenant = a\n" TENANTS,
	    2, "the key \"issuer\" above the first section" },
	{ "two tenants, both", AUDIENCE CLAIM "tenant = a b\n" TENANTS, 0,
	    NULL },
	{ "two tenants, none said", AUDIENCE CLAIM TENANTS, 0,
	    "the key \"tenant\" is missing" },
	{ "two tenants, said in the section",
	    AUDIENCE CLAIM TENANTS "[service imap]\ntenant = b\n", 0, NULL },
	{ "two tenants, not said in the section",
	    AUDIENCE CLAIM TENANTS "[service imap]\n[service smtp]\n"
				   "tenant = b\n",
	    7, "[service imap]: the key \"tenant\" is missing" },
	{ "no such tenant", AUDIENCE CLAIM "tenant = c\n" TENANTS, 3,
	    "there is no [tenant c] section" },
	{ "one of them no such tenant", AUDIENCE CLAIM "tenant = a c\n" TENANTS,
	    3, "there is no [tenant c] section" },
	{ "tenant in capitals", AUDIENCE CLAIM "tenant = A\n" TENANTS, 3,
	    "there is no [tenant A] section" },
	{ "no such tenant in a section",
	    AUDIENCE CLAIM "tenant = a\n" TENANTS
			   "[service imap]\ntenant = c\n",
	    9, "[service imap]: tenant: there is no [tenant c] section" },
	{ "issuer twice",
	    "issuer = https://i.example.com\n"
	    "issuer = https://i.example.com\n" AUDIENCE CLAIM,
	    2, "already in the list" },
	{ "issuer that the domain is",
	    DOMAIN "issuer = https://t.eu.auth0.com/\n" AUDIENCE CLAIM, 2,
	    "already in the list" },
	{ "issuer beside the domain",
	    DOMAIN "issuer = https://login.example.com/\n" AUDIENCE CLAIM, 0,
	    NULL },

	/* audiences that are none */
	{ "audience: userinfo",
	    DOMAIN CLAIM "audience = https://t.eu.auth0.com/userinfo\n", 3,
	    "is an API of the tenant itself" },
	{ "audience: management",
	    DOMAIN CLAIM "audience = https://t.eu.auth0.com/api/v2/\n", 3,
	    "is an API of the tenant itself" },
	{ "audience: MFA",
	    DOMAIN CLAIM "audience = https://t.eu.auth0.com/mfa/\n", 3,
	    "is an API of the tenant itself" },
	{ "audience: the issuer",
	    DOMAIN CLAIM "audience = https://t.eu.auth0.com/\n", 3,
	    "is an API of the tenant itself" },
	{ "audience: the issuer's host",
	    DOMAIN CLAIM "audience = https://t.eu.auth0.com\n", 3,
	    "is an API of the tenant itself" },
	{ "audience: another tenant's",
	    DOMAIN CLAIM "audience = https://x.us.auth0.com/api/v2/\n", 3,
	    "is an API of the tenant itself" },
	{ "audience: http",
	    DOMAIN CLAIM "audience = http://t.eu.auth0.com/me/\n", 3,
	    "is an API of the tenant itself" },
	{ "audience: custom domain's",
	    "issuer = https://login.example.com/\n" CLAIM
	    "audience = https://login.example.com/me/\n",
	    3, "is an API of the tenant itself" },
	{ "audience: second issuer's",
	    DOMAIN "issuer = https://login.example.com/\n" CLAIM
		   "audience = https://login.example.com/userinfo\n",
	    4, "is an API of the tenant itself" },
	{ "audience: second of two",
	    GOOD "audience = https://t.eu.auth0.com/userinfo\n", 4,
	    "is an API of the tenant itself" },
	{ "audience: in a section",
	    GOOD "[service imap]\naudience = https://t.eu.auth0.com/userinfo\n",
	    5, "[service imap]: audience:" },
	{ "audience: host that only ends so",
	    DOMAIN CLAIM "audience = https://api.notauth0.com/\n", 0, NULL },
	{ "audience: path that names the tenant",
	    DOMAIN CLAIM "audience = https://api/t.eu.auth0.com\n", 0, NULL },
	{ "audience: client id",
	    DOMAIN CLAIM "audience = aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF\n", 3,
	    "is a client id" },
	{ "audience: client id with the first and the last letters",
	    DOMAIN CLAIM "audience = AzZa09AzZa09AzZa09AzZa09AzZa09Az\n", 3,
	    "is a client id" },
	{ "audience: no capitals",
	    DOMAIN CLAIM "audience = ab3de6gh9jk2mn5pq8st1vw4yz7bc0ef\n", 0,
	    NULL },
	{ "audience: no small letters",
	    DOMAIN CLAIM "audience = AB3DE6GH9JK2MN5PQ8ST1VW4YZ7BC0EF\n", 0,
	    NULL },
	{ "audience: no digits",
	    DOMAIN CLAIM "audience = aBcdEfGhijKlmnopQrsTuvWxyzZaBCdE\n", 0,
	    NULL },
	{ "audience: the client who asks",
	    GOOD "audience = web\nclient_id = web\n", 4, "is a client id" },
	{ "audience: at a tenant of other services",
	    "audience = https://b.example.com/api\ntenant = a\n" CLAIM TENANTS,
	    0, NULL },
	{ "audience: as long as a client id, with a stop in it",
	    DOMAIN CLAIM "audience = nAtIvEyQ1c7Lr0XbW3mZ8sJd5KfGhT2.\n", 0,
	    NULL },
	{ "audience: third-party client id",
	    DOMAIN CLAIM "audience = tpc_0123456789\n", 3, "is a client id" },
	{ "audience: an allowed client",
	    GOOD "audience = web\nclients = web app\n", 4, "is a client id" },
	{ "audience: 32 small letters",
	    DOMAIN CLAIM "audience = abcdefghijklmnopqrstuvwxyzabcdef\n", 0,
	    NULL },
	{ "audience: 31 letters",
	    DOMAIN CLAIM "audience = aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0e\n", 0,
	    NULL },
	{ "audience: twice the same", GOOD AUDIENCE, 4, "needed twice" },
	{ "audience: twice the same, expanded",
	    GOOD "audience = urn:" HOST "\naudience = urn:%h\n", 5,
	    "needed twice" },

	/* opaque tokens */
	{ "opaque, a claim says who",
	    GOOD "opaque_tokens = accept-unbound\nrequired_claim = a b\n", 0,
	    NULL },
	{ "opaque, a map says who",
	    GOOD "opaque_tokens = accept-unbound\nuser_map = /map\n", 0, NULL },
	{ "opaque, refused", GOOD "opaque_tokens = refuse\n", 0, NULL },
	{ "opaque, refused, sessions end",
	    GOOD "opaque_tokens = refuse\nsession_limit = token\n", 0, NULL },
	{ "opaque, sessions end",
	    GOOD "opaque_tokens = accept-unbound\nrequired_claim = a b\n"
		 "session_limit = token\n",
	    4, "do not say when they end" },
	{ "opaque, anybody", GOOD "opaque_tokens = accept-unbound\n", 4,
	    "add a required_claim or a user_map" },
	{ "opaque, scopes are no help",
	    GOOD "opaque_tokens = accept-unbound\nrequired_scopes = a\n", 4,
	    "add a required_claim or a user_map" },
	{ "opaque, root",
	    GOOD "opaque_tokens = accept-unbound\nrequired_claim = a b\n"
		 "allow_root = yes\n",
	    4, "remove allow_root = yes" },
	{ "opaque, sudo",
	    GOOD "required_claim = a b\n[service sudo]\n"
		 "opaque_tokens = accept-unbound\n",
	    6, "[service sudo]: opaque_tokens" },
	{ "opaque, sudo-i",
	    GOOD "required_claim = a b\n[service sudo-i]\n"
		 "opaque_tokens = accept-unbound\n",
	    6, "never accepted by sudo and su" },
	{ "opaque, su",
	    GOOD "required_claim = a b\n[service su]\n"
		 "opaque_tokens = accept-unbound\n",
	    6, "never accepted by sudo and su" },
	{ "opaque, su-l",
	    GOOD "required_claim = a b\n[service su-l]\n"
		 "opaque_tokens = accept-unbound\n",
	    6, "never accepted by sudo and su" },
	{ "opaque, sudo takes it from above",
	    GOOD "required_claim = a b\nopaque_tokens = accept-unbound\n"
		 "[service sudo]\nmin_uid = 1\n",
	    5, "[service sudo]: opaque_tokens" },
	{ "opaque, but not for sudo",
	    GOOD "required_claim = a b\nopaque_tokens = accept-unbound\n"
		 "[service sudo]\nopaque_tokens = refuse\n",
	    0, NULL },
	{ "opaque, another section",
	    GOOD "[service imap]\nopaque_tokens = accept-unbound\n"
		 "required_claim = a b\n",
	    0, NULL },
};

static struct conf *
parse(const char *text, enum reason *reason, struct conf_error *error)
{
	struct conf *conf;

	*reason = conf_parse(span_of(text), HOST, &conf, error);
	return conf;
}

static struct conf *
good(const char *text)
{
	struct conf_error error;
	enum reason reason;
	struct conf *conf = parse(text, &reason, &error);

	if (conf == NULL)
		fail_msg("line %u: %s", error.line, error.what.s);
	return conf;
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const bool fine = rows[i].what == NULL;
		struct conf_error error;
		enum reason reason;
		struct conf *conf = parse(rows[i].text, &reason, &error);

		row_reason(rows[i].name, reason,
		    fine ? REASON_OK : REASON_CONFIG_INVALID);
		row_has(rows[i].name, error.what.s, fine ? "" : rows[i].what);
		row_number(rows[i].name, fine ? 0 : error.line, rows[i].line);
		conf_free(conf);
	}
	rows_end();
}

static void
test_defaults(void **state)
{
	struct conf *conf = good(GOOD);
	const struct tenant *t = &conf->tenant[0];
	const struct service *s = conf_service(conf, "sshd");

	(void)state;
	assert_int_equal(conf->n_tenants, 1);
	assert_int_equal(conf->n_services, 1);
	assert_null(conf->cache_dir);
	assert_null(conf->helper);
	assert_string_equal(t->name, "");
	assert_int_equal(t->issuers.n, 1);
	assert_string_equal(t->issuers.item[0], "https://t.eu.auth0.com/");
	assert_int_equal(t->algorithms, ALG_BIT(ALG_RS256));
	assert_int_equal(t->timeout, 8);
	assert_int_equal(t->keys_max_age, 600);
	assert_int_equal(t->keys_max_stale, 86400);
	assert_int_equal(t->refetch_cooldown, 30);
	assert_null(t->jwks_uri);
	assert_null(t->proxy);
	assert_null(s->missing);
	assert_int_equal(s->tenants, 1);
	assert_int_equal(s->claims.audiences.n, 1);
	assert_int_equal(s->claims.profile, PROFILE_ANY);
	assert_int_equal(s->claims.clock_tolerance, 30);
	assert_int_equal(s->claims.max_token_age, 0);
	assert_int_equal(s->claims.max_token_lifetime, 2592000);
	assert_int_equal(s->policy.subjects, SUBJECT_BIT(SUBJECT_USER));
	assert_false(s->policy.any_organization);
	assert_int_equal(s->policy.organizations.n + s->policy.clients.n, 0);
	assert_int_equal(s->identity.min_uid, 1000);
	assert_false(s->identity.allow_root);
	assert_null(s->identity.delegation_permission);
	assert_int_equal(s->accept_opaque, 0);
	assert_int_equal(s->userinfo_max_age, 60);
	assert_int_equal(s->tls, TLS_REQUIRED);
	assert_int_equal(s->tokenless, TOKENLESS_IGNORE);
	conf_free(conf);
}

static void
test_tenant_values(void **state)
{
	struct conf *conf = good(AUDIENCE CLAIM
	    "issuer = https://a.example.com/x\n"
	    "issuer = https://b.example.com/\n"
	    "jwks_uri = https://a.example.com/jwks\n"
	    "userinfo_endpoint = https://a.example.com/me\n"
	    "token_endpoint = https://a.example.com/token\n"
	    "device_authorization_endpoint = https://a.example.com/device\n"
	    "jwks_file = /etc/jwks\n"
	    "algorithms = ES256\t RS512 ES256\n"
	    "ca_file = /etc/ca\n"
	    "proxy = http://proxy:3128\n"
	    "timeout = 5\nkeys_max_age = 300\nkeys_max_stale = 0\n"
	    "refetch_cooldown = 0010\n"
	    "cache_dir = /c\nfetch_helper = /h\n");
	const struct tenant *t = &conf->tenant[0];

	(void)state;
	assert_int_equal(t->issuers.n, 2);
	assert_string_equal(t->issuers.item[0], "https://a.example.com/x");
	assert_string_equal(t->issuers.item[1], "https://b.example.com/");
	assert_string_equal(t->jwks_uri, "https://a.example.com/jwks");
	assert_string_equal(t->userinfo_endpoint, "https://a.example.com/me");
	assert_string_equal(t->token_endpoint, "https://a.example.com/token");
	assert_string_equal(t->device_authorization_endpoint,
	    "https://a.example.com/device");
	assert_string_equal(t->jwks_file, "/etc/jwks");
	assert_int_equal(t->algorithms,
	    ALG_BIT(ALG_ES256) | ALG_BIT(ALG_RS512));
	assert_string_equal(t->ca_file, "/etc/ca");
	assert_string_equal(t->proxy, "http://proxy:3128");
	assert_int_equal(t->timeout, 5);
	assert_int_equal(t->keys_max_age, 300);
	assert_int_equal(t->keys_max_stale, 0);
	assert_int_equal(t->refetch_cooldown, 10);
	assert_string_equal(conf->cache_dir, "/c");
	assert_string_equal(conf->helper, "/h");
	conf_free(conf);
}

static void
test_service_values(void **state)
{
	struct conf *conf =
	    good(DOMAIN "audience = https://%h/100%%\naudience = b\n"
			"token_profile = rfc9068\nclock_tolerance = 0\n"
			"max_token_age = 7\nmax_token_lifetime = 8\n"
			"required_scopes = a  b\t c\n"
			"required_permissions = login:%h p%%\n"
			"required_claim = https://e.com/groups \t my group \n"
			"organizations = org_1 acme\nclients = c d\n"
			"subjects = machines anonymous\n"
			"username_claim = https://e.com/user name\n"
			"username_domains = e.com\nuser_map = /m\nmin_uid = 5\n"
			"allow_root = yes\nuserinfo_max_age = 0\n"
			"tokenless_account = deny\ntls = host-enforced\n"
			"deny_file = /d\n"
			"delegation_permission = act:%h\n");
	const struct service *s = conf_service(conf, "imap");

	(void)state;
	assert_string_equal(s->claims.audiences.item[0],
	    "https://mx1.example.com/100%");
	assert_string_equal(s->claims.audiences.item[1], "b");
	assert_int_equal(s->claims.profile, PROFILE_RFC9068);
	assert_int_equal(s->claims.clock_tolerance, 0);
	assert_int_equal(s->claims.max_token_age, 7);
	assert_int_equal(s->claims.max_token_lifetime, 8);
	assert_int_equal(s->policy.scopes.n, 3);
	assert_string_equal(s->policy.scopes.item[2], "c");
	assert_string_equal(s->policy.permissions.item[0],
	    "login:mx1.example.com");
	assert_string_equal(s->policy.permissions.item[1], "p%");
	assert_string_equal(s->policy.claims[0].name, "https://e.com/groups");
	assert_string_equal(s->policy.claims[0].value, "my group");
	assert_int_equal(s->policy.organizations.n, 2);
	assert_string_equal(s->policy.clients.item[1], "d");
	assert_int_equal(s->policy.subjects,
	    SUBJECT_BIT(SUBJECT_MACHINE) | SUBJECT_BIT(SUBJECT_ANONYMOUS));
	assert_string_equal(s->identity.username_claim,
	    "https://e.com/user name");
	assert_string_equal(s->identity.domains.item[0], "e.com");
	assert_string_equal(s->identity.user_map, "/m");
	assert_null(s->identity.map);
	assert_string_equal(s->deny_file, "/d");
	assert_int_equal(s->identity.min_uid, 5);
	assert_true(s->identity.allow_root);
	assert_int_equal(s->userinfo_max_age, 0);
	assert_int_equal(s->tokenless, TOKENLESS_DENY);
	assert_int_equal(s->tls, TLS_HOST_ENFORCED);
	assert_string_equal(s->identity.delegation_permission, "act:%h");
	conf_free(conf);
}

/* Which tenants may issue for which service. */
static void
test_tenants(void **state)
{
	struct conf *conf = good(
	    AUDIENCE CLAIM "timeout = 9\ntenant = b\n" TENANTS "timeout = 3\n"
			   "[service imap]\ntenant = a\n"
			   "[service smtp]\ntenant = b a\n"
			   "[service ldap]\n");

	(void)state;
	assert_int_equal(conf->n_tenants, 2);
	assert_string_equal(conf->tenant[0].name, "a");
	assert_string_equal(conf->tenant[0].issuers.item[0],
	    "https://a.auth0.com/");
	assert_int_equal(conf->tenant[0].issuers.n, 1);
	assert_int_equal(conf->tenant[0].timeout, 9);
	assert_int_equal(conf->tenant[1].timeout, 3);
	assert_string_equal(conf->tenant[1].issuers.item[0],
	    "https://b.example.com");
	assert_int_equal(conf_service(conf, "imap")->tenants, 1);
	assert_int_equal(conf_service(conf, "smtp")->tenants, 3);
	assert_int_equal(conf_service(conf, "ldap")->tenants, 2);
	assert_int_equal(conf_service(conf, "other")->tenants, 2);
	conf_free(conf);
}

/* The defaults may be incomplete; whoever falls back on them is refused. */
static void
test_missing(void **state)
{
	struct conf *conf = good(DOMAIN CLAIM "[service imap]\n" AUDIENCE);

	(void)state;
	assert_null(conf_service(conf, "imap")->missing);
	assert_string_equal(conf_service(conf, "smtp")->missing, "audience");
	conf_free(conf);
	conf = good(AUDIENCE CLAIM TENANTS "[service imap]\ntenant = a\n");
	assert_null(conf_service(conf, "imap")->missing);
	assert_string_equal(conf_service(conf, "smtp")->missing, "tenant");
	assert_int_equal(conf_service(conf, "smtp")->tenants, 0);
	conf_free(conf);
}

/* 32 tenants: each bit of the mask. */
static void
test_most_tenants(void **state)
{
	struct buf text = BUF_INIT(16384);
	struct conf *conf;
	char name[8];

	(void)state;
	assert_int_equal(buf_add_str(&text, AUDIENCE CLAIM "tenant = t31\n"),
	    REASON_OK);
	for (unsigned int i = 0; i < CONF_TENANTS_MAX; i++)
		assert_int_equal(buf_printf(&text,
				     "[tenant t%u]\ndomain = t%u.auth0.com\n"
				     "[service s%u]\ntenant = t%u\n",
				     i, i, i, i),
		    REASON_OK);
	conf = good(text.data);
	for (unsigned int i = 0; i < CONF_TENANTS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "s%u", i);
		assert_int_equal(conf_service(conf, name)->tenants, 1U << i);
	}
	assert_int_equal(conf_service(conf, "x")->tenants, 1U << 31);
	conf_free(conf);
	buf_free(&text);
}

/* Without a claim that is required, a map has to say who may come. */
static void
test_unbound(void **state)
{
	struct conf *conf = good(GOOD);

	(void)state;
	assert_true(conf_service(conf, "imap")->identity.unbound_needs_map);
	conf_free(conf);
	conf = good(GOOD "required_claim = a b\n");
	assert_false(conf_service(conf, "imap")->identity.unbound_needs_map);
	conf_free(conf);
}

/* Whoever only asks for tokens needs less, and nobody gets in by it. */
static void
test_client(void **state)
{
	static const struct {
		const char *name, *text, *what; /* NULL: good */
	} clients[] = {
		{ "all that a service needs", GOOD, NULL },
		{ "no claim", DOMAIN AUDIENCE, NULL },
		{ "no audience", DOMAIN, NULL },
		{ "sections", DOMAIN "[service imap]\n" AUDIENCE, NULL },
		{ "no tenant", AUDIENCE, "no tenant is named" },
		{ "cooldown",
		    DOMAIN "keys_max_age = 60\nrefetch_cooldown = 61\n",
		    "refetch_cooldown is longer" },
		{ "no such tenant", AUDIENCE "tenant = c\n" TENANTS,
		    "there is no [tenant c] section" },
		{ "no such tenant in a section",
		    AUDIENCE "tenant = a\n" TENANTS "[service x]\ntenant = c\n",
		    "there is no [tenant c] section" },
		{ "an API of the tenant",
		    DOMAIN "audience = https://t.eu.auth0.com/userinfo\n",
		    "is an API of the tenant itself" },
		{ "an API of the tenant in a section",
		    DOMAIN "[service x]\naudience = "
			   "https://t.eu.auth0.com/userinfo\n",
		    "is an API of the tenant itself" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(clients); i++) {
		struct conf_error error;
		struct conf *conf;

		row_reason(clients[i].name,
		    conf_parse_client(span_of(clients[i].text), HOST, &conf,
			&error),
		    clients[i].what == NULL ? REASON_OK
					    : REASON_CONFIG_INVALID);
		row_has(clients[i].name, error.what.s,
		    clients[i].what != NULL ? clients[i].what : "");
		for (size_t n = 0; conf != NULL && n < conf->n_services; n++)
			row_true(clients[i].name,
			    conf->service[n].missing != NULL);
		conf_free(conf);
	}
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_defaults),
	cmocka_unit_test(test_tenant_values),
	cmocka_unit_test(test_service_values),
	cmocka_unit_test(test_tenants),
	cmocka_unit_test(test_missing),
	cmocka_unit_test(test_unbound),
	cmocka_unit_test(test_client),
	cmocka_unit_test(test_most_tenants),
};

UNIT_MAIN(tests)
