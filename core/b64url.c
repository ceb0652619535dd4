/* SPDX-License-Identifier: BSD-2-Clause */
#include "b64url.h"

#include <stdint.h>

/* RFC 4648 section 5: the value of each letter; -1 is no letter. */
static const int8_t letters[256] = {
	/* clang-format off */
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, -1,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
	-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, 63,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	/* clang-format on */
};

size_t
b64url_size(size_t n)
{
	if (n % 4 == 1)
		return 0;
	return n / 4 * 3 + (n % 4 != 0 ? n % 4 - 1 : 0);
}

/* The 24 bits of four letters; negative if one is no letter. */
static int32_t
take4(const unsigned char *p)
{
	return (int32_t)((uint32_t)letters[p[0]] << 18 |
	    (uint32_t)letters[p[1]] << 12 | (uint32_t)letters[p[2]] << 6 |
	    (uint32_t)letters[p[3]]);
}

/*
 * The last two or three letters hold one byte or two, and zero bits; returns
 * the number of bytes, or 0.
 */
static size_t
take_tail(const unsigned char *p, size_t n, unsigned char *o)
{
	const unsigned char padded[4] = { p[0], p[1], n == 3 ? p[2] : 'A',
		'A' };
	const int32_t bits = take4(padded);

	if (bits < 0 || (bits & (n == 3 ? 0xff : 0xffff)) != 0)
		return 0;
	o[0] = (unsigned char)(bits >> 16);
	if (n == 2)
		return 1;
	o[1] = (unsigned char)(bits >> 8);
	return 2;
}

enum reason
b64url_decode(struct span in, void *out, size_t max, size_t *len)
{
	const unsigned char *p = (const unsigned char *)in.ptr;
	const unsigned char *tail = p + in.len / 4 * 4;
	unsigned char *o = out;
	size_t n;

	*len = 0;
	if (in.len % 4 == 1)
		return REASON_TOKEN_MALFORMED;
	if (b64url_size(in.len) > max)
		return REASON_TOKEN_TOO_LARGE;
	for (; p < tail; p += 4, o += 3) {
		const int32_t bits = take4(p);

		if (bits < 0)
			return REASON_TOKEN_MALFORMED;
		o[0] = (unsigned char)(bits >> 16);
		o[1] = (unsigned char)(bits >> 8);
		o[2] = (unsigned char)bits;
	}
	if (in.len % 4 != 0) {
		if ((n = take_tail(p, in.len % 4, o)) == 0)
			return REASON_TOKEN_MALFORMED;
		o += n;
	}
	*len = (size_t)(o - (unsigned char *)out);
	return REASON_OK;
}
