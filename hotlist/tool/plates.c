/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/plates.h"

#include "hotlist/record.h"
#include "hotlist/tool/when.h"

#include <string.h>

static bool read_memory(const void *arg, uint64_t offset, size_t len, uint8_t *out, struct err *e)
{
	(void)e;
	memcpy(out, (const uint8_t *)arg + offset, len);
	return true;
}

static void write_entry(const struct entry *x, FILE *to)
{
	char entered[WHEN_SIZE] = "", expires[WHEN_SIZE];

	if (x->entered_s != 0)
		(void)when_text(x->entered_s, entered);
	/* No field may hold a comma, a quotation mark or the end of a line (entry_check). */
	(void)fprintf(to, "%s,%s,%s,%c,%s,%s,%s,%s,%s,%s,%s,%s,%s\n", x->printed, x->lis, x->lit,
		      x->category, x->case_number, x->ori, entered,
		      when_text(x->expires_s, expires), x->vyr, x->vma, x->vmo, x->vst, x->vco);
}

bool plates_write(const uint8_t *file, const struct layout *l, FILE *to, struct err *e)
{
	struct record_source source = {.l = l, .read = read_memory, .arg = file};
	struct record r;
	struct entry x;
	size_t text_len;

	(void)fputs("lic,lis,lit,category,case_number,ori,entered,expires,vyr,vma,vmo,vst,vco\n",
		    to);
	for (uint32_t i = 0; i < l->info.entries && !ferror(to); i++) {
		if (!record_read(&source, i, &r, e) ||
		    !record_entry(&source, &r, &x, &text_len, e) ||
		    !entry_check(&x, l->info.allow_missing, e))
			return err_prefix(e, "entry %lu", (unsigned long)i);
		write_entry(&x, to);
	}
	return true;
}
