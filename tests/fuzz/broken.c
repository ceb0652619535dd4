/* SPDX-License-Identifier: BSD-2-Clause */
#include "broken.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fuzz.h"

#define UID 1000 /* of alice */

static unsigned long countdown; /* 0: nothing fails */
static bool fails_for_good, is_begun;

static bool
refuse(void)
{
	if (countdown == 0 || --countdown != 0)
		return false;
	if (fails_for_good)
		countdown = 1;
	return true;
}

/*
 * X(function, what it returns, its parameters, its arguments, what it
 * returns when it fails, errno then).  WRAP_BROKEN in fuzz.mk is this list
 * and the three below it.
 */
#define CALLS(X)                                                              \
	X(malloc, void *, (size_t n), (n), NULL, ENOMEM)                      \
	X(calloc, void *, (size_t n, size_t size), (n, size), NULL, ENOMEM)   \
	X(realloc, void *, (void *p, size_t n), (p, n), NULL, ENOMEM)         \
	X(reallocarray, void *, (void *p, size_t n, size_t size),             \
	    (p, n, size), NULL, ENOMEM)                                       \
	X(strdup, char *, (const char *s), (s), NULL, ENOMEM)                 \
	X(strndup, char *, (const char *s, size_t n), (s, n), NULL, ENOMEM)   \
	X(openat64, int, (int dir, const char *path, int flags, mode_t mode), \
	    (dir, path, flags, mode), -1, EMFILE)                             \
	X(open64, int, (const char *path, int flags, mode_t mode),            \
	    (path, flags, mode), -1, EMFILE)                                  \
	X(fstat64, int, (int fd, struct stat *st), (fd, st), -1, EIO)         \
	X(read, ssize_t, (int fd, void *p, size_t n), (fd, p, n), -1, EIO)    \
	X(write, ssize_t, (int fd, const void *p, size_t n), (fd, p, n), -1,  \
	    ENOSPC)                                                           \
	X(renameat, int, (int from, const char *a, int to, const char *b),    \
	    (from, a, to, b), -1, EROFS)                                      \
	X(OSSL_LIB_CTX_new, OSSL_LIB_CTX *, (void), (), NULL, 0)              \
	X(EVP_MD_fetch, EVP_MD *,                                             \
	    (OSSL_LIB_CTX * ctx, const char *name, const char *query),        \
	    (ctx, name, query), NULL, 0)                                      \
	X(EVP_Digest, int,                                                    \
	    (const void *p, size_t n, unsigned char *md, unsigned int *len,   \
		const EVP_MD *type, ENGINE *engine),                          \
	    (p, n, md, len, type, engine), 0, 0)                              \
	X(EVP_MD_CTX_new, EVP_MD_CTX *, (void), (), NULL, 0)                  \
	X(EVP_DigestInit_ex2, int,                                            \
	    (EVP_MD_CTX * ctx, const EVP_MD *type, const OSSL_PARAM *params), \
	    (ctx, type, params), 0, 0)                                        \
	X(EVP_DigestUpdate, int, (EVP_MD_CTX * ctx, const void *p, size_t n), \
	    (ctx, p, n), 0, 0)                                                \
	X(EVP_DigestFinal_ex, int,                                            \
	    (EVP_MD_CTX * ctx, unsigned char *md, unsigned int *len),         \
	    (ctx, md, len), 0, 0)                                             \
	X(EVP_PKEY_verify_init, int, (EVP_PKEY_CTX * ctx), (ctx), -2, 0)      \
	X(EVP_PKEY_verify, int,                                               \
	    (EVP_PKEY_CTX * ctx, const unsigned char *sig, size_t n,          \
		const unsigned char *md, size_t len),                         \
	    (ctx, sig, n, md, len), -1, 0)                                    \
	X(EVP_PKEY_CTX_set_signature_md, int,                                 \
	    (EVP_PKEY_CTX * ctx, const EVP_MD *md), (ctx, md), -2, 0)

#define X(name, type, parameters, arguments, failure, error) \
	type __real_##name parameters;                       \
	type __wrap_##name parameters;                       \
	type __wrap_##name parameters                        \
	{                                                    \
		if (!refuse())                               \
			return __real_##name arguments;      \
		errno = error;                               \
		return failure;                              \
	}
CALLS(X)
#undef X

int __real_clock_gettime(clockid_t clock, struct timespec *ts);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ts);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	int rc;

	if (refuse()) {
		errno = EINVAL;
		return -1;
	}
	rc = __real_clock_gettime(clock, ts);
	if (is_begun && clock == CLOCK_REALTIME)
		ts->tv_sec = NOW;
	return rc;
}

time_t __real_time(time_t *t);
time_t __wrap_time(time_t *t);

time_t
__wrap_time(time_t *t)
{
	return is_begun && t == NULL ? NOW : __real_time(t);
}

int __wrap_getpwnam_r(const char *name, struct passwd *pw, char *text,
    size_t size, struct passwd **found);

int
__wrap_getpwnam_r(const char *name, struct passwd *pw, char *text, size_t size,
    struct passwd **found)
{
	(void)text;
	(void)size;
	*found = NULL;
	if (refuse())
		return EIO;
	*pw = (struct passwd){ .pw_uid = UID };
	if (strcmp(name, "alice") == 0)
		*found = pw;
	return 0;
}

void
broken_begin(unsigned long n, bool for_good)
{
	is_begun = true;
	fails_for_good = for_good;
	countdown = n;
}

void
broken_end(void)
{
	countdown = 0;
	is_begun = false;
}

char *
broken_strndup(const char *s, unsigned long n)
{
	char *copy = __real_strndup(s, n);

	must(copy != NULL, "there is memory");
	return copy;
}
