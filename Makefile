# SPDX-License-Identifier: Apache-2.0
#
#   make                       build for BOARD (default host) into build/host/; V=1 shows the commands
#   make menuconfig            what is compiled in; make host_defconfig: back to the board's own; make savedefconfig: keep it
#   make clean                 remove the build of BOARD
#   make help                  all of these
#
# Each folder says in its build.mk what it makes; this file knows how.

BOARD  ?= host
PYTHON ?= /usr/bin/python3
V      ?= 0
# SAN=asan|tsan builds a sanitised variant beside the plain one; CC=clang CXX=clang++ another compiler.
SAN    ?=

B      := build/$(BOARD)$(if $(SAN),-$(SAN))$(VARIANT)
# Third-party libraries that Debian has only elsewhere (libcurl on mbedTLS), built once for all variants.
DEPS   ?= $(CURDIR)/build/deps

include board/deps.mk

CONFIG := $(B)/.config
# Not for goals that must work before kconfiglib is installed.
ifneq ($(filter-out deps demo check check-arm64 check-guest guest-ready check-kernel kernel clean help %_defconfig,$(or $(MAKECMDGOALS),all)),)
include $(B)/config.mk
endif

Q      := $(if $(filter 1,$(V)),,@)
say     = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

WARN   := -Wall -Wextra -Wshadow -Wconversion -Werror
san.asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
san.tsan := -fsanitize=thread
OPT    ?= -O2
HARDEN := -fstack-protector-strong -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2)
CPPFLAGS += -I. -I$(B) -include $(B)/config.h -D_GNU_SOURCE
CFLAGS += $(TARGET_CFLAGS) $(TARGET_INCLUDE) -std=c11 $(OPT) -g $(WARN) -Wstrict-prototypes -Wmissing-prototypes $(HARDEN) $(san.$(SAN))
CXXFLAGS += $(TARGET_CFLAGS) $(TARGET_CXX_INCLUDE) $(TARGET_INCLUDE) -std=c++17 $(OPT) -g -Wall -Wextra -Wshadow -Werror $(HARDEN) $(san.$(SAN))
LDFLAGS += $(TARGET_LDFLAGS) -pie -Wl,-z,relro,-z,now $(san.$(SAN))
# Debian's own libraries may pull the OpenSSL libcurl into a process: ours must not leak its names into it.
# (The sanitisers must see the options that role.c gives them, so their variants do without.)
LDFLAGS += $(if $(SAN),,-Wl,--exclude-libs,ALL) -Wl,--as-needed

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

# --- what there is -------------------------------------------------------------------------------
# A build.mk adds names to LIBRARIES and PROGRAMS and says for each NAME:
#   NAME.src      its sources            NAME.libs   libraries of ours it links, callers before callees
#   NAME.pkgs     pkg-config packages    NAME.ldlibs other libraries     NAME.cppflags
# Programs are named by where they go: bin/alprd, libexec/alprd-store, test/unit/test_err. Those of the tests are added
# to UNIT (cmocka), PROBES (driven by pytest) or BENCHES instead of PROGRAMS.
LIBRARIES :=
PROGRAMS  :=
UNIT      :=
PROBES    :=
BENCHES   :=
include $(sort $(wildcard firmware/*/build.mk) $(wildcard firmware/build.mk hal/build.mk board/build.mk \
	ocr/build.mk hotlist/build.mk tests/*/build.mk))

PROGRAMS += $(UNIT) $(PROBES) $(BENCHES)

define library
$(1).obj := $$(patsubst %,$(B)/obj/%.o,$$($(1).src))
$(B)/lib/lib$(1).a: $$($(1).obj)
$$($(1).obj): CPPFLAGS += $$($(1).cppflags) $$(if $$($(1).pkgs),$$(shell $(PKG_CONFIG) --cflags $$($(1).pkgs) | sed 's/-I/-isystem /g'))
ALL_OBJ += $$($(1).obj)
endef

define program
$(1).obj := $$(patsubst %,$(B)/obj/%.o,$$($(1).src))
$(1).all_pkgs := $$(sort $$($(1).pkgs) $$(foreach l,$$($(1).libs),$$($$(l).pkgs)))
$(1).cxx := $$(filter %.cpp,$$($(1).src) $$(foreach l,$$($(1).libs),$$($$(l).src)))
$(B)/$(1): $$($(1).obj) $$(patsubst %,$(B)/lib/lib%.a,$$($(1).libs)) $$(foreach l,$(1) $$($(1).libs),$$($$(l).deps))
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$(Q)$$(if $$($(1).cxx),$(CXX),$(CC)) $$(LDFLAGS) -o $$@ $$($(1).obj) $$(patsubst %,$(B)/lib/lib%.a,$$($(1).libs)) \
		$$($(1).ldlibs) $$(foreach l,$$($(1).libs),$$($$(l).ldlibs)) $$(if $$($(1).all_pkgs),$$(shell $(PKG_CONFIG) --libs $$($(1).all_pkgs)))
$$($(1).obj): CPPFLAGS += $$($(1).cppflags) $$(if $$($(1).pkgs),$$(shell $(PKG_CONFIG) --cflags $$($(1).pkgs) | sed 's/-I/-isystem /g'))
ALL_OBJ += $$($(1).obj)
endef

$(foreach l,$(LIBRARIES),$(eval $(call library,$(l))))
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# --- how it is made ------------------------------------------------------------------------------
.PHONY: all
all: $(patsubst %,$(B)/%,$(filter bin/% libexec/%,$(PROGRAMS))) $(B)/models
	@rm -f $(filter-out $(PROGRAMS:%=$(B)/%),$(wildcard $(B)/bin/* $(B)/libexec/*)) # of features switched off since

# Programs find models beside themselves: <bin>/../models.
$(B)/models:
	@mkdir -p $(@D)
	$(Q)ln -sfn $(CURDIR)/ocr/models $@

$(B)/lib/%.a:
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/obj/%.c.o: %.c $(B)/config.h | $(SYSROOT_READY)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj/%.cpp.o: %.cpp $(B)/config.h | $(SYSROOT_READY)
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

-include $(ALL_OBJ:.o=.d)

# --- configuration -------------------------------------------------------------------------------
KCONFIG := BOARD=$(BOARD) KCONFIG_CONFIG=$(CONFIG) $(PYTHON) -m

$(CONFIG): board/$(BOARD)/defconfig
	$(call say,KCONFIG,$@)
	@mkdir -p $(@D)
	$(Q)$(KCONFIG) defconfig --kconfig Kconfig $< >/dev/null

# config.mk is .config with the defaults of whatever it leaves out, so that C and make agree.
$(B)/config.h $(B)/config.mk &: $(CONFIG) $(wildcard Kconfig */Kconfig)
	$(Q)$(KCONFIG) genconfig --header-path $(B)/config.h --config-out $(B)/config.mk Kconfig

.PHONY: menuconfig savedefconfig
menuconfig: $(CONFIG)
	$(KCONFIG) menuconfig Kconfig
savedefconfig: $(CONFIG)
	$(KCONFIG) savedefconfig --kconfig Kconfig --out board/$(BOARD)/defconfig
%_defconfig:
	@test -f board/$*/defconfig || { echo "make: $@: there is no board/$*/defconfig" >&2; exit 2; }
	@mkdir -p build/$*
	$(Q)BOARD=$* KCONFIG_CONFIG=build/$*/.config $(PYTHON) -m defconfig --kconfig Kconfig board/$*/defconfig

# --- the rest ------------------------------------------------------------------------------------

include tests/tests.mk
include ocr/train/train.mk

.PHONY: clean help
clean:
	rm -rf $(B)
help:
	@sed -n 's/^#   \(make\|   \)/\1/p' Makefile board/kernel.mk tests/tests.mk tests/guest/guest.mk ocr/train/train.mk
