/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from the drivers, so that a configuration can be checked without linking one. */
#include "hal/clock_quality.h"
#include "hal/door.h"
#include "hal/keystore.h"
#include "hal/lamp.h"
#include "hal/location.h"
#include "hal/temperature.h"
#include "hal/watchdog.h"

#ifdef CONFIG_FAKE_HARDWARE
#define FAKE "|fake"
#else
#define FAKE ""
#endif
#ifdef CONFIG_GPIO
#define GPIO "gpio"
#else
#define GPIO ""
#endif
#ifdef CONFIG_LOCATION_GPSD
#define GPSD "|gpsd"
#else
#define GPSD ""
#endif
#ifdef CONFIG_KEYSTORE_TPM2
#define TPM2 "|tpm2"
#else
#define TPM2 ""
#endif

/* Lamp and door may have no driver at all: then there is no separator to skip. */
static const char *lines(void)
{
	static const char names[] = GPIO FAKE "\0";

	return names + (names[0] == '|');
}

const char *lamp_names(void)
{
	return lines();
}

const char *door_names(void)
{
	return lines();
}

const char *temperature_names(void)
{
	return "hwmon" FAKE;
}

const char *clock_quality_names(void)
{
	return "kernel" FAKE;
}

const char *location_names(void)
{
	return "surveyed" GPSD;
}

const char *watchdog_names(void)
{
	return "device" FAKE;
}

const char *keystore_names(void)
{
	return "file" TPM2;
}
