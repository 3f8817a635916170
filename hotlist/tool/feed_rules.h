/* SPDX-License-Identifier: Apache-2.0 */
/* What a layout may say: the checks of feed_layout, each of which refuses the whole layout. */
#ifndef HOTLIST_TOOL_FEED_RULES_H
#define HOTLIST_TOOL_FEED_RULES_H

#include "hotlist/tool/csv.h"
#include "hotlist/tool/feed_layout.h"

#define FEED_DELIMITED_MAX CSV_FIELDS_MAX /* columns */

/* Whether the field is made of letters wholly or, for ori, at its start: only there can a digit 0
 * be told to be a letter O. */
bool feed_may_have_letter_o(enum feed_field field);

/* Ranges within the row, not over one another nor over the dropped ones, none wider than its field;
 * words once each. ERR_CONFIG, ERR_POLICY. */
bool feed_check_fixed(const struct feed_layout *l, const struct feed_range *dropped,
		      size_t n_dropped, struct err *e) MUST_CHECK;

/* accounted[i]: column i is kept or dropped. ERR_CONFIG. */
bool feed_check_columns(const struct feed_layout *l, const bool *accounted,
			struct err *e) MUST_CHECK;

/* No name twice, none of personal data kept. ERR_CONFIG, ERR_POLICY. */
bool feed_check_names(const struct feed_layout *l, struct err *e) MUST_CHECK;

/* What every layout needs: a plate, a list code, a table of codes within the policy. ERR_CONFIG,
 * ERR_POLICY. */
bool feed_check(const struct feed_layout *l, struct err *e) MUST_CHECK;

#endif
