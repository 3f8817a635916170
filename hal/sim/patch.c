/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sim/patch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NEAREST 0.2f /* metres of depth; nearer is cut away */
#define STEP	16   /* pixels between exact divisions */
#define SAMPLES 9

bool texture_new(struct texture *t, int w, int h, struct err *e)
{
	size_t size = 0;
	uint8_t *block;
	int levels = 0;

	memset(t, 0, sizeof *t);
	for (int lw = w, lh = h; levels < TEXTURE_LEVELS && lw >= 4 && lh >= 4;
	     levels++, lw /= 2, lh /= 2)
		size += (size_t)lw * (size_t)lh;
	block = size ? malloc(size) : NULL;
	if (!block)
		return err_set(e, ERR_NO_MEMORY, "texture: out of memory");
	t->w = w;
	t->h = h;
	t->levels = levels;
	for (int i = 0; i < levels; i++) {
		t->level[i] = block;
		block += (size_t)(w >> i) * (size_t)(h >> i);
	}
	return true;
}

void texture_free(struct texture *t)
{
	free(t->level[0]);
	memset(t, 0, sizeof *t);
}

struct canvas texture_canvas(const struct texture *t)
{
	return (struct canvas){t->level[0], t->w, t->h, t->w};
}

void texture_reduce(struct texture *t)
{
	for (int i = 1; i < t->levels; i++) {
		int w = t->w >> i, h = t->h >> i, from = t->w >> (i - 1);

		for (int y = 0; y < h; y++) {
			const uint8_t *restrict p = t->level[i - 1] + (long)(2 * y) * from;
			uint8_t *restrict q = t->level[i] + (long)y * w;

			for (int x = 0; x < w; x++)
				q[x] = (uint8_t)((p[2L * x] + p[2L * x + 1] + p[2L * x + from] +
						  p[2L * x + from + 1] + 2) >>
						 2);
		}
	}
}

void patch_rectangle(struct patch *p, struct vec3 o, struct vec3 a, struct vec3 b)
{
	static const struct point corners[4] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};

	memset(p, 0, sizeof *p);
	p->o = o;
	p->a = a;
	p->b = b;
	p->n = 4;
	memcpy(p->outline, corners, sizeof corners);
	p->gain = 1;
}

void patch_rounded(struct patch *p, struct vec3 o, struct vec3 a, struct vec3 b, float ru, float rv)
{
	patch_rectangle(p, o, a, b);
	p->n = 0;
	for (int corner = 0; corner < 4; corner++) {
		float cu = corner == 1 || corner == 2 ? 1 - ru : ru, cv = corner >= 2 ? 1 - rv : rv;

		for (int i = 0; i < 3; i++) {
			float angle = 3.14159265f + ((float)corner + (float)i * 0.5f) * 1.57079633f;

			p->outline[p->n++] =
			    (struct point){cu + ru * cosf(angle), cv + rv * sinf(angle)};
		}
	}
}

void box_add(struct box *b, const struct box *more)
{
	if (more->x0 >= more->x1 || more->y0 >= more->y1)
		return;
	if (b->x0 >= b->x1) {
		*b = *more;
		return;
	}
	b->x0 = more->x0 < b->x0 ? more->x0 : b->x0;
	b->y0 = more->y0 < b->y0 ? more->y0 : b->y0;
	b->x1 = more->x1 > b->x1 ? more->x1 : b->x1;
	b->y1 = more->y1 > b->y1 ? more->y1 : b->y1;
}

/* Plane to image and back, and the outline on the image. */
struct drawn {
	float to[9], back[9];
	struct point p[PATCH_CORNERS + 2];
	int n;
	float lo, hi;
};

static void invert(const float *m, float *r)
{
	r[0] = m[4] * m[8] - m[5] * m[7];
	r[1] = m[2] * m[7] - m[1] * m[8];
	r[2] = m[1] * m[5] - m[2] * m[4];
	r[3] = m[5] * m[6] - m[3] * m[8];
	r[4] = m[0] * m[8] - m[2] * m[6];
	r[5] = m[2] * m[3] - m[0] * m[5];
	r[6] = m[3] * m[7] - m[4] * m[6];
	r[7] = m[1] * m[6] - m[0] * m[7];
	r[8] = m[0] * m[4] - m[1] * m[3];
}

/* Cut the outline where it comes nearer than NEAREST (Sutherland and Hodgman): depth is linear in u
 * and v. */
static int cut(const struct patch *p, const float *to, struct point *out)
{
	int n = 0;

	for (int i = 0; i < p->n; i++) {
		struct point a = p->outline[i], b = p->outline[(i + 1) % p->n];
		float da = to[6] * a.x + to[7] * a.y + to[8] - NEAREST;
		float db = to[6] * b.x + to[7] * b.y + to[8] - NEAREST;

		if (da >= 0)
			out[n++] = a;
		if ((da >= 0) != (db >= 0) && n < PATCH_CORNERS + 2) {
			float t = da / (da - db);

			out[n++] = (struct point){a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)};
		}
		if (n >= PATCH_CORNERS + 1)
			break;
	}
	return n;
}

static bool place(const struct patch *p, const struct view *v, struct drawn *d)
{
	struct vec3 o = view_turn(v, p->o);
	struct vec3 a = view_turn(v, vec_add(v->at, p->a)), b = view_turn(v, vec_add(v->at, p->b));
	struct point outline[PATCH_CORNERS + 2];
	const struct vec3 cols[3] = {a, b, o};

	for (int i = 0; i < 3; i++) {
		d->to[i] = v->focal * cols[i].x + v->cx * cols[i].z;
		d->to[3 + i] = v->focal * cols[i].y + v->cy * cols[i].z;
		d->to[6 + i] = cols[i].z;
	}
	invert(d->to, d->back);
	d->n = cut(p, d->to, outline);
	if (d->n < 3)
		return false;
	d->lo = 1e9f;
	d->hi = -1e9f;
	for (int i = 0; i < d->n; i++) {
		float u = outline[i].x, t = outline[i].y,
		      w = d->to[6] * u + d->to[7] * t + d->to[8];

		d->p[i].x = (d->to[0] * u + d->to[1] * t + d->to[2]) / w;
		d->p[i].y = (d->to[3] * u + d->to[4] * t + d->to[5]) / w;
		d->lo = d->p[i].y < d->lo ? d->p[i].y : d->lo;
		d->hi = d->p[i].y > d->hi ? d->p[i].y : d->hi;
	}
	return true;
}

/* Where the outline crosses the middle of row y. */
static bool row_span(const struct drawn *d, float y, float *xa, float *xb)
{
	*xa = 1e9f;
	*xb = -1e9f;
	for (int i = 0; i < d->n; i++) {
		const struct point *a = &d->p[i], *b = &d->p[(i + 1) % d->n];
		float x;

		if ((a->y <= y) == (b->y <= y))
			continue;
		x = a->x + (b->x - a->x) * (y - a->y) / (b->y - a->y);
		*xa = x < *xa ? x : *xa;
		*xb = x > *xb ? x : *xb;
	}
	return *xb > *xa;
}

static int limit(float v, int lo, int hi)
{
	return !(v > (float)lo) ? lo : v >= (float)hi ? hi : (int)v;
}

/* Texels a pixel spans near the middle of the patch decide the level. */
static int choose_level(const struct patch *p, const struct drawn *d, float bias)
{
	float area = 0, uv = 0, texels;
	int level = 0;

	for (int i = 0; i < d->n; i++) {
		const struct point *a = &d->p[i], *b = &d->p[(i + 1) % d->n];

		area += a->x * b->y - b->x * a->y;
	}
	for (int i = 0; i < p->n; i++) {
		const struct point *a = &p->outline[i], *b = &p->outline[(i + 1) % p->n];

		uv += a->x * b->y - b->x * a->y;
	}
	texels = fabsf(uv) * (float)p->texture->w * (float)p->texture->h / (fabsf(area) + 1e-3f);
	for (texels *= bias; texels > 2.0f && level + 1 < p->texture->levels; level++)
		texels /= 4.0f;
	return level;
}

struct sampler {
	const uint8_t *px;
	int w, h;
	int most_u, most_v; /* 16.16 */
	int gain, lift;	    /* 8 bits of fraction */
};

static void sampler_of(struct sampler *s, const struct patch *p, int level)
{
	s->px = p->texture->level[level];
	s->w = p->texture->w >> level;
	s->h = p->texture->h >> level;
	s->most_u = ((s->w - 1) << 16) - 1;
	s->most_v = ((s->h - 1) << 16) - 1;
	s->gain = (int)(p->gain * 256.0f);
	s->lift = (int)(p->lift * 256.0f);
}

/* Bilinear, in 16.16 texels measured from the middle of texel 0. */
static inline int sample(const struct sampler *s, int u, int v)
{
	const uint8_t *q;
	int fu, fv, top, low;

	u = u < 0 ? 0 : u > s->most_u ? s->most_u : u;
	v = v < 0 ? 0 : v > s->most_v ? s->most_v : v;
	fu = (u >> 8) & 255;
	fv = (v >> 8) & 255;
	q = s->px + (long)(v >> 16) * s->w + (u >> 16);
	top = q[0] * (256 - fu) + q[1] * fu;
	low = q[s->w] * (256 - fu) + q[s->w + 1] * fu;
	return (top * (256 - fv) + low * fv) >> 16;
}

static inline uint8_t lit(const struct sampler *s, int luma)
{
	int v = (luma * s->gain + s->lift) >> 8;

	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static inline void mix(uint8_t *p, int luma, int a256)
{
	*p = (uint8_t)((*p * (256 - a256) + luma * a256 + 128) >> 8);
}

static int texel(float t, int n)
{
	float v = (t * (float)n - 0.5f) * 65536.0f;

	return v < -1e9f ? -1000000000 : v > 1e9f ? 1000000000 : (int)v;
}

/* Coverage of pixel x by the span xa..xb, 0..256. */
static int covered(int x, float xa, float xb)
{
	float from = xa > (float)x ? xa : (float)x, to = xb < (float)(x + 1) ? xb : (float)(x + 1);

	return to <= from ? 0 : (int)((to - from) * 256.0f + 0.5f);
}

static void texture_row(const struct drawn *d, const struct sampler *s, uint8_t *row, int y, int xa,
			int xb, int a256, bool lighten)
{
	float fy = (float)y + 0.5f;

	for (int x = xa; x < xb; x += STEP) {
		int n = xb - x < STEP ? xb - x : STEP;
		float x0 = (float)x + 0.5f, x1 = x0 + (float)n;
		float w0 = d->back[6] * x0 + d->back[7] * fy + d->back[8],
		      w1 = d->back[6] * x1 + d->back[7] * fy + d->back[8];
		int u = texel((d->back[0] * x0 + d->back[1] * fy + d->back[2]) / w0, s->w);
		int v = texel((d->back[3] * x0 + d->back[4] * fy + d->back[5]) / w0, s->h);
		int du =
		    (texel((d->back[0] * x1 + d->back[1] * fy + d->back[2]) / w1, s->w) - u) / n;
		int dv =
		    (texel((d->back[3] * x1 + d->back[4] * fy + d->back[5]) / w1, s->h) - v) / n;

		for (int i = 0; i < n; i++, u += du, v += dv) {
			int luma = lit(s, sample(s, u, v));

			if (!lighten || luma > row[x + i])
				mix(row + x + i, luma, a256);
		}
	}
}

struct box patch_draw(const struct patch *p, const struct view *v, const struct canvas *c,
		      float alpha)
{
	struct box box = {0, 0, 0, 0};
	struct drawn d;
	struct sampler s = {NULL, 0, 0, 0, 0, 0, 0};
	float xa, xb;
	int ya, yb, a256 = (int)(alpha * 256.0f + 0.5f), flat;

	if (!place(p, v, &d))
		return box;
	if (p->texture)
		sampler_of(&s, p, choose_level(p, &d, 1.0f));
	flat = canvas_clamp(255.0f * p->gain + p->lift);
	ya = limit(d.lo + 0.5f, 0, c->h);
	yb = limit(d.hi + 0.5f, 0, c->h);
	for (int y = ya; y < yb; y++) {
		uint8_t *row = c->px + (long)y * c->stride;
		struct box line;

		if (!row_span(&d, (float)y + 0.5f, &xa, &xb))
			continue;
		line = (struct box){limit(xa, 0, c->w), y, limit(xb + 1, 0, c->w), y + 1};
		box_add(&box, &line);
		for (int x = line.x0; x < line.x1;) {
			/* The pixels at both ends are covered in part; those between are drawn in
			 * one go. */
			int part = covered(x, xa, xb), end = x + 1;

			if (part == 256)
				end = limit(xb, end, c->w);
			part = part * a256 >> 8;
			if (p->texture)
				texture_row(&d, &s, row, y, x, end, part, p->lighten);
			else
				for (int i = x; i < end; i++)
					mix(row + i, flat, part);
			x = end;
		}
	}
	return box;
}

/* One fine pixel: *cover of the samples that hit, their mean luma returned. */
static int fine(const struct drawn *d, const struct sampler *s, float x, float y, float mx,
		float my, int *cover)
{
	static const float at[SAMPLES][2] = {{-0.33f, -0.11f}, {0.0f, -0.33f},	{0.33f, -0.22f},
					     {-0.22f, 0.22f},  {0.0f, 0.0f},	{0.22f, 0.11f},
					     {-0.11f, 0.33f},  {0.11f, -0.05f}, {0.3f, 0.3f}};
	static const float when[SAMPLES] = {-0.5f,   0.25f,  -0.125f, 0.5f,  0.0f,
					    -0.375f, -0.25f, 0.375f,  0.125f};
	int sum = 0, hits = 0;

	for (int i = 0; i < SAMPLES; i++) {
		float px = x + at[i][0] + mx * when[i], py = y + at[i][1] + my * when[i];
		float w = d->back[6] * px + d->back[7] * py + d->back[8];
		float u = (d->back[0] * px + d->back[1] * py + d->back[2]) / w;
		float t = (d->back[3] * px + d->back[4] * py + d->back[5]) / w;

		if (u < 0 || u > 1 || t < 0 || t > 1)
			continue;
		sum += sample(s, texel(u, s->w), texel(t, s->h));
		hits++;
	}
	*cover = hits * 256 / SAMPLES;
	return hits ? sum / hits : 0;
}

struct box patch_draw_fine(const struct patch *p, const struct view *v, const struct canvas *c,
			   float mx, float my)
{
	struct box box = {0, 0, 0, 0};
	struct drawn d;
	struct sampler s;
	float pad_x = fabsf(mx) / 2 + 1, pad_y = fabsf(my) / 2 + 1, xa = 1e9f, xb = -1e9f;

	if (!p->texture || !place(p, v, &d))
		return box;
	for (int i = 0; i < d.n; i++) {
		xa = d.p[i].x < xa ? d.p[i].x : xa;
		xb = d.p[i].x > xb ? d.p[i].x : xb;
	}
	/* Nine samples a pixel: a finer level is right. */
	sampler_of(&s, p, choose_level(p, &d, 0.25f));
	box = (struct box){limit(xa - pad_x, 0, c->w), limit(d.lo - pad_y, 0, c->h),
			   limit(xb + pad_x + 1, 0, c->w), limit(d.hi + pad_y + 1, 0, c->h)};
	for (int y = box.y0; y < box.y1; y++) {
		for (int x = box.x0; x < box.x1; x++) {
			int cover,
			    luma = fine(&d, &s, (float)x + 0.5f, (float)y + 0.5f, mx, my, &cover);

			if (cover)
				mix(c->px + (long)y * c->stride + x, lit(&s, luma), cover);
		}
	}
	return box;
}
