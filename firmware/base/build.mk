# SPDX-License-Identifier: Apache-2.0
# crypt.c, jwa.c and identity.c are a library of their own: only those who verify or sign link mbedTLS. So is what makes
# and reads JOSE with them: only those who do link cJSON.
LIBRARIES += base jose crypt
base.src  := $(addprefix firmware/base/,base64url.c chan.c clock.c conf.c err.c file.c gift.c log.c loop.c pem.c utf8.c)
base.pkgs := libseccomp inih

jose.src      := $(addprefix firmware/base/,json.c jws.c jwe.c)
jose.cppflags := -isystem $(TARGET_DEPS)/include
jose.ldlibs   := -lcjson
jose.deps     := $(MBEDTLS)

crypt.src    := $(addprefix firmware/base/,crypt.c identity.c jwa.c)
crypt.cppflags := -isystem $(TARGET_DEPS)/include
crypt.ldlibs := $(TARGET_DEPS)/lib/libmbedx509.a $(TARGET_DEPS)/lib/libmbedcrypto.a
crypt.deps   := $(MBEDTLS)
$(patsubst %,$(B)/obj/%.o,$(crypt.src) $(jose.src)): | $(MBEDTLS)

# The sandbox: what a role may, in the words of base/sandbox.h, as Landlock rules and a seccomp filter.
base.src += firmware/base/sandbox.c firmware/base/filter.c $(if $(CONFIG_LANDLOCK),firmware/base/landlock.c)
