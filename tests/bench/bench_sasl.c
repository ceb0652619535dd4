/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exchanges per second through libsasl2, on one connection each, beside a
 * mechanism that does nothing and a raw signature check.
 *
 *     bench_sasl PLUGINS TOKEN JWK CONFIG [ROUNDS]
 *
 * PLUGINS is a directory with libaudient.so, JWK a file with the key of the
 * token.  In another realm it is another question: there the token is new.
 */
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "raw.h"

#define FILE_MAX 65536
#define BATCH	 20

static const char *plugins, *config;
static char message[FILE_MAX + 64], bad_message[FILE_MAX + 64];
static unsigned int message_len;

static void
die(const char *what)
{
	(void)fprintf(stderr, "bench_sasl: %s\n", what);
	exit(1);
}

static int
on_path(void *context, const char **path)
{
	(void)context;
	*path = plugins;
	return SASL_OK;
}

static int
on_option(void *context, const char *plugin, const char *name,
    const char **value, unsigned int *len)
{
	(void)context;
	(void)plugin;
	(void)len;
	if (strcmp(name, "audient_config") != 0)
		return SASL_FAIL;
	*value = config;
	return SASL_OK;
}

static int
on_log(void *context, int level, const char *text)
{
	(void)context;
	if (level == SASL_LOG_ERR)
		die(text);
	return SASL_OK;
}

typedef int (*callback)(void);
#define CALLBACK(f) ((callback)(void (*)(void))(f))

static const sasl_callback_t callbacks[] = {
	{ SASL_CB_GETPATH, CALLBACK(on_path), NULL },
	{ SASL_CB_GETOPT, CALLBACK(on_option), NULL },
	{ SASL_CB_LOG, CALLBACK(on_log), NULL },
	{ SASL_CB_LIST_END, NULL, NULL },
};

/* --- a mechanism that does nothing ---------------------------------------- */

static int
nothing_step(void *context, sasl_server_params_t *sparams, const char *in,
    unsigned int in_len, const char **out, unsigned int *out_len,
    sasl_out_params_t *oparams)
{
	(void)context;
	(void)in;
	(void)in_len;
	*out = NULL;
	*out_len = 0;
	oparams->doneflag = 1;
	return sparams->canon_user(sparams->utils->conn, "alice", 0,
	    SASL_CU_AUTHID | SASL_CU_AUTHZID | SASL_CU_EXTERNALLY_VERIFIED,
	    oparams);
}

static int
nothing_new(void *glob, sasl_server_params_t *sparams, const char *challenge,
    unsigned int len, void **context)
{
	(void)glob;
	(void)sparams;
	(void)challenge;
	(void)len;
	*context = NULL;
	return SASL_OK;
}

static int
nothing_plug_init(const sasl_utils_t *utils, int max, int *version,
    sasl_server_plug_t **list, int *count)
{
	static sasl_server_plug_t plug = {
		.mech_name = "NOTHING",
		.security_flags = SASL_SEC_NOANONYMOUS,
		.features = SASL_FEAT_WANT_CLIENT_FIRST,
		.mech_new = nothing_new,
		.mech_step = nothing_step,
	};

	(void)utils;
	(void)max;
	*version = SASL_SERVER_PLUG_VERSION;
	*list = &plug;
	*count = 1;
	return SASL_OK;
}

/* --- exchanges --------------------------------------------------------------
 */

static int
exchange(const char *realm, const char *mech, const char *text)
{
	const sasl_ssf_t ssf = 256;
	const char *out;
	unsigned int out_len;
	sasl_conn_t *conn;
	int rc;

	if (sasl_server_new("bench", "mail.example.com", realm, NULL, NULL,
		NULL, 0, &conn) != SASL_OK ||
	    sasl_setprop(conn, SASL_SSF_EXTERNAL, &ssf) != SASL_OK)
		die("no connection");
	rc = sasl_server_start(conn, mech, text, message_len, &out, &out_len);
	sasl_dispose(&conn);
	return rc;
}

static const char *
new_realm(void)
{
	static char name[32];
	static unsigned long n;

	(void)snprintf(name, sizeof(name), "realm-%lu", n++);
	return name;
}

static bool
nothing_and_raw(void *arg)
{
	return exchange(NULL, "NOTHING", arg) == SASL_OK && raw_run(NULL);
}

static bool
raw(void *arg)
{
	(void)arg;
	return raw_run(NULL);
}

static bool
nothing(void *arg)
{
	return exchange(NULL, "NOTHING", arg) == SASL_OK;
}

static bool
ours(void *arg)
{
	return exchange(new_realm(), "OAUTHBEARER", arg) == SASL_OK;
}

static bool
ours_seen(void *arg)
{
	return exchange(NULL, "OAUTHBEARER", arg) == SASL_OK;
}

static bool
ours_refused(void *arg)
{
	return exchange(NULL, "OAUTHBEARER", arg) == SASL_CONTINUE;
}

static struct candidate candidates[] = {
	{ "no mechanism, EVP_PKEY_verify", nothing_and_raw, message, BATCH,
	    NULL, NULL },
	{ "EVP_PKEY_verify alone", raw, NULL, BATCH, NULL, NULL },
	{ "no mechanism", nothing, message, BATCH, NULL, NULL },
	{ "OAUTHBEARER", ours, message, BATCH, NULL, NULL },
	{ "OAUTHBEARER, token seen before", ours_seen, message, BATCH, NULL,
	    NULL },
	{ "OAUTHBEARER, signature spoiled", ours_refused, bad_message, BATCH,
	    NULL, NULL },
};
#define N (sizeof(candidates) / sizeof(candidates[0]))

static void
make_messages(const char *token)
{
	char *spoiled;

	message_len = (unsigned int)snprintf(message, sizeof(message),
	    "n,,\1auth=Bearer %s\1\1", token);
	memcpy(bad_message, message, sizeof(message));
	spoiled = strrchr(bad_message, '.') + 20;
	*spoiled = *spoiled == 'A' ? 'B' : 'A';
}

int
main(int argc, char **argv)
{
	static char token[FILE_MAX], text[FILE_MAX];
	size_t rounds = 101;
	json_t *jwk;

	if (argc < 5)
		die("usage: bench_sasl PLUGINS TOKEN JWK CONFIG [ROUNDS]");
	if (argc > 5)
		rounds = strtoul(argv[5], NULL, 10);
	plugins = argv[1];
	config = argv[4];
	if (!bench_slurp(argv[2], token, FILE_MAX) ||
	    !bench_slurp(argv[3], text, FILE_MAX) ||
	    (jwk = json_loads(text, 0, NULL)) == NULL)
		die("a file cannot be read");
	raw_open(token, jwk);
	make_messages(token);
	if (sasl_server_init(callbacks, "bench") != SASL_OK ||
	    sasl_server_add_plugin("nothing", nothing_plug_init) != SASL_OK)
		die("libsasl2 does not start");
	if (!bench_run(candidates, N, rounds))
		return 1;
	(void)
	    printf("one exchange, a token of %zu bytes, %zu rounds in turns\n",
		strlen(token), rounds);
	bench_print(candidates, N, rounds);
	sasl_server_done();
	return 0;
}
