# SPDX-License-Identifier: Apache-2.0
# One program a subject: test/unit/test_NAME from tests/unit/test_NAME.c.
# $(call unit,NAME,libraries of ours, callers before callees)
define unit
UNIT += test/unit/test_$(1)
test/unit/test_$(1).src  := tests/unit/test_$(1).c
test/unit/test_$(1).libs := $(2)
test/unit/test_$(1).pkgs := cmocka
endef

$(eval $(call unit,err,base))
$(eval $(call unit,image_file,image_file base))
test/unit/test_image_file.ldlibs := -lturbojpeg
$(eval $(call unit,cv,ocr_dnn base))
$(eval $(call unit,log,base))
$(eval $(call unit,conf,base))
$(eval $(call unit,chan,base))
$(eval $(call unit,gift,base))
$(eval $(call unit,loop,base))
$(eval $(call unit,pairing,capture))
$(eval $(call unit,camera_pace,camera base))
$(eval $(call unit,camera_parts,camera base))
$(eval $(call unit,health,capture wire base))
$(eval $(call unit,exposure,capture board))
ifeq ($(CONFIG_FAKE_HARDWARE),y)
$(eval $(call unit,lamp,$(lamp_libs) base))
$(eval $(call unit,light,capture camera $(lamp_libs) wire board base))
$(eval $(call unit,door,$(door_libs) base))
endif
ifeq ($(CONFIG_CAMERA_REPLAY),y)
$(eval $(call unit,camera_replay,$(camera_libs) base))
endif
$(eval $(call unit,crypt,crypt base))
$(eval $(call unit,jose,jose crypt base))
$(eval $(call unit,identity,crypt base))

$(eval $(call unit,sandbox,base))
$(eval $(call unit,wire,wire base))
$(eval $(call unit,beam,ocr))
$(eval $(call unit,fuse,ocr))
$(eval $(call unit,syntax,ocr))
$(eval $(call unit,issuer,ocr))
$(eval $(call unit,lexicon,ocr))
$(eval $(call unit,state,ocr_dnn ocr base))
$(eval $(call unit,settle,ocr base))
$(eval $(call unit,place,ocr_dnn ocr base))
$(eval $(call unit,plates,ocr_dnn ocr base))
test/unit/test_plates.src += ocr/plates.c
test/unit/test_plates.ldlibs := $(foreach f,localise place_look place_second_opinion state_look,-Wl,--wrap=$(f))
$(eval $(call unit,localise_decode,ocr_dnn ocr base))
$(eval $(call unit,localise,ocr_dnn ocr base))
$(eval $(call unit,engines,ocr_dnn ocr base))
$(eval $(call unit,backoff,parent))
$(eval $(call unit,wiring,parent wire base))

# Hotlists for the tests to load, good and hostile.
LIBRARIES += lists
lists.src := tests/unit/lists.c
hotlist_libs := lists hotlist_tool hotlist crypt base
$(eval $(call unit,entry,$(hotlist_libs)))
$(eval $(call unit,missing,$(hotlist_libs)))
$(eval $(call unit,gate,$(hotlist_libs)))
$(eval $(call unit,bundle,$(hotlist_libs)))
$(eval $(call unit,delta,$(hotlist_libs)))
$(eval $(call unit,match,$(hotlist_libs)))
$(eval $(call unit,read,ocr_dnn base))
$(eval $(call unit,tesseract,ocr_dnn ocr base))
$(eval $(call unit,read_json,ocr base))
test/unit/test_read_json.src  += ocr/read_json.c
test/unit/test_read_json.pkgs += libcjson
$(eval $(call unit,csv,$(hotlist_libs)))
$(eval $(call unit,compile,$(hotlist_libs)))
$(eval $(call unit,feed,$(hotlist_libs)))
LIBRARIES += hits
hits.src := tests/unit/hits.c
$(eval $(call unit,hit,hits hit $(hotlist_libs)))
$(eval $(call unit,list_copy,store keystore $(hotlist_libs)))
$(eval $(call unit,passage,vision ocr base))
ifeq ($(CONFIG_CAMERA_SIM),y)
$(eval $(call unit,sim,sim base))
$(eval $(call unit,camera_sim,$(camera_libs) base))
endif
ifeq ($(CONFIG_UPLINK),y)
$(eval $(call unit,uplink,uplink uplink_conf status_json site wire board base))
test/unit/test_uplink.cppflags := -isystem $(TARGET_DEPS)/include
$(B)/obj/tests/unit/test_uplink.c.o: | $(CURL)
endif
$(eval $(call unit,status_json,status_json wire base))
ifeq ($(CONFIG_DEVICE),y)
$(eval $(call unit,device_judge,device))
endif

# The store: room by room, on a real SQLite in a folder of its own.
$(eval $(call unit,store_conf,store_conf site base))
$(eval $(call unit,store_request,store jose $(hotlist_libs)))
$(eval $(call unit,store_verdict,store jose keystore $(hotlist_libs)))
$(eval $(call unit,store_door,store hotlist $(keystore_libs) base))
$(eval $(call unit,store_db,store hotlist $(keystore_libs) base))
$(eval $(call unit,store_schema,store hotlist $(keystore_libs) base))
$(eval $(call unit,store_ring,store hotlist $(keystore_libs) base))
$(eval $(call unit,store_lookup,store hotlist $(keystore_libs) base))
$(eval $(call unit,store_archive,store hotlist jose $(keystore_libs) base))
$(eval $(call unit,store_pulls,store store_conf site hotlist jose $(keystore_libs) base))
$(eval $(call unit,store_elapsed,store hotlist $(keystore_libs) base))
$(eval $(call unit,store_audit,store hotlist $(keystore_libs) base))
$(eval $(call unit,store_counters,store hotlist $(keystore_libs) base))
$(eval $(call unit,store_outbox,store hotlist $(keystore_libs) base))
$(eval $(call unit,store_intake,store hotlist $(keystore_libs) base))
$(eval $(call unit,store_keep,store hit keystore $(hotlist_libs)))
$(eval $(call unit,store_list,store keystore $(hotlist_libs)))
$(eval $(call unit,withdraw,store keystore $(hotlist_libs)))
$(eval $(call unit,trigger,vision base))
$(eval $(call unit,vision_parts,eyes vision vision_conf ocr_dnn ocr base))

# The sensors around the cameras: the real driver where the machine has what it drives, and what it must refuse.
LIBRARIES += tree
tree.src := tests/unit/tree.c
ifeq ($(CONFIG_FAKE_HARDWARE),y)
$(eval $(call unit,temperature,tree temperature device_names base))
$(eval $(call unit,clock_quality,tree clock_quality device_names base))
$(eval $(call unit,watchdog,tree watchdog device_names base))
endif
ifeq ($(CONFIG_LOCATION_GPSD),y)
$(eval $(call unit,location,tree location device_names base))
endif
# Where to mount a camera.
$(eval $(call unit,mount,mount base))

LIBRARIES += keystore_life chip
chip.src := tests/unit/chip.c
keystore_life.src := tests/unit/keystore_life.c
$(eval $(call unit,store_period,$(if $(CONFIG_KEYSTORE_TPM2_SIMULATOR),chip tree )store hotlist $(keystore_libs) base))
$(eval $(call unit,keystore,tree keystore_life $(keystore_libs) device_names base))
ifeq ($(CONFIG_KEYSTORE_TPM2_SIMULATOR),y)
$(eval $(call unit,keystore_tpm2,chip tree keystore_life $(keystore_libs) device_names base))
test/unit/test_keystore_tpm2.pkgs += tss2-esys
endif
ifeq ($(CONFIG_LOCATION_GPSD)$(CONFIG_FAKE_HARDWARE),yy)
$(eval $(call unit,drivers_sandbox,chip tree keystore_life temperature clock_quality location $(keystore_libs) base))
endif
