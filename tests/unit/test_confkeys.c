/* SPDX-License-Identifier: BSD-2-Clause */
#include "confkeys.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define P50 "pppppppppppppppppppppppppppppppppppppppppppppppppp"

/* Values of every key, good and bad; what a bad one is told. */
static const struct {
	const char *key, *value;
	const char *what; /* NULL: good */
} rows[] = {
	{ "domain", "example.eu.auth0.com", NULL },
	{ "domain", "login.example.com:8443", NULL },
	{ "domain", "https://example.eu.auth0.com/", "a domain" },
	{ "domain", "example.eu.auth0.com/", "a domain" },
	{ "domain", "example.com/path", "a domain" },
	{ "domain", "example.com?a", "a domain" },
	{ "domain", "Example.com", "lower-case" },
	{ "domain", "example .com", "is not an issuer" },
	{ "domain", "user@example.com", "is not an issuer" },
	{ "domain", "example.com#a", "is not an issuer" },
	{ "domain", ".example.com", "is not an issuer" },
	{ "domain", ":443", "is not an issuer" },
	{ "domain", "example.com:0", "is not an issuer" },
	{ "domain", "ex\xc3\xa4mple.com", "is not an issuer" },
	{ "domain", "exam\"ple.com", "is not an issuer" },

	{ "issuer", "https://issuer.example.com/", NULL },
	{ "issuer", "https://issuer.example.com", NULL },
	{ "issuer", "https://issuer.example.com:8443/realms/Main", NULL },
	{ "issuer", "http://issuer.example.com/", "is not an issuer" },
	{ "issuer", "issuer.example.com", "is not an issuer" },
	{ "issuer", "HTTPS://issuer.example.com/", "is not an issuer" },
	{ "issuer", "https://Issuer.example.com/", "is not an issuer" },
	{ "issuer", "https://", "is not an issuer" },
	{ "issuer", "https:///", "is not an issuer" },
	{ "issuer", "https://:443/", "is not an issuer" },
	{ "issuer", "https://a:0/", "is not an issuer" },
	{ "issuer", "https://a/?b", "is not an issuer" },
	{ "issuer", "https://a/#b", "is not an issuer" },
	{ "issuer", "https://u:p@a/", "is not an issuer" },
	{ "issuer", "https://a/ b", "is not an issuer" },
	{ "issuer", "https://a\\b/", "is not an issuer" },
	{ "issuer", "https://a/<b>", "is not an issuer" },
	{ "issuer", "https://a/{b}", "is not an issuer" },
	{ "issuer", "https://a/|b", "is not an issuer" },
	{ "issuer", "https://a/`b", "is not an issuer" },
	{ "issuer", "https://a/^b", "is not an issuer" },
	{ "issuer", "https://a/\xff", "is not an issuer" },
	{ "issuer", "file:///etc/passwd", "is not an issuer" },
	{ "issuer", "ldap://a/", "is not an issuer" },

	{ "jwks_uri", "https://a/.well-known/jwks.json?x=y", NULL },
	{ "jwks_uri", "http://a/jwks.json", "an https URL" },
	{ "jwks_uri", "file:///etc/jwks.json", "an https URL" },
	{ "jwks_uri", "/etc/jwks.json", "an https URL" },
	{ "jwks_uri", "https://a/A~z", NULL },
	{ "jwks_uri", "https://A/", "an https URL" },
	{ "jwks_uri", "https://a.Z/", "an https URL" },
	{ "jwks_uri", "https://a@b/", "an https URL" },
	{ "userinfo_endpoint", "https://a/userinfo", NULL },
	{ "userinfo_endpoint", "http://a/userinfo", "an https URL" },
	{ "token_endpoint", "https://a/oauth/token", NULL },
	{ "token_endpoint", "scp://a/oauth/token", "an https URL" },
	{ "device_authorization_endpoint", "https://a/oauth/device/code",
	    NULL },
	{ "device_authorization_endpoint", "a/oauth/device/code",
	    "an https URL" },
	{ "jwks_file", "/etc/audient/jwks.json", NULL },
	{ "jwks_file", "jwks.json", "an absolute path" },
	{ "jwks_file", "~/jwks.json", "an absolute path" },
	{ "jwks_file", "https://a/jwks.json", "an absolute path" },

	{ "algorithms", "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512",
	    NULL },
	{ "algorithms", "ES256", NULL },
	{ "algorithms", "none", "\"none\" is not one of" },
	{ "algorithms", "RS256 none", "\"none\" is not one of" },
	{ "algorithms", "None", "is not one of" },
	{ "algorithms", "HS256", "\"HS256\" is not one of" },
	{ "algorithms", "RS256 HS256", "is not one of" },
	{ "algorithms", "rs256", "is not one of" },
	{ "algorithms", "RS256,ES256", "is not one of" },
	{ "algorithms", "EdDSA", "is not one of" },
	{ "algorithms", "any", "is not one of" },
	{ "algorithms", "*", "is not one of" },

	{ "ca_file", "/etc/ssl/ca.pem", NULL },
	{ "ca_file", "ca.pem", "an absolute path" },
	{ "proxy", "http://proxy.example.com:3128", NULL },
	{ "proxy", "https://proxy.example.com", NULL },
	{ "proxy", "proxy.example.com:3128", "a proxy such as" },
	{ "proxy", "socks5://proxy.example.com", "a proxy such as" },
	{ "proxy", "http://", "a proxy such as" },
	{ "proxy", "http://a b", "a proxy such as" },
	{ "proxy", "http://a/?b", "a proxy such as" },

	{ "timeout", "1", NULL },
	{ "timeout", "60", NULL },
	{ "timeout", "0", "from 1 to 60" },
	{ "timeout", "61", "from 1 to 60" },
	{ "timeout", "-1", "from 1 to 60" },
	{ "timeout", "+8", "from 1 to 60" },
	{ "timeout", "8s", "from 1 to 60" },
	{ "timeout", "8.5", "from 1 to 60" },
	{ "timeout", "0x8", "from 1 to 60" },
	{ "timeout", "1 0", "from 1 to 60" },
	{ "timeout", "eight", "from 1 to 60" },
	{ "timeout", "4294967304", "from 1 to 60" },
	{ "timeout", "18446744073709551624", "from 1 to 60" },
	{ "timeout", "99999999999999999999999999999999", "from 1 to 60" },
	{ "keys_max_age", "60", NULL },
	{ "keys_max_age", "86400", NULL },
	{ "keys_max_age", "59", "from 60 to 86400" },
	{ "keys_max_age", "86401", "from 60 to 86400" },
	{ "keys_max_stale", "0", NULL },
	{ "keys_max_stale", "86400", NULL },
	{ "keys_max_stale", "86401", "from 0 to 86400" },
	{ "keys_max_stale", "604800", "from 0 to 86400" },
	{ "refetch_cooldown", "1", NULL },
	{ "refetch_cooldown", "600", NULL },
	{ "refetch_cooldown", "0", "from 1 to 3600" },
	{ "refetch_cooldown", "3601", "from 1 to 3600" },
	{ "refetch_cooldown", "601", "longer than keys_max_age" },

	{ "tenant", "other", "there is no [tenant other] section" },
	{ "tenant", "a a", "\"a\" is not needed twice" },
	{ "audience", "urn:example:mail", NULL },
	{ "audience", "https://%h/", NULL },
	{ "audience", "100%%", NULL },
	{ "audience", "100%", "\"%\" is followed by" },
	{ "audience", "https://%H/", "\"%\" is followed by" },
	{ "audience", "%n", "\"%\" is followed by" },
	{ "audience", "%", "\"%\" is followed by" },
	{ "audience", "%%%", "\"%\" is followed by" },
	{ "token_profile", "any", NULL },
	{ "token_profile", "rfc9068", NULL },
	{ "token_profile", "RFC9068", "one of: any rfc9068" },
	{ "token_profile", "strict", "one of: any rfc9068" },
	{ "clock_tolerance", "0", NULL },
	{ "clock_tolerance", "300", NULL },
	{ "clock_tolerance", "301", "from 0 to 300" },
	{ "clock_tolerance", "-1", "from 0 to 300" },
	{ "max_token_age", "1", NULL },
	{ "max_token_age", "2592000", NULL },
	{ "max_token_age", "0", "from 1 to 2592000" },
	{ "max_token_age", "2592001", "from 1 to 2592000" },
	{ "max_token_lifetime", "1", NULL },
	{ "max_token_lifetime", "31536000", NULL },
	{ "max_token_lifetime", "0", "from 1 to 31536000" },
	{ "max_token_lifetime", "31536001", "from 1 to 31536000" },
	{ "max_token_lifetime", "none", "from 1 to 31536000" },
	{ "required_scopes", "login read:mail", NULL },
	{ "required_scopes", "login login", "needed twice" },
	{ "required_permissions", "login login:%h", NULL },
	{ "required_permissions", "login login", "needed twice" },
	{ "required_permissions", "login:%x", "\"%\" is followed by" },
	{ "required_claim", "https://e.com/groups staff", NULL },
	{ "required_claim", "a b c", NULL },
	{ "required_claim", "https://e.com/groups", "a claim's name" },
	{ "organizations", "any", NULL },
	{ "organizations", "org_1 acme", NULL },
	{ "organizations", "org_1 org_1", "needed twice" },
	{ "organizations", "any org_1", "stands alone" },
	{ "organizations", "org_1 any", "stands alone" },
	{ "clients", "a b", NULL },
	{ "clients", "a b a", "needed twice" },
	{ "subjects", "users machines anonymous delegated", NULL },
	{ "subjects", "user", "\"user\" is not one of" },
	{ "subjects", "all", "is not one of" },
	{ "subjects", "users,machines", "is not one of" },
	{ "max_auth_age", "1", NULL },
	{ "max_auth_age", "2592000", NULL },
	{ "max_auth_age", "0", "from 1 to 2592000" },
	{ "max_auth_age", "2592001", "from 1 to 2592000" },
	{ "max_auth_age", "15m", "from 1 to 2592000" },
	{ "required_acr", "urn:example:loa2 gold", NULL },
	{ "required_acr", "gold gold", "needed twice" },
	{ "required_amr", "mfa pwd", NULL },
	{ "required_amr", "mfa pwd mfa", "needed twice" },
	{ "authn_claim_prefix", "https://e.com/", NULL },
	{ "authn_claim_prefix", P50 P50 P50 P50, NULL },
	{ "authn_claim_prefix", P50 P50 P50 P50 "p", "too long" },
	{ "username_claim", "https://e.com/a b", NULL },
	{ "username_domains", "example.com example.org", NULL },
	{ "username_domains", "example.com example.com", "needed twice" },
	{ "username_case", "exact", NULL },
	{ "username_case", "lower", NULL },
	{ "username_case", "upper", "one of: exact lower" },
	{ "username_case", "ignore", "one of: exact lower" },
	{ "user_map", "/etc/audient/users", NULL },
	{ "user_map", "users", "an absolute path" },
	{ "min_uid", "1", NULL },
	{ "min_uid", "2000000000", NULL },
	{ "min_uid", "0", "from 1 to 2000000000" },
	{ "min_uid", "2000000001", "from 1 to 2000000000" },
	{ "min_uid", "4294967297", "from 1 to 2000000000" },
	{ "min_uid", "root", "from 1 to 2000000000" },
	{ "allow_root", "yes", NULL },
	{ "allow_root", "no", NULL },
	{ "allow_root", "true", "yes or no" },
	{ "allow_root", "Yes", "yes or no" },
	{ "allow_root", "1", "yes or no" },
	{ "deny_file", "/etc/audient/deny", NULL },
	{ "deny_file", "deny", "an absolute path" },
	{ "single_use", "yes", NULL },
	{ "single_use", "no", NULL },
	{ "single_use", "true", "yes or no" },
	{ "flow", "token", NULL },
	{ "flow", "device", "client_id" }, /* which no row has beside it */
	{ "flow", "token-or-device", "client_id" },
	{ "flow", "device-or-token", "one of: token device token-or-device" },
	{ "flow", "Device", "one of: token device token-or-device" },
	{ "flow", "", "no value" },

	{ "client_id", "nAtIvEyQ1c7Lr0XbW3mZ8sJd5KfGhT2u", NULL },

	{ "device_scope", "openid offline_access", NULL },
	{ "device_scope", "openid openid", "twice" },

	{ "device_timeout", "5", NULL },
	{ "device_timeout", "900", NULL },
	{ "device_timeout", "4", "5 to 900" },
	{ "device_timeout", "901", "5 to 900" },
	{ "device_timeout", "-5", "5 to 900" },

	{ "device_qr", "auto", NULL },
	{ "device_qr", "never", NULL },
	{ "device_qr", "always", NULL },
	{ "device_qr", "yes", "one of: auto never always" },

	{ "opaque_tokens", "refuse", NULL },
	{ "opaque_tokens", "accept", "one of: refuse accept-unbound" },
	{ "opaque_tokens", "yes", "one of: refuse accept-unbound" },
	{ "userinfo_max_age", "0", NULL },
	{ "userinfo_max_age", "3600", NULL },
	{ "userinfo_max_age", "3601", "from 0 to 3600" },
	{ "tokenless_account", "ignore", NULL },
	{ "tokenless_account", "deny", NULL },
	{ "tokenless_account", "allow", "one of: ignore deny" },
	{ "session_limit", "none", NULL },
	{ "session_limit", "token", NULL },
	{ "session_limit", "yes", "one of: none token" },
	{ "session_limit", "600", "one of: none token" },
	{ "export_claim", "AUTH0_SUB sub", NULL },
	{ "export_claim", "OIDC_GROUPS  https://e.com/groups of us", NULL },
	{ "export_claim", "AUTH0_SUB", "a variable's name" },
	{ "export_claim", "AUTH0_SUB \t", "a variable's name" },
	{ "export_claim", "PATH sub", "\"PATH\" is not AUDIENT_" },
	{ "export_claim", "LD_PRELOAD sub", "is not AUDIENT_" },
	{ "export_claim", "AUTH0_ sub", "is not AUDIENT_" },
	{ "export_claim", "AUTH0_sub sub", "is not AUDIENT_" },
	{ "export_claim", "AUTH0_X=Y sub", "is not AUDIENT_" },
	{ "tls", "required", NULL },
	{ "tls", "host-enforced", NULL },
	{ "tls", "no", "one of: required host-enforced" },
	{ "tls", "off", "one of: required host-enforced" },
	{ "delegation_permission", "act:any", NULL },
	{ "cache_dir", "/var/cache/audient", NULL },
	{ "cache_dir", "cache", "an absolute path" },
	{ "fetch_helper", "/usr/libexec/audient-fetch", NULL },
	{ "fetch_helper", "audient-fetch", "an absolute path" },
};

/* What every file needs, but for the key in question. */
static void
put_rest(struct buf *text, const char *key)
{
	if (strcmp(key, "domain") != 0 && strcmp(key, "issuer") != 0)
		assert_int_equal(buf_add_str(text, "domain = t.auth0.com\n"),
		    REASON_OK);
	if (strcmp(key, "audience") != 0)
		assert_int_equal(buf_add_str(text, "audience = urn:a\n"),
		    REASON_OK);
	if (strcmp(key, "username_claim") != 0)
		assert_int_equal(buf_add_str(text, "username_claim = user\n"),
		    REASON_OK);
}

static void
check(const char *name, struct buf *text, unsigned int line, const char *what)
{
	struct conf_error error;
	struct conf *conf;

	row_reason(name,
	    conf_parse(buf_span(text), "mx1.example.com", &conf, &error),
	    what == NULL ? REASON_OK : REASON_CONFIG_INVALID);
	row_true(name, (conf != NULL) == (what == NULL));
	row_has(name, error.what.s, what != NULL ? what : "");
	if (what != NULL)
		row_number(name, error.line, line);
	conf_free(conf);
	buf_free(text);
}

static void
test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf text = BUF_INIT(8192), name = BUF_INIT(1024);

		assert_int_equal(buf_printf(&name, "%s = %s", rows[i].key,
				     rows[i].value),
		    REASON_OK);
		assert_int_equal(buf_printf(&text, "%s\n", name.data),
		    REASON_OK);
		put_rest(&text, rows[i].key);
		check(name.data, &text, 1, rows[i].what);
		buf_free(&name);
	}
	rows_end();
}

/* No key is without a good row, and few without a bad one. */
static void
test_complete(void **state)
{
	static const char *const anything[] = { "username_claim", "client_id",
		"delegation_permission", NULL };
	const char *key;

	(void)state;
	for (size_t k = 0; (key = conf_keyword(k)) != NULL; k++) {
		bool good = strcmp(key, "tenant") == 0; /* test_confcheck */
		/* these hold any string */
		bool bad = false;

		for (size_t i = 0; anything[i] != NULL; i++)
			bad |= strcmp(key, anything[i]) == 0;
		for (size_t i = 0; i < nitems(rows); i++)
			if (strcmp(rows[i].key, key) == 0) {
				good |= rows[i].what == NULL;
				bad |= rows[i].what != NULL;
			}
		if (!good || !bad)
			fail_msg("no row for %s", key);
	}
	assert_null(conf_keyword(conf_n_keywords));
	assert_int_equal(conf_n_keywords, 52);
}

/* A value that its key takes. */
static const char *
value_of(const char *key)
{
	for (size_t i = 0; i < nitems(rows); i++)
		if (strcmp(rows[i].key, key) == 0 && rows[i].what == NULL)
			return rows[i].value;
	return "a"; /* tenant */
}

/* For every key: no value, twice, in the wrong section, mistyped. */
static void
test_every_key(void **state)
{
	(void)state;
	for (size_t k = 0; k < conf_n_keywords; k++) {
		const struct keyword *kw = &conf_keywords[k];
		const char *key = kw->name, *value = value_of(key);
		struct buf text = BUF_INIT(8192);

		assert_int_equal(buf_printf(&text, "%s =\n", key), REASON_OK);
		check(key, &text, 1, "has no value");

		assert_int_equal(buf_printf(&text, "%s = %s\n\n%s = %s\n", key,
				     value, key, value),
		    REASON_OK);
		if (!kw->repeats)
			check(key, &text, 3, "already set in line 1");
		buf_free(&text);

		if (kw->level != LEVEL_TENANT) {
			assert_int_equal(buf_printf(&text,
					     "[tenant a]\n%s = %s\n", key,
					     value),
			    REASON_OK);
			check(key, &text, 2, "belongs");
		}
		if (kw->level != LEVEL_SERVICE) {
			assert_int_equal(buf_printf(&text,
					     "[service a]\n%s = %s\n", key,
					     value),
			    REASON_OK);
			check(key, &text, 2, "belongs");
		}
	}
	rows_end();
}

/* A variable has one value. */
static void
test_exports_twice(void **state)
{
	struct buf text = BUF_INIT(8192);

	(void)state;
	assert_int_equal(buf_add_str(&text,
			     "export_claim = AUTH0_A a\n"
			     "export_claim = AUTH0_B a\n"
			     "export_claim = AUTH0_A b\n"),
	    REASON_OK);
	put_rest(&text, "");
	check("a variable twice", &text, 3, "\"AUTH0_A\" is not needed twice");
	rows_end();
}

/* A letter too few, too many, or another one: the guess is right. */
static void
test_guesses(void **state)
{
	(void)state;
	for (size_t k = 0; k < conf_n_keywords; k++) {
		const struct keyword *kw = &conf_keywords[k];
		const size_t n = strlen(kw->name);
		char typo[64];

		assert_ptr_equal(conf_find_keyword(span_of(kw->name)), kw);
		(void)memcpy(typo, kw->name, n + 1);
		typo[0] = 'q';
		row_true(typo, conf_guess_keyword(span_of(typo)) == kw);
		row_bool(typo, conf_find_keyword(span_of(typo)) != NULL, false);
		(void)memcpy(typo, kw->name, n + 1);
		typo[n] = 'q';
		row_true(typo,
		    conf_guess_keyword((struct span){ typo, n + 1 }) == kw);
		if (n > 3)
			row_true(kw->name,
			    conf_guess_keyword(
				(struct span){ kw->name + 1, n - 1 }) == kw);
	}
	row_bool("nothing", conf_guess_keyword(span_of("")) != NULL, false);
	row_bool("x", conf_guess_keyword(span_of("x")) != NULL, false);
	row_bool("far off", conf_guess_keyword(span_of("permit_root")) != NULL,
	    false);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_values),
	cmocka_unit_test(test_complete),
	cmocka_unit_test(test_every_key),
	cmocka_unit_test(test_exports_twice),
	cmocka_unit_test(test_guesses),
};

UNIT_MAIN(tests)
