/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define DEFAULT_SERVICE "sshd"
#define AT_MAX		253402300799LL /* the last second of the year 9999 */

static const char synopsis[] = "[--config FILE] [--service NAME] "
			       "[--user NAME] [--at EPOCH] [--json] [FILE|-]";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "service", required_argument, NULL, 's' },
	{ "user", required_argument, NULL, 'u' },
	{ "at", required_argument, NULL, 't' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 },
};

struct explanation {
	struct audient_request rq;
	const char *config;
	bool is_json;
	json_t *checks; /* of the JSON form */
	char token_id[AUDIENT_TOKEN_ID_SIZE];
};

/* Services whose users are names in a mailbox or a directory. */
static bool
knows_names_only(const char *service)
{
	static const char *const names[] = { "imap", "pop", "sieve", "lmtp",
		"smtp", "ldap", "nntp", "http", "svn", "memcached", "libvirt",
		"vnc", "spice", "amqp", "xmpp" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(service, names[i]) == 0)
			return true;
	return false;
}

static int64_t
find_uid(const struct audient_request *rq)
{
	const struct passwd *pw;

	if (rq->user == NULL || knows_names_only(rq->service))
		return AUDIENT_NOT_ACCOUNTS;
	pw = getpwnam(rq->user);
	return pw != NULL ? (int64_t)pw->pw_uid : AUDIENT_NO_ACCOUNT;
}

static const char *
pam_says(enum reason reason)
{
	switch (reason_outcome(reason)) {
	case OUTCOME_ALLOW:
		return "PAM_SUCCESS";
	case OUTCOME_DENY:
		return reason_is_not_allowed(reason) ? "PAM_MAXTRIES"
						     : "PAM_AUTH_ERR";
	case OUTCOME_RETRY:
		return "PAM_AUTHINFO_UNAVAIL";
	case OUTCOME_BROKEN:
		return reason == REASON_OUT_OF_MEMORY ? "PAM_BUF_ERR"
						      : "PAM_SERVICE_ERR";
	}
	return "PAM_SERVICE_ERR";
}

static const char *
sasl_says(enum reason reason)
{
	switch (reason_outcome(reason)) {
	case OUTCOME_ALLOW:
		return "SASL_OK";
	case OUTCOME_DENY:
		if (reason == REASON_USER_MISMATCH)
			return "SASL_NOAUTHZ";
		return reason == REASON_SCOPE_MISSING ||
			reason == REASON_PERMISSION_MISSING
		    ? "insufficient_scope, then SASL_BADAUTH"
		    : "invalid_token, then SASL_BADAUTH";
	case OUTCOME_RETRY:
		return reason == REASON_RATE_LIMITED ? "SASL_TRYAGAIN"
						     : "SASL_UNAVAIL";
	case OUTCOME_BROKEN:
		return reason == REASON_OUT_OF_MEMORY ? "SASL_NOMEM"
						      : "SASL_FAIL";
	}
	return "SASL_FAIL";
}

static void
on_step(void *arg, const struct audient_step *s)
{
	const struct explanation *x = arg;

	if (x->is_json) {
		(void)json_array_append_new(x->checks,
		    json_pack("{s:s, s:b, s:s, s:s, s:s}", "check", s->check,
			"passed", s->reason == REASON_OK, "reason",
			reason_name(s->reason), "found", s->found, "wanted",
			s->wanted));
		return;
	}
	(void)printf("  %-4s  %-16s  %s\n",
	    s->reason == REASON_OK ? "ok" : "FAIL", s->check, s->found);
	if (s->wanted[0] != '\0' && s->reason != REASON_OK)
		(void)printf("  %-4s  %-16s  wanted: %s\n", "", "", s->wanted);
}

static void
print_text(const struct audient_verdict *v)
{
	const char *advice = advice_for(v);

	(void)printf("\nverdict:  %s\n",
	    outcome_name(reason_outcome(v->reason)));
	(void)printf("reason:   %s: %s\n", reason_name(v->reason),
	    reason_text(v->reason));
	if (v->user[0] != '\0')
		(void)printf("user:     %s\n", v->user);
	if (v->subject[0] != '\0')
		(void)printf("subject:  %s\n", v->subject);
	if (v->client[0] != '\0')
		(void)printf("client:   %s\n", v->client);
	(void)printf("proof:    %s\n", proof_name(v->proof));
	(void)printf("told:     PAM %s; SASL %s\n", pam_says(v->reason),
	    sasl_says(v->reason));
	if (advice[0] != '\0')
		(void)printf("\nWhat to do: %s\n", advice);
}

static bool
print_json(struct explanation *x, const struct audient_verdict *v)
{
	json_t *json;
	bool ok;

	json = json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:s, s:s,"
			 " s:s, s:s, s:s, s:I, s:O}",
	    "verdict", outcome_name(reason_outcome(v->reason)), "reason",
	    reason_name(v->reason), "text", reason_text(v->reason), "user",
	    v->user[0] != '\0' ? v->user : NULL, "subject", v->subject,
	    "client", v->client, "proof", proof_name(v->proof), "key", v->key,
	    "token", x->token_id, "service", x->rq.service, "pam",
	    pam_says(v->reason), "sasl", sasl_says(v->reason), "advice",
	    advice_for(v), "expires", (json_int_t)v->expires, "checks",
	    x->checks);
	ok = json != NULL &&
	    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 &&
	    putchar('\n') != EOF;
	json_decref(json);
	return ok;
}

static int
explain(struct explanation *x)
{
	struct audient_verdict verdict;
	struct audient *audient;
	enum reason reason;

	if ((audient = open_config(x->config, x->rq.service)) == NULL)
		return EXIT_BROKEN;
	x->rq.uid = find_uid(&x->rq);
	x->rq.step = on_step;
	x->rq.step_arg = x;
	if (!x->is_json)
		(void)printf("service %s, user %s\n", x->rq.service,
		    x->rq.user != NULL ? x->rq.user : "(whoever it names)");
	reason = audient_check(audient, &x->rq, &verdict);
	audient_token_id(audient, x->rq.token, x->token_id);
	audient_close(audient);
	if (!x->is_json)
		print_text(&verdict);
	else if (!print_json(x, &verdict))
		return EXIT_BROKEN;
	return exit_of(reason);
}

static bool
parse_time(const char *text, int64_t *at)
{
	char *end;

	errno = 0;
	*at = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *at > 0 &&
	    *at <= AT_MAX;
}

static bool
parse(int argc, char **argv, struct explanation *x)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			x->config = optarg;
			break;
		case 's':
			x->rq.service = optarg;
			break;
		case 'u':
			x->rq.user = optarg;
			break;
		case 't':
			if (parse_time(optarg, &x->rq.at))
				break;
			(void)fprintf(stderr,
			    "audient explain: --at takes "
			    "seconds since 1970\n");
			return false;
		case 'j':
			x->is_json = true;
			break;
		default:
			return false;
		}
	}
	return argc - optind <= 1;
}

int
cmd_explain(int argc, char **argv)
{
	struct explanation x = { .rq = { .service = DEFAULT_SERVICE,
				     .is_rehearsal = true } };
	struct buf token = BUF_INIT(0);
	int rc = EXIT_BROKEN;

	if (!parse(argc, argv, &x))
		return usage("explain", synopsis);
	if ((x.checks = json_array()) != NULL &&
	    read_token(argv[optind], &token)) {
		x.rq.token = buf_span(&token);
		rc = explain(&x);
	}
	json_decref(x.checks);
	buf_free(&token);
	return rc;
}
