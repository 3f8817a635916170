/* SPDX-License-Identifier: Apache-2.0 */
/* A withdrawn entry is silent as soon as the list that withdraws it is known to be the RTCC's. */
#include "tests/unit/store_help.h"

#include "firmware/base/gift.h"
#include "firmware/store/list.h"
#include "hotlist/layout.h"
#include "hotlist/match.h"
#include "hotlist/tool/diff.h"
#include "tests/unit/lists.h"

#include <sys/mman.h>
#include <unistd.h>

#define NOW_S (LISTS_ISSUED_S + 60)
#define NOW   (NOW_S * NS_PER_S)

/* Signed bytes of a list; the category of record `bad` is none if that is >= 0. Caller frees. */
static uint8_t *make(struct entry *x, uint32_t n, uint64_t version, bool lookalike, int64_t bad,
		     size_t *size)
{
	struct bundle_info info = lists_info();
	uint8_t *file;

	info.version = version;
	info.allow_lookalike = lookalike;
	file = lists_pack(x, n, &info, size);
	assert_non_null(file);
	if (bad >= 0) {
		struct layout at;

		assert_true(layout_get_header(file, *size, &at, NULL));
		file[at.records + (size_t)bad * LAYOUT_RECORD + 31] = 'X';
	}
	assert_true(lists_sign(file, *size, lists.key));
	return file;
}

/* As it is when it has begun to arrive: signed, not checked. */
static struct bundle *begun(struct entry *x, uint32_t n, bool lookalike, int64_t bad)
{
	AUTO_CLOSE int fd = memfd_create("list", MFD_CLOEXEC);
	struct bundle *b;
	struct err e;
	size_t size;
	AUTO_FREE uint8_t *file = make(x, n, 8, lookalike, bad, &size);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, size), size);
	assert_true(bundle_begin_fd(fd, lists.key, &b, &e));
	return b;
}

static struct match ask(const struct bundle *b, const struct bundle *later, const char *plate)
{
	struct plate_read r = {.jurisdiction = "MO"};
	struct match m;
	bool stale;

	memcpy(r.text, plate, strlen(plate) + 1);
	match_read_before(b, later, &r, NOW_S, &m, &stale);
	assert_false(stale);
	assert_int_equal(m.grade == GRADE_NONE, m.n == 0);
	return m;
}

static void what_is_no_longer_there_matches_nothing(void **state)
{
	struct entry x[8], y[8];
	struct bundle *b, *later;
	struct match m;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		char plate[13];

		(void)snprintf(plate, sizeof plate, "CAR%u", i);
		x[i] = lists_entry(plate, "MO", 'V');
	}
	memcpy(x[1].printed, x[0].printed, sizeof x[0].printed); /* two cases of one car */
	memcpy(x[1].lic, x[0].lic, sizeof x[0].lic);
	strcpy(x[1].case_number, "OTHER-1");
	memcpy(y, x, sizeof y);
	y[1] = lists_entry("NEWER1", "MO", 'V');
	y[2] = lists_entry("NEWER2", "MO", 'V');
	y[3].expires_s = NOW_S;
	y[4].category = 'P';
	strcpy(y[5].lis, "");
	strcpy(y[6].case_number, "OTHER-6"); /* what is corrected otherwise is still wanted */
	strcpy(y[7].ori, "MO0000000");
	strcpy(y[7].vco, "RED");
	b = begun(x, 8, false, -1);
	later = begun(y, 8, false, -1);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(ask(b, NULL, x[i].lic).grade, GRADE_EXACT);
		assert_int_equal(ask(b, later, x[i].lic).grade,
				 i < 2 || i > 5 ? GRADE_EXACT : GRADE_NONE);
	}
	m = ask(b, later, "CAR0");
	assert_int_equal(m.n, 2);
	assert_int_equal(ask(b, later, "NEWER1").grade, GRADE_NONE); /* not yet */
	assert_int_equal(ask(NULL, later, "CAR0").grade, GRADE_NONE);
	bundle_close(b);
	bundle_close(later);
}

static void lookalikes_need_the_policy_of_both(void **state)
{
	struct entry x[2] = {lists_entry("BAA7S", "MO", 'V'), lists_entry("8AA7S", "MO", 'V')};
	struct bundle *b = begun(x, 2, true, -1), *loose = begun(x, 1, true, -1),
		      *strict = begun(x, 1, false, -1);

	(void)state;
	assert_int_equal(ask(b, loose, "BAA75").grade, GRADE_LOOKALIKE);
	assert_int_equal(ask(b, strict, "BAA75").grade, GRADE_NONE);
	/* One that is withdrawn hides no other. */
	assert_int_equal(ask(b, NULL, "8AA7S").grade, GRADE_EXACT);
	assert_int_equal(ask(b, loose, "8AA7S").grade, GRADE_LOOKALIKE);
	bundle_close(b);
	bundle_close(loose);
	bundle_close(strict);
}

/* What shows to be bad when it is asked withdraws nothing. */
static void a_bad_list_withdraws_nothing_once_that_shows(void **state)
{
	struct entry x[2] = {lists_entry("CAR0", "MO", 'V'), lists_entry("CAR1", "MO", 'V')};
	struct bundle *b = begun(x, 2, false, -1), *bad = begun(x, 1, false, 0);

	(void)state;
	assert_int_equal(ask(b, bad, "CAR1").grade, GRADE_NONE);
	assert_int_equal(ask(b, bad, "CAR0").grade, GRADE_EXACT);
	assert_true(bundle_broken(bad));
	assert_int_equal(ask(b, bad, "CAR1").grade, GRADE_EXACT);
	bundle_close(b);
	bundle_close(bad);
}

/* --- on its way into the store -------------------------------------------------------------------
 */

#define MANY 60000u

static struct store_hotlist_conf conf;
static struct list l;
static struct entry *many;

static int begin(void **state)
{
	struct place *p;

	(void)place_make(state);
	p = *state;
	conf = (struct store_hotlist_conf){0};
	(void)snprintf(conf.key, sizeof conf.key, "%s/key.pub", lists.folder);
	many = calloc(MANY, sizeof *many);
	assert_non_null(many);
	for (unsigned i = 0; i < MANY; i++) {
		char plate[13];

		(void)snprintf(plate, sizeof plate, "L%u", i);
		many[i] = lists_entry(plate, "MO", 'V');
	}
	return list_open(&l, &conf, p->folder, &p->why) ? 0 : -1;
}

static int end(void **state)
{
	list_close(&l);
	free(many);
	return place_end(state);
}

static bool offer(struct place *p, const uint8_t *data, size_t len)
{
	AUTO_CLOSE int fd = -1;
	struct iovec part = {(void *)(uintptr_t)data, len};

	assert_true(gift_make("offer", &part, 1, &fd, &p->why));
	return list_offer(&l, p->db, fd, "", NOW, &p->why);
}

static void in_force(struct place *p, const uint8_t *data, size_t len)
{
	assert_true(offer(p, data, len));
	assert_true(list_step(&l, p->db, NOW, INT64_MAX, &p->why));
	assert_false(list_arriving(&l));
	assert_null(list_coming(&l));
}

static bool wanted(const char *plate)
{
	return ask(l.b, list_coming(&l), plate).grade == GRADE_EXACT;
}

/* Step by step, the withdrawn one silent and the other not, until it is in force or refused. */
static bool silent_until_the_end(struct place *p)
{
	while (list_arriving(&l)) {
		if (list_coming(&l)) {
			assert_false(wanted("L0"));
			assert_true(wanted("L1"));
		}
		if (!list_step(&l, p->db, NOW, clock_mono_ns() + NS_PER_MS, &p->why))
			return false;
	}
	return true;
}

static void a_whole_list_withdraws_at_once(void **state)
{
	struct place *p = *state;
	size_t old_len, new_len, bad_len;
	AUTO_FREE uint8_t *old = make(many, MANY, 7, false, -1, &old_len),
			  *bad = make(many + 1, MANY - 1, 8, false, MANY - 2, &bad_len),
			  *new = make(many + 1, MANY - 1, 9, false, -1, &new_len);

	in_force(p, old, old_len);
	assert_true(wanted("L0"));
	assert_true(offer(p, bad, bad_len));
	assert_true(list_arriving(&l));
	assert_false(wanted("L0"));
	assert_false(silent_until_the_end(p));
	assert_int_equal(p->why.code, ERR_POLICY);
	assert_int_equal(list_version(&l), 7);
	assert_true(wanted("L0")); /* nobody withdrew it */
	assert_true(offer(p, new, new_len));
	assert_true(list_arriving(&l));
	assert_false(wanted("L0"));
	assert_true(silent_until_the_end(p));
	assert_int_equal(list_version(&l), 9);
	assert_false(wanted("L0"));
	assert_true(wanted("L1"));
}

static void a_delta_withdraws_when_it_is_made(void **state)
{
	struct place *p = *state;
	size_t old_len, new_len, len;
	AUTO_FREE uint8_t *old = make(many, MANY, 7, false, -1, &old_len),
			  *new = make(many + 1, MANY - 1, 8, false, -1, &new_len), *delta = NULL;

	in_force(p, old, old_len);
	assert_true(diff_bundles(old, old_len, new, new_len, &delta, &len, &p->why));
	assert_true(offer(p, delta, len));
	/* What is offered again, or cannot be, does not disturb it. */
	assert_true(offer(p, delta, len));
	delta[20] ^= 1;
	assert_false(offer(p, delta, len));
	assert_int_equal(p->why.code, ERR_NOT_FOUND);
	while (list_arriving(&l) && !list_coming(&l))
		assert_true(list_step(&l, p->db, NOW, clock_mono_ns() + NS_PER_MS, &p->why));
	assert_true(list_arriving(&l)); /* it has yet to be copied and checked */
	assert_false(wanted("L0"));
	assert_true(silent_until_the_end(p));
	assert_int_equal(list_version(&l), 8);
}

/* The configured file can be written by others while it is copied: nothing is read in it. */
static void the_configured_file_withdraws_when_it_is_ours(void **state)
{
	struct place *p = *state;
	size_t old_len, new_len;
	AUTO_FREE uint8_t *old = make(many, MANY, 7, false, -1, &old_len),
			  *new = make(many + 1, MANY - 1, 8, false, -1, &new_len);
	FILE *f;

	in_force(p, old, old_len);
	(void)snprintf(conf.path, sizeof conf.path, "%s/list.alpb", p->folder);
	f = fopen(conf.path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(new, 1, new_len, f), new_len);
	assert_int_equal(fclose(f), 0);
	assert_true(list_load(&l, p->db, NOW, &p->why));
	assert_true(list_arriving(&l));
	assert_int_equal(list_coming(&l) != NULL, l.arriving.b != NULL);
	assert_true(silent_until_the_end(p));
	assert_int_equal(list_version(&l), 8);
}

/* One that is given up for another withdraws nothing any more. */
static void what_no_longer_arrives_withdraws_nothing(void **state)
{
	struct place *p = *state;
	size_t old_len, new_len, late_len;
	AUTO_FREE uint8_t *old = make(many, MANY, 7, false, -1, &old_len),
			  *new = make(many + 1, MANY - 1, 8, false, -1, &new_len),
			  *late = make(many, MANY, 9, false, -1, &late_len);

	in_force(p, old, old_len);
	assert_true(offer(p, new, new_len));
	assert_false(wanted("L0"));
	assert_true(offer(p, late, late_len));
	assert_true(wanted("L0"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_no_longer_there_matches_nothing),
	    cmocka_unit_test(lookalikes_need_the_policy_of_both),
	    cmocka_unit_test(a_bad_list_withdraws_nothing_once_that_shows),
	    T(a_whole_list_withdraws_at_once),
	    T(a_delta_withdraws_when_it_is_made),
	    T(the_configured_file_withdraws_when_it_is_ours),
	    T(what_no_longer_arrives_withdraws_nothing),
	};

	return cmocka_run_group_tests(tests, lists_begin, lists_end);
}
