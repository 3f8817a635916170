/* SPDX-License-Identifier: Apache-2.0 */
/* A feed's row to an entry: values translated, what the feed lacks completed from the call, and
 * everything that is not clearly within the policy refused. */
#ifndef HOTLIST_TOOL_FILL_H
#define HOTLIST_TOOL_FILL_H

#include "hotlist/bundle.h"
#include "hotlist/tool/rows.h"

/* The longest feed reference: with a hyphen and a line number of eight digits it fills a case
 * number. */
#define FILL_REFERENCE_MAX 11u

/* What may be completed, each only where the call says with what. */
enum fill_what { FILL_CASE_NUMBER, FILL_ORI, FILL_EXPIRES, FILL_KINDS };

struct fill {
	const struct feed_layout *layout;
	const struct bundle_info *policy;
	const char *agency;    /* ORI of who sends the feed; NULL: not said */
	const char *reference; /* the feed's; NULL: not said */
	int64_t entry_age_s;   /* how long a row holds after the issue time; 0: not said */
	int this_year;	       /* of the issue time */
};

/* Whether a row has a list code that the layout lists, allowed or forbidden; where it is taken from
 * the NIC number, that number or the code alone must be there. */
bool fill_knows_code(const struct feed_layout *l, const struct row *row);

/*
 * Make the entry of a row. *completed: bits of enum fill_what. *forbidden: the row was refused for
 * its category, which comes before any other fault that leaves it readable. ERR_POLICY, ERR_FORMAT:
 * refused; the text is "field: why" and holds no value of the row.
 */
bool fill_entry(const struct fill *f, const struct row *row, struct entry *x, unsigned *completed,
		bool *forbidden, struct err *e) MUST_CHECK;

#endif
