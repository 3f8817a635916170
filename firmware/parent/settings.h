/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole configuration as the parent holds it: the text that every role gets, and each role's
 * part parsed, so that a broken file is refused before anything starts and a changed one restarts
 * only those whom it concerns.
 */
#ifndef FIRMWARE_PARENT_SETTINGS_H
#define FIRMWARE_PARENT_SETTINGS_H

#include "firmware/base/err.h"
#include "firmware/parent/conf.h"
#include "firmware/wire.h"

#include <stddef.h>
#include <stdint.h>

/* Files whose content a role reads once: uplink's authority, certificate and key, and the public
 * key of the hotlist's signer, which is the store's. */
#define SETTINGS_UPLINK_FILES 3u
#define SETTINGS_FILES	      5u

/* Tells a file that was replaced or written from the one before (stat(2)); all 0: not there. */
struct settings_file {
	uint64_t device, inode;
	int64_t size, changed_ns;
};

struct settings {
	char *path;   /* of the file, absolute */
	char *folder; /* that it lies in: relative paths are relative to it */
	char *text;
	size_t len;
	struct parent_conf daemon;
	void
	    *parts[WIRE_ROLES]; /* what each role's conf_load made of it; NULL: role not built in */
	struct settings_file files[SETTINGS_FILES]; /* as they were when this was loaded */
};

/* 1 when this build has the role. */
bool settings_has_role(enum wire_role role);

/*
 * Read and check the file. *out: settings_free.
 * ERR_NOT_FOUND, ERR_IO: the file; ERR_CONFIG, ERR_LIMIT: what is in it, with section, key and
 * line; ERR_NO_MEMORY.
 */
bool settings_load(const char *path, struct settings **out, struct err *e) MUST_CHECK;

/* Whether the role would be set otherwise by b than by a: for uplink also by renewed certificates,
 * for the store by another key at the same place. */
bool settings_differ(const struct settings *a, const struct settings *b, enum wire_role role);

/* Free all of it; NULL is harmless. */
void settings_free(struct settings *s);

#endif
