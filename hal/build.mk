# SPDX-License-Identifier: Apache-2.0
# image_file is for the host alone: imgcodecs never goes on a box (board/README.md).
LIBRARIES += image_file camera camera_names
image_file.src      := hal/image_file.cpp hal/image_header.c
image_file.cppflags := -isystem $(SYSROOT)/usr/include/opencv4
image_file.ldlibs   := -lopencv_imgcodecs -lopencv_core

camera.src := $(addprefix hal/,camera.c camera_expose.c camera_pace.c camera_truth.c camera_watch.c control_log.c frame_memory.c frame_ring.c sensor_clock.c)
camera_names.src := hal/camera_names.c
# What a program that opens cameras links: drivers first, then what they need.
camera_libs := camera camera_names

ifeq ($(CONFIG_CAMERA_LIBCAMERA),y)
camera.src  += hal/camera_libcamera.cpp
camera.pkgs += libcamera
endif

ifeq ($(CONFIG_CAMERA_REPLAY),y)
camera.src  += hal/camera_replay.c hal/replay_list.c hal/letterbox.c
camera_libs += image_file
endif

ifeq ($(CONFIG_CAMERA_SIM),y)
# The simulator's drawing, and the host tool that hands its pictures to training and tests.
camera.src  += hal/camera_sim.c
camera_libs += sim
LIBRARIES += sim
sim.src   := $(addprefix hal/sim/,art.c canvas.c patch.c plate.c plate_ground.c scenery.c series.c street.c street_picture.c traffic.c \
	truth.c vehicle.c vehicle_paint.c view.c wanted.c)
sim.pkgs  := freetype2 libturbojpeg
sim.ldlibs := -lm
# The inner loops are written for the vectoriser, which -O2 of gcc 12 leaves out where it must guess.
# No fused multiply-add: the same seed gives the same bytes whatever the compiler.
$(B)/obj/hal/sim/%.c.o: OPT := -O3 -ffp-contract=off

PROGRAMS += bin/alpr-sim
bin/alpr-sim.src  := $(addprefix hal/sim/,alpr_sim.c tool_plates.c tool_street.c)
bin/alpr-sim.libs := sim base
endif

# What stands around the cameras: a library a class, its drivers by switch. Programs link $(lamp_libs), $(door_libs).
LIBRARIES += lamp door
lamp.src  := hal/lamp.c
door.src  := hal/door.c
lamp_libs := lamp
door_libs := door

ifeq ($(CONFIG_GPIO),y)
LIBRARIES += gpio
gpio.src   := hal/gpio.c
gpio.pkgs  := libgpiod
lamp.src  += hal/lamp_gpio.c
door.src  += hal/door_gpio.c
lamp_libs += gpio
door_libs += gpio
endif

ifeq ($(CONFIG_FAKE_HARDWARE),y)
LIBRARIES += fake_line
fake_line.src := hal/fake_line.c
lamp.src  += hal/lamp_fake.c
door.src  += hal/door_fake.c
lamp_libs += fake_line
door_libs += fake_line
endif

# Sensors and the watchdog: the same. What a configuration may name is a library of its own, which links no driver.
LIBRARIES += device_names temperature clock_quality watchdog
device_names.src  := hal/device_names.c
temperature.src   := hal/temperature.c
clock_quality.src := hal/clock_quality.c hal/clock_quality_kernel.c $(if $(CONFIG_FAKE_HARDWARE),hal/clock_quality_fake.c)
watchdog.src      := hal/watchdog.c hal/watchdog_device.c $(if $(CONFIG_FAKE_HARDWARE),hal/watchdog_fake.c)

LIBRARIES += location
location.src := hal/location.c hal/location_surveyed.c
ifeq ($(CONFIG_LOCATION_GPSD),y)
location.src    += hal/location_gpsd.c hal/gpsd_report.c
location.ldlibs := -lcjson -lm
endif

# Programs link $(keystore_libs). tpm2-tss brings libcrypto along, for the sessions with the TPM.
LIBRARIES += keystore
keystore.src  := hal/keystore.c hal/keystore_file.c hal/keystore_roots.c hal/secret_file.c
keystore_libs := keystore crypt
ifeq ($(CONFIG_KEYSTORE_TPM2),y)
keystore.src  += hal/keystore_tpm2.c hal/tpm.c
keystore.pkgs := tss2-esys tss2-tcti-device $(if $(CONFIG_KEYSTORE_TPM2_SIMULATOR),tss2-tcti-swtpm)
endif
