/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair_cost MODELS PERIOD_NS FOLDER: what a pair costs vision, from the trigger to the passage.
 * FOLDER holds cam0/NUMBER.pgm and cam1/NUMBER.pgm, six digits, counted from 0, all of one size, as
 * `alpr-sim street` writes them; pairs lie PERIOD_NS apart.
 *
 * Prints a line a kind: `KIND PAIRS MEAN LEAST MOST`, in nanoseconds of this process's time on a
 * processor, which in a guest that counts instructions (QEMU's -icount shift=0) are instructions.
 * Kinds: `empty`: no vehicle was in hand and nothing was looked at; `plates`: a plate was read;
 * `other`: the rest. The first pair, which the triggers take as the empty road, counts as nothing.
 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/vision/eyes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIDE_MOST 16384u

enum kind { EMPTY, PLATES, OTHER, KINDS };

struct tally {
	int64_t n, sum, least, most;
};

struct picture {
	uint8_t *luma;
	uint32_t width, height;
};

static int64_t cpu_ns(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* ERR_NOT_FOUND: there is none of that number. */
static bool picture_read(const char *folder, unsigned camera, unsigned number, struct picture *p,
			 struct err *e)
{
	char path[512];
	AUTO_FCLOSE FILE *f = NULL;
	uint32_t width = 0, height = 0;

	(void)snprintf(path, sizeof path, "%s/cam%u/%06u.pgm", folder, camera, number);
	f = fopen(path, "rbe");
	if (!f)
		return err_errno(e, errno, "%s", path);
	if (fscanf(f, "P5 %5u %5u 255", &width, &height) != 2 || fgetc(f) != '\n' || !width ||
	    !height || width > SIDE_MOST || height > SIDE_MOST)
		return err_set(e, ERR_FORMAT, "%s: no PGM file of ours", path);
	if (!p->luma) {
		p->luma = malloc((size_t)width * height);
		p->width = width;
		p->height = height;
	}
	if (!p->luma)
		return err_set(e, ERR_NO_MEMORY, "%s: no memory", path);
	if (width != p->width || height != p->height)
		return err_set(e, ERR_FORMAT, "%s: of another size", path);
	return fread(p->luma, 1, (size_t)width * height, f) == (size_t)width * height ||
	       err_set(e, ERR_FORMAT, "%s: too short", path);
}

/* Nobody keeps the passages here. */
static void on_passage(void *arg, const struct wire_passage *m, int gift)
{
	(void)m;
	++*(int64_t *)arg;
	(void)close(gift);
}

static void add(struct tally *t, int64_t ns)
{
	t->least = t->n && t->least < ns ? t->least : ns;
	t->most = t->most > ns ? t->most : ns;
	t->sum += ns;
	t->n++;
}

static enum kind kind_of(const struct eyes_counts *before, const struct eyes_counts *after)
{
	if (after->read > before->read)
		return PLATES;
	return after->idle > before->idle && !before->open ? EMPTY : OTHER;
}

static bool look(struct eyes *y, unsigned number, int64_t period_ns, const struct picture p[],
		 struct tally tallies[KINDS], struct err *e)
{
	struct wire_pair m = {.pair = number + 1, .present = {1, 1}};
	struct image images[FRAME_CAMERAS];
	struct eyes_counts before, after;
	int64_t from;

	for (unsigned c = 0; c < FRAME_CAMERAS; c++) {
		m.frames[c] = (struct frame){.camera = (uint8_t)c,
					     .sequence = number,
					     .capture_ns = NS_PER_S + number * period_ns};
		images[c] = (struct image){p[c].luma, p[c].width, p[c].height, p[c].width};
		if (!eyes_size(y, c, p[c].width, p[c].height, e))
			return false;
	}
	eyes_count(y, &before);
	from = cpu_ns();
	eyes_look(y, &m, images);
	from = cpu_ns() - from;
	eyes_count(y, &after);
	if (number)
		add(&tallies[kind_of(&before, &after)], from);
	return true;
}

static bool run(const char *models, int64_t period_ns, const char *folder, struct picture p[],
		struct err *e)
{
	static const char *const names[KINDS] = {"empty", "plates", "other"};
	struct tally tallies[KINDS];
	struct vision_conf conf;
	struct eyes *y = NULL;
	int64_t passages = 0;
	unsigned number = 0;
	bool good;

	memset(tallies, 0, sizeof tallies);
	if (!vision_conf_load("", 0, ".", &conf, e) ||
	    !eyes_open(&conf, models, on_passage, &passages, &y, e))
		return false;
	do {
		good = picture_read(folder, 0, number, &p[0], e) &&
		       picture_read(folder, 1, number, &p[1], e) &&
		       look(y, number, period_ns, p, tallies, e);
		number += good;
	} while (good);
	eyes_flush(y);
	eyes_close(y);
	if (e->code != ERR_NOT_FOUND || !number)
		return false;
	for (unsigned k = 0; k < KINDS; k++)
		(void)printf("%s %lld %lld %lld %lld\n", names[k], (long long)tallies[k].n,
			     (long long)(tallies[k].n ? tallies[k].sum / tallies[k].n : 0),
			     (long long)tallies[k].least, (long long)tallies[k].most);
	(void)printf("passages %lld\n", (long long)passages);
	return true;
}

int main(int argc, char **argv)
{
	struct picture p[FRAME_CAMERAS] = {{NULL, 0, 0}, {NULL, 0, 0}};
	struct err e = {ERR_NONE, ""};
	bool good;

	if (argc != 4 || atoll(argv[2]) <= 0) {
		(void)fprintf(stderr, "usage: pair_cost MODELS PERIOD_NS FOLDER\n");
		return 2;
	}
	good = run(argv[1], atoll(argv[2]), argv[3], p, &e);
	if (!good)
		(void)fprintf(stderr, "pair_cost: %s\n", e.text);
	for (unsigned c = 0; c < FRAME_CAMERAS; c++)
		free(p[c].luma);
	return good ? 0 : 1;
}
