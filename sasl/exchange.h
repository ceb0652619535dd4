/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_SASL_EXCHANGE_H
#define AUDIENT_SASL_EXCHANGE_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>

#include "audient.h"
#include "message.h"

#define PLUGIN "audient" /* as logs and option files call it */

/* What every exchange of the process shares; immutable. */
struct mech {
	const char *name;
	enum dialect dialect;
	struct audient *audient;
	const char *service; /* from the options, or NULL: the host's name */
};

/* Whose section of the configuration counts; borrowed. */
const char *exchange_service(const struct mech *mech,
    const sasl_server_params_t *sparams);

/* RFC 7628 section 3: not without TLS, or a host that insists on it. */
bool exchange_has_tls(const struct mech *mech,
    const sasl_server_params_t *sparams);

/*
 * sasl_server_plug_t's entry points for one exchange, from a client's first
 * message to the end; glob is a struct mech.
 */
int exchange_new(void *glob, sasl_server_params_t *sparams,
    const char *challenge, unsigned int len, void **context);
int exchange_step(void *context, sasl_server_params_t *sparams, const char *in,
    unsigned int inlen, const char **out, unsigned int *outlen,
    sasl_out_params_t *oparams);
void exchange_dispose(void *context, const sasl_utils_t *utils);

#endif
