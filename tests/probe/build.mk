# SPDX-License-Identifier: Apache-2.0
# For the system tests only. A program that closes a role's sandbox and then tries what the role must not do.
ifeq ($(CONFIG_CONTROL)$(CONFIG_UPLINK)$(CONFIG_DEVICE),yyy)
PROBES   += test/probe
endif
test/probe.src  := tests/probe/probe.c
test/probe.libs := capture_conf vision_conf store_box store_conf uplink_conf control_conf device_conf camera_names device_names board site base

# Writes events as hotlist/hit.c makes them, for the schema to judge.
PROBES += test/hit_json
test/hit_json.src  := tests/probe/hit_json.c
test/hit_json.libs := hits hit lists hotlist_tool hotlist crypt base

# Where the fields of wire messages lie, for the tests that write and read them.
PROBES += test/wire_layout
test/wire_layout.src := tests/probe/wire_layout.c

# Feeds a watchdog, then lets it starve: for a guest.
PROBES += test/watchdog
test/watchdog.src  := tests/probe/watchdog.c
test/watchdog.libs := watchdog base

# Drives lamp and door against the kernel's simulated GPIO chips: for a guest with gpio-sim (tests/guest/gpio_sim.sh).
ifeq ($(CONFIG_GPIO),y)
PROBES += test/lines
test/lines.src  := tests/probe/lines.c
test/lines.libs := $(lamp_libs) $(door_libs) base
endif

# Opens what a store keeps, for the tests that look at plates and pictures: no box has such a tool.
PROBES += test/reads
test/reads.src  := tests/probe/reads.c
test/reads.libs = store hotlist $(keystore_libs) base

# Reads requests for evidence and seals answers, for another implementation of JOSE to play the other side.
PROBES += test/jose
test/jose.src  := tests/probe/jose.c
test/jose.libs := store jose hotlist crypt base
