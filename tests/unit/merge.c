/* SPDX-License-Identifier: BSD-2-Clause */
#include <jansson.h>

#include "unit.h"

/* By itself, as jansson and the core have names in common. */
char *
unit_merge(const char *base, const char *without, const char *with)
{
	json_t *all = json_loads(base, 0, NULL), *more;
	struct buf text = BUF_INIT(256 * 1024);
	char *dump;

	assert_non_null(all);
	assert_int_equal(buf_printf(&text, "{%s}", with != NULL ? with : ""),
	    REASON_OK);
	if ((more = json_loads(text.data, 0, NULL)) == NULL)
		fail_msg("not JSON: %s", text.data);
	assert_int_equal(json_object_update(all, more), 0);
	if (without != NULL)
		assert_int_equal(json_object_del(all, without), 0);
	dump = json_dumps(all, JSON_COMPACT);
	assert_non_null(dump);
	buf_free(&text);
	json_decref(more);
	json_decref(all);
	return dump;
}
