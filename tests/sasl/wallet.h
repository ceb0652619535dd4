/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_TEST_WALLET_H
#define AUDIENT_TEST_WALLET_H

#include "host.h"
#include "unit.h"

#define OB "OAUTHBEARER"
#define X2 "XOAUTH2"

/* What the services of the wallet's configuration ask of a token. */
#define WALLET_CONF                                            \
	SITE_ONE "[service smtp]\nrequired_scopes = mail\n"    \
		 "[service pop]\nrequired_permissions = pop\n" \
		 "[service svn]\ntls = host-enforced\n"

/* What clients are told by it. */
#define DISCOVERY                   \
	"\"openid-configuration\":" \
	"\"https://a.example.com/.well-known/openid-configuration\"}"
#define SAYS(word) "{\"status\":\"" word "\"," DISCOVERY
#define SAYS_SCOPE(word) \
	"{\"status\":\"" word "\",\"scope\":\"mail\"," DISCOVERY
#define SAYS_X2(number) "{\"status\":\"" number "\",\"schemes\":\"bearer\"}"
#define SAYS_X2_SCOPE(number)                                          \
	"{\"status\":\"" number "\",\"schemes\":\"bearer\",\"scope\":" \
	"\"mail\"}"

/* Tokens of alice's, good and bad, made when a program starts. */
enum which {
	NONE,
	GOOD,
	EXPIRED,
	EARLY,
	OTHER_AUDIENCE,
	OTHER_ISSUER,
	NO_NAME,
	BAD_SIGNATURE,
	OTHER_KEY,
	ENCRYPTED,
	TRUNCATED,
	CONSTRAINED,
	TOKENS,
};

extern struct site site;
extern struct option options[2]; /* the site's configuration */
extern char *tokens[TOKENS];

/*
 * For cmocka: a site with WALLET_CONF and the tokens; the first one opens a
 * host besides.  The second puts all of it away.
 */
int wallet_open_host(void **state);
int wallet_open(void **state);
int wallet_close(void **state);

#endif
