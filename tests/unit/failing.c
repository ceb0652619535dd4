/* SPDX-License-Identifier: BSD-2-Clause */
#include "failing.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <pthread.h>
#include <regex.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static unsigned long countdown; /* 0: nothing fails */
static bool fails_for_good;
static bool has_failed;
static const char *const *answers;
static int asked = -1; /* the helper's end of the socket */

/*
 * X(function, what it returns, its parameters, its arguments, what it
 * returns when it fails, errno then).  The names are those that files of 64
 * bits have; where the C library has others, those calls do not fail.
 */
#define CALLS(X)                                                               \
	X(malloc, void *, (size_t n), (n), NULL, ENOMEM)                       \
	X(calloc, void *, (size_t n, size_t size), (n, size), NULL, ENOMEM)    \
	X(realloc, void *, (void *p, size_t n), (p, n), NULL, ENOMEM)          \
	X(reallocarray, void *, (void *p, size_t n, size_t size),              \
	    (p, n, size), NULL, ENOMEM)                                        \
	X(strdup, char *, (const char *s), (s), NULL, ENOMEM)                  \
	X(strndup, char *, (const char *s, size_t n), (s, n), NULL, ENOMEM)    \
	X(openat64, int, (int dir, const char *path, int flags, mode_t mode),  \
	    (dir, path, flags, mode), -1, EMFILE)                              \
	X(open64, int, (const char *path, int flags, mode_t mode),             \
	    (path, flags, mode), -1, EMFILE)                                   \
	X(fstat64, int, (int fd, struct stat *st), (fd, st), -1, EIO)          \
	X(fstatat64, int,                                                      \
	    (int dir, const char *path, struct stat *st, int flags),           \
	    (dir, path, st, flags), -1, EIO)                                   \
	X(read, ssize_t, (int fd, void *p, size_t n), (fd, p, n), -1, EIO)     \
	X(write, ssize_t, (int fd, const void *p, size_t n), (fd, p, n), -1,   \
	    ENOSPC)                                                            \
	X(pread64, ssize_t, (int fd, void *p, size_t n, off_t at),             \
	    (fd, p, n, at), -1, EIO)                                           \
	X(pwrite64, ssize_t, (int fd, const void *p, size_t n, off_t at),      \
	    (fd, p, n, at), -1, ENOSPC)                                        \
	X(fsync, int, (int fd), (fd), -1, EIO)                                 \
	X(fchmod, int, (int fd, mode_t mode), (fd, mode), -1, EPERM)           \
	X(renameat, int, (int from, const char *a, int to, const char *b),     \
	    (from, a, to, b), -1, EROFS)                                       \
	X(unlinkat, int, (int dir, const char *path, int flags),               \
	    (dir, path, flags), -1, EROFS)                                     \
	X(mkdirat, int, (int dir, const char *path, mode_t mode),              \
	    (dir, path, mode), -1, ENOSPC)                                     \
	X(mkdir, int, (const char *path, mode_t mode), (path, mode), -1,       \
	    ENOSPC)                                                            \
	X(ftruncate64, int, (int fd, off_t n), (fd, n), -1, EIO)               \
	X(futimens, int, (int fd, const struct timespec t[2]), (fd, t), -1,    \
	    EPERM)                                                             \
	X(flock, int, (int fd, int how), (fd, how), -1, ENOLCK)                \
	X(poll, int, (struct pollfd * p, nfds_t n, int ms), (p, n, ms), -1,    \
	    ENOMEM)                                                            \
	X(socketpair, int, (int domain, int type, int protocol, int sv[2]),    \
	    (domain, type, protocol, sv), -1, EMFILE)                          \
	X(send, ssize_t, (int fd, const void *p, size_t n, int flags),         \
	    (fd, p, n, flags), -1, EPIPE)                                      \
	X(recv, ssize_t, (int fd, void *p, size_t n, int flags),               \
	    (fd, p, n, flags), -1, ECONNRESET)                                 \
	X(getrlimit64, int, (__rlimit_resource_t what, struct rlimit * limit), \
	    (what, limit), -1, EPERM)                                          \
	X(gethostname, int, (char *name, size_t n), (name, n), -1,             \
	    ENAMETOOLONG)                                                      \
	X(regcomp, int, (regex_t * regex, const char *s, int flags),           \
	    (regex, s, flags), REG_ESPACE, 0)                                  \
	X(regexec, int,                                                        \
	    (const regex_t *regex, const char *s, size_t n, regmatch_t m[],    \
		int flags),                                                    \
	    (regex, s, n, m, flags), REG_ESPACE, 0)                            \
	X(pthread_mutex_init, int,                                             \
	    (pthread_mutex_t * m, const pthread_mutexattr_t *a), (m, a),       \
	    EAGAIN, 0)                                                         \
	X(OSSL_LIB_CTX_new, OSSL_LIB_CTX *, (void), (), NULL, 0)               \
	X(EVP_MD_fetch, EVP_MD *,                                              \
	    (OSSL_LIB_CTX * ctx, const char *name, const char *query),         \
	    (ctx, name, query), NULL, 0)                                       \
	X(EVP_Digest, int,                                                     \
	    (const void *p, size_t n, unsigned char *md, unsigned int *len,    \
		const EVP_MD *type, ENGINE *engine),                           \
	    (p, n, md, len, type, engine), 0, 0)                               \
	X(EVP_MD_CTX_new, EVP_MD_CTX *, (void), (), NULL, 0)                   \
	X(EVP_DigestInit_ex2, int,                                             \
	    (EVP_MD_CTX * ctx, const EVP_MD *type, const OSSL_PARAM *params),  \
	    (ctx, type, params), 0, 0)                                         \
	X(EVP_DigestUpdate, int, (EVP_MD_CTX * ctx, const void *p, size_t n),  \
	    (ctx, p, n), 0, 0)                                                 \
	X(EVP_DigestFinal_ex, int,                                             \
	    (EVP_MD_CTX * ctx, unsigned char *md, unsigned int *len),          \
	    (ctx, md, len), 0, 0)                                              \
	X(EVP_PKEY_CTX_new_from_name, EVP_PKEY_CTX *,                          \
	    (OSSL_LIB_CTX * ctx, const char *name, const char *query),         \
	    (ctx, name, query), NULL, 0)                                       \
	X(EVP_PKEY_CTX_new_from_pkey, EVP_PKEY_CTX *,                          \
	    (OSSL_LIB_CTX * ctx, EVP_PKEY * key, const char *query),           \
	    (ctx, key, query), NULL, 0)                                        \
	X(EVP_PKEY_fromdata_init, int, (EVP_PKEY_CTX * ctx), (ctx), 0, 0)      \
	X(EVP_PKEY_fromdata, int,                                              \
	    (EVP_PKEY_CTX * ctx, EVP_PKEY * *key, int what,                    \
		OSSL_PARAM params[]),                                          \
	    (ctx, key, what, params), -1, 0)                                   \
	X(EVP_PKEY_public_check, int, (EVP_PKEY_CTX * ctx), (ctx), -2, 0)      \
	X(EVP_PKEY_verify_init, int, (EVP_PKEY_CTX * ctx), (ctx), -2, 0)       \
	X(EVP_PKEY_verify, int,                                                \
	    (EVP_PKEY_CTX * ctx, const unsigned char *sig, size_t n,           \
		const unsigned char *md, size_t len),                          \
	    (ctx, sig, n, md, len), -1, 0)                                     \
	X(EVP_PKEY_CTX_set_signature_md, int,                                  \
	    (EVP_PKEY_CTX * ctx, const EVP_MD *md), (ctx, md), -2, 0)          \
	X(EVP_PKEY_CTX_set_rsa_padding, int,                                   \
	    (EVP_PKEY_CTX * ctx, int padding), (ctx, padding), -2, 0)          \
	X(EVP_PKEY_CTX_set_rsa_pss_saltlen, int, (EVP_PKEY_CTX * ctx, int n),  \
	    (ctx, n), -2, 0)                                                   \
	X(EVP_PKEY_CTX_set_rsa_mgf1_md, int,                                   \
	    (EVP_PKEY_CTX * ctx, const EVP_MD *md), (ctx, md), -2, 0)          \
	X(OSSL_PARAM_BLD_new, OSSL_PARAM_BLD *, (void), (), NULL, 0)           \
	X(OSSL_PARAM_BLD_push_BN, int,                                         \
	    (OSSL_PARAM_BLD * b, const char *key, const BIGNUM *n),            \
	    (b, key, n), 0, 0)                                                 \
	X(OSSL_PARAM_BLD_to_param, OSSL_PARAM *, (OSSL_PARAM_BLD * b), (b),    \
	    NULL, 0)                                                           \
	X(BN_bin2bn, BIGNUM *, (const unsigned char *p, int n, BIGNUM *to),    \
	    (p, n, to), NULL, 0)

enum call {
#define X(name, ...) CALL_##name,
	CALLS(X)
#undef X
	    CALL_posix_spawn,
	CALL_close,
	CALL_clock_gettime,
	N_CALLS
};

const char *const failing_calls[] = {
#define X(name, ...) [CALL_##name] = #name,
	CALLS(X)
#undef X
	    [CALL_posix_spawn] = "posix_spawn",
	[CALL_close] = "close", [CALL_clock_gettime] = "clock_gettime",
	[N_CALLS] = NULL
};

static unsigned long failures[N_CALLS];

static bool
refuse(enum call call)
{
	if (countdown == 0 || --countdown != 0)
		return false;
	if (fails_for_good)
		countdown = 1;
	has_failed = true;
	failures[call]++;
	return true;
}

#define X(name, type, parameters, arguments, failure, error) \
	type __real_##name parameters;                       \
	type __wrap_##name parameters;                       \
	type __wrap_##name parameters                        \
	{                                                    \
		if (!refuse(CALL_##name))                    \
			return __real_##name arguments;      \
		errno = error;                               \
		return failure;                              \
	}
CALLS(X)
#undef X

/* It is closed all the same. */
int __real_close(int fd);
int __wrap_close(int fd);

int
__wrap_close(int fd)
{
	const int rc = __real_close(fd);

	if (!refuse(CALL_close))
		return rc;
	errno = EIO;
	return -1;
}

/* It is always NOW. */
int __real_clock_gettime(clockid_t clock, struct timespec *ts);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ts);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	int rc;

	if (refuse(CALL_clock_gettime)) {
		errno = EINVAL;
		return -1;
	}
	rc = __real_clock_gettime(clock, ts);
	if (clock == CLOCK_REALTIME)
		ts->tv_sec = NOW;
	return rc;
}

/* A helper that has answered before it is asked, and is nobody's child. */
int __wrap_posix_spawn(pid_t *pid, const char *path,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const envp[]);

static int
find_socket(void)
{
	struct stat st;

	/* of a pair just made, the one with the higher number is theirs */
	for (int fd = 255; fd > 2; fd--)
		if (__real_fstat64(fd, &st) == 0 && S_ISSOCK(st.st_mode))
			return fd;
	return -1;
}

int
__wrap_posix_spawn(pid_t *pid, const char *path,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const envp[])
{
	int theirs;

	(void)path;
	(void)actions;
	(void)attr;
	(void)argv;
	(void)envp;
	if (refuse(CALL_posix_spawn))
		return EAGAIN;
	*pid = 1;
	if (asked >= 0)
		__real_close(asked);
	theirs = find_socket();
	asked = dup(theirs); /* stays open for the question */
	if (answers != NULL && *answers != NULL) {
		(void)!__real_send(theirs, *answers, strlen(*answers), 0);
		answers++;
	}
	(void)shutdown(theirs, SHUT_WR);
	return 0;
}

void
failing_answers(const char *const *list)
{
	answers = list;
	if (asked >= 0)
		__real_close(asked);
	asked = -1;
}

void
failing_arm(unsigned long n, bool for_good)
{
	has_failed = false;
	fails_for_good = for_good;
	countdown = n;
}

bool
failing_disarm(void)
{
	countdown = 0;
	return has_failed;
}

unsigned int
failing_show(void)
{
	unsigned int n = 0;

	for (size_t i = 0; i < N_CALLS; i++)
		if (failures[i] > 0) {
			print_message("%s failed %lu times\n", failing_calls[i],
			    failures[i]);
			n++;
		}
	return n;
}
