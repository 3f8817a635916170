/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The capture role: frames in, pairs out. Vision holds at most CREDITS pairs; while it holds them
 * the newest pair waits and older ones are dropped and counted, except with rate 0, where nothing
 * is taken from the cameras until there is a credit.
 */
#include "board/board.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/capture/conf.h"
#include "firmware/capture/health.h"
#include "firmware/capture/late_threads.h"
#include "firmware/capture/light.h"
#include "firmware/capture/pairing.h"
#include "firmware/role.h"
#include "hal/camera.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CREDITS	      2u
#define FRAMES_A_WAKE 16u /* then the other descriptors have their turn */
#define BAD_LOGGED    8u  /* bad pictures logged one by one */
#define CAMERA_RETRY  NS_PER_S

struct capture {
	struct role *role;
	struct loop *loop;
	struct capture_conf conf;
	const struct camera_ops *ops;
	struct camera *camera;
	struct pairing pairing;
	struct light light;
	bool lossless;
	bool shown[FRAME_CAMERAS]; /* vision has its buffers */
	struct health health;

	bool watching, vision;
	bool waiting; /* `pair` waits for a credit */
	struct wire_pair pair;
	struct wire_pair out[CREDITS]; /* held by vision; pair 0: free */
	uint64_t last_pair;	       /* number given last */
	bool source_ended, last_sent, ended;
	int retry;

	int64_t pairs, degraded_pairs, dropped, bad_pictures, camera_errors;
};

/* --- buffers -------------------------------------------------------------------------------------
 */

/* The buffers of a camera that the box has, to vision. */
static bool send_buffers(struct capture *c, unsigned camera, struct err *e)
{
	struct wire_buffers m = {.camera = camera};
	struct frame_buffers b;

	if (!c->ops->buffers(c->camera, camera, &b))
		return true;
	wire_start(&m.h, WIRE_BUFFERS, sizeof m);
	m.n = b.n;
	m.width = b.width;
	m.height = b.height;
	m.stride = b.stride;
	m.size = b.size;
	c->shown[camera] = role_send(c->role, WIRE_VISION, &m.h, b.fds, b.n, e);
	return c->shown[camera];
}

/* A camera that was found late shows its buffers, and is told its exposure, before its first frame.
 * False: the frame cannot be used yet. */
static bool known(struct capture *c, const struct frame *f)
{
	struct err e = {0};

	pairing_present(&c->pairing, f->camera);
	if (!light_found(&c->light, f->camera, clock_mono_ns(), &e))
		log_line(LOG_ERROR, "camera %u: %s", f->camera, e.text);
	if (!c->vision || c->shown[f->camera])
		return true;
	if (!send_buffers(c, f->camera, &e))
		log_line(LOG_DEBUG, "buffers: %s", e.text);
	return c->shown[f->camera];
}

static void give_back(struct capture *c, const struct wire_pair *p)
{
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		if (p->present[i])
			c->ops->requeue(c->camera, &p->frames[i]);
}

static struct wire_pair *free_credit(struct capture *c)
{
	for (unsigned i = 0; c->vision && i < CREDITS; i++)
		if (!c->out[i].pair)
			return &c->out[i];
	return NULL;
}

static void start_pair(struct capture *c, struct wire_pair *p)
{
	memset(p, 0, sizeof *p);
	wire_start(&p->h, WIRE_PAIR, sizeof *p);
	p->pair = ++c->last_pair;
}

/* Send p against a credit; false: it stays with the caller. */
static bool lend(struct capture *c, const struct wire_pair *p)
{
	struct wire_pair *slot = free_credit(c);
	struct err e = {0};

	if (!slot)
		return false;
	if (!role_send(c->role, WIRE_VISION, &p->h, NULL, 0, &e)) {
		c->vision = c->vision && e.code == ERR_AGAIN;
		log_line(LOG_DEBUG, "pair: %s", e.text);
		return false;
	}
	*slot = *p;
	return true;
}

static void offer(struct capture *c)
{
	if (c->waiting && lend(c, &c->pair))
		c->waiting = false;
	if (c->source_ended && !c->waiting && !c->last_sent) {
		struct wire_pair last;

		start_pair(c, &last);
		last.last = 1;
		c->last_sent = lend(c, &last);
	}
}

static void paired(struct capture *c, const struct pairing_result *r)
{
	if (c->waiting) {
		give_back(c, &c->pair);
		c->dropped++;
	}
	start_pair(c, &c->pair);
	memcpy(c->pair.present, r->present, sizeof c->pair.present);
	memcpy(c->pair.frames, r->frames, sizeof c->pair.frames);
	c->waiting = true;
	c->pairs++;
	c->degraded_pairs += !(r->present[0] && r->present[1]);
	offer(c);
}

static void apply(struct capture *c, const struct pairing_result *r)
{
	for (size_t i = 0; i < r->n_dropped; i++)
		c->ops->requeue(c->camera, &r->dropped[i]);
	if (r->pair)
		paired(c, r);
}

/* --- cameras -------------------------------------------------------------------------------------
 */

static void watch(struct capture *c);

static void retry(void *arg)
{
	struct capture *c = arg;

	c->retry = -1;
	watch(c);
}

static void unwatch(struct capture *c)
{
	if (c->watching)
		loop_forget(c->loop, c->ops->fd(c->camera));
	c->watching = false;
}

static void end_of_source(struct capture *c)
{
	struct pairing_result r;

	unwatch(c);
	pairing_flush(&c->pairing, &r);
	apply(c, &r);
	c->source_ended = true;
	log_line(LOG_NOTICE, "the cameras' source has ended");
	offer(c);
}

/* False: nothing more to take now. */
static bool take_failed(struct capture *c, const struct err *e)
{
	if (e->code == ERR_FORMAT) {
		if (++c->bad_pictures <= BAD_LOGGED)
			log_line(LOG_WARNING, "picture skipped: %s%s", e->text,
				 c->bad_pictures == BAD_LOGGED ? " (further ones are only counted)"
							       : "");
		return true;
	}
	if (e->code == ERR_NOT_FOUND) {
		end_of_source(c);
	} else if (e->code != ERR_AGAIN) {
		if (c->camera_errors++ == 0)
			log_line(LOG_ERROR, "camera: %s (tried again every second)", e->text);
		unwatch(c); /* it may stay readable: no spinning on a broken camera */
		c->retry = loop_timer(c->loop, CAMERA_RETRY, 0, retry, c);
	}
	return false;
}

static bool may_take(const struct capture *c)
{
	return !c->source_ended && c->retry < 0 && !(c->lossless && c->waiting);
}

static void on_camera(void *arg, int fd, uint32_t events)
{
	struct capture *c = arg;

	(void)fd;
	(void)events;
	for (unsigned i = 0; i < FRAMES_A_WAKE && may_take(c); i++) {
		struct pairing_result r;
		struct err e = {0};
		struct frame f;

		if (c->ops->dequeue(c->camera, &f, &e)) {
			if (!known(c, &f)) {
				c->ops->requeue(c->camera, &f);
				continue;
			}
			light_frame(&c->light, &f, clock_mono_ns());
			pairing_add(&c->pairing, &f, &r);
			apply(c, &r);
		} else if (!take_failed(c, &e)) {
			break;
		}
	}
	if (!may_take(c))
		unwatch(c);
}

static void watch(struct capture *c)
{
	struct err e = {0};

	if (c->watching || !may_take(c))
		return;
	c->watching = loop_watch(c->loop, c->ops->fd(c->camera), EPOLLIN, on_camera, c, &e);
	if (!c->watching)
		log_line(LOG_ERROR, "%s", e.text);
}

/* --- the ritual ----------------------------------------------------------------------------------
 */

static bool open_light(struct capture *c, struct err *e)
{
	struct board_exposure limits = board.exposure;
	struct light_setup setup = {.limits = &limits,
				    .lamp = c->conf.lamp,
				    .lines = {.strobe = board.lamp_strobe,
					      .fault = board.lamp_fault,
					      .folder = c->conf.lamp_folder}};

	if (strcmp(c->conf.lamp, "board") == 0)
		setup.lamp = board.lamp_strobe.chip ? "gpio" : NULL;
	else if (strcmp(c->conf.lamp, "none") == 0)
		setup.lamp = NULL;
	if (c->conf.camera.rate > 0 && 1e6 / c->conf.camera.rate > limits.frame_us)
		limits.frame_us = (uint32_t)(1e6 / c->conf.camera.rate);
	if (c->conf.max_exposure)
		limits.max_us = (uint32_t)c->conf.max_exposure;
	if (c->conf.max_gain > 0)
		limits.max_gain = (float)c->conf.max_gain;
	if (c->conf.night_gain > 0)
		limits.night_gain = (float)c->conf.night_gain;
	return light_open(&c->light, &setup, e);
}

/* What the configuration leaves to the board. */
static void of_board(struct camera_conf *conf, int64_t skew_ms)
{
	const char *const *ids = board.camera_ids;

	conf->skew_ns = skew_ms ? skew_ms * NS_PER_MS : board.pair_skew_ns;
	if (!conf->driver[0])
		(void)snprintf(conf->driver, sizeof conf->driver, "%s", board.default_camera);
	if (!conf->id0[0] && ids[0])
		(void)snprintf(conf->id0, sizeof conf->id0, "%s", ids[0]);
	if (!conf->id1[0] && ids[1])
		(void)snprintf(conf->id1, sizeof conf->id1, "%s", ids[1]);
}

static bool capture_open(void *state, const struct role_env *env, struct sandbox *box,
			 struct err *e)
{
	struct capture *c = state;
	struct camera_conf *conf = &c->conf.camera;

	c->role = env->role;
	c->loop = env->loop;
	c->retry = -1;
	if (!capture_conf_load(env->conf_text, env->conf_len, env->conf_folder, &c->conf, e))
		return false;
	of_board(conf, c->conf.pair_skew_ms);
	c->ops = camera_find(conf->driver);
	if (!c->ops)
		return err_set(e, ERR_CONFIG, "[camera] driver: %s is none of those built in (%s)",
			       conf->driver, camera_names());
	c->lossless = conf->rate <= 0;
	capture_sandbox(&c->conf, box);
	/* The lamp first: what libcamera does not need is closed before it opens. */
	if (!open_light(c, e))
		return false;
	if (c->ops->threads && !sandbox_close_files(box, e))
		return err_prefix(e, "sandbox");
	return c->ops->open(conf, &c->camera, e);
}

static bool capture_begin(void *state, struct err *e)
{
	struct capture *c = state;
	struct frame_buffers b;
	bool present[FRAME_CAMERAS];

	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		present[i] = c->ops->buffers(c->camera, i, &b);
	pairing_init(&c->pairing, c->conf.camera.skew_ns, present);
	if (!light_begin(&c->light, c->ops, c->camera, e) || !c->ops->start(c->camera, e))
		return false;
	/* With rate 0 the first pair is taken at once and waits for vision. */
	watch(c);
	return true;
}

static void capture_connected(void *state, enum wire_role peer)
{
	struct capture *c = state;
	struct err e = {0};

	if (peer != WIRE_VISION)
		return;
	for (unsigned i = 0; i < CREDITS; i++) {
		if (c->out[i].pair)
			give_back(c, &c->out[i]);
		c->out[i].pair = 0;
	}
	c->last_sent = false;
	c->vision = true;
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		c->shown[i] = false;
		c->vision = c->vision && send_buffers(c, i, &e);
	}
	if (!c->vision)
		log_line(LOG_ERROR, "buffers: %s", e.text);
	offer(c);
	watch(c);
}

static bool pair_done(struct capture *c, uint64_t pair, struct err *e)
{
	for (unsigned i = 0; i < CREDITS; i++) {
		struct wire_pair *p = &c->out[i];

		if (!pair || p->pair != pair)
			continue;
		give_back(c, p);
		c->ended = c->ended || p->last;
		p->pair = 0;
		offer(c);
		watch(c);
		return true;
	}
	return err_set(e, ERR_PEER, "credit for a pair that is not out");
}

static bool capture_message(void *state, enum wire_role peer, const struct wire_header *m, int *fds,
			    size_t n_fds, struct err *e)
{
	(void)fds; /* none of the messages to capture brings one (firmware/wire.c) */
	(void)n_fds;
	if (peer == WIRE_VISION && m->type == WIRE_PAIR_DONE)
		return pair_done(state, ((const struct wire_pair_done *)(const void *)m)->pair, e);
	return err_set(e, ERR_PEER, "message of type %u is not expected here", m->type);
}

static void capture_stop(void *state)
{
	struct capture *c = state;

	unwatch(c);
	c->ops->stop(c->camera);
	role_exit(c->role);
}

static void capture_status(void *state, struct wire_status *s)
{
	struct capture *c = state;
	const char *word = "ok", *why = "", *light = light_trouble(&c->light);
	char ill[sizeof s->detail / 2];

	if (health_tell(&c->health, c->ops, c->camera, ill, sizeof ill, s)) {
		word = "degraded";
		why = ill;
	} else if (c->ended) {
		word = "ended";
		why = "the cameras' source has ended and everything was taken from it";
	} else if (c->retry >= 0) {
		word = "degraded";
		why = "a camera fails";
	} else if (pairing_degraded(&c->pairing)) {
		word = "degraded";
		why = "one angle only";
	}
	if (light && !c->ended)
		word = "degraded";
	(void)snprintf(s->state, sizeof s->state, "%s", word);
	(void)snprintf(s->detail, sizeof s->detail, "%s%s%s", why, light && why[0] ? "; " : "",
		       light ? light : "");
	role_count(s, "pairs", c->pairs);
	role_count(s, "pairs_degraded", c->degraded_pairs);
	role_count(s, "dropped_no_credit", c->dropped);
	role_count(s, "unpaired", (int64_t)c->pairing.unpaired);
	role_count(s, "bad_pictures", c->bad_pictures);
	role_count(s, "camera_errors", c->camera_errors);
	role_count(s, "ended", c->ended);
	light_count(&c->light, s);
}

static void capture_close(void *state)
{
	struct capture *c = state;

	light_close(&c->light);
	if (c->camera)
		c->ops->close(c->camera);
}

static const struct role_ops ops = {
    .role = WIRE_CAPTURE,
    .state_size = sizeof(struct capture),
    .open = capture_open,
    .begin = capture_begin,
    .connected = capture_connected,
    .message = capture_message,
    .stop = capture_stop,
    .status = capture_status,
    .close = capture_close,
};

int main(int argc, char **argv)
{
#ifdef CONFIG_CAMERA_LIBCAMERA
	late_threads_allow();
	_exit(role_main(argc, argv, &ops));
#else
	return role_main(argc, argv, &ops);
#endif
}
