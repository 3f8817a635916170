/* SPDX-License-Identifier: Apache-2.0 */
/* Which firmware this is: shown by `alprctl status` and told to the RTCC in every heartbeat. */
#ifndef FIRMWARE_VERSION_H
#define FIRMWARE_VERSION_H

#define FIRMWARE_VERSION "0.4.0"

#endif
