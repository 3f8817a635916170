# SPDX-License-Identifier: Apache-2.0
# image_file is for the host alone: imgcodecs never goes on a box (board/README.md).
LIBRARIES += image_file
image_file.src      := hal/image_file.cpp hal/image_header.c
image_file.cppflags := -isystem /usr/include/opencv4
image_file.ldlibs   := -lopencv_imgcodecs -lopencv_core
