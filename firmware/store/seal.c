/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/seal.h"

#include "firmware/base/crypt.h"
#include "hotlist/entry.h"

#include <stdio.h>
#include <string.h>

#define AAD_SIZE (1u + WIRE_ID_SIZE + 8u)

_Static_assert(SEAL_EXTRA == CRYPT_NONCE_SIZE + CRYPT_TAG_SIZE, "SEAL_EXTRA");

static void make_aad(const struct period_key *k, unsigned kind, const uint8_t *passage_id,
		     uint8_t aad[AAD_SIZE])
{
	aad[0] = (uint8_t)kind;
	memcpy(aad + 1, passage_id, WIRE_ID_SIZE);
	for (unsigned i = 0; i < 8; i++)
		aad[1 + WIRE_ID_SIZE + i] = (uint8_t)((uint64_t)k->id >> (8 * i));
}

bool seal_put(const struct period_key *k, unsigned kind, const uint8_t passage_id[WIRE_ID_SIZE],
	      const void *plain, size_t len, uint8_t *out, struct err *e)
{
	uint8_t aad[AAD_SIZE];

	make_aad(k, kind, passage_id, aad);
	return (crypt_random(out, CRYPT_NONCE_SIZE, e) &&
		crypt_seal(k->seal, out, aad, sizeof aad, plain, len, out + CRYPT_NONCE_SIZE,
			   out + CRYPT_NONCE_SIZE + len, e)) ||
	       err_prefix(e, "seal");
}

bool seal_get(const struct period_key *k, unsigned kind, const uint8_t passage_id[WIRE_ID_SIZE],
	      const void *sealed, size_t len, uint8_t *out, struct err *e)
{
	const uint8_t *s = sealed;
	uint8_t aad[AAD_SIZE];

	if (!s || len < SEAL_EXTRA)
		return err_set(e, ERR_SIGNATURE, "seal: cut off");
	make_aad(k, kind, passage_id, aad);
	return crypt_unseal(k->seal, s, aad, sizeof aad, s + CRYPT_NONCE_SIZE, len - SEAL_EXTRA,
			    s + len - CRYPT_TAG_SIZE, out, e) ||
	       err_prefix(e, "seal");
}

bool seal_plate(const struct period_key *k, const char *plate, uint8_t out[SEAL_MAC], struct err *e)
{
	uint8_t whole[CRYPT_SHA256_SIZE];
	char text[32], folded[11];
	int n = snprintf(text, sizeof text, "plate/%s", entry_fold(plate, folded));
	bool done = crypt_hmac(k->mac, text, (size_t)n, whole, e);

	memcpy(out, whole, SEAL_MAC);
	explicit_bzero(text, sizeof text);
	explicit_bzero(folded, sizeof folded);
	return done;
}
