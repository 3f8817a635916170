/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock by its three system calls (landlock(7)): no C library wraps them. Private to
 * base/sandbox.c; compiled with CONFIG_LANDLOCK only. */
#ifndef FIRMWARE_BASE_LANDLOCK_H
#define FIRMWARE_BASE_LANDLOCK_H

#include "firmware/base/err.h"

#include <stdint.h>

/* Rights on files; the numbers of the kernel's uapi/linux/landlock.h, which Debian's headers do not
 * have whole. */
#define LANDLOCK_EXECUTE     (UINT64_C(1) << 0)
#define LANDLOCK_WRITE_FILE  (UINT64_C(1) << 1)
#define LANDLOCK_READ_FILE   (UINT64_C(1) << 2)
#define LANDLOCK_READ_DIR    (UINT64_C(1) << 3)
#define LANDLOCK_REMOVE_FILE (UINT64_C(1) << 5)
#define LANDLOCK_MAKE_REG    (UINT64_C(1) << 8)
#define LANDLOCK_REFER	     (UINT64_C(1) << 13) /* ABI 2 */
#define LANDLOCK_TRUNCATE    (UINT64_C(1) << 14) /* ABI 3 */
#define LANDLOCK_IOCTL_DEV   (UINT64_C(1) << 15) /* ABI 5 */
#define LANDLOCK_ALL_FILES   ((UINT64_C(1) << 16) - 1)

/* Rights on TCP ports, ABI 4. */
#define LANDLOCK_BIND_TCP    (UINT64_C(1) << 0)
#define LANDLOCK_CONNECT_TCP (UINT64_C(1) << 1)

/* What is cut off whole, ABI 6. */
#define LANDLOCK_ABSTRACT_UNIX (UINT64_C(1) << 0)
#define LANDLOCK_SIGNAL	       (UINT64_C(1) << 1)

/* The ABI of the running kernel; 0: it has no Landlock. */
uint8_t landlock_abi(void);

/*
 * Begin a ruleset that refuses the given rights unless a path allows them; rights that the kernel's
 * ABI does not know are left out. *fd: caller closes. ERR_IO. Must not be called when
 * landlock_abi() is 0.
 */
bool landlock_begin(uint64_t files, uint64_t net, uint64_t scoped, int *fd,
		    struct err *e) MUST_CHECK;

/*
 * Allow `files` rights on the file `path`, or below the folder `path` (rights that only folders
 * have are left out for a file). ERR_NOT_FOUND: it does not exist; ERR_IO.
 */
bool landlock_allow(int fd, const char *path, uint64_t files, struct err *e) MUST_CHECK;

/* Put the ruleset in force for the calling thread and what it will start. ERR_IO. */
bool landlock_enforce(int fd, struct err *e) MUST_CHECK;

#endif
