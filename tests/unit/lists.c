/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/lists.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hotlist/layout.h"
#include "hotlist/le.h"
#include "hotlist/tool/pack.h"
#include "hotlist/tool/sign.h"

#include <string.h>
#include <sys/mman.h>

struct lists lists;

int lists_begin(void **state)
{
	char command[512], path[96];

	(void)state;
	strcpy(lists.folder, "/tmp/lists-XXXXXX");
	if (!mkdtemp(lists.folder))
		return -1;
	(void)snprintf(command, sizeof command,
		       "cd %s && for k in key other; do openssl genpkey -algorithm EC -pkeyopt "
		       "ec_paramgen_curve:P-256 -out $k.pem 2>/dev/null && openssl pkey -in $k.pem "
		       "-pubout -out $k.pub 2>/dev/null || exit 1; done",
		       lists.folder);
	if (system(command) != 0)
		return -1;
	(void)snprintf(path, sizeof path, "%s/key.pem", lists.folder);
	if (!crypt_key_load_private(path, &lists.key, NULL))
		return -1;
	(void)snprintf(path, sizeof path, "%s/other.pem", lists.folder);
	return crypt_key_load_private(path, &lists.other, NULL) ? 0 : -1;
}

int lists_end(void **state)
{
	char command[64];

	(void)state;
	crypt_key_free(lists.key);
	crypt_key_free(lists.other);
	(void)snprintf(command, sizeof command, "rm -rf %s", lists.folder);
	return system(command) == 0 ? 0 : -1;
}

struct entry lists_entry(const char *printed, const char *lis, char category)
{
	struct entry x;

	memset(&x, 0, sizeof x);
	(void)snprintf(x.printed, sizeof x.printed, "%s", printed);
	(void)snprintf(x.lis, sizeof x.lis, "%s", lis);
	(void)entry_fold(printed, x.lic);
	strcpy(x.lit, "PC");
	x.category = category;
	strcpy(x.case_number, "V123456789");
	strcpy(x.ori, "MO0951400");
	x.entered_s = LISTS_ISSUED_S - 5 * 86400;
	x.expires_s = LISTS_ISSUED_S + 30 * 86400;
	strcpy(x.vyr, "2019");
	strcpy(x.vma, "TOYT");
	strcpy(x.vmo, "CAM");
	strcpy(x.vst, "4D");
	strcpy(x.vco, "BLK/WHI");
	return x;
}

struct bundle_info lists_info(void)
{
	return (struct bundle_info){
	    .version = 7, .issued_ns = LISTS_ISSUED_S * NS_PER_S, .max_age_s = LISTS_MAX_AGE_S};
}

uint8_t *lists_pack(struct entry *entries, uint32_t n, const struct bundle_info *info, size_t *size)
{
	struct bundle_info written = *info;
	struct pack *p = NULL;
	uint8_t *file = NULL;
	struct err e = {0};
	bool added = pack_new(&p, &e);

	for (uint32_t i = 0; added && i < n; i++)
		added = pack_add(p, &entries[i], &e);
	if (!added || !pack_write(p, &written, &file, size, &e))
		(void)fprintf(stderr, "lists: %s\n", e.text);
	pack_free(p);
	return file;
}

bool lists_sign(uint8_t *file, size_t size, struct crypt_key *key)
{
	uint8_t sig[CRYPT_SIGNATURE_MAX];
	struct layout l;
	size_t len;

	if (layout_get_header(file, size, &l, NULL) && !layout_put_table(file, &l, NULL))
		return false;
	if (!crypt_key_id(key, file + 72, NULL) ||
	    !crypt_sign(key, file, LAYOUT_HEADER, sig, &len, NULL))
		return false;
	layout_put_signature(sig, len, file + LAYOUT_HEADER);
	return true;
}

/* The same checks on a buffer of exactly this size: there a sanitiser sees what a map, which ends
 * with its page, would hide. */
static bool check_in_memory(const uint8_t *file, size_t size)
{
	uint8_t *exact AUTO_FREE = malloc(size + !size);
	struct layout l;
	size_t signature;

	if (!exact)
		return false;
	memcpy(exact, file, size);
	return sign_check(exact, size, &l, &signature, NULL);
}

bool lists_open(const uint8_t *file, size_t size, struct crypt_key *key, struct bundle **out,
		struct err *e)
{
	int fd AUTO_CLOSE = memfd_create("list", MFD_CLOEXEC);
	bool good = check_in_memory(file, size);

	*out = NULL;
	if (fd < 0 || (size > 0 && write(fd, file, size) != (ssize_t)size))
		return err_set(e, ERR_IO, "memfd");
	if (!bundle_open_fd(fd, key, out, e))
		return false;
	if (!good)
		(void)fputs("lists: loaded what the checks in memory refuse\n", stderr);
	return good;
}

struct bundle *lists_load(struct entry *entries, uint32_t n, const struct bundle_info *info)
{
	struct bundle *b = NULL;
	struct err e = {0};
	size_t size;
	uint8_t *file AUTO_FREE = lists_pack(entries, n, info, &size);

	if (!file || !lists_sign(file, size, lists.key) ||
	    !lists_open(file, size, lists.key, &b, &e))
		(void)fprintf(stderr, "lists: %s\n", e.text);
	return b;
}
