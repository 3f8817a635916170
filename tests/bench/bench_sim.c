/* SPDX-License-Identifier: Apache-2.0 */
/* Processor time a pair of 1280x720 pictures takes to render: empty road, a vehicle, rain, all
 * hard. bench_sim [FONTS] */
#include "firmware/base/clock.h"
#include "hal/sim/street.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct tally {
	double ms, worst;
	unsigned n;
};

/* Not wall time: a machine that others use must not change the figure. */
static int64_t cpu_ns(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void add(struct tally *t, double ms)
{
	t->ms += ms;
	t->worst = ms > t->worst ? ms : t->worst;
	t->n++;
}

/* 12 pairs a second on half a core. */
#define BAR_MS 41.0

static bool say(const char *name, const struct tally *t)
{
	double mean = t->n ? t->ms / t->n : 0;
	bool passed = t->n > 0 && mean < BAR_MS;

	(void)printf("BAR sim-%s %.2f CPU-ms/pair %.0f %s\n", name, mean, BAR_MS,
		     passed ? "PASS" : "FAIL");
	(void)printf("  worst of %u pairs %.2f\n", t->n, t->worst);
	return passed;
}

static bool measure(struct art *art, enum sim_weather weather, enum sim_hard hard, uint8_t *luma,
		    struct tally *empty, struct tally *busy, struct err *e)
{
	struct street_setup setup = {.width = 1280,
				     .height = 720,
				     .seed = 1,
				     .passages = 8,
				     .weather = weather,
				     .hard = hard};
	struct street_plate plates[STREET_ACTORS];
	struct street_passage p;
	struct street *s;

	if (!street_new(&setup, art, &s, e))
		return false;
	for (int64_t i = 0; !street_ended(s); i++) {
		int64_t from = cpu_ns();

		street_step(s, i * NS_PER_S / 12);
		for (unsigned c = 0; c < FRAME_CAMERAS; c++)
			street_draw(s, c, luma, setup.width);
		add(street_plates(s, 0, plates) ? busy : empty, (double)(cpu_ns() - from) * 1e-6);
		while (street_left(s, &p))
			;
	}
	street_free(s);
	return true;
}

int main(int argc, char **argv)
{
	struct tally empty = {0, 0, 0}, one = {0, 0, 0}, dry = {0, 0, 0}, rain = {0, 0, 0},
		     hard = {0, 0, 0};
	struct err e = {ERR_NONE, ""};
	struct art *art = NULL;
	uint8_t *luma = malloc(1280 * 720);
	bool good = luma && art_open(argc > 1 ? argv[1] : "/usr/share/fonts", &art, &e) &&
		    measure(art, SIM_CLEAR, SIM_NONE, luma, &empty, &one, &e) &&
		    measure(art, SIM_RAIN, SIM_NONE, luma, &dry, &rain, &e) &&
		    measure(art, SIM_CLEAR, SIM_ALL, luma, &dry, &hard, &e);

	if (good) {
		int passed = say("no-plate", &empty) + say("vehicle", &one) + say("rain", &rain) +
			     say("hard", &hard);

		(void)printf("%d passed, %d failed\n", passed, 4 - passed);
		good = passed == 4;
	} else {
		(void)fprintf(stderr, "bench_sim: %s\n", e.text);
	}
	art_close(art);
	free(luma);
	return good ? 0 : 1;
}
