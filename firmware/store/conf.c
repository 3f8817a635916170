/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/conf.h"

#include <stdio.h>
#include <string.h>

#define KEY(type_, struct_, field, fallback_, min_, max_, help_)                                   \
	{                                                                                          \
#field, type_, offsetof(struct struct_, field), fallback_, min_, max_, NULL, help_ \
	}

#define TEXT(n)	 TEXT_(n)
#define TEXT_(n) #n

#ifdef CONFIG_KEYSTORE_TPM2
#define KEYSTORES "file|tpm2"
#else
#define KEYSTORES "file"
#endif

/* The upper bound of retention_days is checked below, to name the law's limit in the error. */
static const struct conf_key ring_keys[] = {
    KEY(CONF_PATH, store_ring_conf, path, "/var/lib/alpr/store", 0, 0,
	"folder of the database and the hotlist cache"),
    KEY(CONF_INT, store_ring_conf, retention_days, TEXT(CONFIG_RETENTION_DAYS_CAP), 1, 1e6,
	"days that a read is kept; can only be shortened"),
    KEY(CONF_INT, store_ring_conf, max_bytes, "68719476736", 1048576, 1e15,
	"most bytes of the ring; the oldest reads go first"),
    KEY(CONF_INT, store_ring_conf, min_free_bytes, "268435456", 0, 1e15,
	"bytes of the disk left to others"),
    KEY(CONF_STRING, store_ring_conf, keystore, "file", 0, 0,
	"keystore of the root key that all reads are sealed under: file, tpm2"),
    KEY(CONF_PATH, store_ring_conf, keystore_path, "", 0, 0,
	"file of the root keys; of tpm2: what finds and opens them; empty: keystore in path"),
    KEY(CONF_STRING, store_ring_conf, keystore_device, "device:/dev/tpmrm0", 0, 0,
	"tpm2: the way to it"),
    KEY(CONF_BOOL, store_ring_conf, keystore_create, "yes", 0, 0,
	"make root keys when there are none and no read either; no: enrolment does"),
};

static const struct conf_key hotlist_keys[] = {
    KEY(CONF_PATH, store_hotlist_conf, path, "", 0, 0, "hotlist bundle on disk"),
    KEY(CONF_PATH, store_hotlist_conf, key, "", 0, 0, "public key of the hotlist's signer, PEM"),
    KEY(CONF_PATH, store_hotlist_conf, key_next, "", 0, 0,
	"while the signer changes its key: the other one"),
    KEY(CONF_INT, store_hotlist_conf, cooldown_s, "300", 0, 86400,
	"seconds in which the same wanted car does not ring again"),
};

/* The upper bound of window_min is checked below, as that of retention_days is. The last one: so
 * that a sealed answer fits what the wire carries (WIRE_SEALED_MAX). */
static const struct conf_key evidence_keys[] = {
    KEY(CONF_PATH, store_evidence_conf, ca, "", 0, 0,
	"authorities of the certificates that may ask for evidence or give verdicts, PEM; empty: "
	"no request is answered and no verdict taken"),
    KEY(CONF_STRING, store_evidence_conf, purposes,
	"felony-investigation, stolen-vehicle, homicide, missing-person, officer-safety, "
	"court-order",
	0, 0, "purposes that a request may name, separated by commas"),
    KEY(CONF_INT, store_evidence_conf, window_min, TEXT(CONFIG_EVIDENCE_WINDOW_MIN), 1, 1e6,
	"longest window of a request without a plate, minutes; can only be shortened"),
    KEY(CONF_INT, store_evidence_conf, per_hour, "20", 1, 1000,
	"requests that are taken up within an hour, of one certificate; of all together twice as "
	"many"),
    KEY(CONF_INT, store_evidence_conf, day_min, "240", 1, 1440,
	"minutes that all windows without a plate may have together within 24 hours"),
    KEY(CONF_INT, store_evidence_conf, max_bytes, "67108864", 65536, 75000000,
	"most bytes of an answer, before it is sealed"),
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The next name of a list: its length, 0 at the end; *list goes behind it. */
static size_t next_name(const char **list, const char **name)
{
	size_t len;

	*list += strspn(*list, ", ");
	*name = *list;
	len = strcspn(*list, ",");
	*list += len;
	while (len > 0 && (*name)[len - 1] == ' ')
		len--;
	return len;
}

bool store_purpose_listed(const char *purposes, const char *purpose)
{
	const char *name;
	size_t len;

	while ((len = next_name(&purposes, &name)) > 0)
		if (strlen(purpose) == len && memcmp(name, purpose, len) == 0)
			return true;
	return false;
}

/* A name is one word: who writes a space or a semicolon between two has not said what he meant. */
static bool check_evidence(const struct store_evidence_conf *c, struct err *e)
{
	const char *list = c->purposes, *name;
	size_t len, n = 0;

	if (c->window_min > CONFIG_EVIDENCE_WINDOW_MIN)
		return err_set(
		    e, ERR_CONFIG,
		    "[evidence] window_min: %lld is longer than the %d minutes that this "
		    "firmware may answer for",
		    (long long)c->window_min, CONFIG_EVIDENCE_WINDOW_MIN);
	while ((len = next_name(&list, &name)) > 0) {
		if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") < len || len > 64)
			return err_set(
			    e, ERR_CONFIG,
			    "[evidence] purposes: a purpose is a-z, 0-9 and '-', at most "
			    "64 of them");
		n++;
	}
	return n > 0 || err_set(e, ERR_CONFIG, "[evidence] purposes: there is none");
}

bool store_conf_load(const char *text, size_t len, const char *folder, struct store_conf *out,
		     struct err *e)
{
	if (!site_load(text, len, folder, &out->site, e) ||
	    !conf_fill(text, len, folder, "store", ring_keys, COUNT(ring_keys), &out->ring, e) ||
	    !conf_fill(text, len, folder, "hotlist", hotlist_keys, COUNT(hotlist_keys),
		       &out->hotlist, e) ||
	    !conf_fill(text, len, folder, "evidence", evidence_keys, COUNT(evidence_keys),
		       &out->evidence, e) ||
	    !check_evidence(&out->evidence, e))
		return false;
	if (out->ring.retention_days > CONFIG_RETENTION_DAYS_CAP)
		return err_set(e, ERR_CONFIG,
			       "[store] retention_days: %lld is longer than the %d days that this "
			       "firmware may keep a read",
			       (long long)out->ring.retention_days, CONFIG_RETENTION_DAYS_CAP);
	if (!conf_listed(out->ring.keystore, KEYSTORES))
		return err_set(e, ERR_CONFIG, "[store] keystore: none of those built in (%s)",
			       KEYSTORES);
	if (!out->ring.keystore_path[0] &&
	    (size_t)snprintf(out->ring.keystore_path, sizeof out->ring.keystore_path, "%s/keystore",
			     out->ring.path) >= sizeof out->ring.keystore_path)
		return err_set(e, ERR_LIMIT, "[store] path: too long");
	return true;
}
