/* SPDX-License-Identifier: BSD-2-Clause */
#include "decision.h"

#include <string.h>

#include "clock.h"

/* An acceptance, without what only a refusal has. */
struct kept {
	enum proof proof;
	bool is_delegate;
	size_t tenant;
	int64_t expires;
	char user[AUDIENT_NAME_MAX + 1];
	char subject[AUDIENT_WORD_MAX + 1];
	char client[AUDIENT_WORD_MAX + 1];
	char key[AUDIENT_WORD_MAX + 1];
};

_Static_assert(sizeof(struct kept) <= SEEN_ANSWER_MAX, "it has to fit");

static struct service_files *
files_of(const struct decision *d)
{
	return &d->a->files[d->service - d->a->conf->service];
}

static enum reason
hold(struct decision *d, const char *check, struct watched *watched,
    struct watch_view *view)
{
	enum reason reason;
	struct text problem;

	*view = (struct watch_view){ .object = NULL };
	if (watched == NULL)
		return REASON_OK;
	text_clear(&problem);
	if ((reason = watch_hold(watched, view, &problem)) != REASON_OK)
		(void)trace_span(&d->trace, check, reason, span_of(problem.s),
		    "a file without mistakes");
	return reason;
}

enum reason
decision_hold_files(struct decision *d)
{
	const struct service_files *files = files_of(d);
	enum reason reason;

	if ((reason = hold(d, "user_map", files->user_map, &d->map)) ==
		REASON_OK &&
	    (reason = hold(d, "deny_file", files->deny_file, &d->deny)) !=
		REASON_OK)
		watch_release(files->user_map, &d->map);
	return reason;
}

void
decision_release_files(struct decision *d)
{
	const struct service_files *files = files_of(d);

	watch_release(files->user_map, &d->map);
	watch_release(files->deny_file, &d->deny);
}

static uint64_t
files_generation(const struct decision *d)
{
	const struct service_files *files = files_of(d);

	return watch_generation(files->user_map) << 32 ^
	    watch_generation(files->deny_file);
}

static bool
add(struct seen_question *q, const void *p, size_t n)
{
	if (n > sizeof(q->rest) - q->len)
		return false;
	memcpy(q->rest + q->len, p, n);
	q->len += n;
	return true;
}

/* A word and its end; nobody is not the same as a name without letters. */
static bool
add_word(struct seen_question *q, const char *word)
{
	if (word == NULL)
		return add(q, "*", 2);
	return add(q, "=", 1) && add(q, word, strlen(word) + 1);
}

/*
 * Everything that makes one question different from another.  The token is
 * hashed only once: its name in the log is of that, too.
 */
static bool
ask(struct decision *d)
{
	const uint64_t uid = (uint64_t)d->rq->uid;
	struct seen_question *q = d->question;

	q->len = 0;
	if (!add_word(q, d->rq->service) || !add_word(q, d->rq->user) ||
	    !add_word(q, d->rq->realm) || !add(q, &uid, sizeof(uid)) ||
	    crypto_sha256(&d->a->world.crypto, d->rq->token, q->token) !=
		REASON_OK)
		return false;
	verdict_set_token(d->v, d->rq->token, q->token);
	return true;
}

/* Was it proven by the keys of today, or by none at all? */
static bool
has_same_keys(const struct decision *d, const struct seen_basis *basis,
    const struct kept *kept)
{
	return kept->proof != PROOF_JWT ||
	    basis->keys == keyset_generation(d->a->keyset[kept->tenant]);
}

bool
decision_recall(struct decision *d)
{
	struct audient_verdict *v = d->v;
	struct seen_basis basis;
	struct kept kept UNINITIALIZED;

	if (d->a->seen == NULL || d->rq->step != NULL || d->rq->at != 0 ||
	    d->service->missing != NULL || d->service->single_use ||
	    (d->rq->exported != NULL && d->service->n_exports > 0) || !ask(d))
		return false;
	d->is_asked = true;
	d->basis.files = files_generation(d);
	if (!seen_find(d->a->seen, d->question, d->now, &basis, &kept,
		sizeof(kept)) ||
	    basis.files != d->basis.files || !has_same_keys(d, &basis, &kept))
		return false;
	v->reason = REASON_OK;
	v->proof = kept.proof;
	v->is_delegate = kept.is_delegate;
	v->expires = kept.expires;
	memcpy(v->user, kept.user, sizeof(v->user));
	memcpy(v->subject, kept.subject, sizeof(v->subject));
	memcpy(v->client, kept.client, sizeof(v->client));
	memcpy(v->key, kept.key, sizeof(v->key));
	return true;
}

void
decision_keep(struct decision *d)
{
	const struct audient_verdict *v = d->v;
	struct kept kept UNINITIALIZED;

	if (!d->is_asked || v->reason != REASON_OK)
		return;
	if (v->proof == PROOF_JWT && d->basis.keys == 0)
		return; /* decided with an old set: look again next time */
	memset(&kept, 0, sizeof(kept));
	kept.proof = v->proof;
	kept.is_delegate = v->is_delegate;
	kept.tenant = d->tenant;
	kept.expires = v->expires;
	memcpy(kept.user, v->user, sizeof(kept.user));
	memcpy(kept.subject, v->subject, sizeof(kept.subject));
	memcpy(kept.client, v->client, sizeof(kept.client));
	memcpy(kept.key, v->key, sizeof(kept.key));
	seen_keep(d->a->seen, d->question, &d->basis, &d->window, &kept,
	    sizeof(kept));
}
