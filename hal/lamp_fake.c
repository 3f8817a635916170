/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/lamp.h"

#include "firmware/base/cleanup.h"
#include "hal/fake_line.h"

struct lamp {
	int strobe, fault; /* fault -1: it has none */
	bool strobe_low, fault_low;
	bool on;
};

static bool lamp_set(struct lamp *l, bool on, struct err *e)
{
	if (!fake_line_set(l->strobe, l->strobe_low, on, e))
		return err_prefix(e, "lamp");
	l->on = on;
	return true;
}

static void lamp_close(struct lamp *l)
{
	if (!l)
		return;
	if (l->strobe >= 0)
		(void)lamp_set(l, false, NULL);
	cleanup_close(&l->strobe);
	cleanup_close(&l->fault);
	free(l);
}

static bool open_lines(struct lamp *l, const struct lamp_setup *setup, struct err *e)
{
	struct err why = {0};

	if (!fake_line_open(setup->folder, "lamp", true, &l->strobe, e) || !lamp_set(l, false, e))
		return false;
	if (!fake_line_open(setup->folder, "lamp-fault", false, &l->fault, &why) &&
	    why.code != ERR_NOT_FOUND) {
		if (e)
			*e = why;
		return false;
	}
	return true;
}

static bool lamp_open(const struct lamp_setup *setup, struct lamp **out, struct err *e)
{
	struct lamp *l = calloc(1, sizeof *l);

	if (!l)
		return err_set(e, ERR_NO_MEMORY, "lamp: no memory");
	*l = (struct lamp){.strobe = -1,
			   .fault = -1,
			   .strobe_low = setup->strobe.active_low,
			   .fault_low = setup->fault.active_low};
	if (!open_lines(l, setup, e)) {
		lamp_close(l);
		return err_prefix(e, "fake lamp");
	}
	*out = l;
	return true;
}

static bool lamp_state(struct lamp *l, struct lamp_state *out, struct err *e)
{
	*out = (struct lamp_state){.on = l->on, .has_fault = l->fault >= 0};
	if (l->fault >= 0 && !fake_line_get(l->fault, l->fault_low, &out->fault, e))
		return err_prefix(e, "fake lamp: fault input");
	return true;
}

const struct lamp_ops lamp_fake = {
    .name = "fake",
    .open = lamp_open,
    .set = lamp_set,
    .state = lamp_state,
    .close = lamp_close,
};
