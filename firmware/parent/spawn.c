/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/parent/spawn.h"

#include "firmware/base/chan.h"
#include "firmware/base/cleanup.h"
#include "firmware/base/log.h"
#include "firmware/role.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <link.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CANNOT_START 127

/* --- preparing
 * ------------------------------------------------------------------------------------ */

/* The first object that is reported is the program itself; its PT_INTERP names the loader. */
static int find_loader(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct spawn *s = arg;

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			(void)snprintf(
			    s->loader, sizeof s->loader, "%s",
			    (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr));
	return 1;
}

static bool find_programs(struct spawn *s, struct err *e)
{
	char self[PATH_MAX], beside[PATH_MAX + 16], real[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n < 0)
		return err_errno(e, errno, "/proc/self/exe");
	self[n] = '\0';
	(void)snprintf(beside, sizeof beside, "%s/../libexec", dirname(self));
	if (!realpath(beside, real))
		return err_errno(e, errno, "%.200s", beside);
	(void)snprintf(s->libexec, sizeof s->libexec, "%s", real);
	(void)dl_iterate_phdr(find_loader, s);
	return true;
}

static bool find_user(struct spawn *s, const char *user, struct err *e)
{
	const struct passwd *p;

	s->root = geteuid() == 0;
	if (!user[0])
		return true;
	p = getpwnam(user);
	if (!p)
		return err_set(e, ERR_CONFIG, "[daemon] user: there is no user %.64s", user);
	if (!s->root)
		return p->pw_uid == geteuid()
			   ? true
			   : err_set(e, ERR_CONFIG, "[daemon] user: only root can become %.64s",
				     user);
	s->uid = p->pw_uid;
	s->gid = p->pw_gid;
	s->n_groups = SPAWN_GROUPS_MAX;
	if (getgrouplist(user, s->gid, s->groups, &s->n_groups) < 0)
		return err_set(e, ERR_CONFIG, "[daemon] user: %.64s is in more than %d groups",
			       user, SPAWN_GROUPS_MAX);
	s->change_user = s->uid != 0;
	return true;
}

bool spawn_prepare(struct spawn *s, const char *user, struct err *e)
{
	memset(s, 0, sizeof *s);
	return find_programs(s, e) && find_user(s, user, e);
}

/* --- capabilities
 * --------------------------------------------------------------------------------- */

static int set_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {
	    {.effective = (uint32_t)keep, .permitted = (uint32_t)keep},
	    {.effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32)},
	};

	return (int)syscall(SYS_capset, &h, d);
}

/* What is not in the bounding set cannot come back by executing something. In a container it may
 * not be ours to change. */
static void limit_bounding(uint64_t keep)
{
	for (unsigned long c = 0; c < 64; c++)
		if (!(keep >> c & 1) && prctl(PR_CAPBSET_READ, c, 0, 0, 0) == 1)
			(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
}

bool spawn_limit_parent(const struct spawn *s, struct err *e)
{
	/* New network namespaces, another user for the roles, signals to them, and a configuration
	 * that is not root's own. */
	const uint64_t keep = UINT64_C(1) << CAP_SYS_ADMIN | UINT64_C(1) << CAP_SETUID |
			      UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_SETPCAP |
			      UINT64_C(1) << CAP_KILL | UINT64_C(1) << CAP_DAC_OVERRIDE;
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct have[2] = {0};

	if (!s->root)
		return true;
	limit_bounding(keep);
	/* In a container root may have fewer than these to begin with. */
	if (syscall(SYS_capget, &h, have) != 0 || set_capabilities(keep & have[0].permitted) != 0)
		return err_errno(e, errno, "capabilities");
	return true;
}

/* --- in the child
 * --------------------------------------------------------------------------------- */

static bool put(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/*
 * An empty network namespace. Without root that takes a user namespace too, where the kernel allows
 * it. Control answers by the user of its peer, whom it could not tell from inside one. What was
 * achieved the role finds out itself and reports: where this is refused, its filter without
 * socket(2) stands in.
 */
static void leave_network(const struct spawn *s, enum wire_role role)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (role == WIRE_UPLINK)
		return;
	if (s->root) {
		if (unshare(CLONE_NEWNET) != 0)
			log_line(LOG_DEBUG, "%s: network namespace: %s", wire_role_name(role),
				 strerrordesc_np(errno));
		return;
	}
	if (role == WIRE_CONTROL || unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return;
	(void)snprintf(map, sizeof map, "%u %u 1", (unsigned)uid, (unsigned)uid);
	if (!put("/proc/self/uid_map", map))
		log_line(LOG_WARNING, "%s: user namespace: %s", wire_role_name(role),
			 strerrordesc_np(errno));
	(void)snprintf(map, sizeof map, "%u %u 1", (unsigned)gid, (unsigned)gid);
	if (!put("/proc/self/setgroups", "deny") || !put("/proc/self/gid_map", map))
		log_line(LOG_WARNING, "%s: user namespace: %s", wire_role_name(role),
			 strerrordesc_np(errno));
}

static int drop_privileges(const struct spawn *s)
{
	if (!s->root) /* the bounding set is not ours to change; executing as another than root
			 keeps nothing */
		return 0;
	limit_bounding(0);
	if (s->change_user &&
	    (setgroups((size_t)s->n_groups, s->groups) != 0 ||
	     setresgid(s->gid, s->gid, s->gid) != 0 || setresuid(s->uid, s->uid, s->uid) != 0))
		return -1;
	if (!s->change_user &&
	    prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0) != 0 &&
	    errno != EPERM)
		return -1;
	return set_capabilities(0);
}

/* 0: standard input; 1, 2: the log; 3: the channel; nothing else. */
static int arrange_descriptors(int chan)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int high = fcntl(chan, F_DUPFD_CLOEXEC, 10);

	if (null < 0 || high < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0 || dup2(high, ROLE_PARENT_FD) < 0)
		return -1;
	return (int)syscall(SYS_close_range, (unsigned)ROLE_PARENT_FD + 1, ~0u, 0);
}

static void default_signals(void)
{
	sigset_t none;

	for (int i = 1; i < SIGRTMIN; i++)
		if (i != SIGKILL && i != SIGSTOP)
			(void)signal(i, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A clean environment, but for what decides how the log is written and how a sanitised build
 * behaves. */
static void fill_environment(char **env, size_t n)
{
	static const char *const kept[] = {
	    "JOURNAL_STREAM=", "ASAN_OPTIONS=", "TSAN_OPTIONS=", "UBSAN_OPTIONS="};
	/* A BLAS that OpenCV may bring would start threads before main(); so would the tracing that
	 * libcamera brings, and wait for it (firmware/capture/late_threads.c). */
	static char path[] = "PATH=/usr/bin:/bin", lang[] = "LANG=C.UTF-8",
		    blas[] = "OPENBLAS_NUM_THREADS=1", tracing[] = "LTTNG_UST_REGISTER_TIMEOUT=0";
	size_t used = 0;

	env[used++] = path;
	env[used++] = lang;
	env[used++] = blas;
	env[used++] = tracing;
	for (char **v = environ; *v; v++)
		for (size_t i = 0; i < sizeof kept / sizeof kept[0] && used + 1 < n; i++)
			if (strncmp(*v, kept[i], strlen(kept[i])) == 0)
				env[used++] = *v;
	env[used] = NULL;
}

static _Noreturn void become(const struct spawn *s, enum wire_role role, int chan, pid_t parent)
{
	char program[sizeof s->libexec + 32], folder[sizeof s->folder], *env[16];
	char d[] = "-d", v[] = "-v";
	char *argv[] = {program, d, folder, s->verbose ? v : NULL, NULL};
	const char *step = "descriptors";

	(void)snprintf(folder, sizeof folder, "%s", s->folder);
	(void)snprintf(program, sizeof program, "%s/alprd-%s", s->libexec, wire_role_name(role));
	default_signals();
	fill_environment(env, sizeof env / sizeof env[0]);
	if (arrange_descriptors(chan) != 0)
		goto failed;
	leave_network(s, role);
	step = "privileges";
	if (drop_privileges(s) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		goto failed;
	/* After the change of user, which would clear it; a parent that died before is seen by its
	 * absence. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent ||
	    chdir("/") != 0)
		goto failed;
	step = "execute";
	(void)execve(program, argv, env);
failed:
	log_line(LOG_ERROR, "%s: %s: %s", wire_role_name(role), step, strerrordesc_np(errno));
	_exit(CANNOT_START);
}

bool spawn_role(const struct spawn *s, enum wire_role role, pid_t *pid, int *chan, struct err *e)
{
	pid_t parent = getpid();
	int ends[2];
	pid_t child;

	if (!chan_pair(ends, e))
		return err_prefix(e, "%s", wire_role_name(role));
	child = fork();
	if (child == 0)
		become(s, role, ends[1], parent);
	(void)close(ends[1]);
	if (child < 0) {
		(void)close(ends[0]);
		return err_errno(e, errno, "%s: fork", wire_role_name(role));
	}
	*pid = child;
	*chan = ends[0];
	return true;
}
