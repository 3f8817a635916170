/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/text.h"

#include <inttypes.h>
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

static size_t append_read(char *out, size_t len, const struct plate_read *r)
{
	char chars[TEXT_CHARS_SIZE], alternatives[TEXT_ALTERNATIVES_SIZE];
	const char *quote = r->jurisdiction[0] ? "\"" : "";

	len =
	    append(out, TEXT_READ_SIZE, len,
		   "\"plate\":\"%s\",\"jurisdiction\":%s%s%s,\"confidence\":%.6f,\"chars\":%s,"
		   "\"alternatives\":%s",
		   r->text, quote, quote[0] ? r->jurisdiction : "null", quote,
		   (double)r->confidence, text_chars(r, chars), text_alternatives(r, alternatives));
	explicit_bzero(chars, sizeof chars);
	explicit_bzero(alternatives, sizeof alternatives);
	return len;
}

char *text_read(const struct wire_passage *p, uint64_t list_version, char out[TEXT_READ_SIZE])
{
	size_t len = append(out, TEXT_READ_SIZE, 0, "{");
	char quad[TEXT_QUAD_SIZE];
	bool any = false;

	len = append_read(out, len, &p->read);
	len = append(out, TEXT_READ_SIZE, len, ",\"angles\":[");
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		const struct wire_angle *a = &p->angles[i];

		if (!a->present)
			continue;
		len =
		    append(out, TEXT_READ_SIZE, len,
			   "%s{\"camera\":%u,\"capture_ns\":%" PRId64 ",\"frames\":%u,\"quad\":%s,",
			   any ? "," : "", i, a->capture_ns, (unsigned)a->frames,
			   text_quad(&a->quad, quad));
		len = append_read(out, len, &a->read);
		len = append(out, TEXT_READ_SIZE, len, "}");
		any = true;
	}
	len = append(out, TEXT_READ_SIZE, len, "]");
	if (list_version > 0)
		len = append(out, TEXT_READ_SIZE, len, ",\"list_version\":%" PRIu64, list_version);
	(void)append(out, TEXT_READ_SIZE, len, "}");
	return out;
}

char *text_id(const uint8_t id[WIRE_ID_SIZE], char out[TEXT_ID_SIZE])
{
	for (size_t i = 0; i < WIRE_ID_SIZE; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", id[i]);
	return out;
}
