/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_TREE_H
#define AUDIENT_CLI_TREE_H

#include <sys/stat.h>

#include "buf.h"

/*
 * The files of a system: this one, if root is "", or one whose "/" is root.
 * No path or symbolic link leads out of such a tree.
 */

/* As open(2), with O_CLOEXEC. */
int tree_open(const char *root, const char *path, int flags);

/* The whole text of a regular file; false if there is none or too much. */
bool tree_read(const char *root, const char *path, struct buf *out);

/* The last bytes of a file, from the start of a line on. */
bool tree_read_end(const char *root, const char *path, struct buf *out);

bool tree_stat(const char *root, const char *path, struct stat *st);
bool tree_has(const char *root, const char *path);

/* Calls each() for the names in a directory, in order, but for hidden ones. */
void tree_list(const char *root, const char *path,
    void (*each)(void *arg, const char *name), void *arg);

/* "path" in the words of this system: root + path, in out. */
void tree_name(const char *root, const char *path, char *out, size_t size);

#endif
