/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_FILE_H
#define AUDIENT_FILE_H

#include <sys/types.h>

#include "text.h"

/*
 * Files that decide who gets in.  Their path is absolute; the file is regular
 * and no symbolic link; it and its directory belong to root or to the
 * effective user and can be written by nobody else.  All of it is checked on
 * descriptors, so nothing can be swapped between check and use.
 */

/*
 * Appends the file's bytes to out, whose cap is the largest size.  If that
 * fails, why says what is wrong and how to mend it, without the path.
 * REASON_CONFIG_INVALID or REASON_OUT_OF_MEMORY.
 */
MUST_CHECK enum reason file_read(const char *path, struct buf *out,
    struct text *why);

/*
 * The same in two steps, for a file that is read again later, perhaps from
 * inside a chroot(2): an O_PATH descriptor of the directory, or -1, and the
 * name in it, borrowed from path.
 */
int file_open_parent(const char *path, const char **name, struct text *why);
MUST_CHECK enum reason file_read_in(int dir, const char *name, struct buf *out,
    struct text *why);

/*
 * The same below a directory that is known to be good, for files that a
 * stranger's mistake may not break: whatever is wrong, the answer is just
 * false, and out is as it was.  The owner must be root or uid.
 */
bool file_read_at(int dir, const char *name, uid_t uid, struct buf *out);

/* True if the directory that fd is open on can be written by uid or root only.
 */
bool file_is_private_dir(int fd, uid_t uid);

#endif
