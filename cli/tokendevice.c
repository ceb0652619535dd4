/* SPDX-License-Identifier: BSD-2-Clause */
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "qr.h"
#include "token.h"

#define QR_MAX	   (16 * 1024)
#define TEXT_LINES 5 /* besides the QR code */
#define TICK_MS	   1000

static void
draw(const char *page)
{
	struct buf qr = BUF_INIT(QR_MAX);
	struct winsize size;

	(void)setlocale(LC_CTYPE, "");
	if (page[0] != '\0' && isatty(STDERR_FILENO) &&
	    strcmp(nl_langinfo(CODESET), "UTF-8") == 0 &&
	    ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 &&
	    qr_draw(page, size.ws_col, size.ws_row - TEXT_LINES, &qr))
		(void)fputs(qr.data, stderr);
	buf_free(&qr);
}

/* Time left, on a line that is written again and again. */
static void
tick(const struct audient_device *device, bool is_tty)
{
	struct audient_device_view view;

	if (!is_tty)
		return;
	audient_device_show(device, &view);
	(void)fprintf(stderr, "\rWaiting for you to confirm, %d:%02d left ",
	    view.seconds_left / 60, view.seconds_left % 60);
}

static void
show(const struct audient_device *device, bool has_qr, bool is_tty)
{
	struct audient_device_view view;

	audient_device_show(device, &view);
	(void)fputs("Log in with a browser to get a token:\n", stderr);
	if (has_qr)
		draw(view.whole);
	(void)fprintf(stderr, "  Open %s\n  and enter the code %s\n", view.page,
	    view.user_code);
	if (!is_tty)
		(void)fprintf(stderr,
		    "Waiting for you to confirm, %d minutes at most\n",
		    (view.seconds_left + 59) / 60);
}

/* A question is due later; the clock is to be seen meanwhile. */
static void
wait_until_due(const struct audient_device *device, bool is_tty)
{
	int left;

	while ((left = audient_device_due(device)) > 0) {
		tick(device, is_tty);
		(void)poll(NULL, 0, left < TICK_MS ? left : TICK_MS);
	}
}

enum reason
login_by_device(struct audient *audient, const struct audient_grant *grant,
    bool has_qr, struct audient_tokens *tokens)
{
	const bool is_tty = isatty(STDERR_FILENO);
	struct audient_device *device;
	char why[AUDIENT_LINE_MAX];
	enum reason reason;
	bool again = true;

	reason = audient_device_start(audient, grant, &device, why);
	if (reason == REASON_OK)
		show(device, has_qr, is_tty);
	while (device != NULL && again) {
		wait_until_due(device, is_tty);
		audient_tokens_clear(tokens);
		reason = audient_device_poll(device, tokens, &again, why);
		if (again && reason != REASON_DEVICE_UNCONFIRMED)
			(void)fprintf(stderr, "%s%s\n", is_tty ? "\n" : "",
			    why);
	}
	if (device != NULL && is_tty)
		(void)fputs("\n", stderr);
	if (reason != REASON_OK)
		(void)fprintf(stderr, "audient token: %s%s%s\n",
		    reason_text(reason),
		    strcmp(why, reason_text(reason)) != 0 ? ": " : "",
		    strcmp(why, reason_text(reason)) != 0 ? why : "");
	audient_device_close(device);
	return reason;
}
