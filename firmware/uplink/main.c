/* SPDX-License-Identifier: Apache-2.0 */
/* The uplink role: carries the store's hits to the RTCC, and the RTCC's hotlist to the store. It looks into neither. */
#include "firmware/role.h"
#include "firmware/uplink/uplink.h"

static const char *const resolver_files[] = {"/etc/resolv.conf", "/etc/hosts",	  "/etc/nsswitch.conf",
					     "/etc/host.conf",	 "/etc/gai.conf", "/run/systemd/resolve"};

static bool open_role(void *state, const struct role_env *env, struct sandbox *box, struct err *e)
{
	box->may = SANDBOX_INTERNET | SANDBOX_MEMFD | SANDBOX_READ_FILES | SANDBOX_THREADS; /* names resolve in a thread */
	for (size_t i = 0; i < sizeof resolver_files / sizeof resolver_files[0]; i++)
		box->read_paths[i] = resolver_files[i];
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
