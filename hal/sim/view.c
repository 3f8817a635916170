/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sim/view.h"

#include <math.h>

#define NEAREST 0.2f

static struct vec3 unit(struct vec3 a)
{
	float n = sqrtf(vec_dot(a, a));

	return vec_scale(a, n > 0 ? 1 / n : 0);
}

void view_aim(struct view *v, struct vec3 at, struct vec3 target, float roll, float focal, float w,
	      float h)
{
	struct vec3 right, down;

	v->at = at;
	v->forward = unit(vec_sub(target, at));
	right = unit(vec_cross(v->forward, vec3(0, 0, 1)));
	down = vec_cross(v->forward, right);
	v->right = vec_add(vec_scale(right, cosf(roll)), vec_scale(down, sinf(roll)));
	v->down = vec_sub(vec_scale(down, cosf(roll)), vec_scale(right, sinf(roll)));
	v->focal = focal;
	v->cx = w / 2;
	v->cy = h / 2;
}

struct vec3 view_turn(const struct view *v, struct vec3 p)
{
	struct vec3 d = vec_sub(p, v->at);

	return vec3(vec_dot(d, v->right), vec_dot(d, v->down), vec_dot(d, v->forward));
}

bool view_project(const struct view *v, struct vec3 p, struct point *out)
{
	struct vec3 c = view_turn(v, p);

	if (c.z < NEAREST)
		return false;
	out->x = v->cx + v->focal * c.x / c.z;
	out->y = v->cy + v->focal * c.y / c.z;
	return true;
}

bool view_ground(const struct view *v, float x, float y, struct point *out)
{
	struct vec3 ray = vec_add(v->forward, vec_add(vec_scale(v->right, (x - v->cx) / v->focal),
						      vec_scale(v->down, (y - v->cy) / v->focal)));
	float t;

	if (ray.z > -1e-4f)
		return false;
	t = -v->at.z / ray.z;
	out->x = v->at.x + t * ray.x;
	out->y = v->at.y + t * ray.y;
	return true;
}
