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


def read(reader, files, threads):
    """What alpr-read says of each file, in order."""
    run = subprocess.run([reader, "--threads", str(threads), *files], stdout=subprocess.PIPE, check=False)
    lines = [json.loads(line) for line in run.stdout.decode().splitlines()]
    if len(lines) != len(files):
        raise SystemExit(f"score: alpr-read gave {len(lines)} lines for {len(files)} files, status {run.returncode}")
    return lines


class Tally:
    def __init__(self):
        self.photos = self.boxed = self.localised = self.reported = self.exact = self.among = 0
        self.false, self.sure, self.sure_right = 0, 0, 0
        self.state_given = self.state_right = self.states = 0
        self.ms, self.notes, self.widths = [], [], {}

    def add(self, line, box, state, plate):
        self.photos += 1
        self.ms.append(line.get("ms", 0))
        plates = [p for p in line.get("plates", []) if p["quad"]]
        on = [p for p in plates if box is None or iou(p["quad"], box) >= 0.3 or centred(p["quad"], box)]
        if box:
            self.boxed += 1
            self.localised += any(iou(p["quad"], box) >= 0.5 for p in plates)
            for p in plates:
                if p not in on and p["confidence"] >= 0.5:
                    self.false += 1
                    self.notes.append(f"{line['file']}: away from the label: {p['text']} {p['confidence']:.2f}")
        best = on[0] if on else None
        right = bool(best) and best["text"] == plate
        self.reported += bool(best)
        self.exact += right
        self.among += any(plate == a["text"] for p in on for a in p["alternatives"])
        if best and best["confidence"] >= 0.9:
            self.sure += 1
            self.sure_right += right
        if state and best:
            self.states += 1
            self.state_given += best["jurisdiction"] is not None
            self.state_right += best["jurisdiction"] == state
        if box:
            key = "< 60" if box[2] < 60 else "60-99" if box[2] < 100 else "100-159" if box[2] < 160 else ">= 160"
            n, k = self.widths.get(key, (0, 0))
            self.widths[key] = (n + 1, k + right)
        if not right:
            said = f"{best['text']} {best['confidence']:.2f}" if best else line.get("error", "nothing")
            self.notes.append(f"{line['file']}: {plate} read as {said}")

    def print(self, name):
        n = self.photos
        share = lambda k, of=n: f"{k:4d} of {of} {100 * k / max(1, of):5.1f} %"
        print(f"{name}: {n} photos")
        if self.boxed:
            print("  localised, IoU >= 0.5      ", share(self.localised))
        print("  a plate reported on it     ", share(self.reported))
        print("  top 1 exact                ", share(self.exact))
        print("  exact among alternatives   ", share(self.among))
        print("  confidence >= 0.9 and exact", share(self.sure_right, self.sure), f"({100 * self.sure / n:.0f} % of photos)")
        if self.boxed:
            print("  elsewhere, confidence >= .5", self.false, "(unlabelled real plates among them)")
        if self.states:
            print("  jurisdiction given, right  ", self.state_given, self.state_right)
        for key, (count, k) in sorted(self.widths.items()):
            print(f"  plate {key:>7} px wide        ", share(k, count))
        print(f"  ms, median and maximum       {statistics.median(self.ms):.1f} {max(self.ms):.1f}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--reader", default="build/host/bin/alpr-read")
    p.add_argument("--labels", required=True)
    p.add_argument("--folder", required=True)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--list", action="store_true", help="list every photo that is not exact")
    args = p.parse_args()
    rows = list(labels(args.labels))
    tally = Tally()
    lines = read(args.reader, [os.path.join(args.folder, r[0]) for r in rows], args.threads)
    for line, (_, box, state, plate) in zip(lines, rows):
        tally.add(line, box, state, plate)
    tally.print(os.path.basename(args.labels))
    if args.list:
        print("\n".join(tally.notes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
