# SPDX-License-Identifier: Apache-2.0
#   make kernel BOARD=name     its kernel, modules and device tree from Debian 13's source, in build/<board>/kernel (board/kernel.sh):
#                              half an hour; STEP=config or STEP=dtbs: only that, seconds; VIRT=1: for qemu-system -M virt
#   make check-kernel          that each board's drivers are in its configuration, and its overlays fit its device tree

KERNEL_FOLDER := $(DEPS)-linux

.PHONY: kernel check-kernel
kernel:
	@sh board/deps.sh board/arm64/kernel.packages
	@sh board/kernel.sh $(if $(filter-out 0,$(VIRT)),--virt) $(or $(STEP),build) $(BOARD) $(KERNEL_FOLDER) $(B)/kernel$(if $(filter-out 0,$(VIRT)),-virt)

check-kernel:
	@sh board/deps.sh board/arm64/kernel.packages
	@$(PYTEST) tests/board/test_kernel.py
