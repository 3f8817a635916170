/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/vision/mapping.h"

#include <math.h>
#include <string.h>

#define FORGETTING 0.995 /* about the last two hundred places count */
#define TRACE_MAX                                                                                  \
	1e7 /* forgetting along a direction that is never excited would grow without bound */
#define SPREAD_LEAST 0.5 /* plate widths: no better than this can be promised */

void mapping_init(struct mapping *m)
{
	memset(m, 0, sizeof *m);
	for (unsigned i = 0; i < 3; i++)
		m->p[i][i] = 1e4;
	m->to[0][0] = m->to[1][1] = 1.0;
	m->variance = 1.0;
}

static double residual(const struct mapping *m, const double v[3], float x1, float y1,
		       double out[2])
{
	out[0] = (double)x1 - (m->to[0][0] * v[0] + m->to[0][1] * v[1] + m->to[0][2] * v[2]);
	out[1] = (double)y1 - (m->to[1][0] * v[0] + m->to[1][1] * v[1] + m->to[1][2] * v[2]);
	return hypot(out[0], out[1]);
}

void mapping_learn(struct mapping *m, float x0, float y0, float x1, float y1, float width)
{
	double v[3] = {(double)x0, (double)y0, 1.0}, pv[3], gain[3], r[2], apart, norm = FORGETTING,
	       trace;

	if (!(width > 0))
		return;
	apart = residual(m, v, x1, y1, r) / (double)width;
	if (m->n >= MAPPING_LEARNED && apart > 6.0 * fmax(sqrt(m->variance), SPREAD_LEAST))
		return; /* an outlier must not bend the map */
	for (unsigned i = 0; i < 3; i++) {
		pv[i] = m->p[i][0] * v[0] + m->p[i][1] * v[1] + m->p[i][2] * v[2];
		norm += v[i] * pv[i];
	}
	for (unsigned i = 0; i < 3; i++)
		gain[i] = pv[i] / norm;
	trace = m->p[0][0] + m->p[1][1] + m->p[2][2];
	for (unsigned i = 0; i < 3; i++) {
		m->to[0][i] += gain[i] * r[0];
		m->to[1][i] += gain[i] * r[1];
		for (unsigned k = 0; k < 3; k++)
			m->p[i][k] =
			    (m->p[i][k] - gain[i] * pv[k]) / (trace < TRACE_MAX ? FORGETTING : 1.0);
	}
	if (m->n >= 6) /* the first few only tell where the map lies */
		m->variance += (fmin(apart * apart, 25.0) - m->variance) * 0.05;
	m->n++;
}

enum mapping_opinion mapping_ask(const struct mapping *m, float x0, float y0, float x1, float y1,
				 float width)
{
	double v[3] = {(double)x0, (double)y0, 1.0}, r[2], apart, spread;

	if (m->n < MAPPING_LEARNED || !(width > 0))
		return MAPPING_UNKNOWN;
	apart = residual(m, v, x1, y1, r) / (double)width;
	spread = fmax(sqrt(m->variance), SPREAD_LEAST);
	if (apart <= 3.0 * spread)
		return MAPPING_FITS;
	return apart <= 8.0 * spread ? MAPPING_DOUBTFUL : MAPPING_CONTRADICTS;
}
