/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/fuse.h"

#include "ocr/beam.h"
#include "ocr/calibration.h"
#include "ocr/syntax.h"

#include <math.h>
#include <string.h>

#define CANDIDATES	112u
#define PER_OBSERVATION 8u  /* spellings one observation may propose */
#define SAMPLE		40u /* observations that propose, at most; all of them judge */
/* No observation is trusted to exclude a spelling: it may show another plate, or none. */
#define FLOOR		(-11.0f)
/* Of a spelling, so many characters that others are drawn like are tried both ways. */
#define TWIN_PLACES	4u
#define TWINS_OF	2u /* best spellings of which they are */

/*
 * Natural log of how much rarer texts of this length are on the road than in the reader's training.
 * Scraps of a fence or a badge look like one letter far more often than a plate has but one.
 */
static const float rarity[] = {0, -3.5f, -1.5f, -0.4f};

/*
 * What one observation says beside the candidates is many spellings, and another observation's are
 * others: natural log of how many share that rest, by which agreement on something else becomes
 * unlikely.
 */
#define DIVERSITY 4.0f

struct candidate {
	char text[PLATE_TEXT_SIZE];
	float score; /* joint log-likelihood */
	float posterior;
};

struct pool {
	struct candidate at[CANDIDATES];
	size_t n;
};

static void copy_text(char out[PLATE_TEXT_SIZE], const char *text)
{
	size_t n = strnlen(text, PLATE_TEXT_MAX);

	memcpy(out, text, n);
	out[n] = '\0';
}

static bool usable(const struct plate_observation *o)
{
	return o && o->steps >= 1 && o->steps <= PLATE_STEPS && o->weight > 0 &&
	       isfinite(o->weight) && o->engine < PLATE_ENGINES;
}

static bool pool_has(const struct pool *p, const char *text)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->at[i].text, text) == 0)
			return true;
	return false;
}

static float log_add(float a, float b)
{
	float top = fmaxf(a, b);

	return isinf(top) ? top : top + log1pf(expf(fminf(a, b) - top));
}

/* What the observations of one engine say together. */
struct verdict {
	float rest, weights;
	size_t judges;
};

/*
 * Add to `scores` the weighted log-likelihoods of one engine's observations, no single one trusted
 * further than the floor.
 */
static void judge(const struct pool *p, const struct plate_observation *const *seen, size_t n,
		  enum plate_engine engine, float *scores, struct verdict *v)
{
	for (size_t i = 0; i < n; i++) {
		struct beam_lattice lattice;
		float mass = 0;

		if (!usable(seen[i]) || seen[i]->engine != engine)
			continue;
		beam_lattice(seen[i], &lattice);
		for (size_t c = 0; c < p->n; c++) {
			float l = beam_log_likelihood(&lattice, p->at[c].text);
			mass += expf(l);
			scores[c] += seen[i]->weight * log_add(l, FLOOR);
		}
		v->rest += seen[i]->weight * log_add(logf(fmaxf(1.0f - mass, 1e-7f)), FLOOR);
		v->weights += seen[i]->weight;
		v->judges++;
	}
}

/*
 * For each engine: weighted mean of the log-likelihoods, times the number of observations that they
 * are worth; engines add up. other: of everything that is no candidate.
 */
static void score_all(struct pool *p, const struct fuse_tuning *by,
		      const struct plate_observation *const *seen, size_t n, float *other)
{
	size_t judges = 0;

	*other = 0;
	for (size_t c = 0; c < p->n; c++) {
		size_t len = strlen(p->at[c].text);
		p->at[c].score = len < sizeof rarity / sizeof *rarity ? rarity[len] : 0;
	}
	for (int g = 0; g < PLATE_ENGINES; g++) {
		float scores[CANDIDATES] = {0};
		struct verdict v = {0};

		judge(p, seen, n, (enum plate_engine)g, scores, &v);
		if (!(v.weights > 0))
			continue;
		float worth = v.weights <= 1 ? 1.0f : 1.0f + by->further * (v.weights - 1.0f);
		float scale = by->engine[g] * worth / v.weights;
		for (size_t c = 0; c < p->n; c++)
			p->at[c].score += scale * scores[c];
		*other += scale * v.rest;
		judges += v.judges;
	}
	if (judges)
		*other -= DIVERSITY * (1.0f - 1.0f / (float)judges);
}

static void sort_pool(struct pool *p)
{
	for (size_t i = 1; i < p->n; i++) {
		struct candidate c = p->at[i];
		size_t j = i;
		for (; j > 0 && p->at[j - 1].score < c.score; j--)
			p->at[j] = p->at[j - 1];
		p->at[j] = c;
	}
}

static void propose(struct pool *p, const char *text)
{
	if (p->n < CANDIDATES && !pool_has(p, text))
		copy_text(p->at[p->n++].text, text);
}

/* What the observations would read; of very many, those of an even sample. "Nothing there"
 * competes, and is never reported. */
static void gather(struct pool *p, const struct plate_observation *const *seen, size_t n)
{
	size_t depth = n <= 8 ? PER_OBSERVATION : n <= 24 ? 3 : 2;
	size_t stride = (n + SAMPLE - 1) / SAMPLE;

	propose(p, "");
	for (size_t i = 0; i < n; i += stride) {
		struct beam_lattice lattice;
		struct beam_spelling best[PER_OBSERVATION];

		if (!usable(seen[i]))
			continue;
		beam_lattice(seen[i], &lattice);
		size_t found = beam_search(&lattice, best, depth);
		for (size_t k = 0; k < found; k++)
			propose(p, best[k].text);
	}
}

/* What else a character may have been; each row: the character, then those it is confused with. */
static const char *const confusions[] = {
    "0ODQCU", "1ITL7J", "2Z7",	  "3B8E5", "4A",     "5S6B3", "6GCB85", "7TZ12Y", "8B36S0",
    "9PQ83",  "A4RH",	"B8R3ED", "CG0O6", "DO0QBU", "EFB3",  "FEPT",	"G6COQ",  "HMNKW",
    "I1TLJ",  "JUI1",	"KXHRY",  "L1IE",  "MNHW",   "NMHW",  "O0DQCU", "PFRD9",  "QO0DG",
    "RBKPA",  "S58Z",	"TIYF71", "UVO0J", "VYUW",   "WMNHV", "XKYV",	"YVTX7",  "Z27S",
};

static const char *confused_with(char c)
{
	for (size_t i = 0; i < sizeof confusions / sizeof *confusions; i++)
		if (confusions[i][0] == c)
			return confusions[i] + 1;
	return "";
}

/* One character of the best spelling changed or left out: no single observation may have proposed
 * what all agree on. */
static void vary_best(struct pool *p)
{
	const struct candidate best = p->at[0];
	size_t len = strlen(best.text);
	char text[PLATE_TEXT_SIZE];

	for (size_t i = 0; i < len; i++) {
		copy_text(text, best.text);
		for (const char *c = confused_with(best.text[i]); *c; c++) {
			text[i] = *c;
			propose(p, text);
		}
		memcpy(text + i, best.text + i + 1, len - i);
		if (len > 1)
			propose(p, text);
	}
}

typedef char fold_fn(char c);

static void fold(const char *text, fold_fn *by, char out[PLATE_TEXT_SIZE])
{
	size_t i = 0;

	for (; text[i]; i++)
		out[i] = by(text[i]);
	out[i] = '\0';
}

/*
 * Among spellings that `by` makes one, belief moves by the prior, to the power of `strength`: where
 * strokes tell little, how common a series is tells more. What they have together stays the same,
 * and so does everything else.
 */
static void weigh_twins(struct pool *p, fold_fn *by, float strength)
{
	char folded[CANDIDATES][PLATE_TEXT_SIZE];
	float gain[CANDIDATES];

	for (size_t c = 0; c < p->n; c++) {
		fold(p->at[c].text, by, folded[c]);
		gain[c] = *p->at[c].text ? strength * syntax_log_prior(p->at[c].text) : 0;
	}
	for (size_t c = 0; c < p->n; c++) {
		float before = -INFINITY, after = -INFINITY;

		for (size_t k = 0; k < p->n; k++)
			if (strcmp(folded[c], folded[k]) == 0) {
				before = log_add(before, p->at[k].score);
				after = log_add(after, p->at[k].score + gain[k]);
			}
		p->at[c].posterior =
		    isinf(after) ? p->at[c].score : p->at[c].score + gain[c] + before - after;
	}
	for (size_t c = 0; c < p->n; c++)
		p->at[c].score = p->at[c].posterior;
}

/* The other way to write what is drawn as c, or 0. */
static char twin_of(char c)
{
	static const char pairs[] = "O0I1";
	const char *at = c ? strchr(pairs, c) : NULL;

	return (char)(at ? pairs[(at - pairs) ^ 1] : '\0');
}

/* A text with O, 0, I or 1 in several places is written in as many ways more as they have; no
 * observation may have proposed the likeliest of them. */
static void propose_twins(struct pool *p, const char *text)
{
	size_t places[TWIN_PLACES], n = 0, len = strlen(text);
	char other[PLATE_TEXT_SIZE];

	for (size_t i = 0; i < len && n < TWIN_PLACES; i++)
		if (twin_of(text[i]))
			places[n++] = i;
	for (unsigned bits = 1; bits < 1u << n; bits++) {
		copy_text(other, text);
		for (size_t k = 0; k < n; k++)
			if (bits >> k & 1)
				other[places[k]] = twin_of(text[places[k]]);
		propose(p, other);
	}
	fold(text, syntax_alike, other);
	propose(p, other);
}

static void posteriors(struct pool *p, float other)
{
	float top = other, sum;

	for (size_t c = 0; c < p->n; c++)
		top = fmaxf(top, p->at[c].score);
	sum = expf(other - top);
	for (size_t c = 0; c < p->n; c++)
		sum += p->at[c].posterior = expf(p->at[c].score - top);
	for (size_t c = 0; c < p->n; c++)
		p->at[c].posterior /= sum;
}

/* Share of belief that has this character here: spellings agree from the front up to, and from the
 * back down to, a difference. */
static void character_confidence(const struct pool *p, struct plate_read *out)
{
	size_t len = strlen(out->text);

	for (size_t c = 0; c < p->n; c++) {
		const char *t = p->at[c].text;
		size_t n = strlen(t), front = 0, back = 0;

		while (front < len && t[front] == out->text[front])
			front++;
		while (back < len && back < n && t[n - 1 - back] == out->text[len - 1 - back])
			back++;
		for (size_t i = 0; i < len; i++)
			if (n == len ? t[i] == out->text[i] : i < front || i >= len - back)
				out->chars[i] += p->at[c].posterior;
	}
	for (size_t i = 0; i < len; i++)
		out->chars[i] = fminf(fmaxf(out->chars[i], out->confidence), 1.0f);
}

static void report(const struct pool *p, struct plate_read *out)
{
	for (size_t c = 0; c < p->n && out->n_alternatives < PLATE_ALTERNATIVES; c++) {
		if (!*p->at[c].text)
			continue;
		struct plate_spelling *s = &out->alternatives[out->n_alternatives++];
		copy_text(s->text, p->at[c].text);
		s->confidence = fminf(p->at[c].posterior, 1.0f);
	}
	if (!out->n_alternatives)
		return;
	copy_text(out->text, out->alternatives[0].text);
	out->confidence = out->alternatives[0].confidence;
	character_confidence(p, out);
}

void fuse_with(const struct fuse_tuning *by, const struct plate_observation *const *seen, size_t n,
	       struct plate_read *out)
{
	struct pool p = {.n = 0};
	float other;

	memset(out, 0, sizeof *out);
	gather(&p, seen, n);
	if (p.n == 1)
		return;
	score_all(&p, by, seen, n, &other);
	sort_pool(&p);
	if (p.n > CANDIDATES / 3)
		p.n = CANDIDATES / 3;
	for (size_t i = 0; i < TWINS_OF && i < p.n; i++)
		propose_twins(&p, p.at[i].text);
	if (*p.at[0].text)
		vary_best(&p);
	score_all(&p, by, seen, n, &other);
	weigh_twins(&p, syntax_alike, by->alike);
	weigh_twins(&p, syntax_nearly_alike, by->nearly);
	sort_pool(&p);
	posteriors(&p, other);
	report(&p, out);
}

void fuse(const struct plate_observation *const *seen, size_t n, struct plate_read *out)
{
	fuse_with(&calibration_fuse, seen, n, out);
}

float fuse_log_likelihood(const struct plate_observation *seen, const char *text)
{
	struct beam_lattice lattice;

	if (!seen || seen->steps < 1 || seen->steps > PLATE_STEPS)
		return -INFINITY;
	beam_lattice(seen, &lattice);
	return beam_log_likelihood(&lattice, text);
}
