/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sim/wanted.h"

#include "firmware/base/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define TEXT_MOST 8u

static bool plate_text(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (!(s[i] >= 'A' && s[i] <= 'Z') && !(s[i] >= '0' && s[i] <= '9'))
			return false;
	return n >= 1 && n <= TEXT_MOST;
}

static bool two_letters(const char *s)
{
	return isupper((unsigned char)s[0]) && isupper((unsigned char)s[1]) && s[2] == '\0';
}

/* 1: a plate; 0: nothing on this line; -1: nonsense. */
static int parse(char *line, struct wanted_plate *out)
{
	char *save = NULL, *hash = strchr(line, '#');
	char *text, *where;

	if (hash)
		*hash = '\0';
	text = strtok_r(line, " \t\r\n", &save);
	if (!text)
		return 0;
	where = strtok_r(NULL, " \t\r\n", &save);
	if (!plate_text(text) ||
	    (where && (!two_letters(where) || strtok_r(NULL, " \t\r\n", &save))))
		return -1;
	(void)snprintf(out->text, sizeof out->text, "%s", text);
	(void)snprintf(out->jurisdiction, sizeof out->jurisdiction, "%s", where ? where : "");
	return 1;
}

static bool add(struct wanted *w, size_t *room, const struct wanted_plate *p, struct err *e)
{
	if (w->n == WANTED_MAX)
		return err_set(e, ERR_LIMIT, "plates: more than %u", WANTED_MAX);
	if (w->n == *room) {
		size_t more = *room ? *room * 2 : 64;
		struct wanted_plate *grown = realloc(w->plates, more * sizeof *grown);

		if (!grown)
			return err_set(e, ERR_NO_MEMORY, "plates: out of memory");
		w->plates = grown;
		*room = more;
	}
	w->plates[w->n++] = *p;
	return true;
}

static bool read_lines(FILE *f, const char *path, struct wanted *out, struct err *e)
{
	char line[128];
	size_t room = 0;

	for (unsigned n = 1; fgets(line, sizeof line, f); n++) {
		struct wanted_plate p;
		int got = strchr(line, '\n') || feof(f) ? parse(line, &p) : -1;

		if (got < 0)
			return err_set(e, ERR_FORMAT, "%s: line %u: not a plate and a jurisdiction",
				       path, n);
		if (got > 0 && !add(out, &room, &p, e))
			return false;
	}
	return ferror(f) ? err_errno(e, errno, "%s", path) : true;
}

bool wanted_read(const char *path, struct wanted *out, struct err *e)
{
	AUTO_FCLOSE FILE *f = fopen(path, "re");

	memset(out, 0, sizeof *out);
	if (!f)
		return err_errno(e, errno, "%s", path);
	if (read_lines(f, path, out, e))
		return true;
	wanted_free(out);
	return false;
}

void wanted_free(struct wanted *w)
{
	free(w->plates);
	memset(w, 0, sizeof *w);
}

bool wanted_has(const struct wanted *w, const char *text)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->plates[i].text, text) == 0)
			return true;
	return false;
}
