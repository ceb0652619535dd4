/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pam_watch.so stands before and behind a module in a stack and tells the log
 * what of the process is different:
 *
 *     watch auth: as before
 *     watch account: before: umask 22, after: umask 77
 *
 * pam_watch.so mess     leaves a little disorder, so that there is some
 */
#include <fcntl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "buf.h"
#include "shot.h"

/* What a module could change for the application. */
static const int items[] = { PAM_SERVICE, PAM_USER, PAM_USER_PROMPT, PAM_TTY,
	PAM_RUSER, PAM_RHOST };

static void
add_items(pam_handle_t *pamh, char shot[SHOT_SIZE])
{
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		const size_t n = strlen(shot);
		const void *text = NULL;

		(void)pam_get_item(pamh, items[i], &text);
		(void)snprintf(shot + n, SHOT_SIZE - n, "item %d %s\n",
		    items[i], text != NULL ? (const char *)text : "none");
	}
}

static void
forget(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

static int
watch(pam_handle_t *pamh, const char *phase, int argc, const char **argv)
{
	static char shot[SHOT_SIZE];
	char name[64];
	const void *before = NULL;

	if (argc > 0 && strcmp(argv[0], "mess") == 0) {
		(void)open("/dev/null", O_RDONLY | O_CLOEXEC);
		return PAM_SUCCESS;
	}
	/* libc's own socket to the log is nobody's disorder */
	pam_syslog(pamh, LOG_DEBUG, "watch");
	take_shot(shot);
	add_items(pamh, shot);
	(void)snprintf(name, sizeof(name), "watch_%s", phase);
	(void)pam_get_data(pamh, name, &before);
	if (before != NULL) {
		pam_syslog(pamh, LOG_INFO, "watch %s: %s", phase,
		    strcmp(before, shot) == 0 ? "as before"
					      : shot_difference(before, shot));
		return pam_set_data(pamh, name, NULL, NULL);
	}
	return pam_set_data(pamh, name, strdup(shot), forget);
}

EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return watch(pamh, "auth", argc, argv);
}

EXPORT int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return watch(pamh, "setcred", argc, argv);
}

EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return watch(pamh, "account", argc, argv);
}

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return watch(pamh, "open", argc, argv);
}

EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return watch(pamh, "close", argc, argv);
}
