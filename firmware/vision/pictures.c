/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/vision/pictures.h"

#include "firmware/base/cleanup.h"
#include "firmware/vision/quality.h"
#include "ocr/tesseract.h"

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#define CROP_ROOM   (96u << 10)
#define SCENE_LEAST (96u << 10)
#define SCENE_MOST  (1u << 20)
#define MARGIN_W    0.35f /* of the plate's own width, on both sides */
#define MARGIN_H    0.8f

struct held {
	uint8_t *jpeg;
	size_t room, len;
};

struct slot {
	bool taken;
	struct held at[WIRE_PICTURES];
	bool cut[FRAME_CAMERAS];
	uint8_t patch[FRAME_CAMERAS][TESSERACT_PATCH];
};

struct pictures {
	tjhandle encoder;
	uint8_t *memory;
	struct slot slots[PICTURES_SLOTS];
};

_Static_assert(2 * (SCENE_MOST + CROP_ROOM) <= WIRE_GIFT_MAX,
	       "all pictures of a passage fit into a gift");
_Static_assert(WIRE_CROP_1 == WIRE_CROP_0 + 1 && WIRE_SCENE_1 == WIRE_SCENE_0 + 1,
	       "pictures of camera 1 follow those of camera 0");

bool pictures_new(uint32_t width, uint32_t height, struct pictures **out, struct err *e)
{
	size_t scene = (size_t)width * height / 4, each;
	struct pictures *p = calloc(1, sizeof *p);
	uint8_t *at;

	if (!p)
		return err_set(e, ERR_NO_MEMORY, "pictures");
	scene = scene < SCENE_LEAST ? SCENE_LEAST : scene > SCENE_MOST ? SCENE_MOST : scene;
	each = FRAME_CAMERAS * (scene + CROP_ROOM);
	p->encoder = tjInitCompress();
	/* Untouched pages cost nothing: this is address space for the busiest moment. */
	p->memory = at = malloc(each * PICTURES_SLOTS);
	if (!p->encoder || !p->memory) {
		pictures_free(p);
		return err_set(e, ERR_NO_MEMORY, "pictures");
	}
	for (unsigned i = 0; i < PICTURES_SLOTS; i++)
		for (unsigned k = 0; k < WIRE_PICTURES; k++) {
			struct held *h = &p->slots[i].at[k];

			h->jpeg = at;
			h->room = k < WIRE_SCENE_0 ? CROP_ROOM : scene;
			at += h->room;
		}
	*out = p;
	return true;
}

void pictures_free(struct pictures *p)
{
	if (!p)
		return;
	if (p->encoder)
		(void)tjDestroy(p->encoder);
	free(p->memory);
	free(p);
}

int pictures_take(struct pictures *p)
{
	for (int i = 0; i < PICTURES_SLOTS; i++)
		if (!p->slots[i].taken) {
			p->slots[i].taken = true;
			for (unsigned k = 0; k < WIRE_PICTURES; k++)
				p->slots[i].at[k].len = 0;
			memset(p->slots[i].cut, 0, sizeof p->slots[i].cut);
			return i;
		}
	return -1;
}

void pictures_give(struct pictures *p, int slot)
{
	if (slot >= 0)
		p->slots[slot].taken = false;
}

/* Encode into the room there is; a picture too busy for it is encoded more coarsely. */
static bool encode(struct pictures *p, struct held *h, const struct image *img, uint32_t x,
		   uint32_t y, uint32_t w, uint32_t hgt)
{
	static const int qualities[] = {85, 65, 40, 15};
	const uint8_t *from = img->data + (size_t)y * img->stride + x;

	for (unsigned i = 0; i < sizeof qualities / sizeof *qualities; i++) {
		unsigned char *to = h->jpeg;
		unsigned long len = h->room;

		if (tjCompress2(p->encoder, from, (int)w, (int)img->stride, (int)hgt, TJPF_GRAY,
				&to, &len, TJSAMP_GRAY, qualities[i],
				TJFLAG_NOREALLOC | TJFLAG_FASTDCT) == 0) {
			h->len = len;
			return true;
		}
	}
	h->len = 0;
	return false;
}

static void widen(uint32_t *at, uint32_t *len, float margin, uint32_t most)
{
	uint32_t by = (uint32_t)((float)*len * margin), end = *at + *len + by;

	*at = *at > by ? *at - by : 0;
	*len = (end < most ? end : most) - *at;
}

bool pictures_shoot(struct pictures *p, int slot, unsigned camera, const struct image *img,
		    const struct plate_quad *quad, struct err *e)
{
	struct held *crop = &p->slots[slot].at[WIRE_CROP_0 + camera],
		    *scene = &p->slots[slot].at[WIRE_SCENE_0 + camera];
	uint32_t x, y, w, h;

	crop->len = scene->len = 0;
	p->slots[slot].cut[camera] = tesseract_cut(img, quad, p->slots[slot].patch[camera], NULL);
	if (!quality_box(img, quad, &x, &y, &w, &h))
		return err_set(e, ERR_LIMIT, "pictures: the plate lies outside");
	widen(&x, &w, MARGIN_W, img->width);
	widen(&y, &h, MARGIN_H, img->height);
	if (!encode(p, crop, img, x, y, w, h) ||
	    !encode(p, scene, img, 0, 0, img->width, img->height)) {
		crop->len = scene->len = 0;
		return err_set(e, ERR_IO, "pictures: the encoder failed");
	}
	return true;
}

void pictures_copy(struct pictures *p, int into, int from, unsigned camera)
{
	const unsigned both[] = {WIRE_CROP_0 + camera, WIRE_SCENE_0 + camera};

	for (unsigned i = 0; i < 2; i++) {
		struct held *to = &p->slots[into].at[both[i]];
		const struct held *of = &p->slots[from].at[both[i]];

		to->len = of->len;
		memcpy(to->jpeg, of->jpeg, of->len);
	}
	p->slots[into].cut[camera] = p->slots[from].cut[camera];
	memcpy(p->slots[into].patch[camera], p->slots[from].patch[camera], TESSERACT_PATCH);
}

const uint8_t *pictures_patch(const struct pictures *p, int slot, unsigned camera)
{
	return slot >= 0 && p->slots[slot].cut[camera] ? p->slots[slot].patch[camera] : NULL;
}

void pictures_parts(const struct pictures *p, int slot, struct iovec parts[WIRE_PICTURES],
		    struct wire_span spans[WIRE_PICTURES])
{
	uint32_t offset = 0;

	for (unsigned k = 0; k < WIRE_PICTURES; k++) {
		const struct held *h = slot >= 0 ? &p->slots[slot].at[k] : NULL;

		parts[k] = (struct iovec){h ? h->jpeg : NULL, h ? h->len : 0};
		spans[k] = (struct wire_span){offset, (uint32_t)parts[k].iov_len};
		offset += (uint32_t)parts[k].iov_len;
	}
}
