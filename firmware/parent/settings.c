/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/parent/settings.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/conf.h"
#include "firmware/capture/conf.h"
#include "firmware/control/conf.h"
#include "firmware/device/conf.h"
#include "firmware/store/conf.h"
#include "firmware/uplink/conf.h"
#include "firmware/vision/conf.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* One type for every role's loader; `out` is of the role's own. */
#define LOADER(role)                                                                               \
	static bool load_##role(const char *text, size_t len, const char *folder, void *out,       \
				struct err *e)                                                     \
	{                                                                                          \
		return role##_conf_load(text, len, folder, (struct role##_conf *)out, e);          \
	}

LOADER(capture)
LOADER(vision)
LOADER(store)
#ifdef CONFIG_UPLINK
LOADER(uplink)
#endif
#ifdef CONFIG_CONTROL
LOADER(control)
#endif
#ifdef CONFIG_DEVICE
LOADER(device)
#endif

struct part {
	size_t size;
	bool (*load)(const char *text, size_t len, const char *folder, void *out, struct err *e);
};

static const struct part parts[WIRE_ROLES] = {
    [WIRE_CAPTURE] = {sizeof(struct capture_conf), load_capture},
    [WIRE_VISION] = {sizeof(struct vision_conf), load_vision},
    [WIRE_STORE] = {sizeof(struct store_conf), load_store},
#ifdef CONFIG_UPLINK
    [WIRE_UPLINK] = {sizeof(struct uplink_conf), load_uplink},
#endif
#ifdef CONFIG_CONTROL
    [WIRE_CONTROL] = {sizeof(struct control_conf), load_control},
#endif
#ifdef CONFIG_DEVICE
    [WIRE_DEVICE] = {sizeof(struct device_conf), load_device},
#endif
};

/* A section of a role that is not built in is still no mistake: one file serves both builds. */
static const char *const sections[] = {"site",	  "camera",   "vision", "store",
				       "hotlist", "evidence", "uplink", "control",
				       "device",  "daemon",   NULL};

bool settings_has_role(enum wire_role role)
{
	return role < WIRE_ROLES && parts[role].load;
}

/* A keystore that is watched must be the one that the reads need: all could be well with another.
 */
static bool check_keystore(const struct settings *s, struct err *e)
{
	const struct store_conf *store = s->parts[WIRE_STORE];
	const struct device_conf *device = s->parts[WIRE_DEVICE];
	const char *of_store, *of_device;
	bool tpm;

	if (!store || !device || strcmp(device->keystore, "none") == 0)
		return true;
	if (strcmp(device->keystore, store->ring.keystore) != 0)
		return err_set(
		    e, ERR_CONFIG,
		    "[device] keystore: %.40s is not what [store] keystore names (%.40s)",
		    device->keystore, store->ring.keystore);
	tpm = strcmp(device->keystore, "tpm2") == 0;
	of_store = tpm ? store->ring.keystore_device : store->ring.keystore_path;
	of_device = tpm ? device->keystore_device : device->keystore_path;
	return strcmp(of_store, of_device) == 0 ||
	       err_set(e, ERR_CONFIG,
		       "[device] keystore_%s: another one than that of [store] (%.200s)",
		       tpm ? "device" : "path", of_store);
}

static bool load_parts(struct settings *s, struct err *e)
{
	if (!conf_sections(s->text, s->len, sections, e) ||
	    !parent_conf_load(s->text, s->len, s->folder, &s->daemon, e))
		return false;
	for (unsigned r = 0; r < WIRE_ROLES; r++) {
		if (!parts[r].load)
			continue;
		s->parts[r] = calloc(1, parts[r].size);
		if (!s->parts[r])
			return err_set(e, ERR_NO_MEMORY, "configuration");
		if (!parts[r].load(s->text, s->len, s->folder, s->parts[r], e))
			return false;
	}
	return check_keystore(s, e);
}

/* The folder without links, so that it stays the same; the file as named, so that a link to it may
 * be changed. */
static bool locate(const char *path, struct settings *s, struct err *e)
{
	AUTO_FREE char *for_folder = strdup(path);
	AUTO_FREE char *for_name = strdup(path);

	if (!for_folder || !for_name)
		return err_set(e, ERR_NO_MEMORY, "configuration");
	s->folder = realpath(dirname(for_folder), NULL);
	if (!s->folder)
		return err_errno(e, errno, "%.200s", path);
	if (strlen(s->folder) >= PATH_MAX ||
	    asprintf(&s->path, "%s/%s", s->folder[1] ? s->folder : "", basename(for_name)) < 0) {
		s->path = NULL;
		return err_set(e, ERR_NO_MEMORY, "configuration");
	}
	return true;
}

static bool load(const char *path, struct settings *s, struct err *e)
{
	if (!locate(path, s, e) || !conf_read(s->path, &s->text, &s->len, e))
		return false;
	return load_parts(s, e) || err_prefix(e, "%.200s", path);
}

static void note_file(const char *path, struct settings_file *f)
{
	struct stat st;

	if (!path[0] || stat(path, &st) != 0)
		return;
	f->device = st.st_dev;
	f->inode = st.st_ino;
	f->size = st.st_size;
	f->changed_ns = (int64_t)st.st_ctim.tv_sec * NS_PER_S + st.st_ctim.tv_nsec;
}

/* Certificates and keys are renewed in place, under the same configuration. */
static void note_files(struct settings *s)
{
	const struct store_conf *store = s->parts[WIRE_STORE];
#ifdef CONFIG_UPLINK
	const struct uplink_conf *u = s->parts[WIRE_UPLINK];

	if (!u) /* never: every part is there once the file has passed */
		return;
	note_file(u->ca, &s->files[0]);
	note_file(u->certificate, &s->files[1]);
	note_file(u->key, &s->files[2]);
#endif
	if (!store)
		return;
	note_file(store->hotlist.key, &s->files[SETTINGS_UPLINK_FILES]);
	note_file(store->hotlist.key_next, &s->files[SETTINGS_UPLINK_FILES + 1]);
}

bool settings_load(const char *path, struct settings **out, struct err *e)
{
	struct settings *s = calloc(1, sizeof *s);

	if (!s)
		return err_set(e, ERR_NO_MEMORY, "configuration");
	if (!load(path, s, e)) {
		settings_free(s);
		return false;
	}
	note_files(s);
	*out = s;
	return true;
}

bool settings_differ(const struct settings *a, const struct settings *b, enum wire_role role)
{
	if (!settings_has_role(role))
		return false;
	if (role == WIRE_UPLINK &&
	    memcmp(a->files, b->files, SETTINGS_UPLINK_FILES * sizeof a->files[0]) != 0)
		return true;
	if (role == WIRE_STORE && memcmp(&a->files[SETTINGS_UPLINK_FILES],
					 &b->files[SETTINGS_UPLINK_FILES], sizeof a->files[0]) != 0)
		return true;
	return memcmp(a->parts[role], b->parts[role], parts[role].size) != 0;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	for (unsigned r = 0; r < WIRE_ROLES; r++)
		free(s->parts[r]);
	free(s->text);
	free(s->folder);
	free(s->path);
	free(s);
}
