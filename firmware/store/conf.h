/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says to the store: sections [site], [store], [hotlist] and
 * [evidence]. */
#ifndef FIRMWARE_STORE_CONF_H
#define FIRMWARE_STORE_CONF_H

#include "firmware/base/conf.h"
#include "firmware/base/err.h"
#include "firmware/site.h"

#include <stddef.h>
#include <stdint.h>

struct store_ring_conf {
	char path[CONF_STRING_MAX]; /* folder of the database and the hotlist cache */
	int64_t retention_days;	    /* 1..CONFIG_RETENTION_DAYS_CAP */
	int64_t max_bytes;	    /* of the ring */
	int64_t min_free_bytes;	    /* of the disk, left to others */
	/* As struct keystore_conf (hal/keystore.h) has them. */
	char keystore[CONF_STRING_MAX];
	char keystore_path[CONF_STRING_MAX];
	char keystore_device[CONF_STRING_MAX];
	bool keystore_create;
};

struct store_hotlist_conf {
	char path[CONF_STRING_MAX]; /* bundle on disk; "" for none */
	char key[CONF_STRING_MAX];  /* PEM public key of the signer; "" for none: then no list is
				       ever loaded */
	char key_next[CONF_STRING_MAX]; /* another one, whose lists load as well: the signer's next
					   key, before the change, or the one before, after it */
	int64_t cooldown_s; /* a wanted car seen again within this does not ring again; 0: it always
			       rings */
};

struct store_evidence_conf {
	char ca[CONF_STRING_MAX];	/* PEM authorities of EVIDENCE certificates; "": no request
					   is answered */
	char purposes[CONF_STRING_MAX]; /* that may be named, separated by commas */
	int64_t window_min;		/* 1..CONFIG_EVIDENCE_WINDOW_MIN */
	int64_t per_hour;  /* requests taken up, of one certificate; twice as many in all */
	int64_t day_min;   /* minutes of all windows without a plate within 24 hours */
	int64_t max_bytes; /* of an answer before it is sealed */
};

struct store_conf {
	struct site site;
	struct store_ring_conf ring;
	struct store_hotlist_conf hotlist;
	struct store_evidence_conf evidence;
};

/*
 * Fill *out from the configuration text; `folder` is what relative paths are relative to. Touches
 * no file. ERR_CONFIG as conf_fill; also for a retention or a window longer than the cap compiled
 * in, for a keystore that is not built in, and for purposes that are no list of names. ERR_LIMIT.
 */
bool store_conf_load(const char *text, size_t len, const char *folder, struct store_conf *out,
		     struct err *e) MUST_CHECK;

/* Whether `purpose` is one of those that the list ("a, b") has. */
bool store_purpose_listed(const char *purposes, const char *purpose);

#endif
