/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/base/file.h"
#include "firmware/base/gift.h"
#include "firmware/ctl/evidence.h"
#include "firmware/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#define USAGE  "alprctl evidence pull REQUEST -o FILE"
#define WAIT_S 130u /* the daemon says within 120 what has become of it */
#define PIECE  65536u

/* --- the request -------------------------------------------------------------------------------
 */

/* Its bytes as a gift. A line's end that an editor or a mail has put behind them is none of
 * them. */
static bool read_request(const char *path, int *fd, struct err *e)
{
	AUTO_FREE char *text = malloc(WIRE_REQUEST_MAX + 3);
	AUTO_CLOSE int in = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct iovec part = {.iov_base = text};
	ssize_t n = 0;

	if (!text)
		return err_set(e, ERR_NO_MEMORY, "request");
	if (in < 0)
		return err_errno(e, errno, "%.150s", path);
	while (part.iov_len < WIRE_REQUEST_MAX + 3 &&
	       (n = read(in, text + part.iov_len, WIRE_REQUEST_MAX + 3 - part.iov_len)) > 0)
		part.iov_len += (size_t)n;
	if (n < 0)
		return err_errno(e, errno, "%.150s", path);
	while (part.iov_len > 0 && strchr("\r\n", text[part.iov_len - 1]) && text[part.iov_len - 1])
		part.iov_len--;
	if (part.iov_len == 0)
		return err_set(e, ERR_FORMAT, "%.150s: empty", path);
	if (part.iov_len > WIRE_REQUEST_MAX)
		return err_set(e, ERR_LIMIT, "%.150s: no request is longer than %u bytes", path,
			       WIRE_REQUEST_MAX);
	return gift_make("request", &part, 1, fd, e);
}

/* --- the file ----------------------------------------------------------------------------------
 */

struct output {
	const char *path;
	char *aside; /* where it is written; NULL once it has its name */
	int fd;
	sigset_t before;
};

/* Make it, under another name. From here on an order to end waits until it has its own, or is
 * gone. */
static bool output_open(struct output *o, struct err *e)
{
	sigset_t all;

	if (asprintf(&o->aside, "%s.XXXXXX", o->path) < 0) {
		o->aside = NULL;
		return err_set(e, ERR_NO_MEMORY, "file");
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &o->before);
	o->fd = mkostemp(o->aside, O_CLOEXEC);
	if (o->fd >= 0)
		return true;
	(void)err_errno(e, errno, "%.150s", o->path);
	free(steal_ptr(&o->aside));
	(void)sigprocmask(SIG_SETMASK, &o->before, NULL);
	return false;
}

static void output_close(struct output *o)
{
	if (o->fd >= 0)
		(void)close(o->fd);
	if (o->aside) {
		(void)unlink(o->aside);
		free(steal_ptr(&o->aside));
		(void)sigprocmask(SIG_SETMASK, &o->before, NULL);
	}
	o->fd = -1;
}

/* A request is good once: whether there is a place for its answer is tried before. */
static bool output_try(const char *path, struct err *e)
{
	struct output o = {.path = path, .fd = -1};
	struct stat st;
	bool made;

	if (lstat(path, &st) == 0)
		return err_set(e, ERR_ARGUMENT, "%.150s: is there already", path);
	made = output_open(&o, e);
	output_close(&o);
	return made;
}

static bool copy(int from, int to, size_t len, struct err *e)
{
	AUTO_FREE char *piece = malloc(PIECE);
	size_t done = 0;

	if (!piece)
		return err_set(e, ERR_NO_MEMORY, "answer");
	while (done < len) {
		size_t want = len - done < PIECE ? len - done : PIECE;
		ssize_t n = pread(from, piece, want, (off_t)done);

		if (n <= 0)
			return err_errno(e, n < 0 ? errno : EIO, "answer");
		if (!file_put(to, piece, (size_t)n, e))
			return false;
		done += (size_t)n;
	}
	return true;
}

/* Not every file system of a stick has a rename that leaves what is there. */
static bool give_name(struct output *o, struct err *e)
{
	struct stat st;
	int rc = renameat2(AT_FDCWD, o->aside, AT_FDCWD, o->path, RENAME_NOREPLACE);

	if (rc != 0 && (errno == EINVAL || errno == ENOSYS)) {
		if (lstat(o->path, &st) == 0)
			errno = EEXIST;
		else
			rc = rename(o->aside, o->path);
	}
	if (rc != 0)
		return err_errno(e, errno, "rename");
	free(steal_ptr(&o->aside));
	(void)sigprocmask(SIG_SETMASK, &o->before, NULL);
	return true;
}

static bool sync_folder(const char *path, struct err *e)
{
	AUTO_FREE char *name = strdup(path);
	AUTO_CLOSE int fd = -1;

	if (!name)
		return err_set(e, ERR_NO_MEMORY, "folder");
	fd = open(dirname(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* A file system without it has nothing to sync. */
	return (fd >= 0 && (fsync(fd) == 0 || errno == EINVAL)) || err_errno(e, errno, "sync");
}

static bool keep(struct output *o, int answer, size_t *len, struct err *e)
{
	if (!gift_check(answer, WIRE_SEALED_MAX, len, e) || !copy(answer, o->fd, *len, e))
		return false;
	if (fsync(o->fd) != 0)
		return err_errno(e, errno, "sync");
	return give_name(o, e) && sync_folder(o->path, e);
}

/* --- the verb ----------------------------------------------------------------------------------
 */

static bool ask(const struct ctl *ctl, int request, int *answer, struct err *e)
{
	cJSON *o = NULL;
	const cJSON *evidence;
	const char *why;
	AUTO_CLOSE int got = -1;
	bool sealed;

	if (!ctl_exchange(ctl, "evidence", request, WAIT_S, &o, &got, e))
		return false;
	evidence = cJSON_GetObjectItemCaseSensitive(o, "evidence");
	why = evidence ? ctl_text(evidence, "why") : ctl_text(o, "error");
	sealed = got >= 0 && evidence && ctl_true(evidence, "sealed");
	if (sealed)
		*answer = steal_fd(&got);
	else
		(void)err_set(e, ERR_POLICY, "refused: %.180s", why[0] ? why : "no reason given");
	cJSON_Delete(o);
	return sealed;
}

static bool pull(const struct ctl *ctl, const char *request, struct output *o, struct err *e)
{
	AUTO_CLOSE int give = -1;
	AUTO_CLOSE int answer = -1;
	size_t len = 0;

	if (!read_request(request, &give, e) || !output_try(o->path, e) ||
	    !ask(ctl, give, &answer, e))
		return false;
	if (!output_open(o, e) || !keep(o, answer, &len, e))
		return err_prefix(e, "%.100s: the answer is lost, and its request is spent",
				  o->path);
	(void)printf("%s: %zu bytes, sealed to the requester's key\n", o->path, len);
	return true;
}

int evidence_pull(const struct ctl *ctl, int argc, char **argv)
{
	CLEANUP(output_close) struct output o = {.fd = -1};
	struct err e = {0};
	int opt;

	optind = 0; /* begins afresh: main has had its own options */
	while ((opt = getopt(argc, argv, "o:")) != -1) {
		if (opt != 'o' || o.path)
			return ctl_usage(USAGE);
		o.path = optarg;
	}
	if (!o.path || !o.path[0] || argc - optind != 1)
		return ctl_usage(USAGE);
	if (!pull(ctl, argv[optind], &o, &e))
		return ctl_failed("evidence", &e);
	return CTL_DONE;
}
