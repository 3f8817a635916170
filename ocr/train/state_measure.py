#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How often alpr-read names the state of the plates of states.tsv, and how often it is right.

  state_measure.py PHOTOS [--reader build/host/bin/alpr-read] [--labels states.tsv] [--list]

Counted for the photos that teach the network (split train) and for the held-out ones. A plate labelled `-` is of no state of the
US, or nobody can tell: any state given there is wrong.
"""
import argparse
import json
import os
import subprocess


def labelled(folder, labels):
    """{file: [(box, state or None, held out)]}"""
    with open(os.path.join(folder, "annotations.jsonl"), encoding="utf-8") as f:
        rows = {row["file"]: row for row in map(json.loads, f)}
    out = {}
    with open(labels, encoding="utf-8") as f:
        for line in f:
            file, x, y, state = line.rstrip("\n").split("\t")
            plate = next(p for p in rows[file]["plates"] if p["x"] == float(x) and p["y"] == float(y))
            out.setdefault(file, []).append(((plate["x"], plate["y"], plate["w"], plate["h"]), None if state == "-" else state,
                                              rows[file]["split"] != "train"))
    return out


def on(quad, box):
    """The quad's middle lies in the box."""
    x, y = sum(quad[::2]) / 4, sum(quad[1::2]) / 4
    return box[0] <= x <= box[0] + box[2] and box[1] <= y <= box[1] + box[3]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("photos")
    p.add_argument("--reader", default="build/host/bin/alpr-read")
    p.add_argument("--labels", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "states.tsv"))
    p.add_argument("--list", action="store_true", help="every state that was given wrongly")
    args = p.parse_args()
    plates = labelled(args.photos, args.labels)
    run = subprocess.run([args.reader, *[os.path.join(args.photos, f) for f in plates]], stdout=subprocess.PIPE, check=True)
    count = {(kind, held): [0, 0, 0, 0] for held in (True, False) for kind in ("of a state", "of none, or no telling")}
    wrong = []
    for line, (file, boxes) in zip(map(json.loads, run.stdout.decode().splitlines()), plates.items()):
        for box, state, held in boxes:
            best = next((r for r in line["plates"] if r["quad"] and on(r["quad"], box)), None)
            said, row = best and best["jurisdiction"], count["of a state" if state else "of none, or no telling", held]
            for i, yes in enumerate((True, best is not None, said is not None, said is not None and said == state)):
                row[i] += yes
            if said and said != state:
                wrong.append(f"{file}: {state or 'none'} given as {said}")
    for (kind, held), row in count.items():
        print("{}, {}: {} plates, {} read, {} given a state, {} rightly".format("held out" if held else "train", kind, *row))
    if args.list:
        print("\n".join(wrong))


if __name__ == "__main__":
    main()
