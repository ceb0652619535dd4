/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenLDAP and Cyrus IMAP, which tell SASL of TLS by themselves; and 389-ds. */
#include <stdio.h>
#include <string.h>

#include "doctor.h"

#define FILE_MAX  262144
#define PATH_SIZE 512
#define DIRSRV	  "/etc/dirsrv"

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

static bool
has_word(struct span s, const char *word)
{
	return memmem(s.ptr, s.len, word, strlen(word)) != NULL;
}

/* What the server says of itself, in path; false: nobody asks us there. */
static bool
check_dirsrv_mechs(struct doctor *d, const char *path, struct span dse)
{
	struct span value;
	unsigned int line;
	char sasl[PATH_SIZE];

	if (sasl_plugin_dir(d, sasl, sizeof(sasl)) == NULL)
		return false;
	if (sasl_option(dse, "nsslapd-allowed-sasl-mechanisms", &value,
		&line) &&
	    value.len > 0 && !has_word(value, "OAUTHBEARER") &&
	    !has_word(value, "XOAUTH2")) {
		report(d, LEVEL_NOTE, path,
		    "Add OAUTHBEARER and XOAUTH2 to "
		    "nsslapd-allowed-sasl-mechanisms, with ldapmodify.",
		    "389 Directory Server does not offer OAUTHBEARER and "
		    "XOAUTH2");
		return false;
	}
	return true;
}

/* It never tells SASL of TLS, so there must be no way in without. */
static void
check_dirsrv_tls(struct doctor *d, const char *path, struct span dse)
{
	struct audient_rules rules;
	struct span value;
	unsigned int line;

	if (!doctor_find_rules(d, "ldap", &rules))
		return;
	if (!rules.trusts_host_tls)
		report(d, LEVEL_PROBLEM, d->config,
		    "Write \"tls = host-enforced\" in a section [service "
		    "ldap], and set nsslapd-port to 0.",
		    "389 Directory Server never tells SASL that there is TLS, "
		    "so with \"tls = required\" the mechanisms are never "
		    "offered");
	else if (!sasl_option(dse, "nsslapd-port", &value, &line) ||
	    !span_is(value, "0"))
		report(d, LEVEL_PROBLEM, path,
		    "Set nsslapd-port to 0, with ldapmodify, and restart it.",
		    "tokens may travel in the clear: \"tls = host-enforced\" "
		    "in "
		    "%s relies on the server, which listens without TLS",
		    d->config);
	else
		report(d, LEVEL_OK, path, "",
		    "389 Directory Server takes tokens, under TLS only");
}

/* The server's own entry; what others say of a port is about others. */
static struct span
main_entry(struct span text)
{
	struct span line = { .ptr = NULL, .len = 0 }, entry;
	bool more = true;

	while (more && !span_is_nocase(span_trim(line), "dn: cn=config"))
		more = span_cut(&text, '\n', &line);
	entry = text;
	while (more && (more = span_cut(&text, '\n', &line)) &&
	    span_trim(line).len > 0)
		continue;
	entry.len -= text.len;
	return entry;
}

static void
look_at_instance(void *arg, const char *name)
{
	struct doctor *d = arg;
	struct buf text = BUF_INIT(FILE_MAX);
	struct span dse;
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), DIRSRV "/%s/dse.ldif", name);
	if (strncmp(name, "slapd-", 6) != 0 || !tree_has(d->root, path))
		return;
	if (!tree_read(d->root, path, &text))
		report(d, LEVEL_WARNING, path,
		    "Run audient doctor as root; if it says the same, look at "
		    "what is in its place.",
		    "389 Directory Server's configuration cannot be read, so "
		    "nothing is said of it");
	dse = main_entry(buf_span(&text));
	if (text.len > 0 && check_dirsrv_mechs(d, path, dse)) {
		d->hosts |= 1U << HOST_DIRSRV;
		check_service_rules(d, path, "ldap",
		    "the mechanisms are not offered");
		check_dirsrv_tls(d, path, dse);
	}
	buf_free(&text);
}

/* It has no option file: only the default configuration counts. */
void
check_dirsrv(struct doctor *d)
{
	tree_list(d->root, DIRSRV, look_at_instance, d);
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
