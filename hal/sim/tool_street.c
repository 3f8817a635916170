/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hal/sim/tool.h"
#include "hal/sim/truth.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>
#include <turbojpeg.h>

/* Simulated time starts here, so that times do not depend on when the pictures were made. */
#define START_NS (INT64_C(1767225600) * NS_PER_S) /* 2026-01-01T00:00:00Z */

struct wish {
	struct street_setup setup;
	const char *light, *weather, *hard, *plates, *fonts, *out, *format;
	double rate;
	int64_t seed, width, height, every;
	bool empty; /* keep pictures without a plate, too */
	bool helped;
};

struct writer {
	const struct wish *w;
	struct art *art;
	struct street *street;
	FILE *truth, *frames;
	tjhandle jpeg;
	uint8_t *luma;
	unsigned long written;
};

static void help(FILE *f)
{
	(void)fprintf(f,
		      "usage: alpr-sim street --out DIR [--seed S] [--passages N] [--light "
		      "day|dusk|night|mixed]\n"
		      "                       [--weather clear|rain|mixed] [--hard none|some|all] "
		      "[--rate R] [--width W] [--height H]\n"
		      "                       [--plates FILE] [--wanted-share P] [--format "
		      "pgm|jpeg|none] [--every N] [--skip-empty]\n"
		      "                       [--fonts DIR]\n"
		      "Writes DIR/cam0, DIR/cam1 (a picture each 1/R s; of N only the first with "
		      "--every), DIR/frames.jsonl (plates of each\n"
		      "picture) and DIR/truth.jsonl (a line for each vehicle when it has left).\n");
}

static bool option(int o, const char *arg, struct wish *w, struct err *e)
{
	switch (o) {
	case 's':
		return tool_number("--seed", arg, 0, INT64_MAX, &w->seed, e);
	case 'n':
		return tool_number("--passages", arg, 1, 1000000, &w->setup.passages, e);
	case 'r':
		return tool_real("--rate", arg, 0.5, 120, &w->rate, e);
	case 'W':
		return tool_number("--width", arg, 160, 4096, &w->width, e);
	case 'H':
		return tool_number("--height", arg, 120, 4096, &w->height, e);
	case 'e':
		return tool_number("--every", arg, 1, 100000, &w->every, e);
	case 'S':
		return tool_real("--wanted-share", arg, 0, 1, &w->setup.wanted_share, e);
	case 'x':
		w->empty = false;
		return true;
	case 'h':
		w->helped = true;
		return true;
	default:
		return err_set(e, ERR_ARGUMENT, "street: wrong option; see alpr-sim street --help");
	}
}

static bool parse(int argc, char **argv, struct wish *w, struct err *e)
{
	static const struct option options[] = {{"seed", 1, NULL, 's'},
						{"passages", 1, NULL, 'n'},
						{"rate", 1, NULL, 'r'},
						{"width", 1, NULL, 'W'},
						{"height", 1, NULL, 'H'},
						{"every", 1, NULL, 'e'},
						{"light", 1, NULL, 1},
						{"weather", 1, NULL, 2},
						{"hard", 1, NULL, 3},
						{"plates", 1, NULL, 4},
						{"fonts", 1, NULL, 5},
						{"out", 1, NULL, 6},
						{"format", 1, NULL, 7},
						{"skip-empty", 0, NULL, 'x'},
						{"wanted-share", 1, NULL, 'S'},
						{"help", 0, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	const char **words[] = {NULL,	    &w->light, &w->weather, &w->hard,
				&w->plates, &w->fonts, &w->out,	    &w->format};
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o >= 1 && o <= 7)
			*words[o] = optarg;
		else if (!option(o, optarg, w, e))
			return false;
	}
	if (w->helped)
		return true;
	if (optind != argc || !w->out)
		return err_set(
		    e, ERR_ARGUMENT,
		    "street: --out DIR is needed and no file name; see alpr-sim street --help");
	if (strcmp(w->format, "pgm") != 0 && strcmp(w->format, "jpeg") != 0 &&
	    strcmp(w->format, "none") != 0)
		return err_set(e, ERR_ARGUMENT, "--format: not pgm, jpeg or none");
	w->setup.seed = (uint64_t)w->seed;
	w->setup.width = (uint32_t)w->width;
	w->setup.height = (uint32_t)w->height;
	return truth_words(w->light, w->weather, w->hard, &w->setup, e);
}

static bool write_jpeg(struct writer *k, FILE *f, struct err *e)
{
	unsigned char *bytes = NULL;
	unsigned long len = 0;
	bool good = tjCompress2(k->jpeg, k->luma, (int)k->w->width, 0, (int)k->w->height, TJPF_GRAY,
				&bytes, &len, TJSAMP_GRAY, 88, 0) == 0;

	if (!good)
		(void)err_set(e, ERR_IO, "picture: %s", tjGetErrorStr2(k->jpeg));
	else if (fwrite(bytes, 1, len, f) != len)
		good = err_errno(e, errno, "picture");
	tjFree(bytes);
	return good;
}

static bool write_picture(struct writer *k, unsigned camera, unsigned long number, char *name,
			  size_t size, struct err *e)
{
	bool jpeg = k->w->format[0] == 'j';
	size_t bytes = (size_t)k->w->width * (size_t)k->w->height;
	char path[512];
	AUTO_FCLOSE FILE *f = NULL;

	(void)snprintf(name, size, "cam%u/%06lu.%s", camera, number, jpeg ? "jpg" : "pgm");
	if ((size_t)snprintf(path, sizeof path, "%s/%s", k->w->out, name) >= sizeof path)
		return err_set(e, ERR_ARGUMENT, "--out: name too long");
	f = fopen(path, "wbe");
	if (!f)
		return err_errno(e, errno, "%s", path);
	if (jpeg ? !write_jpeg(k, f, e)
		 : fprintf(f, "P5\n%d %d\n255\n", (int)k->w->width, (int)k->w->height) < 0 ||
		       fwrite(k->luma, 1, bytes, f) != bytes)
		return jpeg ? false : err_errno(e, errno, "%s", path);
	return fflush(f) == 0 || err_errno(e, errno, "%s", path);
}

static bool write_pair(struct writer *k, unsigned long number, int64_t t, struct err *e)
{
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		struct street_plate plates[STREET_ACTORS];
		size_t n = street_plates(k->street, i, plates);
		char name[64] = "", line[TRUTH_LINE];

		if (n == 0 && !k->w->empty)
			continue;
		street_draw(k->street, i, k->luma, (uint32_t)k->w->width);
		if (k->w->format[0] != 'n' && !write_picture(k, i, number, name, sizeof name, e))
			return false;
		if (fwrite(line, 1, truth_frame(name, i, START_NS + t, plates, n, line),
			   k->frames) == 0)
			return err_errno(e, errno, "frames.jsonl");
		k->written++;
	}
	return true;
}

static bool run(struct writer *k, struct err *e)
{
	for (unsigned long number = 0; !street_ended(k->street); number++) {
		int64_t t = (int64_t)((double)number * 1e9 / k->w->rate);
		struct street_passage p;
		char line[TRUTH_LINE];

		street_step(k->street, t);
		if (number % (unsigned long)k->w->every == 0 && !write_pair(k, number, t, e))
			return false;
		while (street_left(k->street, &p))
			if (fwrite(line, 1, truth_passage(&p, START_NS, line), k->truth) == 0)
				return err_errno(e, errno, "truth.jsonl");
	}
	if (fflush(k->truth) != 0 || fflush(k->frames) != 0)
		return err_errno(e, errno, "truth");
	return true;
}

static FILE *open_in(const char *folder, const char *name, struct err *e)
{
	char path[512];
	FILE *f = NULL;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) < sizeof path)
		f = fopen(path, "we");
	if (!f)
		(void)err_errno(e, errno, "%s", name);
	return f;
}

static bool make_folders(const struct wish *w, struct err *e)
{
	static const char *const below[] = {"", "/cam0", "/cam1"};

	for (size_t i = 0; i < 3; i++) {
		char path[512];

		if ((size_t)snprintf(path, sizeof path, "%s%s", w->out, below[i]) >= sizeof path)
			return err_set(e, ERR_ARGUMENT, "--out: name too long");
		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			return err_errno(e, errno, "%s", path);
	}
	return true;
}

static bool prepare(struct writer *k, struct wish *w, struct wanted *list, struct err *e)
{
	if (w->plates[0] && !wanted_read(w->plates, list, e))
		return false;
	w->setup.wanted = w->plates[0] ? list : NULL;
	if (!make_folders(w, e) || !art_open(w->fonts, &k->art, e) ||
	    !street_new(&w->setup, k->art, &k->street, e))
		return false;
	k->truth = open_in(w->out, "truth.jsonl", e);
	k->frames = k->truth ? open_in(w->out, "frames.jsonl", e) : NULL;
	k->luma = malloc((size_t)w->width * (size_t)w->height);
	k->jpeg = tjInitCompress();
	if (!k->frames)
		return false;
	return (k->luma && k->jpeg) || err_set(e, ERR_NO_MEMORY, "street: out of memory");
}

int tool_street(int argc, char **argv)
{
	struct wish w = {.setup = {.passages = 10, .wanted_share = 0.2},
			 .light = "day",
			 .weather = "clear",
			 .hard = "none",
			 .plates = "",
			 .fonts = "/usr/share/fonts",
			 .format = "pgm",
			 .rate = 12,
			 .seed = 1,
			 .width = 1280,
			 .height = 720,
			 .every = 1,
			 .empty = true};
	struct writer k = {.w = &w};
	struct wanted list = {NULL, 0};
	struct err e = {ERR_NONE, ""};
	bool good;

	if (!parse(argc, argv, &w, &e))
		return tool_fail(&e);
	if (w.helped) {
		help(stdout);
		return 0;
	}
	good = prepare(&k, &w, &list, &e) && run(&k, &e);
	if (good)
		(void)printf("alpr-sim: %lu pictures, %lld vehicles\n", k.written,
			     (long long)w.setup.passages);
	if (k.truth)
		(void)fclose(k.truth);
	if (k.frames)
		(void)fclose(k.frames);
	if (k.jpeg)
		(void)tjDestroy(k.jpeg);
	free(k.luma);
	street_free(k.street);
	art_close(k.art);
	wanted_free(&list);
	return good ? 0 : tool_fail(&e);
}
