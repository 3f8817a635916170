# SPDX-License-Identifier: Apache-2.0
"""alpr-read against its contract: what it prints, what it refuses, and that it reads."""
import json
import os
import resource
import subprocess

import cv2
import numpy as np
import pytest

BUILD = os.environ.get("ALPR_BUILD", os.path.join(os.path.dirname(__file__), "..", "..", "build", "host"))
READ = os.path.join(BUILD, "bin", "alpr-read")
SIM = os.path.join(BUILD, "bin", "alpr-sim")


def read(*args, limit=None):
    """Run alpr-read: (status, one object a line, stderr). limit: bytes of address space (a sanitised build needs terabytes)."""
    limit = None if "asan" in BUILD else limit
    run = subprocess.run([READ, *map(str, args)], capture_output=True, timeout=120, check=False,
                         preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))) if limit else None)
    return run.returncode, [json.loads(line) for line in run.stdout.decode("utf-8").splitlines()], run.stderr.decode()


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    """Forty flat plates of the simulator as pictures: (path, text)."""
    folder = tmp_path_factory.mktemp("plates")
    subprocess.run([SIM, "plates", "--seed", "90210", "--count", "40", "--out", folder, "--style", "us",
                    "--dirt", "0.1", "--frames", "0.2"], check=True, timeout=120)
    pictures = np.fromfile(folder / "plates.bin", np.uint8).reshape(-1, 240, 480)
    out = []
    for row in (folder / "plates.tsv").read_text().splitlines():
        index, text = row.split("\t")[:2]
        path = folder / f"{index}.png"
        small = cv2.resize(pictures[int(index)], (160, 80), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(path), small)
        out.append((path, text))
    return out


@pytest.fixture(scope="module")
def grey(tmp_path_factory):
    """A picture with nothing in it."""
    path = tmp_path_factory.mktemp("grey") / "grey.png"
    cv2.imwrite(str(path), np.full((240, 320), 128, np.uint8))
    return path


def check_plate(plate, pair=False):
    assert set(plate) == {"text", "confidence", "quad", "jurisdiction", "chars", "alternatives"} | ({"quad2"} if pair else set())
    assert plate["text"] and set(plate["text"]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    assert 0 < plate["confidence"] <= 1
    for quad in [plate["quad"]] + ([plate["quad2"]] if pair else []):
        assert quad is None or len(quad) == 8 and all(isinstance(v, (int, float)) for v in quad)
    assert plate["jurisdiction"] is None or len(plate["jurisdiction"]) == 2
    assert "".join(c["char"] for c in plate["chars"]) == plate["text"]
    assert all(plate["confidence"] <= c["confidence"] + 1e-3 and c["confidence"] <= 1 for c in plate["chars"])
    assert plate["alternatives"][0] == {"text": plate["text"], "confidence": plate["confidence"]}
    given = [a["confidence"] for a in plate["alternatives"]]
    assert given == sorted(given, reverse=True) and sum(given) <= 1.001


def test_reads_simulated_plates(plates):
    status, lines, errors = read(*(p for p, _ in plates))
    assert status == 0 and errors == ""
    assert [line["file"] for line in lines] == [str(p) for p, _ in plates]
    right = 0
    for line, (_, text) in zip(lines, plates):
        assert set(line) == {"file", "ms", "plates"} and line["ms"] > 0
        for plate in line["plates"]:
            check_plate(plate)
        found = [p["confidence"] for p in line["plates"]]
        assert found == sorted(found, reverse=True)
        right += bool(line["plates"]) and line["plates"][0]["text"] == text
    assert right >= 0.8 * len(plates)


def test_states_are_given_rightly_or_not_at_all(tmp_path):
    """Large clean plates: most of them name their state. As small as far away none may be wrong."""
    subprocess.run([SIM, "plates", "--seed", "5150", "--count", "24", "--out", tmp_path, "--style", "us"], check=True, timeout=120)
    pictures = np.fromfile(tmp_path / "plates.bin", np.uint8).reshape(-1, 240, 480)
    states = [row.split("\t")[2] for row in (tmp_path / "plates.tsv").read_text().splitlines()]
    for name, change, least in (("large", lambda p: p, 12), ("far", lambda p: cv2.resize(p, (60, 30), interpolation=cv2.INTER_AREA), 0)):
        paths = [tmp_path / f"{name}{i}.png" for i in range(len(pictures))]
        for path, picture in zip(paths, pictures):
            cv2.imwrite(str(path), change(picture))
        given = [(line["plates"][0]["jurisdiction"], state) for line, state in zip(read(*paths)[1], states)
                 if line["plates"] and line["plates"][0]["jurisdiction"]]
        assert len(given) >= least and all(said == state for said, state in given), (name, given)


def test_pair_is_read_together(plates):
    status, lines, _ = read("--pair", plates[0][0], plates[0][0], plates[1][0], plates[1][0])
    assert status == 0 and len(lines) == 2
    assert lines[0]["files"] == [str(plates[0][0])] * 2 and "file" not in lines[0]
    for line in lines:
        for plate in line["plates"]:
            check_plate(plate, pair=True)
            assert plate["quad"] == plate["quad2"]


def test_pairs_of_the_simulated_street(tmp_path):
    """Two angles of moving vehicles: most plates that both cameras see whole are read, as one plate with two quads."""
    subprocess.run([SIM, "street", "--out", tmp_path, "--seed", "5", "--passages", "6", "--light", "day", "--weather", "clear",
                    "--hard", "none", "--rate", "10", "--format", "jpeg", "--every", "3", "--skip-empty"], check=True, timeout=300)
    seen = {}
    for row in map(json.loads, (tmp_path / "frames.jsonl").read_text().splitlines()):
        whole = {p["text"] for p in row["plates"] if p["inside"] and not p["occluded"]}
        seen.setdefault(row["file"][5:], {})[row["camera"]] = (tmp_path / row["file"], whole)
    pairs = [cameras for cameras in seen.values() if len(cameras) == 2 and cameras[0][1] & cameras[1][1]]
    status, lines, _ = read("--pair", *(cameras[c][0] for cameras in pairs for c in (0, 1)))
    assert status == 0 and len(lines) == len(pairs)
    wanted = right = joined = 0
    for line, cameras in zip(lines, pairs):
        by_text = {p["text"]: p for p in line["plates"]}
        for text in cameras[0][1] & cameras[1][1]:
            wanted += 1
            right += text in by_text
            joined += text in by_text and bool(by_text[text]["quad"] and by_text[text]["quad2"])
    assert wanted >= 6 and right >= 0.7 * wanted and joined >= 0.6 * wanted


def test_pair_with_one_empty_side(plates, grey):
    status, lines, _ = read("--pair", plates[2][0], grey, grey, plates[2][0])
    assert status == 0
    assert all(p["quad"] and p["quad2"] is None for p in lines[0]["plates"])
    assert all(p["quad"] is None and p["quad2"] for p in lines[1]["plates"])
    assert [p["text"] for p in lines[0]["plates"]] == [p["text"] for p in lines[1]["plates"]]


def test_threads_change_nothing_but_time(plates):
    one = read("--threads", 1, plates[3][0])[1][0]["plates"]
    two = read("--threads", 2, plates[3][0])[1][0]["plates"]
    assert [p["text"] for p in one] == [p["text"] for p in two]


def test_an_empty_picture_has_no_plate(grey):
    status, lines, errors = read(grey)
    assert status == 0 and errors == "" and lines[0]["plates"] == []


def _write(path, data):
    path.write_bytes(data)
    return path


def unreadable(folder, plate):
    png = plate.read_bytes()
    jpeg = cv2.imencode(".jpg", np.zeros((64, 64), np.uint8))[1].tobytes()
    (folder / "folder").mkdir()
    return [
        folder / "missing.png",
        folder / "folder",
        "/dev/zero",
        _write(folder / "empty.png", b""),
        _write(folder / "text.jpg", b"This is no picture.\n" * 50),
        _write(folder / "head.png", png[:60]),
        _write(folder / "head.jpg", jpeg[:24]),
        _write(folder / "wide.pgm", b"P5\n20000 20000\n255\n" + b"\0" * 1000),
        _write(folder / "huge.pgm", b"P5\n4000000000 4000000000\n255\n"),
        _write(folder / "zero.pgm", b"P5\n0 0\n255\n"),
    ]


def test_what_cannot_be_read_is_said_and_the_rest_goes_on(tmp_path, plates):
    bad = unreadable(tmp_path, plates[0][0])
    status, lines, errors = read(*bad, plates[0][0], limit=3 << 30)
    assert status == 1 and "Traceback" not in errors
    assert len(lines) == len(bad) + 1
    for line, path in zip(lines, bad):
        assert set(line) == {"file", "error"} and line["file"] == str(path) and line["error"]
    assert "plates" in lines[-1]


def test_an_unreadable_half_of_a_pair_is_named(tmp_path, plates):
    status, lines, _ = read("--pair", plates[0][0], tmp_path / "none.png", plates[0][0], plates[0][0])
    assert status == 1
    assert lines[0]["file"] == str(tmp_path / "none.png") and lines[0]["error"] and len(lines[0]["files"]) == 2
    assert "plates" in lines[1]


def test_odd_pictures_are_read_or_refused(tmp_path, plates):
    """Every kind gives one line; the plate in 16 bits, with alpha, in colour or grey is the same plate."""
    flat = cv2.imread(str(plates[4][0]), cv2.IMREAD_GRAYSCALE)
    colour = cv2.cvtColor(flat, cv2.COLOR_GRAY2BGR)
    same = {
        "grey.png": flat,
        "deep.png": flat.astype(np.uint16) * 257,
        "alpha.png": cv2.cvtColor(colour, cv2.COLOR_BGR2BGRA),
        "colour.bmp": colour,
    }
    odd = {
        "pixel.png": flat[:1, :1],
        "line.png": flat[:1],
        "tall.png": np.zeros((3000, 2), np.uint8),
        "small.png": cv2.resize(flat, (16, 8)),
        "noise.png": np.random.default_rng(1).integers(0, 255, (200, 400), np.uint8),
        "big.png": cv2.resize(flat, (6000, 3000)),
    }
    for name, picture in {**same, **odd}.items():
        assert cv2.imwrite(str(tmp_path / name), picture)
    status, lines, _ = read(*(tmp_path / n for n in [*same, *odd]), limit=4 << 30)
    assert len(lines) == len(same) + len(odd)
    texts = [[p["text"] for p in line["plates"]] for line in lines[:len(same)]]
    assert texts[0] and all(t == texts[0] for t in texts)
    for line in lines[len(same):]:
        assert ("error" in line) != ("plates" in line)
    assert status == (1 if any("error" in line for line in lines) else 0)


def test_a_cut_off_jpeg_is_refused(tmp_path, plates):
    picture = cv2.imread(str(plates[5][0]), cv2.IMREAD_GRAYSCALE)
    data = cv2.imencode(".jpg", cv2.resize(picture, (640, 320)))[1].tobytes()
    paths = [_write(tmp_path / f"{n}.jpg", data[:len(data) * n // 10]) for n in range(1, 10)]
    status, lines, _ = read(*paths)
    assert status == 1 and len(lines) == 9
    assert all("error" in line and "plates" not in line for line in lines)


def test_file_names_that_are_no_text(tmp_path, grey):
    path = os.fsencode(tmp_path) + b"/\xff\"\n.png"
    with open(path, "wb") as f:
        f.write(grey.read_bytes())
    run = subprocess.run([READ, path], capture_output=True, timeout=60, check=False)
    assert run.returncode == 0
    assert json.loads(run.stdout.decode("utf-8"))["file"].endswith('/?"\n.png')


@pytest.mark.parametrize("args", [[], ["--pair"], ["--pair", "a.png"], ["--threads", "0", "a.png"], ["--threads", "9", "a.png"],
                                  ["--threads", "two", "a.png"], ["--threads"], ["--nonsense", "a.png"]])
def test_wrong_calls(args):
    status, lines, errors = read(*args)
    assert status == 2 and lines == [] and errors.startswith("alpr-read: ") and "usage:" in errors


def test_help():
    run = subprocess.run([READ, "--help"], capture_output=True, timeout=60, check=False)
    assert run.returncode == 0 and b"usage: alpr-read" in run.stdout and run.stderr == b""


def test_output_that_cannot_be_written_is_an_error(grey):
    with open("/dev/full", "wb") as full:
        run = subprocess.run([READ, str(grey)], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert run.returncode == 1
