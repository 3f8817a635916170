# SPDX-License-Identifier: Apache-2.0
# ocr: what needs no picture (fusion, syntax). ocr_dnn: what looks at pictures (OpenCV core, imgproc, dnn; no imgcodecs).
LIBRARIES += ocr ocr_dnn
ocr.src    := ocr/beam.c ocr/fuse.c ocr/issuer.c ocr/issuer_series.c ocr/issuer_words.c ocr/lexicon.c ocr/quad.c ocr/settle.c ocr/syntax.c
ocr.ldlibs := -lm

ocr_dnn.src := ocr/cv.cpp ocr/engines.c ocr/localise.c ocr/localise_decode.c ocr/patch.c ocr/place.c ocr/read.c ocr/state.c \
	ocr/tesseract.c ocr/tesseract_absent.c ocr/tesseract_lattice.c
ocr_dnn.cppflags := -isystem $(SYSROOT)/usr/include/opencv4
ocr_dnn.pkgs := lept
# Tesseract as an archive: the shared one brings libcurl, and with it OpenSSL, into the process (tesseract_absent.c).
ocr_dnn.ldlibs := -lopencv_dnn -lopencv_imgproc -lopencv_core -Wl,-u,curl_easy_init -Wl,-u,archive_read_new \
	-l:libtesseract.a -lgomp -lm

ifeq ($(CONFIG_READER_TOOL),y)
PROGRAMS += bin/alpr-read
bin/alpr-read.src  := ocr/alpr_read.c ocr/plates.c ocr/read_json.c
bin/alpr-read.libs := ocr_dnn ocr image_file base
bin/alpr-read.pkgs := libcjson
endif
