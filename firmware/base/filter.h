/* SPDX-License-Identifier: Apache-2.0 */
/* The system-call filters of the sandbox (seccomp(2) by way of libseccomp). Private to
 * base/sandbox*. */
#ifndef FIRMWARE_BASE_FILTER_H
#define FIRMWARE_BASE_FILTER_H

#include "firmware/base/err.h"

#include <stdint.h>

/* Sanitised builds make a few more system calls of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FILTER_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FILTER_SANITIZED 1
#endif
#endif

/*
 * Load the allow-list of a role whose `may` bits (enum sandbox_may) are given, into every thread of
 * the process. What is not listed kills the process (SIGSYS); the few that libraries probe get
 * EACCES, EPERM, ENOSYS, ENOTTY or EAFNOSUPPORT instead. ERR_IO.
 */
bool filter_role(uint32_t may, struct err *e) MUST_CHECK;

/*
 * Load the deny-list of the parent, which every role inherits below its own: what neither needs
 * (tracing, mounts, kernel modules, BPF, key rings, the clock, raw and packet sockets …) kills the
 * process. ERR_IO.
 */
bool filter_parent(struct err *e) MUST_CHECK;

#endif
