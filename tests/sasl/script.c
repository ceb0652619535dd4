/* SPDX-License-Identifier: BSD-2-Clause */
#include "script.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *home;

const struct option script_options[] = { { "audient_token_file", "audient" },
	{ NULL, NULL } };

void
script_put(const char *script, mode_t mode)
{
	char *text;

	(void)unlink(AUDIENT_COMMAND);
	(void)rmdir(AUDIENT_COMMAND);
	if (script == NULL)
		return;
	assert_true(asprintf(&text, "%s%s\n",
			strncmp(script, "#!", 2) == 0 ? "" : "#!/bin/sh\n",
			script) > 0);
	unit_write(AUDIENT_COMMAND, span_of(text), mode);
	free(text);
}

const char *
script_login(int *rc)
{
	const struct knows knows = { .authname = "alice" };
	static char said[512];
	struct caller caller;

	assert_int_equal(client_open_with(sasl_client_plug_init,
			     script_options),
	    SASL_OK);
	caller_open(&caller, &knows);
	*rc = caller_start(&caller, OB);
	(void)snprintf(said, sizeof(said), "%s",
	    *rc == SASL_CONTINUE ? caller.out : caller_error(&caller));
	caller_close(&caller);
	sides_close();
	return said;
}

char *
script_left(const char *name)
{
	char *path = unit_path(home, name), text[256] = "";
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		(void)close(fd);
	(void)unlink(path);
	free(path);
	assert_true(n >= 0);
	text[n] = '\0';
	return strdup(text);
}

void
script_is_gone(const char *row)
{
	char *pid = script_left("pid");

	row_true(row, pid[0] == '\0' || kill(atoi(pid), 0) != 0);
	free(pid);
}

int
script_open(void **state)
{
	(void)state;
	home = unit_dir();
	assert_int_equal(setenv("HOME", home, 1), 0);
	assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
	assert_int_equal(unsetenv("XDG_RUNTIME_DIR"), 0);
	return 0;
}

int
script_close(void **state)
{
	(void)state;
	script_put(NULL, 0);
	unit_dir_remove(home);
	return 0;
}
