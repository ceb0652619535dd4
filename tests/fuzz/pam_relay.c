/* SPDX-License-Identifier: BSD-2-Clause */
#include <dlfcn.h>

#include "buf.h"
#include "relay.h"

static const struct relay *
relay(void)
{
	return dlsym(RTLD_DEFAULT, RELAY);
}

EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const struct relay *r = relay();

	if (r->authtok != NULL &&
	    pam_set_item(pamh, PAM_AUTHTOK, r->authtok) != PAM_SUCCESS)
		return PAM_BUF_ERR;
	return r->authenticate(pamh, flags, argc, argv);
}

EXPORT int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return relay()->setcred(pamh, flags, argc, argv);
}

EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return relay()->acct_mgmt(pamh, flags, argc, argv);
}

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return relay()->open_session(pamh, flags, argc, argv);
}

EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return relay()->close_session(pamh, flags, argc, argv);
}
