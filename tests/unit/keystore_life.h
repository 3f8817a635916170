/* SPDX-License-Identifier: Apache-2.0 */
/* What every keystore must do, whatever the driver. */
#ifndef TESTS_UNIT_KEYSTORE_LIFE_H
#define TESTS_UNIT_KEYSTORE_LIFE_H

#include "hal/keystore.h"

/* Open it, or fail the test with the error's text. */
struct keystore *life_open(const struct keystore_ops *ops, const struct keystore_conf *conf);

/* Whether opening fails with this code and leaves nothing; the text goes to `e` (may be NULL). */
void life_refuses(const struct keystore_ops *ops, const struct keystore_conf *conf,
		  enum err_code code, struct err *e);

/* Wrap a key made of `fill` and unwrap it again. */
void life_wrap(const struct keystore_ops *ops, struct keystore *k, uint8_t fill, uint64_t context,
	       uint8_t wrapped[KEYSTORE_WRAPPED]);

/* ERR_NONE when it unwraps to a key of `fill`. */
enum err_code life_unwrap(const struct keystore_ops *ops, struct keystore *k, uint8_t fill,
			  uint64_t context, const uint8_t wrapped[KEYSTORE_WRAPPED]);

/* A whole life, from creation to destruction, with a restart after each step. conf->create is not
 * looked at. `ahead`: after a restart the driver cannot know whether a rotation was begun. */
void life_whole(const struct keystore_ops *ops, struct keystore_conf conf, bool ahead);

/* What a keyless one refuses. */
void life_keyless(const struct keystore_ops *ops, struct keystore_conf conf);

#endif
