/* SPDX-License-Identifier: Apache-2.0 */
/* Prints where the fields of wire messages lie, one "struct field offset size" a line: tests that
 * speak the wire check theirs. */
#include "firmware/wire.h"

#include <stddef.h>
#include <stdio.h>

#define WHOLE(s) (void)printf("%s - 0 %zu\n", #s, sizeof(struct s))
#define FIELD(s, f)                                                                                \
	(void)printf("%s %s %zu %zu\n", #s, #f, offsetof(struct s, f), sizeof(((struct s *)0)->f))

static void reads(void)
{
	WHOLE(plate_quad);
	FIELD(plate_quad, p);
	WHOLE(plate_spelling);
	FIELD(plate_spelling, text);
	FIELD(plate_spelling, confidence);
	WHOLE(plate_read);
	FIELD(plate_read, text);
	FIELD(plate_read, confidence);
	FIELD(plate_read, chars);
	FIELD(plate_read, jurisdiction);
	FIELD(plate_read, n_alternatives);
	FIELD(plate_read, alternatives);
	WHOLE(wire_span);
	FIELD(wire_span, offset);
	FIELD(wire_span, len);
}

static void passages(void)
{
	WHOLE(wire_angle);
	FIELD(wire_angle, present);
	FIELD(wire_angle, capture_ns);
	FIELD(wire_angle, quad);
	FIELD(wire_angle, read);
	FIELD(wire_angle, frames);
	WHOLE(wire_passage);
	FIELD(wire_passage, h);
	FIELD(wire_passage, id);
	FIELD(wire_passage, first_ns);
	FIELD(wire_passage, last_ns);
	FIELD(wire_passage, best_ns);
	FIELD(wire_passage, pairs);
	FIELD(wire_passage, degraded);
	FIELD(wire_passage, low_quality);
	FIELD(wire_passage, read);
	FIELD(wire_passage, angles);
	FIELD(wire_passage, pictures);
	WHOLE(wire_passage_done);
	FIELD(wire_passage_done, id);
	FIELD(wire_passage_done, accepted);
}

static void hits(void)
{
	WHOLE(wire_hit);
	FIELD(wire_hit, outbox_id);
	FIELD(wire_hit, size);
	FIELD(wire_hit, best_ns);
	WHOLE(wire_hit_done);
	FIELD(wire_hit_done, outbox_id);
	FIELD(wire_hit_done, outcome);
	FIELD(wire_hit_done, http_status);
	FIELD(wire_hit_done, ended_ns);
	WHOLE(wire_bundle);
	FIELD(wire_bundle, size);
	FIELD(wire_bundle, etag);
	WHOLE(wire_bundle_done);
	FIELD(wire_bundle_done, accepted);
	FIELD(wire_bundle_done, version);
	FIELD(wire_bundle_done, etag);
	WHOLE(wire_list);
	FIELD(wire_list, version);
	FIELD(wire_list, etag);
	WHOLE(wire_head);
	FIELD(wire_head, seq);
	FIELD(wire_head, hash);
	FIELD(wire_head, has_key);
	FIELD(wire_head, key);
}

static void evidence(void)
{
	WHOLE(wire_request);
	FIELD(wire_request, request);
	WHOLE(wire_request_done);
	FIELD(wire_request_done, request);
	FIELD(wire_request_done, sealed);
	FIELD(wire_request_done, why);
}

int main(void)
{
	reads();
	passages();
	hits();
	evidence();
	return 0;
}
