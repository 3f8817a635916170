/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded: a file system of a stick that knows no rename but the old one. */
#include <errno.h>
#include <stdlib.h>

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	(void)from_folder;
	(void)from;
	(void)to_folder;
	(void)to;
	(void)flags;
	errno = atoi(getenv("ALPR_RENAME"));
	return -1;
}
