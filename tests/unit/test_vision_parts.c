/* SPDX-License-Identifier: Apache-2.0 */
/* The small rooms of vision: evidence, mapping, quality, pictures, unsent, configuration. */
#include "firmware/vision/conf.h"
#include "firmware/vision/evidence.h"
#include "firmware/vision/mapping.h"
#include "firmware/vision/pictures.h"
#include "firmware/vision/quality.h"
#include "firmware/vision/unsent.h"
#include "ocr/tesseract.h"
#include "tests/unit/lattice.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <turbojpeg.h>
#include <unistd.h>

#include <cmocka.h>

/* --- evidence -------------------------------------------------------------------------------- */

static void say(struct evidence *e, const char *text, float sure, unsigned times, float quality)
{
	struct plate_observation o;

	for (unsigned i = 0; i < times; i++) {
		lattice_text(&o, text, sure);
		evidence_add(e, &o, quality);
	}
}

static struct agreement ask(const struct evidence *a, const struct evidence *b)
{
	struct plate_read ra, rb;

	evidence_read(&a, 1, &ra);
	evidence_read(&b, 1, &rb);
	return evidence_agreement(a, &ra, b, &rb);
}

static void test_evidence_keeps_the_best(void **state)
{
	struct evidence e = {0};

	(void)state;
	say(&e, "AB1C23", 0.99f, EVIDENCE_MAX, 0.2f);
	assert_false(evidence_wants(&e, 0.1f));
	assert_true(evidence_wants(&e, 0.3f));
	say(&e, "AB1C23", 0.99f, 100, 0.1f);
	assert_int_equal(e.n, EVIDENCE_MAX);
	assert_int_equal(e.total, EVIDENCE_MAX + 100);
	for (unsigned i = 0; i < e.n; i++)
		assert_true(e.quality[i] > 0.15f);
	say(&e, "AB1C23", 0.99f, EVIDENCE_MAX, 0.9f);
	for (unsigned i = 0; i < e.n; i++)
		assert_true(e.quality[i] > 0.8f);
}

static void test_agreement(void **state)
{
	struct evidence a = {0}, same = {0}, similar = {0}, other = {0}, blurred = {0}, none = {0};
	struct agreement g;

	(void)state;
	say(&a, "AB1C23", 0.99f, 3, 0.5f);
	say(&same, "AB1C23", 0.98f, 3, 0.5f);
	say(&similar, "AB1C28", 0.99f, 3, 0.5f);
	say(&other, "XYZ987", 0.99f, 3, 0.5f);
	say(&blurred, "XBZC23", 0.2f, 3, 0.5f);
	g = ask(&a, &same);
	assert_true(g.same && g.strong && !g.contrary && g.loss < 0.01f);
	g = ask(&a, &similar);
	assert_true(!g.same && !g.contrary && g.loss > 5.0f);
	g = ask(&a, &other);
	assert_true(!g.same && !g.strong && g.contrary);
	g = ask(&a, &blurred);
	assert_true(!g.same && !g.strong && !g.contrary);
	g = ask(&a, &none);
	assert_true(!g.same && !g.strong && !g.contrary && g.loss <= 0);
}

static void test_distance(void **state)
{
	(void)state;
	assert_int_equal(evidence_distance("", ""), 0);
	assert_int_equal(evidence_distance("ABC", ""), 3);
	assert_int_equal(evidence_distance("", "ABC"), 3);
	assert_int_equal(evidence_distance("AB1C23", "AB1C23"), 0);
	assert_int_equal(evidence_distance("AB1C23", "A81C23"), 1);
	assert_int_equal(evidence_distance("AB1C23", "B1C23"), 1);
	assert_int_equal(evidence_distance("ABCDEFGHIJ", "JIHGFEDCBA"), 10);
}

/* --- mapping --------------------------------------------------------------------------------- */

static void test_mapping(void **state)
{
	struct mapping m;

	(void)state;
	mapping_init(&m);
	assert_int_equal(mapping_ask(&m, 0.5f, 0.5f, 0.1f, 0.1f, 0.05f), MAPPING_UNKNOWN);
	for (unsigned i = 0; i < 60; i++) {
		float x = (float)(i % 10) * 0.1f, y = 0.1f + (float)(i / 10) * 0.07f;

		mapping_learn(&m, x, y, 0.9f - 0.8f * x + 0.1f * y, 0.05f + 0.1f * x + 0.9f * y,
			      0.05f);
	}
	assert_int_equal(
	    mapping_ask(&m, 0.5f, 0.3f, 0.9f - 0.4f + 0.03f, 0.05f + 0.05f + 0.27f, 0.05f),
	    MAPPING_FITS);
	assert_int_equal(mapping_ask(&m, 0.5f, 0.3f, 0.2f, 0.1f, 0.05f), MAPPING_CONTRADICTS);
	for (unsigned i = 0; i < 10; i++) /* outliers do not bend it */
		mapping_learn(&m, 0.5f, 0.3f, 0.1f, 0.1f, 0.05f);
	assert_int_equal(
	    mapping_ask(&m, 0.5f, 0.3f, 0.9f - 0.4f + 0.03f, 0.05f + 0.05f + 0.27f, 0.05f),
	    MAPPING_FITS);
	assert_int_equal(mapping_ask(&m, 0.5f, 0.3f, 0.2f, 0.1f, 0.0f), MAPPING_UNKNOWN);
}

/* --- quality --------------------------------------------------------------------------------- */

static uint8_t sheet[200 * 100];
static const struct image picture = {sheet, 200, 100, 200};

/* Stripes of a plate's strokes, softened over `soft` pixels. */
static void stripes(int soft, int dark, int light)
{
	for (int y = 0; y < 100; y++)
		for (int x = 0; x < 200; x++) {
			int phase = x % 16, v;

			if (phase < 8)
				v = dark + (phase < soft
						? (light - dark) * (soft - phase) / (soft + 1)
						: 0);
			else
				v = light - (phase - 8 < soft
						 ? (light - dark) * (soft - phase + 8) / (soft + 1)
						 : 0);
			sheet[y * 200 + x] = (uint8_t)v;
		}
}

static void test_quality(void **state)
{
	const struct plate_quad quad = {{20, 20, 180, 20, 180, 80, 20, 80}},
				outside = {{-50, -50, -10, -50, -10, -20, -50, -20}},
				broken = {{NAN, 20, 180, 20, 180, 80, 20, 80}};
	struct quality sharp, soft, flat;

	(void)state;
	stripes(0, 30, 200);
	sharp = quality_measure(&picture, &quad);
	stripes(7, 30, 200);
	soft = quality_measure(&picture, &quad);
	stripes(0, 100, 104);
	flat = quality_measure(&picture, &quad);
	assert_true(sharp.width_px > 159.9f && sharp.height_px > 59.9f && sharp.height_px < 60.1f);
	assert_true(sharp.sharpness > 0.9f && soft.sharpness < 0.7f * sharp.sharpness);
	assert_true(sharp.value > soft.value && soft.value > flat.value);
	assert_true(flat.contrast < 6);
	assert_true(quality_measure(&picture, &outside).value <= 0);
	assert_true(quality_measure(&picture, &broken).value <= 0);
}

/* --- pictures -------------------------------------------------------------------------------- */

static void check_jpeg(const struct iovec *part, int w, int h)
{
	tjhandle t = tjInitDecompress();
	int width, height, sub, space;

	assert_int_equal(tjDecompressHeader3(t, part->iov_base, (unsigned long)part->iov_len,
					     &width, &height, &sub, &space),
			 0);
	assert_int_equal(width, w);
	assert_int_equal(height, h);
	tjDestroy(t);
}

static void test_pictures(void **state)
{
	const struct plate_quad quad = {{80, 40, 120, 40, 120, 60, 80, 60}},
				corner = {{-10, -10, 30, -10, 30, 10, -10, 10}},
				outside = {{300, 300, 340, 300, 340, 320, 300, 320}};
	struct iovec parts[WIRE_PICTURES];
	struct wire_span spans[WIRE_PICTURES];
	struct pictures *p = NULL;
	struct err e = {0};
	int slot, second;

	(void)state;
	stripes(3, 30, 200);
	assert_true(pictures_new(200, 100, &p, &e));
	slot = pictures_take(p);
	assert_int_equal(slot, 0);
	assert_true(pictures_shoot(p, slot, 0, &picture, &quad, &e));
	assert_true(pictures_shoot(p, slot, 1, &picture, &corner, &e));
	pictures_parts(p, slot, parts, spans);
	check_jpeg(&parts[WIRE_CROP_0], 40 + 2 * 14, 20 + 2 * 16);
	check_jpeg(&parts[WIRE_SCENE_0], 200, 100);
	check_jpeg(&parts[WIRE_CROP_1], 30 + 10, 10 + 8);
	assert_int_equal(spans[WIRE_CROP_0].offset, 0);
	assert_int_equal(spans[WIRE_CROP_1].offset, spans[WIRE_CROP_0].len);
	assert_int_equal(spans[WIRE_SCENE_1].offset,
			 spans[WIRE_SCENE_0].offset + spans[WIRE_SCENE_0].len);
	second = pictures_take(p);
	assert_null(pictures_patch(p, second, 1));
	pictures_copy(p, second, slot, 1);
	assert_null(pictures_patch(p, second, 0));
	assert_memory_equal(pictures_patch(p, second, 1), pictures_patch(p, slot, 1),
			    TESSERACT_PATCH);
	assert_memory_not_equal(pictures_patch(p, slot, 0), pictures_patch(p, slot, 1),
				TESSERACT_PATCH);
	assert_null(pictures_patch(p, -1, 0));
	pictures_parts(p, second, parts, spans);
	assert_int_equal(spans[WIRE_CROP_0].len, 0);
	check_jpeg(&parts[WIRE_SCENE_1], 200, 100);
	/* The plate is nowhere: no picture, rather than an old one. */
	assert_false(pictures_shoot(p, second, 1, &picture, &outside, &e));
	pictures_parts(p, second, parts, spans);
	assert_int_equal(spans[WIRE_SCENE_1].len, 0);
	pictures_parts(p, -1, parts, spans);
	assert_int_equal(spans[WIRE_SCENE_0].len, 0);
	for (int i = 2; i < PICTURES_SLOTS; i++)
		assert_int_equal(pictures_take(p), i);
	assert_int_equal(pictures_take(p), -1);
	pictures_give(p, 5);
	assert_int_equal(pictures_take(p), 5);
	pictures_give(p, -1);
	pictures_free(p);
	pictures_free(NULL);
}

static void test_pictures_of_noise_still_fit(void **state)
{
	static uint8_t noisy[640 * 360];
	const struct image img = {noisy, 640, 360, 640};
	const struct plate_quad all = {{0, 0, 640, 0, 640, 360, 0, 360}};
	struct iovec parts[WIRE_PICTURES];
	struct wire_span spans[WIRE_PICTURES];
	struct pictures *p = NULL;
	uint32_t r = 1;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof noisy; i++)
		noisy[i] = (uint8_t)((r = r * 1664525u + 1013904223u) >> 24);
	assert_true(pictures_new(640, 360, &p, &e));
	assert_true(pictures_shoot(p, pictures_take(p), 0, &img, &all, &e));
	pictures_parts(p, 0, parts, spans);
	check_jpeg(&parts[WIRE_SCENE_0], 640, 360);
	check_jpeg(&parts[WIRE_CROP_0], 640, 360);
	pictures_free(p);
}

/* --- unsent ---------------------------------------------------------------------------------- */

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void add(struct unsent *u, uint8_t id)
{
	struct wire_passage m;

	memset(&m, 0, sizeof m);
	m.id[0] = id;
	unsent_add(u, &m, open("/dev/null", O_RDONLY | O_CLOEXEC));
}

static void test_unsent(void **state)
{
	const uint8_t first[WIRE_ID_SIZE] = {2}, unknown[WIRE_ID_SIZE] = {99};
	struct unsent_entry *entry;
	struct unsent u;
	struct err e;
	int before = open_fds();

	(void)state;
	assert_true(unsent_new(&u, 3, &e));
	assert_null(unsent_next(&u));
	for (uint8_t i = 1; i <= 4; i++)
		add(&u, i);
	assert_int_equal(u.n, 3);
	assert_int_equal(u.dropped, 1);
	entry = unsent_next(&u);
	assert_int_equal(entry->passage.id[0], 2); /* the oldest was dropped */
	entry->sent = true;
	assert_int_equal(unsent_next(&u)->passage.id[0], 3);
	unsent_again(&u);
	assert_int_equal(unsent_next(&u)->passage.id[0], 2);
	assert_true(unsent_done(&u, first));
	assert_false(unsent_done(&u, first));
	assert_false(unsent_done(&u, unknown));
	assert_int_equal(u.n, 2);
	assert_int_equal(open_fds(), before + 2);
	unsent_free(&u);
	assert_int_equal(open_fds(), before);
}

/* --- configuration --------------------------------------------------------------------------- */

static void conf_refused(const char *text, const char *word)
{
	struct vision_conf c;
	struct err e = {0};

	assert_false(vision_conf_load(text, strlen(text), "/etc", &c, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_non_null(strstr(e.text, word));
}

static void test_conf(void **state)
{
	static const char text[] = "[vision]\nmodels = m\nthreads = 2\nstills = yes\n";
	struct vision_conf c;
	struct sandbox box;
	struct err e = {0};

	(void)state;
	assert_true(vision_conf_load(text, sizeof text - 1, "/etc/alpr", &c, &e));
	assert_string_equal(c.models, "/etc/alpr/m");
	assert_true(c.stills);
	vision_sandbox(&c, &box);
	assert_int_equal(box.may, SANDBOX_MEMFD | SANDBOX_THREADS);
	assert_null(box.read_paths[0]);
	assert_true(vision_conf_load("", 0, "/", &c, &e));
	assert_int_equal(c.threads, 1);
	vision_sandbox(&c, &box);
	assert_int_equal(box.may, SANDBOX_MEMFD);
	conf_refused("[vision]\nthreads = 0\n", "threads");
	conf_refused("[vision]\nmin_confidence = 1.5\n", "min_confidence");
	conf_refused("[vision]\nguess = yes\n", "guess");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_evidence_keeps_the_best),
	    cmocka_unit_test(test_agreement),
	    cmocka_unit_test(test_distance),
	    cmocka_unit_test(test_mapping),
	    cmocka_unit_test(test_quality),
	    cmocka_unit_test(test_pictures),
	    cmocka_unit_test(test_pictures_of_noise_still_fit),
	    cmocka_unit_test(test_unsent),
	    cmocka_unit_test(test_conf),
	};

	return cmocka_run_group_tests_name("vision_parts", tests, NULL, NULL);
}
