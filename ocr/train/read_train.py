#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Train the reader and export it as ONNX: see README.md beside this file for the recipe.

  read_train.py --minutes 50 --seed 1 --out read.onnx [--photos DIR [--quads FILE]] [--sim FOLDER]... [--report DIR]
"""
import argparse
import hashlib
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
import report

ALPHABET = read_render.DIGITS + read_render.LETTERS
CLASSES = len(ALPHABET) + 1
STEPS = 32
OTHERS = 0.06  # share of pictures that are no plate
PARTS = 0.06  # share of pictures that are a part of a plate without its text


def block(i, o, kernel=3, stride=1, pad=None):
    pad = kernel // 2 if pad is None else pad
    return nn.Sequential(nn.Conv2d(i, o, kernel, stride, pad, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class Wide(nn.Module):
    """Adds what stands farther left and right: a small character at an end is judged by the rest of the text. Starts as next to nothing."""

    def __init__(self, channels, inner, reach):
        super().__init__()
        last = nn.BatchNorm2d(channels)
        nn.init.uniform_(last.weight, 0, 0.02)
        self.net = nn.Sequential(
            block(channels, inner, 1),
            nn.Conv2d(inner, inner, (1, 5), padding=(0, 2 * reach), dilation=(1, reach), bias=False), nn.BatchNorm2d(inner), nn.ReLU(inplace=True),
            nn.Conv2d(inner, channels, 1, bias=False), last)

    def forward(self, x):
        return x + self.net(x)


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
            Wide(160, 64, 2),
            Wide(160, 64, 4),
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


def overlap(q, box):
    """IoU of a quad's bounds with a box x, y, w, h."""
    (x0, y0), (x1, y1) = q.min(axis=0), q.max(axis=0)
    both = max(0, min(x1, box[0] + box[2]) - max(x0, box[0])) * max(0, min(y1, box[1] + box[3]) - max(y0, box[1]))
    return both / ((x1 - x0) * (y1 - y0) + box[2] * box[3] - both)


def load_photos(folder, quads=None):
    """
    Regions around the labelled plates of FOLDER/annotations.jsonl: (u8, outlines in it, text, is US, split). The outlines are
    the box, and the corners that `quads` (of localise_quads.py) has for it.
    """
    out, corners = [], {}
    if quads:
        with open(quads, encoding="utf-8") as f:
            corners = {name: [np.float32(q) for q in got if q] for name, got in json.load(f).items()}
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
            q = [np.float32([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])]
            q += [c for c in corners.get(row["file"], []) if overlap(c, (x, y, w, h)) > 0.4][:1]
            out.append((region, [((c - [x0, y0]) * k).astype(np.float32) for c in q], text, row["country"] in ("US", "CA"),
                        row.get("split", "train")))
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
            every = load_photos(args.photos, args.quads)
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
        part = self.rng.random() < PARTS * hard
        r = self.rng.random()
        if self.photos and r < photo_share:
            region, quads, text, american, _ = self.photos[int(np.searchsorted(self.weight, self.rng.random()))]
            image = aug.from_photo(self.rng, region, quads[int(self.rng.integers(len(quads)))], hard, part)
            return image, "" if part else read_render.unsure(self.rng, text) if american else text
        if self.sim and r > 0.62:
            flat, text, aspect = self.sim[int(self.rng.integers(len(self.sim)))]
            text = read_render.unsure(self.rng, text) if aspect < 3 else text
        else:
            flat, text, aspect = self.flat[int(self.rng.integers(len(self.flat)))]
        part = part and aspect < 3
        return aug.from_flat(self.rng, flat, aspect, hard, part), "" if part else text

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

    def end(self):
        self.process.terminate()
        self.process.join()


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


def held_out(data):
    """What is never trained on, by name: photo plates of the other split (boxes, unrectified), fresh hard renderings."""
    rng = np.random.default_rng(12345)
    sets = {"photos": [(aug.rectify(p[0], p[1][0]), p[2]) for p in data.held if p[3]],
            "photos_other": [(aug.rectify(p[0], p[1][0]), p[2]) for p in data.held if not p[3]],
            "rendered": []}
    for _ in range(256):
        flat, text, aspect = read_render.render(rng, data.fonts)
        sets["rendered"].append((aug.from_flat(rng, flat, aspect, 1.0), text))
    return {name: got for name, got in sets.items() if got}


def alike(text):
    """Where no series tells O from 0, either is right."""
    return text if read_render.shape(text) in read_render.SHAPES else text.replace("O", "0")


def predict(model, pictures):
    """The texts that the model reads, greedily."""
    model.eval()
    out = []
    with torch.no_grad():
        for i in range(0, len(pictures), 64):
            out += greedy(model(collate(pictures[i:i + 64])[0]))
    model.train()
    return out


def evaluate(model, sets):
    """Exact share of each set; O for 0 counts where the text has the shape of no series."""
    return {name: round(sum(a == b or alike(a) == alike(b) for a, (_, b) in zip(predict(model, got), got)) / len(got), 3)
            for name, got in sets.items()}


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


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--minutes", type=float, default=50, help="wall time of the training proper")
    p.add_argument("--steps", type=int, help="its length in steps instead: the same everywhere")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--out", default="read.onnx", help="the model; .pt beside it: the checkpoint, .json: losses and scores")
    p.add_argument("--photos", help="folder with annotations.jsonl; without it renderings alone")
    p.add_argument("--quads", help="corners of the photos' plates, of localise_quads.py")
    p.add_argument("--sim", action="append", help="folder written by `alpr-sim plates`; may be given again")
    p.add_argument("--plates", type=int, default=12000, help="renderings kept in memory")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--every", type=float, default=4, help="minutes between checkpoints")
    p.add_argument("--start", help="checkpoint (.onnx.pt, its .onnx.json beside it) to go on from: no curriculum then")
    p.add_argument("--drawn", type=int, default=2000, help="renderings for the report's confusion matrix")
    p.add_argument("--report", help="folder to write the training's report to")
    args = p.parse_args()
    os.makedirs(os.path.dirname(os.path.abspath(args.out)), exist_ok=True)  # not after an hour's training
    return args


class Run:
    """One training: the model, its running mean, and what happened so far."""

    def __init__(self, args, data):
        self.args, self.begin, self.step = args, time.time(), 0
        self.model, self.mean = Reader(), Reader()
        if args.start:
            self.model.load_state_dict(torch.load(args.start))
        self.mean.load_state_dict(self.model.state_dict())
        self.model.to(memory_format=torch.channels_last)  # a quarter faster on a CPU
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=args.rate, weight_decay=0.01)
        self.ctc = nn.CTCLoss(zero_infinity=True, reduction="none")
        self.sets, self.before = held_out(data), 0
        self.history = {"model": os.path.basename(args.out), "arguments": vars(args), "classes": list(ALPHABET),
                        "parameters": sum(w.numel() for w in self.model.parameters()), "loss": [], "scores": []}
        if args.start and os.path.exists(args.start[:-3] + ".json"):  # what led to the checkpoint belongs to the story
            with open(args.start[:-3] + ".json", encoding="utf-8") as f:
                told = json.load(f)
            self.history.update(loss=told["loss"], scores=told["scores"], earlier=[*told.get("earlier", []), told["arguments"]])
            self.before = told["loss"][-1][0]

    def done(self):
        if self.args.steps:
            return self.step / self.args.steps
        return (time.time() - self.begin) / (self.args.minutes * 60)

    def learn(self, got, t):
        for group in self.optimiser.param_groups:
            group["lr"] = self.args.rate * min(1.0, (self.step + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * t)))
        x, y, lengths, _ = got
        logp = self.model(x.contiguous(memory_format=torch.channels_last)).log_softmax(2).permute(1, 0, 2)
        loss = self.ctc(logp, y, torch.full((len(lengths),), STEPS), lengths).mean() / 7  # about a character's
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self.history["loss"].append([self.before + self.step, round(loss.item(), 5)])
        keep = min(0.999, self.step / (self.step + 50))
        with torch.no_grad():
            for a, b in zip(self.mean.state_dict().values(), self.model.state_dict().values()):
                if a.dtype.is_floating_point:
                    a.mul_(keep).add_(b, alpha=1 - keep)
                else:
                    a.copy_(b)
        if self.step % 100 == 0:
            print(f"{time.time() - self.begin:7.0f} s step {self.step} loss {np.mean(self.history['loss'][-100:], axis=0)[1]:.4f}", flush=True)

    def keep(self):
        """Score the mean of the weights, export it, and save what is needed to go on or to report."""
        scores = evaluate(self.mean, self.sets)
        print("checkpoint", self.step, json.dumps(scores), flush=True)
        self.history["scores"].append({"step": self.before + self.step, "seconds": round(time.time() - self.begin), **scores})
        export(self.mean, self.args.out)
        torch.save(self.mean.state_dict(), self.args.out + ".pt")
        with open(self.args.out, "rb") as f:
            self.history["sha256"] = hashlib.sha256(f.read()).hexdigest()
        self.note()

    def note(self):
        with open(self.args.out + ".json", "w", encoding="utf-8") as f:
            json.dump(self.history, f)

    def report(self, data):
        """Confusions on what is held out, with more renderings than a checkpoint takes the time for, and the page."""
        rng = np.random.default_rng(54321)
        plates = [read_render.render(rng, data.fonts) for _ in range(self.args.drawn)]
        got = [pair for name, pairs in self.sets.items() if name != "rendered" for pair in pairs]
        got += [(aug.from_flat(rng, flat, aspect, 1.0), text) for flat, text, aspect in plates]
        self.history["confusion"] = report.confusion(zip(predict(self.mean, got), [text for _, text in got]))
        self.history["notes"] = [f"Confusions: {len(got)} held-out pictures, {len(plates)} of them renderings; some of these nobody can read."]
        self.note()
        report.write(self.args.report, self.history)


def main():
    args = arguments()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(args.seed)
    data = Data(args)
    run = Run(args, data)
    print("parameters", run.history["parameters"], flush=True)
    ahead = Ahead(data, args)
    for _ in range(4):
        ahead.ask(1.0 if args.start else 0.0, 0.05)
    run.begin = saved = time.time()
    while (t := run.done()) < 1:
        hard = 1.0 if args.start else min(1.0, t / 0.2)
        ahead.ask(hard, 0.05 + 0.17 * (1.0 if args.start else min(1.0, t / 0.3)))
        run.learn(ahead.get(), t)
        if time.time() - saved > args.every * 60:
            saved = time.time()
            run.keep()
    ahead.end()
    run.keep()
    if args.report:
        run.report(data)


if __name__ == "__main__":
    main()
