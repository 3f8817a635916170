/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line to stderr, "<7-level>role: message", as systemd reads it (sd-daemon(3));
 * without systemd the "<n>" is left out and a UTC time put in front. It asks no configuration.
 * Never pass a plate, a key or a secret: name things by id (passage id, outbox id, list version).
 */
#ifndef FIRMWARE_BASE_LOG_H
#define FIRMWARE_BASE_LOG_H

#include "firmware/base/err.h"

enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_NOTICE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };

/* Name the speaker and the highest level that is written. `role` must outlive the process. */
void log_open(const char *role, enum log_level most);

/* Write one line. Control characters in the message are written as '?'; at most 512 bytes. */
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
