/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sensors' words mean: which troubles the box has, and how to say each to a technician.
 * Pure: no clock, no descriptors.
 */
#ifndef FIRMWARE_DEVICE_JUDGE_H
#define FIRMWARE_DEVICE_JUDGE_H

#include "firmware/wire.h"
#include "hal/clock_quality.h"
#include "hal/location.h"
#include "hal/temperature.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sense { SENSE_DOOR, SENSE_TEMPERATURE, SENSE_CLOCK, SENSE_LOCATION, SENSE_KEYSTORE, SENSES };

/* "door", "temperature", … as a person calls it. */
const char *sense_name(enum sense s);

struct judge_limits {
	double temperature_max_c, disk_max_c; /* degrees Celsius */
	int64_t clock_max_ms;
	double moved_m;
	double latitude, longitude; /* surveyed, degrees WGS 84 */
};

/* The sensors of a kind, in this round. */
struct judge_heat {
	bool known;						  /* one was read */
	bool was_hot;						  /* in the round before */
	unsigned hot;						  /* how many are */
	int32_t millidegrees;					  /* of the hottest */
	char name[sizeof((struct temperature_reading *)0)->name]; /* whose it is */
};

struct judge {
	struct judge_limits limits;
	bool blind[SENSES]; /* wanted, and cannot be read now; `why` of the latest */
	char why[SENSES][80];
	bool door_open;
	struct judge_heat disk, board;
	bool clock_known;
	struct clock_quality_reading clock;
	bool place_known, moved;
	double distance_m; /* from the surveyed place */
	bool key_missing;  /* there is none */
	bool key_fails;	   /* it is there and does not answer as it should */
	bool key_is_tpm;
};

/* Begin a round of temperatures: what judge_heat has not been told in it is not known. */
void judge_cool(struct judge *j);

/* One sensor's temperature. A sensor is hot from its limit on, and until it is 3 degrees below. */
void judge_heat(struct judge *j, const struct temperature_reading *r);

/* Where the box is said to be: it has moved when it is farther than the limit from its surveyed
 * place whatever the receiver's accuracy. */
void judge_place(struct judge *j, const struct location_reading *r);

/* A sense that cannot be read (`why`), or can (NULL). True: that is news. */
bool judge_blind(struct judge *j, enum sense s, const char *why);

/*
 * All troubles at once: `state` becomes "ok", or a word for each of them joined by '+', of door,
 * clock, key, hot, moved and blind; `detail` says each in plain words, separated by "; ", and has
 * room for all of them.
 */
void judge_say(const struct judge *j, char *state, size_t state_size, char *detail,
	       size_t detail_size);

/* Metres along the surface of the earth between two places, degrees WGS 84 (haversine: good to 0.5
 * %). */
double judge_distance_m(double latitude, double longitude, double latitude2, double longitude2);

#endif
