# SPDX-License-Identifier: Apache-2.0
# What each role's conf.c makes of its section is linked here, so that a broken configuration is refused before anything starts.
LIBRARIES += parent_conf parent
parent_conf.src := firmware/parent/conf.c
parent.src := firmware/parent/backoff.c firmware/parent/notify.c firmware/parent/settings.c firmware/parent/spawn.c \
	firmware/parent/wiring.c firmware/parent/report.c firmware/parent/supervise.c firmware/parent/watch.c

PROGRAMS += bin/alprd
bin/alprd.src  := firmware/parent/main.c
bin/alprd.libs := parent parent_conf capture_conf vision_conf store_conf uplink_conf control_conf device_conf watchdog device_names camera_names site board wire base
