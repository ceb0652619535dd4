/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "keysource.h"

/* Key sets as an issuer publishes them, and as they lie in the cache. */

/* --- a set ------------------------------------------------------------------
 */

static void
check_set(struct keys *keys, struct span text)
{
	const struct jws_header header = { .alg = ALG_ES256,
		.kid = SPAN("ec") };
	struct text shown;
	struct key *key;
	const char *why;

	must(keys_count(keys) > 0 && keys_count(keys) <= KEYS_MAX,
	    "a set has from 1 to 32 keys");
	must(!oracle_has_secret(text), "no secret is in a set");
	for (size_t i = 0; i < keys_count(keys); i++) {
		text_clear(&shown);
		keys_show(keys, i, &shown);
	}
	if (keys_find(keys, &header, &key, &why) == REASON_OK)
		must(key_signature_letters(key) == 86,
		    "signatures of P-256 have 86 letters");
}

void
fuzz_run_jwks(struct span in)
{
	struct json_doc doc = JSON_DOC_INIT;
	struct keys *keys = NULL;
	struct text why;

	text_clear(&why);
	if (json_doc_parse(in, &doc) == REASON_OK) {
		if (keys_parse(fuzz_get_site()->crypto, doc.nodes, &keys,
			&why) == REASON_OK)
			check_set(keys, in);
		else
			must(keys == NULL && why.len > 0,
			    "what is refused is empty and says why");
	}
	keys_release(keys);
	json_doc_free(&doc);
}

static void
emit_set(fuzz_emit *emit, void *arg, char *jwk)
{
	char *list[] = { jwk };
	char *set = mint_jwks(list, 1);

	emit(arg, span_of(set));
	free(set);
}

void
fuzz_seeds_jwks(fuzz_emit *emit, void *arg)
{
	static const char *const more[] = { NULL, "\"use\":\"sig\"",
		"\"use\":\"enc\"", "\"alg\":\"ES256\",\"key_ops\":[\"verify\"]",
		"\"d\":\"AAAA\"", "\"x5c\":[\"MII=\"]" };
	char *several[] = { mint_jwk(MINT_P256, "ec", NULL),
		mint_jwk(MINT_P384, "ec", NULL), mint_jwk(MINT_RSA, NULL, NULL),
		strdup("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}") };
	char *set = mint_jwks(several, nitems(several));

	emit(arg, span_of(set));
	free(set);
	for (size_t i = 0; i < nitems(more); i++) {
		emit_set(emit, arg, mint_jwk(MINT_P256, "ec", more[i]));
		emit_set(emit, arg, mint_jwk(MINT_RSA, "rsa", more[i]));
	}
	emit_set(emit, arg, strdup("{\"kty\":\"oct\",\"k\":\"AAAA\"}"));
	emit(arg, SPAN("{\"keys\":[]}"));
	emit(arg, SPAN("{\"keys\":{}}"));
}

/* --- a record ----------------------------------------------------------------
 */

/*
 * "!" in front: the record is as it stands; else the digest that belongs to
 * the bytes stands before them, as a writer would have put it.
 */
static void
wrap_record(struct span in, struct buf *record)
{
	char hex[SHA256_HEX_SIZE];

	if (span_starts(in, "!")) {
		must(buf_add(record, in.ptr + 1, in.len - 1) == REASON_OK,
		    "there is room");
		return;
	}
	must(crypto_sha256_hex(fuzz_get_site()->crypto, in, hex) == REASON_OK &&
		buf_printf(record, "audient 1 %s\n", hex) == REASON_OK &&
		buf_add(record, in.ptr, in.len) == REASON_OK,
	    "there is room");
}

static struct world world;
static struct keysource source;
static char *path; /* of the record */

static void
open_cache(void)
{
	static char issuer[] = SITE_A, *issuers[] = { issuer };
	static const struct tenant tenant = { .issuers = { issuers, 1 } };
	const struct fuzz_site *it = fuzz_get_site();
	char *dir = unit_path(it->site.dir, "cache");
	char name[KEYSOURCE_NAME_SIZE];
	int lock;

	world.crypto = *it->crypto;
	source = (struct keysource){ .tenant = &tenant, .world = &world };
	must(cache_open(&world.cache, dir, &world.crypto, true) == REASON_OK &&
		keysource_name(&source, name),
	    "there is a cache");
	/* a record for the place, the directories and the modes */
	lock = cache_lock(world.cache, CACHE_KEYS, name, 0);
	must(cache_store(world.cache, CACHE_KEYS, name, lock, SPAN("{}")) &&
		asprintf(&path, "%s/%u/keys/%s", dir, geteuid(), name) > 0,
	    "there is a record");
	cache_unlock(lock);
	free(dir);
}

static void
close_cache(void)
{
	cache_close(world.cache);
	world.cache = NULL;
	free(path);
}

void
fuzz_run_record(struct span in)
{
	struct buf record = BUF_INIT(1024 * 1024);
	struct keyring ring;

	if (in.len > 65536)
		return;
	if (world.cache == NULL) {
		open_cache();
		(void)atexit(close_cache);
	}
	wrap_record(in, &record);
	unit_write(path, buf_span(&record), 0600);
	if (keysource_load(&source, CACHE_OWN, 0, &ring)) {
		must(!span_starts(in, "!") || in.len > 80,
		    "a record begins with its digest");
		must(ring.fetched > 0 && keys_count(ring.keys) > 0,
		    "a record has its time and its keys");
		keys_release(ring.keys);
	}
	buf_free(&record);
}

void
fuzz_seeds_record(fuzz_emit *emit, void *arg)
{
	char *jwk[] = { mint_jwk(MINT_P256, "ec", NULL) };
	char *set = mint_jwks(jwk, 1), *text;

	must(asprintf(&text,
		 "{\"issuer\":\"" SITE_A "\",\"fetched\":1700000000,"
		 "\"skew\":-3,\"jwks\":%s}\n",
		 set) > 0,
	    "there is memory");
	emit(arg, span_of(text));
	free(text);
	free(set);
	emit(arg,
	    SPAN("!audient 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934"
		 "ca495991b7852b855\n"));
	emit(arg, SPAN("!"));
	emit(arg, SPAN("{}"));
}
