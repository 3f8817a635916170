/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/sign.h"

#include "hotlist/check.h"

bool sign_check(const uint8_t *file, size_t size, struct layout *l, size_t *signature,
		struct err *e)
{
	const uint8_t *sig;

	return layout_get_header(file, size, l, e) &&
	       layout_get_signature(file + LAYOUT_HEADER, &sig, signature, e) &&
	       layout_check_table(file, l, e) && check_all(file, l, e);
}

bool sign_bundle(uint8_t *file, size_t size, struct crypt_key *key, struct err *e)
{
	uint8_t sig[CRYPT_SIGNATURE_MAX];
	size_t len;
	struct layout l;

	if (!sign_check(file, size, &l, &len, e) || !crypt_key_id(key, l.info.signer, e))
		return false;
	layout_put_header(&l, file);
	if (!crypt_sign(key, file, LAYOUT_HEADER, sig, &len, e))
		return false;
	layout_put_signature(sig, len, file + LAYOUT_HEADER);
	return true;
}
