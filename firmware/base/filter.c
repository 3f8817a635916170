/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/filter.h"

#include "firmware/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#define TMPFILE_BIT    (O_TMPFILE & ~O_DIRECTORY)
#define SOCK_TYPE_BITS 0xfu
#define NEW_SPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)
#define THREAD_BITS (CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_FILES | CLONE_FS)
#define INT_BITS    0xffffffffu /* the kernel looks at the low half only of an int */

#define ALWAYS 0u

/* Allow system call nr to roles that have all of `may`. */
struct plain_rule {
	uint32_t may;
	int nr;
};

/* One rule with arguments: action when (argument & mask) == value for all given (mask 0: not
 * compared). */
struct arg_rule {
	uint32_t may;	  /* applies when the role has all of these … */
	uint32_t may_not; /* … and none of these */
	int nr;
	int fail; /* 0: allowed; an errno: refused with it */
	struct {
		unsigned n;
		uint64_t mask, value;
	} args[2];
};

#define CALL(name) SCMP_SYS(name)

static const struct plain_rule plain_rules[] = {
    /* memory (mmap and mprotect are below) */
    {ALWAYS, CALL(brk)},
    {ALWAYS, CALL(munmap)},
    {ALWAYS, CALL(mremap)},
    {ALWAYS, CALL(madvise)},
    {ALWAYS, CALL(mlock)},
    {ALWAYS, CALL(munlock)},
    {ALWAYS, CALL(membarrier)},
    /* open descriptors */
    {ALWAYS, CALL(read)},
    {ALWAYS, CALL(readv)},
    {ALWAYS, CALL(pread64)},
    {ALWAYS, CALL(preadv)},
    {ALWAYS, CALL(write)},
    {ALWAYS, CALL(writev)},
    {ALWAYS, CALL(pwrite64)},
    {ALWAYS, CALL(pwritev)},
    {ALWAYS, CALL(close)},
    {ALWAYS, CALL(lseek)},
    {ALWAYS, CALL(fstat)},
    {ALWAYS, CALL(dup)},
    {ALWAYS, CALL(recvfrom)},
    {ALWAYS, CALL(recvmsg)},
    {ALWAYS, CALL(sendmsg)},
    {ALWAYS, CALL(shutdown)},
    {ALWAYS, CALL(getsockopt)},
    {ALWAYS, CALL(getsockname)},
    {ALWAYS, CALL(getpeername)},
    /* waiting */
    {ALWAYS, CALL(poll)},
    {ALWAYS, CALL(ppoll)},
    {ALWAYS, CALL(select)},
    {ALWAYS, CALL(pselect6)},
    {ALWAYS, CALL(epoll_create1)},
    {ALWAYS, CALL(epoll_ctl)},
    {ALWAYS, CALL(epoll_wait)},
    {ALWAYS, CALL(epoll_pwait)},
    {ALWAYS, CALL(epoll_pwait2)},
    {ALWAYS, CALL(timerfd_create)},
    {ALWAYS, CALL(timerfd_settime)},
    {ALWAYS, CALL(timerfd_gettime)},
    {ALWAYS, CALL(signalfd4)},
    {ALWAYS, CALL(eventfd2)},
    {ALWAYS, CALL(pipe2)},
    {ALWAYS, CALL(nanosleep)},
    {ALWAYS, CALL(clock_nanosleep)},
    {ALWAYS, CALL(restart_syscall)},
    {ALWAYS, CALL(futex)},
    {ALWAYS, CALL(sched_yield)},
    /* time and who am I */
    {ALWAYS, CALL(clock_gettime)},
    {ALWAYS, CALL(clock_getres)},
    {ALWAYS, CALL(gettimeofday)},
    {ALWAYS, CALL(time)},
    {ALWAYS, CALL(getpid)},
    {ALWAYS, CALL(gettid)},
    {ALWAYS, CALL(getppid)},
    {ALWAYS, CALL(getuid)},
    {ALWAYS, CALL(geteuid)},
    {ALWAYS, CALL(getgid)},
    {ALWAYS, CALL(getegid)},
    {ALWAYS, CALL(uname)},
    {ALWAYS, CALL(sysinfo)},
    {ALWAYS, CALL(getrusage)},
    {ALWAYS, CALL(getrlimit)},
    {ALWAYS, CALL(getcpu)},
    {ALWAYS, CALL(sched_getaffinity)},
    {ALWAYS, CALL(getrandom)},
    /* signals to oneself, and the end */
    {ALWAYS, CALL(rt_sigaction)},
    {ALWAYS, CALL(rt_sigprocmask)},
    {ALWAYS, CALL(rt_sigreturn)},
    {ALWAYS, CALL(sigaltstack)},
    {ALWAYS, CALL(exit)},
    {ALWAYS, CALL(exit_group)},

    {SANDBOX_THREADS, CALL(set_robust_list)},
    {SANDBOX_THREADS, CALL(rseq)},
    {SANDBOX_THREADS, CALL(sched_getparam)},
    {SANDBOX_THREADS, CALL(sched_getscheduler)},

    {SANDBOX_READ_FILES, CALL(newfstatat)},
    {SANDBOX_READ_FILES, CALL(stat)},
    {SANDBOX_READ_FILES, CALL(lstat)},
    {SANDBOX_READ_FILES, CALL(statx)},
    {SANDBOX_READ_FILES, CALL(access)},
    {SANDBOX_READ_FILES, CALL(faccessat)},
    {SANDBOX_READ_FILES, CALL(faccessat2)},
    {SANDBOX_READ_FILES, CALL(readlink)},
    {SANDBOX_READ_FILES, CALL(readlinkat)},
    {SANDBOX_READ_FILES, CALL(getcwd)},
    {SANDBOX_READ_FILES, CALL(getdents64)},
    {SANDBOX_READ_FILES, CALL(statfs)},
    {SANDBOX_READ_FILES, CALL(fstatfs)},
    {SANDBOX_READ_FILES, CALL(fadvise64)},

    {SANDBOX_WRITE_FILES, CALL(openat)},
    {SANDBOX_WRITE_FILES, CALL(newfstatat)},
    {SANDBOX_WRITE_FILES, CALL(rename)},
    {SANDBOX_WRITE_FILES, CALL(renameat)},
    {SANDBOX_WRITE_FILES, CALL(renameat2)},
    {SANDBOX_WRITE_FILES, CALL(unlink)},
    {SANDBOX_WRITE_FILES, CALL(unlinkat)},
    {SANDBOX_WRITE_FILES, CALL(fsync)},
    {SANDBOX_WRITE_FILES, CALL(fdatasync)},
    {SANDBOX_WRITE_FILES, CALL(sync_file_range)},
    {SANDBOX_WRITE_FILES, CALL(ftruncate)},
    {SANDBOX_WRITE_FILES, CALL(fallocate)},
    {SANDBOX_WRITE_FILES, CALL(flock)},
    {SANDBOX_WRITE_FILES, CALL(fchmod)},
    {SANDBOX_WRITE_FILES, CALL(utimensat)},
    {SANDBOX_WRITE_FILES, CALL(statfs)},
    {SANDBOX_WRITE_FILES, CALL(fstatfs)},

    {SANDBOX_MEMFD, CALL(memfd_create)},
    {SANDBOX_MEMFD, CALL(ftruncate)},

    {SANDBOX_INTERNET, CALL(connect)},
    {SANDBOX_INTERNET, CALL(setsockopt)},
    {SANDBOX_INTERNET, CALL(sendto)},
    {SANDBOX_INTERNET, CALL(sendmmsg)},
    {SANDBOX_INTERNET, CALL(recvmmsg)},

    {SANDBOX_UNIX_ACCEPT, CALL(accept4)},

    {SANDBOX_UNIX_CONNECT, CALL(connect)},
};

#define FCNTL(may, cmd)                                                                            \
	{                                                                                          \
		may, 0, CALL(fcntl), 0,                                                            \
		{                                                                                  \
			{                                                                          \
				1, INT_BITS, (cmd)                                                 \
			}                                                                          \
		}                                                                                  \
	}
#define IOCTL(may, cmd, fail)                                                                      \
	{                                                                                          \
		may, 0, CALL(ioctl), fail,                                                         \
		{                                                                                  \
			{                                                                          \
				1, INT_BITS, (cmd)                                                 \
			}                                                                          \
		}                                                                                  \
	}
#define IOCTL_KIND(kind)                                                                           \
	{                                                                                          \
		SANDBOX_DEVICES, 0, CALL(ioctl), 0,                                                \
		{                                                                                  \
			{                                                                          \
				1, 0xff00, (uint64_t)(kind) << 8                                   \
			}                                                                          \
		}                                                                                  \
	}
#define PRCTL(cmd)                                                                                 \
	{                                                                                          \
		ALWAYS, 0, CALL(prctl), 0,                                                         \
		{                                                                                  \
			{                                                                          \
				0, INT_BITS, (cmd)                                                 \
			}                                                                          \
		}                                                                                  \
	}
#define REFUSE(may, may_not, name, errnum)                                                         \
	{                                                                                          \
		may, may_not, CALL(name), errnum,                                                  \
		{                                                                                  \
			{                                                                          \
				0, 0, 0                                                            \
			}                                                                          \
		}                                                                                  \
	}
#define NO_FILES (SANDBOX_READ_FILES | SANDBOX_WRITE_FILES)

static const struct arg_rule arg_rules[] = {
    /* Memory is writable or executable, never made executable afterwards. A refused dlopen(3) is an
       error, not an end. */
    {ALWAYS, 0, CALL(mmap), 0, {{2, PROT_EXEC, 0}}},
    {ALWAYS, 0, CALL(mmap), EPERM, {{2, PROT_EXEC, PROT_EXEC}}},
    {ALWAYS, 0, CALL(mprotect), 0, {{2, PROT_EXEC, 0}}},
    {ALWAYS, 0, CALL(mprotect), EPERM, {{2, PROT_EXEC, PROT_EXEC}}},

    FCNTL(ALWAYS, F_GETFD),
    FCNTL(ALWAYS, F_SETFD),
    FCNTL(ALWAYS, F_GETFL),
    FCNTL(ALWAYS, F_SETFL),
    FCNTL(ALWAYS, F_DUPFD_CLOEXEC),
    FCNTL(ALWAYS, F_GET_SEALS),
    FCNTL(SANDBOX_MEMFD, F_ADD_SEALS),
    FCNTL(SANDBOX_WRITE_FILES, F_GETLK),
    FCNTL(SANDBOX_WRITE_FILES, F_SETLK),
    FCNTL(SANDBOX_WRITE_FILES, F_SETLKW),
    /* A media device is locked by whoever uses its cameras. */
    FCNTL(SANDBOX_DEVICES, F_GETLK),
    FCNTL(SANDBOX_DEVICES, F_SETLK),
    FCNTL(SANDBOX_WRITE_FILES, F_OFD_GETLK),
    FCNTL(SANDBOX_WRITE_FILES, F_OFD_SETLK),
    FCNTL(SANDBOX_WRITE_FILES, F_OFD_SETLKW),

    /* stdio asks whether its descriptor is a terminal. */
    IOCTL(ALWAYS, TCGETS, ENOTTY),
    IOCTL(ALWAYS, TIOCGWINSZ, ENOTTY),
    IOCTL(ALWAYS, FIONREAD, 0),
    IOCTL(SANDBOX_INTERNET, FIONBIO, 0),
    /* V4L2, media controller, DMA buffers, GPIO, watchdog
       (Documentation/userspace-api/ioctl/ioctl-number.rst). */
    IOCTL(SANDBOX_DEVICES, UDMABUF_CREATE, 0),
    IOCTL(SANDBOX_DEVICES, UDMABUF_CREATE_LIST, 0),
    IOCTL(SANDBOX_DEVICES, DMA_HEAP_IOCTL_ALLOC, 0),
    IOCTL_KIND('V'),
    IOCTL_KIND('|'),
    IOCTL_KIND('b'),
    IOCTL_KIND(0xb4),
    IOCTL_KIND('W'),

    PRCTL(PR_SET_NAME),
    PRCTL(PR_GET_NAME),
    PRCTL(PR_SET_VMA),
    PRCTL(PR_GET_DUMPABLE),
    PRCTL(PR_GET_NO_NEW_PRIVS),
    PRCTL(PR_GET_SECCOMP),

    {SANDBOX_CLOCK, 0, CALL(clock_adjtime), 0, {{0, INT_BITS, CLOCK_REALTIME}}},
    {SANDBOX_UNIX_CONNECT,
     SANDBOX_INTERNET,
     CALL(socket),
     0,
     {{0, INT_BITS, AF_UNIX}, {1, SOCK_TYPE_BITS, SOCK_STREAM}}},

    /* Limits may be asked, not set. */
    {ALWAYS, 0, CALL(prlimit64), 0, {{2, UINT64_MAX, 0}}},
    /* send(3) on a connected channel, and no address. */
    {ALWAYS, SANDBOX_INTERNET, CALL(sendto), 0, {{4, UINT64_MAX, 0}}},

    /* The C library falls back from clone3, whose flags a filter cannot see, to clone. */
    REFUSE(ALWAYS, 0, clone3, ENOSYS),
    {SANDBOX_THREADS, 0, CALL(clone), 0, {{0, THREAD_BITS | NEW_SPACES, THREAD_BITS}}},

    {SANDBOX_READ_FILES,
     SANDBOX_WRITE_FILES,
     CALL(openat),
     0,
     {{2, O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | TMPFILE_BIT, O_RDONLY}}},
    /* A device is opened again when it is repaired: for writing, too, but nothing is made. */
    {SANDBOX_DEVICES | SANDBOX_READ_FILES,
     SANDBOX_WRITE_FILES,
     CALL(openat),
     0,
     {{2, O_CREAT | O_TRUNC | O_APPEND | TMPFILE_BIT, 0}}},
    REFUSE(ALWAYS, NO_FILES, openat, EACCES),
    REFUSE(ALWAYS, 0, open, EACCES),
    REFUSE(ALWAYS, SANDBOX_READ_FILES, access, EACCES),
    REFUSE(ALWAYS, SANDBOX_READ_FILES, faccessat, EACCES),
    REFUSE(ALWAYS, SANDBOX_READ_FILES, faccessat2, EACCES),
    REFUSE(ALWAYS, SANDBOX_READ_FILES, readlink, EACCES),
    REFUSE(ALWAYS, SANDBOX_READ_FILES, readlinkat, EACCES),
    REFUSE(ALWAYS, SANDBOX_READ_FILES, stat, EACCES),
    REFUSE(ALWAYS, SANDBOX_READ_FILES, lstat, EACCES),
    REFUSE(ALWAYS, NO_FILES, statfs, EACCES),
    /* fstat(3) is newfstatat on an open descriptor. */
    {ALWAYS, NO_FILES, CALL(newfstatat), 0, {{3, AT_EMPTY_PATH, AT_EMPTY_PATH}}},
    {ALWAYS, NO_FILES, CALL(newfstatat), EACCES, {{3, AT_EMPTY_PATH, 0}}},
    {ALWAYS, SANDBOX_READ_FILES, CALL(statx), 0, {{2, AT_EMPTY_PATH, AT_EMPTY_PATH}}},
    {ALWAYS, SANDBOX_READ_FILES, CALL(statx), EACCES, {{2, AT_EMPTY_PATH, 0}}},
    /* SQLite as root gives its files the owner of the database, which they have already. */
    REFUSE(SANDBOX_WRITE_FILES, 0, fchown, EPERM),

    {SANDBOX_INTERNET,
     0,
     CALL(socket),
     0,
     {{0, INT_BITS, AF_INET}, {1, SOCK_TYPE_BITS, SOCK_STREAM}}},
    {SANDBOX_INTERNET,
     0,
     CALL(socket),
     0,
     {{0, INT_BITS, AF_INET}, {1, SOCK_TYPE_BITS, SOCK_DGRAM}}},
    {SANDBOX_INTERNET,
     0,
     CALL(socket),
     0,
     {{0, INT_BITS, AF_INET6}, {1, SOCK_TYPE_BITS, SOCK_STREAM}}},
    {SANDBOX_INTERNET,
     0,
     CALL(socket),
     0,
     {{0, INT_BITS, AF_INET6}, {1, SOCK_TYPE_BITS, SOCK_DGRAM}}},
    /* The resolver asks the kernel for addresses and a cache daemon for names; it does without
       either. */
    {SANDBOX_INTERNET, 0, CALL(socket), EAFNOSUPPORT, {{0, INT_BITS, AF_NETLINK}}},
    {SANDBOX_INTERNET, 0, CALL(socket), EAFNOSUPPORT, {{0, INT_BITS, AF_UNIX}}},
    {SANDBOX_INTERNET, 0, CALL(socketpair), 0, {{0, INT_BITS, AF_UNIX}}},

#ifdef FILTER_SANITIZED
    REFUSE(ALWAYS, 0, personality, EPERM),
    {ALWAYS, 0, CALL(mincore), 0, {{0, 0, 0}}},
    {ALWAYS, SANDBOX_THREADS, CALL(set_robust_list), 0, {{0, 0, 0}}},
    {ALWAYS, SANDBOX_THREADS, CALL(rseq), 0, {{0, 0, 0}}},
#endif
};

static const int parent_denied[] = {
    CALL(ptrace),
    CALL(process_vm_readv),
    CALL(process_vm_writev),
    CALL(kcmp),
    CALL(pidfd_getfd),
    CALL(mount),
    CALL(umount2),
    CALL(pivot_root),
    CALL(chroot),
    CALL(fsopen),
    CALL(fsmount),
    CALL(fspick),
    CALL(move_mount),
    CALL(open_tree),
    CALL(mount_setattr),
    CALL(setns),
    CALL(name_to_handle_at),
    CALL(open_by_handle_at),
    CALL(quotactl),
    CALL(swapon),
    CALL(swapoff),
    CALL(mknod),
    CALL(mknodat),
    CALL(init_module),
    CALL(finit_module),
    CALL(delete_module),
    CALL(kexec_load),
    CALL(kexec_file_load),
    CALL(reboot),
    CALL(bpf),
    CALL(perf_event_open),
    CALL(userfaultfd),
    CALL(io_uring_setup),
    CALL(io_uring_enter),
    CALL(io_uring_register),
    CALL(add_key),
    CALL(request_key),
    CALL(keyctl),
    CALL(settimeofday),
    CALL(clock_settime),
    /* Not clock_adjtime: a role may ask with it (SANDBOX_CLOCK), and setting takes a capability
       that neither has. */
    CALL(adjtimex),
    CALL(acct),
    CALL(syslog),
    CALL(sethostname),
    CALL(setdomainname),
    CALL(iopl),
    CALL(ioperm),
    CALL(vhangup),
    CALL(lookup_dcookie),
};

/* libseccomp answers EDOM or EOPNOTSUPP for a call that this machine does not have: nothing to add
 * then. */
static bool added(int rc, struct err *e)
{
	if (rc == 0 || rc == -EDOM || rc == -EOPNOTSUPP || rc == -EEXIST)
		return true;
	return err_errno(e, -rc, "seccomp rule");
}

static bool add_arg_rule(scmp_filter_ctx ctx, const struct arg_rule *r, struct err *e)
{
	struct scmp_arg_cmp cmp[2];
	unsigned n = 0;
	uint32_t action = r->fail ? SCMP_ACT_ERRNO((uint32_t)r->fail) : SCMP_ACT_ALLOW;

	for (unsigned i = 0; i < 2; i++) {
		if (r->args[i].mask == 0)
			continue;
		cmp[n++] = (struct scmp_arg_cmp){.arg = r->args[i].n,
						 .op = SCMP_CMP_MASKED_EQ,
						 .datum_a = r->args[i].mask,
						 .datum_b = r->args[i].value & r->args[i].mask};
	}
	return added(seccomp_rule_add_array(ctx, action, r->nr, n, cmp), e);
}

static bool fill_role(scmp_filter_ctx ctx, uint32_t may, struct err *e)
{
	/* abort(3) sends a signal to the calling thread; nobody else is to get one. */
	const struct scmp_arg_cmp self = {
	    .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (uint64_t)getpid()};

	for (size_t i = 0; i < sizeof plain_rules / sizeof plain_rules[0]; i++) {
		const struct plain_rule *r = &plain_rules[i];

		if ((may & r->may) == r->may &&
		    !added(seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, r->nr, 0, NULL), e))
			return false;
	}
	for (size_t i = 0; i < sizeof arg_rules / sizeof arg_rules[0]; i++) {
		const struct arg_rule *r = &arg_rules[i];

		if ((may & r->may) == r->may && !(may & r->may_not) && !add_arg_rule(ctx, r, e))
			return false;
	}
	return added(seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, CALL(tgkill), 1, &self), e);
}

static bool fill_parent(scmp_filter_ctx ctx, struct err *e)
{
	static const int families[] = {AF_PACKET, AF_BLUETOOTH, AF_CAN, AF_VSOCK,
				       AF_XDP,	  AF_ALG,	AF_KEY, AF_TIPC};
	const struct scmp_arg_cmp raw[2] = {
	    {.arg = 0, .op = SCMP_CMP_NE, .datum_a = AF_NETLINK},
	    {.arg = 1, .op = SCMP_CMP_MASKED_EQ, .datum_a = SOCK_TYPE_BITS, .datum_b = SOCK_RAW}};
	/* libudev asks for device events by it, in a role that has none; libcamera then looks into
	 * /sys itself. */
	const struct scmp_arg_cmp events[2] = {
	    {.arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = INT_BITS, .datum_b = AF_NETLINK},
	    raw[1]};

	for (size_t i = 0; i < sizeof parent_denied / sizeof parent_denied[0]; i++)
		if (!added(seccomp_rule_add_array(ctx, SCMP_ACT_KILL_PROCESS, parent_denied[i], 0,
						  NULL),
			   e))
			return false;
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		struct scmp_arg_cmp family = {.arg = 0,
					      .op = SCMP_CMP_MASKED_EQ,
					      .datum_a = INT_BITS,
					      .datum_b = (uint64_t)families[i]};

		if (!added(seccomp_rule_add_array(ctx, SCMP_ACT_KILL_PROCESS, CALL(socket), 1,
						  &family),
			   e))
			return false;
	}
	return added(seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), CALL(socket), 2,
					    events),
		     e) &&
	       added(seccomp_rule_add_array(ctx, SCMP_ACT_KILL_PROCESS, CALL(socket), 2, raw), e);
}

static bool load(scmp_filter_ctx ctx, struct err *e)
{
	int rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0)
		rc = seccomp_load(ctx);
	return rc == 0 ? true : err_errno(e, -rc, "seccomp");
}

bool filter_role(uint32_t may, struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool done;

	if (!ctx)
		return err_set(e, ERR_NO_MEMORY, "seccomp");
	done = fill_role(ctx, may, e) && load(ctx, e);
	seccomp_release(ctx);
	return done;
}

bool filter_parent(struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	bool done;

	if (!ctx)
		return err_set(e, ERR_NO_MEMORY, "seccomp");
	done = fill_parent(ctx, e) && load(ctx, e);
	seccomp_release(ctx);
	return done;
}
