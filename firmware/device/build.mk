# SPDX-License-Identifier: Apache-2.0
# device_conf apart: the parent checks the section without linking a sensor.
LIBRARIES += device_conf
device_conf.src := firmware/device/conf.c

ifeq ($(CONFIG_DEVICE),y)
LIBRARIES += device
device.src    := firmware/device/judge.c firmware/device/senses.c
device.ldlibs := -lm
PROGRAMS += libexec/alprd-device
libexec/alprd-device.src  := firmware/device/device.c
libexec/alprd-device.libs = device device_conf $(door_libs) temperature clock_quality location $(keystore_libs) device_names site wire board base
endif
