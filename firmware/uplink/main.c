/* SPDX-License-Identifier: Apache-2.0 */
/* The uplink role: carries the store's hits to the RTCC, and the RTCC's hotlist to the store. It
 * looks into neither. */
#include "firmware/role.h"
#include "firmware/uplink/uplink.h"

static bool open_role(void *state, const struct role_env *env, struct sandbox *box, struct err *e)
{
	uplink_sandbox(box);
	return uplink_open(state, env, e);
}

int main(int argc, char **argv)
{
	static const struct role_ops ops = {
	    .role = WIRE_UPLINK,
	    .state_size = sizeof(struct uplink),
	    .open = open_role,
	    .begin = uplink_begin,
	    .connected = uplink_connected,
	    .message = uplink_message,
	    .stop = uplink_stop,
	    .status = uplink_status,
	    .close = uplink_close,
	};

	return role_main(argc, argv, &ops);
}
