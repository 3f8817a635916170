/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libcamera: two cameras of a box, through libcamera 0.4 or later. Nothing is copied: the buffers
 * are the pipeline's dmabufs (sealed memfds where it has no allocator).
 *
 * Threads: libcamera's own completes requests; `pacer` asks for frames and sees which camera is
 * ill; a `mender` per camera stops and starts one that is, which may block, while the other goes
 * on. One lock guards what they share; libcamera is never called with it held.
 */
extern "C" {
#include "hal/camera.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hal/camera_expose.h"
#include "hal/camera_pace.h"
#include "hal/camera_truth.h"
#include "hal/control_log.h"
#include "hal/frame_memory.h"
#include "hal/frame_ring.h"
#include "hal/sensor_clock.h"
}

#include <libcamera/libcamera.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <linux/dma-buf.h>
#include <mutex>
#include <sys/ioctl.h>
#include <thread>

namespace lc = libcamera;
namespace
{

using Lock = std::unique_lock<std::mutex>;
using Clock = std::chrono::steady_clock; /* CLOCK_MONOTONIC, as clock_mono_ns */

struct Half {
	struct camera *owner = nullptr;
	unsigned index = 0;
	std::string id;

	/* Touched by open and stop; while they run, by the pacer while `running`, else by the
	 * mender. */
	std::shared_ptr<lc::Camera> cam;
	std::unique_ptr<lc::CameraConfiguration> config;
	lc::Stream *stream = nullptr;
	std::unique_ptr<lc::FrameBufferAllocator> allocator;
	std::vector<std::unique_ptr<lc::FrameBuffer>> own; /* without an allocator */
	std::vector<lc::FrameBuffer *> pictures;
	std::vector<std::unique_ptr<lc::Request>> requests;
	bool acquired = false;
	std::thread mender;

	/* Under the owner's lock. */
	struct camera_lane *lane = nullptr; /* the owner's, of this camera */
	struct frame_buffers buffers = {};
	bool dmabuf = false;
	bool gone = false; /* the Camera object is dead: another has to be found */
	struct camera_limits limits = {};
	struct camera_control want = {};
	bool want_new = false;
	uint32_t restarts = 0;
	char what[CAMERA_WHAT] = "";
};

} // namespace

struct camera {
	std::unique_ptr<lc::CameraManager> manager;
	bool manager_runs = false;
	Half halves[FRAME_CAMERAS];
	lc::Size size;
	struct frame_ring ring = {};
	FILE *truth = nullptr;
	int controls = -1; /* log */

	mutable std::mutex lock;
	std::condition_variable wake;
	bool started = false, stopping = false, poked = false;
	struct camera_pace pace = {};
	struct sensor_clock clock = {};
	std::thread pacer;
};

namespace
{

/* Nothing libcamera or the C++ library throws leaves this file. */
template <typename F> bool guarded(struct err *e, F f) noexcept
{
	try {
		return f();
	} catch (const std::bad_alloc &) {
		return err_set(e, ERR_NO_MEMORY, "libcamera: no memory");
	} catch (const std::exception &x) {
		return err_set(e, ERR_IO, "libcamera: %s", x.what());
	} catch (...) {
		return err_set(e, ERR_IO, "libcamera: unknown exception");
	}
}

bool refused(struct err *e, const char *what, int rc)
{
	return err_errno(e, -rc, "%s", what);
}

void note(Half &h, const char *what)
{
	(void)snprintf(h.what, sizeof h.what, "%.*s", (int)sizeof h.what - 1, what);
}

void poke(struct camera &c)
{
	c.poked = true;
	c.wake.notify_all();
}

/* --- frames come: libcamera's thread -------------------------------------------------------------
 */

/* The virtual pipeline leaves a frame's metadata uninitialised, which shows in planes without
 * bytes. */
bool tells(const lc::FrameMetadata &m)
{
	return !m.planes().empty() && m.planes()[0].bytesused > 0;
}

bool has_picture(const lc::Request &r, const lc::FrameMetadata &m)
{
	return r.status() == lc::Request::RequestComplete &&
	       (!tells(m) || m.status == lc::FrameMetadata::FrameSuccess);
}

struct frame make_frame(struct camera &c, Half &h, unsigned b, lc::Request &r, int64_t stamp)
{
	const lc::FrameMetadata &picture = r.findBuffer(h.stream)->metadata();
	const lc::ControlList &m = r.metadata();
	struct sensor_reading now;
	struct frame f = {};

	sensor_clock_read(&now);
	f.camera = (uint8_t)h.index;
	f.buffer = (uint8_t)b;
	f.capture_ns = sensor_clock_utc(&c.clock, stamp, &now);
	f.exposure_us = (uint32_t)std::max(
	    m.get(lc::controls::ExposureTime).value_or((int32_t)h.want.exposure_us), 0);
	f.gain = m.get(lc::controls::AnalogueGain).value_or(std::max(h.want.gain, 1.0f));
	f.sequence = camera_pace_number(h.lane, b, tells(picture), picture.sequence);
	return f;
}

bool completed(Half &h, lc::Request *r)
{
	struct camera &c = *h.owner;
	unsigned b = (unsigned)r->cookie();
	const lc::FrameBuffer *picture = r->findBuffer(h.stream);
	bool whole = picture && has_picture(*r, picture->metadata());
	int64_t stamp = r->metadata().get(lc::controls::SensorTimestamp).value_or(0);
	Lock l(c.lock);

	if (camera_pace_came(&c.pace, h.index, b, whole, stamp, clock_mono_ns())) {
		struct frame f = make_frame(c, h, b, *r, stamp);

		h.what[0] = '\0';
		/* It has room for every buffer there is. */
		(void)!frame_ring_push(&c.ring, &f);
	}
	poke(c);
	return true;
}

void connect(Half &h)
{
	h.cam->requestCompleted.connect(&h, [&h](lc::Request *r) {
		struct err e = {};

		(void)guarded(&e, [&] { return completed(h, r); });
	});
	h.cam->disconnected.connect(&h, [&h] {
		Lock l(h.owner->lock);
		h.gone = true;
		camera_watch_broke(&h.lane->watch);
		poke(*h.owner);
	});
}

void let_go(Half &h)
{
	if (h.cam) {
		h.cam->requestCompleted.disconnect(&h);
		h.cam->disconnected.disconnect(&h);
	}
	h.requests.clear();
	h.cam.reset();
}

/* --- one camera: found, configured, started ------------------------------------------------------
 */

/* The camera of that id; without an id, the first in the order of ids that the other has not. */
bool find(struct camera &c, Half &h, struct err *e)
{
	std::vector<std::shared_ptr<lc::Camera>> all = c.manager->cameras();
	std::shared_ptr<lc::Camera> found;
	std::string other;

	Lock l(c.lock);
	other = c.halves[!h.index].id;
	l.unlock();
	std::sort(all.begin(), all.end(),
		  [](const auto &a, const auto &b) { return a->id() < b->id(); });
	for (const auto &cam : all)
		if (!found && (h.id.empty() ? cam->id() != other : cam->id() == h.id))
			found = cam;
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "not found%s%s", h.id.empty() ? "" : ": ",
			       h.id.c_str());
	if (h.cam != found) {
		let_go(h);
		h.cam = found;
		connect(h);
	}
	l.lock();
	h.id = found->id();
	h.gone = false;
	return true;
}

bool settle(Half &h, lc::StreamRole role, const lc::PixelFormat &format, std::string &nearest)
{
	const lc::Size &size = h.owner->size;
	std::unique_ptr<lc::CameraConfiguration> config = h.cam->generateConfiguration({role});

	if (!config || config->empty())
		return false;
	lc::StreamConfiguration &s = config->at(0);
	s.pixelFormat = format;
	s.size = size;
	s.bufferCount = FRAME_BUFFERS;
	if (config->validate() == lc::CameraConfiguration::Invalid)
		return false;
	if (s.pixelFormat != format || s.size != size) {
		nearest = s.toString();
		return false;
	}
	h.config = std::move(config);
	return true;
}

/* A format whose luma plane comes first, in the size asked for. */
bool choose(Half &h, struct err *e)
{
	static const lc::PixelFormat formats[] = {lc::formats::NV12,   lc::formats::NV21,
						  lc::formats::YUV420, lc::formats::YVU420,
						  lc::formats::NV16,   lc::formats::R8};
	std::string nearest = "nothing like it";

	for (lc::StreamRole role :
	     {lc::StreamRole::VideoRecording, lc::StreamRole::Viewfinder, lc::StreamRole::Raw})
		for (const lc::PixelFormat &format : formats)
			if (settle(h, role, format, nearest))
				return true;
	return err_set(e, ERR_CONFIG, "has no %s with a luma plane (nearest: %s)",
		       h.owner->size.toString().c_str(), nearest.c_str());
}

template <typename T> void range(const lc::ControlInfoMap &have, unsigned id, T &min, T &max)
{
	if (auto found = have.find(id); found != have.end()) {
		min = found->second.min().get<T>();
		max = found->second.max().get<T>();
	}
}

struct camera_limits limits_of(const lc::Camera &cam)
{
	const lc::ControlInfoMap &have = cam.controls();
	struct camera_limits l = {};

	l.automatic = have.find(lc::controls::AE_ENABLE) != have.end();
	range(have, lc::controls::EXPOSURE_TIME, l.exposure_min, l.exposure_max);
	range(have, lc::controls::ANALOGUE_GAIN, l.gain_min, l.gain_max);
	/* The virtual pipeline has frame durations, too, but no device that would keep them. */
	if (cam.properties().get(lc::properties::SystemDevices))
		range(have, lc::controls::FRAME_DURATION_LIMITS, l.frame_min, l.frame_max);
	return l;
}

bool configure(Half &h, struct err *e)
{
	int rc = h.cam->acquire();

	if (rc < 0)
		return refused(e, "acquire", rc);
	h.acquired = true;
	if (!choose(h, e))
		return false;
	rc = h.cam->configure(h.config.get());
	if (rc < 0)
		return refused(e, "configure", rc);
	h.stream = h.config->at(0).stream();
	struct camera_limits limits = limits_of(*h.cam);
	Lock l(h.owner->lock);
	h.limits = limits;
	h.lane->pacing = limits.frame_max ? CAMERA_SENSOR : CAMERA_GRID;
	if (!h.owner->pace.period_ns)
		h.lane->pacing = CAMERA_STEP;
	h.want_new = h.want.exposure_us || h.want.gain > 0 || h.want.frame_us;
	return true;
}

/* Only the virtual pipeline may be without an allocator, and its frames are NV12. */
bool memory_of_ours(Half &h, struct err *e)
{
	const lc::StreamConfiguration &s = h.config->at(0);
	unsigned luma = s.stride * s.size.height;

	if (s.pixelFormat != lc::formats::NV12)
		return err_set(e, ERR_CONFIG, "no buffers for %s",
			       s.pixelFormat.toString().c_str());
	for (unsigned i = 0; i < FRAME_BUFFERS; i++) {
		lc::FrameBuffer::Plane planes[2];
		int fd = -1;

		if (!frame_memory_fd(luma + luma / 2, &fd, e))
			return false;
		planes[0].fd = planes[1].fd = lc::SharedFD(std::move(fd));
		planes[0].offset = 0;
		planes[0].length = planes[1].offset = luma;
		planes[1].length = luma / 2;
		h.own.push_back(std::make_unique<lc::FrameBuffer>(
		    std::vector<lc::FrameBuffer::Plane>(planes, planes + 2)));
		h.pictures.push_back(h.own.back().get());
	}
	return true;
}

/* Once for the life of the driver: vision has them mapped. */
bool make_buffers(Half &h, struct err *e)
{
	const lc::StreamConfiguration &s = h.config->at(0);
	struct frame_buffers b = {};
	bool dmabuf;

	if (!h.pictures.empty())
		return true;
	h.allocator = std::make_unique<lc::FrameBufferAllocator>(h.cam);
	dmabuf = h.allocator->allocate(h.stream) > 0;
	if (dmabuf)
		for (const auto &picture : h.allocator->buffers(h.stream))
			h.pictures.push_back(picture.get());
	else if (!memory_of_ours(h, e))
		return false;
	b.width = s.size.width;
	b.height = s.size.height;
	b.stride = s.stride;
	b.size = s.stride * s.size.height;
	b.n = (uint32_t)std::min<size_t>(h.pictures.size(), FRAME_BUFFERS);
	for (uint32_t i = 0; i < b.n; i++) {
		const lc::FrameBuffer::Plane &luma = h.pictures[i]->planes()[0];

		if (luma.offset != 0 || luma.length < b.size)
			return err_set(e, ERR_CONFIG, "luma does not begin its buffer");
		b.fds[i] = luma.fd.get();
	}
	Lock l(h.owner->lock);
	h.buffers = b;
	h.lane->n = b.n;
	h.dmabuf = dmabuf;
	return true;
}

/* Once for each Camera object: one that dies unused marks its buffer as cancelled, and the virtual
 * pipeline never takes that back. */
bool make_requests(Half &h, struct err *e)
{
	if (!h.requests.empty())
		return true;
	for (uint32_t i = 0; i < h.buffers.n; i++) {
		std::unique_ptr<lc::Request> r = h.cam->createRequest(i);

		if (!r)
			return err_set(e, ERR_NO_MEMORY, "no request");
		if (int rc = r->addBuffer(h.stream, h.pictures[i]); rc < 0)
			return refused(e, "request", rc);
		h.requests.push_back(std::move(r));
	}
	return true;
}

bool take(Half &h, struct err *e)
{
	return find(*h.owner, h, e) && configure(h, e) && make_buffers(h, e) && make_requests(h, e);
}

void give_back(Half &h)
{
	if (h.acquired)
		(void)h.cam->release();
	h.acquired = false;
}

void frame_limits(lc::ControlList &list, int64_t us)
{
	list.set(lc::controls::FrameDurationLimits, lc::Span<const int64_t, 2>({us, us}));
}

bool start(Half &h, struct err *e)
{
	struct camera_control rate = {0, 0, (uint32_t)(h.owner->pace.period_ns / 1000)};
	lc::ControlList list(lc::controls::controls);
	struct camera_exposure x;

	if (h.lane->pacing == CAMERA_SENSOR && camera_expose(&h.limits, &rate, &x))
		frame_limits(list, x.frame_us);
	int rc = h.cam->start(list.empty() ? nullptr : &list);
	return rc >= 0 || refused(e, "start", rc);
}

/* Buffers that the pipeline kept are ours again once it has stopped. */
void reclaim(Half &h)
{
	Lock l(h.owner->lock);
	camera_pace_reclaim(h.lane);
}

/* --- a camera is ill: its mender ----------------------------------------------------------------
 */

bool repair(Half &h, enum camera_remedy remedy, bool gone, struct err *e)
{
	if (h.acquired)
		(void)h.cam->stop();
	reclaim(h);
	if (remedy == CAMERA_RESTART && h.acquired && !gone)
		return start(h, e);
	give_back(h);
	return take(h, e) && start(h, e);
}

void mend_now(Half &h, enum camera_remedy remedy, Lock &l)
{
	bool gone = h.gone, worked;
	struct err e = {};

	l.unlock();
	worked = guarded(&e, [&] { return repair(h, remedy, gone, &e); });
	l.lock();
	camera_watch_repaired(&h.lane->watch, clock_mono_ns(), worked);
	h.lane->running = worked;
	h.restarts += worked;
	if (!worked)
		note(h, e.text);
}

Clock::time_point at(int64_t mono_ns)
{
	return Clock::time_point(std::chrono::nanoseconds(mono_ns));
}

void mend(Half &h)
{
	struct camera &c = *h.owner;
	Lock l(c.lock);

	while (!c.stopping) {
		enum camera_remedy remedy = camera_watch_remedy(&h.lane->watch, clock_mono_ns());

		if (h.lane->running) {
			c.wake.wait(l, [&] { return c.stopping || !h.lane->running; });
		} else if (remedy == CAMERA_LEAVE) {
			c.wake.wait_until(l, at(h.lane->watch.pause_ns),
					  [&] { return c.stopping; });
		} else {
			mend_now(h, remedy, l);
			poke(c);
		}
	}
}

/* --- frames are asked for: the pacer -------------------------------------------------------------
 */

/* Put the wish into a request; what the camera is told can be logged. */
void expose_as_wanted(Half &h, lc::ControlList &list)
{
	struct camera_exposure x;

	if (!camera_expose(&h.limits, &h.want, &x))
		return;
#if LIBCAMERA_VERSION_MAJOR > 0 || LIBCAMERA_VERSION_MINOR >= 5
	if (x.exposure_us)
		list.set(lc::controls::ExposureTimeMode, lc::controls::ExposureTimeModeManual);
	if (x.gain > 0)
		list.set(lc::controls::AnalogueGainMode, lc::controls::AnalogueGainModeManual);
#else
	if (x.automatic_off)
		list.set(lc::controls::AeEnable, false);
#endif
	if (x.exposure_us)
		list.set(lc::controls::ExposureTime, x.exposure_us);
	if (x.gain > 0)
		list.set(lc::controls::AnalogueGain, x.gain);
	if (x.frame_us)
		frame_limits(list, x.frame_us);
	struct camera_control told = {(uint32_t)x.exposure_us, x.gain, (uint32_t)x.frame_us};
	(void)!control_log_write(h.owner->controls, h.index, &told, nullptr);
}

/* The camera is the pacer's while its lane runs, so the lock is not needed meanwhile. */
void queue(struct camera &c, const struct camera_order &o, Lock &l)
{
	Half &h = c.halves[o.camera];
	lc::Request *r = h.requests[o.buffer].get();
	struct err e = {};

	r->reuse(lc::Request::ReuseBuffers);
	if (h.want_new)
		expose_as_wanted(h, r->controls());
	h.want_new = false;
	l.unlock();
	bool queued = guarded(&e, [&] { return h.cam->queueRequest(r) >= 0; });
	l.lock();
	if (!queued)
		camera_pace_refused(&c.pace, &o);
}

void look_after(Half &h, int64_t now)
{
	const char *why = camera_pace_ill(h.lane, now);

	if (!why)
		return;
	h.lane->running = false;
	note(h, h.gone ? "it has gone" : why);
	poke(*h.owner);
}

void pace(struct camera &c)
{
	struct camera_order orders[FRAME_CAMERAS * FRAME_BUFFERS];
	Lock l(c.lock);

	while (!c.stopping) {
		int64_t now = clock_mono_ns(), next;
		size_t n;

		for (unsigned i = 0; i < c.pace.n; i++)
			look_after(c.halves[i], now);
		c.poked = false;
		n = camera_pace_orders(&c.pace, now, orders, &next);
		for (size_t i = 0; i < n; i++)
			queue(c, orders[i], l);
		c.wake.wait_until(l, at(next), [&] { return c.stopping || c.poked; });
	}
}

/* --- the vtable ----------------------------------------------------------------------------------
 */

void libcamera_stop(struct camera *c)
{
	struct err e = {};

	if (!c->started)
		return;
	Lock l(c->lock);
	c->stopping = true;
	c->wake.notify_all();
	l.unlock();
	(void)guarded(&e, [&] {
		if (c->pacer.joinable())
			c->pacer.join();
		for (Half &h : c->halves) {
			if (h.mender.joinable())
				h.mender.join();
			h.lane->running = false;
			if (h.acquired)
				(void)h.cam->stop();
			reclaim(h);
		}
		return true;
	});
	c->started = false;
}

void libcamera_close(struct camera *c)
{
	struct err e = {};

	if (!c)
		return;
	libcamera_stop(c);
	(void)guarded(&e, [&] {
		for (Half &h : c->halves) {
			give_back(h);
			let_go(h);
			h.pictures.clear();
			h.own.clear();
			h.allocator.reset();
			h.config.reset();
		}
		if (c->manager_runs)
			c->manager->stop();
		return true;
	});
	frame_ring_free(&c->ring);
	if (c->truth)
		(void)fclose(c->truth);
	cleanup_close(&c->controls);
	delete c;
}

bool open_files(struct camera *c, const struct camera_conf *conf, struct err *e)
{
	if (conf->truth[0] && !(c->truth = fopen(conf->truth, "ae")))
		return err_errno(e, errno, "libcamera: truth %s", conf->truth);
	return (control_log_open(conf->controls, &c->controls, e) && frame_ring_new(&c->ring, e)) ||
	       err_prefix(e, "libcamera");
}

bool open_cameras(struct camera *c, struct err *e)
{
	unsigned taken = 0;

	/* Its own log goes to stderr; below a warning it would drown ours. */
	(void)setenv("LIBCAMERA_LOG_LEVELS", "*:WARN", 0);
	c->manager = std::make_unique<lc::CameraManager>();
	if (int rc = c->manager->start(); rc < 0)
		return err_errno(e, -rc, "libcamera: start");
	c->manager_runs = true;
	for (unsigned i = 0; i < c->pace.n; i++) {
		Half &h = c->halves[i];
		struct err why = {};

		if (take(h, &why)) {
			taken++;
			continue;
		}
		/* A wrong configuration is somebody's to mend; a dead camera is degraded mode. */
		if (why.code == ERR_CONFIG || (i + 1 == c->pace.n && !taken))
			return err_set(e, why.code, "libcamera: camera %u: %s", i, why.text);
		give_back(h);
		note(h, why.text);
	}
	return true;
}

bool libcamera_open(const struct camera_conf *conf, struct camera **out, struct err *e)
{
	struct camera *c = nullptr;
	bool done = guarded(e, [&] {
		c = new struct camera;
		c->ring.fd = -1;
		c->pace.n = conf->single ? 1 : FRAME_CAMERAS;
		c->size = lc::Size((unsigned)conf->width, (unsigned)conf->height);
		c->pace.period_ns = conf->rate > 0 ? (int64_t)((double)NS_PER_S / conf->rate) : 0;
		c->pace.skew_ns = conf->skew_ns;
		for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
			c->halves[i].owner = c;
			c->halves[i].index = i;
			c->halves[i].lane = &c->pace.lanes[i];
			c->halves[i].id = i == 0 ? conf->id0 : conf->id1;
		}
		return open_files(c, conf, e) && open_cameras(c, e);
	});

	if (!done)
		libcamera_close(c);
	else
		*out = c;
	return done;
}

bool libcamera_buffers(const struct camera *c, unsigned camera, struct frame_buffers *out)
{
	if (camera >= c->pace.n)
		return false;
	Lock l(c->lock);
	*out = c->halves[camera].buffers;
	return out->n > 0;
}

int libcamera_fd(const struct camera *c)
{
	return c->ring.fd;
}

bool libcamera_start(struct camera *c, struct err *e)
{
	return guarded(e, [&] {
		c->stopping = false;
		c->started = true;
		c->pace.due_ns = 0;
		for (unsigned i = 0; i < c->pace.n; i++) {
			Half &h = c->halves[i];
			struct err why = {};

			/* One that does not start is its mender's. */
			h.lane->running = h.acquired && start(h, &why);
			if (h.acquired && !h.lane->running)
				note(h, why.text);
			h.mender = std::thread([&h] { mend(h); });
		}
		c->pacer = std::thread([c] { pace(*c); });
		return true;
	});
}

/* The CPU's caches and the device's memory agree while a frame is lent; not every heap keeps them
 * so by itself. */
void sync(const Half &h, unsigned buffer, uint64_t which)
{
	struct dma_buf_sync s = {which | DMA_BUF_SYNC_READ};

	if (h.dmabuf)
		(void)ioctl(h.buffers.fds[buffer], DMA_BUF_IOCTL_SYNC, &s);
}

bool libcamera_dequeue(struct camera *c, struct frame *out, struct err *e)
{
	if (!frame_ring_pop(&c->ring, out))
		return err_set(e, ERR_AGAIN, "libcamera: not yet");
	Half &h = c->halves[out->camera];
	Lock l(c->lock);
	camera_pace_lend(h.lane, out->buffer);
	poke(*c);
	l.unlock();
	sync(h, out->buffer, DMA_BUF_SYNC_START);
	camera_truth_frame(c->truth, out);
	return true;
}

void libcamera_requeue(struct camera *c, const struct frame *f)
{
	if (f->camera >= c->pace.n || f->buffer >= FRAME_BUFFERS)
		return;
	Half &h = c->halves[f->camera];
	Lock l(c->lock);

	sync(h, f->buffer, DMA_BUF_SYNC_END);
	if (camera_pace_back(h.lane, f->buffer))
		poke(*c);
}

bool libcamera_control(struct camera *c, unsigned camera, const struct camera_control *want,
		       struct err *e)
{
	if (camera >= c->pace.n)
		return err_set(e, ERR_ARGUMENT, "camera %u: there is none", camera);
	Half &h = c->halves[camera];
	struct camera_exposure x;
	Lock l(c->lock);

	if (!camera_expose(&h.limits, want, &x))
		return err_set(e, ERR_POLICY, "camera %u: has none of the controls asked for",
			       camera);
	h.want = *want;
	h.want_new = true;
	return true;
}

void libcamera_state(const struct camera *c, unsigned camera, struct camera_state *out)
{
	memset(out, 0, sizeof *out);
	if (camera >= c->pace.n)
		return;
	const Half &h = c->halves[camera];
	Lock l(c->lock);

	out->here = h.buffers.n > 0;
	out->well = h.lane->running && !h.lane->watch.repairs;
	out->restarts = h.restarts;
	out->failed = h.lane->failed;
	out->missed = h.lane->missed;
	out->late = h.lane->late;
	if (!out->well)
		(void)snprintf(out->what, sizeof out->what, "%s", h.what);
}

} // namespace

extern "C" const struct camera_ops camera_libcamera = {
    "libcamera",       true,
    libcamera_open,    libcamera_buffers,
    libcamera_start,   libcamera_fd,
    libcamera_dequeue, libcamera_requeue,
    libcamera_control, libcamera_state,
    libcamera_stop,    libcamera_close,
};
