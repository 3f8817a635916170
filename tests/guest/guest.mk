# SPDX-License-Identifier: Apache-2.0
#   make check-guest [SHORT=1] on a stock arm64 kernel in QEMU: watchdog, sandbox, GPIO, unit tests

# What a guest boots, beside the sysroot that its libraries come from.
GUEST    := $(DEPS)-guest-arm64
GPIO_SIM := $(DEPS)-guest-arm64-gpio/gpio-sim.ko
guest_environment = ALPR_BUILD=$(CURDIR)/build/host ALPR_ARM64=$(CURDIR)/$(B) ALPR_SYSROOT=$(SYSROOT) ALPR_GUEST_KERNEL=$(GUEST) ALPR_GPIO_SIM=$(GPIO_SIM) \
	ALPR_GUEST_UNITS="$(if $(filter-out 0,$(SHORT)),$(NOT_EMULATED),$(UNIT:test/unit/test_%=%))"

.PHONY: check-guest guest-ready guest-programs guest-tests
check-guest: guest-ready
	@$(MAKE) --no-print-directory BOARD=qemu-arm64 guest-tests

# Everything that guests need, on any board.
guest-ready:
	@sh board/deps.sh board/host/packages board/arm64/packages tests/guest/packages
	@$(MAKE) --no-print-directory -j$(JOBS) BOARD=host all build/host/test/reads
	@$(MAKE) --no-print-directory -j$(JOBS) BOARD=qemu-arm64 guest-programs

# The next ones are of BOARD=qemu-arm64.
$(GPIO_SIM): tests/guest/gpio_sim.sh $(GUEST)/version | $(SYSROOT)/.packages
	@sh tests/guest/gpio_sim.sh $@ "$$(cat $(GUEST)/version)" $(SYSROOT)
$(GUEST)/version: tests/guest/kernel.sh
	@sh tests/guest/kernel.sh $(GUEST)
guest-programs: all $(patsubst %,$(B)/%,$(UNIT) $(PROBES)) $(GUEST)/version $(GPIO_SIM)
guest-tests:
	@$(guest_environment) $(PYTEST) -n 3 tests/guest
