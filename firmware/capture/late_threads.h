/* SPDX-License-Identifier: Apache-2.0 */
/* No thread before this process says so: for libraries that start one when they are loaded. */
#ifndef FIRMWARE_CAPTURE_LATE_THREADS_H
#define FIRMWARE_CAPTURE_LATE_THREADS_H

/*
 * Until this is called, pthread_create fails with EAGAIN in the whole process. Call it first in
 * main. The program must then end with _exit: a library that was refused its thread may try to stop
 * it when it is unloaded.
 */
void late_threads_allow(void);

#endif
