/* SPDX-License-Identifier: Apache-2.0 */
/* The device role: watches the box itself and says in plain words what is wrong with it. It sees no
 * frame, no plate, no database and no network. */
#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/device/conf.h"
#include "firmware/device/senses.h"
#include "firmware/role.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#define KEY_EVERY 5u /* looks for one at the keystore: a TPM is slow, and others use it */

struct device {
	struct role *role;
	struct loop *loop;
	struct device_conf conf;
	struct senses senses;
	unsigned looks;
	char state[sizeof((struct wire_status *)0)->state]; /* as last logged */
};

/* Whoever looks into the log later sees when each trouble began and ended. */
static void log_change(struct device *d)
{
	char state[sizeof d->state], detail[sizeof((struct wire_status *)0)->detail];

	judge_say(&d->senses.judge, state, sizeof state, detail, sizeof detail);
	if (strcmp(state, d->state) == 0)
		return;
	(void)snprintf(d->state, sizeof d->state, "%s", state);
	if (strcmp(state, "ok") == 0)
		log_line(LOG_NOTICE, "all is well with the box");
	else
		log_line(LOG_WARNING, "%s", detail);
}

static void on_door(void *arg, int fd, uint32_t events)
{
	struct device *d = arg;

	senses_door(&d->senses);
	log_change(d);
	/* A line whose driver has gone is readable for ever: the level is still asked for. */
	if (events & (EPOLLERR | EPOLLHUP))
		loop_forget(d->loop, fd);
}

static void on_location(void *arg, int fd, uint32_t events)
{
	struct device *d = arg;

	(void)fd;
	(void)events;
	senses_place(&d->senses);
	log_change(d);
}

static void look(void *arg)
{
	struct device *d = arg;

	senses_look(&d->senses);
	if (d->looks++ % KEY_EVERY == 0)
		senses_key(&d->senses);
	log_change(d);
}

/* The sandbox lets nothing be opened any more: a new process may. */
static void begin_anew(void *arg)
{
	struct device *d = arg;

	if (!senses_stuck(&d->senses))
		return;
	log_line(LOG_NOTICE, "something cannot be used: this role ends, to open it anew");
	role_exit(d->role);
}

static int64_t ns(double s)
{
	return (int64_t)(s * (double)NS_PER_S);
}

static bool device_open(void *state, const struct role_env *env, struct sandbox *box, struct err *e)
{
	struct device *d = state;

	d->role = env->role;
	d->loop = env->loop;
	(void)snprintf(d->state, sizeof d->state, "ok");
	if (!device_conf_load(env->conf_text, env->conf_len, env->conf_folder, &d->conf, e))
		return false;
	device_conf_complete(&d->conf, &board);
	if (!senses_open(&d->senses, &d->conf, e))
		return false;
	device_sandbox(&d->conf, box);
	return true;
}

static bool device_begin(void *state, struct err *e)
{
	struct device *d = state;
	struct senses *s = &d->senses;

	if (s->door && s->door_ops->fd(s->door) >= 0 &&
	    !loop_watch(d->loop, s->door_ops->fd(s->door), EPOLLIN, on_door, d, e))
		return false;
	if (s->location && s->location_ops->fd(s->location) >= 0 &&
	    !loop_watch(d->loop, s->location_ops->fd(s->location), EPOLLIN, on_location, d, e))
		return false;
	if (loop_timer(d->loop, ns(d->conf.poll_s), ns(d->conf.poll_s), look, d) < 0 ||
	    (d->conf.retry_s > 0 &&
	     loop_timer(d->loop, ns(d->conf.retry_s), ns(d->conf.retry_s), begin_anew, d) < 0))
		return err_set(e, ERR_LIMIT, "no timer left");
	look(d);
	return true;
}

static void count_heat(struct wire_status *out, const char *name, const struct judge_heat *h)
{
	if (h->known)
		role_count(out, name, h->millidegrees / 1000);
}

static void device_status(void *state, struct wire_status *out)
{
	const struct device *d = state;
	const struct judge *j = &d->senses.judge;

	judge_say(j, out->state, sizeof out->state, out->detail, sizeof out->detail);
	if (d->senses.door) {
		role_count(out, "door_open", j->door_open);
		role_count(out, "door_openings", d->senses.openings);
	}
	count_heat(out, "temperature_c", &j->board);
	count_heat(out, "disk_temperature_c", &j->disk);
	if (j->clock_known) {
		role_count(out, "clock_synchronised", j->clock.synchronised);
		role_count(out, "clock_error_ms", j->clock.max_error_us / 1000);
	}
	if (j->place_known)
		role_count(out, "distance_m", (int64_t)j->distance_m);
	if (d->senses.keystore_ops)
		role_count(out, "keystore_ok", !j->key_missing && !j->key_fails);
}

static void device_close(void *state)
{
	struct device *d = state;

	senses_close(&d->senses);
}

static const struct role_ops ops = {
    .role = WIRE_DEVICE,
    .state_size = sizeof(struct device),
    .open = device_open,
    .begin = device_begin,
    .status = device_status,
    .close = device_close,
};

int main(int argc, char **argv)
{
	return role_main(argc, argv, &ops);
}
