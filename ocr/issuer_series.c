/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serial formats of US licence plates by jurisdiction: L a letter, D a digit, gaps and emblems left
 * out. The formats are those of the table in Wikipedia, "United States license plate designs and
 * serial formats", and of the articles on each state's plates: passenger series in use and those
 * replaced since about 1990, and the commonest others (lorries, veterans). `weight` is how many of
 * a hundred plates of that state on the road have the format, an estimate by the age of the series.
 * What is missing to a hundred are vanity texts and everything else.
 *
 * ocr/train/state_designs.py reads the rows of this file: keep one to a line.
 */
#include "ocr/issuer_series.h"

#include <stddef.h>

/* clang-format off */
static const struct issuer_series rows[] = {
    {"AK", "LLLDDD", 75},
    {"AL", "DLDDDDD", 18}, {"AL", "DDLDDLD", 12}, {"AL", "DDLLDDD", 18}, {"AL", "DLDDDLD", 8}, {"AL", "DDLDDDD", 12}, {"AL", "DLLDDDD", 6},
    {"AR", "LLLDDL", 30}, {"AR", "DDDLLL", 30}, {"AR", "LLLDDD", 15},
    {"AZ", "LLLDDDD", 40}, {"AZ", "DDDLLL", 14}, {"AZ", "LLLDDD", 8}, {"AZ", "LLLDLLL", 2}, {"AZ", "LDLDLDL", 4}, {"AZ", "LLDLLDL", 3},
    {"CA", "DLLLDDD", 72}, {"CA", "DLDDDDD", 9}, {"CA", "DDDDDLD", 6}, {"CA", "DDDLLL", 2},
    {"CO", "LLLDDD", 22}, {"CO", "DDDLLL", 36}, {"CO", "LLLLDD", 2}, {"CO", "LLLLDDD", 1}, {"CO", "LLLDDL", 1}, {"CO", "LLLLDL", 1}, {"CO", "LLLDLD", 3},
    {"CT", "DDDLLL", 34}, {"CT", "LLDDDDD", 24}, {"CT", "DLLLLD", 3}, {"CT", "DLLLDD", 4}, {"CT", "DDDDLL", 3}, {"CT", "LDDDDD", 2}, {"CT", "DDLLDD", 2}, {"CT", "DDDLLLL", 1},
    {"DC", "LLDDDD", 78},
    {"DE", "DDDDDD", 62}, {"DE", "DDDDD", 10}, {"DE", "LLDDDDD", 2}, {"DE", "DDDD", 3},
    {"FL", "LLLDDL", 12}, {"FL", "LDDDLL", 5}, {"FL", "DDDLLL", 14}, {"FL", "LDDLLL", 9}, {"FL", "LLLLDD", 9}, {"FL", "LLLDDD", 6}, {"FL", "LLLDLD", 5}, {"FL", "LLDDLL", 3}, {"FL", "DDDDLL", 3}, {"FL", "DDLLDD", 1},
    {"GA", "LLLDDDD", 55}, {"GA", "DDDLLL", 8}, {"GA", "DDDDLLL", 8}, {"GA", "LLLDDD", 3}, {"GA", "LLDDDDD", 2}, {"GA", "DDDLLD", 1},
    {"HI", "LLLDDD", 80},
    {"IA", "DDDLLL", 36}, {"IA", "LLLDDD", 40},
    {"ID", "DLDDDDD", 18}, {"ID", "DLLDDDD", 10}, {"ID", "DLDDDDL", 3}, {"ID", "DLDDDLL", 2}, {"ID", "LDDDDDD", 18}, {"ID", "LDDDDD", 8}, {"ID", "DLDDDD", 4}, {"ID", "DLDDDL", 3}, {"ID", "LDDDDDL", 2}, {"ID", "DDLDDDD", 1},
    {"IL", "LLDDDDD", 38}, {"IL", "LDDDDDD", 16}, {"IL", "DDDDDDD", 12}, {"IL", "LLLDDDD", 4}, {"IL", "LLLDDD", 4}, {"IL", "DDDDDD", 2}, {"IL", "DDDDDDDL", 2}, {"IL", "LLDDDD", 2},
    {"IN", "DDDLLL", 25}, {"IN", "DDDLL", 6}, {"IN", "DDDL", 4}, {"IN", "LLLDDD", 3}, {"IN", "DDLDDDD", 12}, {"IN", "LLLDDDD", 2}, {"IN", "LLDDDLL", 3}, {"IN", "DDDDLL", 2}, {"IN", "DDDLLLL", 1},
    {"KS", "DDDLLL", 40}, {"KS", "LLLDDD", 20}, {"KS", "DDDDLLL", 12},
    {"KY", "DDDLLL", 46}, {"KY", "LLLDDD", 18}, {"KY", "LDLDDD", 10}, {"KY", "DDDDLL", 4},
    {"LA", "LLLDDD", 34}, {"LA", "DDDLLL", 30}, {"LA", "LDDDDDD", 3}, {"LA", "DDDLLLL", 1},
    {"MA", "DDDLLD", 14}, {"MA", "DLLLDD", 12}, {"MA", "DDLLDD", 10}, {"MA", "DLLDDD", 7}, {"MA", "DDDLLL", 8}, {"MA", "DDDDLL", 10}, {"MA", "DDLDDD", 2}, {"MA", "DDDLDD", 2}, {"MA", "LDDDDD", 3}, {"MA", "DDDDDD", 2},
    {"MD", "DLLDDDD", 38}, {"MD", "DLLLDD", 14}, {"MD", "LLLDDD", 14}, {"MD", "LLLDDDD", 2}, {"MD", "DDLDDD", 3}, {"MD", "DLLLDDD", 1}, {"MD", "DDDLLLD", 1}, {"MD", "DLDDDDD", 1},
    {"ME", "DDDDLL", 40}, {"ME", "DDDLLL", 8}, {"ME", "DDDDLLL", 1}, {"ME", "DDDLL", 4}, {"ME", "DDDLLD", 1}, {"ME", "LLLDDD", 3},
    {"MI", "LLLDDDD", 40}, {"MI", "DLLLDD", 20}, {"MI", "LLLDDD", 8}, {"MI", "DLLLDDD", 1}, {"MI", "DDLDDD", 1},
    {"MN", "LLLDDD", 38}, {"MN", "DDDLLL", 34}, {"MN", "DLLDDD", 1}, {"MN", "LLDDDD", 1},
    {"MO", "LLDLDL", 56}, {"MO", "DDDLLL", 12}, {"MO", "LLLDDD", 2}, {"MO", "DLLDDD", 4}, {"MO", "DLDDDD", 2}, {"MO", "DDLLDDL", 1}, {"MO", "DLLDDL", 1},
    {"MS", "LLLDDD", 40}, {"MS", "DDDLLL", 14}, {"MS", "LLLDDDD", 10}, {"MS", "LLLDL", 2}, {"MS", "LLDDDDD", 2},
    {"MT", "DDDDDDL", 32}, {"MT", "DDDDDL", 12}, {"MT", "LLLDDD", 12}, {"MT", "DLDDDDD", 2}, {"MT", "DDDDDD", 4}, {"MT", "DDDDDDD", 2}, {"MT", "DDLDDDD", 1},
    {"NC", "LLLDDDD", 76},
    {"ND", "DDDLLL", 40}, {"ND", "LLLDDD", 38},
    {"NE", "LLLDDD", 36}, {"NE", "DDLDDD", 10}, {"NE", "DLDDDD", 6}, {"NE", "DDLDDDD", 4}, {"NE", "DLDDDDD", 2}, {"NE", "DLLDDD", 2}, {"NE", "DDDLLL", 2},
    {"NH", "DDDDDDD", 62}, {"NH", "DDDDDD", 12}, {"NH", "DDDDD", 2},
    {"NJ", "LDDLLL", 36}, {"NJ", "LLLDDL", 22}, {"NJ", "LLDDDL", 6}, {"NJ", "LLLDDD", 2}, {"NJ", "LLDDDLL", 1}, {"NJ", "LLDDDD", 1}, {"NJ", "DDDLLL", 1},
    {"NM", "LLLDDD", 20}, {"NM", "DDDLLL", 45}, {"NM", "LLLL", 1}, {"NM", "LLLLDD", 3}, {"NM", "DDDDLLL", 1},
    {"NV", "DDDLLL", 38}, {"NV", "DDLDDD", 24}, {"NV", "LLLDDD", 4}, {"NV", "DDDLDD", 10}, {"NV", "DDDDLL", 1},
    {"NY", "LLLDDDD", 70}, {"NY", "LLLDDD", 2}, {"NY", "DDDDDLL", 6}, {"NY", "DDDLLL", 1}, {"NY", "LDDLLL", 1}, {"NY", "DLLLDDD", 1},
    {"OH", "LLLDDDD", 66}, {"OH", "LLDDLL", 3}, {"OH", "LLLDDD", 1}, {"OH", "DDDLLL", 1}, {"OH", "LLDDDD", 1},
    {"OK", "LLLDDD", 45}, {"OK", "DDDLLL", 26}, {"OK", "LLDDDDD", 1},
    {"OR", "DDDLLL", 64}, {"OR", "LLLDDD", 10}, {"OR", "LLDDDDD", 1}, {"OR", "LDDDDDD", 1},
    {"PA", "LLLDDDD", 62}, {"PA", "LLLDDD", 2}, {"PA", "LLDDDDD", 4}, {"PA", "LLDDDLL", 1}, {"PA", "LLDDDD", 1},
    {"RI", "DDDDDD", 30}, {"RI", "LLDDD", 24}, {"RI", "DDDDD", 12}, {"RI", "DLLDDD", 3}, {"RI", "LDDDD", 2},
    {"SC", "LLLDDD", 36}, {"SC", "DDDLLL", 20}, {"SC", "DDDDLL", 10},
    {"SD", "DLLDDD", 16}, {"SD", "DLLLDD", 8}, {"SD", "DLDDDD", 8}, {"SD", "DDLDDD", 20}, {"SD", "DDLLDD", 2}, {"SD", "DLLLDDD", 1}, {"SD", "DDLLDDD", 1},
    {"TN", "LDDDDL", 22}, {"TN", "DDDLLL", 20}, {"TN", "LLLDDD", 4}, {"TN", "LDDDDD", 2}, {"TN", "LLLDDDD", 8}, {"TN", "DDDDLLL", 1}, {"TN", "LDDLLL", 8}, {"TN", "DLDDLD", 6}, {"TN", "DDDLLLD", 1},
    {"TX", "LLLDDDD", 36}, {"TX", "LLDLDDD", 18}, {"TX", "LDDLLL", 8}, {"TX", "DDDLLL", 8}, {"TX", "LLLDDL", 4}, {"TX", "LLDDDD", 2}, {"TX", "LLDLDD", 1}, {"TX", "DDLLLD", 4}, {"TX", "LLLDDD", 1}, {"TX", "LLDDDDD", 1},
    {"UT", "LDDDLL", 24}, {"UT", "DDDLLL", 24}, {"UT", "LDDLLL", 4}, {"UT", "LDDDL", 1}, {"UT", "DLDLL", 8}, {"UT", "DLDLD", 2}, {"UT", "LLDDD", 1}, {"UT", "LDDLL", 2}, {"UT", "LLLDDD", 1},
    {"VA", "LLLDDDD", 56}, {"VA", "LLDDDD", 2}, {"VA", "LLLDDD", 1}, {"VA", "LLDDDDD", 1}, {"VA", "DDDDLL", 1},
    {"VT", "LLLDDD", 70}, {"VT", "DDDLDDD", 2}, {"VT", "DDDLDD", 1}, {"VT", "LLLDD", 1},
    {"WA", "LLLDDDD", 40}, {"WA", "DDDLLL", 34}, {"WA", "LDDDDDL", 4}, {"WA", "LDDDDD", 1},
    {"WI", "LLLDDDD", 34}, {"WI", "DDDLLL", 32}, {"WI", "LLLDDD", 2}, {"WI", "DDDLL", 1}, {"WI", "LLDDDD", 3},
    {"WV", "DLDDDD", 14}, {"WV", "DLLDDD", 34}, {"WV", "LLLDDD", 6}, {"WV", "LLDDDD", 3}, {"WV", "DLLLDD", 2}, {"WV", "LDDDDD", 1},
    {"WY", "DDDDDDD", 8}, {"WY", "DDDDDD", 22}, {"WY", "DDDDDL", 4}, {"WY", "DDDDD", 18}, {"WY", "DDDDDDL", 3}, {"WY", "DDDDDLL", 2},
};
/* clang-format on */

const struct issuer_series *issuer_series(size_t *n)
{
	*n = sizeof rows / sizeof *rows;
	return rows;
}
