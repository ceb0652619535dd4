/* SPDX-License-Identifier: BSD-2-Clause */
#include "b64url.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

/*
 * RFC 4648 section 5: what each letter adds to the three bytes of four, by its
 * place among them; the first byte is the lowest.  Each place has a bit above
 * these that letters set.
 */
#define IS_LETTER(at) ((uint32_t)1 << (24 + (at)))
#define FOUR_LETTERS  ((uint32_t)0xf << 24)
#define FIRST(v)      (IS_LETTER(0) | (v) << 2)
#define SECOND(v)     (IS_LETTER(1) | (v) >> 4 | ((v)&0xf) << 12)
#define THIRD(v)      (IS_LETTER(2) | (v) >> 2 << 8 | ((v)&3) << 22)
#define FOURTH(v)     (IS_LETTER(3) | (v) << 16)

/* clang-format off */
#define LETTERS(place) { \
	['A'] = place(0), ['B'] = place(1), ['C'] = place(2), ['D'] = place(3), \
	['E'] = place(4), ['F'] = place(5), ['G'] = place(6), ['H'] = place(7), \
	['I'] = place(8), ['J'] = place(9), ['K'] = place(10), ['L'] = place(11), \
	['M'] = place(12), ['N'] = place(13), ['O'] = place(14), ['P'] = place(15), \
	['Q'] = place(16), ['R'] = place(17), ['S'] = place(18), ['T'] = place(19), \
	['U'] = place(20), ['V'] = place(21), ['W'] = place(22), ['X'] = place(23), \
	['Y'] = place(24), ['Z'] = place(25), ['a'] = place(26), ['b'] = place(27), \
	['c'] = place(28), ['d'] = place(29), ['e'] = place(30), ['f'] = place(31), \
	['g'] = place(32), ['h'] = place(33), ['i'] = place(34), ['j'] = place(35), \
	['k'] = place(36), ['l'] = place(37), ['m'] = place(38), ['n'] = place(39), \
	['o'] = place(40), ['p'] = place(41), ['q'] = place(42), ['r'] = place(43), \
	['s'] = place(44), ['t'] = place(45), ['u'] = place(46), ['v'] = place(47), \
	['w'] = place(48), ['x'] = place(49), ['y'] = place(50), ['z'] = place(51), \
	['0'] = place(52), ['1'] = place(53), ['2'] = place(54), ['3'] = place(55), \
	['4'] = place(56), ['5'] = place(57), ['6'] = place(58), ['7'] = place(59), \
	['8'] = place(60), ['9'] = place(61), ['-'] = place(62), ['_'] = place(63), \
	}
/* clang-format on */

static const uint32_t letters[4][256] = { LETTERS(FIRST), LETTERS(SECOND),
	LETTERS(THIRD), LETTERS(FOURTH) };

size_t
b64url_size(size_t n)
{
	if (n % 4 == 1)
		return 0;
	return n / 4 * 3 + (n % 4 != 0 ? n % 4 - 1 : 0);
}

/* The bytes of four letters, below FOUR_LETTERS if all of them are some. */
static inline uint32_t
take4(const unsigned char *p)
{
	return letters[0][p[0]] | letters[1][p[1]] | letters[2][p[2]] |
	    letters[3][p[3]];
}

bool
b64url_is_text(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	const unsigned char *end = p + s.len;

	for (; end - p >= 4; p += 4)
		if (take4(p) < FOUR_LETTERS)
			return false;
	for (; p < end; p++)
		if (letters[0][*p] == 0)
			return false;
	return true;
}

/* Stores them, and a byte of no meaning behind them. */
static inline void
put4(unsigned char *o, uint32_t bytes)
{
	bytes = htole32(bytes);
	memcpy(o, &bytes, sizeof(bytes));
}

/*
 * The last four letters, or fewer with zero bits behind those of the last
 * byte; returns the number of bytes, or 0.
 */
static size_t
take_tail(const unsigned char *p, size_t n, unsigned char *o)
{
	unsigned char four[4] = "AAAA";
	uint32_t bytes;

	memcpy(four, p, n);
	bytes = take4(four);
	if (bytes < FOUR_LETTERS || (bytes - FOUR_LETTERS) >> 8 * (n - 1) != 0)
		return 0;
	for (size_t i = 0; i < n - 1; i++)
		o[i] = (unsigned char)(bytes >> 8 * i);
	return n - 1;
}

enum reason
b64url_decode(struct span in, void *out, size_t max, size_t *len)
{
	const unsigned char *p = (const unsigned char *)in.ptr;
	const unsigned char *end = p + in.len;
	unsigned char *o = out;
	size_t n;

	*len = 0;
	if (in.len % 4 == 1)
		return REASON_TOKEN_MALFORMED;
	if (b64url_size(in.len) > max)
		return REASON_TOKEN_TOO_LARGE;
	/* eight at a time: what follows makes good the byte too many */
	for (; end - p > 9; p += 8, o += 6) {
		const uint32_t a = take4(p), b = take4(p + 4);

		if ((a & b) < FOUR_LETTERS)
			return REASON_TOKEN_MALFORMED;
		put4(o, a);
		put4(o + 3, b);
	}
	for (; p < end; p += n, o += n - 1) {
		n = end - p < 4 ? (size_t)(end - p) : 4;
		if (take_tail(p, n, o) == 0)
			return REASON_TOKEN_MALFORMED;
	}
	*len = (size_t)(o - (unsigned char *)out);
	return REASON_OK;
}
