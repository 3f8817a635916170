# SPDX-License-Identifier: Apache-2.0
"""Training patches for the localiser: real photos, and plates pasted into them whose corners are known."""
import json
import os
import random

import cv2
import numpy as np
from localise_net import SPANS, STRIDES, UNITS

# Sides of patches and how many make a batch: most are small, because plates a second teach more than pixels a second.
PATCHES = ((160, 32), (160, 32), (160, 32), (256, 14))
WORDS = ("EXIT ONLY STOP YIELD FORD SALE TAXI POLICE OPEN PARK BUS SCHOOL XING 4X4 TURBO TOYOTA NISSAN DODGE PIZZA BANK "
         "25 35 SPEED LIMIT RENT CAFE HOTEL WWW.CARS.COM 555-0142 NO PARKING ONE WAY DELIVERY").split()


def corners(x, y, w, h):
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)


def apply(m, pts):
    p = np.concatenate([pts, np.ones((len(pts), 1), pts.dtype)], 1) @ m.T
    return p[:, :2] / p[:, 2:]


def scale(sx, sy):
    return np.diag([sx, sy, 1.0])


def shift(tx, ty):
    return np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1.0]])


class Photo:
    """One photo as a pyramid of luma images, each half the size of the one before, with its plates."""

    def __init__(self, root, note):
        image = cv2.imread(os.path.join(root, note["file"]), cv2.IMREAD_GRAYSCALE)
        s = min(1.0, 1280 / max(image.shape))
        if s < 1:
            image = cv2.resize(image, None, fx=s, fy=s, interpolation=cv2.INTER_AREA)
        sx, sy = image.shape[1] / note["width"], image.shape[0] / note["height"]
        self.pyramid = [image]
        while min(self.pyramid[-1].shape) > 80:
            self.pyramid.append(cv2.pyrDown(self.pyramid[-1]))
        self.file = note["file"]
        self.full = (note["width"], note["height"])
        self.stretched = note["stretched"]
        self.plates = []
        for p in note["plates"]:
            box = corners(p["x"] * sx, p["y"] * sy, p["w"] * sx, p["h"] * sy)
            quad = np.array(p["quad"], np.float32).reshape(4, 2) * [sx, sy] if p["quad"] else None
            aspect = p["w"] * sx / max(p["h"] * sy, 1e-3)
            self.plates.append({"box": box, "aspect": aspect, "quad": quad, "text": p["text"],
                                "ignore": p.get("occluded", False)})
        self.aspect = 1.0
        if self.stretched and self.plates:  # what would make its plates as wide as plates are
            self.aspect = float(np.clip(2.2 / np.median([p["aspect"] for p in self.plates]), 1.0, 1.9))

    def warp(self, m, size):
        """The photo under homography m (photo pixels to patch pixels), from the level that does not alias."""
        c = np.array([size / 2, size / 2, 1.0])
        i = np.linalg.inv(m)
        o = i @ c
        jac = (i[:2, :2] - np.outer(o[:2] / o[2], i[2, :2])) / o[2]  # photo pixels per patch pixel, at the centre
        zoom = np.sqrt(abs(np.linalg.det(jac)))
        level = int(np.clip(np.floor(np.log2(max(zoom, 1e-6)) + 0.35), 0, len(self.pyramid) - 1))
        k = 2.0 ** level
        m = shift(-0.5, -0.5) @ m @ shift(0.5, 0.5)  # pixel centres are whole numbers to OpenCV
        return cv2.warpPerspective(self.pyramid[level], m @ scale(k, k), (size, size), flags=cv2.INTER_LINEAR,
                                   borderMode=random.choice((cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)),
                                   borderValue=random.choice((0, 0, 114, 255)))


def load(root, split):
    with open(os.path.join(root, "annotations.jsonl"), encoding="utf-8") as f:
        notes = [json.loads(line) for line in f]
    return [Photo(root, n) for n in notes if n["split"] == split]


def load_scenes(folder):
    """Street frames of `alpr-sim street`: every folder below that has a frames.jsonl."""
    out = []
    for base, _, names in sorted(os.walk(folder)):
        if "frames.jsonl" not in names:
            continue
        with open(os.path.join(base, "frames.jsonl"), encoding="utf-8") as f:
            for line in f:
                n = json.loads(line)
                q = [np.array(p["quad"]).reshape(4, 2) for p in n["plates"]]
                for p, c in zip(n["plates"], q):
                    (p["x"], p["y"]), (p["w"], p["h"]) = c.min(0), c.max(0) - c.min(0)
                height, width = cv2.imread(os.path.join(base, n["file"]), cv2.IMREAD_GRAYSCALE).shape
                out.append(Photo(base, {"file": n["file"], "width": width, "height": height, "stretched": False, "plates": n["plates"]}))
    return out


def adopt(photos, path):
    """Take the corners that localise_quads.py estimated."""
    with open(path, encoding="utf-8") as f:
        known = json.load(f)
    for p in photos:
        k = np.array(p.pyramid[0].shape[::-1]) / p.full
        for plate, quad in zip(p.plates, known.get(p.file, [])):
            if plate["quad"] is None and quad is not None:
                plate["quad"] = np.array(quad, np.float32) * k.astype(np.float32)


RENDERED = (240, 480)  # rows, columns of one image of plates.bin


def load_textures(folder):
    """Plates of `alpr-sim plates`: plates.bin with plates.tsv, which says where in its image each plate is."""
    images = np.memmap(os.path.join(folder, "plates.bin"), np.uint8, "r").reshape(-1, *RENDERED)
    out = []
    with open(os.path.join(folder, "plates.tsv"), encoding="utf-8") as f:
        for line in f:
            c = line.rstrip("\n").split("\t")
            x0, y0, x1, y1 = (int(round(float(v))) for v in c[3:7])
            out.append(images[int(c[0])][y0:y1, x0:x1])
    return out


def photo_textures(photos):
    """Plates cut from photos where their corners are known."""
    out = []
    for p in photos:
        for q in p.plates:
            if q["quad"] is None or not q["text"]:
                continue
            w = int(np.linalg.norm(q["quad"][1] - q["quad"][0]))
            h = int(np.linalg.norm(q["quad"][3] - q["quad"][0]))
            if w >= 70 and h >= 18:
                t = cv2.getPerspectiveTransform(q["quad"].astype(np.float32) - 0.5, corners(-0.5, -0.5, w, h))
                out.append(cv2.warpPerspective(p.pyramid[0], t, (w, h)))
    return out


def pose(aspect, width, steep):
    """Corners of a plate around the origin, seen by a pinhole camera from some angle."""
    yaw, pitch, roll = np.radians([random.uniform(-50, 50), random.uniform(-30, 35), random.gauss(0, 7)] if steep else
                                  [random.gauss(0, 18), random.gauss(6, 9), random.gauss(0, 4)])
    if steep and random.random() < 0.3:
        roll = np.radians(random.uniform(-40, 40))
    aspect *= np.exp(random.gauss(0, 0.1)) * (random.uniform(0.55, 0.9) if random.random() < 0.15 else 1)
    p = np.concatenate([corners(-0.5, -0.5 / aspect, 1, 1 / aspect), np.zeros((4, 1))], 1)
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    p = p @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]).T @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]]).T
    p = p @ np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]]).T
    d = random.uniform(3, 25)
    q = p[:, :2] * (d / (d + p[:, 2:]))
    return (q * (width / (q[:, 0].max() - q[:, 0].min()))).astype(np.float32)


def long_side(q):
    return max(np.linalg.norm(q[1] - q[0]) + np.linalg.norm(q[2] - q[3]), np.linalg.norm(q[3] - q[0]) + np.linalg.norm(q[2] - q[1])) / 2


def area(q):
    x, y = q[:, 0], q[:, 1]
    return 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))


def shown(q, size):
    """Share of the quad's bounding box that is inside the patch."""
    lo, hi = q.min(0), q.max(0)
    w = np.clip(np.minimum(hi, size) - np.maximum(lo, 0), 0, None)
    return float(w[0] * w[1] / max((hi[0] - lo[0]) * (hi[1] - lo[1]), 1e-6))


class Sampler:
    def __init__(self, photos, textures, seed):
        random.seed(seed)
        np.random.seed(seed)
        self.with_plates = [p for p in photos if p.plates]
        self.without = [p for p in photos if not p.plates]
        self.real = photo_textures(photos)
        self.rendered = textures
        self.scenes = []  # photos like the others, from the street simulator

    def geometry(self, photo, focus, size, width):
        """Homography photo to patch that shows `focus` (a quad) `width` pixels wide somewhere in the patch."""
        stretch = photo.aspect * np.exp(random.gauss(0, 0.08)) if photo.stretched else np.exp(random.gauss(0, 0.06))
        w = (focus[:, 0].max() - focus[:, 0].min()) * stretch
        k = min(width / w, 2.2)
        angle = random.gauss(0, 4) if random.random() < 0.6 else random.uniform(-38, 38)
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
        shear = np.array([[1, random.gauss(0, 0.06), 0], [random.gauss(0, 0.06), 1, 0], [0, 0, 1.0]])
        if random.random() < 0.35:  # seen from the side
            shear = np.array([[random.uniform(0.6, 1), 0, 0], [random.uniform(-0.35, 0.35), 1, 0], [0, 0, 1.0]])
        room = max(0.5 * min(width, size) / size, 0.06)
        at = [size * (random.uniform(room, 1 - room) if random.random() < 0.8 else random.random()) for _ in range(2)]
        mid = focus.mean(0)
        return shift(*at) @ turn @ shear @ scale(k * stretch, k) @ shift(-mid[0], -mid[1])

    def base(self, size):
        """A patch of a photo and the plates in it: dicts with quad (patch pixels) and whether it is exact, or a box drawn loosely."""
        u = random.random()
        if self.scenes and u < 0.15:
            photo = random.choice(self.scenes)
        else:
            photo = random.choice(self.without) if self.without and u > 0.88 else random.choice(self.with_plates)
        h, w = photo.pyramid[0].shape
        if photo.plates and random.random() < 0.85:
            width = np.exp(random.uniform(np.log(13), np.log(0.96 * size))) if random.random() < 0.95 else random.uniform(1, 3.5) * size
            p = random.choice(photo.plates)
            m = self.geometry(photo, p["box"] if p["quad"] is None else p["quad"], size, width)
        else:
            k = np.exp(random.uniform(np.log(0.25), np.log(1.2)))
            at = np.array([random.uniform(0, w), random.uniform(0, h)])
            m = self.geometry(photo, corners(at[0] - 50, at[1] - 50, 100, 100), size, 100 * k)
        plates = []
        for p in photo.plates:
            exact = p["quad"] is not None
            plates.append({"quad": apply(m, (p["quad"] if exact else p["box"]).astype(np.float64)), "exact": exact, "ignore": p["ignore"]})
        return photo.warp(m, size), plates

    def paste(self, patch, plates, size):
        """Put one plate with known corners into the patch; returns False when it would not fit."""
        pool = self.rendered if self.rendered and (random.random() < 0.65 or not self.real) else self.real
        t = np.ascontiguousarray(random.choice(pool))
        target = None
        visible = [p for p in plates if shown(p["quad"], size) > 0.9 and long_side(p["quad"]) > 12]
        if visible and random.random() < 0.5:  # over a real one: the surroundings are right
            target = random.choice(visible)
            width = (target["quad"][:, 0].max() - target["quad"][:, 0].min()) * random.uniform(1.0, 1.15)
            at = target["quad"].mean(0)
        else:
            width = np.exp(random.uniform(np.log(14), np.log(0.94 * size)))
            at = np.array([random.uniform(0.05, 0.95) * size, random.uniform(0.05, 0.95) * size])
        q = pose(t.shape[1] / t.shape[0], width, random.random() < 0.5) + at.astype(np.float32)
        if area(q) < 30 or shown(q, size) < 0.5:
            return False
        k = min(1.0, 1.6 * long_side(q) / t.shape[1])
        if k < 1:
            t = cv2.resize(t, (max(4, int(t.shape[1] * k)), max(3, int(t.shape[0] * k))), interpolation=cv2.INTER_AREA)
        self.light(patch, t, q, size)
        lo, hi = q.min(0), q.max(0)
        for p in list(plates):
            r = p["quad"]
            w = np.minimum(hi, r.max(0)) - np.maximum(lo, r.min(0))
            if (w > 0).all() and (w[0] * w[1] > 0.12 * np.prod(r.max(0) - r.min(0)) or p is target):
                if p is target and area(q) >= 0.75 * area(r):
                    plates[:] = [o for o in plates if o is not p]
                else:
                    p["ignore"] = True
        plates.append({"quad": q.astype(np.float64), "exact": True})
        return True

    def light(self, patch, t, q, size):
        h, w = t.shape
        t = t.astype(np.float32)
        if random.random() < 0.5:  # a holder or shadow around the plate
            mid = q.mean(0)
            f = q + (q - mid) * np.array([random.uniform(0.02, 0.25), random.uniform(0.04, 0.5)], np.float32)
            cv2.fillConvexPoly(patch, np.round(f * 8).astype(np.int32), random.choice((10, 30, 60, 120, 200)), cv2.LINE_AA, 3)
        lo, hi = np.clip(q.min(0), 0, size - 1).astype(int), np.clip(q.max(0) + 1, 1, size).astype(int)
        around = float(patch[lo[1]:hi[1] + 1, lo[0]:hi[0] + 1].mean())
        gain = np.clip((around + random.uniform(10, 90)) / max(t.mean(), 8), 0.15, 1.6) if random.random() < 0.7 else random.uniform(0.4, 1.1)
        t = t * gain + random.gauss(0, 6)
        if random.random() < 0.35:  # a shadow's edge
            g = np.linspace(random.uniform(0.4, 1), random.uniform(0.4, 1.2), w, dtype=np.float32)
            t = t * (g if random.random() < 0.5 else np.where(np.arange(w) > random.uniform(0, w), g, 1.0))
        m = cv2.getPerspectiveTransform(corners(-0.5, -0.5, w, h), q - 0.5)
        over = cv2.warpPerspective(t, m, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros((size, size), np.uint8)
        cv2.fillConvexPoly(mask, np.round((q - 0.5) * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
        a = mask.astype(np.float32) / 255
        patch[:] = np.clip(patch * (1 - a) + over * a, 0, 255).astype(np.uint8)

    def distract(self, patch, size):
        """Words that are no plates: painted on, or on boards of another shape."""
        word = " ".join(random.sample(WORDS, random.choice((1, 1, 1, 2, 3))))
        font = random.choice((cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX))
        k = np.exp(random.uniform(np.log(0.3), np.log(2.5)))
        thick = max(1, int(k * random.uniform(1, 3)))
        (w, h), _ = cv2.getTextSize(word, font, k, thick)
        x, y = random.uniform(-0.2 * size, size * 0.8), random.uniform(0.1 * size, size)
        if random.random() < 0.4:
            pad = h * random.uniform(1.2, 3) if w < 6 * h else h * 0.4
            cv2.rectangle(patch, (int(x - pad), int(y - h - pad)), (int(x + w + pad), int(y + pad)), random.randrange(256), -1)
        cv2.putText(patch, word, (int(x), int(y)), font, k, random.choice((0, 20, 60, 235, 255)), thick, cv2.LINE_AA)

    def spoil(self, patch, plates, size):
        """Light, weather, lens, sensor and codec."""
        x = patch.astype(np.float32)
        if random.random() < 0.16:
            x = self.night(x, plates, size)
        else:
            x = 255 * np.clip(x / 255, 0, 1) ** np.exp(random.gauss(0, 0.35))
            x = (x - 128) * np.exp(random.gauss(-0.1, 0.25)) + 128 + random.gauss(0, 18)
            if random.random() < 0.12:
                x = x * random.uniform(0.15, 0.6)
        if random.random() < 0.12:
            self.rain(x, size)
        r = random.random()
        if r < 0.25:
            x = cv2.GaussianBlur(x, (0, 0), random.uniform(0.4, 1.6))
        elif r < 0.4:
            n = random.randrange(3, 10)
            k = np.zeros((n, n), np.float32)
            a = random.uniform(0, np.pi)
            d = np.array([np.cos(a), np.sin(a)]) * n
            cv2.line(k, tuple(int(v) for v in (n / 2 - d / 2)), tuple(int(v) for v in (n / 2 + d / 2)), 1.0)
            x = cv2.filter2D(x, -1, k / max(k.sum(), 1))
        if random.random() < 0.5:
            x = x + np.random.randn(size, size).astype(np.float32) * abs(random.gauss(0, 9))
        x = np.clip(x, 0, 255).astype(np.uint8)
        if random.random() < 0.3:
            ok, b = cv2.imencode(".jpg", x, [cv2.IMWRITE_JPEG_QUALITY, random.randrange(18, 85)])
            x = cv2.imdecode(b, cv2.IMREAD_GRAYSCALE)
        return x

    def night(self, x, plates, size):
        """Infrared: the scene all but black, plates shining back."""
        mask = np.zeros((size, size), np.uint8)
        for p in plates:
            cv2.fillConvexPoly(mask, np.round(p["quad"] * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
        a = mask.astype(np.float32) / 255
        dark = x * random.uniform(0.02, 0.4) + random.uniform(0, 14)
        x = dark * (1 - a) + np.clip(x * random.uniform(0.5, 1.7), 0, 255) * a
        for _ in range(random.choice((0, 1, 2, 2))):
            g = np.zeros((size, size), np.float32)
            cv2.circle(g, (random.randrange(size), random.randrange(size)), random.randrange(2, 25), 255.0, -1)
            x = np.maximum(x, g) + cv2.blur(g, (51, 51)) * random.uniform(0, 1.5)
        return x

    def rain(self, x, size):
        g = np.zeros((size, size), np.float32)
        slant, n = random.uniform(-0.35, 0.35), random.uniform(5, 40)
        for _ in range(random.randrange(20, 150)):
            a, b = random.randrange(size), random.randrange(size)
            cv2.line(g, (a, b), (int(a + slant * n), int(b + n)), random.uniform(20, 110), 1)
        x += cv2.GaussianBlur(g, (0, 0), 0.7)

    def sample(self, size=256):
        patch, plates = self.base(size)
        patch = np.ascontiguousarray(patch)
        if random.random() < 0.25:
            for _ in range(random.choice((1, 1, 2, 3))):
                self.distract(patch, size)
        if (self.real or self.rendered) and random.random() < 0.5:
            for _ in range(random.choice((1, 1, 2))):
                self.paste(patch, plates, size)
        return self.spoil(patch, plates, size), plates


def targets(plates, size, out):
    """
    Fill the three levels' heat and weight maps of one patch, and return its regression cells:
    (level, cell y, x, quad relative to the cell in units, exact, scale) for every cell that answers for a plate.
    """
    cells = []
    for p in plates:
        q = p["quad"]
        length, see, mid = long_side(q), shown(q, size), q.mean(0)
        if see <= 0.02:
            continue
        u, v = (q[1] + q[2] - q[0] - q[3]) / 4, (q[3] + q[2] - q[0] - q[1]) / 4
        a = np.array([u, v]).T
        if abs(np.linalg.det(a)) < 1:
            continue
        back = np.linalg.inv(a)
        fit = see > 0.6 and length >= 8 and area(q) > 24 and not p.get("ignore") and (mid > 0).all() and (mid < size).all()
        for level, (stride, unit, span) in enumerate(zip(STRIDES, UNITS, SPANS)):
            heat, weight = out[level]
            n = size // stride
            lo = np.clip(np.floor(q.min(0) / stride - 0.5), 0, n - 1).astype(int)
            hi = np.clip(np.ceil(q.max(0) / stride + 0.5), 1, n).astype(int)
            ys, xs = np.mgrid[lo[1]:hi[1], lo[0]:hi[0]]
            if ys.size == 0:
                continue
            pts = np.stack([xs, ys], -1) * stride + stride / 2 - mid
            local = pts @ back.T
            if not fit:
                if length >= 0.8 * size and see < 0.3 and not p.get("ignore"):
                    continue  # inside the letters of a plate is no plate
                inside = (np.abs(local) < 1.15).all(-1) | (length < 16)
                weight[lo[1]:hi[1], lo[0]:hi[0]][inside] = 0
                continue
            if not span[0] <= length < span[1]:
                edge = span[0] * 0.8 <= length < span[1] * 1.25
                if edge:
                    weight[lo[1]:hi[1], lo[0]:hi[0]][(np.abs(local) < 0.6).all(-1)] = 0
                continue
            y = np.exp(-(local ** 2).sum(-1) / (2 * 0.3 ** 2))
            near = np.unravel_index(np.argmin((pts ** 2).sum(-1)), ys.shape)
            y[near] = 1.0
            view = heat[lo[1]:hi[1], lo[0]:hi[0]]
            np.maximum(view, y, out=view)
            if not p["exact"]:  # its middle is somewhere in there
                weight[lo[1]:hi[1], lo[0]:hi[0]][(np.abs(local) < 0.8).all(-1) & (y < 1)] = 0
            for i, j in zip(*np.nonzero(y > (0.55 if p["exact"] else 0.999))):
                cy, cx = int(ys[i, j]), int(xs[i, j])
                rel = (q - [(cx + 0.5) * stride, (cy + 0.5) * stride]) / unit
                cells.append((level, cy, cx, rel, p["exact"], unit / np.sqrt(area(q))))
    return cells


def batch(sampler, n, size):
    """n patches: luma (n,1,s,s) float 0..1; per level heat, weight (n,h,w); regression cells as arrays."""
    images = np.empty((n, 1, size, size), np.float32)
    heat = [np.zeros((n, size // s, size // s), np.float32) for s in STRIDES]
    weight = [np.ones((n, size // s, size // s), np.float32) for s in STRIDES]
    cells = [[], [], []]
    for k in range(n):
        patch, plates = sampler.sample(size)
        images[k, 0] = patch.astype(np.float32) / 255
        for c in targets(plates, size, [(heat[i][k], weight[i][k]) for i in range(3)]):
            cells[c[0]].append((k,) + c[1:])
    return images, heat, weight, cells
