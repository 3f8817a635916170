# SPDX-License-Identifier: Apache-2.0
# hotlist: what the box needs to load and match. hit: the event (only the store builds it, so only it links cJSON).
LIBRARIES += hotlist
hotlist.src := hotlist/entry.c hotlist/key.c hotlist/layout.c hotlist/bundle.c hotlist/match.c

LIBRARIES += hit
hit.src  := hotlist/hit.c hotlist/base64.c
hit.pkgs := libcjson
