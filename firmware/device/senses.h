/* SPDX-License-Identifier: Apache-2.0 */
/* The sensors of the box, opened once and read again and again: what each says goes to judge.h. */
#ifndef FIRMWARE_DEVICE_SENSES_H
#define FIRMWARE_DEVICE_SENSES_H

#include "firmware/device/conf.h"
#include "firmware/device/judge.h"
#include "hal/door.h"
#include "hal/keystore.h"

struct senses {
	struct judge judge;
	struct door *door; /* each NULL: not wanted, or it could not be opened (judge.blind) */
	const struct door_ops *door_ops;
	struct temperature *temperature;
	const struct temperature_ops *temperature_ops;
	struct clock_quality *clock;
	const struct clock_quality_ops *clock_ops;
	struct location *location;
	const struct location_ops *location_ops;
	struct keystore *keystore;
	const struct keystore_ops *keystore_ops;
	int64_t placed_ns; /* monotonic: the last time a place was known, or the start */
	int64_t openings;  /* of the door, since the start */
	bool unopened;	   /* one of them could not be opened */
};

/*
 * Open every sensor that the (completed) configuration wants, their files and devices; nothing is
 * opened later. One that cannot be opened is a trouble to be shown, not a reason to watch nothing:
 * its `why` is in the judge. ERR_CONFIG: a driver that this build has not.
 */
bool senses_open(struct senses *s, const struct device_conf *conf, struct err *e) MUST_CHECK;

/* Take what waits of the door's edges, and its state now. */
void senses_door(struct senses *s);

/* Let the location driver work; its descriptor is readable. */
void senses_place(struct senses *s);

/* Ask all but the keystore. */
void senses_look(struct senses *s);

/* Ask the keystore, which may take a TPM's time (milliseconds). */
void senses_key(struct senses *s);

/* Whether something cannot be used that might be when it is opened anew: not so gpsd, to which the
 * connection is made again and again. */
bool senses_stuck(const struct senses *s);

/* Close all; harmless when none is open. */
void senses_close(struct senses *s);

#endif
