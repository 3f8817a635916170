# SPDX-License-Identifier: Apache-2.0
# hotlist: what the box needs to load and match. hit: the event (only the store builds it, so only it links cJSON).
LIBRARIES += hotlist
hotlist.src := $(addprefix hotlist/,entry.c key.c layout.c record.c index.c check.c bundle.c delta.c match.c)

LIBRARIES += hit
hit.src  := hotlist/hit.c hotlist/base64.c
hit.pkgs := libcjson

# The RTCC's side: compiling and signing. Never linked into a role of the box (tests link it in any configuration).
LIBRARIES += hotlist_tool
hotlist_tool.src := $(addprefix hotlist/tool/,compile.c csv.c dict.c diff.c feed.c feed_layout.c feed_rules.c fill.c pack.c plates.c\
	report.c rows.c sign.c when.c)

ifeq ($(CONFIG_HOTLIST_TOOL),y)
PROGRAMS += bin/alpr-hotlist
bin/alpr-hotlist.src  := hotlist/tool/alpr_hotlist.c $(foreach v,compile layout sign verify show lookup delta apply,hotlist/tool/verb_$(v).c)
bin/alpr-hotlist.libs := hotlist_tool hit hotlist crypt base

# The tool finds the layouts of feeds beside itself: <bin>/../layouts.
all: $(B)/layouts
$(B)/layouts:
	@mkdir -p $(@D)
	$(Q)ln -sfn $(CURDIR)/hotlist/layouts $@
endif
