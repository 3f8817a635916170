#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fit the numbers of ocr/tesseract_lattice.c to labelled plates that nobody trained on.

  test/bench/engines MODELS LABELS.tsv FOLDER --symbols | tesseract_fit.py

Prints the numbers under which the labels are likeliest (mean natural log, each at least -20).
"""
import itertools
import sys

import numpy as np

WORST = -20.0
CLASSES = 36
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
GRID = {"TEMPERATURE": [0.7, 1.0, 1.4, 2.0, 2.8], "FLOOR": [0.01, 0.02, 0.04, 0.08, 0.15], "ABSENT": [0.05, 0.1, 0.2, 0.3, 0.5],
        "UNSEEN": [0.004, 0.01, 0.02, 0.04, 0.08]}


def parse(lines):
    """(text, [(doubt, characters, costs), ...]) of each line."""
    for line in lines:
        text, *symbols = line.rstrip("\n").split("\t")
        got = []
        for symbol in symbols:
            doubt, *rest = symbol.split(" ")
            got.append((float(doubt), [ALPHABET.index(c) for c in rest[::2]], np.array(rest[1::2], float)))
        yield [ALPHABET.index(c) for c in text if c in ALPHABET], got


def lattice(symbols, by):
    """As tesseract_lattice(): steps x (blank, alphabet)."""
    out = np.empty((2 * len(symbols) + 1, CLASSES + 1))
    out[:, 0], out[:, 1:] = 1 - by["UNSEEN"], by["UNSEEN"] / CLASSES
    for i, (doubt, characters, costs) in enumerate(symbols):
        absent = by["ABSENT"] * (1 - np.exp(-max(0.0, doubt)))
        share = np.exp((costs[0] - costs) / by["TEMPERATURE"])
        row = out[2 * i + 1]
        row[0], row[1:] = absent, (1 - absent) / CLASSES * by["FLOOR"]
        row[1 + np.array(characters)] += (1 - absent) * (1 - by["FLOOR"]) * share / share.sum()
    return out


def likelihood(p, text):
    """Natural log of the text by the CTC forward recursion."""
    states = [0] + [s for c in text for s in (c + 1, 0)]
    may_skip = np.array([i >= 2 and s and s != states[i - 2] for i, s in enumerate(states)])
    alpha = np.zeros(len(states))
    alpha[:2] = p[0][states[:2]]
    for row in p[1:]:
        before = np.concatenate([[0, 0], alpha])
        alpha = (alpha + before[1:-1] + np.where(may_skip, before[:-2], 0)) * row[states]
    return np.log(max(alpha[-2:].sum(), 1e-300))


def score(data, by):
    return np.mean([max(WORST, likelihood(lattice(symbols, by), text)) for text, symbols in data])


def main():
    data = list(parse(sys.stdin))
    best = {name: values[1] for name, values in GRID.items()}
    top = score(data, best)
    for name in itertools.chain(*[GRID] * 3):  # one number after the other, three times round
        for value in GRID[name]:
            got = score(data, {**best, name: value})
            if got > top + 1e-9:
                best, top = {**best, name: value}, got
    print(f"{len(data)} plates, mean log-likelihood {top:.3f}: " + ", ".join(f"{k} {v:g}" for k, v in best.items()))


if __name__ == "__main__":
    main()
