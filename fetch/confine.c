/* SPDX-License-Identifier: BSD-2-Clause */
#include "confine.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define NOBODY	     65534
#define MEMORY_BYTES (512UL * 1024 * 1024)
#define CPU_SECONDS  30
#define OPEN_FILES   64

/* Never up: a limit that we inherit may be the lower one. */
static bool
limit(unsigned int resource, rlim_t n)
{
	struct rlimit now, want = { .rlim_cur = n, .rlim_max = n };

	if (getrlimit(resource, &now) != 0)
		return false;
	if (now.rlim_max < n)
		want.rlim_cur = want.rlim_max = now.rlim_max;
	return setrlimit(resource, &want) == 0;
}

/* Root by any of the three ids becomes the fetch user, for good. */
static bool
drop_root(void)
{
	uid_t r, e, s, uid;
	gid_t gid;
	const struct passwd *pw;

	if (getresuid(&r, &e, &s) != 0)
		return false;
	if (r != 0 && e != 0 && s != 0) {
		uid = e;
		gid = getegid();
	} else {
		if (seteuid(0) != 0)
			return false;
		pw = getpwnam(FETCH_USER);
		uid = pw != NULL && pw->pw_uid != 0 ? pw->pw_uid : NOBODY;
		gid = pw != NULL && pw->pw_gid != 0 ? pw->pw_gid : NOBODY;
		if (setgroups(0, NULL) != 0)
			return false;
	}
	if (setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
		return false;
	return uid != 0 && getuid() == uid && geteuid() == uid &&
	    setuid(0) != 0;
}

bool
confine(void)
{
	(void)umask(077);
	if (close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
		return false;
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || chdir("/") != 0 ||
	    !drop_root())
		return false;
#ifndef SANITIZERS /* which reserve terabytes */
	if (!limit(RLIMIT_AS, MEMORY_BYTES))
		return false;
#endif
	return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0 &&
	    prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) == 0 &&
	    limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) &&
	    limit(RLIMIT_CPU, CPU_SECONDS) && limit(RLIMIT_NOFILE, OPEN_FILES);
}
