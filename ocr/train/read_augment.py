# SPDX-License-Identifier: Apache-2.0
"""From a flat plate to what the reader is given: seen by a camera, found by a localiser, rectified.

A plate is put into a picture at the few pixels a street camera has for it, spoilt as cameras spoil it, and cut out again
with the errors that a localiser makes. `hard` 0..1 scales every fault (curriculum).
"""
import cv2
import numpy as np

IN_WIDTH, IN_HEIGHT = 128, 48
MARGIN_X, MARGIN_Y = 0.04, 0.08  # added around the quad on each side; ocr/read.c does the same


def rectify(image, quad, width=IN_WIDTH):
    """What ocr/read.c does: quad (4x2, pixel corners) plus margin to width x IN_HEIGHT, averaged when it shrinks."""
    q = expand(np.asarray(quad, np.float32))
    w = max(np.hypot(*(q[1] - q[0])), np.hypot(*(q[2] - q[3])))
    h = max(np.hypot(*(q[3] - q[0])), np.hypot(*(q[2] - q[1])))
    f = max(w / width, h / IN_HEIGHT)
    k = 1 if f < 1.25 else min(8, int(np.ceil(f)))
    to = np.array([[0, 0], [width * k, 0], [width * k, IN_HEIGHT * k], [0, IN_HEIGHT * k]], np.float32) - 0.5
    m = cv2.getPerspectiveTransform(to, q - np.float32(0.5))
    out = cv2.warpPerspective(image, m, (width * k, IN_HEIGHT * k), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                              borderMode=cv2.BORDER_REPLICATE)
    return out if k == 1 else cv2.resize(out, (width, IN_HEIGHT), interpolation=cv2.INTER_AREA)


def expand(q):
    """The quad with the reader's margin, by bilinear extrapolation of its sides."""
    def at(u, v):
        return (1 - u) * (1 - v) * q[0] + u * (1 - v) * q[1] + u * v * q[2] + (1 - u) * v * q[3]
    x, y = MARGIN_X, MARGIN_Y
    return np.array([at(-x, -y), at(1 + x, -y), at(1 + x, 1 + y), at(-x, 1 + y)], np.float32)


def normalise(patch):
    """Zero mean, unit deviation; a flat patch stays flat. ocr/read.c does the same."""
    p = patch.astype(np.float32)
    return (p - p.mean()) / (p.std() + 4.0)


def found(rng, quad, hard):
    """The corners as a localiser gives them: shift, scale, corner noise, sometimes no more than an upright box."""
    q = np.asarray(quad, np.float32)
    size = np.float32([np.hypot(*(q[1] - q[0])), np.hypot(*(q[3] - q[0]))])
    if rng.random() < 0.12 * hard:
        x0, y0, x1, y1 = q[:, 0].min(), q[:, 1].min(), q[:, 0].max(), q[:, 1].max()
        q = np.float32([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    centre = q.mean(axis=0)
    wide = rng.random() < 0.18  # the frame and what is around it: up to a quarter of a plate too much on each side
    scale = 1 + rng.normal(0, [0.035, 0.06]) * hard + (rng.uniform(0, [0.4, 0.5]) * hard if wide else 0)
    q = centre + (q - centre) * scale
    q = q + rng.normal(0, [0.015, 0.035], 2) * size * hard + rng.normal(0, [0.012, 0.03], (4, 2)) * size * hard
    return q.astype(np.float32)


def _backdrop(rng, w, h, plate):
    tone = rng.uniform(5, 220)
    bg = np.full((h, w), tone, np.float32)
    for _ in range(int(rng.integers(0, 5))):  # bumper, boot lid, lamps: boxes of other tones
        x, y = rng.integers(0, w), rng.integers(0, h)
        cv2.rectangle(bg, (int(x), int(y)), (int(x + rng.integers(3, w)), int(y + rng.integers(2, h))), float(rng.uniform(0, 230)), -1)
    return bg


def _light(rng, img, hard):
    h, w = img.shape
    if rng.random() < 0.4 * hard:
        a = rng.normal(0, 0.25, 2)
        img *= 1 + a[0] * np.linspace(-1, 1, w, dtype=np.float32)[None] + a[1] * np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    if rng.random() < 0.2 * hard:  # shadow edge
        m = np.ones((h, w), np.float32)
        pts = np.array([[rng.integers(-w, 2 * w), -h], [rng.integers(-w, 2 * w), 2 * h], [-w, 2 * h], [-w, -h]], np.int32)
        cv2.fillPoly(m, [pts], float(rng.uniform(0.35, 0.8)))
        img *= cv2.GaussianBlur(m, (0, 0), rng.uniform(0.4, 2))
    if rng.random() < 0.1 * hard:  # glare of a lamp or the sun
        cv2.circle(img, (int(rng.integers(0, w)), int(rng.integers(0, h))), int(rng.integers(1, max(2, h // 6))), 255.0, -1)
    if rng.random() < 0.08 * hard:  # rain
        for _ in range(int(rng.integers(2, 10))):
            x, y = rng.integers(0, w), rng.integers(0, h)
            cv2.line(img, (int(x), int(y)), (int(x + rng.integers(-2, 3)), int(y + rng.integers(3, h // 2 + 4))),
                     float(rng.uniform(120, 230)), 1)
    if rng.random() < 0.08 * hard:  # a bar, a hitch, a twig in front
        x = rng.integers(0, w)
        cv2.line(img, (int(x), h), (int(x + rng.normal(0, w / 4)), int(rng.integers(h // 3, h))), float(rng.uniform(0, 120)),
                 int(rng.integers(1, 3)))
    return img


def _camera(rng, img, hard, height):
    """Optics, sensor and codec. `height` of the plate in pixels bounds what blur leaves it legible."""
    s = hard * min(1.0, height / 36) ** 1.5 + 0.1
    if rng.random() < 0.6:
        img = cv2.GaussianBlur(img, (0, 0), rng.uniform(0.3, 0.3 + 1.2 * s))
    if rng.random() < 0.25 * hard:
        n = int(rng.integers(2, 3 + int(3.5 * s)))
        k = np.zeros((n, n), np.float32)
        if rng.random() < 0.7:
            k[n // 2] = 1
        else:
            np.fill_diagonal(k, 1)
            k = k if rng.random() < 0.5 else k[::-1]
        img = cv2.filter2D(img, -1, k / k.sum())
    gain = rng.uniform(0.2, 1.1) if rng.random() < 0.5 else 1.0
    img = img * gain + rng.uniform(0, 60) * rng.random()
    if rng.random() < 0.3:
        img = 255 * (np.clip(img, 0, 255) / 255) ** rng.uniform(0.6, 1.6)
    if rng.random() < 0.25 * hard:  # a camera's sharpening, with its halo
        img = img + rng.uniform(0.3, 1.5) * (img - cv2.GaussianBlur(img, (0, 0), rng.uniform(0.8, 1.6)))
    if rng.random() < 0.7:
        img = img + rng.standard_normal(img.shape, dtype=np.float32) * (rng.random() ** 2 * 12 * hard * gain)
    img = np.clip(img, 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        quality = int(rng.uniform(95 - 70 * hard, 96))
        img = cv2.imdecode(cv2.imencode(".jpg", img, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 0)
    return img


def from_flat(rng, flat, aspect, hard, part=False, out_width=IN_WIDTH):
    """A flat plate (u8) -> IN_HEIGHT x out_width u8; `part` as in from_photo."""
    top = 64 if rng.random() < 0.5 else 110
    low = 40 - 22 * hard
    height = float(np.exp(rng.uniform(np.log(low), np.log(top)))) * (0.62 if aspect > 3 else 1)
    width = height * aspect * rng.uniform(0.8, 1.12)
    w, h = int(width * 1.5) + 8, int(height * 1.9) + 8
    corners = np.float32([[-.5, -.5], [.5, -.5], [.5, .5], [-.5, .5]]) * [width, height]
    corners += rng.normal(0, [0.02, 0.04], (4, 2)) * [width, height] * hard  # perspective
    angle = np.radians(rng.normal(0, 5) * hard)
    shear = rng.normal(0, 0.07) * hard
    corners = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    corners[:, 1] += shear * corners[:, 0]
    quad = (corners + [w / 2 + rng.uniform(-2, 2), h / 2 + rng.uniform(-2, 2)]).astype(np.float32)
    # Shrink first so that the warp does not alias.
    sw, sh = min(flat.shape[1], max(12, int(width))), min(flat.shape[0], max(8, int(height)))
    src = cv2.resize(flat, (sw, sh), interpolation=cv2.INTER_AREA)
    m = cv2.getPerspectiveTransform(np.float32([[0, 0], [sw, 0], [sw, sh], [0, sh]]) - np.float32(.5), quad - np.float32(.5))
    img = _backdrop(rng, w, h, flat)
    mask = np.zeros((h, w), np.uint8)
    cv2.fillConvexPoly(mask, np.round(quad * 8 - 4).astype(np.int32), 255, cv2.LINE_AA, 3)
    plate = cv2.warpPerspective(src, m, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    a = mask.astype(np.float32) / 255
    img = img * (1 - a) + plate * a
    img = _camera(rng, _light(rng, img, hard), hard, height)
    if rng.random() < 0.03:
        img = 255 - img
    return rectify(img, found(rng, _patch(rng, quad) if part else quad, hard * (.3 if part else 1)), out_width)


def _patch(rng, quad):
    """The outline of a small part of a plate that holds none of the text: a corner with its sticker, a strip above or below."""
    w, h = (rng.uniform(.09, .3), rng.uniform(.12, .27)) if rng.random() < .7 else (rng.uniform(.4, .9), rng.uniform(.14, .22))
    x = rng.choice([0, 1 - w]) if w < .35 else rng.uniform(0, 1 - w)
    y = rng.choice([0, 1 - h])
    if w < .35:
        x, y = x + rng.uniform(0, .05) * (1 if x == 0 else -1), y + rng.uniform(0, .06) * (1 if y == 0 else -1)
    m = cv2.getPerspectiveTransform(np.float32([[0, 0], [1, 0], [1, 1], [0, 1]]), np.asarray(quad, np.float32))
    part = np.float32([[[x, y], [x + w, y], [x + w, y + h], [x, y + h]]])
    return cv2.perspectiveTransform(part, m)[0]


def from_photo(rng, photo, quad, hard, part=False, out_width=IN_WIDTH):
    """
    A labelled region of a photo (u8, corners in it) -> IN_HEIGHT x out_width u8: mild faults, it has its own. `part`: a piece
    of the plate without its text instead.
    """
    img, q = photo, np.asarray(quad, np.float32)
    height = q[3, 1] - q[0, 1]
    if height > 24 and rng.random() < 0.7:
        k = float(np.exp(rng.uniform(np.log(max(16, 0.12 * height) / height), 0)))
        img = cv2.resize(img, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        q = q * [img.shape[1] / photo.shape[1], img.shape[0] / photo.shape[0]]
        height *= k
    if rng.random() < 0.5:
        img = _light(rng, img.astype(np.float32), hard * 0.5)
    if rng.random() < 0.7:
        img = _camera(rng, img.astype(np.float32), hard * (0.5 if height > 24 else 0.15), height)
    angle = np.radians(rng.normal(0, 3))
    shear = rng.normal(0, 0.04)
    c = q.mean(axis=0)
    r = (q - c) @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    r[:, 1] += shear * r[:, 0]
    r += c
    return rectify(np.clip(img, 0, 255).astype(np.uint8), found(rng, _patch(rng, r) if part else r, hard * (.3 if part else 1)), out_width)
