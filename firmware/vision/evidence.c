/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/vision/evidence.h"

#include "ocr/fuse.h"

#include <math.h>
#include <string.h>

#define WITNESSES  4u	 /* best observations of a heap that are asked */
#define SPELLINGS  3u	 /* best spellings of a read that are tried */
#define LOSS_MAX   60.0f /* a text that cannot be aligned at all */
#define SURE	   0.5f
#define FAR_APART  4u /* edits */
#define LOSS_SAME  6.0f
#define LOSS_OTHER 12.0f

static uint32_t worst(const struct evidence *e)
{
	uint32_t w = 0;

	for (uint32_t i = 1; i < e->n; i++)
		if (e->quality[i] < e->quality[w])
			w = i;
	return w;
}

bool evidence_wants(const struct evidence *e, float quality)
{
	return e->n < EVIDENCE_MAX || quality > e->quality[worst(e)];
}

static void keep(struct evidence *e, const struct plate_observation *seen, float quality)
{
	uint32_t at = e->n < EVIDENCE_MAX ? e->n++ : worst(e);

	e->seen[at] = *seen;
	e->quality[at] = quality;
}

void evidence_weigh(struct plate_observation *seen, const struct plate_read *alone)
{
	seen->weight = 0.1f + 0.9f * sqrtf(fminf(fmaxf(alone->confidence, 0.0f), 1.0f));
}

void evidence_add(struct evidence *e, const struct plate_observation *seen, float quality)
{
	if (evidence_wants(e, quality))
		keep(e, seen, quality);
	e->total++;
}

void evidence_merge(struct evidence *into, const struct evidence *from)
{
	for (uint32_t i = 0; i < from->n; i++)
		if (evidence_wants(into, from->quality[i]))
			keep(into, &from->seen[i], from->quality[i]);
	into->total += from->total;
}

void evidence_read(const struct evidence *const *heaps, size_t n, struct plate_read *out)
{
	const struct plate_observation *seen[2 * EVIDENCE_MAX];
	size_t k = 0;

	for (size_t h = 0; h < n && h < 2; h++)
		for (uint32_t i = 0; i < heaps[h]->n; i++)
			seen[k++] = &heaps[h]->seen[i];
	memset(out, 0, sizeof *out);
	if (k)
		fuse(seen, k, out);
}

unsigned evidence_distance(const char *a, const char *b)
{
	unsigned row[PLATE_TEXT_SIZE], n = (unsigned)strnlen(b, PLATE_TEXT_MAX);

	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 0; i < PLATE_TEXT_MAX && a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (unsigned j = 0; j < n; j++) {
			unsigned best = diagonal + (a[i] != b[j]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j + 1] + 1 < best)
				best = row[j + 1] + 1;
			diagonal = row[j + 1];
			row[j + 1] = best;
		}
	}
	return row[n];
}

/* The best observations of a heap, with the likelihood of its own text under each. */
struct witnesses {
	const struct plate_observation *seen[WITNESSES];
	float own[WITNESSES];
	unsigned n;
};

static void call_witnesses(const struct evidence *e, const char *text, struct witnesses *w)
{
	bool taken[EVIDENCE_MAX] = {false};

	w->n = 0;
	while (w->n < WITNESSES && w->n < e->n) {
		uint32_t best = EVIDENCE_MAX;

		for (uint32_t i = 0; i < e->n; i++)
			if (!taken[i] && (best == EVIDENCE_MAX || e->quality[i] > e->quality[best]))
				best = i;
		taken[best] = true;
		w->seen[w->n] = &e->seen[best];
		w->own[w->n++] = fuse_log_likelihood(&e->seen[best], text);
	}
}

/* Mean loss of `text` against the heap's own. */
static float loss_under(const struct witnesses *w, const char *text)
{
	float sum = 0;

	for (unsigned i = 0; i < w->n; i++) {
		float d = w->own[i] - fuse_log_likelihood(w->seen[i], text);

		sum += isfinite(d) ? fminf(fmaxf(d, -LOSS_MAX), LOSS_MAX) : LOSS_MAX;
	}
	return w->n ? sum / (float)w->n : 0;
}

static float common_loss(const struct evidence *a, const struct plate_read *ra,
			 const struct evidence *b, const struct plate_read *rb)
{
	const struct plate_read *reads[2] = {ra, rb};
	struct witnesses wa, wb;
	float best = 2 * LOSS_MAX;

	call_witnesses(a, ra->text, &wa);
	call_witnesses(b, rb->text, &wb);
	for (unsigned r = 0; r < 2; r++)
		for (unsigned i = 0; i < SPELLINGS && i < reads[r]->n_alternatives; i++) {
			const char *text = reads[r]->alternatives[i].text;

			best = fminf(best, loss_under(&wa, text) + loss_under(&wb, text));
		}
	return fmaxf(best, 0);
}

struct agreement evidence_agreement(const struct evidence *a, const struct plate_read *ra,
				    const struct evidence *b, const struct plate_read *rb)
{
	struct agreement g = {.loss = 0};
	unsigned apart;
	bool sure;

	if (!a->n || !b->n || !ra->text[0] || !rb->text[0])
		return g;
	apart = evidence_distance(ra->text, rb->text);
	sure = ra->confidence >= SURE && rb->confidence >= SURE;
	g.same = apart == 0 && strlen(ra->text) >= 3 && ra->confidence + rb->confidence >= SURE;
	if (apart > FAR_APART && sure) /* nothing that the lattices could add */
		g.loss = LOSS_MAX;
	else if (apart)
		g.loss = common_loss(a, ra, b, rb);
	g.strong = g.same || (sure && apart <= 2 && g.loss <= LOSS_SAME);
	g.contrary = sure && apart > 2 && g.loss >= LOSS_OTHER;
	return g;
}
