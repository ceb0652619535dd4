/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_OUTPUT_H
#define AUDIENT_CLI_OUTPUT_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"

/* Writes json to standard output and releases it; false if it is NULL. */
bool print_json(json_t *json);

/* "71 seconds", "3 hours": a time in the words of people. */
void show_seconds(int64_t seconds, char *out, size_t size);

/*
 * Puts text in the place of path, whole or not at all, with the mode.  Unless
 * may_replace it is an error if path exists already.  False after a message.
 */
bool write_file(const char *path, struct span text, mode_t mode,
    bool may_replace);

#endif
