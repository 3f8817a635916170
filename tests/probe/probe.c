/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe CONFIG ROLE ATTEMPT [ARGUMENT]: closes the very sandbox that the role closes (the same
 * function makes its table) and then tries one thing. Prints what was loaded, then what came of it:
 * "done", or the errno it was refused with; when the kernel ends the process there is no second
 * line.
 */
#include "firmware/base/cleanup.h"
#include "firmware/base/conf.h"
#include "firmware/base/sandbox.h"
#include "firmware/capture/conf.h"
#include "firmware/control/conf.h"
#include "firmware/device/conf.h"
#include "firmware/store/box.h"
#include "firmware/uplink/conf.h"
#include "firmware/vision/conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>

static const char *argument = "";

/* --- the sandboxes
 * -------------------------------------------------------------------------------- */

static struct {
	struct capture_conf capture;
	struct vision_conf vision;
	struct store_conf store;
	struct uplink_conf uplink;
	struct control_conf control;
	struct device_conf device;
	struct store_box store_box;
} conf;

static bool capture_box(const char *t, size_t n, const char *f, struct sandbox *box, struct err *e)
{
	if (!capture_conf_load(t, n, f, &conf.capture, e))
		return false;
	capture_sandbox(&conf.capture, box);
	return true;
}

static bool vision_box(const char *t, size_t n, const char *f, struct sandbox *box, struct err *e)
{
	if (!vision_conf_load(t, n, f, &conf.vision, e))
		return false;
	vision_sandbox(&conf.vision, box);
	return true;
}

static bool store_box(const char *t, size_t n, const char *f, struct sandbox *box, struct err *e)
{
	if (!store_conf_load(t, n, f, &conf.store, e))
		return false;
	store_sandbox(&conf.store, &conf.store_box);
	*box = conf.store_box.sandbox;
	return true;
}

static bool uplink_box(const char *t, size_t n, const char *f, struct sandbox *box, struct err *e)
{
	if (!uplink_conf_load(t, n, f, &conf.uplink, e))
		return false;
	uplink_sandbox(box);
	return true;
}

static bool control_box(const char *t, size_t n, const char *f, struct sandbox *box, struct err *e)
{
	if (!control_conf_load(t, n, f, &conf.control, e))
		return false;
	control_sandbox(box);
	return true;
}

static bool device_box(const char *t, size_t n, const char *f, struct sandbox *box, struct err *e)
{
	if (!device_conf_load(t, n, f, &conf.device, e))
		return false;
	device_conf_complete(&conf.device, &board);
	device_sandbox(&conf.device, box);
	return true;
}

static const struct {
	const char *name;
	bool (*make)(const char *text, size_t len, const char *folder, struct sandbox *box,
		     struct err *e);
} roles[] = {
    {"capture", capture_box}, {"vision", vision_box},	{"store", store_box},
    {"uplink", uplink_box},   {"control", control_box}, {"device", device_box},
};

/* --- the attempts: 0 or -1 with errno
 * ------------------------------------------------------------- */

static long nothing(void)
{
	return 0;
}

static long read_file(void)
{
	return open(argument, O_RDONLY);
}

static long write_file(void)
{
	return open(argument, O_WRONLY | O_CREAT, 0600);
}

static long list_folder(void)
{
	return open(argument, O_RDONLY | O_DIRECTORY);
}

static long remove_file(void)
{
	return unlink(argument);
}

static long change_mode(void)
{
	return chmod(argument, 0777);
}

static long socket_tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long socket_udp6(void)
{
	return socket(AF_INET6, SOCK_DGRAM, 0);
}

static long socket_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long socket_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static struct sockaddr_in local(void)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* On descriptor 3 the test leaves an internet socket made outside: not even an inherited one helps.
 */
static long connect_inherited(void)
{
	struct sockaddr_in to = local();

	to.sin_port = htons(9);
	return connect(3, (const struct sockaddr *)&to, sizeof to);
}

static long bind_inherited(void)
{
	struct sockaddr_in to = local();

	return bind(3, (const struct sockaddr *)&to, sizeof to);
}

static long listen_inherited(void)
{
	return listen(3, 1);
}

static long accept_inherited(void)
{
	return accept(3, NULL, NULL);
}

static long execute(void)
{
	char *const argv[] = {(char *)(uintptr_t) "sh", NULL};

	return execv("/bin/sh", argv);
}

static long fork_process(void)
{
	return fork();
}

static long trace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long signal_other(void)
{
	return kill(getppid(), 0);
}

static long mount_something(void)
{
	return mount("none", "/mnt", "tmpfs", 0, NULL);
}

static long become_root(void)
{
	return setuid(0);
}

static long new_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static long load_program(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long set_clock(void)
{
	const struct timespec t = {0};

	return clock_settime(CLOCK_REALTIME, &t);
}

static long ask_clock(void)
{
	struct timex t = {0};

	return clock_adjtime(CLOCK_REALTIME, &t);
}

static long executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) == MAP_FAILED
		   ? -1
		   : 0;
}

static long sealed_memory(void)
{
	return memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

static const struct {
	const char *name;
	long (*act)(void);
} attempts[] = {
    {"nothing", nothing},
    {"read", read_file},
    {"write", write_file},
    {"list", list_folder},
    {"remove", remove_file},
    {"chmod", change_mode},
    {"socket_tcp", socket_tcp},
    {"socket_udp6", socket_udp6},
    {"socket_unix", socket_unix},
    {"socket_packet", socket_packet},
    {"connect", connect_inherited},
    {"bind", bind_inherited},
    {"listen", listen_inherited},
    {"accept", accept_inherited},
    {"execute", execute},
    {"fork", fork_process},
    {"trace", trace},
    {"signal", signal_other},
    {"mount", mount_something},
    {"setuid", become_root},
    {"unshare", new_namespace},
    {"bpf", load_program},
    {"clock", set_clock},
    {"ask_clock", ask_clock},
    {"executable_memory", executable_memory},
    {"sealed_memory", sealed_memory},
};

/* --- main
 * ----------------------------------------------------------------------------------------- */

static bool close_sandbox(const char *path, const char *role, struct sandbox_loaded *loaded,
			  struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *name = strdup(path);
	struct sandbox box = {0};
	size_t len = 0;

	if (!name || !conf_read(path, &text, &len, e))
		return false;
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (strcmp(role, roles[i].name) == 0)
			return roles[i].make(text, len, dirname(name), &box, e) &&
			       sandbox_close(&box, loaded, e);
	return err_set(e, ERR_ARGUMENT, "%s: no such role", role);
}

int main(int argc, char **argv)
{
	struct sandbox_loaded l = {0};
	struct err e = {0};

	if (argc < 4)
		return 2;
	argument = argc > 4 ? argv[4] : "";
	if (!close_sandbox(argv[1], argv[2], &l, &e)) {
		(void)fprintf(stderr, "probe: %s\n", e.text);
		return 3;
	}
	(void)printf("loaded seccomp=%u landlock=%u no_new_privs=%u\n", l.seccomp, l.landlock_abi,
		     l.no_new_privs);
	(void)fflush(stdout);
	for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++)
		if (strcmp(argv[3], attempts[i].name) == 0) {
			long rc = attempts[i].act();

			(void)printf("%s\n", rc < 0 ? strerrorname_np(errno) : "done");
			(void)fflush(stdout);
			_exit(0);
		}
	return 2;
}
