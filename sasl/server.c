/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's plug-in for Cyrus SASL: what libsasl2 calls when it loads and
 * lists mechanisms.  exchange.c has what follows.
 */
#include <stdatomic.h>
#include <string.h>

#include "exchange.h"

#define MECHS	    2
#define SERVICE_MAX 64 /* as in the names of sections */

/* Of the whole process; the framework frees it once per mechanism. */
struct plugin {
	atomic_int refs;
	atomic_bool has_complained;
	const sasl_utils_t *utils;
	struct audient *audient;
	char service[SERVICE_MAX + 1];
	struct offer {
		struct mech mech; /* glob_context points here */
		struct plugin *plugin;
	} offer[MECHS];
	sasl_server_plug_t list[MECHS];
};

/* Said once: every connection gets here. */
static void
complain(struct plugin *plugin, sasl_server_params_t *sparams,
    const char *service, const char *key)
{
	if (!atomic_exchange(&plugin->has_complained, true))
		sparams->utils->log(sparams->utils->conn, SASL_LOG_ERR,
		    PLUGIN ": OAUTHBEARER and XOAUTH2 are not offered: for "
			   "the service \"%s\" the key \"%s\" is missing in "
			   "audient.conf",
		    service, key);
}

static int
on_avail(void *glob, sasl_server_params_t *sparams, void **context)
{
	struct offer *offer = glob;
	const char *name = exchange_service(&offer->mech, sparams);
	struct audient_service service;

	*context = NULL;
	audient_get_service(offer->mech.audient, name, &service);
	if (service.problem != NULL) {
		complain(offer->plugin, sparams, name, service.problem);
		return SASL_NOMECH;
	}
	return exchange_has_tls(&offer->mech, sparams) ? SASL_OK : SASL_NOTDONE;
}

static void
on_free(void *glob, const sasl_utils_t *utils)
{
	const struct offer *offer = glob;
	struct plugin *plugin = offer->plugin;

	if (atomic_fetch_sub(&plugin->refs, 1) > 1)
		return;
	audient_close(plugin->audient);
	utils->free(plugin);
}

static void
on_log(void *arg, bool is_warning, const char *text)
{
	const struct plugin *plugin = arg;

	plugin->utils->log(NULL, is_warning ? SASL_LOG_ERR : SASL_LOG_DEBUG,
	    PLUGIN ": %s", text);
}

/* 389-ds says SASL_OK for any option and leaves the value NULL. */
static const char *
option(const sasl_utils_t *utils, const char *name)
{
	const char *value = NULL;

	if (utils->getopt(utils->getopt_context, PLUGIN, name, &value, NULL) !=
		SASL_OK ||
	    value == NULL || value[0] == '\0')
		return NULL;
	return value;
}

/* A bearer token is a reusable secret in the clear: no NOPLAINTEXT. */
static void
fill_in(struct plugin *plugin)
{
	static const char *const names[MECHS] = {
		[DIALECT_OAUTHBEARER] = "OAUTHBEARER",
		[DIALECT_XOAUTH2] = "XOAUTH2",
	};

	atomic_init(&plugin->refs, MECHS);
	for (int i = 0; i < MECHS; i++) {
		plugin->offer[i].plugin = plugin;
		plugin->offer[i].mech = (struct mech){
			.name = names[i],
			.dialect = (enum dialect)i,
			.audient = plugin->audient,
			.service =
			    plugin->service[0] != '\0' ? plugin->service : NULL,
		};
		plugin->list[i] = (sasl_server_plug_t){
			.mech_name = names[i],
			.security_flags =
			    SASL_SEC_NOANONYMOUS | SASL_SEC_PASS_CREDENTIALS,
			.features = SASL_FEAT_WANT_CLIENT_FIRST |
			    SASL_FEAT_ALLOWS_PROXY,
			.glob_context = &plugin->offer[i],
			.mech_new = exchange_new,
			.mech_step = exchange_step,
			.mech_dispose = exchange_dispose,
			.mech_free = on_free,
			.mech_avail = on_avail,
		};
	}
}

/* Copied: nobody says how long the host keeps its options. */
static bool
take_service(const sasl_utils_t *utils, struct plugin *plugin)
{
	const char *service = option(utils, "audient_service");

	if (service == NULL)
		return true;
	if (strlen(service) > SERVICE_MAX) {
		utils->log(NULL, SASL_LOG_ERR,
		    PLUGIN ": the option audient_service is too long; it is "
			   "the name of a section [service NAME] of "
			   "audient.conf");
		return false;
	}
	memcpy(plugin->service, service, strlen(service) + 1);
	return true;
}

static int
open_plugin(const sasl_utils_t *utils, const char *config,
    struct plugin **pluginp)
{
	struct audient_options options = { .config = config,
		.is_long_lived = true,
		.log = { .line = on_log } };
	char problem[AUDIENT_LINE_MAX];
	struct plugin *plugin;

	if ((plugin = utils->malloc(sizeof(*plugin))) == NULL)
		return SASL_NOMEM;
	memset(plugin, 0, sizeof(*plugin));
	plugin->utils = utils;
	options.log.arg = plugin;
	if (!take_service(utils, plugin)) {
		utils->free(plugin);
		return SASL_BADPARAM;
	}
	if (audient_open(&plugin->audient, &options, problem) != REASON_OK) {
		utils->log(NULL, SASL_LOG_ERR, PLUGIN ": %s", problem);
		utils->free(plugin);
		return SASL_BADPARAM;
	}
	fill_in(plugin);
	*pluginp = plugin;
	return SASL_OK;
}

/*
 * The table of functions that the framework passes has changed between its
 * releases without a word in any version number but this.
 */
static bool
is_our_library(void)
{
	int major = 0, minor = 0;

	sasl_version_info(NULL, NULL, &major, &minor, NULL, NULL);
	return major == SASL_VERSION_MAJOR && minor == SASL_VERSION_MINOR;
}

EXPORT int sasl_server_plug_init(const sasl_utils_t *utils, int max_version,
    int *out_version, sasl_server_plug_t **list, int *count);

/*
 * Every program that calls sasl_server_init(3) gets here.  Where nobody
 * wrote a configuration the plugin has to be as good as absent:
 * SASL_NOUSER registers a mechanism that is never offered.
 */
EXPORT int
sasl_server_plug_init(const sasl_utils_t *utils, int max_version,
    int *out_version, sasl_server_plug_t **list, int *count)
{
	struct plugin *plugin = NULL;
	const char *config;
	int rc;

	if (max_version < SASL_SERVER_PLUG_VERSION || !is_our_library())
		return SASL_BADVERS;
	*out_version = SASL_SERVER_PLUG_VERSION;
	*list = NULL;
	*count = 0;
	config = option(utils, "audient_config");
	if (config == NULL && !audient_is_configured(NULL))
		return SASL_NOUSER;
	if ((rc = open_plugin(utils, config, &plugin)) != SASL_OK)
		return rc;
	*list = plugin->list;
	*count = MECHS;
	return SASL_OK;
}
