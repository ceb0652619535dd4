/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's plug-in called by hand: what libsasl2 promises not to do, what
 * only odd hosts do, and memory that runs out.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wallet.h"

static struct {
	const char *config; /* the option; NULL: SASL_OK and nothing */
	long allocations;   /* that are granted; -1: all */
	long held;	    /* not given back yet */
	int canon_rc;
	unsigned int canon_calls;
	char error[256];
} host;

static int
get_option(void *context, const char *plugin, const char *name,
    const char **value, unsigned int *len)
{
	(void)context;
	(void)plugin;
	(void)len;
	*value = strcmp(name, "audient_config") == 0 ? host.config : NULL;
	return SASL_OK;
}

static void *
get_memory(size_t n)
{
	void *p;

	if (host.allocations == 0)
		return NULL;
	if (host.allocations > 0)
		host.allocations--;
	if ((p = malloc(n)) != NULL)
		host.held++;
	return p;
}

static void
put_memory(void *p)
{
	assert_non_null(p);
	host.held--;
	free(p);
}

static void
set_error(sasl_conn_t *conn, unsigned int flags, const char *fmt, ...)
{
	va_list ap;

	(void)conn;
	/* the log has a line of its own, with more in it */
	assert_int_equal(flags, SASL_NOLOG);
	assert_string_equal(fmt, "%s");
	va_start(ap, fmt);
	(void)snprintf(host.error, sizeof(host.error), "%s",
	    va_arg(ap, const char *));
	va_end(ap);
}

static void
take_line(sasl_conn_t *conn, int level, const char *fmt, ...)
{
	(void)conn;
	(void)level;
	(void)fmt;
}

static int
take_name(sasl_conn_t *conn, const char *in, unsigned int len,
    unsigned int flags, sasl_out_params_t *out)
{
	(void)conn;
	assert_string_equal(in, "alice");
	assert_int_equal(len, 0);
	assert_int_equal(flags,
	    SASL_CU_AUTHID | SASL_CU_AUTHZID | SASL_CU_EXTERNALLY_VERIFIED);
	host.canon_calls++;
	out->user = out->authid = "alice";
	return host.canon_rc;
}

static const sasl_utils_t utils = { .getopt = get_option,
	.malloc = get_memory,
	.free = put_memory,
	.seterror = set_error,
	.log = take_line };

static sasl_server_plug_init_t *init;
static sasl_server_plug_t *list;
static int count;

/* A host that tells the least. */
static sasl_server_params_t sparams = { .utils = &utils,
	.canon_user = take_name,
	.external_ssf = 256 };

static int
set_up(void **state)
{
	const char *build = getenv("AUDIENT_BUILD");
	char *path;
	void *handle;

	(void)wallet_open(state);
	site_configure(&site, SITE_ONE);
	assert_true(asprintf(&path, "%s/.libs/libaudient.so",
			build != NULL ? build : ".") > 0);
	if ((handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL)
		fail_msg("%s", dlerror());
	*(void **)&init = dlsym(handle, "sasl_server_plug_init");
	assert_non_null(init);
	free(path);
	return 0;
}

static int
load(void)
{
	int version = 0;

	list = NULL;
	count = -1;
	return init(&utils, SASL_SERVER_PLUG_VERSION, &version, &list, &count);
}

static void
unload(void)
{
	for (int i = 0; i < count; i++)
		list[i].mech_free(list[i].glob_context, &utils);
	row_number("memory that is held", host.held, 0);
}

static void
reset(void)
{
	memset(&host, 0, sizeof(host));
	host.config = site.conf;
	host.allocations = -1;
}

/* What libsasl2 decides with: too many flags, and the client is in danger. */
static void
test_claims(void **state)
{
	static const char *const names[] = { OB, X2 };

	(void)state;
	reset();
	assert_int_equal(load(), SASL_OK);
	assert_int_equal(count, 2);
	for (int i = 0; i < count; i++) {
		assert_string_equal(list[i].mech_name, names[i]);
		assert_int_equal(list[i].max_ssf, 0);
		assert_int_equal(list[i].security_flags,
		    SASL_SEC_NOANONYMOUS | SASL_SEC_PASS_CREDENTIALS);
		assert_int_equal(list[i].features,
		    SASL_FEAT_WANT_CLIENT_FIRST | SASL_FEAT_ALLOWS_PROXY);
		assert_true(list[i].setpass == NULL);
		assert_true(list[i].user_query == NULL);
		assert_true(list[i].idle == NULL);
		row_count(true);
	}
	unload();
	rows_end();
}

static void
test_versions(void **state)
{
	int version = 0;

	(void)state;
	reset();
	for (int max = 0; max < SASL_SERVER_PLUG_VERSION; max++) {
		row_count(false);
		row_number("old", init(&utils, max, &version, &list, &count),
		    SASL_BADVERS);
	}
	assert_int_equal(init(&utils, SASL_SERVER_PLUG_VERSION + 1, &version,
			     &list, &count),
	    SASL_OK);
	assert_int_equal(version, SASL_SERVER_PLUG_VERSION);
	unload();
	rows_end();
}

static void
test_no_memory(void **state)
{
	void *context = NULL;

	(void)state;
	reset();
	host.allocations = 0;
	assert_int_equal(load(), SASL_NOMEM);
	reset();
	assert_int_equal(load(), SASL_OK);
	host.allocations = 0;
	assert_int_equal(list[0].mech_new(list[0].glob_context, &sparams, NULL,
			     0, &context),
	    SASL_NOMEM);
	assert_null(context);
	unload();
	row_count(false);
	rows_end();
}

/* One exchange of the i-th mechanism with these bytes. */
static int
step(int i, const char *in, unsigned int len, sasl_out_params_t *oparams)
{
	const char *out = "x";
	unsigned int out_len = 1;
	void *context = NULL;
	int rc;

	memset(oparams, 0, sizeof(*oparams));
	assert_int_equal(list[i].mech_new(list[i].glob_context, &sparams, NULL,
			     0, &context),
	    SASL_OK);
	rc = list[i].mech_step(context, &sparams, in, len, &out, &out_len,
	    oparams);
	if (rc != SASL_CONTINUE) {
		assert_null(out);
		assert_int_equal(out_len, 0);
	}
	list[i].mech_dispose(context, &utils);
	return rc;
}

static void
test_odd_hosts(void **state)
{
	char *in = bearer(NULL, tokens[GOOD]);
	const unsigned int len = (unsigned int)strlen(in);
	const char *out = "x";
	sasl_out_params_t oparams;
	unsigned int out_len = 1;
	void *context;

	(void)state;
	reset();
	assert_int_equal(load(), SASL_OK);
	list[0].mech_dispose(NULL, &utils);
	row_number("no context",
	    list[0].mech_step(NULL, &sparams, in, len, &out, &out_len,
		&oparams),
	    SASL_BADPROT);
	row_true("no output", out == NULL && out_len == 0);
	row_number("no bytes, but a length", step(0, NULL, len, &oparams),
	    SASL_BADPROT);
	row_number("bytes without a length", step(0, in, 0, &oparams),
	    SASL_BADPROT);
	row_number("one byte", step(0, in, 1, &oparams), SASL_BADPROT);
	row_number("one byte less", step(0, in, len - 1, &oparams),
	    SASL_BADPROT);
	row_true("not done", oparams.doneflag == 0);

	/* every parameter that may be missing is */
	row_number("good", step(0, in, len, &oparams), SASL_OK);
	row_number("one call", host.canon_calls, 1);
	row_true("done",
	    oparams.doneflag == 1 && oparams.mech_ssf == 0 &&
		oparams.encode == NULL && oparams.decode == NULL &&
		oparams.cbindingdisp == SASL_CB_DISP_NONE);
	row_true("avail",
	    list[0].mech_avail(list[0].glob_context, &sparams, &context) ==
		SASL_OK);

	/* the same host once more, after success */
	assert_int_equal(list[0].mech_new(list[0].glob_context, &sparams, NULL,
			     0, &context),
	    SASL_OK);
	row_number("first",
	    list[0].mech_step(context, &sparams, in, len, &out, &out_len,
		&oparams),
	    SASL_OK);
	row_number("second",
	    list[0].mech_step(context, &sparams, in, len, &out, &out_len,
		&oparams),
	    SASL_BADPROT);
	list[0].mech_dispose(context, &utils);
	unload();
	row_count(false);
	free(in);
	rows_end();
}

/* The host has the last word on names: its error is ours, and no success. */
static void
test_names_refused(void **state)
{
	static const int codes[] = { SASL_NOUSER, SASL_NOMEM, SASL_BADPROT,
		SASL_FAIL, SASL_BUFOVER };
	char *in = bearer(NULL, tokens[GOOD]);
	sasl_out_params_t oparams;

	(void)state;
	reset();
	assert_int_equal(load(), SASL_OK);
	for (size_t i = 0; i < nitems(codes); i++) {
		host.canon_rc = codes[i];
		row_count(false);
		row_number("code",
		    step(0, in, (unsigned int)strlen(in), &oparams), codes[i]);
		row_true("not done", oparams.doneflag == 0);
	}
	unload();
	free(in);
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_odd_hosts),
		cmocka_unit_test(test_names_refused),
	};

	return unit_end(cmocka_run_group_tests(tests, set_up, wallet_close));
}
