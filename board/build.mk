# SPDX-License-Identifier: Apache-2.0
LIBRARIES += board
board.src := board/$(BOARD)/board.c
include board/mount/build.mk
include board/kernel.mk
