#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Train the network that tells a plate's state, and export it as ONNX: see README.md beside this file.

  state_train.py --minutes 30 --seed 1 --out ../models/state.onnx [--photos DIR] [--report DIR]

DIR holds annotations.jsonl and the photos that states.tsv (beside this file) names; rows whose `split` is not `train` are held
out. Without it the network learns from renderings alone.
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
import report
import state_designs as table
import state_lexicon as lexicon
import state_net as net
import state_render

LEARNED = 0.25      # running loss below which it is made harder
GIVEN = 0.9         # probability from which a state counts as given
PHOTO_SHARE = 0.15  # of the strips, where there are photos
AT_THE_BOTTOM = ("AL", "CO", "DE", "IN", "NC", "NH", "SC")  # the name, on enough plates of these
AHEAD = 4           # batches made before they are needed


def load_photos(folder, labels=os.path.join(os.path.dirname(os.path.abspath(__file__)), "states.tsv")):
    """Regions around the plates of states.tsv: (u8, quad in it, class, split, text or None)."""
    with open(os.path.join(folder, "annotations.jsonl"), encoding="utf-8") as f:
        rows = {row["file"]: row for row in map(json.loads, f)}
    out = []
    with open(labels, encoding="utf-8") as f:
        for line in f:
            file, x, y, code = line.rstrip("\n").split("\t")
            row = rows.get(file)
            plate = row and next((p for p in row["plates"] if p["x"] == float(x) and p["y"] == float(y)), None)
            if not plate:
                raise SystemExit(f"state_train: {labels}: {file} has no such plate in {folder}")
            image = cv2.imread(os.path.join(folder, file), cv2.IMREAD_GRAYSCALE)
            x, y, w, h = plate["x"], plate["y"], plate["w"], plate["h"]
            x0, y0 = max(0, int(x - .25 * w)), max(0, int(y - .35 * h))
            region = image[y0:int(y + 1.35 * h) + 1, x0:int(x + 1.25 * w) + 1]
            k = min(1.0, 360 / w)
            if k < 1:
                region = cv2.resize(region, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
            q = np.float32([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
            out.append((region, (q - [x0, y0]) * k, table.CODES.index(code) if code != "-" else table.UNKNOWN, row["split"], plate["text"]))
    return out


def top_text(state):
    """What stands at the top of a plate of that state, most of the time."""
    return "MYFLORIDACOM" if table.CODES[state] == "FL" else lexicon.letters(table.NAMES[table.CODES[state]])


class Data:
    """Batches; the plates rendered last are kept and seen several times, spoilt anew each time."""

    def __init__(self, args):
        self.rng = np.random.default_rng(args.seed)
        self.plates = state_render.Plates(self.rng, state_render.Words((True, False)))
        self.flat = [self.plates.one(easy=self.rng.random() > args.hard) for _ in range(args.plates)]
        self.photos = []
        if args.photos:
            self.photos = [(p[0], p[1], top_text(p[2])) for p in load_photos(args.photos)
                           if p[3] == "train" and p[2] != table.UNKNOWN and table.CODES[p[2]] not in AT_THE_BOTTOM]
            count = {t: sum(p[2] == t for p in self.photos) for _, _, t in self.photos}
            weight = np.array([count[t] ** -0.6 for _, _, t in self.photos])
            self.weight = np.cumsum(weight) / weight.sum()
        print(f"data: {len(self.flat)} plates, {len(self.photos)} photo plates", flush=True)

    def batch(self, n, hard, fresh):
        """n strips, two of three of them top ones (most names stand there), with what stands on them."""
        out = []
        for _ in range(fresh):
            self.flat[int(self.rng.integers(len(self.flat)))] = self.plates.one(easy=self.rng.random() > hard)
        while len(out) < n:
            if self.photos and self.rng.random() < PHOTO_SHARE:
                photo, quad, text = self.photos[int(np.searchsorted(self.weight, self.rng.random()))]
                out.append((net.from_photo(self.rng, photo, quad, hard)[0], text))
                continue
            flat, _, texts = self.flat[int(self.rng.integers(len(self.flat)))]
            got = list(zip(net.from_flat(self.rng, flat, hard * self.rng.random() ** 0.7), map(lexicon.letters, texts)))
            out += got if self.rng.random() < 0.5 else got[:1]
        del out[n:]
        return out


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
                pipe.send(data.batch(args.batch, pipe.recv(), args.fresh))
            except (EOFError, BrokenPipeError):
                return

    def ask(self, hard):
        self.here.send(hard)

    def get(self):
        return collate(self.here.recv())


def collate(got):
    """Pictures, letters, how many; a text of more letters than there are steps is nobody's to read."""
    y = [[ord(c) - 64 for c in g[1]] for g in got]
    y = [t if len(t) + sum(a == b for a, b in zip(t, t[1:])) <= net.STEPS - 4 else [] for t in y]
    return (torch.from_numpy(np.stack([aug.normalise(g[0]) for g in got])[:, None]), torch.tensor(sum(y, []), dtype=torch.long),
            torch.tensor([len(t) for t in y]))


def predict(model, pictures):
    """Lattices: steps x classes log-probabilities of each strip."""
    model.eval()
    out = []
    with torch.no_grad():
        for i in range(0, len(pictures), 64):
            x = torch.from_numpy(np.stack([aug.normalise(p) for p in pictures[i:i + 64]])[:, None])
            out.append(model(x).log_softmax(1)[:, :, 0].permute(0, 2, 1).numpy())
    model.train()
    return np.concatenate(out)


def greedy(logp):
    best = logp.argmax(1)
    return "".join(chr(64 + k) for i, k in enumerate(best) if k and (i == 0 or best[i - 1] != k))


class Held:
    """What is never trained on: renderings in fonts of their own, and photos of the held-out split."""

    def __init__(self, args):
        rng = np.random.default_rng(4711)
        plates = state_render.Plates(rng, state_render.Words((True, True)))
        self.lexicon, self.sets = lexicon.Lexicon(), {"rendered": []}
        for _ in range(args.drawn):
            flat, label, texts = plates.one()
            self.sets["rendered"].append((net.from_flat(rng, flat, 0.4), label, [lexicon.letters(t) for t in texts]))
        if args.photos:
            self.sets["photos"] = [(net.strips(p[0], p[1]), p[2], None) for p in load_photos(args.photos) if p[3] != "train"]

    def measure(self, model):
        """{figure: share}, and the confusions of the renderings."""
        figures, confusions = {}, {}
        for name, got in self.sets.items():
            lattices = predict(model, [s for g in got for s in g[0]])
            looks = np.array([self.lexicon.look(lattices[2 * i:2 * i + 2]) for i in range(len(got))])
            label, best = np.array([g[1] for g in got]), looks.argmax(1)
            given = (looks.max(1) > math.log(GIVEN)) & (best != table.UNKNOWN)
            if name == "rendered":
                texts = [t for g in got for t in g[2]]
                figures["texts"] = round(float(np.mean([greedy(l) == t for l, t in zip(lattices, texts)])), 3)
                for pair in zip(label, best):
                    confusions[pair] = confusions.get(pair, 0) + 1
            figures[name + "_given"] = round(float(given[label != table.UNKNOWN].mean()), 3)
            figures[name + "_given_right"] = round(float((best == label)[given].mean()), 3) if given.any() else 0.0
        names = [*table.CODES, ""]
        return figures, [[names[a], names[b], n] for (a, b), n in sorted(confusions.items())]


def follow(mean, model, step):
    """A running mean of the weights: what is measured and exported."""
    keep = min(0.998, step / (step + 40))
    with torch.no_grad():
        for a, b in zip(mean.state_dict().values(), model.state_dict().values()):
            if a.dtype.is_floating_point:
                a.mul_(keep).add_(b, alpha=1 - keep)
            else:
                a.copy_(b)


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--minutes", type=float, default=30, help="wall time of the training proper")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--out", default="state.onnx", help="the model; .pt beside it: the checkpoint, .json: losses and scores")
    p.add_argument("--photos", help="folder with annotations.jsonl; without it renderings alone")
    p.add_argument("--steps", type=int, help="length of the training instead of --minutes")
    p.add_argument("--report", help="folder to write the training's report to")
    p.add_argument("--drawn", type=int, default=200, help="held-out renderings")
    p.add_argument("--plates", type=int, default=4000, help="renderings kept in memory")
    p.add_argument("--fresh", type=int, default=8, help="of them drawn anew for each batch")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--every", type=float, default=10, help="minutes between checkpoints")
    p.add_argument("--start", help="checkpoint (.pt) to go on from")
    p.add_argument("--hard", type=float, default=0.0, help="how hard it is at the beginning, 0 to 1")
    p.add_argument("--hardest", type=float, default=1.0, help="and at most")
    p.add_argument("--reader", help="a reader's checkpoint (.pt) to start from: it knows letters")
    args = p.parse_args()
    os.makedirs(os.path.dirname(os.path.abspath(args.out)), exist_ok=True)  # not after an hour's training
    return args


class Curriculum:
    """How hard it is: harder while it is learned, and by the time that is left."""

    def __init__(self, args):
        self.hard, self.most = args.hard, args.hardest

    def at(self, t, loss):
        """0..1 at time t of 0..1 for a running loss."""
        if loss is not None and loss < LEARNED:
            self.hard += 0.002
        self.hard = min(self.most, max(self.hard, (t - 0.1) / 0.4))
        return self.hard


class Training:
    def __init__(self, args, data):
        self.args, self.held = args, Held(args)
        self.model, self.mean = net.State().to(memory_format=torch.channels_last), net.State()
        if args.reader:
            net.from_reader(self.model, args.reader)
        if args.start:
            self.model.load_state_dict(torch.load(args.start))
        self.mean.load_state_dict(self.model.state_dict())
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=args.rate, weight_decay=0.02)
        self.ctc = nn.CTCLoss(zero_infinity=True, reduction="none")
        self.course, self.ahead = Curriculum(args), Ahead(data, args)
        self.step, self.running, self.begin = 0, None, time.time()
        self.history = {"model": os.path.basename(args.out), "arguments": vars(args), "classes": table.CODES,
                        "parameters": sum(w.numel() for w in self.model.parameters()), "loss": [], "scores": [],
                        "notes": [f"Confusions: {args.drawn} renderings in fonts that were not trained on; none: of no state, or no telling."]}

    def done(self):
        """Share of the training that is over."""
        if self.args.steps:
            return self.step / self.args.steps
        return (time.time() - self.begin) / (self.args.minutes * 60)

    def one(self, t):
        for group in self.optimiser.param_groups:
            group["lr"] = self.args.rate * min(1.0, (self.step + 1) / 150) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * t)))
        self.ahead.ask(self.course.at(t, self.running))
        x, y, lengths = self.ahead.get()
        logp = self.model(x.contiguous(memory_format=torch.channels_last))[:, :, 0].permute(2, 0, 1).log_softmax(2)
        loss = self.ctc(logp, y, torch.full((len(lengths),), net.STEPS), lengths).mean() / 10  # about a letter's
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        follow(self.mean, self.model, self.step)
        self.history["loss"].append([self.step, round(loss.item(), 4)])
        self.running = loss.item() if self.running is None else 0.98 * self.running + 0.02 * loss.item()
        if self.step % 100 == 0:
            print(f"{time.time() - self.begin:7.0f} s step {self.step} hard {self.course.hard:.2f} loss {self.running:.4f}", flush=True)

    def run(self):
        for _ in range(AHEAD):
            self.ahead.ask(self.course.at(0, None))
        saved = time.time()
        while (t := self.done()) < 1:
            self.one(t)
            if time.time() - saved > self.args.every * 60:
                saved = time.time()
                self.checkpoint()
        self.checkpoint()
        if self.args.report:
            report.write(self.args.report, self.history)

    def checkpoint(self):
        """Score the mean of the weights, export it, and save what is needed to go on or to report."""
        figures, self.history["confusion"] = self.held.measure(self.mean)
        print("checkpoint", self.step, json.dumps(figures), flush=True)
        self.history["scores"].append({"step": self.step, **figures})
        net.export(self.mean, self.args.out)
        with open(self.args.out, "rb") as f:
            self.history["sha256"] = hashlib.sha256(f.read()).hexdigest()
        torch.save(self.mean.state_dict(), self.args.out + ".pt")
        with open(self.args.out + ".json", "w", encoding="utf-8") as f:
            json.dump(self.history, f)


def main():
    args = arguments()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(args.seed)
    Training(args, Data(args)).run()


if __name__ == "__main__":
    main()
