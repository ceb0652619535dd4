/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_FUZZ_RELAY_H
#define AUDIENT_FUZZ_RELAY_H

#include <security/pam_modules.h>

/*
 * libpam loads pam_relay.so, and that calls the module which is linked with
 * the program: there its calls can be made to fail.
 */
#define RELAY "fuzz_relay"

typedef int relay_call(pam_handle_t *pamh, int flags, int argc,
    const char **argv);

struct relay {
	relay_call *authenticate;
	relay_call *setcred;
	relay_call *acct_mgmt;
	relay_call *open_session;
	relay_call *close_session;
	/* what an earlier module of the stack has asked for, or NULL */
	const char *authtok;
};

#endif
