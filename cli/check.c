/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>

#include "cli.h"

static const char synopsis[] = "[--config FILE] [--service NAME]";

static const char about[] =
    "  --config FILE   the configuration, an absolute path\n"
    "  --service NAME  it has to have all that this service needs\n"
    "\n"
    "Reads the configuration and the files that it names, as a service would,\n"
    "and asks nobody.  Prints nothing if all is well; else the exit status is\n"
    "4, and the message has file, line and what is wrong.\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "service", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int
check_service(const struct audient *audient, const char *config,
    const char *service)
{
	struct audient_rules rules;

	audient_find_rules(audient, service, &rules);
	if (rules.problem == NULL)
		return EXIT_ALLOW;
	return complain("check",
	    "%s: there is no \"%s\" for the service %s: nobody gets in", config,
	    rules.problem, service);
}

int
cmd_check(int argc, char **argv)
{
	const char *config = CONFIG_FILE, *service = NULL;
	struct audient *audient;
	int c, rc = EXIT_ALLOW;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'c')
			config = optarg;
		else if (c == 's')
			service = optarg;
		else if (c == 'h')
			return help("check", synopsis, about);
		else
			return usage("check", synopsis);
	}
	if (argc != optind)
		return usage("check", synopsis);
	if ((audient = open_config(config, NULL)) == NULL)
		return EXIT_BROKEN;
	if (service != NULL)
		rc = check_service(audient, config, service);
	audient_close(audient);
	return rc;
}
