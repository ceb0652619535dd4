/* SPDX-License-Identifier: BSD-2-Clause */
#include "qr.h"

#ifdef HAVE_QRENCODE

#include <dlfcn.h>
#include <qrencode.h>

/* By name, when it is wanted: few logins draw anything. */
#define LIBRARY "libqrencode.so.4"

typedef QRcode *encode_fn(const char *, int, QRecLevel);
typedef void free_fn(QRcode *);

#define QUIET 2 /* light modules around it; scanners are content with them */

/* Light inside the quiet zone, and wherever a module is not dark. */
static bool
is_light(const QRcode *code, int x, int y)
{
	x -= QUIET;
	y -= QUIET;
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return y < code->width + QUIET;
	return (code->data[y * code->width + x] & 1) == 0;
}

static enum reason
draw_line(const QRcode *code, int y, struct buf *out)
{
	static const char *const block[2][2] = {
		{ " ", "\342\226\204" },	   /* lower half */
		{ "\342\226\200", "\342\226\210" } /* upper half, full */
	};
	enum reason reason = REASON_OK;

	for (int x = 0; x < code->width + 2 * QUIET && reason == REASON_OK; x++)
		reason = buf_add_str(out,
		    block[is_light(code, x, y)][is_light(code, x, y + 1)]);
	return reason == REASON_OK ? buf_add(out, "\n", 1) : reason;
}

static bool
draw(const QRcode *code, int columns, int lines, struct buf *out)
{
	const size_t before = out->len;
	bool ok = false;
	int side;

	side = code->width + 2 * QUIET;
	if (side <= columns && (side + 1) / 2 <= lines) {
		ok = true;
		for (int y = 0; y < side && ok; y += 2)
			ok = draw_line(code, y, out) == REASON_OK;
	}
	if (!ok && out->data != NULL) {
		out->len = before;
		out->data[before] = '\0';
	}
	return ok;
}

bool
qr_draw(const char *text, int columns, int lines, struct buf *out)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	QRcode *code = NULL;
	encode_fn *encode;
	free_fn *release;
	bool ok;

	if (library == NULL)
		return false;
	/* POSIX's way from an object pointer to a function */
	*(void **)&encode = dlsym(library, "QRcode_encodeString8bit");
	*(void **)&release = dlsym(library, "QRcode_free");
	if (encode != NULL && release != NULL)
		code = encode(text, 0, QR_ECLEVEL_L);
	ok = code != NULL && draw(code, columns, lines, out);
	if (code != NULL)
		release(code);
	(void)dlclose(library);
	return ok;
}

#else

bool
qr_draw(const char *text, int columns, int lines, struct buf *out)
{
	(void)text;
	(void)columns;
	(void)lines;
	(void)out;
	return false;
}

#endif
