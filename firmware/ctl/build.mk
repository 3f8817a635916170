# SPDX-License-Identifier: Apache-2.0
ifeq ($(CONFIG_CONTROL),y)
PROGRAMS += bin/alprctl
bin/alprctl.src    := firmware/ctl/ctl.c firmware/ctl/ask.c firmware/ctl/status.c firmware/ctl/counters.c firmware/ctl/selftest.c
bin/alprctl.libs   := control_conf wire base
bin/alprctl.ldlibs := -lcjson
endif
