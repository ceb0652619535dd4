/* SPDX-License-Identifier: BSD-2-Clause */
/* A PAM module that only starts libcrypto: the least that checking costs. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <security/pam_modules.h>

__attribute__((visibility("default"))) int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	EVP_MD *md;

	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	if (OPENSSL_init_crypto(0, NULL) != 1 ||
	    (md = EVP_MD_fetch(NULL, "SHA256", NULL)) == NULL)
		return PAM_SERVICE_ERR;
	EVP_MD_free(md);
	return PAM_SUCCESS;
}
