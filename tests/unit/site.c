/* SPDX-License-Identifier: BSD-2-Clause */
#include "site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static void
write_jwks(const char *path, char *jwk[], size_t n)
{
	char *text = mint_jwks(jwk, n);

	unit_write(path, span_of(text), 0644);
	free(text);
}

void
site_make(struct site *site)
{
	char *a[] = { mint_jwk(MINT_RSA, "rsa", "\"use\":\"sig\""),
		mint_jwk(MINT_P256, "ec", NULL) };
	char *b[] = { mint_jwk(MINT_RSA_OTHER, "other", NULL) };

	site->dir = unit_dir();
	site_empty_cache(site);
	site->conf = unit_path(site->dir, "audient.conf");
	site->jwks_a = unit_path(site->dir, "a.json");
	site->jwks_b = unit_path(site->dir, "b.json");
	site->map = unit_path(site->dir, "users");
	write_jwks(site->jwks_a, a, nitems(a));
	write_jwks(site->jwks_b, b, nitems(b));
}

void
site_remove(struct site *site)
{
	unit_dir_remove(site->dir);
	free(site->conf);
	free(site->jwks_a);
	free(site->jwks_b);
	free(site->map);
}

void
site_empty_cache(const struct site *site)
{
	char *path = unit_path(site->dir, "cache");

	if (access(path, F_OK) == 0)
		unit_dir_remove(strdup(path));
	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
}

static void
write_file(const struct site *site, const char *name, struct span bytes,
    mode_t mode)
{
	char *path = unit_path(site->dir, name);

	(void)unlink(path); /* it may be in use */
	unit_write(path, bytes, mode);
	free(path);
}

void
site_issuer(const struct site *site)
{
	struct buf script = BUF_INIT(4096);

	assert_int_equal(buf_printf(&script,
			     "#!/bin/sh\n"
			     "cd '%s' || exit\n"
			     "while IFS= read -r l && [ -n \"$l\" ]; do\n"
			     "case $l in\n"
			     "\"url \"*) url=${l#url };;\n"
			     "\"bearer \"*) echo \"$l\" >> bearers;;\n"
			     "esac\ndone\n"
			     "echo \"$url\" >> asked\n"
			     "case $url in\n"
			     "*/openid-configuration) cat meta;;\n"
			     "*/userinfo) cat info;;\n"
			     "*) cat keys;;\nesac\n",
			     site->dir),
	    REASON_OK);
	write_file(site, "h", buf_span(&script), 0700);
	write_file(site, "asked", SPAN(""), 0600);
	buf_free(&script);
}

void
site_answer(const struct site *site, const char *what, int status,
    const char *type, const char *body)
{
	struct buf text = BUF_INIT(1024 * 1024);

	assert_int_equal(type == NULL
		? buf_add_str(&text,
		      "audient-fetch 1\nresult no_answer\nwhy refused\n\n")
		: buf_printf(&text,
		      "audient-fetch 1\nresult answered\nstatus %d\n"
		      "type %s\nlength %zu\n\n%s",
		      status, type, strlen(body), body),
	    REASON_OK);
	write_file(site, what, buf_span(&text), 0600);
	buf_free(&text);
}

unsigned int
site_asked(const struct site *site)
{
	char *path = unit_path(site->dir, "asked");
	FILE *f = fopen(path, "re");
	unsigned int n = 0;
	int c;

	assert_non_null(f);
	while ((c = fgetc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	free(path);
	return n;
}

static const char *
path_of(const struct site *site, char which)
{
	switch (which) {
	case 'A':
		return site->jwks_a;
	case 'B':
		return site->jwks_b;
	case 'M':
		return site->map;
	default:
		return site->dir;
	}
}

void
site_configure(const struct site *site, const char *text)
{
	struct buf out = BUF_INIT(16384);

	for (const char *p = text; *p != '\0'; p++)
		if (*p == '%')
			assert_int_equal(buf_add_str(&out, path_of(site, *++p)),
			    REASON_OK);
		else
			assert_int_equal(buf_add(&out, p, 1), REASON_OK);
	unit_write(site->conf, buf_span(&out), 0600);
	buf_free(&out);
}
