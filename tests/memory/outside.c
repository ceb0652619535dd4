/* SPDX-License-Identifier: BSD-2-Clause */
#include <dlfcn.h>
#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <regex.h>
#include <sanitizer/allocator_interface.h>
#include <sanitizer/msan_interface.h>
#include <stdarg.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>

/*
 * For a build with MemorySanitizer: it sees what our code writes, and
 * nothing of what OpenSSL, jansson, libsasl2, libpam and parts of libc do.
 * Every program is linked with this before all others, and here it is told.
 */
#define EXPORT __attribute__((visibility("default")))

/* Programs that are started by tests have no sanitizer. */
#pragma weak __msan_unpoison
#pragma weak __sanitizer_install_malloc_and_free_hooks

static void
written(const volatile void *p, size_t size)
{
	if (__msan_unpoison != NULL)
		__msan_unpoison(p, size);
}

/* --- memory */

/* Our own code takes that back, in ours.h. */
static void
is_allocated(const volatile void *p, size_t size)
{
	written(p, size);
}

static void
is_freed(const volatile void *p)
{
	(void)p;
}

__attribute__((constructor)) static void
begin(void)
{
	if (__sanitizer_install_malloc_and_free_hooks != NULL)
		(void)__sanitizer_install_malloc_and_free_hooks(is_allocated,
		    is_freed);
}

/*
 * Called when a function of ours returns: its variables are gone, and what a
 * library keeps at the same place of the stack is written.
 */
void __cyg_profile_func_exit(void *function, void *caller);

EXPORT void
__cyg_profile_func_exit(void *function, void *caller)
{
	const char *const *frame = __builtin_frame_address(0);

	(void)function;
	(void)caller;
	written(frame, (size_t)(*frame - (const char *)frame));
}

/* --- what others write where we tell them to */

/* The function that would have been called. */
#define REAL(name)	    REAL_AS(name, #name)
#define REAL_AS(type, name) ((__typeof__(&type))dlsym(RTLD_NEXT, name))

EXPORT int
EVP_Digest(const void *data, size_t n, unsigned char *md, unsigned int *len,
    const EVP_MD *type, ENGINE *engine)
{
	const int rc = REAL(EVP_Digest)(data, n, md, len, type, engine);

	if (rc == 1)
		written(md, (size_t)EVP_MD_get_size(type));
	return rc;
}

EXPORT int
EVP_DigestFinal_ex(EVP_MD_CTX *ctx, unsigned char *md, unsigned int *len)
{
	const int rc = REAL(EVP_DigestFinal_ex)(ctx, md, len);

	if (rc == 1)
		written(md, (size_t)EVP_MD_CTX_get_size(ctx));
	return rc;
}

EXPORT int
EVP_DigestSign(EVP_MD_CTX *ctx, unsigned char *sig, size_t *len,
    const unsigned char *data, size_t n)
{
	const int rc = REAL(EVP_DigestSign)(ctx, sig, len, data, n);

	if (rc == 1)
		written(sig, *len);
	return rc;
}

EXPORT int
EVP_EncodeBlock(unsigned char *to, const unsigned char *from, int n)
{
	const int len = REAL(EVP_EncodeBlock)(to, from, n);

	written(to, (size_t)len + 1);
	return len;
}

EXPORT int
BN_bn2bin(const BIGNUM *bn, unsigned char *to)
{
	const int len = REAL(BN_bn2bin)(bn, to);

	written(to, (size_t)len);
	return len;
}

EXPORT int
BN_bn2binpad(const BIGNUM *bn, unsigned char *to, int size)
{
	const int len = REAL(BN_bn2binpad)(bn, to, size);

	if (len > 0)
		written(to, (size_t)len);
	return len;
}

EXPORT json_t *
json_loadb(const char *s, size_t n, size_t flags, json_error_t *error)
{
	json_t *json = REAL(json_loadb)(s, n, flags, error);

	written(error, sizeof(*error));
	return json;
}

EXPORT void
explicit_bzero(void *p, size_t n)
{
	REAL(explicit_bzero)(p, n);
	written(p, n);
}

EXPORT int
fstat(int fd, struct stat *st)
{
	const int rc = REAL_AS(fstat, "fstat64")(fd, st);

	if (rc == 0)
		written(st, sizeof(*st));
	return rc;
}

EXPORT int
fstatat(int dir, const char *path, struct stat *st, int flags)
{
	const int rc = REAL_AS(fstatat, "fstatat64")(dir, path, st, flags);

	if (rc == 0)
		written(st, sizeof(*st));
	return rc;
}

EXPORT int
stat(const char *path, struct stat *st)
{
	const int rc = REAL_AS(stat, "stat64")(path, st);

	if (rc == 0)
		written(st, sizeof(*st));
	return rc;
}

EXPORT int
klogctl(int type, char *text, int size)
{
	const int len = REAL(klogctl)(type, text, size);

	if (len > 0 && text != NULL)
		written(text, (size_t)len);
	return len;
}

/* What libpam calls: a NUL that needs one more byte is not seen. */
int __vasprintf_chk(char **text, int flag, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

EXPORT int
__vasprintf_chk(char **text, int flag, const char *fmt, va_list ap)
{
	const int len = REAL(__vasprintf_chk)(text, flag, fmt, ap);

	if (len >= 0)
		written(*text, (size_t)len + 1);
	return len;
}

EXPORT int
regexec(const regex_t *regex, const char *s, size_t n, regmatch_t *match,
    int flags)
{
	const int rc = REAL(regexec)(regex, s, n, match, flags);

	if (rc == 0)
		written(match, n * sizeof(*match));
	return rc;
}
