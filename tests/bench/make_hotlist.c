/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_hotlist N [PERCENT [-]]: a CSV of N wanted plates with all fields, as random as real ones
 * are, to stdout; with PERCENT, that share of the rows is another than without; with -, there is no
 * expiry, as in the extracts that agencies get.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state;

/* SplitMix64. */
static uint32_t below(uint32_t n)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(((z ^ z >> 31) >> 32) * n >> 32);
}

static char alnum(void)
{
	return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[below(36)];
}

static void plate(void)
{
	uint32_t len = 6 + below(2), hyphen = below(10) ? 99 : 3;

	for (uint32_t i = 0; i < len; i++) {
		if (i == hyphen)
			(void)putchar('-');
		(void)putchar(alnum());
	}
}

/* Of makes and models few are on most cars. */
static void vehicle(void)
{
	static const char *const STYLES[] = {"4D", "2D", "SW", "UT", "PK", "VN", "CV", "MC"};
	static const char *const COLOURS[] = {"BLK", "WHI", "SIL", "GRY", "BLU", "RED",
					      "GRN", "BGE", "BRO", "GLD", "ONG", "YEL"};
	uint32_t make = below(60) * below(60) / 60, model = below(40) * below(40) / 40;

	(void)printf("%u,M%c%c%u,%c%c%u,%s,%s", 1995 + below(32), 'A' + make % 26, 'A' + make % 7,
		     make % 10, 'A' + (make + model) % 26, 'A' + model % 26, model % 10,
		     STYLES[below(8)], COLOURS[below(12)]);
	if (below(20) == 0)
		(void)printf("/%s", COLOURS[below(12)]);
}

static void row(bool expires)
{
	static const char STATES[] = "MOILTXCANYFLOHPAGANCMIKSARIAKYTN";
	static const char CATEGORIES[] = "VVVVVPPPPF";
	uint32_t at = below(16) * 2, agency = below(18000), month, day;

	plate();
	(void)printf(",%.2s,%s,%c,", STATES + at, below(10) ? "PC" : "TK", CATEGORIES[below(10)]);
	if (below(5))
		(void)printf("V%09u,", below(1000000000));
	else
		(void)printf("2026-%07u,", below(10000000));
	(void)printf("%.2s%07u,20%02u-%02u-%02u,", STATES + agency % 16 * 2, agency * 37 % 10000000,
		     21 + below(5), 1 + below(12), 1 + below(28));
	month = 1 + below(3);
	day = 1 + below(28);
	if (expires)
		(void)printf("2035-%02u-%02u", month, day);
	(void)putchar(',');
	vehicle();
	(void)putchar('\n');
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	uint32_t changed = argc > 2 ? (uint32_t)(atof(argv[2]) * 1e6) : 0;

	(void)puts("lic,lis,lit,category,case_number,ori,entered,expires,vyr,vma,vmo,vst,vco");
	for (unsigned long i = 0; i < n; i++) {
		state = i << 20;
		if (below(100000000) < changed)
			state = (n + i) << 20;
		row(argc < 4);
	}
	return ferror(stdout) || fflush(stdout) != 0;
}
