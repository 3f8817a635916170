/* SPDX-License-Identifier: Apache-2.0 */
/* What every keystore driver does the same way: two root keys, what they wrap, and how they follow
 * each other. Private to hal/keystore*. */
#ifndef HAL_KEYSTORE_ROOTS_H
#define HAL_KEYSTORE_ROOTS_H

#include "hal/keystore.h"

struct keystore_root {
	uint64_t generation; /* 0: none */
	uint8_t key[KEYSTORE_KEY];
};

struct keystore_roots {
	struct keystore_root newest, older;
};

/* As keystore_ops.wrap and .unwrap. newest.generation 0 is a keyless keystore: ERR_POLICY. */
bool keystore_roots_wrap(const struct keystore_roots *r, const uint8_t key[KEYSTORE_KEY],
			 uint64_t context, uint8_t out[KEYSTORE_WRAPPED], struct err *e) MUST_CHECK;
bool keystore_roots_unwrap(const struct keystore_roots *r, const uint8_t wrapped[KEYSTORE_WRAPPED],
			   uint64_t context, uint8_t key[KEYSTORE_KEY], struct err *e) MUST_CHECK;

/* The first root key into *r, or the next one: what *next holds, newest becoming older. ERR_AGAIN:
 * there is an older one still; ERR_POLICY: keyless; ERR_IO: no random bytes. */
bool keystore_roots_first(struct keystore_roots *r, struct err *e) MUST_CHECK;
bool keystore_roots_next(const struct keystore_roots *r, struct keystore_roots *next,
			 struct err *e) MUST_CHECK;

/* Overwrite every key; *r is keyless then. For CLEANUP too. */
void keystore_roots_wipe(struct keystore_roots *r);

/* Overwrite one; it is none then. */
void keystore_root_wipe(struct keystore_root *r);

/* Little-endian numbers, as keystores write them. */
void keystore_put64(uint8_t out[8], uint64_t value);
uint64_t keystore_get64(const uint8_t in[8]);

#endif
