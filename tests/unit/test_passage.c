/* SPDX-License-Identifier: Apache-2.0 */
/* A street of synthetic vehicles: what comes out must be one event for each, whatever happens to
 * their tracks. */
#include "firmware/vision/passage.h"
#include "tests/unit/lattice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS     INT64_C(1000000)
#define WIDTH  1280.0f
#define HEIGHT 720.0f
#define CARS   8
#define EVENTS 32

struct car {
	const char
	    *text[2];	    /* as each camera's pictures say it; NULL: this camera is blind to it */
	float sure[2];	    /* of each character; 0: 0.99 */
	int from_ms, to_ms; /* in view */
	int stop_ms, go_ms; /* stands in between */
	float lane;	    /* pixels from the top where it enters, camera 0 */
	float speed;	    /* pixels a second along x; 0: 500 */
	float scale;	    /* plate width, pixels; 0: 90 */
	float score;	    /* of the localiser; 0: 0.9 */
	int gap_from_ms[2], gap_to_ms[2]; /* not found in this time, by camera */
	float aside_x, aside_y;		  /* added: a sticker beside a plate */
	bool still;			  /* never moves: a sign */
	char wrong[2]; /* camera c takes the second character for this one, mostly */
};

struct event {
	char text[PLATE_TEXT_SIZE];
	bool low, degraded;
	int64_t at_ms, first_ms, last_ms;
	uint32_t pairs;
	float confidence;
};

struct street {
	struct passages *p;
	struct car cars[CARS];
	size_t n;
	struct event events[EVENTS];
	size_t n_events;
	size_t ended[PASSAGE_OUTCOMES];
	int64_t now_ms;
	int period_ms;
	int back_ms;	      /* that the clock has been set back */
	bool idle_when_still; /* the trigger shuts when nothing moves */
	uint32_t tremble;
	const char
	    *second; /* what another reader says of each angle when a passage closes, or NULL */
	size_t closed;
};

static void on_closing(void *arg, struct passage *q)
{
	struct street *s = arg;

	s->closed++;
	for (unsigned c = 0; s->second && c < 2; c++) {
		struct plate_observation seen;

		lattice_text(&seen, s->second, 0.99f);
		seen.engine = PLATE_TESSERACT;
		evidence_add(&q->angle[c].seen, &seen, q->angle[c].best);
	}
}

static void on_end(void *arg, struct passage *q, enum passage_outcome outcome)
{
	struct street *s = arg;
	struct event *ev = &s->events[s->n_events];

	s->ended[outcome]++;
	if (getenv("VERBOSE"))
		print_message("%6lld outcome %d %s %.2f frames %u %u\n", (long long)s->now_ms,
			      outcome, q->read.text, (double)q->read.confidence, q->angle[0].frames,
			      q->angle[1].frames);
	if (outcome != PASSAGE_EVENT && outcome != PASSAGE_LOW_QUALITY)
		return;
	assert_true(s->n_events < EVENTS);
	memcpy(ev->text, q->read.text, sizeof ev->text);
	ev->low = outcome == PASSAGE_LOW_QUALITY;
	ev->degraded = !q->angle[0].frames || !q->angle[1].frames;
	ev->at_ms = s->now_ms;
	ev->first_ms = q->first_ns / MS;
	ev->last_ms = q->last_ns / MS;
	ev->pairs = q->pairs;
	ev->confidence = q->read.confidence;
	s->n_events++;
}

static void begin(struct street *s, bool stills)
{
	struct passages_conf conf = {
	    .width = {1280, 1280},
	    .height = {720, 720},
	    .stills = stills,
	    .min_plate_px = 14,
	    .min_sharpness = 0.05f,
	    .min_confidence = 0.4f,
	    .settle_confidence = 0.9f,
	    .min_observations = 2,
	    .settle_pairs = 4,
	    .longest_ns = 3000 * MS,
	    .lost_ns = 400 * MS,
	};
	struct passages_hooks hooks = {.closing = on_closing, .ended = on_end, .arg = s};
	struct err e;

	memset(s, 0, sizeof *s);
	s->period_ms = 50;
	s->tremble = 7;
	assert_true(passages_new(&conf, &s->p, &e));
	passages_hook(s->p, &hooks);
}

static void end(struct street *s)
{
	passages_free(s->p);
}

static float noise(struct street *s)
{
	s->tremble = s->tremble * 1664525u + 1013904223u;
	return (float)(s->tremble >> 8) / (float)(1u << 24) - 0.5f;
}

/* Milliseconds that the car has been under way at t. */
static int driven(const struct car *c, int t)
{
	int ms = t - c->from_ms;

	if (c->go_ms && t > c->stop_ms)
		ms -= (t < c->go_ms ? t : c->go_ms) - c->stop_ms;
	return c->still ? 0 : ms;
}

static bool place(struct street *s, const struct car *c, unsigned camera, int t,
		  struct sighting *out)
{
	float x = (c->speed > 0 ? c->speed : 500.0f) * (float)driven(c, t) * 0.001f,
	      w = c->scale > 0 ? c->scale : 90.0f;

	if (t < c->from_ms || t >= c->to_ms || !c->text[camera] ||
	    (t >= c->gap_from_ms[camera] && t < c->gap_to_ms[camera]))
		return false;
	memset(out, 0, sizeof *out);
	out->camera = (uint8_t)camera;
	out->capture_ns = (t - s->back_ms) * MS;
	out->score = c->score > 0 ? c->score : 0.9f;
	/* Camera 1 sees the road from the other side: mirrored, shifted, a little larger. */
	out->x =
	    (camera ? 1180.0f - 0.9f * x - c->aside_x : 60.0f + x + c->aside_x) + noise(s) * 4.0f;
	out->y =
	    (camera ? 80.0f + 0.8f * c->lane : c->lane) + 0.1f * x + c->aside_y + noise(s) * 3.0f;
	if (out->x < 0 || out->x > WIDTH || out->y < 0 || out->y > HEIGHT)
		return false;
	out->w = w;
	out->h = w * 0.5f;
	out->quality = (struct quality){.width_px = w,
					.height_px = w * 0.5f,
					.sharpness = 0.5f,
					.contrast = 90,
					.mean = 120,
					.value = 0.5f + 0.1f * noise(s)};
	out->was_read = passages_want_read(s->p, out);
	if (out->was_read) {
		const struct evidence *heap = &out->seen;

		lattice_text(&out->seen.seen[0], c->text[camera],
			     c->sure[camera] > 0 ? c->sure[camera] : 0.99f);
		if (c->wrong[camera])
			lattice_confuse(&out->seen.seen[0], 1, c->wrong[camera], 0.8f);
		out->seen.n = out->seen.total = 1;
		out->seen.quality[0] = out->quality.value;
		evidence_read(&heap, 1, &out->read);
	}
	return true;
}

static bool anything_moves(const struct street *s, int t)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct car *c = &s->cars[i];

		if (!c->still && t >= c->from_ms && t < c->to_ms + 300 &&
		    !(c->go_ms && t > c->stop_ms + 3000 && t < c->go_ms))
			return true;
	}
	return false;
}

static void one_pair(struct street *s, int t, bool degraded)
{
	static struct sighting seen[SIGHTINGS_MAX];
	int64_t now_ns = (t - s->back_ms) * MS;

	s->now_ms = t;
	for (unsigned camera = 0; camera < 2; camera++) {
		size_t n = 0;

		if (s->idle_when_still && !anything_moves(s, t) &&
		    !passages_want_look(s->p, (uint8_t)camera, now_ns)) {
			passages_idle(s->p, (uint8_t)camera, now_ns);
			continue;
		}
		for (size_t i = 0; i < s->n; i++)
			n += place(s, &s->cars[i], camera, t, &seen[n]);
		passages_see(s->p, (uint8_t)camera, now_ns, seen, n);
	}
	passages_decide(s->p, now_ns, degraded);
}

static void drive(struct street *s, int until_ms)
{
	for (int t = 1000; t < until_ms; t += s->period_ms)
		one_pair(s, t, false);
	passages_flush(s->p);
}

static void expect(const struct street *s, size_t i, const char *text)
{
	assert_true(i < s->n_events);
	assert_string_equal(s->events[i].text, text);
	assert_false(s->events[i].low);
}

static unsigned count(const struct street *s, const char *text)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->n_events; i++)
		n += strcmp(s->events[i].text, text) == 0;
	return n;
}

static void add(struct street *s, struct car c)
{
	assert_true(s->n < CARS);
	s->cars[s->n++] = c;
}

static void test_one_vehicle(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	add(&s, (struct car){
		    .text = {"AB1C23", "AB1C23"}, .from_ms = 1500, .to_ms = 3700, .lane = 300});
	drive(&s, 12000);
	assert_int_equal(s.n_events, 1);
	expect(&s, 0, "AB1C23");
	assert_false(s.events[0].degraded);
	assert_true(s.events[0].at_ms - 1500 < 700); /* settled early, not when it had left */
	assert_in_range(s.events[0].pairs, 4, 12);
	end(&s);
}

/* Asked once a vehicle, before the verdict, and heard. */
static void test_a_second_reader(void **state)
{
	const char *says[] = {"AB1C23", "AB1C28"};
	float confidence[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct street s;

		begin(&s, false);
		s.second = says[i];
		add(&s, (struct car){.text = {"AB1C23", "AB1C23"},
				     .sure = {0.9f, 0.9f},
				     .from_ms = 1500,
				     .to_ms = 3700,
				     .lane = 300});
		drive(&s, 12000);
		assert_int_equal(s.n_events, 1);
		assert_int_equal(s.closed, 1);
		confidence[i] = s.events[0].confidence;
		end(&s);
	}
	assert_true(confidence[0] > 0.9f);
	assert_true(confidence[1] < confidence[0]);
}

static void test_fast_vehicle_at_a_low_rate(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	s.period_ms = 150;
	/* 2000 pixels a second, 300 a picture: three plate widths */
	add(&s, (struct car){.text = {"AB1C23", "AB1C23"},
			     .from_ms = 1500,
			     .to_ms = 2300,
			     .lane = 300,
			     .speed = 2000});
	drive(&s, 8000);
	assert_int_equal(s.n_events, 1);
	expect(&s, 0, "AB1C23");
	end(&s);
}

/* Hardly ever looked: a pair each 0.4 s, so that some vehicles show in one or two pairs only. */
static void test_starved_of_pairs(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	s.period_ms = 400;
	add(&s, (struct car){.text = {"AB1C23", "AB1C23"},
			     .from_ms = 1500,
			     .to_ms = 2300,
			     .lane = 300,
			     .speed = 1200});
	add(&s, (struct car){.text = {"XYZ987", "XYZ987"},
			     .from_ms = 5500,
			     .to_ms = 5900,
			     .lane = 300,
			     .speed = 1200});
	drive(&s, 12000);
	assert_int_equal(s.n_events, 2);
	expect(&s, 0, "AB1C23");
	expect(&s, 1, "XYZ987");
	end(&s);
}

static void test_side_by_side(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	add(&s, (struct car){.text = {"AB1C23", "AB1C23"},
			     .from_ms = 1500,
			     .to_ms = 3700,
			     .lane = 100,
			     .scale = 60});
	add(&s, (struct car){.text = {"XYZ987", "XYZ987"},
			     .from_ms = 1500,
			     .to_ms = 3700,
			     .lane = 500,
			     .scale = 60});
	add(&s, (struct car){.text = {"KLM456", "KLM456"},
			     .from_ms = 1700,
			     .to_ms = 3900,
			     .lane = 300,
			     .scale = 60});
	drive(&s, 12000);
	assert_int_equal(s.n_events, 3);
	assert_int_equal(count(&s, "AB1C23") + count(&s, "XYZ987") + count(&s, "KLM456"), 3);
	for (size_t i = 0; i < 3; i++)
		assert_false(s.events[i].degraded);
	end(&s);
}

static void test_similar_plates_side_by_side_and_in_a_row(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	add(&s, (struct car){
		    .text = {"AB1C23", "AB1C23"}, .from_ms = 1500, .to_ms = 3700, .lane = 100});
	add(&s, (struct car){
		    .text = {"AB1C28", "AB1C28"}, .from_ms = 1500, .to_ms = 3700, .lane = 500});
	add(&s, (struct car){
		    .text = {"AB1C26", "AB1C26"}, .from_ms = 3800, .to_ms = 6000, .lane = 100});
	add(&s, (struct car){
		    .text = {"AB1D26", "AB1D26"}, .from_ms = 4800, .to_ms = 7000, .lane = 100});
	drive(&s, 14000);
	assert_int_equal(s.n_events, 4);
	assert_int_equal(count(&s, "AB1C23"), 1);
	assert_int_equal(count(&s, "AB1C28"), 1);
	assert_int_equal(count(&s, "AB1C26"), 1);
	assert_int_equal(count(&s, "AB1D26"), 1);
	end(&s);
}

static void test_broken_tracks(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	/* Behind a pole for 0.8 s in one angle and, at another time, in the other. */
	add(&s, (struct car){.text = {"AB1C23", "AB1C23"},
			     .from_ms = 1500,
			     .to_ms = 4500,
			     .lane = 300,
			     .speed = 380,
			     .gap_from_ms = {1900, 2600},
			     .gap_to_ms = {2700, 3400}});
	/* And one that is hardly read before the gap. */
	add(&s, (struct car){.text = {"XYZ987", "XYZ987"},
			     .sure = {0.93f, 0.93f},
			     .from_ms = 6500,
			     .to_ms = 9500,
			     .lane = 300,
			     .speed = 380,
			     .gap_from_ms = {7100, 7100},
			     .gap_to_ms = {7700, 7700}});
	drive(&s, 18000);
	assert_int_equal(s.n_events, 2);
	expect(&s, 0, "AB1C23");
	expect(&s, 1, "XYZ987");
	end(&s);
}

static void test_one_angle_blind(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	add(&s,
	    (struct car){.text = {"AB1C23", NULL}, .from_ms = 1500, .to_ms = 3700, .lane = 300});
	add(&s,
	    (struct car){.text = {NULL, "XYZ987"}, .from_ms = 6500, .to_ms = 8700, .lane = 300});
	drive(&s, 14000);
	assert_int_equal(s.n_events, 2);
	expect(&s, 0, "AB1C23");
	expect(&s, 1, "XYZ987");
	assert_true(s.events[0].degraded && s.events[1].degraded);
	assert_true(s.events[0].at_ms - 3700 < 1500);
	end(&s);
}

static void test_degraded_box_decides_early(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	add(&s,
	    (struct car){.text = {"AB1C23", NULL}, .from_ms = 1500, .to_ms = 3700, .lane = 300});
	for (int t = 1000; t < 8000; t += 50)
		one_pair(&s, t, true);
	assert_int_equal(s.n_events, 1);
	expect(&s, 0, "AB1C23");
	assert_true(s.events[0].at_ms < 2500);
	end(&s);
}

static void test_one_angle_misreads(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	/* One character wrong in every picture of one angle. */
	add(&s, (struct car){.text = {"AB1C23", "AB1C23"},
			     .wrong = {0, '8'},
			     .from_ms = 1500,
			     .to_ms = 3700,
			     .lane = 300});
	/* Hardly anything right in one angle, and unsure. */
	add(&s, (struct car){.text = {"KLM456", "KN1W5"},
			     .sure = {0.97f, 0.3f},
			     .from_ms = 6500,
			     .to_ms = 8700,
			     .lane = 300});
	drive(&s, 16000);
	assert_int_equal(s.n_events, 2);
	expect(&s, 0, "AB1C23");
	expect(&s, 1, "KLM456");
	end(&s);
}

static void test_surely_wrong_angle_by_place(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	/* Three ordinary vehicles teach where camera 1 sees what camera 0 sees. */
	add(&s, (struct car){
		    .text = {"AAA111", "AAA111"}, .from_ms = 1500, .to_ms = 3700, .lane = 100});
	add(&s, (struct car){
		    .text = {"BBB222", "BBB222"}, .from_ms = 5500, .to_ms = 7700, .lane = 300});
	add(&s, (struct car){
		    .text = {"CCC333", "CCC333"}, .from_ms = 9500, .to_ms = 11700, .lane = 500});
	add(&s, (struct car){.text = {"KLM456", "WQ7"},
			     .sure = {0.97f, 0.9f},
			     .from_ms = 15000,
			     .to_ms = 17200,
			     .lane = 400});
	drive(&s, 24000);
	assert_int_equal(s.n_events, 4);
	expect(&s, 3, "KLM456");
	end(&s);
}

static void test_parked_car(void **state)
{
	struct street s;

	(void)state;
	for (int idle = 0; idle < 2; idle++) {
		begin(&s, false);
		s.idle_when_still = idle;
		s.period_ms = 100;
		add(&s, (struct car){.text = {"AB1C23", "AB1C23"},
				     .from_ms = 1500,
				     .to_ms = 63700,
				     .lane = 300,
				     .stop_ms = 2300,
				     .go_ms = 62300});
		/* Others drive past meanwhile, and hide it. */
		add(&s, (struct car){.text = {"XYZ987", "XYZ987"},
				     .from_ms = 30000,
				     .to_ms = 32000,
				     .lane = 100});
		add(&s, (struct car){.text = {"KLM456", "KLM456"},
				     .from_ms = 50000,
				     .to_ms = 52000,
				     .lane = 500});
		s.cars[0].gap_from_ms[0] = s.cars[0].gap_from_ms[1] = 30500;
		s.cars[0].gap_to_ms[0] = s.cars[0].gap_to_ms[1] = 31500;
		drive(&s, 70000);
		assert_int_equal(s.n_events, 3);
		assert_int_equal(count(&s, "AB1C23"), 1);
		assert_int_equal(count(&s, "XYZ987"), 1);
		end(&s);
	}
}

static void test_parked_at_the_start_and_drives_away(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	s.period_ms = 100;
	add(&s, (struct car){.text = {"AB1C23", "AB1C23"},
			     .from_ms = 1000,
			     .to_ms = 43000,
			     .lane = 300,
			     .stop_ms = 1000,
			     .go_ms = 41000});
	drive(&s, 50000);
	assert_int_equal(s.n_events, 1);
	expect(&s, 0, "AB1C23");
	assert_true(s.events[0].first_ms >= 41000); /* it passes when it moves */
	end(&s);
}

static void test_reentry_is_a_new_passage(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	add(&s, (struct car){
		    .text = {"AB1C23", "AB1C23"}, .from_ms = 1500, .to_ms = 3700, .lane = 300});
	add(&s, (struct car){
		    .text = {"AB1C23", "AB1C23"}, .from_ms = 13000, .to_ms = 15200, .lane = 300});
	drive(&s, 22000);
	assert_int_equal(s.n_events, 2);
	assert_int_equal(count(&s, "AB1C23"), 2);
	end(&s);
}

static void test_signs_and_stickers(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	add(&s,
	    (struct car){
		.text = {"STOP", NULL}, .from_ms = 0, .to_ms = 60000, .lane = 200, .still = true});
	add(&s, (struct car){
		    .text = {"AB1C23", "AB1C23"}, .from_ms = 5500, .to_ms = 7700, .lane = 400});
	add(&s, (struct car){.text = {"BABY", "BABY"},
			     .from_ms = 5500,
			     .to_ms = 7700,
			     .lane = 400,
			     .score = 0.6f,
			     .aside_x = 40,
			     .aside_y = 120});
	drive(&s, 30000);
	assert_int_equal(s.n_events, 1);
	expect(&s, 0, "AB1C23");
	assert_true(s.ended[PASSAGE_STICKER] >= 1);
	assert_int_equal(s.ended[PASSAGE_SIGN], 1);
	end(&s);
}

static void test_garbage_is_no_event(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	add(&s, (struct car){.text = {"QQ1", NULL},
			     .sure = {0.15f},
			     .from_ms = 1500,
			     .to_ms = 3700,
			     .lane = 300,
			     .score = 0.55f});
	add(&s, (struct car){.text = {"AB1C23", NULL},
			     .from_ms = 6500,
			     .to_ms = 6550,
			     .lane = 300}); /* one picture */
	drive(&s, 12000);
	assert_int_equal(s.n_events, 0);
	end(&s);
}

static void test_low_quality(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	add(&s, (struct car){.text = {"AB1C23", "AB1C23"},
			     .from_ms = 1500,
			     .to_ms = 3700,
			     .lane = 300,
			     .scale = 20});
	drive(&s, 8000);
	assert_int_equal(s.n_events, 1);
	assert_true(s.events[0].low);
	end(&s);
}

static void test_stills(void **state)
{
	struct street s;

	(void)state;
	begin(&s, true);
	add(&s, (struct car){
		    .text = {"AB1C23", "AB1C23"}, .from_ms = 1000, .to_ms = 1010, .lane = 300});
	add(&s, (struct car){
		    .text = {"AB1C23", "AB1C29"}, .from_ms = 2000, .to_ms = 2010, .lane = 300});
	add(&s,
	    (struct car){.text = {"XYZ987", NULL}, .from_ms = 3000, .to_ms = 3010, .lane = 300});
	for (int t = 1000; t < 5000; t += 1000)
		one_pair(&s, t, false);
	assert_int_equal(s.n_events, 3);
	expect(&s, 0, "AB1C23");
	expect(&s, 2, "XYZ987");
	end(&s);
}

static void test_flush_decides_what_is_open(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	add(&s,
	    (struct car){.text = {"AB1C23", NULL}, .from_ms = 1500, .to_ms = 3700, .lane = 300});
	for (int t = 1000; t < 2300; t += 50)
		one_pair(&s, t, false);
	assert_int_equal(s.n_events, 0);
	passages_flush(s.p);
	assert_int_equal(s.n_events, 1);
	assert_int_equal(passages_open(s.p), 0);
	end(&s);
}

/* A step back too small to end what is open: the passage is no shorter than nothing. */
static void test_a_clock_that_steps_back_a_little(void **state)
{
	struct street s;

	(void)state;
	begin(&s, false);
	add(&s, (struct car){
		    .text = {"AB1C23", "AB1C23"}, .from_ms = 1500, .to_ms = 1800, .lane = 300});
	for (int t = 1000; t < 1800; t += 50) {
		s.back_ms = t < 1600 ? 0 : 700;
		one_pair(&s, t, false);
	}
	passages_flush(s.p);
	assert_int_equal(s.n_events, 1);
	expect(&s, 0, "AB1C23");
	assert_true(s.events[0].first_ms <= s.events[0].last_ms);
	end(&s);
}

/* More at once than there is room for: something is lost, nothing is invented and nothing breaks.
 */
static void test_crowd(void **state)
{
	static struct sighting seen[SIGHTINGS_MAX];
	struct street s;

	(void)state;
	begin(&s, false);
	for (int t = 0; t < 100; t++) {
		for (unsigned i = 0; i < SIGHTINGS_MAX; i++) {
			const struct evidence *heap = &seen[i].seen;
			char text[8];

			memset(&seen[i], 0, sizeof seen[i]);
			(void)snprintf(text, sizeof text, "%c%c%u", 'A' + t % 26, 'A' + (int)i,
				       100 + i);
			seen[i] = (struct sighting){
			    .capture_ns = (1000 + t * 50) * MS,
			    .score = 0.9f,
			    .w = 60,
			    .h = 30,
			    .x = 640 + noise(&s) * 1200,
			    .y = 360 + noise(&s) * 700,
			    .was_read = true,
			    .quality = {.height_px = 30, .sharpness = 0.5f, .value = 0.5f}};
			lattice_text(&seen[i].seen.seen[0], text, 0.9f);
			seen[i].seen.n = 1;
			evidence_read(&heap, 1, &seen[i].read);
		}
		s.now_ms = 1000 + t * 50;
		passages_see(s.p, 0, s.now_ms * MS, seen, SIGHTINGS_MAX);
		s.n_events = 0;
		passages_decide(s.p, s.now_ms * MS, false);
	}
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_vehicle),
	    cmocka_unit_test(test_a_second_reader),
	    cmocka_unit_test(test_fast_vehicle_at_a_low_rate),
	    cmocka_unit_test(test_starved_of_pairs),
	    cmocka_unit_test(test_side_by_side),
	    cmocka_unit_test(test_similar_plates_side_by_side_and_in_a_row),
	    cmocka_unit_test(test_broken_tracks),
	    cmocka_unit_test(test_one_angle_blind),
	    cmocka_unit_test(test_degraded_box_decides_early),
	    cmocka_unit_test(test_one_angle_misreads),
	    cmocka_unit_test(test_surely_wrong_angle_by_place),
	    cmocka_unit_test(test_parked_car),
	    cmocka_unit_test(test_parked_at_the_start_and_drives_away),
	    cmocka_unit_test(test_reentry_is_a_new_passage),
	    cmocka_unit_test(test_signs_and_stickers),
	    cmocka_unit_test(test_garbage_is_no_event),
	    cmocka_unit_test(test_low_quality),
	    cmocka_unit_test(test_stills),
	    cmocka_unit_test(test_flush_decides_what_is_open),
	    cmocka_unit_test(test_a_clock_that_steps_back_a_little),
	    cmocka_unit_test(test_crowd),
	};

	return cmocka_run_group_tests_name("passage", tests, NULL, NULL);
}
