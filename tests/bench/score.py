#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Score alpr-read on labelled photos.

  score.py --reader build/host/bin/alpr-read --labels us.tsv --folder us/ [--list] [--threads N]

Labels are tab-separated: file, x, y, w, h, plate (one labelled plate a photo, in pixels) or file, state, plate (crops that show
nothing but a plate). Exit status 1 when alpr-read fails; how good is good enough is the caller's to say.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

WIDTHS = ((60, "< 60"), (100, "60-99"), (160, "100-159"), (float("inf"), ">= 160"))


def labels(path):
    """(file, box or None, state or None, plate) of each row."""
    with open(path, encoding="utf-8") as f:
        for line in f:
            row = line.rstrip("\n").split("\t")
            if len(row) == 6:
                yield row[0], tuple(float(v) for v in row[1:5]), None, row[5]
            elif len(row) == 3:
                yield row[0], None, row[1], row[2]
            elif line.strip():
                raise SystemExit(f"score: {path}: a row has {len(row)} columns")


def bounds(quad):
    return min(quad[::2]), min(quad[1::2]), max(quad[::2]), max(quad[1::2])


def iou(quad, box):
    x0, y0, x1, y1 = bounds(quad)
    bx0, by0, bx1, by1 = box[0], box[1], box[0] + box[2], box[1] + box[3]
    both = max(0, min(x1, bx1) - max(x0, bx0)) * max(0, min(y1, by1) - max(y0, by0))
    return both / ((x1 - x0) * (y1 - y0) + (bx1 - bx0) * (by1 - by0) - both)


def centred(quad, box):
    x, y = sum(quad[::2]) / 4, sum(quad[1::2]) / 4
    return box[0] <= x <= box[0] + box[2] and box[1] <= y <= box[1] + box[3]


def width_class(width):
    return next(name for below, name in WIDTHS if width < below)


def read(reader, files, threads):
    """What alpr-read says of each file, in order."""
    run = subprocess.run([reader, "--threads", str(threads), *files], stdout=subprocess.PIPE, check=False)
    lines = [json.loads(line) for line in run.stdout.decode().splitlines()]
    if len(lines) != len(files):
        raise SystemExit(f"score: alpr-read gave {len(lines)} lines for {len(files)} files, status {run.returncode}")
    return lines


def judge(line, box, state, plate):
    """What alpr-read's line is worth against one label: a dict, all of it plain values."""
    plates = [p for p in line.get("plates", []) if p["quad"]]
    on = [p for p in plates if box is None or iou(p["quad"], box) >= 0.3 or centred(p["quad"], box)]
    best = on[0] if on else None
    return {
        "file": line["file"], "ms": line.get("ms", 0), "error": line.get("error"), "plate": plate, "box": box, "state": state,
        "localised": box is not None and any(iou(p["quad"], box) >= 0.5 for p in plates),
        "false": [{"text": p["text"], "confidence": p["confidence"], "quad": p["quad"]}
                  for p in plates if box is not None and p not in on and p["confidence"] >= 0.5],
        "reported": best is not None, "text": best["text"] if best else None, "confidence": best["confidence"] if best else 0,
        "quad": best["quad"] if best else None, "jurisdiction": best["jurisdiction"] if best else None,
        "exact": best is not None and best["text"] == plate,
        "among": any(plate == a["text"] for p in on for a in p["alternatives"]),
    }


def calibration_error(records, bins=10):
    """Expected calibration error of the reported reads: |mean confidence - share exact|, averaged over equal bins (Naeini 2015)."""
    reads = [r for r in records if r["reported"]]
    total = 0
    for b in range(bins):
        inside = [r for r in reads if min(int(r["confidence"] * bins), bins - 1) == b]
        total += abs(sum(r["confidence"] - r["exact"] for r in inside))
    return total / max(1, len(reads))


class Tally:
    """Judged lines of one set of photos."""

    def __init__(self):
        self.records = []

    def add(self, line, box, state, plate):
        self.records.append(judge(line, box, state, plate))

    def count(self, key):
        return sum(bool(r[key]) for r in self.records)

    def share(self, key):
        return self.count(key) / max(1, len(self.records))

    @property
    def sure(self):
        return [r for r in self.records if r["confidence"] >= 0.9]

    @property
    def false(self):
        return [(r["file"], f) for r in self.records for f in r["false"]]

    @property
    def given(self):
        """Reads of labelled states that name one."""
        return [r for r in self.records if r["state"] and r["jurisdiction"]]

    def notes(self):
        for r in self.records:
            for f in r["false"]:
                yield f"{r['file']}: away from the label: {f['text']} {f['confidence']:.2f}"
            if not r["exact"]:
                said = f"{r['text']} {r['confidence']:.2f}" if r["reported"] else r["error"] or "nothing"
                yield f"{r['file']}: {r['plate']} read as {said}"

    def print(self, name):
        n, sure = len(self.records), self.sure
        share = lambda k, of=n: f"{k:4d} of {of} {100 * k / max(1, of):5.1f} %"
        boxed = [r for r in self.records if r["box"]]
        print(f"{name}: {n} photos")
        if boxed:
            print("  localised, IoU >= 0.5      ", share(self.count("localised")))
        print("  a plate reported on it     ", share(self.count("reported")))
        print("  top 1 exact                ", share(self.count("exact")))
        print("  exact among alternatives   ", share(self.count("among")))
        print("  confidence >= 0.9 and exact", share(sum(r["exact"] for r in sure), len(sure)), f"({100 * len(sure) / n:.0f} % of photos)")
        print(f"  expected calibration error    {100 * calibration_error(self.records):.1f} %")
        if boxed:
            print("  elsewhere, confidence >= .5", len(self.false), "(unlabelled real plates among them)")
        if any(r["state"] for r in self.records):
            print("  jurisdiction given, right  ", len(self.given), sum(r["jurisdiction"] == r["state"] for r in self.given))
        for _, key in WIDTHS:
            inside = [r for r in boxed if width_class(r["box"][2]) == key]
            if inside:
                print(f"  plate {key:>7} px wide        ", share(sum(r["exact"] for r in inside), len(inside)))
        ms = [r["ms"] for r in self.records]
        print(f"  ms, median and maximum       {statistics.median(ms):.1f} {max(ms):.1f}")


def score(reader, table, folder, threads=1):
    """A Tally of the photos of `folder` that are labelled in the file `table`."""
    rows, tally = list(labels(table)), Tally()
    lines = read(reader, [os.path.join(folder, r[0]) for r in rows], threads)
    for line, (_, box, state, plate) in zip(lines, rows):
        tally.add(line, box, state, plate)
    return tally


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--reader", default="build/host/bin/alpr-read")
    p.add_argument("--labels", required=True)
    p.add_argument("--folder", required=True)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--list", action="store_true", help="list every photo that is not exact")
    args = p.parse_args()
    tally = score(args.reader, args.labels, args.folder, args.threads)
    tally.print(os.path.basename(args.labels))
    if args.list:
        print("\n".join(tally.notes()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
