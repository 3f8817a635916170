# SPDX-License-Identifier: Apache-2.0
"""The models that are shipped, their card, and what puts a model there."""
import hashlib
import os
import re
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
MODELS = os.path.join(ROOT, "ocr", "models")
SHIP = os.path.join(ROOT, "ocr", "train", "ship.py")


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def on_card(folder):
    """The hash that the card names for each model."""
    with open(os.path.join(folder, "README.md"), encoding="utf-8") as f:
        sections = re.split(r"^## ", f.read(), flags=re.M)[1:]
    return {s.split("\n", 1)[0].strip(): re.findall(r"^\| sha256 \| ([0-9a-f]{64}) \|$", s, re.M)
            for s in sections if "| sha256 |" in s}


def test_the_card_names_every_model_by_its_hash():
    files = {name: [digest(os.path.join(MODELS, name))] for name in os.listdir(MODELS) if name != "README.md"}
    assert files and on_card(MODELS) == files


def test_models_are_small():
    assert {name: size for name in os.listdir(MODELS) if (size := os.path.getsize(os.path.join(MODELS, name))) > 4 << 20} == {}


@pytest.fixture
def shelf(tmp_path):
    """A copy of the models and a made-up new reader with a report beside it."""
    shutil.copytree(MODELS, tmp_path / "models")
    (tmp_path / "new" / "report").mkdir(parents=True)
    (tmp_path / "new" / "read.onnx").write_bytes(b"another reader")
    (tmp_path / "new" / "report" / "report.md").write_text("how it came about\n")
    return tmp_path


def ship(shelf, model):
    return subprocess.run([sys.executable, SHIP, shelf / "new" / model, shelf / "models", shelf / "reports"], capture_output=True,
                          text=True, timeout=60, check=False)


def test_shipping_a_model_changes_its_hash_on_the_card_alone(shelf):
    before = on_card(shelf / "models")
    assert ship(shelf, "read.onnx").returncode == 0
    assert (shelf / "models" / "read.onnx").read_bytes() == b"another reader"
    assert on_card(shelf / "models") == {**before, "read.onnx": [hashlib.sha256(b"another reader").hexdigest()]}
    assert (shelf / "reports" / "read" / "report.md").read_text() == "how it came about\n"


def test_a_model_without_a_card_is_refused(shelf):
    (shelf / "new" / "other.onnx").write_bytes(b"nobody wrote about it")
    run = ship(shelf, "other.onnx")
    assert run.returncode == 1 and "no section '## other.onnx'" in run.stderr
    assert not (shelf / "models" / "other.onnx").exists()


def test_a_large_model_is_refused(shelf):
    (shelf / "new" / "read.onnx").write_bytes(bytes((4 << 20) + 1))
    run = ship(shelf, "read.onnx")
    assert run.returncode == 1 and "more than 4194304" in run.stderr
    assert on_card(shelf / "models")["read.onnx"] == [digest(shelf / "models" / "read.onnx")]
