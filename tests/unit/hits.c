/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hits.h"

#include "firmware/base/clock.h"
#include "tests/unit/lists.h"

#include <string.h>

static const uint8_t JPEG[11] = {0xff, 0xd8, 0xff, 0xe0};

static void fill_read(struct plate_read *r)
{
	memset(r, 0, sizeof *r);
	strcpy(r->text, "SK5K9V");
	strcpy(r->jurisdiction, "MO");
	r->confidence = 0.97f;
	for (size_t i = 0; i < 6; i++)
		r->chars[i] = 0.99f - 0.01f * (float)i;
	r->n_alternatives = 2;
	strcpy(r->alternatives[0].text, "SK5K9V");
	r->alternatives[0].confidence = 0.97f;
	strcpy(r->alternatives[1].text, "SKSK9V");
	r->alternatives[1].confidence = 0.02f;
}

void hits_sample(struct sample *s)
{
	int64_t decided = (LISTS_ISSUED_S + 61) * NS_PER_S;

	memset(s, 0, sizeof *s);
	fill_read(&s->read);
	s->match.grade = s->match.grades[0] = GRADE_EXACT;
	s->match.n = 1;
	s->match.entries[0] = lists_entry("SK5-K9V", "MO", 'V');
	strcpy(s->match.matched, "SK5K9V");
	s->list = lists_info();
	s->list.entries = s->list.per_category[1] = 1;
	memset(s->list.signer, 0xa5, sizeof s->list.signer);
	s->hit = (struct hit){.id = "00112233445566778899aabbccddeeff",
			      .site = "demo #01",
			      .latitude = 38.627,
			      .longitude = -90.199,
			      .camera_names = {"north-left", "north-right"},
			      .first_ns = decided - 900 * NS_PER_MS,
			      .last_ns = decided - 100 * NS_PER_MS,
			      .best_ns = decided - 500 * NS_PER_MS,
			      .read = &s->read,
			      .match = &s->match,
			      .list = &s->list,
			      .now_ns = decided};
	for (size_t i = 0; i < HIT_IMAGES; i++) {
		s->hit.images[i] =
		    (struct hit_image){.jpeg = JPEG,
				       .len = sizeof JPEG,
				       .capture_ns = decided - 500 * NS_PER_MS,
				       .quad = {{10, 20, 110, 21.5f, 109, 70, 9.25f, 68}},
				       .confidence = 0.9f};
	}
}
