/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wrapped key: "AKW1", generation (8), nonce (12), AES-256-GCM of the key (32), tag (16).
 * Authenticated with it: the first twelve bytes and the context. Nonces are random: a root key
 * wraps far fewer than the 2^32 keys that SP 800-38D, 8.3, allows that for.
 */
#include "hal/keystore_roots.h"

#include "firmware/base/crypt.h"

#include <string.h>

#define MAGIC_LEN 4u
#define AT_NONCE  (MAGIC_LEN + 8u)
#define AT_KEY	  (AT_NONCE + CRYPT_NONCE_SIZE)
#define AT_TAG	  (AT_KEY + KEYSTORE_KEY)
#define AAD_LEN	  (AT_NONCE + 8u)

_Static_assert(AT_TAG + CRYPT_TAG_SIZE == KEYSTORE_WRAPPED, "KEYSTORE_WRAPPED");
_Static_assert(KEYSTORE_KEY == CRYPT_AES_KEY_SIZE, "KEYSTORE_KEY");

static const char magic[MAGIC_LEN] = {'A', 'K', 'W', '1'};

void keystore_put64(uint8_t out[8], uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

uint64_t keystore_get64(const uint8_t in[8])
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value |= (uint64_t)in[i] << (8 * i);
	return value;
}

static bool keyless(const struct keystore_roots *r, struct err *e)
{
	if (r->newest.generation > 0)
		return false;
	(void)err_set(e, ERR_POLICY, "keystore: opened without keys");
	return true;
}

static void make_aad(const uint8_t *wrapped, uint64_t context, uint8_t aad[AAD_LEN])
{
	memcpy(aad, wrapped, AT_NONCE);
	keystore_put64(aad + AT_NONCE, context);
}

bool keystore_roots_wrap(const struct keystore_roots *r, const uint8_t key[KEYSTORE_KEY],
			 uint64_t context, uint8_t out[KEYSTORE_WRAPPED], struct err *e)
{
	uint8_t aad[AAD_LEN];

	if (keyless(r, e))
		return false;
	memcpy(out, magic, sizeof magic);
	keystore_put64(out + MAGIC_LEN, r->newest.generation);
	make_aad(out, context, aad);
	if (!crypt_random(out + AT_NONCE, CRYPT_NONCE_SIZE, e) ||
	    !crypt_seal(r->newest.key, out + AT_NONCE, aad, sizeof aad, key, KEYSTORE_KEY,
			out + AT_KEY, out + AT_TAG, e))
		return err_prefix(e, "keystore");
	return true;
}

bool keystore_roots_unwrap(const struct keystore_roots *r, const uint8_t wrapped[KEYSTORE_WRAPPED],
			   uint64_t context, uint8_t key[KEYSTORE_KEY], struct err *e)
{
	const struct keystore_root *root = NULL;
	uint8_t aad[AAD_LEN];
	uint64_t generation;

	if (keyless(r, e))
		return false;
	generation = keystore_get64(wrapped + MAGIC_LEN);
	if (memcmp(wrapped, magic, sizeof magic) != 0 || generation == 0)
		return err_set(e, ERR_FORMAT, "keystore: no wrapped key");
	if (generation == r->newest.generation)
		root = &r->newest;
	else if (generation == r->older.generation)
		root = &r->older;
	if (!root)
		return err_set(e, ERR_NOT_FOUND,
			       "keystore: its root key, number %llu, is destroyed",
			       (unsigned long long)generation);
	make_aad(wrapped, context, aad);
	if (!crypt_unseal(root->key, wrapped + AT_NONCE, aad, sizeof aad, wrapped + AT_KEY,
			  KEYSTORE_KEY, wrapped + AT_TAG, key, e))
		return err_prefix(e, "keystore: wrapped key");
	return true;
}

bool keystore_roots_first(struct keystore_roots *r, struct err *e)
{
	memset(r, 0, sizeof *r);
	if (!crypt_random(r->newest.key, sizeof r->newest.key, e))
		return err_prefix(e, "keystore");
	r->newest.generation = 1;
	return true;
}

bool keystore_roots_next(const struct keystore_roots *r, struct keystore_roots *next, struct err *e)
{
	if (keyless(r, e))
		return false;
	if (r->older.generation > 0)
		return err_set(e, ERR_AGAIN, "keystore: the root key before is not retired yet");
	next->older = r->newest;
	if (!crypt_random(next->newest.key, sizeof next->newest.key, e))
		return err_prefix(e, "keystore");
	next->newest.generation = r->newest.generation + 1;
	return true;
}

void keystore_root_wipe(struct keystore_root *r)
{
	explicit_bzero(r->key, sizeof r->key);
	r->generation = 0;
}

void keystore_roots_wipe(struct keystore_roots *r)
{
	keystore_root_wipe(&r->newest);
	keystore_root_wipe(&r->older);
}
