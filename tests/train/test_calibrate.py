# SPDX-License-Identifier: Apache-2.0
"""The numbers of ocr/calibration.h are found again by the command that the header names."""
import os
import re
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("ALPR_BUILD", os.path.join(ROOT, "build", "host"))
CALIBRATE = os.path.join(ROOT, "ocr", "train", "calibrate.py")
HEADER = os.path.join(ROOT, "ocr", "calibration.h")


def calibrate(*args):
    return subprocess.run([sys.executable, CALIBRATE, "--build", BUILD, *args], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plates")
    subprocess.run([os.path.join(BUILD, "bin/alpr-sim"), "plates", "--style", "us", "--seed", "991", "--count", "12", "--out", folder],
                   check=True)
    return str(folder)


def test_the_engines_numbers_are_fitted_and_written(tmp_path, plates):
    header = tmp_path / "calibration.h"
    shutil.copy(HEADER, header)
    before = header.read_text()
    header.write_text(re.sub(r"\.engine = \{[^}]*\}", ".engine = {0.2f, 0.2f}", before))
    run = calibrate("--sim", plates, "--header", str(header), "--write")
    assert run.returncode == 0, run.stderr
    assert re.search(r"^after : \d+ of 12 right; expected calibration error", run.stdout, re.M), run.stdout
    after = header.read_text()
    engines = [float(v) for v in re.search(r"\.engine = \{([^}]*)\}", after)[1].replace("f", "").split(",")]
    assert len(engines) == 2 and engines[0] > 0.3 and engines[1] > 0
    # Renderings say nothing of the localiser's scores.
    line = re.compile(r"CALIBRATION_(?:SLOPE|HALF).*")
    assert line.findall(after) == line.findall(before)


def test_without_write_nothing_changes(tmp_path, plates):
    header = tmp_path / "calibration.h"
    shutil.copy(HEADER, header)
    assert calibrate("--sim", plates, "--header", str(header)).returncode == 0
    assert header.read_text() == open(HEADER, encoding="utf-8").read()


def test_something_to_fit_on_is_needed():
    run = calibrate()
    assert run.returncode == 2 and "--photos" in run.stderr
