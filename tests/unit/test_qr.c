/* SPDX-License-Identifier: BSD-2-Clause */
#include "qr.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

/*
 * A drawing, read back from its half blocks, is the code that libqrencode
 * makes of the text, with light all around it.  The linker sends dlopen(3)
 * here, so that the library can be missing, and what it makes has dark modules
 * before and behind it: who reads beside it draws them.
 */
#ifdef HAVE_QRENCODE

#include <dlfcn.h>
#include <qrencode.h>

#define LIBRARY	    "libqrencode.so.4"
#define ENCODE	    "QRcode_encodeString8bit"
#define FREE	    "QRcode_free"
#define QUIET	    2
#define SIDE(n)	    (17 + 4 * (n) + 2 * QUIET) /* of version n, ISO/IEC 18004 */
#define LINES(side) (((side) + 1) / 2)

typedef QRcode *encode_fn(const char *, int, QRecLevel);
typedef void free_fn(QRcode *);

void *__real_dlopen(const char *file, int mode);
void *__wrap_dlopen(const char *file, int mode);
void *__real_dlsym(void *handle, const char *name);
void *__wrap_dlsym(void *handle, const char *name);
int __real_dlclose(void *handle);
int __wrap_dlclose(void *handle);

static void *library; /* ours; NULL: there is none */
static encode_fn *real_encode;
static free_fn *real_free;

static const char *missing; /* the library, or a function of it */
static int opened, codes;   /* that nobody has given back */
static int level;	    /* of correction, as it was asked for */

void *
__wrap_dlopen(const char *file, int mode)
{
	void *handle = NULL;

	if (missing == NULL || strcmp(missing, file) != 0)
		handle = __real_dlopen(file, mode);
	if (handle != NULL)
		opened++;
	return handle;
}

int
__wrap_dlclose(void *handle)
{
	opened--;
	return handle != NULL ? __real_dlclose(handle) : -1;
}

/* A copy between two rows of dark modules and more. */
static QRcode *
encode(const char *text, int version, QRecLevel how)
{
	QRcode *code = real_encode(text, version, how);
	unsigned char *guarded;
	size_t n;

	level = (int)how;
	if (code == NULL)
		return NULL;
	n = (size_t)code->width * (size_t)code->width;
	guarded = malloc(3 * n);
	assert_non_null(guarded);
	memset(guarded, 1, 3 * n);
	memcpy(guarded + n, code->data, n);
	free(code->data);
	code->data = guarded + n;
	codes++;
	return code;
}

static void
release(QRcode *code)
{
	codes--;
	code->data -= (size_t)code->width * (size_t)code->width;
	real_free(code);
}

/* Sanitizers ask for functions of their own before anything is ready. */
#ifdef __clang__
#define UNWATCHED no_sanitize("address", "memory", "thread", "undefined")
#else
#define UNWATCHED no_sanitize("address", "thread", "undefined")
#endif

__attribute__((UNWATCHED, no_instrument_function)) void *
__wrap_dlsym(void *handle, const char *name)
{
	if (library == NULL || handle != library)
		return __real_dlsym(handle, name);
	if (missing != NULL && strcmp(missing, name) == 0)
		return NULL;
	if (strcmp(name, ENCODE) == 0)
		return (void *)(uintptr_t)encode;
	if (strcmp(name, FREE) == 0)
		return (void *)(uintptr_t)release;
	return __real_dlsym(handle, name);
}

/* Draws, and looks whether all is given back. */
static bool
draw(const char *text, int columns, int lines, struct buf *out)
{
	const bool ok = qr_draw(text, columns, lines, out);

	row_number("libraries left open", opened, 0);
	row_number("codes left over", codes, 0);
	opened = codes = 0;
	return ok;
}

#define SIDE_MAX SIDE(40)

/* What is drawn: [y][x], a light module is true. */
struct picture {
	int columns, lines;
	bool light[2 * LINES(SIDE_MAX)][SIDE_MAX];
};
static struct picture picture;

/* False for what is no line of half blocks, all lines of the same length. */
static bool
read_line(struct span line)
{
	static const char *const blocks[] = { " ", "\342\226\200",
		"\342\226\204", "\342\226\210" };
	const int y = 2 * picture.lines++;
	int x = 0;

	while (line.len > 0) {
		size_t b = 0;

		while (b < nitems(blocks) && !span_starts(line, blocks[b]))
			b++;
		if (b == nitems(blocks) || x == SIDE_MAX)
			return false;
		picture.light[y][x] = (b & 1) != 0;
		picture.light[y + 1][x++] = (b & 2) != 0;
		line.ptr += strlen(blocks[b]);
		line.len -= strlen(blocks[b]);
	}
	if (y == 0)
		picture.columns = x;
	return x == picture.columns;
}

static bool
read_picture(struct span drawn)
{
	struct span line;

	memset(&picture, 0, sizeof(picture));
	while (span_cut(&drawn, '\n', &line))
		if (picture.lines == LINES(SIDE_MAX) || !read_line(line))
			return false;
	return line.len == 0; /* the last one ends, too */
}

/* Is the rectangle from there all light, or all dark? */
static bool
is_all(bool light, int x, int y, int width, int height)
{
	for (int i = 0; i < width * height; i++)
		if (picture.light[y + i / width][x + i % width] != light)
			return false;
	return true;
}

/* A ring of seven dark modules, a light one, and nine dark ones. */
static bool
is_finder(int x, int y)
{
	return is_all(false, x, y, 7, 1) && is_all(false, x, y + 6, 7, 1) &&
	    is_all(false, x, y, 1, 7) && is_all(false, x + 6, y, 1, 7) &&
	    is_all(true, x + 1, y + 1, 5, 1) &&
	    is_all(true, x + 1, y + 5, 5, 1) &&
	    is_all(true, x + 1, y + 1, 1, 5) &&
	    is_all(true, x + 5, y + 1, 1, 5) &&
	    is_all(false, x + 2, y + 2, 3, 3);
}

/* Of a code of that side; the last half line is not light. */
static void
row_frame(const char *name, int side)
{
	const int far = side - QUIET;

	row_number(name, picture.columns, side);
	row_number(name, picture.lines, LINES(side));
	row_true(name, is_all(true, 0, 0, side, QUIET));
	row_true(name, is_all(true, 0, far, side, QUIET));
	row_true(name, is_all(true, 0, 0, QUIET, side));
	row_true(name, is_all(true, far, 0, QUIET, side));
	row_true(name, is_all(false, 0, side, side, 1));
	row_true(name, is_finder(QUIET, QUIET));
	row_true(name, is_finder(far - 7, QUIET));
	row_true(name, is_finder(QUIET, far - 7));
	/* where the fourth would be there is none */
	row_true(name, !is_finder(far - 7, far - 7));
}

/* Module by module. */
static void
row_same(const char *name, const char *text)
{
	QRcode *code = real_encode(text, 0, QR_ECLEVEL_L);
	bool same = true;

	assert_non_null(code);
	row_number(name, picture.columns, code->width + 2 * QUIET);
	for (int i = 0; i < code->width * code->width; i++)
		same = same &&
		    picture.light[QUIET + i / code->width][QUIET +
			i % code->width] == ((code->data[i] & 1) == 0);
	row_true(name, same);
	real_free(code);
}

/* So many bytes make that version, with the weakest correction. */
static const struct {
	const char *name;
	size_t bytes;
	int version;
} sizes[] = {
	{ "the shortest", 1, 1 },
	{ "all of version 1", 17, 1 },
	{ "a byte more", 18, 2 },
	{ "all of version 2", 32, 2 },
	{ "a byte more than that", 33, 3 },
	{ "all of version 4", 78, 4 },
	{ "version 5", 79, 5 },
	{ "the longest", 2953, 40 },
};

static bool
is_without(void)
{
	if (library != NULL)
		return false;
	print_message("skipped: " LIBRARY " cannot be loaded\n");
	return true;
}

static void
test_drawn(void **state)
{
	(void)state;
	if (is_without())
		skip();
	for (size_t i = 0; i < nitems(sizes); i++) {
		char *text = unit_repeat('u', sizes[i].bytes);
		const int side = SIDE(sizes[i].version);
		struct buf out = BUF_INIT(128 * 1024);

		row_bool(sizes[i].name, draw(text, side, LINES(side), &out),
		    true);
		row_number(sizes[i].name, level, QR_ECLEVEL_L);
		row_true(sizes[i].name, read_picture(buf_span(&out)));
		row_frame(sizes[i].name, side);
		row_same(sizes[i].name, text);
		buf_free(&out);
		free(text);
	}
	rows_end();
}

static void
test_texts(void **state)
{
	static const char *const texts[] = {
		"https://example.auth0.com/activate?user_code=BCDF-GHJK",
		"0123456789",
		"\303\244\342\202\254",
		"\1\2\377",
	};

	(void)state;
	if (is_without())
		skip();
	for (size_t i = 0; i < nitems(texts); i++) {
		struct buf out = BUF_INIT(16384);

		row_bool(texts[i], draw(texts[i], 80, 40, &out), true);
		row_true(texts[i], read_picture(buf_span(&out)));
		row_same(texts[i], texts[i]);
		buf_free(&out);
	}
	rows_end();
}

/* What does not fit is not begun. */
static void
test_bounds(void **state)
{
	static const struct {
		const char *name;
		int columns, lines;
		bool want;
	} rows[] = {
		{ "fits", SIDE(1), LINES(SIDE(1)), true },
		{ "room to spare", SIDE(1) + 1, LINES(SIDE(1)) + 1, true },
		{ "a column less", SIDE(1) - 1, 1000, false },
		{ "a line less", 1000, LINES(SIDE(1)) - 1, false },
		{ "without its quiet zone", SIDE(1) - 2 * QUIET, 1000, false },
		{ "no columns", 0, 1000, false },
		{ "no lines", 1000, 0, false },
		{ "fewer than none", -1, -1, false },
	};

	(void)state;
	if (is_without())
		skip();
	for (size_t i = 0; i < nitems(rows); i++)
		for (int has = 0; has < 2; has++) {
			struct buf out = BUF_INIT(16384);

			if (has == 1)
				assert_int_equal(buf_add_str(&out, "as it was"),
				    REASON_OK);
			row_bool(rows[i].name,
			    draw("a", rows[i].columns, rows[i].lines, &out),
			    rows[i].want);
			row_true(rows[i].name,
			    span_starts(buf_span(&out),
				has == 1 ? "as it was" : ""));
			row_true(rows[i].name,
			    rows[i].want ||
				out.len ==
				    (has == 1 ? strlen("as it was") : 0));
			buf_free(&out);
		}
	rows_end();
}

/* With too little room in out nothing of it is there in the end. */
static void
test_caps(void **state)
{
	struct buf out = BUF_INIT(16384);
	size_t len;

	(void)state;
	if (is_without())
		skip();
	row_bool("enough", draw("a", 80, 40, &out), true);
	len = out.len;
	buf_free(&out);
	for (size_t max = 0; max <= len; max++) {
		out = (struct buf)BUF_INIT(2 + max);
		assert_int_equal(buf_add_str(&out, "<>"), REASON_OK);
		row_true("a cap", draw("a", 80, 40, &out) == (max == len));
		row_number("a cap", (int64_t)out.len,
		    (int64_t)(max == len ? 2 + len : 2));
		row_number("a cap", (int64_t)strlen(out.data),
		    (int64_t)out.len);
		row_true("a cap", span_starts(buf_span(&out), "<>"));
		buf_free(&out);
	}
	/* nor of anything before it that was not there */
	out = (struct buf)BUF_INIT(0);
	row_bool("no room at all", draw("a", 80, 40, &out), false);
	row_true("no room at all", out.len == 0);
	buf_free(&out);
	rows_end();
}

/* What libqrencode makes no code of. */
static void
test_no_code(void **state)
{
	char *long_text = unit_repeat('u', 2954);
	struct buf out = BUF_INIT(128 * 1024);

	(void)state;
	if (is_without()) {
		free(long_text);
		skip();
	}
	row_bool("no text", draw("", 1000, 1000, &out), false);
	row_bool("a byte too long", draw(long_text, 1000, 1000, &out), false);
	row_true("nothing of it", out.data == NULL);
	free(long_text);
	rows_end();
}

static void
test_missing(void **state)
{
	static const char *const parts[] = { LIBRARY, ENCODE, FREE };
	struct buf out = BUF_INIT(16384);

	(void)state;
	if (is_without())
		skip();
	for (size_t i = 0; i < nitems(parts); i++) {
		missing = parts[i];
		row_bool(parts[i], draw("a", 80, 40, &out), false);
		row_true(parts[i], out.data == NULL);
		missing = NULL;
	}
	row_bool("all are there", draw("a", 80, 40, &out), true);
	buf_free(&out);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	if ((library = __real_dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL)) == NULL)
		return 0;
	/* POSIX's way from an object pointer to a function */
	*(void **)&real_encode = __real_dlsym(library, ENCODE);
	*(void **)&real_free = __real_dlsym(library, FREE);
	return real_encode != NULL && real_free != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	return library != NULL ? __real_dlclose(library) : 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_drawn),
	cmocka_unit_test(test_texts),
	cmocka_unit_test(test_bounds),
	cmocka_unit_test(test_caps),
	cmocka_unit_test(test_no_code),
	cmocka_unit_test(test_missing),
};

#else

static void
test_built_without(void **state)
{
	struct buf out = BUF_INIT(16384);

	(void)state;
	print_message("all but this is skipped: built without libqrencode\n");
	row_bool("no library", qr_draw("a", 80, 40, &out), false);
	row_true("no library", out.data == NULL);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	return 0;
}
#define tear_down set_up

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_built_without),
};

#endif

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
