/* SPDX-License-Identifier: Apache-2.0 */
/* The service manager's protocol, sd_notify(3): one datagram to the socket that $NOTIFY_SOCKET
 * names. Without it: nothing. */
#ifndef FIRMWARE_PARENT_NOTIFY_H
#define FIRMWARE_PARENT_NOTIFY_H

#include "firmware/base/err.h"

#include <stdint.h>
#include <sys/un.h>

struct notify {
	int fd; /* -1: nobody asked */
	struct sockaddr_un to;
	uint32_t to_len;
	int64_t watchdog_ns; /* 0: no watchdog asked for ($WATCHDOG_USEC, $WATCHDOG_PID) */
};

/* Read the environment and make the socket. Never fails: a manager that cannot be told is none. */
void notify_open(struct notify *n);

/* Send a state such as "READY=1" or "STATUS=…"; several on lines of their own. */
void notify_send(const struct notify *n, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Close the socket; harmless when there is none. */
void notify_close(struct notify *n);

#endif
