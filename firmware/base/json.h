/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON from outside that has been signed or sealed: one object, read so that nobody else who reads
 * it can see other members or other texts in it than we do. The rest of the work is cJSON's.
 */
#ifndef FIRMWARE_BASE_JSON_H
#define FIRMWARE_BASE_JSON_H

#include "firmware/base/err.h"

#include <cjson/cJSON.h>
#include <stddef.h>

/*
 * Parse exactly one object (RFC 8259), and nothing around it but white space. *out: cJSON_Delete.
 * ERR_FORMAT: it is none, its text is not well-formed UTF-8 (RFC 3629) or holds NUL, bare or
 * escaped.
 */
bool json_parse(const void *data, size_t len, cJSON **out, struct err *e) MUST_CHECK;

/* One member of an object: is its name among those expected? */
struct json_member {
	const char *name;
	bool needed;
	const cJSON *value; /* filled by json_members: NULL when it is not there */
};

/* Find the members. ERR_FORMAT with the member's name where it is one of `m`: a member that is not
 * expected, one twice, one that is needed and absent. */
bool json_members(const cJSON *o, struct json_member *m, size_t n, struct err *e) MUST_CHECK;

/* The text of a member. NULL, and *e ERR_FORMAT with its name: it is no text, empty, longer than
 * `most` bytes, or has a control character in it. */
const char *json_text(const struct json_member *m, size_t most, struct err *e) MUST_CHECK;

#endif
