# SPDX-License-Identifier: Apache-2.0
"""The reader on the simulated street: whole passages through the daemon, and single frames through alpr-read."""
import json
import os
import subprocess
import tempfile
from pathlib import Path

from tests.bench.cost import read
from tests.bench.score import bounds, judge
from tests.box import Box, read_lines
from tests.truth import assign, passages

# Nothing was trained on these streets.
SEED = 5150001
LIGHTS = {"day": ("day", "clear"), "night": ("night", "clear"), "rain": ("mixed", "rain")}


def count(reads, vehicles):
    """
    tests.truth.assign, and stricter on what is invented: "invented" takes in a further event of a vehicle whose text is not its
    plate. {"vehicles", "events", "exact", "missed", "wrong", "duplicates", "invented"}
    """
    score = assign(reads, vehicles)
    by_vehicle = {}
    for read_ in reads:
        if read_["vehicle"] is not None:
            by_vehicle.setdefault(read_["vehicle"], []).append(read_)
    surplus = 0
    for index, found in by_vehicle.items():
        misread = sum(r["text"] != vehicles[index]["plate"] for r in found)
        surplus += misread - (misread == len(found))  # the only word on a vehicle may be wrong; that is no invention
    return score | {"events": len(reads), "invented": score["invented"] + surplus}


def drive(build, seed, vehicles, light, weather, hard="none", timeout=None):
    """Let so many vehicles pass a whole box (alprd, both cameras, no frame left out): count() of it, with vision's ms a pair."""
    with tempfile.TemporaryDirectory(prefix="alpr-bench-") as folder:
        truth = Path(folder) / "truth.jsonl"
        box = Box(Path(folder), {"camera": {"driver": "sim", "seed": seed, "passages": vehicles, "rate": 0, "light": light,
                                            "weather": weather, "hard": hard, "truth": truth}}, build=build)
        with box:
            box.wait(lambda b: b.counters("capture").get("ended") == 1, timeout or 120 + 10 * vehicles, "the street to end")
            vision = box.counters("vision")
            if box.stop() != 0:
                raise SystemExit("bench-reader: alprd did not stop well")
        with box.database() as database:
            reads = passages(database, build)
        score = count(reads, [v for v in read_lines(truth) if "plate" in v])
    return score | {"ms_per_pair": vision.get("ms_per_pair", 0), "ms_per_pair_p99": vision.get("ms_per_pair_p99", 0)}


def frames(build, folder, seed, vehicles, light, weather):
    """Every fourth frame of a street with a vehicle in it as a file below `folder`: rows of frames.jsonl with `path`."""
    subprocess.run([os.path.join(build, "bin/alpr-sim"), "street", "--out", folder, "--seed", str(seed), "--passages", str(vehicles),
                    "--light", light, "--weather", weather, "--format", "jpeg", "--every", "4", "--skip-empty"],
                   check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(folder, "frames.jsonl"), encoding="utf-8") as f:
        return [row | {"path": os.path.join(folder, row["file"])} for row in map(json.loads, f)]


def judge_frames(reader, rows):
    """A judged record for each plate that a frame shows whole."""
    out = []
    for line, row in zip(read(reader, [r["path"] for r in rows])[0], rows):
        for plate in row["plates"]:
            if plate["inside"] and not plate["occluded"]:
                x0, y0, x1, y1 = bounds(plate["quad"])
                record = judge(line, (x0, y0, x1 - x0, y1 - y0), None, plate["text"])
                out.append(record | {"outline": plate["quad"]})
    return out
