/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/uplink/credentials.h"

#include "firmware/base/cleanup.h"

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static int rng(void *unused, unsigned char *out, size_t len)
{
	(void)unused;
	return getrandom(out, len, 0) == (ssize_t)len
		   ? 0
		   : MBEDTLS_ERR_PK_BAD_INPUT_DATA; /* < 256 bytes: never short */
}

static bool parse_certificates(const char *path, const struct pem *p, mbedtls_x509_crt *crt,
			       struct err *e)
{
	int begun = 0, parsed = 0;

	/* A positive result counts certificates that were not understood: refused as well. One that
	 * is cut off at the end of the file mbedTLS does not even count. */
	for (const char *c = p->text; (c = strstr(c, "-----BEGIN CERTIFICATE-----")); c++)
		begun++;
	if (mbedtls_x509_crt_parse(crt, (const unsigned char *)p->text, p->len) != 0)
		return err_set(e, ERR_FORMAT, "%s: not certificates in PEM form", path);
	for (const mbedtls_x509_crt *c = crt; c; c = c->next)
		parsed++;
	if (begun != parsed)
		return err_set(e, ERR_FORMAT, "%s: cut off", path);
	return true;
}

static int64_t utc_seconds(const mbedtls_x509_time *t)
{
	struct tm tm = {.tm_year = t->year - 1900,
			.tm_mon = t->mon - 1,
			.tm_mday = t->day,
			.tm_hour = t->hour,
			.tm_min = t->min,
			.tm_sec = t->sec};

	return (int64_t)timegm(&tm);
}

static bool check_key(const struct uplink_conf *c, const struct pem *key, mbedtls_x509_crt *crt,
		      struct err *e)
{
	mbedtls_pk_context pk;
	int rc;

	mbedtls_pk_init(&pk);
	rc = mbedtls_pk_parse_key(&pk, (const unsigned char *)key->text, key->len, NULL, 0, rng,
				  NULL);
	if (rc != 0)
		(void)err_set(e, ERR_FORMAT, "%s: not an unencrypted private key in PEM form",
			      c->key);
	else if ((rc = mbedtls_pk_check_pair(&crt->pk, &pk, rng, NULL)) != 0)
		(void)err_set(e, ERR_FORMAT, "%s: not the key of %s", c->key, c->certificate);
	mbedtls_pk_free(&pk);
	return rc == 0;
}

bool credentials_load(const struct uplink_conf *c, struct credentials *out, struct err *e)
{
	CLEANUP(mbedtls_x509_crt_free) mbedtls_x509_crt ca, own;

	memset(out, 0, sizeof *out);
	mbedtls_x509_crt_init(&ca);
	mbedtls_x509_crt_init(&own);
	if (!pem_read(c->ca, &out->ca, e) || !pem_read(c->certificate, &out->certificate, e) ||
	    !pem_read(c->key, &out->key, e))
		return false;
	if (!parse_certificates(c->ca, &out->ca, &ca, e) ||
	    !parse_certificates(c->certificate, &out->certificate, &own, e))
		return false;
	out->expires_s = utc_seconds(&own.valid_to);
	return check_key(c, &out->key, &own, e);
}

void credentials_wipe(struct credentials *c)
{
	pem_wipe(&c->ca);
	pem_wipe(&c->certificate);
	pem_wipe(&c->key);
	memset(c, 0, sizeof *c);
}
