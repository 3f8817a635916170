# SPDX-License-Identifier: Apache-2.0
"""Maps to quads, as ocr/localise_decode.c does it; for validation while training."""
import numpy as np
from localise_net import STRIDES, UNITS


def candidates(maps, threshold):
    """maps: three arrays (9, h, w), channel 0 a probability. Returns scores (n,), quads (n, 4, 2) in network pixels."""
    scores, quads = [], []
    for m, stride, unit in zip(maps, STRIDES, UNITS):
        ys, xs = np.nonzero(m[0] >= threshold)
        centre = (np.stack([xs, ys], 1) + 0.5) * stride
        scores.append(m[0, ys, xs])
        quads.append(m[1:, ys, xs].T.reshape(-1, 4, 2) * unit + centre[:, None])
    return np.concatenate(scores), np.concatenate(quads)


def boxes(quads):
    return np.concatenate([quads.min(1), quads.max(1)], 1)


def iou(a, b):
    """IoU of one box with many."""
    w = np.minimum(a[2], b[:, 2]) - np.maximum(a[0], b[:, 0])
    h = np.minimum(a[3], b[:, 3]) - np.maximum(a[1], b[:, 1])
    inter = np.maximum(w, 0) * np.maximum(h, 0)
    area = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    return inter / np.maximum((a[2] - a[0]) * (a[3] - a[1]) + area - inter, 1e-9)


def suppress(scores, quads, overlap=0.3, merge=0.6):
    """Greedy suppression; corners are the score-weighted mean of the candidates that agree with the winner."""
    order = np.argsort(-scores, kind="stable")[:512]
    scores, quads = scores[order], quads[order]
    b, out = boxes(quads), []
    alive = np.ones(len(scores), bool)
    for i in range(len(scores)):
        if not alive[i]:
            continue
        o = iou(b[i], b)
        same = alive & (o >= merge)
        w = scores[same] ** 2
        out.append((float(scores[i]), (quads[same] * w[:, None, None]).sum(0) / w.sum()))
        alive &= o < overlap
    return out
