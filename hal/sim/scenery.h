/* SPDX-License-Identifier: Apache-2.0 */
/* What stands still: the road under each camera in each light, and what a camera adds to a picture.
 */
#ifndef HAL_SIM_SCENERY_H
#define HAL_SIM_SCENERY_H

#include "hal/sim/art.h"
#include "hal/sim/vehicle.h"
#include "hal/sim/view.h"

#include <stdbool.h>
#include <stdint.h>

enum sim_light { SIM_DAY, SIM_DUSK, SIM_NIGHT, SIM_LIGHTS, SIM_LIGHT_MIXED = SIM_LIGHTS };
enum sim_weather { SIM_CLEAR, SIM_RAIN, SIM_WEATHERS, SIM_WEATHER_MIXED = SIM_WEATHERS };
enum sim_hard { SIM_NONE, SIM_SOME, SIM_ALL };

/* How surfaces are lit and the camera set in that light and weather; the sun's place comes from
 * `seed`. */
void scenery_light(enum sim_light light, enum sim_weather weather, uint64_t seed,
		   struct lighting *out);

/* Draw the empty road as `view` sees it; `hard`: with signs, boards and painted words that are not
 * plates. */
void scenery_draw(struct art *a, uint64_t seed, const struct view *view, enum sim_light light,
		  enum sim_weather weather, enum sim_hard hard, const struct canvas *c);

/* Light of a lamp that spills over the picture round (x, y): `peak` luma at its middle, `radius`
 * pixels. */
struct box scenery_glow(const struct canvas *c, float x, float y, float radius, float peak);

/* Copy `scene` to `out` (same size) with the sensor's noise on it. */
void scenery_noise(const struct art *a, struct sim_random *r, const struct lighting *l,
		   const struct canvas *scene, const struct canvas *out);

/* Falling rain, and drops on the lens that stay as long as `seed`. */
void scenery_rain(struct sim_random *r, uint64_t seed, const struct canvas *out, bool night);

#endif
