/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/device/conf.h"

#include "firmware/site.h"
#include "hal/clock_quality.h"
#include "hal/door.h"
#include "hal/keystore.h"
#include "hal/location.h"
#include "hal/temperature.h"

#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(struct device_conf, field)

static const struct conf_key keys[] = {
    {"door", CONF_STRING, AT(door), "board", 0, 0, NULL,
     "switch of the cabinet door: board (the one it names, if any), none, gpio, fake"},
    {"temperature", CONF_STRING, AT(temperature), "board", 0, 0, NULL,
     "thermometers: board (its own, if any), none, hwmon, fake"},
    {"clock", CONF_STRING, AT(clock), "board", 0, 0, NULL,
     "who knows how good the clock is: board (its own, if any), none, kernel, fake"},
    {"location", CONF_STRING, AT(location), "surveyed", 0, 0, NULL,
     "who knows where the box is: surveyed (as [site] says, nothing is compared), gpsd"},
    {"keystore", CONF_STRING, AT(keystore), "none", 0, 0, NULL,
     "keystore that is watched: none, or the one of [store]"},
    {"location_source", CONF_PATH, AT(location_source), "", 0, 0, NULL,
     "gpsd: path of a UNIX socket that leads to it; the role has no network"},
    {"keystore_path", CONF_PATH, AT(keystore_path), "", 0, 0, NULL,
     "file: where the root keys are, as in [store]"},
    {"keystore_device", CONF_STRING, AT(keystore_device), "device:/dev/tpmrm0", 0, 0, NULL,
     "tpm2: the way to it, as in [store]"},
    {"fake", CONF_PATH, AT(fake), "", 0, 0, NULL,
     "drivers fake: folder of the files door and clock and the folder hwmon"},
    {"temperature_max_c", CONF_REAL, AT(temperature_max_c), "90", -40, 150, NULL,
     "degrees Celsius from which the board is hot"},
    {"disk_max_c", CONF_REAL, AT(disk_max_c), "70", -40, 150, NULL,
     "degrees Celsius from which a disk is hot"},
    {"clock_max_ms", CONF_INT, AT(clock_max_ms), "500", 1, 3600000, NULL,
     "milliseconds that the clock may be off"},
    {"moved_m", CONF_REAL, AT(moved_m), "100", 1, 100000, NULL,
     "metres from the surveyed place from which the box has been moved"},
    {"poll_s", CONF_REAL, AT(poll_s), "2", 0.1, 60, NULL, "seconds between two looks"},
    {"retry_s", CONF_REAL, AT(retry_s), "600", 0, 86400, NULL,
     "seconds until what cannot be used is opened anew, by a new process; 0: never"},
};

static bool known(const char *key, const char *name, bool board_has, const char *list,
		  struct err *e)
{
	if ((board_has && strcmp(name, "board") == 0) || strcmp(name, "none") == 0 ||
	    conf_listed(name, list))
		return true;
	return err_set(e, ERR_CONFIG, "[device] %s: none of those built in (none|%s)", key, list);
}

static bool is(const char *name, const char *driver)
{
	return strcmp(name, driver) == 0;
}

static bool check_drivers(const struct device_conf *c, struct err *e)
{
	return known("door", c->door, true, door_names(), e) &&
	       known("temperature", c->temperature, true, temperature_names(), e) &&
	       known("clock", c->clock, true, clock_quality_names(), e) &&
	       known("location", c->location, false, location_names(), e) &&
	       known("keystore", c->keystore, false, keystore_names(), e);
}

static bool check_sources(const struct device_conf *c, struct err *e)
{
	bool fakes = is(c->door, "fake") || is(c->temperature, "fake") || is(c->clock, "fake");

	if (fakes && !c->fake[0])
		return err_set(e, ERR_CONFIG, "[device] fake: the fake drivers need a folder");
	if (is(c->location, "gpsd") && !c->location_source[0])
		return err_set(e, ERR_CONFIG,
			       "[device] location_source: gpsd needs the path of its UNIX socket");
	/* On the Gulf of Guinea stands no box: nobody has said where this one does. */
	if (is(c->location, "gpsd") && c->latitude == 0 && c->longitude == 0)
		return err_set(e, ERR_CONFIG,
			       "[device] location: gpsd needs a surveyed place to compare with "
			       "([site] latitude, longitude)");
	if (is(c->keystore, "file") && !c->keystore_path[0])
		return err_set(e, ERR_CONFIG, "[device] keystore_path: the file needs one");
	return true;
}

bool device_conf_load(const char *text, size_t len, const char *folder, struct device_conf *out,
		      struct err *e)
{
	struct site site = {0};

	memset(out, 0, sizeof *out);
	if (!conf_fill(text, len, folder, "device", keys, sizeof keys / sizeof keys[0], out, e) ||
	    !site_load(text, len, folder, &site, e))
		return false;
	out->latitude = site.latitude;
	out->longitude = site.longitude;
	return check_drivers(out, e) && check_sources(out, e);
}

static void complete(char name[CONF_STRING_MAX], const char *own)
{
	if (strcmp(name, "board") == 0)
		(void)snprintf(name, CONF_STRING_MAX, "%s", own ? own : "none");
}

void device_conf_complete(struct device_conf *conf, const struct board *b)
{
	complete(conf->door, b->door.chip ? "gpio" : NULL);
	complete(conf->temperature, b->default_temperature);
	complete(conf->clock, b->default_clock);
}

void device_sandbox(const struct device_conf *conf, struct sandbox *box)
{
	memset(box, 0, sizeof *box);
	if (is(conf->door, "gpio"))
		box->may |= SANDBOX_DEVICES;
	if (is(conf->clock, "kernel"))
		box->may |= SANDBOX_CLOCK;
	if (is(conf->location, "gpsd"))
		box->may |= SANDBOX_UNIX_CONNECT;
}
