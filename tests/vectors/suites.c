/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "vectors.h"

/*
 * JSON of others.  Our parser wants an object at the top, so each document is
 * tried as it is and as the value of a member of an object: {"a":…}.
 */
struct counts {
	unsigned int all;
	unsigned int wrapped; /* accepted as a value */
	unsigned int bare;    /* accepted as it is */
};

static bool
is_listed(const char *path, const char *const *list)
{
	const char *name = strrchr(path, '/') + 1;

	for (; *list != NULL; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

static bool
parses(struct span text)
{
	const struct span s = unit_exact(text);
	struct json_doc doc;
	const enum reason reason = json_doc_parse(s, &doc);

	assert_true(reason == REASON_OK || reason == REASON_TOKEN_MALFORMED);
	json_doc_free(&doc);
	unit_free(s);
	return reason == REASON_OK;
}

/* Is it an object, as far as its first letter says? */
static bool
begins_object(struct span text)
{
	size_t i = 0;

	while (i < text.len && strchr(" \t\r\n", text.ptr[i]) != NULL &&
	    text.ptr[i] != '\0')
		i++;
	return i < text.len && text.ptr[i] == '{';
}

static void
check(const char *path, bool want, struct counts *counts)
{
	struct buf text = vectors_read(path);
	struct buf wrapped = BUF_INIT(1024 * 1024);
	const bool bare_want = want && begins_object(buf_span(&text));
	bool got;

	assert_int_equal(buf_add_str(&wrapped, "{\"a\":"), REASON_OK);
	assert_int_equal(buf_add(&wrapped, text.data, text.len), REASON_OK);
	assert_int_equal(buf_add_str(&wrapped, "}"), REASON_OK);
	counts->all++;
	got = parses(buf_span(&wrapped));
	row_bool(path, got, want);
	counts->wrapped += got;
	got = parses(buf_span(&text));
	row_bool(path, got, bare_want);
	counts->bare += got;
	buf_free(&text);
	buf_free(&wrapped);
}

static void
show(const char *what, const struct counts *n)
{
	print_message("%s: %u documents; %u good values, %u good objects\n",
	    what, n->all, n->wrapped, n->bare);
}

/* Those that must parse, and we do not: NUL and the same name twice. */
static const char *const refused[] = { "y_object_duplicated_key.json",
	"y_object_duplicated_key_and_value.json",
	"y_object_escaped_null_in_key.json", "y_string_null_escape.json",
	NULL };

/* Those that may parse, and do: we keep digits, so no real is too large. */
static const char *const taken[] = { "i_number_double_huge_neg_exp.json",
	"i_number_huge_exp.json", "i_number_neg_int_huge_exp.json",
	"i_number_pos_double_huge_exp.json", "i_number_real_neg_overflow.json",
	"i_number_real_pos_overflow.json", "i_number_real_underflow.json",
	NULL };

void
test_json_parsing(void **state)
{
	struct counts y = { .all = 0 }, n = { .all = 0 }, may = { .all = 0 };
	char **list;

	(void)state;
	vectors_need("jsontestsuite", 318);
	list = vectors_list("jsontestsuite/test_parsing", ".json");
	for (char **p = list; *p != NULL; p++)
		switch ((strrchr(*p, '/'))[1]) {
		case 'y':
			check(*p, !is_listed(*p, refused), &y);
			break;
		case 'n':
			check(*p, false, &n);
			break;
		default:
			check(*p, is_listed(*p, taken), &may);
			break;
		}
	vectors_list_free(list);
	show("JSONTestSuite, must parse", &y);
	show("JSONTestSuite, must not", &n);
	show("JSONTestSuite, may parse", &may);
	assert_int_equal(y.all, 95);
	assert_int_equal(y.wrapped, 91);
	assert_int_equal(y.bare, 9);
	assert_int_equal(n.all, 188);
	assert_int_equal(n.wrapped + n.bare, 0);
	assert_int_equal(may.all, 35);
	assert_int_equal(may.wrapped, 7);
	assert_int_equal(may.bare, 0);
	rows_end();
}

/* What others make of a document; of these we want nothing. */
static const char *const refused_there[] = { "number_-9223372036854775809.json",
	"number_10000000000000000999.json", "number_9223372036854775808.json",
	"object_same_key_different_values.json",
	"object_same_key_same_value.json",
	"object_same_key_unclear_values.json",
	"string_1_escaped_invalid_codepoint.json",
	"string_1_invalid_codepoint.json",
	"string_2_escaped_invalid_codepoints.json",
	"string_2_invalid_codepoints.json",
	"string_3_escaped_invalid_codepoints.json",
	"string_3_invalid_codepoints.json", "string_with_escaped_NULL.json",
	NULL };

void
test_json_transform(void **state)
{
	struct counts n = { .all = 0 };
	char **list;

	(void)state;
	vectors_need("jsontestsuite", 22);
	list = vectors_list("jsontestsuite/test_transform", ".json");
	for (char **p = list; *p != NULL; p++)
		check(*p, !is_listed(*p, refused_there), &n);
	vectors_list_free(list);
	show("JSONTestSuite, transformed", &n);
	assert_int_equal(n.all, 22);
	assert_int_equal(n.wrapped, 9);
	assert_int_equal(n.bare, 2);
	rows_end();
}

/* Invalid as a whole document only, and reals that jansson cannot hold. */
static const char *const fine_for_us[] = { "null", "real-negative-overflow",
	"real-positive-overflow", NULL };

static struct counts
check_folder(const char *folder, bool want)
{
	struct counts n = { .all = 0 };
	char **list = vectors_list(folder, "");

	for (char **p = list; *p != NULL; p++) {
		char *input;

		if (strcmp(strrchr(*p, '/'), "/run") == 0)
			continue;
		input = unit_path(*p, "input");
		check(input, want || is_listed(*p, fine_for_us), &n);
		free(input);
	}
	vectors_list_free(list);
	show(folder, &n);
	return n;
}

void
test_jansson(void **state)
{
	struct counts n;

	(void)state;
	vectors_need("jansson", 103);
	n = check_folder("jansson/valid", true);
	assert_int_equal(n.all, 35);
	assert_int_equal(n.wrapped, 35);
	assert_int_equal(n.bare, 2);
	n = check_folder("jansson/invalid", false);
	assert_int_equal(n.all, 50);
	assert_int_equal(n.wrapped, 3);
	assert_int_equal(n.bare, 0);
	n = check_folder("jansson/invalid-unicode", false);
	assert_int_equal(n.all, 18);
	assert_int_equal(n.wrapped + n.bare, 0);
	rows_end();
}
