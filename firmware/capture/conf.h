/* SPDX-License-Identifier: Apache-2.0 */
/* Section [camera] of the configuration. */
#ifndef FIRMWARE_CAPTURE_CONF_H
#define FIRMWARE_CAPTURE_CONF_H

#include "firmware/base/err.h"
#include "firmware/base/sandbox.h"
#include "hal/camera.h"

struct capture_conf {
	struct camera_conf camera;
	char lamp[256];		     /* board|none|gpio|fake */
	char lamp_folder[256];	     /* of the fake lamp */
	int64_t pair_skew_ms;	     /* 0: the board's */
	int64_t max_exposure;	     /* us; 0: the board's */
	double max_gain, night_gain; /* 0: the board's */
	char read_folder[256];	     /* filled by capture_sandbox */
	char truth_folder[256], controls_folder[256];
};

/* Parse and check section [camera]; folder: what relative paths are relative to. ERR_CONFIG,
 * ERR_LIMIT. */
bool capture_conf_load(const char *text, size_t len, const char *folder, struct capture_conf *out,
		       struct err *e) MUST_CHECK;

/*
 * What the capture role may still do once its cameras are open: *box refers to strings in *conf.
 * For libcamera, which starts threads while it opens, it is also what it may do meanwhile
 * (sandbox_close_files). conf->camera.driver must be set: empty, it is a driver that needs nothing.
 */
void capture_sandbox(struct capture_conf *conf, struct sandbox *box);

#endif
