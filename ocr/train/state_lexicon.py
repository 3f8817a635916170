# SPDX-License-Identifier: Apache-2.0
"""What two strips of a plate, read letter by letter, say of its state: ocr/lexicon.c does the same."""
import os
import re

import numpy as np

import state_designs as table

FARTHEST = 52.0  # natural log: a word is not less likely than this; ocr/lexicon.c has the same two
TOO_SURE = 1.5   # the network's log-probabilities are divided by this: ocr/state.c has it too
EACH, USUAL = 1.0, 8  # log-likelihood gained by a letter more than usual
NONE = -28.0     # natural log of the likelihood that whatever else stands there is given


def words():
    """[(class, letters)] from the table of ocr/issuer_words.c."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "issuer_words.c")
    with open(path, encoding="utf-8") as f:
        return [(table.CODES.index(code) if code else table.UNKNOWN, word) for code, word in re.findall(r'\{"([A-Z]*)", "([A-Z]+)"\}', f.read())]


def letters(text):
    """A-Z of a text, capital, accents dropped: what the strips are read as."""
    return "".join(c for c in text.upper().replace("É", "E") if "A" <= c <= "Z")


class Lexicon:
    def __init__(self):
        self.rows = words()
        longest = 2 * max(len(w) for _, w in self.rows) + 1
        self.state = np.array([s for s, _ in self.rows])
        self.length = np.array([len(w) for _, w in self.rows])
        self.label = np.zeros((len(self.rows), longest), int)
        self.skip = np.zeros((len(self.rows), longest), bool)
        for i, (_, word) in enumerate(self.rows):
            path = [0]
            for c in word:
                path += [ord(c) - 64, 0]
            self.label[i, :len(path)] = path
            self.skip[i, :len(path)] = [k > 1 and path[k] and path[k] != path[k - 2] for k in range(len(path))]

    def likelihood(self, logp):
        """Natural log of the CTC likelihood of every word under steps x 27 log-probabilities."""
        p = np.exp(logp)
        alpha = np.zeros(self.label.shape)
        alpha[:, 0], alpha[:, 1] = p[0, 0], p[0, self.label[:, 1]]
        scale = np.zeros(len(alpha))
        for row in p[1:]:
            new = alpha.copy()
            new[:, 1:] += alpha[:, :-1]
            new[:, 2:] += np.where(self.skip[:, 2:], alpha[:, :-2], 0)
            alpha = new * row[self.label]
            top = np.maximum(alpha.max(axis=1), 1e-30)
            alpha /= top[:, None]
            scale += np.log(top)
        at = np.arange(len(alpha))
        end = alpha[at, 2 * self.length] + alpha[at, 2 * self.length - 1]
        return np.maximum(np.log(np.maximum(end, 1e-30)) + scale, -FARTHEST)

    def look(self, strips):
        """Log-probability of each state and of unknown from the lattices of a plate's strips."""
        score = np.zeros(table.UNKNOWN + 1)
        for logp in strips:
            logp = logp / TOO_SURE
            logp = logp - np.logaddexp.reduce(logp, axis=1, keepdims=True)
            best = np.full(table.UNKNOWN + 1, -FARTHEST)
            fits = self.likelihood(logp)
            np.maximum.at(best, self.state, np.where(fits > -FARTHEST, fits + EACH * (self.length - USUAL), -FARTHEST))
            score += np.logaddexp(best, NONE)
        return score - np.logaddexp.reduce(score)
