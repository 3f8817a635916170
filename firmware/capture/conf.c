/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/capture/conf.h"

#include "board/board.h"
#include "firmware/base/conf.h"
#include "hal/lamp.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define AT(field)  offsetof(struct capture_conf, camera.field)
#define OWN(field) offsetof(struct capture_conf, field)

static const struct conf_key keys[] = {
    {"driver", CONF_STRING, AT(driver), "", 0, 0, NULL, "camera driver; empty: the board's own"},
    {"source", CONF_PATH, AT(source), "", 0, 0, NULL,
     "replay: folder or list file of pictures; libcamera: folder that its virtual pipeline reads"},
    {"camera0", CONF_STRING, AT(id0), "", 0, 0, NULL,
     "libcamera: id of camera 0; empty: the board's, or the first in the order of ids"},
    {"camera1", CONF_STRING, AT(id1), "", 0, 0, NULL,
     "libcamera: id of camera 1; empty: the board's, or the next in the order of ids"},
    {"truth", CONF_PATH, AT(truth), "", 0, 0, NULL,
     "sim, replay, libcamera: file that receives what was really shown, JSON lines"},
    {"record", CONF_PATH, AT(record), "", 0, 0, NULL,
     "sim: folder that receives the frames that show a vehicle, JPEG"},
    {"width", CONF_INT, AT(width), "1280", 64, 8192, NULL, "pixels of a frame"},
    {"height", CONF_INT, AT(height), "720", 64, 8192, NULL, "pixels of a frame"},
    {"rate", CONF_REAL, AT(rate), "10", 0, 120, NULL,
     "frames a second of each camera; 0: as fast as they are taken"},
    {"pair_skew_ms", CONF_INT, OWN(pair_skew_ms), "0", 0, 1000, NULL,
     "most that the exposures of a pair may lie apart, milliseconds; 0: the board's. For emulated "
     "cameras, which are slower than any sensor"},
    {"loop", CONF_BOOL, AT(loop), "no", 0, 0, NULL, "replay: start again at the end"},
    {"single", CONF_BOOL, AT(single), "no", 0, 0, NULL,
     "replay: every picture is a frame of camera 0 alone; libcamera: camera 0 is used alone"},
    {"seed", CONF_INT, AT(seed), "1", 0, 4294967295.0, NULL, "sim: same seed, same street"},
    {"passages", CONF_INT, AT(passages), "0", 0, 10000000, NULL,
     "sim: vehicles before the end; 0: for ever"},
    {"light", CONF_CHOICE, AT(light), "day", 0, 0, "day|dusk|night|mixed", "sim"},
    {"weather", CONF_CHOICE, AT(weather), "clear", 0, 0, "clear|rain|mixed", "sim"},
    {"hard", CONF_CHOICE, AT(hard), "none", 0, 0, "none|some|all",
     "sim: dirt, occlusion, stickers and signs, parked car, several vehicles at once"},
    {"plates", CONF_PATH, AT(plates), "", 0, 0, NULL,
     "sim: file of plates to drive past, TEXT JURISDICTION a line"},
    {"wanted_share", CONF_REAL, AT(wanted_share), "0", 0, 1, NULL,
     "sim: share of vehicles that take a plate of that file"},
    {"fonts", CONF_PATH, AT(fonts), "/usr/share/fonts", 0, 0, NULL,
     "sim: folder below which the plate fonts lie"},
    {"controls", CONF_PATH, AT(controls), "", 0, 0, NULL,
     "file that receives what the cameras are asked to expose with, JSON lines"},
    {"max_exposure", CONF_INT, OWN(max_exposure), "0", 0, 100000, NULL,
     "longest exposure, microseconds; 0: the board's, which keeps moving plates sharp"},
    {"max_gain", CONF_REAL, OWN(max_gain), "0", 0, 64, NULL,
     "highest analogue gain, 1 and up; 0: the board's"},
    {"night_gain", CONF_REAL, OWN(night_gain), "0", 0, 64, NULL,
     "the same under the infrared lamp"},
    {"lamp", CONF_STRING, OWN(lamp), "board", 0, 0, NULL,
     "infrared lamp: board (the one it names, if any), none, gpio, fake"},
    {"lamp_folder", CONF_PATH, OWN(lamp_folder), "", 0, 0, NULL,
     "fake lamp: folder of the files that stand for its lines"},
};

static bool check_light(const struct capture_conf *c, struct err *e)
{
	if ((c->max_gain != 0 && c->max_gain < 1) || (c->night_gain != 0 && c->night_gain < 1))
		return err_set(e, ERR_CONFIG, "[camera] max_gain, night_gain: below 1");
	if (strcmp(c->lamp, "board") != 0 && strcmp(c->lamp, "none") != 0 &&
	    !conf_listed(c->lamp, lamp_names()))
		return err_set(e, ERR_CONFIG, "[camera] lamp: none of board, none, %s",
			       lamp_names());
	if (strcmp(c->lamp, "fake") == 0 && !c->lamp_folder[0])
		return err_set(e, ERR_CONFIG, "[camera] lamp_folder: the fake lamp needs it");
	return true;
}

bool capture_conf_load(const char *text, size_t len, const char *folder, struct capture_conf *out,
		       struct err *e)
{
	struct camera_conf *c = &out->camera;

	memset(out, 0, sizeof *out);
	if (!conf_fill(text, len, folder, "camera", keys, sizeof keys / sizeof *keys, out, e))
		return false;
	if (c->driver[0] && !conf_listed(c->driver, camera_names()))
		return err_set(e, ERR_CONFIG, "[camera] driver: none of those built in (%s)",
			       camera_names());
	if (strcmp(c->driver, "replay") == 0 && !c->source[0])
		return err_set(e, ERR_CONFIG,
			       "[camera] source: the replay driver needs a folder or list file");
	return check_light(out, e);
}

/* A log is made while the files are closed already: below its folder, kept in `folder`. */
static void allow_log(const char *path, char folder[256], struct sandbox *box)
{
	size_t n = 0;
	char *slash;

	if (!path[0])
		return;
	(void)snprintf(folder, 256, "%s", path);
	slash = strrchr(folder, '/');
	if (slash && slash != folder)
		*slash = 0;
	while (box->write_paths[n])
		n++;
	box->write_paths[n] = folder;
	box->may |= SANDBOX_WRITE_FILES;
}

/* What libcamera reads: itself and its modules, what devices there are, the pictures of its virtual
 * pipeline. Its devices it opens again when a camera is repaired. */
static void libcamera_sandbox(struct capture_conf *conf, struct sandbox *box)
{
	static const char *const reads[] = {"/usr", "/lib", "/sys", "/run/udev",
					    "/etc/ld.so.cache"};
	static const char *const devices[] = {"/dev/media*", "/dev/video*", "/dev/v4l-subdev*",
					      "/dev/dma_heap/*", "/dev/udmabuf"};

	box->may = SANDBOX_READ_FILES | SANDBOX_DEVICES | SANDBOX_THREADS | SANDBOX_MEMFD;
	for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++)
		box->read_paths[i] = reads[i];
	for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
		box->device_paths[i] = devices[i];
	if (conf->camera.source[0])
		box->read_paths[sizeof reads / sizeof reads[0]] = conf->camera.source;
	allow_log(conf->camera.truth, conf->truth_folder, box);
	allow_log(conf->camera.controls, conf->controls_folder, box);
}

void capture_sandbox(struct capture_conf *conf, struct sandbox *box)
{
	const struct camera_conf *c = &conf->camera;
	struct stat st;
	char *slash;

	memset(box, 0, sizeof *box);
	if (strcmp(c->driver, "libcamera") == 0) {
		libcamera_sandbox(conf, box);
		return;
	}
	if (c->source[0]) {
		(void)snprintf(conf->read_folder, sizeof conf->read_folder, "%s", c->source);
		slash = strrchr(conf->read_folder, '/');
		/* The pictures of a list file lie in its folder. */
		if (slash && slash != conf->read_folder && stat(c->source, &st) == 0 &&
		    !S_ISDIR(st.st_mode))
			*slash = 0;
		box->may |= SANDBOX_READ_FILES;
		box->read_paths[0] = conf->read_folder;
	}
	if (strcmp(conf->lamp, "gpio") == 0 ||
	    (strcmp(conf->lamp, "board") == 0 && board.lamp_strobe.chip))
		box->may |= SANDBOX_DEVICES;
	if (c->record[0]) {
		box->may |= SANDBOX_WRITE_FILES;
		box->write_paths[0] = c->record;
	}
}
