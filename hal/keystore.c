/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/keystore.h"

#include <string.h>

extern const struct keystore_ops keystore_file;
#ifdef CONFIG_KEYSTORE_TPM2
extern const struct keystore_ops keystore_tpm2;
#endif

static const struct keystore_ops *const drivers[] = {
    &keystore_file,
#ifdef CONFIG_KEYSTORE_TPM2
    &keystore_tpm2,
#endif
    NULL,
};

const struct keystore_ops *keystore_find(const char *name)
{
	for (size_t i = 0; drivers[i]; i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}
