# SPDX-License-Identifier: Apache-2.0
# How every arm64 board is built on a Debian 12 or 13 machine of another kind: Debian's cross compiler against a sysroot
# of Debian 13, what the box itself runs. Included by board/<name>/board.mk.
ARCH        := arm64
TRIPLET     := aarch64-linux-gnu
SYSROOT     := $(DEPS)-sysroot-arm64
TARGET_DEPS := $(DEPS)-arm64
PACKAGES    := board/host/packages board/arm64/packages

CC  := $(TRIPLET)-gcc
CXX := $(TRIPLET)-g++
AR  := $(TRIPLET)-ar

PKG_CONFIG := PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(TRIPLET)/pkgconfig:$(SYSROOT)/usr/share/pkgconfig \
	pkg-config
# The cross compiler looks into the C library that it came with before it looks into a sysroot: it is given the folders one by
# one. Of Debian 12's it keeps its own headers and those of its C++ library; it links Debian 13's C++ library, which is newer.
gcc_headers    := $(shell $(CC) -print-file-name=include 2>/dev/null)
gcc_version    := $(shell $(TRIPLET)-gcc -dumpversion 2>/dev/null)
clang_target   := $(if $(findstring clang,$(CC)),--target=$(TRIPLET))
TARGET_CFLAGS  := $(clang_target) --sysroot=$(SYSROOT) -nostdinc
TARGET_INCLUDE := -isystem $(gcc_headers) -isystem $(SYSROOT)/usr/include/$(TRIPLET) -isystem $(SYSROOT)/usr/include
TARGET_CXX_INCLUDE := -isystem /usr/$(TRIPLET)/include/c++/$(gcc_version) -isystem /usr/$(TRIPLET)/include/c++/$(gcc_version)/$(TRIPLET)
TARGET_LDFLAGS := $(clang_target) --sysroot=$(SYSROOT) -L$(SYSROOT)/usr/lib/gcc/$(TRIPLET)/14 -L$(SYSROOT)/usr/lib/$(TRIPLET) -B$(SYSROOT)/usr/lib/$(TRIPLET)
# A program of the board on this machine, and the unit tests that are about what this has not: seccomp and Landlock, the
# kernel's limit on descriptors in a message, a process with no thread but its own.
RUN          := qemu-aarch64-static -L $(SYSROOT)
NOT_EMULATED := chan drivers_sandbox sandbox tesseract
# Of six minutes that the others take, these take five (SHORT=1: not run).
SLOW_EMULATED := bundle crypt keystore_tpm2 localise passage store_period store_ring

DEPS_ENVIRONMENT := DEPS_CC=$(TRIPLET)-gcc DEPS_SYSROOT=$(SYSROOT) DEPS_PROCESSOR=aarch64

SYSROOT_READY := $(SYSROOT)/.packages
$(SYSROOT_READY): board/sysroot.sh board/arm64/sysroot.packages
	@sh board/sysroot.sh $(SYSROOT) arm64 board/arm64/sysroot.packages

$(MBEDTLS) $(CURL): | $(SYSROOT_READY)
