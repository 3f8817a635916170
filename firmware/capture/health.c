/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/capture/health.h"

#include "firmware/base/log.h"
#include "firmware/role.h"

#include <stdio.h>
#include <string.h>

static void tell_log(unsigned camera, const struct camera_state *was, const struct camera_state *is)
{
	if (is->what[0] && strcmp(is->what, was->what) != 0)
		log_line(LOG_ERROR, "camera %u: %s", camera, is->what);
	if (is->restarts != was->restarts)
		log_line(LOG_NOTICE, "camera %u was started again (%u times so far)", camera,
			 is->restarts);
	if (!is->what[0] && was->what[0])
		log_line(LOG_NOTICE, "camera %u delivers again", camera);
}

static void tell_counters(unsigned camera, const struct camera_state *is, struct wire_status *s)
{
	const struct {
		const char *name;
		uint32_t value;
	} counters[] = {{"restarts", is->restarts},
			{"failed", is->failed},
			{"missed", is->missed},
			{"late", is->late}};

	for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "camera%u_%s", camera, counters[i].name);
		role_count(s, name, counters[i].value);
	}
}

bool health_tell(struct health *h, const struct camera_ops *ops, const struct camera *c, char *why,
		 size_t size, struct wire_status *s)
{
	size_t len = 0;

	why[0] = '\0';
	for (unsigned i = 0; ops->state && i < FRAME_CAMERAS; i++) {
		struct camera_state is;

		ops->state(c, i, &is);
		tell_log(i, &h->told[i], &is);
		tell_counters(i, &is, s);
		if (is.what[0] && len < size)
			len += (size_t)snprintf(why + len, size - len, "%scamera %u: %s",
						len ? "; " : "", i, is.what);
		h->told[i] = is;
	}
	return why[0] != '\0';
}
