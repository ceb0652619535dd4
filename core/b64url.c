/* SPDX-License-Identifier: BSD-2-Clause */
#include "b64url.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

/*
 * RFC 4648 section 5: what each letter adds to the 24 bits of four, by its
 * place among them.  Each place has a bit above these that letters set.
 */
#define SHIFT(at)	  (18 - 6 * (at))
#define IS_LETTER(at)	  ((uint32_t)1 << (24 + (at)))
#define LETTER(value, at) ((uint32_t)(value) << SHIFT(at) | IS_LETTER(at))
#define FOUR_LETTERS	  ((uint32_t)0xf << 24)

/* clang-format off */
#define LETTERS(at) { \
	['A'] = LETTER(0, at), ['B'] = LETTER(1, at), ['C'] = LETTER(2, at), ['D'] = LETTER(3, at), \
	['E'] = LETTER(4, at), ['F'] = LETTER(5, at), ['G'] = LETTER(6, at), ['H'] = LETTER(7, at), \
	['I'] = LETTER(8, at), ['J'] = LETTER(9, at), ['K'] = LETTER(10, at), ['L'] = LETTER(11, at), \
	['M'] = LETTER(12, at), ['N'] = LETTER(13, at), ['O'] = LETTER(14, at), ['P'] = LETTER(15, at), \
	['Q'] = LETTER(16, at), ['R'] = LETTER(17, at), ['S'] = LETTER(18, at), ['T'] = LETTER(19, at), \
	['U'] = LETTER(20, at), ['V'] = LETTER(21, at), ['W'] = LETTER(22, at), ['X'] = LETTER(23, at), \
	['Y'] = LETTER(24, at), ['Z'] = LETTER(25, at), ['a'] = LETTER(26, at), ['b'] = LETTER(27, at), \
	['c'] = LETTER(28, at), ['d'] = LETTER(29, at), ['e'] = LETTER(30, at), ['f'] = LETTER(31, at), \
	['g'] = LETTER(32, at), ['h'] = LETTER(33, at), ['i'] = LETTER(34, at), ['j'] = LETTER(35, at), \
	['k'] = LETTER(36, at), ['l'] = LETTER(37, at), ['m'] = LETTER(38, at), ['n'] = LETTER(39, at), \
	['o'] = LETTER(40, at), ['p'] = LETTER(41, at), ['q'] = LETTER(42, at), ['r'] = LETTER(43, at), \
	['s'] = LETTER(44, at), ['t'] = LETTER(45, at), ['u'] = LETTER(46, at), ['v'] = LETTER(47, at), \
	['w'] = LETTER(48, at), ['x'] = LETTER(49, at), ['y'] = LETTER(50, at), ['z'] = LETTER(51, at), \
	['0'] = LETTER(52, at), ['1'] = LETTER(53, at), ['2'] = LETTER(54, at), ['3'] = LETTER(55, at), \
	['4'] = LETTER(56, at), ['5'] = LETTER(57, at), ['6'] = LETTER(58, at), ['7'] = LETTER(59, at), \
	['8'] = LETTER(60, at), ['9'] = LETTER(61, at), ['-'] = LETTER(62, at), ['_'] = LETTER(63, at), \
	}
/* clang-format on */

static const uint32_t letters[4][256] = { LETTERS(0), LETTERS(1), LETTERS(2),
	LETTERS(3) };

size_t
b64url_size(size_t n)
{
	if (n % 4 == 1)
		return 0;
	return n / 4 * 3 + (n % 4 != 0 ? n % 4 - 1 : 0);
}

/* The 24 bits of four letters, below FOUR_LETTERS if all of them are some. */
static inline uint32_t
take4(const unsigned char *p)
{
	return letters[0][p[0]] | letters[1][p[1]] | letters[2][p[2]] |
	    letters[3][p[3]];
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
	const uint32_t bits = take4(padded);

	if (bits < FOUR_LETTERS || (bits & (n == 3 ? 0xff : 0xffff)) != 0)
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
	unsigned char *o = out, *end = o + max;
	size_t n;

	*len = 0;
	if (in.len % 4 == 1)
		return REASON_TOKEN_MALFORMED;
	if (b64url_size(in.len) > max)
		return REASON_TOKEN_TOO_LARGE;
	/* eight at a time, as long as two bytes too many do no harm */
	for (; tail - p >= 8 && end - o >= 8; p += 8, o += 6) {
		const uint32_t high = take4(p), low = take4(p + 4);
		uint64_t bits;

		if ((high & low) < FOUR_LETTERS)
			return REASON_TOKEN_MALFORMED;
		bits = htobe64((uint64_t)(high - FOUR_LETTERS) << 40 |
		    (uint64_t)(low - FOUR_LETTERS) << 16);
		memcpy(o, &bits, sizeof(bits));
	}
	for (; p < tail; p += 4, o += 3) {
		const uint32_t bits = take4(p);

		if (bits < FOUR_LETTERS)
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
