/* SPDX-License-Identifier: Apache-2.0 */
/* Hotlists for the tests: keys, entries, bundles, also such as no compiler would make. */
#ifndef TESTS_UNIT_LISTS_H
#define TESTS_UNIT_LISTS_H

#include "hotlist/bundle.h"

#define LISTS_ISSUED_S	INT64_C(1800000000) /* 2027-01-15 */
#define LISTS_MAX_AGE_S 86400

struct lists {
	char folder[32];
	struct crypt_key *key, *other; /* private; the second signs nothing that should load */
};

/* Make two keys with openssl in a temporary folder; false: could not. lists_end removes all. */
bool lists_begin(struct lists *l);
void lists_end(struct lists *l);

/* A valid entry of issuing state `lis`, expiring a month after the list was issued. */
struct entry lists_entry(const char *printed, const char *lis, char category);

/* Version 7, issued and aged as above, no switch on. */
struct bundle_info lists_info(void);

/* An unsigned bundle (caller frees); NULL: failed. */
uint8_t *lists_pack(struct entry *entries, uint32_t n, const struct bundle_info *info,
		    size_t *size);

/* Sign whatever the bytes are, as an attacker with the key would. size >= 384. */
bool lists_sign(uint8_t *file, size_t size, struct crypt_key *key);

/* Open bytes as a bundle, through a memfd, exactly as long as they are. */
bool lists_open(const uint8_t *file, size_t size, struct crypt_key *key, struct bundle **out,
		struct err *e);

/* Pack, sign and open; NULL: failed. */
struct bundle *lists_load(const struct lists *l, struct entry *entries, uint32_t n,
			  const struct bundle_info *info);

#endif
