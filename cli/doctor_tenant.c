/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "advice.h"
#include "doctor.h"

#define SKEW_NOTED 5 /* seconds; answers take their time */

static void
on_answer(void *arg, const char *what, bool is_good, const char *text)
{
	struct doctor *d = arg;
	const char *where = doctor_path(d, what);

	if (!is_good)
		report(d, LEVEL_PROBLEM, where, advise_on_network(text), "%s",
		    strncmp(text, what, strlen(what)) == 0 &&
			    strncmp(text + strlen(what), ": ", 2) == 0
			? text + strlen(what) + 2
			: text);
	else if (text[0] != '\0')
		report(d, LEVEL_OK, where, "", "%s", text);
	else
		report(d, LEVEL_OK, where, "", "the issuer answers as itself");
}

/* The strictest service decides what is too much. */
static int64_t
tolerance(const struct doctor *d, size_t tenant)
{
	struct audient_rules r;
	int64_t least = 300;

	for (size_t i = 0; audient_get_rules(d->audient, i, &r); i++)
		if ((r.tenants & 1U << tenant) != 0 &&
		    r.clock_tolerance < least)
			least = r.clock_tolerance;
	return least;
}

static void
check_clock(struct doctor *d, size_t tenant, int64_t skew, const char *issuer)
{
	const int64_t off = skew < 0 ? -skew : skew;
	const char *way = skew < 0 ? "ahead of" : "behind";

	if (off > tolerance(d, tenant) && off > SKEW_NOTED)
		report(d, LEVEL_PROBLEM, issuer,
		    "Set this host's clock, and let it be kept: timedatectl "
		    "set-ntp true, or chrony.",
		    "this host's clock is %lld seconds %s the issuer's, and "
		    "clock_tolerance is %lld: tokens look as if they came "
		    "from another time",
		    (long long)off, way, (long long)tolerance(d, tenant));
	else if (off > SKEW_NOTED)
		report(d, LEVEL_NOTE, issuer,
		    "Let the clock be kept: timedatectl set-ntp true, or "
		    "chrony.",
		    "this host's clock is %lld seconds %s the issuer's",
		    (long long)off, way);
	else
		report(d, LEVEL_OK, issuer, "", "the clocks agree");
}

void
check_tenants(struct doctor *d)
{
	struct audient_tenant t;

	if (d->audient == NULL || d->root[0] != '\0')
		return;
	if (d->is_offline) {
		report(d, LEVEL_NOTE, "", "Leave out --offline.",
		    "no tenant was asked");
		return;
	}
	for (size_t i = 0; audient_get_tenant(d->audient, i, &t); i++) {
		struct audient_probe probe = { .each = on_answer, .arg = d };

		(void)audient_probe(d->audient, i, &probe);
		if (probe.has_skew)
			check_clock(d, i, probe.skew, t.issuers.item[0]);
	}
}
