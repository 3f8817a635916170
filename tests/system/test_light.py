# SPDX-License-Identifier: Apache-2.0
"""Exposure, gain and the infrared lamp in the real capture role, on replayed darkness: a control log and a fake lamp tell."""
from pathlib import Path

import pytest

from tests.box import Box, read_lines

CAP_US, CAP_GAIN, NIGHT_GAIN = 250, 6.0, 3.0


def pictures(folder: Path, luma: int) -> Path:
    """Two pairs of one grey, to be looped."""
    for camera in ("cam0", "cam1"):
        (folder / camera).mkdir(parents=True)
        for i in range(2):
            (folder / camera / f"{i}.pgm").write_bytes(b"P5 320 240 255\n" + bytes([luma]) * (320 * 240))
    return folder


def light_box(folder: Path, luma: int, **keys) -> Box:
    lamp = folder / "lamp"
    lamp.mkdir()
    (lamp / "lamp-fault").write_text("0")
    return Box(folder, {"camera": {"driver": "replay", "source": pictures(folder / "pictures", luma), "rate": 10, "loop": "yes",
                                   "width": 320, "height": 240, "controls": folder / "controls.jsonl", "max_exposure": CAP_US,
                                   "max_gain": CAP_GAIN, "night_gain": NIGHT_GAIN, "lamp": "fake", "lamp_folder": lamp} | keys})


def capture(box: Box) -> dict:
    return box.status().get("capture", {})


def last_controls(box: Box) -> dict:
    return {line["camera"]: line for line in read_lines(box.folder / "controls.jsonl")}


def test_night_lamp_and_its_fault(tmp_path):
    lamp = tmp_path / "lamp"
    with light_box(tmp_path, 1) as box:
        box.wait_running()
        box.wait(lambda b: b.counters("capture").get("night") == 1 and b.counters("capture").get("lamp") == 1, 30, "the lamp to be asked on")
        assert (lamp / "lamp").read_text() == "1\n"
        night = {"exposure_us_0": CAP_US, "exposure_us_1": CAP_US, "gain_milli_0": NIGHT_GAIN * 1000, "gain_milli_1": NIGHT_GAIN * 1000}
        state = box.wait(lambda b: (s := capture(b)) and night.items() <= s["counters"].items() and s, 15, "the caps of the night")
        assert state["state"] == "ok" and state["detail"] == "", state
        assert state["counters"]["controls_failed"] == 0
        assert all(line["gain"] == NIGHT_GAIN for line in last_controls(box).values())

        (lamp / "lamp-fault").write_text("1")
        state = box.wait(lambda b: (s := capture(b)).get("state") == "degraded" and s, 10, "the fault to show")
        assert state["detail"] == "IR lamp reports a fault: reads at night will be missed"
        (lamp / "lamp-fault").write_text("0")
        box.wait(lambda b: capture(b)["state"] == "ok", 10, "the fault to be gone")
        pairs = box.counters("capture")["pairs"]
        box.wait(lambda b: b.counters("capture")["pairs"] > pairs, 10, "pairs to go on")
        assert box.stop() == 0
    assert (lamp / "lamp").read_text() == "0\n"
    lines = read_lines(tmp_path / "controls.jsonl")
    assert {line["camera"] for line in lines} == {0, 1}
    assert all(20 <= line["exposure_us"] <= CAP_US and 1 <= line["gain"] <= CAP_GAIN for line in lines)
    assert all(line["gain"] == 1 or line["exposure_us"] == CAP_US for line in lines)
    assert {line["frame_us"] for line in lines} == {100000}  # rate = 10


def test_bright_pictures_are_exposed_shorter_and_need_no_lamp(tmp_path):
    with light_box(tmp_path, 255) as box:
        box.wait_running()
        box.wait(lambda b: (c := last_controls(b)) and all(c.get(i, {}).get("exposure_us", CAP_US) < 25 for i in (0, 1)), 30, "short exposures")
        assert box.counters("capture")["night"] == 0
        assert capture(box)["state"] == "ok"
        assert box.stop() == 0
    assert (tmp_path / "lamp/lamp").read_text() == "0\n"


def test_a_lamp_that_cannot_be_opened_is_said_and_the_rest_goes_on(tmp_path):
    box = light_box(tmp_path, 100)
    (tmp_path / "lamp/lamp").symlink_to("/dev/full")
    with box:
        state = box.wait(lambda b: (s := capture(b)).get("state") == "degraded" and s, 20, "the lamp to be missed")
        assert state["detail"] == "IR lamp does not answer: reads at night will be missed"
        box.wait(lambda b: b.counters("capture")["pairs"] > 5 and b.counters("vision")["pairs"] > 5, 20, "pairs")
        assert capture(box)["restarts"] == 0
        assert "No space left" in box.log.read_text()
        assert box.stop() == 0


@pytest.mark.parametrize("keys, word", [
    ("lamp = candle", "none of board, none, "),
    ("lamp = fake", "lamp_folder"),
    ("max_gain = 0.5", "below 1"),
    ("max_exposure = 100001", "max_exposure"),
])
def test_refused(tmp_path, keys, word):
    box = Box(tmp_path, {})
    box.conf.write_text(f"[camera]\n{keys}\n")
    box.start()
    assert box.daemon.wait(20) == 2
    assert word in box.log.read_text()
