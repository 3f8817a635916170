/* SPDX-License-Identifier: Apache-2.0 */
/* The engines open together or not at all. */
#include "ocr/engines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MODELS "ocr/models"

static void all_are_there(void **state)
{
	struct engines *g = NULL;
	struct err e = {0};

	(void)state;
	assert_true(engines_open(MODELS, 1, &g, &e));
	assert_non_null(g->localiser);
	assert_non_null(g->reader);
	assert_non_null(g->state);
	engines_free(g);
	engines_free(NULL);
}

/* Each model is needed: with the others there and it missing, nothing opens. */
static void one_model_is_missing(void **state)
{
	static const char *const names[] = {"localise.onnx", "read.onnx", "state.onnx"};
	const size_t n = sizeof names / sizeof *names;

	(void)state;
	for (size_t missing = 0; missing < n; missing++) {
		char folder[] = "/tmp/test_engines_XXXXXX", path[64], source[64], target[4096];
		struct engines *g = NULL;
		struct err e = {0};

		assert_non_null(mkdtemp(folder));
		for (size_t i = 0; i < n; i++) {
			(void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
			(void)snprintf(source, sizeof source, MODELS "/%s", names[i]);
			assert_non_null(realpath(source, target));
			if (i != missing)
				assert_int_equal(symlink(target, path), 0);
		}
		assert_false(engines_open(folder, 1, &g, &e));
		assert_int_equal(e.code, ERR_NOT_FOUND);
		assert_null(g);
		for (size_t i = 0; i < n; i++) {
			(void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
			assert_int_equal(unlink(path), i == missing ? -1 : 0);
		}
		assert_int_equal(rmdir(folder), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_are_there),
	    cmocka_unit_test(one_model_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
