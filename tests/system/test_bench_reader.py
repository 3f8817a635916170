# SPDX-License-Identifier: Apache-2.0
"""make bench-reader's arithmetic: with readers that are right and wrong by design, and once with the real one on the street."""
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.bench import cost, sim_street, tables
from tests.box import ROOT, build_folder

BAR = re.compile(r"BAR (\S+) (-?\d+\.\d\d) (\S+) (\d+(?:\.\d+)?) (PASS|FAIL)")
QUAD = [100, 100, 200, 100, 200, 150, 100, 150]
ELSEWHERE = [400, 300, 480, 300, 480, 330, 400, 330]
TEXTS = {"us": [f"AB{i}C2D" for i in range(10)], "crops": [f"XYZ{i}00" for i in range(10)], "eu": [f"B{i}MW77" for i in range(4)]}

# A reader and its timed twin: each file's answer is beside it.
READER = """#!/usr/bin/python3
import json, sys
files = [a for a in sys.argv[1:] if a.startswith("/")]
for f in files:
    answer = json.load(open(f + ".json"))
    if answer is None:
        raise SystemExit(3)
    print(json.dumps({"file": f, **answer}))
"""
STAGES = """#!/usr/bin/python3
import json, sys
for f in sys.argv[1:]:
    print(json.dumps({"file": f, "width": 1280, "height": 720, "ms": 12.0, "stages": {"decode": {"ms": 3.0, "calls": 1},
                                                                                      "localise": {"ms": 7.0, "calls": 1}}}))
"""


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def plate(text, confidence=0.97, quad=None, jurisdiction=None, alternatives=()):
    return {"text": text, "confidence": confidence, "quad": quad or QUAD, "jurisdiction": jurisdiction, "chars": [],
            "alternatives": [{"text": t, "confidence": 0.1} for t in (text, *alternatives)]}


class World:
    """Labelled photos and a reader that knows them all; a test then lets it err."""

    def __init__(self, folder: Path):
        self.folder, self.plates, self.out = folder, folder / "plates", folder / "out"
        program(folder / "bin/alpr-read", READER)
        program(folder / "test/read_stages", STAGES)
        self.answers = {}
        for name, texts in TEXTS.items():
            (self.plates / name).mkdir(parents=True)
            rows = []
            for i, text in enumerate(texts):
                rows.append(f"{i}.png\tMO\t{text}\n" if name == "crops" else f"{i}.png\t100\t100\t100\t50\t{text}\n")
                self.answers[name, i] = {"ms": 20.0 + i, "plates": [plate(text, jurisdiction="MO")]}
            (self.plates / f"{name}.tsv").write_text("".join(rows))

    def run(self, *args, plates=True, path=None):
        """(exit status, {bar: (value, bar, passed)}, stdout, stderr)"""
        for (name, i), answer in self.answers.items():
            picture = self.plates / name / f"{i}.png"
            cv2.imwrite(str(picture), np.full((720, 1280), 90, np.uint8))
            Path(f"{picture}.json").write_text(json.dumps(answer))
        env = os.environ | ({"PATH": f"{path}:{os.environ['PATH']}"} if path else {})
        done = subprocess.run([sys.executable, "-m", "tests.bench.bench_reader", "--build", self.folder, "--out", self.out,
                               "--passages", "0", "--counted", "0", *(["--plates", self.plates] if plates else []), *args],
                              cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("BAR")]
        assert all(BAR.fullmatch(line) for line in lines), lines
        found = [BAR.fullmatch(line).groups() for line in lines]
        bars = {name: (float(value), float(bar), verdict == "PASS") for name, value, _, bar, verdict in found}
        assert len(bars) == len(found)
        return done.returncode, bars, done.stdout, done.stderr


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def failed(bars):
    return {name for name, (_, _, passed) in bars.items() if not passed}


def test_a_reader_that_is_right_passes_every_bar_of_photos(world):
    status, bars, out, _ = world.run()
    assert status == 0 and failed(bars) == set()
    assert set(bars) == {"us_localised", "us_exact", "us_among", "us_false", "crops_exact", "crops_state_right", "crops_state_given",
                         "eu_exact", "sure_exact", "sure_recall", "photo_ms", "peak_memory"}
    assert bars["us_exact"] == (100, 85, True) and bars["sure_recall"] == (100, 60, True)
    assert bars["photo_ms"] == (24.5, 40, True)
    assert out.splitlines()[-1] == "12 passed, 0 failed"
    assert "NOT MEASURED" in out and "sim_day sim_night sim_rain sim_invented" in out
    saved = json.loads((world.out / "reader.json").read_text())
    assert {r["name"] for r in saved["bars"]} == set(bars)
    assert {r["name"] for r in saved["not_measured"]} == {"sim_day", "sim_night", "sim_rain", "sim_invented"}


MISTAKES = {
    "reads one of ten us photos otherwise": ({("us", 0): [plate("ZZ9Z9Z", 0.6)]}, {"us_among"}, {"us_exact": 90, "us_among": 90}),
    "reads two of ten otherwise": ({("us", 0): [plate("ZZ9Z9Z", 0.6)], ("us", 1): [plate("ZZ9Z9Z", 0.6, alternatives=["AB1C2D"])]},
                                   {"us_exact", "us_among"}, {"us_exact": 80, "us_among": 90}),
    "finds no plate": ({("us", 3): []}, {"us_localised", "us_among"}, {"us_localised": 90, "us_exact": 90}),
    "finds it in the wrong place": ({("us", 3): [plate("AB3C2D", quad=ELSEWHERE)]},
                                    {"us_localised", "us_among", "us_false"}, {"us_false": 0.1}),
    "reports what is no plate": ({("us", 3): [plate("AB3C2D"), plate("EXIT", 0.5, ELSEWHERE)]}, {"us_false"}, {"us_false": 0.1}),
    "doubts what is no plate": ({("us", 3): [plate("AB3C2D"), plate("EXIT", 0.49, ELSEWHERE)]}, set(), {"us_false": 0}),
    "is sure of a wrong text": ({("eu", 0): [plate("ZZ9Z9Z", 0.95)]}, {"eu_exact", "sure_exact"}, {"eu_exact": 75, "sure_exact": 95.83}),
    "names a wrong state": ({("crops", 0): [plate("XYZ000", jurisdiction="IL")]}, {"crops_state_right"}, {"crops_state_right": 90}),
    "names half of the states": ({("crops", i): [plate(f"XYZ{i}00")] for i in range(5)}, {"crops_state_given"},
                                 {"crops_state_given": 50, "crops_state_right": 100}),
    "is never sure": ({key: [plate(TEXTS[key[0]][key[1]], 0.8, jurisdiction="MO")] for key in [(n, i) for n in TEXTS for i in
                                                                                             range(len(TEXTS[n]))]},
                      {"sure_exact", "sure_recall"}, {"sure_recall": 0, "us_exact": 100}),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_bars_of_a_reader_that(world, what):
    answers, fails, values = MISTAKES[what]
    for key, plates in answers.items():
        world.answers[key]["plates"] = plates
    status, bars, out, _ = world.run()
    assert {name: bars[name][0] for name in values} == values
    assert failed(bars) == fails
    assert status == (1 if failed(bars) else 0)
    assert out.splitlines()[-1] == f"{12 - len(failed(bars))} passed, {len(failed(bars))} failed"


def test_an_unreadable_photo_is_a_miss(world):
    world.answers["us", 2] = {"error": "the picture is broken"}
    status, bars, _, _ = world.run()
    assert status == 1 and bars["us_localised"][0] == 90


def test_a_slow_reader_fails_and_openalpr_moves_the_bar(world, tmp_path):
    for answer in world.answers.values():
        answer["ms"] = 41.0
    status, bars, _, _ = world.run()
    assert status == 1 and failed(bars) == {"photo_ms"}
    program(tmp_path / "peer/alpr", "#!/usr/bin/python3\nimport sys, json\nfor f in sys.argv:\n    if f.endswith('.png'):\n"
            "        print(json.dumps({'processing_time_ms': 300.0}))\n")
    status, bars, _, _ = world.run(path=tmp_path / "peer")
    assert status == 0 and bars["photo_ms"] == (41, 50, True)
    program(tmp_path / "peer/alpr", "#!/bin/sh\nexit 1\n")
    assert world.run(path=tmp_path / "peer")[1]["photo_ms"] == (41, 40, False)


def test_without_photos_their_bars_are_absent_and_said_to_be(world):
    status, bars, out, _ = world.run(plates=False)
    assert status == 0 and bars == {}
    assert re.search(r"NOT MEASURED \(no real photos.*us_exact.*peak_memory", out)
    assert out.splitlines()[-2:] == ["16 bars not measured", "0 passed, 0 failed"]


def test_with_some_of_the_photos_the_rest_is_absent(world):
    (world.plates / "crops.tsv").unlink()
    status, bars, out, _ = world.run()
    assert status == 0 and "us_exact" in bars and "eu_exact" in bars
    assert not {"crops_exact", "crops_state_given", "sure_exact"} & set(bars)
    assert "crops_exact" in re.search(r"NOT MEASURED \(no real photos.*", out).group(0)


def test_labels_in_doubt_are_shown(world):
    world.answers["us", 4]["plates"] = [plate("QQ4Q4Q", 0.96), plate("SIGN", 0.9, ELSEWHERE)]
    world.answers["us", 5]["plates"] = [plate("QQ5Q5Q", 0.94)]
    _, _, out, _ = world.run()
    assert "us/4.png: AB4C2D read as QQ4Q4Q 0.960" in out and "QQ5Q5Q" not in out
    page = (world.out / "labels/index.html").read_text()
    assert "QQ4Q4Q" in page and "SIGN" in page and "QQ5Q5Q" not in page
    assert (world.out / "labels/us-000.png").exists() and (world.out / "labels/us-elsewhere-000.png").exists()


def test_photos_with_outlines_and_photos_without_plates_are_tabled(world):
    def notes(name, *rows):
        (world.plates / name).mkdir()
        (world.plates / name / "annotations.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))

    labelled = {"x": 100, "y": 100, "w": 100, "h": 50, "quad": [100, 100, 200, 140, 200, 190, 100, 150], "text": "AB1C2D"}
    notes("angled", {"file": "0.png", "stretched": False, "plates": [labelled, labelled | {"text": None}]},
          {"file": "1.png", "stretched": True, "plates": [labelled]}, {"file": "2.png", "stretched": True, "plates": []})
    notes("negatives", {"file": "0.png", "stretched": False, "plates": []})
    world.answers["angled", 0] = {"ms": 1.0, "plates": [plate("AB1C2D")]}
    world.answers["angled", 1] = {"ms": 1.0, "plates": [plate("ZZ9Z9Z")]}
    world.answers["negatives", 0] = {"ms": 1.0, "plates": [plate("EXIT", 0.6), plate("ONLY", 0.2)]}
    assert world.run()[0] == 0
    found = json.loads((world.out / "reader.json").read_text())["tables"]
    assert found["angled_angle"] == {"20-29": {"plates": 1, "exact": 1, "among": 1, "sure": 1, "sure_exact": 1}}
    assert found["squeezed_width"] == {"100-159": {"plates": 1, "exact": 0, "among": 0, "sure": 1, "sure_exact": 0}}
    assert found["negatives"]["reported >= 0.5"] == {"pictures": 1, "plates": 1}
    assert found["negatives"]["reported >= 0.9"]["plates"] == 0


def test_the_readers_alone_are_tabled(world):
    program(world.folder / "test/bench/engines", "#!/bin/sh\n"
            "echo 'network    exact 7 of 10 (70.0 %)  among 9 (90.0 %)  log-likelihood -0.61  ms 2.40'\n"
            "echo 'both       exact 8 of 10 (80.0 %)  among 9 (90.0 %)  ms 7.45'\n")
    assert world.run()[0] == 0
    saved = json.loads((world.out / "reader.json").read_text())["tables"]["engines"]
    assert saved["us network"] == {"plates": 10, "exact": 7, "among": 9, "ms": 2.4} and saved["crops both"]["ms"] == 7.45


def test_a_reader_that_dies_is_no_result(world):
    world.answers["crops", 3] = None
    status, _, out, errors = world.run()
    assert status == 1 and "passed" not in out and "alpr-read gave 3 lines for 10 files" in errors


@pytest.mark.parametrize("args", [["--plates", "/nowhere"], ["--nonsense"], ["--reader", "/nowhere/alpr-read"]])
def test_wrong_calls(world, args):
    status, bars, _, errors = world.run(*args, plates=False)
    assert status == 2 and bars == {} and "bench-reader" in errors


# --- the parts ----------------------------------------------------------------------------------------------------------


def test_invented_events_are_those_whose_text_was_on_no_vehicle():
    def vehicle(text, enter):
        return {"plate": text, "enter_ns": enter * 10 ** 9, "leave_ns": (enter + 3) * 10 ** 9}

    def event(text, when, confidence=0.9):
        return {"text": text, "best_ns": when * 10 ** 9, "confidence": confidence}

    vehicles = [vehicle("AB1C2D", 0), vehicle("XYZ987", 10), vehicle("KLM555", 20)]
    right = [event("AB1C2D", 1), event("XYZ987", 11), event("KLM555", 21)]
    assert sim_street.count([dict(r) for r in right], vehicles)["invented"] == 0
    misread = sim_street.count([event("AB1C2D", 1), event("XYZ981", 11)], vehicles)
    assert (misread["exact"], misread["wrong"], misread["missed"], misread["invented"]) == (1, 1, 1, 0)
    assert sim_street.count([*map(dict, right), event("EXIT", 15)], vehicles)["invented"] == 1
    assert sim_street.count([*map(dict, right), event("XYZ981", 12, 0.5)], vehicles)["invented"] == 1
    assert sim_street.count([*map(dict, right), event("XYZ987", 12)], vehicles) | {"duplicates": 1, "invented": 0, "events": 4} == \
        sim_street.count([*map(dict, right), event("XYZ987", 12)], vehicles)


def test_calibration_is_the_gap_between_said_and_true():
    record = {"reported": True, "confidence": 0.95, "exact": True}
    assert tables.calibration([record] * 19 + [record | {"exact": False}])["ece"] == pytest.approx(0)
    assert tables.calibration([record] * 10 + [record | {"exact": False}] * 10)["ece"] == pytest.approx(0.45)
    low = [{"reported": True, "confidence": 0.35, "exact": True}] * 10
    assert tables.calibration([record] * 10 + low)["ece"] == pytest.approx((0.05 + 0.65) / 2)
    assert tables.calibration([record | {"reported": False, "confidence": 0}])["ece"] == 0


@pytest.mark.parametrize("quad, degrees", [([0, 0, 100, 0, 100, 50, 0, 50], 0), ([0, 0, 100, 100, 50, 150, -50, 50], 45),
                                           ([0, 0, 100, 0, 110, 50, 0, 50], 11.3)])
def test_the_steepest_side(quad, degrees):
    assert tables.steepest(quad) == pytest.approx(degrees, abs=0.1)


def test_stages_add_up_to_the_photo(tmp_path):
    subprocess.run([build_folder() / "bin/alpr-sim", "street", "--out", tmp_path, "--seed", "5150040", "--passages", "1", "--format",
                    "jpeg", "--every", "8", "--skip-empty"], check=True, stdout=subprocess.DEVNULL)
    files = sorted(map(str, tmp_path.glob("cam?/*.jpg")))
    means, lines = cost.stages(build_folder() / "test/read_stages", [*files, str(tmp_path / "none.jpg")])
    assert len(lines) == len(files) > 0 and all(line["width"] == 1280 for line in lines)
    assert set(means) == {"decode", "localise", "read", "second reader", "fuse", "state", "everything else"}
    assert all(s["ms"] > 0 and s["calls"] > 0 for name, s in means.items() if name not in ("second reader", "everything else"))
    for line in lines:
        assert sum(s["ms"] for s in line["stages"].values()) <= line["ms"] + 0.1


def test_the_real_reader_on_the_simulated_street(tmp_path):
    done = subprocess.run([sys.executable, "-m", "tests.bench.bench_reader", "--build", build_folder(), "--out", tmp_path, "--short",
                           "--passages", "1", "--counted", "0"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    bars = {m.group(1): float(m.group(2)) for m in map(BAR.match, done.stdout.splitlines()) if m}
    assert set(bars) == {"sim_day", "sim_night", "sim_rain", "sim_invented"}, done.stdout + done.stderr
    saved = json.loads((tmp_path / "reader.json").read_text())
    assert {"sim_light", "sim_width", "sim_angle", "sim_passages", "stages", "cost"} <= set(saved["tables"])
    assert saved["tables"]["cost"]["alpr-read"]["peak_memory_mb"] > 30
    assert sum(row["vehicles"] for row in saved["tables"]["sim_passages"].values()) == 3
    assert done.returncode == (0 if re.search(r"^4 passed, 0 failed$", done.stdout, re.M) else 1)
