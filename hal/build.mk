# SPDX-License-Identifier: Apache-2.0
# image_file is for the host alone: imgcodecs never goes on a box (board/README.md).
LIBRARIES += image_file camera
image_file.src      := hal/image_file.cpp hal/image_header.c
image_file.cppflags := -isystem /usr/include/opencv4
image_file.ldlibs   := -lopencv_imgcodecs -lopencv_core

camera.src := hal/camera.c hal/frame_memory.c
# What a program that opens cameras links: drivers first, then what they need.
camera_libs := camera

ifeq ($(CONFIG_CAMERA_REPLAY),y)
camera.src  += hal/camera_replay.c hal/replay_list.c hal/letterbox.c
camera_libs += image_file
endif
