/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "hal/sim/plate.h"
#include "hal/sim/tool.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

struct wish {
	int64_t seed, count;
	const char *out, *style, *fonts;
	double dirt, frames; /* negative: at random */
};

int tool_fail(const struct err *e)
{
	(void)fprintf(stderr, "alpr-sim: %s\n", e->text);
	return e->code == ERR_ARGUMENT || e->code == ERR_CONFIG ? 2 : 1;
}

bool tool_number(const char *what, const char *text, int64_t least, int64_t most, int64_t *out,
		 struct err *e)
{
	char *end = NULL;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v < least || v > most)
		return err_set(e, ERR_ARGUMENT, "%s: not a whole number from %lld to %lld", what,
			       (long long)least, (long long)most);
	*out = v;
	return true;
}

bool tool_real(const char *what, const char *text, double least, double most, double *out,
	       struct err *e)
{
	char *end = NULL;
	double v;

	errno = 0;
	v = strtod(text, &end);
	if (errno != 0 || end == text || *end != '\0' || !(v >= least && v <= most))
		return err_set(e, ERR_ARGUMENT, "%s: not a number from %g to %g", what, least,
			       most);
	*out = v;
	return true;
}

static void help(FILE *f)
{
	(void)fprintf(
	    f,
	    "usage: alpr-sim plates --out DIR [--seed S] [--count N] [--style us|eu|mixed]\n"
	    "                       [--dirt 0..1] [--frames 0..1] [--fonts DIR]\n"
	    "Writes DIR/plates.bin (N images of %dx%d bytes of luma, one after the other) and "
	    "DIR/plates.tsv:\n"
	    "index, text, jurisdiction ('-' for none), x0, y0, x1, y1 of the plate inside its "
	    "image, style, aspect.\n",
	    SIM_PLATE_W, SIM_PLATE_H);
}

static bool parse(int argc, char **argv, struct wish *w, bool *helped, struct err *e)
{
	static const struct option options[] = {
	    {"seed", 1, NULL, 's'},  {"count", 1, NULL, 'n'}, {"out", 1, NULL, 'o'},
	    {"style", 1, NULL, 'y'}, {"dirt", 1, NULL, 'd'},  {"frames", 1, NULL, 'r'},
	    {"fonts", 1, NULL, 'f'}, {"help", 0, NULL, 'h'},  {NULL, 0, NULL, 0}};
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		bool good = true;

		if (o == 's')
			good = tool_number("--seed", optarg, 0, INT64_MAX, &w->seed, e);
		else if (o == 'n')
			good = tool_number("--count", optarg, 1, 10000000, &w->count, e);
		else if (o == 'd')
			good = tool_real("--dirt", optarg, 0, 1, &w->dirt, e);
		else if (o == 'r')
			good = tool_real("--frames", optarg, 0, 1, &w->frames, e);
		else if (o == 'o')
			w->out = optarg;
		else if (o == 'y')
			w->style = optarg;
		else if (o == 'f')
			w->fonts = optarg;
		else if (o == 'h')
			*helped = true;
		else
			good = err_set(e, ERR_ARGUMENT,
				       "plates: wrong option; see alpr-sim plates --help");
		if (!good)
			return false;
	}
	if (*helped)
		return true;
	if (optind != argc || !w->out[0])
		return err_set(
		    e, ERR_ARGUMENT,
		    "plates: --out DIR is needed and nothing else; see alpr-sim plates --help");
	if (strcmp(w->style, "us") != 0 && strcmp(w->style, "eu") != 0 &&
	    strcmp(w->style, "mixed") != 0)
		return err_set(e, ERR_ARGUMENT, "--style: not us, eu or mixed");
	return true;
}

static FILE *create(const char *folder, const char *name, struct err *e)
{
	char path[512];
	FILE *f;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path) {
		(void)err_set(e, ERR_ARGUMENT, "--out: name too long");
		return NULL;
	}
	f = fopen(path, "wbe");
	if (!f)
		(void)err_errno(e, errno, "%s", path);
	return f;
}

static bool write_plate(FILE *bin, FILE *tsv, int64_t i, const struct sim_plate *p, struct err *e)
{
	if (fwrite(p->luma, 1, SIM_PLATE_BYTES, bin) != SIM_PLATE_BYTES ||
	    fprintf(tsv, "%lld\t%s\t%s\t%.1f\t%.1f\t%.1f\t%.1f\t%s\t%.3f\n", (long long)i, p->text,
		    p->jurisdiction[0] ? p->jurisdiction : "-", (double)p->x0, (double)p->y0,
		    (double)p->x1, (double)p->y1, p->style == SERIES_EU ? "eu" : "us",
		    (double)p->aspect) < 0)
		return err_errno(e, errno, "plates");
	return true;
}

static bool make_plates(const struct wish *w, struct art *a, uint8_t *luma, struct err *e)
{
	AUTO_FCLOSE FILE *bin = create(w->out, "plates.bin", e);
	AUTO_FCLOSE FILE *tsv = bin ? create(w->out, "plates.tsv", e) : NULL;
	float eu = strcmp(w->style, "eu") == 0 ? 1.0f : strcmp(w->style, "us") == 0 ? 0.0f : 0.2f;

	if (!tsv)
		return false;
	for (int64_t i = 0; i < w->count; i++) {
		struct sim_random r;
		struct sim_wear wear;
		struct series s;
		struct sim_plate p = {.luma = luma};

		/* A stream for each plate: plate i is the same however many are made. */
		sim_random_seed(&r, (uint64_t)w->seed, (uint64_t)i);
		sim_wear_random(&r, &wear);
		wear.dirt = w->dirt < 0 ? wear.dirt : (float)w->dirt;
		wear.frames = w->frames < 0 ? wear.frames : (float)w->frames;
		series_random(&r, sim_chance(&r, eu) ? SERIES_EU : SERIES_US, &s);
		sim_plate_draw(a, &r, &s, &wear, sim_range(&r, 10, 230), &p);
		if (!write_plate(bin, tsv, i, &p, e))
			return false;
	}
	if (fflush(bin) != 0 || fflush(tsv) != 0)
		return err_errno(e, errno, "plates");
	return true;
}

int tool_plates(int argc, char **argv)
{
	struct wish w = {.seed = 1,
			 .count = 1000,
			 .out = "",
			 .style = "us",
			 .fonts = "/usr/share/fonts",
			 .dirt = -1,
			 .frames = -1};
	struct err e = {ERR_NONE, ""};
	struct art *a = NULL;
	uint8_t *luma;
	bool helped = false, good;

	if (!parse(argc, argv, &w, &helped, &e))
		return tool_fail(&e);
	if (helped) {
		help(stdout);
		return 0;
	}
	if (mkdir(w.out, 0777) != 0 && errno != EEXIST) {
		(void)err_errno(&e, errno, "--out");
		return tool_fail(&e);
	}
	luma = malloc(SIM_PLATE_BYTES);
	if (luma)
		good = art_open(w.fonts, &a, &e) && make_plates(&w, a, luma, &e);
	else
		good = err_set(&e, ERR_NO_MEMORY, "plates: out of memory");
	free(luma);
	art_close(a);
	return good ? 0 : tool_fail(&e);
}
