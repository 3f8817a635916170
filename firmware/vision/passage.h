/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passages: the tracks of both cameras joined to vehicles, and one decision for each. Pure: no
 * clock, no descriptor, nothing is allocated after passages_new; the caller localises, reads, takes
 * pictures and sends.
 *
 * For each pair: passages_see for each camera that was looked at (or passages_idle where the
 * trigger was shut), pictures taken of the best sightings, then passages_decide.
 */
#ifndef FIRMWARE_VISION_PASSAGE_H
#define FIRMWARE_VISION_PASSAGE_H

#include "firmware/base/err.h"
#include "firmware/vision/mapping.h"
#include "firmware/vision/sighting.h"
#include "firmware/vision/track.h"
#include "hal/frame.h"
#include "ocr/issuer.h"
#include "ocr/plate.h"

#include <stdint.h>

#define PASSAGES_MAX  32u
#define PASSAGE_LOOKS 2u /* at the state, of one angle */

enum passage_state {
	PASSAGE_FREE = 0,
	PASSAGE_OPEN,
	PASSAGE_DECIDED /* its event is out; it stays a while to take in what else is seen of the
			   vehicle */
};

/* What one camera saw of it. */
struct passage_angle {
	uint32_t frames; /* that showed it */
	int64_t first_ns, last_ns;
	float best; /* quality of the best one, 0 when none yet */
	int64_t best_ns;
	struct plate_quad quad;			    /* in that one */
	float height_px, sharpness, contrast, mean; /* of that one */
	float fx, fy;				    /* centre where it was seen first, pixels */
	float x, y, w, h, vx, vy; /* where it was seen last, pixels and pixels a second */
	float ax, ay;		  /* it has not left this place … */
	int64_t still_ns;	  /* … since then */
	bool stood;		  /* it stood still when last seen */
	struct evidence seen;
	struct plate_read read; /* of this angle alone: filled when it is decided */
};

struct passage {
	enum passage_state state;
	uint32_t serial;	   /* counts up: the older of two is the smaller */
	int64_t first_ns, last_ns; /* pairs that showed it */
	int64_t moved_ns;	   /* when it was first known to move; 0: it has not moved yet */
	uint32_t pairs;
	int64_t pair_ns; /* the pair counted last */
	double score;	 /* sum over frames */
	struct passage_angle angle[FRAME_CAMERAS];
	struct plate_read read; /* fused */
	bool stale;		/* an angle has seen more since */
	uint32_t agreed;	/* pairs since the fused text changed */
	int picture;		/* the caller's slot of pictures, or -1 */
	/* The caller's too: the last looks of each angle at the state, the newest first. */
	struct issuer_look looks[FRAME_CAMERAS][PASSAGE_LOOKS];
	uint32_t n_looks[FRAME_CAMERAS];
};

struct passages_conf {
	uint32_t width[FRAME_CAMERAS], height[FRAME_CAMERAS];
	bool stills;
	float min_plate_px, min_sharpness, min_confidence, settle_confidence;
	uint32_t min_observations, settle_pairs;
	int64_t longest_ns, lost_ns;
};

/* Why a passage came to nothing, or what it came to. */
enum passage_outcome {
	PASSAGE_EVENT,
	PASSAGE_LOW_QUALITY, /* an event, below a quality gate */
	PASSAGE_WEAK,	     /* too little to be a vehicle */
	PASSAGE_STICKER,     /* rides along with a better one */
	PASSAGE_SIGN,	     /* never moved */
	PASSAGE_OUTCOMES
};

struct passages;

/* ERR_NO_MEMORY. passages_free frees; NULL is harmless. */
bool passages_new(const struct passages_conf *conf, struct passages **out,
		  struct err *e) MUST_CHECK;
void passages_free(struct passages *p);

struct passages_hooks {
	/* A passage is about to be judged for the last time: what the callee adds to the evidence
	 * of its angles counts. */
	void (*closing)(void *arg, struct passage *q);
	/* A passage is decided or given up. For PASSAGE_EVENT and PASSAGE_LOW_QUALITY it becomes an
	 * event. Its picture slot is the callee's to free: it is -1 afterwards. */
	void (*ended)(void *arg, struct passage *q, enum passage_outcome outcome);
	/* `from` was found to be the same vehicle as `into` and is freed next. take[c]: its picture
	 * of angle c is the better one. The slot of `from` is the callee's to free. */
	void (*merged)(void *arg, struct passage *into, struct passage *from,
		       const bool take[FRAME_CAMERAS]);
	void *arg;
};
void passages_hook(struct passages *p, const struct passages_hooks *hooks);

/* True when something stands there that has to be looked for although the trigger is shut. */
bool passages_want_look(const struct passages *p, uint8_t camera, int64_t now_ns);

/* True when reading this sighting (geometry and quality are filled in) can still tell something. */
bool passages_want_read(const struct passages *p, const struct sighting *s);

/* One picture of `camera` was looked at: these n (at most SIGHTINGS_MAX) plates were there. Fills
 * passage and best of each. */
void passages_see(struct passages *p, uint8_t camera, int64_t now_ns, struct sighting *s, size_t n);

/* One picture of `camera` was not looked at: nothing moves. */
void passages_idle(struct passages *p, uint8_t camera, int64_t now_ns);

/* Join what belongs together and decide what is ready. degraded: only one camera delivers now. */
void passages_decide(struct passages *p, int64_t now_ns, bool degraded);

/* Decide everything that is open (the source has ended, or STOP), and forget every track. */
void passages_flush(struct passages *p);

/* The passage of that number as given in sighting.passage. */
struct passage *passages_at(struct passages *p, int index);

/* True while something is open that may be a vehicle: anything but signs. */
bool passages_pending(const struct passages *p);

/* Passages that are open now. */
uint32_t passages_open(const struct passages *p);

#endif
