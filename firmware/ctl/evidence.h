/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of `alprctl evidence`. A verb is a file and a row of the table in evidence.c. */
#ifndef FIRMWARE_CTL_EVIDENCE_H
#define FIRMWARE_CTL_EVIDENCE_H

#include "firmware/ctl/ctl.h"

#define EVIDENCE_REQUEST_USAGE                                                                     \
	"alprctl evidence request --key KEY --cert CERT --camera SITE [--plate PLATE|-] "          \
	"[--from T --to T] --case N --purpose P [--valid HOURS] [-o FILE]"
#define EVIDENCE_OPEN_USAGE                                                                        \
	"alprctl evidence open --key KEY [--box-key KEY|FINGERPRINT] [--ca CA] FILE -o FOLDER"

/* Each returns an exit status; argv[0] is the verb. What is wrong is said as "alprctl: evidence:
 * why". */

/*
 * pull REQUEST -o FILE: gives a signed request to the daemon of this box and keeps its sealed
 * answer: written beside FILE, with mode 0600, synced, then renamed. After a failure nothing is
 * left; a FILE that is there already stays, and the request is not given to anybody.
 */
int evidence_pull(const struct ctl *ctl, int argc, char **argv);

/*
 * request: make a request and sign it with the custodian's key, at the desk; no daemon is asked. To
 * FILE (mode 0600, which must not be there yet) or standard output, without a line's end. With
 * `--plate -` the plate is a line of standard input.
 */
int evidence_request(const struct ctl *ctl, int argc, char **argv);

/*
 * open: decrypt an answer with the custodian's key, verify it from end to end (evidence_verify.h),
 * and unpack it into FOLDER, which is made or must be empty: files of mode 0600, and index.html for
 * people. What was verified, and what was not, is said on standard output, without plates.
 */
int evidence_open(const struct ctl *ctl, int argc, char **argv);

#endif
