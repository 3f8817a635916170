/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/wire.h"

const char *wire_role_name(unsigned role)
{
	static const char *const names[WIRE_ROLES] = {"parent", "capture", "vision",
						      "store",  "uplink",  "control"};

	return role < WIRE_ROLES ? names[role] : "?";
}
