/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/read_json.h"

#include "firmware/base/cleanup.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/* Length of the UTF-8 sequence at s, or 0 when it is none (overlong forms and surrogates included).
 */
static size_t sequence(const unsigned char *s)
{
	size_t n = s[0] < 0x80			 ? 1
		   : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
		   : (s[0] & 0xf0) == 0xe0	 ? 3
		   : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
						 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	return n;
}

char *read_json_utf8(const char *text, char *out, size_t size)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0;

	while (*s) {
		size_t n = sequence(s), take = n ? n : 1;
		if (used + take >= size)
			break;
		if (n)
			memcpy(out + used, s, n);
		else
			out[used] = '?';
		used += take;
		s += take;
	}
	out[used] = '\0';
	return out;
}

static double rounded(float v, double unit)
{
	return round((double)v / unit) * unit;
}

/* cJSON prints 17 digits of what is not exact; a confidence needs four. */
static cJSON *number(double v, const char *format)
{
	char text[32];

	(void)snprintf(text, sizeof text, format, v);
	return cJSON_CreateRaw(text);
}

static cJSON *quad(const struct plate_quad *q, bool seen)
{
	if (!seen)
		return cJSON_CreateNull();
	cJSON *a = cJSON_CreateArray();
	for (int i = 0; i < 8; i++)
		(void)cJSON_AddItemToArray(a, number(rounded(q->p[i], 0.1), "%.1f"));
	return a;
}

static cJSON *spelling(const char *key, const char *text, float confidence)
{
	cJSON *o = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(o, key, text);
	(void)cJSON_AddItemToObject(o, "confidence", number((double)confidence, "%.4f"));
	return o;
}

static cJSON *plate(const struct plates_found *p, size_t n)
{
	cJSON *o = spelling("text", p->read.text, p->read.confidence);
	cJSON *chars = cJSON_CreateArray(), *others = cJSON_CreateArray();

	(void)cJSON_AddItemToObject(o, "quad", quad(&p->shown[0].quad, p->shown[0].n > 0));
	if (n > 1)
		(void)cJSON_AddItemToObject(o, "quad2", quad(&p->shown[1].quad, p->shown[1].n > 0));
	(void)cJSON_AddItemToObject(o, "jurisdiction",
				    *p->read.jurisdiction ? cJSON_CreateString(p->read.jurisdiction)
							  : cJSON_CreateNull());
	for (size_t i = 0; p->read.text[i]; i++) {
		const char c[2] = {p->read.text[i], '\0'};
		(void)cJSON_AddItemToArray(chars, spelling("char", c, p->read.chars[i]));
	}
	for (size_t i = 0; i < p->read.n_alternatives; i++)
		(void)cJSON_AddItemToArray(others, spelling("text", p->read.alternatives[i].text,
							    p->read.alternatives[i].confidence));
	(void)cJSON_AddItemToObject(o, "chars", chars);
	(void)cJSON_AddItemToObject(o, "alternatives", others);
	return o;
}

static void name(cJSON *o, const char *key, const char *file)
{
	char clean[PATH_MAX];

	(void)cJSON_AddStringToObject(o, key, read_json_utf8(file, clean, sizeof clean));
}

static void names(cJSON *o, char *const *files, size_t n)
{
	char clean[PATH_MAX];

	if (n < 2) {
		name(o, "file", files[0]);
		return;
	}
	cJSON *a = cJSON_AddArrayToObject(o, "files");
	for (size_t i = 0; i < n; i++)
		(void)cJSON_AddItemToArray(
		    a, cJSON_CreateString(read_json_utf8(files[i], clean, sizeof clean)));
}

static bool print(FILE *to, cJSON *o)
{
	AUTO_FREE char *line = cJSON_PrintUnformatted(o);

	cJSON_Delete(o);
	return line && fprintf(to, "%s\n", line) > 0 && fflush(to) == 0;
}

bool read_json_plates(FILE *to, char *const *files, size_t n, double ms,
		      const struct plates *plates)
{
	cJSON *o = cJSON_CreateObject();

	names(o, files, n);
	(void)cJSON_AddItemToObject(o, "ms", number(ms, "%.2f"));
	cJSON *a = cJSON_AddArrayToObject(o, "plates");
	for (size_t i = 0; i < plates->n; i++)
		(void)cJSON_AddItemToArray(a, plate(&plates->at[i], n));
	return print(to, o);
}

bool read_json_error(FILE *to, char *const *files, size_t n, const char *bad, const char *why)
{
	cJSON *o = cJSON_CreateObject();
	char clean[512];

	if (n > 1)
		names(o, files, n);
	name(o, "file", bad);
	(void)cJSON_AddStringToObject(o, "error", read_json_utf8(why, clean, sizeof clean));
	return print(to, o);
}
