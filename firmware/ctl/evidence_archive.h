/* SPDX-License-Identifier: Apache-2.0 */
/* The archive of an answer (firmware/store/EVIDENCE.md, "The archive"), taken apart in memory. */
#ifndef FIRMWARE_CTL_EVIDENCE_ARCHIVE_H
#define FIRMWARE_CTL_EVIDENCE_ARCHIVE_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* The files that every archive begins with, in this order; pictures follow. */
enum evidence_part {
	EVIDENCE_MANIFEST,
	EVIDENCE_SIGNATURE,
	EVIDENCE_REQUEST,
	EVIDENCE_CERTIFICATE,
	EVIDENCE_AUDIT,
	EVIDENCE_KEY,
	EVIDENCE_PARTS
};

#define EVIDENCE_ID_LENGTH 32u /* digits of a passage's id */

struct evidence_file {
	const char *name;    /* NUL-terminated, in the archive */
	const uint8_t *data; /* in the archive; no NUL behind it */
	size_t len;
};

struct evidence_archive {
	struct evidence_file *files; /* the first EVIDENCE_PARTS are the parts */
	size_t n;
};

/*
 * Take apart what is a ustar archive of plain files with the names that an answer has and no
 * others: a name is never mended. `data` is borrowed until evidence_archive_free, which is safe on
 * a zeroed struct. ERR_FORMAT with where it is wrong: a header that is not as ours, a name that no
 * answer has or twice, parts missing or in another order, anything but zeros where nothing belongs,
 * cut off, or more behind the end. ERR_NO_MEMORY.
 */
bool evidence_archive_read(const uint8_t *data, size_t len, struct evidence_archive *out,
			   struct err *e) MUST_CHECK;
void evidence_archive_free(struct evidence_archive *a);

/* "reads/<32 lower-case hexadecimal digits>/<crop|scene>_<0|1>.jpg" and nothing else? */
bool evidence_is_picture(const char *name);

/* The id in such a name: EVIDENCE_ID_LENGTH digits. And what the picture is: "crop_0", …, without
 * its ".jpg", 7 or 6 characters. */
const char *evidence_picture_id(const char *name);
const char *evidence_picture_kind(const char *name, size_t *len);

#endif
