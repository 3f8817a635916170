/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the disk. To delete rows a database must first write, which a full disk refuses: so a
 * little is set aside in a file that is given up when that happens, and made again when there is
 * room.
 */
#ifndef FIRMWARE_STORE_SPACE_H
#define FIRMWARE_STORE_SPACE_H

#include "firmware/base/err.h"

#include <limits.h>
#include <stdint.h>

struct space {
	char path[PATH_MAX]; /* of the file set aside */
	char folder[PATH_MAX];
	int64_t bytes; /* of it, when it is there */
	bool there;
};

/* Look at the folder; set the reserve aside. `ring_bytes`: the ring's bound, which it is small
 * against. ERR_IO, ERR_LIMIT. */
bool space_open(struct space *s, const char *folder, int64_t ring_bytes, struct err *e) MUST_CHECK;

/* Give the reserve up. True when there was one. */
bool space_give_up(struct space *s);

/* Set it aside again, when twice its size and `keep_free` bytes more are free. No room is no error.
 */
void space_restore(struct space *s, int64_t keep_free);

/* Bytes that the file system has free for us. ERR_IO. */
bool space_free(const struct space *s, int64_t *bytes, struct err *e) MUST_CHECK;

#endif
