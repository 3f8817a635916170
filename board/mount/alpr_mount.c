/* SPDX-License-Identifier: Apache-2.0 */
/* alpr-mount: which lens, how high, how far aside; for who plans a pole. Runs on the host only. */
#include "board/mount/plot.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEGREE	  0.017453292519943295
#define FIRST	  0x100 /* option codes of numbers[] start here */
#define ROWS_MOST 1000

struct plan {
	struct mount m;
	double angle;	       /* degrees; NAN: the offset counts */
	double from, to, step; /* of the table, m */
	const char *svg;
};

/* The options that are numbers. `unit` turns what is written into what the field holds. */
static const struct number {
	const char *name, *unit_name;
	size_t field;
	double unit, preset;
	const char *help;
} numbers[] = {
    {"focal", "MM", offsetof(struct plan, m.focal), 1e-3, 16, "focal length of the lens"},
    {"f-number", "N", offsetof(struct plan, m.f_number), 1, 2.8,
     "its aperture, for depth of field"},
    {"pixel", "UM", offsetof(struct plan, m.pixel), 1e-6, 3.45, "pitch of the sensor's pixels"},
    {"width", "PX", offsetof(struct plan, m.width), 1, 1456, "width of the frame"},
    {"height", "PX", offsetof(struct plan, m.height), 1, 1088, "height of the frame"},
    {"above", "M", offsetof(struct plan, m.above), 1, 5, "camera above the road"},
    {"offset", "M", offsetof(struct plan, m.offset), 1, 3,
     "from the camera across to the middle of the lane"},
    {"angle", "DEG", offsetof(struct plan, angle), 1, NAN,
     "instead of --offset: from the road's direction to the aim"},
    {"aim", "M", offsetof(struct plan, m.aim), 1, 15,
     "along the road to the point aimed and focused at"},
    {"lane", "M", offsetof(struct plan, m.lane), 1, 3.6, "width of the lane"},
    {"speed", "KMH", offsetof(struct plan, m.speed), 1 / 3.6, 60, "of the vehicle"},
    {"exposure", "US", offsetof(struct plan, m.exposure), 1e-6, 500, "of a frame"},
    {"rate", "HZ", offsetof(struct plan, m.rate), 1, 30, "pairs a second"},
    {"plate-width", "MM", offsetof(struct plan, m.plate_width), 1e-3, 304.8,
     "a plate is 12 inches wide"},
    {"plate-height", "MM", offsetof(struct plan, m.plate_height), 1e-3, 152.4, "and 6 inches high"},
    {"plate-above", "M", offsetof(struct plan, m.plate_above), 1, 0.7, "its middle above the road"},
    {"least-px", "PX", offsetof(struct plan, m.least_px), 1, 75,
     "a narrower plate is not counted on"},
    {"most-angle", "DEG", offsetof(struct plan, m.most_angle), DEGREE, 30,
     "nor one seen further from its normal"},
    {"most-smear", "PX", offsetof(struct plan, m.most_smear), 1, 2,
     "the longest exposure keeps within this"},
    {"from", "M", offsetof(struct plan, from), 1, 6, "first row of the table"},
    {"to", "M", offsetof(struct plan, to), 1, 24, "and last"},
    {"step", "M", offsetof(struct plan, step), 1, 2, "between rows"},
};
#define NUMBERS (sizeof numbers / sizeof numbers[0])

static const struct sensor {
	const char *name;
	double pixel_um, width, height;
} sensors[] = {{"imx296", 3.45, 1456, 1088}, {"ov9281", 3.0, 1280, 800}};
#define SENSORS (sizeof sensors / sizeof sensors[0])

static void help(void)
{
	(void)printf(
	    "usage: alpr-mount [OPTION]…\n"
	    "Says what a camera on a pole sees of plates on a straight, level road: a table by "
	    "distance, then the zone in\n"
	    "which plates are read, how many pairs a vehicle gives in it, the longest exposure, "
	    "what is in focus, and how\n"
	    "exactly the camera must be aimed. Exit status 1 if no plate can be read at the "
	    "aim.\n\n");
	for (size_t i = 0; i < NUMBERS; i++) {
		char head[40], preset[40] = "";

		(void)snprintf(head, sizeof head, "--%s %s", numbers[i].name, numbers[i].unit_name);
		if (!isnan(numbers[i].preset))
			(void)snprintf(preset, sizeof preset, " [%g]", numbers[i].preset);
		(void)printf("  %-18s %s%s\n", head, numbers[i].help, preset);
	}
	(void)printf(
	    "  --sensor NAME      pixel, width and height of one: imx296 (preset), ov9281\n"
	    "  --svg FILE         draw plate width and smear against distance into FILE\n"
	    "\nexample: the second lane at 80 km/h, 25 mm lens\n"
	    "  alpr-mount --focal 25 --above 5 --offset 5.4 --aim 22 --speed 80 --exposure 400 "
	    "--svg pole.svg\n");
}

static void *field_of(struct plan *p, size_t field)
{
	return (char *)p + field;
}

static bool take_number(struct plan *p, const struct number *n, const char *text, struct err *e)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !isfinite(value))
		return err_set(e, ERR_ARGUMENT, "--%s: '%.40s' is not a number", n->name, text);
	*(double *)field_of(p, n->field) = value * n->unit;
	return true;
}

static bool take_sensor(struct plan *p, const char *name, struct err *e)
{
	for (size_t i = 0; i < SENSORS; i++) {
		if (strcmp(sensors[i].name, name) != 0)
			continue;
		p->m.pixel = sensors[i].pixel_um * 1e-6;
		p->m.width = sensors[i].width;
		p->m.height = sensors[i].height;
		return true;
	}
	return err_set(e, ERR_ARGUMENT,
		       "--sensor: '%.40s' is not known here: give --pixel, --width, --height",
		       name);
}

static bool check(struct plan *p, struct err *e)
{
	if (!isnan(p->angle)) {
		if (!(fabs(p->angle) <= 80))
			return err_set(e, ERR_ARGUMENT, "--angle: %g is not within -80 and 80",
				       p->angle);
		p->m.offset = p->m.aim * tan(p->angle * DEGREE);
	}
	if (!mount_check(&p->m, e))
		return false;
	if (!(p->from > 0 && p->to > p->from && p->to <= MOUNT_FARTHEST_M))
		return err_set(e, ERR_ARGUMENT,
			       "--from %g --to %g: is not a stretch of road within %g m", p->from,
			       p->to, MOUNT_FARTHEST_M);
	if (!(p->step > 0 && (p->to - p->from) / p->step <= ROWS_MOST))
		return err_set(e, ERR_ARGUMENT, "--step: %g makes no table of up to %d rows",
			       p->step, ROWS_MOST);
	return true;
}

/* 1: go on; 0: --help was given; -1: error. */
static int parse(int argc, char **argv, struct plan *p, struct err *e)
{
	struct option options[NUMBERS + 4] = {{0}};
	size_t n = 0;
	int c;

	for (; n < NUMBERS; n++) {
		options[n] =
		    (struct option){numbers[n].name, required_argument, NULL, FIRST + (int)n};
		*(double *)field_of(p, numbers[n].field) = numbers[n].preset * numbers[n].unit;
	}
	options[n++] = (struct option){"sensor", required_argument, NULL, 'n'};
	options[n++] = (struct option){"svg", required_argument, NULL, 's'};
	options[n++] = (struct option){"help", no_argument, NULL, 'h'};
	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		if (c == 'h')
			return help(), 0;
		if (c == 's')
			p->svg = optarg;
		else if (c == 'n' ? !take_sensor(p, optarg, e)
				  : c >= FIRST && !take_number(p, &numbers[c - FIRST], optarg, e))
			return -1;
		else if (c == ':' || c == '?')
			return err_set(e, ERR_ARGUMENT, "%s: %s", argv[optind - 1],
				       c == ':' ? "needs a value"
						: "no such option: --help lists them"),
			       -1;
	}
	if (optind < argc)
		return err_set(e, ERR_ARGUMENT, "%.40s: only options are taken", argv[optind]), -1;
	return check(p, e) ? 1 : -1;
}

static void print_table(const struct plan *p)
{
	const struct mount *m = &p->m;
	double h, v, yaw, pitch;

	mount_view(m, &h, &v);
	mount_aim(m, &yaw, &pitch);
	(void)printf("view        %.1f x %.1f degrees\n"
		     "aim         %.1f degrees aside, %.1f down, at %g m along the road\n\n"
		     "distance  plate, px   angle  frame width        smear  longest   in lane\n"
		     "m                     deg    m (lanes)      px, %4.0f us  us\n",
		     h / DEGREE, v / DEGREE, yaw / DEGREE, pitch / DEGREE, m->aim,
		     m->exposure * 1e6);
	for (long i = 0;; i++) {
		double along = p->from + (double)i * p->step, wide = mount_frame_width(m, along);
		struct mount_plate plate;

		if (along > p->to * (1 + 1e-9))
			break;
		mount_plate(m, along, 0, &plate);
		if (!plate.in_front) {
			(void)printf("%8.1f  behind the camera\n", along);
			continue;
		}
		(void)printf("%8.1f  %4.0f x %-4.0f  %4.1f  %5.1f (%.1f) %14.2f %8.0f   %s\n",
			     along, plate.width, plate.height, plate.angle / DEGREE, wide,
			     wide / m->lane, plate.smear * m->exposure,
			     m->most_smear / plate.smear * 1e6,
			     mount_limit_words(mount_limit_at(m, along)));
	}
}

static void print_focus(const struct mount *m)
{
	struct mount_focus f;

	mount_focus(m, &f);
	if (isinf(f.far))
		(void)printf("focus       on the aim: %.1f m to infinity (hyperfocal %.1f m)\n",
			     f.near, f.hyperfocal);
	else
		(void)printf("focus       on the aim: %.1f to %.1f m (hyperfocal %.1f m)\n", f.near,
			     f.far, f.hyperfocal);
}

/* False: nothing can be read there. */
static bool print_zone(const struct mount *m)
{
	struct mount_slack s;
	struct mount_zone z;

	mount_zone(m, &z);
	if (!z.any) {
		(void)printf("\nzone        none: at %g m %s\n", m->aim,
			     mount_limit_words(z.near_limit));
		return false;
	}
	mount_slack(m, &s);
	(void)printf("\nzone        %.1f to %.1f m along the road; before it %s, beyond it %s\n",
		     z.near, z.far, mount_limit_words(z.near_limit),
		     mount_limit_words(z.far_limit));
	(void)printf("pairs       %ld while a vehicle is in it: %.2f s at %g km/h, %g a second\n",
		     z.pairs, z.seconds, m->speed * 3.6, m->rate);
	(void)printf("exposure    at most %.0f us anywhere in it for %g px of smear\n",
		     z.exposure * 1e6, m->most_smear);
	(void)printf(
	    "between     %.2f m driven in the 8 ms that two exposures of a pair may lie apart\n",
	    m->speed * 0.008);
	print_focus(m);
	(void)printf(
	    "turn        the lane stays in the frame at the aim within %.1f degrees towards the "
	    "pole, %.1f away, %.1f up, %.1f down\n",
	    s.towards / DEGREE, s.away / DEGREE, s.up / DEGREE, s.down / DEGREE);
	return true;
}

int main(int argc, char **argv)
{
	struct plan p = {0};
	struct err e = {0};
	int go = parse(argc, argv, &p, &e);
	bool readable;

	if (go == 0)
		return 0;
	if (go < 0) {
		(void)fprintf(stderr, "alpr-mount: %s\n", e.text);
		return 2;
	}
	print_table(&p);
	readable = print_zone(&p.m);
	if (p.svg && !plot_write(&p.m, p.from, p.to, p.svg, &e)) {
		(void)fprintf(stderr, "alpr-mount: %s\n", e.text);
		return 1;
	}
	return readable ? 0 : 1;
}
