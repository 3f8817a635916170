# SPDX-License-Identifier: Apache-2.0
# places: all that could be a plate in image files and how it looks to the engines, for ocr/train/calibrate.py.
PROGRAMS += test/bench/places
test/bench/places.src  := tests/bench/places.c
test/bench/places.libs := ocr_dnn ocr image_file base
test/bench/places.ldlibs := -lturbojpeg -lm
# localise_boxes: the localiser alone over image files, for score_localise.py.
PROGRAMS += test/bench/localise_boxes
test/bench/localise_boxes.src  := tests/bench/localise_boxes.c
test/bench/localise_boxes.libs := ocr_dnn ocr image_file base
test/bench/localise_boxes.ldlibs := -lturbojpeg
# engines: each reader alone and both together on labelled plates.
PROGRAMS += test/bench/engines
test/bench/engines.src  := tests/bench/engines.c
test/bench/engines.libs := ocr_dnn ocr image_file base
test/bench/engines.ldlibs := -lturbojpeg
BENCH_READER :=
ifeq ($(CONFIG_READER_TOOL),y)
# read_stages: alpr-read with a clock at its seams, for bench_reader.py (and its test: hence a probe). In test/, so that ../models
# is where alpr-read's is.
PROBES += test/read_stages
test/read_stages.src  := tests/bench/read_stages.c $(bin/alpr-read.src)
test/read_stages.libs := $(bin/alpr-read.libs)
test/read_stages.pkgs := $(bin/alpr-read.pkgs)
test/read_stages.ldlibs := $(foreach f,image_file_read localise reader_observe fuse state_look read_json_plates \
	tesseract_cut tesseract_read tesseract_observe,-Wl,--wrap=$(f))
BENCH_READER += bin/alpr-read test/read_stages test/bench/engines
endif
ifeq ($(CONFIG_CAMERA_SIM),y)
BENCH_READER += bin/alpr-sim
BENCHES += test/bench/bench_sim
test/bench/bench_sim.src  := tests/bench/bench_sim.c
test/bench/bench_sim.libs := sim base
endif
# make_hotlist: feeds of any size; hotlist_speed: look-ups in a list, and in an SQLite index of it (bench_hotlist.py).
BENCH_HOTLIST :=
ifeq ($(CONFIG_HOTLIST_TOOL),y)
PROBES += test/bench/make_hotlist test/bench/hotlist_speed
test/bench/make_hotlist.src  := tests/bench/make_hotlist.c
test/bench/hotlist_speed.src := tests/bench/hotlist_speed.c
test/bench/hotlist_speed.libs := hotlist crypt base
test/bench/hotlist_speed.pkgs := sqlite3
# read_feed: a feed read and checked, and nothing compiled of it.
PROGRAMS += test/bench/read_feed
test/bench/read_feed.src  := tests/bench/read_feed.c
test/bench/read_feed.libs := hotlist_tool hotlist crypt base
BENCH_HOTLIST += bin/alpr-hotlist test/bench/make_hotlist test/bench/hotlist_speed
endif
# store_ingest: the store's rooms under a stream of passages, and what they write to disk for each; store_plain: the same rows in
# plain SQLite; store_life: years in simulated time; store_pull: a full ring, and a plate in it (bench_store.py).
STORE_BENCH := $(addprefix test/bench/,store_ingest store_plain store_life store_pull)
PROBES += $(STORE_BENCH)
LIBRARIES += store_passage
store_passage.src := tests/bench/store_passage.c
test/bench/store_ingest.src  := tests/bench/store_ingest.c tests/bench/store_vfs.c
test/bench/store_ingest.libs = store_passage store hit hotlist $(keystore_libs) base
test/bench/store_ingest.pkgs := sqlite3
test/bench/store_plain.src  := tests/bench/store_plain.c
test/bench/store_plain.libs = store_passage store hit hotlist $(keystore_libs) base
test/bench/store_plain.pkgs := sqlite3
test/bench/store_life.src  := tests/bench/store_life.c
test/bench/store_life.libs = store_passage store hit lists hotlist_tool hotlist $(keystore_libs) base
test/bench/store_life.pkgs := sqlite3
test/bench/store_life.ldlibs := -Wl,--wrap=fsync
test/bench/store_pull.src  := tests/bench/store_pull.c
test/bench/store_pull.libs = store_passage store hit hotlist $(keystore_libs) base
test/bench/store_pull.pkgs := sqlite3
BENCH_STORE := libexec/alprd-store test/reads test/carve/carve test/carve/keys $(STORE_BENCH)
