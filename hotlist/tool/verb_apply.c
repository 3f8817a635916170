/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "hotlist/delta.h"
#include "firmware/base/file.h"
#include "hotlist/tool/verbs.h"

#include <stdio.h>
#include <stdlib.h>

static const char HELP[] = "usage: alpr-hotlist apply OLD DELTA --out FILE\n"
			   "\n"
			   "Makes the later list of an earlier one and a delta, as a box does: "
			   "byte for byte the list that "
			   "was signed, or nothing.\n"
			   "Its signature is not looked at here: see verify.\n"
			   "\n"
			   "  --out FILE  the later list; replaced whole or not at all\n"
			   "\n"
			   "Exit status: 0 written, 1 not written (a delta for another list, a "
			   "broken one), 2 the call was "
			   "wrong.\n";

static bool make(const char *old_path, const char *delta_path, uint8_t **out, size_t *size,
		 struct err *e)
{
	uint8_t *old AUTO_FREE = NULL, *delta AUTO_FREE = NULL;
	size_t old_len, len;
	struct delta_info info;

	if (!file_read(old_path, BUNDLE_MAX_SIZE, &old, &old_len, e) ||
	    !file_read(delta_path, BUNDLE_MAX_SIZE, &delta, &len, e))
		return false;
	if (!delta_read(delta, len, &info, e))
		return err_prefix(e, "%s", delta_path);
	*size = (size_t)info.to.size;
	*out = malloc(*size);
	if (!*out)
		return err_set(e, ERR_NO_MEMORY, "no memory for the list");
	return delta_apply(old, old_len, delta, len, *out, *size, e) ||
	       err_prefix(e, "%s", delta_path);
}

static int apply(const char *old_path, const char *delta_path, const char *path)
{
	uint8_t *out AUTO_FREE = NULL;
	struct err e = {0};
	size_t size = 0;

	if (!make(old_path, delta_path, &out, &size, &e) || !file_write(path, out, size, &e))
		return verb_fail(&e);
	(void)printf("bytes     %zu: %s\n", size, path);
	return 0;
}

static int run(int argc, char **argv)
{
	static const struct option OPTIONS[] = {{"out", required_argument, NULL, 'o'},
						{NULL, 0, NULL, 0}};

	return verb_two_files(&VERB_APPLY, argc, argv, OPTIONS,
			      "a list, a delta and --out are needed", apply);
}

const struct verb VERB_APPLY = {"apply", "the later list of an earlier one and a delta", HELP, run};
