/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/sandbox.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/filter.h"
#include "firmware/base/landlock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#ifdef FILTER_SANITIZED
#define OWN_THREADS_ONLY 0 /* ThreadSanitizer has a thread of its own */
#else
#define OWN_THREADS_ONLY 1
#endif

static bool privileges(struct err *e)
{
	const struct rlimit none = {0, 0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_errno(e, errno, "no new privileges");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_errno(e, errno, "not dumpable");
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return err_errno(e, errno, "no core files");
	return true;
}

/* Landlock binds the calling thread and its descendants: a thread that runs already would go free.
 */
static bool alone(struct err *e)
{
	DIR *d = opendir("/proc/self/task");
	unsigned n = 0;

	if (!d)
		return err_errno(e, errno, "/proc/self/task");
	for (const struct dirent *t = readdir(d); t; t = readdir(d))
		n += t->d_name[0] != '.';
	(void)closedir(d);
	if (n > 1 && OWN_THREADS_ONLY)
		return err_set(e, ERR_IO,
			       "%u threads run already: start them when the sandbox is closed", n);
	return true;
}

/* 1: no interface of this network namespace is up, 0: one is, or it cannot be told. */
static uint8_t netns_empty(void)
{
	AUTO_FCLOSE FILE *f = fopen("/proc/self/net/dev", "re");
	AUTO_CLOSE int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char line[512];

	if (!f || s < 0)
		return 0;
	while (fgets(line, sizeof line, f)) {
		char *name = line + strspn(line, " ");
		char *colon = strchr(name, ':');
		struct ifreq q = {0};

		if (!colon || colon - name >= (long)sizeof q.ifr_name)
			continue;
		memcpy(q.ifr_name, name, (size_t)(colon - name));
		if (ioctl(s, SIOCGIFFLAGS, &q) != 0 || (q.ifr_flags & IFF_UP))
			return 0;
	}
	return 1;
}

/* Read back from the kernel what is in force; `fd` is /proc/self/status, opened while that was
 * still allowed. */
static bool read_back(int fd, struct sandbox_loaded *loaded, struct err *e)
{
	char text[8192];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	if (n < 0)
		return err_errno(e, errno, "/proc/self/status");
	text[n] = '\0';
	loaded->seccomp = strstr(text, "\nSeccomp:\t2\n") != NULL;
	loaded->no_new_privs = strstr(text, "\nNoNewPrivs:\t1\n") != NULL;
	if (!loaded->seccomp || !loaded->no_new_privs)
		return err_set(e, ERR_IO, "the filter is not in force");
	return true;
}

/* --- files: Landlock, where this build and the kernel have it
 * ------------------------------------- */

#ifdef CONFIG_LANDLOCK

#define READ_RIGHTS (LANDLOCK_READ_FILE | LANDLOCK_READ_DIR)
#define WRITE_RIGHTS                                                                               \
	(READ_RIGHTS | LANDLOCK_WRITE_FILE | LANDLOCK_REMOVE_FILE | LANDLOCK_MAKE_REG |            \
	 LANDLOCK_TRUNCATE | LANDLOCK_REFER)

#define DEVICE_RIGHTS (READ_RIGHTS | LANDLOCK_WRITE_FILE | LANDLOCK_IOCTL_DEV)

static bool allow_devices(int fd, const char *pattern, struct err *e)
{
	glob_t found = {0};
	bool done = true;

	if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return true; /* this box has none */
	for (size_t i = 0; i < found.gl_pathc && done; i++)
		done = landlock_allow(fd, found.gl_pathv[i], DEVICE_RIGHTS, e);
	globfree(&found);
	return done;
}

static bool allow_paths(int fd, const struct sandbox *s, struct err *e)
{
	for (size_t i = 0;
	     (s->may & SANDBOX_DEVICES) && i < SANDBOX_PATHS_MAX && s->device_paths[i]; i++)
		if (!allow_devices(fd, s->device_paths[i], e))
			return false;
	for (size_t i = 0;
	     (s->may & SANDBOX_READ_FILES) && i < SANDBOX_PATHS_MAX && s->read_paths[i]; i++) {
		struct err why = {0};

		/* What is not there cannot be read either. */
		if (!landlock_allow(fd, s->read_paths[i], READ_RIGHTS, &why) &&
		    why.code != ERR_NOT_FOUND) {
			if (e)
				*e = why;
			return false;
		}
	}
	for (size_t i = 0;
	     (s->may & SANDBOX_WRITE_FILES) && i < SANDBOX_PATHS_MAX && s->write_paths[i]; i++)
		if (!landlock_allow(fd, s->write_paths[i], WRITE_RIGHTS, e))
			return false;
	return true;
}

/* *abi: that of the kernel; 0: it has no Landlock, and nothing was done. own: what the process says
 * of itself stays readable, for the other half of the closing. */
static bool close_files(const struct sandbox *s, bool own, uint8_t *abi, struct err *e)
{
	uint64_t net = LANDLOCK_BIND_TCP | ((s->may & SANDBOX_INTERNET) ? 0 : LANDLOCK_CONNECT_TCP);
	AUTO_CLOSE int fd = -1;

	*abi = landlock_abi();
	if (*abi == 0)
		return true;
	if (!landlock_begin(LANDLOCK_ALL_FILES, net, LANDLOCK_ABSTRACT_UNIX | LANDLOCK_SIGNAL, &fd,
			    e))
		return false;
	if (own && !landlock_allow(fd, "/proc/self", READ_RIGHTS, e))
		return false;
	return allow_paths(fd, s, e) && landlock_enforce(fd, e);
}

static bool close_files_of_parent(const char *const *programs, uint8_t *abi, struct err *e)
{
	AUTO_CLOSE int fd = -1;

	*abi = landlock_abi();
	if (*abi == 0)
		return true;
	/* Any ruleset refuses renaming between folders (REFER) unless it says otherwise: that is
	 * the roles' own to say. */
	if (!landlock_begin(LANDLOCK_EXECUTE | LANDLOCK_REFER, LANDLOCK_BIND_TCP, 0, &fd, e) ||
	    !landlock_allow(fd, "/", LANDLOCK_REFER, e))
		return false;
	for (size_t i = 0; programs[i]; i++)
		if (!landlock_allow(fd, programs[i], LANDLOCK_EXECUTE, e))
			return false;
	return landlock_enforce(fd, e);
}

#else

static bool close_files(const struct sandbox *s, bool own, uint8_t *abi, struct err *e)
{
	(void)s;
	(void)own;
	(void)e;
	*abi = 0;
	return true;
}

static bool close_files_of_parent(const char *const *programs, uint8_t *abi, struct err *e)
{
	(void)programs;
	(void)e;
	*abi = 0;
	return true;
}

#endif

/* --- the whole
 * ------------------------------------------------------------------------------------ */

bool sandbox_close(const struct sandbox *s, struct sandbox_loaded *loaded, struct err *e)
{
	AUTO_CLOSE int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct sandbox_loaded l = {.empty_netns = netns_empty()};

	if (status < 0)
		return err_errno(e, errno, "/proc/self/status");
	if (!privileges(e))
		return false;
	if (s->files_closed)
		l.landlock_abi = s->landlock_abi;
	else if (!alone(e) || !close_files(s, false, &l.landlock_abi, e))
		return false;
	if (!filter_role(s->may, e) || !read_back(status, &l, e))
		return false;
	*loaded = l;
	return true;
}

bool sandbox_close_files(struct sandbox *s, struct err *e)
{
	s->files_closed = privileges(e) && alone(e) && close_files(s, true, &s->landlock_abi, e);
	return s->files_closed;
}

bool sandbox_close_parent(const char *const *programs, struct sandbox_loaded *loaded, struct err *e)
{
	AUTO_CLOSE int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct sandbox_loaded l = {0};

	if (status < 0)
		return err_errno(e, errno, "/proc/self/status");
	if (!privileges(e) || !close_files_of_parent(programs, &l.landlock_abi, e) ||
	    !filter_parent(e) || !read_back(status, &l, e))
		return false;
	*loaded = l;
	return true;
}

int sandbox_leave(int status)
{
#ifdef FILTER_SANITIZED
	_exit(status);
#else
	return status;
#endif
}
