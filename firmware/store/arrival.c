/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/arrival.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hotlist/delta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PIECE	    (256u << 10) /* copied at once */
#define SYNC_EVERY  (4 << 20)	 /* so that no fsync has much to wait for */
#define CHECK_STEPS 128u	 /* one or two milliseconds */
#define DELTA_STEPS 128u	 /* the same */
#define SHORT_FILE  (1 << 20)	 /* is done with before anyone could wait for it */

bool arrival_begin(const struct arrival_keys *keys, const char *path, struct bundle **out,
		   struct err *e)
{
	for (size_t i = 0; i < ARRIVAL_KEYS; i++)
		if (keys->key[i] && bundle_begin(path, keys->key[i], out, e))
			return true;
	return false;
}

bool arrival_begin_fd(const struct arrival_keys *keys, int fd, struct bundle **out, struct err *e)
{
	for (size_t i = 0; i < ARRIVAL_KEYS; i++)
		if (keys->key[i] && bundle_begin_fd(fd, keys->key[i], out, e))
			return true;
	return false;
}

bool arrival_copy(struct arrival *a, int from, struct bundle *given, int64_t id, const char *path,
		  struct err *e)
{
	*a = (struct arrival){.from = from, .path = path, .given = given, .id = id};
	a->to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (a->to >= 0)
		return true;
	(void)err_errno(e, errno, "hotlist cache");
	arrival_drop(a);
	return false;
}

/* A file as memory. */
struct map {
	uint8_t *data;
	size_t len;
};

static void map_free(struct map *m)
{
	if (m->data)
		(void)munmap(m->data, m->len);
}

static bool map_old(const char *path, struct map *m, struct err *e)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_errno(e, errno, "hotlist cache");
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return err_errno(e, errno, "hotlist cache: mmap");
	*m = (struct map){data, (size_t)st.st_size};
	return true;
}

static bool map_new(int fd, size_t len, struct map *m, struct err *e)
{
	void *data;

	if (ftruncate(fd, (off_t)len) != 0)
		return err_errno(e, errno, "hotlist: memory");
	data = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return err_errno(e, errno, "hotlist: mmap");
	*m = (struct map){data, len};
	return true;
}

static bool verify_head(const struct arrival_keys *keys, const struct delta_info *info,
			struct err *e)
{
	for (size_t i = 0; i < ARRIVAL_KEYS; i++)
		if (keys->key[i] && layout_verify(info->head, &info->to, keys->key[i], e))
			return true;
	return err_prefix(e, "delta");
}

/* Made in memory, as a whole list comes in memory, and copied from there like one: what is new is
 * known the sooner, and writing waits for no disk but in arrival_step's pieces. */
struct making {
	struct map old, new;
	struct gift delta;
	int fd; /* of new */
	struct delta *work;
};

static void making_free(struct making **m)
{
	if (!*m)
		return;
	delta_end((*m)->work);
	map_free(&(*m)->old);
	map_free(&(*m)->new);
	gift_unmap(&(*m)->delta);
	if ((*m)->fd >= 0)
		(void)close((*m)->fd);
	free(*m);
	*m = NULL;
}

static bool begin_making(struct making *m, const struct delta_info *info, const char *old_path,
			 struct err *e)
{
	m->fd = memfd_create("hotlist", MFD_CLOEXEC);
	if (m->fd < 0)
		return err_errno(e, errno, "hotlist: memory");
	return map_old(old_path, &m->old, e) && map_new(m->fd, (size_t)info->to.size, &m->new, e) &&
	       delta_begin(m->old.data, m->old.len, m->delta.data, m->delta.len, m->new.data,
			   m->new.len, &m->work, e);
}

bool arrival_delta(struct arrival *a, const struct arrival_keys *keys, struct gift *delta,
		   const char *old_path, const char *path, struct err *e)
{
	CLEANUP(making_free) struct making *m = calloc(1, sizeof *m);
	uint8_t digest[CRYPT_SHA256_SIZE];
	struct delta_info info;

	*a = ARRIVAL_NONE;
	if (!m) {
		gift_unmap(delta);
		return err_set(e, ERR_NO_MEMORY, "hotlist: no memory");
	}
	m->delta = *delta;
	*delta = (struct gift){0};
	m->fd = -1;
	if (!delta_read(m->delta.data, m->delta.len, &info, e) || !verify_head(keys, &info, e) ||
	    !crypt_sha256(info.head, LAYOUT_HEADER, digest, e) ||
	    !begin_making(m, &info, old_path, e))
		return false;
	a->making = steal_ptr(&m);
	a->path = path;
	a->id = bundle_id_of(digest);
	return true;
}

static bool make_some(struct arrival *a, const struct arrival_keys *keys, struct err *e)
{
	struct making *m = a->making;
	struct bundle *given;
	bool done;
	int fd;

	if (!delta_some(m->work, DELTA_STEPS, &done, e))
		return false;
	/* What was read of the old one once need not stay in the memory of this process. */
	(void)madvise(m->old.data, m->old.len, MADV_DONTNEED);
	if (!done)
		return true;
	if (!arrival_begin_fd(keys, m->fd, &given, e))
		return false;
	fd = steal_fd(&m->fd);
	making_free(&a->making);
	return arrival_copy(a, fd, given, bundle_id(given), a->path, e);
}

void arrival_check(struct arrival *a, struct bundle *b)
{
	*a = ARRIVAL_NONE;
	a->b = b;
	a->id = bundle_id(b);
}

void arrival_drop(struct arrival *a)
{
	making_free(&a->making);
	bundle_close(a->given);
	bundle_close(a->b);
	if (a->from >= 0)
		(void)close(a->from);
	if (a->to >= 0)
		(void)close(a->to);
	*a = ARRIVAL_NONE;
}

static bool copy_piece(struct arrival *a, bool *more, struct err *e)
{
	AUTO_FREE uint8_t *buffer = malloc(PIECE);
	ssize_t n, put = 0;

	if (!buffer)
		return err_set(e, ERR_NO_MEMORY, "hotlist cache: no memory");
	n = pread(a->from, buffer, PIECE, a->at);
	if (n < 0)
		return err_errno(e, errno, "hotlist: read");
	*more = n > 0;
	while (put < n) {
		ssize_t w = write(a->to, buffer + put, (size_t)(n - put));

		if (w < 0)
			return err_errno(e, errno, "hotlist cache");
		put += w;
	}
	a->at += n;
	a->unsynced += n;
	if (*more && a->unsynced < SYNC_EVERY)
		return true;
	a->unsynced = 0;
	return fsync(a->to) == 0 || err_errno(e, errno, "hotlist cache");
}

/* The copy is there: it is this that must be good, not what it was made from. */
static bool open_copy(struct arrival *a, const struct arrival_keys *keys, struct err *e)
{
	(void)close(a->from);
	(void)close(a->to);
	a->from = a->to = -1;
	if (!arrival_begin(keys, a->path, &a->b, e))
		return false;
	bundle_close(a->given);
	a->given = NULL;
	return true;
}

static bool step(struct arrival *a, const struct arrival_keys *keys, bool *done, struct err *e)
{
	bool more;

	*done = false;
	if (a->making)
		return make_some(a, keys, e);
	if (a->b)
		return bundle_check_some(a->b, CHECK_STEPS, done, e);
	return copy_piece(a, &more, e) && (more || open_copy(a, keys, e));
}

const struct bundle *arrival_known(const struct arrival *a)
{
	return a->b ? a->b : a->given;
}

static bool is_short(const struct arrival *a)
{
	if (a->making)
		return a->making->new.len < SHORT_FILE;
	return a->at < SHORT_FILE && (!a->b || bundle_info(a->b)->entries < SHORT_FILE / 64);
}

bool arrival_step(struct arrival *a, const struct arrival_keys *keys, int64_t end_ns,
		  struct bundle **out, struct err *e)
{
	bool done = false;

	*out = NULL;
	while (!done && (is_short(a) || clock_mono_ns() < end_ns)) {
		if (!step(a, keys, &done, e)) {
			arrival_drop(a);
			return false;
		}
	}
	if (done) {
		*out = a->b;
		a->b = NULL;
		arrival_drop(a);
	}
	return true;
}
