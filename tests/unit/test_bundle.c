/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hotlist/layout.h"
#include "hotlist/le.h"
#include "hotlist/tool/sign.h"
#include "tests/unit/lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cmocka.h>

/* Where hotlist/FORMAT.md says things are; not taken from the code on purpose. */
enum {
	FORMAT = 8,
	HEADER_SIZE = 10,
	POLICY = 12,
	FILE_SIZE = 16,
	VERSION = 24,
	ISSUED = 32,
	MAX_AGE = 40,
	ENTRIES = 48
};
enum {
	POOL_SIZE = 52,
	PER_CATEGORY = 56,
	SIGNER = 72,
	TABLE_DIGEST = 104,
	ITEMS = 136,
	ZERO = 152,
	HEADER = 256,
	SIGNATURE = 256,
	TABLE = 384
};
enum { KEY = 0, TEXT = 8, REFS = 14, PACKED = 26, CATEGORY = 31, RECORD = 32 };
/* Of a small file: one block of the index, one chunk. */
enum { INDEX = 4096, RECORDS = INDEX + 64 };

/* Three entries; two of one plate. Signed. Caller frees. */
static uint8_t *small(size_t *size)
{
	struct entry x[3] = {lists_entry("SK5-K9V", "MO", 'V'), lists_entry("SK5K9V", "IL", 'F'),
			     lists_entry("0XY 1", "", 'P')};
	struct bundle_info info = lists_info();
	uint8_t *file = lists_pack(x, 3, &info, size);

	assert_non_null(file);
	assert_true(lists_sign(file, *size, lists.key));
	return file;
}

static void refused(const uint8_t *file, size_t size, enum err_code code)
{
	struct bundle *b = (struct bundle *)1;
	struct err e = {0};

	assert_false(lists_open(file, size, lists.key, &b, &e));
	assert_null(b);
	assert_int_equal(e.code, code);
	assert_null(strstr(e.text, "SK5"));
}

static void what_went_in_comes_out(void **state)
{
	struct entry x[4] = {lists_entry("ZZZ 999", "MO", 'V'), lists_entry("SK5-K9V", "MO", 'V'),
			     lists_entry("SK5K9V", "", 'F'), lists_entry("D0DG", "OH", 'P')};
	struct bundle_info info = lists_info();
	struct entry got;
	struct bundle *b;
	struct err e = {0};
	uint32_t first, n;

	(void)state;
	x[3].vma[0] = x[3].vmo[0] = x[3].vst[0] = x[3].vco[0] = x[3].vyr[0] = x[3].lit[0] = '\0';
	x[3].entered_s = 0;
	info.allow_lookalike = true;
	b = lists_load(x, 4, &info);
	assert_non_null(b);
	assert_int_equal(bundle_info(b)->version, 7);
	assert_int_equal(bundle_info(b)->issued_ns, LISTS_ISSUED_S * NS_PER_S);
	assert_int_equal(bundle_info(b)->max_age_s, LISTS_MAX_AGE_S);
	assert_int_equal(bundle_info(b)->entries, 4);
	assert_true(bundle_info(b)->allow_lookalike);
	assert_false(bundle_info(b)->allow_missing);
	assert_true(bundle_find(b, "SK5K9V", &first, &n));
	assert_int_equal(n, 2);
	assert_true(bundle_find(b, "D0DG", &first, &n));
	assert_int_equal(n, 1);
	assert_true(bundle_entry(b, first, &got, &e));
	assert_string_equal(got.printed, "D0DG");
	assert_string_equal(got.lis, "OH");
	assert_string_equal(got.vma, "");
	assert_string_equal(got.vyr, "");
	assert_int_equal(got.entered_s, 0);
	assert_true(bundle_find(b, "ZZZ999", &first, &n));
	assert_true(bundle_entry(b, first, &got, &e));
	assert_memory_equal(got.lic, "ZZZ999\0\0\0\0\0", 11);
	assert_string_equal(got.printed, "ZZZ 999");
	assert_string_equal(got.lit, "PC");
	assert_string_equal(got.case_number, "V123456789");
	assert_string_equal(got.ori, "MO0951400");
	assert_string_equal(got.vyr, "2019");
	assert_string_equal(got.vma, "TOYT");
	assert_string_equal(got.vmo, "CAM");
	assert_string_equal(got.vst, "4D");
	assert_string_equal(got.vco, "BLK/WHI");
	assert_int_equal(got.category, 'V');
	assert_int_equal(got.expires_s, LISTS_ISSUED_S + 30 * 86400);
	assert_false(bundle_find(b, "ZZZ99", &first, &n));
	assert_false(bundle_find(b, "", &first, &n));
	assert_false(bundle_find(b, "not folded", &first, &n));
	assert_int_equal(n, 0);
	assert_false(bundle_entry(b, 4, &got, &e));
	assert_int_equal(e.code, ERR_ARGUMENT);
	bundle_close(b);
	bundle_close(NULL);
}

static void every_plate_is_found_among_many(void **state)
{
	enum { N = 5000 };
	struct entry *x AUTO_FREE = calloc(N, sizeof *x);
	struct bundle_info info = lists_info();
	struct bundle *b;
	uint32_t first, n;
	char plate[11];

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		(void)snprintf(plate, sizeof plate, "B%uD%u", i * 7919u % 100003u, i % 10);
		x[i] = lists_entry(plate, i % 3 ? "MO" : "", 'V');
	}
	b = lists_load(x, N, &info);
	assert_non_null(b);
	for (unsigned i = 0; i < N; i++) {
		(void)snprintf(plate, sizeof plate, "B%uD%u", i * 7919u % 100003u, i % 10);
		assert_true(bundle_find(b, plate, &first, &n));
		assert_int_equal(n, 1);
		(void)snprintf(plate, sizeof plate, "B%uX%u", i * 7919u % 100003u, i % 10);
		assert_false(bundle_find(b, plate, &first, &n));
	}
	bundle_close(b);
}

static void same_entries_give_the_same_bytes(void **state)
{
	struct entry x[3] = {lists_entry("A", "MO", 'V'), lists_entry("A", "MO", 'F'),
			     lists_entry("B", "", 'P')};
	struct entry y[3] = {x[2], x[1], x[0]};
	struct bundle_info info = lists_info();
	size_t n, m;
	uint8_t *a AUTO_FREE = lists_pack(x, 3, &info, &n),
		   *b AUTO_FREE = lists_pack(y, 3, &info, &m);

	(void)state;
	assert_int_equal(n, m);
	assert_memory_equal(a, b, n);
}

static void an_empty_list_is_a_list(void **state)
{
	struct bundle_info info = lists_info();
	struct bundle *b = lists_load(NULL, 0, &info);
	uint32_t first, n;

	(void)state;
	assert_non_null(b);
	assert_false(bundle_find(b, "A", &first, &n));
	assert_false(bundle_find_like(b, "A", &first, &n));
	bundle_close(b);
}

static void cut_at_every_byte(void **state)
{
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);
	struct bundle *b;

	(void)state;
	for (size_t n = 0; n < size; n++) {
		/* A buffer of its own, so that the sanitiser sees a read beyond the end of the
		 * check in memory too. */
		uint8_t *cut AUTO_FREE = malloc(n + 1);
		struct layout l;

		memcpy(cut, file, n);
		assert_false(lists_open(cut, n, lists.key, &b, NULL));
		assert_false(layout_get_header(cut, n, &l, NULL));
	}
	assert_true(lists_open(file, size, lists.key, &b, NULL));
	bundle_close(b);
}

static void longer_is_refused(void **state)
{
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);
	uint8_t *longer AUTO_FREE = calloc(1, size + 8);

	(void)state;
	memcpy(longer, file, size);
	refused(longer, size + 1, ERR_FORMAT);
	refused(longer, size + 8, ERR_FORMAT);
}

/* The zeros between the table and the first chunk are alike: a few of them will do. */
static size_t next_byte(size_t i)
{
	return i >= TABLE + 64 && i < INDEX - 200 ? i + 97 : i + 1;
}

static void every_byte_flipped(void **state)
{
	static const uint8_t FLIPS[] = {0xff, 0x01};
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);
	struct bundle *b;

	(void)state;
	for (size_t i = 0; i < size; i = next_byte(i)) {
		for (size_t f = 0; f < sizeof FLIPS; f++) {
			file[i] ^= FLIPS[f];
			assert_false(lists_open(file, size, lists.key, &b, NULL));
			file[i] ^= FLIPS[f];
		}
	}
	assert_true(lists_open(file, size, lists.key, &b, NULL));
	bundle_close(b);
}

/* The whole format under every byte, with a signature that is right: refused or harmless, never a
 * crash. */
static void every_byte_flipped_and_signed_again(void **state)
{
	static const uint8_t FLIPS[] = {0xff, 0x01};
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);

	(void)state;
	for (size_t i = 0; i < size; i = next_byte(i)) {
		for (size_t f = 0; f < sizeof FLIPS; f++) {
			struct bundle *b;
			struct entry x;

			file[i] ^= FLIPS[f];
			assert_true(lists_sign(file, size, lists.key));
			if (lists_open(file, size, lists.key, &b, NULL)) {
				for (uint32_t k = 0; k < bundle_info(b)->entries; k++)
					assert_true(bundle_entry(b, k, &x, NULL));
				bundle_close(b);
			}
			file[i] ^= FLIPS[f];
		}
	}
}

static void signature_of_another_or_none(void **state)
{
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);
	uint8_t id[CRYPT_SHA256_SIZE];
	struct bundle *b = NULL;
	struct err e = {0};

	(void)state;
	assert_true(lists_sign(file, size, lists.other));
	refused(file, size, ERR_SIGNATURE);
	/* Says that it is by our key, but is not. */
	assert_true(crypt_key_id(lists.key, id, NULL));
	memcpy(file + SIGNER, id, sizeof id);
	refused(file, size, ERR_SIGNATURE);
	memset(file + SIGNATURE, 0, LAYOUT_SIGNATURE);
	refused(file, size, ERR_SIGNATURE);
	assert_true(lists_sign(file, size, lists.key));
	assert_false(lists_open(file, size, NULL, &b, &e));
	assert_int_equal(e.code, ERR_ARGUMENT);
	le_put(file + SIGNATURE, 4, CRYPT_SIGNATURE_MAX + 1);
	refused(file, size, ERR_FORMAT);
	le_put(file + SIGNATURE, 4, UINT32_MAX);
	refused(file, size, ERR_FORMAT);
}

/* A change, signed again by the right key: content is hostile, digests and signature are good. */
static void hostile(size_t offset, size_t bytes, uint64_t value, enum err_code code)
{
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);

	le_put(file + offset, bytes, value);
	assert_true(lists_sign(file, size, lists.key));
	refused(file, size, code);
}

static void hostile_header(void **state)
{
	static const uint64_t SIZES[] = {
	    0, 1, 39, 41, 255, 256, 257, 4096, UINT32_MAX, UINT64_MAX, UINT64_MAX - 255};

	(void)state;
	hostile(0, 1, 0x88, ERR_FORMAT);
	hostile(FORMAT, 2, 1, ERR_FORMAT);
	hostile(FORMAT, 2, 3, ERR_FORMAT);
	hostile(HEADER_SIZE, 2, 0, ERR_FORMAT);
	hostile(HEADER_SIZE, 2, 65535, ERR_FORMAT);
	hostile(POLICY, 4, 4, ERR_FORMAT);
	hostile(POLICY, 4, UINT32_MAX, ERR_FORMAT);
	hostile(VERSION, 8, 0, ERR_LIMIT);
	hostile(VERSION, 8, UINT64_C(1) << 53, ERR_LIMIT);
	hostile(ISSUED, 8, 0, ERR_LIMIT);
	hostile(ISSUED, 8, UINT64_MAX, ERR_LIMIT);
	hostile(ISSUED, 8, INT64_MAX, ERR_LIMIT);
	hostile(MAX_AGE, 8, 0, ERR_POLICY);
	hostile(MAX_AGE, 8, 31 * 86400 + 1, ERR_POLICY);
	hostile(MAX_AGE, 8, UINT64_MAX, ERR_POLICY);
	hostile(ENTRIES, 4, 2, ERR_FORMAT);
	hostile(ENTRIES, 4, UINT32_MAX, ERR_LIMIT);
	hostile(PER_CATEGORY, 4, UINT32_MAX, ERR_FORMAT);
	hostile(ZERO, 1, 1, ERR_FORMAT);
	hostile(HEADER - 1, 1, 1, ERR_FORMAT);
	for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
		hostile(FILE_SIZE, 8, SIZES[i], ERR_FORMAT);
		hostile(POOL_SIZE, 4, SIZES[i], ERR_FORMAT);
		for (size_t d = 0; d < 4; d++)
			hostile(ITEMS + 4 * d, 4, SIZES[i] == 1 ? 2 : SIZES[i], ERR_FORMAT);
	}
}

/* Counts that agree with each other and with a size that would wrap round. */
static void hostile_counts_that_agree(void **state)
{
	static const uint32_t COUNTS[] = {4, 1000, (1u << 24) - 1, 1u << 24, UINT32_MAX};
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);

	(void)state;
	for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++) {
		le_put(file + ENTRIES, 4, COUNTS[i]);
		le_put(file + PER_CATEGORY, 16, 0);
		le_put(file + PER_CATEGORY, 4, COUNTS[i]);
		assert_true(lists_sign(file, size, lists.key));
		refused(file, size, COUNTS[i] < 1u << 24 ? ERR_FORMAT : ERR_LIMIT);
	}
}

static void hostile_record(size_t offset, size_t bytes, uint64_t value, enum err_code code)
{
	hostile(RECORDS + RECORD + offset, bytes, value, code); /* of the second entry */
}

static void hostile_records(void **state)
{
	static const uint64_t NIC = 0, SHORT = UINT64_C(1) << 46, POOL = UINT64_C(2) << 46;
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);
	uint64_t pool = le32(file + POOL_SIZE);

	(void)state;
	hostile_record(KEY, 8, 0, ERR_FORMAT);
	hostile_record(KEY, 8, UINT64_MAX, ERR_FORMAT);
	hostile_record(TEXT, 6, NIC + UINT64_C(26000000000), ERR_FORMAT); /* beyond Z999999999 */
	hostile_record(TEXT, 6, SHORT - 1, ERR_FORMAT);
	hostile_record(TEXT, 6, SHORT, ERR_POLICY);	      /* no case number */
	hostile_record(TEXT, 6, SHORT + 1, ERR_FORMAT);	      /* begins with fillers */
	hostile_record(TEXT, 6, POOL - 1, ERR_FORMAT);	      /* more than eight characters */
	hostile_record(TEXT, 6, POOL + pool, ERR_FORMAT);     /* behind the pool */
	hostile_record(TEXT, 6, POOL + pool - 1, ERR_FORMAT); /* its last byte as a length */
	hostile_record(TEXT, 6, POOL + UINT32_MAX, ERR_FORMAT);
	hostile_record(TEXT, 6, POOL + (UINT64_C(1) << 32), ERR_FORMAT);
	hostile_record(TEXT, 6, (UINT64_C(1) << 48) - 1, ERR_FORMAT); /* of no known kind */
	for (size_t d = 0; d < 4; d++) {
		hostile_record(REFS + 3 * d, 3, 1, ERR_FORMAT);
		hostile_record(REFS + 3 * d, 3, 0xffffff, ERR_FORMAT);
	}
	hostile_record(PACKED, 5, 1297, ERR_FORMAT);		  /* LIT */
	hostile_record(PACKED, 5, 999 << 11, ERR_FORMAT);	  /* VYR */
	hostile_record(PACKED, 5, 10000 << 11, ERR_FORMAT);	  /* VYR */
	hostile_record(PACKED, 5, UINT64_C(1) << 34, ERR_FORMAT); /* printed */
	hostile_record(PACKED, 5, UINT64_C(1) << 35, ERR_FORMAT); /* reserved */
	hostile_record(PACKED, 5, (UINT64_C(1) << 40) - 1, ERR_FORMAT);
}

/* Where the first item of a dictionary is. */
static size_t item_at(const uint8_t *file, unsigned dictionary)
{
	static const size_t WIDTHS[] = {8, 9, 7, 9};
	size_t at = RECORDS + (size_t)le32(file + ENTRIES) * RECORD;

	for (unsigned d = 0; d < dictionary; d++)
		at += WIDTHS[d] * le32(file + ITEMS + (size_t)4 * d);
	return at;
}

static void hostile_items(void **state)
{
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);

	(void)state;
	hostile(item_at(file, 0) + 4, 4, 0, ERR_POLICY); /* expires: missing */
	hostile(item_at(file, 1), 8, 0, ERR_FORMAT);	 /* ORI: a NUL inside */
	hostile(item_at(file, 1), 1, 'a', ERR_FORMAT);
	hostile(item_at(file, 1) + 8, 1, 0, ERR_FORMAT); /* ORI: too short */
	hostile(item_at(file, 2), 1, 0, ERR_FORMAT);
	hostile(item_at(file, 2) + 4, 1, '-', ERR_FORMAT);
	hostile(item_at(file, 3), 1, 0, ERR_FORMAT);
	hostile(item_at(file, 3) + 2, 1, ' ', ERR_FORMAT);
	memset(file + item_at(file, 1), 0, 9);
	assert_true(lists_sign(file, size, lists.key));
	refused(file, size, ERR_POLICY); /* ORI: missing */
}

/* Two items of each: out of order, and one that is no entry's. */
static void hostile_dictionaries(void **state)
{
	struct entry x[2] = {lists_entry("AAA", "MO", 'V'), lists_entry("BBB", "MO", 'V')};
	struct bundle_info info = lists_info();

	(void)state;
	x[1].expires_s++;
	strcpy(x[1].ori, "IL0951400");
	strcpy(x[1].vma, "FORD");
	strcpy(x[1].vst, "2D");
	for (unsigned d = 0; d < 4; d++) {
		static const size_t WIDTHS[] = {8, 9, 7, 9};
		uint8_t swap[9];
		size_t size, at, w = WIDTHS[d];
		uint8_t *file AUTO_FREE = lists_pack(x, 2, &info, &size);

		assert_int_equal(le32(file + ITEMS + (size_t)4 * d), 2);
		at = item_at(file, d);
		le_put(file + RECORDS + REFS + (size_t)3 * d, 3, 1);
		le_put(file + RECORDS + RECORD + REFS + (size_t)3 * d, 3, 1);
		assert_true(lists_sign(file, size, lists.key));
		refused(file, size, ERR_FORMAT);
		le_put(file + RECORDS + REFS + (size_t)3 * d, 3, 0);
		memcpy(swap, file + at, w);
		memmove(file + at, file + at + w, w);
		memcpy(file + at + w, swap, w);
		assert_true(lists_sign(file, size, lists.key));
		refused(file, size, ERR_FORMAT);
	}
}

/* A text whose length byte reaches beyond the pool, or beyond its field; bytes that are no text. */
static void hostile_pool(void **state)
{
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);
	size_t at = size - le32(file + POOL_SIZE);

	(void)state;
	while (at < size) {
		for (int half = 0; half < 2; half++) {
			hostile(at, 1, 255, ERR_FORMAT);
			hostile(at, 1, (uint64_t)file[at] + 1, ERR_FORMAT);
			if (file[at] != 0)
				hostile(at + 1, 1, 0, ERR_FORMAT);
			at += 1 + (size_t)file[at];
		}
	}
	assert_int_equal(at, size);
}

/* The index must be that of the records: one that hides an entry would be a list that is silent. */
static void hostile_index(void **state)
{
	(void)state;
	for (size_t i = 0; i < 64; i++) {
		hostile(INDEX + i, 1, 0xee, ERR_FORMAT);
		hostile(INDEX + i, 1, 7, ERR_FORMAT);
	}
}

static void out_of_order_is_refused(void **state)
{
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);
	uint8_t swap[RECORD];

	(void)state;
	memcpy(swap, file + RECORDS, RECORD);
	memmove(file + RECORDS, file + RECORDS + 2 * RECORD, RECORD);
	memcpy(file + RECORDS + 2 * RECORD, swap, RECORD);
	assert_true(lists_sign(file, size, lists.key));
	refused(file, size, ERR_FORMAT);
}

static void wrong_counts_are_refused(void **state)
{
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);

	(void)state;
	assert_int_equal(le32(file + PER_CATEGORY), 1);
	le_put(file + PER_CATEGORY, 4, 2);
	le_put(file + PER_CATEGORY + 4, 4, 0);
	assert_true(lists_sign(file, size, lists.key));
	refused(file, size, ERR_FORMAT);
}

/* One planted row refuses the whole list, however good its signature. */
static void planted_category_refuses_the_whole(void **state)
{
	static const char FORBIDDEN[] = "WCHKLRTXNBAIMfvp \x01\xff";

	(void)state;
	for (const char *c = FORBIDDEN; *c; c++)
		hostile_record(CATEGORY, 1, (unsigned char)*c, ERR_POLICY);
	hostile_record(CATEGORY, 1, 0, ERR_POLICY);
}

static void planted_category_is_not_signed(void **state)
{
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);
	struct err e = {0};

	(void)state;
	file[RECORDS + CATEGORY] = 'X';
	assert_true(lists_sign(file, size, lists.key)); /* the digests are right again */
	assert_false(sign_bundle(file, size, lists.key, &e));
	assert_int_equal(e.code, ERR_POLICY);
	assert_false(sign_bundle(file, 300, lists.key, &e));
	assert_int_equal(e.code, ERR_FORMAT);
}

static void signing_makes_a_list_that_loads(void **state)
{
	size_t size;
	uint8_t *file AUTO_FREE = small(&size);
	uint8_t id[CRYPT_SHA256_SIZE];
	struct bundle *b;
	struct err e = {0};

	(void)state;
	assert_true(sign_bundle(file, size, lists.other, &e));
	refused(file, size, ERR_SIGNATURE);
	assert_true(sign_bundle(file, size, lists.key, &e));
	assert_true(lists_open(file, size, lists.key, &b, &e));
	assert_true(crypt_key_id(lists.key, id, NULL));
	assert_memory_equal(bundle_info(b)->signer, id, sizeof id);
	bundle_close(b);
}

/* A list of 5000, open, whose file can be written. */
static struct bundle *open_many(int *fd, bool whole)
{
	enum { N = 5000 };
	struct entry *x AUTO_FREE = calloc(N, sizeof *x);
	struct bundle_info info = lists_info();
	struct bundle *b = NULL;
	struct err e = {0};
	uint8_t *file AUTO_FREE = NULL;
	char plate[11];
	size_t size;

	for (unsigned i = 0; i < N; i++) {
		(void)snprintf(plate, sizeof plate, "L%u", i);
		x[i] = lists_entry(plate, "MO", 'V');
	}
	file = lists_pack(x, N, &info, &size);
	assert_non_null(file);
	assert_true(lists_sign(file, size, lists.key));
	*fd = memfd_create("list", MFD_CLOEXEC);
	assert_int_equal(write(*fd, file, size), size);
	assert_true(whole ? bundle_open_fd(*fd, lists.key, &b, &e)
			  : bundle_begin_fd(*fd, lists.key, &b, &e));
	return b;
}

static void junk(int fd, off_t at)
{
	static const char JUNK[] = "neither record nor fingerprint";

	assert_int_equal(pwrite(fd, JUNK, sizeof JUNK, at), sizeof JUNK);
}

/* The index of those 5000 begins where that of a small list does: the digests fit before it. */
static void what_changes_after_the_check_breaks_the_list(void **state)
{
	struct entry x;
	struct err e = {0};
	uint32_t first, n;
	struct bundle *b;
	int fd;

	(void)state;
	/* A record: found by its key, then held against its digest. */
	b = open_many(&fd, true);
	assert_true(bundle_find(b, "L7", &first, &n));
	assert_false(bundle_broken(b));
	for (off_t at = INDEX + 251 * 64; at < INDEX + 251 * 64 + 5000 * RECORD; at += 1024)
		junk(fd, at);
	assert_true(bundle_find(b, "L7", &first, &n)); /* what is in memory is still good */
	assert_false(bundle_find(b, "L8", &first, &n));
	assert_true(bundle_broken(b));
	assert_false(bundle_entry(b, 0, &x, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	assert_false(bundle_find(b, "L7", &first, &n));
	bundle_close(b);
	(void)close(fd);
	/* The index. */
	b = open_many(&fd, true);
	for (off_t at = INDEX; at < INDEX + 251 * 64; at += 1024)
		junk(fd, at);
	assert_false(bundle_find_like(b, "L7", &first, &n));
	assert_true(bundle_broken(b));
	bundle_close(b);
	(void)close(fd);
}

static void the_whole_check_goes_in_slices(void **state)
{
	struct err e = {0};
	struct bundle *b;
	uint32_t first, n, slices = 0;
	bool done = false;
	int fd;

	(void)state;
	b = open_many(&fd, false);
	assert_true(bundle_id(b) > 0);
	while (!done) {
		assert_true(bundle_check_some(b, 1, &done, &e));
		assert_true(++slices < 1000);
	}
	assert_true(slices > 100);
	assert_true(bundle_find(b, "L4999", &first, &n));
	bundle_close(b);
	(void)close(fd);
	b = open_many(&fd, false);
	junk(fd, INDEX + 251 * 64 + 4000 * RECORD);
	for (done = false, slices = 0; bundle_check_some(b, 10, &done, &e); slices++)
		assert_true(!done && slices < 1000);
	assert_int_equal(e.code, ERR_FORMAT);
	bundle_close(b);
	(void)close(fd);
}

static void what_is_no_file_is_refused(void **state)
{
	struct bundle *b;
	struct err e = {0};
	char path[64];

	(void)state;
	assert_false(bundle_open("/nonexistent/list", lists.key, &b, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_false(bundle_open(lists.folder, lists.key, &b, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	assert_false(bundle_open("/dev/zero", lists.key, &b, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	(void)snprintf(path, sizeof path, "%s/fifo", lists.folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(bundle_open(path, lists.key, &b, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	assert_false(bundle_open_fd(-1, lists.key, &b, &e));
	assert_int_equal(e.code, ERR_IO);
	assert_null(b);
}

static void too_large_is_refused_before_it_is_mapped(void **state)
{
	struct bundle *b;
	struct err e = {0};
	char path[64];
	FILE *f AUTO_FCLOSE = NULL;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/sparse", lists.folder);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(ftruncate(fileno(f), (off_t)(BUNDLE_MAX_SIZE + 1)), 0);
	assert_false(bundle_open(path, lists.key, &b, &e));
	assert_int_equal(e.code, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_went_in_comes_out),
	    cmocka_unit_test(every_plate_is_found_among_many),
	    cmocka_unit_test(same_entries_give_the_same_bytes),
	    cmocka_unit_test(an_empty_list_is_a_list),
	    cmocka_unit_test(cut_at_every_byte),
	    cmocka_unit_test(longer_is_refused),
	    cmocka_unit_test(every_byte_flipped),
	    cmocka_unit_test(every_byte_flipped_and_signed_again),
	    cmocka_unit_test(signature_of_another_or_none),
	    cmocka_unit_test(hostile_header),
	    cmocka_unit_test(hostile_counts_that_agree),
	    cmocka_unit_test(hostile_records),
	    cmocka_unit_test(hostile_items),
	    cmocka_unit_test(hostile_dictionaries),
	    cmocka_unit_test(hostile_pool),
	    cmocka_unit_test(hostile_index),
	    cmocka_unit_test(out_of_order_is_refused),
	    cmocka_unit_test(wrong_counts_are_refused),
	    cmocka_unit_test(planted_category_refuses_the_whole),
	    cmocka_unit_test(planted_category_is_not_signed),
	    cmocka_unit_test(signing_makes_a_list_that_loads),
	    cmocka_unit_test(what_changes_after_the_check_breaks_the_list),
	    cmocka_unit_test(the_whole_check_goes_in_slices),
	    cmocka_unit_test(what_is_no_file_is_refused),
	    cmocka_unit_test(too_large_is_refused_before_it_is_mapped),
	};

	return cmocka_run_group_tests(tests, lists_begin, lists_end);
}
