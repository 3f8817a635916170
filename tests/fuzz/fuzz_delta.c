/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as a delta, to a list that may itself be damaged. Where nothing is given yet
 * the mutator starts from a good one.
 */
#include "hotlist/delta.h"
#include "hotlist/tool/diff.h"
#include "hotlist/tool/pack.h"
#include "hotlist/tool/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUT_MAX (1u << 20)
#define ROWS	120u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

static uint8_t *old, *good;
static size_t old_len, good_len;

static uint8_t *make(unsigned first, unsigned end, size_t *size)
{
	struct bundle_info info = {
	    .version = 1 + first, .issued_ns = INT64_C(1800000000000000000), .max_age_s = 60};
	struct pack *p;
	uint8_t *file;
	struct entry x;

	if (!pack_new(&p, NULL))
		abort();
	for (unsigned i = first; i < end; i++) {
		memset(&x, 0, sizeof x);
		(void)snprintf(x.printed, sizeof x.printed, i % 3 ? "B%uO" : "B-%u", i * 7919);
		(void)entry_fold(x.printed, x.lic);
		x.category = "FVP"[i % 3];
		(void)snprintf(x.case_number, sizeof x.case_number,
			       i % 4 ? "V%09u" : "CASE/%u-2026", i);
		(void)snprintf(x.ori, sizeof x.ori, "MO%07u", i / 8);
		(void)snprintf(x.vma, sizeof x.vma, "A%u", i / 5);
		/* Of the later list half of the times expire later: one item in another's place. */
		x.entered_s = 1700000000 + i / 6 * 60;
		x.expires_s = 1900000000 + i / 6 + (i / 6 % 2 ? first : 0);
		if (!entry_check(&x, false, NULL) || !pack_add(p, &x, NULL))
			abort();
	}
	if (!pack_write(p, &info, &file, size, NULL))
		abort();
	pack_free(p);
	return file;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	size_t len;
	uint8_t *new = make(10, ROWS, &len);

	(void)argc;
	(void)argv;
	old = make(0, ROWS - 10, &old_len);
	if (!diff_bundles(old, old_len, new, len, &good, &good_len, NULL))
		abort();
	free(new);
	return 0;
}

/* What came out is what its header says, byte for byte, as far as digests can tell. */
static void look_at(const uint8_t *out, size_t len)
{
	struct layout l;

	if (!layout_get_header(out, len, &l, NULL) || !layout_check_table(out, &l, NULL))
		abort();
}

static void apply(const uint8_t *from, const uint8_t *delta, size_t size)
{
	struct delta_info info;
	uint8_t *out;

	if (!delta_read(delta, size, &info, NULL) || info.to.size > OUT_MAX)
		return;
	out = malloc((size_t)info.to.size);
	if (out && delta_apply(from, old_len, delta, size, out, (size_t)info.to.size, NULL))
		look_at(out, (size_t)info.to.size);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + !size), *damaged = malloc(old_len);
	struct layout l;

	if (!copy || !damaged)
		abort();
	memcpy(copy, data, size);
	memcpy(damaged, old, old_len);
	/* For this list, whatever it says: otherwise nothing else would be looked at. */
	if (size >= DELTA_HEAD && !crypt_sha256(old, LAYOUT_HEADER, copy + 16, NULL))
		abort();
	apply(old, copy, size);
	if (!layout_get_header(old, old_len, &l, NULL))
		abort();
	for (size_t i = 0; i + 2 < size; i += 97)
		damaged[l.data + (data[i] << 8 | data[i + 1]) % (old_len - l.data)] ^= data[i + 2];
	apply(damaged, copy, size);
	free(copy);
	free(damaged);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	if (size < DELTA_HEAD && good_len <= most && seed % 8) {
		memcpy(data, good, good_len);
		size = good_len;
	}
	return LLVMFuzzerMutate(data, size, most);
}
