# SPDX-License-Identifier: Apache-2.0
"""Line images for Tesseract: what ocr/tesseract.c cuts out of a picture, with the text beside it.

The renderings, faults and labelled photos are those of the other reader's training; the patch is wider, and the first lines
are plain: a recurrent net that begins on hard pictures learns nothing.
"""
import os
import subprocess

import cv2
import numpy as np
from PIL import Image

import read_augment as aug
import read_render as render

WIDTH, HEIGHT = 144, 48  # ocr/tesseract.h has the same numbers
ALPHABET = render.DIGITS + render.LETTERS


def plain(rng, fonts):
    """A large text on an empty plate."""
    european = rng.random() < 0.13
    aspect = rng.uniform(4.2, 5.0) if european else rng.uniform(1.85, 2.15)
    h, w = (80, int(80 * aspect)) if european else (120, int(120 * aspect))
    base, ink = rng.uniform(150, 250), rng.uniform(0, 70)
    canvas = np.full((h, w), base, np.float32)
    text = render.random_text(rng, european)
    render._draw_text(rng, fonts, canvas, text, base, ink, european)
    flat = cv2.resize(np.clip(canvas, 0, 255).astype(np.uint8), (render.WIDTH, render.HEIGHT), interpolation=cv2.INTER_AREA)
    text = text.replace("-", "")
    return flat, text if european else render.unsure(rng, text), aspect


class Lines:
    """Draws lines: renderings, plates of the simulator, labelled photos (lists as read_train loads them)."""

    POOL = 12000  # renderings kept; it grows and turns over by FRESH a batch
    FRESH = 4

    def __init__(self, seed, sim=(), photos=()):
        self.rng, self.fonts, self.sim, self.photos = np.random.default_rng(seed), render.Fonts(), sim, photos
        weight = np.array([2.0 if p[3] else 1.0 for p in photos])
        self.weight = np.cumsum(weight) / weight.sum() if photos else None
        self.pool = []

    def one(self, hard, easy, photos):
        """A patch and its text. hard 0..1: faults; easy: share of plain ones; photos: share of those."""
        rng = self.rng
        r = rng.random()
        if self.photos and r < photos:
            region, quads, text, american, _ = self.photos[int(np.searchsorted(self.weight, rng.random()))]
            patch = aug.from_photo(rng, region, quads[int(rng.integers(len(quads)))], hard, out_width=WIDTH)
            return patch, render.unsure(rng, text) if american else text
        if rng.random() < easy:
            flat, text, aspect = plain(rng, self.fonts)
        elif self.sim and r > 0.6:
            flat, text, aspect = self.sim[int(rng.integers(len(self.sim)))]
            text = render.unsure(rng, text) if aspect < 3 else text
        else:
            flat, text, aspect = self.pool[int(rng.integers(len(self.pool)))]
        return aug.from_flat(rng, flat, aspect, hard, out_width=WIDTH), text

    def draw(self, count, hard, easy, photos):
        for _ in range(self.FRESH if self.pool else 200):
            new = render.render(self.rng, self.fonts)
            if len(self.pool) < self.POOL:
                self.pool.append(new)
            else:
                self.pool[int(self.rng.integers(self.POOL))] = new
        out = []
        while len(out) < count:
            patch, text = self.one(hard, easy, photos)
            if text:  # Tesseract knows no line without a text
                out.append((patch, text))
        return out


def held_out(photos):
    """Lines of the photos that are not trained on, as the product would cut them."""
    return [(aug.rectify(p[0], p[1][-1], WIDTH), p[2]) for p in photos]


def write(lines, base):
    """BASE.lstmf of some lines. The tool that makes it wants a model of some language to start at all: Debian's brings eng, of
    which nothing goes into the file. Returns its path."""
    pages = [Image.fromarray(patch) for patch, _ in lines]
    pages[0].save(base + ".tif", save_all=True, append_images=pages[1:], dpi=(300, 300), compression="tiff_lzw")
    with open(base + ".box", "w", encoding="ascii") as f:
        for page, (patch, text) in enumerate(lines):
            h, w = patch.shape
            f.write(f"WordStr 0 0 {w} {h} {page} #{text}\n\t 0 0 {w} {h} {page}\n")
    subprocess.run(["tesseract", base + ".tif", base, "--psm", "13", "lstm.train"], env=dict(os.environ, OMP_THREAD_LIMIT="1"),
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.remove(base + ".tif")
    os.remove(base + ".box")
    return base + ".lstmf"
