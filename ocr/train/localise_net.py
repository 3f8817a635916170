# SPDX-License-Identifier: Apache-2.0
"""The plate localiser's network: luma in, at three strides a centre logit and eight corner offsets per cell."""
import torch
import torch.nn as nn
import torch.nn.functional as F

STRIDES = (8, 16, 32)
# Corner offsets are in these pixels, so that every level regresses numbers around one. ocr/localise_decode.h has the same.
UNITS = (16.0, 40.0, 112.0)
# Long side of the plates a level answers for, network pixels; the overlap is answered by both.
SPANS = ((0.0, 56.0), (40.0, 130.0), (100.0, 1e9))


def conv(i, o, k=3, s=1):
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o), nn.ReLU(True))


class Separable(nn.Module):
    """Residual depthwise 3x3 and pointwise convolution."""

    def __init__(self, c):
        super().__init__()
        self.depth = nn.Sequential(nn.Conv2d(c, c, 3, 1, 1, groups=c, bias=False), nn.BatchNorm2d(c))
        self.point = nn.Sequential(nn.Conv2d(c, c, 1, bias=False), nn.BatchNorm2d(c))

    def forward(self, x):
        return F.relu(x + self.point(self.depth(x)))


class Localiser(nn.Module):
    def __init__(self, c=(8, 24, 56, 88, 128), blocks=(1, 2, 3, 3), neck=40):
        super().__init__()
        self.stem = nn.Sequential(conv(1, c[0], 3, 2), conv(c[0], c[1], 3, 2), *[Separable(c[1]) for _ in range(blocks[0])])
        self.down8 = nn.Sequential(conv(c[1], c[2], 3, 2), *[Separable(c[2]) for _ in range(blocks[1])])
        self.down16 = nn.Sequential(conv(c[2], c[3], 3, 2), *[Separable(c[3]) for _ in range(blocks[2])])
        self.down32 = nn.Sequential(conv(c[3], c[4], 3, 2), *[Separable(c[4]) for _ in range(blocks[3])])
        self.side = nn.ModuleList([conv(c[2], neck, 1), conv(c[3], neck, 1), conv(c[4], neck, 1)])
        self.head = nn.ModuleList([nn.Sequential(Separable(neck), Separable(neck), nn.Conv2d(neck, 9, 1)) for _ in STRIDES])
        for h in self.head:
            nn.init.constant_(h[2].bias, 0.0)
            with torch.no_grad():
                h[2].bias[0] = -4.0  # most cells hold no plate

    def forward(self, x):
        x = self.stem(x - 0.5)
        a = self.down8(x)
        b = self.down16(a)
        c = self.side[2](self.down32(b))
        b = self.side[1](b) + F.interpolate(c, scale_factor=2.0, mode="nearest")
        a = self.side[0](a) + F.interpolate(b, scale_factor=2.0, mode="nearest")
        return self.head[0](a), self.head[1](b), self.head[2](c)


class Exported(nn.Module):
    """As deployed: the centre channel is a probability."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return tuple(torch.cat([torch.sigmoid(o[:, :1]), o[:, 1:]], 1) for o in self.net(x))


def export(net, path):
    """Write ONNX opset 11; any input whose sides are multiples of 32 will do."""
    net = Exported(net).eval()
    torch.onnx.export(net, torch.zeros(1, 1, 352, 640), path, opset_version=11, input_names=["luma"],
                      output_names=["stride8", "stride16", "stride32"], do_constant_folding=True)
