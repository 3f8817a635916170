/* SPDX-License-Identifier: Apache-2.0 */
extern "C" {
#include "hal/image_header.h"
}
#include "hal/image_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <new>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <sys/stat.h>
#include <unistd.h>

void image_file_free(struct image_file *f)
{
	free(f->data);
	memset(f, 0, sizeof *f);
}

struct image image_file_view(const struct image_file *f)
{
	struct image v;

	v.data = f->data;
	v.width = f->width;
	v.height = f->height;
	v.stride = f->width;
	return v;
}

static bool within_limits(const void *bytes, size_t len, struct err *e)
{
	uint32_t w = 0, h = 0;

	if (len > IMAGE_FILE_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "the file has more than %u bytes",
			       IMAGE_FILE_BYTES_MAX);
	if (!image_header_size(static_cast<const uint8_t *>(bytes), len, &w, &h, e))
		return false;
	if (w > IMAGE_FILE_SIDE_MAX || h > IMAGE_FILE_SIDE_MAX ||
	    (uint64_t)w * h > IMAGE_FILE_PIXELS_MAX)
		return err_set(e, ERR_LIMIT,
			       "%u x %u pixels are more than %u megapixels or %u a side", w, h,
			       IMAGE_FILE_PIXELS_MAX / 1000000u, IMAGE_FILE_SIDE_MAX);
	return image_header_check(static_cast<const uint8_t *>(bytes), len, e);
}

static bool take(const cv::Mat &luma, struct image_file *out, struct err *e)
{
	if (luma.empty() || luma.type() != CV_8UC1 || luma.cols < 1 || luma.rows < 1)
		return err_set(e, ERR_FORMAT, "the picture is broken");
	size_t w = (size_t)luma.cols, h = (size_t)luma.rows;
	uint8_t *data = static_cast<uint8_t *>(malloc(w * h));
	if (!data)
		return err_set(e, ERR_NO_MEMORY, "no memory for %zu x %zu pixels", w, h);
	for (size_t y = 0; y < h; y++)
		memcpy(data + y * w, luma.ptr((int)y), w);
	out->data = data;
	out->width = (uint32_t)w;
	out->height = (uint32_t)h;
	return true;
}

bool image_file_decode(const void *bytes, size_t len, struct image_file *out, struct err *e)
{
	memset(out, 0, sizeof *out);
	if (!within_limits(bytes, len, e))
		return false;
	try {
		cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
		/* No worker threads: the capture role's sandbox has no clone. */
		cv::setNumThreads(1);
		cv::Mat in(1, (int)len, CV_8UC1, const_cast<void *>(bytes));
		return take(cv::imdecode(in, cv::IMREAD_GRAYSCALE), out, e);
	} catch (const std::bad_alloc &) {
		return err_set(e, ERR_NO_MEMORY, "no memory to decode the picture");
	} catch (const cv::Exception &x) {
		return err_set(e, x.code == cv::Error::StsNoMem ? ERR_NO_MEMORY : ERR_FORMAT,
			       "the picture is broken");
	} catch (...) {
		return err_set(e, ERR_FORMAT, "the picture is broken");
	}
}

static bool slurp(int fd, uint8_t *data, size_t len, struct err *e)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = read(fd, data + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, errno, "read");
		if (n == 0)
			return err_set(e, ERR_FORMAT, "the file shrank while it was read");
		got += (size_t)n;
	}
	return true;
}

static bool read_open_file(int fd, struct image_file *out, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, errno, "fstat");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_FORMAT, "not a regular file");
	if (st.st_size > (off_t)IMAGE_FILE_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "the file has more than %u bytes",
			       IMAGE_FILE_BYTES_MAX);
	if (st.st_size == 0)
		return err_set(e, ERR_FORMAT, "the file is empty");
	size_t len = (size_t)st.st_size;
	uint8_t *data = static_cast<uint8_t *>(malloc(len));
	if (!data)
		return err_set(e, ERR_NO_MEMORY, "no memory for a file of %zu bytes", len);
	bool ok = slurp(fd, data, len, e) && image_file_decode(data, len, out, e);
	free(data);
	return ok;
}

/* Of a long path its end, so that what is wrong with it has its place in the error. */
static bool name(const char *path, struct err *e)
{
	const size_t most = 100, n = strlen(path);

	return err_prefix(e, "%s%s", n > most ? "..." : "", n > most ? path + n - most : path);
}

bool image_file_read(int folder, const char *path, struct image_file *out, struct err *e)
{
	memset(out, 0, sizeof *out);
	/* O_NONBLOCK: a pipe in the folder must not hold us up. */
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		err_errno(e, errno, "open");
		return name(path, e);
	}
	bool ok = read_open_file(fd, out, e);
	(void)close(fd);
	return ok || name(path, e);
}
