/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/engines.h"

#include <stdlib.h>

bool engines_open(const char *models, int threads, struct engines **out, struct err *e)
{
	struct engines *g = calloc(1, sizeof *g);

	if (!g)
		return err_set(e, ERR_NO_MEMORY, "engines: out of memory");
	if (!localiser_open(models, threads, &g->localiser, e) ||
	    !reader_open(models, threads, &g->reader, e) ||
	    !state_open(models, threads, &g->state, e) ||
	    !tesseract_reader_open(models, &g->tesseract, e)) {
		engines_free(g);
		return false;
	}
	*out = g;
	return true;
}

void engines_free(struct engines *g)
{
	if (!g)
		return;
	localiser_free(g->localiser);
	reader_free(g->reader);
	state_free(g->state);
	tesseract_reader_free(g->tesseract);
	free(g);
}
