/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_PAM_JOURNAL_H
#define AUDIENT_PAM_JOURNAL_H

#include <security/pam_modules.h>

#include "audient.h"

/*
 * Logs an audit line: to the journal of systemd, with a field for each pair
 * of the line, or else to syslog, never to both.  phase is the one that PAM
 * is in, "auth" or "session".
 */
void journal_log(pam_handle_t *pamh, const char *phase, int level,
    const struct audient_line *line);

#endif
