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

static const char *
set(const char **field, const char *value, bool is_good, const char *problem)
{
	if (*field != NULL)
		return "is there twice";
	*field = value;
	return is_good ? NULL : problem;
}

static const char *
set_flag(bool *field)
{
	if (*field)
		return "is there twice";
	*field = true;
	return NULL;
}

/* NULL, or what is wrong with it. */
static const char *
parse_one(const char *arg, struct args *args)
{
	const char *value;

	if ((value = value_of(arg, "config=")) != NULL)
		return set(&args->config, value, value[0] == '/',
		    "needs an absolute path");
	if ((value = value_of(arg, "service=")) != NULL)
		return set(&args->service, value, value[0] != '\0',
		    "needs a name");
	if (strcmp(arg, "debug") == 0)
		return set_flag(&args->debug);
	if (strcmp(arg, "nodelay") == 0)
		return set_flag(&args->nodelay);
	if (strcmp(arg, "use_first_pass") == 0)
		return set_flag(&args->use_first_pass);
	if (strcmp(arg, "try_first_pass") == 0)
		return set_flag(&args->try_first_pass);
	return "is not known; there are config=/absolute/path service=NAME "
	       "debug nodelay use_first_pass try_first_pass";
}

int
args_parse(pam_handle_t *pamh, int argc, const char **argv, struct args *args)
{
	const void *service = NULL;
	const char *problem;

	*args = (struct args){ .config = NULL };
	for (int i = 0; i < argc; i++) {
		if ((problem = parse_one(argv[i], args)) == NULL)
			continue;
		pam_syslog(pamh, LOG_CRIT, "the argument \"%.80s\" %s", argv[i],
		    problem);
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
