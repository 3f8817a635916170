/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "hotlist/delta.h"
#include "hotlist/le.h"
#include "hotlist/tool/diff.h"
#include "tests/unit/lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Two lists, and the delta between them. */
struct pair {
	uint8_t *old, *new, *delta;
	size_t old_len, new_len, len;
};

static void pair_free(struct pair *p)
{
	free(p->old);
	free(p->new);
	free(p->delta);
}

static uint8_t *make(struct entry *x, uint32_t n, uint64_t version, size_t *size)
{
	struct bundle_info info = lists_info();
	uint8_t *file;

	info.version = version;
	file = lists_pack(x, n, &info, size);
	assert_non_null(file);
	assert_true(lists_sign(file, *size, lists.key));
	return file;
}

static struct pair make_pair(struct entry *x, uint32_t n, struct entry *y, uint32_t m)
{
	struct pair p = {0};
	struct err e = {0};

	p.old = make(x, n, 7, &p.old_len);
	p.new = make(y, m, 8, &p.new_len);
	assert_true(diff_bundles(p.old, p.old_len, p.new, p.new_len, &p.delta, &p.len, &e));
	return p;
}

/* Step by step it gives the same. False: it is refused. */
static bool apply_in_slices(const uint8_t *old, size_t old_len, const uint8_t *delta, size_t len,
			    const uint8_t *want, size_t out_len)
{
	uint8_t *out AUTO_FREE = calloc(1, out_len);
	struct delta *d;
	struct err e = {0};
	unsigned steps = 0;
	bool done = false, good = delta_begin(old, old_len, delta, len, out, out_len, &d, &e);

	for (; good && !done; steps++)
		good = delta_some(d, 1, &done, &e);
	delta_end(d);
	assert_int_equal(good, done);
	assert_true(!good || memcmp(out, want, out_len) == 0);
	assert_true(steps < 20 + (old_len + out_len) / 1024);
	return good;
}

/* Apply into a buffer of exactly the size; NULL: refused, with the reason in *e. Caller frees. */
static uint8_t *apply(const uint8_t *old, size_t old_len, const uint8_t *delta, size_t len,
		      size_t *out_len, struct err *e)
{
	struct delta_info info;
	uint8_t *out;

	*out_len = 0;
	if (!delta_read(delta, len, &info, e) || info.to.size > 1u << 20)
		return NULL;
	*out_len = (size_t)info.to.size;
	out = malloc(*out_len);
	assert_non_null(out);
	if (delta_apply(old, old_len, delta, len, out, *out_len, e)) {
		assert_true(apply_in_slices(old, old_len, delta, len, out, *out_len));
		return out;
	}
	assert_false(apply_in_slices(old, old_len, delta, len, out, *out_len));
	free(out);
	return NULL;
}

static void gives_back(struct entry *x, uint32_t n, struct entry *y, uint32_t m)
{
	struct pair p CLEANUP(pair_free) = make_pair(x, n, y, m);
	struct err e = {0};
	size_t len;
	uint8_t *out AUTO_FREE = apply(p.old, p.old_len, p.delta, p.len, &len, &e);

	assert_non_null(out);
	assert_int_equal(len, p.new_len);
	assert_memory_equal(out, p.new, len);
}

/* A hundred entries in which everything a record can have comes up. */
static void fill(struct entry x[100])
{
	for (unsigned i = 0; i < 100; i++) {
		char plate[13];

		(void)snprintf(plate, sizeof plate, i % 5 ? "B%uOD" : "B-%u d", i * 7919 % 1009);
		x[i] = lists_entry(plate, i % 3 ? "MO" : "", "FVP"[i % 3]);
		(void)snprintf(x[i].case_number, sizeof x[i].case_number,
			       i % 4 ? "V%09u" : "CASE/%u-2026", i);
		(void)snprintf(x[i].ori, sizeof x[i].ori, "MO%07u", i / 10);
		(void)snprintf(x[i].vma, sizeof x[i].vma, "A%u", i % 11);
		(void)snprintf(x[i].vco, sizeof x[i].vco, "C%u", i % 7);
		x[i].expires_s += i % 6;
	}
}

static void every_kind_of_change(void **state)
{
	struct entry x[100], y[100];

	(void)state;
	fill(x);
	gives_back(x, 100, x, 100); /* signed again: only the header is another */
	gives_back(x, 100, x, 60);
	gives_back(x, 60, x, 100);
	gives_back(x, 0, x, 100);
	gives_back(x, 100, x, 0);
	gives_back(x, 0, x, 0);
	gives_back(x, 50, x + 50, 50);
	gives_back(x, 70, x + 30, 70);
	fill(y);
	y[3].category = 'F';
	strcpy(y[10].ori, "AA0000001"); /* first of its dictionary: all the others move */
	strcpy(y[20].vma, "ZZZZ");
	strcpy(y[30].vco, "AAA/BBB");
	y[40].expires_s += 1000000;
	strcpy(y[44].case_number, "OTHER/CASE-44");
	strcpy(y[50].printed, "B-545 OO d");
	(void)entry_fold(y[50].printed, y[50].lic);
	gives_back(x, 100, y, 100);
	gives_back(y, 100, x, 100);
}

static void duplicates_are_kept_apart(void **state)
{
	struct entry x[6];

	(void)state;
	for (size_t i = 0; i < 6; i++)
		x[i] = lists_entry("SAME 1", "MO", 'V');
	gives_back(x, 6, x, 3);
	gives_back(x, 3, x, 6);
	x[2].category = 'P';
	gives_back(x, 3, x, 6);
	gives_back(x, 6, x, 2);
}

/* A feed without an expiry, compiled again a while later: all its rows expire later, some of
 * another feed beside them do not. */
static void a_later_expiry_for_all_is_small(void **state)
{
	enum { N = 3000 };
	struct entry *x AUTO_FREE = calloc(N, sizeof *x), *y AUTO_FREE = calloc(N, sizeof *y);
	struct pair p CLEANUP(pair_free) = {0};
	struct err e = {0};
	size_t len;
	uint8_t *out AUTO_FREE = NULL;

	(void)state;
	assert_non_null(x);
	assert_non_null(y);
	for (unsigned i = 0; i < N; i++) {
		char plate[13];

		(void)snprintf(plate, sizeof plate, "L%u", i);
		y[i] = lists_entry(plate, "MO", 'V');
		y[i].entered_s -= INT64_C(86400) * (i % 40);
		x[i] = y[i];
		if (i % 10)
			y[i].expires_s += 1234;
	}
	/* And a day on which nothing was entered before, in the midst of the others. */
	y[7].entered_s = LISTS_ISSUED_S - INT64_C(86400) * 20 - 1;
	p = make_pair(x, N, y + 1, N - 1);
	assert_true(p.len < DELTA_HEAD + 40 * 30);
	out = apply(p.old, p.old_len, p.delta, p.len, &len, &e);
	assert_non_null(out);
	assert_memory_equal(out, p.new, p.new_len);
	gives_back(y, N, x, N);
	gives_back(x, N / 2, y + N / 3, N / 2);
}

/* Every item is replaced by another, in one change: kept records find theirs over the slices. */
static void a_change_longer_than_a_slice(void **state)
{
	enum { N = 300 };
	struct entry x[N], y[N];

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		char plate[13];

		(void)snprintf(plate, sizeof plate, "L%u", i);
		x[i] = lists_entry(plate, "MO", 'V');
		x[i].entered_s -= INT64_C(86400) * i;
		y[i] = x[i];
		y[i].expires_s += 1234;
	}
	gives_back(x, N, y, N);
	gives_back(x, N, y, N / 2);
	gives_back(x, N / 2, y, N);
	gives_back(x, 0, y, N);
	gives_back(x, N, y, 0);
}

static void what_came_out_loads(void **state)
{
	struct entry x[100];
	struct pair p CLEANUP(pair_free) = {0};
	struct err e = {0};
	struct bundle *b = NULL;
	size_t len;
	uint8_t *out AUTO_FREE = NULL;

	(void)state;
	fill(x);
	p = make_pair(x, 100, x + 1, 99);
	out = apply(p.old, p.old_len, p.delta, p.len, &len, &e);
	assert_non_null(out);
	assert_true(lists_open(out, len, lists.key, &b, &e));
	assert_int_equal(bundle_info(b)->version, 8);
	assert_int_equal(bundle_info(b)->entries, 99);
	bundle_close(b);
	assert_true(p.len < 600); /* one row went */
}

static void another_list_is_refused(void **state)
{
	struct entry x[100];
	struct pair p CLEANUP(pair_free) = {0};
	struct err e = {0};
	size_t len;
	uint8_t *other AUTO_FREE = NULL;
	struct delta *d;

	(void)state;
	fill(x);
	p = make_pair(x, 100, x + 1, 99);
	assert_null(apply(p.new, p.new_len, p.delta, p.len, &len, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	/* The same entries under another signature's key are another list. */
	other = make(x, 100, 7, &len);
	assert_true(lists_sign(other, len, lists.other));
	assert_null(apply(other, len, p.delta, p.len, &len, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_null(apply(p.delta, p.len, p.delta, p.len, &len, &e));
	assert_null(apply(p.old, 10, p.delta, p.len, &len, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	assert_false(delta_apply(p.old, p.old_len, p.delta, p.len, p.new, p.new_len - 1, &e));
	assert_int_equal(e.code, ERR_ARGUMENT);
	assert_false(delta_apply(p.old, p.old_len, p.delta, p.len, p.new, 0, &e));
	assert_int_equal(e.code, ERR_ARGUMENT);
	assert_false(delta_begin(p.old, p.old_len, p.delta, p.len, p.new, 0, &d, &e));
	assert_null(d);
}

static void cut_at_every_byte_and_longer(void **state)
{
	struct entry x[100];
	struct pair p CLEANUP(pair_free) = {0};
	struct err e = {0};
	size_t len;
	uint8_t *longer AUTO_FREE = NULL;

	(void)state;
	fill(x);
	p = make_pair(x, 100, x + 2, 98);
	for (size_t n = 0; n < p.len; n++) {
		uint8_t *cut AUTO_FREE = malloc(n + !n);

		memcpy(cut, p.delta, n);
		assert_null(apply(p.old, p.old_len, cut, n, &len, &e));
		assert_int_equal(e.code, ERR_FORMAT);
	}
	longer = calloc(1, p.len + 3);
	memcpy(longer, p.delta, p.len);
	assert_null(apply(p.old, p.old_len, longer, p.len + 3, &len, &e));
	assert_int_equal(e.code, ERR_FORMAT);
}

/* Whatever is flipped, what comes out, if anything, is the list that the header names; a header
 * that was flipped names one that no key signed. */
static void every_byte_flipped(void **state)
{
	static const uint8_t FLIPS[] = {0xff, 0x01, 0x80};
	struct entry x[100];
	struct pair p CLEANUP(pair_free) = {0};

	(void)state;
	fill(x);
	p = make_pair(x, 100, x + 3, 97);
	for (size_t i = 0; i < p.len; i++) {
		for (size_t f = 0; f < sizeof FLIPS; f++) {
			struct bundle *b = NULL;
			struct err e = {0};
			size_t len;
			uint8_t *out AUTO_FREE = NULL;

			p.delta[i] ^= FLIPS[f];
			out = apply(p.old, p.old_len, p.delta, p.len, &len, &e);
			p.delta[i] ^= FLIPS[f];
			if (!out)
				continue;
			assert_true(i >= 48 && i < DELTA_HEAD);
			assert_false(lists_open(out, len, lists.key, &b, &e));
		}
	}
}

/* The old list is not what it was when the delta was made, its header is: a disk that fails. */
static void a_damaged_old_list_gives_nothing(void **state)
{
	struct entry x[100];
	struct pair p CLEANUP(pair_free) = {0};
	struct err e = {0};
	size_t len;

	(void)state;
	fill(x);
	p = make_pair(x, 100, x + 3, 97);
	/* From the records on: the index is made afresh. Of the last bytes some may belong to rows
	 * that went. */
	for (size_t i = 4096 + 6 * 64; i < p.old_len; i++) {
		uint8_t *out AUTO_FREE = NULL;

		p.old[i] ^= 0xff;
		out = apply(p.old, p.old_len, p.delta, p.len, &len, &e);
		p.old[i] ^= 0xff;
		if (out)
			assert_memory_equal(out, p.new, p.new_len);
	}
}

static void numbers_that_lie(void **state)
{
	static const uint8_t LIES[][6] = {
	    {0, 0, 0},			    /* a change that is none */
	    {0x80, 0x80, 0x80, 0x80, 0x80}, /* a number without an end */
	    {0xff, 0xff, 0xff, 0xff, 0x7f}, /* more than 32 bits */
	    {0xff, 0xff, 0xff, 0xff, 0x0f}, /* keeps four billion */
	    {0, 0xff, 0x7f},		    /* drops more than there are */
	    {0, 0, 0xff, 0x7f},		    /* inserts more than there shall be */
	};
	struct entry x[100];
	struct pair p CLEANUP(pair_free) = {0};

	(void)state;
	fill(x);
	p = make_pair(x, 100, x + 3, 97);
	for (size_t i = 0; i < sizeof LIES / sizeof *LIES; i++) {
		uint8_t *lie AUTO_FREE = calloc(1, DELTA_HEAD + 64);
		struct err e = {0};
		size_t len;

		memcpy(lie, p.delta, DELTA_HEAD);
		memcpy(lie + DELTA_HEAD, LIES[i], sizeof LIES[i]);
		assert_null(apply(p.old, p.old_len, lie, DELTA_HEAD + 64, &len, &e));
		assert_int_equal(e.code, ERR_FORMAT);
	}
}

static void heads_that_lie(void **state)
{
	struct entry x[100];
	struct pair p CLEANUP(pair_free) = {0};
	struct delta_info info;
	struct err e = {0};

	(void)state;
	fill(x);
	p = make_pair(x, 100, x + 3, 97);
	p.delta[0] ^= 1;
	assert_false(delta_read(p.delta, p.len, &info, &e));
	p.delta[0] ^= 1;
	le_put(p.delta + 8, 2, 2);
	assert_false(delta_read(p.delta, p.len, &info, &e));
	le_put(p.delta + 8, 2, 1);
	p.delta[12] = 1;
	assert_false(delta_read(p.delta, p.len, &info, &e));
	p.delta[12] = 0;
	assert_true(delta_read(p.delta, p.len, &info, &e));
	le_put(p.delta + 48 + 16, 8, UINT64_MAX); /* of the later list: its size */
	assert_false(delta_read(p.delta, p.len, &info, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	le_put(p.delta + 48 + 16, 8, 100);
	assert_false(delta_read(p.delta, p.len, &info, &e));
	assert_int_equal(e.code, ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kind_of_change),
	    cmocka_unit_test(duplicates_are_kept_apart),
	    cmocka_unit_test(a_later_expiry_for_all_is_small),
	    cmocka_unit_test(a_change_longer_than_a_slice),
	    cmocka_unit_test(what_came_out_loads),
	    cmocka_unit_test(another_list_is_refused),
	    cmocka_unit_test(cut_at_every_byte_and_longer),
	    cmocka_unit_test(every_byte_flipped),
	    cmocka_unit_test(a_damaged_old_list_gives_nothing),
	    cmocka_unit_test(numbers_that_lie),
	    cmocka_unit_test(heads_that_lie),
	};

	return cmocka_run_group_tests(tests, lists_begin, lists_end);
}
