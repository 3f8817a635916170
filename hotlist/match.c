/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/match.h"

#include "firmware/base/clock.h"

#include <string.h>

const char *match_grade_name(enum match_grade grade)
{
	switch (grade) {
	case GRADE_EXACT:
		return "EXACT";
	case GRADE_JURISDICTION_UNKNOWN:
		return "JURISDICTION_UNKNOWN";
	case GRADE_LOOKALIKE:
		return "LOOKALIKE";
	case GRADE_NONE:
	default:
		return "NONE";
	}
}

/* Of plates that look like one another a list has few; one that has more was made to keep us busy.
 */
#define CANDIDATES_MAX 1024u

/* One question put to the list: everything that does not change while it is answered. */
struct question {
	const struct bundle *b, *later; /* later: what it does not have is withdrawn; or NULL */
	int64_t now_s;
	char read[11];	      /* the read, folded */
	float chars[11];      /* of its characters; 0: not known */
	char jurisdiction[3]; /* upper case, or "" */
	struct match *out;
	uint32_t taken[MATCH_ENTRIES_MAX]; /* numbers of the entries in out */
	uint32_t settled;		   /* so many of them are where they belong */
};

/* The list is as old as it may be, or the clock is so wrong that nobody can say. */
static bool is_stale(const struct bundle_info *list, int64_t now_s)
{
	int64_t issued_s = list->issued_ns / NS_PER_S;

	if (now_s < 0)
		return true;
	if (now_s < issued_s)
		return issued_s - now_s > MATCH_CLOCK_SKEW_S;
	return now_s - issued_s > list->max_age_s;
}

static enum match_grade grade_of(const struct question *q, const struct entry *x)
{
	if (q->jurisdiction[0] && x->lis[0] && strcmp(q->jurisdiction, x->lis) != 0)
		return GRADE_NONE;
	if (strcmp(q->read, x->lic) != 0)
		return GRADE_LOOKALIKE;
	return q->jurisdiction[0] && x->lis[0] ? GRADE_EXACT : GRADE_JURISDICTION_UNKNOWN;
}

static bool taken(const struct question *q, uint32_t number)
{
	for (uint32_t i = 0; i < q->out->n; i++)
		if (q->taken[i] == number)
			return true;
	return false;
}

/* Put it behind those for which there is as much room or more. */
static void add(struct question *q, uint32_t number, const struct entry *x, enum match_grade grade,
		float room)
{
	struct match *m = q->out;
	uint32_t at = m->n;

	while (at > q->settled && m->room[at - 1] < room)
		at--;
	if (at == MATCH_ENTRIES_MAX)
		return;
	if (m->n < MATCH_ENTRIES_MAX)
		m->n++;
	for (uint32_t i = m->n - 1; i > at; i--) {
		q->taken[i] = q->taken[i - 1];
		m->entries[i] = m->entries[i - 1];
		m->grades[i] = m->grades[i - 1];
		m->room[i] = m->room[i - 1];
	}
	q->taken[at] = number;
	m->entries[at] = *x;
	m->grades[at] = grade;
	m->room[at] = room;
}

/* A probability of another process: what is none, or was never set, is not known. */
static bool is_known(float p)
{
	return p > 0.0f && p <= 1.0f;
}

/* What the read's own characters say to this plate, which differs from it in look-alikes only. */
static float room_for(const struct question *q, const char *lic)
{
	float room = 1.0f;

	for (size_t i = 0; lic[i] && q->read[i]; i++)
		if (lic[i] != q->read[i] && is_known(q->chars[i]))
			room *= 1.0f - q->chars[i];
	return room;
}

/* Not by case number: where a feed has none the compiler makes it of the line, which is another
 * whenever a row before it goes. */
static bool same_wanted(const struct entry *x, const struct entry *y)
{
	return strcmp(x->lic, y->lic) == 0 && strcmp(x->lis, y->lis) == 0 &&
	       x->category == y->category;
}

static bool withdrawn(const struct question *q, const struct entry *x)
{
	uint32_t first, n;
	struct entry y;

	if (!q->later)
		return false;
	(void)bundle_find(q->later, x->lic, &first, &n);
	n = n < CANDIDATES_MAX ? n : CANDIDATES_MAX;
	for (uint32_t i = 0; i < n; i++)
		if (bundle_entry(q->later, first + i, &y, NULL) && y.expires_s > q->now_s &&
		    same_wanted(x, &y))
			return false;
	return true;
}

/* Take those of entries [first, first + n) that grade as wanted. `room`: for all of them, or 0: as
 * the read's characters say. */
static void collect(struct question *q, uint32_t first, uint32_t n, enum match_grade wanted,
		    float room)
{
	struct entry x;

	n = n < CANDIDATES_MAX ? n : CANDIDATES_MAX;
	for (uint32_t i = 0; i < n && (q->out->n < MATCH_ENTRIES_MAX || room == 0.0f); i++) {
		float r = room;

		/* Decoding passes the category gate and the field checks a third time. */
		if (!bundle_entry(q->b, first + i, &x, NULL) || x.expires_s <= q->now_s ||
		    grade_of(q, &x) != wanted || taken(q, first + i))
			continue;
		if (room == 0.0f)
			r = room_for(q, x.lic);
		if ((room != 0.0f || r >= MATCH_LEAST_ROOM) && !withdrawn(q, &x))
			add(q, first + i, &x, wanted, r);
	}
	q->settled = q->out->n;
}

static float alternative_room(const struct plate_read *read, uint32_t i)
{
	float p = read->alternatives[i].confidence;

	return is_known(p) ? p : 1.0f;
}

static void collect_lookalikes(struct question *q, const struct plate_read *read)
{
	uint32_t first, n, most = read->n_alternatives;
	char spelling[PLATE_TEXT_SIZE], folded[11];

	if (most > PLATE_ALTERNATIVES)
		most = PLATE_ALTERNATIVES;
	/* What the reader itself thought likely comes before what looks alike in general. */
	for (uint32_t i = 0; i < most; i++) {
		memcpy(spelling, read->alternatives[i].text, sizeof spelling);
		spelling[PLATE_TEXT_MAX] = '\0';
		if (bundle_find(q->b, entry_fold(spelling, folded), &first, &n))
			collect(q, first, n, GRADE_LOOKALIKE, alternative_room(read, i));
	}
	if (bundle_find_like(q->b, q->read, &first, &n))
		collect(q, first, n, GRADE_LOOKALIKE, 0.0f);
}

static void copy_jurisdiction(const char from[3], char to[3])
{
	memset(to, 0, 3);
	for (size_t i = 0; i < 2 && from[i]; i++)
		to[i] = (char)(from[i] >= 'a' && from[i] <= 'z' ? from[i] - 'a' + 'A' : from[i]);
}

static bool lookalikes_alert(const struct question *q)
{
	return bundle_info(q->b)->allow_lookalike &&
	       (!q->later || bundle_info(q->later)->allow_lookalike);
}

static void match(const struct bundle *b, const struct bundle *later, const struct plate_read *read,
		  int64_t now_s, struct match *out, bool *stale)
{
	struct question q = {.b = b, .later = later, .now_s = now_s, .out = out};
	char text[PLATE_TEXT_SIZE];
	uint32_t first, n;

	memset(out, 0, sizeof *out);
	*stale = b && is_stale(bundle_info(b), now_s);
	if (!b || *stale)
		return;
	memcpy(text, read->text, sizeof text);
	text[PLATE_TEXT_MAX] = '\0';
	if (entry_fold(text, q.read)[0] == '\0')
		return;
	copy_jurisdiction(read->jurisdiction, q.jurisdiction);
	if (strlen(text) == strlen(q.read)) /* nothing was folded away: they are its characters */
		memcpy(q.chars, read->chars, sizeof read->chars);
	if (bundle_find(b, q.read, &first, &n)) {
		collect(&q, first, n, GRADE_EXACT, 1.0f);
		collect(&q, first, n, GRADE_JURISDICTION_UNKNOWN, 1.0f);
	}
	/* Beside a car that is on the list by its own plate, a look-alike of it is noise. */
	if (out->n == 0)
		collect_lookalikes(&q, read);
	if (out->n > 0 && out->grades[0] == GRADE_LOOKALIKE && !lookalikes_alert(&q)) {
		memset(out, 0, sizeof *out);
		out->lookalike_suppressed = true; /* counted, and nothing else */
	}
	if (out->n == 0)
		return;
	out->grade = out->grades[0];
	/* The fold of O to 0 is not a difference that anyone should be shown. */
	if (out->grade == GRADE_LOOKALIKE)
		memcpy(out->matched, out->entries[0].lic, sizeof out->matched);
	else
		memcpy(out->matched, text, sizeof text);
}

void match_read_before(const struct bundle *b, const struct bundle *later,
		       const struct plate_read *read, int64_t now_s, struct match *out, bool *stale)
{
	if (later && !bundle_broken(later)) {
		match(b, later, read, now_s, out, stale);
		if (!bundle_broken(later))
			return;
	}
	/* It is none of the RTCC's, or will be refused: it withdraws nothing. */
	match(b, NULL, read, now_s, out, stale);
}

void match_read(const struct bundle *b, const struct plate_read *read, int64_t now_s,
		struct match *out, bool *stale)
{
	match(b, NULL, read, now_s, out, stale);
}
