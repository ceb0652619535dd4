/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "output.h"

#define OUTPUT_MAX (1024 * 1024)

static const char synopsis[] = "[--config FILE] [--output FILE]";

static const char about[] =
    "  --config FILE   the configuration, an absolute path\n"
    "  --output FILE   write it there, whole or not at all, for the textfile\n"
    "                  collector of Prometheus' node exporter\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* One number; several users may have counted the same service. */
struct count {
	char service[65];
	enum reason reason;
	uint64_t n;
};

struct stats {
	struct buf out;
	struct count *count;
	size_t n;
	enum reason reason; /* of trouble while writing */
};

static void
on_count(void *arg, const char *service, const char *name, uint64_t n)
{
	struct stats *s = arg;
	struct count *grown;
	enum reason reason;

	if (!audient_find_reason(name, &reason))
		return;
	for (size_t i = 0; i < s->n; i++)
		if (s->count[i].reason == reason &&
		    strcmp(s->count[i].service, service) == 0) {
			s->count[i].n += n;
			return;
		}
	grown = reallocarray(s->count, s->n + 1, sizeof(*grown));
	if (grown == NULL) {
		s->reason = REASON_OUT_OF_MEMORY;
		return;
	}
	s->count = grown;
	s->count[s->n] = (struct count){ .reason = reason, .n = n };
	(void)snprintf(s->count[s->n].service, sizeof(s->count->service), "%s",
	    service);
	s->n++;
}

static int
by_label(const void *a, const void *b)
{
	const struct count *x = a, *y = b;
	const int order = strcmp(x->service, y->service);

	return order != 0 ? order : (int)x->reason - (int)y->reason;
}

static void __attribute__((format(printf, 2, 3)))
put(struct stats *s, const char *fmt, ...)
{
	char *line;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		line = NULL;
	va_end(ap);
	if (line == NULL || buf_add_str(&s->out, line) != REASON_OK)
		s->reason = REASON_OUT_OF_MEMORY;
	free(line);
}

static void
put_head(struct stats *s, const char *name, const char *type, const char *text)
{
	put(s, "# HELP %s %s\n# TYPE %s %s\n", name, text, name, type);
}

static void
put_decisions(struct stats *s, const struct audient *audient)
{
	(void)audient_counts(audient, on_count, s);
	put_head(s, "audient_decisions_total", "counter",
	    "Decisions on access tokens.");
	if (s->n > 0)
		qsort(s->count, s->n, sizeof(*s->count), by_label);
	for (size_t i = 0; i < s->n; i++) {
		const struct count *c = &s->count[i];

		put(s,
		    "audient_decisions_total{service=\"%s\",verdict=\"%s\","
		    "reason=\"%s\"} %llu\n",
		    c->service, outcome_name(reason_outcome(c->reason)),
		    reason_name(c->reason), (unsigned long long)c->n);
	}
}

/* Issuers have no quote and no backslash. */
static void
put_keys(struct stats *s, struct audient *audient)
{
	struct audient_tenant t;
	struct audient_keys keys;

	put_head(s, "audient_keys", "gauge",
	    "Signing keys at hand for an issuer.");
	for (size_t i = 0; audient_get_tenant(audient, i, &t); i++) {
		(void)audient_get_keys(audient, i, &keys);
		put(s, "audient_keys{issuer=\"%s\"} %zu\n", t.issuers.item[0],
		    keys.n);
	}
	put_head(s, "audient_keys_age_seconds", "gauge",
	    "Seconds since the issuer was asked for its keys.");
	for (size_t i = 0; audient_get_tenant(audient, i, &t); i++)
		if (audient_get_keys(audient, i, &keys))
			put(s, "audient_keys_age_seconds{issuer=\"%s\"} %lld\n",
			    t.issuers.item[0], (long long)keys.age);
	put_head(s, "audient_clock_difference_seconds", "gauge",
	    "By how much the issuer's clock was ahead of this host's.");
	for (size_t i = 0; audient_get_tenant(audient, i, &t); i++)
		if (audient_get_keys(audient, i, &keys) && keys.has_skew)
			put(s,
			    "audient_clock_difference_seconds{issuer=\"%s\"} "
			    "%lld\n",
			    t.issuers.item[0], (long long)keys.skew);
}

static void
collect(struct stats *s, struct audient *audient)
{
	put_head(s, "audient_build_info", "gauge", "The version of Audient.");
	put(s, "audient_build_info{version=\"" VERSION "\"} 1\n");
	put_head(s, "audient_configuration_valid", "gauge",
	    "Whether the configuration can be read.");
	put(s, "audient_configuration_valid %d\n", audient != NULL);
	if (audient == NULL)
		return;
	put_decisions(s, audient);
	put_keys(s, audient);
}

static int
deliver(const struct stats *s, const char *output)
{
	if (s->reason != REASON_OK) {
		(void)complain("stats", "%s", reason_text(s->reason));
		return EXIT_BROKEN;
	}
	if (output != NULL)
		return write_file(output, buf_span(&s->out), 0644, true)
		    ? EXIT_ALLOW
		    : EXIT_BROKEN;
	return fwrite(s->out.data, s->out.len, 1, stdout) == 1 ? EXIT_ALLOW
							       : EXIT_BROKEN;
}

int
cmd_stats(int argc, char **argv)
{
	struct stats s = { .out = BUF_INIT(OUTPUT_MAX) };
	const char *config = NULL, *output = NULL;
	struct audient *audient;
	int c, rc;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'c')
			config = optarg;
		else if (c == 'o')
			output = optarg;
		else if (c == 'h')
			return help("stats", synopsis, about);
		else
			return usage("stats", synopsis);
	}
	if (argc != optind)
		return usage("stats", synopsis);
	audient = open_view(config);
	collect(&s, audient);
	rc = deliver(&s, output);
	if (audient == NULL)
		rc = EXIT_BROKEN;
	audient_close(audient);
	free(s.count);
	buf_free(&s.out);
	return rc;
}
