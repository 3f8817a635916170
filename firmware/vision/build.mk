# SPDX-License-Identifier: Apache-2.0
# vision_conf apart: the parent checks the configuration without linking a network. vision is pure; eyes looks at pictures.
LIBRARIES += vision_conf vision eyes
vision_conf.src := firmware/vision/conf.c
vision.src := firmware/vision/trigger.c firmware/vision/quality.c firmware/vision/evidence.c firmware/vision/mapping.c \
	firmware/vision/track.c firmware/vision/passage.c firmware/vision/passage_join.c firmware/vision/passage_decide.c \
	firmware/vision/unsent.c
vision.ldlibs := -lm
eyes.src := firmware/vision/eyes.c firmware/vision/pictures.c
eyes.ldlibs := -lturbojpeg

PROGRAMS += libexec/alprd-vision
libexec/alprd-vision.src  := firmware/vision/vision.c
libexec/alprd-vision.libs := eyes vision vision_conf ocr_dnn ocr wire base
