# SPDX-License-Identifier: Apache-2.0
"""A box links what board/arm64/libraries names and nothing else, and all of it fits the room that the image has for it."""
import os
import subprocess
from pathlib import Path

import pytest

from tests.board.arm64.libraries import needed

ROOT = Path(__file__).resolve().parents[3]
SYSROOT = Path(os.environ["ALPR_SYSROOT"])
BOX = ROOT / "build/rk3399"
ROOM = 80e6  # bytes, unpacked: our programs, the models, every library


@pytest.fixture(name="programs")
def all_of_a_box():
    programs = sorted([*(BOX / "bin").iterdir(), *(BOX / "libexec").iterdir()])
    assert {p.name for p in programs} == {"alprd", "alprctl", *(f"alprd-{role}" for role in ("capture", "vision", "store", "uplink", "control",
                                                                                          "device"))}
    return programs


def test_only_what_is_needed(programs):
    listed = {line.split("#")[0].strip() for line in (ROOT / "board/arm64/libraries").read_text().splitlines()} - {""}
    linked = needed(SYSROOT, programs)
    for name, path in sorted(linked.items()):
        print(f"{path.stat().st_size / 1e6:8.2f} MB  {name}")
    assert set(linked) == listed


def test_no_decoder_no_interpreter(programs):
    linked = " ".join(needed(SYSROOT, programs)).lower()
    assert [name for name in ("imgcodecs", "gdal", "libpython", "libcurl", "libssl", "libqt", "poppler") if name in linked] == []


def test_it_fits(programs, tmp_path):
    for program in programs:  # as they go on an image: without debug information
        subprocess.run(["aarch64-linux-gnu-strip", "-o", tmp_path / program.name, program], check=True)
    ours = list(tmp_path.iterdir())
    tuning = [p for p in (SYSROOT / "usr/lib/aarch64-linux-gnu/libcamera").iterdir() if p.name.startswith(("ipa_rkisp1", "ipa_rpi"))]
    assert tuning
    files = [*ours, *tuning, *(p for p in (ROOT / "ocr/models").iterdir() if p.suffix != ".md"), *needed(SYSROOT, programs).values()]
    size = sum(p.stat().st_size for p in files)
    print(f"{size / 1e6:.1f} MB in {len(files)} files, of it {sum(p.stat().st_size for p in ours) / 1e6:.1f} MB programs")
    assert size <= ROOM
