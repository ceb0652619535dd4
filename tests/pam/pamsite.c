/* SPDX-License-Identifier: BSD-2-Clause */
#include "pamsite.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

#define TEXTS_MAX     65536
#define ARGUMENTS_MAX 8

int __wrap_getpwnam_r(const char *name, struct passwd *pw, char *text,
    size_t size, struct passwd **found);

struct site pamsite;
bool pamsite_is_gone;
static char config[256];

/* alice is 1000, and nobody else is anybody. */
int
__wrap_getpwnam_r(const char *name, struct passwd *pw, char *text, size_t size,
    struct passwd **found)
{
	(void)text;
	(void)size;
	memset(pw, 0, sizeof(*pw));
	pw->pw_uid = 1000;
	*found = strcmp(name, "alice") == 0 && !pamsite_is_gone ? pw : NULL;
	return 0;
}

void
pamsite_make(void)
{
	site_make(&pamsite);
	(void)snprintf(config, sizeof(config), "config=%s", pamsite.conf);
}

void
pamsite_remove(void)
{
	site_remove(&pamsite);
	mint_end();
}

void
pamsite_set(const char *conf)
{
	struct buf text = BUF_INIT(TEXTS_MAX);

	assert_int_equal(buf_printf(&text, "%s%s",
			     strncmp(conf, "issuer", 6) == 0 ? "" : SITE_ONE,
			     conf),
	    REASON_OK);
	site_configure(&pamsite, text.data);
	buf_free(&text);
	site_empty_cache(&pamsite);
	site_issuer(&pamsite);
	pamsite_is_gone = false;
}

int
pamsite_enter(pamsite_entry *function, struct pam_handle *h,
    const char *argument, int flags)
{
	const char *argv[] = { config, argument };

	return function(h, flags, argument != NULL ? 2 : 1, argv);
}

int
pamsite_enter_with(pamsite_entry *function, struct pam_handle *h,
    const char *const *arguments)
{
	const char *argv[ARGUMENTS_MAX] = { config };
	int argc = 1;

	while (arguments[argc - 1] != NULL) {
		argv[argc] = arguments[argc - 1];
		argc++;
	}
	return function(h, 0, argc, argv);
}

char *
pamsite_mint(enum mint_key key, const char *more)
{
	struct buf claims = BUF_INIT(TEXTS_MAX);
	const long long now = clock_now();
	char *token;

	assert_int_equal(buf_printf(&claims,
			     "{\"iss\":\"" SITE_A "\",\"aud\":\"" SITE_API "\","
			     "\"sub\":\"auth0|alice\",\"azp\":\"c\",\"user\":"
			     "\"alice\","
			     "\"iat\":%lld,\"exp\":%lld%s}",
			     now - 60, now + 600, more),
	    REASON_OK);
	token = mint_token(key, ALG_RS256, SITE_HEADER, claims.data, NULL);
	buf_free(&claims);
	return token;
}
