/* SPDX-License-Identifier: Apache-2.0 */
/* Each case runs in a process of its own that closes the sandbox and then tries one thing. */
#include "firmware/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NO_SANDBOX 100
#define KILLED	   -1
#define DONE	   0

static char folder[] = "/tmp/sandbox-test-XXXXXX";
static char inside[64], outside[64];

/* Each try answers 0 when it succeeded, or the errno it was refused with. */
static int outcome(long rc)
{
	return rc < 0 ? errno : DONE;
}

static int try_socket(void)
{
	return outcome(socket(AF_INET, SOCK_STREAM, 0));
}

static int try_socket_local(void)
{
	return outcome(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int try_socket_raw(void)
{
	return outcome(socket(AF_INET, SOCK_RAW, 1));
}

static int try_device_events(void)
{
	return outcome(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT));
}

static int try_stream_connect(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(to.sun_path, sizeof to.sun_path, "%s/nobody", folder);
	return fd < 0 ? errno : outcome(connect(fd, (struct sockaddr *)&to, sizeof to));
}

static int try_datagram_local(void)
{
	return outcome(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static int try_ask_clock(void)
{
	struct timex t = {0};

	return clock_adjtime(CLOCK_REALTIME, &t) < 0 ? errno : DONE;
}

static int try_ask_other_clock(void)
{
	struct timex t = {0};

	return outcome(clock_adjtime(CLOCK_MONOTONIC, &t));
}

static int try_listen(void)
{
	return outcome(listen(socket(AF_INET, SOCK_STREAM, 0), 1));
}

static int try_bind(void)
{
	struct sockaddr sa = {.sa_family = AF_INET};

	return outcome(bind(0, &sa, sizeof sa));
}

static int try_connect(void)
{
	struct sockaddr sa = {.sa_family = AF_INET};

	return outcome(connect(0, &sa, sizeof sa));
}

static int try_exec(void)
{
	char *const argv[] = {(char *)(uintptr_t) "true", NULL};

	return outcome(execv("/bin/true", argv));
}

static int try_fork(void)
{
	return outcome(fork());
}

static int try_ptrace(void)
{
	return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_kill(void)
{
	return outcome(kill(getppid(), 0));
}

static int try_read_shadow(void)
{
	return outcome(open("/etc/shadow", O_RDONLY));
}

static int try_read_inside(void)
{
	return outcome(open(inside, O_RDONLY));
}

static int try_read_outside(void)
{
	return outcome(open(outside, O_RDONLY));
}

static int try_write_inside(void)
{
	return outcome(open(inside, O_RDWR | O_CREAT, 0600));
}

static int try_write_outside(void)
{
	return outcome(open(outside, O_WRONLY));
}

static int try_update_inside(void)
{
	return outcome(open(inside, O_RDWR | O_NONBLOCK));
}

static int try_update_outside(void)
{
	return outcome(open(outside, O_RDWR | O_NONBLOCK));
}

static int try_fchmod(void)
{
	return outcome(fchmod(2, 0600));
}

static int try_executable_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? 99 : outcome(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int try_limit(void)
{
	const struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};

	return outcome(setrlimit(RLIMIT_CORE, &r));
}

static int try_memfd(void)
{
	int fd = memfd_create("x", MFD_ALLOW_SEALING);

	return fd < 0 ? errno : outcome(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
}

static void *idle(void *arg)
{
	return arg;
}

static int try_thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, idle, NULL) != 0)
		return 99;
	return pthread_join(t, NULL);
}

static int try_new_namespace(void)
{
	return outcome(unshare(CLONE_NEWUSER));
}

static int try_terminal(void)
{
	return isatty(2) ? DONE : errno;
}

static int try_daily_bread(void)
{
	void *p = malloc(1 << 20);

	if (!p || fprintf(stderr, "%s", "") < 0)
		return 99;
	memset(p, 1, 1 << 20);
	free(p);
	return usleep(1000);
}

struct attempt {
	const char *what;
	uint32_t may;
	int (*act)(void);
	int expect; /* KILLED, DONE or an errno */
};

#define FILES (SANDBOX_READ_FILES | SANDBOX_WRITE_FILES)
#define EVERYTHING                                                                                 \
	(FILES | SANDBOX_INTERNET | SANDBOX_UNIX_ACCEPT | SANDBOX_MEMFD | SANDBOX_THREADS |        \
	 SANDBOX_DEVICES | SANDBOX_CLOCK)

static const struct attempt attempts[] = {
    {"daily bread", 0, try_daily_bread, DONE},
    {"terminal", 0, try_terminal, ENOTTY},
    {"internet socket without INTERNET", EVERYTHING & ~SANDBOX_INTERNET, try_socket, KILLED},
    {"local socket without INTERNET", EVERYTHING & ~SANDBOX_INTERNET, try_socket_local, KILLED},
    {"connect without INTERNET", EVERYTHING & ~SANDBOX_INTERNET, try_connect, KILLED},
    {"internet socket", SANDBOX_INTERNET, try_socket, DONE},
    {"local socket", SANDBOX_INTERNET, try_socket_local, EAFNOSUPPORT},
    {"connect to a local socket", SANDBOX_UNIX_CONNECT, try_stream_connect, ENOENT},
    {"local datagrams with UNIX_CONNECT", SANDBOX_UNIX_CONNECT, try_datagram_local, KILLED},
    {"internet socket with UNIX_CONNECT", SANDBOX_UNIX_CONNECT, try_socket, KILLED},
    {"ask the clock without CLOCK", EVERYTHING & ~SANDBOX_CLOCK, try_ask_clock, KILLED},
    {"ask the clock", SANDBOX_CLOCK, try_ask_clock, DONE},
    {"ask another clock", SANDBOX_CLOCK, try_ask_other_clock, KILLED},
    {"raw socket", EVERYTHING, try_socket_raw, KILLED},
    {"listen", EVERYTHING, try_listen, KILLED},
    {"bind", EVERYTHING, try_bind, KILLED},
    {"exec", EVERYTHING, try_exec, KILLED},
    {"fork", EVERYTHING, try_fork, KILLED},
    {"ptrace", EVERYTHING, try_ptrace, KILLED},
    {"signal to another", EVERYTHING, try_kill, KILLED},
    {"new namespace", EVERYTHING, try_new_namespace, KILLED},
    {"raise a limit", EVERYTHING, try_limit, KILLED},
    {"executable memory", EVERYTHING, try_executable_memory, EPERM},
    {"open without files", EVERYTHING & ~FILES, try_read_inside, EACCES},
    {"read", SANDBOX_READ_FILES, try_read_inside, DONE},
    {"write without WRITE_FILES", EVERYTHING & ~SANDBOX_WRITE_FILES, try_write_inside, KILLED},
    {"write", FILES, try_write_inside, DONE},
    {"open a device", SANDBOX_READ_FILES | SANDBOX_DEVICES, try_update_inside, DONE},
    {"open a device without DEVICES", SANDBOX_READ_FILES, try_update_inside, KILLED},
    {"change a mode without WRITE_FILES", SANDBOX_READ_FILES, try_fchmod, KILLED},
    {"memfd without MEMFD", EVERYTHING & ~SANDBOX_MEMFD, try_memfd, KILLED},
    {"memfd", SANDBOX_MEMFD, try_memfd, DONE},
    {"thread without THREADS", EVERYTHING & ~SANDBOX_THREADS, try_thread, KILLED},
    {"thread", SANDBOX_THREADS, try_thread, DONE},
};

static const struct attempt landlock_attempts[] = {
    {"read outside", EVERYTHING, try_read_outside, EACCES},
    {"read /etc/shadow", EVERYTHING, try_read_shadow, EACCES},
    {"write outside", EVERYTHING, try_write_outside, EACCES},
    {"open what is no device", SANDBOX_READ_FILES | SANDBOX_DEVICES, try_update_outside, EACCES},
};

/* The Landlock ABI that a sandbox says it loaded. */
static int landlock_loaded(void)
{
	const struct sandbox box = {0};
	struct sandbox_loaded loaded = {0};
	struct err e = {0};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(sandbox_close(&box, &loaded, &e) ? loaded.landlock_abi : NO_SANDBOX);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), NO_SANDBOX);
	return WEXITSTATUS(status);
}

static int run(const struct attempt *a)
{
	struct sandbox box = {.may = a->may,
			      .read_paths = {folder},
			      .write_paths = {folder},
			      .device_paths = {"/dev/no-such-device*", inside}};
	struct sandbox_loaded loaded = {0};
	struct err e = {0};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (!sandbox_close(&box, &loaded, &e) || !loaded.seccomp || !loaded.no_new_privs)
			_exit(NO_SANDBOX);
		_exit(a->act());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? KILLED : -2;
	return WEXITSTATUS(status);
}

static void run_all(const struct attempt *list, size_t n)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < n; i++) {
		int got = run(&list[i]);

		if (got != list[i].expect) {
			print_error("%s: got %d, expected %d\n", list[i].what, got, list[i].expect);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void each_attempt_meets_its_end(void **state)
{
	(void)state;
	run_all(attempts, sizeof attempts / sizeof attempts[0]);
}

static void landlock_keeps_files_in_their_folders(void **state)
{
	(void)state;
	if (landlock_loaded() == 0) {
		print_message("this kernel or build has no Landlock: folders are kept apart by "
			      "their owners only\n");
		return;
	}
	run_all(landlock_attempts, sizeof landlock_attempts / sizeof landlock_attempts[0]);
}

static void a_missing_write_folder_is_an_error(void **state)
{
	struct sandbox box = {.may = FILES, .write_paths = {"/nowhere/at/all"}};
	struct sandbox_loaded loaded = {0};
	struct err e = {0};
	int status = 0;
	pid_t pid;

	(void)state;
	if (landlock_loaded() == 0)
		return;
	pid = fork();
	if (pid == 0)
		_exit(sandbox_close(&box, &loaded, &e) ? 1 : e.code == ERR_NOT_FOUND ? 0 : 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static pthread_barrier_t closed;

static void *after_closing(void *arg)
{
	int (*const *act)(void) = arg;

	(void)pthread_barrier_wait(&closed);
	_exit((*act)());
}

/* As a library does that starts a thread while it opens its devices: files are closed, a thread
 * starts, the rest is closed, the thread tries something. */
static int thread_between(int (*act)(void))
{
	struct sandbox box = {.may = SANDBOX_READ_FILES | SANDBOX_THREADS, .read_paths = {folder}};
	struct sandbox_loaded loaded = {0};
	struct err e = {0};
	int status = 0;
	pthread_t t;
	pid_t pid = fork();

	if (pid == 0) {
		(void)pthread_barrier_init(&closed, NULL, 2);
		if (!sandbox_close_files(&box, &e) ||
		    pthread_create(&t, NULL, after_closing, &act) != 0 ||
		    !sandbox_close(&box, &loaded, &e) || !loaded.seccomp)
			_exit(NO_SANDBOX);
		(void)pthread_barrier_wait(&closed);
		(void)pthread_join(t, NULL);
		_exit(NO_SANDBOX);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? KILLED : WEXITSTATUS(status);
}

static void a_thread_between_the_halves_is_bound_by_both(void **state)
{
	(void)state;
	assert_int_equal(thread_between(try_read_inside), DONE);
	assert_int_equal(thread_between(try_socket), KILLED);
	assert_int_equal(thread_between(try_write_inside), KILLED);
	if (landlock_loaded() > 0)
		assert_int_equal(thread_between(try_read_outside), EACCES);
}

static int parent_child(const char *const *programs, int (*act)(void))
{
	struct sandbox_loaded loaded = {0};
	struct err e = {0};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (!sandbox_close_parent(programs, &loaded, &e) || !loaded.seccomp)
			_exit(NO_SANDBOX);
		_exit(act());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? KILLED : WEXITSTATUS(status);
}

static void the_parent_starts_its_own_programs_only(void **state)
{
	static const char *const none[] = {folder, NULL};
	static const char *const all[] = {"/", NULL};

	(void)state;
	assert_int_equal(parent_child(all, try_exec), DONE);
	assert_int_equal(parent_child(all, try_ptrace), KILLED);
	assert_int_equal(parent_child(all, try_socket_raw), KILLED);
	assert_int_equal(parent_child(all, try_device_events), EAFNOSUPPORT);
	if (landlock_loaded() > 0)
		assert_int_equal(parent_child(none, try_exec), EACCES);
}

static int make_files(void **state)
{
	int fd;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(inside, sizeof inside, "%s/file", folder);
	(void)snprintf(outside, sizeof outside, "%s.outside", folder);
	fd = open(inside, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || close(fd) != 0)
		return -1;
	fd = open(outside, O_WRONLY | O_CREAT, 0600);
	return fd < 0 ? -1 : close(fd);
}

static int remove_files(void **state)
{
	(void)state;
	(void)unlink(inside);
	(void)unlink(outside);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_attempt_meets_its_end),
	    cmocka_unit_test(landlock_keeps_files_in_their_folders),
	    cmocka_unit_test(a_missing_write_folder_is_an_error),
	    cmocka_unit_test(a_thread_between_the_halves_is_bound_by_both),
	    cmocka_unit_test(the_parent_starts_its_own_programs_only),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
