/* SPDX-License-Identifier: BSD-2-Clause */
#include "logline.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define CLASSIC_TIME 15 /* "Nov 21 12:00:01" */
#define HOST_WORDS   64 /* bytes that a SASL host puts before the message */

static bool
starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* "pam_audient(sshd:auth): service=..." */
static char *
find_in_pam(char *message)
{
	char *end;

	if (!starts(message, "pam_audient("))
		return NULL;
	if ((end = strstr(message, "): ")) == NULL)
		return NULL;
	return starts(end + 3, "service=") ? end + 3 : NULL;
}

/*
 * "audient: service=...", behind what the host says first: "SASL ", "SASL
 * [conn=1001] Failure: ", "warning: SASL authentication failure: ".
 */
static char *
find_in_sasl(char *message)
{
	char *found = strstr(message, "audient: service=");

	if (found == NULL || found - message > HOST_WORDS)
		return NULL;
	if (found != message && !starts(message, "SASL") &&
	    !starts(message, "warning: SASL"))
		return NULL;
	return found + strlen("audient: ");
}

/* The program's own words begin behind its name. */
static char *
find_pairs(char *line)
{
	char *message = strstr(line, ": "), *pairs;

	if (message == NULL)
		return NULL;
	message += 2;
	pairs = find_in_pam(message);
	return pairs != NULL ? pairs : find_in_sasl(message);
}

/* key=value or key="value"; false at the end and where it is damaged. */
static bool
take_pair(char **at, const char **key, const char **value)
{
	char *p = *at + strspn(*at, " ");
	char *end;

	*key = p;
	if ((end = strchr(p, '=')) == NULL)
		return false;
	*end++ = '\0';
	if (*end == '"') {
		*value = ++end;
		if ((end = strchr(end, '"')) == NULL)
			return false;
	} else {
		*value = end;
		end += strcspn(end, " ");
	}
	if (*end != '\0')
		*end++ = '\0';
	*at = end;
	return true;
}

/* What stands first: a word with a date, or three as syslog has it. */
static size_t
time_size(const char *line)
{
	size_t n = strcspn(line, " ");

	if (isdigit((unsigned char)line[0]) == 0)
		n = strlen(line) > CLASSIC_TIME ? CLASSIC_TIME : 0;
	return n;
}

/* A log may have been written by anybody; a terminal obeys what it is shown. */
static void
disarm(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

bool
logline_parse(const char *line, struct logline *out)
{
	char *at;
	size_t n;

	memset(out, 0, sizeof(*out));
	if ((out->text = strdup(line)) == NULL)
		return false;
	out->text[strcspn(out->text, "\r\n")] = '\0';
	disarm(out->text);
	if ((at = find_pairs(out->text)) != NULL) {
		while (out->n < LOGLINE_PAIRS &&
		    take_pair(&at, &out->pair[out->n].key,
			&out->pair[out->n].value))
			out->n++;
		n = time_size(out->text);
		out->text[n] = '\0';
		out->time = out->text;
	}
	if (*logline_get(out, "verdict") != '\0' &&
	    *logline_get(out, "reason") != '\0')
		return true;
	logline_clear(out);
	return false;
}

void
logline_clear(struct logline *line)
{
	free(line->text);
	memset(line, 0, sizeof(*line));
}

const char *
logline_get(const struct logline *line, const char *key)
{
	for (size_t i = 0; i < line->n; i++)
		if (strcmp(line->pair[i].key, key) == 0)
			return line->pair[i].value;
	return "";
}
