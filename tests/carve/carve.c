/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carve NEEDLES PATH…: looks for known bytes in files, block devices, images of disks, and in all
 * files below folders, at whatever offset they lie and whatever the file is. NEEDLES: a file with a
 * line "NAME HEX" for each, NAME without a space, at least four bytes. Prints a line "NAME PATH
 * COUNT OFFSET…" (the first OFFSETS_MAX of them) for each that is there; then "bytes N", all that
 * it looked at. Exit status 1 when something could not be looked at: then nothing is proven.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_LEN    4u	   /* bytes that a needle is filed under */
#define BUCKETS	    65536u /* a power of two */
#define FILTER_BITS 22u	   /* most heads are in no needle: one look at half a megabyte says so */
#define NEEDLE_MAX  65536u /* bytes of one */
#define BLOCK	    ((size_t)4 << 20)
#define OFFSETS_MAX 1000u

struct needle {
	char *name;
	uint8_t *bytes;
	size_t len;
	uint32_t next;	   /* of the same bucket, 1-based; 0: none */
	uint64_t at;	   /* where it was found last in this file, plus 1 */
	uint64_t count;	   /* in this file */
	uint64_t *offsets; /* OFFSETS_MAX at most */
};

static struct needle *needles;
static uint32_t n_needles, bucket[BUCKETS];
static uint8_t filter[1u << (FILTER_BITS - 3)];
static size_t longest;
static uint8_t *block; /* longest - 1 bytes of before, then BLOCK */
static uint64_t looked_at;
static bool failed;

static uint32_t hash_of(const uint8_t *p)
{
	uint32_t head;

	memcpy(&head, p, sizeof head);
	return head * 2654435761u;
}

static uint32_t *bucket_of(uint32_t hash)
{
	return &bucket[hash >> 16 & (BUCKETS - 1)];
}

static uint8_t *filter_of(uint32_t hash, uint8_t *bit)
{
	*bit = (uint8_t)(1u << (hash & 7));
	return &filter[hash >> (35 - FILTER_BITS)];
}

static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "carve: %s: %s\n", what, why);
	exit(2);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_hex(struct needle *n, const char *hex)
{
	size_t digits = strlen(hex);

	n->len = digits / 2;
	n->bytes = malloc(n->len + 1);
	if (digits % 2 != 0 || n->len < HEAD_LEN || n->len > NEEDLE_MAX || !n->bytes)
		die(n->name, "not four bytes or more in hexadecimal");
	for (size_t i = 0; i < n->len; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			die(n->name, "not in hexadecimal");
		n->bytes[i] = (uint8_t)(16 * high + low);
	}
}

static void take_needle(const char *line)
{
	const char *space = strchr(line, ' ');
	struct needle *n;
	uint32_t *b, hash;
	uint8_t bit, *f;

	if (!space)
		die("needles", "a line without a space");
	if ((n_needles & (n_needles - 1)) == 0) {
		needles = realloc(needles, 2 * ((size_t)n_needles + 1) * sizeof *needles);
		if (!needles)
			die("needles", "no memory");
	}
	n = &needles[n_needles++];
	*n = (struct needle){.name = strndup(line, (size_t)(space - line)),
			     .offsets = malloc(sizeof(uint64_t))};
	if (!n->name || !n->offsets)
		die("needles", "no memory");
	take_hex(n, space + 1);
	longest = n->len > longest ? n->len : longest;
	hash = hash_of(n->bytes);
	f = filter_of(hash, &bit);
	*f |= bit;
	b = bucket_of(hash);
	n->next = *b;
	*b = n_needles;
}

static void take_needles(const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	if (!f)
		die(path, strerror(errno));
	while ((len = getline(&line, &room, f)) > 0) {
		line[len - 1] = line[len - 1] == '\n' ? '\0' : line[len - 1];
		take_needle(line);
	}
	if (ferror(f) || n_needles == 0)
		die(path, "no needles");
	free(line);
	(void)fclose(f);
}

static void found(struct needle *n, uint64_t offset)
{
	if (n->at > offset)
		return; /* the end of the block before was looked at again */
	n->at = offset + 1;
	if (n->count < OFFSETS_MAX) {
		if ((n->count & (n->count - 1)) == 0) {
			n->offsets = realloc(n->offsets, 2 * (n->count + 1) * sizeof *n->offsets);
			if (!n->offsets)
				die(n->name, "no memory");
		}
		n->offsets[n->count] = offset;
	}
	n->count++;
}

/* All of bytes[0..len), which lie at `offset` of the file. */
static void search(const uint8_t *bytes, size_t len, uint64_t offset)
{
	for (size_t i = 0; i + HEAD_LEN <= len; i++) {
		uint32_t hash = hash_of(bytes + i), at;
		uint8_t bit, *f = filter_of(hash, &bit);

		if (!(*f & bit))
			continue;
		for (at = *bucket_of(hash); at != 0; at = needles[at - 1].next) {
			struct needle *n = &needles[at - 1];

			if (n->len <= len - i && memcmp(bytes + i, n->bytes, n->len) == 0)
				found(n, offset + i);
		}
	}
}

static void report(const char *path)
{
	for (uint32_t i = 0; i < n_needles; i++) {
		struct needle *n = &needles[i];

		if (n->count > 0) {
			(void)printf("%s\t%s\t%llu", n->name, path, (unsigned long long)n->count);
			for (uint64_t k = 0; k < n->count && k < OFFSETS_MAX; k++)
				(void)printf("\t%llu", (unsigned long long)n->offsets[k]);
			(void)printf("\n");
		}
		n->count = n->at = 0;
	}
}

static void carve_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t kept = 0;
	uint64_t offset = 0; /* of block[0] */
	ssize_t n;

	if (fd < 0) {
		(void)fprintf(stderr, "carve: %s: %s\n", path, strerror(errno));
		failed = true;
		return;
	}
	while ((n = read(fd, block + kept, BLOCK)) > 0) {
		size_t len = kept + (size_t)n;

		search(block, len, offset);
		looked_at += (uint64_t)n;
		kept = len < longest - 1 ? len : longest - 1;
		memmove(block, block + len - kept, kept);
		offset += len - kept;
	}
	if (n < 0) {
		(void)fprintf(stderr, "carve: %s: %s\n", path, strerror(errno));
		failed = true;
	}
	(void)close(fd);
	report(path);
}

static int visit(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)ftw;
	if (flag == FTW_DNR || flag == FTW_NS) {
		(void)fprintf(stderr, "carve: %s: cannot be looked at\n", path);
		failed = true;
	} else if (flag == FTW_F && (S_ISREG(st->st_mode) || S_ISBLK(st->st_mode))) {
		carve_file(path);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		(void)fprintf(stderr, "usage: carve NEEDLES PATH...\n");
		return 2;
	}
	take_needles(argv[1]);
	block = malloc(longest + BLOCK);
	if (!block)
		die("block", "no memory");
	for (int i = 2; i < argc; i++) {
		if (nftw(argv[i], visit, 16, FTW_PHYS) != 0) {
			(void)fprintf(stderr, "carve: %s: %s\n", argv[i], strerror(errno));
			failed = true;
		}
	}
	(void)printf("bytes\t%llu\n", (unsigned long long)looked_at);
	return failed;
}
