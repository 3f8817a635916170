/* SPDX-License-Identifier: Apache-2.0 */
/* The delta from one bundle to another. */
#ifndef HOTLIST_TOOL_DIFF_H
#define HOTLIST_TOOL_DIFF_H

#include "hotlist/delta.h"

/*
 * Make the delta that turns the bundle `old` into `new`; both whole files that have passed
 * sign_check, `new` signed. *delta: malloc'd, caller frees. ERR_FORMAT (a header), ERR_NO_MEMORY.
 */
bool diff_bundles(const uint8_t *old, size_t old_len, const uint8_t *new, size_t new_len,
		  uint8_t **delta, size_t *len, struct err *e) MUST_CHECK;

#endif
