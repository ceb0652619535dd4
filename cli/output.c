/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "output.h"

bool
print_json(json_t *json)
{
	const bool ok = json != NULL &&
	    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 &&
	    putchar('\n') != EOF;

	if (json == NULL)
		(void)complain(NULL, "out of memory");
	json_decref(json);
	return ok;
}

void
show_seconds(int64_t seconds, char *out, size_t size)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "days" }, { 3600, "hours" }, { 60, "minutes" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (seconds >= 2 * units[i].seconds) {
			(void)snprintf(out, size, "%lld %s",
			    (long long)(seconds / units[i].seconds),
			    units[i].name);
			return;
		}
	(void)snprintf(out, size, "%lld second%s", (long long)seconds,
	    seconds == 1 ? "" : "s");
}

static bool
fail(const char *path)
{
	(void)complain(NULL, "%s: %s", path, strerror(errno));
	return false;
}

static bool
fill(int fd, struct span text, mode_t mode)
{
	while (text.len > 0) {
		const ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text.ptr += n;
		text.len -= (size_t)n;
	}
	return fchmod(fd, mode) == 0 && fsync(fd) == 0;
}

/* Without its new name a file must not stay under the old one. */
static bool
put_in_place(const char *from, const char *to, bool may_replace)
{
	/* link(2) never overwrites */
	const bool ok =
	    may_replace ? rename(from, to) == 0 : link(from, to) == 0;
	const int why = errno;

	if (!ok || !may_replace)
		(void)unlink(from);
	errno = why;
	return ok;
}

bool
write_file(const char *path, struct span text, mode_t mode, bool may_replace)
{
	char *name;
	bool ok;
	int fd;

	if (asprintf(&name, "%s.XXXXXX", path) < 0) {
		errno = ENOMEM;
		return fail(path);
	}
	if ((fd = mkostemp(name, O_CLOEXEC)) < 0) {
		ok = fail(path);
		free(name);
		return ok;
	}
	ok = fill(fd, text, mode);
	if (close(fd) != 0)
		ok = false;
	if (!ok)
		(void)unlink(name);
	else
		ok = put_in_place(name, path, may_replace);
	free(name);
	return ok || fail(path);
}
