/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sim/art.h"

#include "firmware/base/cleanup.h"

#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define CELL	 256
#define FONT_MAX (8L << 20)

static const char *const files[FACES] = {
    [FACE_GAUGE_C] = "truetype/roadgeek/RG2014C.ttf",
    [FACE_GAUGE_B] = "truetype/roadgeek/RG2014B.ttf",
    [FACE_DIN] = "truetype/opendin/OSP-DIN.ttf",
    [FACE_MONO] = "opentype/league-mono/LeagueMono-CondensedMedium.otf",
    [FACE_MONO_BOLD] = "opentype/league-mono/LeagueMono-CondensedBold.otf",
    [FACE_MONO_WIDE] = "opentype/league-mono/LeagueMono-NarrowMedium.otf",
    [FACE_ROUND] = "opentype/dosis/Dosis-Medium.otf",
    [FACE_ROUND_BOLD] = "opentype/dosis/Dosis-SemiBold.otf",
    [FACE_TALL] = "opentype/bebas-neue/BebasNeue-Regular.otf",
    [FACE_FLAT] = "opentype/urw-base35/NimbusSansNarrow-Regular.otf",
    [FACE_FLAT_BOLD] = "opentype/urw-base35/NimbusSansNarrow-Bold.otf",
    [FACE_SANS] = "opentype/urw-base35/NimbusSans-Regular.otf",
    [FACE_SANS_BOLD] = "opentype/urw-base35/NimbusSans-Bold.otf",
    [FACE_SERIF] = "opentype/urw-base35/C059-Bold.otf",
    [FACE_SERIF_ITALIC] = "opentype/urw-base35/C059-BdIta.otf",
    [FACE_SLAB] = "opentype/urw-base35/URWBookman-Demi.otf",
    [FACE_SCRIPT] = "opentype/urw-base35/Z003-MediumItalic.otf",
    [FACE_GEOMETRIC] = "opentype/urw-base35/URWGothic-Demi.otf",
};

struct typeface {
	uint8_t *bytes;
	FT_Face ft;
	float cap;				  /* height of H in font units */
	float ink0[128], ink1[128], advance[128]; /* font units */
	FT_UInt index[128];
};

struct art {
	FT_Library ft;
	struct typeface faces[FACES];
	uint8_t cell[CELL * CELL];
	uint8_t white[ART_NOISE * ART_NOISE];
	uint8_t clouds[ART_NOISE * ART_NOISE];
};

static bool read_font(const char *folder, const char *name, uint8_t **bytes, size_t *len,
		      struct err *e)
{
	char path[512];
	AUTO_FCLOSE FILE *f = NULL;
	AUTO_FREE uint8_t *b = NULL;
	struct stat st;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
		return err_set(e, ERR_CONFIG, "fonts: folder name too long");
	f = fopen(path, "rbe");
	if (!f)
		return err_errno(e, errno, "font %s", path);
	if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 1 ||
	    st.st_size > FONT_MAX)
		return err_set(e, ERR_FORMAT, "font %s: not a font file", path);
	*len = (size_t)st.st_size;
	b = malloc(*len);
	if (!b)
		return err_set(e, ERR_NO_MEMORY, "font %s: out of memory", path);
	if (fread(b, 1, *len, f) != *len)
		return err_set(e, ERR_IO, "font %s: short read", path);
	*bytes = steal_ptr(&b);
	return true;
}

bool art_lends_zero(enum face face)
{
	return face == FACE_MONO || face == FACE_MONO_BOLD || face == FACE_MONO_WIDE ||
	       face == FACE_ROUND || face == FACE_ROUND_BOLD;
}

static char drawn(enum face face, char ch)
{
	if (ch == '0' && art_lends_zero(face))
		return 'O';
	return ch;
}

static bool measure(struct typeface *t, enum face face)
{
	for (int ch = 33; ch < 127; ch++) {
		FT_BBox box;
		FT_UInt g = FT_Get_Char_Index(t->ft, (FT_ULong)drawn(face, (char)ch));

		if (g == 0 || FT_Load_Glyph(t->ft, g, FT_LOAD_NO_SCALE | FT_LOAD_NO_BITMAP) != 0)
			continue;
		FT_Outline_Get_CBox(&t->ft->glyph->outline, &box);
		t->index[ch] = g;
		t->ink0[ch] = (float)box.xMin;
		t->ink1[ch] = (float)box.xMax;
		t->advance[ch] = (float)t->ft->glyph->metrics.horiAdvance;
		if (ch == 'H')
			t->cap = (float)box.yMax;
	}
	t->advance[' '] = t->advance['H'] * 0.5f;
	for (int ch = '0'; ch <= 'Z'; ch++) {
		if ((ch <= '9' || ch >= 'A') && t->index[ch] == 0)
			return false;
	}
	return t->cap > 0;
}

static bool open_face(struct art *a, const char *folder, enum face face, struct err *e)
{
	struct typeface *t = &a->faces[face];
	size_t len = 0;

	if (!read_font(folder, files[face], &t->bytes, &len, e))
		return false;
	if (FT_New_Memory_Face(a->ft, t->bytes, (FT_Long)len, 0, &t->ft) != 0)
		return err_set(e, ERR_FORMAT, "font %s: not a font file", files[face]);
	if (!measure(t, face))
		return err_set(e, ERR_FORMAT, "font %s: lacks characters of A-Z0-9", files[face]);
	return true;
}

static float lattice(uint32_t salt, int x, int y, int period)
{
	uint64_t v = ((uint64_t)salt << 40) ^ ((uint64_t)(uint32_t)(x % period) << 20) ^
		     (uint64_t)(uint32_t)(y % period);

	return (float)(sim_splitmix(&v) >> 40) / 16777216.0f;
}

static float cloud(int x, int y)
{
	float sum = 0, amp = 1, all = 0;

	for (int cells = 8; cells <= 64; cells *= 2) {
		float u = (float)(x * cells) / ART_NOISE, v = (float)(y * cells) / ART_NOISE;
		int ix = (int)u, iy = (int)v;
		float fx = u - (float)ix, fy = v - (float)iy;
		float top, bottom;

		fx = fx * fx * (3 - 2 * fx);
		fy = fy * fy * (3 - 2 * fy);
		top = lattice((uint32_t)cells, ix, iy, cells) * (1 - fx) +
		      lattice((uint32_t)cells, ix + 1, iy, cells) * fx;
		bottom = lattice((uint32_t)cells, ix, iy + 1, cells) * (1 - fx) +
			 lattice((uint32_t)cells, ix + 1, iy + 1, cells) * fx;
		sum += amp * (top * (1 - fy) + bottom * fy);
		all += amp;
		amp *= 0.55f;
	}
	return sum / all;
}

static void make_textures(struct art *a)
{
	struct sim_random r;

	sim_random_seed(&r, 1, 1);
	for (int i = 0; i < ART_NOISE * ART_NOISE; i++) {
		a->white[i] = canvas_clamp(128.0f + 32.0f * sim_normal(&r));
		a->clouds[i] = canvas_clamp(
		    (cloud(i % ART_NOISE, i / ART_NOISE) - 0.5f) * 1.9f * 128.0f + 128.0f);
	}
}

bool art_open(const char *fonts, struct art **out, struct err *e)
{
	struct art *a = calloc(1, sizeof *a);

	*out = NULL;
	if (!a)
		return err_set(e, ERR_NO_MEMORY, "fonts: out of memory");
	if (FT_Init_FreeType(&a->ft) != 0) {
		free(a);
		return err_set(e, ERR_NO_MEMORY, "fonts: FreeType does not start");
	}
	for (unsigned i = 0; i < FACES; i++) {
		if (!open_face(a, fonts, (enum face)i, e)) {
			art_close(a);
			return false;
		}
	}
	make_textures(a);
	*out = a;
	return true;
}

void art_close(struct art *a)
{
	if (!a)
		return;
	for (unsigned i = 0; i < FACES; i++) {
		if (a->faces[i].ft)
			(void)FT_Done_Face(a->faces[i].ft);
		free(a->faces[i].bytes);
	}
	(void)FT_Done_FreeType(a->ft);
	free(a);
}

const uint8_t *art_white(const struct art *a)
{
	return a->white;
}

const uint8_t *art_clouds(const struct art *a)
{
	return a->clouds;
}

static int slot(char ch)
{
	return ch >= 32 && ch < 127 ? ch : ' ';
}

float art_ink(const struct art *a, const struct setting *s, char ch, float *advance)
{
	const struct typeface *t = &a->faces[s->face];
	float scale = s->height / t->cap * s->stretch;
	int i = slot(ch);

	if (advance)
		*advance = t->advance[i] * scale + s->weight * s->height;
	return t->index[i] ? (t->ink1[i] - t->ink0[i]) * scale + s->weight * s->height : 0;
}

float art_width(const struct art *a, const struct setting *s, const char *text)
{
	float sum = 0, advance;

	for (; *text; text++) {
		(void)art_ink(a, s, *text, &advance);
		sum += advance;
	}
	return sum;
}

void art_char(struct art *a, const struct canvas *c, const struct setting *s, char ch, float x,
	      float y, float luma, float alpha)
{
	struct typeface *t = &a->faces[s->face];
	int i = slot(ch);
	float sy = s->height / t->cap * 64.0f, sx = sy * s->stretch;
	float ink = (t->ink1[i] - t->ink0[i]) * sx / 64.0f;
	FT_Matrix m = {(FT_Fixed)(sx * 65536.0f), (FT_Fixed)(s->slant * sy * 65536.0f), 0,
		       (FT_Fixed)(sy * 65536.0f)};
	FT_Pos bold = (FT_Pos)(s->weight * s->height * 64.0f);
	FT_Bitmap map = {.rows = CELL,
			 .width = CELL,
			 .pitch = CELL,
			 .buffer = a->cell,
			 .num_grays = 256,
			 .pixel_mode = FT_PIXEL_MODE_GRAY};
	int ox = (int)floorf(x - ink / 2) - 4, oy = (int)floorf(y + s->height * 0.3f) + 2;
	FT_Outline *o;
	FT_BBox box;

	if (t->index[i] == 0 || !(s->height > 0.5f) ||
	    FT_Load_Glyph(t->ft, t->index[i], FT_LOAD_NO_SCALE | FT_LOAD_NO_BITMAP) != 0)
		return;
	o = &t->ft->glyph->outline;
	FT_Outline_Transform(o, &m);
	if (bold != 0) {
		(void)FT_Outline_Embolden(o, bold);
		FT_Outline_Translate(o, -bold / 2, -bold / 2);
	}
	/* The bitmap's origin is its lower left corner, in 26.6. */
	FT_Outline_Translate(o, (FT_Pos)((x - ink / 2 - (float)ox) * 64.0f - t->ink0[i] * sx),
			     (FT_Pos)(((float)oy - y) * 64.0f));
	FT_Outline_Get_CBox(o, &box);
	if (box.xMax <= 0 || box.yMax <= 0 || box.xMin < -64L * CELL || box.xMax > 256L * CELL)
		return;
	map.width = (unsigned)(box.xMax / 64 + 2 < CELL ? box.xMax / 64 + 2 : CELL);
	map.rows = (unsigned)(box.yMax / 64 + 2 < CELL ? box.yMax / 64 + 2 : CELL);
	memset(a->cell, 0, (size_t)map.rows * CELL);
	if (FT_Outline_Get_Bitmap(a->ft, o, &map) == 0)
		canvas_mask(c, ox, oy - (int)map.rows, a->cell, (int)map.width, (int)map.rows, CELL,
			    luma, alpha);
}

void art_text(struct art *a, const struct canvas *c, const struct setting *s, const char *text,
	      float x, float y, float most, float luma, float alpha)
{
	struct setting fit = *s;
	float width = art_width(a, s, text);
	float at;

	if (width > most && width > 0) {
		fit.stretch *= most / width;
		width = art_width(a, &fit, text);
	}
	at = x - width / 2;
	for (; *text; text++) {
		float advance;

		(void)art_ink(a, &fit, *text, &advance);
		art_char(a, c, &fit, *text, at + advance / 2, y, luma, alpha);
		at += advance;
	}
}
