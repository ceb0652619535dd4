/* SPDX-License-Identifier: BSD-2-Clause */
#include "fakedevice.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "audient.h"
#include "wrapped.h"

struct fakedevice fakedevice;

void *
__wrap_malloc(size_t n)
{
	return fakepam_fails() ? NULL : __real_malloc(n);
}

int __real_ioctl(int fd, unsigned long what, void *arg);
int __wrap_ioctl(int fd, unsigned long what, void *arg);
char *__wrap_nl_langinfo(int item);

int
__wrap_ioctl(int fd, unsigned long what, void *arg)
{
	if (what != TIOCGWINSZ)
		return __real_ioctl(fd, what, arg);
	if (fakedevice.rows == 0)
		return -1;
	*(struct winsize *)arg = (struct winsize){ .ws_col = 80,
		.ws_row = (unsigned short)fakedevice.rows };
	return 0;
}

char *
__wrap_nl_langinfo(int item)
{
	(void)item;
	return (char *)(uintptr_t)(fakedevice.codeset != NULL
		? fakedevice.codeset
		: "UTF-8");
}

enum reason __wrap_audient_device_start(struct audient *a,
    const struct audient_grant *grant, struct audient_device **device,
    char *why);
enum reason __wrap_audient_device_poll(struct audient_device *device,
    struct audient_tokens *tokens, bool *again, char *why);
void __wrap_audient_device_show(const struct audient_device *device,
    struct audient_device_view *out);
void __wrap_audient_device_close(struct audient_device *device);

enum reason
__wrap_audient_device_start(struct audient *a,
    const struct audient_grant *grant, struct audient_device **device,
    char *why)
{
	(void)a;
	(void)grant;
	*device = NULL;
	(void)snprintf(why, AUDIENT_LINE_MAX, "a line");
	if (fakepam_fails())
		return REASON_OUT_OF_MEMORY;
	return fakedevice.start;
}

enum reason
__wrap_audient_device_poll(struct audient_device *device,
    struct audient_tokens *tokens, bool *again, char *why)
{
	const enum reason reason = *fakedevice.polls;

	(void)device;
	*tokens = (struct audient_tokens){ .access = BUF_INIT(FAKEPAM_TEXT) };
	why[0] = '\0';
	*again = reason == REASON_DEVICE_UNCONFIRMED ||
	    reason == REASON_ISSUER_UNAVAILABLE;
	if (*again && *++fakedevice.polls == REASON_INTERNAL)
		*again = false; /* it is too late */
	if (reason == REASON_OK)
		return buf_add_str(&tokens->access, fakedevice.confirmed);
	return reason;
}

void
__wrap_audient_device_show(const struct audient_device *device,
    struct audient_device_view *out)
{
	(void)device;
	*out = (struct audient_device_view){ .page = FAKEDEVICE_PAGE,
		.whole = fakedevice.whole != NULL ? fakedevice.whole
						  : FAKEDEVICE_PAGE
		    "?user_code=" FAKEDEVICE_CODE,
		.user_code = FAKEDEVICE_CODE,
		.host = "host",
		.seconds_left = 60 };
}

void
__wrap_audient_device_close(struct audient_device *device)
{
	(void)device;
}
