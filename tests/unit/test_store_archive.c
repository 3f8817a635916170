/* SPDX-License-Identifier: Apache-2.0 */
/* What is in an answer is looked at with other tools in tests/system/test_evidence.py; here are the
 * steps, and what may happen between two of them. */
#include "tests/unit/store_help.h"

#include "firmware/base/gift.h"
#include "firmware/base/jwe.h"
#include "firmware/store/archive.h"
#include "firmware/store/retrieve.h"
#include "firmware/store/ring.h"
#include "firmware/store/tar.h"

static const struct site site = {
    .name = "5th and Main", .camera_0 = "north \"1\"", .camera_1 = "south\xff"};
static const struct request request = {.camera = "5th and Main",
				       .plate = "ABC123",
				       .case_number = "26-\"1\"",
				       .purpose = "homicide",
				       .requester = "J. Doe"};
static const uint8_t digest[CRYPT_SHA256_SIZE] = {7};
static uint8_t jpeg[3000] = {0xff, 0xd8};

struct desk {
	struct crypt_key *to, *signer;
	struct archive_about about;
	struct archive *a;
	struct lookup_want want;
	int64_t floor_ns;
};

static void put(struct place *p, uint64_t n, int64_t kept_ns)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	struct wire_passage m = passage_of(n, "ABC123");
	struct ring_passage r = {
	    .p = &m, .key = key_at(p, kept_ns), .kept_ns = kept_ns, .stored_ns = kept_ns};

	m.best_ns = kept_ns;
	r.pictures[WIRE_CROP_0] = r.pictures[WIRE_CROP_1] =
	    (struct ring_picture){jpeg, sizeof jpeg};
	assert_true(db_begin(p->db, &tx, &p->why) && ring_insert(p->db, &r, &p->why) &&
		    db_commit(&tx, &p->why));
}

static void begin(struct place *p, struct desk *k)
{
	*k = (struct desk){.want = {.plate = "ABC123", .floor_ns = INT64_MIN},
			   .floor_ns = INT64_MIN};
	assert_true(crypt_key_generate(&k->to, &p->why) && crypt_key_generate(&k->signer, &p->why));
	k->about = (struct archive_about){.request = &request,
					  .jws = "a.b.c",
					  .jws_len = 5,
					  .digest = digest,
					  .subject = "CN=J. Doe",
					  .serial = "01:02",
					  .to = k->to,
					  .signer = k->signer,
					  .site = &site,
					  .board = "host",
					  .now_ns = T0,
					  .clock = "synchronised",
					  .list_version = 9,
					  .retention_days = 90,
					  .max_bytes = 1 << 20};
	assert_true(archive_begin(&k->about, &k->want, &k->a, &p->why));
}

static void end(struct desk *k)
{
	archive_free(k->a);
	crypt_key_free(k->to);
	crypt_key_free(k->signer);
}

static bool gather(struct place *p, struct desk *k)
{
	bool done = false;

	p->why = (struct err){0};
	while (!done)
		if (!archive_gather(k->a, p->db, &p->keys, &done, &p->why))
			return false;
	return true;
}

static void compose(struct place *p, struct desk *k)
{
	struct audit_row *row = calloc(1, sizeof *row);

	assert_non_null(row);
	row->seq = 3;
	(void)snprintf(row->text[1], sizeof row->text[1], "evidence");
	assert_true(archive_compose(k->a, row, &p->why));
	free(row);
}

/* The opened archive; *len bytes, the caller frees. NULL: it was not finished. */
static uint8_t *write_out(struct place *p, struct desk *k, size_t *len)
{
	CLEANUP(gift_unmap) struct gift g = {0};
	AUTO_CLOSE int fd = -1;
	uint8_t *plain = NULL;
	bool done = false;

	p->why = (struct err){0};
	while (!done)
		if (!archive_write(k->a, p->db, &p->keys, k->floor_ns, &done, &fd, &p->why))
			return NULL;
	assert_true(gift_map(fd, 4 << 20, &g, &p->why));
	assert_true(
	    jwe_open(k->to, ARCHIVE_TYP, (const char *)g.data, g.len, &plain, len, &p->why));
	return plain;
}

/* The bytes of a file in it; NULL: it is not there. */
static const char *file_of(const uint8_t *archive, size_t len, const char *name, size_t *size)
{
	size_t at = 0;

	while (at + TAR_BLOCK <= len && archive[at]) {
		*size = strtoull((const char *)archive + at + 124, NULL, 8);
		if (strcmp((const char *)archive + at, name) == 0)
			return (const char *)archive + at + TAR_BLOCK;
		at += tar_length(*size);
	}
	return NULL;
}

static void what_is_found_is_in_it(void **state)
{
	struct place *p = *state;
	struct desk k;
	AUTO_FREE uint8_t *out = NULL;
	const char *manifest;
	char name[] = "reads/01000000000000000000000000000001/crop_1.jpg";
	size_t len, size;

	put(p, 0, T0);
	put(p, 1, T0 + PERIOD_NS);
	begin(p, &k);
	assert_true(gather(p, &k));
	assert_int_equal(archive_count(k.a).reads, 2);
	assert_int_equal(archive_count(k.a).pictures, 4);
	assert_int_equal(archive_count(k.a).bytes, 4 * sizeof jpeg);
	assert_int_equal(archive_count(k.a).damaged, 0);
	compose(p, &k);
	out = write_out(p, &k, &len);
	assert_non_null(out);
	assert_int_equal(len % TAR_BLOCK, 0);
	manifest = file_of(out, len, "manifest.json", &size);
	assert_non_null(manifest);
	assert_non_null(memmem(manifest, size, "\"case_number\":\"26-\\\"1\\\"\"", 23));
	assert_non_null(memmem(manifest, size, "\"1\":\"south?\"", 12));
	assert_non_null(memmem(manifest, size, "\"list_version\":9,", 17));
	manifest = file_of(out, len, name, &size);
	assert_non_null(manifest);
	assert_int_equal(size, sizeof jpeg);
	assert_memory_equal(manifest, jpeg, sizeof jpeg);
	end(&k);
}

static void nothing_found_is_an_archive_as_well(void **state)
{
	struct place *p = *state;
	struct desk k;
	AUTO_FREE uint8_t *out = NULL;
	size_t len, size;

	begin(p, &k);
	assert_true(gather(p, &k));
	compose(p, &k);
	out = write_out(p, &k, &len);
	assert_non_null(file_of(out, len, "manifest.json", &size));
	assert_non_null(file_of(out, len, "box.key", &size));
	end(&k);
}

static void larger_than_allowed_is_refused(void **state)
{
	struct place *p = *state;
	struct desk k;

	place_hasty(p);
	for (uint64_t i = 0; i < 200; i++)
		put(p, i, T0 + (int64_t)i);
	begin(p, &k);
	assert_false(gather(p, &k));
	assert_int_equal(p->why.code, ERR_LIMIT);
	assert_null(strstr(p->why.text, "ABC123"));
	end(&k);
}

static void what_goes_meanwhile_is_said(void **state)
{
	struct place *p = *state;
	struct ring_purged purged;
	struct desk k;
	size_t len;
	int steps;

	put(p, 0, T0);
	put(p, 1, T0 + PERIOD_NS);
	/* Its rows, between the two looks at them. */
	begin(p, &k);
	assert_true(gather(p, &k));
	compose(p, &k);
	assert_true(ring_make_room(p->db, 1, &purged, &p->why));
	assert_null(write_out(p, &k, &len));
	assert_int_equal(p->why.code, ERR_AGAIN);
	end(&k);
	/* Its time is over, and it is there yet. */
	begin(p, &k);
	assert_true(gather(p, &k));
	assert_int_equal(archive_count(k.a).reads, 1);
	compose(p, &k);
	k.floor_ns = T0 + 2 * PERIOD_NS;
	assert_null(write_out(p, &k, &len));
	assert_int_equal(p->why.code, ERR_AGAIN);
	end(&k);
	/* It falls due while the rest is written. */
	steps = 0;
	for (int last = 0; last < 2; last++) {
		bool done = false;
		int fd = -1;

		begin(p, &k);
		assert_true(gather(p, &k));
		compose(p, &k);
		for (int i = 1; last ? i < steps : !done; i++, steps += !last)
			assert_true(archive_write(k.a, p->db, &p->keys, 0, &done, &fd, &p->why));
		if (last) {
			assert_false(done);
			assert_false(archive_write(k.a, p->db, &p->keys, T0 + 2 * PERIOD_NS, &done,
						   &fd, &p->why));
			assert_int_equal(p->why.code, ERR_AGAIN);
		} else {
			(void)close(fd);
		}
		end(&k);
	}
	/* Its key. Then there is nothing to be found. */
	begin(p, &k);
	assert_true(gather(p, &k));
	compose(p, &k);
	assert_true(periods_destroy(&p->keys, p->db, T0 + 2 * PERIOD_NS, T0, &p->why));
	assert_null(write_out(p, &k, &len));
	assert_int_equal(p->why.code, ERR_AGAIN);
	end(&k);
	begin(p, &k);
	assert_true(gather(p, &k));
	assert_int_equal(archive_count(k.a).reads, 0);
	end(&k);
}

/* Between the lookup and the look at what it found. */
static void what_goes_before_it_is_gathered_is_not_in_it(void **state)
{
	struct place *p = *state;
	struct desk k;
	bool done = false;

	put(p, 0, T0);
	put(p, 1, T0 + PERIOD_NS);
	begin(p, &k);
	assert_true(archive_gather(k.a, p->db, &p->keys, &done, &p->why));
	assert_true(periods_destroy(&p->keys, p->db, T0 + PERIOD_NS, T0, &p->why));
	assert_true(gather(p, &k));
	assert_int_equal(archive_count(k.a).reads, 1);
	end(&k);
}

static void a_name_of_any_length_has_a_header(void **state)
{
	uint8_t block[TAR_BLOCK];
	char name[101];

	(void)state;
	memset(name, 'a', 100);
	name[100] = '\0';
	(void)tar_header(name, 123456, -1, block);
	assert_memory_equal(block, name, 100);
	assert_memory_equal(block + 124, "00000361100", 12);
	assert_memory_equal(block + 136, "00000000000", 12);
	assert_memory_equal(block + 257, "ustar\00000", 8);
	assert_int_equal(tar_padding(0), 0);
	assert_int_equal(tar_padding(512), 0);
	assert_int_equal(tar_padding(513), 511);
	assert_int_equal(tar_length(1), 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_is_found_is_in_it, place_make, place_end),
	    cmocka_unit_test_setup_teardown(nothing_found_is_an_archive_as_well, place_make,
					    place_end),
	    cmocka_unit_test_setup_teardown(larger_than_allowed_is_refused, place_make, place_end),
	    cmocka_unit_test_setup_teardown(what_goes_meanwhile_is_said, place_make, place_end),
	    cmocka_unit_test_setup_teardown(what_goes_before_it_is_gathered_is_not_in_it,
					    place_make, place_end),
	    cmocka_unit_test(a_name_of_any_length_has_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
