/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/identity.h"
#include "firmware/base/file.h"
#include "hotlist/tool/plates.h"
#include "hotlist/tool/sign.h"
#include "hotlist/tool/verbs.h"

#include <stdio.h>

static const char HELP[] =
    "usage: alpr-hotlist show FILE\n"
    "       alpr-hotlist show --plates --certificate FILE --key FILE --ca FILE FILE\n"
    "\n"
    "Shows a list's header and counts, never a plate. The signature is not checked: see verify.\n"
    "\n"
    "  --plates            show the entries instead, to somebody whose role is RTCC: CSV in the\n"
    "                      order of the list, with the columns of the layout csv. Who asked is\n"
    "                      written to stderr first, as one line: keep it\n"
    "  --certificate FILE  who asks, PEM: issued by the authority, valid now, and its subject has\n"
    "                      the OU RTCC and that of no other role (TECH, EVIDENCE, AUDIT, DEVICE)\n"
    "  --key FILE          its private key, PEM, on P-256 or P-384: proves that it is whose it is\n"
    "  --ca FILE           the RTCC's authority, PEM: the one that the boxes hold too\n"
    "\n"
    "A list is signed, not encrypted: who may read the file should be as few as may see plates.\n"
    "\n"
    "Exit status: 0 shown, 1 it is no list or a broken one, or who asks may not see plates,\n"
    "2 the call was wrong.\n";

struct call {
	bool plates;
	const char *certificate, *key, *ca;
};

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

static void show_header(const struct layout *l, size_t size, size_t signature)
{
	(void)printf("version     %llu\n", (unsigned long long)l->info.version);
	show_age(&l->info);
	(void)printf("lookalike   %s\n", l->info.allow_lookalike ? "alerts" : "off");
	(void)printf("missing     %s\n", l->info.allow_missing ? "allowed" : "off");
	(void)printf("entries     %lu\n", (unsigned long)l->info.entries);
	for (size_t i = 0; i < ENTRY_CATEGORIES; i++)
		(void)printf("  %c         %lu\n", ENTRY_CATEGORY_CODES[i],
			     (unsigned long)l->info.per_category[i]);
	(void)printf("bytes       %zu\n", size);
	show_signature(&l->info, signature);
}

/* Who may see plates: the role that gets the hits, by a certificate whose key is at hand. */
static bool may_see_plates(const struct call *c, struct identity **who, struct err *e)
{
	enum identity_role role;

	if (!identity_load(c->certificate, c->ca, who, e) || !identity_prove(*who, c->key, e))
		return false;
	role = identity_role(*who);
	return role == IDENTITY_RTCC ||
	       err_set(e, ERR_POLICY, "%s: role %s, and only RTCC may see plates", c->certificate,
		       identity_role_name(role));
}

/* The record of who saw what. Where it cannot be written, nothing is shown. */
static bool record_who(const struct identity *who, const struct bundle_info *in, struct err *e)
{
	char now[CLOCK_RFC3339_SIZE];

	if (fprintf(stderr,
		    "alpr-hotlist: show: plates of version %llu, %lu entries, to %s (certificate "
		    "%s) at %s\n",
		    (unsigned long long)in->version, (unsigned long)in->entries,
		    identity_subject(who), identity_serial(who),
		    clock_rfc3339(clock_utc_ns(), now)) < 0 ||
	    fflush(stderr) != 0)
		return err_set(e, ERR_IO, "stderr: cannot be written, so no plate is shown");
	return true;
}

static void identity_cleanup(struct identity **who)
{
	identity_free(*who);
}

static int show(const struct call *c, const char *path)
{
	CLEANUP(identity_cleanup) struct identity *who = NULL;
	uint8_t *file AUTO_FREE = NULL;
	struct err e = {0};
	struct layout l;
	size_t size, signature;

	if (c->plates && !may_see_plates(c, &who, &e))
		return verb_fail(&e);
	if (!file_read(path, BUNDLE_MAX_SIZE, &file, &size, &e))
		return verb_fail(&e);
	if (!sign_check(file, size, &l, &signature, &e)) {
		(void)err_prefix(&e, "%s", path);
		return verb_fail(&e);
	}
	if (!c->plates)
		show_header(&l, size, signature);
	else if (!record_who(who, &l.info, &e) || !plates_write(file, &l, stdout, &e))
		return verb_fail(&e);
	return 0;
}

static int run(int argc, char **argv)
{
	static const struct option OPTIONS[] = {{"plates", no_argument, NULL, 'p'},
						{"certificate", required_argument, NULL, 'c'},
						{"key", required_argument, NULL, 'k'},
						{"ca", required_argument, NULL, 'a'},
						{NULL, 0, NULL, 0}};
	struct call c = {0};
	int o;

	while ((o = verb_option(&VERB_SHOW, argc, argv, OPTIONS)) != -1) {
		if (o == 'p')
			c.plates = true;
		else if (o == 'c')
			c.certificate = optarg;
		else if (o == 'k')
			c.key = optarg;
		else if (o == 'a')
			c.ca = optarg;
		else
			return 2;
	}
	if (c.plates && (!c.certificate || !c.key || !c.ca))
		return verb_misuse(&VERB_SHOW, "--plates needs --certificate, --key and --ca");
	if (!c.plates && (c.certificate || c.key || c.ca))
		return verb_misuse(&VERB_SHOW, "--certificate, --key and --ca go with --plates");
	if (optind != argc - 1)
		return verb_misuse(&VERB_SHOW, "one file is needed");
	return show(&c, argv[optind]);
}

const struct verb VERB_SHOW = {
    "show", "a list's header and counts; its plates to the role RTCC only", HELP, run};
