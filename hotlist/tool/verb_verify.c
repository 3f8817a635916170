/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/bundle.h"
#include "hotlist/tool/verbs.h"

#include <stdio.h>

static const char HELP[] =
    "usage: alpr-hotlist verify --key KEY FILE\n"
    "\n"
    "Loads a signed list exactly as a box does: signature, every offset and width, every entry "
    "against the policy. Says\n"
    "nothing about age: see show.\n"
    "\n"
    "  --key KEY  public key or certificate, PEM\n"
    "\n"
    "Exit status: 0 a box would load it, 1 it would refuse it, 2 the call was wrong.\n";

static int verify(const char *key_path, const char *path)
{
	struct crypt_key *key = NULL;
	struct bundle *b = NULL;
	struct err e = {0};

	if (!crypt_key_load_public(key_path, &key, &e))
		return verb_fail(&e);
	if (!bundle_open(path, key, &b, &e)) {
		crypt_key_free(key);
		return verb_fail(&e);
	}
	(void)printf("good: version %llu, %lu entries\n",
		     (unsigned long long)bundle_info(b)->version,
		     (unsigned long)bundle_info(b)->entries);
	bundle_close(b);
	crypt_key_free(key);
	return 0;
}

static int run(int argc, char **argv)
{
	static const struct option OPTIONS[] = {{"key", required_argument, NULL, 'k'},
						{NULL, 0, NULL, 0}};
	const char *key = NULL;
	int o;

	while ((o = verb_option(&VERB_VERIFY, argc, argv, OPTIONS)) != -1) {
		if (o != 'k')
			return 2;
		key = optarg;
	}
	if (!key || optind != argc - 1)
		return verb_misuse(&VERB_VERIFY, "--key and one file are needed");
	return verify(key, argv[optind]);
}

const struct verb VERB_VERIFY = {
    "verify", "load a signed list as a box does, and say whether it would", HELP, run};
