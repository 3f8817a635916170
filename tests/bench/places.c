/* SPDX-License-Identifier: Apache-2.0 */
/* places MODELS FILE…: one line of JSON a file: its size and everything that could be a plate in it
 * (the localiser's boxes, and the whole picture with score -1), with every observation that can be
 * made of each, lattices as four hexadecimal digits a value (-1000 times the natural logarithm).
 * For ocr/train/calibrate.py. */
#include "hal/image_file.h"
#include "ocr/place.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>

#define MOST 16u

static void print_observation(const struct plate_observation *o, bool first)
{
	(void)printf("%s{\"engine\":%u,\"steps\":%u,\"lattice\":\"", first ? "" : ",", o->engine,
		     o->steps);
	for (uint32_t t = 0; t < o->steps; t++)
		for (size_t c = 0; c < PLATE_CLASSES; c++)
			(void)printf("%04x",
				     (unsigned)fminf(fmaxf(-1000.0f * o->logp[t][c], 0), 65535.0f));
	(void)printf("\"}");
}

static bool print_place(const struct engines *g, const struct image *img,
			const struct plate_box *box, bool first, struct err *e)
{
	(void)printf("%s{\"score\":%.4f,\"quad\":[", first ? "" : ",", (double)box->score);
	for (size_t k = 0; k < 8; k++)
		(void)printf("%s%.2f", k ? "," : "", (double)box->quad.p[k]);
	(void)printf("],\"seen\":[");
	struct place p = {.quad = box->quad};
	const struct plate_quad quads[] = {p.quad, place_wider(&p), place_narrower(&p)};

	for (size_t i = 0; i < sizeof quads / sizeof *quads; i++)
		if (!place_look(g, img, &quads[i], &p, e))
			return false;
	if (!place_second_opinion(g, img, &p, e))
		return false;
	for (size_t i = 0; i < p.n; i++)
		print_observation(&p.seen[i], i == 0);
	(void)printf("]}");
	return true;
}

static bool one(const struct engines *g, const char *path, struct err *e)
{
	struct image_file file = {0};
	struct plate_box box[MOST];
	size_t n = 0;

	if (!image_file_read(AT_FDCWD, path, &file, e))
		return err_prefix(e, "%s", path);
	struct image img = image_file_view(&file);
	float w = (float)img.width, h = (float)img.height;
	const struct plate_box whole = {.quad = {{0, 0, w, 0, w, h, 0, h}}, .score = -1};
	bool ok = localise(g->localiser, &img, box, MOST, &n, e);

	if (ok) {
		(void)printf("{\"width\":%u,\"height\":%u,\"places\":[", img.width, img.height);
		ok = print_place(g, &img, &whole, true, e);
		for (size_t i = 0; i < n && ok; i++)
			ok = print_place(g, &img, &box[i], false, e);
		(void)printf("]}\n");
	}
	image_file_free(&file);
	return ok;
}

int main(int argc, char **argv)
{
	struct engines *g = NULL;
	struct err e = {0};
	int status = 0;

	if (argc < 3) {
		(void)fprintf(stderr, "usage: places MODELS FILE...\n");
		return 2;
	}
	if (!engines_open(argv[1], 1, &g, &e)) {
		(void)fprintf(stderr, "places: %s\n", e.text);
		return 1;
	}
	for (int i = 2; i < argc; i++)
		if (!one(g, argv[i], &e)) {
			(void)fprintf(stderr, "places: %s\n", e.text);
			(void)printf("{\"places\":[]}\n");
			status = 1;
		}
	engines_free(g);
	return status;
}
