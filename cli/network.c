/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "advice.h"

#define UNKNOWN_CA                                                          \
	"The issuer's certificate comes from an authority that this host "  \
	"does not know.  Install ca-certificates, or name the authority's " \
	"file in \"ca_file\"; behind a proxy that opens TLS, that of the "  \
	"proxy."
#define WRONG_HOST                                                           \
	"The certificate is for another host.  Compare \"domain\" with the " \
	"tenant's; somebody else may answer in its place."
#define NO_TLS                                                              \
	"There is no TLS 1.2 or later with that host.  Compare \"domain\" " \
	"with the tenant's, and look for a proxy in between."
#define NOT_REACHED                                                         \
	"Nobody listens there, or a firewall is in the way: this host has " \
	"to reach port 443 of the issuer, or needs \"proxy\"."
#define TOO_SLOW                                                             \
	"No answer in time: a firewall that drops packets, a slow network, " \
	"or a \"timeout\" that is too short."

/* Words of audient-fetch, of libcurl behind it, and of the core. */
static const struct {
	const char *word;
	const char *advice;
} table[] = {
	{ "resolve host",
	    "The name has no address here.  Compare \"domain\" with the "
	    "tenant's, and look at /etc/resolv.conf." },
	{ "resolving timed out",
	    "The name server does not answer.  Look at /etc/resolv.conf and "
	    "at the firewall (port 53)." },
	{ "resolve proxy",
	    "The proxy's name has no address here.  Correct \"proxy\"." },
	{ "unable to get local issuer", UNKNOWN_CA },
	{ "self-signed certificate", UNKNOWN_CA },
	{ "self signed certificate", UNKNOWN_CA },
	{ "certificate has expired",
	    "The issuer's certificate has expired, or this host's clock is "
	    "wrong (timedatectl)." },
	{ "certificate is not yet valid",
	    "The issuer's certificate is of the future, or this host's clock "
	    "is wrong (timedatectl)." },
	{ "does not match target host name", WRONG_HOST },
	{ "no alternative certificate subject name matches", WRONG_HOST },
	{ "setting certificate verify locations",
	    "The file of \"ca_file\" cannot be read by the user that "
	    "audient-fetch runs as, or holds no certificate: make it a PEM "
	    "file that everybody can read (chmod 0644), in directories that "
	    "everybody can enter." },
	{ "SSL", NO_TLS },
	{ "TLS", NO_TLS },
	{ "ailed to connect", NOT_REACHED },
	{ "ould not connect", NOT_REACHED },
	{ "ouldn't connect", NOT_REACHED },
	{ "timed out", TOO_SLOW },
	{ "in time", TOO_SLOW },
	{ "HTTP status 429",
	    "The tenant's rate limit is used up.  Wait, and look for what asks "
	    "so often; other programs count too." },
	{ "HTTP status 407",
	    "The proxy wants a password.  Give it none for this host: "
	    "\"proxy\" takes no user." },
	{ "HTTP status 3",
	    "Redirects are not followed.  Write the address that it redirects "
	    "to, or the tenant's right \"domain\"." },
	{ "HTTP status 404",
	    "There is no such document.  Compare \"domain\", \"issuer\" and "
	    "\"jwks_uri\" with the tenant's." },
	{ "HTTP status 5",
	    "The issuer is in trouble.  Wait; meanwhile keys at hand serve for "
	    "\"keys_max_stale\" seconds." },
	{ "HTTP status",
	    "The issuer does not give the document out.  Compare \"domain\", "
	    "\"issuer\" and \"jwks_uri\" with the tenant's." },
	{ "not application/json",
	    "Something else than the issuer answers, such as the page of a "
	    "captive portal or a proxy.  Compare \"domain\", and look at the "
	    "network." },
	{ "not a JSON object",
	    "The document is damaged, or something else than the issuer "
	    "answers.  Compare \"domain\", and look at the network." },
	{ "the document's \"issuer\" is",
	    "Write \"issuer\" exactly as the document has it, with or without "
	    "the slash at the end; Auth0's end with one." },
	{ "has no jwks_uri",
	    "The document does not say where the keys are.  Set "
	    "\"jwks_uri\"." },
	{ "the key set is refused",
	    "The tenant publishes a key set that cannot be trusted.  Rotate "
	    "its signing key, or set \"jwks_uri\" to the right set." },
	{ "larger than allowed",
	    "The document is too large to be what it should be.  Compare "
	    "\"domain\" and \"jwks_uri\" with the tenant's." },
	{ "cannot start",
	    "audient-fetch cannot be run.  Correct \"fetch_helper\", or "
	    "install the package again; inside a chroot let root supply the "
	    "keys with audient keys refresh." },
	{ "audient-fetch gave no valid answer",
	    "audient-fetch has failed.  Install the package again, and look "
	    "for denials of SELinux or AppArmor: audient doctor" },
	{ "was asked less than",
	    "The last question has failed, and the next one has to wait for "
	    "\"refetch_cooldown\".  See what is wrong with: audient keys "
	    "refresh --force" },
};

const char *
advise_on_network(const char *why)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strstr(why, table[i].word) != NULL)
			return table[i].advice;
	return "See whether this host reaches the issuer (DNS, port 443, CA "
	       "certificates): audient doctor";
}
