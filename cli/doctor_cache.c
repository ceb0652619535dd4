/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define PATH_SIZE    4096
#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

/* Who the services run as; several names because distributions differ. */
static const struct {
	enum host host;
	const char *user;
} users[] = {
	{ HOST_SLAPD, "openldap" },
	{ HOST_SLAPD, "ldap" },
	{ HOST_DIRSRV, "dirsrv" },
	{ HOST_POSTFIX, "postfix" },
	{ HOST_EXIM, "Debian-exim" },
	{ HOST_EXIM, "exim" },
	{ HOST_CYRUS, "cyrus" },
};

/* The directory of all: root's, or that of the user who tries things out. */
static bool
check_base(struct doctor *d, const char *path)
{
	const struct repair make = { .path = path,
		.makes_directory = true,
		.mode = 0755 };
	const struct repair close = { .path = path, .mode = 0755 };
	struct stat st;

	if (!tree_stat(d->root, path, &st)) {
		report_repair(d, LEVEL_WARNING, &make,
		    "the cache does not exist: every login has to ask the "
		    "tenant");
		return d->may_fix;
	}
	if ((st.st_mode & OTHERS_WRITE) != 0) {
		report_repair(d, LEVEL_PROBLEM, &close,
		    "others can write the cache (mode %04o), so it is not "
		    "used: every login has to ask the tenant",
		    (unsigned int)(st.st_mode & 07777));
		return false;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		report(d, LEVEL_PROBLEM, path,
		    "chown root:root it; the directories in it belong to the "
		    "services.",
		    "the cache belongs to uid %u, so it is not used: every "
		    "login has to ask the tenant",
		    (unsigned int)st.st_uid);
		return false;
	}
	report(d, LEVEL_OK, path, "", "the cache can be used");
	return true;
}

/* <cache>/<uid>, which only that user may write. */
static void
check_user(struct doctor *d, const char *base, const char *user, uid_t uid,
    gid_t gid)
{
	char path[PATH_SIZE];
	const struct repair make = { .path = path,
		.makes_directory = true,
		.mode = 0700,
		.uid = uid,
		.gid = gid };
	const struct repair close = { .path = path, .mode = 0700 };
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%u", base, (unsigned int)uid);
	if (!tree_stat(d->root, path, &st))
		report_repair(d, LEVEL_WARNING, &make,
		    "%s has no directory in the cache: each of its processes "
		    "asks the tenant for itself",
		    user);
	else if (st.st_uid != uid)
		report(d, LEVEL_PROBLEM, path,
		    "Remove it, and let audient doctor --fix make it anew.",
		    "the directory of %s belongs to uid %u, so it is not used",
		    user, (unsigned int)st.st_uid);
	else if ((st.st_mode & OTHERS_WRITE) != 0)
		report_repair(d, LEVEL_PROBLEM, &close,
		    "others can write the directory of %s (mode %04o), so it "
		    "is not used",
		    user, (unsigned int)(st.st_mode & 07777));
	else
		report(d, LEVEL_OK, path, "", "%s can keep keys", user);
}

/* A service that does not run as root has to read what root wrote. */
static void
check_reader(struct doctor *d, const char *path, const char *user, uid_t uid,
    gid_t gid)
{
	struct stat st;

	if (path == NULL || !tree_stat(d->root, path, &st) ||
	    (st.st_mode & S_IROTH) != 0 || st.st_uid == uid ||
	    (st.st_gid == gid && (st.st_mode & S_IRGRP) != 0))
		return;
	report_repair(d, LEVEL_PROBLEM,
	    &(struct repair){ .path = path,
		.mode = (st.st_mode & 07777) | 0044 },
	    "%s cannot read it (mode %04o), so its service accepts no token; "
	    "it holds no secret",
	    user, (unsigned int)(st.st_mode & 07777));
}

static void
check_readers(struct doctor *d, const char *user, uid_t uid, gid_t gid)
{
	struct audient_rules r;

	check_reader(d, d->config, user, uid, gid);
	for (size_t i = 0; audient_get_rules(d->audient, i, &r); i++) {
		if (r.user_map != NULL)
			check_reader(d, doctor_path(d, r.user_map), user, uid,
			    gid);
		if (r.deny_file != NULL)
			check_reader(d, doctor_path(d, r.deny_file), user, uid,
			    gid);
	}
}

void
check_cache(struct doctor *d)
{
	const char *base;
	bool ok;

	if (d->audient == NULL)
		return;
	base = doctor_path(d, audient_cache_dir(d->audient));
	ok = check_base(d, base);
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		uid_t uid;
		gid_t gid;

		if ((d->hosts & 1U << users[i].host) == 0 ||
		    !doctor_find_user(d, users[i].user, &uid, &gid))
			continue;
		check_readers(d, users[i].user, uid, gid);
		if (ok)
			check_user(d, base, users[i].user, uid, gid);
	}
}
