/* SPDX-License-Identifier: BSD-2-Clause */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN_MAX 16384 /* bytes, as the server has it */

/* The answer that a prompt brought back; NULL if it was not asked for. */
static const sasl_interact_t *
find_prompt(sasl_interact_t *const *prompts, unsigned long id)
{
	if (prompts == NULL || *prompts == NULL)
		return NULL;
	for (const sasl_interact_t *p = *prompts; p->id != SASL_CB_LIST_END;
	     p++)
		if (p->id == id)
			return p;
	return NULL;
}

/* A name; *value is NULL if the program has none. */
static int
get_name(sasl_client_params_t *cparams, sasl_interact_t *const *prompts,
    unsigned long id, const char **value)
{
	const sasl_utils_t *utils = cparams->utils;
	const sasl_interact_t *prompt = find_prompt(prompts, id);
	sasl_callback_ft callback = NULL;
	sasl_getsimple_t *getsimple;
	void *context = NULL;
	unsigned int len;
	int rc;

	*value = NULL;
	if (prompt != NULL) {
		*value = prompt->result;
		return SASL_OK;
	}
	rc = utils->getcallback(utils->conn, id, &callback, &context);
	if (rc == SASL_INTERACT || callback == NULL)
		return rc;
	memcpy(&getsimple, &callback, sizeof(getsimple));
	return getsimple(context, (int)id, value, &len);
}

static int
refuse(sasl_client_params_t *cparams, const char *why)
{
	cparams->utils->seterror(cparams->utils->conn, 0, "%s", why);
	return SASL_BADPARAM;
}

/* People paste tokens with a newline behind them, and editors add one. */
static int
take_token(sasl_client_params_t *cparams, struct span in, struct buf *token)
{
	enum reason reason;

	while (in.len > 0 && memchr(" \t\r\n", in.ptr[in.len - 1], 4) != NULL)
		in.len--;
	if ((reason = buf_add(token, in.ptr, in.len)) == REASON_OK)
		return SASL_OK;
	return reason == REASON_OUT_OF_MEMORY
	    ? SASL_NOMEM
	    : refuse(cparams, "the access token is too long");
}

static int
get_password(sasl_client_params_t *cparams, sasl_interact_t *const *prompts,
    struct buf *token)
{
	const sasl_utils_t *utils = cparams->utils;
	const sasl_interact_t *prompt = find_prompt(prompts, SASL_CB_PASS);
	sasl_callback_ft callback = NULL;
	sasl_getsecret_t *getsecret;
	sasl_secret_t *secret = NULL;
	void *context = NULL;
	int rc;

	if (prompt != NULL)
		return take_token(cparams,
		    (struct span){ .ptr = prompt->result, .len = prompt->len },
		    token);
	rc = utils->getcallback(utils->conn, SASL_CB_PASS, &callback, &context);
	if (rc == SASL_INTERACT || callback == NULL)
		return rc;
	memcpy(&getsecret, &callback, sizeof(getsecret));
	rc = getsecret(utils->conn, context, SASL_CB_PASS, &secret);
	if (rc != SASL_OK || secret == NULL)
		return rc;
	return take_token(cparams,
	    (struct span){ .ptr = (const char *)secret->data,
		.len = secret->len },
	    token);
}

/*
 * A JWT, or one in a JWE as Auth0's opaque tokens are: the base64 of "{" and a
 * quote, and two dots or four.
 */
static bool
looks_like_token(struct span s)
{
	size_t dots = 0;

	for (size_t i = 0; i < s.len; i++)
		dots += s.ptr[i] == '.';
	return span_starts(s, "eyJ") && (dots == 2 || dots == 4);
}

/*
 * A program that was given a password, and lets libsasl2 choose, may get here
 * in the place of PLAIN.  Then the server has to see nothing of it.
 */
static int
guess_token(sasl_client_params_t *cparams, sasl_interact_t *const *prompts,
    struct buf *token)
{
	const int rc = get_password(cparams, prompts, token);

	if (rc != SASL_OK || token->len == 0 ||
	    looks_like_token(buf_span(token)))
		return rc;
	return refuse(cparams,
	    "this looks like a password and not like a token: name another "
	    "mechanism with -Y, or for an opaque token set "
	    "AUDIENT_TOKEN_FILE=-");
}

/* A file that others could read or write is no place for a secret. */
static const char *
problem_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return "the token file is no regular file";
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return "the token file belongs to somebody else";
	if ((st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		return "the token file is open to others: chmod 600";
	return NULL;
}

static int
read_file(sasl_client_params_t *cparams, const char *path, struct buf *token)
{
	char text[TOKEN_MAX + 2]; /* room for a newline, and one too many */
	const char *problem;
	ssize_t n;
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return refuse(cparams,
		    errno == ENOENT ? "there is no token file; its path is in "
				      "AUDIENT_TOKEN_FILE"
				    : "the token file cannot be opened");
	if ((problem = problem_of(fd)) != NULL)
		rc = refuse(cparams, problem);
	else if ((n = read(fd, text, sizeof(text))) < 0)
		rc = refuse(cparams, "the token file cannot be read");
	else
		rc = take_token(cparams,
		    (struct span){ .ptr = text, .len = (size_t)n }, token);
	explicit_bzero(text, sizeof(text));
	(void)close(fd);
	return rc;
}

/* What to say of a command that has not done as it should. */
static int
blame(sasl_client_params_t *cparams, enum command_end end)
{
	const sasl_utils_t *utils = cparams->utils;

	switch (end) {
	case COMMAND_NO_MEMORY:
		return SASL_NOMEM;
	case COMMAND_NOT_STARTED:
		return refuse(cparams,
		    "cannot start " AUDIENT_COMMAND
		    ": install it, or let AUDIENT_TOKEN_FILE be a file");
	case COMMAND_NO_TOKEN:
		utils->seterror(utils->conn, 0,
		    "nobody has logged in: run audient token --service %s",
		    cparams->service);
		return SASL_BADPARAM;
	case COMMAND_RETRY:
		utils->seterror(utils->conn, 0,
		    "the issuer cannot be asked for a token now");
		return SASL_UNAVAIL;
	case COMMAND_SLOW:
		utils->seterror(utils->conn, 0,
		    "audient token did not end in time; does another one wait "
		    "for somebody to log in?");
		return SASL_UNAVAIL;
	case COMMAND_TOO_LONG:
		return refuse(cparams, "the access token is too long");
	case COMMAND_OK:
	case COMMAND_FAILED:
		break;
	}
	utils->seterror(utils->conn, 0,
	    "audient token failed; audient token --batch --service %s says why",
	    cparams->service);
	return SASL_BADPARAM;
}

/* It prints a line with a token, and nothing else is one. */
static int
ask_command(sasl_client_params_t *cparams, const struct command *command,
    struct buf *token)
{
	struct buf text = BUF_INIT(TOKEN_MAX + 1);
	struct span rest, line;
	enum command_end end;
	int rc;

	end = command_run(command, cparams->service, &text);
	rest = buf_span(&text);
	if (end != COMMAND_OK)
		rc = blame(cparams, end);
	else if (!span_cut(&rest, '\n', &line) || rest.len > 0 ||
	    !span_is_b64token(line))
		rc = refuse(cparams, "audient token printed no token");
	else
		rc = take_token(cparams, line, token);
	buf_free(&text);
	return rc;
}

static int
get_token(sasl_client_params_t *cparams, const struct source *source,
    sasl_interact_t *const *prompts, struct buf *token)
{
	if (source->file != NULL)
		return read_file(cparams, source->file, token);
	if (source->command != NULL)
		return ask_command(cparams, source->command, token);
	return source->is_guess ? guess_token(cparams, prompts, token)
				: get_password(cparams, prompts, token);
}

static void
add_prompt(sasl_interact_t *prompts, size_t *n, unsigned long id,
    const char *challenge, const char *prompt)
{
	prompts[(*n)++] = (sasl_interact_t){ .id = id,
		.challenge = challenge,
		.prompt = prompt };
}

/* Which of the questions is still open. */
struct questions {
	bool authzid;
	bool authid;
	bool token;
};

/* Asks a person, through the program, for what no callback gave. */
static int
make_prompts(sasl_client_params_t *cparams, const struct questions *open,
    sasl_interact_t **out)
{
	sasl_interact_t *prompts;
	size_t n = 0;

	if (out == NULL)
		return SASL_BADPARAM;
	prompts = cparams->utils->malloc(4 * sizeof(*prompts));
	if (prompts == NULL)
		return SASL_NOMEM;
	memset(prompts, 0, 4 * sizeof(*prompts));
	if (open->authzid)
		add_prompt(prompts, &n, SASL_CB_USER, "Authorization Name",
		    "Act as user (empty: oneself)");
	if (open->authid)
		add_prompt(prompts, &n, SASL_CB_AUTHNAME, "Authentication Name",
		    "User");
	if (open->token)
		add_prompt(prompts, &n, SASL_CB_PASS, "Password",
		    "Access token");
	add_prompt(prompts, &n, SASL_CB_LIST_END, NULL, NULL);
	*out = prompts;
	return SASL_INTERACT;
}

static int
ask(sasl_client_params_t *cparams, const struct source *source,
    sasl_interact_t **prompts, struct answers *answers)
{
	const int user =
	    get_name(cparams, prompts, SASL_CB_USER, &answers->authzid);
	const int name =
	    get_name(cparams, prompts, SASL_CB_AUTHNAME, &answers->authid);
	/* a command runs once, and not before a person has said the name */
	const int token = source->command != NULL && name == SASL_INTERACT
	    ? SASL_OK
	    : get_token(cparams, source, prompts, &answers->token);
	const struct questions open = { .authzid = user == SASL_INTERACT,
		.authid = name == SASL_INTERACT,
		.token = token == SASL_INTERACT };

	if (open.authid || open.token)
		return make_prompts(cparams, &open, prompts);
	if (name != SASL_OK)
		return name;
	if (token != SASL_OK)
		return token;
	/* acting for somebody else is possible, but nobody has to */
	if (user != SASL_OK ||
	    (answers->authzid != NULL && answers->authzid[0] == '\0'))
		answers->authzid = NULL;
	if (answers->authid == NULL || answers->authid[0] == '\0')
		return refuse(cparams, "there is no user name");
	if (answers->token.len == 0)
		return refuse(cparams, "there is no access token");
	return SASL_OK;
}

int
answers_get(sasl_client_params_t *cparams, const struct source *source,
    sasl_interact_t **prompts, struct answers *answers)
{
	int rc;

	*answers = (struct answers){ .token = BUF_INIT(TOKEN_MAX) };
	rc = ask(cparams, source, prompts, answers);
	if (rc != SASL_INTERACT && prompts != NULL && *prompts != NULL) {
		cparams->utils->free(*prompts);
		*prompts = NULL;
	}
	return rc;
}

void
answers_clear(struct answers *answers)
{
	buf_free(&answers->token);
}
