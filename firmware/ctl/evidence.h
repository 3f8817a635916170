/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of `alprctl evidence`. A verb is a file and a row of the table in evidence.c. */
#ifndef FIRMWARE_CTL_EVIDENCE_H
#define FIRMWARE_CTL_EVIDENCE_H

#include "firmware/ctl/ctl.h"

/* Each returns an exit status; argv[0] is the verb. What is wrong is said as "alprctl: evidence:
 * why". */

/*
 * pull REQUEST -o FILE: gives a signed request to the daemon of this box and keeps its sealed
 * answer: written beside FILE, with mode 0600, synced, then renamed. After a failure nothing is
 * left; a FILE that is there already stays, and the request is not given to anybody.
 */
int evidence_pull(const struct ctl *ctl, int argc, char **argv);

#endif
