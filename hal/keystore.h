/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keystore: root keys that wrap small keys, and can be destroyed for good. Drivers `file` (a
 * root key in a file) and `tpm2` (in a TPM 2.0) behind one vtable.
 *
 * A root key has a generation, counting up from 1. At most two live: the newest, which wraps, and
 * the one before it, which still unwraps. Whoever keeps wrapped keys rotates like this, and may
 * lose power at any point of it:
 *
 *     rotate()    the newest becomes the one before; what it wrapped can still be unwrapped
 *     unwrap() each key that shall live on, wrap() it again; write the new table, synced
 *     retire()    only the newest lives: what was not wrapped again is gone, and so is every old
 *                 copy of the table
 *
 * After a start with about.older set, the second step was perhaps not finished: do it again, then
 * retire. (A driver that cannot know whether it was begun says so, too.)
 */
#ifndef HAL_KEYSTORE_H
#define HAL_KEYSTORE_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define KEYSTORE_KEY	 32u /* bytes of a key */
#define KEYSTORE_WRAPPED 72u /* bytes of a wrapped one */

struct keystore;

struct keystore_conf {
	char driver[256]; /* one of keystore_names() */
	char path[256];	  /* file: the root keys; tpm2: what finds and opens them in the TPM */
	char device[256]; /* tpm2: "device:/dev/tpmrm0"; where built in also
			   * "swtpm:host=…,port=…"; file: unused */
	bool create;	  /* make root keys when there are none at all yet (at enrolment) */
	bool keyless;	  /* only health() and about() are wanted: no key comes into this process */
};

struct keystore_about {
	uint64_t newest; /* its generation; 0: keyless */
	uint64_t older;	 /* the one before; 0: retired */
};

struct keystore_ops {
	const char *name;
	/*
	 * Open it, its devices and files. *out: close. ERR_NOT_FOUND: no keystore (and none is to
	 * be created), no TPM; ERR_POLICY: a file that others can read or that is not ours, a TPM
	 * that is not the one these keys were made in; ERR_FORMAT: the file is damaged; ERR_CONFIG:
	 * no path, a device that this build has no way to; ERR_IO: the TPM or the disk failed;
	 * ERR_NO_SPACE; ERR_NO_MEMORY.
	 */
	bool (*open)(const struct keystore_conf *conf, struct keystore **out, struct err *e);
	void (*about)(const struct keystore *k, struct keystore_about *out);
	/*
	 * Whether it is there and answers, now: a TPM that was taken out or fails, a key file whose
	 * folder has gone. ERR_NOT_FOUND, ERR_IO, ERR_POLICY; the text says it in words for a
	 * status line. May take a TPM's time (milliseconds).
	 */
	bool (*health)(struct keystore *k, struct err *e);
	/*
	 * Wrap a key under the newest root. `context` (the number of a period, say) is bound to it:
	 * unwrap with another refuses. ERR_POLICY: keyless; ERR_IO.
	 */
	bool (*wrap)(struct keystore *k, const uint8_t key[KEYSTORE_KEY], uint64_t context,
		     uint8_t out[KEYSTORE_WRAPPED], struct err *e);
	/*
	 * Unwrap it; on an error nothing is in `key`, which is otherwise the caller's to wipe.
	 * ERR_NOT_FOUND: its root key is destroyed; ERR_SIGNATURE: damaged, or of another context;
	 * ERR_FORMAT: no wrapped key; ERR_POLICY: keyless.
	 */
	bool (*unwrap)(struct keystore *k, const uint8_t wrapped[KEYSTORE_WRAPPED],
		       uint64_t context, uint8_t key[KEYSTORE_KEY], struct err *e);
	/*
	 * Make the next root key. ERR_AGAIN: the one before is not retired yet; ERR_POLICY:
	 * keyless; ERR_IO, ERR_NO_SPACE: nothing has changed.
	 */
	bool (*rotate)(struct keystore *k, struct err *e);
	/* Destroy the one before the newest; true also when there is none. ERR_POLICY: keyless;
	 * ERR_IO, ERR_NO_SPACE: it may live still, call again. */
	bool (*retire)(struct keystore *k, struct err *e);
	/* Destroy every root key and what finds them: all that was ever wrapped is lost. Nothing
	 * but close may follow. ERR_POLICY: keyless; ERR_IO: call again. */
	bool (*destroy)(struct keystore *k, struct err *e);
	void (*close)(struct keystore *k); /* wipes; NULL is harmless */
};

/* The driver of that name, or NULL when it is unknown or not compiled in. */
const struct keystore_ops *keystore_find(const char *name);

/* Names of the drivers compiled in, separated by '|' ("file|tpm2"). */
const char *keystore_names(void);

#endif
