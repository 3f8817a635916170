/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ctl/evidence_verify.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/gift.h"
#include "firmware/base/json.h"
#include "firmware/ctl/audit_file.h"
#include "firmware/ctl/ctl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define FORMAT "alpr-evidence-1"

static void PRINTF_LIKE(2, 3) say(struct evidence *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (v->n_verified < EVIDENCE_LINES)
		(void)vsnprintf(v->verified[v->n_verified++], EVIDENCE_LINE_SIZE, fmt, ap);
	va_end(ap);
}

static void PRINTF_LIKE(2, 3) leave_open(struct evidence *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (v->n_open < EVIDENCE_LINES)
		(void)vsnprintf(v->open[v->n_open++], EVIDENCE_LINE_SIZE, fmt, ap);
	va_end(ap);
}

static void key_cleanup(struct crypt_key **k)
{
	crypt_key_free(*k);
}

static void identity_cleanup(struct identity **who)
{
	identity_free(*who);
}

static void authorities_cleanup(struct identity_authorities **ca)
{
	identity_authorities_free(*ca);
}

static void jws_cleanup(struct jws *j)
{
	jws_free(j);
}

static void chain_cleanup(struct audit_file **f)
{
	audit_file_close(*f);
}

static const struct evidence_file *part(const struct evidence *v, enum evidence_part which)
{
	return &v->archive.files[which];
}

static bool hash_of(const struct evidence_file *f, char out[AUDIT_HEX_SIZE], struct err *e)
{
	uint8_t hash[CRYPT_SHA256_SIZE];

	return crypt_sha256(f->data, f->len, hash, e) && audit_hex(hash, out);
}

/* --- the box's signature -------------------------------------------------------------------------
 */

/* Is the key that signed the one that is known from elsewhere? */
static bool check_box_key(struct evidence *v, const uint8_t id[CRYPT_SHA256_SIZE],
			  const char *wanted, struct err *e)
{
	CLEANUP(key_cleanup) struct crypt_key *k = NULL;
	uint8_t known[CRYPT_SHA256_SIZE];

	if (!wanted) {
		leave_open(v,
			   "whose box it is: compare its key, %s, with the one that its heartbeats "
			   "name, or give that as --box-key",
			   v->box_key);
		return true;
	}
	if (!audit_unhex(wanted, known) &&
	    (!crypt_key_load_public(wanted, &k, e) || !crypt_key_id(k, known, e)))
		return err_prefix(e, "--box-key");
	if (memcmp(known, id, sizeof known) != 0)
		return err_set(e, ERR_SIGNATURE, "it was signed by another key than --box-key");
	say(v, "the key that signed is the one that was given: %s", v->box_key);
	return true;
}

static bool check_signature(struct evidence *v, const char *wanted, struct err *e)
{
	CLEANUP(key_cleanup) struct crypt_key *k = NULL;
	const struct evidence_file *manifest = part(v, EVIDENCE_MANIFEST),
				   *sig = part(v, EVIDENCE_SIGNATURE), *key = part(v, EVIDENCE_KEY);
	AUTO_FREE uint8_t *said = malloc(sizeof FORMAT - 1 + manifest->len);
	uint8_t id[CRYPT_SHA256_SIZE];

	if (!said)
		return err_set(e, ERR_NO_MEMORY, "manifest");
	memcpy(said, FORMAT, sizeof FORMAT - 1);
	memcpy(said + sizeof FORMAT - 1, manifest->data, manifest->len);
	if (!crypt_key_parse_public(key->data, key->len, &k, e))
		return err_prefix(e, "box.key");
	if (!crypt_verify(k, said, sizeof FORMAT - 1 + manifest->len, sig->data, sig->len, e))
		return err_prefix(e, "manifest.sig");
	if (!crypt_key_id(k, id, e) || !hash_of(manifest, v->manifest_hash, e))
		return false;
	(void)audit_hex(id, v->box_key);
	say(v, "manifest.json is signed with the key in box.key");
	return check_box_key(v, id, wanted, e);
}

/* --- the manifest --------------------------------------------------------------------------------
 */

/* An object or a list of the manifest; NULL, and *e set, when it is not there. */
static const cJSON *child(const cJSON *o, const char *name, bool list, struct err *e)
{
	const cJSON *x = cJSON_GetObjectItemCaseSensitive(o, name);

	if (list ? cJSON_IsArray(x) : cJSON_IsObject(x))
		return x;
	(void)err_set(e, ERR_FORMAT, "manifest.json: %s: missing", name);
	return NULL;
}

static bool each_once(const cJSON *o, struct err *e)
{
	for (const cJSON *x = o->child; x; x = x->next)
		if (cJSON_GetObjectItemCaseSensitive(o, x->string) != x)
			return err_set(e, ERR_FORMAT, "manifest.json: a member is there twice");
	return true;
}

static bool check_manifest(struct evidence *v, struct err *e)
{
	const struct evidence_file *f = part(v, EVIDENCE_MANIFEST);

	if (!json_parse(f->data, f->len, &v->manifest, e))
		return err_prefix(e, "manifest.json");
	if (strcmp(ctl_text(v->manifest, "format"), FORMAT) != 0)
		return err_set(e, ERR_FORMAT, "manifest.json: format: not " FORMAT);
	if (!ctl_true(v->manifest, "complete"))
		return err_set(e, ERR_FORMAT, "manifest.json: it does not say that it is complete");
	return child(v->manifest, "cameras", false, e) && each_once(v->manifest, e);
}

static bool check_file(const cJSON *listed, const struct evidence_file *f, struct err *e)
{
	char hash[AUDIT_HEX_SIZE];

	if (strcmp(ctl_text(listed, "name"), f->name) != 0)
		return err_set(e, ERR_FORMAT, "%s: not where manifest.json lists it", f->name);
	if (!hash_of(f, hash, e))
		return false;
	return (ctl_number(listed, "size") == (double)f->len &&
		strcmp(ctl_text(listed, "sha256"), hash) == 0) ||
	       err_set(e, ERR_SIGNATURE, "%s: not the file that manifest.json tells of", f->name);
}

/* All files but the manifest and its signature, in the order of the archive. */
static bool check_files(struct evidence *v, struct err *e)
{
	const cJSON *files = child(v->manifest, "files", true, e), *listed;
	size_t n = EVIDENCE_REQUEST;

	if (!files)
		return false;
	cJSON_ArrayForEach(listed, files)
	{
		if (n == v->archive.n)
			return err_set(e, ERR_FORMAT,
				       "a file that manifest.json lists is not in the archive");
		if (!check_file(listed, &v->archive.files[n++], e))
			return false;
	}
	if (n != v->archive.n)
		return err_set(e, ERR_FORMAT, "%s: manifest.json does not list it",
			       v->archive.files[n].name);
	say(v,
	    "each of the %zu files that manifest.json lists is there with its SHA-256, and no "
	    "other",
	    n - EVIDENCE_REQUEST);
	return true;
}

static bool is_id(const char *text)
{
	return strlen(text) == EVIDENCE_ID_LENGTH &&
	       strspn(text, "0123456789abcdef") == EVIDENCE_ID_LENGTH;
}

/* Pictures come in the order of the reads: each belongs to one. */
static bool check_reads(struct evidence *v, struct err *e)
{
	const cJSON *reads = child(v->manifest, "reads", true, e), *read;
	size_t n = EVIDENCE_PARTS;

	if (!reads)
		return false;
	cJSON_ArrayForEach(read, reads)
	{
		const char *id = ctl_text(read, "passage");

		if (!cJSON_IsObject(read) || !is_id(id))
			return err_set(e, ERR_FORMAT, "manifest.json: reads: not one");
		while (n < v->archive.n && memcmp(evidence_picture_id(v->archive.files[n].name), id,
						  EVIDENCE_ID_LENGTH) == 0)
			n++;
	}
	if (n < v->archive.n)
		return err_set(e, ERR_FORMAT, "%s: of no read in manifest.json",
			       v->archive.files[n].name);
	say(v, "%d reads, and each of the %zu pictures belongs to one of them",
	    cJSON_GetArraySize(reads), n - EVIDENCE_PARTS);
	return true;
}

/* --- the request ---------------------------------------------------------------------------------
 */

static bool is_same_key(const struct crypt_key *a, const struct crypt_key *b, bool *same,
			struct err *e)
{
	uint8_t x[CRYPT_SHA256_SIZE], y[CRYPT_SHA256_SIZE];

	if (!crypt_key_id(a, x, e) || !crypt_key_id(b, y, e))
		return false;
	*same = memcmp(x, y, sizeof x) == 0;
	return true;
}

static bool same_text(const struct evidence *v, const char *name, const char *wanted, struct err *e)
{
	return strcmp(ctl_text(v->manifest, name), wanted) == 0 ||
	       err_set(e, ERR_SIGNATURE, "manifest.json: %s: not as in the request", name);
}

static bool same_time(const struct evidence *v, const char *name, int64_t ns, struct err *e)
{
	char text[CLOCK_RFC3339_SIZE];

	return same_text(v, name, v->request.has_window ? clock_rfc3339(ns, text) : "", e);
}

/* What the box says that it was asked is what it was asked. */
static bool check_scope(const struct evidence *v, const struct identity *who, struct err *e)
{
	const struct request *r = &v->request;

	return same_text(v, "request", v->request_hash, e) && same_text(v, "site", r->camera, e) &&
	       same_text(v, "case_number", r->case_number, e) &&
	       same_text(v, "purpose", r->purpose, e) &&
	       same_text(v, "requester", identity_subject(who), e) &&
	       same_text(v, "serial", identity_serial(who), e) &&
	       same_text(v, "plate", r->plate, e) && same_time(v, "from", r->from_ns, e) &&
	       same_time(v, "to", r->to_ns, e);
}

/* Was the certificate good, and for evidence, when the box answered? */
static bool check_authority(struct evidence *v, const struct jws *j, const char *path,
			    struct err *e)
{
	CLEANUP(authorities_cleanup) struct identity_authorities *ca = NULL;
	CLEANUP(identity_cleanup) struct identity *who = NULL;
	int64_t answered;

	if (!path) {
		leave_open(v, "by which authority the requester's certificate was issued: "
			      "give it as --ca");
		return true;
	}
	if (!clock_parse_rfc3339(ctl_text(v->manifest, "answered"), &answered))
		return err_set(e, ERR_FORMAT, "manifest.json: answered: not a time");
	if (!identity_authorities_load(path, &ca, e))
		return err_prefix(e, "--ca");
	if (!identity_of_chain(j->chain, j->n_chain, ca, answered, &who, e))
		return err_prefix(e, "request.jws");
	if (identity_role(who) != IDENTITY_EVIDENCE)
		return err_set(e, ERR_POLICY, "request.jws: role %s, and not EVIDENCE",
			       identity_role_name(identity_role(who)));
	say(v, "the requester's certificate was good for evidence when the box answered");
	return true;
}

static bool check_request(struct evidence *v, const struct evidence_wanted *wanted, struct err *e)
{
	CLEANUP(jws_cleanup) struct jws j = {0};
	CLEANUP(identity_cleanup) struct identity *who = NULL;
	CLEANUP(key_cleanup) struct crypt_key *k = NULL;
	const struct evidence_file *f = part(v, EVIDENCE_REQUEST);
	bool same;

	if (!jws_parse((const char *)f->data, f->len, REQUEST_TYP, &j, e) ||
	    !identity_claimed(&j.chain[0], &who, e) || !identity_key(who, &k, e) ||
	    !jws_verify(&j, k, e) || !request_parse(j.payload, j.payload_len, &v->request, e))
		return err_prefix(e, "request.jws");
	if (!is_same_key(wanted->key, k, &same, e) || !hash_of(f, v->request_hash, e))
		return false;
	if (!same)
		return err_set(e, ERR_SIGNATURE,
			       "request.jws: signed with another key than it was sealed to");
	if (!check_scope(v, who, e))
		return false;
	say(v,
	    "request.jws is signed by %s, the holder of the key it was sealed to; the box "
	    "answers what was asked in it, SHA-256 %s",
	    identity_subject(who), v->request_hash);
	return check_authority(v, &j, wanted->ca, e);
}

/* --- the audit record ----------------------------------------------------------------------------
 */

static bool hash_holds(const struct audit_row *row, struct err *e)
{
	const struct audit_record r = audit_record_of(row);
	uint8_t hash[CRYPT_SHA256_SIZE];

	if (!audit_hash(&r, row->seq, row->at_ns, row->prev, hash, e))
		return false;
	return memcmp(hash, row->hash, sizeof hash) == 0 ||
	       err_set(e, ERR_SIGNATURE, "record %" PRId64 " does not have its hash", row->seq);
}

/* Every record holds and follows the one before; the last one is *out. */
static bool read_records(struct audit_file *f, struct audit_row *out, struct err *e)
{
	const struct audit_source s = audit_file_source(f);
	struct audit_head last = {0};
	bool more;

	for (;;) {
		if (!s.next(s.arg, out, &more, e))
			return false;
		if (!more)
			break;
		if (!hash_holds(out, e))
			return false;
		if (last.seq != 0 && (out->seq != last.seq + 1 ||
				      memcmp(out->prev, last.hash, sizeof last.hash) != 0))
			return err_set(e, ERR_SIGNATURE,
				       "record %" PRId64 " does not follow the one before",
				       out->seq);
		last.seq = out->seq;
		memcpy(last.hash, out->hash, sizeof last.hash);
	}
	return audit_file_ends(f, &last, e) &&
	       (last.seq != 0 || err_set(e, ERR_FORMAT, "no record"));
}

/* Is it the record of this pull? */
static bool tells_of_it(const struct evidence *v, struct err *e)
{
	const struct audit_record r = audit_record_of(&v->record);
	cJSON *detail = cJSON_Parse(r.detail);
	char who[AUDIT_FIELD_MAX + 1];
	bool good;

	(void)snprintf(who, sizeof who, "%s, serial %s", ctl_text(v->manifest, "requester"),
		       ctl_text(v->manifest, "serial"));
	good = strcmp(r.what, "evidence") == 0 && strcmp(r.outcome, "sealed") == 0 &&
	       strcmp(r.who, who) == 0 && strcmp(r.case_number, v->request.case_number) == 0 &&
	       strcmp(r.purpose, v->request.purpose) == 0 &&
	       strcmp(ctl_text(detail, "request"), v->request_hash) == 0;
	cJSON_Delete(detail);
	return good || err_set(e, ERR_SIGNATURE, "record %" PRId64 " is not that of this request",
			       v->record.seq);
}

static bool check_audit(struct evidence *v, struct err *e)
{
	CLEANUP(chain_cleanup) struct audit_file *f = NULL;
	const struct evidence_file *file = part(v, EVIDENCE_AUDIT);
	const struct iovec text = {(void *)file->data, file->len};
	AUTO_CLOSE int fd = -1;
	char path[40], hash[AUDIT_HEX_SIZE];

	if (!gift_make("audit", &text, 1, &fd, e))
		return false;
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (!audit_file_open(path, &f, e) || !read_records(f, &v->record, e) || !tells_of_it(v, e))
		return err_prefix(e, "audit.jsonl");
	say(v,
	    "audit.jsonl holds record %" PRId64 " of the box's audit chain, which tells of this "
	    "request",
	    v->record.seq);
	leave_open(v,
		   "that the record is in the box's chain: it is when an exported chain that "
		   "`alprctl audit verify` finds to hold has record %" PRId64 " with the hash %s",
		   v->record.seq, audit_hex(v->record.hash, hash));
	return true;
}

/* -------------------------------------------------------------------------------------------------
 */

bool evidence_verify(const uint8_t *archive, size_t len, const struct evidence_wanted *wanted,
		     struct evidence *out, struct err *e)
{
	memset(out, 0, sizeof *out);
	if (!evidence_archive_read(archive, len, &out->archive, e))
		return false;
	say(out, "it was sealed to the key that was given, and came whole and unchanged");
	return check_signature(out, wanted->box_key, e) && check_manifest(out, e) &&
	       check_files(out, e) && check_reads(out, e) && check_request(out, wanted, e) &&
	       check_audit(out, e);
}

void evidence_free(struct evidence *v)
{
	evidence_archive_free(&v->archive);
	cJSON_Delete(v->manifest);
	explicit_bzero(v, sizeof *v);
}
