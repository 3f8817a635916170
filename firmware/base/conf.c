/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/conf.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#define KEYS_MAX 64u

/* What the callbacks of one pass over the text share. */
struct pass {
	const char *text, *end;
	int line; /* of the line handed to the parser last */
	bool failed;
	struct err *e;
	/* conf_fill */
	const char *folder, *section;
	const struct conf_key *keys;
	size_t n_keys;
	void *out;
	int seen[KEYS_MAX]; /* line where the key was given; 0: not yet */
	/* conf_sections */
	const char *const *names;
};

/*
 * inih takes its lines from here, so that we know their numbers and can refuse one that does not
 * fit its buffer (it would read the rest as a line of its own). Leading blanks are dropped: inih
 * would take an indented key for the continuation of the value before it.
 */
static char *next_line(char *out, int size, void *arg)
{
	struct pass *p = arg;
	const char *stop;
	size_t len;

	if (p->failed || p->text == p->end)
		return NULL;
	p->line++;
	stop = memchr(p->text, '\n', (size_t)(p->end - p->text));
	if (!stop)
		stop = p->end;
	while (p->text < stop && (*p->text == ' ' || *p->text == '\t'))
		p->text++;
	len = (size_t)(stop - p->text);
	if (size < 2 || len > (size_t)size - 2) {
		p->failed = true;
		(void)err_set(p->e, ERR_LIMIT, "line %d: longer than %d bytes", p->line, size - 2);
		return NULL;
	}
	memcpy(out, p->text, len);
	out[len] = '\n';
	out[len + 1] = '\0';
	p->text = stop < p->end ? stop + 1 : stop;
	return out;
}

/* All errors of a value look alike: "line 7: [store] retention_days: …". */
static bool bad_value(const struct pass *p, const struct conf_key *k, int line, const char *why)
{
	if (line > 0)
		return err_set(p->e, ERR_CONFIG, "line %d: [%s] %s: %s", line, p->section, k->name,
			       why);
	return err_set(p->e, ERR_CONFIG, "[%s] %s: %s", p->section, k->name, why);
}

static bool set_string(const struct pass *p, const struct conf_key *k, const char *value, int line)
{
	char *field = (char *)p->out + k->offset;

	if (strlen(value) >= CONF_STRING_MAX) {
		(void)bad_value(p, k, line, "too long");
		if (p->e)
			p->e->code = ERR_LIMIT;
		return false;
	}
	(void)snprintf(field, CONF_STRING_MAX, "%s", value);
	return true;
}

static bool set_path(const struct pass *p, const struct conf_key *k, const char *value, int line)
{
	char joined[2 * CONF_STRING_MAX];

	if (value[0] == '\0' || value[0] == '/')
		return set_string(p, k, value, line);
	(void)snprintf(joined, sizeof joined, "%s/%s", p->folder,
		       value); /* cut is still too long for the field */
	return set_string(p, k, joined, line);
}

static bool out_of_range(const struct pass *p, const struct conf_key *k, int line)
{
	char why[96];

	(void)snprintf(why, sizeof why, "not within %.15g to %.15g", k->min, k->max);
	return bad_value(p, k, line, why);
}

static bool set_int(const struct pass *p, const struct conf_key *k, const char *value, int line)
{
	char *end;
	int64_t n;

	errno = 0;
	n = strtoll(value, &end, 10);
	if (end == value || *end != '\0')
		return bad_value(p, k, line, "not a whole number");
	if (errno == ERANGE || (double)n < k->min || (double)n > k->max)
		return out_of_range(p, k, line);
	memcpy((char *)p->out + k->offset, &n, sizeof n);
	return true;
}

static bool set_real(const struct pass *p, const struct conf_key *k, const char *value, int line)
{
	char *end;
	double x;

	x = strtod(value, &end);
	if (end == value || *end != '\0' || !isfinite(x))
		return bad_value(p, k, line, "not a number");
	if (x < k->min || x > k->max)
		return out_of_range(p, k, line);
	memcpy((char *)p->out + k->offset, &x, sizeof x);
	return true;
}

static bool set_bool(const struct pass *p, const struct conf_key *k, const char *value, int line)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(value, words[i]) == 0) {
			bool b = i % 2 == 1;

			memcpy((char *)p->out + k->offset, &b, sizeof b);
			return true;
		}
	return bad_value(p, k, line, "neither yes nor no");
}

bool conf_listed(const char *name, const char *list)
{
	size_t len = strlen(name);

	for (const char *c = list; len > 0 && !strchr(name, '|') && c; c = strchr(c, '|')) {
		if (*c == '|')
			c++;
		if (strncmp(c, name, len) == 0 && (c[len] == '|' || c[len] == '\0'))
			return true;
	}
	return false;
}

static bool set_choice(const struct pass *p, const struct conf_key *k, const char *value, int line)
{
	char why[160];

	if (conf_listed(value, k->choices))
		return set_string(p, k, value, line);
	(void)snprintf(why, sizeof why, "none of %s", k->choices);
	return bad_value(p, k, line, why);
}

static bool set_value(const struct pass *p, const struct conf_key *k, const char *value, int line)
{
	switch (k->type) {
	case CONF_STRING:
		return set_string(p, k, value, line);
	case CONF_PATH:
		return set_path(p, k, value, line);
	case CONF_INT:
		return set_int(p, k, value, line);
	case CONF_REAL:
		return set_real(p, k, value, line);
	case CONF_BOOL:
		return set_bool(p, k, value, line);
	case CONF_CHOICE:
		return set_choice(p, k, value, line);
	}
	return err_set(p->e, ERR_ARGUMENT, "[%s] %s: no such type", p->section, k->name);
}

static bool take(struct pass *p, const char *name, const char *value)
{
	for (size_t i = 0; i < p->n_keys; i++) {
		const struct conf_key *k = &p->keys[i];

		if (strcmp(k->name, name) != 0)
			continue;
		if (p->seen[i])
			return bad_value(p, k, p->line, "given twice");
		p->seen[i] = p->line;
		if (value[0] == '\0' && !k->fallback)
			return bad_value(p, k, p->line, "empty");
		return set_value(p, k, value, p->line);
	}
	return err_set(p->e, ERR_CONFIG, "line %d: [%s] %.49s: unknown key", p->line, p->section,
		       name);
}

static int on_key(void *arg, const char *section, const char *name, const char *value)
{
	struct pass *p = arg;

	if (p->failed || strcmp(section, p->section) != 0)
		return 1;
	p->failed = !take(p, name, value);
	return !p->failed;
}

static int on_key_of_section(void *arg, const char *section, const char *name, const char *value)
{
	struct pass *p = arg;

	(void)value;
	if (p->failed)
		return 1;
	for (const char *const *n = p->names; *n; n++)
		if (strcmp(section, *n) == 0)
			return 1;
	p->failed = true;
	if (section[0] == '\0')
		(void)err_set(p->e, ERR_CONFIG, "line %d: %.49s: before the first [section]",
			      p->line, name);
	else
		(void)err_set(p->e, ERR_CONFIG, "line %d: [%.49s]: unknown section", p->line,
			      section);
	return 0;
}

static bool read_through(struct pass *p, size_t len, ini_handler handler)
{
	int bad;

	if (len > CONF_TEXT_MAX)
		return err_set(p->e, ERR_LIMIT, "larger than %u bytes", CONF_TEXT_MAX);
	if (len > 0 && memchr(p->text, '\0', len))
		return err_set(p->e, ERR_CONFIG, "holds NUL bytes: not a text");
	p->end = p->text + len;
	bad = ini_parse_stream(next_line, p, handler, p);
	if (p->failed)
		return false;
	if (bad < 0)
		return err_set(p->e, ERR_NO_MEMORY, "parser");
	if (bad > 0)
		return err_set(p->e, ERR_CONFIG, "line %d: neither [section] nor key = value", bad);
	return true;
}

bool conf_fill(const char *text, size_t len, const char *folder, const char *section,
	       const struct conf_key *keys, size_t n_keys, void *out, struct err *e)
{
	struct pass p = {.text = text,
			 .e = e,
			 .folder = folder,
			 .section = section,
			 .keys = keys,
			 .n_keys = n_keys,
			 .out = out};

	if (n_keys > KEYS_MAX)
		return err_set(e, ERR_ARGUMENT, "[%s]: more than %u keys", section, KEYS_MAX);
	if (!read_through(&p, len, on_key))
		return false;
	for (size_t i = 0; i < n_keys; i++) {
		if (p.seen[i])
			continue;
		if (!keys[i].fallback)
			return bad_value(&p, &keys[i], 0, "missing");
		if (!set_value(&p, &keys[i], keys[i].fallback, 0))
			return false;
	}
	return true;
}

bool conf_sections(const char *text, size_t len, const char *const *names, struct err *e)
{
	struct pass p = {.text = text, .e = e, .names = names};

	return read_through(&p, len, on_key_of_section);
}

static bool read_all(int fd, char *buffer, size_t size, size_t *len)
{
	*len = 0;
	while (*len < size) {
		ssize_t n = read(fd, buffer + *len, size - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return true;
}

bool conf_read(const char *path, char **text, size_t *len, struct err *e)
{
	AUTO_FREE char *buffer = NULL;
	/* O_NONBLOCK: a FIFO in the file's place must not hang us before the check for a regular
	 * file. */
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_errno(e, errno, "%s", path);
	if (fstat(fd, &st) < 0)
		return err_errno(e, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "%s: not a regular file", path);
	buffer = malloc(CONF_TEXT_MAX + 2);
	if (!buffer)
		return err_set(e, ERR_NO_MEMORY, "%s", path);
	if (!read_all(fd, buffer, CONF_TEXT_MAX + 1, len))
		return err_errno(e, errno, "%s", path);
	if (*len > CONF_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "%s: larger than %u bytes", path, CONF_TEXT_MAX);
	buffer[*len] = '\0';
	*text = steal_ptr(&buffer);
	return true;
}
