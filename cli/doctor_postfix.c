/* SPDX-License-Identifier: BSD-2-Clause */
/* Postfix never tells SASL of TLS, cuts long lines, and likes chroots. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

#define FILE_MAX    262144
#define MAIN_CF	    "/etc/postfix/main.cf"
#define MASTER_CF   "/etc/postfix/master.cf"
#define LINE_NEEDED 16384 /* of line_length_limit, sasl_audient(8) */
#define LINE_USUAL  2048  /* what Postfix is delivered with */

/* A value of main.cf; the last one counts, as postconf(5) has it. */
struct value {
	char text[256];
	unsigned int line; /* 0: not set */
};

static void
look_up(struct span text, const char *key, const char *otherwise,
    struct value *value)
{
	unsigned int number = 0;
	struct span line, name;
	bool more;

	*value = (struct value){ .line = 0 };
	(void)snprintf(value->text, sizeof(value->text), "%s", otherwise);
	do {
		more = span_cut(&text, '\n', &line);
		number++;
		/* a line that begins with a blank goes on with the last one */
		if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ' ' ||
		    line.ptr[0] == '\t' || !span_cut(&line, '=', &name) ||
		    !span_is(span_trim(name), key))
			continue;
		line = span_trim(line);
		value->line = number;
		(void)snprintf(value->text, sizeof(value->text), "%.*s",
		    (int)line.len, line.ptr);
	} while (more);
}

static void __attribute__((format(printf, 6, 7)))
tell(struct doctor *d, enum level level, const char *file, unsigned int line,
    const char *remedy, const char *fmt, ...)
{
	char where[64], what[512];
	va_list ap;

	(void)snprintf(where, sizeof(where), "%s", file);
	if (line != 0)
		(void)snprintf(where, sizeof(where), "%s:%u", file, line);
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	report(d, level, where, remedy, "%s", what);
}

static void
check_tls(struct doctor *d, struct span main_cf)
{
	struct audient_rules rules;
	struct value only, level;

	if (!doctor_find_rules(d, "smtp", &rules))
		return;
	look_up(main_cf, "smtpd_tls_auth_only", "no", &only);
	look_up(main_cf, "smtpd_tls_security_level", "", &level);
	if (!rules.trusts_host_tls)
		tell(d, LEVEL_PROBLEM, d->config, rules.line,
		    "Write \"tls = host-enforced\" in a section [service "
		    "smtp], and \"smtpd_tls_auth_only = yes\" in " MAIN_CF ".",
		    "Postfix never tells SASL that there is TLS, so with \"tls "
		    "= required\" the mechanisms are never offered");
	else if (strcmp(only.text, "yes") != 0 &&
	    strcmp(level.text, "encrypt") != 0)
		tell(d, LEVEL_PROBLEM, MAIN_CF, only.line,
		    "Write \"smtpd_tls_auth_only = yes\".",
		    "tokens may travel in the clear: \"tls = host-enforced\" "
		    "in %s relies on Postfix, and smtpd_tls_auth_only is not "
		    "set",
		    d->config);
	else
		tell(d, LEVEL_OK, MAIN_CF, only.line, "",
		    "tokens are taken under TLS only");
}

static void
check_lengths(struct doctor *d, struct span main_cf)
{
	struct value limit;
	char usual[16];

	(void)snprintf(usual, sizeof(usual), "%d", LINE_USUAL);
	look_up(main_cf, "line_length_limit", usual, &limit);
	if (strtol(limit.text, NULL, 10) < LINE_NEEDED)
		tell(d, LEVEL_WARNING, MAIN_CF, limit.line,
		    "Write \"line_length_limit = 16384\" and "
		    "\"smtpd_sasl_response_limit = 65536\".",
		    "line_length_limit is %s: tokens of 1500 bytes and more "
		    "are cut without a word",
		    limit.text);
}

/* service type private unpriv chroot wakeup maxproc command */
static bool
is_chrooted_smtpd(struct span line)
{
	struct span column[8] = { { .ptr = NULL } };
	size_t n = 0;

	while (line.len > 0 && n < 8) {
		line = span_trim(line);
		column[n].ptr = line.ptr;
		while (
		    line.len > 0 && line.ptr[0] != ' ' && line.ptr[0] != '\t') {
			column[n].len++;
			line.ptr++;
			line.len--;
		}
		n++;
	}
	return n == 8 && span_is(column[4], "y") && span_is(column[7], "smtpd");
}

static bool
has_keys_without_network(const struct doctor *d)
{
	struct audient_tenant t;

	if (d->has_timer)
		return true;
	if (d->audient == NULL)
		return true; /* that is what has to be put right first */
	for (size_t i = 0; audient_get_tenant(d->audient, i, &t); i++)
		if (t.jwks_file == NULL)
			return false;
	return true;
}

static void
check_chroot(struct doctor *d, struct span master_cf)
{
	unsigned int number = 0;
	struct span line;
	bool more;

	do {
		more = span_cut(&master_cf, '\n', &line);
		number++;
		if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ' ' ||
		    line.ptr[0] == '\t' || !is_chrooted_smtpd(line))
			continue;
		if (has_keys_without_network(d))
			tell(d, LEVEL_OK, MASTER_CF, number, "",
			    "smtpd runs in a chroot, and root supplies the "
			    "keys");
		else
			tell(d, LEVEL_PROBLEM, MASTER_CF, number,
			    "Let root supply the keys, as the timer above has "
			    "it; or write n in the fifth column and do postfix "
			    "reload.",
			    "smtpd runs in a chroot, where audient-fetch "
			    "cannot be started, and nobody supplies the keys");
	} while (more);
}

/* Debian's Postfix reads one file; others look in the SASL directories. */
static const char *
option_file(struct doctor *d)
{
	static const char debian[] = "/etc/postfix/sasl/smtpd.conf";
	static const char usual[] = "/etc/sasl2/smtpd.conf";
	struct buf text = BUF_INIT(FILE_MAX);

	if (!tree_has(d->root, "/etc/debian_version"))
		return usual;
	if (!tree_has(d->root, debian) && tree_read(d->root, usual, &text) &&
	    sasl_offer(buf_span(&text), "") == OFFER_US)
		report(d, LEVEL_PROBLEM, usual,
		    "Move it to /etc/postfix/sasl/smtpd.conf.",
		    "Postfix on Debian does not read this file");
	buf_free(&text);
	return debian;
}

static bool
uses_cyrus_sasl(struct doctor *d, struct span main_cf, struct span master_cf)
{
	struct value enabled, type;

	look_up(main_cf, "smtpd_sasl_auth_enable", "no", &enabled);
	look_up(main_cf, "smtpd_sasl_type", "cyrus", &type);
	if (strcmp(enabled.text, "yes") != 0 &&
	    (master_cf.len == 0 ||
		memmem(master_cf.ptr, master_cf.len,
		    "smtpd_sasl_auth_enable=yes", 26) == NULL))
		return false;
	if (strcmp(type.text, "cyrus") == 0)
		return true;
	tell(d, LEVEL_NOTE, MAIN_CF, type.line,
	    "Write \"smtpd_sasl_type = cyrus\" if Audient is to check the "
	    "tokens.",
	    "Postfix leaves logins to %s, which has mechanisms of its own",
	    type.text);
	return false;
}

void
check_postfix(struct doctor *d)
{
	struct buf main_cf = BUF_INIT(FILE_MAX), master_cf = BUF_INIT(FILE_MAX);
	const char *file;

	if (tree_read(d->root, MAIN_CF, &main_cf)) {
		(void)tree_read(d->root, MASTER_CF, &master_cf);
		if (uses_cyrus_sasl(d, buf_span(&main_cf),
			buf_span(&master_cf))) {
			file = option_file(d);
			if (check_option_file(d, file, "", "smtp",
				"Write mech_list: OAUTHBEARER XOAUTH2 "
				"there.") != OFFER_OTHERS) {
				d->hosts |= 1U << HOST_POSTFIX;
				report(d, LEVEL_OK, file, "",
				    "Postfix takes tokens");
				check_tls(d, buf_span(&main_cf));
				check_lengths(d, buf_span(&main_cf));
				check_chroot(d, buf_span(&master_cf));
			}
		}
	}
	buf_free(&main_cf);
	buf_free(&master_cf);
}
