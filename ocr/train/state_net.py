# SPDX-License-Identifier: Apache-2.0
"""The network that reads what is printed above and below the serial of a plate: what it is given, and its export.

Its layers are the reader's (read_train.py) but for the height of what it sees, so that it can start from a reader's weights.
"""
import os

import cv2
import numpy as np
import torch
from torch import nn

import read_augment as aug

IN_WIDTH, IN_HEIGHT = 192, 32
SIDE = 0.03                                # beside the plate, of its width; ocr/state.c does the same
STRIPS = ((-0.06, 0.27), (0.73, 1.06))     # of its height, top and bottom; and the same there
STEPS = 48
CLASSES = 27                               # blank and A-Z


def block(i, o, kernel=3, stride=1, pad=None):
    pad = kernel // 2 if pad is None else pad
    return nn.Sequential(nn.Conv2d(i, o, kernel, stride, pad, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class State(nn.Module):
    """1 x 32 x 192 -> 27 logits x 1 x 48 steps."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            block(1, 16, 5, 2),                 # 16 x 96
            block(16, 32, 3, (2, 1)),           # 8 x 96
            block(32, 64, 3, (1, 2)),           # 8 x 48
            block(64, 64),
            block(64, 96, 3, (2, 1)),           # 4 x 48
            block(96, 96),
            block(96, 160, (4, 1), 1, 0),       # 1 x 48
            block(160, 160, (1, 5), 1, (0, 2)),
            nn.Dropout(0.1),
            nn.Conv2d(160, CLASSES, 1),
        )

    def forward(self, x):
        return self.net(x)


def from_reader(model, checkpoint):
    """Start from a reader's weights: its letters are larger, but letters."""
    theirs, ours = torch.load(checkpoint), model.state_dict()
    for name, w in ours.items():
        last = name in ("net.9.weight", "net.9.bias")
        got = next((v for k, v in theirs.items() if last and k.endswith(name[6:]) and v.shape[0] == 37), None) if last else theirs.get(name)
        if got is None:
            continue
        if last:
            got = torch.cat([got[:1], got[11:37]])
        elif name == "net.6.0.weight":
            got = got[:, :, 1:5]
        if got.shape == w.shape:
            w.copy_(got)


def strip(image, quad, rows):
    """Rows of the plate (shares of its height) as IN_HEIGHT x IN_WIDTH u8: what ocr/state.c does."""
    q = np.asarray(quad, np.float32)

    def at(u, v):
        return (1 - u) * (1 - v) * q[0] + u * (1 - v) * q[1] + u * v * q[2] + (1 - u) * v * q[3]
    q = np.float32([at(-SIDE, rows[0]), at(1 + SIDE, rows[0]), at(1 + SIDE, rows[1]), at(-SIDE, rows[1])])
    w = max(np.hypot(*(q[1] - q[0])), np.hypot(*(q[2] - q[3])))
    h = max(np.hypot(*(q[3] - q[0])), np.hypot(*(q[2] - q[1])))
    f = max(w / IN_WIDTH, h / IN_HEIGHT)
    k = 1 if f < 1.25 else min(8, int(np.ceil(f)))
    to = np.array([[0, 0], [IN_WIDTH * k, 0], [IN_WIDTH * k, IN_HEIGHT * k], [0, IN_HEIGHT * k]], np.float32) - 0.5
    m = cv2.getPerspectiveTransform(to, q - np.float32(0.5))
    out = cv2.warpPerspective(image, m, (IN_WIDTH * k, IN_HEIGHT * k), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                              borderMode=cv2.BORDER_REPLICATE)
    return out if k == 1 else cv2.resize(out, (IN_WIDTH, IN_HEIGHT), interpolation=cv2.INTER_AREA)


def strips(image, quad):
    return [strip(image, quad, rows) for rows in STRIPS]


def found(rng, quad, hard):
    """As a localiser, or somebody who cut the plate out of its picture, gives the corners."""
    q = aug.found(rng, quad, 0.7 * hard)
    if rng.random() < 0.2:
        c = q.mean(axis=0)
        q = c + (q - c) * (1 + rng.uniform(0, [0.08, 0.12]))
    return q.astype(np.float32)


def from_flat(rng, flat, hard):
    """A flat plate (u8) as a camera sees it -> its strips."""
    height = rng.uniform(110 - 50 * hard, 165) if rng.random() < 1 - 0.3 * hard else float(np.exp(rng.uniform(np.log(28), np.log(64))))
    width = height * rng.uniform(1.75, 2.15)
    w, h = int(width * 1.35) + 8, int(height * 1.5) + 8
    corners = np.float32([[-.5, -.5], [.5, -.5], [.5, .5], [-.5, .5]]) * [width, height]
    corners += rng.normal(0, [0.015, 0.03], (4, 2)) * [width, height] * hard
    angle, shear = np.radians(rng.normal(0, 4) * hard), rng.normal(0, 0.06) * hard
    corners = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    corners[:, 1] += shear * corners[:, 0]
    quad = (corners + [w / 2 + rng.uniform(-2, 2), h / 2 + rng.uniform(-2, 2)]).astype(np.float32)
    sw, sh = min(flat.shape[1], max(12, int(width))), min(flat.shape[0], max(8, int(height)))
    small = cv2.resize(flat, (sw, sh), interpolation=cv2.INTER_AREA)
    m = cv2.getPerspectiveTransform(np.float32([[0, 0], [sw, 0], [sw, sh], [0, sh]]) - np.float32(.5), quad - np.float32(.5))
    img = aug._backdrop(rng, w, h, small)
    mask = np.zeros((h, w), np.uint8)
    cv2.fillConvexPoly(mask, np.round(quad * 8 - 4).astype(np.int32), 255, cv2.LINE_AA, 3)
    plate = cv2.warpPerspective(small, m, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    a = mask.astype(np.float32) / 255
    img = img * (1 - a) + plate * a
    img = aug._camera(rng, aug._light(rng, img, hard), hard, min(height, 70))
    if rng.random() < 0.02:
        img = 255 - img
    return strips(img, found(rng, quad, hard))


def from_photo(rng, photo, quad, hard):
    """A labelled region of a photo (u8, corners in it) -> its strips: mild faults, it has its own."""
    img, q = photo, np.asarray(quad, np.float32)
    height = q[3, 1] - q[0, 1]
    if height > 60 and rng.random() < 0.6:
        k = float(np.exp(rng.uniform(np.log(max(55, 0.4 * height) / height), 0)))
        img = cv2.resize(img, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        q = q * [img.shape[1] / photo.shape[1], img.shape[0] / photo.shape[0]]
    if rng.random() < 0.5:
        img = aug._light(rng, img.astype(np.float32), hard * 0.4)
    if rng.random() < 0.5:
        img = aug._camera(rng, img.astype(np.float32), hard * 0.3, min(q[3, 1] - q[0, 1], 60))
    return strips(np.clip(img, 0, 255).astype(np.uint8), found(rng, q, 0.7 * hard))


class Export(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model.net(x).log_softmax(1)


def export(model, path):
    """Write ONNX, and fail when OpenCV's numbers are not torch's."""
    whole = Export(model).eval()
    example = torch.zeros(1, 1, IN_HEIGHT, IN_WIDTH)
    torch.onnx.export(whole, example, path + ".new", opset_version=11, input_names=["luma"], output_names=["logp"])
    x = np.random.default_rng(0).normal(0, 1, example.shape).astype(np.float32)
    net = cv2.dnn.readNetFromONNX(path + ".new")
    net.setInput(x)
    with torch.no_grad():
        gap = np.abs(net.forward("logp") - whole(torch.from_numpy(x)).numpy()).max()
    if not gap < 1e-2:
        raise SystemExit(f"state_train: OpenCV and torch differ by {gap}")
    os.replace(path + ".new", path)
    model.train()
