/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels between processes: a SOCK_SEQPACKET socketpair that carries whole messages and, with
 * them, file descriptors. A message arrives whole or not at all; nothing is parsed across messages.
 */
#ifndef FIRMWARE_BASE_CHAN_H
#define FIRMWARE_BASE_CHAN_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHAN_FDS_MAX	 16u	/* descriptors with one message */
#define CHAN_MESSAGE_MAX 16384u /* bytes of one message */

/* Make a connected, close-on-exec, non-blocking pair. Caller owns both ends. ERR_IO. */
bool chan_pair(int fds[2], struct err *e) MUST_CHECK;

/*
 * Send one message with n_fds descriptors (borrowed: still the caller's to close). Never blocks.
 * ERR_AGAIN: the peer's queue is full (nothing was sent); ERR_PEER: the peer is gone; ERR_LIMIT:
 * too large; ERR_IO otherwise.
 */
bool chan_send(int fd, const void *message, size_t len, const int *fds, size_t n_fds,
	       struct err *e) MUST_CHECK;

/*
 * Receive one message of at most `size` bytes. *len: its bytes. At most max_fds descriptors are put
 * in fds (caller owns them, close-on-exec), *n_fds says how many. ERR_AGAIN: nothing there;
 * ERR_PEER: the peer closed; ERR_LIMIT: message larger than size or more descriptors than max_fds
 * (message dropped, descriptors closed); ERR_IO otherwise.
 */
bool chan_recv(int fd, void *message, size_t size, size_t *len, int *fds, size_t max_fds,
	       size_t *n_fds, struct err *e) MUST_CHECK;

#endif
