/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/intake.h"

#include "firmware/base/clock.h"

#include <math.h>
#include <string.h>

#define PASSAGE_LASTS_MAX NS_PER_DAY /* a car parked in view for longer is several passages */
#define PIXELS_MAX	  1e6f	     /* corners may lie outside the image, not anywhere */

static bool wrong(struct err *e, const char *what)
{
	return err_set(e, ERR_PEER, "passage: %s", what);
}

static bool share(float f)
{
	return isfinite(f) && f >= 0 && f <= 1;
}

static bool plate_text(const char text[PLATE_TEXT_SIZE])
{
	for (size_t i = 0; i < PLATE_TEXT_SIZE && text[i]; i++)
		if (!((text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= '0' && text[i] <= '9')))
			return false;
	return true;
}

static bool jurisdiction(const char code[3])
{
	if (!code[0])
		return true;
	return code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z';
}

static bool check_read(struct plate_read *r, struct err *e)
{
	r->text[PLATE_TEXT_MAX] = '\0';
	r->jurisdiction[2] = '\0';
	if (!plate_text(r->text))
		return wrong(e, "text");
	if (!jurisdiction(r->jurisdiction))
		return wrong(e, "jurisdiction");
	if (!share(r->confidence))
		return wrong(e, "confidence");
	for (size_t i = 0; i < strlen(r->text); i++)
		if (!share(r->chars[i]))
			return wrong(e, "confidence of a character");
	if (r->n_alternatives > PLATE_ALTERNATIVES)
		return wrong(e, "number of alternatives");
	for (size_t i = 0; i < r->n_alternatives; i++) {
		struct plate_spelling *s = &r->alternatives[i];

		s->text[PLATE_TEXT_MAX] = '\0';
		if (!plate_text(s->text) || !share(s->confidence))
			return wrong(e, "alternative");
	}
	return true;
}

static bool check_angle(struct wire_angle *a, struct err *e)
{
	if (a->present > 1)
		return wrong(e, "presence of an angle");
	if (!a->present)
		return true;
	for (size_t i = 0; i < 8; i++)
		if (!isfinite(a->quad.p[i]) || fabsf(a->quad.p[i]) > PIXELS_MAX)
			return wrong(e, "corners");
	if (a->capture_ns <= 0)
		return wrong(e, "capture time");
	return check_read(&a->read, e);
}

static bool check_times(const struct wire_passage *p, struct err *e)
{
	int64_t first = p->first_ns, last = p->last_ns, best = p->best_ns;

	if (first <= 0 || last < first || best <= 0)
		return wrong(e, "times");
	if (last - first > PASSAGE_LASTS_MAX || best < first - PASSAGE_LASTS_MAX ||
	    best - last > PASSAGE_LASTS_MAX)
		return wrong(e, "duration");
	return true;
}

static bool check_passage(struct wire_passage *p, struct err *e)
{
	static const uint8_t zeros[WIRE_ID_SIZE];

	if (memcmp(p->id, zeros, sizeof zeros) == 0)
		return wrong(e, "id");
	if (p->degraded > 1 || p->low_quality > 1)
		return wrong(e, "flags");
	if (!check_times(p, e) || !check_read(&p->read, e))
		return false;
	for (size_t i = 0; i < FRAME_CAMERAS; i++)
		if (!check_angle(&p->angles[i], e))
			return false;
	if (!p->angles[0].present && !p->angles[1].present)
		return wrong(e, "no angle");
	return true;
}

static bool check_span(struct intake *in, size_t i, struct err *e)
{
	const struct wire_span *s = &in->p.pictures[i];
	const uint8_t *jpeg;

	if (s->len == 0)
		return true;
	if (s->len > INTAKE_PICTURE_MAX)
		return err_set(e, ERR_LIMIT, "passage: picture %zu of %u bytes", i, s->len);
	if (s->offset > in->gift.len || s->len > in->gift.len - s->offset)
		return wrong(e, "a picture lies outside the gift");
	jpeg = in->gift.data + s->offset;
	if (s->len < 4 || jpeg[0] != 0xff || jpeg[1] != 0xd8)
		return wrong(e, "a picture is no JPEG");
	in->pictures[i] = (struct ring_picture){jpeg, s->len};
	return true;
}

bool intake_take(const struct wire_passage *m, int gift_fd, struct intake *out, struct err *e)
{
	*out = (struct intake){.p = *m};
	if (!check_passage(&out->p, e))
		return false;
	if (!gift_map(gift_fd, WIRE_GIFT_MAX, &out->gift, e))
		return err_prefix(e, "passage");
	for (size_t i = 0; i < WIRE_PICTURES; i++)
		if (!check_span(out, i, e))
			return false;
	return true;
}

void intake_free(struct intake *in)
{
	gift_unmap(&in->gift);
	memset(in->pictures, 0, sizeof in->pictures);
}
