/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few things a keystore asks of a TPM 2.0, on tpm2-tss (ESAPI). Whatever passes between us and
 * the TPM that is secret is encrypted on the way (a session salted with the storage root key, TPM
 * 2.0 Library part 1, 21), so that listening on the board's bus is of no use. Private to
 * hal/keystore*.
 *
 * Every function: ERR_IO: the TPM cannot be reached, has failed, or refuses, with why.
 */
#ifndef HAL_TPM_H
#define HAL_TPM_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <tss2/tss2_esys.h>

#define TPM_AUTH 32u /* bytes that open an index */
#define TPM_NAME 34u /* bytes of an object's name: algorithm and SHA-256 */

struct tpm {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR session; /* ESYS_TR_NONE: not begun */
};

/* Reach the TPM that `device` names ("device:/dev/tpmrm0", "swtpm:host=…,port=…").
 * tpm_disconnect. ERR_NOT_FOUND: no such device; ERR_CONFIG: this build has no way to it;
 * ERR_NO_MEMORY. */
bool tpm_connect(struct tpm *t, const char *device, struct err *e) MUST_CHECK;
void tpm_disconnect(struct tpm *t); /* harmless when not connected */

/* Whether it answers and works (it is asked for random bytes, which one that has failed its
 * self-test does not give). */
bool tpm_alive(struct tpm *t, struct err *e) MUST_CHECK;

/* Make the storage root key and the session that the functions below use. *name is the key's, which
 * is the same for ever in one TPM, until that is cleared, and in no other. */
bool tpm_begin(struct tpm *t, uint8_t name[TPM_NAME], struct err *e) MUST_CHECK;

/* Find the index `number`, to be opened with `auth`. ERR_NOT_FOUND. */
bool tpm_nv_find(struct tpm *t, uint32_t number, const uint8_t auth[TPM_AUTH], ESYS_TR *nv,
		 struct err *e) MUST_CHECK;

/* Make it, for `size` bytes. ERR_POLICY: there is one of that number; ERR_NO_SPACE. */
bool tpm_nv_define(struct tpm *t, uint32_t number, const uint8_t auth[TPM_AUTH], uint16_t size,
		   struct err *e) MUST_CHECK;

/* ERR_NOT_FOUND: nothing was ever written; ERR_POLICY: `auth` is not what opens it. */
bool tpm_nv_read(struct tpm *t, ESYS_TR nv, uint8_t *out, uint16_t size, struct err *e) MUST_CHECK;
bool tpm_nv_write(struct tpm *t, ESYS_TR nv, const uint8_t *bytes, uint16_t size,
		  struct err *e) MUST_CHECK;

/* Destroy an index; nv is no handle afterwards. */
bool tpm_nv_undefine(struct tpm *t, ESYS_TR nv, struct err *e) MUST_CHECK;

#endif
