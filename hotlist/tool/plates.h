/* SPDX-License-Identifier: Apache-2.0 */
/* A list as rows that a person can read: the one place of the tool that writes plates. */
#ifndef HOTLIST_TOOL_PLATES_H
#define HOTLIST_TOOL_PLATES_H

#include "hotlist/layout.h"

#include <stdio.h>

/*
 * Write every entry of a whole bundle in memory, which sign_check has accepted, to `to` in the
 * order of the list: CSV with the columns of the layout `csv`, times as YYYY-MM-DDTHH:MM:SSZ, what
 * is unknown empty. compile makes the same entries of it. A write that failed ends it and shows in
 * ferror(to). ERR_FORMAT, ERR_POLICY: not what sign_check accepted.
 */
bool plates_write(const uint8_t *file, const struct layout *l, FILE *to, struct err *e) MUST_CHECK;

#endif
