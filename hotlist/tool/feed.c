/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/feed.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define WINDOW (1u << 20)

/* Put what comes next behind what is still there, which moves to the front of the window. */
static bool refill(struct feed *f, struct err *e)
{
	size_t left = (size_t)(f->end - f->at);
	ssize_t n;

	memmove(f->window, f->at, left);
	f->at = f->window;
	f->end = f->window + left;
	do {
		n = read(f->fd, f->window + left, WINDOW - left);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(e, errno, "read");
	f->ended = n == 0;
	f->end += n;
	return true;
}

static bool drop_mark(struct feed *f, struct err *e)
{
	size_t len = (size_t)(f->end - f->at);

	if (len >= 2 && (memcmp(f->at, "\xff\xfe", 2) == 0 || memcmp(f->at, "\xfe\xff", 2) == 0))
		return err_set(e, ERR_FORMAT, "text in UTF-16: must be ASCII or UTF-8");
	if (len >= 3 && memcmp(f->at, "\xef\xbb\xbf", 3) == 0)
		f->at += 3;
	return true;
}

bool feed_memory(struct feed *f, const char *text, size_t len, struct err *e)
{
	memset(f, 0, sizeof *f);
	f->fd = -1;
	f->ended = true;
	f->at = text;
	f->end = text + len;
	return drop_mark(f, e);
}

bool feed_open(struct feed *f, const char *path, struct err *e)
{
	struct stat st;

	memset(f, 0, sizeof *f);
	/* O_NONBLOCK: a FIFO in the file's place must not hang us before it is refused. */
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0 || fstat(f->fd, &st) != 0)
		return err_errno(e, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_FORMAT, "%s: not a plain file", path);
	f->window = malloc(WINDOW);
	if (!f->window)
		return err_set(e, ERR_NO_MEMORY, "%s: no memory", path);
	f->at = f->end = f->window;
	while (f->end - f->at < 3 && !f->ended)
		if (!refill(f, e))
			return err_prefix(e, "%s", path);
	return drop_mark(f, e) || err_prefix(e, "%s", path);
}

void feed_close(struct feed *f)
{
	cleanup_close(&f->fd);
	free(f->window);
	memset(f, 0, sizeof *f);
	f->fd = -1;
}

static void give(struct feed_line *line, const char *text, size_t len)
{
	if (len > 0 && text[len - 1] == '\r')
		len--;
	line->text = text;
	line->len = len;
	line->too_long = line->too_long || len > FEED_LINE_MAX;
}

bool feed_next(struct feed *f, struct feed_line *line, bool *more, struct err *e)
{
	*line = (struct feed_line){.number = f->lines + 1};
	*more = false;
	for (;;) {
		size_t left = (size_t)(f->end - f->at);
		const char *stop = left ? memchr(f->at, '\n', left) : NULL;

		if (stop || f->ended) {
			*more = stop || left > 0 || line->too_long;
			give(line, f->at, stop ? (size_t)(stop - f->at) : left);
			f->at = stop ? stop + 1 : f->end;
			f->lines += *more;
			return true;
		}
		if (left > FEED_LINE_MAX + 1) { /* with a CR that belongs to its end */
			line->too_long = true;
			f->at = f->end;
		}
		if (!refill(f, e))
			return false;
	}
}
