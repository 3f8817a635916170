/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engines MODELS LABELS.tsv FOLDER [--reads|--symbols]: what each reader says alone, and both
 * together, of labelled plates, one look each.
 *
 * LABELS.tsv has the columns of score.py: file, x, y, w, h, plate; or file, state, plate for crops.
 * The outline is the localiser's best on the label, else the label's box (a crop: all of it), so
 * that the readers are compared on the same outlines and not by what happened before them. Prints a
 * line an engine:
 *
 *   network    exact 64 of 74 (86.5 %)  among 70 (94.6 %)  score -0.612  ms 2.4
 *
 * exact: the best spelling is the label; among: it is one of the alternatives; score: mean natural
 * log of the confidence that the label is given, at least 0.001; ms: median processor time of one
 * look.
 * --reads prints each plate too: label, then text and confidence by engine.
 */
#include "firmware/base/cleanup.h"
#include "hal/image_file.h"
#include "ocr/fuse.h"
#include "ocr/localise.h"
#include "ocr/quad.h"
#include "ocr/read.h"
#include "ocr/tesseract.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <time.h>

#define BOXES	 16u
#define PLATES	 4096u
#define LEAST	 0.001
#define ON_LABEL 0.4f

enum { NETWORK, TESSERACT, BOTH, COLUMNS };
static const char *const names[COLUMNS] = {"network", "tesseract", "both"};

struct tally {
	size_t exact, among, n;
	double score;
	double ms[PLATES];
};

struct bench {
	struct localiser *localiser;
	struct reader *reader;
	struct tesseract_reader *tesseract;
	bool reads, symbols;
	struct tally of[COLUMNS];
};

struct label {
	char file[512], plate[32];
	float x, y, w, h;
	bool boxed;
};

static bool parse(char *line, struct label *out)
{
	char *column[6], *rest = line;
	size_t n = 0;

	line[strcspn(line, "\r\n")] = '\0';
	while (n < 6 && (column[n] = strsep(&rest, "\t")))
		n++;
	if (n != 3 && n != 6)
		return false;
	memset(out, 0, sizeof *out);
	out->boxed = n == 6;
	(void)snprintf(out->file, sizeof out->file, "%s", column[0]);
	(void)snprintf(out->plate, sizeof out->plate, "%s", column[n - 1]);
	if (out->boxed) {
		out->x = strtof(column[1], NULL);
		out->y = strtof(column[2], NULL);
		out->w = strtof(column[3], NULL);
		out->h = strtof(column[4], NULL);
	}
	return true;
}

static bool outline(struct bench *b, const struct image *img, const struct label *l,
		    struct plate_quad *out, struct err *e)
{
	struct plate_box box[BOXES];
	struct quad_bounds on = {l->x, l->y, l->x + l->w, l->y + l->h};
	float best = ON_LABEL;
	size_t n;

	if (!l->boxed)
		on = (struct quad_bounds){0, 0, (float)img->width, (float)img->height};
	*out = (struct plate_quad){{on.x0, on.y0, on.x1, on.y0, on.x1, on.y1, on.x0, on.y1}};
	if (!localise(b->localiser, img, box, BOXES, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct quad_bounds found = quad_bounds(&box[i].quad);
		float share = quad_iou(&found, &on);

		if (share > best) {
			best = share;
			*out = box[i].quad;
		}
	}
	return true;
}

static void count(struct bench *b, unsigned column, const struct plate_observation *const *seen,
		  size_t n, const char *plate, double ms)
{
	struct tally *t = &b->of[column];
	struct plate_read read;
	double given = 0;

	fuse(seen, n, &read);
	for (size_t i = 0; i < read.n_alternatives; i++)
		if (strcmp(read.alternatives[i].text, plate) == 0)
			given = (double)read.alternatives[i].confidence;
	t->exact += strcmp(read.text, plate) == 0;
	t->among += given > 0;
	t->score += log(fmax(LEAST, given));
	t->ms[t->n++] = ms;
	if (b->reads)
		(void)printf("\t%s\t%.3f", read.text, (double)read.confidence);
}

/* Of this process alone: others may share the core. */
static double ms_used(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
		return 0;
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static bool print_symbols(struct bench *b, const struct image *img, const struct plate_quad *quad,
			  const char *plate, struct err *e)
{
	uint8_t patch[TESSERACT_PATCH];
	struct symbol at[SYMBOLS_MAX];
	size_t n;

	if (!tesseract_cut(img, quad, patch, e) ||
	    !tesseract_symbols(b->tesseract, patch, at, &n, e))
		return false;
	(void)printf("%s", plate);
	for (size_t i = 0; i < n; i++) {
		(void)printf("\t%.4f", (double)at[i].doubt);
		for (size_t k = 0; k < at[i].n; k++)
			(void)printf(" %c %.4f", at[i].c[k], (double)at[i].cost[k]);
	}
	(void)printf("\n");
	return true;
}

static bool one(struct bench *b, const char *folder, const struct label *l, struct err *e)
{
	CLEANUP(image_file_free) struct image_file file = {0};
	AUTO_FREE char *path = NULL;
	struct plate_observation seen[2];
	const struct plate_observation *const both[2] = {&seen[0], &seen[1]};
	struct plate_quad quad;
	double ms[2];

	if (asprintf(&path, "%s/%s", folder, l->file) < 0) {
		path = NULL;
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	}
	if (!image_file_read(AT_FDCWD, path, &file, e))
		return err_prefix(e, "%s", path);
	struct image img = image_file_view(&file);
	if (!outline(b, &img, l, &quad, e))
		return false;
	if (b->symbols)
		return print_symbols(b, &img, &quad, l->plate, e);
	double begin = ms_used();
	if (!reader_observe(b->reader, &img, &quad, &seen[0], e))
		return false;
	ms[0] = ms_used() - begin;
	begin = ms_used();
	if (!tesseract_observe(b->tesseract, &img, &quad, &seen[1], e))
		return false;
	ms[1] = ms_used() - begin;
	if (b->reads)
		(void)printf("%s\t%s", l->file, l->plate);
	count(b, NETWORK, both, 1, l->plate, ms[0]);
	count(b, TESSERACT, both + 1, 1, l->plate, ms[1]);
	count(b, BOTH, both, 2, l->plate, ms[0] + ms[1]);
	if (b->reads)
		(void)printf("\n");
	return true;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(struct bench *b)
{
	for (unsigned c = 0; c < COLUMNS; c++) {
		struct tally *t = &b->of[c];
		double n = t->n ? (double)t->n : 1;

		qsort(t->ms, t->n, sizeof *t->ms, by_size);
		(void)printf("%-10s exact %zu of %zu (%.1f %%)  among %zu (%.1f %%)  ", names[c],
			     t->exact, t->n, 100 * (double)t->exact / n, t->among,
			     100 * (double)t->among / n);
		(void)printf("score %.3f  ms %.2f\n", t->score / n, t->n ? t->ms[t->n / 2] : 0);
	}
}

static bool all(struct bench *b, const char *models, const char *labels, const char *folder,
		struct err *e)
{
	AUTO_FCLOSE FILE *f = fopen(labels, "re");
	AUTO_FREE char *line = NULL;
	size_t size = 0, n = 0;
	struct label l;

	if (!f)
		return err_errno(e, errno, "%s", labels);
	if (!localiser_open(models, 1, &b->localiser, e) ||
	    !reader_open(models, 1, &b->reader, e) ||
	    !tesseract_reader_open(models, &b->tesseract, e))
		return false;
	while (n < PLATES && getline(&line, &size, f) > 0) {
		if (!parse(line, &l))
			return err_set(e, ERR_FORMAT, "%s: line %zu: neither 3 nor 6 columns",
				       labels, n + 1);
		if (!one(b, folder, &l, e))
			return err_prefix(e, "%s", l.file);
		n++;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct bench b;
	struct err e = {0};
	bool ok;

	b.reads = argc == 5 && strcmp(argv[4], "--reads") == 0;
	b.symbols = argc == 5 && strcmp(argv[4], "--symbols") == 0;
	if (argc < 4 || argc > 5 || (argc == 5 && !b.reads && !b.symbols)) {
		(void)fprintf(stderr,
			      "usage: engines MODELS LABELS.tsv FOLDER [--reads|--symbols]\n");
		return 2;
	}
	ok = all(&b, argv[1], argv[2], argv[3], &e);
	if (ok && !b.symbols)
		report(&b);
	if (!ok)
		(void)fprintf(stderr, "engines: %s\n", e.text);
	tesseract_reader_free(b.tesseract);
	reader_free(b.reader);
	localiser_free(b.localiser);
	return ok ? 0 : 1;
}
