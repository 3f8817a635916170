# SPDX-License-Identifier: Apache-2.0
"""Train the plate localiser and write ocr/models/localise.onnx. See ocr/train/README.md."""
import argparse
import copy
import math
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import localise_data
import localise_decode
from localise_net import Exported, Localiser, export


def heat_loss(logit, heat, weight):
    """Penalty-reduced focal loss of centre heat maps (Law and Deng 2018, Zhou et al. 2019)."""
    p = torch.sigmoid(logit).clamp(1e-5, 1 - 1e-5)
    hit = (heat > 0.999).float()
    gain = hit * (1 - p) ** 2 * torch.log(p) + (1 - hit) * (1 - heat) ** 4 * p ** 2 * torch.log(1 - p)
    return -(gain * weight).sum(), hit.sum()


LOOSE = 0.05  # weight of the corners of a box drawn by hand


def corner_loss(out, cells):
    """Smooth L1 of the corners, relative to the plate's size. Boxes of photos are drawn loosely and count for little."""
    if not cells:
        return out.sum() * 0, 0
    k, y, x = (torch.tensor([c[i] for c in cells]) for i in (0, 1, 2))
    pred = out.permute(0, 2, 3, 1)[k, y, x, 1:].reshape(-1, 4, 2)
    want = torch.tensor(np.array([c[3] for c in cells]), dtype=torch.float32)
    count = torch.tensor([1.0 if c[4] else LOOSE for c in cells])
    size = torch.tensor([c[5] for c in cells], dtype=torch.float32)[:, None, None]
    off = F.smooth_l1_loss(pred * size, want * size, beta=0.03, reduction="none").mean((1, 2))
    return (count * off).sum(), float(count.sum())


def step_loss(net, batch):
    images, heat, weight, cells = batch
    outs = net(torch.from_numpy(images).contiguous(memory_format=torch.channels_last))
    heat_sum, hits, corner_sum, n = 0.0, 0.0, 0.0, 0
    for o, h, w, c in zip(outs, heat, weight, cells):
        a, b = heat_loss(o[:, 0], torch.from_numpy(h), torch.from_numpy(w))
        heat_sum, hits = heat_sum + a, hits + b
        a, b = corner_loss(o, c)
        corner_sum, n = corner_sum + a, n + b
    return heat_sum / max(float(hits), 1.0), corner_sum / max(n, 1)


def detect(net, image, long_side, threshold=0.1):
    h, w = image.shape
    k = min(1.0, long_side / max(h, w))
    nw, nh = (max(32, int(round(v * k / 32)) * 32) for v in (w, h))
    x = cv2.resize(image, (nw, nh), interpolation=cv2.INTER_AREA)
    with torch.no_grad():
        maps = [m[0].numpy() for m in net(torch.from_numpy(x.astype(np.float32) / 255)[None, None])]
    return [(s, q * [w / nw, h / nh]) for s, q in localise_decode.suppress(*localise_decode.candidates(maps, threshold))]


def validate(net, photos):
    """Recall and precision at IoU 0.4 and score 0.5, and average precision, on whole early-stopping photos (boxes are loose)."""
    net = Exported(net).eval()
    found, total, rows = 0, 0, []
    for p in photos:
        boxes = np.array([np.concatenate([q["box"].min(0), q["box"].max(0)]) for q in p.plates]).reshape(-1, 4)
        boxes = boxes[(boxes[:, 2] - boxes[:, 0]) * min(1, 640 / max(p.pyramid[0].shape)) >= 12]
        seen = np.zeros(len(boxes), bool)
        for s, q in detect(net, p.pyramid[0], 640):
            o = localise_decode.iou(np.concatenate([q.min(0), q.max(0)]), boxes) if len(boxes) else np.zeros(1)
            j = int(np.argmax(o))
            ok = o[j] >= 0.4 and not seen[j]
            if ok:
                seen[j] = True
            rows.append((s, ok))
            found += ok and s >= 0.5
        total += len(boxes)
    rows.sort(key=lambda r: -r[0])
    tp = np.cumsum([r[1] for r in rows])
    precision = tp / np.arange(1, len(rows) + 1)
    ap = float(np.sum(np.maximum.accumulate(precision[::-1])[::-1] * np.diff(np.concatenate([[0], tp]))) / max(total, 1)) if rows else 0.0
    sure = sum(1 for r in rows if r[0] >= 0.5)
    return found / max(total, 1), found / max(sure, 1), ap


def main():
    a = argparse.ArgumentParser(description=__doc__)
    a.add_argument("data", help="folder with annotations.jsonl")
    a.add_argument("--plates", help="folder of rendered plates, edge to edge (alpr-sim plates)")
    a.add_argument("--quads", help="corners estimated for the photos' plates (localise_quads.py)")
    a.add_argument("--scenes", help="folder of street frames with frames.jsonl (alpr-sim street)")
    a.add_argument("--out", required=True, help="folder for checkpoints and the model")
    a.add_argument("--resume", help="checkpoint to start from")
    a.add_argument("--minutes", type=float, default=45)
    a.add_argument("--rate", type=float, default=2.5e-3)
    a.add_argument("--seed", type=int, default=1)
    arg = a.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(arg.seed)
    os.makedirs(arg.out, exist_ok=True)
    photos, held = localise_data.load(arg.data, "train"), localise_data.load(arg.data, "val")
    held = [p for p in held if not p.stretched or not p.plates]
    if arg.quads:
        localise_data.adopt(photos, arg.quads)
    sampler = localise_data.Sampler(photos, localise_data.load_textures(arg.plates) if arg.plates else [], arg.seed)
    if arg.scenes:
        sampler.scenes = localise_data.load_scenes(arg.scenes)
    print(f"{len(photos)} photos, {len(sampler.real)} plates cut from them, {len(sampler.rendered)} rendered, {len(sampler.scenes)} street frames", flush=True)
    net = Localiser()
    if arg.resume:
        net.load_state_dict(torch.load(arg.resume)["net"])
    net = net.to(memory_format=torch.channels_last)
    mean = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), arg.rate, weight_decay=0.01)
    start, step, shown, best, last_check = time.time(), 0, [0.0, 0.0, 0], -1.0, time.time()
    while True:
        at = (time.time() - start) / (60 * arg.minutes)
        if at >= 1:
            break
        warm = min(1.0, (step + 1) / 150)
        for g in optimiser.param_groups:
            g["lr"] = arg.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * at)))
        net.train()
        size, n = localise_data.PATCHES[step % len(localise_data.PATCHES)]
        heat, corner = step_loss(net, localise_data.batch(sampler, n, size))
        optimiser.zero_grad(set_to_none=True)
        (heat + 4 * corner).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimiser.step()
        step += 1
        keep = min(0.998, (step + 1) / (step + 20))
        with torch.no_grad():
            for m, n in zip(mean.state_dict().values(), net.state_dict().values()):
                m.lerp_(n, 1 - keep) if m.dtype.is_floating_point else m.copy_(n)
        shown = [shown[0] + float(heat), shown[1] + float(corner), shown[2] + 1]
        if step % 200 == 0:
            print(f"{(time.time() - start) / 60:6.1f} min  step {step}  heat {shown[0] / shown[2]:.3f}  corners {shown[1] / shown[2]:.4f}", flush=True)
            shown = [0.0, 0.0, 0]
        if time.time() - last_check > 240:
            last_check = time.time()
            best = check(mean, held, arg, best)
    check(mean, held, arg, best)


def check(mean, held, arg, best):
    plain = copy.deepcopy(mean).to(memory_format=torch.contiguous_format).eval()
    recall, precision, ap = validate(plain, held)
    print(f"        held out: recall {recall:.3f} precision {precision:.3f} AP {ap:.3f}", flush=True)
    torch.save({"net": plain.state_dict()}, os.path.join(arg.out, "last.pt"))
    export(plain, os.path.join(arg.out, "last.onnx"))
    if ap > best:
        torch.save({"net": plain.state_dict()}, os.path.join(arg.out, "best.pt"))
        export(plain, os.path.join(arg.out, "localise.onnx"))
    return max(ap, best)


if __name__ == "__main__":
    main()
