/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/identity.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/crypt.h"
#include "firmware/base/pem.h"

#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

#define CHALLENGE_SIZE 32u

struct identity {
	mbedtls_x509_crt crt;
	enum identity_role role;
	char subject[256], serial[96]; /* a serial number has at most 20 bytes (RFC 5280) */
};

const char *identity_role_name(enum identity_role role)
{
	static const char *const NAMES[IDENTITY_ROLES] = {"TECH", "RTCC", "EVIDENCE", "AUDIT",
							  "DEVICE"};

	return NAMES[role];
}

static bool parse(const char *path, mbedtls_x509_crt *crt, struct err *e)
{
	CLEANUP(pem_wipe) struct pem p = {0};
	int rc;

	if (!pem_read(path, &p, e))
		return false;
	rc = mbedtls_x509_crt_parse(crt, (const unsigned char *)p.text, p.len);
	if (rc == MBEDTLS_ERR_X509_ALLOC_FAILED)
		return err_set(e, ERR_NO_MEMORY, "%s", path);
	/* A positive result counts certificates that were not understood: refused as well. */
	return rc == 0 || err_set(e, ERR_FORMAT, "%s: not certificates in PEM form", path);
}

/* Why the chain does not hold. What is wrong with the authority counts before a date: who
 * issues for himself can choose that. */
static bool refused(uint32_t flags, const mbedtls_x509_crt *crt, struct err *e)
{
	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return err_set(e, ERR_SIGNATURE, "not issued by that authority");
	if (mbedtls_x509_time_is_past(&crt->valid_to))
		return err_set(e, ERR_POLICY, "has expired");
	if (mbedtls_x509_time_is_future(&crt->valid_from))
		return err_set(e, ERR_POLICY, "not valid yet");
	if (flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE))
		return err_set(e, ERR_POLICY, "its authority has expired or is not valid yet");
	return err_set(e, ERR_SIGNATURE, "signed with a key or in a way that is too weak");
}

static bool check_chain(mbedtls_x509_crt *crt, const char *ca_path, struct err *e)
{
	CLEANUP(mbedtls_x509_crt_free) mbedtls_x509_crt ca;
	uint32_t flags = 0;
	int rc;

	mbedtls_x509_crt_init(&ca);
	if (!parse(ca_path, &ca, e))
		return false;
	rc = mbedtls_x509_crt_verify(crt, &ca, NULL, NULL, &flags, NULL, NULL);
	if (rc == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
		return refused(flags, crt, e);
	return rc == 0 || err_set(e, ERR_SIGNATURE, "its chain cannot be checked");
}

static bool check_usage(const mbedtls_x509_crt *crt, struct err *e)
{
	if (mbedtls_x509_crt_get_ca_istrue(crt) == 1)
		return err_set(e, ERR_POLICY, "an authority's, not a person's");
	if (mbedtls_x509_crt_check_key_usage(crt, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0 ||
	    mbedtls_x509_crt_check_extended_key_usage(
		crt, MBEDTLS_OID_CLIENT_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH)) != 0)
		return err_set(e, ERR_POLICY, "issued for another use than as a client's");
	return true;
}

/* Compared with its length: a NUL inside would end a text early. */
static bool is_role(const mbedtls_asn1_buf *text, enum identity_role role)
{
	const char *name = identity_role_name(role);

	return text->len == strlen(name) && memcmp(text->p, name, text->len) == 0;
}

static bool find_role(struct identity *who, struct err *e)
{
	unsigned found = 0;

	for (const mbedtls_x509_name *n = &who->crt.subject; n; n = n->next) {
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_ORG_UNIT, &n->oid) != 0)
			continue;
		for (unsigned r = 0; r < IDENTITY_ROLES; r++) {
			if (is_role(&n->val, (enum identity_role)r)) {
				who->role = (enum identity_role)r;
				found++;
			}
		}
	}
	if (found == 0)
		return err_set(e, ERR_POLICY, "has no role: no OU of its subject names one");
	return found == 1 || err_set(e, ERR_POLICY, "has more than one role");
}

static bool name(struct identity *who, struct err *e)
{
	if (mbedtls_x509_dn_gets(who->subject, sizeof who->subject, &who->crt.subject) < 0 ||
	    mbedtls_x509_serial_gets(who->serial, sizeof who->serial, &who->crt.serial) < 0)
		return err_set(e, ERR_LIMIT, "a subject or serial number that is too long");
	return true;
}

static void identity_cleanup(struct identity **who)
{
	identity_free(*who);
}

bool identity_load(const char *certificate, const char *ca, struct identity **out, struct err *e)
{
	CLEANUP(identity_cleanup) struct identity *who = calloc(1, sizeof *who);

	if (!who)
		return err_set(e, ERR_NO_MEMORY, "%s", certificate);
	mbedtls_x509_crt_init(&who->crt);
	if (!parse(certificate, &who->crt, e))
		return false;
	if (!check_chain(&who->crt, ca, e) || !check_usage(&who->crt, e) || !find_role(who, e) ||
	    !name(who, e))
		return err_prefix(e, "%s", certificate);
	*out = steal_ptr(&who);
	return true;
}

void identity_free(struct identity *who)
{
	if (!who)
		return;
	mbedtls_x509_crt_free(&who->crt);
	free(who);
}

enum identity_role identity_role(const struct identity *who)
{
	return who->role;
}

const char *identity_subject(const struct identity *who)
{
	return who->subject;
}

const char *identity_serial(const struct identity *who)
{
	return who->serial;
}

bool identity_verify(struct identity *who, const void *data, size_t len, const uint8_t *sig,
		     size_t sig_len, struct err *e)
{
	uint8_t hash[CRYPT_SHA256_SIZE];

	if (!crypt_sha256(data, len, hash, e))
		return false;
	if (!mbedtls_pk_can_do(&who->crt.pk, MBEDTLS_PK_ECDSA) ||
	    mbedtls_pk_verify(&who->crt.pk, MBEDTLS_MD_SHA256, hash, sizeof hash, sig, sig_len) !=
		0)
		return err_set(e, ERR_SIGNATURE, "signature: does not verify");
	return true;
}

bool identity_prove(struct identity *who, const char *key, struct err *e)
{
	uint8_t challenge[CHALLENGE_SIZE], sig[CRYPT_SIGNATURE_MAX];
	struct crypt_key *k = NULL;
	size_t len = 0;
	bool done;

	if (!crypt_random(challenge, sizeof challenge, e) || !crypt_key_load_private(key, &k, e))
		return false;
	done = crypt_sign(k, challenge, sizeof challenge, sig, &len, e);
	crypt_key_free(k);
	if (!done)
		return err_prefix(e, "%s", key);
	if (!identity_verify(who, challenge, sizeof challenge, sig, len, e))
		return err_set(e, ERR_SIGNATURE, "%s: not the key of that certificate", key);
	return true;
}
