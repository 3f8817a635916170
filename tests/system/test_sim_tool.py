# SPDX-License-Identifier: Apache-2.0
"""alpr-sim: what it writes is what it says, and every wrong call is refused."""
import json
import os
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

BUILD = Path(os.environ.get("ALPR_BUILD", Path(__file__).resolve().parents[2] / "build" / "host"))
SIM = BUILD / "bin" / "alpr-sim"


def sim(*args):
    run = subprocess.run([SIM, *map(str, args)], capture_output=True, timeout=120, check=False)
    return run.returncode, run.stdout.decode(), run.stderr.decode()


def lines(path: Path) -> list:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_plates_and_their_table_agree(tmp_path):
    status, _, _ = sim("plates", "--seed", 3, "--count", 25, "--out", tmp_path, "--style", "mixed")
    assert status == 0
    rows = [row.split("\t") for row in (tmp_path / "plates.tsv").read_text().splitlines()]
    pictures = np.fromfile(tmp_path / "plates.bin", np.uint8)
    assert len(rows) == 25 and pictures.size == 25 * 240 * 480
    for i, (index, text, state, *box, style, aspect) in enumerate(rows):
        assert int(index) == i and 1 <= len(text) <= 9 and text.isalnum() and text.upper() == text
        assert style in ("us", "eu") and (state == "-") == (style == "eu")
        x0, y0, x1, y1 = map(float, box)
        assert 0 <= x0 < x1 <= 480 and 0 <= y0 < y1 <= 240
        assert abs((x1 - x0) / (y1 - y0) - float(aspect)) < 0.05


def test_a_plate_is_the_same_however_many_are_made(tmp_path):
    for name, count in (("a", 5), ("b", 12)):
        assert sim("plates", "--seed", 8, "--count", count, "--out", tmp_path / name)[0] == 0
    few, many = ((tmp_path / n / "plates.bin").read_bytes() for n in "ab")
    assert many.startswith(few)
    assert sim("plates", "--seed", 9, "--count", 5, "--out", tmp_path / "c")[0] == 0
    assert (tmp_path / "c" / "plates.bin").read_bytes() != few


def test_street_pictures_and_truth(tmp_path):
    plates = tmp_path / "plates.txt"
    plates.write_text("# two\nAB1C2D MO\nXYZ9876\n")
    status, out, _ = sim("street", "--seed", 4, "--passages", 4, "--out", tmp_path / "s", "--width", 640, "--height", 360,
                         "--plates", plates, "--wanted-share", 0, "--format", "jpeg", "--skip-empty")
    assert status == 0 and "4 vehicles" in out
    truth = lines(tmp_path / "s" / "truth.jsonl")
    assert [t["vehicle"] for t in truth] == [1, 2, 3, 4]
    assert sorted(t["plate"] for t in truth if t["wanted"]) == ["AB1C2D", "XYZ9876"]
    frames = lines(tmp_path / "s" / "frames.jsonl")
    assert frames and all(f["plates"] for f in frames)
    for frame in frames:
        picture = cv2.imread(str(tmp_path / "s" / frame["file"]), cv2.IMREAD_GRAYSCALE)
        assert picture.shape == (360, 640)
    for vehicle in truth:
        for camera, sight in enumerate(vehicle["cameras"]):
            times = [f["capture_ns"] for f in frames if f["camera"] == camera for p in f["plates"]
                     if p["vehicle"] == vehicle["vehicle"] and p["inside"] and not p["occluded"] and p["px"] >= 40]
            assert (min(times), max(times), len(times)) == (sight["first_ns"], sight["last_ns"], sight["frames"])


@pytest.mark.parametrize("light,weather,hard", [("dusk", "rain", "some"), ("night", "clear", "all"), ("mixed", "mixed", "all")])
def test_every_setting_runs(tmp_path, light, weather, hard):
    status, _, err = sim("street", "--passages", 2, "--out", tmp_path, "--width", 320, "--height", 180, "--light", light,
                         "--weather", weather, "--hard", hard, "--format", "none")
    assert status == 0, err
    assert len(lines(tmp_path / "truth.jsonl")) == 2


@pytest.mark.parametrize("args", [
    [], ["fly"], ["plates"], ["plates", "--out"], ["plates", "--count", "-1", "--out", "OUT"], ["plates", "--count", "many", "--out", "OUT"],
    ["plates", "--style", "mars", "--out", "OUT"], ["plates", "--dirt", "2", "--out", "OUT"], ["plates", "--out", "OUT", "extra"],
    ["street"], ["street", "--light", "noon", "--out", "OUT"], ["street", "--weather", "snow", "--out", "OUT"],
    ["street", "--hard", "very", "--out", "OUT"], ["street", "--width", "99999", "--out", "OUT"], ["street", "--format", "gif", "--out", "OUT"],
    ["street", "--rate", "nan", "--out", "OUT"], ["street", "--passages", "0", "--out", "OUT"], ["street", "--wrong", "--out", "OUT"],
])
def test_wrong_calls_are_refused(tmp_path, args):
    status, _, err = sim(*[str(tmp_path / "o") if a == "OUT" else a for a in args])
    assert status == 2 and err and "Traceback" not in err
    assert not (tmp_path / "o").exists()


def test_failures_say_why(tmp_path):
    bad = tmp_path / "bad.txt"
    bad.write_text("SECRET1 MO\nSECRET22 not a state\n")
    for args, why in ((["--plates", bad], "line 2"), (["--plates", tmp_path / "none"], "No such file"), (["--fonts", tmp_path], "font")):
        status, _, err = sim("street", "--out", tmp_path / "o", *args)
        assert status == 1 and err.startswith("alpr-sim: ") and why in err and "SECRET" not in err
    (tmp_path / "file").write_text("")
    assert sim("street", "--out", tmp_path / "file" / "x")[0] == 1
    assert sim("plates", "--out", "/dev/full")[0] == 1


def test_too_many_wanted_plates(tmp_path):
    plates = tmp_path / "plates.txt"
    plates.write_text("A1 MO\nB2 MO\nC3 MO\n")
    status, _, err = sim("street", "--passages", 2, "--plates", plates, "--out", tmp_path / "o")
    assert status == 2 and "more wanted plates" in err
