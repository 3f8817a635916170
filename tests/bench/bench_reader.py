#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
The reader against its bars: accuracy on real photos and on the simulated street, and what it costs.

  make bench-reader [SHORT=1] [PLATES=folder]

PLATES holds us.tsv and us/, crops.tsv and crops/, eu.tsv and eu/ as score.py takes them, and may hold angled/ and negatives/
(annotations.jsonl). Bars of what is not there are not measured, and said to be so. Writes reader.json and labels/index.html.
Exit status: 0 every measured bar holds, 1 one does not, 2 the call was wrong.
"""
import argparse
import json
import os
import platform
import sys
import tempfile
import time

from tests.bench import cost, doubts, sim_street, tables
from tests.bench.bars import Bars
from tests.bench.score import Tally, judge, labels

PHOTO_BARS = ["us_localised", "us_exact", "us_among", "us_false", "crops_exact", "crops_state_right", "crops_state_given", "eu_exact",
              "sure_exact", "sure_recall", "photo_ms", "peak_memory"]
SIM_BARS = {"day": 99, "night": 97, "rain": 97}


def arguments(argv):
    p = argparse.ArgumentParser(prog="bench-reader", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build/host", help="what is measured")
    p.add_argument("--plates", default="", help="folder of real photos")
    p.add_argument("--out", default="build/bench", help="folder of what is written")
    p.add_argument("--short", action="store_true", help="a form of a few minutes")
    p.add_argument("--reader", help="instead of alpr-read of the build")
    p.add_argument("--passages", type=int, help="vehicles of each simulated street; 0: none")
    p.add_argument("--counted", type=int, help="photos whose instructions are counted; 0: none")
    a = p.parse_args(argv)
    if a.plates and not os.path.isdir(a.plates):
        p.error(f"--plates: no folder {a.plates}")
    a.reader = a.reader or os.path.join(a.build, "bin/alpr-read")
    if not os.access(a.reader, os.X_OK):
        p.error(f"{a.reader} is not there: is READER_TOOL switched off?")
    a.passages = a.passages if a.passages is not None else 16 if a.short else 100
    a.counted = a.counted if a.counted is not None else 1 if a.short else 3
    return a


def percent(k, n):
    return 100 * k / max(1, n)


class Bench:
    def __init__(self, args):
        self.args, self.bars = args, Bars()
        self.tables, self.sets, self.peak_kb = {}, {}, 0

    def table(self, name, title, content):
        self.tables[name] = content
        tables.show(title, content)

    # --- real photos ---------------------------------------------------------------------------------------------------

    def score_sets(self):
        """Read what is labelled in PLATES: self.sets."""
        for name in ("us", "crops", "eu"):
            path = os.path.join(self.args.plates, name)
            if not self.args.plates or not os.path.exists(path + ".tsv"):
                continue
            rows, tally = list(labels(path + ".tsv")), Tally()
            lines, kb = cost.read(self.args.reader, [os.path.join(path, r[0]) for r in rows])
            for line, (_, box, state, plate) in zip(lines, rows):
                tally.add(line, box, state, plate)
            self.sets[name] = tally
            self.peak_kb = kb if name == "us" else self.peak_kb
            tally.print("\n" + name)

    def accuracy_bars(self):
        bars, us, crops, eu = self.bars, *(self.sets.get(n) for n in ("us", "crops", "eu"))
        if us:
            n = len(us.records)
            bars.at_least("us_localised", 100 * us.share("localised"), "%", 97)
            bars.at_least("us_exact", 100 * us.share("exact"), "%", 85)
            bars.at_least("us_among", 100 * us.share("among"), "%", 93)
            bars.at_most("us_false", len(us.false) / max(1, n), "per-photo", 0.02)
        if crops:
            given = crops.given
            bars.at_least("crops_exact", 100 * crops.share("exact"), "%", 92)
            bars.at_least("crops_state_right", percent(sum(r["jurisdiction"] == r["state"] for r in given), len(given)), "%", 95)
            bars.at_least("crops_state_given", percent(len(given), len(crops.records)), "%", 60)
        if eu:
            bars.at_least("eu_exact", 100 * eu.share("exact"), "%", 85)
        if us and crops and eu:
            records = us.records + crops.records + eu.records
            sure = [r for r in records if r["confidence"] >= 0.9]
            right = sum(r["exact"] for r in sure)
            bars.at_least("sure_exact", percent(right, len(sure)), "%", 98)
            bars.at_least("sure_recall", percent(right, len(records)), "%", 60)

    def missing_bars(self):
        measured = {r["name"] for r in self.bars.rows}
        missing = [n for n in PHOTO_BARS if n not in measured]
        if missing:
            where = self.args.plates or "PLATES=folder was not given"
            self.bars.not_run(missing, f"no real photos: {where}")

    def photo_tables(self):
        everything = [r for t in self.sets.values() for r in t.records]
        for name in ("us", "eu"):
            if name in self.sets:
                self.table(f"{name}_width", f"{name}: by plate width, pixels", tables.by_width(self.sets[name].records))
        if "crops" in self.sets:
            self.table("crops_state", "crops: by state", tables.by_state(self.sets["crops"].records))
        if everything:
            self.tables["calibration"] = tables.calibration(everything)
            tables.show(f"confidence, us + crops + eu: expected calibration error {100 * self.tables['calibration']['ece']:.2f} %",
                        self.tables["calibration"]["bins"])
            doubted = doubts.page({n: t.records for n, t in self.sets.items()}, os.path.join(self.args.out, "labels"))
            self.tables["labels_in_doubt"] = doubted
            print(f"\nlabels in doubt: {len(doubted)} ({self.args.out}/labels/index.html)")
            for d in doubted:
                print(f"  {d['set']}/{d['file']}: {d['label']} read as {d['read']} {d['confidence']:.3f}")

    def engines(self):
        """Each reader alone, and both, one look at each labelled plate."""
        program, table = os.path.join(self.args.build, "test/bench/engines"), {}
        for name in self.sets if os.path.exists(program) else ():
            path = os.path.join(self.args.plates, name)
            found = cost.engines(program, os.path.join(self.args.build, "models"), path + ".tsv", path)
            table |= {f"{name} {engine}": row for engine, row in found.items()}
        if table:
            self.table("engines", "the readers alone and together, one look a plate (ms of the look alone, median)", table)

    def annotated(self, name):
        path = os.path.join(self.args.plates, name, "annotations.jsonl")
        if not self.args.plates or not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as f:
            return [n | {"path": os.path.join(self.args.plates, name, n["file"])} for n in map(json.loads, f)]

    def angled(self):
        """Photos with outlines. Those that were squeezed to a square show plates of no true shape: a table of their own."""
        for name, squeezed in (("angled", False), ("angled, squeezed to a square", True)):
            notes = [n for n in self.annotated("angled")
                     if n["stretched"] == squeezed and any(p["text"] and p["quad"] for p in n["plates"])]
            if not notes:
                continue
            records = []
            for line, n in zip(cost.read(self.args.reader, [n["path"] for n in notes])[0], notes):
                records += [judge(line, (p["x"], p["y"], p["w"], p["h"]), None, p["text"]) | {"outline": p["quad"]}
                            for p in n["plates"] if p["text"] and p["quad"]]
            key = "squeezed" if squeezed else "angled"
            self.table(f"{key}_angle", f"{name}: by the steepest side, degrees", tables.by_angle(records))
            self.table(f"{key}_width", f"{name}: by plate width, pixels", tables.by_width(records))

    def negatives(self):
        """Pictures without plates."""
        files = [n["path"] for n in self.annotated("negatives")]
        if files:
            lines = cost.read(self.args.reader, files)[0]
            false = [p["confidence"] for line in lines for p in line.get("plates", [])]
            self.table("negatives", "pictures without plates",
                       {f"reported >= {least}": {"pictures": len(files), "plates": sum(c >= least for c in false)} for least in (0.5, 0.9)})

    # --- the simulated street --------------------------------------------------------------------------------------------

    def passages(self):
        if not self.args.passages:
            self.bars.not_run([f"sim_{n}" for n in SIM_BARS] + ["sim_invented"], "no passages were asked for")
            return
        table = {}
        for i, (name, (light, weather)) in enumerate(sim_street.LIGHTS.items()):
            table[name] = sim_street.drive(self.args.build, sim_street.SEED + i, self.args.passages, light, weather)
        bars = dict(table)
        if not self.args.short:
            table["hard (no bar)"] = sim_street.drive(self.args.build, sim_street.SEED + 9, self.args.passages, "mixed", "mixed", "all")
        self.table("sim_passages", "simulated street: passages, both angles, every frame", table)
        for name, least in SIM_BARS.items():
            self.bars.at_least(f"sim_{name}", percent(table[name]["exact"], table[name]["vehicles"]), "%", least)
        events = sum(t["events"] for t in bars.values())
        self.bars.at_most("sim_invented", percent(sum(t["invented"] for t in bars.values()), events), "%", 0.1)

    def frames(self, folder):
        """Single frames of the street: tables; returns their paths."""
        rows, records = {}, {}
        for i, (name, (light, weather)) in enumerate(sim_street.LIGHTS.items()):
            rows[name] = sim_street.frames(self.args.build, os.path.join(folder, name), sim_street.SEED + 20 + i,
                                           3 if self.args.short else 15, light, weather)
            records[name] = sim_street.judge_frames(self.args.reader, rows[name])
        everything = [r for some in records.values() for r in some]
        self.table("sim_light", "simulated street, single frames: by light",
                   {n: next(iter(tables.cut(r, lambda _: n).values())) for n, r in records.items() if r})
        self.table("sim_width", "simulated street, single frames: by plate width, pixels", tables.by_width(everything))
        self.table("sim_angle", "simulated street, single frames: by the steepest side, degrees", tables.by_angle(everything))
        return [r["path"] for some in rows.values() for r in some]

    # --- cost ------------------------------------------------------------------------------------------------------------

    def costs(self, files, real, folder):
        """Time, stages, instructions and memory over these files; bars when they are real photos."""
        args, what = self.args, "us" if real else "simulated frames"
        stages, lines = cost.stages(os.path.join(args.build, "test/read_stages"), files)
        self.table("stages", f"{what}: mean ms a photo by stage, one thread", stages)
        hd = [line["file"] for line in lines if (line["width"], line["height"]) == (1280, 720)] or files
        peak = (self.peak_kb or cost.read(args.reader, files)[1]) * 1024 / 1e6
        repeats = 2 if args.short else 5
        row = {"one_thread_ms": cost.median_ms(args.reader, hd, 1, repeats), "two_threads_ms": cost.median_ms(args.reader, hd, 2, repeats),
               "peak_memory_mb": peak, "photos": len(hd)}
        openalpr = cost.openalpr_ms(hd, repeats)
        row |= {"openalpr_ms": openalpr} if openalpr else {}
        counted = cost.instructions(args.reader, hd[:args.counted], folder) if args.counted else None
        row |= {"minstructions": counted} if counted else {}
        self.table("cost", f"{what}: cost a 1280x720 photo (median of the best of {repeats})", {"alpr-read": row})
        if real:
            self.bars.at_most("photo_ms", row["one_thread_ms"], "ms", round(openalpr / 6, 2) if openalpr else 40)
            self.bars.at_most("peak_memory", peak, "MB", 150)

    # --- all of it ---------------------------------------------------------------------------------------------------------

    def run(self):
        os.makedirs(self.args.out, exist_ok=True)
        began = time.time()
        with tempfile.TemporaryDirectory(prefix="alpr-bench-") as folder:
            self.score_sets()
            self.accuracy_bars()
            photos = [r["file"] for r in self.sets["us"].records] if "us" in self.sets else []
            frames = self.frames(folder) if self.args.passages else []
            if photos or frames:
                self.costs(photos or frames, bool(photos), folder)
        if not self.args.short:
            self.angled()
            self.negatives()
        self.photo_tables()
        self.engines()
        self.passages()
        self.missing_bars()
        tables.save(os.path.join(self.args.out, "reader.json"),
                    {"machine": {"cpu": cpu(), "cores": os.cpu_count(), "load": os.getloadavg()[0], "seconds": round(time.time() - began)},
                     "short": self.args.short, "bars": self.bars.rows, "not_measured": self.bars.missing, "tables": self.tables})
        return self.bars.end()


def cpu():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        return next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    sys.exit(Bench(arguments(sys.argv[1:])).run())
