/* SPDX-License-Identifier: Apache-2.0 */
/*
 * camera_probe KEY=VALUE… STEP…: opens the libcamera driver as the capture role does, pairs its
 * frames, reads the counter in every picture, and holds each pair for a while as vision would.
 * After each step it prints a line of JSON that says what came.
 *
 * Keys: width, height, rate, skew_ms, pictures (how many each camera shows), truth (file), id0,
 * id1, folder0, folder1 (of its pictures). Steps: pairs=N until N more whole pairs; seconds=S;
 * ill=C until camera C is not well, restarted=C until it was started again, cured=C until it is
 * well and pairs are whole (each at most 60 s); hang=C, heal=C, hold=C (hangs until taken anew),
 * slow=C (its stop takes seconds), stop=C; away=C, back=C (its pictures); control=C (print what the
 * driver says to an exposure).
 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/capture/pairing.h"
#include "hal/camera.h"
#include "tests/camera/faults.h"
#include "tests/camera/marks.h"

#include <poll.h>
#include <string.h>
#include <sys/mman.h>

#define HELD	   2u /* pairs, as vision's credits */
#define EACH_SHOWN 4u /* frames that libcamera's virtual camera shows one picture for */
#define PATIENCE   (60 * NS_PER_S)

struct seen { /* one camera */
	const uint8_t *map[FRAME_BUFFERS];
	struct frame_buffers buffers;
	struct mark marks[FRAME_BUFFERS]; /* as they were when the frame came */
	/* The run of frames without a gap that is going on. */
	bool running;
	uint32_t runs;	 /* so far */
	uint32_t last;	 /* sequence */
	uint32_t n;	 /* frames before this one */
	unsigned first;	 /* counter of the first of them */
	unsigned phases; /* bit p: that may have been shown p times before */
	struct place {
		bool known;
		uint32_t run;
		unsigned at; /* frames from the first picture's first, round and round */
	} places[FRAME_BUFFERS];
	int64_t frames, last_ns, gap_ns;
};

struct probe {
	const struct camera_ops *ops;
	struct camera *camera;
	struct camera_conf conf;
	unsigned pictures;
	struct pairing pairing;
	struct pairing_result held[HELD];
	char folder[FRAME_CAMERAS][256];
	struct seen seen[FRAME_CAMERAS];
	uint32_t restarts[FRAME_CAMERAS]; /* as the last step left them */
	int64_t pairs, single, skew_ns;
	int64_t unreadable;  /* no counter, or another camera's, or two in one frame */
	int64_t out_of_turn; /* not the picture that this frame has */
	int64_t changed;     /* overwritten while it was lent */
	int64_t mismatched;  /* pairs of two instants */
	int64_t compared;    /* pairs whose pictures could be held against those before */
	uint32_t run[FRAME_CAMERAS];
	unsigned apart;
};

static struct camera_state state_of(const struct probe *p, unsigned camera)
{
	struct camera_state s;

	p->ops->state(p->camera, camera, &s);
	return s;
}

static bool map(struct probe *p, unsigned camera)
{
	struct seen *s = &p->seen[camera];

	if (s->buffers.n)
		return true;
	if (!p->ops->buffers(p->camera, camera, &s->buffers))
		return false;
	for (uint32_t i = 0; i < s->buffers.n; i++) {
		s->map[i] =
		    mmap(NULL, s->buffers.size, PROT_READ, MAP_SHARED, s->buffers.fds[i], 0);
		if (s->map[i] == MAP_FAILED)
			return false;
	}
	return true;
}

static bool marks_of(const struct probe *p, const struct frame *f, struct mark *out)
{
	const struct frame_buffers *b = &p->seen[f->camera].buffers;

	return marks_read(p->seen[f->camera].map[f->buffer], b->width, b->height, b->stride, out);
}

/*
 * Each picture is shown for four frames; where in the four a run of frames starts is not known, and
 * comes out by elimination. After a gap nobody can say how many frames the camera was asked for: a
 * new run.
 */
static bool in_turn(const struct probe *p, struct seen *s, const struct frame *f, unsigned counter)
{
	struct camera_state now = state_of(p, f->camera);
	struct place *place = &s->places[f->buffer];

	if (!s->running || f->sequence != s->last + 1) {
		s->running = true;
		s->runs++;
		s->n = 0;
		s->first = counter;
		s->phases = (1u << EACH_SHOWN) - 1;
	} else {
		s->n++;
	}
	s->last = f->sequence;
	for (unsigned phase = 0; phase < EACH_SHOWN; phase++)
		if ((s->first + (s->n + phase) / EACH_SHOWN) % p->pictures != counter)
			s->phases &= ~(1u << phase);
	s->running = s->phases != 0;
	place->known = s->phases && !(s->phases & (s->phases - 1));
	place->run = s->runs;
	place->at = s->first * EACH_SHOWN + s->n;
	for (unsigned phase = s->phases; place->known && phase > 1; phase >>= 1)
		place->at++;
	place->at %= EACH_SHOWN * p->pictures;
	/* As long as it was asked for every frame, a frame's number says its place. */
	if (place->known && now.missed == 0 && now.restarts == 0 &&
	    place->at != (f->sequence - 1) % (EACH_SHOWN * p->pictures))
		return false;
	return s->running;
}

static void look(struct probe *p, const struct frame *f)
{
	struct seen *s = &p->seen[f->camera];
	struct mark *m = &s->marks[f->buffer];

	if (!map(p, f->camera) || !marks_of(p, f, m) || m->camera != f->camera)
		p->unreadable++;
	else if (!in_turn(p, s, f, m->counter))
		p->out_of_turn++;
	if (s->last_ns && f->capture_ns - s->last_ns > s->gap_ns)
		s->gap_ns = f->capture_ns - s->last_ns;
	s->last_ns = f->capture_ns;
	s->frames++;
}

static void give_back(struct probe *p, const struct frame *f)
{
	struct mark m;

	if (!marks_of(p, f, &m) || m.counter != p->seen[f->camera].marks[f->buffer].counter)
		p->changed++;
	p->ops->requeue(p->camera, f);
}

static void hold(struct probe *p, const struct pairing_result *r)
{
	const struct pairing_result *oldest = &p->held[0];

	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		if (oldest->pair && oldest->present[i])
			give_back(p, &oldest->frames[i]);
	memmove(&p->held[0], &p->held[1], (HELD - 1) * sizeof p->held[0]);
	p->held[HELD - 1] = *r;
}

/* What the pictures of a pair show: the same, until a camera loses a frame; then as far apart as
 * those of the pair before. False: they are of two instants. */
static bool together(struct probe *p, const struct pairing_result *r)
{
	const struct place *a = &p->seen[0].places[r->frames[0].buffer];
	const struct place *b = &p->seen[1].places[r->frames[1].buffer];
	unsigned round = EACH_SHOWN * p->pictures, apart = (a->at + round - b->at) % round;

	if (!a->known || !b->known)
		return true;
	if (p->run[0] != a->run || p->run[1] != b->run)
		p->apart = apart;
	p->compared++;
	p->run[0] = a->run;
	p->run[1] = b->run;
	return apart == p->apart;
}

static void paired(struct probe *p, const struct pairing_result *r)
{
	const struct frame *f = r->frames;
	int64_t apart = f[0].capture_ns - f[1].capture_ns;

	if (r->present[0] && r->present[1]) {
		apart = apart < 0 ? -apart : apart;
		p->skew_ns = apart > p->skew_ns ? apart : p->skew_ns;
		p->mismatched += f[0].sequence != f[1].sequence || !together(p, r);
		p->pairs++;
	} else {
		p->single++;
	}
	hold(p, r);
}

/* Take what comes within a moment. False: the driver failed. */
static bool take(struct probe *p, struct err *e)
{
	struct pollfd w = {.fd = p->ops->fd(p->camera), .events = POLLIN};
	struct pairing_result r;
	struct frame f;

	(void)poll(&w, 1, 20);
	while (p->ops->dequeue(p->camera, &f, e)) {
		look(p, &f);
		pairing_add(&p->pairing, &f, &r);
		for (size_t i = 0; i < r.n_dropped; i++)
			give_back(p, &r.dropped[i]);
		if (r.pair)
			paired(p, &r);
	}
	return e->code == ERR_AGAIN;
}

/* --- steps ---------------------------------------------------------------------------------------
 */

static void report(const struct probe *p, const char *step, int64_t since, bool reached)
{
	(void)printf(
	    "{\"step\":\"%s\",\"reached\":%s,\"seconds\":%.3f,\"pairs\":%lld,\"single\":%lld,"
	    "\"unpaired\":%llu,\"unreadable\":%lld,\"out_of_turn\":%lld,\"changed\":%lld,"
	    "\"mismatched\":%lld,\"compared\":%lld,\"skew_ms\":%.3f,\"degraded\":%s,"
	    "\"cameras\":[",
	    step, reached ? "true" : "false", (double)(clock_mono_ns() - since) / 1e9,
	    (long long)p->pairs, (long long)p->single, (unsigned long long)p->pairing.unpaired,
	    (long long)p->unreadable, (long long)p->out_of_turn, (long long)p->changed,
	    (long long)p->mismatched, (long long)p->compared, (double)p->skew_ns / 1e6,
	    pairing_degraded(&p->pairing) ? "true" : "false");
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		struct camera_state s = state_of(p, i);

		(void)printf(
		    "%s{\"here\":%d,\"well\":%d,\"frames\":%lld,\"restarts\":%u,"
		    "\"failed\":%u,\"missed\":%u,\"late\":%u,\"gap_ms\":%.1f,\"what\":\"%s\"}",
		    i ? "," : "", s.here, s.well, (long long)p->seen[i].frames, s.restarts,
		    s.failed, s.missed, s.late, (double)p->seen[i].gap_ns / 1e6, s.what);
	}
	(void)printf("]}\n");
	(void)fflush(stdout);
}

enum until { PAIRS, SECONDS, ILL, CURED, RESTARTED };

static bool reached(const struct probe *p, enum until what, int64_t n, int64_t since, int64_t pairs)
{
	switch (what) {
	case PAIRS:
		return p->pairs - pairs >= n;
	case SECONDS:
		return clock_mono_ns() - since >= n * NS_PER_S;
	case ILL:
		return !state_of(p, (unsigned)n).well && pairing_degraded(&p->pairing);
	case RESTARTED:
		return state_of(p, (unsigned)n).restarts > p->restarts[n];
	case CURED:
		return state_of(p, (unsigned)n).well && !pairing_degraded(&p->pairing);
	}
	return false;
}

static bool run(struct probe *p, const char *step, enum until what, int64_t n)
{
	int64_t since = clock_mono_ns(), pairs = p->pairs, patience = PATIENCE;
	struct err e = {0};
	bool done = false;

	if (what == PAIRS)
		patience += n * NS_PER_S / 4;
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		p->seen[i].gap_ns = 0;
	while (!(done = reached(p, what, n, since, pairs)) &&
	       (what == SECONDS || clock_mono_ns() - since < patience))
		if (!take(p, &e)) {
			(void)fprintf(stderr, "camera_probe: %s\n", e.text);
			return false;
		}
	report(p, step, since, done);
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		p->restarts[i] = state_of(p, i).restarts;
	return done;
}

static bool move(const struct probe *p, unsigned camera, bool away)
{
	char aside[300];

	(void)snprintf(aside, sizeof aside, "%s.away", p->folder[camera]);
	return rename(away ? p->folder[camera] : aside, away ? aside : p->folder[camera]) == 0;
}

static bool control(const struct probe *p, unsigned camera)
{
	const struct camera_control want = {.exposure_us = 500, .gain = 4.0f, .frame_us = 33333};
	struct err e = {0};
	bool done = p->ops->control(p->camera, camera, &want, &e);

	(void)printf("{\"control\":%s,\"code\":%d,\"why\":\"%s\"}\n", done ? "true" : "false",
		     e.code, e.text);
	return true;
}

static bool step(struct probe *p, const char *text, const char *key, const char *value)
{
	int64_t n = atoll(value);
	unsigned camera = n == 1;

	if (strcmp(key, "pairs") == 0)
		return run(p, text, PAIRS, n);
	if (strcmp(key, "seconds") == 0)
		return run(p, text, SECONDS, n);
	if (strcmp(key, "ill") == 0)
		return run(p, text, ILL, n);
	if (strcmp(key, "restarted") == 0)
		return run(p, text, RESTARTED, n);
	if (strcmp(key, "cured") == 0)
		return run(p, text, CURED, n);
	if (strcmp(key, "away") == 0 || strcmp(key, "back") == 0)
		return move(p, camera, key[0] == 'a');
	if (strcmp(key, "control") == 0)
		return control(p, camera);
	if (strcmp(key, "stop") == 0)
		return faults_stop(camera) == 0;
	if (strcmp(key, "hang") == 0 || strcmp(key, "heal") == 0)
		faults_hang(camera, key[1] == 'a');
	else if (strcmp(key, "slow") == 0)
		faults_slow_stop(camera);
	else if (strcmp(key, "hold") == 0)
		faults_hang_until_taken(camera);
	else
		return false;
	return true;
}

/* --- main ----------------------------------------------------------------------------------------
 */

static bool setting(struct probe *p, const char *key, const char *value)
{
	struct camera_conf *c = &p->conf;

	if (strcmp(key, "width") == 0)
		c->width = atoll(value);
	else if (strcmp(key, "height") == 0)
		c->height = atoll(value);
	else if (strcmp(key, "rate") == 0)
		c->rate = atof(value);
	else if (strcmp(key, "skew_ms") == 0)
		c->skew_ns = atoll(value) * NS_PER_MS;
	else if (strcmp(key, "pictures") == 0)
		p->pictures = (unsigned)atoi(value);
	else if (strcmp(key, "truth") == 0)
		(void)snprintf(c->truth, sizeof c->truth, "%s", value);
	else if (strcmp(key, "id0") == 0)
		(void)snprintf(c->id0, sizeof c->id0, "%s", value);
	else if (strcmp(key, "id1") == 0)
		(void)snprintf(c->id1, sizeof c->id1, "%s", value);
	else if (strcmp(key, "folder0") == 0 || strcmp(key, "folder1") == 0)
		(void)snprintf(p->folder[key[6] - '0'], sizeof p->folder[0], "%s", value);
	else
		return false;
	return true;
}

static bool begin(struct probe *p, struct err *e)
{
	bool present[FRAME_CAMERAS];

	if (!p->ops->open(&p->conf, &p->camera, e))
		return false;
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		present[i] = map(p, i);
		faults_pictures(i, p->folder[i]);
	}
	pairing_init(&p->pairing, p->conf.skew_ns, present);
	return p->ops->start(p->camera, e);
}

int main(int argc, char **argv)
{
	struct probe p = {.ops = camera_find("libcamera"), .pictures = 1};
	struct err e = {0};
	bool done = true, begun = false;

	if (!p.ops)
		return 2;
	for (int i = 1; i < argc && done; i++) {
		char *value = strchr(argv[i], '='), key[32];

		(void)snprintf(key, sizeof key, "%.*s", value ? (int)(value - argv[i]) : 0,
			       argv[i]);
		if (!value)
			return 2;
		if (setting(&p, key, value + 1))
			continue;
		if (!begun && !begin(&p, &e)) {
			(void)fprintf(stderr, "camera_probe: %s\n", e.text);
			return 1;
		}
		begun = true;
		done = step(&p, argv[i], key, value + 1);
	}
	if (p.camera) {
		p.ops->stop(p.camera);
		p.ops->close(p.camera);
	}
	return done ? 0 : 1;
}
