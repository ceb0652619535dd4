/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "handle.h"

#define HOST_SIZE 256

/* problem = "path:line: what" */
static enum reason
say(char *problem, const char *path, unsigned int line, const char *what)
{
	char where[16] = "";

	if (line != 0)
		(void)snprintf(where, sizeof(where), "%u:", line);
	(void)snprintf(problem, AUDIENT_LINE_MAX, "%s:%s %s", path, where,
	    what);
	return REASON_CONFIG_INVALID;
}

/* %h: what hostname(1) prints, in lower case */
static void
get_host(char host[HOST_SIZE])
{
	if (gethostname(host, HOST_SIZE) != 0)
		host[0] = '\0';
	host[HOST_SIZE - 1] = '\0';
	for (char *p = host; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
}

static enum reason
read_conf(struct audient *a, const char *path, char *problem)
{
	struct buf text = BUF_INIT(CONF_FILE_MAX);
	struct conf_error error;
	char host[HOST_SIZE];
	enum reason reason;
	struct text why;

	text_clear(&why);
	get_host(host);
	if ((reason = file_read(path, &text, &why)) != REASON_OK)
		(void)say(problem, path, 0, why.s);
	else if ((reason = conf_parse(buf_span(&text), host, &a->conf,
		      &error)) == REASON_CONFIG_INVALID)
		(void)say(problem, path, error.line, error.what.s);
	buf_free(&text);
	return reason;
}

static enum reason
read_map(struct identity_rules *rules, char *problem)
{
	struct buf text = BUF_INIT(USERMAP_FILE_MAX);
	unsigned int line = 0;
	enum reason reason;
	struct text why;

	text_clear(&why);
	if (rules->user_map == NULL)
		return REASON_OK;
	if ((reason = file_read(rules->user_map, &text, &why)) != REASON_OK ||
	    (reason = usermap_parse(buf_span(&text), &rules->map, &line,
		 &why)) != REASON_OK)
		(void)say(problem, rules->user_map, line, why.s);
	buf_free(&text);
	return reason;
}

static enum reason
read_maps(struct audient *a, const char *only, char *problem)
{
	const struct service *wanted =
	    only != NULL ? conf_service(a->conf, only) : NULL;
	enum reason reason;

	for (size_t i = 0; i < a->conf->n_services; i++) {
		if (wanted != NULL && wanted != &a->conf->service[i])
			continue;
		if ((reason = read_map(&a->conf->service[i].identity,
			 problem)) != REASON_OK)
			return reason;
	}
	return REASON_OK;
}

static enum reason
open_world(struct audient *a, const struct audient_options *options)
{
	const struct conf *conf = a->conf;
	enum reason reason;

	a->world.log = options->log;
	a->world.helper = conf->helper != NULL ? conf->helper : FETCH_HELPER;
	if ((reason = crypto_open(&a->world.crypto)) != REASON_OK ||
	    (reason = cache_open(&a->world.cache,
		 conf->cache_dir != NULL ? conf->cache_dir : CACHE_DIR,
		 &a->world.crypto)) != REASON_OK)
		return reason;
	a->keyset = calloc(conf->n_tenants, sizeof(struct keyset *));
	if (a->keyset == NULL)
		return REASON_OUT_OF_MEMORY;
	for (size_t i = 0; i < conf->n_tenants; i++)
		if ((reason = keyset_open(&a->keyset[i], &conf->tenant[i],
			 &a->world)) != REASON_OK)
			return reason;
	return REASON_OK;
}

enum reason
audient_open(struct audient **audientp, const struct audient_options *options,
    char *problem)
{
	const char *path =
	    options->config != NULL ? options->config : CONFIG_FILE;
	struct audient *a;
	enum reason reason;

	*audientp = NULL;
	(void)snprintf(problem, AUDIENT_LINE_MAX, "%s",
	    reason_text(REASON_OUT_OF_MEMORY));
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return REASON_OUT_OF_MEMORY;
	if ((reason = read_conf(a, path, problem)) != REASON_OK ||
	    (reason = read_maps(a, options->service, problem)) != REASON_OK ||
	    (reason = open_world(a, options)) != REASON_OK) {
		audient_close(a);
		return reason;
	}
	problem[0] = '\0';
	*audientp = a;
	return REASON_OK;
}

void
audient_close(struct audient *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; a->keyset != NULL && i < a->conf->n_tenants; i++)
		keyset_close(a->keyset[i]);
	free(a->keyset);
	cache_close(a->world.cache);
	crypto_close(&a->world.crypto);
	conf_free(a->conf);
	free(a);
}

bool
audient_is_configured(const char *config)
{
	return access(config != NULL ? config : CONFIG_FILE, F_OK) == 0;
}
