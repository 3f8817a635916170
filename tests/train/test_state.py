# SPDX-License-Identifier: Apache-2.0
"""The training of the network that tells the state: a few dozen steps on renderings alone, through `make train-state`."""
import hashlib
import json
import os
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
TRAIN = os.path.join(ROOT, "ocr", "train")
sys.path.insert(0, TRAIN)
import state_designs  # noqa: E402 (beside the trainings, not installed)
import state_lexicon  # noqa: E402
import state_render  # noqa: E402

SMALL = "--batch 16 --plates 60 --drawn 40"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a small training, as make leaves it."""
    folder = tmp_path_factory.mktemp("train")
    run = subprocess.run(["make", "--no-print-directory", "train-state", f"TRAINED={folder}", "STEPS=60", "SEED=7", f"STATE_MORE={SMALL}"],
                         cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / "state"


def losses(folder, seed):
    out = folder / f"again-{seed}.onnx"
    command = [sys.executable, os.path.join(TRAIN, "state_train.py"), "--steps", "3", "--seed", str(seed), *SMALL.split(), "--out", str(out)]
    subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)
    return [loss for _, loss in json.loads((folder / f"again-{seed}.onnx.json").read_text())["loss"]]


def test_the_loss_falls(trained):
    loss = [value for _, value in json.loads((trained / "state.onnx.json").read_text())["loss"]]
    assert len(loss) == 60 and np.mean(loss[-5:]) < 0.75 * np.mean(loss[:3])


def test_opencv_runs_the_model(trained):
    net = cv2.dnn.readNetFromONNX(str(trained / "state.onnx"))
    net.setInput(np.zeros((1, 1, 32, 192), np.float32))
    out = net.forward("logp")
    assert out.shape == (1, 27, 1, 48) and np.allclose(np.exp(out).sum(axis=1), 1, atol=1e-3)


def test_the_report_shows_curves_and_confusions(trained):
    page = (trained / "report" / "report.md").read_text()
    assert hashlib.sha256((trained / "state.onnx").read_bytes()).hexdigest() in page and "seed 7" in page
    for name in ("curves.png", "confusion.png"):
        picture = cv2.imread(str(trained / "report" / name))
        assert f"({name})" in page and picture is not None and picture.shape[1] > 500 and picture.std() > 5


def test_a_seed_repeats(trained):
    first, second, other = losses(trained, 3), losses(trained, 3), losses(trained, 4)
    assert first == pytest.approx(second, abs=1e-4)
    assert first != pytest.approx(other, abs=1e-3)


def test_tables_agree_with_the_program():
    """Python and C number the states alike, and every state has designs, series and words."""
    with open(os.path.join(ROOT, "ocr", "issuer.c"), encoding="utf-8") as f:
        codes = re.findall(r'\{"([A-Z]{2})", \d', f.read())
    assert codes == state_designs.CODES and len(codes) == 51
    assert all(state_designs.designs().values()) and all(state_designs.series().values())
    assert {s for s, _ in state_lexicon.words()} == set(range(52))


def test_the_names_on_rendered_plates_are_in_the_lexicon():
    """Or no plate of that state could ever be told."""
    known = {(state_designs.CODES[s], w) for s, w in state_lexicon.words() if s < 51}
    for code, designs in state_designs.designs().items():
        for _, (tops, _), (bottoms, _), low, _, _ in designs:
            names = [state_lexicon.letters(t) for t in (bottoms if low else tops) if t]
            assert not names or any((code, n) in known for n in names), (code, names)


def test_likelihoods_are_sums_over_paths():
    lexicon = state_lexicon.Lexicon()
    p = np.full((40, 27), 1e-4)
    for i, c in enumerate("MISSOURI"):
        p[2 * i, ord(c) - 64] = p[2 * i + 1, 0] = 0.9
    p[16:, 0] = 0.9
    look = lexicon.look([np.log(p / p.sum(axis=1, keepdims=True))])
    assert state_designs.CODES[int(look[:51].argmax())] == "MO" and np.exp(look).sum() == pytest.approx(1)
    assert look[state_designs.CODES.index("MO")] > np.log(0.9)


def test_plates_say_what_stands_on_them():
    plates = state_render.Plates(np.random.default_rng(1))
    for _ in range(60):
        flat, label, texts = plates.one()
        assert flat.shape == (state_render.HEIGHT, state_render.WIDTH) and flat.dtype == np.uint8
        assert 0 <= label <= state_designs.UNKNOWN and len(texts) == 2
