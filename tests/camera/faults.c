/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/camera/faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CAMERAS 2u

/* libcamera::Camera's own names; a member function is called with the object first. */
#define ACQUIRE "_ZN9libcamera6Camera7acquireEv"
#define START	"_ZN9libcamera6Camera5startEPKNS_11ControlListE"
#define STOP	"_ZN9libcamera6Camera4stopEv"
#define QUEUE	"_ZN9libcamera6Camera12queueRequestEPNS_7RequestE"

int camera_acquire(void *camera) __asm__(ACQUIRE);
int camera_start(void *camera, const void *controls) __asm__(START);
int camera_stop(void *camera) __asm__(STOP);
int camera_queue(void *camera, void *request) __asm__(QUEUE);

static struct fault {
	void *camera; /* in the order in which they were first taken */
	char pictures[256];
	atomic_bool hangs, until_taken, slow_stop;
} faults[CAMERAS];

static struct fault *fault_of(void *camera)
{
	for (unsigned i = 0; i < CAMERAS; i++) {
		if (!faults[i].camera)
			faults[i].camera = camera;
		if (faults[i].camera == camera)
			return &faults[i];
	}
	return NULL;
}

static bool gone(const struct fault *f)
{
	return f && f->pictures[0] && access(f->pictures, F_OK) != 0;
}

/* The library's own of that name; a pointer to data and one to a function have one form here. */
static void real(const char *name, void *function)
{
	void *p = dlsym(RTLD_NEXT, name);

	memcpy(function, &p, sizeof p);
}

int camera_acquire(void *camera)
{
	struct fault *f = fault_of(camera);
	int (*next)(void *);

	if (gone(f))
		return -ENOENT;
	if (f && atomic_exchange(&f->until_taken, false))
		f->hangs = false;
	real(ACQUIRE, &next);
	return next(camera);
}

int camera_start(void *camera, const void *controls)
{
	int (*next)(void *, const void *);

	if (gone(fault_of(camera)))
		return -ENOENT;
	real(START, &next);
	return next(camera, controls);
}

int camera_stop(void *camera)
{
	const struct fault *f = fault_of(camera);
	int (*next)(void *);

	if (f && f->slow_stop)
		(void)sleep(4);
	real(STOP, &next);
	return next(camera);
}

int camera_queue(void *camera, void *request)
{
	const struct fault *f = fault_of(camera);
	int (*next)(void *, void *);

	if (gone(f) || (f && f->hangs))
		return 0;
	real(QUEUE, &next);
	return next(camera, request);
}

void faults_pictures(unsigned camera, const char *folder)
{
	(void)snprintf(faults[camera].pictures, sizeof faults[camera].pictures, "%s", folder);
}

void faults_hang(unsigned camera, bool on)
{
	faults[camera].hangs = on;
}

void faults_hang_until_taken(unsigned camera)
{
	faults[camera].until_taken = true;
	faults[camera].hangs = true;
}

void faults_slow_stop(unsigned camera)
{
	faults[camera].slow_stop = true;
}

int faults_stop(unsigned camera)
{
	int (*next)(void *);

	real(STOP, &next);
	return next(faults[camera].camera);
}
