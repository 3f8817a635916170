# SPDX-License-Identifier: Apache-2.0
"""The second reader's training: a small one from nothing, on renderings alone."""
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys

import cv2
import numpy as np
import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("ALPR_BUILD", os.path.join(ROOT, "build", "host"))
SMALL = "--batch 16 --drawn 40"

sys.path.insert(0, os.path.join(ROOT, "ocr", "train"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    run = subprocess.run(["make", "--no-print-directory", "train-tesseract", f"TRAINED={folder}", "STEPS=50", "SEED=7",
                          "TESSERACT_PLATES=us-5-60 eu-6-30", f"TESSERACT_MORE={SMALL}"], cwd=ROOT, capture_output=True, text=True,
                         timeout=600, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / "tesseract"


def test_the_loss_falls(trained):
    run = json.loads((trained / "plate.traineddata.json").read_text())
    assert [step for step, _ in run["loss"]] == list(range(1, 51))
    loss = [value for _, value in run["loss"]]
    assert np.mean(loss[-5:]) < 0.7 * np.mean(loss[:3])
    assert run["sha256"] == hashlib.sha256((trained / "plate.traineddata").read_bytes()).hexdigest()
    assert run["scores"][-1].keys() >= {"rendered", "tesseract_on_rendered"}


def test_the_products_reader_takes_the_file(trained, tmp_path):
    """And no other: one byte changed, and it is refused."""
    models = tmp_path / "models"
    shutil.copytree(os.path.join(ROOT, "ocr", "models"), models)
    shutil.copy(trained / "plate.traineddata", models)
    cv2.imwrite(str(tmp_path / "a.png"), np.full((60, 120), 90, np.uint8))
    (tmp_path / "labels.tsv").write_text("a.png\tMO\tAB1C2D\n")
    command = [os.path.join(BUILD, "test", "bench", "engines"), models, tmp_path / "labels.tsv", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0 and "tesseract  exact 0 of 1" in run.stdout, run.stderr
    data = bytearray((models / "plate.traineddata").read_bytes())
    data[len(data) // 2] ^= 1
    (models / "plate.traineddata").write_bytes(data)
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1 and "not whole, or altered" in run.stderr


def shipped(net, torch):
    """The committed model in torch: its whole numbers times their scales, in the order of the file."""
    with open(os.path.join(ROOT, "ocr", "models", "plate.traineddata"), "rb") as f:
        data = f.read()
    model, at, got = net.Net(), 0, []
    for m in net.matrices(model):
        at = data.index(struct.pack("<iib", *m.shape, 0), at) + 9
        whole = np.frombuffer(data, np.int8, m.size, at).reshape(m.shape)
        at += m.size
        assert struct.unpack_from("<I", data, at)[0] >= len(m)
        scales = np.frombuffer(data, "<f8", len(m), at + 4)
        got.append(torch.from_numpy((whole * scales[:, None]).astype(np.float32)))
    with torch.no_grad():
        for conv in model.convs:
            w, (o, i) = got.pop(0), conv.conv.weight.shape[:2]
            conv.conv.weight.copy_(w[:, :-1].reshape(o, 3, 3, i).permute(0, 3, 2, 1))
            conv.norm.running_var.fill_(1 - conv.norm.eps)
            conv.norm.bias.copy_(w[:, -1])
        for lstm in model.lstms:
            g, i, f, o = (got.pop(0) for _ in range(4))
            both, n = torch.cat([i, f, g, o]), lstm.input_size
            lstm.weight_ih_l0.copy_(both[:, :n])
            lstm.weight_hh_l0.copy_(both[:, n:-1])
            lstm.bias_ih_l0.copy_(both[:, -1])
            lstm.bias_hh_l0.zero_()
        w = got.pop(0)
        model.out.weight.copy_(w[:, :-1])
        model.out.bias.copy_(w[:, -1])
    return model.eval()


def test_tesseract_reads_what_torch_reads(tmp_path):
    """What torch trains is what Tesseract runs: the shipped network, in torch, reads as it does in Tesseract."""
    import tesseract_lines as lines
    import tesseract_net as net
    import tesseract_tools
    import tesseract_train
    import torch

    got = lines.Lines(3).draw(60, 0.2, 0.5, 0.0)
    said = tesseract_train.predict(shipped(net, torch), got)
    assert sum(a == b for a, (_, b) in zip(said, got)) > 30
    tools = tesseract_tools.Tools(str(tmp_path), got[:2])
    listed = tools.listed([(patch, text or "X") for (patch, _), text in zip(got, said)], "said")
    assert tools.evaluate(os.path.join(ROOT, "ocr", "models", "plate.traineddata"), listed)[0] < 6  # percent of characters


def test_the_report_has_its_page(trained):
    page = (trained / "report" / "report.md").read_text()
    assert "seed 7" in page and (trained / "report" / "curves.png").exists() and (trained / "report" / "confusion.png").exists()


def test_the_first_lines_are_plain_and_the_later_ones_are_not():
    import tesseract_lines as lines

    source = lines.Lines(5)
    plain, hard = source.draw(30, 0.0, 1.0, 0.0), source.draw(30, 1.0, 0.0, 0.0)
    assert all(patch.shape == (48, 144) and patch.dtype == np.uint8 and text for patch, text in plain + hard)

    def contrast(got):
        return np.mean([np.percentile(patch, 95) - np.percentile(patch, 5) for patch, _ in got])
    assert contrast(plain) > contrast(hard)


def test_black_and_white_are_found_as_tesseract_finds_them():
    """By hand: the middle row's local extremes are 10, 20 and 200, 220."""
    import tesseract_net as net

    patch = np.full((3, 9), 100, np.uint8)
    patch[1] = [100, 10, 200, 20, 220, 20, 200, 10, 100]
    got = net.normalise(patch)
    assert got.min() == -1 and got[1, 4] == 1 and -1 < got[0, 0] < 1
