/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hotlist/hit.h"
#include "hotlist/tool/verbs.h"
#include "hotlist/tool/when.h"

#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "usage: alpr-hotlist lookup FILE --key KEY PLATE [--jurisdiction XX] [--at TIME]\n"
    "\n"
    "Says what a box would make of a read of PLATE, as one line of JSON: the grade (EXACT, "
    "JURISDICTION_UNKNOWN,\n"
    "LOOKALIKE, NONE), the spelling that matched, the entries. One exact plate; there are no "
    "wildcards.\n"
    "\n"
    "  --key KEY          public key or certificate, PEM; the list is verified first\n"
    "  --jurisdiction XX  issuing state as read; without it no match is better than "
    "JURISDICTION_UNKNOWN\n"
    "  --at TIME          as of then, YYYY-MM-DDTHH:MM:SSZ, instead of now\n"
    "\n"
    "Exit status: 0 looked up (NONE too), 1 the list was refused or is stale, 2 the call was "
    "wrong.\n";

struct call {
	const char *key, *jurisdiction;
	int64_t now_s;
};

/* The plate as a read. False: it can be none. */
static bool make_read(const char *plate, const char *jurisdiction, struct plate_read *read)
{
	char folded[11];
	size_t n = 0;

	memset(read, 0, sizeof *read);
	for (; *plate; plate++) {
		char one[2] = {*plate, '\0'};

		if (entry_fold(one, folded)[0] == '\0') {
			if (!strchr(" -./&", *plate))
				return false;
			continue;
		}
		if (n == PLATE_TEXT_MAX)
			return false;
		read->text[n++] =
		    (char)(*plate >= 'a' && *plate <= 'z' ? *plate - 'a' + 'A' : *plate);
	}
	if (jurisdiction)
		memcpy(read->jurisdiction, jurisdiction, 2);
	return n > 0;
}

static int print_match(const struct bundle *b, const struct plate_read *read, int64_t now_s,
		       const char *path)
{
	char *json AUTO_FREE = NULL;
	struct err e = {0};
	struct match m;
	bool stale;

	match_read(b, read, now_s, &m, &stale);
	if (stale) {
		(void)err_set(&e, ERR_POLICY,
			      "%s: stale, or issued ahead of the clock: nothing matches", path);
		return verb_fail(&e);
	}
	if (!match_to_json(&m, bundle_info(b)->version, &json, &e))
		return verb_fail(&e);
	(void)puts(json);
	return 0;
}

static int lookup(const struct call *c, const char *path, const char *plate)
{
	struct crypt_key *key = NULL;
	struct bundle *b = NULL;
	struct err e = {0};
	struct plate_read read;
	int status;

	if (!make_read(plate, c->jurisdiction, &read))
		return verb_misuse(&VERB_LOOKUP, "that is no plate: 1 to 10 letters and digits");
	if (!crypt_key_load_public(c->key, &key, &e))
		return verb_fail(&e);
	if (!bundle_open(path, key, &b, &e)) {
		crypt_key_free(key);
		return verb_fail(&e);
	}
	status = print_match(b, &read, c->now_s, path);
	bundle_close(b);
	crypt_key_free(key);
	return status;
}

static bool is_state(const char *text)
{
	char folded[11];

	return strlen(text) == 2 && strlen(entry_fold(text, folded)) == 2;
}

static int run(int argc, char **argv)
{
	static const struct option OPTIONS[] = {{"key", required_argument, NULL, 'k'},
						{"jurisdiction", required_argument, NULL, 'j'},
						{"at", required_argument, NULL, 't'},
						{NULL, 0, NULL, 0}};
	struct call c = {.now_s = clock_utc_ns() / NS_PER_S};
	bool day;
	int o;

	while ((o = verb_option(&VERB_LOOKUP, argc, argv, OPTIONS)) != -1) {
		if (o == 'k')
			c.key = optarg;
		else if (o == 'j' && is_state(optarg))
			c.jurisdiction = optarg;
		else if (o == 'j')
			return verb_misuse(&VERB_LOOKUP, "--jurisdiction: two letters");
		else if (o == 't' && when_parse(optarg, &c.now_s, &day, NULL) && !day)
			continue;
		else if (o == 't')
			return verb_misuse(&VERB_LOOKUP, "--at: a time as YYYY-MM-DDTHH:MM:SSZ");
		else
			return 2;
	}
	if (!c.key || optind != argc - 2)
		return verb_misuse(&VERB_LOOKUP, "--key, one file and one plate are needed");
	return lookup(&c, argv[optind], argv[optind + 1]);
}

const struct verb VERB_LOOKUP = {"lookup", "what a box would make of a read of one plate", HELP,
				 run};
