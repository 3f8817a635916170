/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration: an INI text (libinih's dialect: [section], key = value, ; and # comments), turned
 * once into a const struct by a table of keys. Each role owns its table and struct in
 * firmware/<role>/conf.{c,h}; this file knows only how to fill one. A line has at most 198 bytes
 * (Debian's libinih).
 */
#ifndef FIRMWARE_BASE_CONF_H
#define FIRMWARE_BASE_CONF_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define CONF_TEXT_MAX	65536u /* bytes of a configuration file; larger is refused */
#define CONF_STRING_MAX 256u   /* bytes of a string value with its NUL */

enum conf_type {
	CONF_STRING, /* char[CONF_STRING_MAX] */
	CONF_PATH,  /* char[CONF_STRING_MAX], absolute, or relative to the configuration's folder */
	CONF_INT,   /* int64_t, within [min, max] */
	CONF_REAL,  /* double, within [min, max] */
	CONF_BOOL,  /* bool: yes/no/true/false/on/off */
	CONF_CHOICE /* char[CONF_STRING_MAX], one of `choices` ("a|b|c") */
};

struct conf_key {
	const char *name; /* key inside the section */
	enum conf_type type;
	size_t offset;	      /* of the field in the struct */
	const char *fallback; /* text of the default; NULL: the key must be given */
	double min, max;      /* CONF_INT and CONF_REAL */
	const char *choices;  /* CONF_CHOICE */
	const char *help;     /* one line, for the documentation and for --help-config */
};

/*
 * Fill `out` (of the type that `keys` describes) from section `section` of `text`. `folder` is what
 * relative paths are relative to. Every key gets its value or its default.
 * Errors: ERR_CONFIG with section, key and line: unknown key in this section, key given twice,
 * value of the wrong type or out of range, missing key, text that is no INI, NUL bytes; ERR_LIMIT:
 * text, line or value too long. Sections other than `section` are not looked at (see
 * conf_sections).
 */
bool conf_fill(const char *text, size_t len, const char *folder, const char *section,
	       const struct conf_key *keys, size_t n_keys, void *out, struct err *e) MUST_CHECK;

/* Check that `text` holds no section but those named (NULL-terminated list). ERR_CONFIG otherwise.
 */
bool conf_sections(const char *text, size_t len, const char *const *names,
		   struct err *e) MUST_CHECK;

/* Whether `list` ("a|b", as in conf_key.choices) has `name`; "" and what holds a '|' it never has.
 */
bool conf_listed(const char *name, const char *list);

/* Read a whole configuration file into malloc'd *text (caller frees). ERR_NOT_FOUND, ERR_IO,
 * ERR_LIMIT. */
bool conf_read(const char *path, char **text, size_t *len, struct err *e) MUST_CHECK;

#endif
