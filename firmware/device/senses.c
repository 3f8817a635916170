/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/device/senses.h"

#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE_NS                                                                                \
	(300 * NS_PER_S) /* a receiver that has just been switched on, or lies under a lorry */
#define EDGES 64	 /* taken at a time, so that a door that rattles keeps nobody waiting */

/* A sense that cannot be read, or (NULL) can again: logged when that is news. */
static void blind(struct senses *s, enum sense sense, const struct err *why)
{
	if (!judge_blind(&s->judge, sense, why ? why->text : NULL))
		return;
	if (why)
		log_line(LOG_WARNING, "%s cannot be watched: %s", sense_name(sense), why->text);
	else
		log_line(LOG_NOTICE, "%s is watched again", sense_name(sense));
}

static void not_opened(struct senses *s, enum sense sense, const struct err *why)
{
	s->unopened = true;
	blind(s, sense, why);
}

static bool wanted(const char *driver)
{
	return strcmp(driver, "none") != 0;
}

static bool no_driver(enum sense sense, const char *driver, struct err *e)
{
	return err_set(e, ERR_CONFIG, "[device] %s: %.64s is not built in", sense_name(sense),
		       driver);
}

/* --- opening
 * --------------------------------------------------------------------------------------------------
 */

static bool open_door(struct senses *s, const struct device_conf *c, struct err *e)
{
	const struct door_setup setup = {
	    .line = board.door, .debounce_us = board.door_debounce_us, .folder = c->fake};
	struct err why = {0};

	if (!wanted(c->door))
		return true;
	s->door_ops = door_find(c->door);
	if (!s->door_ops)
		return no_driver(SENSE_DOOR, c->door, e);
	if (!s->door_ops->open(&setup, &s->door, &why))
		not_opened(s, SENSE_DOOR, &why);
	return true;
}

static bool open_temperature(struct senses *s, const struct device_conf *c, struct err *e)
{
	struct temperature_conf conf = {{0}, {0}};
	struct err why = {0};

	if (!wanted(c->temperature))
		return true;
	s->temperature_ops = temperature_find(c->temperature);
	if (!s->temperature_ops)
		return no_driver(SENSE_TEMPERATURE, c->temperature, e);
	(void)snprintf(conf.driver, sizeof conf.driver, "%s", c->temperature);
	(void)snprintf(conf.source, sizeof conf.source, "%.240s/hwmon", c->fake);
	if (!s->temperature_ops->open(&conf, &s->temperature, &why))
		not_opened(s, SENSE_TEMPERATURE, &why);
	return true;
}

static bool open_clock(struct senses *s, const struct device_conf *c, struct err *e)
{
	struct clock_quality_conf conf = {{0}, {0}};
	struct err why = {0};

	if (!wanted(c->clock))
		return true;
	s->clock_ops = clock_quality_find(c->clock);
	if (!s->clock_ops)
		return no_driver(SENSE_CLOCK, c->clock, e);
	(void)snprintf(conf.driver, sizeof conf.driver, "%s", c->clock);
	(void)snprintf(conf.source, sizeof conf.source, "%.240s/clock", c->fake);
	if (!s->clock_ops->open(&conf, &s->clock, &why))
		not_opened(s, SENSE_CLOCK, &why);
	return true;
}

static bool open_location(struct senses *s, const struct device_conf *c, struct err *e)
{
	struct location_conf conf = {.latitude = c->latitude, .longitude = c->longitude};
	struct err why = {0};

	/* A place that is compared with itself is nothing to watch. */
	if (!wanted(c->location) || strcmp(c->location, "surveyed") == 0)
		return true;
	s->location_ops = location_find(c->location);
	if (!s->location_ops)
		return no_driver(SENSE_LOCATION, c->location, e);
	(void)snprintf(conf.driver, sizeof conf.driver, "%s", c->location);
	(void)snprintf(conf.source, sizeof conf.source, "%s", c->location_source);
	if (!s->location_ops->open(&conf, &s->location, &why))
		not_opened(s, SENSE_LOCATION, &why);
	return true;
}

/* What keeps it from answering, in the words of the judge. */
static void judge_key(struct senses *s, const struct err *why)
{
	struct judge *j = &s->judge;
	bool missing = why && why->code == ERR_NOT_FOUND, fails = why && !missing;

	if (why && (j->key_missing != missing || j->key_fails != fails))
		log_line(LOG_WARNING, "keystore: %s", why->text);
	j->key_missing = missing;
	j->key_fails = fails;
}

static bool open_keystore(struct senses *s, const struct device_conf *c, struct err *e)
{
	struct keystore_conf conf = {.keyless = true};
	struct err why = {0};

	if (!wanted(c->keystore))
		return true;
	s->keystore_ops = keystore_find(c->keystore);
	if (!s->keystore_ops)
		return no_driver(SENSE_KEYSTORE, c->keystore, e);
	s->judge.key_is_tpm = strcmp(c->keystore, "tpm2") == 0;
	(void)snprintf(conf.driver, sizeof conf.driver, "%s", c->keystore);
	(void)snprintf(conf.path, sizeof conf.path, "%s", c->keystore_path);
	(void)snprintf(conf.device, sizeof conf.device, "%s", c->keystore_device);
	if (!s->keystore_ops->open(&conf, &s->keystore, &why)) {
		s->unopened = true;
		judge_key(s, &why);
	}
	return true;
}

bool senses_open(struct senses *s, const struct device_conf *conf, struct err *e)
{
	s->judge.limits =
	    (struct judge_limits){conf->temperature_max_c, conf->disk_max_c, conf->clock_max_ms,
				  conf->moved_m,	   conf->latitude,   conf->longitude};
	s->placed_ns = clock_mono_ns();
	return open_door(s, conf, e) && open_temperature(s, conf, e) && open_clock(s, conf, e) &&
	       open_location(s, conf, e) && open_keystore(s, conf, e);
}

/* --- looking
 * --------------------------------------------------------------------------------------------------
 */

void senses_door(struct senses *s)
{
	struct door_edge edge;
	struct err why = {0};
	bool was = s->judge.door_open, counted = false;

	if (!s->door)
		return;
	for (int i = 0; i < EDGES && s->door_ops->edge(s->door, &edge, &why); i++) {
		s->openings += edge.open;
		counted = counted || edge.open;
	}
	/* Edges may be lost: what is true now is what counts. */
	if (!s->door_ops->read(s->door, &s->judge.door_open, &why)) {
		s->judge.door_open = was;
		blind(s, SENSE_DOOR, &why);
		return;
	}
	s->openings += s->judge.door_open && !was && !counted;
	blind(s, SENSE_DOOR, NULL);
}

static void feel(struct senses *s)
{
	struct temperature_reading r;
	struct err why = {0}, first = {0};

	if (!s->temperature)
		return;
	judge_cool(&s->judge);
	for (size_t i = 0; i < s->temperature_ops->sensors(s->temperature); i++) {
		if (s->temperature_ops->read(s->temperature, i, &r, &why))
			judge_heat(&s->judge, &r);
		else if (first.code == ERR_NONE)
			first = why;
	}
	blind(s, SENSE_TEMPERATURE, first.code == ERR_NONE ? NULL : &first);
}

static void ask_clock(struct senses *s)
{
	struct err why = {0};

	if (!s->clock)
		return;
	s->judge.clock_known = s->clock_ops->read(s->clock, &s->judge.clock, &why);
	blind(s, SENSE_CLOCK, s->judge.clock_known ? NULL : &why);
}

static void ask_place(struct senses *s)
{
	struct location_reading r;
	struct err why = {0};
	int64_t now = clock_mono_ns();

	if (!s->location)
		return;
	if (s->location_ops->get(s->location, &r, &why)) {
		s->placed_ns = now;
		judge_place(&s->judge, &r);
		blind(s, SENSE_LOCATION, NULL);
	} else if (why.code != ERR_AGAIN || now - s->placed_ns > PATIENCE_NS) {
		/* Whether it has moved stays as it was last known: who carries a box away may well
		 * cut its antenna. */
		blind(s, SENSE_LOCATION, &why);
	}
}

void senses_place(struct senses *s)
{
	s->location_ops->work(s->location);
	ask_place(s);
}

void senses_look(struct senses *s)
{
	senses_door(s);
	feel(s);
	ask_clock(s);
	ask_place(s);
}

void senses_key(struct senses *s)
{
	struct err why = {0};

	if (!s->keystore)
		return;
	judge_key(s, s->keystore_ops->health(s->keystore, &why) ? NULL : &why);
}

bool senses_stuck(const struct senses *s)
{
	const struct judge *j = &s->judge;

	return s->unopened || j->key_missing || j->key_fails || j->blind[SENSE_DOOR] ||
	       j->blind[SENSE_TEMPERATURE] || j->blind[SENSE_CLOCK];
}

void senses_close(struct senses *s)
{
	if (s->door)
		s->door_ops->close(s->door);
	if (s->temperature)
		s->temperature_ops->close(s->temperature);
	if (s->clock)
		s->clock_ops->close(s->clock);
	if (s->location)
		s->location_ops->close(s->location);
	if (s->keystore)
		s->keystore_ops->close(s->keystore);
}
