# SPDX-License-Identifier: Apache-2.0
"""
Estimate the corners of photographed plates of which only the upright box is known: a first localiser looks at each at
several sizes and angles; where its outlines agree with each other and with the box, their mean is kept.
"""
import argparse
import json

import cv2
import numpy as np
import torch

import localise_data
from localise_data import apply, scale, shift
from localise_decode import boxes, candidates, iou, suppress
from localise_net import Exported, Localiser

SIZE = 256
AGREE = 0.45  # IoU of an outline's bounding box with the known box


def looks(photo, box):
    """Patches of the plate, with the homography of each (photo to patch)."""
    w = box[2] - box[0]
    mid = (box[:2] + box[2:]) / 2
    for width in (50, 90, 150):
        for angle in (-12, 0, 12):
            k = min(width / (w * photo.aspect), 2.5)
            c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
            m = shift(SIZE / 2, SIZE / 2) @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]]) @ scale(k * photo.aspect, k) @ shift(-mid[0], -mid[1])
            yield photo.warp(m, SIZE), m


def estimate(net, photo, box):
    patches = list(looks(photo, box))
    x = torch.from_numpy(np.stack([p for p, _ in patches]).astype(np.float32) / 255)[:, None]
    with torch.no_grad():
        maps = [m.numpy() for m in net(x)]
    seen = []
    for i, (_, m) in enumerate(patches):
        for s, q in suppress(*candidates([v[i] for v in maps], 0.4))[:8]:
            q = apply(np.linalg.inv(m), q.astype(np.float64))
            if iou(box, boxes(q[None]))[0] >= AGREE:
                seen.append(q)
                break
    if len(seen) < 4:
        return None
    seen = np.array(seen)
    q = np.median(seen, 0)
    spread = np.median(np.linalg.norm(seen - q, axis=2)) / max(box[3] - box[1], 1)
    if spread > 0.12:
        return None
    return q


def main():
    a = argparse.ArgumentParser(description=__doc__)
    a.add_argument("data")
    a.add_argument("checkpoint")
    a.add_argument("out")
    arg = a.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    net = Localiser()
    net.load_state_dict(torch.load(arg.checkpoint)["net"])
    net = Exported(net).eval()
    known, total, result = 0, 0, {}
    with open(f"{arg.data}/annotations.jsonl", encoding="utf-8") as f:
        for line in f:
            note = json.loads(line)
            if note["split"] != "train" or not note["plates"]:
                continue
            photo = localise_data.Photo(arg.data, note)
            size = np.array([note["width"] / photo.pyramid[0].shape[1], note["height"] / photo.pyramid[0].shape[0]])
            quads = []
            for p in photo.plates:
                total += 1
                q = estimate(net, photo, np.concatenate([p["box"].min(0), p["box"].max(0)]).astype(np.float64)) if p["quad"] is None else p["quad"]
                known += q is not None
                quads.append((q * size).round(2).tolist() if q is not None else None)
            result[note["file"]] = quads
    with open(arg.out, "w", encoding="utf-8") as f:
        json.dump(result, f)
    print(f"corners of {known} of {total} plates")


if __name__ == "__main__":
    main()
