/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/audit_sign.h"

#include "firmware/store/secret.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SOON "audit_sign_soon" /* of table state: 1 until there is a signature */

/* --- the key -----------------------------------------------------------------------------------
 */

static void wipe(uint8_t (*scalar)[CRYPT_SCALAR_SIZE])
{
	explicit_bzero(*scalar, sizeof *scalar);
}

static void drop(struct crypt_key **k)
{
	crypt_key_free(*k);
}

static bool put(struct periods *p, struct db *d, const struct crypt_key *k, struct err *e)
{
	CLEANUP(wipe) uint8_t scalar[CRYPT_SCALAR_SIZE];

	return crypt_key_scalar(k, scalar, e) && secret_put(p, d, SECRET_AUDIT, scalar, e);
}

/* What an older firmware left open lies in the database by now. */
static bool remove_old(const char *folder, const char *path, struct err *e)
{
	if (unlink(path) != 0)
		return errno == ENOENT || err_errno(e, errno, "%s", AUDIT_KEY_FILE);
	return db_sync_folder(folder, e);
}

/* That of an older firmware, or a new one. */
static bool find_or_make(const char *path, struct crypt_key **out, bool *made, struct err *e)
{
	struct err why = {0};

	if (crypt_key_load_private(path, out, &why))
		return true;
	if (why.code == ERR_NO_MEMORY || why.code == ERR_IO) {
		if (e)
			*e = why;
		return false;
	}
	/* A key that cannot be read any more would leave the chain unsigned for good. */
	*made = true;
	return crypt_key_generate(out, e);
}

static bool open_key(struct periods *p, struct db *d, const char *path, struct crypt_key **out,
		     bool *made, struct err *e)
{
	CLEANUP(wipe) uint8_t scalar[CRYPT_SCALAR_SIZE] = {0};
	CLEANUP(drop) struct crypt_key *k = NULL;
	struct err why = {0};
	bool found;

	_Static_assert(CRYPT_SCALAR_SIZE == KEYSTORE_KEY, "a secret");
	if (!secret_get(p, d, SECRET_AUDIT, scalar, &found, e))
		return false;
	if (found && !crypt_key_of_scalar(scalar, &k, &why) && why.code == ERR_NO_MEMORY)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	if (!k && (!find_or_make(path, &k, made, e) || !put(p, d, k, e)))
		return false;
	*out = steal_ptr(&k);
	return true;
}

bool audit_key_open(struct periods *p, struct db *d, const char *folder, struct crypt_key **out,
		    bool *made, struct err *e)
{
	char path[PATH_MAX];

	*out = NULL;
	*made = false;
	if (snprintf(path, sizeof path, "%s/%s", folder, AUDIT_KEY_FILE) >= (int)sizeof path)
		return err_set(e, ERR_LIMIT, "audit key: path too long");
	if (open_key(p, d, path, out, made, e) && remove_old(folder, path, e))
		return true;
	crypt_key_free(*out);
	*out = NULL;
	return err_prefix(e, "audit key");
}

bool audit_key_keep(struct periods *p, struct db *d, const struct crypt_key *k, struct err *e)
{
	CLEANUP(wipe) uint8_t scalar[CRYPT_SCALAR_SIZE] = {0};
	bool found;

	return (secret_get(p, d, SECRET_AUDIT, scalar, &found, e) && (found || put(p, d, k, e))) ||
	       err_prefix(e, "audit key");
}

/* --- signatures --------------------------------------------------------------------------------
 */

static bool is_due(struct db *d, const struct audit_head *head, int64_t ring_ns, bool *due,
		   struct err *e)
{
	int64_t seq, at, soon;

	if (!db_state_get(d, "audit_signed_seq", &seq, e) || !db_state_get(d, SOON, &soon, e) ||
	    !db_state_get(d, "audit_signed_ring", &at, e))
		return false;
	*due = false;
	if (at == 0 && soon == 0) /* a new chain: from now on */
		return db_state_set(d, "audit_signed_ring", ring_ns, e);
	if (seq > head->seq) /* what was signed was lost with a damaged database */
		seq = 0;
	*due = soon != 0 || head->seq - seq >= AUDIT_SIGN_RECORDS ||
	       (head->seq > seq && ring_ns - at >= AUDIT_SIGN_NS);
	return true;
}

bool audit_sign_soon(struct db *d, struct err *e)
{
	return db_state_set(d, SOON, 1, e);
}

static void hex(const uint8_t *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static bool sign_head(struct db *d, struct crypt_key *k, const struct audit_head *head,
		      int64_t wall_ns, struct err *e)
{
	char detail[AUDIT_FIELD_MAX], key[2 * CRYPT_SPKI_MAX + 1],
	    text[2 * CRYPT_SIGNATURE_MAX + 1];
	uint8_t spki[CRYPT_SPKI_MAX], sig[CRYPT_SIGNATURE_MAX], said[AUDIT_SAID_SIZE];
	size_t spki_len, sig_len;

	if (!crypt_key_public_der(k, spki, &spki_len, e) ||
	    !crypt_sign(k, audit_said(head, said), sizeof said, sig, &sig_len, e))
		return false;
	hex(spki, spki_len, key);
	hex(sig, sig_len, text);
	(void)snprintf(detail, sizeof detail, "{\"key\":\"%s\",\"signature\":\"%s\"}", key, text);
	return audit_append(
	    d,
	    &(struct audit_record){
		.who = "store", .what = AUDIT_SIGNED, .outcome = "done", .detail = detail},
	    wall_ns, e);
}

bool audit_sign(struct db *d, struct crypt_key *k, int64_t ring_ns, int64_t wall_ns, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	struct audit_head head;
	bool due;

	if (!audit_head(d, &head, e) || !is_due(d, &head, ring_ns, &due, e))
		return false;
	return !due ||
	       (db_begin(d, &tx, e) && sign_head(d, k, &head, wall_ns, e) &&
		db_state_set(d, "audit_signed_seq", head.seq + 1, e) &&
		db_state_set(d, "audit_signed_ring", ring_ns, e) && db_state_set(d, SOON, 0, e) &&
		db_commit(&tx, e)) ||
	       err_prefix(e, "audit: signature");
}
