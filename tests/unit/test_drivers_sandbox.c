/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers in a sandbox with no more than they say that they need: each opens before it closes,
 * in a process of its own, and works after. */
#include "firmware/base/sandbox.h"
#include "hal/clock_quality.h"
#include "hal/keystore.h"
#include "hal/location.h"
#include "hal/temperature.h"
#include "tests/unit/chip.h"
#include "tests/unit/keystore_life.h"
#include "tests/unit/tree.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FIX                                                                                        \
	"{\"class\":\"VERSION\",\"proto_major\":3}\n"                                              \
	"{\"class\":\"TPV\",\"mode\":3,\"lat\":38.627,\"lon\":-90.1994}\n"

/* Close the box around a child, let it do `act`, and expect it to end well. */
static void inside(const struct sandbox *box, bool (*act)(void *), void *arg)
{
	struct sandbox_loaded loaded = {0};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(sandbox_close(box, &loaded, NULL) && loaded.seccomp && act(arg) ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- temperature, clock
 * --------------------------------------------------------------------------- */

static bool read_temperature(void *arg)
{
	struct temperature_reading r;

	return temperature_find("fake")->read(arg, 0, &r, NULL) && r.millidegrees == 41000;
}

static void temperature_needs_nothing(void **state)
{
	const struct temperature_ops *ops = temperature_find("fake");
	struct temperature_conf conf = {.driver = "fake"};
	const struct sandbox box = {0};
	struct temperature *t = NULL;

	(void)state;
	tree_write("hwmon0/temp1_input", "41000\n");
	(void)snprintf(conf.source, sizeof conf.source, "%s", tree_path(""));
	assert_true(ops->open(&conf, &t, NULL));
	inside(&box, read_temperature, t);
	ops->close(t);
}

static bool read_clock(void *arg)
{
	struct clock_quality_reading r;

	return clock_quality_find("kernel")->read(arg, &r, NULL);
}

static void the_clock_may_be_asked(void **state)
{
	const struct clock_quality_ops *ops = clock_quality_find("kernel");
	const struct clock_quality_conf conf = {.driver = "kernel"};
	const struct sandbox box = {.may = SANDBOX_CLOCK};
	struct clock_quality *c = NULL;

	(void)state;
	assert_true(ops->open(&conf, &c, NULL));
	inside(&box, read_clock, c);
	ops->close(c);
}

/* --- location
 * ------------------------------------------------------------------------------------- */

/* Until it has a fix, for a few seconds. */
static bool find_place(void *arg)
{
	const struct location_ops *ops = location_find("gpsd");
	struct pollfd p = {.fd = ops->fd(arg), .events = POLLIN};
	struct location_reading r;

	for (int i = 0; i < 50 && !ops->get(arg, &r, NULL); i++)
		if (poll(&p, 1, 100) > 0)
			ops->work(arg);
	return ops->get(arg, &r, NULL);
}

/* What it will say waits for it in the socket's queue. */
static void serve(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client;

	(void)snprintf(at.sun_path, sizeof at.sun_path, "%.107s", path);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(listener, 1), 0);
	if (fork() != 0) {
		(void)close(listener);
		return;
	}
	client = accept(listener, NULL, NULL);
	(void)send(client, FIX, strlen(FIX), MSG_NOSIGNAL);
	(void)recv(client, &(char){0}, 1, MSG_WAITALL);
	(void)recv(client, &(char[64]){0}, 64, MSG_WAITALL);
	_exit(0);
}

static void gpsd_needs_its_socket(void **state)
{
	const struct location_ops *ops = location_find("gpsd");
	const struct sandbox box = {.may = SANDBOX_UNIX_CONNECT};
	struct location_conf conf = {.driver = "gpsd"};
	struct location *l = NULL;

	(void)state;
	(void)snprintf(conf.source, sizeof conf.source, "%s", tree_path("gpsd.sock"));
	assert_true(ops->open(&conf, &l, NULL));
	serve(conf.source);
	inside(&box, find_place, l);
	ops->close(l);
	assert_true(wait(NULL) > 0);
}

/* --- keystore
 * ------------------------------------------------------------------------------------- */

struct held {
	const struct keystore_ops *ops;
	struct keystore *k;
};

static struct held hold(struct keystore_conf *conf, const char *driver, const char *name)
{
	struct held h = {.ops = keystore_find(driver)};

	(void)snprintf(conf->path, sizeof conf->path, "%s", tree_path(name));
	h.k = life_open(h.ops, conf);
	return h;
}

static bool live(void *arg)
{
	struct held *h = arg;

	return h->ops->rotate(h->k, NULL) && h->ops->retire(h->k, NULL) &&
	       h->ops->health(h->k, NULL);
}

static bool look(void *arg)
{
	struct held *h = arg;

	return h->ops->health(h->k, NULL);
}

static void expect_roots(struct keystore_conf *conf, const char *driver, uint64_t newest,
			 uint64_t older)
{
	struct held h = hold(conf, driver, "root");
	struct keystore_about a;

	h.ops->about(h.k, &a);
	assert_int_equal(a.newest, newest);
	assert_int_equal(a.older, older);
	h.ops->close(h.k);
}

/* As the store has it. */
static void a_file_needs_its_folder(void **state)
{
	const struct sandbox box = {.may = SANDBOX_READ_FILES | SANDBOX_WRITE_FILES,
				    .read_paths = {tree_path("")},
				    .write_paths = {tree_path("")}};
	struct keystore_conf conf = {.create = true};
	struct held h = hold(&conf, "file", "root");

	(void)state;
	inside(&box, live, &h);
	h.ops->close(h.k);
	expect_roots(&conf, "file", 2, 0);
}

static void one_that_only_looks_needs_nothing(void **state)
{
	const struct sandbox box = {0};
	struct keystore_conf conf = {.keyless = true};
	struct held h = hold(&conf, "file", "root");

	(void)state;
	inside(&box, look, &h);
	h.ops->close(h.k);
}

/* For arm64 this program runs in a guest (qemu-user has no seccomp), and there is no swtpm there.
 */
#if defined(CONFIG_KEYSTORE_TPM2_SIMULATOR) && !defined(__aarch64__)
#define TPM_HERE
#endif

#ifdef TPM_HERE
/* Its device was opened before. */
static void a_tpm_needs_nothing(void **state)
{
	const struct sandbox box = {0};
	struct keystore_conf conf = {.create = true};
	struct chip chip = chip_start_device("tpm");
	struct held h;

	(void)state;
	chip_name(&chip, conf.device, sizeof conf.device);
	h = hold(&conf, "tpm2", "root");
	inside(&box, live, &h);
	h.ops->close(h.k);
	/* What retired the first is the next one: a start takes it for begun. */
	expect_roots(&conf, "tpm2", 3, 2);
	chip_stop(&chip);
}
#endif

int main(void)
{
#define IN_TREE(t) cmocka_unit_test_setup_teardown(t, tree_make, tree_remove)
	const struct CMUnitTest tests[] = {
	    IN_TREE(temperature_needs_nothing),
	    cmocka_unit_test(the_clock_may_be_asked),
	    IN_TREE(gpsd_needs_its_socket),
	    IN_TREE(a_file_needs_its_folder),
	    IN_TREE(one_that_only_looks_needs_nothing),
#ifdef TPM_HERE
	    IN_TREE(a_tpm_needs_nothing),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
