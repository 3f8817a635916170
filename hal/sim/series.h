/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plate series: what is stamped on plates, by jurisdiction. A layout is the characters with their
 * separators: A-Z and 0-9, ' ' a gap, '-' a hyphen, '.' a raised dot, '*' an emblem or sticker, '('
 * 'U' 'S' ')' two small letters one above the other. Its text is its characters in reading order,
 * without separators.
 */
#ifndef HAL_SIM_SERIES_H
#define HAL_SIM_SERIES_H

#include "hal/sim/art.h"
#include "hal/sim/random.h"
#include "ocr/plate.h"

#include <stdbool.h>

#define SERIES_LAYOUT 24u /* bytes of a layout with its NUL */

enum series_style { SERIES_US, SERIES_EU };

struct series {
	char jurisdiction[3]; /* NCIC LIS code; "" for none (European plates) */
	char name[24];	      /* as printed at the top; country letters for European plates */
	char foot[28];	      /* slogan or county, may be "" */
	enum face die;	      /* the face that comes closest */
	enum series_style style;
	char layout[SERIES_LAYOUT];
};

/* A random plate of that style: passenger series by how common they are in Missouri, vanity plates
 * among them. */
void series_random(struct sim_random *r, enum series_style style, struct series *out);

/*
 * The plate `text` (A-Z0-9, 1..8 characters) of `jurisdiction` ("" or unknown: any), with the
 * separators of a series that it fits, none otherwise.
 */
void series_of(struct sim_random *r, const char *text, const char *jurisdiction,
	       struct series *out);

/* Characters of a layout. */
void series_text(const char *layout, char text[PLATE_TEXT_SIZE]);

/* True when `jurisdiction` is one that the table knows. */
bool series_known(const char *jurisdiction);

#endif
