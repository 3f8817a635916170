#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draw what a training wrote down: a page with curves and a confusion matrix.

  report.py RUN.json FOLDER

RUN.json, as every training here writes it beside its model:
  model       file name of the model            sha256      of its bytes
  arguments   what the training was called with (among them its seed)
  earlier     the arguments of the trainings it went on from
  parameters  how many weights                  classes     names of what is told apart (one character each for readers)
  loss        [[step, loss], …]                 scores      [{"step": n, NAME: share right, …}, …], the last one of the model
  confusion   [[truth, read, count], …]; "" for nothing: a character left out, or read where there is none
  notes       lines of text for the page
Whatever is absent is left out of the page. Paths among the arguments are cut to their last part.
"""
import json
import os
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 (the backend comes first)
import numpy as np  # noqa: E402


def aligned(truth, read):
    """Pairs of characters of the cheapest alignment; "" stands for none."""
    n, m = len(truth), len(read)
    cost = np.zeros((n + 1, m + 1), int)
    cost[:, 0], cost[0, :] = np.arange(n + 1), np.arange(m + 1)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost[i, j] = min(cost[i - 1, j - 1] + (truth[i - 1] != read[j - 1]), cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    pairs, i, j = [], n, m
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (truth[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((truth[i], read[j]))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            pairs.append((truth[i], ""))
        else:
            j -= 1
            pairs.append(("", read[j]))
    return pairs[::-1]


def confusion(texts):
    """Counts [[truth, read, count], …] of the characters of (read, truth) texts."""
    counts = {}
    for read, truth in texts:
        for pair in aligned(truth, read):
            counts[pair] = counts.get(pair, 0) + 1
    return [[*pair, n] for pair, n in sorted(counts.items())]


def draw_curves(run, path):
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), dpi=80)
    if run.get("loss"):
        step, loss = np.array(run["loss"], float).T
        wide = max(1, len(loss) // 100)
        smooth = np.convolve(loss, np.ones(wide) / wide, "valid")
        if len(step) < 2000:
            left.plot(step, loss, color="0.8", linewidth=.5)
        left.plot(step[wide - 1:], smooth)
        left.set_ylim(0, None)
    left.set(title=f"training loss (mean of {max(1, len(run.get('loss', [])) // 100)})", xlabel="step")
    names = [k for k in (run["scores"][-1] if run.get("scores") else {}) if k not in ("step", "seconds")]
    for name in names:
        got = [(s["step"], s[name]) for s in run["scores"] if name in s]
        right.plot(*zip(*got), marker="o", markersize=3, label=name.replace("_", " "))
    if names:
        right.legend()
        right.set_ylim(0, 1)
    right.set(title="held out, share right", xlabel="step")
    for axes in (left, right):
        axes.grid(alpha=.3)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def draw_confusion(run, path):
    names = [*run["classes"], ""]
    size = len(names)
    counts = np.zeros((size, size))
    for truth, read, n in run["confusion"]:
        counts[names.index(truth), names.index(read)] += n
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(10, 9.4), dpi=80)
    shown = axes.imshow(np.log10(np.maximum(share, 1e-3)), cmap="magma_r", vmin=-3, vmax=0)
    bar = figure.colorbar(shown, fraction=.046, pad=.02, ticks=[-3, -2, -1, 0])
    bar.ax.set_yticklabels(["0.1 %", "1 %", "10 %", "100 %"])
    for i, j in zip(*np.nonzero(counts)):
        if i != j:
            axes.text(j, i, int(counts[i, j]), ha="center", va="center", fontsize=7 if size < 50 else 4,
                      color="white" if share[i, j] > .1 else "black")
    labels = [n or "none" for n in names]
    axes.set_xticks(range(size), labels, fontsize=8 if size < 50 else 5, rotation=90 if max(map(len, labels[:-1])) > 1 else 0)
    axes.set_yticks(range(size), labels, fontsize=8 if size < 50 else 5)
    axes.set(xlabel="read", ylabel="truth", title=f"share of each truth; figures: errors among {int(counts.sum())}")
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def worst(run, most=12):
    wrong = sorted(((n, t, r) for t, r, n in run["confusion"] if t != r), reverse=True)[:most]
    return ", ".join(f"{t or 'none'} as {r or 'none'} {n}" for n, t, r in wrong)


def short(value):
    """An argument for the page: of a path only the last part."""
    if isinstance(value, list):
        return " ".join(short(v) for v in value)
    return os.path.basename(value.rstrip("/")) if isinstance(value, str) else str(value)


def listed(arguments):
    return ", ".join(f"{k} {v}" for k, v in arguments.items())


def write(folder, run):
    """The page report.md with its pictures, and run.json, from which they can be drawn again, into `folder`."""
    os.makedirs(folder, exist_ok=True)
    told, *earlier = [{k: short(v) for k, v in stage.items() if v not in (None, [], False)}
                      for stage in [run.get("arguments", {}), *run.get("earlier", [])]]
    lines = [f"# Training of {run.get('model', 'a model')}", "",
             f"sha256 `{run.get('sha256', 'unknown')}`" + (f", {run['parameters']:,} parameters" if "parameters" in run else ""), "",
             *[f"Went on from: {listed(stage)}\n" for stage in earlier], f"Arguments: {listed(told)}", ""]
    lines += [line for note in run.get("notes", []) for line in (note, "")]
    draw_curves(run, os.path.join(folder, "curves.png"))
    lines += ["![loss and held-out scores over the steps](curves.png)", ""]
    if run.get("scores"):
        names = list(run["scores"][-1])
        lines += ["| " + " | ".join(n.replace("_", " ") for n in names) + " |", "|---" * len(names) + "|"]
        lines += ["| " + " | ".join(str(s.get(n, "")) for n in names) + " |" for s in run["scores"]] + [""]
    if run.get("confusion"):
        draw_confusion(run, os.path.join(folder, "confusion.png"))
        lines += ["![what is read for what](confusion.png)", "", "Most frequent errors (truth as read): " + worst(run) + ".", ""]
    with open(os.path.join(folder, "report.md"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines))
    with open(os.path.join(folder, "run.json"), "w", encoding="utf-8") as f:
        json.dump({**run, "arguments": told, "earlier": earlier}, f)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as given:
        write(sys.argv[2], json.load(given))
