/* SPDX-License-Identifier: Apache-2.0 */
/* localise_boxes MODELS FILE…: one line of JSON a file: size, ms of localise() alone, boxes with
 * score and corners. */
#include "firmware/base/clock.h"
#include "hal/image_file.h"
#include "ocr/localise.h"

#include <fcntl.h>
#include <stdio.h>

#define MOST 32u

static bool one(struct localiser *l, const char *path, struct err *e)
{
	struct image_file file = {0};
	struct image img;
	struct plate_box box[MOST];
	size_t n;
	int64_t start;
	bool ok;

	if (!image_file_read(AT_FDCWD, path, &file, e))
		return err_prefix(e, "%s", path);
	img = image_file_view(&file);
	start = clock_mono_ns();
	ok = localise(l, &img, box, MOST, &n, e);
	if (ok) {
		(void)printf("{\"width\":%u,\"height\":%u,\"ms\":%.3f,\"boxes\":[", img.width,
			     img.height, (double)(clock_mono_ns() - start) / (double)NS_PER_MS);
		for (size_t i = 0; i < n; i++) {
			(void)printf("%s{\"score\":%.4f,\"quad\":[", i ? "," : "",
				     (double)box[i].score);
			for (size_t k = 0; k < 8; k++)
				(void)printf("%s%.2f", k ? "," : "", (double)box[i].quad.p[k]);
			(void)printf("]}");
		}
		(void)printf("]}\n");
	}
	image_file_free(&file);
	return ok;
}

int main(int argc, char **argv)
{
	struct localiser *l = NULL;
	struct err e = {0};
	int status = 0;

	if (argc < 3) {
		(void)fprintf(stderr, "usage: localise_boxes MODELS FILE...\n");
		return 2;
	}
	if (!localiser_open(argv[1], 1, &l, &e)) {
		(void)fprintf(stderr, "localise_boxes: %s\n", e.text);
		return 1;
	}
	for (int i = 2; i < argc; i++)
		if (!one(l, argv[i], &e)) {
			(void)fprintf(stderr, "localise_boxes: %s\n", e.text);
			(void)printf("{\"error\":true}\n");
			status = 1;
		}
	localiser_free(l);
	return status;
}
