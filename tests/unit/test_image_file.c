/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/image_file.h"
#include "hal/image_header.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <turbojpeg.h>
#include <unistd.h>

#include <cmocka.h>

/* A growing buffer is not worth it here: every test picture fits. */
struct file {
	uint8_t b[65536];
	size_t n;
};

static void put(struct file *f, const void *bytes, size_t n)
{
	assert_true(f->n + n <= sizeof f->b);
	if (n == 0)
		return;
	memcpy(f->b + f->n, bytes, n);
	f->n += n;
}

static void put_be32(struct file *f, uint32_t v)
{
	uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	put(f, b, 4);
}

static uint32_t crc32_png(const uint8_t *p, size_t n)
{
	uint32_t c = 0xffffffffu;

	for (size_t i = 0; i < n; i++) {
		c ^= p[i];
		for (int k = 0; k < 8; k++)
			c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
	}
	return ~c;
}

static void put_chunk(struct file *f, const char *type, const uint8_t *data, size_t n)
{
	size_t at;

	put_be32(f, (uint32_t)n);
	at = f->n;
	put(f, type, 4);
	put(f, data, n);
	put_be32(f, crc32_png(f->b + at, n + 4));
}

/* PNG of one grey level, one stored deflate block: colour type and depth as asked. */
static void png(struct file *f, uint32_t w, uint32_t h, uint8_t depth, uint8_t type, size_t row)
{
	uint8_t head[13] = {
	    0, 0, (uint8_t)(w >> 8), (uint8_t)w, 0, 0, (uint8_t)(h >> 8), (uint8_t)h, depth, type};
	struct file z = {.n = 0};
	uint32_t a = 1, b = 0;
	size_t raw = (row + 1) * h;

	f->n = 0;
	put(f, "\x89PNG\r\n\x1a\n", 8);
	put_chunk(f, "IHDR", head, 13);
	put(&z,
	    (uint8_t[]){0x78, 0x01, 0x01, (uint8_t)raw, (uint8_t)(raw >> 8), (uint8_t)~raw,
			(uint8_t)(~raw >> 8)},
	    7);
	for (size_t i = 0; i < raw; i++) {
		uint8_t v = i % (row + 1) ? 0x80 : 0;

		put(&z, &v, 1);
		a = (a + v) % 65521;
		b = (b + a) % 65521;
	}
	put_be32(&z, b << 16 | a);
	put_chunk(f, "IDAT", z.b, z.n);
	put_chunk(f, "IEND", NULL, 0);
}

static void jpeg(struct file *f, int w, int h, int level)
{
	tjhandle t = tjInitCompress();
	uint8_t *grey = malloc((size_t)w * (size_t)h);
	unsigned char *out = NULL;
	unsigned long len = 0;

	memset(grey, level, (size_t)w * (size_t)h);
	assert_int_equal(tjCompress2(t, grey, w, 0, h, TJPF_GRAY, &out, &len, TJSAMP_GRAY, 90, 0),
			 0);
	f->n = 0;
	put(f, out, len);
	tjFree(out);
	tjDestroy(t);
	free(grey);
}

static void expect_picture(const struct file *f, uint32_t w, uint32_t h, int level)
{
	struct image_file got;
	struct err e = {0};

	if (!image_file_decode(f->b, f->n, &got, &e))
		fail_msg("%s", e.text);
	assert_int_equal(got.width, w);
	assert_int_equal(got.height, h);
	assert_in_range(got.data[0], level - 2, level + 2);
	assert_in_range(got.data[w * h - 1], level - 2, level + 2);
	assert_int_equal(image_file_view(&got).stride, w);
	image_file_free(&got);
	assert_null(got.data);
}

static void expect_refusal(const void *bytes, size_t n, enum err_code code)
{
	struct image_file got;
	struct err e = {0};

	assert_false(image_file_decode(bytes, n, &got, &e));
	assert_int_equal(e.code, code);
	assert_true(e.text[0]);
	assert_null(got.data);
}

static void test_formats(void **state)
{
	static struct file f;

	(void)state;
	jpeg(&f, 40, 30, 128);
	expect_picture(&f, 40, 30, 128);
	png(&f, 20, 10, 8, 0, 20); /* grey */
	expect_picture(&f, 20, 10, 128);
	png(&f, 20, 10, 16, 0, 40); /* 16 bits */
	expect_picture(&f, 20, 10, 128);
	png(&f, 20, 10, 8, 6, 80); /* colour with alpha */
	expect_picture(&f, 20, 10, 128);
	png(&f, 20, 10, 8, 4, 40); /* grey with alpha */
	expect_picture(&f, 20, 10, 128);
	png(&f, 1, 1, 8, 0, 1);
	expect_picture(&f, 1, 1, 128);
	f.n = 0;
	put(&f, "P5\n# a comment\n2 3\n255\n\x80\x80\x80\x80\x80\x80", 29);
	expect_picture(&f, 2, 3, 128);
}

static void test_hostile(void **state)
{
	static struct file f;
	struct image_file got;
	struct err e = {0};

	(void)state;
	expect_refusal("", 0, ERR_FORMAT);
	expect_refusal("GIF89a", 6, ERR_FORMAT);
	expect_refusal("\xff\xd8\xff", 3, ERR_FORMAT);
	expect_refusal("P5\n30000 30000\n255\n", 19, ERR_LIMIT);
	expect_refusal("P5\n16000 16000\n255\n", 19, ERR_LIMIT);
	expect_refusal("P5\n0 3\n255\n", 11, ERR_FORMAT);
	expect_refusal("P5\n999999999 3\n255\n", 19, ERR_LIMIT);
	expect_refusal("P5\n999999999999 3\n255\n", 22, ERR_FORMAT);
	/* A decoder would take the comment for the height. */
	expect_refusal("P5\n2#1\n1\n255\n\x80\x80", 17, ERR_FORMAT);
	expect_refusal("P5\n#\r9 9\n2 1\n255\n\x80\x80", 20, ERR_FORMAT);
	expect_refusal("P5\n100 100\n255\nab", 17, ERR_FORMAT);
	png(&f, 100, 100, 8, 0, 100);
	memset(f.b + 16, 0x7f, 8); /* a bomb: 2139062143 pixels a side */
	expect_refusal(f.b, f.n, ERR_LIMIT);
	jpeg(&f, 64, 64, 90);
	for (size_t n = 0; n < f.n;
	     n++) { /* cut off anywhere: an error, not a picture with a grey rest */
		assert_false(image_file_decode(f.b, n, &got, &e));
		assert_int_equal(e.code, ERR_FORMAT);
	}
	expect_refusal(f.b, (size_t)IMAGE_FILE_BYTES_MAX + 1,
		       ERR_LIMIT); /* refused before it is looked at */
}

/* What is cheap to send and dear to decode. */
static void test_scans(void **state)
{
	static struct file f;
	struct err e = {0};

	(void)state;
	f.n = 0;
	put(&f, "\xff\xd8\xff\xff\xe0\0\x03x", 8);
	for (unsigned i = 0; i < IMAGE_HEADER_SCANS_MAX; i++) /* data with stuffing and a restart */
		put(&f, "\xff\xda\0\x03x12\xff\0\xff\xd0", 11);
	assert_false(image_header_check(f.b, f.n, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	put(&f, "garbage\xff\xd9", 9);
	assert_true(image_header_check(f.b, f.n, &e));
	f.n -= 2;
	put(&f, "\xff\xda\0\x03x\xff\xd9", 7);
	assert_false(image_header_check(f.b, f.n, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	assert_false(image_header_check((const uint8_t *)"\xff\xd8\xff\xd9", 4, &e));
	assert_int_equal(e.code, ERR_FORMAT);
}

static void expect_text(const char *type, const char *start, size_t n, bool accepted)
{
	uint8_t *b = calloc(1, 8 + 12 + n);
	struct err e = {0};

	memcpy(b, "\x89PNG\r\n\x1a\n", 8);
	b[9] = (uint8_t)(n >> 16);
	b[10] = (uint8_t)(n >> 8);
	b[11] = (uint8_t)n;
	memcpy(b + 12, type, 4);
	memcpy(b + 16, start, 4);
	assert_int_equal(image_header_check(b, 8 + 12 + n, &e), accepted);
	if (!accepted)
		assert_int_equal(e.code, ERR_LIMIT);
	/* A length that the file does not have counts what is there. */
	b[8] = 0xff;
	assert_int_equal(image_header_check(b, 8 + 12 + n, &e), accepted);
	free(b);
}

static void test_packed_text(void **state)
{
	(void)state;
	expect_text("zTXt", "k\0\0x", IMAGE_HEADER_PACKED_MAX, true);
	expect_text("zTXt", "k\0\0x", IMAGE_HEADER_PACKED_MAX + 1, false);
	expect_text("iCCP", "k\0\0x", IMAGE_HEADER_PACKED_MAX + 1, false);
	expect_text("iTXt", "k\0\1\0", IMAGE_HEADER_PACKED_MAX + 1, false);
	expect_text("iTXt", "k\0\0\0", IMAGE_HEADER_PACKED_MAX + 1, true);
	expect_text("tEXt", "k\0xx", IMAGE_HEADER_PACKED_MAX + 1, true);
	expect_text("iTXt", "kkkk", 4, true);
}

static void test_files(void **state)
{
	char folder[] = "/tmp/test_image_file.XXXXXX", path[64];
	static struct file f;
	struct image_file got;
	struct err e = {0};
	int dir, fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	png(&f, 20, 10, 8, 0, 20);
	fd = openat(dir, "a.png", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, f.b, f.n), (ssize_t)f.n);
	close(fd);
	assert_true(image_file_read(dir, "a.png", &got, &e));
	assert_int_equal(got.width, 20);
	image_file_free(&got);

	assert_false(image_file_read(dir, "none.png", &got, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "none.png"));
	close(openat(dir, "empty.jpg", O_WRONLY | O_CREAT, 0600));
	assert_false(image_file_read(dir, "empty.jpg", &got, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	assert_false(image_file_read(dir, ".", &got, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	assert_int_equal(mkfifoat(dir, "pipe.jpg", 0600), 0);
	assert_false(image_file_read(dir, "pipe.jpg", &got, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	fd = openat(dir, "huge.jpg", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, (off_t)IMAGE_FILE_BYTES_MAX + 1), 0);
	close(fd);
	assert_false(image_file_read(dir, "huge.jpg", &got, &e));
	assert_int_equal(e.code, ERR_LIMIT);

	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof path, "%s",
			       (const char *[]){"a.png", "empty.jpg", "pipe.jpg", "huge.jpg"}[i]);
		assert_int_equal(unlinkat(dir, path, 0), 0);
	}
	close(dir);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_formats), cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_scans),   cmocka_unit_test(test_packed_text),
	    cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("image_file", tests, NULL, NULL);
}
