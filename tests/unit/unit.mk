# SPDX-License-Identifier: BSD-2-Clause
# --- unit tests and public vectors ---------------------------------------------

if HAVE_CMOCKA
UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit $(CMOCKA_CFLAGS) \
	$(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)

# What the test programs share, and what they test.
check_LTLIBRARIES += tests/unit/libunit.la
tests_unit_libunit_la_SOURCES = \
	tests/unit/merge.c \
	tests/unit/mint.c tests/unit/mint.h tests/unit/mintkeys.h \
	tests/unit/site.c tests/unit/site.h \
	tests/unit/unit.c tests/unit/unit.h tests/unit/wrapped.h
tests_unit_libunit_la_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_libunit_la_LIBADD = libaudientcore.la $(CMOCKA_LIBS) \
	$(CRYPTO_LIBS) $(JANSSON_LIBS)

UNIT_TESTS += \
	tests/unit/test_buf \
	tests/unit/test_text \
	tests/unit/test_list \
	tests/unit/test_b64url \
	tests/unit/test_token \
	tests/unit/test_json \
	tests/unit/test_jsonedges \
	tests/unit/test_jsontag \
	tests/unit/test_alg \
	tests/unit/test_crypto \
	tests/unit/test_jwk \
	tests/unit/test_jws \
	tests/unit/test_keys \
	tests/unit/test_verify \
	tests/unit/test_verifier \
	tests/unit/test_claims \
	tests/unit/test_times \
	tests/unit/test_policy \
	tests/unit/test_authn \
	tests/unit/test_export \
	tests/unit/test_deny \
	tests/unit/test_usermap \
	tests/unit/test_identity \
	tests/unit/test_realms \
	tests/unit/test_root \
	tests/unit/test_names \
	tests/unit/test_conf \
	tests/unit/test_confkeys \
	tests/unit/test_confcheck \
	tests/unit/test_file \
	tests/unit/test_cache \
	tests/unit/test_sweep \
	tests/unit/test_cacheusers \
	tests/unit/test_cachekill \
	tests/unit/test_cachelow \
	tests/unit/test_count \
	tests/unit/test_reason \
	tests/unit/test_trace \
	tests/unit/test_verdict \
	tests/unit/test_qr \
	tests/unit/test_world \
	tests/unit/test_forked \
	tests/unit/test_seen \
	tests/unit/test_nomemory \
	tests/unit/test_tally \
	tests/unit/test_opaque \
	tests/unit/test_asked \
	tests/unit/test_watch \
	tests/unit/test_fetch \
	tests/unit/test_fetchcalls \
	tests/unit/test_issuer \
	tests/unit/test_keysource \
	tests/unit/test_discovery \
	tests/unit/test_keyset \
	tests/unit/test_freshness \
	tests/unit/test_userinfo \
	tests/unit/test_patience \
	tests/unit/test_grant \
	tests/unit/test_granted \
	tests/unit/test_deviceflow \
	tests/unit/test_devicepolls \
	tests/unit/test_audient \
	tests/unit/test_once \
	tests/unit/test_remembered \
	tests/unit/test_costs \
	tests/unit/test_login \
	tests/unit/test_open \
	tests/unit/test_handle \
	tests/unit/test_admin \
	tests/unit/test_inspect \
	tests/unit/test_probe \
	tests/unit/test_views \
	tests/unit/test_chaos \
	tests/unit/test_failures \
	tests/vectors/test_vectors
# Sanitizers keep the stack in places of their own.
if !SANITIZERS
UNIT_TESTS += tests/unit/test_stack
endif
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)

# The linker sends these calls to the test, which lets some of them fail.
WRAP_MALLOC = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	-Wl,--wrap=reallocarray,--wrap=strdup,--wrap=strndup
WRAP_SYSCALLS = -Wl,--wrap=write,--wrap=fchmod,--wrap=fsync,--wrap=close \
	-Wl,--wrap=renameat,--wrap=unlinkat,--wrap=flock
WRAP_FAILING = $(WRAP_MALLOC) \
	-Wl,--wrap=openat64,--wrap=open64,--wrap=fstat64,--wrap=fstatat64 \
	-Wl,--wrap=read,--wrap=write,--wrap=pread64,--wrap=pwrite64 \
	-Wl,--wrap=fsync,--wrap=fchmod,--wrap=renameat,--wrap=unlinkat \
	-Wl,--wrap=mkdirat,--wrap=mkdir,--wrap=ftruncate64,--wrap=futimens \
	-Wl,--wrap=flock,--wrap=poll,--wrap=socketpair,--wrap=send \
	-Wl,--wrap=recv,--wrap=getrlimit64,--wrap=gethostname \
	-Wl,--wrap=clock_gettime,--wrap=regcomp,--wrap=regexec \
	-Wl,--wrap=pthread_mutex_init,--wrap=OSSL_LIB_CTX_new \
	-Wl,--wrap=EVP_MD_fetch,--wrap=EVP_Digest,--wrap=EVP_MD_CTX_new \
	-Wl,--wrap=EVP_DigestInit_ex2,--wrap=EVP_DigestUpdate \
	-Wl,--wrap=EVP_DigestFinal_ex,--wrap=EVP_PKEY_CTX_new_from_name \
	-Wl,--wrap=EVP_PKEY_CTX_new_from_pkey,--wrap=EVP_PKEY_fromdata_init \
	-Wl,--wrap=EVP_PKEY_fromdata,--wrap=EVP_PKEY_public_check \
	-Wl,--wrap=EVP_PKEY_verify_init,--wrap=EVP_PKEY_verify \
	-Wl,--wrap=EVP_PKEY_CTX_set_signature_md \
	-Wl,--wrap=EVP_PKEY_CTX_set_rsa_padding \
	-Wl,--wrap=EVP_PKEY_CTX_set_rsa_pss_saltlen \
	-Wl,--wrap=EVP_PKEY_CTX_set_rsa_mgf1_md,--wrap=OSSL_PARAM_BLD_new \
	-Wl,--wrap=OSSL_PARAM_BLD_push_BN,--wrap=OSSL_PARAM_BLD_to_param \
	-Wl,--wrap=BN_bin2bn,--wrap=posix_spawn,--wrap=close

tests_unit_test_buf_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_buf_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=free,--wrap=malloc
tests_unit_test_buf_LDADD = tests/unit/libunit.la
tests_unit_test_text_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_text_LDADD = tests/unit/libunit.la
tests_unit_test_list_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_list_LDADD = tests/unit/libunit.la
tests_unit_test_b64url_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_b64url_LDADD = tests/unit/libunit.la
tests_unit_test_token_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_token_LDADD = tests/unit/libunit.la
tests_unit_test_json_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_json_LDADD = tests/unit/libunit.la
tests_unit_test_jsonedges_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_jsonedges_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=reallocarray
tests_unit_test_jsonedges_LDADD = tests/unit/libunit.la
tests_unit_test_jsontag_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_jsontag_LDADD = tests/unit/libunit.la
tests_unit_test_alg_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_alg_LDADD = tests/unit/libunit.la
tests_unit_test_jwk_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_jwk_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=EVP_PKEY_CTX_new_from_pkey,--wrap=EVP_PKEY_public_check
tests_unit_test_jwk_LDADD = tests/unit/libunit.la
tests_unit_test_jws_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_jws_LDADD = tests/unit/libunit.la
tests_unit_test_keys_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_keys_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=pthread_mutex_init,--wrap=verifier_new \
	-Wl,--wrap=verifier_check,--wrap=verifier_free
tests_unit_test_keys_LDADD = tests/unit/libunit.la
tests_unit_test_verify_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_verify_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=EVP_PKEY_verify
tests_unit_test_verify_LDADD = tests/unit/libunit.la
tests_unit_test_claims_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_claims_LDADD = tests/unit/libunit.la
tests_unit_test_times_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_times_LDADD = tests/unit/libunit.la
tests_unit_test_policy_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_policy_LDADD = tests/unit/libunit.la
tests_unit_test_authn_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_authn_LDADD = tests/unit/libunit.la
tests_unit_test_export_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_export_LDADD = tests/unit/libunit.la
tests_unit_test_deny_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_deny_LDADD = tests/unit/libunit.la
tests_unit_test_usermap_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_usermap_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=calloc,--wrap=reallocarray,--wrap=regcomp \
	-Wl,--wrap=regfree
tests_unit_test_usermap_LDADD = tests/unit/libunit.la
tests_unit_test_identity_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_identity_LDADD = tests/unit/libunit.la
tests_unit_test_realms_SOURCES = tests/unit/test_realms.c \
	tests/unit/naming.c tests/unit/naming.h
tests_unit_test_realms_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_realms_LDADD = tests/unit/libunit.la
tests_unit_test_root_SOURCES = tests/unit/test_root.c \
	tests/unit/naming.c tests/unit/naming.h
tests_unit_test_root_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_root_LDADD = tests/unit/libunit.la
tests_unit_test_names_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_names_LDADD = tests/unit/libunit.la
tests_unit_test_conf_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_conf_LDADD = tests/unit/libunit.la
tests_unit_test_confkeys_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_confkeys_LDADD = tests/unit/libunit.la
tests_unit_test_confcheck_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_confcheck_LDADD = tests/unit/libunit.la
tests_unit_test_file_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_file_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=fstat64,--wrap=malloc,--wrap=read
tests_unit_test_file_LDADD = tests/unit/libunit.la
tests_unit_test_cache_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_cache_LDADD = tests/unit/libunit.la
tests_unit_test_sweep_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_sweep_LDADD = tests/unit/libunit.la
tests_unit_test_cacheusers_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_cacheusers_LDADD = tests/unit/libunit.la
tests_unit_test_count_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_count_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pread64
tests_unit_test_count_LDADD = tests/unit/libunit.la
tests_unit_test_inspect_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_inspect_LDADD = tests/unit/libunit.la
tests_unit_test_cachekill_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_cachekill_LDFLAGS = $(AM_LDFLAGS) \
	$(WRAP_SYSCALLS)
tests_unit_test_cachekill_LDADD = tests/unit/libunit.la
tests_unit_test_cachelow_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_cachelow_LDADD = tests/unit/libunit.la
tests_unit_test_reason_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_reason_LDADD = tests/unit/libunit.la
tests_unit_test_trace_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_trace_LDADD = tests/unit/libunit.la
tests_unit_test_verdict_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_verdict_LDADD = tests/unit/libunit.la
tests_unit_test_qr_CPPFLAGS = $(UNIT_CPPFLAGS)
if HAVE_QRENCODE
tests_unit_test_qr_CPPFLAGS += -DHAVE_QRENCODE $(QRENCODE_CFLAGS)
WRAP_QR = -Wl,--wrap=dlopen,--wrap=dlsym,--wrap=dlclose
endif
tests_unit_test_qr_LDFLAGS = $(AM_LDFLAGS) $(WRAP_QR)
tests_unit_test_qr_LDADD = tests/unit/libunit.la libqr.la
tests_unit_test_world_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_world_LDADD = tests/unit/libunit.la
tests_unit_test_forked_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_forked_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=madvise,--wrap=mmap64,--wrap=munmap
tests_unit_test_forked_LDADD = tests/unit/libunit.la
tests_unit_test_seen_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_seen_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=pthread_mutex_trylock,--wrap=pthread_mutex_unlock
tests_unit_test_seen_LDADD = tests/unit/libunit.la
tests_unit_test_nomemory_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nomemory_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=calloc,--wrap=malloc,--wrap=pthread_mutex_init \
	-Wl,--wrap=reallocarray,--wrap=strndup
tests_unit_test_nomemory_LDADD = tests/unit/libunit.la
tests_unit_test_tally_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_tally_LDADD = tests/unit/libunit.la
tests_unit_test_asked_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_asked_LDADD = tests/unit/libunit.la
tests_unit_test_opaque_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_opaque_LDADD = tests/unit/libunit.la
tests_unit_test_watch_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_watch_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=pthread_mutex_init
tests_unit_test_watch_LDADD = tests/unit/libunit.la
tests_unit_test_fetch_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_fetch_LDADD = tests/unit/libunit.la
tests_unit_test_fetchcalls_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_fetchcalls_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=kill,--wrap=poll,--wrap=recv,--wrap=send,--wrap=waitpid
tests_unit_test_fetchcalls_LDADD = tests/unit/libunit.la
tests_unit_test_issuer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_issuer_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_now,--wrap=fetch
tests_unit_test_issuer_LDADD = tests/unit/libunit.la
tests_unit_test_keysource_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_keysource_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_now
tests_unit_test_keysource_LDADD = tests/unit/libunit.la
tests_unit_test_discovery_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_discovery_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=clock_now,--wrap=strdup,--wrap=strndup
tests_unit_test_discovery_LDADD = tests/unit/libunit.la
tests_unit_test_keyset_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_keyset_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_now
tests_unit_test_keyset_LDADD = tests/unit/libunit.la
tests_unit_test_freshness_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_freshness_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=clock_now,--wrap=keysource_name,--wrap=keysource_load \
	-Wl,--wrap=keysource_read_file,--wrap=keysource_ask \
	-Wl,--wrap=cache_get_mark,--wrap=cache_set_mark,--wrap=cache_lock \
	-Wl,--wrap=pthread_mutex_init,--wrap=pthread_mutex_clocklock \
	-Wl,--wrap=calloc
tests_unit_test_freshness_LDADD = tests/unit/libunit.la
tests_unit_test_userinfo_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_userinfo_LDADD = tests/unit/libunit.la
tests_unit_test_patience_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_patience_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=clock_now,--wrap=clock_left,--wrap=cache_sweep \
	-Wl,--wrap=issuer_get,--wrap=discovery_get
tests_unit_test_patience_LDADD = tests/unit/libunit.la
# The issuer, the clocks and the memory of fakeissuer.c.
WRAP_ISSUER = -Wl,--wrap=issuer_get,--wrap=discovery_get \
	-Wl,--wrap=clock_now,--wrap=clock_ms,--wrap=clock_left \
	-Wl,--wrap=poll,--wrap=malloc,--wrap=calloc,--wrap=strdup \
	-Wl,--wrap=free,--wrap=oauth_add_field,--wrap=crypto_sha256_hex
tests_unit_test_grant_SOURCES = tests/unit/fakeissuer.c \
	tests/unit/fakeissuer.h tests/unit/test_grant.c
tests_unit_test_grant_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_grant_LDFLAGS = $(AM_LDFLAGS) $(WRAP_ISSUER)
tests_unit_test_grant_LDADD = tests/unit/libunit.la
tests_unit_test_granted_SOURCES = tests/unit/fakeissuer.c \
	tests/unit/fakeissuer.h tests/unit/test_granted.c
tests_unit_test_granted_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_granted_LDFLAGS = $(AM_LDFLAGS) $(WRAP_ISSUER)
tests_unit_test_granted_LDADD = tests/unit/libunit.la
tests_unit_test_deviceflow_SOURCES = tests/unit/fakeissuer.c \
	tests/unit/fakeissuer.h tests/unit/test_deviceflow.c
tests_unit_test_deviceflow_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_deviceflow_LDFLAGS = $(AM_LDFLAGS) $(WRAP_ISSUER) \
	-Wl,--wrap=budget_take,--wrap=getrandom
tests_unit_test_deviceflow_LDADD = tests/unit/libunit.la
tests_unit_test_devicepolls_SOURCES = tests/unit/fakeissuer.c \
	tests/unit/fakeissuer.h tests/unit/test_devicepolls.c
tests_unit_test_devicepolls_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_devicepolls_LDFLAGS = $(AM_LDFLAGS) $(WRAP_ISSUER)
tests_unit_test_devicepolls_LDADD = tests/unit/libunit.la
tests_unit_test_audient_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_audient_LDADD = tests/unit/libunit.la
tests_unit_test_once_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_once_LDADD = tests/unit/libunit.la
tests_unit_test_remembered_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_remembered_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=EVP_PKEY_verify,--wrap=clock_now,--wrap=userinfo_get \
	-Wl,--wrap=once_take
tests_unit_test_remembered_LDADD = tests/unit/libunit.la
tests_unit_test_costs_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_costs_LDFLAGS = $(AM_LDFLAGS) \
	$(WRAP_MALLOC) -Wl,--wrap=EVP_DigestUpdate
tests_unit_test_costs_LDADD = tests/unit/libunit.la
tests_unit_test_stack_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_stack_LDADD = tests/unit/libunit.la
tests_unit_test_login_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_login_LDADD = tests/unit/libunit.la
tests_unit_test_open_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_open_LDADD = tests/unit/libunit.la
tests_unit_test_handle_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_handle_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=calloc,--wrap=strdup,--wrap=asprintf \
	-Wl,--wrap=__asprintf_chk,--wrap=gethostname \
	-Wl,--wrap=pthread_mutex_init,--wrap=pthread_mutex_unlock \
	-Wl,--wrap=EVP_PKEY_verify
tests_unit_test_handle_LDADD = tests/unit/libunit.la
tests_unit_test_admin_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_admin_LDADD = tests/unit/libunit.la
tests_unit_test_probe_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_probe_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=clock_now,--wrap=clock_ms,--wrap=fetch \
	-Wl,--wrap=strndup
tests_unit_test_probe_LDADD = tests/unit/libunit.la
tests_unit_test_views_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_views_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=reallocarray
tests_unit_test_views_LDADD = tests/unit/libunit.la
tests_unit_test_chaos_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_chaos_LDFLAGS = $(AM_LDFLAGS) \
	$(WRAP_MALLOC)
tests_unit_test_chaos_LDADD = tests/unit/libunit.la
tests_unit_test_crypto_SOURCES = tests/unit/failing.c tests/unit/failing.h \
	tests/unit/test_crypto.c
tests_unit_test_crypto_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_crypto_LDFLAGS = $(AM_LDFLAGS) \
	$(WRAP_FAILING) -Wl,--wrap=OSSL_LIB_CTX_free
tests_unit_test_crypto_LDADD = tests/unit/libunit.la
tests_unit_test_verifier_SOURCES = tests/unit/failing.c tests/unit/failing.h \
	tests/unit/test_verifier.c
tests_unit_test_verifier_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_verifier_LDFLAGS = $(AM_LDFLAGS) \
	$(WRAP_FAILING)
tests_unit_test_verifier_LDADD = tests/unit/libunit.la
tests_unit_test_failures_SOURCES = tests/unit/failing.c tests/unit/failing.h \
	tests/unit/test_failures.c
tests_unit_test_failures_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_failures_LDFLAGS = $(AM_LDFLAGS) \
	$(WRAP_FAILING)
tests_unit_test_failures_LDADD = tests/unit/libunit.la

# Vectors of others lie beside the checkout; AUDIENT_VECTORS names another place.
tests_vectors_test_vectors_SOURCES = \
	tests/vectors/rfc.c \
	tests/vectors/suites.c \
	tests/vectors/test_vectors.c \
	tests/vectors/vectors.c \
	tests/vectors/vectors.h \
	tests/vectors/vectors_json.h \
	tests/vectors/wycheproof.c
tests_vectors_test_vectors_CPPFLAGS = $(UNIT_CPPFLAGS) \
	-DVECTORS='"$(abs_top_srcdir)/../shared/vectors"'
tests_vectors_test_vectors_LDADD = tests/unit/libunit.la
endif HAVE_CMOCKA
