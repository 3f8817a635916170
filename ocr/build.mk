# SPDX-License-Identifier: Apache-2.0
# ocr_dnn: what looks at pictures (OpenCV core, imgproc, dnn; no imgcodecs).
LIBRARIES += ocr_dnn
ocr_dnn.src := ocr/cv.cpp
ocr_dnn.cppflags := -isystem /usr/include/opencv4
ocr_dnn.ldlibs := -lopencv_dnn -lopencv_imgproc -lopencv_core -lm
