/* SPDX-License-Identifier: Apache-2.0 */
/* A feed of wanted plates to an unsigned bundle. Whatever is not clearly within the policy stays
 * out, and is reported. */
#ifndef HOTLIST_TOOL_COMPILE_H
#define HOTLIST_TOOL_COMPILE_H

#include "hotlist/bundle.h"

#include <stddef.h>
#include <stdint.h>

#define COMPILE_REASONS 48u

struct compile_reason {
	char text[sizeof((struct err *)NULL)->text]; /* "ori: missing" */
	uint64_t rows;
};

struct compile_report {
	uint64_t rows; /* read, the header not counted */
	uint64_t rejected;
	uint32_t n_reasons;
	struct compile_reason reasons[COMPILE_REASONS]; /* in the order of their first row */
	struct bundle_info info;			/* as compiled */
};

/* Called for each rejected row. `why` never holds a value of the row. */
typedef void (*compile_reject_fn)(void *arg, uint64_t line, const char *why);

/*
 * Compile a CSV (RFC 4180) whose first row names its columns: lic, category, case_number, ori,
 * expires; and, where known, lis, lit, entered, vyr, vma, vmo, vst, vco. `policy` gives version,
 * issue time, maximum age and the two switches.
 *
 * Rejected, row by row: forbidden categories; junk plates and calibration rows; no case number, ORI
 * or expiry; an expiry that has passed at the issue time; dates that do not exist or, for
 * `entered`, lie ahead; texts too long or with characters that the field cannot have. Duplicates
 * are kept.
 *
 * *file: malloc'd unsigned bundle, caller frees. Errors: ERR_FORMAT (no header row, a column
 * missing, unknown or given twice, a quote never closed), ERR_POLICY (a column that would bring
 * names, birth dates or addresses in; a switch that this build does not have), ERR_LIMIT,
 * ERR_NO_MEMORY. An empty outcome is no error here.
 */
bool compile_csv(const char *text, size_t len, const struct bundle_info *policy,
		 compile_reject_fn reject, void *arg, uint8_t **file, size_t *size,
		 struct compile_report *report, struct err *e) MUST_CHECK;

#endif
