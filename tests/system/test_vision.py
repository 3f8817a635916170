# SPDX-License-Identifier: Apache-2.0
"""Capture and vision in the whole box, without an RTCC: what becomes of pictures."""
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.box import Box, build_folder, read_lines
from tests.truth import assign, passages


@pytest.fixture(scope="module")
def street(tmp_path_factory) -> Path:
    """Six vehicles as pictures of two cameras, with their truth."""
    out = tmp_path_factory.mktemp("street")
    subprocess.run([build_folder() / "bin/alpr-sim", "street", "--out", out, "--seed", "21", "--passages", "6", "--format", "jpeg"],
                   check=True, stdout=subprocess.DEVNULL)
    return out


def plain_photos(street: Path, most: int) -> list:
    """(file, plate) of pictures of camera 0 that show exactly one plate, the largest of each vehicle."""
    best = {}
    for line in read_lines(street / "frames.jsonl"):
        if line["camera"] == 0 and len(line["plates"]) == 1:
            plate = line["plates"][0]
            if plate.get("inside", True) and plate["px"] > best.get(plate["text"], (0,))[0]:
                best[plate["text"]] = (plate["px"], line["file"])
    return [(street / file, text) for text, (px, file) in sorted(best.items()) if px > 80][:most]


def run(box: Box, timeout: float = 120) -> dict:
    """Drive the box to the end of its source: {role: counters}; leaves it stopped."""
    with box:
        box.wait(lambda b: b.counters("capture").get("ended") == 1, timeout, "the source to end")
        # A status is a second old, and on a busy machine more.
        box.wait(lambda b: b.counters("vision").get("pairs") == b.counters("capture").get("pairs"), 10, "vision to have said so")
        counters = {role: s["counters"] | {"state": s["state"]} for role, s in box.status().items()}
        assert box.stop() == 0
    return counters


def reads_of(box: Box) -> list:
    with box.database() as database:
        return passages(database)


# --- replay ---------------------------------------------------------------------------------------------------------


def test_recorded_pairs_are_one_event_a_vehicle(tmp_path, street):
    box = Box(tmp_path, {"camera": {"driver": "replay", "source": listed(street, tmp_path / "pairs"), "rate": 0}})
    counters = run(box)
    truth = [v for v in read_lines(street / "truth.jsonl") if "plate" in v]
    score = assign(reads_of(box), truth)
    print(json.dumps(score))
    assert score["missed"] == score["duplicates"] == score["invented"] == 0
    assert score["exact"] >= len(truth) - 1
    assert counters["capture"]["pairs"] == counters["vision"]["pairs"] == len(list((street / "cam0").iterdir()))
    assert counters["capture"]["dropped_no_credit"] == 0
    assert counters["vision"]["idle"] > counters["vision"]["pairs"] / 4  # the road is empty between them


def listed(street: Path, folder: Path, angles=(0, 1)) -> Path:
    """A list file beside copies of the pictures, with their capture times; angles left out are `-`."""
    folder.mkdir()
    times, lines = {}, []
    for line in read_lines(street / "frames.jsonl"):
        times.setdefault(line["capture_ns"], {})[line["camera"]] = line["file"]
    for when, files in sorted(times.items()):
        names = []
        for camera in (0, 1):
            name = f"{camera}-{Path(files[camera]).name}"
            if camera in angles:
                os.link(street / files[camera], folder / name)
            names.append(name if camera in angles else "-")
        lines.append(f"{names[0]}\t{names[1]}\t{when}\n")
    path = folder / "list.txt"
    path.write_text("".join(lines))
    return path


def test_one_camera_dead_still_reads_and_says_so(tmp_path, street):
    box = Box(tmp_path, {"camera": {"driver": "replay", "source": listed(street, tmp_path / "pairs", angles=(1,)), "rate": 0}})
    counters = run(box)
    reads = reads_of(box)
    assert counters["vision"]["state"] == "degraded"
    assert counters["capture"]["pairs"] == counters["capture"]["pairs_degraded"] > 100
    assert counters["capture"]["unpaired"] < 20  # until it is taken as dead
    truth = [v for v in read_lines(street / "truth.jsonl") if "plate" in v]
    assert assign(reads, truth)["exact"] >= len(truth) / 2
    assert all(r["degraded"] and not r["angles"][0]["present"] for r in reads)


def test_photographs_and_what_is_none(tmp_path, street):
    """A folder of stills: each is an event of its own; files that are no pictures are skipped, told and counted."""
    folder = tmp_path / "photos"
    folder.mkdir()
    photos = plain_photos(street, 4)
    assert len(photos) >= 3
    for i, (file, _) in enumerate(photos):
        shutil.copy(file, folder / f"{i}.jpg")
    (folder / "00-empty.jpg").write_bytes(b"")
    (folder / "01-cut.jpg").write_bytes(photos[0][0].read_bytes()[:300])
    (folder / "02-text.png").write_text("no picture")
    (folder / "03-bomb.pgm").write_bytes(b"P5 60000 60000 255\n")
    (folder / "notes.txt").write_text("not looked at")
    (folder / "04-folder.jpg").mkdir()
    os.mkfifo(folder / "05-pipe.jpg")
    box = Box(tmp_path, {"camera": {"driver": "replay", "source": folder, "single": "yes", "rate": 0},
                         "vision": {"stills": "yes"}})
    counters = run(box)
    assert counters["capture"]["bad_pictures"] == 6
    assert counters["capture"]["pairs"] == len(photos)
    texts = [r["text"] for r in reads_of(box)]
    assert len(set(texts) & {text for _, text in photos}) >= len(photos) - 1
    log = box.log.read_text()
    assert "03-bomb.pgm" in log and not [t for t in texts if t in log]


def test_networks_on_two_threads_in_the_sandbox(tmp_path, street):
    """OpenCV's threads start when the sandbox is closed: Landlock would not bind those that ran before."""
    folder = tmp_path / "photos"
    folder.mkdir()
    photos = plain_photos(street, 2)
    for i, (file, _) in enumerate(photos):
        shutil.copy(file, folder / f"{i}.jpg")
    box = Box(tmp_path, {"camera": {"driver": "replay", "source": folder, "single": "yes", "rate": 0},
                         "vision": {"stills": "yes", "threads": 2}})
    counters = run(box)
    assert counters["vision"]["plates_read"] >= 2
    assert {text for _, text in photos} & {r["text"] for r in reads_of(box)}


def test_an_empty_road_is_never_looked_at(tmp_path, street):
    folder = tmp_path / "road"
    for camera in ("cam0", "cam1"):
        (folder / camera).mkdir(parents=True)
        for i in range(60):
            shutil.copy(street / camera / "000000.jpg", folder / camera / f"{i:03}.jpg")
    box = Box(tmp_path, {"camera": {"driver": "replay", "source": folder, "rate": 0}})
    counters = run(box)
    assert counters["vision"]["idle"] == counters["vision"]["pairs"] == 60
    assert counters["vision"]["triggered"] == counters["vision"]["plates_read"] == 0
    assert reads_of(box) == []


@pytest.mark.parametrize("source, word", [("nowhere", "nowhere"), ("empty", "no pictures"), ("bad.txt", "line 2")])
def test_a_source_that_is_none_is_told(tmp_path, source, word):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.txt").write_text("a.jpg b.jpg\nonly-one.jpg\n")
    with Box(tmp_path, {"camera": {"driver": "replay", "source": tmp_path / source}}) as box:
        box.wait(lambda b: word in b.log.read_text() and "capture" in b.log.read_text(), 20, "capture to say what is wrong")
        assert box.daemon.poll() is None
        assert box.stop() == 0


# --- the store away ---------------------------------------------------------------------------------------------------


def test_passages_wait_for_a_store_that_is_away(tmp_path, street):
    """The store stands still while vehicles pass, until its parent ends it: each passage is there once when it is back."""
    box = Box(tmp_path, {"camera": {"driver": "replay", "source": listed(street, tmp_path / "pairs"), "rate": 0}})
    with box:
        box.wait_running()
        os.kill(box.pid("store"), signal.SIGSTOP)
        box.wait(lambda b: b.counters("vision").get("queue", 0) >= 1, 60, "passages to queue up")
        box.wait(lambda b: b.counters("capture").get("ended") == 1, 120, "the source to end")
        assert box.status()["store"]["restarts"] >= 1
        box.wait(lambda b: b.counters("vision").get("queue") == 0, 10, "vision to say so, too")  # a status is a second old
        assert box.counters("vision")["queue_dropped"] == 0
        assert box.stop() == 0
    truth = [v for v in read_lines(street / "truth.jsonl") if "plate" in v]
    score = assign(reads_of(box), truth)
    assert score["missed"] == score["duplicates"] == 0


def test_stop_loses_no_open_passage(tmp_path, street):
    """SIGTERM while a vehicle is in the picture: what was seen of it becomes an event."""
    box = Box(tmp_path, {"camera": {"driver": "replay", "source": listed(street, tmp_path / "pairs"), "rate": 0},
                         "vision": {"settle_pairs": 100, "longest_ms": 60000}})
    with box:
        box.wait(lambda b: b.counters("vision").get("open", 0) >= 1 and b.counters("vision").get("plates_read", 0) >= 6, 60,
                 "a vehicle to come", every=0.05)
        before = box.counters("store").get("passages", 0)
        assert box.stop() == 0
    assert len(reads_of(box)) > before


# --- the hard street --------------------------------------------------------------------------------------------------


def test_hard_street(tmp_path):
    """Dirt, occlusion, shade, stickers, signs, a parked car, several vehicles at once: still one event a vehicle."""
    count = 20
    box = Box(tmp_path, {"camera": {"driver": "sim", "seed": 9, "passages": count, "rate": 0, "hard": "all",
                                    "truth": tmp_path / "truth.jsonl"}})
    run(box, 400)
    score = assign(reads_of(box), read_lines(tmp_path / "truth.jsonl"))
    print(json.dumps(score))
    assert score["vehicles"] == count
    assert score["duplicates"] == 0
    assert score["invented"] <= 1
    assert score["missed"] <= 1
    assert score["exact"] >= 0.7 * count
