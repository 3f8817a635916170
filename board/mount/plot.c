/* SPDX-License-Identifier: Apache-2.0 */
#include "board/mount/plot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

/* The picture: two panels above each other, in SVG's pixels. */
#define WIDTH	720.0
#define LEFT	60.0
#define RIGHT	20.0
#define PANEL	200.0
#define GAP	60.0
#define TOP	50.0
#define HEIGHT	(TOP + 2 * PANEL + GAP + 50.0)
#define SAMPLES 240

struct panel {
	double top, most; /* SVG y of the panel's top; value at the top */
	const char *title;
	double limit; /* a dashed line there */
};

struct canvas {
	FILE *f;
	double from, to;
};

static double x_of(const struct canvas *c, double along)
{
	return LEFT + (along - c->from) / (c->to - c->from) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct panel *p, double value)
{
	return p->top + PANEL * (1 - fmin(fmax(value / p->most, 0), 1));
}

/* 1, 2 or 5 times a power of ten, for about `n` steps up to `most`. */
static double nice_step(double most, double n)
{
	double raw = most / n, power = pow(10, floor(log10(raw)));

	return (raw / power <= 1 ? 1 : raw / power <= 2 ? 2 : raw / power <= 5 ? 5 : 10) * power;
}

static void draw_axes(const struct canvas *c, const struct panel *p)
{
	double step = nice_step(p->most, 5), along = nice_step(c->to - c->from, 8);
	long first = (long)ceil(c->from / along), last = (long)floor(c->to * 1.0001 / along);

	(void)fprintf(c->f, "<text x=\"%.0f\" y=\"%.1f\">%s</text>\n", LEFT, p->top - 8, p->title);
	for (long i = 0; (double)i * step <= p->most * 1.0001; i++) {
		double y = y_of(p, (double)i * step);

		(void)fprintf(c->f,
			      "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>"
			      "<text class=\"end\" x=\"%.1f\" y=\"%.1f\">%g</text>\n",
			      LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, (double)i * step);
	}
	for (long i = first; i <= last; i++) {
		double x = x_of(c, (double)i * along), bottom = p->top + PANEL;

		(void)fprintf(c->f,
			      "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>"
			      "<text class=\"mid\" x=\"%.1f\" y=\"%.1f\">%g</text>\n",
			      x, p->top, bottom, x, bottom + 15, (double)i * along);
	}
}

/* The curve of a plate's width, or of its smear in one exposure, in the lane's middle. */
static void draw_curve(const struct canvas *c, const struct panel *p, const struct mount *m,
		       bool smear)
{
	bool down = false;

	(void)fprintf(c->f, "<path class=\"curve\" d=\"");
	for (int i = 0; i <= SAMPLES; i++) {
		double along = c->from + (c->to - c->from) * i / SAMPLES, value;
		struct mount_plate plate;

		mount_plate(m, along, 0, &plate);
		value = smear ? plate.smear * m->exposure : plate.width;
		if (!plate.in_front || value > p->most) {
			down = false;
			continue;
		}
		(void)fprintf(c->f, "%s%.1f %.1f", down ? "L" : "M", x_of(c, along),
			      y_of(p, value));
		down = true;
	}
	(void)fprintf(c->f, "\"/>\n<path class=\"limit\" d=\"M%.1f %.1fH%.1f\"/>\n", LEFT,
		      y_of(p, p->limit), WIDTH - RIGHT);
}

static void draw(const struct canvas *c, const struct mount *m)
{
	struct panel px = {.top = TOP,
			   .most = 4 * m->least_px,
			   .title = "plate width, pixels",
			   .limit = m->least_px};
	struct panel smear = {.top = TOP + PANEL + GAP,
			      .most = 3 * m->most_smear,
			      .title = "smear in one exposure, pixels",
			      .limit = m->most_smear};
	struct mount_zone zone;

	mount_zone(m, &zone);
	(void)fprintf(
	    c->f,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\">\n"
	    "<style>text{font:12px sans-serif}.end{text-anchor:end}.mid{text-anchor:middle}"
	    ".grid{stroke:#ddd}.curve{fill:none;stroke:#06c;stroke-width:2}"
	    ".limit{stroke:#c00;stroke-dasharray:6 4}.zone{fill:#cfe8cf}</style>\n"
	    "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
	    "<text x=\"%.0f\" y=\"18\">%g mm lens, %g um pixels, camera %g m up, lane %g m "
	    "off, %g km/h, %g us</text>\n",
	    WIDTH, HEIGHT, LEFT, m->focal * 1e3, m->pixel * 1e6, m->above, m->offset,
	    m->speed * 3.6, m->exposure * 1e6);
	if (zone.any && zone.near < c->to && zone.far > c->from)
		for (int i = 0; i < 2; i++)
			(void)fprintf(c->f,
				      "<rect class=\"zone\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
				      "height=\"%.1f\"/>\n",
				      x_of(c, fmax(zone.near, c->from)), i ? smear.top : px.top,
				      x_of(c, fmin(zone.far, c->to)) -
					  x_of(c, fmax(zone.near, c->from)),
				      PANEL);
	draw_axes(c, &px);
	draw_curve(c, &px, m, false);
	draw_axes(c, &smear);
	draw_curve(c, &smear, m, true);
	(void)fprintf(c->f,
		      "<text class=\"mid\" x=\"%.1f\" y=\"%.1f\">metres along the road; green: the "
		      "zone in which plates are read</text>\n</svg>\n",
		      WIDTH / 2, HEIGHT - 10);
}

bool plot_write(const struct mount *m, double from, double to, const char *path, struct err *e)
{
	struct canvas c = {.f = fopen(path, "we"), .from = from, .to = to};
	struct stat st;
	bool bad, file;
	int why;

	if (!c.f)
		return err_errno(e, errno, "%s", path);
	file = fstat(fileno(c.f), &st) == 0 && S_ISREG(st.st_mode);
	draw(&c, m);
	bad = fflush(c.f) != 0 || ferror(c.f);
	why = errno;
	if (fclose(c.f) != 0 && !bad) {
		bad = true;
		why = errno;
	}
	if (!bad)
		return true;
	if (file) /* never a device or a pipe */
		(void)remove(path);
	return err_errno(e, why, "%s", path);
}
