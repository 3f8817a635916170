/* SPDX-License-Identifier: Apache-2.0 */
/* Passages on their way to the store: kept until it has them, sent again when it comes back,
 * bounded. */
#ifndef FIRMWARE_VISION_UNSENT_H
#define FIRMWARE_VISION_UNSENT_H

#include "firmware/base/err.h"
#include "firmware/wire.h"

#include <stddef.h>
#include <stdint.h>

struct unsent_entry {
	struct wire_passage passage;
	int gift;  /* owned */
	bool sent; /* to the store that is there now */
};

struct unsent {
	struct unsent_entry *at; /* oldest first */
	size_t n, most;
	int64_t dropped; /* for want of room: the oldest */
};

/* ERR_NO_MEMORY. unsent_free closes the gifts. */
bool unsent_new(struct unsent *u, size_t most, struct err *e) MUST_CHECK;
void unsent_free(struct unsent *u);

/* Keep a passage and its gift (the fd becomes the queue's). When it is full the oldest is dropped
 * and counted. */
void unsent_add(struct unsent *u, const struct wire_passage *m, int gift);

/* The oldest that was not sent yet, or NULL. */
struct unsent_entry *unsent_next(struct unsent *u);

/* The store has it, or refuses it for good: true when it was here. */
bool unsent_done(struct unsent *u, const uint8_t id[WIRE_ID_SIZE]);

/* The store was started again: everything is to be sent again. */
void unsent_again(struct unsent *u);

#endif
