/* SPDX-License-Identifier: Apache-2.0 */
/* Who drives when and how: the timetable of the street. street.c alone includes this. */
#ifndef HAL_SIM_TRAFFIC_H
#define HAL_SIM_TRAFFIC_H

#include "hal/sim/street.h"

#define TRAFFIC_FROM                                                                               \
	(-4.7f) /* where a rear bumper enters, metres along the road: out of every picture */

enum manner { PASSING, FOLLOWING, STOPPING, PARKING };

/* A course: constant speed with, at most, one stop. */
struct course {
	float speed;	     /* m/s */
	float stop_at, hold; /* where (metres) and how long (s); hold 0: no stop */
	float lane, park;    /* lateral place; how far aside it stands when parked */
	float sway;
};

struct actor {
	bool on;
	struct vehicle v;
	struct course course;
	enum manner manner;
	int64_t entered_ns;
	struct pose at;
	struct vehicle_wish wish;
	struct street_passage truth;
};

struct traffic {
	struct actor actors[STREET_ACTORS];
	int64_t spawned, gone;
	int64_t next_ns; /* when the next may enter; -1: when the one in the lane has left */
	bool follow;	 /* the next one follows its forerunner's speed */
	float pace;
	size_t wanted_next;	/* in the list */
	int64_t empty_since_ns; /* -1: not empty */
	enum sim_light light;
	enum sim_weather weather;
	int64_t change_at; /* vehicle before which light and weather change */
};

/* Position on a course `t` seconds after entering. */
void traffic_pose(const struct course *c, float t, struct pose *out);

/* Bring in who is due, move everyone, take out who has gone (its truth then waits in *left, *n_left
 * of them, at most STREET_ACTORS). */
void traffic_step(struct traffic *t, const struct street_setup *setup, struct art *art,
		  int64_t now_ns, struct street_passage *left, size_t *n_left);

#endif
