/* SPDX-License-Identifier: BSD-2-Clause */
#include "naming.h"

#include <stdio.h>
#include <stdlib.h>

enum reason
naming_decide(const struct naming *row, char user[USER_MAX + 1],
    struct trace *trace)
{
	char claim[] = "user", permission[] = "act";
	struct identity_rules rules = { .username_claim = claim,
		.lower_case = row->lower_case,
		.allow_root = row->allow_root,
		.delegation_permission = row->acts_for ? permission : NULL,
		.min_uid = 1000 };
	const struct account account = { .name = row->asked,
		.uid = row->uid,
		.realm = row->realm };
	struct claims claims = { .proof = PROOF_JWT };
	struct usermap *map = NULL;
	const struct json *json;
	enum reason reason;
	unsigned int line;
	struct text why;
	bool is_delegate;
	char *text;

	assert_true(asprintf(&text,
			"{\"sub\":\"x\",\"user\":\"%s\","
			"\"permissions\":[\"act\"]}",
			row->claim) > 0);
	claims.json = json = unit_json(text, NULL, NULL);
	text_clear(&why);
	if (row->domain != NULL)
		assert_int_equal(list_add(&rules.domains, span_of(row->domain)),
		    REASON_OK);
	if (row->map != NULL) {
		assert_int_equal(usermap_parse(span_of(row->map), &map, &line,
				     &why),
		    REASON_OK);
		rules.map = map;
		rules.user_map = claim;
	}
	reason = identity_check(&claims, &rules, &account, user, &is_delegate,
	    trace);
	list_free(&rules.domains);
	usermap_free(map);
	unit_json_free(json);
	free(text);
	return reason;
}

void
naming_rows(const struct naming *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char user[USER_MAX + 1];
		struct trace trace;

		trace_init(&trace);
		row_reason(rows[i].name, naming_decide(&rows[i], user, &trace),
		    rows[i].want);
		row_true(rows[i].name,
		    (trace.failed != NULL) == (rows[i].want != REASON_OK));
		if (rows[i].want == REASON_OK)
			row_text(rows[i].name, user, rows[i].user);
	}
	rows_end();
}
