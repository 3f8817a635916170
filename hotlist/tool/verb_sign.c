/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/base/file.h"
#include "hotlist/tool/sign.h"
#include "hotlist/tool/verbs.h"

#include <stdio.h>

static const char HELP[] =
    "usage: alpr-hotlist sign --key KEY --in FILE --out FILE\n"
    "\n"
    "Signs a compiled list (ECDSA over SHA-256 of everything in it). A list that a box would "
    "refuse is not signed;\n"
    "one that is signed already is signed anew.\n"
    "\n"
    "  --key KEY   private key, PEM, on P-256 or P-384. It belongs to the RTCC, is used for "
    "nothing else and is never\n"
    "              on a box\n"
    "  --in FILE   the list, as compile wrote it\n"
    "  --out FILE  the signed list; replaced whole or not at all; may be the same file\n"
    "\n"
    "Exit status: 0 signed, 1 not signed, 2 the call was wrong.\n";

static int sign(const char *key_path, const char *in, const char *out)
{
	struct crypt_key *key = NULL;
	uint8_t *file AUTO_FREE = NULL;
	struct err e = {0};
	size_t size;
	bool done;

	if (!crypt_key_load_private(key_path, &key, &e))
		return verb_fail(&e);
	if (!file_read(in, BUNDLE_MAX_SIZE, &file, &size, &e)) {
		crypt_key_free(key);
		return verb_fail(&e);
	}
	done = sign_bundle(file, size, key, &e);
	crypt_key_free(key);
	if (!done) {
		(void)err_prefix(&e, "%s", in);
		return verb_fail(&e);
	}
	if (!file_write(out, file, size, &e))
		return verb_fail(&e);
	(void)printf("signed: %s\n", out);
	return 0;
}

static int run(int argc, char **argv)
{
	static const struct option OPTIONS[] = {{"key", required_argument, NULL, 'k'},
						{"in", required_argument, NULL, 'i'},
						{"out", required_argument, NULL, 'o'},
						{NULL, 0, NULL, 0}};
	const char *key = NULL, *in = NULL, *out = NULL;
	int o;

	while ((o = verb_option(&VERB_SIGN, argc, argv, OPTIONS)) != -1) {
		if (o == 'k')
			key = optarg;
		else if (o == 'i')
			in = optarg;
		else if (o == 'o')
			out = optarg;
		else
			return 2;
	}
	if (!key || !in || !out)
		return verb_misuse(&VERB_SIGN, "--key, --in and --out are all needed");
	if (optind != argc)
		return verb_misuse(&VERB_SIGN, "more arguments than options");
	return sign(key, in, out);
}

const struct verb VERB_SIGN = {"sign", "sign a compiled list with the RTCC's key", HELP, run};
