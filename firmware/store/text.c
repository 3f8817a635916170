/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Append, cutting at the end of out; returns the new length. */
static size_t PRINTF_LIKE(4, 5) append(char *out, size_t size, size_t len, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (len + 1 >= size)
		return len;
	va_start(ap, fmt);
	n = vsnprintf(out + len, size - len, fmt, ap);
	va_end(ap);
	if (n < 0)
		return len;
	return len + (size_t)n < size ? len + (size_t)n : size - 1;
}

char *text_chars(const struct plate_read *r, char out[TEXT_CHARS_SIZE])
{
	size_t n = strnlen(r->text, PLATE_TEXT_MAX), len;

	len = append(out, TEXT_CHARS_SIZE, 0, "[");
	for (size_t i = 0; i < n; i++)
		len =
		    append(out, TEXT_CHARS_SIZE, len, "%s%.3f", i ? "," : "", (double)r->chars[i]);
	(void)append(out, TEXT_CHARS_SIZE, len, "]");
	return out;
}

char *text_alternatives(const struct plate_read *r, char out[TEXT_ALTERNATIVES_SIZE])
{
	size_t len = append(out, TEXT_ALTERNATIVES_SIZE, 0, "[");

	for (size_t i = 0; i < r->n_alternatives && i < PLATE_ALTERNATIVES; i++)
		len = append(out, TEXT_ALTERNATIVES_SIZE, len, "%s[\"%s\",%.3f]", i ? "," : "",
			     r->alternatives[i].text, (double)r->alternatives[i].confidence);
	(void)append(out, TEXT_ALTERNATIVES_SIZE, len, "]");
	return out;
}

char *text_quad(const struct plate_quad *q, char out[TEXT_QUAD_SIZE])
{
	size_t len = append(out, TEXT_QUAD_SIZE, 0, "[");

	for (size_t i = 0; i < 8; i++)
		len = append(out, TEXT_QUAD_SIZE, len, "%s%.1f", i ? "," : "", (double)q->p[i]);
	(void)append(out, TEXT_QUAD_SIZE, len, "]");
	return out;
}

char *text_id(const uint8_t id[WIRE_ID_SIZE], char out[TEXT_ID_SIZE])
{
	for (size_t i = 0; i < WIRE_ID_SIZE; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", id[i]);
	return out;
}
