/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/*
 * Headers and claims that are good, or nearly: each member has one of a few
 * spellings, most of which open SITE_ONE for alice.  Changes of single bytes
 * rarely get that far.
 */
#define ODDS 40 /* one member in so many is a bad one */

static uint32_t state;

/* Of 32 bits, what is shifted out of them is gone. */
static uint32_t
shifted(uint32_t bits, unsigned int by)
{
	return (uint32_t)(((uint64_t)bits << by) & UINT32_MAX);
}

static uint32_t
draw(uint32_t below)
{
	state ^= shifted(state, 13); /* xorshift; never 0 */
	state ^= state >> 17;
	state ^= shifted(state, 5);
	return state % below;
}

/* The last of a list is a bad one; NULL: the member is left out. */
#define PICK(list)                                  \
	(draw(ODDS) == 0 ? (list)[nitems(list) - 1] \
			 : (list)[draw((uint32_t)nitems(list) - 1)])

static const char *const algs[] = { "ES256", "RS256", "PS256", "ES256", "RS256",
	"PS256", "HS256" };
static const char *const kids[] = { NULL, "\"kid\":\"ec\"", "\"kid\":\"rsa\"" };
static const char *const types[] = { NULL, "\"typ\":\"JWT\"",
	"\"typ\":\"at+jwt\"", "\"typ\":\"application/at+jwt\"", "\"x\":[{}]",
	"\"crit\":[\"exp\"]" };
static const char *const issuers[] = { "\"iss\":\"" SITE_A "\"",
	"\"\\u0069ss\":\"" SITE_A "\"", "\"iss\":\"" SITE_B "\"" };
static const char *const audiences[] = { "\"aud\":\"" SITE_API "\"",
	"\"aud\":[\"" SITE_API "\"]", "\"aud\":[\"x\",\"" SITE_API "\",\"y\"]",
	"\"aud\":[\"" SITE_API "\",7]" };
static const char *const subjects[] = { "\"sub\":\"auth0|alice\"",
	"\"sub\":\"a\\u0040b\"", "\"sub\":\"\xc3\xa9|1\"",
	"\"sub\":\"c@clients\"" };
static const char *const users[] = { "\"user\":\"alice\"",
	"\"user\":\"\\u0061lice\"", "\"us\\u0065r\" : \"alice\"",
	"\"user\":\"root\"" };
static const char *const issued[] = { "\"iat\":1799999900",
	"\"iat\":1.7999999e9", "\"iat\":1800000029", "\"iat\":1799999999.5",
	"\"iat\":1800000031" };
static const char *const ends[] = { "\"exp\":1800000600",
	"\"exp\":1800000000.001", "\"exp\":18000006e2", "\"exp\":1799999971",
	"\"exp\":1802591900", "\"exp\":1799999969" };
static const char *const starts[] = { NULL, "\"nbf\":1799999900", "\"nbf\":0",
	"\"nbf\":1800000030", "\"nbf\":1800000032" };
static const char *const clients[] = { NULL, "\"azp\":\"client\"",
	"\"client_id\":\"client\"",
	"\"azp\":\"client\",\"client_id\":\"client\"", "\"azp\":\"\"" };
static const char *const more[] = { NULL, "\"scope\":\"login\"",
	"\"permissions\":[\"a\",\"b\"]", "\"jti\":\"\\ud83d\\ude00\"",
	"\"https://e.example.com/x\":{\"a\":[1,2.5,-0,true,null]}",
	"\"email\":\"a@example.com\",\"email_verified\":false",
	"\"gty\":\"password\"", "\"auth_time\":1799999900",
	"\"amr\":[\"mfa\"],\"acr\":\"x\"", "\"cnf\":{\"jkt\":\"x\"}" };
static const char *const gaps[] = { "", "", " ", "\r\n\t " };

struct out {
	char *text;
	size_t len, max;
};

static void
put(struct out *out, const char *s)
{
	const size_t n = strlen(s);

	if (n > out->max - out->len)
		return;
	memcpy(out->text + out->len, s, n);
	out->len += n;
}

static void
put_members(struct out *out, const char *members[], size_t n)
{
	const char *gap = gaps[draw(nitems(gaps))];
	bool is_first = true;

	put(out, "{");
	for (size_t i = 0; i < n; i++) {
		const size_t other = i + draw((uint32_t)(n - i));
		const char *member = members[other];

		members[other] = members[i];
		if (member == NULL)
			continue;
		if (!is_first)
			put(out, ",");
		put(out, gap);
		put(out, member);
		is_first = false;
	}
	put(out, "}");
}

size_t
fuzz_make(uint32_t seed, char *text, size_t max)
{
	struct out out = { .text = text, .max = max };
	const char *alg, *header[3], *claims[9];
	char with_alg[32];

	state = (uint32_t)((seed * 2654435761ULL) & UINT32_MAX) | 1;
	alg = PICK(algs);
	(void)snprintf(with_alg, sizeof(with_alg), "\"alg\":\"%s\"", alg);
	header[0] = with_alg;
	header[1] = kids[draw(8) == 0 ? 0 : alg[0] == 'E' ? 1 : 2];
	header[2] = PICK(types);
	/* a newline ends the header */
	put(&out, "{");
	for (size_t i = 0; i < nitems(header); i++)
		if (header[i] != NULL) {
			put(&out, i > 0 ? "," : "");
			put(&out, header[i]);
		}
	put(&out, "}\n");
	claims[0] = PICK(issuers);
	claims[1] = PICK(audiences);
	claims[2] = PICK(subjects);
	claims[3] = PICK(users);
	claims[4] = PICK(issued);
	claims[5] = PICK(ends);
	claims[6] = PICK(starts);
	claims[7] = PICK(clients);
	claims[8] = PICK(more);
	put_members(&out, claims, nitems(claims));
	return out.len;
}
