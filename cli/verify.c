/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>

#include "cli.h"

#define JWKS_MAX    (256 * 1024)
#define PAYLOAD_MAX 65536

static const char synopsis[] =
    "--jwks FILE [--algorithms \"RS256 ...\"] [FILE|-]";

static const char about[] =
    "  --jwks FILE          the keys, a JSON Web Key Set\n"
    "  --algorithms LIST    those that are accepted; the default is RS256\n"
    "  FILE                 has the token; \"-\" or nothing: standard input\n"
    "\n"
    "A good signature is no reason to let anybody in.\n";

static const struct option options[] = {
	{ "jwks", required_argument, NULL, 'j' },
	{ "algorithms", required_argument, NULL, 'a' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int
verify(struct span jwks, const char *algorithms, struct span token)
{
	struct buf payload = BUF_INIT(PAYLOAD_MAX);
	char why[AUDIENT_LINE_MAX];
	enum reason reason;
	int rc = EXIT_DENY;

	reason = audient_verify(jwks, algorithms, token, &payload, why);
	if (reason != REASON_OK)
		(void)complain("verify", "%s: %s", reason_name(reason), why);
	else if (payload.len == 0 ||
	    fwrite(payload.data, payload.len, 1, stdout) == 1)
		rc = EXIT_ALLOW;
	buf_free(&payload);
	return rc;
}

int
cmd_verify(int argc, char **argv)
{
	struct buf jwks = BUF_INIT(JWKS_MAX), token = BUF_INIT(0);
	const char *jwks_path = NULL, *algorithms = NULL;
	int c, rc = EXIT_BROKEN;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'j')
			jwks_path = optarg;
		else if (c == 'a')
			algorithms = optarg;
		else if (c == 'h')
			return help("verify", synopsis, about);
		else
			return usage("verify", synopsis);
	}
	if (jwks_path == NULL || argc - optind > 1)
		return usage("verify", synopsis);
	if (read_input(jwks_path, &jwks) && read_token(argv[optind], &token))
		rc = verify(buf_span(&jwks), algorithms, buf_span(&token));
	buf_free(&jwks);
	buf_free(&token);
	return rc;
}
