/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sim/truth.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
	char *s;
	size_t n;
};

static void say(struct text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void say(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(t->s + t->n, TRUTH_LINE - t->n, fmt, args);
	va_end(args);
	if (n > 0)
		t->n += (size_t)n < TRUTH_LINE - t->n ? (size_t)n : TRUTH_LINE - t->n - 1;
}

static int find(const char *word, const char *const *words, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	return -1;
}

bool truth_words(const char *light, const char *weather, const char *hard, struct street_setup *out,
		 struct err *e)
{
	static const char *const lights[] = {"day", "dusk", "night", "mixed"};
	static const char *const weathers[] = {"clear", "rain", "mixed"};
	static const char *const hards[] = {"none", "some", "all"};
	int l = find(light, lights, 4), w = find(weather, weathers, 3), h = find(hard, hards, 3);

	if (l < 0)
		return err_set(e, ERR_CONFIG, "sim: light is none of day, dusk, night, mixed");
	if (w < 0)
		return err_set(e, ERR_CONFIG, "sim: weather is none of clear, rain, mixed");
	if (h < 0)
		return err_set(e, ERR_CONFIG, "sim: hard is none of none, some, all");
	out->light = (enum sim_light)l;
	out->weather = (enum sim_weather)w;
	out->hard = (enum sim_hard)h;
	return true;
}

static void say_quad(struct text *t, const float *q)
{
	for (int i = 0; i < 8; i++)
		say(t, "%s%.1f", i ? "," : "[", (double)q[i]);
	say(t, "]");
}

static void say_jurisdiction(struct text *t, const char *j)
{
	if (j[0])
		say(t, "\"%s\"", j);
	else
		say(t, "null");
}

static void say_sight(struct text *t, const struct street_sight *v, int64_t start_ns)
{
	if (v->frames == 0) {
		say(t, "null");
		return;
	}
	say(t, "{\"first_ns\":%" PRId64 ",\"last_ns\":%" PRId64 ",\"frames\":%u",
	    start_ns + v->first_ns, start_ns + v->last_ns, v->frames);
	say(t, ",\"widest_px\":%.1f,\"widest_ns\":%" PRId64 ",\"quad\":", (double)v->widest,
	    start_ns + v->widest_ns);
	say_quad(t, v->quad);
	say(t, "}");
}

static const char *boolean(bool b)
{
	return b ? "true" : "false";
}

size_t truth_passage(const struct street_passage *p, int64_t start_ns, char line[TRUTH_LINE])
{
	struct text t = {line, 0};

	say(&t, "{\"vehicle\":%" PRId64 ",\"plate\":\"%s\",\"jurisdiction\":", p->vehicle, p->text);
	say_jurisdiction(&t, p->jurisdiction);
	say(&t,
	    ",\"wanted\":%s,\"kind\":\"%s\",\"body\":\"%s\",\"light\":\"%s\",\"weather\":\"%s\"",
	    boolean(p->wanted), p->kind, p->body, p->light, p->weather);
	say(&t, ",\"dirt\":%s,\"tow_bar\":%s,\"shade\":%s,\"stickers\":%s", boolean(p->dirt),
	    boolean(p->tow_bar), boolean(p->shade), boolean(p->stickers));
	say(&t, ",\"enter_ns\":%" PRId64 ",\"leave_ns\":%" PRId64 ",\"cameras\":[",
	    (start_ns + p->enter_ns), (start_ns + p->leave_ns));
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		say(&t, "%s", i ? "," : "");
		say_sight(&t, &p->sight[i], start_ns);
	}
	say(&t, "]}\n");
	return t.n;
}

size_t truth_frame(const char *file, unsigned camera, int64_t capture_ns,
		   const struct street_plate *plates, size_t n, char line[TRUTH_LINE])
{
	struct text t = {line, 0};

	say(&t, "{\"file\":\"%s\",\"camera\":%u,\"capture_ns\":%" PRId64 ",\"plates\":[", file,
	    camera, capture_ns);
	for (size_t i = 0; i < n; i++) {
		say(&t,
		    "%s{\"vehicle\":%" PRId64 ",\"text\":\"%s\",\"jurisdiction\":", i ? "," : "",
		    plates[i].vehicle, plates[i].text);
		say_jurisdiction(&t, plates[i].jurisdiction);
		say(&t,
		    ",\"px\":%.3f,\"inside\":%s,\"occluded\":%s,\"quad\":", (double)plates[i].px,
		    boolean(plates[i].inside), boolean(plates[i].occluded));
		say_quad(&t, plates[i].quad);
		say(&t, "}");
	}
	say(&t, "]}\n");
	return t.n;
}
