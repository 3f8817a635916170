#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""seed_images.py FOLDER: a grey ramp in every format that hal/image_file decodes, some hundred bytes each."""
import os
import sys

import cv2
import numpy as np

GREY = np.add.outer(np.arange(12), np.arange(24)).astype(np.uint8) * 7
KINDS = {
    "grey.jpg": (GREY, []), "colour.jpg": (cv2.merge([GREY] * 3), []), "progressive.jpg": (GREY, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
    "grey.png": (GREY, []), "alpha.png": (cv2.merge([GREY] * 4), []), "deep.png": (GREY.astype(np.uint16) * 257, []),
    "grey.bmp": (GREY, []), "colour.bmp": (cv2.merge([GREY] * 3), []), "grey.pgm": (GREY, []), "colour.ppm": (cv2.merge([GREY] * 3), []),
    "text.pgm": (GREY, [cv2.IMWRITE_PXM_BINARY, 0]), "lossy.webp": (GREY, [cv2.IMWRITE_WEBP_QUALITY, 80]),
    "lossless.webp": (GREY, [cv2.IMWRITE_WEBP_QUALITY, 101]),
}

for name, (picture, options) in KINDS.items():
    if not cv2.imwrite(os.path.join(sys.argv[1], name), picture, options):
        raise SystemExit(f"seed_images: {name}")
