/* SPDX-License-Identifier: Apache-2.0 */
/* Openings of the cabinet's door enter the audit chain: who opened it can reach the disk. */
#ifndef FIRMWARE_STORE_DOOR_H
#define FIRMWARE_STORE_DOOR_H

#include "firmware/store/db.h"

/*
 * Record at wall time wall_ns what is new of `openings`, which is counted since `process` began:
 * another process counts from 0. What is known outlives a restart of the store. Less than is known
 * of the same process is no opening. db_fail's codes.
 */
bool door_note(struct db *d, int64_t process, int64_t openings, int64_t wall_ns,
	       struct err *e) MUST_CHECK;

#endif
