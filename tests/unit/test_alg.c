/* SPDX-License-Identifier: BSD-2-Clause */
#include "alg.h"

#include <openssl/evp.h>

#include "unit.h"

static void
test_find(void **state)
{
	static const struct {
		const char *name;
		struct span alg;
		bool want;
	} rows[] = {
		{ "RS256", BYTES("RS256"), true },
		{ "PS384", BYTES("PS384"), true },
		{ "ES512", BYTES("ES512"), true },
		{ "none", BYTES("none"), false },
		{ "None", BYTES("None"), false },
		{ "NONE", BYTES("NONE"), false },
		{ "nOnE", BYTES("nOnE"), false },
		{ "empty", BYTES(""), false },
		{ "symmetric", BYTES("HS256"), false },
		{ "symmetric, 384", BYTES("HS384"), false },
		{ "symmetric, 512", BYTES("HS512"), false },
		{ "lower case", BYTES("rs256"), false },
		{ "blank in front", BYTES(" RS256"), false },
		{ "blank behind", BYTES("RS256 "), false },
		{ "NUL behind", BYTES("RS256\0"), false },
		{ "prefix", BYTES("RS25"), false },
		{ "longer", BYTES("RS2567"), false },
		{ "other size", BYTES("RS1"), false },
		{ "SHA-1", BYTES("RS160"), false },
		{ "no such curve", BYTES("ES521"), false },
		{ "secp256k1", BYTES("ES256K"), false },
		{ "Edwards", BYTES("EdDSA"), false },
		{ "encryption", BYTES("RSA1_5"), false },
		{ "key wrap", BYTES("A256KW"), false },
		{ "dir", BYTES("dir"), false },
		{ "full width", BYTES("\xef\xbc\xb2S256"), false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		enum alg alg = ALG_ES512;

		row_bool(rows[i].name, alg_find(rows[i].alg, &alg),
		    rows[i].want);
		if (rows[i].want)
			row_text(rows[i].name, alg_name(alg), rows[i].name);
	}
	rows_end();
}

static void
test_facts(void **state)
{
	static const struct {
		enum alg alg;
		const char *name;
		enum alg_family family;
		size_t size;
		int md_size;
	} want[] = {
		{ ALG_RS256, "RS256", FAMILY_RSA_PKCS1, 0, 32 },
		{ ALG_RS384, "RS384", FAMILY_RSA_PKCS1, 0, 48 },
		{ ALG_RS512, "RS512", FAMILY_RSA_PKCS1, 0, 64 },
		{ ALG_PS256, "PS256", FAMILY_RSA_PSS, 0, 32 },
		{ ALG_PS384, "PS384", FAMILY_RSA_PSS, 0, 48 },
		{ ALG_PS512, "PS512", FAMILY_RSA_PSS, 0, 64 },
		{ ALG_ES256, "ES256", FAMILY_ECDSA, 64, 32 },
		{ ALG_ES384, "ES384", FAMILY_ECDSA, 96, 48 },
		{ ALG_ES512, "ES512", FAMILY_ECDSA, 132, 64 },
	};
	EVP_MD *md;

	(void)state;
	assert_int_equal(nitems(want), ALG_COUNT);
	for (size_t i = 0; i < nitems(want); i++) {
		const enum alg alg = want[i].alg;
		enum alg found;

		row_bool(want[i].name, alg_find(span_of(want[i].name), &found),
		    true);
		row_number(want[i].name, found, alg);
		row_text(want[i].name, alg_name(alg), want[i].name);
		row_number(want[i].name, alg_family(alg), want[i].family);
		row_number(want[i].name, (int64_t)alg_signature_size(alg),
		    (int64_t)want[i].size);
		md = EVP_MD_fetch(NULL, alg_digest(alg), NULL);
		row_number(want[i].name, EVP_MD_get_size(md), want[i].md_size);
		EVP_MD_free(md);
	}
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_find),
	cmocka_unit_test(test_facts),
};

UNIT_MAIN(tests)
