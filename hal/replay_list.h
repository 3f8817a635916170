/* SPDX-License-Identifier: Apache-2.0 */
/* What the replay camera plays: a folder or a list file turned into a sequence of pairs of file
 * names. */
#ifndef HAL_REPLAY_LIST_H
#define HAL_REPLAY_LIST_H

#include "firmware/base/err.h"
#include "hal/frame.h"

#include <stddef.h>
#include <stdint.h>

#define REPLAY_LIST_MAX	      1000000u	  /* pairs of a list */
#define REPLAY_LIST_BYTES_MAX (64u << 20) /* of a list file */
#define REPLAY_NO_FILE	      UINT32_MAX

struct replay_pair {
	uint32_t
	    name[FRAME_CAMERAS]; /* offset in names, or REPLAY_NO_FILE: this angle is missing */
	int64_t capture_ns[FRAME_CAMERAS]; /* UTC; 0: not given */
};

struct replay_list {
	int folder; /* open; the names are relative to it. -1 in a zeroed list after
		       replay_list_free */
	struct replay_pair *pairs;
	size_t n;
	char *names; /* NUL-terminated one after the other */
	size_t names_len, names_room, pairs_room;
};

/*
 * Look at `source` and list what it holds; nothing is decoded.
 *
 * A folder with the folders cam0 and cam1: files of the same name without extension are a pair, in
 * the order of their names; a file that only one of them has is that angle alone. Any other folder:
 * its picture files in the order of their names, two by two; with `single` each is a frame of
 * camera 0. Picture files end in jpg, jpeg, png, bmp, pgm, ppm, pnm or webp, in any case.
 *
 * A file: a list. A line is `FILE0 FILE1 [TIME0 [TIME1]]`, with `single` `FILE0 [TIME]`, separated
 * by tabs, or by blanks where the line has no tab; `-` is a missing angle; TIME is the start of
 * exposure in nanoseconds since 1970 UTC, of both where there is one; # begins a comment line.
 * Names are relative to the list's folder and stay below it: no leading /, no .. .
 *
 * ERR_NOT_FOUND: source absent, or no picture in it; ERR_FORMAT: a line that is not as above (its
 * number is told); ERR_LIMIT: more than REPLAY_LIST_MAX pairs; ERR_IO, ERR_NO_MEMORY. *out:
 * replay_list_free, also after a failure.
 */
bool replay_list_open(const char *source, bool single, struct replay_list *out,
		      struct err *e) MUST_CHECK;
void replay_list_free(struct replay_list *l);

/* Name of the picture of `camera` in pair i, or NULL when that angle is missing. */
const char *replay_list_name(const struct replay_list *l, size_t i, unsigned camera);

#endif
