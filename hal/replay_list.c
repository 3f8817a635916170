/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/replay_list.h"

#include "firmware/base/cleanup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MAX ((size_t)REPLAY_LIST_BYTES_MAX * 4) /* bytes of all names */

static bool room_for(void **p, size_t *room, size_t need, size_t each, struct err *e)
{
	size_t more = *room ? *room : 64;
	void *q;

	if (need <= *room)
		return true;
	while (more < need)
		more *= 2;
	q = realloc(*p, more * each);
	if (!q)
		return err_set(e, ERR_NO_MEMORY, "no memory for the list");
	*p = q;
	*room = more;
	return true;
}

static bool add_name(struct replay_list *l, const char *prefix, const char *name, uint32_t *at,
		     struct err *e)
{
	size_t p = strlen(prefix), n = strlen(name) + 1;
	void *names = l->names;

	if (l->names_len + p + n > NAMES_MAX)
		return err_set(e, ERR_LIMIT, "the names are longer than %zu bytes", NAMES_MAX);
	if (!room_for(&names, &l->names_room, l->names_len + p + n, 1, e))
		return false;
	l->names = names;
	memcpy(l->names + l->names_len, prefix, p);
	memcpy(l->names + l->names_len + p, name, n);
	*at = (uint32_t)l->names_len;
	l->names_len += p + n;
	return true;
}

static bool add_pair(struct replay_list *l, const struct replay_pair *pair, struct err *e)
{
	void *pairs = l->pairs;

	if (l->n >= REPLAY_LIST_MAX)
		return err_set(e, ERR_LIMIT, "more than %u pairs", REPLAY_LIST_MAX);
	if (!room_for(&pairs, &l->pairs_room, l->n + 1, sizeof *l->pairs, e))
		return false;
	l->pairs = pairs;
	l->pairs[l->n++] = *pair;
	return true;
}

/* --- folders --------------------------------------------------------------------------------- */

static int is_picture(const struct dirent *d)
{
	static const char *const ends[] = {"jpg", "jpeg", "png", "bmp",
					   "pgm", "ppm",  "pnm", "webp"};
	const char *dot = strrchr(d->d_name, '.');

	if (!dot || d->d_name[0] == '.')
		return 0;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (strcasecmp(dot + 1, ends[i]) == 0)
			return 1;
	return 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

struct names {
	struct dirent **d;
	int n;
};

static void names_free(struct names *s)
{
	for (int i = 0; i < s->n; i++)
		free(s->d[i]);
	free(s->d);
	s->d = NULL;
	s->n = 0;
}

static bool scan(int folder, const char *below, struct names *out, struct err *e)
{
	int n = scandirat(folder, below, &out->d, is_picture, by_bytes);

	if (n < 0) {
		out->d = NULL;
		(void)err_errno(e, errno, "list the folder %s", below);
		return false;
	}
	out->n = n;
	return true;
}

static size_t stem(const char *name)
{
	return (size_t)(strrchr(name, '.') - name);
}

/* Which of two files comes first by name without extension; 0: they are a pair. */
static int stem_order(const struct dirent *a, const struct dirent *b)
{
	size_t na = stem(a->d_name), nb = stem(b->d_name), n = na < nb ? na : nb;
	int c = memcmp(a->d_name, b->d_name, n);

	return c ? c : (na > nb) - (na < nb);
}

static int by_stem(const void *a, const void *b)
{
	return stem_order(*(struct dirent *const *)a, *(struct dirent *const *)b);
}

static bool join_cameras(struct replay_list *l, const struct names *c0, const struct names *c1,
			 struct err *e)
{
	int i = 0, k = 0;

	while (i < c0->n || k < c1->n) {
		struct replay_pair p = {.name = {REPLAY_NO_FILE, REPLAY_NO_FILE}};
		int order = i >= c0->n ? 1 : k >= c1->n ? -1 : stem_order(c0->d[i], c1->d[k]);

		if (order <= 0 && !add_name(l, "cam0/", c0->d[i++]->d_name, &p.name[0], e))
			return false;
		if (order >= 0 && !add_name(l, "cam1/", c1->d[k++]->d_name, &p.name[1], e))
			return false;
		if (!add_pair(l, &p, e))
			return false;
	}
	return true;
}

static bool list_cameras(struct replay_list *l, struct err *e)
{
	CLEANUP(names_free) struct names c0 = {0}, c1 = {0};

	if (!scan(l->folder, "cam0", &c0, e) || !scan(l->folder, "cam1", &c1, e))
		return false;
	/* scandir sorted whole names: "a.jpg" and "a-1.jpg" lie the other way round without
	 * extension. */
	if (c0.n > 1)
		qsort(c0.d, (size_t)c0.n, sizeof(void *), by_stem);
	if (c1.n > 1)
		qsort(c1.d, (size_t)c1.n, sizeof(void *), by_stem);
	return join_cameras(l, &c0, &c1, e);
}

static bool list_flat(struct replay_list *l, bool single, struct err *e)
{
	CLEANUP(names_free) struct names all = {0};
	int step = single ? 1 : 2;

	if (!scan(l->folder, ".", &all, e))
		return false;
	for (int i = 0; i < all.n; i += step) {
		struct replay_pair p = {.name = {REPLAY_NO_FILE, REPLAY_NO_FILE}};

		if (!add_name(l, "", all.d[i]->d_name, &p.name[0], e))
			return false;
		if (!single && i + 1 < all.n &&
		    !add_name(l, "", all.d[i + 1]->d_name, &p.name[1], e))
			return false;
		if (!add_pair(l, &p, e))
			return false;
	}
	return true;
}

static bool is_folder(int at, const char *name)
{
	struct stat st;

	return fstatat(at, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static bool list_folder(struct replay_list *l, bool single, struct err *e)
{
	if (!single && is_folder(l->folder, "cam0") && is_folder(l->folder, "cam1"))
		return list_cameras(l, e);
	return list_flat(l, single, e);
}

/* --- list files ------------------------------------------------------------------------------ */

static bool stays_below(const char *path)
{
	if (*path == '/')
		return false;
	for (const char *p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || !p[2]))
			return false;
	}
	return true;
}

static bool take_name(struct replay_list *l, const char *field, uint32_t *at, struct err *e)
{
	if (strcmp(field, "-") == 0) {
		*at = REPLAY_NO_FILE;
		return true;
	}
	if (strlen(field) >= PATH_MAX || !stays_below(field))
		return err_set(e, ERR_FORMAT, "names a file that is not below the list's folder");
	return add_name(l, "", field, at, e);
}

static bool take_time(const char *field, int64_t *out, struct err *e)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(field, &end, 10);
	if (errno || end == field || *end || v <= 0)
		return err_set(e, ERR_FORMAT, "has a time that is not in nanoseconds since 1970");
	*out = v;
	return true;
}

static bool take_line(struct replay_list *l, char *line, bool single, struct err *e)
{
	const char *by = strchr(line, '\t') ? "\t" : " ";
	struct replay_pair p = {.name = {REPLAY_NO_FILE, REPLAY_NO_FILE}};
	char *state = NULL, *field[5] = {0};
	size_t n = 0, files = single ? 1 : 2;

	for (char *f = strtok_r(line, by, &state); f && n < 5; f = strtok_r(NULL, by, &state))
		field[n++] = f;
	if (n < files || n > 2 * files)
		return err_set(e, ERR_FORMAT, "is not %s",
			       single ? "FILE [TIME]" : "FILE0 FILE1 [TIME0 [TIME1]]");
	for (size_t i = 0; i < files; i++)
		if (!take_name(l, field[i], &p.name[i], e))
			return false;
	if (p.name[0] == REPLAY_NO_FILE && p.name[1] == REPLAY_NO_FILE)
		return err_set(e, ERR_FORMAT, "names no picture");
	for (size_t i = files; i < n; i++)
		if (!take_time(field[i], &p.capture_ns[i - files], e))
			return false;
	if (n == files + 1)
		p.capture_ns[FRAME_CAMERAS - 1] = p.capture_ns[0];
	return add_pair(l, &p, e);
}

static bool parse_list(struct replay_list *l, FILE *f, bool single, struct err *e)
{
	AUTO_FREE char *line = NULL;
	size_t room = 0, at = 0;
	ssize_t n;

	while ((n = getline(&line, &room, f)) >= 0) {
		at++;
		if (memchr(line, 0, (size_t)n))
			return err_set(e, ERR_FORMAT, "line %zu holds a NUL byte", at);
		while (n > 0 && isspace((unsigned char)line[n - 1]))
			line[--n] = 0;
		if (n == 0 || line[0] == '#')
			continue;
		if (!take_line(l, line, single, e))
			return err_prefix(e, "line %zu", at);
	}
	return ferror(f) ? err_errno(e, errno, "read") : true;
}

static bool list_file(struct replay_list *l, const char *source, bool single, struct err *e)
{
	AUTO_FREE char *folder = strdup(source);
	AUTO_FCLOSE FILE *f = NULL;
	struct stat st;
	char *slash;

	if (!folder)
		return err_set(e, ERR_NO_MEMORY, "no memory for the list");
	f = fopen(source, "re");
	if (!f)
		return err_errno(e, errno, "open");
	if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_FORMAT, "neither a folder nor a file");
	if (st.st_size > (off_t)REPLAY_LIST_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "a list of more than %u bytes", REPLAY_LIST_BYTES_MAX);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = 0;
	l->folder = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->folder < 0)
		return err_errno(e, errno, "open the folder");
	return parse_list(l, f, single, e);
}

/* --- the door -------------------------------------------------------------------------------- */

bool replay_list_open(const char *source, bool single, struct replay_list *out, struct err *e)
{
	bool ok;

	memset(out, 0, sizeof *out);
	out->folder = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->folder >= 0)
		ok = list_folder(out, single, e);
	else if (errno == ENOTDIR)
		ok = list_file(out, source, single, e);
	else
		ok = err_errno(e, errno, "open");
	if (ok && out->n == 0)
		ok = err_set(e, ERR_NOT_FOUND, "there are no pictures");
	return ok || err_prefix(e, "%s", source);
}

void replay_list_free(struct replay_list *l)
{
	if (l->folder >= 0)
		(void)close(l->folder);
	free(l->pairs);
	free(l->names);
	memset(l, 0, sizeof *l);
	l->folder = -1;
}

const char *replay_list_name(const struct replay_list *l, size_t i, unsigned camera)
{
	uint32_t at = l->pairs[i].name[camera];

	return at == REPLAY_NO_FILE ? NULL : l->names + at;
}
