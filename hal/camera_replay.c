/* SPDX-License-Identifier: Apache-2.0 */
/* Replay: picture files as cameras. Both angles of a pair carry the same capture time. */
#include "hal/camera.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hal/control_log.h"
#include "hal/frame_memory.h"
#include "hal/image_file.h"
#include "hal/letterbox.h"
#include "hal/replay_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>

struct camera {
	struct replay_list list;
	struct frame_memory memory[FRAME_CAMERAS];
	unsigned cameras;
	int64_t period_ns; /* 0: as fast as frames are taken */
	bool loop;

	int timer;
	bool running;
	size_t at;	  /* pair under way */
	unsigned next;	  /* camera of that pair whose turn it is */
	int64_t due_ns;	  /* monotonic: when that pair is exposed */
	int64_t stamp_ns; /* its capture time where the list has none */
	bool any;	  /* a picture of this round could be read */
	int64_t shift_ns; /* added to the times of the list: they grow on from loop to loop */
	uint32_t sequence[FRAME_CAMERAS];
	float *scratch;
	FILE *truth;  /* NULL: none is wanted */
	int controls; /* log of controls; -1: none */
};

static void replay_close(struct camera *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		frame_memory_free(&c->memory[i]);
	replay_list_free(&c->list);
	if (c->timer >= 0)
		(void)close(c->timer);
	if (c->truth)
		(void)fclose(c->truth);
	cleanup_close(&c->controls);
	free(c->scratch);
	free(c);
}

static void auto_close(struct camera **c)
{
	replay_close(*c);
}

static bool replay_open(const struct camera_conf *conf, struct camera **out, struct err *e)
{
	CLEANUP(auto_close) struct camera *c = calloc(1, sizeof *c);

	if (!c)
		return err_set(e, ERR_NO_MEMORY, "replay: no memory");
	c->list.folder = c->timer = c->controls = -1;
	c->cameras = conf->single ? 1 : FRAME_CAMERAS;
	c->period_ns = conf->rate > 0 ? (int64_t)((double)NS_PER_S / conf->rate) : 0;
	c->loop = conf->loop;
	if (!conf->source[0])
		return err_set(e, ERR_CONFIG,
			       "replay: [camera] source names no folder or list file");
	for (unsigned i = 0; i < c->cameras; i++)
		if (!frame_memory_new(&c->memory[i], (uint32_t)conf->width, (uint32_t)conf->height,
				      FRAME_BUFFERS, e))
			return err_prefix(e, "replay");
	c->scratch = malloc((size_t)conf->width * 2 * sizeof *c->scratch);
	if (!c->scratch)
		return err_set(e, ERR_NO_MEMORY, "replay: no memory");
	if (!replay_list_open(conf->source, conf->single, &c->list, e))
		return err_prefix(e, "replay");
	if (conf->truth[0]) {
		c->truth = fopen(conf->truth, "ae");
		if (!c->truth)
			return err_errno(e, errno, "replay: %s", conf->truth);
	}
	if (!control_log_open(conf->controls, &c->controls, e))
		return err_prefix(e, "replay");
	c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->timer < 0)
		return err_errno(e, errno, "replay: timer");
	*out = steal_ptr(&c);
	return true;
}

static bool replay_buffers(const struct camera *c, unsigned camera, struct frame_buffers *out)
{
	if (camera >= c->cameras)
		return false;
	*out = c->memory[camera].buffers;
	return true;
}

static bool replay_start(struct camera *c, struct err *e)
{
	(void)e;
	c->running = true;
	c->due_ns = clock_mono_ns();
	clock_arm(c->timer, c->due_ns);
	return true;
}

static int replay_fd(const struct camera *c)
{
	return c->timer;
}

/* Times go on from the end of the list by the distance of its last two pairs. */
static void shift_times(struct camera *c)
{
	size_t n = c->list.n;
	const struct replay_pair *p = c->list.pairs;
	int64_t gap = n > 1 ? p[n - 1].capture_ns[0] - p[n - 2].capture_ns[0] : NS_PER_S;

	c->shift_ns += p[n - 1].capture_ns[0] - p[0].capture_ns[0] + gap;
}

static void next_picture(struct camera *c)
{
	if (++c->next < c->cameras)
		return;
	c->next = 0;
	c->at++;
	c->due_ns += c->period_ns;
	/* A round without one good picture would only spin. */
	if (c->at == c->list.n && c->loop && c->any) {
		c->at = 0;
		c->any = false;
		shift_times(c);
	}
	clock_arm(c->timer, c->period_ns ? c->due_ns : 1);
}

/* Of the frame whose turn it is; a pair without a time is exposed when its first frame is taken. */
static int64_t capture_time(const struct camera *c)
{
	int64_t listed = c->list.pairs[c->at].capture_ns[c->next];

	return listed ? listed + c->shift_ns : c->stamp_ns;
}

static bool show(struct camera *c, const char *name, int buffer, struct err *e)
{
	CLEANUP(image_file_free) struct image_file picture = {0};
	const struct frame_buffers *b = &c->memory[c->next].buffers;
	struct image view;

	if (!image_file_read(c->list.folder, name, &picture, e)) {
		/* Whatever is wrong with it: this picture is skipped and the run goes on. */
		if (e)
			e->code = ERR_FORMAT;
		return err_prefix(e, "replay");
	}
	view = image_file_view(&picture);
	letterbox(&view, c->memory[c->next].data[buffer], b->width, b->height, b->stride,
		  c->scratch);
	return true;
}

/* A line that says which file was shown when. */
static void tell_truth(struct camera *c, const struct frame *f, const char *name)
{
	if (!c->truth)
		return;
	(void)fprintf(c->truth, "{\"camera\":%u,\"capture_ns\":%lld,\"file\":\"", f->camera,
		      (long long)f->capture_ns);
	for (const char *p = name; *p; p++) {
		if (*p == '"' || *p == '\\')
			(void)fputc('\\', c->truth);
		if ((unsigned char)*p < 0x20)
			(void)fprintf(c->truth, "\\u%04x", (unsigned)*p);
		else
			(void)fputc(*p, c->truth);
	}
	(void)fputs("\"}\n", c->truth);
	(void)fflush(c->truth);
}

static bool lend(struct camera *c, struct frame *out, struct err *e)
{
	const char *name = replay_list_name(&c->list, c->at, c->next);
	struct frame_memory *m = &c->memory[c->next];
	int buffer = frame_memory_take(m);

	if (buffer < 0) {
		clock_arm(c->timer, 0); /* requeue wakes us */
		return err_set(e, ERR_AGAIN, "replay: no free buffer");
	}
	if (!show(c, name, buffer, e)) {
		frame_memory_give(m, (unsigned)buffer);
		c->sequence[c->next]++;
		next_picture(c);
		return false;
	}
	c->any = true;
	*out = (struct frame){
	    .camera = (uint8_t)c->next,
	    .buffer = (uint8_t)buffer,
	    .sequence = c->sequence[c->next]++,
	    .capture_ns = capture_time(c),
	};
	tell_truth(c, out, name);
	next_picture(c);
	return true;
}

static bool replay_dequeue(struct camera *c, struct frame *out, struct err *e)
{
	while (c->running && c->at < c->list.n) {
		int64_t now = clock_mono_ns();

		if (c->period_ns && c->next == 0 && now < c->due_ns) {
			clock_arm(c->timer, c->due_ns);
			return err_set(e, ERR_AGAIN, "replay: not yet");
		}
		if (c->next == 0) {
			c->stamp_ns = clock_utc_ns();
			/* After a stall go on at the set rate; no burst to catch up. */
			if (now - c->due_ns > c->period_ns)
				c->due_ns = now;
		}
		if (replay_list_name(&c->list, c->at, c->next))
			return lend(c, out, e);
		next_picture(c);
	}
	return err_set(e, c->running ? ERR_NOT_FOUND : ERR_AGAIN, "replay: the source has ended");
}

static bool replay_control(struct camera *c, unsigned camera, const struct camera_control *want,
			   struct err *e)
{
	return control_log_write(c->controls, camera, want, e) || err_prefix(e, "replay");
}

static void replay_requeue(struct camera *c, const struct frame *f)
{
	if (f->camera >= c->cameras)
		return;
	frame_memory_give(&c->memory[f->camera], f->buffer);
	if (c->running && c->at < c->list.n)
		clock_arm(c->timer, c->period_ns && c->next == 0 ? c->due_ns : 1);
}

static void replay_stop(struct camera *c)
{
	c->running = false;
	clock_arm(c->timer, 0);
}

const struct camera_ops camera_replay = {
    .name = "replay",
    .open = replay_open,
    .buffers = replay_buffers,
    .start = replay_start,
    .fd = replay_fd,
    .dequeue = replay_dequeue,
    .requeue = replay_requeue,
    .control = replay_control,
    .stop = replay_stop,
    .close = replay_close,
};
