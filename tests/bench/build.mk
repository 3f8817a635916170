# SPDX-License-Identifier: Apache-2.0
# localise_boxes: the localiser alone over image files, for score_localise.py.
PROGRAMS += test/bench/localise_boxes
test/bench/localise_boxes.src  := tests/bench/localise_boxes.c
test/bench/localise_boxes.libs := ocr_dnn image_file base
test/bench/localise_boxes.ldlibs := -lturbojpeg
ifeq ($(CONFIG_CAMERA_SIM),y)
BENCHES += test/bench/bench_sim
test/bench/bench_sim.src  := tests/bench/bench_sim.c
test/bench/bench_sim.libs := sim base
endif
