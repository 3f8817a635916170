/* SPDX-License-Identifier: Apache-2.0 */
/* The audit chain: exported from this box's database, and verified there or in an exported file. */
#include "firmware/ctl/ctl.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/conf.h"
#include "firmware/ctl/audit_file.h"
#include "firmware/store/conf.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <string.h>

#define USAGE                                                                                      \
	"alprctl audit export > FILE\n"                                                            \
	"       alprctl audit verify [--head SEQ:HASH] [--key KEY] [FILE]"

static void close_db(struct db **d)
{
	db_close(*d);
}

static void close_file(struct audit_file **f)
{
	audit_file_close(*f);
}

bool ctl_open_store(const struct ctl *ctl, struct db **d, struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *name = ctl->config ? strdup(ctl->config) : NULL;
	struct store_conf conf;
	size_t len = 0;

	if (ctl->config && !name)
		return err_set(e, ERR_NO_MEMORY, "configuration");
	if (name && !conf_read(ctl->config, &text, &len, e))
		return false;
	if (!store_conf_load(text ? text : "", len, name ? dirname(name) : "/", &conf, e))
		return err_prefix(e, "configuration");
	return db_open_to_read(conf.ring.path, &db_schema, d, e);
}

/* --- export ------------------------------------------------------------------------------------
 */

static bool export_chain(struct db *d, FILE *f, struct err *e)
{
	AUTO_FREE struct audit_row *row = calloc(1, sizeof *row);
	struct audit_cursor c;
	const struct audit_source s = audit_cursor_start(&c, d);
	struct audit_head head;
	bool more = true;

	if (!row)
		return err_set(e, ERR_NO_MEMORY, "export: no memory");
	if (!audit_head(d, &head, e) || !audit_file_put_head(f, &head, e))
		return false;
	/* What the store appends meanwhile belongs to the next export. */
	while (c.seq < head.seq) {
		if (!s.next(s.arg, row, &more, e))
			return false;
		if (!more || row->seq > head.seq)
			break;
		if (!audit_file_put(f, row, e))
			return false;
	}
	return (fflush(f) == 0 && !ferror(f)) || err_errno(e, errno, "export");
}

static int run_export(const struct ctl *ctl, int argc)
{
	CLEANUP(close_db) struct db *d = NULL;
	struct err e = {0};

	if (argc > 1)
		return ctl_usage(USAGE);
	if (!ctl_open_store(ctl, &d, &e) || !export_chain(d, stdout, &e))
		return ctl_failed("audit", &e);
	return CTL_DONE;
}

/* --- verify ------------------------------------------------------------------------------------
 */

static bool verify_file(const char *path, const struct audit_wanted *wanted,
			struct audit_found *found, struct err *e)
{
	CLEANUP(close_file) struct audit_file *f = NULL;
	struct audit_source s;

	if (!audit_file_open(path, &f, e))
		return err_prefix(e, "%.150s", path);
	s = audit_file_source(f);
	return audit_walk(&s, wanted, found, e) && audit_file_ends(f, &found->last, e);
}

static bool verify_box(const struct ctl *ctl, const struct audit_wanted *wanted,
		       struct audit_found *found, struct err *e)
{
	CLEANUP(close_db) struct db *d = NULL;
	struct audit_cursor c;
	struct audit_source s;

	if (!ctl_open_store(ctl, &d, e))
		return false;
	s = audit_cursor_start(&c, d);
	return audit_walk(&s, wanted, found, e);
}

static void print_found(const struct audit_wanted *wanted, const struct audit_found *f)
{
	char hex[AUDIT_HEX_SIZE];

	(void)printf("%" PRId64 " records hold, head %" PRId64 ":%s\n", f->last.seq, f->last.seq,
		     audit_hex(f->last.hash, hex));
	if (f->signed_seq > 0)
		(void)printf("signed up to record %" PRId64 ", key %s\n", f->signed_seq,
			     audit_hex(f->key, hex));
	else
		(void)printf("nothing is signed yet\n");
	if (f->keys > 1)
		(void)printf("the key changed %" PRId64 " times: each needs a reason\n",
			     f->keys - 1);
	if (wanted->head.seq > 0)
		(void)printf("record %" PRId64 " is the one that was noted\n", wanted->head.seq);
	else
		(void)printf(
		    "that none is missing at the end shows against a head noted elsewhere: "
		    "--head SEQ:HASH\n");
}

static bool take_option(int opt, const char *text, struct audit_wanted *wanted, struct err *e)
{
	if (opt == 'H')
		return audit_head_parse(text, &wanted->head, e);
	wanted->has_key = true;
	return audit_unhex(text, wanted->key) ||
	       err_set(e, ERR_ARGUMENT, "a key is named by 64 hexadecimal digits");
}

static int run_verify(const struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {{"head", required_argument, NULL, 'H'},
						{"key", required_argument, NULL, 'k'},
						{NULL, 0, NULL, 0}};
	struct audit_wanted wanted = {0};
	struct audit_found found = {0};
	struct err e = {0};
	bool holds;
	int opt;

	optind = 0; /* begins afresh: main has had its own options */
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (opt == '?')
			return ctl_usage(USAGE);
		else if (!take_option(opt, optarg, &wanted, &e))
			return (void)ctl_failed("audit", &e), CTL_WRONG;
	if (argc - optind > 1)
		return ctl_usage(USAGE);
	holds = optind < argc ? verify_file(argv[optind], &wanted, &found, &e)
			      : verify_box(ctl, &wanted, &found, &e);
	if (!holds)
		return ctl_failed("audit", &e);
	print_found(&wanted, &found);
	return CTL_DONE;
}

int ctl_audit(const struct ctl *ctl, int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "export") == 0)
		return run_export(ctl, argc - 1);
	if (argc > 1 && strcmp(argv[1], "verify") == 0)
		return run_verify(ctl, argc - 1, argv + 1);
	return ctl_usage(USAGE);
}
