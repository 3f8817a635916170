/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/json.h"

#include "firmware/base/utf8.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* cJSON would end a text at an escaped NUL, take what it finds for UTF-8, and every control
 * character for white space. */
static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 && !is_space(text[i]))
			return false;
	return !memmem(text, len, "\\u0000", 6) && utf8_is_valid(text, len);
}

bool json_parse(const void *data, size_t len, cJSON **out, struct err *e)
{
	const char *text = data, *end = NULL;
	cJSON *o = NULL;

	*out = NULL;
	if (!is_plain(text, len))
		return err_set(e, ERR_FORMAT, "not JSON in UTF-8, or a control character");
	for (; len > 0 && is_space(*text); len--)
		text++;
	while (len > 0 && is_space(text[len - 1]))
		len--;
	/* It skips a byte order mark, which JSON may not have (RFC 8259, section 8.1). */
	if (len > 0 && *text == '{')
		o = cJSON_ParseWithLengthOpts(text, len, &end, false);
	if (o && cJSON_IsObject(o) && end == text + len) {
		*out = o;
		return true;
	}
	cJSON_Delete(o);
	return err_set(e, ERR_FORMAT, "not one JSON object");
}

static struct json_member *find(struct json_member *m, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(m[i].name, name) == 0)
			return &m[i];
	return NULL;
}

bool json_members(const cJSON *o, struct json_member *m, size_t n, struct err *e)
{
	const cJSON *x;

	for (size_t i = 0; i < n; i++)
		m[i].value = NULL;
	cJSON_ArrayForEach(x, o)
	{
		struct json_member *at = find(m, n, x->string);

		if (!at)
			return err_set(e, ERR_FORMAT, "a member that does not belong there");
		if (at->value)
			return err_set(e, ERR_FORMAT, "%s: there twice", at->name);
		at->value = x;
	}
	for (size_t i = 0; i < n; i++)
		if (m[i].needed && !m[i].value)
			return err_set(e, ERR_FORMAT, "%s: missing", m[i].name);
	return true;
}

const char *json_text(const struct json_member *m, size_t most, struct err *e)
{
	const char *text = cJSON_GetStringValue(m->value);

	if (!text)
		(void)err_set(e, ERR_FORMAT, "%s: not a text", m->name);
	else if (*text == '\0')
		(void)err_set(e, ERR_FORMAT, "%s: empty", m->name);
	else if (strlen(text) > most)
		(void)err_set(e, ERR_FORMAT, "%s: longer than %zu bytes", m->name, most);
	else if (!utf8_is_printable(text, strlen(text)))
		(void)err_set(e, ERR_FORMAT, "%s: a control character", m->name);
	else
		return text;
	return NULL;
}
