/* SPDX-License-Identifier: BSD-2-Clause */
#include "journal.h"

#include <endian.h>
#include <errno.h>
#include <security/pam_ext.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#define DATAGRAM_MAX 8192
#define FIELD_MAX    64

/*
 * A field of the journal's native protocol: name, newline, length, value,
 * newline.  In this form a value can say nothing but itself.
 */
static enum reason
put(struct buf *b, const char *name, struct span value)
{
	const uint64_t length = htole64(value.len);
	enum reason reason;

	if ((reason = buf_printf(b, "%s\n", name)) != REASON_OK ||
	    (reason = buf_add(b, &length, sizeof(length))) != REASON_OK ||
	    (reason = buf_add(b, value.ptr, value.len)) != REASON_OK)
		return reason;
	return buf_add(b, "\n", 1);
}

static enum reason
put_number(struct buf *b, const char *name, int number)
{
	char digits[16];

	(void)snprintf(digits, sizeof(digits), "%d", number);
	return put(b, name, span_of(digits));
}

/* The text is what pam_syslog(3) would have made of it. */
static enum reason
put_message(struct buf *b, pam_handle_t *pamh, const char *phase,
    const struct audient_line *line)
{
	struct buf text = BUF_INIT(DATAGRAM_MAX);
	const void *service = NULL;
	enum reason reason;

	(void)pam_get_item(pamh, PAM_SERVICE, &service);
	reason = buf_printf(&text, "pam_audient(%s:%s): %s",
	    service != NULL ? (const char *)service : "<unknown>", phase,
	    line->text);
	if (reason == REASON_OK)
		reason = put(b, "MESSAGE", buf_span(&text));
	buf_free(&text);
	return reason;
}

/* AUDIENT_KEY; the host's locale has no say in what a capital is. */
static enum reason
put_pair(struct buf *b, const struct audient_pair *pair)
{
	char name[FIELD_MAX];

	(void)snprintf(name, sizeof(name), "AUDIENT_%s", pair->key);
	for (char *p = name; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return put(b, name, pair->value);
}

static enum reason
fill(struct buf *b, pam_handle_t *pamh, const char *phase, int level,
    const struct audient_line *line)
{
	enum reason reason;

	if ((reason = put_message(b, pamh, phase, line)) != REASON_OK ||
	    (reason = put_number(b, "PRIORITY", level)) != REASON_OK ||
	    (reason = put_number(b, "SYSLOG_FACILITY",
		 LOG_FAC(LOG_AUTHPRIV))) != REASON_OK ||
	    (reason = put(b, "SYSLOG_IDENTIFIER",
		 span_of(program_invocation_short_name))) != REASON_OK)
		return reason;
	for (size_t i = 0; i < line->n_pairs; i++)
		if ((reason = put_pair(b, line->pairs + i)) != REASON_OK)
			return reason;
	return REASON_OK;
}

/* All or nothing, and at once: a login does not wait for its log. */
static bool
send_off(struct span datagram)
{
	const struct sockaddr_un journal = { .sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket" };
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t n;

	if (fd < 0)
		return false;
	n = sendto(fd, datagram.ptr, datagram.len, MSG_DONTWAIT | MSG_NOSIGNAL,
	    (const struct sockaddr *)&journal, sizeof(journal));
	(void)close(fd);
	return n >= 0;
}

void
journal_log(pam_handle_t *pamh, const char *phase, int level,
    const struct audient_line *line)
{
	struct buf datagram = BUF_INIT(DATAGRAM_MAX);

	if (fill(&datagram, pamh, phase, level, line) != REASON_OK ||
	    !send_off(buf_span(&datagram)))
		pam_syslog(pamh, level, "%s", line->text);
	buf_free(&datagram);
}
