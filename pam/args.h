/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_PAM_ARGS_H
#define AUDIENT_PAM_ARGS_H

#include <security/pam_modules.h>
#include <stdbool.h>

/* What stands behind pam_audient.so in a PAM file; borrowed from libpam. */
struct args {
	const char *config;  /* NULL: the default file */
	const char *service; /* never NULL */
	bool debug;
	bool nodelay;
	bool use_first_pass;
	bool try_first_pass;

	/* not arguments, but what the configuration says */
	bool offers_device; /* an empty answer starts the device flow */
	bool device_only;   /* and nothing is asked before that */
};

/*
 * PAM_SUCCESS, or PAM_SERVICE_ERR for anything that is not known exactly; the
 * log then says what.
 */
int args_parse(pam_handle_t *pamh, int argc, const char **argv,
    struct args *args);

#endif
