/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_stages: alpr-read itself, timed at its seams. Same command line; instead of plates each line
 * gives the milliseconds of each stage and how often it ran:
 *
 *   {"file":"a.jpg","width":1280,"height":720,"ms":31.2,"stages":{"decode":{"ms":4.1,"calls":1},…}}
 *
 * The linker puts these functions between alpr-read and its stages (--wrap, see build.mk), so what
 * is timed is the product's code, which has no timers in it.
 */
#include "firmware/base/clock.h"
#include "hal/image_file.h"
#include "ocr/fuse.h"
#include "ocr/localise.h"
#include "ocr/read.h"
#include "ocr/read_json.h"
#include "ocr/state.h"
#include "ocr/tesseract.h"

#include <string.h>

enum stage { DECODE, LOCALISE, READ, SECOND, FUSE, STATE, STAGES };

static const char *const names[STAGES] = {"decode",	   "localise", "read",
					  "second reader", "fuse",     "state"};

/* The wrapped functions get no context, so what they count lies here; one program, one thread. */
static struct {
	int64_t ns[STAGES];
	unsigned calls[STAGES];
	uint32_t width, height;
} seen;

/* Names that ld's --wrap prescribes. */
bool __real_image_file_read(int folder, const char *path, struct image_file *out, struct err *e);
bool __wrap_image_file_read(int folder, const char *path, struct image_file *out, struct err *e);
bool __real_localise(struct localiser *l, const struct image *img, struct plate_box *out,
		     size_t most, size_t *n, struct err *e);
bool __wrap_localise(struct localiser *l, const struct image *img, struct plate_box *out,
		     size_t most, size_t *n, struct err *e);
bool __real_reader_observe(struct reader *r, const struct image *img, const struct plate_quad *quad,
			   struct plate_observation *out, struct err *e);
bool __wrap_reader_observe(struct reader *r, const struct image *img, const struct plate_quad *quad,
			   struct plate_observation *out, struct err *e);
void __real_fuse(const struct plate_observation *const *obs, size_t n, struct plate_read *out);
void __wrap_fuse(const struct plate_observation *const *obs, size_t n, struct plate_read *out);
bool __real_state_look(struct state_teller *t, const struct image *img,
		       const struct plate_quad *quad, struct issuer_look *out, struct err *e);
bool __wrap_state_look(struct state_teller *t, const struct image *img,
		       const struct plate_quad *quad, struct issuer_look *out, struct err *e);
bool __real_tesseract_cut(const struct image *img, const struct plate_quad *quad,
			  uint8_t patch[TESSERACT_PATCH], struct err *e);
bool __wrap_tesseract_cut(const struct image *img, const struct plate_quad *quad,
			  uint8_t patch[TESSERACT_PATCH], struct err *e);
bool __real_tesseract_read(struct tesseract_reader *t, const uint8_t patch[TESSERACT_PATCH],
			   struct plate_observation *out, struct err *e);
bool __wrap_tesseract_read(struct tesseract_reader *t, const uint8_t patch[TESSERACT_PATCH],
			   struct plate_observation *out, struct err *e);
bool __real_tesseract_observe(struct tesseract_reader *t, const struct image *img,
			      const struct plate_quad *quad, struct plate_observation *out,
			      struct err *e);
bool __wrap_tesseract_observe(struct tesseract_reader *t, const struct image *img,
			      const struct plate_quad *quad, struct plate_observation *out,
			      struct err *e);
bool __wrap_read_json_plates(FILE *to, char *const *files, size_t n, double ms,
			     const struct plates *plates);

static void count(enum stage s, int64_t begin)
{
	seen.ns[s] += clock_mono_ns() - begin;
	seen.calls[s]++;
}

bool __wrap_image_file_read(int folder, const char *path, struct image_file *out, struct err *e)
{
	int64_t begin;
	bool ok;

	memset(&seen, 0, sizeof seen); /* the first thing that happens to a file */
	begin = clock_mono_ns();
	ok = __real_image_file_read(folder, path, out, e);
	count(DECODE, begin);
	if (ok) {
		seen.width = out->width;
		seen.height = out->height;
	}
	return ok;
}

bool __wrap_localise(struct localiser *l, const struct image *img, struct plate_box *out,
		     size_t most, size_t *n, struct err *e)
{
	int64_t begin = clock_mono_ns();
	bool ok = __real_localise(l, img, out, most, n, e);

	count(LOCALISE, begin);
	return ok;
}

bool __wrap_reader_observe(struct reader *r, const struct image *img, const struct plate_quad *quad,
			   struct plate_observation *out, struct err *e)
{
	int64_t begin = clock_mono_ns();
	bool ok = __real_reader_observe(r, img, quad, out, e);

	count(READ, begin);
	return ok;
}

void __wrap_fuse(const struct plate_observation *const *obs, size_t n, struct plate_read *out)
{
	int64_t begin = clock_mono_ns();

	__real_fuse(obs, n, out);
	count(FUSE, begin);
}

bool __wrap_state_look(struct state_teller *t, const struct image *img,
		       const struct plate_quad *quad, struct issuer_look *out, struct err *e)
{
	int64_t begin = clock_mono_ns();
	bool ok = __real_state_look(t, img, quad, out, e);

	count(STATE, begin);
	return ok;
}

bool __wrap_tesseract_cut(const struct image *img, const struct plate_quad *quad,
			  uint8_t patch[TESSERACT_PATCH], struct err *e)
{
	int64_t begin = clock_mono_ns();
	bool ok = __real_tesseract_cut(img, quad, patch, e);

	count(SECOND, begin);
	seen.calls[SECOND]--; /* it is read later */
	return ok;
}

bool __wrap_tesseract_read(struct tesseract_reader *t, const uint8_t patch[TESSERACT_PATCH],
			   struct plate_observation *out, struct err *e)
{
	int64_t begin = clock_mono_ns();
	bool ok = __real_tesseract_read(t, patch, out, e);

	count(SECOND, begin);
	return ok;
}

bool __wrap_tesseract_observe(struct tesseract_reader *t, const struct image *img,
			      const struct plate_quad *quad, struct plate_observation *out,
			      struct err *e)
{
	int64_t begin = clock_mono_ns();
	bool ok = __real_tesseract_observe(t, img, quad, out, e);

	count(SECOND, begin);
	return ok;
}

bool __wrap_read_json_plates(FILE *to, char *const *files, size_t n, double ms,
			     const struct plates *plates)
{
	char name[4096];

	(void)plates;
	(void)n;
	(void)fprintf(to, "{\"file\":\"%s\",\"width\":%u,\"height\":%u,\"ms\":%.3f,\"stages\":{",
		      read_json_utf8(files[0], name, sizeof name), seen.width, seen.height, ms);
	for (int s = 0; s < STAGES; s++)
		(void)fprintf(to, "%s\"%s\":{\"ms\":%.4f,\"calls\":%u}", s ? "," : "", names[s],
			      (double)seen.ns[s] / (double)NS_PER_MS, seen.calls[s]);
	return fprintf(to, "}}\n") > 0;
}
