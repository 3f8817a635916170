/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/audit_sign.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SOON "audit_sign_soon" /* of table state: 1 until there is a signature */

/* --- the key -----------------------------------------------------------------------------------
 */

static void wipe(char (*pem)[CRYPT_PEM_MAX])
{
	explicit_bzero(*pem, sizeof *pem);
}

static bool write_all(int fd, const char *text, struct err *e)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return err_errno(e, errno, "write");
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return fsync(fd) == 0 || err_errno(e, errno, "fsync");
}

/* Whole or not at all, also when power is cut. */
static bool save(const char *folder, const char *path, const char *pem, struct err *e)
{
	AUTO_CLOSE int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int fd = -1;
	char next[PATH_MAX + 8];

	(void)snprintf(next, sizeof next, "%s.new", path);
	if (unlink(next) != 0 && errno != ENOENT)
		return err_errno(e, errno, "unlink");
	fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (dir < 0 || fd < 0)
		return err_errno(e, errno, "open");
	return write_all(fd, pem, e) &&
	       ((rename(next, path) == 0 && fsync(dir) == 0) || err_errno(e, errno, "rename"));
}

static void drop(struct crypt_key **k)
{
	crypt_key_free(*k);
}

static bool make(const char *folder, const char *path, struct crypt_key **out, struct err *e)
{
	CLEANUP(wipe) char pem[CRYPT_PEM_MAX];
	CLEANUP(drop) struct crypt_key *k = NULL;

	if (!crypt_key_generate(&k, e) || !crypt_key_private_pem(k, pem, e) ||
	    !save(folder, path, pem, e))
		return false;
	*out = steal_ptr(&k);
	return true;
}

bool audit_key_open(const char *folder, struct crypt_key **out, bool *made, struct err *e)
{
	char path[PATH_MAX];
	struct err why = {0};

	*out = NULL;
	*made = false;
	if (snprintf(path, sizeof path, "%s/%s", folder, AUDIT_KEY_FILE) >= (int)sizeof path)
		return err_set(e, ERR_LIMIT, "audit key: path too long");
	if (crypt_key_load_private(path, out, &why))
		return true;
	/* A key that cannot be read any more would leave the chain unsigned for good. */
	if (why.code == ERR_NOT_FOUND || why.code == ERR_FORMAT || why.code == ERR_POLICY)
		return (*made = make(folder, path, out, e)) || err_prefix(e, "audit key");
	if (e)
		*e = why;
	return err_prefix(e, "audit key");
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
