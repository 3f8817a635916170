/* SPDX-License-Identifier: Apache-2.0 */
/* Runs from the top of the tree: the committed model is what is tested. */
#include "ocr/fuse.h"
#include "ocr/tesseract.h"
#include "ocr/tesseract_lattice.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MODELS	   "ocr/models"
#define MODEL_MAX  (4u << 20)
#define MODEL_NAME "plate.traineddata"

static uint8_t pixels[120 * 200];
static const struct image grey = {.data = pixels, .width = 200, .height = 120, .stride = 200};
static const struct plate_quad box = {{40, 30, 160, 30, 160, 90, 40, 90}};

static int open_reader(void **state)
{
	struct tesseract_reader *t = NULL;
	struct err e = {0};

	memset(pixels, 128, sizeof pixels);
	if (!tesseract_reader_open(MODELS, &t, &e)) {
		print_error("%s\n", e.text);
		return -1;
	}
	*state = t;
	return 0;
}

static int close_reader(void **state)
{
	tesseract_reader_free(*state);
	return 0;
}

static void assert_distribution(const struct plate_observation *o)
{
	assert_true(o->steps >= 1 && o->steps <= PLATE_STEPS);
	assert_true(o->weight == 1.0f);
	assert_int_equal(o->engine, PLATE_TESSERACT);
	for (size_t t = 0; t < o->steps; t++) {
		float sum = 0;
		for (size_t c = 0; c < PLATE_CLASSES; c++) {
			assert_true(isfinite(o->logp[t][c]));
			sum += expf(o->logp[t][c]);
		}
		assert_true(fabsf(sum - 1.0f) < 1e-4f);
	}
}

/* --- the lattice alone ---------------------------------------------------------------------------
 */

static struct symbol sure(char c)
{
	return (struct symbol){.n = 1, .c = {c}};
}

static void sure_symbols_are_read(void **state)
{
	const struct symbol at[] = {sure('A'), sure('A'), sure('7')};
	struct plate_observation o;

	(void)state;
	tesseract_lattice(at, 3, &o);
	assert_distribution(&o);
	assert_int_equal(o.steps, 7);
	assert_true(fuse_log_likelihood(&o, "AA7") > -0.5f);
	assert_true(fuse_log_likelihood(&o, "A7") < -2.0f);
	assert_true(fuse_log_likelihood(&o, "AA") < -2.0f);
	assert_true(fuse_log_likelihood(&o, "AB7") < -4.0f);
	assert_true(isfinite(fuse_log_likelihood(&o, "XYZ")));
}

static void costs_are_odds(void **state)
{
	const struct symbol at = {.n = 2, .c = {'8', 'B'}, .cost = {0.7f, 0.7f}};
	const struct symbol tilted = {.n = 2, .c = {'8', 'B'}, .cost = {0.1f, 2.5f}};
	struct plate_observation o;

	(void)state;
	tesseract_lattice(&at, 1, &o);
	assert_true(fabsf(fuse_log_likelihood(&o, "8") - fuse_log_likelihood(&o, "B")) < 1e-3f);
	tesseract_lattice(&tilted, 1, &o);
	assert_true(fuse_log_likelihood(&o, "8") > fuse_log_likelihood(&o, "B") + 0.5f);
	assert_true(fuse_log_likelihood(&o, "B") > fuse_log_likelihood(&o, "X") + 0.5f);
}

static void a_doubtful_symbol_may_be_none(void **state)
{
	const struct symbol doubtful[] = {sure('4'), {.n = 1, .c = {'I'}, .doubt = 3}};
	const struct symbol certain[] = {sure('4'), sure('I')};
	struct plate_observation a, b;

	(void)state;
	tesseract_lattice(doubtful, 2, &a);
	tesseract_lattice(certain, 2, &b);
	assert_true(fuse_log_likelihood(&a, "4") > fuse_log_likelihood(&b, "4") + 1.0f);
}

static void no_symbols_say_that_nothing_is_there(void **state)
{
	struct plate_observation o;

	(void)state;
	tesseract_lattice(NULL, 0, &o);
	assert_distribution(&o);
	assert_true(fuse_log_likelihood(&o, "") > -0.1f);
}

static void odd_symbols_do_no_harm(void **state)
{
	struct symbol many[SYMBOLS_MAX + 9] = {{0}};
	struct plate_observation o;

	(void)state;
	for (size_t i = 0; i < sizeof many / sizeof *many; i++)
		many[i] = sure('Q');
	many[0].cost[0] = NAN;
	many[1].cost[0] = -INFINITY;
	many[2].cost[0] = INFINITY;
	many[3].cost[0] = 1e30f;
	many[4].n = 0;
	many[6].doubt = NAN;
	many[7].doubt = -5;
	many[8].n = SYMBOL_CHOICES + 3;
	many[5].c[0] = ' ';
	tesseract_lattice(many, sizeof many / sizeof *many, &o);
	assert_distribution(&o);
	assert_int_equal(o.steps, 2 * SYMBOLS_MAX + 1);
}

/* --- the engine ----------------------------------------------------------------------------------
 */

static void lattice_is_a_distribution(void **state)
{
	struct plate_observation o;
	struct err e = {0};
	unsigned seed = 1;

	for (int round = 0; round < 40; round++) {
		for (size_t i = 0; i < sizeof pixels; i++) {
			seed = seed * 1103515245u + 12345u;
			pixels[i] = (uint8_t)(round % 2 ? seed >> 16 : (seed >> 16) % 8 * 30);
		}
		assert_true(tesseract_observe(*state, &grey, &box, &o, &e));
		assert_distribution(&o);
	}
}

static void a_blank_patch_is_no_failure(void **state)
{
	const uint8_t tones[] = {0, 1, 128, 254, 255};
	struct plate_observation o;
	struct err e = {0};

	for (size_t i = 0; i < sizeof tones; i++) {
		memset(pixels, tones[i], sizeof pixels);
		assert_true(tesseract_observe(*state, &grey, &box, &o, &e));
		assert_distribution(&o);
	}
}

static void the_same_picture_gives_the_same_lattice(void **state)
{
	struct plate_observation a, b;
	struct err e = {0};

	for (size_t i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)((i % 200) * 7 + (i / 200) * 13);
	assert_true(tesseract_observe(*state, &grey, &box, &a, &e));
	assert_true(tesseract_observe(*state, &grey, &box, &b, &e));
	assert_int_equal(a.steps, b.steps);
	for (size_t t = 0; t < a.steps; t++)
		assert_memory_equal(a.logp[t], b.logp[t], sizeof a.logp[t]);
}

static void corners_outside_are_allowed(void **state)
{
	const struct plate_quad out = {{-30, -10, 90, -12, 92, 50, -28, 48}};
	struct plate_observation o;
	struct err e = {0};

	assert_true(tesseract_observe(*state, &grey, &out, &o, &e));
}

static void degenerate_quads_are_refused(void **state)
{
	const struct plate_quad bad[] = {
	    {{0}},
	    {{10, 10, 20, 10, 30, 10, 40, 10}},
	    {{40, 90, 160, 90, 160, 30, 40, 30}},
	    {{NAN, 30, 160, 30, 160, 90, 40, 90}},
	    {{40, 30, 1e30f, 30, 1e30f, 90, 40, 90}},
	};
	struct plate_observation o;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = {0};
		assert_false(tesseract_observe(*state, &grey, &bad[i], &o, &e));
		assert_int_equal(e.code, ERR_LIMIT);
	}
}

static size_t entries(const char *folder)
{
	DIR *d = opendir(folder);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	assert_int_equal(closedir(d), 0);
	return n;
}

/* As in the sandbox: no file can be opened, and no thread is started. */
static void once_open_it_needs_no_file_and_no_thread(void **state)
{
	struct rlimit before, none = {0, 0};
	struct plate_observation o;
	struct err e = {0};

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(open("/dev/null", O_RDONLY), -1);
	for (size_t i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)((i % 200) / 20 % 2 * 200);
	bool done = tesseract_observe(*state, &grey, &box, &o, &e);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(done);
	assert_int_equal(entries("/proc/self/task"), 2 + 1);
}

static void nothing_is_said(void **state)
{
	char path[] = "/tmp/test_tesseract_XXXXXX";
	int file = mkstemp(path), saved = dup(STDERR_FILENO);
	struct plate_observation o;
	struct tesseract_reader *t = NULL;
	struct err e = {0};
	struct stat st;

	assert_true(file >= 0 && saved >= 0);
	assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
	memset(pixels, 7, sizeof pixels);
	bool opened = tesseract_reader_open(MODELS, &t, &e);
	bool done = opened && tesseract_observe(t, &grey, &box, &o, &e) &&
		    tesseract_observe(*state, &grey, &box, &o, &e);
	tesseract_reader_free(t);
	assert_int_equal(fflush(stderr), 0);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	assert_true(done);
	assert_int_equal(fstat(file, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(close(file), 0);
	assert_int_equal(close(saved), 0);
	assert_int_equal(unlink(path), 0);
}

/* --- models that are none ------------------------------------------------------------------------
 */

static uint8_t model[MODEL_MAX + 2];

static size_t load_model(void)
{
	FILE *f = fopen(MODELS "/" MODEL_NAME, "rbe");

	assert_non_null(f);
	size_t n = fread(model, 1, sizeof model, f);
	assert_int_equal(fclose(f), 0);
	return n;
}

static void expect_refused(const char *folder, size_t n, enum err_code code)
{
	char path[64];
	struct tesseract_reader *t = NULL;
	struct err e = {0};

	(void)snprintf(path, sizeof path, "%s/" MODEL_NAME, folder);
	FILE *f = fopen(path, "wbe");
	assert_non_null(f);
	assert_int_equal(fwrite(model, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_false(tesseract_reader_open(folder, &t, &e));
	assert_int_equal(e.code, code);
	assert_null(t);
	assert_memory_equal(e.text, "tesseract: ", 11);
	assert_non_null(strstr(e.text, MODEL_NAME));
	assert_int_equal(unlink(path), 0);
}

static void models_that_are_none(void **state)
{
	char folder[] = "/tmp/test_tesseract_XXXXXX";
	struct tesseract_reader *t = NULL;
	struct err e = {0};
	size_t n = load_model();

	(void)state;
	assert_true(n > 1000 && n <= MODEL_MAX);
	assert_non_null(mkdtemp(folder));
	assert_false(tesseract_reader_open(folder, &t, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	for (size_t cut = 0; cut < n; cut += n / 23 + 1)
		expect_refused(folder, cut, ERR_FORMAT);
	expect_refused(folder, n - 1, ERR_FORMAT);
	expect_refused(folder, n + 1, ERR_FORMAT);
	for (size_t at = 0; at < n; at += n / 37 + 1) {
		model[at] ^= 0x20;
		expect_refused(folder, n, ERR_FORMAT);
		model[at] ^= 0x20;
	}
	expect_refused(folder, MODEL_MAX + 1, ERR_LIMIT);
	memset(model, 0, sizeof model);
	expect_refused(folder, n, ERR_FORMAT);
	assert_int_equal(rmdir(folder), 0);
	tesseract_reader_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sure_symbols_are_read),
	    cmocka_unit_test(costs_are_odds),
	    cmocka_unit_test(a_doubtful_symbol_may_be_none),
	    cmocka_unit_test(no_symbols_say_that_nothing_is_there),
	    cmocka_unit_test(odd_symbols_do_no_harm),
	    cmocka_unit_test(lattice_is_a_distribution),
	    cmocka_unit_test(a_blank_patch_is_no_failure),
	    cmocka_unit_test(the_same_picture_gives_the_same_lattice),
	    cmocka_unit_test(corners_outside_are_allowed),
	    cmocka_unit_test(degenerate_quads_are_refused),
	    cmocka_unit_test(once_open_it_needs_no_file_and_no_thread),
	    cmocka_unit_test(nothing_is_said),
	    cmocka_unit_test(models_that_are_none),
	};

	return cmocka_run_group_tests(tests, open_reader, close_reader);
}
