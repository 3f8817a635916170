# SPDX-License-Identifier: Apache-2.0
# What the build needs and Debian has: installed by `make deps`. What Debian has only in another release
# (mbedTLS 3.6, libcurl on it): fetched as Debian source and built static into $(DEPS).

.PHONY: deps
deps:
	@sh board/deps.sh board/$(BOARD)/packages

MBEDTLS := $(DEPS)/lib/libmbedtls.a
CURL    := $(DEPS)/lib/libcurl.a

$(MBEDTLS) $(CURL) &: board/build-curl.sh
	@sh board/build-curl.sh $(DEPS)
