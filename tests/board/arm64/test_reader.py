# SPDX-License-Identifier: Apache-2.0
"""The reader says on arm64 what it says here: the same pictures through both builds of alpr-read."""
import json
import os
import subprocess
from pathlib import Path

import pytest

HOST, ARM64, SYSROOT = (Path(os.environ[name]) for name in ("ALPR_BUILD", "ALPR_ARM64", "ALPR_SYSROOT"))
PICTURES = 5  # 4 s each under emulation
SAME_CONFIDENCE = 1e-3
SAME_CORNER = 0.1  # pixels


@pytest.fixture(scope="module", name="reads")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("street")
    subprocess.run([HOST / "bin/alpr-sim", "street", "--out", folder, "--seed", "5", "--passages", "5", "--light", "mixed", "--format", "pgm",
                    "--skip-empty", "--every", "5"], check=True, timeout=120)
    pictures = sorted((folder / "cam0").iterdir())
    pictures = pictures[::max(1, len(pictures) // PICTURES)][:PICTURES]
    assert len(pictures) == PICTURES
    said = []
    for run in ([HOST / "bin/alpr-read"], ["qemu-aarch64-static", "-L", SYSROOT, ARM64 / "bin/alpr-read"]):
        done = subprocess.run([*run, *pictures], capture_output=True, text=True, timeout=300, check=True)
        said.append([json.loads(line)["plates"] for line in done.stdout.splitlines()])
    assert len(said[0]) == len(said[1]) == PICTURES
    return list(zip(*said))


def test_something_is_read(reads):
    assert sum(len(here) for here, _ in reads) >= PICTURES // 2


def test_texts_and_jurisdictions_are_identical(reads):
    for here, there in reads:
        assert [(p["text"], p["jurisdiction"]) for p in here] == [(p["text"], p["jurisdiction"]) for p in there]


def test_confidences_and_corners_agree(reads):
    for here, there in reads:
        for a, b in zip(here, there):
            print(f"confidence {abs(a['confidence'] - b['confidence']):.6f} apart, corners "
                  f"{max(abs(p - q) for p, q in zip(a['quad'], b['quad'])):.3f} px")
            assert abs(a["confidence"] - b["confidence"]) <= SAME_CONFIDENCE
            assert max(abs(p - q) for p, q in zip(a["quad"], b["quad"])) <= SAME_CORNER
