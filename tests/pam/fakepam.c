/* SPDX-License-Identifier: BSD-2-Clause */
#include "fakepam.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long countdown; /* 0: nothing fails */
static bool has_failed;

void
fakepam_arm(unsigned long n)
{
	countdown = n;
	has_failed = false;
}

bool
fakepam_disarm(void)
{
	countdown = 0;
	return has_failed;
}

bool
fakepam_fails(void)
{
	if (countdown == 0 || --countdown != 0)
		return false;
	return has_failed = true;
}

static void append(char to[FAKEPAM_TEXT], const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
append(char to[FAKEPAM_TEXT], const char *fmt, va_list ap)
{
	const size_t used = strlen(to);

	(void)vsnprintf(to + used, FAKEPAM_TEXT - used, fmt, ap);
}

void
pam_syslog(const pam_handle_t *h, int priority, const char *fmt, ...)
{
	va_list ap;

	(void)priority;
	va_start(ap, fmt);
	append(((struct pam_handle *)(uintptr_t)h)->logged, fmt, ap);
	va_end(ap);
}

int
pam_prompt(pam_handle_t *h, int style, char **response, const char *fmt, ...)
{
	const bool is_question = response != NULL;
	va_list ap;

	(void)style;
	if (fakepam_fails())
		return PAM_CONV_ERR;
	va_start(ap, fmt);
	append(is_question ? h->asked : h->told, fmt, ap);
	va_end(ap);
	if (is_question && h->code != PAM_SUCCESS)
		return h->code;
	if (is_question && (*response = NULL, *h->answers != NULL)) {
		*response = strdup(*h->answers++);
		h->given++;
	}
	return PAM_SUCCESS;
}

const char *
pam_strerror(pam_handle_t *h, int error)
{
	(void)h;
	(void)error;
	return "why";
}

int
pam_get_user(pam_handle_t *h, const char **user, const char *prompt)
{
	(void)prompt;
	if (fakepam_fails())
		return PAM_CONV_ERR;
	*user = h->user;
	return PAM_SUCCESS;
}

int
pam_get_item(const pam_handle_t *h, int item, const void **out)
{
	if (fakepam_fails())
		return PAM_PERM_DENIED;
	*out = item == PAM_SERVICE ? h->service
	    : item == PAM_USER	   ? h->user
	    : item == PAM_AUTHTOK  ? h->authtok
				   : NULL;
	return PAM_SUCCESS;
}

int
pam_set_item(pam_handle_t *h, int item, const void *value)
{
	assert_int_equal(item, PAM_AUTHTOK);
	if (fakepam_fails())
		return PAM_BUF_ERR;
	free(h->authtok);
	h->authtok = strdup(value);
	return PAM_SUCCESS;
}

int
pam_fail_delay(pam_handle_t *h, unsigned int microseconds)
{
	if (fakepam_fails())
		return PAM_SYSTEM_ERR;
	h->delay = microseconds;
	return PAM_SUCCESS;
}

int
pam_set_data(pam_handle_t *h, const char *name, void *data,
    void (*cleanup)(pam_handle_t *h, void *data, int status))
{
	size_t i = 0;

	if (fakepam_fails())
		return PAM_BUF_ERR;
	while (h->data[i].name != NULL && strcmp(h->data[i].name, name) != 0)
		assert_true(++i < FAKEPAM_DATA);
	if (h->data[i].name != NULL)
		h->data[i].cleanup(h, h->data[i].data, PAM_DATA_REPLACE);
	else
		h->data[i].name = strdup(name);
	h->data[i].data = data;
	h->data[i].cleanup = cleanup;
	return PAM_SUCCESS;
}

int
pam_get_data(const pam_handle_t *h, const char *name, const void **data)
{
	if (fakepam_fails())
		return PAM_SYSTEM_ERR;
	for (size_t i = 0; i < FAKEPAM_DATA && h->data[i].name != NULL; i++)
		if (strcmp(h->data[i].name, name) == 0) {
			*data = h->data[i].data;
			return PAM_SUCCESS;
		}
	return PAM_NO_MODULE_DATA;
}

bool
fakepam_has_data(const struct pam_handle *h, const char *name)
{
	for (size_t i = 0; i < FAKEPAM_DATA && h->data[i].name != NULL; i++)
		if (strcmp(h->data[i].name, name) == 0)
			return true;
	return false;
}

int
pam_putenv(pam_handle_t *h, const char *pair)
{
	if (fakepam_fails())
		return PAM_BUF_ERR;
	free(h->note);
	h->note = strchr(pair, '=') != NULL ? strdup(pair) : NULL;
	return PAM_SUCCESS;
}

const char *
pam_getenv(pam_handle_t *h, const char *name)
{
	const size_t n = strlen(name);

	return !fakepam_fails() && h->note != NULL &&
		strncmp(h->note, name, n) == 0
	    ? h->note + n + 1
	    : NULL;
}

void
fakepam_end(struct pam_handle *h)
{
	for (size_t i = 0; i < FAKEPAM_DATA && h->data[i].name != NULL; i++) {
		h->data[i].cleanup(h, h->data[i].data, PAM_SUCCESS);
		free(h->data[i].name);
	}
	free(h->authtok);
	free(h->note);
	memset(h, 0, sizeof(*h));
}
