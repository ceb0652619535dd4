/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_H
#define AUDIENT_H

#include <stdint.h>

#include "buf.h"
#include "log.h"
#include "reason.h"

/*
 * The whole of the core for those who translate: PAM, SASL and the command.
 * Nothing here touches the process that we are a guest of: no environment,
 * no signals, no standard streams, no global state.
 */

#define AUDIENT_NAME_MAX 255 /* bytes of a user name or a subject */
#define AUDIENT_WORD_MAX 511
#define AUDIENT_LINE_MAX 2048

struct audient; /* a configuration with its keys; safe to share in threads */

struct audient_options {
	const char *config;  /* absolute path; NULL: the default one */
	const char *text;    /* a configuration in place of a file; or NULL */
	const char *service; /* only this one will be asked for; or NULL */
	bool is_long_lived;  /* many decisions: worth remembering things for */
	bool is_client;	     /* tokens are asked for, and none is checked */
	struct log_sink log; /* line NULL: nobody listens */
	/*
	 * Not NULL: somebody looks, and does not decide.  Every path is below
	 * this one, no directory is made, and the files that the
	 * configuration names are left alone: audient_check_file() reads them.
	 */
	const char *root;
};

/*
 * Reads and checks the configuration.  On success the caller owns *audientp;
 * otherwise it is NULL and problem, of AUDIENT_LINE_MAX bytes, holds one
 * line with file, line number, what is wrong and how to mend it.
 */
MUST_CHECK enum reason audient_open(struct audient **audientp,
    const struct audient_options *options, char *problem);
void audient_close(struct audient *audient); /* NULL is fine */

/*
 * Is there a configuration file at all?  For plugins that nobody asked for.
 * Where we may not look there may be one; audient_open() then says what is
 * wrong.
 */
bool audient_is_configured(const char *config);

#define AUDIENT_NO_ACCOUNT   (-1) /* the host has no such account */
#define AUDIENT_NOT_ACCOUNTS (-2) /* the service knows names, not accounts */

/* One check on its way; the strings are valid during the call only. */
struct audient_step {
	const char *check;  /* "signature", "audience", … */
	enum reason reason; /* REASON_OK: passed */
	const char *found;  /* what the token has; may be "" */
	const char *wanted; /* what was asked for; may be "" */
};

/* All of it is borrowed. */
struct audient_request {
	struct span token;
	const char *service; /* of PAM or SASL */
	const char *user;    /* the account asked for; NULL: the token's */
	const char *realm;   /* the domain of names without one; or NULL */
	int64_t uid;	     /* of that account, or one of the above */
	const char *rhost;   /* for the log; may be NULL */
	int64_t at;	     /* judge as of this time; 0: now */
	bool is_rehearsal;   /* a token that is good for one use stays so */
	/* Hears of the claims that export_claim names, once accepted. */
	void (*exported)(void *arg, const char *name, const char *value);
	void *exported_arg;
	/* Hears of every check in order; NULL: nobody listens. */
	void (*step)(void *arg, const struct audient_step *step);
	void *step_arg;
};

#define AUDIENT_TOKEN_ID_SIZE 13

/* Strings are escaped for people unless said otherwise; "" is unknown. */
struct audient_verdict {
	enum reason reason; /* equals what audient_check() returned */
	enum proof proof;
	char user[AUDIENT_NAME_MAX + 1]; /* exact; "" unless REASON_OK */
	bool is_delegate; /* user acts for request->user, and may */
	char subject[AUDIENT_WORD_MAX + 1];
	char client[AUDIENT_WORD_MAX + 1];
	char key[AUDIENT_WORD_MAX + 1];	      /* kid */
	char token_id[AUDIENT_TOKEN_ID_SIZE]; /* "" if it is still to be made */
	int64_t expires;		      /* 0: unknown */
	const char *check; /* that failed; static; NULL if none did */
	char found[AUDIENT_WORD_MAX + 1]; /* of that check */
	char wanted[AUDIENT_WORD_MAX + 1];
};

/*
 * Decides whether the token admits its bearer to the service as the user.
 * *verdict is written in every case and owns nothing.
 */
MUST_CHECK enum reason audient_check(struct audient *audient,
    const struct audient_request *request, struct audient_verdict *verdict);

#define AUDIENT_PAIRS_MAX 16

/* A line for the log: stable "key=value" pairs, no newline. */
struct audient_line {
	char text[AUDIENT_LINE_MAX];
	size_t len;
	/* The same pairs for logs with fields; a value has lost its quotes. */
	struct audient_pair {
		const char *key;   /* static */
		struct span value; /* in text */
	} pairs[AUDIENT_PAIRS_MAX];
	size_t n_pairs;
};

/* Counts a decision and makes its line.  A host calls it once per decision. */
void audient_audit(const struct audient *audient,
    const struct audient_request *request,
    const struct audient_verdict *verdict, struct audient_line *line);

/*
 * How logs call a token: the first 12 digits of its SHA-256; "" for what does
 * not begin like one.
 */
void audient_token_id(const struct audient *audient, struct span token,
    char id[AUDIENT_TOKEN_ID_SIZE]);

/*
 * Who was let in, for the session that follows.  Everything but user is
 * escaped for people.
 */
struct audient_login {
	char user[AUDIENT_NAME_MAX + 1];
	char subject[AUDIENT_WORD_MAX + 1];
	char client[AUDIENT_WORD_MAX + 1];
	char token_id[AUDIENT_TOKEN_ID_SIZE];
	int64_t expires; /* 0: unknown */
};
void audient_login(const struct audient *audient,
    const struct audient_request *request,
    const struct audient_verdict *verdict, struct audient_login *login);

enum audient_record {
	AUDIENT_RECORD_TAKEN,
	AUDIENT_RECORD_NONE,
	AUDIENT_RECORD_SPOILT, /* there was one, and it cannot be trusted */
};

/*
 * Hands a login to another process of the same user.  id is a file name that
 * both can find out and nobody else can use: lower-case letters, digits, '-'.
 * What was taken is gone.
 */
bool audient_login_keep(struct audient *audient, const char *id,
    const struct audient_login *login);
enum audient_record audient_login_take(struct audient *audient, const char *id,
    struct audient_login *login);

/* The line of a session's "open" or "close", like that of a decision. */
void audient_audit_session(const char *service, const char *user,
    const char *event, const struct audient_login *login,
    struct audient_line *line);

/* For a token that comes in pieces. */
enum audient_completeness {
	AUDIENT_COMPLETE,   /* nothing can follow, or it is no token at all */
	AUDIENT_INCOMPLETE, /* more has to follow */
	AUDIENT_UNSURE,	    /* its key is not at hand: more may follow */
};
enum audient_completeness audient_completeness(struct audient *audient,
    const char *service, struct span token);

/* What a wrapper has to know of a service; borrowed from audient. */
struct audient_service {
	const char *problem;   /* NULL: usable; else the key that is missing */
	bool denies_tokenless; /* account phase of a login without a token */
	bool trusts_host_tls;  /* the host is known to insist on TLS itself */
	bool limits_sessions;  /* a session ends with its token */
	const char *issuer;    /* of the first tenant */
	const char *scope;     /* a required scope, or NULL */
	bool takes_tokens;     /* PAM: asks for a token at a prompt */
	bool takes_device;     /* PAM: runs the device flow */
	bool draws_qr;	       /* also where no terminal is known */
	bool draws_no_qr;
};
void audient_get_service(const struct audient *audient, const char *service,
    struct audient_service *out);

/* Key sets.  each() hears of every tenant; text is one line for people. */
void audient_keys_list(struct audient *audient,
    void (*each)(void *arg, const char *issuer, const char *text), void *arg);
/* The worst reason of all tenants; log hears of each problem. */
MUST_CHECK enum reason audient_keys_refresh(struct audient *audient,
    bool is_forced);
void audient_keys_flush(struct audient *audient);

/*
 * Asking the issuer for a token.  Whatever fails, why, of AUDIENT_LINE_MAX
 * bytes, has a line for people: REASON_CONFIG_INVALID if the issuer refuses
 * what was asked for, REASON_ISSUER_UNAVAILABLE, REASON_RATE_LIMITED, ….
 */

/* What is asked for; borrowed.  NULL: what the configuration says. */
struct audient_grant {
	const char *service; /* whose section holds */
	const char *client_id;
	const char *audience;
	const char *scope;
	struct span secret; /* of the client; len 0: it has none */
	/* Who is to log in, as in a request, or AUDIENT_NOT_ACCOUNTS. */
	int64_t uid;
};

struct audient_tokens {
	struct buf access;
	struct buf refresh; /* empty: none */
	int64_t expires;    /* of access; 0: not said */
};
void audient_tokens_clear(struct audient_tokens *tokens); /* wipes */

/*
 * By the secret of the client (RFC 6749 section 4.4) or, unless refresh is
 * empty, by a refresh token (section 6): REASON_DEVICE_UNCONFIRMED if that is
 * of no use any more.  *tokens is written in every case.
 */
MUST_CHECK enum reason audient_grant_token(struct audient *audient,
    const struct audient_grant *grant, struct span refresh,
    struct audient_tokens *tokens, char *why);

/* A file name for what such a token would be good for. */
#define AUDIENT_GRANT_ID_SIZE 33
MUST_CHECK enum reason audient_grant_id(struct audient *audient,
    const struct audient_grant *grant, char id[AUDIENT_GRANT_ID_SIZE],
    char *why);

/*
 * The device flow (RFC 8628): a person opens a page in a browser, enters a
 * code and confirms, while we ask the issuer from time to time.  For an
 * account that no token opens the issuer is not asked, and a code is shown
 * that nobody can confirm.
 */
struct audient_device;

MUST_CHECK enum reason audient_device_start(struct audient *audient,
    const struct audient_grant *grant, struct audient_device **devicep,
    char *why);
void audient_device_close(struct audient_device *device); /* NULL is fine */

/* For the screen: printable ASCII, borrowed from device. */
struct audient_device_view {
	const char *page;      /* https */
	const char *whole;     /* page with the code in it, for a QR code; "" */
	const char *user_code; /* letters, digits and '-' */
	const char *host;      /* this one's name */
	int seconds_left;      /* until nobody waits any more */
};
void audient_device_show(const struct audient_device *device,
    struct audient_device_view *out);

/* Milliseconds until the issuer wants to be asked again, which poll awaits. */
int audient_device_due(const struct audient_device *device);

/*
 * Asks once, as soon as that is due.  REASON_OK and the tokens; or why there
 * are none: REASON_DEVICE_UNCONFIRMED, REASON_DEVICE_DECLINED, …, and *again
 * says whether it is worth asking again.
 */
MUST_CHECK enum reason audient_device_poll(struct audient_device *device,
    struct audient_tokens *tokens, bool *again, char *why);

/*
 * Checks a signature and nothing else, with keys from a JWKS text and
 * space-separated algorithms (NULL: RS256).  On success payload, whose cap
 * the caller has set, gets the payload's bytes; otherwise why, of
 * AUDIENT_LINE_MAX bytes, says what is wrong.
 */
MUST_CHECK enum reason audient_verify(struct span jwks, const char *algorithms,
    struct span token, struct buf *payload, char *why);

#endif
