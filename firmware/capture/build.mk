# SPDX-License-Identifier: Apache-2.0
# capture_conf apart: the parent checks the configuration without linking a camera.
LIBRARIES += capture_conf capture
capture_conf.src := firmware/capture/conf.c
capture.src      := firmware/capture/pairing.c

PROGRAMS += libexec/alprd-capture
libexec/alprd-capture.src  := firmware/capture/capture.c
libexec/alprd-capture.libs = capture capture_conf $(camera_libs) wire board base
