/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the box stands: drivers `surveyed` (what the configuration says) and `gpsd` behind one
 * vtable. A driver may have work of its own (a connection that comes and goes): watch its
 * descriptor and call work(); get() only hands out what is known.
 */
#ifndef HAL_LOCATION_H
#define HAL_LOCATION_H

#include "firmware/base/err.h"

#include <stdint.h>

struct location;

struct location_conf {
	char driver[256]; /* one of location_names() */
	/* gpsd: "address:port" (numeric; [::1]:2947 for IPv6) or the path of a UNIX socket;
	 * "": 127.0.0.1:2947. From an empty network namespace only the socket can be reached. */
	char source[256];
	double latitude, longitude; /* surveyed: degrees WGS 84 */
	int64_t stale_ms;	    /* gpsd: a fix older than that is none; 0: 10 s */
};

enum location_fix {
	LOCATION_SURVEYED, /* the configuration says so */
	LOCATION_2D,	   /* satellites, without height */
	LOCATION_3D
};

struct location_reading {
	enum location_fix fix;
	double latitude, longitude; /* degrees WGS 84, -90..90 and -180..180 */
	double accuracy_m; /* horizontal, as the receiver estimates it (gpsd_json(5): certainty
			      unknown); 0: it does not say */
	int64_t seen_ns;   /* CLOCK_MONOTONIC when it was received; 0: surveyed */
};

struct location_ops {
	const char *name;
	/*
	 * *out: close. gpsd need not be there (it is tried again, after 1 s, doubled to 60 s).
	 * ERR_CONFIG: an address that is none, coordinates out of range; ERR_IO, ERR_NO_MEMORY.
	 */
	bool (*open)(const struct location_conf *conf, struct location **out, struct err *e);
	/* Readable when work() has something to do; the same until close. -1: never. */
	int (*fd)(const struct location *l);
	/*
	 * Do what there is to do, without waiting. In a sandbox, gpsd: SANDBOX_UNIX_CONNECT (or
	 * SANDBOX_INTERNET for an address: the wrong one of the two kills the process). What goes
	 * wrong is what get() says next.
	 */
	void (*work)(struct location *l);
	/*
	 * Where it is: the last fix, if it is not older than stale_ms, whatever has gone wrong
	 * since. ERR_AGAIN: connected, and no fix yet or none for stale_ms; ERR_NOT_FOUND, ERR_IO:
	 * gpsd cannot be reached; ERR_FORMAT, ERR_LIMIT: what it says is not its protocol; the text
	 * says it in words for a status line.
	 */
	bool (*get)(const struct location *l, struct location_reading *out, struct err *e);
	void (*close)(struct location *l); /* NULL is harmless */
};

/* The driver of that name, or NULL when it is unknown or not compiled in. */
const struct location_ops *location_find(const char *name);

/* Names of the drivers compiled in, separated by '|' ("surveyed|gpsd"). */
const char *location_names(void);

#endif
