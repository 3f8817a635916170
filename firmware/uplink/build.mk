# SPDX-License-Identifier: Apache-2.0
# The configuration is a library of its own: the parent checks it without linking libcurl.
LIBRARIES += uplink_conf
uplink_conf.src := firmware/uplink/conf.c

ifeq ($(CONFIG_UPLINK),y)
LIBRARIES += uplink
uplink.src := $(addprefix firmware/uplink/,uplink.c hits.c list.c heartbeat.c evidence.c download.c transfer.c credentials.c answer.c backoff.c)
uplink.cppflags := -isystem $(TARGET_DEPS)/include
uplink.ldlibs := $(addprefix $(TARGET_DEPS)/lib/,libcurl.a libmbedtls.a libmbedx509.a libmbedcrypto.a)
uplink.deps := $(CURL) $(MBEDTLS)
$(patsubst %,$(B)/obj/%.o,$(uplink.src)): | $(CURL)

PROGRAMS += libexec/alprd-uplink
libexec/alprd-uplink.src := firmware/uplink/main.c
libexec/alprd-uplink.libs := uplink uplink_conf status_json site wire board crypt base
libexec/alprd-uplink.cppflags := -isystem $(TARGET_DEPS)/include
$(B)/obj/firmware/uplink/main.c.o: | $(CURL)
endif
