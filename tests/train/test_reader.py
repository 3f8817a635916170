# SPDX-License-Identifier: Apache-2.0
"""The reader's training: a few dozen steps on renderings alone, through `make train-reader`."""
import hashlib
import json
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("ALPR_BUILD", os.path.join(ROOT, "build", "host"))
SMALL = "--batch 24 --plates 100 --drawn 60"


def make(*args):
    return subprocess.run(["make", "--no-print-directory", *args], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a small training, as make leaves it."""
    folder = tmp_path_factory.mktemp("train")
    run = make("train-reader", f"TRAINED={folder}", "STEPS=60", "SEED=7", "READER_PLATES=us-5-60 eu-6-30", f"READER_MORE={SMALL}")
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def losses(folder, seed):
    """The first losses of a training with that seed."""
    out = folder / "not-there-yet" / f"{seed}.onnx"
    command = [sys.executable, os.path.join(ROOT, "ocr", "train", "read_train.py"), "--steps", "4", "--seed", str(seed), *SMALL.split(),
               "--sim", str(folder / "plates" / "us-5-60"), "--sim", str(folder / "plates" / "eu-6-30"), "--out", str(out)]
    subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)
    return [loss for _, loss in json.loads(out.with_name(out.name + ".json").read_text())["loss"]]


def test_the_loss_falls(trained):
    run = json.loads((trained / "reader" / "read.onnx.json").read_text())
    assert [step for step, _ in run["loss"]] == list(range(1, 61))
    loss = [value for _, value in run["loss"]]
    assert np.mean(loss[-5:]) < 0.7 * np.mean(loss[:3])


def test_opencv_runs_the_model(trained):
    net = cv2.dnn.readNetFromONNX(str(trained / "reader" / "read.onnx"))
    net.setInput(np.zeros((1, 1, 48, 128), np.float32))
    out = net.forward("logits")
    assert out.shape == (1, 37, 1, 32) and np.isfinite(out).all()


def test_alpr_read_runs_the_model(trained, tmp_path):
    """The programs find models beside themselves: a copy with the new model reads a picture."""
    (tmp_path / "bin").mkdir()
    shutil.copy(os.path.join(BUILD, "bin", "alpr-read"), tmp_path / "bin")
    shutil.copytree(os.path.join(ROOT, "ocr", "models"), tmp_path / "models")
    shutil.copy(trained / "reader" / "read.onnx", tmp_path / "models" / "read.onnx")
    pictures = np.fromfile(trained / "plates" / "us-5-60" / "plates.bin", np.uint8).reshape(-1, 240, 480)
    cv2.imwrite(str(tmp_path / "plate.png"), pictures[0])
    run = subprocess.run([tmp_path / "bin" / "alpr-read", tmp_path / "plate.png"], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert "plates" in json.loads(run.stdout)


def test_the_report_shows_curves_and_confusions(trained):
    folder = trained / "reader" / "report"
    page = (folder / "report.md").read_text()
    digest = hashlib.sha256((trained / "reader" / "read.onnx").read_bytes()).hexdigest()
    assert digest in page and "seed 7" in page and str(trained) not in page
    for name in ("curves.png", "confusion.png"):
        assert f"({name})" in page
        picture = cv2.imread(str(folder / name))
        assert picture is not None and picture.shape[1] > 500 and picture.std() > 5
    again = folder / "again"
    subprocess.run([sys.executable, os.path.join(ROOT, "ocr", "train", "report.py"), folder / "run.json", again], check=True, timeout=60)
    assert (again / "report.md").read_text() == page


def test_confusions_count_every_character(trained):
    """Each character of each truth stands in the matrix once, read rightly, wrongly or not at all."""
    counts = json.loads((trained / "reader" / "read.onnx.json").read_text())["confusion"]
    assert all(truth or read for truth, read, _ in counts)
    assert sum(n for truth, _, n in counts if truth) > 60 * 3


def test_a_seed_repeats(trained):
    first, second, other = losses(trained, 3), losses(trained, 3), losses(trained, 4)
    assert first == pytest.approx(second, abs=1e-4)
    assert first != pytest.approx(other, abs=1e-3)


def test_going_on_from_a_checkpoint_keeps_its_story(trained):
    """The report of a later stage shows the earlier ones too."""
    out = trained / "later.onnx"
    command = [sys.executable, os.path.join(ROOT, "ocr", "train", "read_train.py"), "--steps", "3", "--seed", "8", *SMALL.split(),
               "--start", str(trained / "reader" / "read.onnx.pt"), "--sim", str(trained / "plates" / "us-5-60"), "--out", str(out),
               "--report", str(trained / "later")]
    subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)
    run = json.loads((trained / "later.onnx.json").read_text())
    assert [step for step, _ in run["loss"]] == list(range(1, 64))
    assert [s["step"] for s in run["scores"]] == [60, 63]
    page = (trained / "later" / "report.md").read_text()
    assert "Went on from: " in page and "seed 7" in page and "seed 8" in page
