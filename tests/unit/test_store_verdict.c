/* SPDX-License-Identifier: Apache-2.0 */
/* What the RTCC found of a hit: who may say so, and how it is counted. */
#include "tests/unit/store_help.h"

#include "firmware/base/jws.h"
#include "firmware/store/outbox.h"
#include "firmware/store/verdict.h"

#define HOUR (3600 * NS_PER_S)
#define HIT  "01000000000000000000000000000000"

static char folder[] = "/tmp/test_verdict.XXXXXX";
static struct identity_authorities *ca;

static const char MAKE[] =
    "cd %s && exec >log 2>&1 && set -e\n"
    "ec() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1.key; }\n"
    "issue() { ec $1; openssl req -new -key $1.key -subj \"$3\" -out csr\n"
    "  openssl x509 -req -in csr -CA $2.crt -CAkey $2.key -CAcreateserial -days $4 -out $1.crt; }\n"
    "for a in ca other; do ec $a\n"
    "openssl req -x509 -new -key $a.key -subj /O=t/CN=$a -days 9000 -out $a.crt; done\n"
    "issue rtcc ca '/O=t/OU=RTCC/CN=Jo Bloggs' 9000\n"
    "issue evidence ca '/O=t/OU=EVIDENCE/CN=Jane Doe' 9000\n"
    "issue stray other '/O=t/OU=RTCC/CN=Jo Bloggs' 9000\n"
    "issue over ca '/O=t/OU=RTCC/CN=Jo Bloggs' 1\n";

static const char *at(const char *name, const char *suffix)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof paths[0], "%s/%s%s", folder, name, suffix);
	return path;
}

static int make(void **state)
{
	char command[2048];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(command, sizeof command, MAKE, folder);
	return system(command) || !identity_authorities_load(at("ca", ".crt"), &ca, NULL);
}

static int clean(void **state)
{
	(void)state;
	identity_authorities_free(ca);
	return nftw(folder, place_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A verdict with this payload, signed by that certificate's key. */
static int64_t noise; /* refused, and not written down */

static char *signed_by(struct place *p, const char *name, const char *typ, const char *payload)
{
	struct identity_der chain[IDENTITY_CHAIN_MAX];
	struct crypt_key *k = NULL;
	void *memory = NULL;
	char *text = NULL;
	size_t n;

	assert_true(crypt_key_load_private(at(name, ".key"), &k, &p->why));
	assert_true(identity_read_chain(at(name, ".crt"), chain, &n, &memory, &p->why));
	assert_true(jws_make(k, typ, chain, n, payload, strlen(payload), &text, NULL, &p->why));
	free(memory);
	crypt_key_free(k);
	return text;
}

static char *payload_of(const char *passage, const char *verdict, const char *when)
{
	static char text[400];

	(void)snprintf(text, sizeof text,
		       "{\"format\":\"alpr-verdict-1\",\"camera\":\"pole 7\",\"passage\":\"%s\","
		       "\"verdict\":\"%s\",\"when\":\"%s\"}",
		       passage, verdict, when);
	return text;
}

/* Open it and, if that can be done, take it: "" or why not. */
static const char *give_text(struct place *p, const char *text)
{
	const struct verdict_now now = {T0 + HOUR, T0 + HOUR};
	struct identity *who = NULL;
	struct verdict v;

	p->why = (struct err){0};
	if (!verdict_open(text, strlen(text), ca, T0 + HOUR, &who, &v, &p->why) ||
	    !verdict_take(p->db, &v, "pole 7", who, &now, &p->why))
		assert_true(verdict_refuse(p->db, &noise, who, p->why.text, &now, NULL));
	identity_free(who);
	return p->why.text;
}

static const char *give_payload(struct place *p, const char *name, const char *payload)
{
	char *text = signed_by(p, name, VERDICT_TYP, payload);

	(void)give_text(p, text);
	free(text);
	return p->why.text;
}

static const char *give(struct place *p, const char *verdict, const char *when)
{
	return give_payload(p, "rtcc", payload_of(HIT, verdict, when));
}

static void put_hit(struct place *p, uint8_t n)
{
	uint8_t id[WIRE_ID_SIZE] = {n};
	struct outbox_hit h = {id, T0, T0, "EXACT", 'V', 3, "{}", 2, key_at(p, T0)};

	assert_true(outbox_put(p->db, &h, &p->why));
}

static int64_t counted(struct place *p, const char *name)
{
	int64_t n;

	assert_true(db_state_get(p->db, name, &n, &p->why));
	return n;
}

#define CHAIN "SELECT count(*) FROM audit WHERE what = 'verdict' AND "

static void it_is_kept_counted_and_recorded(void **state)
{
	struct place *p = *state;

	put_hit(p, 1);
	assert_string_equal(give(p, "confirmed", "2027-01-15T08:30:00Z"), "");
	assert_int_equal(counted(p, "verdicts_confirmed"), 1);
	assert_int_equal(count_of(p, "SELECT verdict FROM outbox"), VERDICT_CONFIRMED);
	assert_int_equal(count_of(p, CHAIN "outcome = 'taken' AND who LIKE "
					   "'%OU=RTCC, CN=Jo Bloggs, serial %' AND detail = "
					   "'{\"passage\":\"" HIT "\",\"verdict\":\"confirmed\"}'"),
			 1);
	/* Said again it is the same one. */
	assert_string_equal(give(p, "confirmed", "2027-01-15T08:30:00Z"), "");
	assert_int_equal(counted(p, "verdicts_confirmed"), 1);
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit"), 1);
}

/* One verdict a hit: what was counted stays, and that it is withdrawn is counted. */
static void a_later_one_takes_its_place(void **state)
{
	struct place *p = *state;
	static const char *const order[] = {"misread", "wrong-state", "stale", "other", "misread"};
	char when[] = "2027-01-15T08:00:00Z";

	put_hit(p, 1);
	put_hit(p, 2);
	for (size_t i = 0; i < 5; i++) {
		when[15] = (char)('0' + i);
		assert_string_equal(give(p, order[i], when), "");
	}
	assert_string_equal(give_payload(p, "rtcc",
					 payload_of("02000000000000000000000000000000", "other",
						    "2027-01-15T08:00:00Z")),
			    "");
	assert_int_equal(counted(p, "verdicts_misread"), 2);
	assert_int_equal(counted(p, "verdicts_misread_withdrawn"), 1);
	assert_int_equal(counted(p, "verdicts_wrong_state_withdrawn"), 1);
	assert_int_equal(counted(p, "verdicts_other"), 2);
	/* Given less withdrawn is one a hit. */
	assert_int_equal(count_of(p, "SELECT (SELECT sum(value) FROM state WHERE name GLOB "
				     "'verdicts_*[a-z]' AND name NOT GLOB '*_withdrawn' AND name "
				     "NOT GLOB '*hour*') - (SELECT sum(value) FROM state WHERE "
				     "name GLOB 'verdicts_*_withdrawn')"),
			 2);
	/* An older one comes late, or once more: it changes nothing. */
	assert_string_equal(give(p, "confirmed", "2027-01-15T08:02:00Z"),
			    "a verdict that is not older is there");
	assert_string_equal(give(p, "stale", "2027-01-15T08:04:00Z"),
			    "a verdict that is not older is there");
	assert_int_equal(counted(p, "verdicts_refused"), 2);
	assert_int_equal(count_of(p, CHAIN "outcome = 'refused' AND detail LIKE '%is not older%'"),
			 2);
}

static void what_is_none_is_refused(void **state)
{
	static const struct {
		const char *payload, *why;
	} wrong[] = {
	    {"", "not"},
	    {"[]", "not"},
	    {"{\"format\":\"alpr-verdict-1\"}", "camera: missing"},
	    {"{\"format\":\"alpr-verdict-2\",\"camera\":\"pole 7\",\"passage\":\"" HIT
	     "\",\"verdict\":\"other\",\"when\":\"2027-01-15T08:30:00Z\"}",
	     "format: not alpr-verdict-1"},
	    {"{\"format\":\"alpr-verdict-1\",\"camera\":\"pole 8\",\"passage\":\"" HIT
	     "\",\"verdict\":\"other\",\"when\":\"2027-01-15T08:30:00Z\"}",
	     "a verdict for another box"},
	    {"{\"format\":\"alpr-verdict-1\",\"camera\":\"pole 7\",\"passage\":\"0100\","
	     "\"verdict\":\"other\",\"when\":\"2027-01-15T08:30:00Z\"}",
	     "passage: not the id of an event"},
	    {"{\"format\":\"alpr-verdict-1\",\"camera\":\"pole 7\",\"passage\":"
	     "\"09000000000000000000000000000000\",\"verdict\":\"other\",\"when\":"
	     "\"2027-01-15T08:30:00Z\"}",
	     "this box has no such hit, or not any more"},
	    {"{\"format\":\"alpr-verdict-1\",\"camera\":\"pole 7\",\"passage\":\"" HIT
	     "\",\"verdict\":\"guilty\",\"when\":\"2027-01-15T08:30:00Z\"}",
	     "verdict: none of those that there are"},
	    {"{\"format\":\"alpr-verdict-1\",\"camera\":\"pole 7\",\"passage\":\"" HIT
	     "\",\"verdict\":\"other\",\"when\":\"today\"}",
	     "when: not a time as RFC 3339 writes UTC"},
	    {"{\"format\":\"alpr-verdict-1\",\"camera\":\"pole 7\",\"passage\":\"" HIT
	     "\",\"verdict\":\"other\",\"when\":\"2027-01-15T09:30:00Z\"}",
	     "a verdict from the future"},
	    {"{\"format\":\"alpr-verdict-1\",\"camera\":\"pole 7\",\"passage\":\"" HIT
	     "\",\"verdict\":\"other\",\"when\":\"2027-01-15T07:30:00Z\"}",
	     "a verdict from before the hit"},
	    {"{\"format\":\"alpr-verdict-1\",\"camera\":\"pole 7\",\"passage\":\"" HIT
	     "\",\"verdict\":\"other\",\"when\":\"2027-01-15T08:30:00Z\",\"plate\":\"ABC123\"}",
	     ""}};
	struct place *p = *state;

	put_hit(p, 1);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		const char *why = give_payload(p, "rtcc", wrong[i].payload);

		if (p->why.code == ERR_NONE || !strstr(why, wrong[i].why))
			fail_msg("%zu: %s", i, why);
		assert_null(strstr(why, "ABC123"));
	}
	assert_int_equal(count_of(p, "SELECT count(*) FROM outbox WHERE verdict IS NOT NULL"), 0);
	assert_int_equal(count_of(p, CHAIN "outcome = 'refused' AND json_valid(detail)"),
			 sizeof wrong / sizeof wrong[0]);
	assert_int_equal(counted(p, "verdicts_refused"), sizeof wrong / sizeof wrong[0]);
}

static void only_the_rtcc_may_give_them(void **state)
{
	struct place *p = *state;
	char *text, *good = payload_of(HIT, "other", "2027-01-15T08:30:00Z");

	put_hit(p, 1);
	assert_string_equal(give_payload(p, "evidence", good),
			    "role EVIDENCE, and only RTCC may give verdicts");
	/* Whoever has signed that is known; of these nobody is, and the chain does not grow. */
	assert_int_equal(count_of(p, CHAIN "who LIKE '%Jane Doe%'"), 1);
	(void)give_payload(p, "stray", good);
	assert_int_equal(p->why.code, ERR_SIGNATURE);
	(void)give_payload(p, "over", good);
	assert_int_not_equal(p->why.code, ERR_NONE);
	text = signed_by(p, "rtcc", VERDICT_TYP, good);
	text[strlen(text) - 5] = text[strlen(text) - 5] == 'A' ? 'B' : 'A';
	(void)give_text(p, text);
	assert_int_equal(p->why.code, ERR_SIGNATURE);
	free(text);
	(void)give_text(p, "garbage");
	assert_int_equal(p->why.code, ERR_FORMAT);
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit"), 1);
	assert_int_equal(counted(p, "verdicts_refused"), 1);
	assert_int_equal(noise, 4);
	assert_true(verdict_count_noise(p->db, &noise, &p->why));
	assert_int_equal(counted(p, "verdicts_refused"), 5);
	assert_int_equal(noise, 0);
}

static void it_says_that_it_is_one(void **state)
{
	struct place *p = *state;
	char *good = payload_of(HIT, "other", "2027-01-15T08:30:00Z");
	char *text = signed_by(p, "rtcc", VERDICT_TYP, good),
	     *other = signed_by(p, "rtcc", "alpr-evidence-request", good);

	assert_true(verdict_is(text, strlen(text)));
	assert_false(verdict_is(other, strlen(other)));
	assert_false(verdict_is("", 0));
	assert_false(verdict_is(text, strlen(text) / 2));
	free(text);
	free(other);
}

static void a_flood_does_not_fill_the_chain(void **state)
{
	struct place *p = *state;

	put_hit(p, 1);
	assert_true(db_state_set(p->db, "verdicts_hour", T0 + HOUR, &p->why));
	assert_true(db_state_set(p->db, "verdicts_in_hour", VERDICT_HOURLY - 1, &p->why));
	assert_string_equal(give(p, "stale", "2027-01-15T08:30:00Z"), "");
	assert_string_equal(give(p, "other", "2027-01-15T08:31:00Z"),
			    "too many verdicts within an hour");
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit"), 1);
	assert_int_equal(noise, 1);
	noise = 0;
	assert_true(db_state_set(p->db, "verdicts_hour", T0, &p->why));
	assert_string_equal(give(p, "other", "2027-01-15T08:31:00Z"), "");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_make, place_end)
	const struct CMUnitTest tests[] = {
	    T(it_is_kept_counted_and_recorded), T(a_later_one_takes_its_place),
	    T(what_is_none_is_refused),		T(only_the_rtcc_may_give_them),
	    T(it_says_that_it_is_one),		T(a_flood_does_not_fill_the_chain),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
