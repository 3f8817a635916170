/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says to uplink: section [uplink], and the name of the site.
 */
#ifndef FIRMWARE_UPLINK_CONF_H
#define FIRMWARE_UPLINK_CONF_H

#include "firmware/base/conf.h"
#include "firmware/base/err.h"
#include "firmware/base/sandbox.h"

#include <stddef.h>
#include <stdint.h>

struct uplink_conf {
	char url[CONF_STRING_MAX]; /* "https://host[:port][/path]"; "": no RTCC, hits wait */
	char ca[CONF_STRING_MAX];  /* PEM: the RTCC's own authority, the only one trusted */
	char certificate[CONF_STRING_MAX]; /* PEM: this box's, with what lies between it and the
					      RTCC's authority */
	char key[CONF_STRING_MAX];	   /* PEM: its private key, unencrypted */
	double hotlist_poll_s;		   /* 0: never ask */
	int64_t hotlist_wait_s; /* the RTCC may keep a question so long until there is news; 0: it
				   answers at once */
	int64_t hotlist_max_bytes;	 /* a larger bundle is not taken */
	double connect_timeout_s;	 /* until TLS stands */
	double stall_timeout_s;		 /* less than 100 bytes a second for so long is a failure */
	double hit_timeout_s;		 /* one hit, from request to answer */
	double hotlist_timeout_s;	 /* one download */
	double retry_min_s, retry_max_s; /* first and longest wait after a failure */
	double heartbeat_s;		 /* between two heartbeats; 0: none are sent */
	double evidence_poll_s;		 /* between two questions for a request; 0: never ask */
	char site[CONF_STRING_MAX];	 /* [site] name, UTF-8, never empty: for the heartbeat */
};

/*
 * Fill *out from the configuration text; `folder` is what relative paths are relative to. Touches
 * no file. ERR_CONFIG as conf_fill; also for a URL that is not https:// or names a user or a query,
 * for an RTCC without ca, certificate or key, and for retry_min_s above retry_max_s. ERR_LIMIT.
 */
bool uplink_conf_load(const char *text, size_t len, const char *folder, struct uplink_conf *out,
		      struct err *e) MUST_CHECK;

/* What the uplink role may still do once its certificates are loaded: go out, and read how names
 * are resolved. */
void uplink_sandbox(struct sandbox *box);

#endif
