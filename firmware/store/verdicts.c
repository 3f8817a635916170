/* SPDX-License-Identifier: Apache-2.0 */
/* The role's part of verdicts: they come the way of requests for evidence (requests.c), are taken
 * at once (verdict.h), and answered with a receipt that only who gave them can open. */
#include "firmware/store/store.h"

#include "firmware/base/clock.h"
#include "firmware/base/gift.h"
#include "firmware/base/jwe.h"
#include "firmware/base/log.h"
#include "firmware/store/audit_line.h"
#include "firmware/store/text.h"
#include "firmware/store/verdict.h"

#include <stdlib.h>
#include <string.h>

#define RECEIPT_TYP "alpr-verdict-receipt"
#define RECEIPT_MAX 4096u
#define NOISE_NS    (10 * NS_PER_S) /* between two writes, or lines, of what proves nobody */

struct receipt {
	char text[RECEIPT_MAX];
	size_t len;
};

static bool put(void *arg, const void *text, size_t len, struct err *e)
{
	struct receipt *r = arg;

	if (len > sizeof r->text - r->len)
		return err_set(e, ERR_LIMIT, "verdict: a receipt too long");
	memcpy(r->text + r->len, text, len);
	r->len += len;
	return true;
}

static void key_cleanup(struct crypt_key **k)
{
	crypt_key_free(*k);
}

static void seal_cleanup(struct jwe_seal **s)
{
	jwe_seal_free(*s);
}

static void identity_cleanup(struct identity **who)
{
	identity_free(*who);
}

static bool receipt(const struct verdict *v, const struct identity *who,
		    const uint8_t digest[CRYPT_SHA256_SIZE], int *fd, struct err *e)
{
	CLEANUP(key_cleanup) struct crypt_key *to = NULL;
	CLEANUP(seal_cleanup) struct jwe_seal *seal = NULL;
	struct receipt r = {.len = 0};
	struct iovec part = {.iov_base = r.text};
	char text[300], hex[AUDIT_HEX_SIZE], id[TEXT_ID_SIZE];
	int n = snprintf(text, sizeof text,
			 "{\"format\":\"" RECEIPT_TYP "-1\",\"request\":\"%s\",\"passage\":\"%s\","
			 "\"verdict\":\"%s\"}",
			 audit_hex(digest, hex), text_id(v->passage, id), verdict_name(v->kind));

	if (!identity_key(who, &to, e) ||
	    !jwe_seal_begin(to, RECEIPT_TYP, (struct jwe_sink){put, &r}, &seal, e) ||
	    !jwe_seal_append(seal, text, (size_t)n, e) || !jwe_seal_end(seal, e))
		return false;
	part.iov_len = r.len;
	return gift_make("receipt", &part, 1, fd, e);
}

static bool take(struct store *s, const struct store_verdict *in, const struct verdict_now *now,
		 struct identity **who, int *fd, struct err *e)
{
	struct verdict v;

	/* What a certificate is good for, and what came first, nobody can say then. */
	if (s->clock.doubtful)
		return err_set(e, ERR_POLICY, "the clock of the box is in doubt");
	return verdict_open(in->text, in->len, in->ca, now->wall_ns, who, &v, e) &&
	       verdict_take(s->db, &v, s->conf.site.name, *who, now, e) &&
	       receipt(&v, *who, in->digest, fd, e);
}

static bool noise_is_due(const struct store *s)
{
	return !s->verdict_mono_ns || clock_mono_ns() - s->verdict_mono_ns >= NOISE_NS;
}

bool store_verdict(struct store *s, const struct store_verdict *in, int *fd, struct err *e)
{
	CLEANUP(identity_cleanup) struct identity *who = NULL;
	const struct verdict_now now = {elapsed_wall(&s->clock, store_now(s)), s->clock.k.ring_ns};
	int64_t noise = s->verdict_noise;
	struct err why = {0}, also = {0};

	*fd = -1;
	if (take(s, in, &now, &who, fd, &why)) {
		log_line(LOG_INFO, "a verdict on a hit is taken");
		return true;
	}
	if (why.code == ERR_IO || why.code == ERR_NO_SPACE)
		store_trouble(s, &why);
	else if (!verdict_refuse(s->db, &s->verdict_noise, who, why.text, &now, &also))
		store_trouble(s, &also);
	if (s->verdict_noise == noise || noise_is_due(s))
		log_line(LOG_NOTICE, "a verdict is refused: %s", why.text);
	store_count_verdicts(s, false);
	if (e)
		*e = why;
	return false;
}

void store_count_verdicts(struct store *s, bool last)
{
	struct err e = {0};

	if (!s->db || s->verdict_noise == 0 || !(last || noise_is_due(s)))
		return;
	s->verdict_mono_ns = clock_mono_ns();
	if (!verdict_count_noise(s->db, &s->verdict_noise, &e))
		store_trouble(s, &e);
}
