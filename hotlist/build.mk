# SPDX-License-Identifier: Apache-2.0
# hotlist: what the box needs to load and match. hit: the event (only the store builds it, so only it links cJSON).
LIBRARIES += hotlist
hotlist.src := hotlist/entry.c hotlist/key.c hotlist/layout.c hotlist/bundle.c hotlist/match.c

LIBRARIES += hit
hit.src  := hotlist/hit.c hotlist/base64.c
hit.pkgs := libcjson

# The RTCC's side: compiling and signing. Never linked into a role of the box (tests link it in any configuration).
LIBRARIES += hotlist_tool
hotlist_tool.src := $(addprefix hotlist/tool/,columns.c compile.c csv.c file.c pack.c sign.c when.c)

ifeq ($(CONFIG_HOTLIST_TOOL),y)
PROGRAMS += bin/alpr-hotlist
bin/alpr-hotlist.src  := hotlist/tool/alpr_hotlist.c $(foreach v,compile sign verify show lookup,hotlist/tool/verb_$(v).c)
bin/alpr-hotlist.libs := hotlist_tool hit hotlist crypt base
endif
