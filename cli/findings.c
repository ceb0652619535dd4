/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

static bool
is_known(const struct doctor *d, const char *where, const char *what)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->finding[i].where, where) == 0 &&
		    strcmp(d->finding[i].what, what) == 0)
			return true;
	return false;
}

/* what is ours from now on. */
static struct finding *
add(struct doctor *d, enum level level, const char *where, const char *remedy,
    char *what)
{
	struct finding *grown,
	    f = { .level = level,
		    .area = d->area,
		    .where = strdup(where),
		    .what = what,
		    .remedy = strdup(remedy) };

	grown = reallocarray(d->finding, d->n + 1, sizeof(*grown));
	if (grown != NULL)
		d->finding = grown;
	if (grown == NULL || f.where == NULL || f.what == NULL ||
	    f.remedy == NULL || is_known(d, where, what)) {
		if (grown == NULL || f.where == NULL || f.what == NULL ||
		    f.remedy == NULL)
			d->is_short_of_memory = true;
		free(f.where);
		free(f.what);
		free(f.remedy);
		return NULL;
	}
	d->finding[d->n] = f;
	return &d->finding[d->n++];
}

void
report(struct doctor *d, enum level level, const char *where,
    const char *remedy, const char *fmt, ...)
{
	char *what;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		what = NULL;
	va_end(ap);
	(void)add(d, level, where, remedy, what);
}

static int
open_parent(const struct doctor *d, const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[4096];

	(void)snprintf(dir, sizeof(dir), "%.*s",
	    slash == path ? 1 : (int)(slash - path), path);
	return tree_open(d->root, dir, O_PATH | O_DIRECTORY);
}

static bool
make_directory(const struct doctor *d, const struct repair *r)
{
	const int dir = open_parent(d, r->path);
	const char *name = strrchr(r->path, '/') + 1;
	bool ok;

	if (dir < 0)
		return false;
	ok = mkdirat(dir, name, 0700) == 0 &&
	    fchownat(dir, name, r->uid, r->gid, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fchmodat(dir, name, r->mode, 0) == 0;
	(void)close(dir);
	return ok;
}

static bool
set_mode(const struct doctor *d, const struct repair *r)
{
	const int fd = tree_open(d->root, r->path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	bool ok;

	if (fd < 0)
		return false;
	ok = fchmod(fd, r->mode) == 0;
	(void)close(fd);
	return ok;
}

static bool
mend(const struct doctor *d, const struct repair *r)
{
	return r->makes_directory ? make_directory(d, r) : set_mode(d, r);
}

void
report_repair(struct doctor *d, enum level level, const struct repair *r,
    const char *fmt, ...)
{
	struct finding *f;
	char remedy[4352], *what;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		what = NULL;
	va_end(ap);
	if (r->makes_directory)
		(void)snprintf(remedy, sizeof(remedy),
		    "install -d -o %u -g %u -m %04o %s, or audient doctor "
		    "--fix",
		    (unsigned int)r->uid, (unsigned int)r->gid,
		    (unsigned int)r->mode, r->path);
	else
		(void)snprintf(remedy, sizeof(remedy),
		    "chmod %04o %s, or audient doctor --fix",
		    (unsigned int)r->mode, r->path);
	f = add(d, level, r->path, remedy, what);
	if (f == NULL || !d->may_fix)
		return;
	f->is_fixed = mend(d, r);
	if (!f->is_fixed)
		report(d, LEVEL_NOTE, r->path,
		    "Run audient doctor --fix as root.",
		    "it could not be put right: %s", strerror(errno));
}

bool
doctor_find_user(const struct doctor *d, const char *name, uid_t *uid,
    gid_t *gid)
{
	const int fd = tree_open(d->root, "/etc/passwd", O_RDONLY);
	FILE *f = fd >= 0 ? fdopen(fd, "re") : NULL;
	const struct passwd *pw;
	bool found = false;

	if (f == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	while (!found && (pw = fgetpwent(f)) != NULL)
		if (strcmp(pw->pw_name, name) == 0) {
			*uid = pw->pw_uid;
			*gid = pw->pw_gid;
			found = true;
		}
	(void)fclose(f);
	return found;
}
