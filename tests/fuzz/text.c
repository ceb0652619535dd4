/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "b64url.h"
#include "fuzz.h"
#include "jws.h"
#include "opaque.h"

/* The bytes of a token, and the JSON inside. */

static void
emit_all(fuzz_emit *emit, void *arg, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		emit(arg, span_of(list[i]));
}

/* --- token -----------------------------------------------------------------
 */

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool
is_alphabet(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '\0' || strchr(letters, s.ptr[i]) == NULL)
			return false;
	return true;
}

/* RFC 4648 sections 3.5 and 5: the bits that are left over are zero. */
static bool
is_well_spelled(struct span s)
{
	size_t last;

	if (s.len == 0 || !is_alphabet(s) || s.len % 4 == 1)
		return s.len == 0;
	last = (size_t)(strchr(letters, s.ptr[s.len - 1]) - letters);
	return s.len % 4 == 0 || last % (s.len % 4 == 2 ? 16 : 4) == 0;
}

void
fuzz_run_token(struct span in)
{
	char issuer[OPAQUE_ISSUER_MAX];
	struct jws_header header;
	struct trace trace;
	struct token t;

	if (token_classify(in, &t) != REASON_OK) {
		must(t.kind == TOKEN_NONE, "what is refused is no token");
		return;
	}
	must(in.len <= TOKEN_MAX, "a token is not too long");
	must(is_inside(t.header, in) && is_inside(t.payload, in) &&
		is_inside(t.signature, in) && is_inside(t.signed_part, in),
	    "views are inside");
	trace_init(&trace);
	if (t.kind == TOKEN_JWS) {
		must(t.header.len + t.payload.len + t.signature.len + 2 ==
			    in.len &&
			t.header.len > 0 && t.payload.len > 0 &&
			t.signature.len > 0,
		    "a JWS is three segments and two dots");
		must(is_alphabet(t.header),
		    "a header is of base64url's letters");
		(void)!jws_read_header(&t,
		    ALG_BIT(ALG_RS256) | ALG_BIT(ALG_ES256), &header, &trace);
	} else
		(void)!opaque_read(&t, issuer, &trace);
}

void
fuzz_seeds_token(fuzz_emit *emit, void *arg)
{
	static const char *const list[] = {
		"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EvIn0.c2ln",
		"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
		"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXY.dGV4dA.dGFn",
		"eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a2V5.aXY.dA.dA",
		"hT9_3xwQ1vJr0aZk2mNb5cXe", "password", "a.b", "...", "",
		"\b\n\r\177INCORRECT\b\n\r\177INCORRECT",
		"{\"payload\":\"e30\",\"signatures\":[]}"
	};

	emit_all(emit, arg, list, nitems(list));
}

/* --- base64url
 * ---------------------------------------------------------------- */

void
fuzz_run_b64url(struct span in)
{
	char bytes[4096], *again;
	size_t len = 0;
	enum reason reason;

	if (in.len > 4096)
		return;
	reason = b64url_decode(in, bytes, sizeof(bytes), &len);
	if (reason != REASON_OK) {
		must(!is_well_spelled(in), "what is well spelled is read");
		return;
	}
	must(is_well_spelled(in), "what is read is well spelled");
	must(len == b64url_size(in.len), "it has the size that was announced");
	again = mint_b64url(bytes, len);
	must(span_is(in, again), "one value has one spelling");
	free(again);
	if (len > 0)
		must(b64url_decode(in, bytes, len - 1, &len) != REASON_OK,
		    "nothing is written behind the end");
}

void
fuzz_seeds_b64url(fuzz_emit *emit, void *arg)
{
	static const char *const list[] = { "", "AA", "Zg", "Zm8", "Zm9v",
		"Zm9vYg", "Zm9vYmE", "Zm9vYmFy", "-_-_", "Zm9=", "Zh", "a" };

	emit_all(emit, arg, list, nitems(list));
}

/* --- JSON
 * --------------------------------------------------------------------- */

static void
write_string(FILE *f, const struct json *v)
{
	struct span s = { .ptr = "", .len = 0 };

	must(json_as_string(v, &s), "a string is one");
	fprintf(f, "%zu:", s.len);
	(void)fwrite(s.ptr, 1, s.len, f);
}

/* As oracle_show() does it.  Objects are name, value, name, value. */
static void
write_value(FILE *f, const struct json *v)
{
	const struct json *item;
	int64_t n = 0;
	size_t i;

	switch ((enum json_type)v->type) {
	case JSON_OBJECT:
		fputc('{', f);
		for (item = v + 1; item < v + v->span;
		     item += 1 + item[1].span) {
			write_string(f, item);
			write_value(f, item + 1);
		}
		fputc('}', f);
		return;
	case JSON_ARRAY:
		fputc('[', f);
		json_each(v, i, item) write_value(f, item);
		fputc(']', f);
		return;
	case JSON_STRING:
		write_string(f, v);
		return;
	case JSON_INTEGER:
		must(json_as_integer(v, &n), "an integer is one");
		fprintf(f, "i%lld", (long long)n);
		return;
	case JSON_REAL:
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		fputc("rtfn"[v->type - JSON_REAL], f);
	}
}

static void
compare(struct span in, const struct json *nodes)
{
	char *ours = NULL, *theirs = oracle_show(in);
	size_t size = 0;
	FILE *f = open_memstream(&ours, &size);

	must(f != NULL, "there is memory");
	write_value(f, nodes);
	(void)fclose(f);
	must(strcmp(ours, theirs) == 0, "both read the same document");
	free(ours);
	free(theirs);
}

void
fuzz_run_json(struct span in)
{
	struct json_doc doc = JSON_DOC_INIT;
	const enum opinion opinion = oracle_json(in);
	const enum reason reason = json_doc_parse(in, &doc);

	if (opinion != OPINION_NONE && in.len <= 8192)
		must((reason == REASON_OK) == (opinion == OPINION_YES),
		    reason == REASON_OK ? "jansson reads what we read"
					: "we read what jansson reads");
	if (reason == REASON_OK && opinion == OPINION_YES)
		compare(in, doc.nodes);
	json_doc_free(&doc);
}

void
fuzz_seeds_json(fuzz_emit *emit, void *arg)
{
	static const char *const list[] = { "{}", SITE_CLAIMS, SITE_HEADER,
		"{\"a\":[1,2.5,-0,1e3,true,false,null,\"x\",{\"b\":[]}]}",
		"{\"a\":\"\\u00e9\\ud83d\\ude00\\n\\/\",\"\":0}",
		"{\"a\":9223372036854775807,\"b\":-9223372036854775808}",
		"{\"a\":1e400}", "{\"a\":1,\"\\u0061\":2}",
		"{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}",
		" {\t\"a\" :\r\n[ ] } ",
		"{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}", "[1]",
		"{\"a\":01}" };

	emit_all(emit, arg, list, nitems(list));
}

/* --- the JOSE header
 * ------------------------------------------------------------ */

void
fuzz_run_header(struct span in)
{
	struct token t = { .kind = TOKEN_JWS };
	char *text = mint_b64url(in.ptr, in.len);
	struct jws_header header;
	struct trace trace;
	enum reason reason;

	t.header = span_of(text);
	trace_init(&trace);
	reason = jws_read_header(&t, ALG_BIT(ALG_ES256), &header, &trace);
	if (reason == REASON_OK) {
		must(header.alg == ALG_ES256, "only what is allowed");
		must(oracle_header(in, ALG_BIT(ALG_ES256)) != OPINION_NO,
		    "a header is what jansson says it is");
		must(header.kid.len <= JWS_HEADER_MAX, "the kid is inside");
	}
	free(text);
}

void
fuzz_seeds_header(fuzz_emit *emit, void *arg)
{
	static const char *const list[] = { "{\"alg\":\"ES256\"}",
		"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"ec\"}",
		"{\"alg\":\"ES256\",\"typ\":\"application/at+jwt\"}",
		"{\"alg\":\"none\"}", "{\"alg\":\"HS256\",\"kid\":\"ec\"}",
		"{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}",
		"{\"alg\":\"ES256\",\"jwk\":{},\"jku\":\"\",\"x5u\":\"\"}",
		"{\"alg\":\"ES256\",\"x5c\":[],\"zip\":\"DEF\"}",
		"{\"alg\":\"ES256\",\"cty\":\"JWT\"}",
		"{\"alg\":\"ES256\",\"enc\":\"A256GCM\",\"kid\":7}" };

	emit_all(emit, arg, list, nitems(list));
}
