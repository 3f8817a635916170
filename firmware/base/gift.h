/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gifts: bytes handed to another process in a memfd that can no longer change (memfd_create(2),
 * F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL). The receiver checks the seals itself
 * before it maps: a sender gone wrong can give nonsense, but cannot change it while it is being
 * read.
 */
#ifndef FIRMWARE_BASE_GIFT_H
#define FIRMWARE_BASE_GIFT_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Make a sealed memfd holding the parts one after the other. *fd: caller closes. ERR_IO,
 * ERR_NO_MEMORY. */
bool gift_make(const char *name, const struct iovec *parts, size_t n_parts, int *fd,
	       struct err *e) MUST_CHECK;

/* The same in pieces, when the length is not known before: begin, append as often as needed, seal.
 * *fd: caller closes. ERR_IO, ERR_NO_MEMORY, ERR_NO_SPACE. */
bool gift_begin(const char *name, int *fd, struct err *e) MUST_CHECK;
bool gift_append(int fd, const void *data, size_t len, struct err *e) MUST_CHECK;
bool gift_seal(int fd, struct err *e) MUST_CHECK;

/* Check the seals of `fd` without a look at the bytes, for who only passes it on. *len: how many
 * there are. Errors as gift_map's. */
bool gift_check(int fd, size_t most, size_t *len, struct err *e) MUST_CHECK;

struct gift {
	const uint8_t *data; /* read-only mapping; NULL when len is 0 */
	size_t len;
};

/*
 * Check the seals of `fd` and map it read-only. The fd stays the caller's. `most`: larger is
 * refused. ERR_PEER: not a sealed memfd; ERR_LIMIT: larger than most; ERR_IO, ERR_NO_MEMORY.
 * gift_unmap frees.
 */
bool gift_map(int fd, size_t most, struct gift *out, struct err *e) MUST_CHECK;

/* Unmap; safe on a zeroed gift, and leaves it zeroed (usable with CLEANUP(gift_unmap)). */
void gift_unmap(struct gift *g);

#endif
