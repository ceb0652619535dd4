/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_TESTS_SHOT_H
#define AUDIENT_TESTS_SHOT_H

/*
 * All of a process that a guest might leave in disorder, as lines of text:
 * descriptors, signals, environment, children, limits, umask, locale, ….
 */

#define SHOT_SIZE 65536

void take_shot(char shot[SHOT_SIZE]);

/* The first line in which two shots differ; in static memory. */
const char *shot_difference(const char *a, const char *b);

#endif
