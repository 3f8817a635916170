/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/store_passage.h"

#include "firmware/base/clock.h"
#include "firmware/store/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void store_passage_plate(struct wire_passage *p, const char *plate)
{
	struct plate_read *r = &p->read;

	(void)snprintf(r->text, sizeof r->text, "%s", plate);
	for (size_t i = 0; i < strlen(r->text); i++)
		r->chars[i] = 0.99f;
	for (size_t i = 0; i < r->n_alternatives; i++)
		memcpy(r->alternatives[i].text, r->text, sizeof r->text);
	for (size_t i = 0; i < FRAME_CAMERAS; i++)
		p->angles[i].read = *r;
}

struct wire_passage store_passage(uint64_t n, int64_t ns)
{
	struct wire_passage p = {
	    .first_ns = ns - NS_PER_S, .last_ns = ns, .best_ns = ns, .pairs = 9};
	uint64_t id[2] = {n * UINT64_C(0x9e3779b97f4a7c15), n + 1};
	char plate[PLATE_TEXT_SIZE];

	wire_start(&p.h, WIRE_PASSAGE, sizeof p);
	id[0] ^= id[0] >> 29;
	memcpy(p.id, id, sizeof p.id);
	(void)snprintf(p.read.jurisdiction, sizeof p.read.jurisdiction, "MO");
	p.read.confidence = 0.95f;
	p.read.n_alternatives = 3;
	for (size_t i = 0; i < 3; i++)
		p.read.alternatives[i].confidence = 0.2f;
	for (size_t i = 0; i < FRAME_CAMERAS; i++) {
		p.angles[i] = (struct wire_angle){.present = 1, .capture_ns = ns, .frames = 9};
		for (size_t k = 0; k < 8; k++)
			p.angles[i].quad.p[k] = (float)(100 * (k + 1)) + 0.5f;
	}
	(void)snprintf(plate, sizeof plate, "A%06u", (unsigned)(n % 1000000));
	store_passage_plate(&p, plate);
	return p;
}

int64_t store_payload(const struct intake *in)
{
	char text[TEXT_READ_SIZE];

	return (int64_t)(strlen(text_read(&in->p, 0, text)) + in->pictures[WIRE_CROP_0].len +
			 in->pictures[WIRE_CROP_1].len);
}

uint32_t store_random(uint64_t *state, uint32_t n)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(((z ^ z >> 31) >> 32) * n >> 32);
}

bool store_number(const char *text, int64_t least, int64_t most, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *out >= least && *out <= most;
}

bool store_options(const struct store_option *options, size_t n, int argc, char **argv,
		   const char **folder)
{
	for (int i = 1; i < argc; i++) {
		bool known = false;

		for (size_t k = 0; k < n; k++)
			if (i + 1 < argc && strcmp(argv[i], options[k].name) == 0)
				known = store_number(argv[i + 1], options[k].least, options[k].most,
						     options[k].to);
		if (known)
			i++;
		else if (argv[i][0] == '-' || *folder)
			return false;
		else
			*folder = argv[i];
	}
	return *folder != NULL;
}

int store_by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}
