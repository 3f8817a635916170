# SPDX-License-Identifier: Apache-2.0
# control_conf apart: the parent and alprctl read the section without linking the role.
LIBRARIES += control_conf
control_conf.src := firmware/control/conf.c

ifeq ($(CONFIG_CONTROL),y)
LIBRARIES += control
control.src    := firmware/control/answer.c firmware/control/peer.c
PROGRAMS += libexec/alprd-control
libexec/alprd-control.src  := firmware/control/control.c firmware/control/pull.c
libexec/alprd-control.libs := control control_conf status_json wire board base
endif
