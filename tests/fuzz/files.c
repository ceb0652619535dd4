/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "deny.h"
#include "fuzz.h"
#include "login.h"

/* Files that an administrator writes, and a record without JSON. */

static void
must_be_printable(const struct text *why)
{
	must(why->len > 0, "a refusal says why");
	for (const char *p = why->s; *p != '\0'; p++)
		must(*p >= ' ' && *p <= '~', "what is said is printable");
}

/* --- audient.conf
 * ------------------------------------------------------------- */

static void
check_tenant(const struct tenant *t)
{
	must(t->issuers.n > 0, "a tenant has an issuer");
	for (size_t i = 0; i < t->issuers.n; i++)
		must(strncmp(t->issuers.item[i], "https://", 8) == 0,
		    "an issuer is https");
	must(t->algorithms != 0, "there are algorithms");
	must(t->jwks_uri == NULL || strncmp(t->jwks_uri, "https://", 8) == 0,
	    "keys come by https");
	must(t->timeout >= 1 && t->timeout <= 60 && t->keys_max_age >= 60 &&
		t->keys_max_stale >= 0 && t->refetch_cooldown >= 1,
	    "numbers are in their bounds");
}

static void
check_service(const struct service *s)
{
	if (s->missing != NULL)
		return;
	must(s->claims.audiences.n > 0, "an audience is there");
	must(s->identity.username_claim != NULL, "a claim with the name, too");
	must(s->tenants != 0, "somebody may issue");
	must(s->claims.clock_tolerance >= 0 && s->claims.clock_tolerance <= 300,
	    "the tolerance is at most 300 s");
	must(s->policy.subjects != 0, "somebody is admitted");
	if (conf_is_elevating(s->name) || s->identity.allow_root)
		must(s->accept_opaque == 0, "opaque tokens open no root");
}

void
fuzz_run_conf(struct span in)
{
	struct conf_error error = { .line = 0 };
	struct conf *conf;
	const enum reason reason =
	    conf_parse(in, "host.example.com", &conf, &error);

	if (reason != REASON_OK) {
		must(conf == NULL, "what is refused is not there");
		must_be_printable(&error.what);
		return;
	}
	must(conf->n_tenants > 0 && conf->n_tenants <= CONF_TENANTS_MAX &&
		conf->n_services > 0 && conf->n_services <= CONF_SERVICES_MAX,
	    "there are tenants and services, and not too many");
	for (size_t i = 0; i < conf->n_tenants; i++)
		check_tenant(&conf->tenant[i]);
	for (size_t i = 0; i < conf->n_services; i++)
		check_service(&conf->service[i]);
	conf_free(conf);
}

void
fuzz_seeds_conf(fuzz_emit *emit, void *arg)
{
	struct buf text = BUF_INIT(4096);
	const char *key;

	emit(arg,
	    SPAN("domain = example.eu.auth0.com\n"
		 "audience = https://login.example.com/\n"
		 "username_claim = https://example.com/username\n"));
	emit(arg,
	    SPAN("# all\nissuer = https://a/\nalgorithms = RS256 ES256\n"
		 "audience = a%h\nusername_claim = email\n"
		 "username_domains = example.com\nclients = a b\n"
		 "[service imap]\nopaque_tokens = accept-unbound\n"
		 "required_claim = email_verified true\n"
		 "[service sudo]\nmax_auth_age = 300\nsingle_use = yes\n"));
	emit(arg,
	    SPAN("audience = a\nusername_claim = b\ntenant = x y\n"
		 "[tenant x]\ndomain = x.example.com\ntimeout = 3\n"
		 "[tenant y]\nissuer = https://y/\njwks_file = /y\n"));
	/* every key with a value that may be wrong */
	for (size_t i = 0; (key = conf_keyword(i)) != NULL; i++) {
		buf_clear(&text);
		must(buf_printf(&text,
			 "domain = a.b\naudience = c\n"
			 "username_claim = d\n%s = 1\n",
			 key) == REASON_OK,
		    "there is room");
		emit(arg, buf_span(&text));
	}
	buf_free(&text);
}

/* --- the map
 * ---------------------------------------------------------------------- */

static void
look_up(const struct usermap *map, struct span value)
{
	char user[USER_MAX + 1];
	unsigned int line = 0;
	size_t at = 0, n = 0;

	while (usermap_next(map, value, &at, user, &line)) {
		must(strlen(user) <= USER_MAX, "a user is not too long");
		must(line > 0, "a line is named");
		must(++n < 100000, "there is an end");
	}
}

void
fuzz_run_usermap(struct span in)
{
	struct span rest = in, first;
	struct usermap *map;
	unsigned int line = 0;
	struct text why;

	/* the first line is looked up in the map of the others */
	if (in.len > 2048 || !span_cut(&rest, '\n', &first))
		return;
	text_clear(&why);
	if (usermap_parse(rest, &map, &line, &why) != REASON_OK) {
		must(map == NULL && (line > 0 || strstr(why.s, "the file has")),
		    "a refusal names its line");
		must_be_printable(&why);
		return;
	}
	look_up(map, first);
	look_up(map, SPAN("alice@example.com"));
	look_up(map, SPAN(""));
	usermap_free(map);
}

void
fuzz_seeds_usermap(fuzz_emit *emit, void *arg)
{
	emit(arg, SPAN("auth0|1\nauth0|1 alice\n\"a b\" bob\n# c\n"));
	emit(arg, SPAN("bob@example.com\n/^([a-z]+)@example\\.com$ \\1\n"));
	emit(arg, SPAN("xay\n/x(a|b)?y|(z) \\1\\2\nx y\nx z\n"));
	emit(arg, SPAN("a\n/[[:alpha:]]{1,3} u\n/\\.(.)\\1 \\1\n"));
}

/* --- the deny list
 * ------------------------------------------------------------------ */

void
fuzz_run_deny(struct span in)
{
	struct claims claims = { .proof = PROOF_JWT };
	struct json_doc doc = JSON_DOC_INIT;
	struct trace trace;
	unsigned int line = 0;
	struct deny *deny;
	struct text why;
	enum reason reason;

	text_clear(&why);
	if (deny_parse(in, &deny, &line, &why) != REASON_OK) {
		must(deny == NULL &&
			(line > 0 || strstr(why.s, "the file has")),
		    "a refusal names its line");
		must_be_printable(&why);
		return;
	}
	must(json_doc_parse(SPAN(SITE_CLAIMS), &doc) == REASON_OK, "claims");
	claims.json = doc.nodes;
	trace_init(&trace);
	reason = deny_check(deny, &claims, SPAN("ec"), &trace);
	must(reason == REASON_OK || reason == REASON_DENIED_LOCALLY,
	    "it is denied or not");
	json_doc_free(&doc);
	deny_free(deny);
}

void
fuzz_seeds_deny(fuzz_emit *emit, void *arg)
{
	emit(arg, SPAN("sub auth0|alice\nazp client\njti x\nkid ec\n"));
	emit(arg, SPAN("# x\n\nissued-before 2027-01-15T08:00:00Z\n"));
	emit(arg, SPAN("issued-before 2028-02-29T23:59:60Z sub auth0|alice\n"));
}

/* --- from a login to its session
 * ------------------------------------------------------ */

void
fuzz_run_login(struct span in)
{
	struct audient_login login, again;
	struct buf text = BUF_INIT(8192);

	if (!login_read(in, &login))
		return;
	must(memchr(login.user, '\0', sizeof(login.user)) != NULL &&
		memchr(login.subject, '\0', sizeof(login.subject)) != NULL &&
		login.expires >= 0,
	    "every value ends");
	must(login_write(&login, &text) == REASON_OK &&
		login_read(buf_span(&text), &again) &&
		strcmp(login.user, again.user) == 0 &&
		strcmp(login.subject, again.subject) == 0 &&
		login.expires == again.expires,
	    "what is read can be written and read again");
	buf_free(&text);
}

void
fuzz_seeds_login(fuzz_emit *emit, void *arg)
{
	const struct audient_login login = { .user = "alice",
		.subject = "auth0|alice",
		.client = "client",
		.token_id = "0123456789ab",
		.expires = NOW };
	struct buf text = BUF_INIT(8192);

	must(login_write(&login, &text) == REASON_OK, "it can be written");
	emit(arg, buf_span(&text));
	buf_free(&text);
	emit(arg, SPAN("\n\n\n\n\n"));
}
