# SPDX-License-Identifier: Apache-2.0
# capture_conf apart: the parent checks the configuration without linking a camera.
LIBRARIES += capture_conf capture
capture_conf.src := firmware/capture/conf.c
capture.src      := $(addprefix firmware/capture/,exposure.c health.c light.c meter.c pairing.c)
capture.ldlibs   := -lm

PROGRAMS += libexec/alprd-capture
libexec/alprd-capture.src  := firmware/capture/capture.c $(if $(filter y,$(CONFIG_CAMERA_LIBCAMERA)),firmware/capture/late_threads.c)
libexec/alprd-capture.libs = capture capture_conf $(camera_libs) $(lamp_libs) device_names wire board base
