/* SPDX-License-Identifier: Apache-2.0 */
/* The RTCC's side of the signature. The box has no code that signs, and none that reads an unsigned
 * list. */
#ifndef HOTLIST_TOOL_SIGN_H
#define HOTLIST_TOOL_SIGN_H

#include "hotlist/layout.h"

/* Check a whole bundle in memory as the box will, but for the signature. *signature: bytes of it, 0
 * when unsigned. Errors as bundle_open, without ERR_SIGNATURE. */
bool sign_check(const uint8_t *file, size_t size, struct layout *l, size_t *signature,
		struct err *e) MUST_CHECK;

/* Sign a bundle in place with a private key: its signer and signature are replaced, nothing else. A
 * bundle that the box would refuse is not signed. Errors as sign_check and crypt_sign. */
bool sign_bundle(uint8_t *file, size_t size, struct crypt_key *key, struct err *e) MUST_CHECK;

#endif
