/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "identity.h"

/* From claims to a verdict: whoever is let in, the oracle lets in. */

unsigned int fuzz_let_in;

static const char *const claims_seeds[] = { SITE_CLAIMS,
	"{\"iss\":\"" SITE_A "\",\"aud\":[\"x\",\"" SITE_API "\"],"
	"\"sub\":\"a|b\",\"user\":\"alice\",\"iat\":1799999900.5,"
	"\"exp\":1.8000006e9,\"nbf\":1799999900,\"client_id\":\"c\"}",
	"{\"iss\":\"" SITE_A "\",\"aud\":\"" SITE_API "\","
	"\"sub\":\"c@clients\",\"gty\":\"client-credentials\","
	"\"azp\":\"c\",\"user\":\"alice\",\"iat\":1799999900,"
	"\"exp\":1800000600,\"permissions\":[\"a\"],\"act\":{\"sub\":\"x\"}}",
	"{\"iss\":\"" SITE_B "\",\"aud\":[],\"sub\":7,\"user\":\"root\","
	"\"exp\":1e308,\"nbf\":\"1\",\"cnf\":{\"jkt\":\"x\"},"
	"\"nonce\":\"n\",\"at_hash\":\"h\",\"org_id\":\"org_1\"}",
	"{\"sub\":\"auth0|alice\",\"user\":\"alice\"}" };

/* --- claims that a signature has proven
 * ------------------------------------------ */

static struct claims_rules rules = { .clock_tolerance = 30,
	.max_token_lifetime = 2592000 };
static struct list issuers;

static void
add_rules(void)
{
	if (issuers.n > 0)
		return;
	must(list_add(&issuers, span_of(SITE_A)) == REASON_OK &&
		list_add(&rules.audiences, span_of(SITE_API)) == REASON_OK,
	    "there is memory");
}

static enum reason
decide(const struct claims *claims, char *user)
{
	static char claim[] = "user";
	const struct policy_rules policy = { .subjects =
						 SUBJECT_BIT(SUBJECT_USER) };
	const struct identity_rules identity = { .username_claim = claim,
		.min_uid = 1000 };
	const struct account account = { .name = "alice", .uid = 1000 };
	struct trace trace;
	bool is_delegate;
	enum reason reason;

	trace_init(&trace);
	if ((reason = claims_check(claims, &rules, &issuers, false, NOW,
		 &trace)) == REASON_OK &&
	    (reason = policy_check(claims, &policy, &trace)) == REASON_OK)
		reason = identity_check(claims, &identity, &account, user,
		    &is_delegate, &trace);
	must((trace.failed == NULL) == (reason == REASON_OK),
	    "a refusal names its check");
	return reason;
}

void
fuzz_run_claims(struct span in)
{
	struct claims claims = { .proof = PROOF_JWT };
	struct json_doc doc = JSON_DOC_INIT;
	char user[USER_MAX + 1] = "";

	add_rules();
	if (json_doc_parse(in, &doc) == REASON_OK) {
		claims.json = doc.nodes;
		if (decide(&claims, user) == REASON_OK) {
			fuzz_let_in++;
			must(strcmp(user, "alice") == 0, "it is alice");
			must(oracle_claims(in, true) != OPINION_NO,
			    "the oracle accepts the claims");
		}
	}
	json_doc_free(&doc);
}

void
fuzz_seeds_claims(fuzz_emit *emit, void *arg)
{
	for (size_t i = 0; i < nitems(claims_seeds); i++)
		emit(arg, span_of(claims_seeds[i]));
}

/* --- whole tokens, some of them signed by us
 * --------------------------------------- */

static struct audient *jwt_handle, *opaque_handle;

static void
close_handles(void)
{
	audient_close(jwt_handle);
	audient_close(opaque_handle);
}

static struct audient *
open_site(struct audient **handle, const char *conf)
{
	const struct site *site = &fuzz_get_site()->site;
	const struct audient_options options = { .config = site->conf };
	char problem[AUDIENT_LINE_MAX];

	if (*handle != NULL)
		return *handle;
	if (jwt_handle == NULL && opaque_handle == NULL)
		(void)atexit(close_handles);
	site_configure(site, conf);
	must(audient_open(handle, &options, problem) == REASON_OK, problem);
	return *handle;
}

static enum reason
check(struct audient *audient, struct span token)
{
	const struct audient_request rq = { .token = token,
		.service = "imap",
		.user = "alice",
		.uid = AUDIENT_NOT_ACCOUNTS,
		.at = NOW };
	struct audient_line line;
	struct audient_verdict v;
	const enum reason reason = audient_check(audient, &rq, &v);

	must(v.reason == reason, "the verdict says the same");
	must((reason == REASON_OK) == (v.user[0] != '\0'),
	    "a user is there if somebody is let in");
	must(reason != REASON_OK || strcmp(v.user, "alice") == 0,
	    "it is alice");
	fuzz_let_in += reason == REASON_OK;
	audient_audit(audient, &rq, &v, &line);
	fuzz_judge(token, reason_name(reason), reason == REASON_OK);
	for (const char *p = line.text; *p != '\0'; p++)
		must(*p >= ' ' && *p <= '~', "the log is printable");
	return reason;
}

char *
fuzz_sign(struct span header, struct span payload, bool is_forged)
{
	static const struct {
		const char *name;
		enum alg alg;
		enum mint_key key, other;
	} ways[] = {
		{ "RS256", ALG_RS256, MINT_RSA, MINT_RSA_OTHER },
		{ "PS256", ALG_PS256, MINT_RSA, MINT_RSA_OTHER },
		{ "", ALG_ES256, MINT_P256, MINT_P256_OTHER },
	};
	char *text = strndup(header.ptr, header.len), *token;
	size_t i = 0;

	must(text != NULL, "there is memory");
	while (strstr(text, ways[i].name) == NULL)
		i++;
	token = mint_token_bytes(is_forged ? ways[i].other : ways[i].key,
	    ways[i].alg, text, payload, NULL);
	free(text);
	return token;
}

/* header, newline, payload: what we sign.  Without a newline: as it stands. */
void
fuzz_run_signed(struct span in)
{
	struct audient *audient = open_site(&jwt_handle, SITE_ONE FUZZ_ALGS);
	struct span header, payload = in;
	char *token;

	if (in.len > 12288)
		return;
	if (in.len == 0 || memchr(in.ptr, '\n', in.len) == NULL) {
		must(check(audient, in) != REASON_OK,
		    "nobody else's token is let in");
		return;
	}
	(void)span_cut(&payload, '\n', &header);
	if (header.len == 0 || memchr(header.ptr, '\0', header.len) != NULL)
		return;
	token = fuzz_sign(header, payload, false);
	if (check(audient, span_of(token)) == REASON_OK) {
		must(oracle_header(header, FUZZ_ALG_SET) != OPINION_NO,
		    "the oracle accepts the header");
		must(oracle_claims(payload, true) != OPINION_NO,
		    "the oracle accepts the claims");
	}
	free(token);
}

void
fuzz_seeds_signed(fuzz_emit *emit, void *arg)
{
	char *forged = mint_token(MINT_P256_OTHER, ALG_ES256,
	    "{\"alg\":\"ES256\",\"kid\":\"ec\"}", SITE_CLAIMS, NULL);
	char *text;

	emit(arg, span_of(forged));
	free(forged);
	for (size_t i = 0; i < nitems(claims_seeds); i++) {
		must(asprintf(&text, "{\"alg\":\"ES256\",\"kid\":\"ec\"}\n%s",
			 claims_seeds[i]) > 0,
		    "there is memory");
		emit(arg, span_of(text));
		free(text);
	}
	emit(arg, SPAN("{\"alg\":\"RS256\",\"kid\":\"rsa\"}\n" SITE_CLAIMS));
	emit(arg, SPAN("{\"alg\":\"PS256\",\"kid\":\"rsa\"}\n" SITE_CLAIMS));
	emit(arg, SPAN("{\"alg\":\"none\"}\n" SITE_CLAIMS));
	emit(arg,
	    SPAN("{\"alg\":\"ES256\",\"kid\":\"ec\",\"crit\":[]}"
		 "\n" SITE_CLAIMS));
}

/* --- what /userinfo says
 * -------------------------------------------------------------- */

void
fuzz_run_userinfo(struct span in)
{
	static const char *const conf =
	    "issuer = " SITE_A "\njwks_file = %A\ncache_dir = "
	    "%D/audient.conf\nfetch_helper = /bin/true\n"
	    "audience = " SITE_API "\nusername_claim = user\n"
	    "userinfo_endpoint = https://a.example.com/userinfo\n"
	    "opaque_tokens = accept-unbound\nrequired_claim = team staff\n"
	    "userinfo_max_age = 0\n";
	struct audient *audient = open_site(&opaque_handle, conf);
	struct buf answer = BUF_INIT(256 * 1024);

	if (in.len > 100000)
		return;
	must(buf_printf(&answer,
		 "audient-fetch 1\nresult answered\nstatus 200\n"
		 "type application/json\nlength %zu\n\n",
		 in.len) == REASON_OK &&
		buf_add(&answer, in.ptr, in.len) == REASON_OK,
	    "there is room");
	fuzz_answer(buf_span(&answer));
	if (check(audient, SPAN("hT9_3xwQ1vJr0aZk2mNb5cXeYv8Uo4Lp")) ==
	    REASON_OK)
		must(oracle_claims(in, false) != OPINION_NO,
		    "the oracle accepts the answer");
	fuzz_answer((struct span){ .ptr = NULL });
	buf_free(&answer);
}

void
fuzz_seeds_userinfo(fuzz_emit *emit, void *arg)
{
	emit(arg,
	    SPAN("{\"sub\":\"auth0|alice\",\"user\":\"alice\","
		 "\"team\":\"staff\"}"));
	emit(arg,
	    SPAN("{\"sub\":\"auth0|alice\",\"user\":\"alice\","
		 "\"team\":[\"staff\",\"x\"],\"iss\":\"" SITE_A "\","
		 "\"aud\":\"x\",\"email\":\"a@b\",\"email_verified\":true}"));
	emit(arg, SPAN("{\"sub\":\"\",\"team\":\"staff\"}"));
	emit(arg, SPAN("{\"sub\":\"x@clients\",\"user\":\"alice\"}"));
	emit(arg, SPAN("{\"error\":\"invalid_token\"}"));
	emit(arg, SPAN("<html>"));
}
