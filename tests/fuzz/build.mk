# SPDX-License-Identifier: Apache-2.0
# libFuzzer targets (clang), each built from its sources with sanitisers in one go: make fuzz; make fuzz-bundle, fuzz-csv, ….
# What a run learns stays in build/<board>/fuzz/<target>.corpus; a finding is left beside it as crash-*.
# Feeds of agencies, a target each layout of hotlist/layouts.
FEEDS        := $(patsubst hotlist/layouts/%.layout,%,$(wildcard hotlist/layouts/*.layout))
FUZZ         := bundle delta $(FEEDS) layout image gpsd request report
FUZZ_S       ?= $(if $(SHORT),60,3600)
fuzz_bundle.src := tests/fuzz/fuzz_bundle.c $(hotlist.src) firmware/base/err.c
fuzz_bundle.max_len := 8192
fuzz_tool_src := $(hotlist_tool.src) $(hotlist.src) $(addprefix firmware/base/,clock.c conf.c crypt.c err.c pem.c utf8.c)
fuzz_tool_ldlibs := $(crypt.ldlibs) -linih
define fuzz_feed
fuzz_$(1).src := tests/fuzz/fuzz_feed.c $(fuzz_tool_src)
fuzz_$(1).cppflags := -DFUZZ_LAYOUT='"$(1)"'
fuzz_$(1).ldlibs := $(fuzz_tool_ldlibs)
endef
$(foreach f,$(FEEDS),$(eval $(call fuzz_feed,$(f))))
fuzz_delta.src := tests/fuzz/fuzz_delta.c $(fuzz_tool_src)
fuzz_delta.ldlibs := $(fuzz_tool_ldlibs)
fuzz_delta.max_len := 16384
fuzz_layout.src := tests/fuzz/fuzz_layout.c $(fuzz_tool_src)
fuzz_layout.ldlibs := $(fuzz_tool_ldlibs)
fuzz_image.src := tests/fuzz/fuzz_image.c hal/image_header.c firmware/base/err.c
fuzz_image.cxx := hal/image_file.cpp
fuzz_image.ldlibs := $(image_file.ldlibs) -lstdc++
fuzz_gpsd.src := tests/fuzz/fuzz_gpsd.c hal/gpsd_report.c firmware/base/err.c
fuzz_gpsd.ldlibs := -lcjson -lm
fuzz_request.src := tests/fuzz/fuzz_request.c firmware/store/request.c firmware/ctl/evidence_archive.c hotlist/entry.c $(jose.src) $(crypt.src) \
	$(addprefix firmware/base/,base64url.c clock.c err.c pem.c utf8.c)
fuzz_request.cppflags := -DFUZZ_CA='"$(CURDIR)/$(B)/fuzz/seeds/request-ca.crt"'
fuzz_request.ldlibs := $(crypt.ldlibs) -lcjson
fuzz_request.max_len := 16384
fuzz_report.src := tests/fuzz/fuzz_report.c $(addprefix firmware/ctl/report,.c _csv.c _json.c) firmware/store/statement.c \
	$(addprefix firmware/base/,clock.c crypt.c err.c pem.c utf8.c)
fuzz_report.ldlibs := $(crypt.ldlibs) -lcjson
FUZZ_CLANG    = $(CPPFLAGS) -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined

.PHONY: fuzz $(FUZZ:%=fuzz-%)

define fuzz_target
$(B)/fuzz/$(1): $(fuzz_$(1).src) $(fuzz_$(1).cxx) $(wildcard hotlist/*.h hotlist/tool/*.h firmware/base/*.h hal/image_*.h firmware/store/request.h firmware/ctl/evidence_archive.h firmware/ctl/report.h firmware/store/statement.h) \
		$(B)/config.h
	$$(call say,FUZZ,$$@)
	@mkdir -p $$(@D)
	$(Q)$(if $(fuzz_$(1).cxx),clang++ $(FUZZ_CLANG) $(image_file.cppflags) -std=c++17 -c -o $$@.o $(fuzz_$(1).cxx))
	$(Q)clang $(FUZZ_CLANG) $(crypt.cppflags) $(fuzz_$(1).cppflags) -std=c11 -o $$@ $(fuzz_$(1).src) \
		 $(if $(fuzz_$(1).cxx),$$@.o) $(fuzz_$(1).ldlibs)

fuzz-$(1): $(B)/fuzz/$(1) $(B)/fuzz/seeds/done
	@mkdir -p $(B)/fuzz/$(1).corpus
	@if $$< -max_total_time=$(FUZZ_S) -max_len=$(or $(fuzz_$(1).max_len),4096) -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix=$(B)/fuzz/$(1).crash- $(B)/fuzz/$(1).corpus $(B)/fuzz/seeds/$(1) >$(B)/fuzz/$(1).log 2>&1; \
	then echo "BAR fuzz_$(1) 0 findings 0 PASS ($$$$(sed -n 's/.*number_of_executed_units: *//p' $(B)/fuzz/$(1).log) runs)"; \
	else tail -30 $(B)/fuzz/$(1).log; echo "BAR fuzz_$(1) 1 findings 0 FAIL"; exit 1; fi
endef
$(foreach t,$(FUZZ),$(eval $(call fuzz_target,$(t))))

# Seeds: a feed of each layout, a line of each kind that gpsd writes, the layouts themselves, the list that is made of a feed, signed (the fuzzer does not look at the
# signature), small pictures, requests for evidence, and a report of counters as CSV and as JSON.
$(B)/fuzz/seeds/done: $(FEEDS:%=tests/fuzz/seeds/%.txt) $(FEEDS:%=hotlist/layouts/%.layout) tests/fuzz/seed_images.py tests/fuzz/seed_requests.py tests/fuzz/seeds/gpsd.txt $(wildcard tests/fuzz/seeds/report.*) \
		$(B)/bin/alpr-hotlist | $(B)/layouts
	@mkdir -p $(@D)/layout $(@D)/bundle $(@D)/delta $(FEEDS:%=$(@D)/%)
	@mkdir -p $(@D)/gpsd && split -l 1 tests/fuzz/seeds/gpsd.txt $(@D)/gpsd/line-
	@mkdir -p $(@D)/report && cp tests/fuzz/seeds/report.* $(@D)/report/
	@for f in $(FEEDS); do cp tests/fuzz/seeds/$$f.txt $(@D)/$$f/; done
	@cp hotlist/layouts/*.layout $(@D)/layout/
	@openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $(@D)/key.pem 2>/dev/null
	@$(B)/bin/alpr-hotlist compile --in tests/fuzz/seeds/csv.txt --out $(@D)/list --version 1 --max-age 60 --allow-lookalike \
		--issued 2027-01-15T08:00:00Z >/dev/null 2>&1
	@$(B)/bin/alpr-hotlist sign --key $(@D)/key.pem --in $(@D)/list --out $(@D)/bundle/list >/dev/null
	@mkdir -p $(@D)/image && $(PYTHON) tests/fuzz/seed_images.py $(@D)/image
	@mkdir -p $(@D)/request && $(PYTHON) tests/fuzz/seed_requests.py $(@D)/request $(@D)/request-ca.crt
	@rm $(@D)/key.pem $(@D)/list && touch $@

fuzz:
	@failed=0; for t in $(FUZZ); do $(MAKE) --no-print-directory fuzz-$$t || failed=$$((failed + 1)); done; \
	echo "$$(($(words $(FUZZ)) - failed)) passed, $$failed failed"; [ $$failed -eq 0 ]
