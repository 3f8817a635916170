/* SPDX-License-Identifier: Apache-2.0 */
/* What was pulled and verified, as one page for people: pictures and all are in it, it loads
 * nothing from anywhere, and whatever came from outside is escaped. */
#ifndef FIRMWARE_CTL_EVIDENCE_PAGE_H
#define FIRMWARE_CTL_EVIDENCE_PAGE_H

#include "firmware/ctl/evidence_verify.h"

#include <stdio.h>

/* Write it. `opened_ns`: wall time of the desk. ERR_IO, ERR_NO_SPACE as the file says;
 * ERR_NO_MEMORY. */
bool evidence_page(FILE *f, const struct evidence *v, int64_t opened_ns, struct err *e) MUST_CHECK;

#endif
