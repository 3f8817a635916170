/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/image_header.h"

#include <string.h>

struct bytes {
	const uint8_t *p;
	size_t n;
};

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t le16(const uint8_t *p)
{
	return (uint32_t)p[1] << 8 | p[0];
}

static uint32_t le24(const uint8_t *p)
{
	return (uint32_t)p[2] << 16 | le16(p);
}

static uint32_t be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p + 2) << 16 | le16(p);
}

static bool starts(struct bytes b, size_t at, const char *with, size_t n)
{
	return b.n >= at + n && memcmp(b.p + at, with, n) == 0;
}

/* SOF0 to SOF15 without DHT (C4), JPG (C8) and DAC (CC), which share the range. */
static bool is_frame_header(uint8_t marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
	       marker != 0xcc;
}

static bool jpeg_size(struct bytes b, uint32_t *w, uint32_t *h)
{
	size_t at = 2;

	while (at + 4 <= b.n && b.p[at] == 0xff) {
		uint8_t marker = b.p[at + 1];

		if (marker == 0xff) { /* fill byte */
			at++;
			continue;
		}
		if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) { /* no length follows */
			at += 2;
			continue;
		}
		if (is_frame_header(marker)) {
			if (at + 9 > b.n)
				return false;
			*h = be16(b.p + at + 5);
			*w = be16(b.p + at + 7);
			return true;
		}
		if (marker == 0xd9 || marker == 0xda) /* end, or scan before any frame header */
			return false;
		at += 2 + be16(b.p + at + 2);
	}
	return false;
}

/*
 * Walks markers as libjpeg does: what lies between segments, the data of a scan above all, is
 * skipped up to the next marker. Every scan goes over the whole picture, however short it is, so a
 * kilobyte of empty ones costs a second.
 */
static bool jpeg_check(struct bytes b, struct err *e)
{
	unsigned scans = 0;
	size_t at = 2;

	while (at + 2 <= b.n) {
		uint8_t marker = b.p[at + 1];

		if (b.p[at] != 0xff || marker == 0xff) {
			at++;
			continue;
		}
		if (marker == 0xd9 && scans) /* an earlier one is that of a thumbnail */
			return true;
		if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd9)) { /* no length follows */
			at += 2;
			continue;
		}
		if (marker == 0xda && ++scans > IMAGE_HEADER_SCANS_MAX)
			return err_set(e, ERR_LIMIT, "the picture has more than %u scans",
				       IMAGE_HEADER_SCANS_MAX);
		if (at + 4 > b.n)
			break;
		at += 2 + be16(b.p + at + 2);
	}
	return err_set(e, ERR_FORMAT, "the picture is cut off");
}

/* iTXt: keyword, 0, then 1 when the text is compressed. */
static bool itxt_is_compressed(struct bytes b, size_t at, size_t size)
{
	const uint8_t *end = memchr(b.p + at, 0, size);

	return end && end + 1 < b.p + at + size && end[1] == 1;
}

/* Compressed text is inflated a thousandfold and kept while the picture is decoded. */
static bool png_check(struct bytes b, struct err *e)
{
	uint64_t packed = 0;
	size_t at = 8;

	while (at + 12 <= b.n) {
		size_t size = be32(b.p + at), left = b.n - at - 12;

		if (size > left) /* its decoder will notice */
			size = left;
		if (starts(b, at + 4, "zTXt", 4) || starts(b, at + 4, "iCCP", 4) ||
		    (starts(b, at + 4, "iTXt", 4) && itxt_is_compressed(b, at + 8, size)))
			packed += size;
		at += 12 + size;
	}
	if (packed > IMAGE_HEADER_PACKED_MAX)
		return err_set(e, ERR_LIMIT,
			       "the picture carries more than %u bytes of compressed text",
			       IMAGE_HEADER_PACKED_MAX);
	return true;
}

static bool png_size(struct bytes b, uint32_t *w, uint32_t *h)
{
	if (!starts(b, 12, "IHDR", 4) || b.n < 24)
		return false;
	*w = be32(b.p + 16);
	*h = be32(b.p + 20);
	return true;
}

static bool bmp_size(struct bytes b, uint32_t *w, uint32_t *h)
{
	if (b.n < 26)
		return false;
	if (le32(b.p + 14) == 12) { /* BITMAPCOREHEADER */
		*w = le16(b.p + 18);
		*h = le16(b.p + 20);
		return true;
	}
	*w = le32(b.p + 18);
	*h = le32(b.p + 22);
	if (*h >> 31) /* rows from top to bottom: the height is negative */
		*h = 0u - *h;
	return true;
}

static bool pnm_space(struct bytes b, size_t at)
{
	return at < b.n && b.p[at] && strchr(" \t\r\n", b.p[at]);
}

/*
 * One decimal number of a netpbm header; comments run from '#' to the end of the line. Decoders do
 * not agree on a comment right behind a number, so that is refused: they would read another size.
 */
static bool pnm_number(struct bytes b, size_t *at, uint32_t *out)
{
	uint32_t v = 0;
	size_t digits = 0;

	while (pnm_space(b, *at) || (*at < b.n && b.p[*at] == '#')) {
		if (b.p[*at] == '#')
			while (*at < b.n && b.p[*at] != '\n' && b.p[*at] != '\r')
				(*at)++;
		else
			(*at)++;
	}
	for (; *at < b.n && b.p[*at] >= '0' && b.p[*at] <= '9' && digits < 9; (*at)++, digits++)
		v = v * 10 + (uint32_t)(b.p[*at] - '0');
	*out = v;
	return digits > 0 && pnm_space(b, *at);
}

static bool pnm_size(struct bytes b, uint32_t *w, uint32_t *h)
{
	size_t at = 2;

	return pnm_number(b, &at, w) && pnm_number(b, &at, h);
}

static bool webp_size(struct bytes b, uint32_t *w, uint32_t *h)
{
	if (b.n < 30)
		return false;
	if (starts(b, 12, "VP8X", 4)) {
		*w = le24(b.p + 24) + 1;
		*h = le24(b.p + 27) + 1;
		return true;
	}
	if (starts(b, 12, "VP8L", 4)) {
		uint32_t bits = le32(b.p + 21);

		*w = (bits & 0x3fff) + 1;
		*h = (bits >> 14 & 0x3fff) + 1;
		return b.p[20] == 0x2f;
	}
	if (!starts(b, 12, "VP8 ", 4) || !starts(b, 23, "\x9d\x01\x2a", 3))
		return false;
	*w = le16(b.p + 26) & 0x3fff;
	*h = le16(b.p + 28) & 0x3fff;
	return true;
}

bool image_header_size(const uint8_t *bytes, size_t len, uint32_t *width, uint32_t *height,
		       struct err *e)
{
	struct bytes b = {bytes, len};
	bool ok;

	if (starts(b, 0, "\xff\xd8\xff", 3))
		ok = jpeg_size(b, width, height);
	else if (starts(b, 0, "\x89PNG\r\n\x1a\n", 8))
		ok = png_size(b, width, height);
	else if (starts(b, 0, "BM", 2))
		ok = bmp_size(b, width, height);
	else if (starts(b, 0, "RIFF", 4) && starts(b, 8, "WEBP", 4))
		ok = webp_size(b, width, height);
	else if (len >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6')
		ok = pnm_size(b, width, height);
	else
		return err_set(e, ERR_FORMAT, "not a JPEG, PNG, BMP, PNM or WebP picture");
	if (!ok)
		return err_set(e, ERR_FORMAT,
			       "the picture is cut off before its size, or its header is broken");
	if (!*width || !*height)
		return err_set(e, ERR_FORMAT, "the picture has no pixels");
	return true;
}

bool image_header_check(const uint8_t *bytes, size_t len, struct err *e)
{
	struct bytes b = {bytes, len};

	if (starts(b, 0, "\xff\xd8", 2))
		return jpeg_check(b, e);
	if (starts(b, 0, "\x89PNG", 4))
		return png_check(b, e);
	return true;
}
