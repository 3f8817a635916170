#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Train the reader and export it as ONNX: see README.md beside this file for the recipe.

  read_train.py --minutes 50 --seed 1 --out ../models/read.onnx [--photos DIR] [--sim FOLDER]...
"""
import argparse
import json
import math
import multiprocessing
import os
import time

import cv2
import numpy as np
import torch
from torch import nn

import read_augment as aug
import read_render

ALPHABET = read_render.DIGITS + read_render.LETTERS
CLASSES = len(ALPHABET) + 1
STEPS = 32
OTHERS = 0.06  # share of pictures that are no plate


def block(i, o, kernel=3, stride=1, pad=None):
    pad = kernel // 2 if pad is None else pad
    return nn.Sequential(nn.Conv2d(i, o, kernel, stride, pad, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class Reader(nn.Module):
    """1 x 48 x 128 -> 32 steps x 37 classes (logits). Strides come early: it must run on a Cortex-A72."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            block(1, 16, 5, 2),                 # 24 x 64
            block(16, 32, 3, (2, 1)),           # 12 x 64
            block(32, 64, 3, (1, 2)),           # 12 x 32
            block(64, 64),
            block(64, 96, 3, (2, 1)),           # 6 x 32
            block(96, 96),
            block(96, 160, (6, 1), 1, 0),       # 1 x 32
            block(160, 160, (1, 5), 1, (0, 2)),
            nn.Dropout(0.1),
            nn.Conv2d(160, CLASSES, 1),
        )

    def forward(self, x):
        return self.net(x).squeeze(2).permute(0, 2, 1)  # n x steps x classes


def encode(text):
    return [ALPHABET.index(c) + 1 for c in text]


def greedy(logits):
    out = []
    for row in logits.argmax(2).tolist():
        text, last = "", 0
        for k in row:
            if k and k != last:
                text += ALPHABET[k - 1]
            last = k
        out.append(text)
    return out


def load_photos(folder):
    """Regions around the labelled plates of FOLDER/annotations.jsonl: (u8, quad in it, text, is US, split)."""
    out = []
    with open(os.path.join(folder, "annotations.jsonl"), encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    for row in rows:
        plates = [p for p in row["plates"] if p["text"]]
        if not plates:
            continue
        image = cv2.imread(os.path.join(folder, row["file"]), cv2.IMREAD_GRAYSCALE)
        for p in plates:
            text = "".join(c for c in p["text"].upper() if c in ALPHABET)
            if not text or len(text) > 10 or p["h"] > 0.9 * p["w"]:
                continue
            x, y, w, h = p["x"], p["y"], p["w"], p["h"]
            x0, y0 = max(0, int(x - .35 * w)), max(0, int(y - .5 * h))
            region = image[y0:int(y + 1.5 * h) + 1, x0:int(x + 1.35 * w) + 1]
            k = min(1.0, 260 / w)
            if k < 1:
                region = cv2.resize(region, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
            q = np.float32([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
            out.append((region, (q - [x0, y0]) * k, text, row["country"] in ("US", "CA"), row.get("split", "train")))
    return out


def load_others(folder, rng, each=3):
    """Regions of the photos that overlap no labelled plate: street, cars, signs. To be read as nothing."""
    out = []
    with open(os.path.join(folder, "annotations.jsonl"), encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    for row in rows:
        if row.get("split", "train") != "train":
            continue
        image = cv2.imread(os.path.join(folder, row["file"]), cv2.IMREAD_GRAYSCALE)
        height, width = image.shape
        for _ in range(each * (4 if row["country"] == "NONE" else 1)):
            w = int(min(0.9 * width, np.exp(rng.uniform(np.log(40), np.log(400)))))
            h = int(min(0.9 * height, w / rng.uniform(1.5, 5)))
            x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
            if any(x < p["x"] + 1.2 * p["w"] and p["x"] - .2 * p["w"] < x + w and y < p["y"] + 1.2 * p["h"]
                   and p["y"] - .2 * p["h"] < y + h for p in row["plates"]):
                continue
            region, k = image[y:y + h, x:x + w], min(1.0, 200 / w)
            if k < 1:
                region = cv2.resize(region, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
            h, w = region.shape
            out.append((region, np.float32([[.05 * w, .1 * h], [.95 * w, .1 * h], [.95 * w, .9 * h], [.05 * w, .9 * h]])))
    return out


class Data:
    def __init__(self, args):
        self.rng = np.random.default_rng(args.seed)
        self.fonts = read_render.Fonts()
        self.photos, self.held, self.others = [], [], []
        if args.photos:
            every = load_photos(args.photos)
            self.held = [p for p in every if p[4] not in ("train",)]
            self.photos = [p for p in every if p[4] == "train"]
            weight = np.array([2.0 if p[3] else 1.0 for p in self.photos])
            self.weight = np.cumsum(weight) / weight.sum()
            self.others = load_others(args.photos, self.rng)
        self.flat = [read_render.render(self.rng, self.fonts) for _ in range(args.plates)]
        self.sim = [p for folder in args.sim or [] for p in load_sim(folder)]
        print(f"data: {len(self.flat)} plates, {len(self.sim)} of the simulator, {len(self.photos)} photo plates, "
              f"{len(self.held)} held out, {len(self.others)} that are no plate", flush=True)

    def sample(self, hard, photo_share):
        if self.others and self.rng.random() < OTHERS * hard:
            region, quad = self.others[int(self.rng.integers(len(self.others)))]
            return aug.from_photo(self.rng, region, quad, hard), ""
        r = self.rng.random()
        if self.photos and r < photo_share:
            p = self.photos[int(np.searchsorted(self.weight, self.rng.random()))]
            return aug.from_photo(self.rng, p[0], p[1], hard), p[2]
        if self.sim and r > 0.55:
            flat, text, aspect = self.sim[int(self.rng.integers(len(self.sim)))]
        else:
            flat, text, aspect = self.flat[int(self.rng.integers(len(self.flat)))]
        return aug.from_flat(self.rng, flat, aspect, hard), text

    def batch(self, n, hard, photo_share):
        for _ in range(3):  # the pool never stands still
            self.flat[int(self.rng.integers(len(self.flat)))] = read_render.render(self.rng, self.fonts)
        return [self.sample(hard, photo_share) for _ in range(n)]


class Ahead:
    """A second process renders and spoils while this one trains: a few batches ahead, in order, so that a seed repeats."""

    def __init__(self, data, args):
        self.here, there = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=self._work, args=(data, args, self.here, there), daemon=True)
        self.process.start()
        there.close()

    @staticmethod
    def _work(data, args, other_end, pipe):
        other_end.close()  # or this process would outlive its parent
        while True:
            try:
                hard, share = pipe.recv()
            except EOFError:
                return
            pipe.send([(g[0], g[1]) for g in data.batch(args.batch, hard, share)])

    def ask(self, hard, share):
        self.here.send((hard, share))

    def get(self):
        return collate(self.here.recv())


def collate(got):
    x = torch.from_numpy(np.stack([aug.normalise(g[0]) for g in got])[:, None])
    y = [encode(g[1]) for g in got]
    return x, torch.tensor(sum(y, []), dtype=torch.long), torch.tensor([len(t) for t in y]), [g[1] for g in got]


def load_sim(folder):
    """Plates of `alpr-sim plates --out FOLDER`: plates.bin and plates.tsv."""
    out, shape = [], (240, 480)
    pictures = np.memmap(os.path.join(folder, "plates.bin"), np.uint8, "r").reshape(-1, *shape)
    with open(os.path.join(folder, "plates.tsv"), encoding="utf-8") as f:
        for line in f:
            index, text, _, x0, y0, x1, y1, _, aspect = line.rstrip("\n").split("\t")
            x0, y0, x1, y1 = (round(float(v)) for v in (x0, y0, x1, y1))
            plate = pictures[int(index), max(0, y0):y1, max(0, x0):x1]
            out.append((cv2.resize(plate, (read_render.WIDTH, read_render.HEIGHT), interpolation=cv2.INTER_AREA),
                        text, float(aspect)))
    return out


def evaluate(model, data):
    """Exact share on held-out photo plates (boxes, unrectified) and on fresh hard renderings."""
    model.eval()
    result = {}
    rng = np.random.default_rng(12345)
    sets = {"photos": [(aug.rectify(p[0], p[1]), p[2]) for p in data.held if p[3]],
            "photos_other": [(aug.rectify(p[0], p[1]), p[2]) for p in data.held if not p[3]],
            "rendered": []}
    for _ in range(256):
        flat, text, aspect = read_render.render(rng, data.fonts)
        sets["rendered"].append((aug.from_flat(rng, flat, aspect, 1.0), text))
    with torch.no_grad():
        for name, got in sets.items():
            if got:
                right = 0
                for i in range(0, len(got), 64):
                    x, _, _, texts = collate(got[i:i + 64])
                    right += sum(a == b for a, b in zip(greedy(model(x)), texts))
                result[name] = round(right / len(got), 3)
    model.train()
    return result


class Export(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model.net(x)  # n x classes x 1 x steps: no permutation for the runtime to do


def export(model, path):
    whole = Export(model).eval()
    torch.onnx.export(whole, torch.zeros(1, 1, aug.IN_HEIGHT, aug.IN_WIDTH), path + ".new", opset_version=11,
                      input_names=["luma"], output_names=["logits"])
    x = np.random.default_rng(0).normal(0, 1, (1, 1, aug.IN_HEIGHT, aug.IN_WIDTH)).astype(np.float32)
    net = cv2.dnn.readNetFromONNX(path + ".new")
    net.setInput(x)
    with torch.no_grad():
        gap = np.abs(net.forward("logits") - whole(torch.from_numpy(x)).numpy()).max()
    if not gap < 1e-2:
        raise SystemExit(f"read_train: OpenCV and torch differ by {gap}")
    os.replace(path + ".new", path)
    model.train()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--minutes", type=float, default=50, help="wall time of the training proper")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--out", default="read.onnx")
    p.add_argument("--photos", help="folder with annotations.jsonl; without it renderings alone")
    p.add_argument("--sim", action="append", help="folder written by `alpr-sim plates`; may be given again")
    p.add_argument("--plates", type=int, default=12000, help="renderings kept in memory")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--every", type=float, default=4, help="minutes between checkpoints")
    p.add_argument("--start", help="checkpoint (.pt) to go on from: no curriculum then")
    args = p.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(args.seed)
    data = Data(args)
    model, mean = Reader(), Reader()
    if args.start:
        model.load_state_dict(torch.load(args.start))
    mean.load_state_dict(model.state_dict())
    print("parameters", sum(w.numel() for w in model.parameters()), flush=True)
    optimiser = torch.optim.AdamW(model.parameters(), lr=args.rate, weight_decay=0.01)
    ctc = nn.CTCLoss(zero_infinity=True, reduction="none")
    ahead = Ahead(data, args)
    for _ in range(4):
        ahead.ask(1.0 if args.start else 0.0, 0.05)
    begin = saved = time.time()
    step, running = 0, None
    while True:
        t = (time.time() - begin) / (args.minutes * 60)
        if t >= 1:
            break
        hard = 1.0 if args.start else min(1.0, t / 0.2)
        for group in optimiser.param_groups:
            group["lr"] = args.rate * min(1.0, (step + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * t)))
        ahead.ask(hard, 0.05 + 0.17 * min(1.0, 1.0 if args.start else t / 0.3))
        x, y, lengths, _ = ahead.get()
        logp = model(x).log_softmax(2).permute(1, 0, 2)
        loss = ctc(logp, y, torch.full((len(lengths),), STEPS), lengths).mean() / 7  # about a character's
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        step += 1
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        keep = min(0.999, step / (step + 50))
        with torch.no_grad():
            for a, b in zip(mean.state_dict().values(), model.state_dict().values()):
                if a.dtype.is_floating_point:
                    a.mul_(keep).add_(b, alpha=1 - keep)
                else:
                    a.copy_(b)
        if step % 100 == 0:
            print(f"{time.time() - begin:7.0f} s step {step} hard {hard:.2f} loss {running:.4f}", flush=True)
        if time.time() - saved > args.every * 60:
            saved = time.time()
            print("checkpoint", step, json.dumps(evaluate(mean, data)), flush=True)
            export(mean, args.out)
            torch.save(mean.state_dict(), args.out + ".pt")
    print("end", step, json.dumps(evaluate(mean, data)), flush=True)
    export(mean, args.out)
    torch.save(mean.state_dict(), args.out + ".pt")


if __name__ == "__main__":
    main()
