/* SPDX-License-Identifier: BSD-2-Clause */
#include "login.h"

#include <fcntl.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA_SIZE 128
#define NOTE	  "AUDIENT_LOGIN"
#define ID_SIZE	  64
#define STAT_SIZE 1024
#define START	  22 /* field of /proc/PID/stat: when the process began */

static void
login_free(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

/* Two lines with different service= arguments do not share a login. */
static void
data_name(const struct args *args, char name[DATA_SIZE])
{
	(void)snprintf(name, DATA_SIZE, "pam_audient:%s", args->service);
}

int
login_remember(pam_handle_t *pamh, const struct args *args,
    const struct login *login)
{
	struct login *copy;
	char name[DATA_SIZE];

	if ((copy = malloc(sizeof(*copy))) == NULL)
		return PAM_BUF_ERR;
	*copy = *login;
	data_name(args, name);
	if (pam_set_data(pamh, name, copy, login_free) == PAM_SUCCESS)
		return PAM_SUCCESS;
	free(copy);
	return PAM_BUF_ERR;
}

int
login_recall(pam_handle_t *pamh, const struct args *args,
    const struct login **login)
{
	const void *data = NULL;
	char name[DATA_SIZE];
	int rc;

	data_name(args, name);
	rc = pam_get_data(pamh, name, &data);
	*login = rc == PAM_SUCCESS ? data : NULL;
	return rc == PAM_NO_MODULE_DATA ? PAM_SUCCESS : rc;
}

enum login_place
login_place(void)
{
	const pid_t parent = getppid();
	struct stat ours, theirs;
	char path[32];

	/* from outside of a container, and another program */
	if (parent == 0)
		return LOGIN_HERE;
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)parent);
	if (stat("/proc/self/exe", &ours) != 0 || stat(path, &theirs) != 0)
		return LOGIN_SOMEWHERE;
	return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino
	    ? LOGIN_IN_CHILD
	    : LOGIN_HERE;
}

bool
login_leave_note(pam_handle_t *pamh, const struct login *login)
{
	char pair[sizeof(NOTE) + AUDIENT_TOKEN_ID_SIZE];

	(void)snprintf(pair, sizeof(pair), NOTE "=%s", login->who.token_id);
	return pam_putenv(pamh, pair) == PAM_SUCCESS;
}

bool
login_take_note(pam_handle_t *pamh, struct login *login)
{
	const char *note = pam_getenv(pamh, NOTE);
	const size_t len = AUDIENT_TOKEN_ID_SIZE - 1;

	if (note == NULL)
		return false;
	memset(login, 0, sizeof(*login));
	login->reason = REASON_OK;
	if (strlen(note) == len && strspn(note, "0123456789abcdef") == len)
		memcpy(login->who.token_id, note, len);
	(void)pam_putenv(pamh, NOTE);
	return true;
}

/* Pid and start: a name that no other process will ever have. */
static bool
process_id(pid_t pid, char id[ID_SIZE])
{
	char path[32], text[STAT_SIZE], *p;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* the name of the program may hold anything, also a ')' */
	if ((p = strrchr(text, ')')) == NULL)
		return false;
	for (int field = 2; field < START; field++)
		if ((p = strchr(p + 1, ' ')) == NULL)
			return false;
	p[1 + strspn(p + 1, "0123456789")] = '\0';
	(void)snprintf(id, ID_SIZE, "%d-%s", (int)pid, p + 1);
	return true;
}

bool
login_hand_over(struct audient *audient, const struct login *login)
{
	char id[ID_SIZE];

	return process_id(getppid(), id) &&
	    audient_login_keep(audient, id, &login->who);
}

enum audient_record
login_take_over(struct audient *audient, struct login *login)
{
	char id[ID_SIZE];

	login->reason = REASON_OK;
	return process_id(getpid(), id)
	    ? audient_login_take(audient, id, &login->who)
	    : AUDIENT_RECORD_NONE;
}
