/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/archive.h"

#include "firmware/base/gift.h"
#include "firmware/base/jwe.h"
#include "firmware/store/audit_line.h"
#include "firmware/store/authenticity.h"
#include "firmware/store/manifest.h"
#include "firmware/store/tar.h"
#include "firmware/store/text.h"
#include "firmware/version.h"

#include <stdio.h>
#include <string.h>

#define PIECE	  16384u /* of a file in memory, sealed at once */
#define NAME_SIZE 80u
/* What all files but the manifest's reads and the pictures take, at most: but for the request. */
#define FIXED	  40960u

/* A stream into memory. */
struct text {
	FILE *f;
	char *data; /* good after text_end */
	size_t len;
};

static bool text_begin(struct text *t, struct err *e)
{
	t->f = open_memstream(&t->data, &t->len);
	return t->f || err_set(e, ERR_NO_MEMORY, "archive: no memory");
}

static bool text_end(struct text *t, struct err *e)
{
	FILE *f = t->f;
	bool good = f && !ferror(f);

	t->f = NULL;
	if (f && fclose(f) != 0)
		good = false;
	return good || err_set(e, ERR_NO_MEMORY, "archive: no memory");
}

static void text_free(struct text *t)
{
	if (t->f)
		(void)fclose(t->f);
	if (t->data)
		explicit_bzero(t->data, t->len);
	free(t->data);
	*t = (struct text){0};
}

static size_t text_size(const struct text *t)
{
	long at = t->f ? ftell(t->f) : (long)t->len;

	return at > 0 ? (size_t)at : 0;
}

/* The files that are no pictures, in the order of the archive. */
enum part { MANIFEST, SIGNATURE, REQUEST, CERTIFICATE, AUDIT, KEY, PARTS };

static const char *const part_names[PARTS] = {"manifest.json",	 "manifest.sig", "request.jws",
					      "certificate.txt", "audit.jsonl",	 "box.key"};

struct item { /* a passage that is in it */
	int64_t row;
	uint8_t passage_id[WIRE_ID_SIZE];
	uint32_t size[WIRE_PICTURES]; /* of its pictures; 0: none */
};

struct archive {
	struct archive_about about;
	struct lookup lookup;
	bool looked; /* the lookup is over */
	struct item *items;
	size_t n; /* gathered */
	struct archive_counts counts;
	size_t size;		  /* of the archive, as far as it is known */
	struct text reads, files; /* of the manifest */
	struct text manifest;	  /* with ARCHIVE_FORMAT in front, as it is signed */
	struct text audit;
	char *certificate;
	size_t certificate_len;
	uint8_t signature[CRYPT_SIGNATURE_MAX], key[CRYPT_SPKI_MAX];
	struct part_bytes {
		const char *data;
		size_t len;
	} parts[PARTS];
	/* writing */
	struct jwe_seal *seal;
	int fd;
	unsigned part; /* being written; PARTS: pictures are */
	size_t at;     /* so much of it is */
	size_t item;
	int64_t oldest_ns; /* kept_ns of the first one written */
};

bool archive_begin(const struct archive_about *about, const struct lookup_want *want,
		   struct archive **out, struct err *e)
{
	struct archive *a = calloc(1, sizeof *a);

	*out = NULL;
	if (!a)
		return err_set(e, ERR_NO_MEMORY, "archive: no memory");
	a->about = *about;
	a->fd = -1;
	a->size = FIXED + tar_length(about->jws_len);
	lookup_begin(&a->lookup, want);
	if (!text_begin(&a->reads, e) || !text_begin(&a->files, e)) {
		archive_free(a);
		return false;
	}
	*out = a;
	return true;
}

void archive_free(struct archive *a)
{
	if (!a)
		return;
	lookup_end(&a->lookup);
	text_free(&a->reads);
	text_free(&a->files);
	text_free(&a->manifest);
	text_free(&a->audit);
	jwe_seal_free(a->seal);
	if (a->fd >= 0)
		(void)close(a->fd);
	free(a->certificate);
	free(a->items);
	explicit_bzero(a, sizeof *a);
	free(a);
}

struct archive_counts archive_count(const struct archive *a)
{
	return a->counts;
}

/* --- gathering -----------------------------------------------------------------------------------
 */

static void picture_name(const uint8_t passage_id[WIRE_ID_SIZE], unsigned kind, char out[NAME_SIZE])
{
	char id[TEXT_ID_SIZE];

	(void)snprintf(out, NAME_SIZE, "reads/%s/%s.jpg", text_id(passage_id, id),
		       manifest_picture(kind));
}

static bool within_bounds(struct archive *a, struct err *e)
{
	return a->size + text_size(&a->reads) + text_size(&a->files) <= a->about.max_bytes ||
	       err_set(e, ERR_LIMIT, "the answer would be larger than %zu bytes",
		       a->about.max_bytes);
}

static bool gather_picture(struct archive *a, struct db *d, const struct retrieved *r,
			   struct item *item, unsigned kind, unsigned *damaged, struct err *e)
{
	AUTO_FREE uint8_t *jpeg = NULL;
	uint8_t digest[CRYPT_SHA256_SIZE];
	enum retrieved_picture what;
	char name[NAME_SIZE];
	size_t len;

	if (!retrieve_picture(d, r, kind, &what, &jpeg, &len, e))
		return false;
	if (what == RETRIEVED_DAMAGED)
		*damaged |= 1u << kind;
	if (what != RETRIEVED_GOOD || len == 0)
		return true;
	if (!crypt_sha256(jpeg, len, digest, e))
		return false;
	picture_name(r->passage_id, kind, name);
	(void)fputs(",\n", a->files.f);
	manifest_file(a->files.f, name, len, digest);
	item->size[kind] = (uint32_t)len;
	a->size += tar_length(len);
	a->counts.pictures++;
	a->counts.bytes += (int64_t)len;
	return true;
}

static bool gather_read(struct archive *a, struct db *d, struct retrieved *r, struct err *e)
{
	struct item *item = &a->items[a->counts.reads];
	unsigned damaged = 0;

	*item = (struct item){.row = r->row};
	memcpy(item->passage_id, r->passage_id, sizeof item->passage_id);
	for (unsigned kind = 0; kind < WIRE_PICTURES; kind++)
		if (!gather_picture(a, d, r, item, kind, &damaged, e))
			return false;
	(void)fputs(a->counts.reads > 0 ? ",\n" : "\n", a->reads.f);
	manifest_read(a->reads.f, r, a->lookup.want.offset_ns, damaged);
	a->counts.reads++;
	a->counts.damaged += !r->read + __builtin_popcount(damaged);
	return within_bounds(a, e);
}

static bool gather_next(struct archive *a, struct db *d, const struct periods *keys, struct err *e)
{
	CLEANUP(retrieved_free) struct retrieved r = {0};
	bool there;

	if (!retrieve(d, keys, a->lookup.rows[a->n], &r, &there, e))
		return false;
	a->n++;
	return !there || gather_read(a, d, &r, e);
}

static bool look(struct archive *a, struct db *d, const struct periods *keys, struct err *e)
{
	if (!lookup_step(&a->lookup, d, keys, &a->looked, e))
		return false;
	if (!a->looked)
		return true;
	a->items = calloc(a->lookup.n + 1, sizeof *a->items);
	return a->items || err_set(e, ERR_NO_MEMORY, "archive: no memory");
}

bool archive_gather(struct archive *a, struct db *d, const struct periods *keys, bool *done,
		    struct err *e)
{
	*done = false;
	if (!a->looked)
		return look(a, d, keys, e);
	if (a->n < a->lookup.n)
		return gather_next(a, d, keys, e);
	*done = true;
	return within_bounds(a, e);
}

/* --- composing -----------------------------------------------------------------------------------
 */

static bool compose_audit(struct archive *a, const struct audit_row *record, struct err *e)
{
	struct audit_head head = {.seq = record->seq};
	AUTO_FREE char *first = NULL, *line = audit_line(record);

	memcpy(head.hash, record->hash, sizeof head.hash);
	first = audit_line_of_head(&head);
	if (!first || !line || !text_begin(&a->audit, e))
		return err_set(e, ERR_NO_MEMORY, "archive: no memory");
	(void)fprintf(a->audit.f, "%s\n%s\n", first, line);
	return text_end(&a->audit, e);
}

static bool compose_certificate(struct archive *a, const struct audit_row *record, struct err *e)
{
	const struct archive_about *about = &a->about;
	struct authenticity c = {.site = about->site,
				 .board = about->board,
				 .firmware = FIRMWARE_VERSION,
				 .answered_ns = about->now_ns,
				 .clock = about->clock,
				 .request = about->request,
				 .subject = about->subject,
				 .serial = about->serial,
				 .audit_seq = record->seq,
				 .reads = a->counts.reads,
				 .pictures = a->counts.pictures,
				 .damaged = a->counts.damaged};

	memcpy(c.digest, about->digest, sizeof c.digest);
	memcpy(c.audit_hash, record->hash, sizeof c.audit_hash);
	return crypt_key_id(about->signer, c.key, e) &&
	       authenticity_write(&c, &a->certificate, &a->certificate_len, e);
}

static bool compose_manifest(struct archive *a, struct err *e)
{
	FILE *f;

	if (!text_end(&a->reads, e) || !text_end(&a->files, e) || !text_begin(&a->manifest, e))
		return false;
	f = a->manifest.f;
	(void)fputs(ARCHIVE_FORMAT, f);
	if (!manifest_head(f, &a->about))
		return err_set(e, ERR_NO_MEMORY, "archive: no memory");
	(void)fputs(",\"reads\":[", f);
	(void)fwrite(a->reads.data, 1, a->reads.len, f);
	(void)fputs("],\"files\":[", f);
	for (unsigned i = REQUEST; i < PARTS; i++) {
		uint8_t digest[CRYPT_SHA256_SIZE];

		if (!crypt_sha256(a->parts[i].data, a->parts[i].len, digest, e))
			return false;
		(void)fputs(i > REQUEST ? ",\n" : "\n", f);
		manifest_file(f, part_names[i], a->parts[i].len, digest);
	}
	(void)fwrite(a->files.data, 1, a->files.len, f);
	(void)fputs("]}", f);
	text_free(&a->reads);
	text_free(&a->files);
	return text_end(&a->manifest, e);
}

bool archive_compose(struct archive *a, const struct audit_row *record, struct err *e)
{
	const size_t prefix = strlen(ARCHIVE_FORMAT);
	size_t key_len, sig_len;

	if (!compose_audit(a, record, e) || !compose_certificate(a, record, e) ||
	    !crypt_key_public_der(a->about.signer, a->key, &key_len, e))
		return err_prefix(e, "archive");
	a->parts[REQUEST] = (struct part_bytes){a->about.jws, a->about.jws_len};
	a->parts[CERTIFICATE] = (struct part_bytes){a->certificate, a->certificate_len};
	a->parts[AUDIT] = (struct part_bytes){a->audit.data, a->audit.len};
	a->parts[KEY] = (struct part_bytes){(const char *)a->key, key_len};
	if (!compose_manifest(a, e) || !crypt_sign(a->about.signer, a->manifest.data,
						   a->manifest.len, a->signature, &sig_len, e))
		return err_prefix(e, "archive");
	a->parts[MANIFEST] =
	    (struct part_bytes){a->manifest.data + prefix, a->manifest.len - prefix};
	a->parts[SIGNATURE] = (struct part_bytes){(const char *)a->signature, sig_len};
	return true;
}

/* --- writing -------------------------------------------------------------------------------------
 */

static bool put_sealed(void *arg, const void *text, size_t len, struct err *e)
{
	const struct archive *a = arg;

	return gift_append(a->fd, text, len, e);
}

static bool begin_file(struct archive *a, const char *name, size_t size, struct err *e)
{
	uint8_t header[TAR_BLOCK];

	return jwe_seal_append(a->seal, tar_header(name, size, a->about.now_ns / NS_PER_S, header),
			       TAR_BLOCK, e);
}

static bool end_file(struct archive *a, size_t size, struct err *e)
{
	static const uint8_t zeros[TAR_BLOCK];

	return jwe_seal_append(a->seal, zeros, tar_padding(size), e);
}

static bool write_part(struct archive *a, struct err *e)
{
	const struct part_bytes *p = &a->parts[a->part];
	size_t len = p->len - a->at < PIECE ? p->len - a->at : PIECE;

	if (a->at == 0 && !begin_file(a, part_names[a->part], p->len, e))
		return false;
	if (!jwe_seal_append(a->seal, p->data + a->at, len, e))
		return false;
	a->at += len;
	if (a->at < p->len)
		return true;
	a->part++;
	a->at = 0;
	return end_file(a, p->len, e);
}

static bool gone(struct err *e)
{
	return err_set(e, ERR_AGAIN, "archive: reads have gone meanwhile");
}

static bool write_picture(struct archive *a, struct db *d, const struct retrieved *r, unsigned kind,
			  size_t size, struct err *e)
{
	AUTO_FREE uint8_t *jpeg = NULL;
	enum retrieved_picture what;
	char name[NAME_SIZE];
	size_t len;

	if (!retrieve_picture(d, r, kind, &what, &jpeg, &len, e))
		return false;
	if (what != RETRIEVED_GOOD || len != size)
		return gone(e);
	picture_name(r->passage_id, kind, name);
	return begin_file(a, name, len, e) && jwe_seal_append(a->seal, jpeg, len, e) &&
	       end_file(a, len, e);
}

/* Whatever is due by now is in no answer, also when it was found in time. */
static bool write_item(struct archive *a, struct db *d, const struct periods *keys,
		       int64_t floor_ns, struct err *e)
{
	CLEANUP(retrieved_free) struct retrieved r = {0};
	const struct item *item = &a->items[a->item];
	bool there;

	if (!retrieve(d, keys, item->row, &r, &there, e))
		return false;
	if (!there || r.kept_ns <= floor_ns ||
	    memcmp(r.passage_id, item->passage_id, sizeof r.passage_id) != 0)
		return gone(e);
	for (unsigned kind = 0; kind < WIRE_PICTURES; kind++)
		if (item->size[kind] > 0 && !write_picture(a, d, &r, kind, item->size[kind], e))
			return false;
	if (a->item++ == 0) /* rows go up with time */
		a->oldest_ns = r.kept_ns;
	return true;
}

static bool begin_writing(struct archive *a, struct err *e)
{
	return gift_begin("evidence", &a->fd, e) &&
	       jwe_seal_begin(a->about.to, ARCHIVE_TYP, (struct jwe_sink){put_sealed, a}, &a->seal,
			      e);
}

/* While the rest was written, what was written first may have fallen due. */
static bool finish(struct archive *a, int64_t floor_ns, bool *done, int *fd, struct err *e)
{
	static const uint8_t zeros[TAR_END];

	if (a->item > 0 && a->oldest_ns <= floor_ns)
		return gone(e);
	if (!jwe_seal_append(a->seal, zeros, sizeof zeros, e) || !jwe_seal_end(a->seal, e) ||
	    !gift_seal(a->fd, e))
		return false;
	*fd = steal_fd(&a->fd);
	*done = true;
	return true;
}

bool archive_write(struct archive *a, struct db *d, const struct periods *keys, int64_t floor_ns,
		   bool *done, int *fd, struct err *e)
{
	*done = false;
	*fd = -1;
	if (!a->seal && !begin_writing(a, e))
		return err_prefix(e, "archive");
	if (a->part < PARTS)
		return write_part(a, e) || err_prefix(e, "archive");
	if (a->item < (size_t)a->counts.reads)
		return write_item(a, d, keys, floor_ns, e);
	return finish(a, floor_ns, done, fd, e) || err_prefix(e, "archive");
}
