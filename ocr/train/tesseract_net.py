# SPDX-License-Identifier: Apache-2.0
"""Tesseract's network in torch, and its weights into Tesseract's file.

`lstmtraining` takes one line at a time; torch takes a batch of them in a fraction of the time. What Tesseract does to a line
before the network, and at its edges, is repeated here, so that the weights mean the same there. Sources: weightmatrix.cpp,
lstm.cpp, convolve.cpp, reconfig.cpp, networkio.cpp of Tesseract 5.3.
"""
import struct

import numpy as np
import torch
from torch import nn

SPEC = "[1,48,0,1 S2,2 Ct3,3,24 Mp2,2 Ct3,3,48 Mp2,1 S6,1 Lfx80 Lrx80 O1c39]"
CLASSES, NULL, FIRST = 39, 2, 3  # of the softmax: the alphabet begins at 3, as the unicharset of the starter has it


class Conv(nn.Module):
    """Convolve. What lies outside the picture is noise there, so it is here."""

    def __init__(self, i, o):
        super().__init__()
        self.conv = nn.Conv2d(i, o, 3, bias=False)
        self.norm = nn.BatchNorm2d(o)

    def forward(self, x):
        wide = nn.functional.pad(x, (1, 1, 1, 1))
        if self.training:
            with torch.no_grad():
                for edge in (wide[:, :, 0], wide[:, :, -1], wide[:, :, :, 0], wide[:, :, :, -1]):
                    edge.uniform_(-1, 1)
        return self.norm(self.conv(wide))

    def folded(self):
        """Weights and biases with the normalisation in them: the file knows none."""
        gain = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        return self.conv.weight * gain[:, None, None, None], self.norm.bias - self.norm.running_mean * gain


class Net(nn.Module):
    """
    n x 1 x 48 x 144 -> n x 36 x CLASSES (logits): SPEC. In training a second reading as well, of the columns alone: without it,
    the recurrent layers learn to say nothing long before there is anything to see for them.
    """

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([Conv(4, 24), Conv(24, 48)])
        self.pools = [(2, 2), (2, 1)]
        self.lstms = nn.ModuleList([nn.LSTM(288, 80), nn.LSTM(80, 80)])
        for lstm in self.lstms:
            nn.init.constant_(lstm.bias_hh_l0[lstm.hidden_size:2 * lstm.hidden_size], 1.0)  # remember, to begin with
        self.out = nn.Linear(80, CLASSES)
        self.aid = nn.Linear(288, CLASSES)  # in no file

    def forward(self, x):
        n, _, h, w = x.shape
        x = x.view(n, h // 2, 2, w // 2, 2).permute(0, 4, 2, 1, 3).reshape(n, 4, h // 2, w // 2)  # S2,2: columns, then rows
        for conv, pool in zip(self.convs, self.pools):
            x = torch.tanh(torch.max_pool2d(conv(x), pool))  # as good as tanh first, and a quarter of the work
        n, c, h, w = x.shape
        x = x.permute(3, 0, 2, 1).reshape(w, n, h * c)  # S6,1: the rows of a column behind each other
        aid = self.aid(x).permute(1, 0, 2) if self.training else None
        x, _ = self.lstms[0](x)
        x = self.lstms[1](x.flip(0))[0].flip(0)
        x = self.out(x).permute(1, 0, 2)
        return (x, aid) if self.training else x


def ile(values, share):
    """STATS::ile of whole numbers 0..255."""
    counts = np.bincount(values, minlength=256)
    target = min(max(1, int(share * len(values) + 0.5)), len(values))
    total = np.cumsum(counts)
    at = int(np.searchsorted(total, target))
    return at + 1 - (total[at] - target) / counts[at]


def normalise(patch):
    """A line (u8) as the network sees it: black and white of the strokes across its middle become -1 and 1."""
    row = patch[patch.shape[0] // 2].astype(np.int32)
    a, b, c = row[:-2], row[1:-1], row[2:]
    low, high = b[((b < a) & (b <= c)) | ((b <= a) & (b < c))], b[((b > a) & (b >= c)) | ((b >= a) & (b > c))]
    black = ile(low, 0.25) if len(low) else 1.0
    white = ile(high, 0.75) if len(high) else 256.0
    half = (white - black) / 2
    return np.clip((patch.astype(np.float32) - np.float32(black)) / np.float32(half if half > 0 else 1.0) - 1, -1, 1)


def matrices(model):
    """The weights in the order of the file: one row an output, the bias last."""
    out = []
    for conv in model.convs:
        w, bias = conv.folded()  # o x i x y x x; the file stacks columns of the window, then rows, then channels
        out.append(torch.cat([w.permute(0, 3, 2, 1).reshape(w.shape[0], -1), bias[:, None]], 1))
    for lstm in model.lstms:
        both = torch.cat([lstm.weight_ih_l0, lstm.weight_hh_l0, (lstm.bias_ih_l0 + lstm.bias_hh_l0)[:, None]], 1)
        i, f, g, o = both.chunk(4)
        out += [g, i, f, o]  # CI, GI, GF1, GO
    out.append(torch.cat([model.out.weight, model.out.bias[:, None]], 1))
    return [m.detach().numpy().astype(np.float64) for m in out]


def fill(template, model):
    """The bytes of a float .lstm of this SPEC with its weights replaced by the model's."""
    data, at = bytearray(template), 0
    for m in matrices(model):
        head = struct.pack("<ii", *m.shape)
        at = data.find(head, at)
        if at < 0:
            raise ValueError(f"no matrix of {m.shape[0]} x {m.shape[1]} in the template")
        begin = at + len(head) + 8  # the value of an empty element stands between
        data[begin:begin + m.nbytes] = m.tobytes()
        at = begin + m.nbytes
    return bytes(data)
