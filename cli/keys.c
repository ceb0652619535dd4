/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "output.h"
#include "term.h"

static const char synopsis[] = "list|refresh|flush [--config FILE] [--force]";

static const char about[] =
    "  list            show the keys at hand; uses no network\n"
    "  refresh         ask each tenant, unless it was asked a moment ago\n"
    "  flush           forget what this user keeps on disk\n"
    "  --config FILE   the configuration, an absolute path\n"
    "  --force         refresh in any case\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "force", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct listing {
	struct audient *audient;
	struct term term;
	const char *last; /* issuer */
	size_t tenant;	  /* whose turn it is */
};

/* "2 keys, 71 seconds old, good for 9 minutes more" */
static void
show_state(struct listing *l, const char *issuer)
{
	struct audient_tenant tenant;
	struct audient_keys keys;
	char line[256], age[32], left[32];

	if (!audient_get_tenant(l->audient, l->tenant, &tenant))
		return;
	if (!audient_get_keys(l->audient, l->tenant, &keys)) {
		term_put(&l->term, 0, STYLE_BAD, issuer, 0, "");
		term_put(&l->term, 2, STYLE_PLAIN, "", 2,
		    tenant.jwks_file != NULL
			? "no keys at hand: audient doctor says why"
			: "no keys at hand: audient keys refresh asks for "
			  "them");
		return;
	}
	show_seconds(keys.age, age, sizeof(age));
	show_seconds(tenant.keys_max_age - keys.age, left, sizeof(left));
	(void)snprintf(line, sizeof(line), "%zu key%s, %s old, %s%s", keys.n,
	    keys.n == 1 ? "" : "s", age,
	    tenant.jwks_file != NULL ? "from "
		: keys.is_old	     ? "and the next login asks for newer ones"
				     : "good for ",
	    tenant.jwks_file != NULL ? tenant.jwks_file
		: keys.is_old	     ? ""
				     : left);
	term_put(&l->term, 0, keys.is_old ? STYLE_WARN : STYLE_GOOD, issuer, 0,
	    "");
	term_put(&l->term, 2, STYLE_PLAIN, "", 2, line);
}

/* The first line of a tenant is about it, the others are its keys. */
static void
on_key(void *arg, const char *issuer, const char *text)
{
	struct listing *l = arg;

	if (l->last != issuer) {
		show_state(l, issuer);
		l->tenant++;
	} else
		term_put(&l->term, 4, STYLE_PLAIN, "", 4, text);
	l->last = issuer;
}

static int
run(const char *verb, struct audient *audient, bool is_forced)
{
	struct listing l = { .audient = audient };
	enum reason reason = REASON_OK;

	term_init(&l.term, stdout);
	if (strcmp(verb, "flush") == 0) {
		audient_keys_flush(audient);
		(void)printf("The keys of this user are forgotten.\n");
		return EXIT_ALLOW;
	}
	if (strcmp(verb, "refresh") == 0)
		reason = audient_keys_refresh(audient, is_forced);
	audient_keys_list(audient, on_key, &l);
	return exit_of(reason);
}

static bool
is_verb(const char *word)
{
	return strcmp(word, "list") == 0 || strcmp(word, "refresh") == 0 ||
	    strcmp(word, "flush") == 0;
}

int
cmd_keys(int argc, char **argv)
{
	struct audient *audient;
	const char *config = NULL;
	bool is_forced = false;
	int c, rc;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'c')
			config = optarg;
		else if (c == 'f')
			is_forced = true;
		else if (c == 'h')
			return help("keys", synopsis, about);
		else
			return usage("keys", synopsis);
	}
	if (argc - optind != 1 || !is_verb(argv[optind]))
		return usage("keys", synopsis);
	if ((audient = open_config(config, NULL)) == NULL)
		return EXIT_BROKEN;
	rc = run(argv[optind], audient, is_forced);
	audient_close(audient);
	return rc;
}
