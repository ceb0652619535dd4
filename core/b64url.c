/* SPDX-License-Identifier: BSD-2-Clause */
#include "b64url.h"

#include <stdint.h>

/* RFC 4648 section 5: the value of each letter plus one; 0 is no letter. */
static const uint8_t letters[256] = {
	/* clang-format off */
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5,
	['F'] = 6, ['G'] = 7, ['H'] = 8, ['I'] = 9, ['J'] = 10,
	['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15,
	['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20,
	['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25,
	['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30,
	['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
	['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
	['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45,
	['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50,
	['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55,
	['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60,
	['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
	/* clang-format on */
};

size_t
b64url_size(size_t n)
{
	if (n % 4 == 1)
		return 0;
	return n / 4 * 3 + (n % 4 != 0 ? n % 4 - 1 : 0);
}

/* The 6 n bits of n letters, n <= 4; or -1. */
static int32_t
take(const unsigned char *p, size_t n)
{
	uint32_t acc = 0;

	for (size_t i = 0; i < n; i++) {
		const uint32_t v = letters[p[i]];

		if (v == 0)
			return -1;
		acc = acc << 6 | (v - 1);
	}
	return (int32_t)acc;
}

/* Writes b64url_size(in.len) bytes; false: in is malformed. */
static bool
decode(struct span in, unsigned char *o)
{
	const unsigned char *p = (const unsigned char *)in.ptr;
	const size_t tail = in.len % 4;
	int32_t bits;

	for (size_t i = 0; i < in.len - tail; i += 4, p += 4) {
		if ((bits = take(p, 4)) < 0)
			return false;
		*o++ = (unsigned char)(bits >> 16 & 0xff);
		*o++ = (unsigned char)(bits >> 8 & 0xff);
		*o++ = (unsigned char)(bits & 0xff);
	}
	if (tail != 0) {
		/* 12 bits hold one byte, 18 bits two; the rest is zero. */
		const int spare = tail == 2 ? 4 : 2;

		if ((bits = take(p, tail)) < 0 ||
		    (bits & ((1 << spare) - 1)) != 0)
			return false;
		bits >>= spare;
		if (tail == 3)
			*o++ = (unsigned char)(bits >> 8 & 0xff);
		*o = (unsigned char)(bits & 0xff);
	}
	return true;
}

enum reason
b64url_decode(struct span in, struct buf *out)
{
	const size_t size = b64url_size(in.len);
	enum reason reason;
	bool ok;

	if (in.len % 4 == 1)
		return REASON_TOKEN_MALFORMED;
	if ((reason = buf_reserve(out, size)) != REASON_OK)
		return reason;
	ok = decode(in, (unsigned char *)out->data + out->len);
	if (ok)
		out->len += size;
	out->data[out->len] = '\0';
	return ok ? REASON_OK : REASON_TOKEN_MALFORMED;
}
