/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated TPM 2.0 (swtpm) for a test. */
#ifndef TESTS_UNIT_CHIP_H
#define TESTS_UNIT_CHIP_H

#include <stddef.h>
#include <sys/types.h>

struct chip {
	pid_t pid;
	unsigned port;	 /* commands; the next one is the control channel's; 0: a device */
	char device[64]; /* its path */
	int line, held;	 /* the other end of it; itself, so that it never hangs up */
};

/* Start one, or start it again, with its state in the folder `name` of the test's tree; fails the
 * test when it does not answer. */
struct chip chip_start(const char *name);

/* The same behind a character device (a terminal in raw mode), as the kernel's /dev/tpmrm0 is one.
 */
struct chip chip_start_device(const char *name);

/* Take it away; harmless when it is not there. */
void chip_stop(struct chip *c);

/* What a keystore calls it. */
void chip_name(const struct chip *c, char *out, size_t size);

#endif
