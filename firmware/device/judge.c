/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/device/judge.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEGREES_C                                                                                  \
	"\xc2\xb0"                                                                                 \
	"C"
#define EARTH_M	   6371008.8 /* mean radius (IUGG) */
#define COOLER	   3000	     /* millidegrees below its limit at which a hot sensor is well again */
#define KERNEL_MAX 16000000  /* us: the kernel counts no further (NTP_PHASE_LIMIT) */

const char *sense_name(enum sense s)
{
	static const char *const names[SENSES] = {"door", "temperature", "clock", "location",
						  "keystore"};

	return s < SENSES ? names[s] : "?";
}

/* --- taking words in
 * ------------------------------------------------------------------------------------------ */

void judge_cool(struct judge *j)
{
	struct judge_heat *both[] = {&j->disk, &j->board};

	for (size_t i = 0; i < 2; i++)
		*both[i] = (struct judge_heat){.was_hot = both[i]->hot > 0};
}

void judge_heat(struct judge *j, const struct temperature_reading *r)
{
	struct judge_heat *h = r->disk ? &j->disk : &j->board;
	double limit = 1000 * (r->disk ? j->limits.disk_max_c : j->limits.temperature_max_c);

	h->hot += r->millidegrees >= limit - (h->was_hot ? COOLER : 0);
	if (h->known && h->millidegrees >= r->millidegrees)
		return;
	h->known = true;
	h->millidegrees = r->millidegrees;
	(void)snprintf(h->name, sizeof h->name, "%s", r->disk ? "disk" : r->name);
}

double judge_distance_m(double latitude, double longitude, double latitude2, double longitude2)
{
	const double degree = 3.14159265358979323846 / 180;
	double a = latitude * degree, b = latitude2 * degree;
	double s = sin((b - a) / 2), t = sin((longitude2 - longitude) * degree / 2);
	double h = s * s + cos(a) * cos(b) * t * t;

	return 2 * EARTH_M * asin(sqrt(h < 1 ? h : 1));
}

void judge_place(struct judge *j, const struct location_reading *r)
{
	j->place_known = true;
	j->distance_m =
	    judge_distance_m(j->limits.latitude, j->limits.longitude, r->latitude, r->longitude);
	j->moved = j->distance_m - r->accuracy_m > j->limits.moved_m;
}

bool judge_blind(struct judge *j, enum sense s, const char *why)
{
	bool news = j->blind[s] != (why != NULL);

	j->blind[s] = why != NULL;
	(void)snprintf(j->why[s], sizeof j->why[s], "%s", why ? why : "");
	return news;
}

/* --- saying it
 * ------------------------------------------------------------------------------------------------
 */

struct report {
	char *state, *detail;
	size_t state_size, detail_size;
};

static void append(char *text, size_t size, const char *between, const char *more)
{
	size_t used = strlen(text);

	(void)snprintf(text + used, size - used, "%s%s", used > 0 ? between : "", more);
}

static void say(struct report *r, const char *word, const char *text)
{
	append(r->state, r->state_size, "+", word);
	append(r->detail, r->detail_size, "; ", text);
}

static void duration(int64_t us, char *out, size_t size)
{
	if (us < 1000000)
		(void)snprintf(out, size, "%" PRId64 " ms", us / 1000);
	else if (us >= KERNEL_MAX)
		(void)snprintf(out, size, "16 s or more");
	else
		(void)snprintf(out, size, "%.1f s", (double)us / 1e6);
}

static void say_clock(const struct judge *j, struct report *r)
{
	char text[80], off[24];

	if (!j->clock_known ||
	    (j->clock.synchronised && j->clock.max_error_us <= j->limits.clock_max_ms * 1000))
		return;
	duration(j->clock.max_error_us, off, sizeof off);
	if (j->clock.synchronised)
		(void)snprintf(text, sizeof text, "clock may be off by %s", off);
	else
		(void)snprintf(text, sizeof text, "clock is not synchronised (may be off by %s)",
			       off);
	say(r, "clock", text);
}

static void say_key(const struct judge *j, struct report *r)
{
	if (j->key_missing)
		say(r, "key", j->key_is_tpm ? "TPM is missing" : "device key is missing");
	else if (j->key_fails)
		say(r, "key",
		    j->key_is_tpm ? "TPM is missing or does not answer"
				  : "device key cannot be used");
}

static void say_heat(const struct judge *j, struct report *r)
{
	const struct judge_heat *both[] = {&j->disk, &j->board};
	char text[96] = "", one[64];

	for (size_t i = 0; i < 2; i++) {
		if (both[i]->hot == 0)
			continue;
		(void)snprintf(one, sizeof one, "%.24s is %.0f " DEGREES_C, both[i]->name,
			       (double)both[i]->millidegrees / 1000);
		append(text, sizeof text, ", ", one);
		if (both[i]->hot > 1) {
			(void)snprintf(one, sizeof one, " and %u more", both[i]->hot - 1);
			append(text, sizeof text, "", one);
		}
	}
	if (text[0])
		say(r, "hot", text);
}

static void say_blind(const struct judge *j, struct report *r)
{
	char text[160], names[64] = "";
	size_t n = 0, last = 0;

	for (size_t s = 0; s < SENSES; s++) {
		if (!j->blind[s])
			continue;
		append(names, sizeof names, ", ", sense_name((enum sense)s));
		n++;
		last = s;
	}
	if (n == 1)
		(void)snprintf(text, sizeof text, "%s cannot be watched: %s", names, j->why[last]);
	else
		(void)snprintf(text, sizeof text, "cannot be watched: %s", names);
	if (n > 0)
		say(r, "blind", text);
}

void judge_say(const struct judge *j, char *state, size_t state_size, char *detail,
	       size_t detail_size)
{
	struct report r = {state, detail, state_size, detail_size};
	char text[64];

	state[0] = detail[0] = '\0';
	if (j->door_open)
		say(&r, "door", "cabinet door is open");
	say_clock(j, &r);
	say_key(j, &r);
	say_heat(j, &r);
	if (j->moved) {
		(void)snprintf(text, sizeof text, "box is %.0f m from its surveyed place",
			       j->distance_m);
		say(&r, "moved", text);
	}
	say_blind(j, &r);
	if (!state[0])
		(void)snprintf(state, state_size, "ok");
}
