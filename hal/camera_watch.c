/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/camera_watch.h"

void camera_watch_asked(struct camera_watch *w, int64_t now)
{
	if (!w->waiting_ns)
		w->waiting_ns = now;
}

void camera_watch_frame(struct camera_watch *w, int64_t now, bool more)
{
	w->waiting_ns = more ? now : 0;
	w->bad = 0;
	w->repairs = 0;
	w->pause_ns = 0;
}

void camera_watch_failed(struct camera_watch *w, int64_t now, bool more)
{
	w->waiting_ns = more ? now : 0;
	w->bad++;
}

void camera_watch_broke(struct camera_watch *w)
{
	w->broken = true;
}

bool camera_watch_ill(const struct camera_watch *w, int64_t now)
{
	return w->broken || w->bad >= CAMERA_WATCH_BAD ||
	       (w->waiting_ns && now - w->waiting_ns >= CAMERA_WATCH_HANG_NS);
}

enum camera_remedy camera_watch_remedy(const struct camera_watch *w, int64_t now)
{
	if (now < w->pause_ns)
		return CAMERA_LEAVE;
	return w->repairs == 0 ? CAMERA_RESTART : CAMERA_REOPEN;
}

void camera_watch_repaired(struct camera_watch *w, int64_t now, bool worked)
{
	int64_t pause = CAMERA_WATCH_PAUSE_NS;

	for (unsigned i = 0; i < w->repairs && pause < CAMERA_WATCH_LONGEST; i++)
		pause *= 2;
	w->pause_ns = now + (pause < CAMERA_WATCH_LONGEST ? pause : CAMERA_WATCH_LONGEST);
	w->repairs++;
	w->waiting_ns = 0;
	w->bad = 0;
	w->broken = !worked;
}
