/* SPDX-License-Identifier: BSD-2-Clause */
#include "host.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

static const struct option *given;
static pthread_mutex_t noting = PTHREAD_MUTEX_INITIALIZER;
static struct buf lines, names;
static size_t counted[SASL_LOG_PASS + 2];
static bool is_server, is_client;
static char *dir; /* with the plug-ins */

typedef int (*callback)(void);

static const char *
option_named(const char *name)
{
	for (const struct option *o = given; o != NULL && o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return o->value;
	return NULL;
}

static int
on_option(void *context, const char *plugin, const char *name,
    const char **value, unsigned int *len)
{
	(void)context;
	(void)plugin;
	*value = option_named(name);
	if (option_named("389") != NULL)
		*value = NULL;
	else if (*value == NULL)
		return SASL_FAIL;
	if (len != NULL && *value != NULL)
		*len = (unsigned int)strlen(*value);
	return SASL_OK;
}

static void
add_link(const char *from, const char *name)
{
	char *what = unit_path(from, name), *where = unit_path(dir, name);
	char *real = realpath(what, NULL);

	if (real == NULL)
		fail_msg("there is no %s", what);
	if (access(where, F_OK) != 0)
		assert_int_equal(symlink(real, where), 0);
	free(real);
	free(what);
	free(where);
}

static void
add_plugin(const char *name)
{
	const char *build = getenv("AUDIENT_BUILD");
	char *libs = unit_path(build != NULL ? build : ".", ".libs");

	add_link(libs, name);
	free(libs);
}

/* Those that come with Cyrus SASL; a system may have others. */
static void
add_system_plugins(void)
{
	static const char *const modules[] = { "libanonymous.so",
		"libcrammd5.so", "liblogin.so", "libplain.so", "libscram.so" };
	char *libs;
	Dl_info info;

	assert_true(dladdr((void *)(uintptr_t)sasl_server_init, &info) != 0);
	assert_true(asprintf(&libs, "%.*s/sasl2",
			(int)(strrchr(info.dli_fname, '/') - info.dli_fname),
			info.dli_fname) > 0);
	for (size_t i = 0; i < nitems(modules); i++)
		add_link(libs, modules[i]);
	free(libs);
}

static int
on_path(void *context, const char **path)
{
	(void)context;
	*path = dir;
	return SASL_OK;
}

static int
on_log(void *context, int level, const char *message)
{
	(void)context;
	assert_in_range(level, 0, SASL_LOG_PASS);
	assert_int_equal(pthread_mutex_lock(&noting), 0);
	counted[level]++;
	assert_int_equal(buf_printf(&lines, "%d %s\n", level, message),
	    REASON_OK);
	assert_int_equal(pthread_mutex_unlock(&noting), 0);
	return SASL_OK;
}

static void log_to_system(int priority, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
log_to_system(int priority, const char *fmt, va_list ap)
{
	const int level = LOG_PRI(priority);
	char line[4096];

	(void)vsnprintf(line, sizeof(line), fmt, ap);
	(void)on_log(NULL,
	    level <= LOG_ERR	      ? SASL_LOG_ERR
		: level == LOG_NOTICE ? SASL_LOG_NOTE
				      : SASL_LOG_DEBUG,
	    line);
}

/*
 * While there is no connection libsasl2 logs to the system, whatever the host
 * has said; these stand in the place of libc's.
 */
EXPORT void __syslog_chk(int priority, int flag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

EXPORT void
__syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	log_to_system(priority, fmt, ap);
	va_end(ap);
}

/* libc's header makes a macro of it for clang */
EXPORT void(syslog)(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_to_system(priority, fmt, ap);
	va_end(ap);
}

static int
on_policy(sasl_conn_t *conn, void *context, const char *user, unsigned int ulen,
    const char *authid, unsigned int alen, const char *realm, unsigned int rlen,
    struct propctx *props)
{
	(void)conn;
	(void)context;
	(void)user;
	(void)ulen;
	(void)authid;
	(void)alen;
	(void)realm;
	(void)rlen;
	(void)props;
	return SASL_OK;
}

/* The host's own way with names: it takes them as they are, and counts. */
static int
on_name(sasl_conn_t *conn, void *context, const char *in, unsigned int len,
    unsigned int flags, const char *realm, char *out, unsigned int max,
    unsigned int *out_len)
{
	(void)conn;
	(void)context;
	(void)realm;
	if (len == 0)
		len = (unsigned int)strlen(in);
	assert_true(len < max);
	assert_int_equal(pthread_mutex_lock(&noting), 0);
	assert_int_equal(buf_printf(&names, "%u %.*s\n", flags, (int)len, in),
	    REASON_OK);
	assert_int_equal(pthread_mutex_unlock(&noting), 0);
	memcpy(out, in, len);
	out[len] = '\0';
	*out_len = len;
	return SASL_OK;
}

/* Function pointers of all sorts are kept as one sort. */
#define CALLBACK(f) ((callback)(void (*)(void))(f))

static const sasl_callback_t callbacks[] = {
	{ SASL_CB_GETOPT, CALLBACK(on_option), NULL },
	{ SASL_CB_GETPATH, CALLBACK(on_path), NULL },
	{ SASL_CB_LOG, CALLBACK(on_log), NULL },
	{ SASL_CB_CANON_USER, CALLBACK(on_name), NULL },
	{ SASL_CB_LIST_END, NULL, NULL },
};

static const sasl_callback_t with_policy[] = {
	{ SASL_CB_PROXY_POLICY, CALLBACK(on_policy), NULL },
	{ SASL_CB_LIST_END, NULL, NULL },
};

static void
prepare(const struct option *options)
{
	given = options;
	lines.max = names.max = 16 * 1024 * 1024;
	host_forget();
	if (dir == NULL)
		dir = unit_dir();
	if (option_named("system") != NULL)
		add_system_plugins();
}

int
host_open(const struct option *options)
{
	prepare(options);
	add_plugin("libaudient.so");
	is_server = true;
	return sasl_server_init(callbacks, "audient-test");
}

int
client_open(const struct option *options)
{
	prepare(options);
	add_plugin("libaudientclient.so");
	is_client = true;
	return sasl_client_init(callbacks);
}

int
client_open_with(sasl_client_plug_init_t *plugin, const struct option *options)
{
	prepare(options);
	is_client = true;
	assert_int_equal(sasl_client_init(callbacks), SASL_OK);
	return sasl_client_add_plugin("audient", plugin);
}

void
sides_close(void)
{
	if (is_client)
		(void)sasl_client_done();
	if (is_server)
		(void)sasl_server_done();
	is_client = is_server = false;
	buf_free(&lines);
	buf_free(&names);
	unit_dir_remove(dir);
	dir = NULL;
}

void
talk_open(struct talk *talk, const struct peer *peer)
{
	const sasl_ssf_t ssf = peer->no_tls ? 0
	    : peer->ssf != 0		    ? peer->ssf
					    : 256;
	const char *remote = peer->remote == NULL ? "192.0.2.7;4711"
	    : peer->remote[0] != '\0'		  ? peer->remote
						  : NULL;

	sasl_security_properties_t props = { .max_ssf = UINT_MAX,
		.maxbufsize = 65536,
		.security_flags = peer->wants };

	memset(talk, 0, sizeof(*talk));
	assert_int_equal(sasl_server_new(peer->service != NULL ? peer->service
							       : "imap",
			     "mail.example.com", peer->realm, NULL, remote,
			     peer->says_yes ? with_policy : NULL, peer->flags,
			     &talk->conn),
	    SASL_OK);
	assert_int_equal(sasl_setprop(talk->conn, SASL_SSF_EXTERNAL, &ssf),
	    SASL_OK);
	assert_int_equal(sasl_setprop(talk->conn, SASL_SEC_PROPS, &props),
	    SASL_OK);
}

/* In a block of their own, so that a sanitizer sees what is read too far. */
int
talk_start(struct talk *talk, const char *mech, struct span message)
{
	const struct span exact = unit_exact(message);

	talk->rc = sasl_server_start(talk->conn, mech,
	    message.ptr != NULL ? exact.ptr : NULL, (unsigned int)message.len,
	    &talk->out, &talk->out_len);
	unit_free(exact);
	return talk->rc;
}

int
talk_step(struct talk *talk, struct span message)
{
	const struct span exact = unit_exact(message);

	talk->rc =
	    sasl_server_step(talk->conn, message.ptr != NULL ? exact.ptr : NULL,
		(unsigned int)message.len, &talk->out, &talk->out_len);
	unit_free(exact);
	return talk->rc;
}

static const char *
property(const struct talk *talk, int which)
{
	const void *value = NULL;

	if (sasl_getprop(talk->conn, which, &value) != SASL_OK || value == NULL)
		return "";
	return value;
}

const char *
talk_user(const struct talk *talk)
{
	return property(talk, SASL_USERNAME);
}

const char *
talk_authid(const struct talk *talk)
{
	return property(talk, SASL_AUTHUSER);
}

const char *
talk_error(const struct talk *talk)
{
	const char *text = sasl_errdetail(talk->conn), *colon;

	while ((colon = strstr(text, ": ")) != NULL)
		text = colon + 2;
	return text;
}

const char *
talk_names(void)
{
	return names.data != NULL ? names.data : "";
}

void
talk_close(struct talk *talk)
{
	sasl_dispose(&talk->conn);
}

const char *
talk_mechs(const struct talk *talk)
{
	const char *list = NULL;
	unsigned int len;
	int n;

	if (sasl_listmech(talk->conn, NULL, "", " ", "", &list, &len, &n) !=
	    SASL_OK)
		return "";
	return list;
}

void
host_forget(void)
{
	buf_clear(&lines);
	buf_clear(&names);
	memset(counted, 0, sizeof(counted));
}

size_t
host_lines(int level)
{
	size_t n = 0;

	for (int i = 0; i <= SASL_LOG_PASS; i++)
		if (level == -1 || level == i)
			n += counted[i];
	return n;
}

const char *
host_log(void)
{
	return lines.data != NULL ? lines.data : "";
}

char *
bearer(const char *authzid, const char *token)
{
	char *s;

	assert_true(asprintf(&s, "n,%s%s,\1auth=Bearer %s\1\1",
			authzid != NULL ? "a=" : "",
			authzid != NULL ? authzid : "", token) > 0);
	return s;
}

char *
xoauth2(const char *user, const char *token)
{
	char *s;

	assert_true(
	    asprintf(&s, "user=%s\1auth=Bearer %s\1\1", user, token) > 0);
	return s;
}

char *
token_with(const char *without, const char *with)
{
	const long long now = (long long)time(NULL);
	char *dates, *base, *claims, *token;

	assert_true(
	    asprintf(&dates, "\"iat\":%lld,\"exp\":%lld", now, now + 600) > 0);
	base = unit_merge(SITE_CLAIMS, NULL, dates);
	claims = unit_merge(base, without, with);
	token = mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, claims, NULL);
	free(claims);
	free(base);
	free(dates);
	return token;
}
