/* SPDX-License-Identifier: BSD-2-Clause */
#include "site.h"

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
