/* SPDX-License-Identifier: Apache-2.0 */
/* Writes events as hotlist/hit.c makes them, one a line, for the schema to judge. */
#include "hotlist/hit.h"
#include "tests/unit/hits.h"
#include "tests/unit/lists.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int put(const struct hit *h)
{
	struct err e = {0};
	char *json = NULL;
	size_t len;

	if (!hit_to_json(h, &json, &len, &e)) {
		(void)fprintf(stderr, "hit_json: %s\n", e.text);
		return 1;
	}
	(void)puts(json);
	free(json);
	return 0;
}

static void make_lookalike(struct sample *s)
{
	s->match.n = MATCH_ENTRIES_MAX;
	s->match.grade = GRADE_LOOKALIKE;
	strcpy(s->match.matched, "5K5K9V");
	for (size_t i = 0; i < MATCH_ENTRIES_MAX; i++) {
		s->match.grades[i] = GRADE_LOOKALIKE;
		s->match.entries[i] = lists_entry("5K5 K9V", "", "FVPM"[i % 4]);
		if (i % 2)
			memset(s->match.entries[i].vyr, 0,
			       sizeof(struct entry) - offsetof(struct entry, vyr));
		s->match.entries[i].lit[0] = '\0';
		s->match.entries[i].entered_s = 0;
	}
	memset(s->read.jurisdiction, 0, sizeof s->read.jurisdiction);
	s->read.n_alternatives = 0;
}

int main(void)
{
	struct sample s;
	int failed;

	hits_sample(&s);
	failed = put(&s.hit);
	s.hit.degraded = true;
	s.hit.images[0] = s.hit.images[2] = (struct hit_image){0};
	failed |= put(&s.hit);
	hits_sample(&s);
	make_lookalike(&s);
	failed |= put(&s.hit);
	hits_sample(&s);
	s.read.confidence = NAN;
	s.read.chars[0] = INFINITY;
	s.read.chars[1] = -1.0f;
	s.hit.images[0].quad.p[0] = NAN;
	s.hit.images[0].quad.p[1] = 1e30f;
	s.hit.site = "\xff\"\n";
	failed |= put(&s.hit);
	hits_sample(&s);
	for (size_t i = 0; i < HIT_IMAGES; i++)
		s.hit.images[i].jpeg = NULL;
	s.hit.site = s.hit.camera_names[0] = "";
	failed |= put(&s.hit);
	return failed;
}
