/* SPDX-License-Identifier: BSD-2-Clause */
/* The SASL area; programs with files of their own are in doctor_hosts.c. */
#include <stdio.h>
#include <string.h>

#include "doctor.h"

#define PATH_SIZE 512

/*
 * Programs whose service has another name than their file; and what comes of
 * "tls = required" where SASL does not learn of TLS in time.
 */
#define NEVER_TELLS                                    \
	"never tells SASL that there is TLS, so with " \
	"\"tls = required\" the mechanisms are never offered"
static const struct option_file {
	const char *file;
	const char *service;
	enum host host;
	const char *required_means; /* NULL: SASL is told of TLS */
} files[] = {
	{ "subversion.conf", "svn", HOST_OTHER, "Subversion " NEVER_TELLS },
	{ "svn.conf", "svn", HOST_OTHER, "Subversion " NEVER_TELLS },
	{ "memcached.conf", "memcached", HOST_OTHER, "memcached " NEVER_TELLS },
	{ "libvirt.conf", "libvirt", HOST_OTHER, NULL },
	{ "qemu.conf", "vnc", HOST_OTHER, NULL },
	{ "exim.conf", "smtp", HOST_EXIM,
	    "Exim asks for the mechanisms before there is TLS, so with "
	    "\"tls = required\" it does not start" },
	{ "Sendmail.conf", "smtp", HOST_OTHER, NULL },
};

static void
check_host_tls(struct doctor *d, const struct option_file *f)
{
	struct audient_rules rules;
	char remedy[256];

	if (f->required_means == NULL ||
	    !doctor_find_rules(d, f->service, &rules) || rules.trusts_host_tls)
		return;
	(void)snprintf(remedy, sizeof(remedy),
	    "Write \"tls = host-enforced\" in a section [service %s], and let "
	    "nobody in without TLS.",
	    f->service);
	report(d, LEVEL_PROBLEM, d->config, remedy, "%s", f->required_means);
}

static void
look_at_file(void *arg, const char *name)
{
	struct doctor *d = arg;
	char path[PATH_SIZE];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(name, files[i].file) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "/etc/sasl2/%s", name);
		if (check_option_file(d, path, "", files[i].service,
			"Write mech_list: OAUTHBEARER XOAUTH2 there.") ==
		    OFFER_OTHERS)
			continue;
		d->hosts |= 1U << files[i].host;
		check_host_tls(d, &files[i]);
	}
}

static void
check_plugin(struct doctor *d)
{
	char dir[PATH_SIZE], path[PATH_SIZE + 16];

	if (sasl_plugin_dir(d, dir, sizeof(dir)) == NULL) {
		report(d, LEVEL_NOTE, SASL_DIR,
		    "Install the plug-in if SASL services are to take tokens.",
		    "there is no " SASL_PLUGIN);
		return;
	}
	(void)snprintf(path, sizeof(path), "%s/libaudient.la", dir);
	if (tree_has(d->root, path))
		report(d, LEVEL_WARNING, path, "Remove that file.",
		    "libsasl2 reads it in the place of " SASL_PLUGIN);
	(void)snprintf(path, sizeof(path), "%s/" SASL_PLUGIN, dir);
	report(d, LEVEL_OK, path, "", "the plug-in is there");
}

void
check_sasl(struct doctor *d)
{
	check_plugin(d);
	check_slapd(d);
	check_dirsrv(d);
	check_cyrus(d);
	tree_list(d->root, "/etc/sasl2", look_at_file, d);
}
