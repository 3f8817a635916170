/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ctl/audit_file.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define LINE_SIZE 65536u /* six fields of 1024 bytes, each of which JSON may write as six */
#define SEQ_MAX	  ((INT64_C(1) << 53) - 1) /* whole numbers that every JSON reader keeps exact */

struct audit_file {
	FILE *f;
	long first; /* where the records begin */
	int64_t line;
	struct audit_head head;
	char text[LINE_SIZE + 1];
};

/* --- numbers and hashes ------------------------------------------------------------------------
 */

bool audit_unhex(const char *text, uint8_t out[CRYPT_SHA256_SIZE])
{
	const size_t digits = (size_t)2 * CRYPT_SHA256_SIZE;

	if (!text || strlen(text) != digits || strspn(text, "0123456789abcdefABCDEF") != digits)
		return false;
	for (size_t i = 0; i < CRYPT_SHA256_SIZE; i++) {
		const char two[3] = {text[2 * i], text[2 * i + 1], '\0'};

		out[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return true;
}

static bool from_decimal(const char *text, char end, int64_t *out, const char **rest)
{
	char *stop;

	if (!text || !(isdigit((unsigned char)text[0]) || text[0] == '-'))
		return false;
	errno = 0;
	*out = strtoll(text, &stop, 10);
	*rest = stop + 1;
	return errno == 0 && *stop == end;
}

bool audit_head_parse(const char *text, struct audit_head *out, struct err *e)
{
	const char *hash;

	return (from_decimal(text, ':', &out->seq, &hash) && out->seq > 0 &&
		audit_unhex(hash, out->hash)) ||
	       err_set(e, ERR_ARGUMENT,
		       "a head is SEQ:HASH, a number and 64 hexadecimal digits, as a heartbeat or "
		       "audit verify gives it");
}

/* --- writing -----------------------------------------------------------------------------------
 */

static bool put(FILE *f, char *line, struct err *e)
{
	bool done;

	if (!line)
		return err_set(e, ERR_NO_MEMORY, "export: no memory");
	done = fputs(line, f) != EOF && fputc('\n', f) != EOF;
	free(line);
	return done || err_errno(e, errno, "export");
}

bool audit_file_put_head(FILE *f, const struct audit_head *head, struct err *e)
{
	return put(f, audit_line_of_head(head), e);
}

bool audit_file_put(FILE *f, const struct audit_row *r, struct err *e)
{
	return put(f, audit_line(r), e);
}

/* --- reading -----------------------------------------------------------------------------------
 */

/* The next line into f->text, without its end. */
static bool read_line(struct audit_file *f, bool *more, struct err *e)
{
	size_t len;

	f->line++;
	*more = fgets(f->text, sizeof f->text, f->f) != NULL;
	if (!*more)
		return !ferror(f->f) || err_errno(e, errno, "line %" PRId64, f->line);
	len = strlen(f->text);
	if (len == sizeof f->text - 1 && f->text[len - 1] != '\n')
		return err_set(e, ERR_LIMIT, "line %" PRId64 " is longer than a record can be",
			       f->line);
	if (len == 0 || f->text[len - 1] != '\n')
		return err_set(e, ERR_FORMAT, "line %" PRId64 " is cut off", f->line);
	f->text[len - 1] = '\0';
	return true;
}

static const char *member(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));
}

static bool take_seq(const cJSON *o, int64_t *out)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, "seq");

	if (!cJSON_IsNumber(n) || !(n->valuedouble >= -(double)SEQ_MAX) ||
	    !(n->valuedouble <= (double)SEQ_MAX))
		return false;
	*out = (int64_t)n->valuedouble;
	return true;
}

static bool take(const cJSON *o, struct audit_row *r)
{
	const char *rest;

	if (!take_seq(o, &r->seq) || !from_decimal(member(o, "at_ns"), '\0', &r->at_ns, &rest))
		return false;
	for (size_t i = 0; i < AUDIT_FIELDS; i++) {
		const char *text = member(o, AUDIT_FIELD_NAMES[i]);

		if (!text || strlen(text) > AUDIT_FIELD_MAX)
			return false;
		memcpy(r->text[i], text, strlen(text) + 1);
	}
	return audit_unhex(member(o, "prev"), r->prev) && audit_unhex(member(o, "hash"), r->hash);
}

/* Written again it must come out alike: nothing stands in the line that is not in the record. Frees
 * `line`. */
static bool is_canonical(const char *text, char *line, bool *same, struct err *e)
{
	if (!line)
		return err_set(e, ERR_NO_MEMORY, "audit: no memory");
	*same = strcmp(text, line) == 0;
	free(line);
	return true;
}

static bool parse_line(struct audit_file *f, struct audit_row *r, struct audit_head *head,
		       struct err *e)
{
	cJSON *o = cJSON_Parse(f->text);
	const char *hash = member(o, "hash");
	bool good = head ? take_seq(o, &head->seq) && audit_unhex(hash, head->hash) : take(o, r);

	cJSON_Delete(o);
	if (good &&
	    !is_canonical(f->text, head ? audit_line_of_head(head) : audit_line(r), &good, e))
		return false;
	return good || err_set(e, ERR_FORMAT,
			       "line %" PRId64 " is not %s as `alprctl audit export` writes it",
			       f->line, head ? "a head" : "a record");
}

static bool next(void *arg, struct audit_row *out, bool *more, struct err *e)
{
	struct audit_file *f = arg;

	return read_line(f, more, e) && (!*more || parse_line(f, out, NULL, e));
}

static bool again(void *arg, struct err *e)
{
	struct audit_file *f = arg;

	f->line = 1;
	return fseek(f->f, f->first, SEEK_SET) == 0 ||
	       err_errno(e, errno, "it cannot be read twice");
}

struct audit_source audit_file_source(struct audit_file *f)
{
	return (struct audit_source){next, again, f};
}

static bool begin(struct audit_file *f, const char *path, struct err *e)
{
	bool more;

	f->f = fopen(path, "re");
	if (!f->f)
		return err_errno(e, errno, "open");
	if (!read_line(f, &more, e))
		return false;
	if (!more)
		return err_set(e, ERR_FORMAT, "it is empty");
	if (!parse_line(f, NULL, &f->head, e))
		return false;
	f->first = ftell(f->f);
	return f->first >= 0 || err_errno(e, errno, "it cannot be read twice");
}

bool audit_file_open(const char *path, struct audit_file **out, struct err *e)
{
	struct audit_file *f = calloc(1, sizeof *f);

	*out = NULL;
	if (!f)
		return err_set(e, ERR_NO_MEMORY, "audit: no memory");
	if (!begin(f, path, e)) {
		audit_file_close(f);
		return false;
	}
	*out = f;
	return true;
}

void audit_file_close(struct audit_file *f)
{
	if (f && f->f)
		(void)fclose(f->f);
	free(f);
}

bool audit_file_ends(const struct audit_file *f, const struct audit_head *last, struct err *e)
{
	if (last->seq != f->head.seq)
		return err_set(e, ERR_SIGNATURE,
			       "audit: it ends with record %" PRId64
			       ", and its first line says %" PRId64 ": %s",
			       last->seq, f->head.seq,
			       last->seq < f->head.seq ? "it was cut" : "records were put to it");
	return memcmp(last->hash, f->head.hash, sizeof last->hash) == 0 ||
	       err_set(e, ERR_SIGNATURE,
		       "audit: record %" PRId64 " is not the one that its first line tells of",
		       last->seq);
}
