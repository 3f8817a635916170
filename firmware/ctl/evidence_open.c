/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/file.h"
#include "firmware/base/jwe.h"
#include "firmware/ctl/evidence.h"
#include "firmware/ctl/evidence_page.h"
#include "firmware/wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

#define TYP "alpr-evidence"

struct call {
	const char *key, *box_key, *ca, *file, *folder;
};

/* What has been decrypted: plates and pictures. */
struct plain {
	uint8_t *data;
	size_t len;
};

static void plain_wipe(struct plain *p)
{
	if (p->data)
		explicit_bzero(p->data, p->len);
	free(p->data);
}

static void key_cleanup(struct crypt_key **k)
{
	crypt_key_free(*k);
}

/* --- the sealed answer ---------------------------------------------------------------------------
 */

/* *text: the caller frees. A line's end that a mail or an editor has put behind it is none of it.
 */
static bool read_sealed(const char *path, char **text, size_t *len, struct err *e)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, errno, "open");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "not a regular file");
	if (st.st_size > (off_t)WIRE_SEALED_MAX)
		return err_set(e, ERR_LIMIT, "larger than an answer can be");
	*len = (size_t)st.st_size;
	*text = malloc(*len + 1);
	if (!*text)
		return err_set(e, ERR_NO_MEMORY, "%zu bytes", *len);
	if (!file_take(fd, *text, *len, e))
		return false;
	while (*len > 0 && ((*text)[*len - 1] == '\n' || (*text)[*len - 1] == '\r'))
		--*len;
	return true;
}

static bool unseal(const char *path, const struct crypt_key *k, struct plain *out, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;

	return (read_sealed(path, &text, &len, e) &&
		jwe_open(k, TYP, text, len, &out->data, &out->len, e)) ||
	       err_prefix(e, "%.150s", path);
}

/* --- the folder ----------------------------------------------------------------------------------
 */

static bool is_empty(int folder, struct err *e)
{
	DIR *d = fdopendir(dup(folder));
	const struct dirent *entry;
	bool empty = true;

	if (!d)
		return err_errno(e, errno, "read");
	while ((entry = readdir(d)))
		empty &= strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	(void)closedir(d);
	return empty || err_set(e, ERR_ARGUMENT, "not empty: files of two pulls must not mix");
}

/* An empty folder: made, or there. */
static bool open_folder(const char *path, int *fd, struct err *e)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_errno(e, errno, "%.150s", path);
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return err_errno(e, errno, "%.150s", path);
	return is_empty(*fd, e) || err_prefix(e, "%.150s", path);
}

/* The folder is nobody else's, and still no name that is there already is ever followed. */
static bool create(int folder, const char *name, int *fd, struct err *e)
{
	*fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *fd >= 0 || err_errno(e, errno, "%s", name);
}

static bool make_folder(int folder, const char *name, size_t len, struct err *e)
{
	char path[64];

	(void)snprintf(path, sizeof path, "%.*s", (int)len, name);
	return mkdirat(folder, path, 0700) == 0 || errno == EEXIST ||
	       err_errno(e, errno, "%s", path);
}

static bool write_file(int folder, const struct evidence_file *f, struct err *e)
{
	AUTO_CLOSE int fd = -1;

	if (evidence_is_picture(f->name) &&
	    (!make_folder(folder, "reads", 5, e) ||
	     !make_folder(folder, f->name,
			  (size_t)(evidence_picture_id(f->name) - f->name) + EVIDENCE_ID_LENGTH,
			  e)))
		return false;
	if (!create(folder, f->name, &fd, e))
		return false;
	return file_put(fd, f->data, f->len, e) || err_prefix(e, "%s", f->name);
}

static bool write_page(int folder, const struct evidence *v, struct err *e)
{
	AUTO_FCLOSE FILE *f = NULL;
	int fd;

	if (!create(folder, "index.html", &fd, e))
		return false;
	f = fdopen(fd, "w");
	if (!f) {
		(void)close(fd);
		return err_errno(e, errno, "index.html");
	}
	return evidence_page(f, v, clock_utc_ns(), e) &&
	       ((fflush(f) == 0 && fsync(fd) == 0) || err_errno(e, errno, "index.html"));
}

/* The page comes last: where it is, all is, on the disk as well (all files at once: there may be
 * ten thousand, and to wait for each takes seconds). */
static bool unpack(const char *path, const struct evidence *v, struct err *e)
{
	AUTO_CLOSE int folder = -1;

	if (!open_folder(path, &folder, e))
		return false;
	for (size_t i = 0; i < v->archive.n; i++)
		if (!write_file(folder, &v->archive.files[i], e))
			return err_prefix(e, "%.100s is not complete", path);
	if (syncfs(folder) < 0)
		return err_errno(e, errno, "%.100s is not complete", path);
	return write_page(folder, v, e) || err_prefix(e, "%.100s is not complete", path);
}

/* -------------------------------------------------------------------------------------------------
 */

static void report(const struct call *c, const struct evidence *v)
{
	for (size_t i = 0; i < v->n_verified; i++)
		(void)printf("verified: %s\n", v->verified[i]);
	for (size_t i = 0; i < v->n_open; i++)
		(void)printf("not verified: %s\n", v->open[i]);
	(void)printf("manifest.json has SHA-256 %s\n", v->manifest_hash);
	(void)printf("%s/index.html shows it\n", c->folder);
}

static bool run(const struct call *c, struct err *e)
{
	CLEANUP(key_cleanup) struct crypt_key *k = NULL;
	CLEANUP(plain_wipe) struct plain plain = {0};
	CLEANUP(evidence_free) struct evidence v = {0};
	struct evidence_wanted wanted = {.box_key = c->box_key, .ca = c->ca};

	if (!crypt_key_load_private(c->key, &k, e) || !unseal(c->file, k, &plain, e))
		return false;
	wanted.key = k;
	if (!evidence_verify(plain.data, plain.len, &wanted, &v, e))
		return err_prefix(e, "%.150s", c->file);
	if (!unpack(c->folder, &v, e))
		return false;
	report(c, &v);
	return true;
}

static const struct option options[] = {{"key", required_argument, NULL, 'k'},
					{"box-key", required_argument, NULL, 'b'},
					{"ca", required_argument, NULL, 'a'},
					{NULL, 0, NULL, 0}};

int evidence_open(const struct ctl *ctl, int argc, char **argv)
{
	struct call c = {0};
	struct err e = {0};
	int opt;

	(void)ctl;
	optind = 0; /* begins afresh: main has had its own options */
	while ((opt = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (opt == 'k')
			c.key = optarg;
		else if (opt == 'b')
			c.box_key = optarg;
		else if (opt == 'a')
			c.ca = optarg;
		else if (opt == 'o')
			c.folder = optarg;
		else
			return ctl_usage(EVIDENCE_OPEN_USAGE);
	}
	if (!c.key || !c.folder || argc - optind != 1)
		return ctl_usage(EVIDENCE_OPEN_USAGE);
	c.file = argv[optind];
	return run(&c, &e) ? CTL_DONE : ctl_failed("evidence", &e);
}
