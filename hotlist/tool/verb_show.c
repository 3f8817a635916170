/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hotlist/tool/file.h"
#include "hotlist/tool/sign.h"
#include "hotlist/tool/verbs.h"

#include <stdio.h>

static const char HELP[] =
    "usage: alpr-hotlist show FILE\n"
    "\n"
    "Shows a list's header and counts, never a plate. The signature is not checked: see verify.\n"
    "\n"
    "Exit status: 0 shown, 1 it is no list or a broken one, 2 the call was wrong.\n";

static void show_signature(const struct bundle_info *in, size_t signature)
{
	if (signature == 0) {
		(void)printf("signature   none\n");
		return;
	}
	(void)printf("signature   not checked here; by key ");
	for (size_t i = 0; i < sizeof in->signer; i++)
		(void)printf("%02x", in->signer[i]);
	(void)printf("\n");
}

static void show_age(const struct bundle_info *in)
{
	int64_t now = clock_utc_ns();
	int64_t stale = in->issued_ns + in->max_age_s * NS_PER_S;
	char text[CLOCK_RFC3339_SIZE];

	(void)printf("issued      %s\n", clock_rfc3339(in->issued_ns, text));
	(void)printf("max age     %lld s\n", (long long)in->max_age_s);
	(void)printf("stale from  %s%s\n", clock_rfc3339(stale, text),
		     now > stale	   ? " (is stale)"
		     : now < in->issued_ns ? " (issued ahead of this clock)"
					   : "");
}

static int show(const char *path)
{
	uint8_t *file AUTO_FREE = NULL;
	struct err e = {0};
	struct layout l;
	size_t size, signature;

	if (!file_read(path, BUNDLE_MAX_SIZE, &file, &size, &e))
		return verb_fail(&e);
	if (!sign_check(file, size, &l, &signature, &e)) {
		(void)err_prefix(&e, "%s", path);
		return verb_fail(&e);
	}
	(void)printf("version     %llu\n", (unsigned long long)l.info.version);
	show_age(&l.info);
	(void)printf("lookalike   %s\n", l.info.allow_lookalike ? "alerts" : "off");
	(void)printf("missing     %s\n", l.info.allow_missing ? "allowed" : "off");
	(void)printf("entries     %lu\n", (unsigned long)l.info.entries);
	for (size_t i = 0; i < ENTRY_CATEGORIES; i++)
		(void)printf("  %c         %lu\n", ENTRY_CATEGORY_CODES[i],
			     (unsigned long)l.info.per_category[i]);
	(void)printf("bytes       %zu\n", size);
	show_signature(&l.info, signature);
	return 0;
}

static int run(int argc, char **argv)
{
	static const struct option OPTIONS[] = {{NULL, 0, NULL, 0}};

	if (verb_option(&VERB_SHOW, argc, argv, OPTIONS) != -1)
		return 2;
	if (optind != argc - 1)
		return verb_misuse(&VERB_SHOW, "one file is needed");
	return show(argv[optind]);
}

const struct verb VERB_SHOW = {"show", "a list's header and counts, never its plates", HELP, run};
