/* SPDX-License-Identifier: BSD-2-Clause */
#include "reason.h"

#include <string.h>

#include "unit.h"

/* The names are part of the interface. */
static const struct row {
	enum reason reason;
	const char *name;
	enum outcome outcome;
	bool is_not_allowed;
} rows[] = {
	{ REASON_OK, "ok", OUTCOME_ALLOW, false },
	{ REASON_NOT_A_TOKEN, "not_a_token", OUTCOME_DENY, false },
	{ REASON_TOKEN_TRUNCATED, "token_truncated", OUTCOME_DENY, false },
	{ REASON_TOKEN_TOO_LARGE, "token_too_large", OUTCOME_DENY, false },
	{ REASON_TOKEN_MALFORMED, "token_malformed", OUTCOME_DENY, false },
	{ REASON_TOKEN_ENCRYPTED, "token_encrypted", OUTCOME_DENY, false },
	{ REASON_OPAQUE_REFUSED, "opaque_refused", OUTCOME_DENY, false },
	{ REASON_ALGORITHM_REFUSED, "algorithm_refused", OUTCOME_DENY, false },
	{ REASON_KEY_UNKNOWN, "key_unknown", OUTCOME_DENY, false },
	{ REASON_KEY_UNUSABLE, "key_unusable", OUTCOME_DENY, false },
	{ REASON_SIGNATURE_INVALID, "signature_invalid", OUTCOME_DENY, false },
	{ REASON_CLAIM_INVALID, "claim_invalid", OUTCOME_DENY, false },
	{ REASON_TYPE_REFUSED, "type_refused", OUTCOME_DENY, false },
	{ REASON_ISSUER_REFUSED, "issuer_refused", OUTCOME_DENY, false },
	{ REASON_AUDIENCE_REFUSED, "audience_refused", OUTCOME_DENY, false },
	{ REASON_EXPIRED, "expired", OUTCOME_DENY, false },
	{ REASON_NOT_YET_VALID, "not_yet_valid", OUTCOME_DENY, false },
	{ REASON_TOO_OLD, "too_old", OUTCOME_DENY, false },
	{ REASON_SENDER_CONSTRAINED, "sender_constrained", OUTCOME_DENY,
	    false },
	{ REASON_CLIENT_REFUSED, "client_refused", OUTCOME_DENY, true },
	{ REASON_SUBJECT_REFUSED, "subject_refused", OUTCOME_DENY, true },
	{ REASON_ORGANIZATION_REFUSED, "organization_refused", OUTCOME_DENY,
	    true },
	{ REASON_SCOPE_MISSING, "scope_missing", OUTCOME_DENY, true },
	{ REASON_PERMISSION_MISSING, "permission_missing", OUTCOME_DENY, true },
	{ REASON_CLAIM_MISSING, "claim_missing", OUTCOME_DENY, true },
	{ REASON_DENIED_LOCALLY, "denied_locally", OUTCOME_DENY, true },
	{ REASON_USERNAME_MISSING, "username_missing", OUTCOME_DENY, true },
	{ REASON_USERNAME_UNSAFE, "username_unsafe", OUTCOME_DENY, true },
	{ REASON_USER_MISMATCH, "user_mismatch", OUTCOME_DENY, true },
	{ REASON_USER_REFUSED, "user_refused", OUTCOME_DENY, true },
	{ REASON_DEVICE_DECLINED, "device_declined", OUTCOME_DENY, false },
	{ REASON_DEVICE_UNCONFIRMED, "device_unconfirmed", OUTCOME_DENY,
	    false },
	{ REASON_ISSUER_UNAVAILABLE, "issuer_unavailable", OUTCOME_RETRY,
	    false },
	{ REASON_RATE_LIMITED, "rate_limited", OUTCOME_RETRY, false },
	{ REASON_CONFIG_INVALID, "config_invalid", OUTCOME_BROKEN, false },
	{ REASON_OUT_OF_MEMORY, "out_of_memory", OUTCOME_BROKEN, false },
	{ REASON_INTERNAL, "internal", OUTCOME_BROKEN, false },
};

static void
test_rows(void **state)
{
	(void)state;
	assert_int_equal(REASON_OK, 0);
	assert_int_equal(nitems(rows), REASON_INTERNAL + 1);
	for (size_t i = 0; i < nitems(rows); i++) {
		const enum reason r = rows[i].reason;

		assert_int_equal(r, i);
		row_text(rows[i].name, reason_name(r), rows[i].name);
		row_number(rows[i].name, reason_outcome(r), rows[i].outcome);
		row_bool(rows[i].name, reason_is_not_allowed(r),
		    rows[i].is_not_allowed);
		row_true(rows[i].name, strlen(reason_text(r)) > 10);
		row_true(rows[i].name,
		    (reason_outcome(r) == OUTCOME_ALLOW) == (i == 0));
	}
	rows_end();
}

/* No two names, and no two texts, are alike. */
static void
test_distinct(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++)
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(reason_name(rows[i].reason),
			    reason_name(rows[j].reason));
			assert_string_not_equal(reason_text(rows[i].reason),
			    reason_text(rows[j].reason));
		}
}

/* A value that is no reason lets nobody in. */
static void
test_strangers(void **state)
{
	static const int strangers[] = { -1, REASON_INTERNAL + 1, 1000,
		0x7fffffff, -0x7fffffff - 1 };

	(void)state;
	for (size_t i = 0; i < nitems(strangers); i++) {
		const enum reason r = (enum reason)strangers[i];

		row_text("name", reason_name(r), "internal");
		row_text("text", reason_text(r), "internal error");
		row_bool("allow", reason_outcome(r) == OUTCOME_ALLOW, false);
		row_number("outcome", reason_outcome(r), OUTCOME_BROKEN);
		row_bool("not allowed", reason_is_not_allowed(r), false);
		row_text("outcome", outcome_name((enum outcome)strangers[i]),
		    "broken");
		row_text("proof", proof_name((enum proof)strangers[i]), "none");
	}
	rows_end();
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(outcome_name(OUTCOME_ALLOW), "allow");
	assert_string_equal(outcome_name(OUTCOME_DENY), "deny");
	assert_string_equal(outcome_name(OUTCOME_RETRY), "retry");
	assert_string_equal(outcome_name(OUTCOME_BROKEN), "broken");
	assert_string_equal(proof_name(PROOF_NONE), "none");
	assert_string_equal(proof_name(PROOF_JWT), "jwt");
	assert_string_equal(proof_name(PROOF_USERINFO), "userinfo");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_distinct),
	cmocka_unit_test(test_strangers),
	cmocka_unit_test(test_names),
};

UNIT_MAIN(tests)
