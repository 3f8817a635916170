# SPDX-License-Identifier: Apache-2.0
#   make demo [SCENES=folder]  the whole daemon on simulated pairs (or your photos) against a real nginx; ends with a report;
#                              PASSAGES=N simulates N vehicles
#   make check                 every test: unit, system, build variants, sanitisers, trainings in small
#   make check-unit            the unit tests alone (cmocka)
#   make check-system          the system tests alone (pytest: real daemon, real nginx); T=path picks some; each role is killed 20 times
#                              (in make check 5), 10,000 frames are driven past (5,000)
#   make check-build           gcc and clang, every Kconfig switch on and off
#   make check-arm64 [SHORT=1] the arm64 build: its unit tests and alpr-read under qemu-user, what it links
#   make camera-test [SHORT=1] pairs from two libcamera cameras under qemu-user and in a guest, and cameras that fail: 10,000 pairs, or 300
#   make asan, make tsan       the unit tests under address+undefined and thread sanitisers; asan: and alpr-read on hostile files
#   make crash [SHORT=1] [CUTS=N]  the store under power cuts (10,000, or 500), I/O errors, a full disk, no memory, changed bits
#   make bench                 speed and accuracy against stated bars: all of them; BOARD=qemu-arm64: instructions a pair
#   make bench-reader [SHORT=1] [PLATES=folder]  the reader on real photos (default: ../shared/plates/val, if there) and the simulator
#   make bench-hotlist [SHORT=1]  lists of ten million entries (SHORT=1: one): compiling, starting, looking up, a day's delta
#   make bench-store [SHORT=1]    the store: ingest, purge, pull, growth, bytes written, and what is left of what was purged
#   make fuzz [SHORT=1]        libFuzzer campaigns: an hour a target, or a minute
#   make lint                  clang-format and clang-tidy
#   make compile_commands.json for editors and clang-tidy, in build/host/

JOBS   := $(shell nproc)
PYTEST := $(PYTHON) -m pytest -p no:cacheprovider --timeout=900 -v --durations=5

include tests/guest/guest.mk

.PHONY: demo check check-unit check-system check-hostile check-build check-arm64 asan tsan bench bench-reader bench-hotlist bench-store lint

# Packages first: the rest of the makefile (pkg-config, compilers) may not work before.
demo: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all $(B)/test/reads
	@$(PYTHON) tests/demo/demo.py --build $(B) $(if $(SCENES),--scenes '$(SCENES)') $(if $(PASSAGES),--passages $(PASSAGES))

check: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(MAKE) --no-print-directory -j$(JOBS) check-unit
	@$(MAKE) --no-print-directory crash SHORT=1
	@$(MAKE) --no-print-directory asan tsan
	@$(MAKE) --no-print-directory check-build check-kernel
	@$(MAKE) --no-print-directory check-arm64 SHORT=1
	@$(MAKE) --no-print-directory check-guest SHORT=1
	@$(MAKE) --no-print-directory camera-test SHORT=1
	@ALPR_KILLS=5 ALPR_FRAMES=5000 $(MAKE) --no-print-directory check-system
	@$(MAKE) --no-print-directory check-train

# One for each core; what a program says comes in one piece, when it has ended.
left  = $(NOT_EMULATED) $(if $(filter-out 0,$(SHORT)),$(SLOW_EMULATED))
units = $(filter-out $(left:%=$(B)/test/unit/test_%),$(UNIT:%=$(B)/%))
one   = log=$$(mktemp); $(RUN) "$$0" >"$$log" 2>&1; rc=$$?; echo "== $$0"; cat "$$log"; rm -f "$$log"; [ $$rc -eq 0 ] || { echo "FAILED: $$0"; exit 1; }
check-unit: $(UNIT:%=$(B)/%)
	@export TSAN_OPTIONS="suppressions=$(CURDIR)/tests/unit/tsan.supp"; printf '%s\n' $(units) | xargs -P $(JOBS) -n 1 sh -c '$(one)'
	@echo "unit: $(words $(units)) programs passed$(if $(SAN), under $(SAN))$(if $(RUN), under $(firstword $(RUN)); not run: $(strip $(left)))"

# Most system tests wait for something (a silence, a back-off, a timer) and run four modules at a time; those of BUSY read at
# the cameras' pace, or measure, and run two at a time, a core for each.
BUSY := $(patsubst %,tests/system/test_%.py,alpr_read alpr_read_hostile bench_reader end_to_end uplink_box vision vision_role)
check-system: all $(patsubst %,$(B)/%,$(PROBES))
	@$(if $(T),,ALPR_BUILD=$(CURDIR)/$(B) $(PYTEST) -n 4 --dist loadfile $(BUSY:%=--ignore=%) tests/system)
	@ALPR_BUILD=$(CURDIR)/$(B) $(PYTEST) $(or $(T),-n 2 --dist loadfile $(BUSY))

# Lives of a box, as many at a time as there are cores.
.PHONY: crash
crash: $(B)/test/crash/crash
	@$(RUN) $< --jobs $(JOBS) $(if $(filter-out 0,$(SHORT)),--short) $(if $(CUTS),--cuts $(CUTS))

check-build: all
	@ALPR_BUILD=$(CURDIR)/$(B) $(PYTEST) tests/board --ignore=tests/board/arm64 --ignore=tests/board/test_kernel.py

# The tests of tests/board that want another architecture's build are with it; those of the kernels are board/kernel.mk's.
check-arm64:
	@sh board/deps.sh board/host/packages board/arm64/packages
	@$(MAKE) --no-print-directory -j$(JOBS) BOARD=qemu-arm64 all
	@$(MAKE) --no-print-directory -j$(JOBS) BOARD=qemu-arm64 CC=clang CXX=clang++ VARIANT=-clang all
	@$(MAKE) --no-print-directory -j$(JOBS) BOARD=rk3399 all
	@$(MAKE) --no-print-directory -j$(JOBS) BOARD=rpi-cm4 build/rpi-cm4/bin/alprd build/rpi-cm4/libexec/alprd-capture
	@$(MAKE) --no-print-directory -j$(JOBS) BOARD=qemu-arm64 check-unit
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@ALPR_BUILD=$(CURDIR)/build/host ALPR_ARM64=$(CURDIR)/build/qemu-arm64 ALPR_SYSROOT=$(DEPS)-sysroot-arm64 $(PYTEST) tests/board/arm64

.PHONY: camera-test
camera-test:
	@sh board/deps.sh board/host/packages board/arm64/packages tests/guest/packages
	@$(MAKE) --no-print-directory -j$(JOBS) BOARD=host all build/host/test/reads
	@$(MAKE) --no-print-directory -j$(JOBS) BOARD=qemu-arm64 all build/qemu-arm64/test/pair_cost camera-probe $(GUEST)/version
	@ALPR_BUILD=$(CURDIR)/build/host ALPR_ARM64=$(CURDIR)/build/qemu-arm64 ALPR_SYSROOT=$(DEPS)-sysroot-arm64 ALPR_GUEST_KERNEL=$(GUEST) $(PYTHON) -m tests.camera.camera_test \
		--build build/qemu-arm64 --sysroot $(DEPS)-sysroot-arm64 $(if $(filter-out 0,$(SHORT)),--short)

asan tsan:
	@$(MAKE) --no-print-directory -j$(JOBS) SAN=$@ check-unit
	@$(if $(filter asan,$@),$(MAKE) --no-print-directory -j$(JOBS) SAN=$@ check-hostile)

# Of the build that SAN says: what alpr-read makes of files that are not what they say.
check-hostile: $(B)/bin/alpr-read $(B)/bin/alpr-sim $(B)/models
	@ALPR_BUILD=$(CURDIR)/$(B) $(PYTEST) tests/system/test_alpr_read_hostile.py

# On a board of another architecture time says nothing: in a guest instructions are counted.
ifeq ($(ARCH),arm64)
bench: all $(B)/test/pair_cost $(GUEST)/version
	@sh board/deps.sh tests/guest/packages
	@$(MAKE) --no-print-directory -j$(JOBS) BOARD=host all build/host/test/reads
	@$(guest_environment) $(PYTHON) -m tests.camera.camera_test --build $(B) --sysroot $(SYSROOT) $(if $(filter-out 0,$(SHORT)),--short) \
		--only instructions
else
# Each prints its bars; one that fails does not keep the others from running.
bench: all $(patsubst %,$(B)/%,$(BENCHES))
	@failed=0; for b in $(patsubst %,$(B)/%,$(BENCHES)); do $$b || failed=1; done; \
	$(MAKE) --no-print-directory bench-reader || failed=1; \
	$(MAKE) --no-print-directory bench-hotlist || failed=1; \
	$(MAKE) --no-print-directory bench-store || failed=1; exit $$failed
endif

PLATES ?= $(wildcard ../shared/plates/val)
bench-reader: all $(B)/test/reads $(patsubst %,$(B)/%,$(BENCH_READER))
	@$(PYTHON) -m tests.bench.bench_reader --build $(B) $(if $(PLATES),--plates '$(PLATES)') \
		$(if $(filter-out 0,$(SHORT)),--short) $(if $(filter y,$(CONFIG_CAMERA_SIM)),,--passages 0)

bench-hotlist: all $(patsubst %,$(B)/%,$(BENCH_HOTLIST))
	@$(PYTHON) -m tests.bench.bench_hotlist --build $(B) $(if $(filter-out 0,$(SHORT)),--short)

bench-store: all $(patsubst %,$(B)/%,$(BENCH_STORE))
	@$(PYTHON) -m tests.bench.bench_store --build $(B) $(if $(filter-out 0,$(SHORT)),--short) $(patsubst %,--only %,$(ONLY))

LINT := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
lint: compile_commands.json
	@clang-format --dry-run --Werror $(LINT)
	@clang-tidy --quiet -p $(B) $(filter %.c,$(filter-out tests/% hal/gpio.c,$(LINT)))

compile_commands.json: $(B)/compile_commands.json
$(B)/compile_commands.json: $(CONFIG)
	$(Q)$(MAKE) --no-print-directory -Bn V=1 all | $(PYTHON) tests/board/compile_commands.py $(CURDIR) > $@
