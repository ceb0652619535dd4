/* SPDX-License-Identifier: BSD-2-Clause */
#include "wallet.h"

#include <stdlib.h>
#include <string.h>

struct site site;
struct option options[2] = { { "audient_config", NULL } };
char *tokens[TOKENS];

static char *
spoiled(const char *token)
{
	char *s = strdup(token), *p = strrchr(s, '.') + 20;

	*p = *p == 'A' ? 'B' : 'A';
	return s;
}

static char *
shortened(const char *token)
{
	return strndup(token, strlen(token) - 40);
}

static void
mint_tokens(void)
{
	char *claims;

	tokens[NONE] = strdup("");
	tokens[GOOD] = token_with(NULL, NULL);
	tokens[EXPIRED] = token_with(NULL, "\"exp\":1600000000");
	tokens[EARLY] = token_with(NULL, "\"nbf\":4000000000");
	tokens[OTHER_AUDIENCE] = token_with(NULL, "\"aud\":\"https://b/\"");
	tokens[OTHER_ISSUER] = token_with(NULL, "\"iss\":\"" SITE_B "\"");
	tokens[NO_NAME] = token_with("user", NULL);
	tokens[BAD_SIGNATURE] = spoiled(tokens[GOOD]);
	claims = unit_merge(SITE_CLAIMS, NULL, NULL);
	tokens[OTHER_KEY] =
	    mint_token(MINT_RSA_OTHER, ALG_RS256, SITE_HEADER, claims, NULL);
	free(claims);
	tokens[ENCRYPTED] = strdup(
	    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.QUFB.QUFB.QUFB."
	    "QUFB");
	tokens[TRUNCATED] = shortened(tokens[GOOD]);
	tokens[CONSTRAINED] = token_with(NULL, "\"cnf\":{\"jkt\":\"x\"}");
}

int
wallet_open(void **state)
{
	(void)state;
	site_make(&site);
	site_configure(&site, WALLET_CONF);
	options[0].value = site.conf;
	mint_tokens();
	return 0;
}

int
wallet_open_host(void **state)
{
	(void)wallet_open(state);
	assert_int_equal(host_open(options), SASL_OK);
	if (host_lines(SASL_LOG_ERR) > 0)
		fail_msg("%s", host_log());
	return 0;
}

int
wallet_close(void **state)
{
	(void)state;
	sides_close();
	for (size_t i = 0; i < TOKENS; i++)
		free(tokens[i]);
	site_remove(&site);
	mint_end();
	return 0;
}
