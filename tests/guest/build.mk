# SPDX-License-Identifier: Apache-2.0
# pair_cost: what a pair of pictures costs vision; in a guest that counts instructions, in instructions.
PROBES += test/pair_cost
test/pair_cost.src  := tests/guest/pair_cost.c
test/pair_cost.libs := eyes vision vision_conf ocr_dnn ocr wire base

# What a guest boots, beside the sysroot that its libraries come from.
GUEST := $(DEPS)-guest-arm64
GPIO_SIM := $(DEPS)-guest-arm64-gpio/gpio-sim.ko
guest_environment = ALPR_BUILD=$(CURDIR)/build/host ALPR_ARM64=$(CURDIR)/$(B) ALPR_SYSROOT=$(SYSROOT) ALPR_GUEST_KERNEL=$(GUEST) \
	ALPR_GPIO_SIM=$(GPIO_SIM) \
	ALPR_GUEST_UNITS="$(if $(filter-out 0,$(SHORT)),$(NOT_EMULATED),$(UNIT:test/unit/test_%=%))"

.PHONY: check-guest guest-ready guest-programs guest-tests
check-guest: guest-ready
	@$(MAKE) --no-print-directory BOARD=qemu-arm64 guest-tests

# Everything that guests need, on any board.
guest-ready:
	@sh board/deps.sh board/host/packages board/arm64/packages tests/guest/packages
	@sh tests/guest/kernel.sh $(GUEST)
	@sh tests/guest/gpio_sim.sh $(GPIO_SIM) "$$(cat $(GUEST)/version)" $(DEPS)-sysroot-arm64
	@$(MAKE) --no-print-directory -j$(JOBS) BOARD=host all
	@$(MAKE) --no-print-directory -j$(JOBS) BOARD=qemu-arm64 guest-programs

# The next ones are of BOARD=qemu-arm64.
guest-programs: all $(patsubst %,$(B)/%,$(UNIT) $(PROBES))
guest-tests:
	@$(guest_environment) $(PYTEST) -n 3 tests/guest
