/* SPDX-License-Identifier: Apache-2.0 */
/* Sim: the street simulator as two cameras. Both frames of an instant carry the same capture time.
 */
#include "hal/camera.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hal/control_log.h"
#include "hal/frame_memory.h"
#include "hal/sim/art.h"
#include "hal/sim/street.h"
#include "hal/sim/truth.h"
#include "hal/sim/wanted.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <turbojpeg.h>

#define QUALITY 85
#define FREE_RATE                                                                                  \
	12.0 /* frames of simulated time a second when frames go as fast as they are taken */

struct camera {
	struct art *art;
	struct wanted wanted;
	struct street *street;
	struct frame_memory memory[FRAME_CAMERAS];
	int truth, timer;
	int controls;		   /* log of controls; -1: none */
	int record[FRAME_CAMERAS]; /* folders; -1: nothing is recorded */
	tjhandle jpeg;
	unsigned char *bytes; /* room for the largest JPEG of a frame */
	double rate;	      /* of simulated time */
	bool paced;	      /* by the clock */

	bool running;
	bool begun;		 /* the street has been moved to instant `at` */
	uint64_t at;		 /* instant under way */
	unsigned next;		 /* camera of it whose turn it is */
	int64_t mono_ns, utc_ns; /* when the street started */
	uint32_t sequence[FRAME_CAMERAS];
};

static void sim_close(struct camera *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		frame_memory_free(&c->memory[i]);
	street_free(c->street);
	art_close(c->art);
	wanted_free(&c->wanted);
	cleanup_close(&c->truth);
	cleanup_close(&c->controls);
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		cleanup_close(&c->record[i]);
	if (c->jpeg)
		(void)tjDestroy(c->jpeg);
	free(c->bytes);
	cleanup_close(&c->timer);
	free(c);
}

static bool open_record(struct camera *c, const struct camera_conf *conf, struct err *e)
{
	AUTO_CLOSE int folder = -1;

	if (mkdir(conf->record, 0755) != 0 && errno != EEXIST)
		return err_errno(e, errno, "sim: record %s", conf->record);
	folder = open(conf->record, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (folder < 0)
		return err_errno(e, errno, "sim: record %s", conf->record);
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		const char name[] = {'c', 'a', 'm', (char)('0' + i), '\0'};

		if (mkdirat(folder, name, 0755) != 0 && errno != EEXIST)
			return err_errno(e, errno, "sim: record %s/%s", conf->record, name);
		c->record[i] = openat(folder, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
		if (c->record[i] < 0)
			return err_errno(e, errno, "sim: record %s/%s", conf->record, name);
	}
	c->jpeg = tjInitCompress();
	c->bytes = malloc(tjBufSize((int)conf->width, (int)conf->height, TJSAMP_GRAY));
	return (c->jpeg && c->bytes) || err_set(e, ERR_NO_MEMORY, "sim: no memory");
}

static bool open_files(struct camera *c, const struct camera_conf *conf, struct err *e)
{
	if (conf->plates[0] && !wanted_read(conf->plates, &c->wanted, e))
		return err_prefix(e, "sim: plates");
	if (!art_open(conf->fonts, &c->art, e))
		return err_prefix(e, "sim");
	/* Appended to: a role that is started again must not wipe out what was driven past before.
	 */
	if (conf->truth[0]) {
		c->truth = open(conf->truth, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (c->truth < 0)
			return err_errno(e, errno, "sim: truth %s", conf->truth);
	}
	if (!control_log_open(conf->controls, &c->controls, e))
		return err_prefix(e, "sim");
	return !conf->record[0] || open_record(c, conf, e);
}

static bool check(const struct camera_conf *conf, struct err *e)
{
	if (conf->width < 160 || conf->width > 4096 || conf->height < 120 || conf->height > 4096)
		return err_set(e, ERR_CONFIG,
			       "sim: width and height must lie within 160x120 and 4096x4096");
	if (!(conf->rate >= 0 && conf->rate <= 1000))
		return err_set(e, ERR_CONFIG, "sim: rate out of range");
	return true;
}

static bool make_street(struct camera *c, const struct camera_conf *conf, struct err *e)
{
	struct street_setup setup = {.width = (uint32_t)conf->width,
				     .height = (uint32_t)conf->height,
				     .seed = (uint64_t)conf->seed,
				     .passages = conf->passages,
				     .wanted = conf->plates[0] ? &c->wanted : NULL,
				     .wanted_share = conf->wanted_share};

	if (!truth_words(conf->light, conf->weather, conf->hard, &setup, e))
		return false;
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		if (!frame_memory_new(&c->memory[i], setup.width, setup.height, FRAME_BUFFERS, e))
			return err_prefix(e, "sim");
	return street_new(&setup, c->art, &c->street, e);
}

static bool make_timer(struct camera *c, struct err *e)
{
	c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return c->timer >= 0 || err_errno(e, errno, "sim: timer");
}

static bool sim_open(const struct camera_conf *conf, struct camera **out, struct err *e)
{
	struct camera *c = calloc(1, sizeof *c);

	if (!c)
		return err_set(e, ERR_NO_MEMORY, "sim: no memory");
	c->truth = c->timer = c->controls = c->record[0] = c->record[1] = -1;
	c->paced = conf->rate > 0;
	c->rate = c->paced ? conf->rate : FREE_RATE;
	if (!check(conf, e) || !open_files(c, conf, e) || !make_street(c, conf, e) ||
	    !make_timer(c, e)) {
		sim_close(c);
		return false;
	}
	*out = c;
	return true;
}

static bool sim_buffers(const struct camera *c, unsigned camera, struct frame_buffers *out)
{
	if (camera >= FRAME_CAMERAS)
		return false;
	*out = c->memory[camera].buffers;
	return true;
}

/* Simulated time of instant n. */
static int64_t instant(const struct camera *c, uint64_t n)
{
	return (int64_t)((double)n * 1e9 / c->rate);
}

static void arm_next(struct camera *c)
{
	clock_arm(c->timer, c->paced && c->next == 0 ? c->mono_ns + instant(c, c->at) : 1);
}

static bool sim_start(struct camera *c, struct err *e)
{
	(void)e;
	c->running = true;
	c->mono_ns = clock_mono_ns() - instant(c, c->at);
	c->utc_ns = clock_utc_ns() - instant(c, c->at);
	arm_next(c);
	return true;
}

static int sim_fd(const struct camera *c)
{
	return c->timer;
}

static bool write_truth(struct camera *c, struct err *e)
{
	struct street_passage p;
	char line[TRUTH_LINE];

	while (street_left(c->street, &p)) {
		size_t n = truth_passage(&p, c->utc_ns, line);

		if (c->truth >= 0 && write(c->truth, line, n) != (ssize_t)n)
			return err_errno(e, errno, "sim: truth");
	}
	return true;
}

/* Move the street to the instant under way. */
static bool begin(struct camera *c, struct err *e)
{
	if (c->begun)
		return true;
	c->begun = true;
	street_step(c->street, instant(c, c->at));
	return write_truth(c, e);
}

static void advance(struct camera *c)
{
	if (++c->next < FRAME_CAMERAS)
		return;
	c->next = 0;
	c->at++;
	c->begun = false;
}

/* Instants that nobody came for are lost frames; the street moves through them all the same, so
 * that its course never changes. */
static bool skip_missed(struct camera *c, struct err *e)
{
	int64_t now = clock_mono_ns() - c->mono_ns;

	while (c->paced && c->next == 0 && instant(c, c->at + 1) <= now &&
	       !street_ended(c->street)) {
		if (!begin(c, e))
			return false;
		for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
			c->sequence[i]++;
			advance(c);
		}
	}
	return true;
}

/* Keep a frame that shows a vehicle's plate. */
static bool record(struct camera *c, unsigned camera, int64_t capture_ns, uint8_t *luma,
		   struct err *e)
{
	const struct frame_buffers *b = &c->memory[camera].buffers;
	struct street_plate plates[STREET_ACTORS];
	unsigned long len = tjBufSize((int)b->width, (int)b->height, TJSAMP_GRAY);
	char name[64];
	AUTO_CLOSE int fd = -1;

	if (c->record[camera] < 0 || street_plates(c->street, camera, plates) == 0)
		return true;
	if (tjCompress2(c->jpeg, luma, (int)b->width, (int)b->stride, (int)b->height, TJPF_GRAY,
			&c->bytes, &len, TJSAMP_GRAY, QUALITY, TJFLAG_NOREALLOC) != 0)
		return err_set(e, ERR_IO, "sim: record: %s", tjGetErrorStr2(c->jpeg));
	(void)snprintf(name, sizeof name, "%lld.jpg", (long long)capture_ns);
	fd = openat(c->record[camera], name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, c->bytes, len) != (ssize_t)len)
		return err_errno(e, errno, "sim: record");
	return true;
}

static bool lend(struct camera *c, int buffer, struct frame *out, struct err *e)
{
	const struct lighting *light = street_light(c->street);
	unsigned camera = c->next;
	uint8_t *luma = c->memory[camera].data[buffer];

	street_draw(c->street, camera, luma, c->memory[camera].buffers.stride);
	if (!record(c, camera, c->utc_ns + instant(c, c->at), luma, e)) {
		frame_memory_give(&c->memory[camera], (unsigned)buffer);
		return false;
	}
	*out = (struct frame){
	    .camera = (uint8_t)camera,
	    .buffer = (uint8_t)buffer,
	    .sequence = c->sequence[camera]++,
	    .capture_ns = c->utc_ns + instant(c, c->at),
	    .exposure_us = (uint32_t)(light->exposure_s * 1e6f + 0.5f),
	    .gain = 1.0f + light->noise,
	    .infrared = light->infrared,
	};
	advance(c);
	arm_next(c);
	return true;
}

static bool sim_dequeue(struct camera *c, struct frame *out, struct err *e)
{
	while (c->running) {
		int buffer;

		if (!skip_missed(c, e))
			return false;
		if (c->next == 0 && street_ended(c->street))
			return err_set(e, ERR_NOT_FOUND, "sim: the source has ended");
		if (c->paced && c->next == 0 && clock_mono_ns() < c->mono_ns + instant(c, c->at)) {
			arm_next(c);
			return err_set(e, ERR_AGAIN, "sim: not yet");
		}
		buffer = frame_memory_take(&c->memory[c->next]);
		if (buffer < 0 && !c->paced) {
			clock_arm(c->timer, 0); /* requeue wakes us */
			return err_set(e, ERR_AGAIN, "sim: no free buffer");
		}
		if (!begin(c, e)) {
			if (buffer >= 0)
				frame_memory_give(&c->memory[c->next], (unsigned)buffer);
			return false;
		}
		if (buffer >= 0)
			return lend(c, buffer, out, e);
		c->sequence[c->next]++; /* a camera does not wait: this frame is lost */
		advance(c);
	}
	return err_set(e, ERR_AGAIN, "sim: stopped");
}

static bool sim_control(struct camera *c, unsigned camera, const struct camera_control *want,
			struct err *e)
{
	return control_log_write(c->controls, camera, want, e) || err_prefix(e, "sim");
}

static void sim_requeue(struct camera *c, const struct frame *f)
{
	if (f->camera >= FRAME_CAMERAS)
		return;
	frame_memory_give(&c->memory[f->camera], f->buffer);
	if (c->running)
		arm_next(c);
}

static void sim_stop(struct camera *c)
{
	c->running = false;
	clock_arm(c->timer, 0);
}

const struct camera_ops camera_sim = {
    .name = "sim",
    .open = sim_open,
    .buffers = sim_buffers,
    .start = sim_start,
    .fd = sim_fd,
    .dequeue = sim_dequeue,
    .requeue = sim_requeue,
    .control = sim_control,
    .stop = sim_stop,
    .close = sim_close,
};
