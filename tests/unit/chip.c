/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/chip.h"

#include "tests/unit/tree.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

/* Whether something answers at the port, or nothing has it. */
static bool port_is(unsigned port, bool answering)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
	is = (answering ? connect(fd, (struct sockaddr *)&at, sizeof at)
			: bind(fd, (struct sockaddr *)&at, sizeof at)) == 0;
	(void)close(fd);
	return is;
}

static void run_swtpm(const char *folder, unsigned port)
{
	char state[300], server[64], control[64];

	(void)snprintf(state, sizeof state, "dir=%s", folder);
	(void)snprintf(server, sizeof server, "type=tcp,port=%u,bindaddr=127.0.0.1", port);
	(void)snprintf(control, sizeof control, "type=tcp,port=%u,bindaddr=127.0.0.1", port + 1);
	(void)execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server,
		     "--ctrl", control, "--flags", "not-need-init,startup-clear", (char *)NULL);
	_exit(127);
}

/* The control channel is asked whether it is there: a connection to the other would be the one that
 * the TPM serves. */
struct chip chip_start(const char *name)
{
	struct chip c = {.port = 20000u + (unsigned)getpid() % 20000u};

	assert_true(mkdir(tree_path(name), 0700) == 0 || errno == EEXIST);
	while (!port_is(c.port, false) || !port_is(c.port + 1, false))
		c.port += 2;
	c.pid = fork();
	if (c.pid == 0)
		run_swtpm(tree_path(name), c.port);
	for (int i = 0; !port_is(c.port + 1, true); i++) {
		assert_true(i < 3000);
		(void)usleep(10000);
	}
	return c;
}

struct chip chip_start_device(const char *name)
{
	struct chip c = {.line = posix_openpt(O_RDWR | O_NOCTTY)};
	char state[300], line[16];
	struct termios raw;

	assert_true(c.line >= 0);
	assert_int_equal(grantpt(c.line), 0);
	assert_int_equal(unlockpt(c.line), 0);
	assert_int_equal(ptsname_r(c.line, c.device, sizeof c.device), 0);
	c.held = open(c.device, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(tcgetattr(c.held, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(c.held, TCSANOW, &raw), 0);
	assert_int_equal(mkdir(tree_path(name), 0700), 0);
	(void)snprintf(state, sizeof state, "dir=%s", tree_path(name));
	(void)snprintf(line, sizeof line, "%d", c.line);
	c.pid = fork();
	if (c.pid == 0) {
		(void)execlp("swtpm", "swtpm", "chardev", "--tpm2", "--tpmstate", state, "--fd",
			     line, "--flags", "not-need-init,startup-clear", (char *)NULL);
		_exit(127);
	}
	return c;
}

void chip_stop(struct chip *c)
{
	int status;

	if (c->pid <= 0)
		return;
	(void)kill(c->pid, SIGTERM);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	c->pid = 0;
	if (c->port > 0)
		return;
	(void)close(c->held);
	(void)close(c->line);
}

void chip_name(const struct chip *c, char *out, size_t size)
{
	if (c->port == 0)
		(void)snprintf(out, size, "device:%s", c->device);
	else
		(void)snprintf(out, size, "swtpm:host=127.0.0.1,port=%u", c->port);
}
