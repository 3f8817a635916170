/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/index.h"

#include "hotlist/le.h"

#include <string.h>

#define MANY 255u /* so many or more: as many as lie before the next block's first */

/* One cache line in vector registers, whatever kind of them the machine has. */
typedef uint16_t lanes __attribute__((vector_size(LAYOUT_BLOCK)));

static uint16_t fingerprint(uint64_t hash)
{
	uint16_t f = (uint16_t)(hash & 0xffff);

	return f ? f : 1; /* 0 is a slot that is free */
}

static bool is_among(const uint8_t *line, uint64_t hash)
{
	uint16_t f = fingerprint(hash), want;
	uint8_t raw[2] = {(uint8_t)(f & 0xff), (uint8_t)(f >> 8)};
	uint64_t any[LAYOUT_BLOCK / 8];
	lanes v, hit;

	memcpy(&want, raw, sizeof want); /* as it lies in the line, on any machine */
	memcpy(&v, line, sizeof v);
	v[0] = v[1] = (uint16_t)~want; /* the block's head is no fingerprint */
	hit = (lanes)(v == want);
	memcpy(any, &hit, sizeof any);
	return (any[0] | any[1] | any[2] | any[3] | any[4] | any[5] | any[6] | any[7]) != 0;
}

bool index_ask(const uint8_t *line, uint64_t hash, struct index_range *out)
{
	uint32_t head = (uint32_t)line[0] | (uint32_t)line[1] << 8 | (uint32_t)line[2] << 16;

	out->first = head;
	out->n = line[3];
	if (out->n == MANY)
		out->n = UINT32_MAX;
	return out->n > INDEX_SLOTS || is_among(line, hash);
}

void index_begin(struct index_walk *w, uint8_t *out, const uint8_t *has, uint32_t blocks)
{
	*w = (struct index_walk){.out = out, .has = has, .blocks = blocks, .same = true};
}

static void finish_block(struct index_walk *w)
{
	size_t at = (size_t)w->block * LAYOUT_BLOCK;

	le_put(w->line, 3, w->first);
	w->line[3] = (uint8_t)(w->n < MANY ? w->n : MANY);
	if (w->out)
		memcpy(w->out + at, w->line, LAYOUT_BLOCK);
	else if (memcmp(w->has + at, w->line, LAYOUT_BLOCK) != 0)
		w->same = false;
	memset(w->line, 0, LAYOUT_BLOCK);
	w->block++;
	w->first += w->n;
	w->n = 0;
}

void index_add(struct index_walk *w, uint64_t hash)
{
	uint32_t block = index_block(hash, w->blocks);

	while (w->block < block)
		finish_block(w);
	if (w->n < INDEX_SLOTS)
		le_put(w->line + 4 + 2 * (size_t)w->n, 2, fingerprint(hash));
	w->n++;
}

bool index_end(struct index_walk *w)
{
	while (w->block < w->blocks)
		finish_block(w);
	return w->same;
}
