/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deny.h"
#include "file.h"
#include "handle.h"

/* problem = "path:line: what" */
static void
say(char *problem, const char *path, unsigned int line, const char *what)
{
	char where[16] = "";

	if (line != 0)
		(void)snprintf(where, sizeof(where), "%u:", line);
	(void)snprintf(problem, AUDIENT_LINE_MAX, "%s:%s %s", path, where,
	    what);
}

/* %h: what hostname(1) prints, in lower case */
static void
get_host(char host[HANDLE_HOST_SIZE])
{
	if (gethostname(host, HANDLE_HOST_SIZE) != 0)
		host[0] = '\0';
	host[HANDLE_HOST_SIZE - 1] = '\0';
	for (char *p = host; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
}

/* Puts the tree in front of a path; one that is not set stays that way. */
static bool
put_below(const char *root, char **path)
{
	char *joined;

	if (*path == NULL)
		return true;
	if (asprintf(&joined, "%s%s", root, *path) == -1)
		return false;
	free(*path);
	*path = joined;
	return true;
}

static bool
put_default(char **path, const char *value)
{
	return *path != NULL || (*path = strdup(value)) != NULL;
}

/* The tree's own paths, of what the file says and of what it leaves out. */
static enum reason
move_below(struct conf *conf, const char *root)
{
	bool ok = put_default(&conf->cache_dir, CACHE_DIR) &&
	    put_default(&conf->helper, FETCH_HELPER) &&
	    put_below(root, &conf->cache_dir) && put_below(root, &conf->helper);

	for (size_t i = 0; i < conf->n_tenants; i++)
		ok = ok && put_below(root, &conf->tenant[i].jwks_file) &&
		    put_below(root, &conf->tenant[i].ca_file);
	for (size_t i = 0; i < conf->n_services; i++)
		ok = ok &&
		    put_below(root, &conf->service[i].identity.user_map) &&
		    put_below(root, &conf->service[i].deny_file);
	return ok ? REASON_OK : REASON_OUT_OF_MEMORY;
}

static enum reason
parse_conf(struct audient *a, const struct audient_options *options,
    const char *name, struct span text, char *problem)
{
	struct conf_error error;
	enum reason reason;

	get_host(a->host);
	reason = options->is_client
	    ? conf_parse_client(text, a->host, &a->conf, &error)
	    : conf_parse(text, a->host, &a->conf, &error);
	if (reason == REASON_CONFIG_INVALID)
		say(problem, name, error.line, error.what.s);
	return reason;
}

static enum reason
read_conf(struct audient *a, const struct audient_options *options,
    char *problem)
{
	const char *path =
	    options->config != NULL ? options->config : CONFIG_FILE;
	struct buf text = BUF_INIT(CONF_FILE_MAX);
	enum reason reason;
	struct text why;

	if (options->text != NULL)
		return parse_conf(a, options, "command line",
		    span_of(options->text), problem);
	text_clear(&why);
	if ((reason = file_read(path, &text, &why)) != REASON_OK)
		say(problem, path, 0, why.s);
	else
		reason = parse_conf(a, options, path, buf_span(&text), problem);
	buf_free(&text);
	return reason;
}

static enum reason
parse_map(struct span text, void **objectp, unsigned int *line,
    struct text *why)
{
	struct usermap *map = NULL;
	enum reason reason = usermap_parse(text, &map, line, why);

	*objectp = map;
	return reason;
}

static void
free_map(void *map)
{
	usermap_free(map);
}

static enum reason
parse_deny(struct span text, void **objectp, unsigned int *line,
    struct text *why)
{
	struct deny *deny = NULL;
	enum reason reason = deny_parse(text, &deny, line, why);

	*objectp = deny;
	return reason;
}

static void
free_deny(void *deny)
{
	deny_free(deny);
}

static const struct watch_kind map_kind = { USERMAP_FILE_MAX, parse_map,
	free_map };
static const struct watch_kind deny_kind = { DENY_FILE_MAX, parse_deny,
	free_deny };

static enum reason
open_file(struct watched **watchedp, const char *path,
    const struct watch_kind *kind, char *problem)
{
	enum reason reason;
	struct text why;

	if (path == NULL)
		return REASON_OK;
	text_clear(&why);
	reason = watch_open(watchedp, path, kind, &why);
	if (reason != REASON_OK)
		(void)snprintf(problem, AUDIENT_LINE_MAX, "%s",
		    why.len > 0 ? why.s : reason_text(reason));
	return reason;
}

/* Those of one service, if only one will be asked for. */
static enum reason
open_files(struct audient *a, const struct audient_options *options,
    char *problem)
{
	const struct service *wanted = options->service != NULL
	    ? conf_service(a->conf, options->service)
	    : NULL;
	enum reason reason;

	a->files = calloc(a->conf->n_services, sizeof(*a->files));
	if (a->files == NULL)
		return REASON_OUT_OF_MEMORY;
	for (size_t i = 0; i < a->conf->n_services; i++) {
		const struct service *service = &a->conf->service[i];

		if ((wanted != NULL && wanted != service) ||
		    options->root != NULL)
			continue;
		if ((reason = open_file(&a->files[i].user_map,
			 service->identity.user_map, &map_kind, problem)) !=
			REASON_OK ||
		    (reason = open_file(&a->files[i].deny_file,
			 service->deny_file, &deny_kind, problem)) != REASON_OK)
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
	if (options->is_long_lived &&
	    ((reason = seen_open(&a->seen)) != REASON_OK ||
		(reason = tally_open(&a->tally)) != REASON_OK))
		return reason;
	if ((reason = fetcher_open(&a->world.fetcher,
		 conf->helper != NULL ? conf->helper : FETCH_HELPER,
		 options->is_long_lived)) != REASON_OK ||
	    (reason = crypto_open(&a->world.crypto)) != REASON_OK ||
	    (reason = cache_open(&a->world.cache,
		 conf->cache_dir != NULL ? conf->cache_dir : CACHE_DIR,
		 &a->world.crypto, options->root == NULL)) != REASON_OK)
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
	struct audient *a;
	enum reason reason;

	*audientp = NULL;
	(void)snprintf(problem, AUDIENT_LINE_MAX, "%s",
	    reason_text(REASON_OUT_OF_MEMORY));
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return REASON_OUT_OF_MEMORY;
	if ((reason = forked_open(&a->forked)) != REASON_OK ||
	    (reason = read_conf(a, options, problem)) != REASON_OK ||
	    (options->root != NULL &&
		(reason = move_below(a->conf, options->root)) != REASON_OK) ||
	    (!options->is_client &&
		(reason = open_files(a, options, problem)) != REASON_OK) ||
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
	for (size_t i = 0; a->files != NULL && i < a->conf->n_services; i++) {
		watch_close(a->files[i].user_map);
		watch_close(a->files[i].deny_file);
	}
	free(a->files);
	if (a->tally != NULL && !forked_is_child(&a->forked))
		tally_write(a->tally, a->world.cache);
	tally_close(a->tally);
	seen_close(a->seen);
	fetcher_close(a->world.fetcher);
	cache_close(a->world.cache);
	crypto_close(&a->world.crypto);
	conf_free(a->conf);
	forked_close(&a->forked);
	free(a);
}

static void
restore(void *arg)
{
	struct audient *a = arg;

	fetcher_after_fork(a->world.fetcher);
	for (size_t i = 0; i < a->conf->n_tenants; i++)
		keyset_after_fork(a->keyset[i]);
	for (size_t i = 0; i < a->conf->n_services; i++) {
		watch_after_fork(a->files[i].user_map);
		watch_after_fork(a->files[i].deny_file);
	}
	if (a->seen != NULL)
		seen_after_fork(a->seen);
	if (a->tally != NULL)
		tally_after_fork(a->tally);
}

void
audient_after_fork(struct audient *a)
{
	forked_settle(&a->forked, restore, a);
}

bool
audient_is_configured(const char *config)
{
	struct stat st;

	return stat(config != NULL ? config : CONFIG_FILE, &st) == 0 ||
	    (errno != ENOENT && errno != ENOTDIR);
}
