#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Score the localiser on folders of photos with known plates: how many are found (IoU of bounding boxes and of outlines),
how far its corners are off, how many boxes are false, and how long a photo takes on one thread.

    score_localise.py [--build build/host] [--models ocr/models] [--threshold 0.5] PLATES [us eu angled negatives]
"""
import argparse
import csv
import json
import os
import statistics
import subprocess

import cv2
import numpy as np


def truth_table(folder, name):
    with open(os.path.join(folder, name + ".tsv"), encoding="utf-8") as f:
        for row in csv.reader(f, delimiter="\t"):
            x, y, w, h = (float(v) for v in row[1:5])
            yield os.path.join(folder, name, row[0]), [{"box": (x, y, x + w, y + h), "quad": None}]


def truth_notes(folder, name, split=None):
    with open(os.path.join(folder, name, "annotations.jsonl"), encoding="utf-8") as f:
        for line in f:
            n = json.loads(line)
            if split and (n["split"] != split or n["stretched"] and n["plates"]):
                continue  # the plates of a photo that was squeezed to a square have no true shape
            yield os.path.join(folder, name, n["file"]), [
                {"box": (p["x"], p["y"], p["x"] + p["w"], p["y"] + p["h"]), "quad": p["quad"]} for p in n["plates"]]


def truth_frames(folder, name):
    """Frames of alpr-sim street: what is hidden or leaves the frame may be found, and need not be."""
    with open(os.path.join(folder, name, "frames.jsonl"), encoding="utf-8") as f:
        for line in f:
            n = json.loads(line)
            yield os.path.join(folder, name, n["file"]), [
                {"box": bounds(p["quad"]), "quad": p["quad"], "may": p["occluded"] or not p["inside"]} for p in n["plates"]]


def truth(folder, name, split):
    if os.path.exists(os.path.join(folder, name + ".tsv")):
        return truth_table(folder, name)
    if os.path.exists(os.path.join(folder, name, "frames.jsonl")):
        return truth_frames(folder, name)
    return truth_notes(folder, name, split)


def bounds(quad):
    q = np.array(quad).reshape(4, 2)
    return (*q.min(0), *q.max(0))


def box_iou(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    s = max(w, 0) * max(h, 0)
    return s / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - s)


def quad_iou(a, b):
    a, b = (np.array(q, np.float32).reshape(4, 2) for q in (a, b))
    s = cv2.intersectConvexConvex(a, b)[0]
    return s / (cv2.contourArea(a) + cv2.contourArea(b) - s)


class Tally:
    """What one set comes to."""

    def __init__(self, threshold, missed):
        self.threshold, self.missed = threshold, missed
        self.plates = self.found3 = self.found5 = self.outlines = self.outline7 = self.false = self.false_photos = 0
        self.off, self.ms = [], []

    def plate(self, path, boxes, p):
        """Count one known plate; returns the index of the box that found it, or None."""
        best = max(range(len(boxes)), key=lambda i: box_iou(bounds(boxes[i]["quad"]), p["box"]), default=None)
        o = box_iou(bounds(boxes[best]["quad"]), p["box"]) if best is not None else 0
        if p.get("may"):
            return best if o >= 0.3 else None
        self.plates += 1
        self.found3 += o >= 0.3
        self.found5 += o >= 0.5
        if o < 0.5 and self.missed:
            print(f"missed {path} IoU {o:.2f} width {p['box'][2] - p['box'][0]:.0f}")
        if p["quad"]:
            self.outlines += 1
            if o >= 0.3:
                q, t = boxes[best]["quad"], np.array(p["quad"]).reshape(4, 2)
                self.outline7 += quad_iou(q, p["quad"]) >= 0.7
                d = np.linalg.norm(np.array(q).reshape(4, 2) - t, axis=1).mean()
                self.off.append(d / max(np.linalg.norm(t[3] - t[0]), 1))
        return best if o >= 0.3 else None

    def photo(self, path, plates, result):
        self.ms.append(result["ms"])
        boxes = [b for b in result["boxes"] if b["score"] >= self.threshold]
        used = {self.plate(path, boxes, p) for p in plates}
        extra = [b for i, b in enumerate(boxes) if i not in used]
        self.false += len(extra)
        self.false_photos += bool(extra)
        if extra and self.missed:
            print(f"false {path} {[(round(b['score'], 2), [round(v) for v in bounds(b['quad'])]) for b in extra]}")

    def __str__(self):
        parts = []
        if self.plates:
            parts.append(f"found {self.found3}/{self.plates} at IoU 0.3, {self.found5}/{self.plates} "
                         f"({100 * self.found5 / self.plates:.1f} %) at 0.5")
        if self.outlines:
            parts.append(f"outline IoU >= 0.7 {self.outline7}/{self.outlines} ({100 * self.outline7 / self.outlines:.1f} %), "
                         f"corners off by {100 * statistics.median(self.off):.1f} % of the plate's height (median)")
        parts.append(f"other boxes {self.false} on {self.false_photos} photos")
        parts.append(f"ms median {statistics.median(self.ms):.1f}, most {max(self.ms):.1f}")
        return "; ".join(parts)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--build", default="build/host")
    a.add_argument("--models", default="ocr/models")
    a.add_argument("--threshold", type=float, default=0.5)
    a.add_argument("--missed", action="store_true", help="list what was missed and what was false")
    a.add_argument("--split", help="only photos whose annotation says so")
    a.add_argument("plates", help="folder of the sets")
    a.add_argument("sets", nargs="*", default=["us", "eu", "angled", "negatives"],
                   help="NAME with NAME.tsv (file, x, y, w, h), NAME/annotations.jsonl or NAME/frames.jsonl (alpr-sim street)")
    arg = a.parse_args()
    for name in arg.sets:
        photos = list(truth(arg.plates, name, arg.split))
        run = subprocess.run([os.path.join(arg.build, "test/bench/localise_boxes"), arg.models] + [p for p, _ in photos],
                             stdout=subprocess.PIPE, check=True, text=True)
        tally = Tally(arg.threshold, arg.missed)
        for (path, plates), line in zip(photos, run.stdout.splitlines()):
            tally.photo(path, plates, json.loads(line))
        print(f"{name}: {len(photos)} photos; {tally}")


if __name__ == "__main__":
    main()
