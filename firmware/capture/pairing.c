/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/capture/pairing.h"

#include <string.h>

void pairing_init(struct pairing *p, int64_t skew_ns, const bool present[FRAME_CAMERAS])
{
	memset(p, 0, sizeof *p);
	p->skew_ns = skew_ns;
	for (unsigned c = 0; c < FRAME_CAMERAS; c++)
		p->q[c].absent = !present[c];
}

void pairing_present(struct pairing *p, unsigned camera)
{
	p->q[camera].absent = false;
}

/* Drop the n oldest of a queue. */
static void drop(struct pairing *p, struct pairing_queue *q, size_t n, struct pairing_result *out)
{
	for (size_t i = 0; i < n; i++)
		out->dropped[out->n_dropped++] = q->frames[i];
	q->n -= n;
	memmove(q->frames, q->frames + n, q->n * sizeof *q->frames);
	p->unpaired += n;
}

static int64_t apart(const struct frame *a, const struct frame *b)
{
	int64_t d = a->capture_ns - b->capture_ns;

	return d < 0 ? -d : d;
}

/* Index of the frame in q nearest to f within the skew, or q->n. */
static size_t partner(const struct pairing *p, const struct pairing_queue *q, const struct frame *f)
{
	size_t best = q->n;

	for (size_t i = 0; i < q->n; i++)
		if (apart(&q->frames[i], f) <= p->skew_ns &&
		    (best == q->n || apart(&q->frames[i], f) < apart(&q->frames[best], f)))
			best = i;
	return best;
}

static void heard(struct pairing_queue *mine, struct pairing_queue *other, int64_t now_ns)
{
	if (other->seen_ns > now_ns) /* the clock was set back */
		other->seen_ns = now_ns;
	mine->dead = false;
	mine->seen_ns = now_ns;
	mine->silent = 0;
	if (other->silent < UINT32_MAX)
		other->silent++;
	if (other->silent >= PAIRING_SILENT && now_ns - other->seen_ns >= PAIRING_DEAD_NS)
		other->dead = true;
}

void pairing_add(struct pairing *p, const struct frame *f, struct pairing_result *out)
{
	struct pairing_queue *mine = &p->q[f->camera], *other = &p->q[!f->camera];
	size_t at;

	memset(out, 0, sizeof *out);
	if (!p->begun)
		other->seen_ns = f->capture_ns;
	p->begun = true;
	heard(mine, other, f->capture_ns);
	/* The clock was set back: what waits belongs to another time. */
	if (mine->n && f->capture_ns <= mine->frames[mine->n - 1].capture_ns)
		drop(p, mine, mine->n, out);
	at = partner(p, other, f);
	if (at < other->n || other->dead || other->absent) {
		out->pair = true;
		out->present[f->camera] = 1;
		out->frames[f->camera] = *f;
		drop(p, mine, mine->n, out);
	}
	if (at < other->n) {
		drop(p, other, at, out);
		out->present[!f->camera] = 1;
		out->frames[!f->camera] = other->frames[0];
		other->n--;
		memmove(other->frames, other->frames + 1, other->n * sizeof *other->frames);
	}
	if (out->pair)
		return;
	/* Frames of this camera only come later: what lies too far back has missed its partner. */
	while (other->n && other->frames[0].capture_ns < f->capture_ns - p->skew_ns)
		drop(p, other, 1, out);
	if (mine->n == PAIRING_DEPTH)
		drop(p, mine, 1, out);
	mine->frames[mine->n++] = *f;
}

void pairing_flush(struct pairing *p, struct pairing_result *out)
{
	memset(out, 0, sizeof *out);
	for (unsigned c = 0; c < FRAME_CAMERAS; c++)
		drop(p, &p->q[c], p->q[c].n, out);
}

bool pairing_degraded(const struct pairing *p)
{
	for (unsigned c = 0; c < FRAME_CAMERAS; c++)
		if (p->q[c].dead || p->q[c].absent)
			return true;
	return false;
}
