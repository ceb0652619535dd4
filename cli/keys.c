/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const char synopsis[] = "list|refresh|flush [--config FILE] [--force]";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "force", no_argument, NULL, 'f' },
	{ NULL, 0, NULL, 0 },
};

static void
on_key(void *arg, const char *issuer, const char *text)
{
	const char **last = arg;

	/* the first line of a tenant names it, the others are its keys */
	if (*last == NULL || strcmp(*last, issuer) != 0)
		(void)printf("%s: %s\n", issuer, text);
	else
		(void)printf("    %s\n", text);
	*last = issuer;
}

static int
run(const char *verb, struct audient *audient, bool is_forced)
{
	const char *last = NULL;
	enum reason reason = REASON_OK;

	if (strcmp(verb, "flush") == 0)
		audient_keys_flush(audient);
	else if (strcmp(verb, "refresh") == 0)
		reason = audient_keys_refresh(audient, is_forced);
	if (strcmp(verb, "flush") != 0)
		audient_keys_list(audient, on_key, &last);
	return exit_of(reason);
}

int
cmd_keys(int argc, char **argv)
{
	struct audient *audient;
	const char *config = NULL;
	bool is_forced = false;
	int c, rc;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c')
			config = optarg;
		else if (c == 'f')
			is_forced = true;
		else
			return usage("keys", synopsis);
	}
	if (argc - optind != 1 ||
	    (strcmp(argv[optind], "list") != 0 &&
		strcmp(argv[optind], "refresh") != 0 &&
		strcmp(argv[optind], "flush") != 0))
		return usage("keys", synopsis);
	if ((audient = open_config(config, NULL)) == NULL)
		return EXIT_BROKEN;
	rc = run(argv[optind], audient, is_forced);
	audient_close(audient);
	return rc;
}
