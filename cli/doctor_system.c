/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>

#include "doctor.h"

#define FILE_MAX      65536
#define LOG_MAX	      (512 * 1024) /* the last half of it is looked at */
#define KLOG_READ_ALL 3		   /* of syslog(2) */
#define KLOG_MAX      (1024 * 1024)
#define LINE_SHOWN    300
#define DENIALS_SHOWN 3

/* --- who refreshes the keys -------------------------------------------------
 */

struct timer {
	struct doctor *d;
	const char *dir;
	char unit[128]; /* of systemd, wherever it was seen */
	bool is_enabled;
};

static void
look_at_unit(void *arg, const char *name)
{
	struct timer *t = arg;

	if (strncmp(name, "audient", 7) != 0 ||
	    !span_ends(span_of(name), ".timer"))
		return;
	(void)snprintf(t->unit, sizeof(t->unit), "%s", name);
	if (strstr(t->dir, ".wants") != NULL)
		t->is_enabled = true;
}

static bool
has_command(struct span text)
{
	struct span line;
	bool more;

	do {
		more = span_cut(&text, '\n', &line);
		line = span_trim(line);
		if (line.len > 0 && line.ptr[0] != '#' &&
		    memmem(line.ptr, line.len, "audient keys refresh", 20) !=
			NULL)
			return true;
	} while (more);
	return false;
}

static void
look_at_crontab(void *arg, const char *name)
{
	struct timer *t = arg;
	struct buf text = BUF_INIT(FILE_MAX);
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", t->dir, name);
	if (tree_read(t->d->root, path, &text) && has_command(buf_span(&text)))
		t->is_enabled = true;
	buf_free(&text);
}

static bool
needs_none(const struct doctor *d)
{
	struct audient_tenant t;

	for (size_t i = 0; audient_get_tenant(d->audient, i, &t); i++)
		if (t.jwks_file == NULL)
			return false;
	return true;
}

void
check_timer(struct doctor *d)
{
	static const char *const units[] = { "/etc/systemd/system",
		"/usr/lib/systemd/system", "/lib/systemd/system",
		"/etc/systemd/system/timers.target.wants",
		"/usr/lib/systemd/system/timers.target.wants" };
	struct timer t = { .d = d };

	if (d->audient == NULL || needs_none(d))
		return;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		t.dir = units[i];
		tree_list(d->root, t.dir, look_at_unit, &t);
	}
	t.dir = "/etc/cron.d";
	tree_list(d->root, t.dir, look_at_crontab, &t);
	t.dir = "/etc";
	look_at_crontab(&t, "crontab");
	t.dir = "/var/spool/cron/crontabs";
	look_at_crontab(&t, "root");
	t.dir = "/var/spool/cron";
	look_at_crontab(&t, "root");
	d->has_timer = t.is_enabled;
	if (t.is_enabled)
		report(d, LEVEL_OK, t.unit[0] != '\0' ? t.unit : "cron", "",
		    "root refreshes the keys");
	else if (t.unit[0] != '\0')
		report(d, LEVEL_WARNING, t.unit,
		    "systemctl enable --now, with the name of that unit.",
		    "the timer is installed but not enabled, so nobody "
		    "refreshes the keys for all services");
	else
		report(d, LEVEL_NOTE, "/etc/cron.d/audient",
		    "Put this line there: */5 * * * * root /usr/bin/audient "
		    "keys refresh > /dev/null",
		    "nobody refreshes the keys for all services: now and then "
		    "a login has to wait for the tenant");
}

/* --- what SELinux and AppArmor have forbidden
 * ---------------------------------- */

static bool
is_denial(struct span line)
{
	return memmem(line.ptr, line.len, "audient", 7) != NULL &&
	    (memmem(line.ptr, line.len, "apparmor=\"DENIED\"", 17) != NULL ||
		(memmem(line.ptr, line.len, "avc:", 4) != NULL &&
		    memmem(line.ptr, line.len, "denied", 6) != NULL));
}

static bool
is_apparmor(struct span line)
{
	return memmem(line.ptr, line.len, "apparmor=", 9) != NULL;
}

/* A log line may hold anything. */
static void
report_denial(struct doctor *d, const char *where, struct span line)
{
	char shown[LINE_SHOWN + 1];
	size_t n = 0;

	for (; n < line.len && n < LINE_SHOWN; n++) {
		const char c = line.ptr[n];

		shown[n] = c >= ' ' && c <= '~' ? c : '?';
	}
	shown[n] = '\0';
	report(d, LEVEL_PROBLEM, where,
	    is_apparmor(line)
		? "Allow it in the profile of the program that it names, or "
		  "in /etc/apparmor.d/local/ (aa-logprof helps)."
		: "Install Audient's SELinux module, or allow what it names: "
		  "ausearch -m avc -ts recent | audit2allow -M local-audient",
	    "%s has forbidden something: %s",
	    is_apparmor(line) ? "AppArmor" : "SELinux", shown);
}

/* The same denial comes again and again; the last ones are enough. */
static void
look_for_denials(struct doctor *d, const char *where, struct span text)
{
	struct span last[DENIALS_SHOWN] = { { .ptr = NULL } }, line;
	size_t n = 0;
	bool more;

	do {
		more = span_cut(&text, '\n', &line);
		if (line.len > 0 && is_denial(line))
			last[n++ % DENIALS_SHOWN] = line;
	} while (more);
	for (size_t i = 0; i < DENIALS_SHOWN && i < n; i++)
		report_denial(d, where, last[i]);
}

static void
look_at_kernel(struct doctor *d)
{
	char *text = malloc(KLOG_MAX);
	const int n =
	    text != NULL ? klogctl(KLOG_READ_ALL, text, KLOG_MAX) : -1;

	if (n > 0)
		look_for_denials(d, "kernel log",
		    (struct span){ .ptr = text, .len = (size_t)n });
	free(text);
}

void
check_denials(struct doctor *d)
{
	static const char *const logs[] = { "/var/log/audit/audit.log",
		"/var/log/kern.log", "/var/log/syslog", "/var/log/messages" };
	const size_t before = d->n;
	bool is_readable = false;

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		struct buf text = BUF_INIT(LOG_MAX);

		if (tree_read_end(d->root, logs[i], &text)) {
			is_readable = true;
			look_for_denials(d, logs[i], buf_span(&text));
		}
		buf_free(&text);
	}
	if (d->root[0] == '\0')
		look_at_kernel(d);
	if (d->n == before && is_readable)
		report(d, LEVEL_OK, "", "",
		    "the logs have no denial that names Audient");
}
