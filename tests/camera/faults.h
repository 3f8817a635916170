/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults at libcamera's door: the functions by which a program orders a camera about stand in for
 * the library's own, pass everything on, and on demand do not.
 */
#ifndef TESTS_CAMERA_FAULTS_H
#define TESTS_CAMERA_FAULTS_H

#include <stdbool.h>

/* The folder of a camera's pictures: while it is not there, the camera swallows what it is asked
 * for, and can be neither taken nor started. "" (as at first): it has none. */
void faults_pictures(unsigned camera, const char *folder);

/* The camera swallows what it is asked for, though it can be stopped and started. */
void faults_hang(unsigned camera, bool on);

/* A hanging camera is only cured by giving it back and taking it again. */
void faults_hang_until_taken(unsigned camera);

/* Stopping the camera takes 4 seconds. */
void faults_slow_stop(unsigned camera);

/* Stop the camera behind the driver's back. Returns libcamera's answer. */
int faults_stop(unsigned camera);

#endif
