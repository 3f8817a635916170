# SPDX-License-Identifier: Apache-2.0
# Where to mount a camera: for the desk, not for the box.
LIBRARIES += mount
mount.src    := board/mount/mount.c board/mount/plot.c
mount.ldlibs := -lm

ifeq ($(CONFIG_MOUNT_TOOL),y)
PROGRAMS += bin/alpr-mount
bin/alpr-mount.src  := board/mount/alpr_mount.c
bin/alpr-mount.libs := mount base
endif
