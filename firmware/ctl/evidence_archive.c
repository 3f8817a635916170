/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ctl/evidence_archive.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK	     512u
#define NAME_SIZE    100u
#define SIZE_AT	     124u
#define CHECKSUM_AT  148u
#define CHECKSUM_LEN 8u
#define TYPE_AT	     156u
#define LINK_AT	     157u
#define LINK_SIZE    100u
#define MAGIC_AT     257u
#define REST_AT	     265u /* owner's and group's names, devices, a name's prefix: all zeros */

static const char *const part_names[EVIDENCE_PARTS] = {
    "manifest.json", "manifest.sig", "request.jws", "certificate.txt", "audit.jsonl", "box.key"};

static const char READS[] = "reads/";

bool evidence_is_picture(const char *name)
{
	static const char *const kinds[] = {"/crop_0.jpg", "/crop_1.jpg", "/scene_0.jpg",
					    "/scene_1.jpg"};
	const char *id = name + sizeof READS - 1;

	if (strncmp(name, READS, sizeof READS - 1) != 0 ||
	    strspn(id, "0123456789abcdef") != EVIDENCE_ID_LENGTH)
		return false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(id + EVIDENCE_ID_LENGTH, kinds[i]) == 0)
			return true;
	return false;
}

const char *evidence_picture_id(const char *name)
{
	return name + sizeof READS - 1;
}

const char *evidence_picture_kind(const char *name, size_t *len)
{
	const char *kind = evidence_picture_id(name) + EVIDENCE_ID_LENGTH + 1;

	*len = strcspn(kind, ".");
	return kind;
}

/* --- one header ---------------------------------------------------------------------------------
 */

static bool is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* `digits` octal digits and a NUL. */
static bool take_octal(const uint8_t *p, size_t digits, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < digits; i++) {
		if (p[i] < '0' || p[i] > '7')
			return false;
		*out = *out << 3 | (uint64_t)(p[i] - '0');
	}
	return p[digits] == '\0';
}

static bool sum_holds(const uint8_t *h)
{
	uint64_t said, sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i - CHECKSUM_AT < CHECKSUM_LEN ? ' ' : h[i];
	return take_octal(h + CHECKSUM_AT, CHECKSUM_LEN - 2, &said) && said == sum;
}

/* A plain file with a name that ends within its field, and nothing where a reader of archives could
 * find another name, a link or a device. */
static bool take_header(const uint8_t *h, struct evidence_file *f)
{
	const size_t name = strnlen((const char *)h, NAME_SIZE);
	uint64_t size;

	if (name == NAME_SIZE || !is_zero(h + name, NAME_SIZE - name) || !sum_holds(h) ||
	    h[TYPE_AT] != '0' || !is_zero(h + LINK_AT, LINK_SIZE) ||
	    memcmp(h + MAGIC_AT, "ustar\00000", 8) != 0 || !is_zero(h + REST_AT, BLOCK - REST_AT) ||
	    !take_octal(h + SIZE_AT, 11, &size))
		return false;
	f->name = (const char *)h;
	f->len = (size_t)size;
	return true;
}

/* --- all of them --------------------------------------------------------------------------------
 */

static bool belongs(const struct evidence_file *f, size_t n)
{
	return n < EVIDENCE_PARTS ? strcmp(f->name, part_names[n]) == 0
				  : evidence_is_picture(f->name);
}

static bool add(struct evidence_archive *a, const struct evidence_file *f, struct err *e)
{
	/* Doubled whenever it is a power of two. */
	if ((a->n & (a->n - 1)) == 0) {
		const size_t room = a->n ? 2 * a->n : 1;
		struct evidence_file *more = reallocarray(a->files, room, sizeof *more);

		if (!more)
			return err_set(e, ERR_NO_MEMORY, "archive");
		a->files = more;
	}
	a->files[a->n++] = *f;
	return true;
}

static bool read_file(const uint8_t *data, size_t len, size_t *at, struct evidence_archive *out,
		      struct err *e)
{
	struct evidence_file f;
	size_t whole;

	if (!take_header(data + *at, &f))
		return err_set(e, ERR_FORMAT, "archive: no file's header at byte %zu", *at);
	if (!belongs(&f, out->n))
		return err_set(e, ERR_FORMAT, "archive: a file that does not belong at byte %zu",
			       *at);
	*at += BLOCK;
	whole = (f.len + BLOCK - 1) / BLOCK * BLOCK;
	if (f.len > len || whole > len - *at || !is_zero(data + *at + f.len, whole - f.len))
		return err_set(e, ERR_FORMAT, "archive: %s is cut off or padded with something",
			       f.name);
	f.data = data + *at;
	*at += whole;
	return add(out, &f, e);
}

static int by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static bool each_once(const struct evidence_archive *a, struct err *e)
{
	const char **sorted = calloc(a->n, sizeof(char *));
	bool once = true;

	if (!sorted)
		return err_set(e, ERR_NO_MEMORY, "archive");
	for (size_t i = 0; i < a->n; i++)
		sorted[i] = a->files[i].name;
	qsort(sorted, a->n, sizeof(char *), by_name);
	for (size_t i = 1; i < a->n; i++)
		once &= strcmp(sorted[i - 1], sorted[i]) != 0;
	free(sorted);
	return once || err_set(e, ERR_FORMAT, "archive: a file is in it twice");
}

bool evidence_archive_read(const uint8_t *data, size_t len, struct evidence_archive *out,
			   struct err *e)
{
	const size_t end = (size_t)2 * BLOCK;
	size_t at = 0;

	memset(out, 0, sizeof *out);
	while (len - at >= end && data[at] != 0)
		if (!read_file(data, len, &at, out, e))
			return false;
	if (len - at != end || !is_zero(data + at, end))
		return err_set(e, ERR_FORMAT, "archive: it does not end as it should at byte %zu",
			       at);
	if (out->n < EVIDENCE_PARTS)
		return err_set(e, ERR_FORMAT, "archive: %s is missing", part_names[out->n]);
	return each_once(out, e);
}

void evidence_archive_free(struct evidence_archive *a)
{
	free(a->files);
	memset(a, 0, sizeof *a);
}
