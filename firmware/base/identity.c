/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/identity.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/pem.h"
#include "firmware/base/utf8.h"

#include <mbedtls/oid.h>
#include <mbedtls/rsa.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

#define CHALLENGE_SIZE	      32u
#define RSA_BITS_MAX	      4096u
#define RSA_EXPONENT_BITS_MAX 32u

struct identity {
	mbedtls_x509_crt crt;
	enum identity_role role;
	char subject[256], serial[96]; /* a serial number has at most 20 bytes (RFC 5280) */
	char common_name[257];	       /* 64 characters (RFC 5280, ub-common-name) */
};

struct identity_authorities {
	mbedtls_x509_crt crt;
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
static bool refused(uint32_t flags, const mbedtls_x509_crt *crt, const mbedtls_x509_time *now,
		    struct err *e)
{
	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return err_set(e, ERR_SIGNATURE, "not issued by that authority");
	if (mbedtls_x509_time_cmp(&crt->valid_to, now) < 0)
		return err_set(e, ERR_POLICY, "has expired");
	if (mbedtls_x509_time_cmp(&crt->valid_from, now) > 0)
		return err_set(e, ERR_POLICY, "not valid yet");
	if (flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE))
		return err_set(e, ERR_POLICY, "its authority has expired or is not valid yet");
	return err_set(e, ERR_SIGNATURE, "signed with a key or in a way that is too weak");
}

/* The library judges dates by the system's clock; here they are judged again, by `now`. */
static int judge_dates(void *arg, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	const mbedtls_x509_time *now = arg;

	(void)depth;
	*flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
	if (mbedtls_x509_time_cmp(&crt->valid_to, now) < 0)
		*flags |= MBEDTLS_X509_BADCERT_EXPIRED;
	if (mbedtls_x509_time_cmp(&crt->valid_from, now) > 0)
		*flags |= MBEDTLS_X509_BADCERT_FUTURE;
	return 0;
}

static bool check_chain(mbedtls_x509_crt *crt, const struct identity_authorities *ca,
			int64_t now_ns, struct err *e)
{
	mbedtls_x509_crt *trusted = (mbedtls_x509_crt *)&ca->crt; /* which it does not change */
	mbedtls_x509_time now;
	uint32_t flags = 0;
	int rc;

	if (mbedtls_x509_time_gmtime((mbedtls_time_t)(now_ns / NS_PER_S), &now) != 0)
		return err_set(e, ERR_POLICY, "the time is none that a calendar has");
	rc = mbedtls_x509_crt_verify(crt, trusted, NULL, NULL, &flags, judge_dates, &now);
	if (rc == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
		return refused(flags, crt, &now, e);
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

/* Of a subject with two, nobody can say which is meant. */
static void find_common_name(struct identity *who)
{
	const mbedtls_asn1_buf *found = NULL;

	for (const mbedtls_x509_name *n = &who->crt.subject; n; n = n->next) {
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &n->oid) != 0)
			continue;
		if (found)
			return;
		found = &n->val;
	}
	/* The other kinds of text (RFC 5280, DirectoryString) are not UTF-8. */
	if (found &&
	    (found->tag == MBEDTLS_ASN1_UTF8_STRING ||
	     found->tag == MBEDTLS_ASN1_PRINTABLE_STRING) &&
	    found->len < sizeof who->common_name &&
	    utf8_is_printable((const char *)found->p, found->len))
		memcpy(who->common_name, found->p, found->len); /* the rest is zero */
}

static bool name(struct identity *who, struct err *e)
{
	find_common_name(who);
	if (mbedtls_x509_dn_gets(who->subject, sizeof who->subject, &who->crt.subject) < 0 ||
	    mbedtls_x509_serial_gets(who->serial, sizeof who->serial, &who->crt.serial) < 0)
		return err_set(e, ERR_LIMIT, "a subject or serial number that is too long");
	return true;
}

static void identity_cleanup(struct identity **who)
{
	identity_free(*who);
}

static void authorities_cleanup(struct identity_authorities **ca)
{
	identity_authorities_free(*ca);
}

static struct identity *identity_new(struct err *e)
{
	struct identity *who = calloc(1, sizeof *who);

	if (who)
		mbedtls_x509_crt_init(&who->crt);
	else
		(void)err_set(e, ERR_NO_MEMORY, "certificate");
	return who;
}

static bool judge(struct identity *who, const struct identity_authorities *ca, int64_t now_ns,
		  struct err *e)
{
	return check_chain(&who->crt, ca, now_ns, e) && check_usage(&who->crt, e) &&
	       find_role(who, e) && name(who, e);
}

bool identity_load(const char *certificate, const char *ca, struct identity **out, struct err *e)
{
	CLEANUP(authorities_cleanup) struct identity_authorities *trusted = NULL;
	CLEANUP(identity_cleanup) struct identity *who = identity_new(e);

	if (!who || !parse(certificate, &who->crt, e))
		return false;
	if (!identity_authorities_load(ca, &trusted, e) || !judge(who, trusted, clock_utc_ns(), e))
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

const char *identity_common_name(const struct identity *who)
{
	return who->common_name;
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

bool identity_key(const struct identity *who, struct crypt_key **out, struct err *e)
{
	return crypt_key_parse_public(who->crt.pk_raw.p, who->crt.pk_raw.len, out, e);
}

/* --- chains that came from elsewhere ------------------------------------------------------------
 */

bool identity_authorities_load(const char *ca, struct identity_authorities **out, struct err *e)
{
	CLEANUP(authorities_cleanup) struct identity_authorities *a = calloc(1, sizeof *a);

	if (!a)
		return err_set(e, ERR_NO_MEMORY, "%s", ca);
	mbedtls_x509_crt_init(&a->crt);
	if (!parse(ca, &a->crt, e))
		return false;
	*out = steal_ptr(&a);
	return true;
}

void identity_authorities_free(struct identity_authorities *ca)
{
	if (!ca)
		return;
	mbedtls_x509_crt_free(&ca->crt);
	free(ca);
}

/* Who sends a chain chooses its keys: one of RSA with a large exponent would cost seconds. */
static bool is_quick(const mbedtls_x509_crt *crt)
{
	CLEANUP(mbedtls_mpi_free) mbedtls_mpi exponent;

	mbedtls_mpi_init(&exponent);
	if (mbedtls_pk_get_type(&crt->pk) != MBEDTLS_PK_RSA)
		return true;
	return mbedtls_pk_get_bitlen(&crt->pk) <= RSA_BITS_MAX &&
	       mbedtls_rsa_export(mbedtls_pk_rsa(crt->pk), NULL, NULL, NULL, NULL, &exponent) ==
		   0 &&
	       mbedtls_mpi_bitlen(&exponent) <= RSA_EXPONENT_BITS_MAX;
}

/* One more certificate, behind those that are there. */
static bool add(mbedtls_x509_crt *crt, const struct identity_der *der, struct err *e)
{
	int rc;

	if (der->len > IDENTITY_DER_MAX)
		return err_set(e, ERR_LIMIT, "a certificate larger than %u bytes",
			       IDENTITY_DER_MAX);
	rc = mbedtls_x509_crt_parse_der(crt, der->data, der->len);
	if (rc == MBEDTLS_ERR_X509_ALLOC_FAILED)
		return err_set(e, ERR_NO_MEMORY, "certificate");
	if (rc != 0)
		return err_set(e, ERR_FORMAT, "not a certificate");
	while (crt->next)
		crt = crt->next;
	if (crt->raw.len != der->len)
		return err_set(e, ERR_FORMAT, "more behind a certificate");
	return is_quick(crt) || err_set(e, ERR_LIMIT, "a certificate with too large a key");
}

bool identity_of_chain(const struct identity_der *chain, size_t n,
		       const struct identity_authorities *ca, int64_t now_ns, struct identity **out,
		       struct err *e)
{
	CLEANUP(identity_cleanup) struct identity *who = NULL;

	*out = NULL;
	if (n == 0 || n > IDENTITY_CHAIN_MAX)
		return err_set(e, ERR_LIMIT, "a chain of %zu certificates", n);
	who = identity_new(e);
	if (!who)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!add(&who->crt, &chain[i], e))
			return false;
	if (!judge(who, ca, now_ns, e))
		return err_prefix(e, "certificate");
	*out = steal_ptr(&who);
	return true;
}

bool identity_claimed(const struct identity_der *certificate, struct identity **out, struct err *e)
{
	CLEANUP(identity_cleanup) struct identity *who = identity_new(e);

	*out = NULL;
	if (!who || !add(&who->crt, certificate, e) || !name(who, e))
		return false;
	who->role = IDENTITY_ROLES;
	*out = steal_ptr(&who);
	return true;
}

bool identity_read_chain(const char *path, struct identity_der chain[IDENTITY_CHAIN_MAX], size_t *n,
			 void **memory, struct err *e)
{
	CLEANUP(mbedtls_x509_crt_free) mbedtls_x509_crt crt;
	size_t size = 0;
	uint8_t *at;

	*n = 0;
	*memory = NULL;
	mbedtls_x509_crt_init(&crt);
	if (!parse(path, &crt, e))
		return false;
	for (const mbedtls_x509_crt *c = &crt; c; c = c->next, ++*n)
		size += c->raw.len;
	if (*n > IDENTITY_CHAIN_MAX)
		return err_set(e, ERR_LIMIT, "%s: more than %u certificates", path,
			       IDENTITY_CHAIN_MAX);
	at = *memory = malloc(size);
	if (!at)
		return err_set(e, ERR_NO_MEMORY, "%s", path);
	*n = 0;
	for (const mbedtls_x509_crt *c = &crt; c; c = c->next) {
		chain[(*n)++] = (struct identity_der){at, c->raw.len};
		memcpy(at, c->raw.p, c->raw.len);
		at += c->raw.len;
	}
	return true;
}
