/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenLDAP and Cyrus IMAP, which tell SASL of TLS by themselves. */
#include <stdio.h>
#include <string.h>

#include "doctor.h"

#define FILE_MAX 262144

static const char *
first_file(const struct doctor *d, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (tree_has(d->root, paths[i]))
			return paths[i];
	return NULL;
}

/* Has a line that begins with word?  Case does not count. */
static bool
has_line(const struct doctor *d, const char *path, const char *word)
{
	struct buf text = BUF_INIT(FILE_MAX);
	struct span rest, line;
	bool more, found = false;

	if (tree_read(d->root, path, &text)) {
		rest = buf_span(&text);
		do {
			more = span_cut(&rest, '\n', &line);
			line = span_trim(line);
			if (line.len >= strlen(word) &&
			    strncasecmp(line.ptr, word, strlen(word)) == 0)
				found = true;
		} while (more && !found);
	}
	buf_free(&text);
	return found;
}

static void
check_slapd_tls(struct doctor *d, const char *config)
{
	const bool is_ldif = span_ends(span_of(config), ".ldif");

	if (!has_line(d, config,
		is_ldif ? "olcTLSCertificateFile:" : "TLSCertificateFile"))
		report(d, LEVEL_WARNING, config,
		    is_ldif
			? "Set olcTLSCertificateFile and "
			  "olcTLSCertificateKeyFile with ldapmodify -Y "
			  "EXTERNAL "
			  "-H ldapi:///"
			: "Set TLSCertificateFile and TLSCertificateKeyFile.",
		    "slapd has no certificate, so the mechanisms are offered "
		    "on ldapi:// only");
	if (!has_line(d, config, is_ldif ? "olcAuthzRegexp:" : "authz-regexp"))
		report(d, LEVEL_NOTE, config,
		    "Add an authz-regexp; sasl_audient(8) has one.",
		    "names stay as they are: a token of alice binds as "
		    "uid=alice,cn=oauthbearer,cn=auth");
}

void
check_slapd(struct doctor *d)
{
	static const char *const configs[] = { "/etc/ldap/slapd.conf",
		"/etc/openldap/slapd.conf", "/etc/ldap/slapd.d/cn=config.ldif",
		"/etc/openldap/slapd.d/cn=config.ldif" };
	static const char *const options[] = { "/etc/ldap/sasl2/slapd.conf",
		"/etc/sasl2/slapd.conf", "/usr/lib/sasl2/slapd.conf" };
	const char *config, *option;

	config = first_file(d, configs, sizeof(configs) / sizeof(configs[0]));
	if (config == NULL)
		return;
	option = first_file(d, options, sizeof(options) / sizeof(options[0]));
	if (option == NULL)
		option =
		    options[tree_has(d->root, "/etc/debian_version") ? 0 : 1];
	if (check_option_file(d, option, "", "ldap",
		"Write mech_list: OAUTHBEARER XOAUTH2 EXTERNAL there.") ==
	    OFFER_OTHERS)
		return;
	d->hosts |= 1U << HOST_SLAPD;
	report(d, LEVEL_OK, option, "", "slapd takes tokens");
	check_slapd_tls(d, config);
}

void
check_cyrus(struct doctor *d)
{
	static const char config[] = "/etc/imapd.conf";

	if (!tree_has(d->root, config))
		return;
	if (check_option_file(d, config, "sasl_", "imap",
		"Write sasl_mech_list: OAUTHBEARER XOAUTH2 PLAIN there.") ==
	    OFFER_OTHERS)
		return;
	d->hosts |= 1U << HOST_CYRUS;
	report(d, LEVEL_OK, config, "", "Cyrus IMAP takes tokens");
	if (!has_line(d, config, "tls_server_cert:"))
		report(d, LEVEL_WARNING, config,
		    "Set tls_server_cert and tls_server_key.",
		    "Cyrus IMAP has no certificate, so the mechanisms are "
		    "never offered");
}
