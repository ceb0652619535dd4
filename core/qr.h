/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_QR_H
#define AUDIENT_QR_H

#include "buf.h"

/*
 * Adds text as a QR code to out: lines of half blocks in UTF-8, two rows of
 * the code in each, light on a dark screen.  False, and out as it was, if the
 * code would need more columns or lines than there are, or if we were built
 * without libqrencode.  Not part of the core library: the modules for SASL
 * have no use for it.
 */
bool qr_draw(const char *text, int columns, int lines, struct buf *out);

#endif
