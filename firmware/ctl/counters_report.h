/* SPDX-License-Identifier: Apache-2.0 */
/* `alprctl counters --export` and `alprctl counters verify`: the annual report's side of the verb
 * whose live side is counters.c. */
#ifndef FIRMWARE_CTL_COUNTERS_REPORT_H
#define FIRMWARE_CTL_COUNTERS_REPORT_H

#include "firmware/ctl/ctl.h"

#define COUNTERS_USAGE                                                                             \
	"alprctl counters [--json]\n"                                                              \
	"       alprctl counters --export csv|json [--year YYYY] [-o FILE]\n"                      \
	"       alprctl counters verify [--key KEY] [--year YYYY] FILE"

/* Each returns an exit status; argv[0] is the word before the options. */
int counters_export(const struct ctl *ctl, int argc, char **argv);
int counters_verify(int argc, char **argv);

#endif
