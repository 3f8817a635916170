/* SPDX-License-Identifier: Apache-2.0 */
#include "board/mount/mount.h"

#include <math.h>

#define STEP_M	 0.01
#define STEP_RAD 0.0005

static const struct range {
	size_t field;
	const char *name;
	double least, most;
	double unit; /* of the name, in that of the field */
} ranges[] = {
    {offsetof(struct mount, focal), "focal length in mm", 1, 500, 1e-3},
    {offsetof(struct mount, f_number), "f-number", 0.7, 64, 1},
    {offsetof(struct mount, pixel), "pixel pitch in um", 0.5, 50, 1e-6},
    {offsetof(struct mount, width), "frame width in pixels", 64, 20000, 1},
    {offsetof(struct mount, height), "frame height in pixels", 64, 20000, 1},
    {offsetof(struct mount, above), "camera height in m", 0.3, 30, 1},
    {offsetof(struct mount, offset), "offset to the lane in m", -50, 50, 1},
    {offsetof(struct mount, aim), "distance of the aim in m", 1, 150, 1},
    {offsetof(struct mount, lane), "lane width in m", 1.5, 20, 1},
    {offsetof(struct mount, plate_width), "plate width in mm", 100, 1000, 1e-3},
    {offsetof(struct mount, plate_height), "plate height in mm", 50, 500, 1e-3},
    {offsetof(struct mount, plate_above), "height of the plate in m", 0.1, 4, 1},
    {offsetof(struct mount, speed), "speed in km/h", 1, 300, 1 / 3.6},
    {offsetof(struct mount, exposure), "exposure in us", 1, 1e6, 1e-6},
    {offsetof(struct mount, rate), "pairs a second", 0.1, 1000, 1},
    {offsetof(struct mount, least_px), "least plate width in pixels", 10, 2000, 1},
    {offsetof(struct mount, most_angle), "largest angle in degrees", 1, 80, 0.017453292519943295},
    {offsetof(struct mount, most_smear), "most smear in pixels", 0.1, 100, 1},
};

bool mount_check(const struct mount *m, struct err *e)
{
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
		const struct range *r = &ranges[i];
		double value =
		    *(const double *)(const void *)((const char *)m + r->field) / r->unit;

		double slip = 1e-9 * (fabs(r->least) + fabs(r->most)); /* however the unit rounds */

		/* Written so that what is no number fails. */
		if (!(value >= r->least - slip && value <= r->most + slip))
			return err_set(e, ERR_ARGUMENT, "%s: %g is not within %g and %g", r->name,
				       value, r->least, r->most);
	}
	if (m->exposure * m->rate > 1)
		return err_set(e, ERR_ARGUMENT,
			       "exposure in us: %g is longer than a frame at %g a second",
			       m->exposure * 1e6, m->rate);
	if (m->lane < m->plate_width)
		return err_set(e, ERR_ARGUMENT, "lane width in m: %g is narrower than a plate",
			       m->lane);
	return true;
}

/* The camera's axes for a yaw and a pitch: forward, right and down in the frame. */
struct axes {
	double forward[3], right[3], down[3];
};

static void axes_make(double yaw, double pitch, struct axes *a)
{
	double cy = cos(yaw), sy = sin(yaw), cp = cos(pitch), sp = sin(pitch);

	a->forward[0] = cp * cy, a->forward[1] = cp * sy, a->forward[2] = -sp;
	a->right[0] = sy, a->right[1] = -cy, a->right[2] = 0;
	a->down[0] = -sp * cy, a->down[1] = -sp * sy, a->down[2] = -cp;
}

static double dot(const double a[3], const double b[3])
{
	return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

struct point {
	double u, v, depth;
};

static struct point project(const struct mount *m, const struct axes *a, double along, double y,
			    double z)
{
	const double p[3] = {along, y, z - m->above};
	double depth = dot(p, a->forward), scale = m->focal / m->pixel / depth;

	return (struct point){m->width / 2 + scale * dot(p, a->right),
			      m->height / 2 + scale * dot(p, a->down), depth};
}

void mount_aim(const struct mount *m, double *yaw, double *pitch)
{
	*yaw = atan2(m->offset, m->aim);
	*pitch = atan2(m->above - m->plate_above, hypot(m->aim, m->offset));
}

void mount_view(const struct mount *m, double *horizontal, double *vertical)
{
	*horizontal = 2 * atan(m->width * m->pixel / (2 * m->focal));
	*vertical = 2 * atan(m->height * m->pixel / (2 * m->focal));
}

/* The image of a point moves as the point nears: the derivative of project() by `along`. */
static double pixels_per_metre_along(const struct mount *m, const struct axes *a, double along,
				     double y)
{
	const double p[3] = {along, y, m->plate_above - m->above};
	double depth = dot(p, a->forward), scale = m->focal / m->pixel / (depth * depth);
	double du = a->right[0] * depth - dot(p, a->right) * a->forward[0];
	double dv = a->down[0] * depth - dot(p, a->down) * a->forward[0];

	return scale * hypot(du, dv);
}

static bool inside(const struct mount *m, struct point p)
{
	return p.u >= 0 && p.u <= m->width && p.v >= 0 && p.v <= m->height;
}

static void look(const struct mount *m, const struct axes *a, double along, double across,
		 struct mount_plate *out)
{
	double y = m->offset + across, z = m->plate_above;
	double w = m->plate_width / 2, h = m->plate_height / 2;
	struct point middle = project(m, a, along, y, z), left, right, top, bottom;

	*out = (struct mount_plate){.in_front = along > 0 && middle.depth > m->focal};
	if (!out->in_front)
		return;
	left = project(m, a, along, y - w, z), right = project(m, a, along, y + w, z);
	top = project(m, a, along, y, z + h), bottom = project(m, a, along, y, z - h);
	out->u = middle.u, out->v = middle.v, out->depth = middle.depth;
	out->width = hypot(right.u - left.u, right.v - left.v);
	out->height = hypot(bottom.u - top.u, bottom.v - top.v);
	out->range = sqrt(along * along + y * y + (m->above - z) * (m->above - z));
	out->angle = acos(along / out->range);
	out->smear = m->speed * pixels_per_metre_along(m, a, along, y);
	out->whole = inside(m, project(m, a, along, y - w, z - h)) &&
		     inside(m, project(m, a, along, y - w, z + h)) &&
		     inside(m, project(m, a, along, y + w, z - h)) &&
		     inside(m, project(m, a, along, y + w, z + h));
}

static void aimed(const struct mount *m, struct axes *a)
{
	double yaw, pitch;

	mount_aim(m, &yaw, &pitch);
	axes_make(yaw, pitch, a);
}

void mount_plate(const struct mount *m, double along, double across, struct mount_plate *out)
{
	struct axes a;

	aimed(m, &a);
	look(m, &a, along, across, out);
}

double mount_frame_width(const struct mount *m, double along)
{
	struct mount_plate p;

	mount_plate(m, along, 0, &p);
	return p.in_front ? p.depth * m->width * m->pixel / m->focal : 0;
}

/* A plate in the lane's middle and one at each of its edges, at `along`, with these axes. */
static void lane_look(const struct mount *m, const struct axes *a, double along,
		      struct mount_plate out[3])
{
	double edge = (m->lane - m->plate_width) / 2;

	look(m, a, along, -edge, &out[0]);
	look(m, a, along, 0, &out[1]);
	look(m, a, along, edge, &out[2]);
}

enum mount_limit mount_limit_at(const struct mount *m, double along)
{
	struct mount_plate p[3];
	struct axes a;

	aimed(m, &a);
	lane_look(m, &a, along, p);
	for (size_t i = 0; i < 3; i++)
		if (!p[i].in_front || !p[i].whole)
			return MOUNT_OUT_OF_FRAME;
	for (size_t i = 0; i < 3; i++)
		if (p[i].width < m->least_px)
			return MOUNT_TOO_SMALL;
	for (size_t i = 0; i < 3; i++)
		if (p[i].angle > m->most_angle)
			return MOUNT_TOO_OBLIQUE;
	return MOUNT_FITS;
}

const char *mount_limit_words(enum mount_limit limit)
{
	switch (limit) {
	case MOUNT_FITS:
		return "it fits";
	case MOUNT_OUT_OF_FRAME:
		return "the plate leaves the frame";
	case MOUNT_TOO_SMALL:
		return "the plate is too small";
	case MOUNT_TOO_OBLIQUE:
		return "the plate is seen too obliquely";
	case MOUNT_FARTHEST:
		return "no further is looked at";
	}
	return "?";
}

/* Walk from the aim in steps of `step` until it no longer fits; why, and the last that did. */
static double walk(const struct mount *m, double step, enum mount_limit *limit)
{
	long n = 0;

	for (;; n++) {
		double next = m->aim + step * (double)(n + 1);

		if (next > MOUNT_FARTHEST_M) {
			*limit = MOUNT_FARTHEST;
			break;
		}
		*limit = mount_limit_at(m, next);
		if (*limit != MOUNT_FITS)
			break;
	}
	return m->aim + step * (double)n;
}

void mount_zone(const struct mount *m, struct mount_zone *out)
{
	double fastest = 0;

	*out = (struct mount_zone){.near_limit = mount_limit_at(m, m->aim)};
	if (out->near_limit != MOUNT_FITS)
		return;
	out->any = true;
	out->near = walk(m, -STEP_M, &out->near_limit);
	out->far = walk(m, STEP_M, &out->far_limit);
	out->seconds = (out->far - out->near) / m->speed;
	out->pairs = (long)(out->seconds * m->rate);
	for (long n = 0; out->near + STEP_M * (double)n <= out->far; n++) {
		struct mount_plate p[3];
		struct axes a;

		aimed(m, &a);
		lane_look(m, &a, out->near + STEP_M * (double)n, p);
		for (size_t i = 0; i < 3; i++)
			fastest = fmax(fastest, p[i].smear);
	}
	out->exposure = fastest > 0 ? m->most_smear / fastest : INFINITY;
}

/*
 * A lens of aperture A = f/N focused at s images s at v = s f / (s - f). A point at d images at
 * d f / (d - f); on the sensor at v it is a disc of A |v - v_d| / v_d = A f |d - s| / (d (s - f)).
 * That disc is a pixel c wide at the two ends, with H = f^2 / (N c) + f:
 * near = s (H - f) / (H + s - 2 f), far = s (H - f) / (H - s), infinite for s >= H.
 */
void mount_focus(const struct mount *m, struct mount_focus *out)
{
	struct mount_plate p;
	double h = m->focal * m->focal / (m->f_number * m->pixel) + m->focal, s;

	mount_plate(m, m->aim, 0, &p);
	s = p.depth;
	out->hyperfocal = h;
	out->near = s * (h - m->focal) / (h + s - 2 * m->focal);
	out->far = s >= h ? INFINITY : s * (h - m->focal) / (h - s);
}

/* Turn by steps until a plate at the aim is not whole in the frame. */
static double turn(const struct mount *m, double yaw_step, double pitch_step)
{
	double yaw, pitch;
	long n = 0;

	mount_aim(m, &yaw, &pitch);
	for (;; n++) {
		double by = (double)(n + 1);
		struct mount_plate p[3];
		struct axes a;

		axes_make(yaw + yaw_step * by, pitch + pitch_step * by, &a);
		lane_look(m, &a, m->aim, p);
		for (size_t i = 0; i < 3; i++)
			if (!p[i].in_front || !p[i].whole)
				return (double)n * STEP_RAD;
	}
}

void mount_slack(const struct mount *m, struct mount_slack *out)
{
	double side = m->offset < 0 ? -1 : 1;

	*out = (struct mount_slack){0};
	if (mount_limit_at(m, m->aim) == MOUNT_OUT_OF_FRAME)
		return;
	out->towards = turn(m, -side * STEP_RAD, 0);
	out->away = turn(m, side * STEP_RAD, 0);
	out->up = turn(m, 0, -STEP_RAD);
	out->down = turn(m, 0, STEP_RAD);
}
