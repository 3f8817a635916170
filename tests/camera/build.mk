# SPDX-License-Identifier: Apache-2.0
# Drives the libcamera driver as the capture role does, and can make its cameras fail.
ifeq ($(CONFIG_CAMERA_LIBCAMERA),y)
PROBES += test/camera_probe
test/camera_probe.src  := $(addprefix tests/camera/,camera_probe.c faults.c marks.c)
test/camera_probe.libs := capture $(camera_libs) base

.PHONY: camera-probe
camera-probe: $(B)/test/camera_probe
endif
