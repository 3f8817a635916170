/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/landlock.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* One number each on every architecture. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule	    445
#define SYS_landlock_restrict_self  446
#endif

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH      1

#define FILE_RIGHTS                                                                                \
	(LANDLOCK_EXECUTE | LANDLOCK_WRITE_FILE | LANDLOCK_READ_FILE | LANDLOCK_TRUNCATE |         \
	 LANDLOCK_IOCTL_DEV)

struct ruleset_attr {
	uint64_t files, net, scoped;
};

struct path_beneath_attr {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

uint8_t landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : abi > UINT8_MAX ? UINT8_MAX : (uint8_t)abi;
}

/* The rights on files that an ABI knows. */
static uint64_t known_files(uint8_t abi)
{
	uint64_t known = LANDLOCK_ALL_FILES;

	if (abi < 5)
		known &= ~LANDLOCK_IOCTL_DEV;
	if (abi < 3)
		known &= ~LANDLOCK_TRUNCATE;
	if (abi < 2)
		known &= ~LANDLOCK_REFER;
	return known;
}

bool landlock_begin(uint64_t files, uint64_t net, uint64_t scoped, int *fd, struct err *e)
{
	uint8_t abi = landlock_abi();
	struct ruleset_attr a = {
	    .files = files & known_files(abi),
	    .net = abi >= 4 ? net : 0,
	    .scoped = abi >= 6 ? scoped : 0,
	};
	/* A kernel of before a field was there refuses a struct that has more than zeroes in it: it
	 * gets zeroes. */
	long n = syscall(SYS_landlock_create_ruleset, &a, sizeof a, 0);

	if (n < 0)
		return err_errno(e, errno, "Landlock ruleset");
	*fd = (int)n;
	return true;
}

bool landlock_allow(int fd, const char *path, uint64_t files, struct err *e)
{
	AUTO_CLOSE int at = open(path, O_PATH | O_CLOEXEC);
	struct path_beneath_attr a = {.allowed = files & known_files(landlock_abi()),
				      .parent_fd = at};
	struct stat st;

	if (at < 0 || fstat(at, &st) != 0)
		return err_errno(e, errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		a.allowed &= FILE_RIGHTS;
	if (syscall(SYS_landlock_add_rule, fd, RULE_PATH_BENEATH, &a, 0) != 0)
		return err_errno(e, errno, "Landlock rule for %s", path);
	return true;
}

bool landlock_enforce(int fd, struct err *e)
{
	if (syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		return err_errno(e, errno, "Landlock");
	return true;
}
