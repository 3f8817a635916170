/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root keys in the non-volatile memory of a TPM 2.0: two indices, one for even and one for odd
 * generations, each holding generation (8), key (32) and the first half of their SHA-256 (16). A
 * root key is destroyed by writing over its index, which no copy of a disk brings back.
 *
 * What opens the indices lies on the disk, so that neither the TPM nor the disk alone is of any
 * use: "AKSTPM2", whether creation was finished (1), the authorisation (32), and the name of the
 * TPM's storage root key (34), which tells this TPM from another.
 *
 * A TPM's memory wears out, so what destroys a root key is the next one: retire() writes over its
 * index the root key of the rotation after, which then need not be written, and lives in memory
 * alone until that. A start cannot know whether that rotation had begun, takes it for begun, and
 * has it finished: that costs a write, and no more. So a purge is one write, and one an hour 8,760
 * a year, to two indices in turn: 100,000 writes in all, as is commonly promised of a cell, are 11
 * years of them, 500,000 (as ST does of all of the ST33GTPMISPI's memory, DB4278) 57.
 */
#include "firmware/base/cleanup.h"
#include "firmware/base/crypt.h"
#include "hal/keystore_roots.h"
#include "hal/secret_file.h"
#include "hal/tpm.h"

#include <stdlib.h>
#include <string.h>

/* Within those that the TCG leaves to the owner (Registry of Reserved TPM 2.0 Handles): 0x01800000
 * to 0x01bfffff. */
#define FIRST_INDEX 0x01a1f000u
#define SLOTS	    2u

#define MAGIC_LEN 7u
#define AT_DONE	  MAGIC_LEN
#define AT_AUTH	  (AT_DONE + 1u)
#define AT_NAME	  (AT_AUTH + TPM_AUTH)
#define FILE_LEN  (AT_NAME + TPM_NAME)

#define SUM_LEN	   16u
#define AT_SUM	   (8u + KEYSTORE_KEY)
#define RECORD_LEN ((uint16_t)(AT_SUM + SUM_LEN))

static const char magic[MAGIC_LEN] = {'A', 'K', 'S', 'T', 'P', 'M', '2'};

struct keystore {
	struct secret_file file;
	struct tpm tpm;
	struct keystore_roots roots;
	struct keystore_root prepared; /* the next one, in the TPM already; generation 0: none */
	ESYS_TR slots[SLOTS];
	uint8_t auth[TPM_AUTH], name[TPM_NAME];
	bool finished; /* what the file says of its creation */
};

static void tpm2_close(struct keystore *k)
{
	if (!k)
		return;
	tpm_disconnect(&k->tpm);
	secret_file_close(&k->file);
	explicit_bzero(k, sizeof *k);
	free(k);
}

static void auto_close(struct keystore **k)
{
	tpm2_close(*k);
}

/* --- the file
 * ------------------------------------------------------------------------------------- */

static bool save(const struct keystore *k, bool finished, struct err *e)
{
	uint8_t bytes[FILE_LEN];
	bool done;

	memcpy(bytes, magic, sizeof magic);
	bytes[AT_DONE] = finished;
	memcpy(bytes + AT_AUTH, k->auth, sizeof k->auth);
	memcpy(bytes + AT_NAME, k->name, sizeof k->name);
	done = secret_file_write(&k->file, bytes, sizeof bytes, e);
	explicit_bzero(bytes, sizeof bytes);
	return done;
}

/* Reads it, and compares the TPM's name with k->name. */
static bool load_file(struct keystore *k, struct err *e)
{
	uint8_t bytes[FILE_LEN];
	bool ours, same;

	if (!secret_file_read(&k->file, bytes, sizeof bytes, e))
		return false;
	ours = memcmp(bytes, magic, sizeof magic) == 0 && bytes[AT_DONE] <= 1;
	same = memcmp(bytes + AT_NAME, k->name, sizeof k->name) == 0;
	k->finished = bytes[AT_DONE] == 1;
	memcpy(k->auth, bytes + AT_AUTH, sizeof k->auth);
	explicit_bzero(bytes, sizeof bytes);
	if (!ours)
		return err_set(e, ERR_FORMAT, "%s: no keystore", k->file.name);
	if (!same)
		return err_set(e, ERR_POLICY,
			       "this is not the TPM that the root keys are in, or it was cleared");
	return true;
}

/* --- the slots
 * ------------------------------------------------------------------------------------ */

static bool sum(const uint8_t record[RECORD_LEN], uint8_t out[CRYPT_SHA256_SIZE], struct err *e)
{
	return crypt_sha256(record, AT_SUM, out, e);
}

static bool write_slot(struct keystore *k, const struct keystore_root *r, unsigned slot,
		       struct err *e)
{
	uint8_t record[RECORD_LEN], whole[CRYPT_SHA256_SIZE];
	bool done;

	keystore_put64(record, r->generation);
	memcpy(record + 8, r->key, sizeof r->key);
	done = sum(record, whole, e);
	if (done) {
		memcpy(record + AT_SUM, whole, SUM_LEN);
		done = tpm_nv_write(&k->tpm, k->slots[slot], record, RECORD_LEN, e);
	}
	explicit_bzero(record, sizeof record);
	return done;
}

/* generation 0: nothing is in it. ERR_FORMAT: a write was cut off, or somebody else's. */
static bool read_slot(struct keystore *k, unsigned slot, struct keystore_root *out, struct err *e)
{
	uint8_t record[RECORD_LEN], whole[CRYPT_SHA256_SIZE];
	struct err why = {0};
	bool good;

	memset(out, 0, sizeof *out);
	if (!tpm_nv_read(&k->tpm, k->slots[slot], record, RECORD_LEN, &why)) {
		if (e)
			*e = why;
		return why.code == ERR_NOT_FOUND;
	}
	good = sum(record, whole, e) && memcmp(whole, record + AT_SUM, SUM_LEN) == 0;
	if (good) {
		out->generation = keystore_get64(record);
		memcpy(out->key, record + 8, sizeof out->key);
	}
	explicit_bzero(record, sizeof record);
	if (!good || (out->generation > 0 && out->generation % SLOTS != slot)) {
		keystore_root_wipe(out);
		return err_set(e, ERR_FORMAT, "root key: damaged in the TPM");
	}
	return true;
}

static bool find_slots(struct keystore *k, struct err *e)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (!tpm_nv_find(&k->tpm, FIRST_INDEX + i, k->auth, &k->slots[i], e))
			return false;
	return true;
}

/* Both slots; one that a power cut left damaged beside a good one never held the newest for long,
 * and is emptied. */
static bool load_slots(struct keystore *k, struct err *e)
{
	CLEANUP(keystore_roots_wipe) struct keystore_roots r = {0};
	struct keystore_root *const read[SLOTS] = {&r.newest, &r.older};
	struct keystore_root none = {0};
	struct err why[SLOTS] = {0};
	bool good[SLOTS];

	for (unsigned i = 0; i < SLOTS; i++) {
		good[i] = read_slot(k, i, read[i], &why[i]);
		if (!good[i] && why[i].code != ERR_FORMAT) {
			if (e)
				*e = why[i];
			return false;
		}
	}
	if (r.newest.generation == 0 && r.older.generation == 0)
		return err_set(e, ERR_FORMAT, "the TPM holds no whole root key any more");
	for (unsigned i = 0; i < SLOTS; i++)
		if (!good[i] && !write_slot(k, &none, i, e))
			return false;
	k->roots = r;
	if (r.newest.generation < r.older.generation) {
		k->roots.newest = r.older;
		k->roots.older = r.newest;
	}
	return true;
}

/* --- creation
 * ------------------------------------------------------------------------------------- */

/* An index of ours that a creation which was cut off has left; one of somebody else stays. */
static bool clear_slot(struct keystore *k, unsigned slot, struct err *e)
{
	uint8_t record[RECORD_LEN];
	struct err why = {0};
	ESYS_TR nv;
	bool ours;

	if (!tpm_nv_find(&k->tpm, FIRST_INDEX + slot, k->auth, &nv, &why)) {
		if (e)
			*e = why;
		return why.code == ERR_NOT_FOUND;
	}
	ours = tpm_nv_read(&k->tpm, nv, record, RECORD_LEN, &why) || why.code == ERR_NOT_FOUND;
	explicit_bzero(record, sizeof record);
	if (ours)
		return tpm_nv_undefine(&k->tpm, nv, e);
	if (why.code == ERR_POLICY)
		return err_set(e, ERR_POLICY,
			       "the TPM holds root keys of another keystore file (0x%08x)",
			       FIRST_INDEX + slot);
	if (e)
		*e = why;
	return false;
}

static bool define_slots(struct keystore *k, struct err *e)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (!clear_slot(k, i, e))
			return false;
	for (unsigned i = 0; i < SLOTS; i++)
		if (!tpm_nv_define(&k->tpm, FIRST_INDEX + i, k->auth, RECORD_LEN, e))
			return false;
	return find_slots(k, e);
}

/* The file comes first: whatever is in the TPM can be opened with it. */
static bool create(struct keystore *k, bool begun, struct err *e)
{
	if (!begun && (!crypt_random(k->auth, sizeof k->auth, e) || !save(k, false, e)))
		return false;
	if (!define_slots(k, e)) {
		/* What is somebody else's must not look like ours half made. */
		if (!begun && !secret_file_remove(&k->file, NULL))
			return err_prefix(e, "and %s stays", k->file.name);
		return false;
	}
	if (!keystore_roots_first(&k->roots, e) ||
	    !write_slot(k, &k->roots.newest, (unsigned)(k->roots.newest.generation % SLOTS), e) ||
	    !save(k, true, e)) {
		keystore_roots_wipe(&k->roots);
		return false;
	}
	return true;
}

static bool load(struct keystore *k, struct err *e)
{
	struct err why = {0};

	if (find_slots(k, &why))
		return load_slots(k, e);
	if (why.code == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND, "the TPM has lost the root keys");
	if (e)
		*e = why;
	return false;
}

static bool load_or_create(struct keystore *k, bool make, struct err *e)
{
	struct err why = {0};
	bool there;

	if (!secret_file_tidy(&k->file, e) || !tpm_begin(&k->tpm, k->name, e))
		return false;
	there = load_file(k, &why);
	if (there && k->finished)
		return load(k, e);
	if ((there || why.code == ERR_NOT_FOUND) && make)
		return create(k, there, e);
	if (there)
		return err_set(e, ERR_NOT_FOUND, "%s: its creation was not finished", k->file.name);
	if (e)
		*e = why;
	return false;
}

/* --- the vtable
 * ----------------------------------------------------------------------------------- */

static bool tpm2_open(const struct keystore_conf *conf, struct keystore **out, struct err *e)
{
	CLEANUP(auto_close) struct keystore *k = calloc(1, sizeof *k);

	if (!k)
		return err_set(e, ERR_NO_MEMORY, "keystore: no memory");
	k->file.folder = -1;
	if (!conf->keyless && !secret_file_open(conf->path, &k->file, e))
		return err_prefix(e, "keystore");
	if (!tpm_connect(&k->tpm, conf->device, e))
		return err_prefix(e, "keystore");
	if (conf->keyless ? !tpm_alive(&k->tpm, e) : !load_or_create(k, conf->create, e))
		return err_prefix(e, "keystore");
	*out = steal_ptr(&k);
	return true;
}

static void tpm2_about(const struct keystore *k, struct keystore_about *out)
{
	*out = (struct keystore_about){k->roots.newest.generation, k->roots.older.generation};
}

static bool tpm2_health(struct keystore *k, struct err *e)
{
	return tpm_alive(&k->tpm, e) || err_prefix(e, "keystore");
}

static bool tpm2_wrap(struct keystore *k, const uint8_t key[KEYSTORE_KEY], uint64_t context,
		      uint8_t out[KEYSTORE_WRAPPED], struct err *e)
{
	return keystore_roots_wrap(&k->roots, key, context, out, e);
}

static bool tpm2_unwrap(struct keystore *k, const uint8_t wrapped[KEYSTORE_WRAPPED],
			uint64_t context, uint8_t key[KEYSTORE_KEY], struct err *e)
{
	return keystore_roots_unwrap(&k->roots, wrapped, context, key, e);
}

static bool tpm2_rotate(struct keystore *k, struct err *e)
{
	CLEANUP(keystore_roots_wipe) struct keystore_roots next = {0};

	if (!keystore_roots_next(&k->roots, &next, e))
		return false;
	if (k->prepared.generation == next.newest.generation)
		memcpy(next.newest.key, k->prepared.key, sizeof next.newest.key);
	else if (!write_slot(k, &next.newest, (unsigned)(next.newest.generation % SLOTS), e))
		return err_prefix(e, "keystore");
	keystore_root_wipe(&k->prepared);
	k->roots = next;
	return true;
}

static bool tpm2_retire(struct keystore *k, struct err *e)
{
	CLEANUP(keystore_root_wipe) struct keystore_root next = {0};

	if (k->roots.newest.generation == 0)
		return err_set(e, ERR_POLICY, "keystore: opened without keys");
	if (k->roots.older.generation == 0)
		return true;
	/* It has the index of the one that goes, whose generation is two less. */
	next.generation = k->roots.newest.generation + 1;
	if (!crypt_random(next.key, sizeof next.key, e) ||
	    !write_slot(k, &next, (unsigned)(next.generation % SLOTS), e))
		return err_prefix(e, "keystore");
	keystore_root_wipe(&k->roots.older);
	k->prepared = next;
	return true;
}

/* Marked as unfinished first, so that a cut leaves what create() can go on from. */
static bool tpm2_destroy(struct keystore *k, struct err *e)
{
	if (k->roots.newest.generation == 0)
		return err_set(e, ERR_POLICY, "keystore: opened without keys");
	if (!save(k, false, e))
		return err_prefix(e, "keystore");
	for (unsigned i = 0; i < SLOTS; i++) {
		if (k->slots[i] != ESYS_TR_NONE && !tpm_nv_undefine(&k->tpm, k->slots[i], e))
			return err_prefix(e, "keystore");
		k->slots[i] = ESYS_TR_NONE;
	}
	if (!secret_file_remove(&k->file, e))
		return err_prefix(e, "keystore");
	keystore_roots_wipe(&k->roots);
	keystore_root_wipe(&k->prepared);
	return true;
}

const struct keystore_ops keystore_tpm2 = {
    .name = "tpm2",
    .open = tpm2_open,
    .about = tpm2_about,
    .health = tpm2_health,
    .wrap = tpm2_wrap,
    .unwrap = tpm2_unwrap,
    .rotate = tpm2_rotate,
    .retire = tpm2_retire,
    .destroy = tpm2_destroy,
    .close = tpm2_close,
};
