/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/lamp.h"

#include "firmware/base/cleanup.h"

#define CONSUMER "alpr-lamp"

struct lamp {
	struct gpio *strobe, *fault;
	bool on;
};

static bool lamp_set(struct lamp *l, bool on, struct err *e)
{
	if (!gpio_set(l->strobe, on, e))
		return err_prefix(e, "lamp");
	l->on = on;
	return true;
}

static void lamp_close(struct lamp *l)
{
	if (!l)
		return;
	if (l->strobe)
		(void)lamp_set(l, false, NULL);
	gpio_release(l->strobe);
	gpio_release(l->fault);
	free(l);
}

static bool lamp_open(const struct lamp_setup *setup, struct lamp **out, struct err *e)
{
	struct lamp *l = calloc(1, sizeof *l);

	if (!l)
		return err_set(e, ERR_NO_MEMORY, "lamp: no memory");
	if (!gpio_output(&setup->strobe, CONSUMER, false, &l->strobe, e) ||
	    (setup->fault.chip && !gpio_input(&setup->fault, CONSUMER, 0, &l->fault, e))) {
		lamp_close(l);
		return err_prefix(e, "lamp");
	}
	*out = l;
	return true;
}

static bool lamp_state(struct lamp *l, struct lamp_state *out, struct err *e)
{
	*out = (struct lamp_state){.on = l->on, .has_fault = l->fault != NULL};
	if (l->fault && !gpio_get(l->fault, &out->fault, e))
		return err_prefix(e, "lamp: fault input");
	return true;
}

const struct lamp_ops lamp_gpio = {
    .name = "gpio",
    .open = lamp_open,
    .set = lamp_set,
    .state = lamp_state,
    .close = lamp_close,
};
