# SPDX-License-Identifier: Apache-2.0
# vision_conf apart: the parent checks the configuration without linking a network.
LIBRARIES += vision_conf vision
vision_conf.src := firmware/vision/conf.c
vision.src := firmware/vision/trigger.c firmware/vision/quality.c firmware/vision/evidence.c firmware/vision/mapping.c \
	firmware/vision/track.c firmware/vision/passage.c firmware/vision/passage_join.c firmware/vision/passage_decide.c
vision.ldlibs := -lm
