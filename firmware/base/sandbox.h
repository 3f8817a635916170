/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox every role closes around itself before it looks at a byte from outside: no new
 * privileges, not dumpable, no core files, Landlock (where the kernel has it), a seccomp-bpf
 * allow-list (libseccomp); the parent has already put the process in an empty network namespace (or
 * the allow-list has no socket(2)) and dropped the user.
 */
#ifndef FIRMWARE_BASE_SANDBOX_H
#define FIRMWARE_BASE_SANDBOX_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* What a role may do beyond the common core (memory, time, polling, its open descriptors). */
enum sandbox_may {
	SANDBOX_READ_FILES = 1u << 0, /* openat for reading, below the Landlock read folders */
	SANDBOX_WRITE_FILES =
	    1u << 1, /* create, write, rename, unlink, fsync, lock: below the write folders */
	SANDBOX_INTERNET = 1u << 2, /* socket(AF_INET/AF_INET6, SOCK_STREAM|SOCK_DGRAM) and connect:
				       never bind, listen, accept */
	SANDBOX_UNIX_ACCEPT = 1u << 3, /* accept4 on a UNIX socket opened before */
	SANDBOX_MEMFD = 1u << 4,       /* memfd_create and sealing */
	SANDBOX_THREADS = 1u << 5,     /* clone for threads of a library (never fork or exec) */
	SANDBOX_DEVICES = 1u << 6, /* ioctl on camera, GPIO and watchdog devices opened before */
	/* Ask how good the clock is (clock_adjtime(2)). A filter cannot see through the pointer
	 * whether it only asks: that nobody sets the clock is for the capability that no role has
	 * (CAP_SYS_TIME). */
	SANDBOX_CLOCK = 1u << 7,
	SANDBOX_UNIX_CONNECT = 1u << 8 /* connect to a UNIX socket; not together with INTERNET */
};

#define SANDBOX_PATHS_MAX 8u

struct sandbox {
	uint32_t may; /* enum sandbox_may */
	const char
	    *read_paths[SANDBOX_PATHS_MAX]; /* files or folders, NULL-terminated unless full */
	const char *write_paths[SANDBOX_PATHS_MAX]; /* folders that may be written below */
	/* With SANDBOX_DEVICES, patterns (glob(7)) of devices that may be opened for reading and
	 * writing, those there are when the sandbox is closed. */
	const char *device_paths[SANDBOX_PATHS_MAX];
	bool files_closed;    /* by sandbox_close_files */
	uint8_t landlock_abi; /* … and with which Landlock */
};

/* What was really loaded, as reported to the parent and in `alprctl status`. */
struct sandbox_loaded {
	uint8_t seccomp;      /* 1: filter mode is in force (read back from /proc/self/status) */
	uint8_t landlock_abi; /* 0: kernel without Landlock, or compiled out */
	uint8_t empty_netns;  /* 1: no network interface but a downed loopback is visible */
	uint8_t no_new_privs; /* 1 */
};

/*
 * Close the sandbox. A system call outside the list returns EPERM for the ones libraries probe
 * and kills the process (SIGSYS) for the rest. There is no way to open it again.
 * Memory cannot be made executable afterwards, so libraries must be loaded before; a read path that
 * does not exist is left out. Errors: ERR_IO, with the step that failed, also when the process has
 * more threads than the caller's (Landlock would not bind them: start threads afterwards, with
 * SANDBOX_THREADS); ERR_NOT_FOUND: a write folder is missing. The caller must then exit: no role
 * runs without.
 */
bool sandbox_close(const struct sandbox *s, struct sandbox_loaded *loaded,
		   struct err *e) MUST_CHECK;

/*
 * Close the half of the sandbox that is about files, by Landlock, before a library starts threads
 * while it opens its devices: they inherit it. sandbox_close(s) then does the rest, for all
 * threads. What the library reads and writes while it opens must be among the paths. Errors as
 * sandbox_close.
 */
bool sandbox_close_files(struct sandbox *s, struct err *e) MUST_CHECK;

/*
 * Close the parent's sandbox, as far as one can that starts the roles, which inherit it: no new
 * privileges, nothing can be executed but `programs` (files or folders, NULL-terminated; the
 * dynamic loader among them), no TCP port can be bound, and a deny-list of system calls that no
 * role needs. Errors as sandbox_close.
 */
bool sandbox_close_parent(const char *const *programs, struct sandbox_loaded *loaded,
			  struct err *e) MUST_CHECK;

/*
 * What main() of a sandboxed process ends with: returns `status`. In a sanitised build the process
 * ends here: the leak check at its end would trace it, which the filter forbids.
 */
int sandbox_leave(int status);

#endif
