/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Geometry of a camera over a road: X to the right, Y along the road away from the camera, Z up,
 * metres. A pinhole without distortion; image x to the right, y down, pixels.
 */
#ifndef HAL_SIM_VIEW_H
#define HAL_SIM_VIEW_H

#include "hal/sim/canvas.h"

#include <stdbool.h>

struct vec3 {
	float x, y, z;
};

static inline struct vec3 vec3(float x, float y, float z)
{
	return (struct vec3){x, y, z};
}

static inline struct vec3 vec_add(struct vec3 a, struct vec3 b)
{
	return (struct vec3){a.x + b.x, a.y + b.y, a.z + b.z};
}

static inline struct vec3 vec_sub(struct vec3 a, struct vec3 b)
{
	return (struct vec3){a.x - b.x, a.y - b.y, a.z - b.z};
}

static inline struct vec3 vec_scale(struct vec3 a, float k)
{
	return (struct vec3){a.x * k, a.y * k, a.z * k};
}

static inline float vec_dot(struct vec3 a, struct vec3 b)
{
	return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline struct vec3 vec_cross(struct vec3 a, struct vec3 b)
{
	return (struct vec3){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

struct view {
	struct vec3 at, right, down, forward; /* position and unit axes */
	float focal, cx, cy;		      /* pixels */
};

/* A camera at `at` that looks at `target`, rolled by `roll` radians. */
void view_aim(struct view *v, struct vec3 at, struct vec3 target, float roll, float focal, float w,
	      float h);

/* World to camera axes: x right, y down, z depth. */
struct vec3 view_turn(const struct view *v, struct vec3 p);

/* Where p is seen. False when it is nearer than 0.2 m or behind. */
bool view_project(const struct view *v, struct vec3 p, struct point *out);

/* The point of the plane z = 0 seen at (x, y). False above the horizon. */
bool view_ground(const struct view *v, float x, float y, struct point *out);

#endif
