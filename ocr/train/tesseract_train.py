#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Train Tesseract's LSTM for plates from nothing: see README.md beside this file for the recipe.

  tesseract_train.py --minutes 50 --seed 1 --out plate.traineddata [--photos DIR [--quads FILE]] [--sim FOLDER]... [--report DIR]
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

import read_train
import report
import tesseract_lines as lines
import tesseract_net as net
from tesseract_tools import LANGUAGE, Tools

class Ahead:
    """A second process draws and spoils while this one trains: a few batches ahead, in order, so that a seed repeats."""

    def __init__(self, source, batch):
        self.here, there = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=self._work, args=(source, batch, self.here, there), daemon=True)
        self.process.start()
        there.close()

    @staticmethod
    def _work(source, batch, other_end, pipe):
        other_end.close()  # or this process would outlive its parent
        while True:
            try:
                how = pipe.recv()
                pipe.send(source.draw(batch, *how))
            except (EOFError, BrokenPipeError):
                return

    def ask(self, *how):
        self.here.send(how)

    def get(self):
        return self.here.recv()

    def end(self):
        self.process.terminate()
        self.process.join()


def collate(got):
    x = torch.from_numpy(np.stack([net.normalise(patch) for patch, _ in got])[:, None])
    y = [[net.FIRST + lines.ALPHABET.index(c) for c in text] for _, text in got]
    return x, torch.tensor(sum(y, []), dtype=torch.long), torch.tensor([len(t) for t in y])


def greedy(logits):
    out = []
    for row in logits.argmax(2).tolist():
        kept = [k for i, k in enumerate(row) if k >= net.FIRST and (i == 0 or row[i - 1] != k)]
        out.append("".join(lines.ALPHABET[k - net.FIRST] for k in kept))
    return out


def predict(model, got):
    """What the model as it is in torch reads of (patch, text) pairs."""
    model.eval()
    with torch.no_grad():
        out = [text for i in range(0, len(got), 64) for text in greedy(model(collate(got[i:i + 64])[0]))]
    model.train()
    return out


class Course:
    """Faults, share of plain lines, share of photos: nothing hard before it reads at all, then all of it within a sixth of the
    time."""

    READS = 0.5  # loss a character

    def __init__(self, started):
        self.since = -1.0 if started else None

    def __call__(self, t, loss):
        if self.since is None and loss is not None and loss < self.READS:
            self.since = t
        hard = 0.0 if self.since is None else min(1.0, (t - self.since) * 6)
        return hard, max(0.0, 1 - 3 * hard), 0.2 * hard


def load(args):
    """The source of lines, and sets to evaluate on: held-out photos and renderings of another seed."""
    sim = [p for folder in args.sim or [] for p in read_train.load_sim(folder)]
    every = read_train.load_photos(args.photos, args.quads) if args.photos else []
    photos = [p for p in every if p[4] == "train"]
    sets = {"photos": lines.held_out([p for p in every if p[4] != "train" and p[3]]),
            "photos_other": lines.held_out([p for p in every if p[4] != "train" and not p[3]]),
            "rendered": lines.Lines(12345).draw(args.drawn, 1.0, 0.0, 0.0)}
    print(f"data: {len(sim)} of the simulator, {len(photos)} photo plates; held out: { {k: len(v) for k, v in sets.items()} }",
          flush=True)
    return lines.Lines(args.seed, sim, photos), {k: v for k, v in sets.items() if v}


class Trainer:
    """One training: the model, its running mean, and what happened so far (as report.py wants it)."""

    def __init__(self, args, sets, tools):
        self.args, self.sets, self.tools, self.begin = args, sets, tools, time.time()
        self.listed = tools.listed(next(iter(sets.values())), "held")
        self.model, self.mean = net.Net(), net.Net()
        if args.start:
            self.model.load_state_dict(torch.load(args.start))
        self.mean.load_state_dict(self.model.state_dict())
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=args.rate, weight_decay=0.003)
        self.ctc = nn.CTCLoss(blank=net.NULL, zero_infinity=True, reduction="none")
        self.steps, self.before, self.running = 0, 0, None
        self.history = {"model": os.path.basename(args.out), "arguments": vars(args), "classes": list(lines.ALPHABET),
                        "parameters": sum(m.size for m in net.matrices(self.model)), "loss": [], "scores": []}
        if args.start and os.path.exists(args.start[:-3] + ".json"):  # what led to the checkpoint belongs to the story
            with open(args.start[:-3] + ".json", encoding="utf-8") as f:
                told = json.load(f)
            self.history.update(loss=told["loss"], scores=told["scores"], earlier=[*told.get("earlier", []), told["arguments"]])
            self.before = told["loss"][-1][0]

    def done(self):
        return self.steps / self.args.steps if self.args.steps else (time.time() - self.begin) / (self.args.minutes * 60)

    def step(self, got, t):
        for group in self.optimiser.param_groups:
            group["lr"] = self.args.rate * min(1.0, (self.steps + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * t)))
        x, y, lengths = collate(got)
        said, aid = (self.ctc(o.log_softmax(2).permute(1, 0, 2), y, torch.full((len(lengths),), o.shape[1]), lengths).mean() / 7
                     for o in self.model(x))  # about a character's loss
        self.optimiser.zero_grad()
        (said + aid * (0.5 if t < 0.5 else 0.1)).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        self.steps += 1
        self.running = said.item() if self.running is None else 0.98 * self.running + 0.02 * said.item()
        self.history["loss"].append([self.before + self.steps, round(said.item(), 5)])
        keep = min(0.998, self.steps / (self.steps + 30))
        with torch.no_grad():
            for a, b in zip(self.mean.state_dict().values(), self.model.state_dict().values()):
                if a.dtype.is_floating_point:
                    a.mul_(keep).add_(b, alpha=1 - keep)
                else:
                    a.copy_(b)

    def save(self):
        """Score the mean of the weights, write it as Tesseract's file and as a checkpoint, and what happened so far."""
        scores = {name: round(sum(a == b for a, (_, b) in zip(predict(self.mean, got), got)) / len(got), 3)
                  for name, got in self.sets.items()}
        torch.save(self.mean.state_dict(), self.args.out + ".pt")
        self.tools.freeze(self.mean, self.args.out)
        # Tesseract's own reading of the same lines, in whole numbers: far from torch's, the weights are in the wrong places.
        wrong = self.tools.evaluate(self.args.out, self.listed)
        scores["tesseract_on_" + next(iter(self.sets))] = round(1 - wrong[1] / 100, 3)
        print("checkpoint", self.before + self.steps, json.dumps(scores), flush=True)
        self.history["scores"].append({"step": self.before + self.steps, "seconds": round(time.time() - self.begin), **scores})
        with open(self.args.out, "rb") as f:
            self.history["sha256"] = hashlib.sha256(f.read()).hexdigest()
        self.note()

    def note(self):
        with open(self.args.out + ".json", "w", encoding="utf-8") as f:
            json.dump(self.history, f)

    def report(self):
        got = [pair for pairs in self.sets.values() for pair in pairs]
        self.history["confusion"] = report.confusion(zip(predict(self.mean, got), [text for _, text in got]))
        self.history["notes"] = [f"Confusions: {len(got)} held-out lines, {len(self.sets['rendered'])} of them renderings; some of these nobody can read."]
        self.note()
        report.write(self.args.report, self.history)


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--minutes", type=float, default=50, help="wall time of the training proper")
    p.add_argument("--steps", type=int, help="batches instead: a length that does not depend on the machine")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--work", help="folder for the files of Tesseract's tools, by default beside the model")
    p.add_argument("--out", default=LANGUAGE + ".traineddata")
    p.add_argument("--photos", help="folder with annotations.jsonl; without it renderings alone")
    p.add_argument("--quads", help="corners of the photos' plates, by localise_quads.py")
    p.add_argument("--sim", action="append", help="folder written by `alpr-sim plates`; may be given again")
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--every", type=float, default=6, help="minutes between checkpoints")
    p.add_argument("--start", help="checkpoint (.pt) to go on from: no curriculum then")
    p.add_argument("--report", help="folder for a page about the training")
    p.add_argument("--drawn", type=int, default=250, help="held-out renderings")
    args = p.parse_args()
    args.work = args.work or args.out + ".work"
    return args


def main():
    args = arguments()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(args.seed)
    os.makedirs(args.work, exist_ok=True)
    os.makedirs(os.path.dirname(os.path.abspath(args.out)), exist_ok=True)  # not after an hour's training
    source, sets = load(args)
    ahead = Ahead(source, args.batch)
    tools = Tools(args.work, lines.Lines(1).draw(8, 0.0, 1.0, 0.0))
    course = Course(args.start)
    for _ in range(4):
        ahead.ask(*course(0, None))
    trainer = Trainer(args, sets, tools)
    saved = time.time()
    while (t := trainer.done()) < 1:
        how = course(t, trainer.running)
        ahead.ask(*how)
        trainer.step(ahead.get(), t)
        if trainer.steps % 100 == 0:
            print(f"{time.time() - trainer.begin:7.0f} s step {trainer.steps} hard {how[0]:.2f} loss {trainer.running:.4f}", flush=True)
        if time.time() - saved > args.every * 60:
            trainer.save()
            saved = time.time()
    ahead.end()
    trainer.save()
    if args.report:
        trainer.report()


if __name__ == "__main__":
    main()
