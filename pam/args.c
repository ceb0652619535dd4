/* SPDX-License-Identifier: BSD-2-Clause */
#include "args.h"

#include <security/pam_ext.h>
#include <string.h>
#include <syslog.h>

/* The text behind "key=", or NULL. */
static const char *
value_of(const char *arg, const char *key)
{
	const size_t n = strlen(key);

	return strncmp(arg, key, n) == 0 ? arg + n : NULL;
}

static bool
parse_one(const char *arg, struct args *args)
{
	const char *value;

	if ((value = value_of(arg, "config=")) != NULL) {
		args->config = value;
		return value[0] == '/';
	}
	if ((value = value_of(arg, "service=")) != NULL) {
		args->service = value;
		return value[0] != '\0';
	}
	if (strcmp(arg, "debug") == 0)
		args->debug = true;
	else if (strcmp(arg, "use_first_pass") == 0)
		args->use_first_pass = true;
	else if (strcmp(arg, "try_first_pass") == 0)
		args->try_first_pass = true;
	else
		return false;
	return true;
}

int
args_parse(pam_handle_t *pamh, int argc, const char **argv, struct args *args)
{
	const void *service = NULL;

	*args = (struct args){ .config = NULL };
	for (int i = 0; i < argc; i++) {
		if (parse_one(argv[i], args))
			continue;
		pam_syslog(pamh, LOG_CRIT,
		    "argument not understood: \"%.80s\"; there are "
		    "config=/absolute/path service=NAME debug use_first_pass "
		    "try_first_pass",
		    argv[i]);
		return PAM_SERVICE_ERR;
	}
	if (args->service == NULL) {
		if (pam_get_item(pamh, PAM_SERVICE, &service) != PAM_SUCCESS ||
		    service == NULL) {
			pam_syslog(pamh, LOG_CRIT, "no PAM service name");
			return PAM_SERVICE_ERR;
		}
		args->service = service;
	}
	return PAM_SUCCESS;
}
