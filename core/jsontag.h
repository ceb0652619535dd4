/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_JSONTAG_H
#define AUDIENT_JSONTAG_H

#include <stdint.h>

#include "buf.h"

/* Equal strings have equal tags; others seldom do. */
static inline uint8_t
json_tag(struct span s)
{
	if (s.len == 0)
		return 0;
	return (uint8_t)(s.len ^ (size_t)(unsigned char)s.ptr[s.len / 2] << 3 ^
	    (unsigned char)s.ptr[s.len - 1]);
}

/* The bit of a set of tags in which this one is, perhaps with others. */
static inline uint64_t
json_tag_bit(uint8_t tag)
{
	return (uint64_t)1 << (tag & 63);
}

#endif
