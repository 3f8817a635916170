/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/tpm.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <tss2/tss2_tcti_device.h>
#ifdef CONFIG_KEYSTORE_TPM2_SIMULATOR
#include <tss2/tss2_tcti_swtpm.h>
#endif

#define NONE3 ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE

static void auto_esys_free(void *p)
{
	Esys_Free(*(void **)p);
}

/* --- what a TPM answers, in words
 * ----------------------------------------------------------------- */

/* The response code without layer, and without which handle, parameter or session it is about
 * (TPM 2.0 Library part 2, 6.6.2). */
static TSS2_RC plain_code(TSS2_RC rc)
{
	rc &= 0xfff;
	return rc & TPM2_RC_FMT1 ? rc & 0xbf : rc;
}

/* Not the TPM says so but the layers below ESYS: they have no answer, or, of a TPM that went in the
 * middle of one, bytes that are none. */
static bool no_answer(TSS2_RC rc)
{
	TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;

	return layer == TSS2_TCTI_RC_LAYER || layer == TSS2_SYS_RC_LAYER ||
	       layer == TSS2_MU_RC_LAYER;
}

static bool refused(TSS2_RC rc, const char *what, struct err *e)
{
	static const struct {
		TSS2_RC rc;
		enum err_code code;
		const char *text;
	} known[] = {
	    {TPM2_RC_HANDLE, ERR_NOT_FOUND, "the TPM has nothing of that number"},
	    {TPM2_RC_NV_UNINITIALIZED, ERR_NOT_FOUND, "nothing was written"},
	    {TPM2_RC_NV_DEFINED, ERR_POLICY, "the TPM has something of that number"},
	    {TPM2_RC_NV_SPACE, ERR_NO_SPACE, "the TPM is full"},
	    {TPM2_RC_AUTH_FAIL, ERR_POLICY, "the TPM refuses the authorisation"},
	    {TPM2_RC_BAD_AUTH, ERR_POLICY, "the TPM refuses the authorisation"},
	    {TPM2_RC_LOCKOUT, ERR_IO, "the TPM is locked out, after too many wrong authorisations"},
	    {TPM2_RC_FAILURE, ERR_IO, "the TPM has failed its self-test"},
	    {TPM2_RC_INITIALIZE, ERR_IO, "the TPM was not started"},
	    {TPM2_RC_MEMORY, ERR_IO, "the TPM has no memory left"},
	};

	if (no_answer(rc))
		return err_set(e, ERR_IO, "%s: the TPM cannot be reached", what);
	if (rc == TSS2_ESYS_RC_MEMORY)
		return err_set(e, ERR_NO_MEMORY, "%s", what);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (plain_code(rc) == known[i].rc)
			return err_set(e, known[i].code, "%s: %s", what, known[i].text);
	return err_set(e, ERR_IO, "%s: the TPM answers 0x%08x", what, (unsigned)rc);
}

/* --- connection
 * ----------------------------------------------------------------------------------- */

typedef TSS2_RC (*tcti_init)(TSS2_TCTI_CONTEXT *, size_t *, const char *);

static bool open_tcti(struct tpm *t, tcti_init init, const char *where, struct err *e)
{
	size_t size = 0;
	TSS2_RC rc = init(NULL, &size, NULL);

	if (rc != TSS2_RC_SUCCESS)
		return refused(rc, "TPM", e);
	t->tcti = calloc(1, size);
	if (!t->tcti)
		return err_set(e, ERR_NO_MEMORY, "TPM: no memory");
	rc = init(t->tcti, &size, where);
	if (rc == TSS2_RC_SUCCESS)
		return true;
	free(t->tcti); /* it was never made: nothing to finalize */
	t->tcti = NULL;
	return err_set(e, ERR_IO, "TPM: %.100s cannot be opened", where);
}

static bool find_tcti(struct tpm *t, const char *device, struct err *e)
{
	struct stat st;

	if (strncmp(device, "device:", 7) == 0) {
		if (stat(device + 7, &st) != 0)
			return err_errno(e, errno, "TPM: %.100s", device + 7);
		return open_tcti(t, Tss2_Tcti_Device_Init, device + 7, e);
	}
#ifdef CONFIG_KEYSTORE_TPM2_SIMULATOR
	if (strncmp(device, "swtpm:", 6) == 0)
		return open_tcti(t, Tss2_Tcti_Swtpm_Init, device + 6, e);
#endif
	return err_set(e, ERR_CONFIG, "TPM: \"%.60s\" is no device that this build can reach",
		       device);
}

bool tpm_connect(struct tpm *t, const char *device, struct err *e)
{
	TSS2_RC rc;

	*t = (struct tpm){.session = ESYS_TR_NONE};
	/* The library would write lines of its own beside our log. */
	(void)setenv("TSS2_LOG", "all+none", 0);
	if (!find_tcti(t, device, e))
		return false;
	rc = Esys_Initialize(&t->esys, t->tcti, NULL);
	if (rc == TSS2_RC_SUCCESS)
		return true;
	tpm_disconnect(t);
	return refused(rc, "TPM", e);
}

void tpm_disconnect(struct tpm *t)
{
	if (t->esys && t->session != ESYS_TR_NONE)
		(void)Esys_FlushContext(t->esys, t->session);
	t->session = ESYS_TR_NONE;
	Esys_Finalize(&t->esys);
	if (t->tcti)
		Tss2_Tcti_Finalize(t->tcti);
	free(t->tcti);
	t->tcti = NULL;
}

bool tpm_alive(struct tpm *t, struct err *e)
{
	CLEANUP(auto_esys_free) TPM2B_DIGEST *bytes = NULL;
	TSS2_RC rc = Esys_GetRandom(t->esys, NONE3, 8, &bytes);

	return rc == TSS2_RC_SUCCESS ? true : refused(rc, "TPM", e);
}

/* --- storage root key and session
 * ----------------------------------------------------------------- */

/* TCG TPM v2.0 Provisioning Guidance, 7.5.1, with a curve: a storage key of P-256. */
static const TPM2B_PUBLIC root_template = {
    .publicArea =
	{
	    .type = TPM2_ALG_ECC,
	    .nameAlg = TPM2_ALG_SHA256,
	    .objectAttributes = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT |
				TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
				TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
				TPMA_OBJECT_NODA,
	    .parameters.eccDetail =
		{
		    .symmetric = {.algorithm = TPM2_ALG_AES,
				  .keyBits.aes = 128,
				  .mode.aes = TPM2_ALG_CFB},
		    .scheme.scheme = TPM2_ALG_NULL,
		    .curveID = TPM2_ECC_NIST_P256,
		    .kdf.scheme = TPM2_ALG_NULL,
		},
	},
};

static bool make_root(struct tpm *t, ESYS_TR *root, struct err *e)
{
	const TPM2B_SENSITIVE_CREATE no_secret = {0};
	const TPM2B_DATA no_info = {0};
	const TPML_PCR_SELECTION no_pcr = {0};
	TSS2_RC rc = Esys_CreatePrimary(t->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
					ESYS_TR_NONE, &no_secret, &root_template, &no_info, &no_pcr,
					root, NULL, NULL, NULL, NULL);

	return rc == TSS2_RC_SUCCESS ? true : refused(rc, "storage root key", e);
}

static bool take_name(struct tpm *t, ESYS_TR root, uint8_t name[TPM_NAME], struct err *e)
{
	CLEANUP(auto_esys_free) TPM2B_NAME *got = NULL;
	TSS2_RC rc = Esys_TR_GetName(t->esys, root, &got);

	if (rc != TSS2_RC_SUCCESS)
		return refused(rc, "storage root key", e);
	if (got->size != TPM_NAME)
		return err_set(e, ERR_IO, "storage root key: has a name of %u bytes", got->size);
	memcpy(name, got->name, TPM_NAME);
	return true;
}

bool tpm_begin(struct tpm *t, uint8_t name[TPM_NAME], struct err *e)
{
	const TPMT_SYM_DEF aes = {
	    .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB};
	ESYS_TR root;
	TSS2_RC rc = TSS2_RC_SUCCESS;
	bool done;

	if (!make_root(t, &root, e))
		return false;
	done = take_name(t, root, name, e);
	if (done)
		rc = Esys_StartAuthSession(t->esys, root, ESYS_TR_NONE, NONE3, NULL, TPM2_SE_HMAC,
					   &aes, TPM2_ALG_SHA256, &t->session);
	(void)Esys_FlushContext(t->esys, root);
	if (rc != TSS2_RC_SUCCESS) {
		t->session = ESYS_TR_NONE;
		return refused(rc, "session", e);
	}
	return done;
}

/* Which way the next command's secret goes: a command has one in its request, its answer, or none,
 * and refuses a session that claims otherwise. */
static bool encrypt(struct tpm *t, TPMA_SESSION way, struct err *e)
{
	TSS2_RC rc = Esys_TRSess_SetAttributes(
	    t->esys, t->session, (TPMA_SESSION)(TPMA_SESSION_CONTINUESESSION | way), 0xff);

	return rc == TSS2_RC_SUCCESS ? true : refused(rc, "session", e);
}

/* --- indices
 * -------------------------------------------------------------------------------------- */

bool tpm_nv_find(struct tpm *t, uint32_t number, const uint8_t auth[TPM_AUTH], ESYS_TR *nv,
		 struct err *e)
{
	TPM2B_AUTH a = {.size = TPM_AUTH};
	TSS2_RC rc = Esys_TR_FromTPMPublic(t->esys, number, NONE3, nv);

	if (rc != TSS2_RC_SUCCESS)
		return refused(rc, "root key", e);
	memcpy(a.buffer, auth, TPM_AUTH);
	rc = Esys_TR_SetAuth(t->esys, *nv, &a);
	explicit_bzero(&a, sizeof a);
	return rc == TSS2_RC_SUCCESS ? true : refused(rc, "root key", e);
}

bool tpm_nv_define(struct tpm *t, uint32_t number, const uint8_t auth[TPM_AUTH], uint16_t size,
		   struct err *e)
{
	/* Not subject to the lockout of wrong guesses: there is no guessing 32 random bytes, and a
	 * stranger's guesses must not stop the box. */
	const TPM2B_NV_PUBLIC public = {
	    .nvPublic = {.nvIndex = number,
			 .nameAlg = TPM2_ALG_SHA256,
			 .attributes = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA,
			 .dataSize = size}};
	TPM2B_AUTH a = {.size = TPM_AUTH};
	ESYS_TR nv = ESYS_TR_NONE;
	TSS2_RC rc;

	if (!encrypt(t, TPMA_SESSION_DECRYPT, e))
		return false;
	memcpy(a.buffer, auth, TPM_AUTH);
	rc = Esys_NV_DefineSpace(t->esys, ESYS_TR_RH_OWNER, t->session, ESYS_TR_NONE, ESYS_TR_NONE,
				 &a, &public, &nv);
	explicit_bzero(&a, sizeof a);
	if (rc != TSS2_RC_SUCCESS)
		return refused(rc, "root key", e);
	(void)Esys_TR_Close(t->esys, &nv);
	return true;
}

bool tpm_nv_read(struct tpm *t, ESYS_TR nv, uint8_t *out, uint16_t size, struct err *e)
{
	TPM2B_MAX_NV_BUFFER *got = NULL;
	bool done;
	TSS2_RC rc;

	if (!encrypt(t, TPMA_SESSION_ENCRYPT, e))
		return false;
	rc = Esys_NV_Read(t->esys, nv, nv, t->session, ESYS_TR_NONE, ESYS_TR_NONE, size, 0, &got);
	if (rc != TSS2_RC_SUCCESS)
		return refused(rc, "root key", e);
	done = got->size == size;
	if (done)
		memcpy(out, got->buffer, size);
	explicit_bzero(got, sizeof *got);
	Esys_Free(got);
	return done ? true : err_set(e, ERR_IO, "root key: the TPM answers half");
}

bool tpm_nv_write(struct tpm *t, ESYS_TR nv, const uint8_t *bytes, uint16_t size, struct err *e)
{
	TPM2B_MAX_NV_BUFFER b = {.size = size};
	TSS2_RC rc;

	if (size > sizeof b.buffer)
		return err_set(e, ERR_ARGUMENT, "root key: too large");
	if (!encrypt(t, TPMA_SESSION_DECRYPT, e))
		return false;
	memcpy(b.buffer, bytes, size);
	rc = Esys_NV_Write(t->esys, nv, nv, t->session, ESYS_TR_NONE, ESYS_TR_NONE, &b, 0);
	explicit_bzero(&b, sizeof b);
	return rc == TSS2_RC_SUCCESS ? true : refused(rc, "root key", e);
}

bool tpm_nv_undefine(struct tpm *t, ESYS_TR nv, struct err *e)
{
	TSS2_RC rc;

	if (!encrypt(t, 0, e))
		return false;
	rc = Esys_NV_UndefineSpace(t->esys, ESYS_TR_RH_OWNER, nv, t->session, ESYS_TR_NONE,
				   ESYS_TR_NONE);
	return rc == TSS2_RC_SUCCESS ? true : refused(rc, "root key", e);
}
