/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "hotlist/tool/diff.h"
#include "firmware/base/file.h"
#include "hotlist/tool/sign.h"
#include "hotlist/tool/verbs.h"

#include <stdio.h>

static const char HELP[] =
    "usage: alpr-hotlist delta OLD NEW --out FILE\n"
    "\n"
    "Writes what turns the list OLD into the list NEW, both signed, byte for byte, NEW's signature "
    "included. A box that has\n"
    "OLD in force needs no more than that. The delta is not signed itself: the list that it gives "
    "is.\n"
    "\n"
    "  --out FILE  the delta; replaced whole or not at all\n"
    "\n"
    "One from each list that boxes may still have, the last few versions, serves any number of "
    "boxes; who was away for\n"
    "longer fetches the whole list.\n"
    "\n"
    "Exit status: 0 written, 1 not written (a list that a box would refuse, one without a "
    "signature, or NEW has a lower\n"
    "version than OLD), 2 the call was wrong.\n";

static bool read_signed(const char *path, uint8_t **file, size_t *size, uint64_t *version,
			struct err *e)
{
	struct layout l;
	size_t signature;

	if (!file_read(path, BUNDLE_MAX_SIZE, file, size, e))
		return false;
	if (!sign_check(*file, *size, &l, &signature, e))
		return err_prefix(e, "%s", path);
	*version = l.info.version;
	return signature != 0 || err_set(e, ERR_SIGNATURE, "%s: not signed", path);
}

static int delta(const char *old_path, const char *new_path, const char *out)
{
	uint8_t *old AUTO_FREE = NULL, *new AUTO_FREE = NULL, *made AUTO_FREE = NULL;
	size_t old_len, new_len, len;
	uint64_t from, to;
	struct err e = {0};

	if (!read_signed(old_path, &old, &old_len, &from, &e) ||
	    !read_signed(new_path, &new, &new_len, &to, &e))
		return verb_fail(&e);
	if (to < from) {
		(void)err_set(&e, ERR_POLICY, "%s: version %llu: a box never goes back from %llu",
			      new_path, (unsigned long long)to, (unsigned long long)from);
		return verb_fail(&e);
	}
	if (!diff_bundles(old, old_len, new, new_len, &made, &len, &e) ||
	    !file_write(out, made, len, &e))
		return verb_fail(&e);
	(void)printf("bytes     %zu, %.2f %% of %zu: %s\n", len,
		     100.0 * (double)len / (double)new_len, new_len, out);
	return 0;
}

static int run(int argc, char **argv)
{
	static const struct option OPTIONS[] = {{"out", required_argument, NULL, 'o'},
						{NULL, 0, NULL, 0}};

	return verb_two_files(&VERB_DELTA, argc, argv, OPTIONS, "two lists and --out are needed",
			      delta);
}

const struct verb VERB_DELTA = {"delta", "what turns one signed list into a later one", HELP, run};
