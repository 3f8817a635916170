/* SPDX-License-Identifier: Apache-2.0 */
/* Where the configuration says that the box stands: measured once, when it was mounted. */
#include "hal/location.h"

#include <math.h>
#include <stdlib.h>

struct location {
	double latitude, longitude;
};

static bool surveyed_open(const struct location_conf *conf, struct location **out, struct err *e)
{
	/* Said this way round, what is no number is refused too. */
	if (!(fabs(conf->latitude) <= 90) || !(fabs(conf->longitude) <= 180))
		return err_set(e, ERR_CONFIG, "location: %g, %g lies nowhere on earth",
			       conf->latitude, conf->longitude);
	*out = malloc(sizeof **out);
	if (!*out)
		return err_set(e, ERR_NO_MEMORY, "location: no memory");
	**out = (struct location){conf->latitude, conf->longitude};
	return true;
}

static int surveyed_fd(const struct location *l)
{
	(void)l;
	return -1;
}

static void surveyed_work(struct location *l)
{
	(void)l;
}

static bool surveyed_get(const struct location *l, struct location_reading *out, struct err *e)
{
	(void)e;
	*out = (struct location_reading){
	    .fix = LOCATION_SURVEYED, .latitude = l->latitude, .longitude = l->longitude};
	return true;
}

static void surveyed_close(struct location *l)
{
	free(l);
}

const struct location_ops location_surveyed = {
    .name = "surveyed",
    .open = surveyed_open,
    .fd = surveyed_fd,
    .work = surveyed_work,
    .get = surveyed_get,
    .close = surveyed_close,
};
