#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Flat US plates by state, for the training of the network that tells the state: luma only.

What tells a state is its printed name, its slogan or web address, its emblem and its layout (state_designs.py). The text in the
middle is mostly of no series of that state: what a series says of the state is ocr/issuer.c's to weigh, and must not be
counted twice.
"""
import glob
import os

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import read_render
import state_designs as table

WIDTH, HEIGHT = 320, 160
SIZE = 44  # of the fonts that small texts are drawn in before they are shrunk
EMBLEM_PX = 96

# Words in the names of font files, by class; what is in none is left out.
CLASSES = {
    "s": ("NimbusSans-Regular NimbusSans-Italic Gillius Switzera Mekanus Allerta Cabin- Carlito DejaVuSans.ttf FreeSans. FreeSansOblique Lato-Regular "
          "Lato-Medium Lato-Italic LiberationSans-Reg LiberationSans-Ita OpenSans-Reg OpenSans-Sem Play- Quicksand-Med Roboto-Reg Roboto-Med "
          "Tuffy.ttf Tuffy-Reg URWGothic-Book Comfortaa Averia-Reg AveriaSans-Reg national-park/NationalPark-Reg Junction texgyreadventor-reg "
          "texgyreheros-reg roadgeek/RG2014E roadgeek/RG2014D RGE opendin Ubuntu-Title okolaks ComicNeue-Reg"),
    "b": ("NimbusSans-Bold Gillius-Bold Switzera-Bold Cabin-Bold Carlito-Bold DejaVuSans-Bold. FreeSansBold Lato-Bold Lato-Black Lato-Heavy "
          "LiberationSans-Bold OpenSans-Bold OpenSans-Extra Roboto-Bold Roboto-Black LeagueSpartan URWGothic-Demi texgyreheros-bold "
          "texgyreadventor-bold NationalPark-Heavy Tuffy-Bold Quicksand-Bold ComicNeue-Bold Averia-Bold"),
    "r": ("NimbusRoman P052 Bookman C059 Accanthis Baskervald Berenis Ikarius Irianis Libris Oldania Romande Veranda EBGaramond-Reg EBGaramond-Med "
          "EBGaramond-Ital EBGaramond12 Caladea LinLibertine_R LinLibertine_RB Goudy OldStandard Quattrocento Vollkorn Prociono DejaVuSerif FreeSerif "
          "LiberationSerif AveriaSerif century texgyrepagella texgyretermes texgyrebonum texgyreschola Centaur"),
    "l": ("RobotoSlab Bookman-Demi C059-Bold DejaVuSerif-Bold Universalis-Bold texgyrebonum-bold FreeMono Vollkorn-Bold"),
    "c": ("Z003 Lobster LobsterTwo Kaushan DancingScript Kristi leckerli texgyrechorus rufscript Delphine SteveHand DkgHand Dustismo_Roman_Italic "
          "BookmanItalic P052-Ital P052-BoldItal C059-BdIta Bookman-DemiItalic Isabella AveriaSerif-Ital AveriaSerif-BoldItal tomsontalks Caliban Cupola"),
    "n": ("NimbusSansNarrow Yanone BebasNeue SansNarrow DejaVuSansCondensed RobotoCondensed Universalis Tribun Solothurn Cabin-Cond "
          "roadgeek/RG2014B roadgeek/RG2014C league-mono/LeagueMono-Cond"),
}


def font_files(root="/usr/share/fonts"):
    """{class: [files]}, the same on every machine that has the same packages."""
    every = sorted(glob.glob(os.path.join(root, "opentype", "**", "*.[ot]tf"), recursive=True)
                   + glob.glob(os.path.join(root, "truetype", "**", "*.[ot]tf"), recursive=True))
    every = [f for f in every if not any(w in f for w in ("lyx", "Math", "Symbol", "Dingbat", "Keyboard", "Initials", "Thin", "Hairline"))]
    out = {k: [f for f in every if any(w in f for w in words.split())] for k, words in CLASSES.items()}
    if not all(out.values()):
        raise SystemExit("state_render: fonts are missing below " + root + ": see ocr/train/packages")
    return out


class Words:
    """Masks of small texts in many fonts; the last few thousand are kept."""

    def __init__(self, share=None):
        self.files = font_files()
        if share:  # (k, n): the fonts of a held-out part, or all others
            part, held = share
            self.files = {c: [f for i, f in enumerate(v) if (i % 10 == 0) == held] if part else v for c, v in self.files.items()}
        self.fonts, self.masks = {}, {}
        self.plain = False  # only fonts of the class that was asked for

    def pick(self, rng, kind):
        if not self.plain and rng.random() < 0.3:
            kind = "sbrlcn"[rng.integers(6)]
        files = self.files[kind]
        return files[rng.integers(len(files))]

    def mask(self, rng, text, kind, spaced):
        path = self.pick(rng, kind)
        key = (path, text, spaced)
        if key not in self.masks:
            if len(self.masks) > 4000:
                self.masks.clear()
            self.masks[key] = self._draw(rng, path, text, spaced)
        return self.masks[key]

    def _draw(self, rng, path, text, spaced):
        if path not in self.fonts:
            self.fonts[path] = ImageFont.truetype(path, SIZE)
        font = self.fonts[path]
        if not spaced:
            x0, y0, x1, y1 = font.getbbox(text)
            image = Image.new("L", (max(x1 - x0, 1) + 4, max(y1 - y0, 1) + 4), 0)
            ImageDraw.Draw(image).text((2 - x0, 2 - y0), text, font=font, fill=255)
            return np.asarray(image)
        gap = SIZE * rng.uniform(0.1, 0.5)
        x, image = 2.0, Image.new("L", (int(sum(font.getlength(c) + gap for c in text)) + 8, SIZE * 2), 0)
        draw = ImageDraw.Draw(image)
        for c in text:
            draw.text((x, SIZE // 4), c, font=font, fill=255)
            x += font.getlength(c) + gap
        a = np.asarray(image)
        rows, columns = np.where(a.max(axis=1) > 30)[0], np.where(a.max(axis=0) > 30)[0]
        return a[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1] if len(rows) else a


blend = read_render._blend
blob = read_render._blob


def write(rng, words, canvas, text, kind, cx, cy, height, ink, most):
    """Paint `text` centred at cx, cy, `height` pixels high, at most `most` wide; returns its box."""
    spaced = kind.endswith("_")
    mask = words.mask(rng, text, kind[0], spaced)
    w = mask.shape[1] * height / mask.shape[0] * rng.uniform(0.85, 1.25)
    h = height
    if w > most:
        h, w = h * max(most / w, 0.7), most
    h, w = max(3, round(h)), max(4, round(w))
    m = cv2.resize(mask, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    r = 1.0 if words.plain else rng.random()
    if r < 0.06:  # on an arch
        bend = rng.uniform(0.2, 0.7) * h
        dy = bend * (2 * np.arange(w, dtype=np.float32) / w - 1) ** 2
        y, x = np.mgrid[0:h + int(bend), 0:w].astype(np.float32)
        m = cv2.remap(m, x, y - dy[None].astype(np.float32), cv2.INTER_LINEAR, borderValue=0)
    elif r < 0.11:  # an outline
        m = np.clip(cv2.dilate(m, np.ones((3, 3))) - m * 0.9, 0, 1)
    elif r < 0.2:
        m = cv2.dilate(m, np.ones((2, 2)))
    if rng.random() < 0.12:
        blend(canvas, m * 0.7, cx - w / 2 + 1, cy - m.shape[0] / 2 + 1, 255 if ink < 128 else 0)
    blend(canvas, m, cx - w / 2, cy - m.shape[0] / 2, ink)
    return cx - w / 2, cy - m.shape[0] / 2, cx + w / 2, cy + m.shape[0] / 2


def spelled(rng, text):
    r = rng.random()
    return text.upper() if r < 0.12 else text.title() if r < 0.18 and len(text) > 2 else text


# --- what is behind the text ----------------------------------------------------------------------


def _ridge(rng, x, rough):
    y = np.zeros_like(x)
    for k in range(1, 6):
        y += np.abs(np.sin(k * x * rng.uniform(2, 5) + rng.uniform(0, 6))) / k if rough else np.sin(k * x + rng.uniform(0, 6)) / k / 2
    return y


def background(rng, kind, base, ink):
    """A canvas of the design's kind and whether the text is light."""
    h, w = HEIGHT, WIDTH
    y = np.linspace(0, 1, h, dtype=np.float32)[:, None]
    x = np.linspace(0, 1, w, dtype=np.float32)
    c = np.full((h, w), base, np.float32)
    tone = base + (ink - base) * rng.uniform(0.12, 0.55)
    if kind == "grad":
        edge = rng.uniform(0.2, 0.8)
        down = 1 if rng.random() < 0.5 else -1
        c += (tone - base) * np.clip((y - edge) * down * 2 + 0.3, 0, 1)
    elif kind == "redtop":
        c += (tone - base) * np.clip(1 - y / rng.uniform(0.25, 0.45), 0, 1)
        c += (tone - base) * np.clip((y - rng.uniform(0.6, 0.75)) * 2.5, 0, 1) * rng.uniform(0.3, 1)
    elif kind in ("mount", "peaks", "peaksmid", "hills", "skyline", "trees", "waves"):
        level = {"mount": (0.55, 0.9), "peaks": (0.2, 0.3), "peaksmid": (0.35, 0.55), "hills": (0.5, 0.8), "skyline": (0.2, 0.3),
                 "trees": (0.16, 0.26), "waves": (0.3, 0.8)}[kind]
        ridge = rng.uniform(*level) - rng.uniform(0.05, 0.18) * _ridge(rng, x, kind not in ("hills", "waves"))
        below = y > ridge[None]
        inside = below if kind != "peaks" or rng.random() < 0.4 else ~below
        if kind in ("skyline", "trees") or (kind == "mount" and rng.random() < 0.3):
            inside = ~below if rng.random() < 0.5 else below & (y < ridge[None] + 0.18)
        c[inside] = base + (ink - base) * (rng.uniform(0.5, 1.0) if kind == "peaks" else rng.uniform(0.08, 0.45))
        if kind == "waves":
            c = cv2.GaussianBlur(c, (0, 0), rng.uniform(1, 8))
    elif kind == "sun":
        cx, cy = rng.uniform(0.2, 0.8), rng.uniform(0, 0.6)
        r = np.hypot((x - cx) * 2, y - cy)
        c += (tone - base) * np.clip(1.2 - r * rng.uniform(1, 2.5), 0, 1)
    elif kind == "rainbow":
        r = np.hypot((x - 0.5) * rng.uniform(1, 1.3), y - 1.0)
        for k in range(3):
            c[np.abs(r - 0.62 - 0.06 * k) < 0.03] = base + (ink - base) * rng.uniform(0.05, 0.35)
    elif kind == "flag":
        for k in range(3):
            c[int(h * (0.3 + 0.15 * k)):int(h * (0.37 + 0.15 * k))] = base + (ink - base) * rng.uniform(0.05, 0.3)
    elif kind == "outline":
        cv2.rectangle(c, (int(w * .03), int(h * .06)), (int(w * .97), int(h * .94)), float(tone), int(rng.integers(2, 4)))
    if kind in ("bandtop", "bands"):
        t = h * rng.uniform(.2, .27)
        c[:int(t)] = base + (ink - base) * rng.uniform(.5, 1)
        if rng.random() < .5:
            c[int(t):int(t) + 3] = 255
    if kind in ("bands",):
        c[int(h * rng.uniform(.76, .82)):] = base + (ink - base) * rng.uniform(.15, 1)
    if kind == "rules":
        for at in (rng.uniform(.22, .27), rng.uniform(.76, .81)):
            c[int(h * at):int(h * at) + 3] = ink
    if rng.random() < .15:
        c = cv2.GaussianBlur(c, (0, 0), rng.uniform(2, 10))
    return c


# --- emblems --------------------------------------------------------------------------------------

SHAPES = {  # corners in a unit square, good enough at the few pixels that emblems have
    "texas": [(.35, 0), (.55, 0), (.55, .25), (1, .35), (1, .65), (.75, .8), (.65, 1), (.5, .85), (.35, .65), (.2, .7), (0, .45), (.35, .45)],
    "tree": [(.5, 0), (.72, .35), (.6, .35), (.85, .65), (.65, .65), (1, .9), (.58, .9), (.58, 1), (.42, 1), (.42, .9), (0, .9), (.35, .65),
             (.15, .65), (.4, .35), (.28, .35)],
    "keystone": [(.1, 0), (.9, 0), (.9, .15), (1, .15), (.8, 1), (.2, 1), (0, .15), (.1, .15)],
    "diamond": [(.5, 0), (1, .5), (.5, 1), (0, .5)],
    "star": [(.5 + .5 * q * np.sin(k * np.pi / 5), .5 - .5 * q * np.cos(k * np.pi / 5)) for k in range(10) for q in [1 if k % 2 == 0 else .42]],
    "palm": [(.47, 1), (.45, .55), (.1, .7), (.25, .4), (0, .35), (.3, .2), (.3, 0), (.5, .15), (.7, 0), (.7, .2), (1, .35), (.75, .4), (.9, .7),
             (.55, .55), (.55, 1)],
    "arch": [(0, 1), (.1, .2), (.4, 0), (.8, .1), (1, .5), (1, 1), (.8, 1), (.75, .5), (.5, .3), (.3, .4), (.25, 1)],
    "bronco": [(.1, .5), (.3, .3), (.35, 0), (.5, .05), (.5, .3), (.75, .35), (.9, .1), (1, .3), (.85, .55), (.95, 1), (.8, .7), (.4, .65), (.2, .95),
               (.25, .6)],
    "heart": [(.5, 1), (0, .4), (.05, .1), (.3, 0), (.5, .2), (.7, 0), (.95, .1), (1, .4)],
    "plane": [(0, .3), (1, .2), (1, .4), (.6, .42), (.6, .6), (1, .65), (1, .8), (0, .85), (0, .65), (.4, .6), (.4, .42), (0, .5)],
    "anchor": [(.45, 0), (.55, 0), (.55, .75), (.8, .7), (.75, .55), (1, .65), (.8, .9), (.5, 1), (.2, .9), (0, .65), (.25, .55), (.2, .7), (.45, .75)],
    "cactus": [(.4, 1), (.4, .6), (.1, .55), (.1, .2), (.25, .2), (.25, .42), (.4, .45), (.4, 0), (.6, 0), (.6, .55), (.75, .5), (.75, .3), (.9, .3), (.9, .65),
               (.6, .7), (.6, 1)],
    "buffalo": [(0, .6), (.1, .35), (.35, .1), (.6, .3), (.95, .35), (1, .7), (.9, 1), (.8, .75), (.4, .8), (.3, 1), (.2, .8)],
}


def emblem(rng, code, kind, w, h):
    w, h = max(4, int(w)), max(4, int(h))
    if kind == "none" or rng.random() < .08:
        return None
    m = np.zeros((h, w), np.uint8)
    if kind in SHAPES:
        p = np.array(SHAPES[kind]) + rng.normal(0, .03, (len(SHAPES[kind]), 2))
        cv2.fillPoly(m, [(p * [w, h]).astype(np.int32)], 255)
    elif kind == "map":  # a state's outline: some many-cornered shape that is the same for a state
        own = np.random.default_rng(sum(map(ord, code)))
        angle = np.sort(own.random(9)) * 2 * np.pi
        r = .55 + .45 * own.random(9)
        cv2.fillPoly(m, [np.stack([w / 2 + w / 2 * r * np.cos(angle), h / 2 + h / 2 * r * np.sin(angle)], 1).astype(np.int32)], 255)
    elif kind == "oranges":
        for cx, cy in ((.4, .4), (.62, .62), (.35, .72)):
            cv2.circle(m, (int(w * cx), int(h * cy)), max(2, int(w * .24)), int(rng.integers(130, 256)), -1)
        cv2.ellipse(m, (w // 2, int(h * .2)), (max(2, w // 2), max(1, h // 8)), 20, 0, 360, 255, -1)
    elif kind == "peach":
        cv2.circle(m, (w // 2, int(h * .55)), max(2, int(min(w, h) * .4)), 200, -1)
        cv2.ellipse(m, (int(w * .6), int(h * .15)), (max(2, w // 4), max(1, h // 9)), -25, 0, 360, 255, -1)
    elif kind == "zia":
        cv2.circle(m, (w // 2, h // 2), max(2, w // 5), 255, max(1, w // 14))
        for k in range(-1, 2):
            cv2.line(m, (w // 2 + k * w // 9, 0), (w // 2 + k * w // 9, h), 255, max(1, w // 20))
            cv2.line(m, (0, h // 2 + k * h // 9), (w, h // 2 + k * h // 9), 255, max(1, w // 20))
    elif kind == "flag":
        for k in range(2):
            m[int(h * (.45 + .3 * k)):int(h * (.6 + .3 * k))] = 255
        for k in range(3):
            cv2.circle(m, (int(w * (.2 + .3 * k)), int(h * .2)), max(1, h // 9), 255, -1)
    elif kind in ("seal", "sun", "flower"):
        cv2.circle(m, (w // 2, h // 2), max(2, min(w, h) // 2 - 1), 255, 2 if kind == "seal" else -1)
        cv2.circle(m, (w // 2, h // 2), max(2, min(w, h) // 4), 160, -1)
    else:
        return blob(rng, w, h)
    return m.astype(np.float32) / 255


# --- the text in the middle -----------------------------------------------------------------------


def serial(rng, native):
    """A text in groups ('-' a gap): of the state's series, or of anybody's, or of none."""
    r = rng.random()
    if r < .35 and native:
        weight = np.array([n for _, n in native], float)
        shape = native[rng.choice(len(native), p=weight / weight.sum())][0]
        text = "".join(table_letters[rng.integers(26)] if c == "L" else str(rng.integers(10)) for c in shape)
        at = 2 if len(text) == 7 and rng.random() < .4 else 3
        return text[:at] + "-" + text[at:] if len(text) > 4 and rng.random() < .8 else text
    return read_render.random_text(rng, False)


table_letters = read_render.LETTERS


def middle(rng, face, canvas, code, text, shown, ink, room):
    """The serial between x = room[0] and room[1], with the design's emblem in its gap when `shown` says so."""
    h = HEIGHT
    cap = h * rng.uniform(.38, .56)
    stretch = rng.uniform(.75, 1.05)
    gap = cap * rng.uniform(.06, .24)
    items = []
    for c in text:
        if c != "-":
            items.append((c, face[c].shape[1] * cap / read_render.GLYPH * stretch))
        elif shown:
            items.append(("emblem", cap * rng.uniform(.3, .75)))
        else:
            items.append(("bar" if rng.random() < .35 else "gap", cap * rng.uniform(.15, .5)))
    total = sum(i[1] for i in items) + gap * (len(items) - 1)
    width = room[1] - room[0]
    k = min(1.0, width / total)
    x = room[0] + (width - total * k) / 2
    y = (h - cap) / 2 + rng.normal(0, .025) * h
    grow = rng.choice([0, 0, 1, 2])
    for kind, w in items:
        w *= k
        if kind == "emblem":
            size = min(cap * rng.uniform(.5, 1.15), 1.5 * w + 6)
            m = emblem(rng, code, shown, w, size)
            if m is not None:
                blend(canvas, m * rng.uniform(.5, 1), x, y + cap / 2 - size / 2, ink + rng.normal(0, 40))
        elif kind == "bar":
            blend(canvas, np.ones((max(2, int(cap * .1)), max(2, int(w)))), x, y + cap / 2, ink)
        elif kind != "gap":
            g = face[kind]
            m = cv2.resize(g, (max(2, round(w)), max(4, round(g.shape[0] * cap / read_render.GLYPH))), interpolation=cv2.INTER_AREA)
            m = cv2.dilate(m, np.ones((1 + grow, 1 + grow))) if grow else m
            blend(canvas, m, x, y - 8 * cap / 134, ink)
        x += w + gap * k


def corners(rng, words, canvas):
    """Stickers, bolts, a border."""
    h, w = HEIGHT, WIDTH
    for cx, cy in ((.09, .13), (.91, .13), (.09, .87), (.91, .87)):
        if rng.random() < .3:
            sw, sh = w * rng.uniform(.08, .15), h * rng.uniform(.11, .18)
            tone = rng.uniform(30, 235)
            blend(canvas, np.ones((int(sh), int(sw))), w * cx - sw / 2, h * cy - sh / 2, tone)
            text = ("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC 12 2011 2024 07 15 08-13 VA CA 99".split())[rng.integers(21)]
            write(rng, words, canvas, text, "b", w * cx, h * cy, sh * .6, 255 - tone if abs(tone - 128) > 40 else 0, sw * .85)
    if rng.random() < .7:
        for cx in (.2, .8):
            for cy in (.09, .91):
                if rng.random() < .7:
                    at = (int(w * (cx + rng.normal(0, .02))), int(h * cy))
                    cv2.circle(canvas, at, int(rng.integers(4, 10)), float(rng.uniform(0, 220)), -1 if rng.random() < .7 else 2)
    if rng.random() < .35:
        cv2.rectangle(canvas, (2, 2), (w - 3, h - 3), float(rng.uniform(0, 255)), int(rng.integers(1, 5)))


def frame(rng, words, canvas):
    """A dealer's frame; returns the rows of the plate that stay to be seen, and the frame's texts."""
    h, w = HEIGHT, WIDTH
    top, bottom = (h * (rng.uniform(.02, .1) if rng.random() < .55 else rng.uniform(.1, .24)) for _ in range(2))
    side = w * rng.uniform(.01, .05)
    tone = rng.uniform(0, 60) if rng.random() < .65 else rng.uniform(140, 255)
    canvas[:int(top)] = tone
    canvas[h - int(bottom):] = tone
    canvas[:, :int(side)] = tone
    canvas[:, w - int(side):] = tone
    said = ["", ""]
    for i, (cy, t) in enumerate(((top / 2, top), (h - bottom / 2, bottom))):
        if t > h * .06 and rng.random() < .85:
            text = table.FRAMES[rng.integers(len(table.FRAMES))]
            if rng.random() < .1:
                text = table.NAMES[table.CODES[rng.integers(len(table.CODES))]].upper() + " " + text.split(" ")[0]
            write(rng, words, canvas, text, "sbrn"[rng.integers(4)], w / 2, cy, t * .8, 255 - tone + rng.normal(0, 20), w * .85)
            said[i] = text
    return (top, h - bottom), said


def tones(rng, dark):
    light = not dark if rng.random() < .93 else dark
    base = rng.uniform(120, 250) if light else rng.uniform(5, 110)
    contrast = rng.uniform(70, 220)
    return base, float(np.clip(base - contrast if light else base + contrast, 0, 255))


def _label(rng, words, canvas, text, kind, cy, height, base, ink, is_name):
    """Top or bottom text; returns its rows and itself, or None."""
    text = text.replace("%", table.COUNTIES[rng.integers(len(table.COUNTIES))].replace("_", " "))
    if rng.random() < .1:  # some other word: what is there is to be read, not what is usual there
        text = read_render.WORDS[rng.integers(len(read_render.WORDS))] + ("" if rng.random() < .5 else " " + read_render.WORDS[rng.integers(len(read_render.WORDS))])
    if not text:
        return None
    local = float(canvas[int(min(max(cy, 0), HEIGHT - 1)), WIDTH // 3:2 * WIDTH // 3].mean())
    tone = ink + rng.normal(0, 45)
    if abs(tone - local) < 45:
        tone = local + (70 if local < 120 else -70) * rng.uniform(.6, 2)
    if not is_name and rng.random() < .3:
        kind = "sbrcn"[rng.integers(5)]
    cx = WIDTH * (.5 + rng.normal(0, .02) + (rng.uniform(-.15, .15) if rng.random() < .12 else 0))
    box = write(rng, words, canvas, spelled(rng, text), kind, cx, cy, height, float(np.clip(tone, 0, 255)),
                WIDTH * rng.uniform(.55, .82))
    return box[1], box[3], text


def left_to_read(rows, see, said):
    """Texts of the top and the bottom strip: of the plate where enough of it is seen, else of the frame over it."""
    out = []
    for row, frame_text in zip(rows, said):
        if row is None:
            out.append(frame_text)
            continue
        seen = max(0, min(row[1], see[1]) - max(row[0], see[0])) / max(row[1] - row[0], 1)
        out.append(row[2] if seen >= .62 else frame_text)
    return out


def _inserts(rng, code, design):
    """Texts and emblem of one plate of this design; speciality plates have pictures and other slogans."""
    _, (tops, top_font), (bottoms, bottom_font), low, (shape, place), back = design
    top, bottom = tops[rng.integers(len(tops))], bottoms[rng.integers(len(bottoms))]
    if rng.random() < .15:
        other = ["VETERAN", "DISABLED VETERAN", "UNIVERSITY", "NATIONAL GUARD", "FIREFIGHTER", "TRUCK", "EXEMPT", "WILDLIFE", "FARM", "ARTS",
                 "IN GOD WE TRUST", "EDUCATION", "DEALER", "MOTORCYCLE", "CONSERVATION", ""][rng.integers(16)]
        top, bottom = (other, bottom) if low else (top, other)
        shape, place = "picture", "l"
    if rng.random() < .06:  # the name where the slogan is, and the other way round
        top, bottom, top_font, bottom_font, low = bottom, top, bottom_font, top_font, not low
    return top, bottom, top_font, bottom_font, low, shape, place, back


def render(rng, words, fonts, plans, series, easy=False):
    """One plate of a random state: (luma HEIGHT x WIDTH u8, class, texts of top and bottom). easy: large names in fonts like their own, nothing in front."""
    words.plain = easy
    index = int(rng.integers(len(table.CODES)))
    code = table.CODES[index]
    weight = np.array([d[0] for d in plans[code]], float)
    design = plans[code][rng.choice(len(weight), p=weight / weight.sum())]
    top, bottom, top_font, bottom_font, low, shape, place, back = _inserts(rng, code, design)
    base, ink = tones(rng, back == "dark")
    canvas = background(rng, back, base, ink) + rng.normal(0, 2)
    room = [WIDTH * .05, WIDTH * .95]
    size = HEIGHT * rng.uniform(.3, .6)
    if place in "lrc":
        m = emblem(rng, code, shape, size * rng.uniform(.6, 1.1), size)
        if m is not None:
            x = {"l": .05, "r": .93, "c": .5}[place] * WIDTH - m.shape[1] * {"l": 0, "r": 1, "c": .5}[place]
            blend(canvas, m * rng.uniform(.3 if place == "c" else .6, 1), x, HEIGHT * rng.uniform(.42, .58) - size / 2,
                  base + (ink - base) * rng.uniform(.15, .5 if place == "c" else 1))
            room = [room[0] + m.shape[1] * (place == "l"), room[1] - m.shape[1] * (place == "r")]
    text = serial(rng, series[code])
    names_over = rng.random() < .5
    if not names_over:
        middle(rng, fonts.pick(rng), canvas, code, text, shape if place == "g" else "", ink, room)
    rows = []
    for line, font, cy, is_name in ((top, top_font, rng.uniform(.09, .16), not low), (bottom, bottom_font, rng.uniform(.85, .92), low)):
        height = HEIGHT * (rng.uniform(.125 if easy else .085, .17) if is_name else rng.uniform(.055, .12))
        rows.append(_label(rng, words, canvas, line, font, HEIGHT * cy, height, base, ink, is_name))
    if names_over:
        middle(rng, fonts.pick(rng), canvas, code, text, shape if place == "g" else "", ink, room)
    if not easy or rng.random() < .3:
        corners(rng, words, canvas)
    see, said = frame(rng, words, canvas) if not easy and rng.random() < .35 else ((0, HEIGHT), ("", ""))
    return dirt(rng, canvas, base), index, left_to_read(rows, see, said)


def dirt(rng, canvas, base):
    for _ in range(int(rng.poisson(.4))):
        m = cv2.GaussianBlur(blob(rng, WIDTH * rng.uniform(.03, .2), HEIGHT * rng.uniform(.05, .3)), (0, 0), rng.uniform(1, 4))
        blend(canvas, m * rng.uniform(.2, .6), rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), base + rng.normal(-30, 40))
    return np.clip(canvas, 0, 255).astype(np.uint8)


def render_other(rng, words, fonts):
    """A plate that no state of the US issued, or that does not say so: as render."""
    base, ink = tones(rng, False)
    kinds = "plain grad mount hills waves sun bandtop dark rules".split()
    canvas = background(rng, kinds[rng.integers(len(kinds))], base, ink)
    r = rng.random()
    text = read_render.random_text(rng, r < .15)
    if r < .15:  # European, as the localiser's quad squeezes it into this shape
        canvas[:] = base
        canvas[:, :int(WIDTH * rng.uniform(.04, .09))] = rng.uniform(20, 120)
    middle(rng, fonts.pick(rng), canvas, "", text, "picture" if rng.random() < .3 else "", ink, [WIDTH * .06, WIDTH * .95])
    rows = [None, None]
    if r >= .15:
        name, slogan = table.OTHERS[rng.integers(len(table.OTHERS))]
        if rng.random() < .3:
            name = ""
        if rng.random() < .25:
            name = table.FRAMES[rng.integers(len(table.FRAMES))]
        rows = [_label(rng, words, canvas, name, "sbrcn"[rng.integers(5)], HEIGHT * rng.uniform(.09, .16), HEIGHT * rng.uniform(.085, .17), base, ink,
                       True),
                _label(rng, words, canvas, slogan, "sbrcn"[rng.integers(5)], HEIGHT * rng.uniform(.85, .92), HEIGHT * rng.uniform(.055, .12), base,
                       ink, False)]
    corners(rng, words, canvas)
    see, said = frame(rng, words, canvas) if rng.random() < .4 else ((0, HEIGHT), ("", ""))
    return dirt(rng, canvas, base), table.UNKNOWN, left_to_read(rows, see, said)


class Plates:
    """Renders plates of every state and of none."""

    def __init__(self, rng, words=None):
        self.rng, self.words, self.fonts = rng, words or Words(), read_render.Fonts()
        self.plans, self.series = table.designs(), table.series()

    def one(self, easy=False):
        if self.rng.random() < (.03 if easy else .08):
            return render_other(self.rng, self.words, self.fonts)
        return render(self.rng, self.words, self.fonts, self.plans, self.series, easy)


if __name__ == "__main__":
    import sys

    plates = Plates(np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 1))
    sheet = [plates.one()[0] for _ in range(48)]
    cv2.imwrite(sys.argv[1], np.vstack([np.hstack(sheet[i:i + 6]) for i in range(0, 48, 6)]))
