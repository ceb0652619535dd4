/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells the log what pam_systemd would find, and what the user will see. */
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <syslog.h>

#include "buf.h"

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const void *seconds = NULL;

	(void)flags;
	(void)argc;
	(void)argv;
	(void)pam_get_data(pamh, "systemd.runtime_max_sec", &seconds);
	pam_syslog(pamh, LOG_INFO, "peek: runtime=%s",
	    seconds != NULL ? (const char *)seconds : "none");
	return PAM_SUCCESS;
}

EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}
