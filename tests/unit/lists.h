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

/* Of this program's tests; lists_begin makes it. */
extern struct lists lists;

/* The fixture of a group of tests: two keys made by openssl in a temporary folder, where key.pub
 * and other.pub are their public halves. lists_end removes all. 0; -1: could not. */
int lists_begin(void **state);
int lists_end(void **state);

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

/* Pack, sign with the first key and open; NULL: failed. */
struct bundle *lists_load(struct entry *entries, uint32_t n, const struct bundle_info *info);

#endif
