#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fit the numbers of ocr/calibration.h to the models there are, on plates that nobody trained on.

  calibrate.py [--photos DIR] [--sim DIR ...] [--build build/host] [--models ocr/models] [--header FILE] [--write]

Photos: a folder with annotations.jsonl as read_train.py takes it; only rows whose split is not `train`, as they are, smaller, and as
crops. Renderings: folders of `alpr-sim plates`, of a seed that no model was trained on; without photos they are all there is, and then
the localiser's numbers stay as they were. Prints what it fitted, and the reader's calibration before and after; --write puts the
numbers into the header (ocr/calibration.h). Letter O and digit 0 count as one here: labels of words have either.
"""
import argparse
import ctypes as C
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile

import cv2
import numpy as np

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEADER = os.path.join(TOP, "ocr/calibration.h")
STEPS, CLASSES, TEXT, ALTERNATIVES, ENGINES = 32, 37, 10, 10, 2  # ocr/plate.h
SURE, HOPELESS = 0.97, 0.02  # ocr/plates.c: who gets further looks
FLOOR = 1e-3  # a wrong label costs no more than this


class Observation(C.Structure):
    _fields_ = [("steps", C.c_uint32), ("logp", C.c_float * CLASSES * STEPS), ("weight", C.c_float), ("engine", C.c_uint8)]


class Spelling(C.Structure):
    _fields_ = [("text", C.c_char * (TEXT + 1)), ("confidence", C.c_float)]


class Read(C.Structure):
    _fields_ = [("text", C.c_char * (TEXT + 1)), ("confidence", C.c_float), ("chars", C.c_float * TEXT), ("jurisdiction", C.c_char * 3),
                ("n", C.c_uint8), ("alternatives", Spelling * ALTERNATIVES)]


class Tuning(C.Structure):
    _fields_ = [("engine", C.c_float * ENGINES), ("further", C.c_float), ("alike", C.c_float), ("nearly", C.c_float)]


class Fusion:
    """ocr/fuse.c itself, with numbers of our choice."""

    def __init__(self, folder):
        path = os.path.join(folder, "libfuse.so")
        sources = [os.path.join(TOP, "ocr", f) for f in ("fuse.c", "beam.c", "syntax.c")]
        subprocess.check_call(["cc", "-O2", "-std=gnu11", "-shared", "-fPIC", "-I" + TOP, *sources, "-o", path, "-lm"])
        self.lib = C.CDLL(path)

    def read(self, tuning, seen):
        """(text, confidence) of each alternative, best first."""
        looks = [0] * ENGINES
        for o in seen:
            looks[o.engine] += 1
        for o in seen:
            o.weight = 1 / looks[o.engine]
        pointers = (C.POINTER(Observation) * len(seen))(*[C.pointer(o) for o in seen])
        r = Read()
        self.lib.fuse_with(C.byref(tuning), pointers, C.c_size_t(len(seen)), C.byref(r))
        return [(r.alternatives[i].text.decode(), r.alternatives[i].confidence) for i in range(r.n)]


def tuning_of(values):
    t = Tuning(further=values["further"], alike=values["alike"], nearly=values["nearly"])
    for i in range(ENGINES):
        t.engine[i] = values["engine"][i]
    return t


def observation(d):
    o = Observation(steps=d["steps"], engine=d["engine"], weight=1)
    values = np.zeros((STEPS, CLASSES), np.float32)
    values[:d["steps"]] = np.frombuffer(bytes.fromhex(d["lattice"]), ">u2").reshape(-1, CLASSES).astype(np.float32) / -1000
    C.memmove(o.logp, values.ctypes.data, values.nbytes)
    return o


# --- pictures ------------------------------------------------------------------------------------------------------------------


def clean(text):
    return "".join(c for c in (text or "").upper() if c.isascii() and c.isalnum())


def fold(text):
    return text.replace("O", "0")


def photo_variants(photos, out, dice):
    """Files with their plates [(box, text or "")] in pixels: each held-out photo, two smaller ones, and two crops a plate."""
    rows = [json.loads(line) for line in open(os.path.join(photos, "annotations.jsonl"), encoding="utf-8")]
    n = 0
    for row in rows:
        if row["split"] == "train":
            continue
        img = cv2.imread(os.path.join(photos, row["file"]))
        wide = 4 / 3 if row.get("stretched") else 1
        if wide != 1:
            img = cv2.resize(img, None, fx=wide, fy=1)
        plates = [((p["x"] * wide, p["y"], p["w"] * wide, p["h"]), clean(p.get("text"))) for p in row["plates"]]
        narrow = max((b[2] for b, _ in plates), default=150)
        pictures = [(img, 0, 0, s) for s in (1, *(min(1, dice.uniform(60, 130) / narrow) for _ in range(2)))][:3 if plates else 1]
        for (x, y, w, h), text in plates:
            for most in (0.05, 0.2) if text else ():
                l, t, r, b = (dice.uniform(0, most) for _ in range(4))
                x0, y0 = max(0, int(x - l * w)), max(0, int(y - t * h))
                cut = img[y0:int(y + h + b * h), x0:int(x + w + r * w)]
                pictures.append((cut, x0, y0, min(1, dice.uniform(90, 350) / cut.shape[1])))
        for picture, x0, y0, s in pictures:
            if s < 1:
                picture = cv2.resize(picture, None, fx=s, fy=s, interpolation=cv2.INTER_AREA)
            if min(picture.shape[:2]) < 24:
                continue
            path = os.path.join(out, f"{n}.jpg")
            n += 1
            cv2.imwrite(path, picture, [cv2.IMWRITE_JPEG_QUALITY, dice.randint(65, 95)])
            yield path, [(((x - x0) * s, (y - y0) * s, w * s, h * s), t) for (x, y, w, h), t in plates], True


def rendering_variants(folder, out, dice, most):
    """Flat plates of alpr-sim, small, blurred and noisy; each fills its picture."""
    with open(os.path.join(folder, "plates.tsv"), encoding="utf-8") as f:
        rows = [line.split("\t") for line in f]
    pixels = np.memmap(os.path.join(folder, "plates.bin"), np.uint8, "r").reshape(-1, 240, 480)
    for n, row in enumerate(dice.sample(rows, min(most, len(rows)))):
        x0, y0, x1, y1 = (max(0, round(float(v))) for v in row[3:7])
        img = np.array(pixels[int(row[0])][y0:y1, x0:x1])
        w = dice.uniform(45, 160)
        img = cv2.resize(img, (round(w), max(16, round(img.shape[0] * w / img.shape[1]))), interpolation=cv2.INTER_AREA)
        img = cv2.GaussianBlur(img, (0, 0), dice.uniform(0.3, 1.4))
        noise = np.random.default_rng(n).normal(0, dice.uniform(1, 12), img.shape)
        img = np.clip(img * dice.uniform(0.4, 1) + dice.uniform(0, 30) + noise, 0, 255).astype(np.uint8)
        path = os.path.join(out, f"sim{n}.jpg")
        cv2.imwrite(path, img, [cv2.IMWRITE_JPEG_QUALITY, dice.randint(50, 90)])
        yield path, [((0, 0, img.shape[1], img.shape[0]), clean(row[1]))], False


def places(build, models, files):
    """What test/bench/places says of each file."""
    for i in range(0, len(files), 200):
        run = subprocess.run([os.path.join(build, "test/bench/places"), models, *files[i:i + 200]], stdout=subprocess.PIPE, check=True)
        for line in run.stdout.decode().splitlines():
            yield json.loads(line)


def overlap(quad, box):
    x0, y0, x1, y1 = min(quad[::2]), min(quad[1::2]), max(quad[::2]), max(quad[1::2])
    bx0, by0, bx1, by1 = box[0], box[1], box[0] + box[2], box[1] + box[3]
    both = max(0, min(x1, bx1) - max(x0, bx0)) * max(0, min(y1, by1) - max(y0, by0))
    return both / ((x1 - x0) * (y1 - y0) + (bx1 - bx0) * (by1 - by0) - both)


def samples(args, out):
    """Boxes as [score, is a plate, observations] and plates as [text, observations]."""
    dice = random.Random(5)
    pictures = list(photo_variants(args.photos, out, dice)) if args.photos else []
    for folder in args.sim:
        pictures += rendering_variants(folder, out, dice, args.renderings)
    boxes, plates = [], []
    for (_, truth, photo), line in zip(pictures, places(args.build, args.models, [p[0] for p in pictures])):
        for place in line["places"]:
            seen = [observation(o) for o in place["seen"]]
            if not seen:
                continue
            if place["score"] < 0:  # the whole picture
                if not photo:
                    plates.append((truth[0][1], seen))
                continue
            share, text = max(((overlap(place["quad"], b), t) for b, t in truth), default=(0, ""))
            if photo:
                boxes.append((place["score"], share >= 0.2, seen))
            if share >= 0.4 and text and photo:
                plates.append((text, seen))
    return boxes, plates


# --- fitting -------------------------------------------------------------------------------------------------------------------


def looks_of(fusion, tuning, seen):
    """Those that ocr/plates.c would have: one where it is sure or hopeless, else all."""
    first = fusion.read(tuning, seen[:1])
    top = first[0][1] if first else 0
    return seen if HOPELESS <= top < SURE else seen[:1]


def judged(fusion, values, plates):
    """Of each plate: confidence of the best spelling, whether that is right, and the belief in the truth."""
    t = tuning_of(values)
    for text, seen in plates:
        read = fusion.read(t, seen)
        truth = sum(p for s, p in read if fold(s) == fold(text))
        if not read:
            yield 0, False, 0
            continue
        best = fold(read[0][0])
        yield min(1, sum(p for s, p in read if fold(s) == best)), best == fold(text), truth


def loss(fusion, values, plates):
    total = 0
    for confidence, right, truth in judged(fusion, values, plates):
        total -= math.log(max(FLOOR, truth)) + math.log(max(FLOOR, confidence if right else 1 - confidence))
    return total / len(plates)


def expected_error(pairs):
    """Expected calibration error over ten bins."""
    bins = [[] for _ in range(10)]
    for confidence, right in pairs:
        bins[min(9, int(10 * confidence))].append((confidence, right))
    return sum(abs(sum(c for c, _ in b) - sum(r for _, r in b)) for b in bins) / max(1, len(pairs))


def show(name, fusion, values, plates):
    j = [(c, r) for c, r, _ in judged(fusion, values, plates)]
    sure = [r for c, r in j if c >= 0.9]
    print(f"{name}: {sum(r for _, r in j)} of {len(j)} right; expected calibration error {100 * expected_error(j):.1f} %; "
          f"of {len(sure)} at 0.9 or more {sum(sure)} right")


def descend(fusion, values, plates, engines):
    """One number after the other, while it helps."""
    steps = [("engine", e) for e in engines] + [("nearly", None)]
    best = loss(fusion, values, plates)
    for factor in (1.3, 1.1):
        better = True
        while better:
            better = False
            for name, i in steps:
                for f in (factor, 1 / factor):
                    trial = dict(values, engine=list(values["engine"]))
                    if i is None:
                        trial[name] = min(0.5, max(0.05, trial[name] * f))
                    else:
                        trial[name][i] *= f
                    now = loss(fusion, trial, plates)
                    if now < best - 1e-4:
                        best, values, better = now, trial, True
    return values


def fit_score(fusion, values, boxes):
    """Slope and half of the logistic function from score to plate, over the boxes in which something can be read."""
    t = tuning_of(values)
    points = []
    for score, is_plate, seen in boxes:
        read = fusion.read(t, seen[:1])
        if read and read[0][1] >= 0.1:
            points.append((score, is_plate))
    s, y = (np.array(v, float) for v in zip(*points))
    best = min(((np.mean(np.logaddexp(0, np.where(y > 0, -1, 1) * slope * (s - half))), slope, half)
                for slope in np.arange(4, 41, 1.0) for half in np.arange(0.1, 0.9, 0.01)))
    print(f"score: {len(points)} legible boxes, {int(y.sum())} of them plates; slope {best[1]:.1f}, half {best[2]:.2f}")
    return best[1], best[2]


# --- the header ----------------------------------------------------------------------------------------------------------------


def header_values(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    number = lambda pattern: float(re.search(pattern + r"\s*=?\s*([0-9.]+)f", text)[1])
    return {"engine": [float(v) for v in re.search(r"\.engine = \{([^}]*)\}", text)[1].replace("f", "").split(",")],
            "further": number(r"\.further"), "alike": number(r"\.alike"), "nearly": number(r"\.nearly"),
            "slope": number("CALIBRATION_SLOPE"), "half": number("CALIBRATION_HALF")}


def write_header(path, v):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"\.engine = \{[^}]*\}", ".engine = {" + ", ".join(f"{e:.2f}f" for e in v["engine"]) + "}", text)
    for name, pattern in (("nearly", r"(\.nearly = )[0-9.]+f"), ("slope", r"(CALIBRATION_SLOPE\s+)[0-9.]+f"),
                          ("half", r"(CALIBRATION_HALF\s+)[0-9.]+f")):
        text = re.sub(pattern, lambda m, n=name: f"{m[1]}{round(v[n], 2)!r}f", text)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--photos")
    p.add_argument("--sim", action="append", default=[])
    p.add_argument("--renderings", type=int, default=200, help="of each --sim folder")
    p.add_argument("--build", default=os.path.join(TOP, "build/host"))
    p.add_argument("--models", default=os.path.join(TOP, "ocr/models"))
    p.add_argument("--header", default=HEADER)
    p.add_argument("--write", action="store_true")
    args = p.parse_args()
    if not args.photos and not args.sim:
        p.error("give --photos or --sim")
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        fusion = Fusion(folder)
        boxes, plates = samples(args, folder)
    values = header_values(args.header)
    plates = [(text, looks_of(fusion, tuning_of(values), seen)) for text, seen in plates]
    engines = sorted({o.engine for _, seen in plates for o in seen})
    show("before", fusion, values, plates)
    values = descend(fusion, values, plates, engines)
    show("after ", fusion, values, plates)
    print("engine", [round(e, 2) for e in values["engine"]], "nearly", round(values["nearly"], 2))
    if boxes:
        values["slope"], values["half"] = fit_score(fusion, values, boxes)
    if args.write:
        write_header(args.header, values)
    return 0


if __name__ == "__main__":
    sys.exit(main())
