/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each service has rules of its own, by the name that the host gives it: the
 * token of one opens no other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wallet.h"

#define CONF                                                           \
	SITE_ONE                                                       \
	"[service imap]\naudience = https://imap/\n"                   \
	"required_scopes = mail:read\n"                                \
	"[service pop]\naudience = https://imap/\n"                    \
	"required_permissions = pop\n"                                 \
	"[service sieve]\naudience = https://imap/\n"                  \
	"required_claim = role admin\n"                                \
	"[service lmtp]\naudience = https://lmtp/\nuser_map = %M\n"    \
	"subjects = machines\nusername_claim = sub\n"                  \
	"[service smtp]\naudience = https://smtp/\nclients = mailer\n" \
	"[service ldap]\naudience = https://ldap/\n"                   \
	"username_claim = uid\norganizations = org_1\n"                \
	"[service svn]\naudience = https://svn/\n"                     \
	"audience = https://code/\nmax_token_age = 60\n"               \
	"[service memcached]\naudience = https://cache/\n"             \
	"token_profile = rfc9068\n"

#define AUD(a) "\"aud\":\"https://" a "/\""
#define MACHINE                                                  \
	"\"sub\":\"mx@clients\",\"gty\":\"client-credentials\"," \
	"\"azp\":\"mx\""

/* What one service after the other says to a token. */
enum service { IMAP, POP, SIEVE, LMTP, SMTP, LDAP, SVN, MEMCACHED, OTHER, N };

static const char *const services[N] = { "imap", "pop", "sieve", "lmtp", "smtp",
	"ldap", "svn", "memcached", "libvirt" };

#define A "audience_refused"
#define T "type_refused" /* said before the audience is looked at */

static const struct row {
	const char *name;
	const char *with;
	const char *want[N]; /* reason, or the user in capitals' place: "=" */
} rows[] = {
	{ "of the defaults", NULL, { A, A, A, A, A, A, A, T, "=alice" } },
	{ "for reading mail", AUD("imap") ",\"scope\":\"mail:read\"",
	    { "=alice", "permission_missing", "claim_missing", A, A, A, A, T,
		A } },
	{ "for POP", AUD("imap") ",\"permissions\":[\"pop\"]",
	    { "scope_missing", "=alice", "claim_missing", A, A, A, A, T, A } },
	{ "for sieve", AUD("imap") ",\"role\":\"admin\"",
	    { "scope_missing", "permission_missing", "=alice", A, A, A, A, T,
		A } },
	{ "for all mail",
	    AUD("imap") ",\"role\":[\"admin\",\"x\"],\"scope\":\"a mail:read\","
			"\"permissions\":[\"pop\",\"y\"]",
	    { "=alice", "=alice", "=alice", A, A, A, A, T, A } },
	{ "of a machine", AUD("lmtp") "," MACHINE,
	    { A, A, A, "=relay", A, A, A, T, A } },
	{ "of a person, for machines", AUD("lmtp"),
	    { A, A, A, "subject_refused", A, A, A, T, A } },
	{ "of a machine, for people", "\"aud\":[\"https://smtp/\"]," MACHINE,
	    { A, A, A, A, "subject_refused", A, A, T, A } },
	{ "of one application", AUD("smtp") ",\"azp\":\"mailer\"",
	    { A, A, A, A, "=alice", A, A, T, A } },
	{ "of another application", AUD("smtp"),
	    { A, A, A, A, "client_refused", A, A, T, A } },
	{ "of a member",
	    AUD("ldap") ",\"uid\":\"alice.ldap\",\"org_id\":\"org_1\"",
	    { A, A, A, A, A, "=alice.ldap", A, T, A } },
	{ "of a member of another organization",
	    AUD("ldap") ",\"uid\":\"alice.ldap\",\"org_id\":\"org_2\"",
	    { A, A, A, A, A, "organization_refused", A, T, A } },
	{ "with another claim", AUD("ldap") ",\"org_id\":\"org_1\"",
	    { A, A, A, A, A, "username_missing", A, T, A } },
	{ "for one of two audiences", AUD("code"),
	    { A, A, A, A, A, A, "=alice", T, A } },
	{ "of the strict profile",
	    AUD("cache") ",\"jti\":\"1\",\"client_id\":\"client\"",
	    { A, A, A, A, A, A, A, "type_refused", A } },
	{ "for two services", "\"aud\":[\"https://svn/\",\"" SITE_API "\"]",
	    { A, A, A, A, A, A, "=alice", T, "=alice" } },
};

static int
set_up(void **state)
{
	(void)wallet_open(state);
	unit_write(site.map, span_of("mx@clients relay\n"), 0600);
	site_configure(&site, CONF);
	assert_int_equal(host_open(options), SASL_OK);
	if (host_lines(SASL_LOG_ERR) > 0)
		fail_msg("%s", host_log());
	return 0;
}

static void
check(const char *name, const char *service, const char *in, const char *want)
{
	const struct peer peer = { .service = service };
	const bool is_good = want[0] == '=';
	struct talk talk;
	char *reason;

	host_forget();
	talk_open(&talk, &peer);
	row_count(is_good);
	row_number(name, talk_start(&talk, OB, span_of(in)),
	    is_good ? SASL_OK : SASL_CONTINUE);
	row_text(service, talk_user(&talk), is_good ? want + 1 : "");
	assert_true(asprintf(&reason, "service=%s user=%s", service,
			is_good ? want + 1 : "") > 0);
	if (is_good)
		row_has(name, host_log(), reason);
	free(reason);
	assert_true(asprintf(&reason, "reason=%s ", is_good ? "ok" : want) > 0);
	row_has(name, host_log(), reason);
	free(reason);
	talk_close(&talk);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		char *token = token_with(NULL, rows[i].with);
		char *in = bearer(NULL, token);

		for (size_t j = 0; j < N; j++)
			check(rows[i].name, services[j], in, rows[i].want[j]);
		free(in);
		free(token);
	}
	rows_end();
}

/* What clients are told is what the service asks for. */
static void
test_replies(void **state)
{
	static const struct reply {
		const char *service, *scope; /* scope NULL: none is told */
	} replies[] = {
		{ "imap", "\"scope\":\"mail:read\"" },
		{ "pop", NULL },
		{ "libvirt", NULL },
	};

	(void)state;
	for (size_t i = 0; i < nitems(replies); i++) {
		const struct peer peer = { .service = replies[i].service };
		struct talk talk;

		talk_open(&talk, &peer);
		row_count(false);
		row_number(peer.service,
		    talk_start(&talk, OB, SPAN("n,,\1auth=\1\1")),
		    SASL_CONTINUE);
		if (replies[i].scope != NULL)
			row_has(peer.service, talk.out, replies[i].scope);
		else
			row_true(peer.service,
			    strstr(talk.out, "scope") == NULL);
		talk_close(&talk);
	}
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_replies),
	};

	return unit_end(cmocka_run_group_tests(tests, set_up, wallet_close));
}
