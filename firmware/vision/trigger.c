/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/vision/trigger.h"

#include "firmware/base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MIN_CHANGE	10.0f /* levels that a cell must differ by, at least */
#define NOISE_FACTOR	5.0f  /* and in mean deviations of that cell */
#define CELLS_A_BLOCK	6u /* changed cells that make a block active: more than drops and streaks */
#define BLOCKS_SHARE	250u /* one block in so many active opens the trigger, */
#define BLOCKS_LEAST	3u   /* but at least so many */
#define LONGEST_STEP_NS NS_PER_S

struct cell {
	float mean, noise, last;
	int32_t still_ms; /* how long it has been changed and the same */
	uint8_t changed;
};

struct trigger {
	uint32_t width, height, cols, rows, blocks;
	bool primed;
	int64_t last_ns, open_until_ns;
	float activity;
	struct cell cells[];
};

bool trigger_new(uint32_t width, uint32_t height, struct trigger **out, struct err *e)
{
	uint32_t cols = width / TRIGGER_CELL, rows = height / TRIGGER_CELL;
	struct trigger *t;

	if (width < 64 || height < 64 || width > 16384 || height > 16384)
		return err_set(e, ERR_LIMIT, "trigger: pictures of %u x %u", width, height);
	t = calloc(1, sizeof *t + (size_t)cols * rows * sizeof t->cells[0]);
	if (!t)
		return err_set(e, ERR_NO_MEMORY, "trigger");
	t->width = width;
	t->height = height;
	t->cols = cols;
	t->rows = rows;
	t->blocks = (cols / TRIGGER_BLOCK) * (rows / TRIGGER_BLOCK);
	*out = t;
	return true;
}

void trigger_free(struct trigger *t)
{
	free(t);
}

static float cell_luma(const struct image *img, uint32_t col, uint32_t row)
{
	const uint8_t *p = img->data + ((size_t)row * TRIGGER_CELL + 2) * img->stride +
			   (size_t)col * TRIGGER_CELL + 2;
	const uint8_t *q = p + (size_t)4 * img->stride;

	return (float)(p[0] + p[4] + q[0] + q[4]) * 0.25f;
}

/* Light and automatic exposure scale the whole picture: the gain of the cells that did not change
 * says by how much. */
static float gain(const struct trigger *t)
{
	float now = 0, then = 0;

	for (uint32_t i = 0; i < t->cols * t->rows; i++)
		if (!t->cells[i].changed) {
			now += t->cells[i].last;
			then += t->cells[i].mean;
		}
	if (then < 1.0f || now < 1.0f)
		return 1.0f;
	return fminf(fmaxf(now / then, 0.5f), 2.0f);
}

static void learn(struct cell *c, float deviation, int32_t step_ms, bool steady)
{
	float rate =
	    (float)step_ms * 0.001f; /* a second or so for the background of an unchanged cell */

	rate = rate > 0.25f ? 0.25f : rate;
	if (!c->changed) {
		c->still_ms = 0;
		c->mean += (c->last - c->mean) * rate;
		c->noise += (fabsf(deviation) - c->noise) * rate * 0.5f;
		return;
	}
	c->still_ms = steady ? c->still_ms + step_ms : 0;
	/* Drops and leaves come and go: they must widen what is ordinary here. */
	c->noise += (fminf(fabsf(deviation), 40.0f) - c->noise) * rate * 0.05f;
	if ((int64_t)c->still_ms * NS_PER_MS >= TRIGGER_ABSORB_NS) {
		c->mean = c->last;
		c->still_ms = 0;
		c->changed = 0;
	}
}

static void look_at_cells(struct trigger *t, const struct image *img, int32_t step_ms)
{
	float g;

	for (uint32_t row = 0; row < t->rows; row++)
		for (uint32_t col = 0; col < t->cols; col++) {
			struct cell *c = &t->cells[row * t->cols + col];
			float v = cell_luma(img, col, row);

			/* still_ms counts only while the picture repeats itself here */
			if (fabsf(v - c->last) > MIN_CHANGE * 0.5f + 2.0f * c->noise)
				c->still_ms = -1;
			c->last = v;
		}
	g = gain(t);
	for (uint32_t i = 0; i < t->cols * t->rows; i++) {
		struct cell *c = &t->cells[i];
		float deviation = c->last - c->mean * g;
		bool steady = c->still_ms >= 0;

		if (!steady)
			c->still_ms = 0;
		c->changed = fabsf(deviation) > fmaxf(MIN_CHANGE, NOISE_FACTOR * c->noise);
		learn(c, deviation, step_ms, steady);
	}
}

static uint32_t active_blocks(const struct trigger *t)
{
	uint32_t active = 0;

	for (uint32_t by = 0; by + TRIGGER_BLOCK <= t->rows; by += TRIGGER_BLOCK)
		for (uint32_t bx = 0; bx + TRIGGER_BLOCK <= t->cols; bx += TRIGGER_BLOCK) {
			uint32_t n = 0;

			for (uint32_t y = 0; y < TRIGGER_BLOCK; y++)
				for (uint32_t x = 0; x < TRIGGER_BLOCK; x++)
					n += t->cells[(by + y) * t->cols + bx + x].changed;
			active += n >= CELLS_A_BLOCK;
		}
	return active;
}

static void prime(struct trigger *t, const struct image *img)
{
	for (uint32_t row = 0; row < t->rows; row++)
		for (uint32_t col = 0; col < t->cols; col++) {
			struct cell *c = &t->cells[row * t->cols + col];

			c->mean = c->last = cell_luma(img, col, row);
			c->noise = 2.0f;
		}
	t->primed = true;
}

bool trigger_look(struct trigger *t, const struct image *img, int64_t capture_ns)
{
	int64_t step = capture_ns - t->last_ns;
	uint32_t active, needed = t->blocks / BLOCKS_SHARE;

	if (img->width != t->width || img->height != t->height)
		return true;
	if (!t->primed) {
		prime(t, img);
		t->last_ns = capture_ns;
		return false;
	}
	if (step < 0) { /* the clock was set back */
		t->open_until_ns = 0;
		step = 0;
	}
	t->last_ns = capture_ns;
	look_at_cells(t, img,
		      (int32_t)((step > LONGEST_STEP_NS ? LONGEST_STEP_NS : step) / NS_PER_MS));
	active = active_blocks(t);
	t->activity = t->blocks ? (float)active / (float)t->blocks : 0;
	if (active >= (needed > BLOCKS_LEAST ? needed : BLOCKS_LEAST))
		t->open_until_ns = capture_ns + TRIGGER_HOLD_NS;
	return capture_ns < t->open_until_ns;
}

float trigger_activity(const struct trigger *t)
{
	return t->activity;
}
