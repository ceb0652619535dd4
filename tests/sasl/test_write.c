/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The message that a client writes: what goes in, and what must not.
 */
#include "message.h"

#include <string.h>

#include "unit.h"

static const struct writer_row {
	const char *name;
	enum dialect dialect;
	struct message_parts parts;
	const char *want; /* NULL: refused */
} writer_rows[] = {
	{ "all of it", DIALECT_OAUTHBEARER,
	    { "a,b=c", "h.example.com", "143", BYTES("x") },
	    "n,a=a=2Cb=3Dc,\1host=h.example.com\1port=143\1auth=Bearer x\1\1" },
	{ "as little as possible", DIALECT_OAUTHBEARER,
	    { NULL, NULL, NULL, BYTES("x") }, "n,,\1auth=Bearer x\1\1" },
	{ "XOAUTH2", DIALECT_XOAUTH2, { "a,b", "h", "143", BYTES("x") },
	    "user=a,b\1auth=Bearer x\1\1" },
	{ "XOAUTH2 without a name", DIALECT_XOAUTH2,
	    { NULL, NULL, NULL, BYTES("x") }, NULL },
	{ "no token", DIALECT_OAUTHBEARER, { "a", NULL, NULL, BYTES("") },
	    NULL },
	{ "a password", DIALECT_OAUTHBEARER,
	    { "a", NULL, NULL, BYTES("pass word!") }, NULL },
	{ "^A in the token", DIALECT_OAUTHBEARER,
	    { "a", NULL, NULL, BYTES("x\1\1") }, NULL },
	{ "^A in the name", DIALECT_XOAUTH2,
	    { "a\1auth=Bearer y", NULL, NULL, BYTES("x") }, NULL },
	{ "empty name", DIALECT_OAUTHBEARER, { "", NULL, NULL, BYTES("x") },
	    NULL },
	{ "^A in the host", DIALECT_OAUTHBEARER,
	    { "a", "h\1auth=Bearer y", NULL, BYTES("x") }, NULL },
	{ "^A in the port, which is left out", DIALECT_OAUTHBEARER,
	    { "a", "h", "1\1x=y", BYTES("x") },
	    "n,a=a,\1host=h\1auth=Bearer x\1\1" },
	{ "no port that there could be", DIALECT_OAUTHBEARER,
	    { "a", "h", "65536", BYTES("x") },
	    "n,a=a,\1host=h\1auth=Bearer x\1\1" },
	{ "nothing for a port", DIALECT_OAUTHBEARER,
	    { "a", "h", "", BYTES("x") }, "n,a=a,\1host=h\1auth=Bearer x\1\1" },
};

static void
test_writer(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(writer_rows); i++) {
		const struct writer_row *row = &writer_rows[i];
		struct buf out = BUF_INIT(MESSAGE_MAX);
		struct message m;

		row_reason(row->name,
		    message_write(row->dialect, &row->parts, &out),
		    row->want != NULL ? REASON_OK : REASON_NOT_A_TOKEN);
		if (row->want != NULL) {
			row_text(row->name, out.data, row->want);
			message_parse(row->dialect, buf_span(&out), &m);
			row_number(row->name, m.kind, MESSAGE_TOKEN);
		}
		buf_free(&out);
	}
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writer),
	};

	return unit_end(cmocka_run_group_tests(tests, NULL, NULL));
}
