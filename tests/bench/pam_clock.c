/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pam_clock.so MODULE [ARGUMENT ...]
 *
 * Stands in a stack in the place of a module, calls it, and tells the log how
 * many milliseconds went by and how many of them were spent on a processor,
 * here and in children that have ended:
 *
 *     clock auth: wall=12.34 cpu=3.21
 */
#include <dlfcn.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <sys/resource.h>
#include <syslog.h>
#include <time.h>

#include "buf.h"

typedef int phase_function(pam_handle_t *, int, int, const char **);

static double
ms_of(clockid_t clock)
{
	struct timespec ts = { .tv_sec = 0 };

	(void)clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double
cpu_ms(void)
{
	struct rusage children;

	(void)getrusage(RUSAGE_CHILDREN, &children);
	return ms_of(CLOCK_PROCESS_CPUTIME_ID) +
	    (double)(children.ru_utime.tv_sec + children.ru_stime.tv_sec) *
	    1e3 +
	    (double)(children.ru_utime.tv_usec + children.ru_stime.tv_usec) /
	    1e3;
}

static int
timed(pam_handle_t *pamh, const char *phase, const char *name, int flags,
    int argc, const char **argv)
{
	union {
		void *symbol;
		phase_function *call;
	} entry = { .symbol = NULL };
	double wall, cpu;
	void *module;
	int rc;

	if (argc == 0 || (module = dlopen(argv[0], RTLD_NOW)) == NULL ||
	    (entry.symbol = dlsym(module, name)) == NULL)
		return PAM_MODULE_UNKNOWN;
	wall = ms_of(CLOCK_MONOTONIC);
	cpu = cpu_ms();
	rc = entry.call(pamh, flags, argc - 1, argv + 1);
	pam_syslog(pamh, LOG_INFO, "clock %s: wall=%.2f cpu=%.2f", phase,
	    ms_of(CLOCK_MONOTONIC) - wall, cpu_ms() - cpu);
	return rc;
}

EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return timed(pamh, "auth", "pam_sm_authenticate", flags, argc, argv);
}

EXPORT int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return timed(pamh, "setcred", "pam_sm_setcred", flags, argc, argv);
}

EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return timed(pamh, "account", "pam_sm_acct_mgmt", flags, argc, argv);
}

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return timed(pamh, "open", "pam_sm_open_session", flags, argc, argv);
}

EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return timed(pamh, "close", "pam_sm_close_session", flags, argc, argv);
}
