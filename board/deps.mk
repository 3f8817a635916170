# SPDX-License-Identifier: Apache-2.0
# What the build needs and Debian has: installed by `make deps`. What Debian has only in another release
# (mbedTLS 3.6, libcurl on it): fetched as Debian source and built static into $(TARGET_DEPS).

# Of a board that is this machine; board/<name>/board.mk says otherwise.
TARGET_DEPS := $(DEPS)
PACKAGES    := board/$(BOARD)/packages
PKG_CONFIG  := pkg-config
SYSROOT     :=
SYSROOT_READY := # what says that it is complete
RUN         :=

MBEDTLS = $(TARGET_DEPS)/lib/libmbedtls.a
CURL    = $(TARGET_DEPS)/lib/libcurl.a

-include board/$(BOARD)/board.mk

.PHONY: deps
deps:
	@sh board/deps.sh $(PACKAGES)

$(MBEDTLS) $(CURL) &: board/build-curl.sh
	@$(DEPS_ENVIRONMENT) sh board/build-curl.sh $(TARGET_DEPS)
