/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_VECTORS_JSON_H
#define AUDIENT_VECTORS_JSON_H

#include <jansson.h>

#include "vectors.h"

/* Apart, as jansson and the core's json.h have names in common. */

/* A file as JSON; NUL bytes in strings are kept. */
json_t *vectors_load(const char *path);

/*
 * Is token signed by a key of jwk, a key or a set of them?  The payload is of
 * no interest.  algorithms NULL: what the configuration has by default.
 */
enum reason vectors_verify(const json_t *jwk, const char *algorithms,
    struct span token);

#endif
