/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CONFINE_H
#define AUDIENT_CONFINE_H

#include <stdbool.h>

/*
 * Gives up whatever a program that only talks HTTPS does not need: inherited
 * descriptors, root, core dumps, new privileges, writing files.  False if one
 * of them stayed; the program must then end.
 */
bool confine(void);

#endif
