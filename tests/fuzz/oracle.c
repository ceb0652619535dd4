/* SPDX-License-Identifier: BSD-2-Clause */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/*
 * A second opinion, written from the rules and not from the code: documents
 * are read by jansson.  What only one of the two can know, such as a number
 * beyond a double, is no opinion.
 */
#define DEPTH_MAX   16
#define MEMBERS_MAX 256
#define TOLERANCE   30
#define LIFETIME    2592000

static json_t *
load(struct span text, bool *has_no_opinion)
{
	json_error_t error;
	json_t *json = NULL;

	*has_no_opinion = false;
	if (text.len == 0 || memchr(text.ptr, '\0', text.len) != NULL)
		return NULL;
	json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		*has_no_opinion =
		    json_error_code(&error) == json_error_numeric_overflow &&
		    strstr(error.text, "real") != NULL;
	return json;
}

/*
 * How deep is it?  Not deeper than max, which is far too deep.  What stands in
 * a list is one deeper than the list, whatever it is.
 */
static int
depth(const json_t *v, int max)
{
	int deepest = 0, d;
	const char *name;
	json_t *item;
	size_t i;

	if (max == 0)
		return 0;
	json_object_foreach ((json_t *)(uintptr_t)v, name, item)
		if ((d = depth(item, max - 1)) > deepest)
			deepest = d;
	json_array_foreach (v, i, item)
		if ((d = depth(item, max - 1)) > deepest)
			deepest = d;
	return deepest + 1;
}

static bool
is_crowded(const json_t *v)
{
	const char *name;
	json_t *item;
	size_t i;

	if (json_object_size(v) > MEMBERS_MAX)
		return true;
	json_object_foreach ((json_t *)(uintptr_t)v, name, item)
		if (is_crowded(item))
			return true;
	json_array_foreach (v, i, item)
		if (is_crowded(item))
			return true;
	return false;
}

enum opinion
oracle_json(struct span text)
{
	bool has_none;
	json_t *json = load(text, &has_none);
	enum opinion opinion = has_none ? OPINION_NONE : OPINION_NO;

	if (json_is_object(json) && depth(json, 64) <= DEPTH_MAX &&
	    !is_crowded(json))
		opinion = OPINION_YES;
	json_decref(json);
	return opinion;
}

static void
write_string(FILE *f, const char *s, size_t len)
{
	fprintf(f, "%zu:", len);
	(void)fwrite(s, 1, len, f);
}

static void
write_value(FILE *f, const json_t *v)
{
	const char *name;
	json_t *item;
	size_t i;

	if (json_is_object(v)) {
		fputc('{', f);
		json_object_foreach ((json_t *)(uintptr_t)v, name, item) {
			write_string(f, name, strlen(name));
			write_value(f, item);
		}
		fputc('}', f);
	} else if (json_is_array(v)) {
		fputc('[', f);
		json_array_foreach (v, i, item)
			write_value(f, item);
		fputc(']', f);
	} else if (json_is_string(v))
		write_string(f, json_string_value(v), json_string_length(v));
	else if (json_is_integer(v))
		fprintf(f, "i%lld", (long long)json_integer_value(v));
	else
		fputc(json_is_real(v)	   ? 'r'
			: json_is_true(v)  ? 't'
			: json_is_false(v) ? 'f'
					   : 'n',
		    f);
}

char *
oracle_show(struct span text)
{
	bool has_none;
	json_t *json = load(text, &has_none);
	char *shown = NULL;
	size_t size;
	FILE *f = open_memstream(&shown, &size);

	must(f != NULL, "there is memory");
	write_value(f, json);
	(void)fclose(f);
	json_decref(json);
	return shown;
}

/* --- what opens SITE_ONE for alice ------------------------------------- */

static bool
is_string(const json_t *claims, const char *name, const char *want)
{
	const json_t *v = json_object_get(claims, name);

	return json_is_string(v) && strcmp(json_string_value(v), want) == 0;
}

static bool
is_absent_or_text(const json_t *claims, const char *name)
{
	const json_t *v = json_object_get(claims, name);

	return v == NULL || (json_is_string(v) && json_string_length(v) > 0);
}

static bool
is_for_us(const json_t *aud)
{
	bool found = false;
	json_t *item;
	size_t i;

	if (json_is_string(aud))
		return strcmp(json_string_value(aud), SITE_API) == 0;
	json_array_foreach (aud, i, item) {
		if (!json_is_string(item))
			return false;
		if (strcmp(json_string_value(item), SITE_API) == 0)
			found = true;
	}
	return found;
}

/* Is it a time from 1970 to 9999, and neither before first nor after last? */
static bool
is_time(const json_t *claims, const char *name, bool is_needed, double first,
    double last)
{
	const json_t *v = json_object_get(claims, name);
	const double t = json_number_value(v);

	if (v == NULL)
		return !is_needed;
	/* a part of a second more or less is nobody's mistake */
	return json_is_number(v) && t >= 0 && t < 253402300800.0 &&
	    t > first - 1 && t < last + 1;
}

static bool
has_times(const json_t *claims)
{
	return is_time(claims, "exp", true, NOW - TOLERANCE,
		   NOW + LIFETIME + TOLERANCE) &&
	    is_time(claims, "iat", true, 0, NOW + TOLERANCE) &&
	    is_time(claims, "nbf", false, 0, NOW + TOLERANCE);
}

static bool
ends_like_a_machine(const char *sub)
{
	static const char tail[] = "@clients";
	const size_t n = strlen(sub);

	return n >= sizeof(tail) - 1 &&
	    strcmp(sub + n - (sizeof(tail) - 1), tail) == 0;
}

static bool
is_a_person(const json_t *claims)
{
	const char *sub = json_string_value(json_object_get(claims, "sub"));

	return sub != NULL && sub[0] != '\0' && !ends_like_a_machine(sub) &&
	    !is_string(claims, "gty", "client-credentials") &&
	    !is_string(claims, "azp", sub) &&
	    json_object_get(claims, "act") == NULL;
}

static bool
is_access_token(const json_t *claims)
{
	static const char *const others[] = { "nonce", "at_hash", "c_hash",
		"s_hash", "events", "cnf", "org_id" };

	for (size_t i = 0; i < nitems(others); i++)
		if (json_object_get(claims, others[i]) != NULL)
			return false;
	return is_absent_or_text(claims, "azp") &&
	    is_absent_or_text(claims, "client_id") &&
	    !is_string(claims, "azp", SITE_API);
}

enum opinion
oracle_claims(struct span text, bool is_signed)
{
	bool has_none, yes;
	json_t *claims = load(text, &has_none);

	yes = json_is_object(claims) && is_string(claims, "user", "alice") &&
	    is_a_person(claims) && json_object_get(claims, "org_id") == NULL;
	if (is_signed)
		yes = yes && is_string(claims, "iss", SITE_A) &&
		    is_for_us(json_object_get(claims, "aud")) &&
		    has_times(claims) && is_access_token(claims);
	json_decref(claims);
	return has_none ? OPINION_NONE : yes ? OPINION_YES : OPINION_NO;
}

enum opinion
oracle_header(struct span text, alg_set algorithms)
{
	static const char *const banned[] = { "crit", "b64", "zip", "enc",
		"jwk", "jku", "x5u", "x5c", "cty" };
	static const struct {
		const char *name;
		alg_set bit;
	} algs[] = { { "ES256", ALG_BIT(ALG_ES256) },
		{ "RS256", ALG_BIT(ALG_RS256) },
		{ "PS256", ALG_BIT(ALG_PS256) } };
	bool has_none, yes = false;
	json_t *header = load(text, &has_none), *kid;

	for (size_t i = 0; i < nitems(algs); i++)
		if ((algorithms & algs[i].bit) != 0 &&
		    is_string(header, "alg", algs[i].name))
			yes = true;
	kid = json_object_get(header, "kid");
	yes = yes && json_is_object(header) &&
	    (kid == NULL || json_is_string(kid));
	for (size_t i = 0; i < nitems(banned); i++)
		if (json_object_get(header, banned[i]) != NULL)
			yes = false;
	json_decref(header);
	return has_none ? OPINION_NONE : yes ? OPINION_YES : OPINION_NO;
}

bool
oracle_has_secret(struct span text)
{
	static const char *const secrets[] = { "k", "d", "p", "q", "dp", "dq",
		"qi", "oth" };
	bool has_none, found = false;
	json_t *set = load(text, &has_none), *key;
	size_t i;

	json_array_foreach (json_object_get(set, "keys"), i, key) {
		if (is_string(key, "kty", "oct"))
			found = true;
		for (size_t n = 0; n < nitems(secrets); n++)
			if (json_object_get(key, secrets[n]) != NULL)
				found = true;
	}
	json_decref(set);
	return found;
}
