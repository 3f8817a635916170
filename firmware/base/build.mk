# SPDX-License-Identifier: Apache-2.0
# crypt.c and identity.c are a library of their own: only those who verify or sign link mbedTLS.
LIBRARIES += base crypt
base.src  := $(addprefix firmware/base/,chan.c clock.c conf.c err.c gift.c log.c loop.c pem.c utf8.c)
base.pkgs := libseccomp inih

crypt.src    := firmware/base/crypt.c firmware/base/identity.c
crypt.cppflags := -isystem $(TARGET_DEPS)/include
crypt.ldlibs := $(TARGET_DEPS)/lib/libmbedx509.a $(TARGET_DEPS)/lib/libmbedcrypto.a
crypt.deps   := $(MBEDTLS)
$(B)/obj/firmware/base/crypt.c.o $(B)/obj/firmware/base/identity.c.o: | $(MBEDTLS)

# The sandbox: what a role may, in the words of base/sandbox.h, as Landlock rules and a seccomp filter.
base.src += firmware/base/sandbox.c firmware/base/filter.c $(if $(CONFIG_LANDLOCK),firmware/base/landlock.c)
