#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Flat licence plates in many styles, for the reader's training: luma only, the plate fills the picture.

More styles than the simulator's (dealer frames, emblems, stickers, vanity texts, European formats): what real photos have
and a few hundred labelled ones cannot teach. The text is what a person would type: A-Z and 0-9, nothing else.
"""
import glob
import os

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 192, 96  # every plate is stored stretched to this, with its true aspect beside it
GLYPH = 96               # pixels of cap height in the glyph cache
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"

# Fonts near US and European dies, with how often to take each; a dotted or slashed zero is drawn as O.
FONTS = [
    ("roadgeek/RG2014C.ttf", 10, False), ("roadgeek/RG2014B.ttf", 9, False), ("roadgeek/RG2014D.ttf", 3, False),
    ("opendin/OSP-DIN.ttf", 5, False), ("routed-gothic/*arrow*.ttf", 2, True), ("routed-gothic/routed-gothic.ttf", 2, True),
    ("osifont/*.ttf", 1, True), ("league-mono/LeagueMono-CondensedBold.otf", 4, True),
    ("league-mono/LeagueMono-CondensedSemiBold.otf", 4, True), ("league-mono/LeagueMono-CondensedMedium.otf", 4, True),
    ("league-mono/LeagueMono-NarrowSemiBold.otf", 3, True), ("dosis/Dosis-Bold.otf", 3, True),
    ("dosis/Dosis-SemiBold.otf", 4, True), ("dosis/Dosis-Medium.otf", 2, True), ("dosis/Dosis-ExtraBold.otf", 2, True),
    ("national-park/NationalPark-Regular.otf", 2, False), ("national-park/NationalPark-Heavy.otf", 1, False),
    ("bebas-neue/BebasNeue-Bold.otf", 3, False), ("bebas-neue/BebasNeue-Book.otf", 2, False),
    ("urw-base35/NimbusSansNarrow-Bold.otf", 3, False), ("urw-base35/NimbusSans-Bold.otf", 2, False),
    ("urw-base35/NimbusSansNarrow-Regular.otf", 2, False), ("urw-base35/URWGothic-Demi.otf", 1, False),
]
SMALL = ["urw-base35/NimbusSans-Bold.otf", "urw-base35/C059-Bold.otf", "urw-base35/Z003-MediumItalic.otf",
         "urw-base35/NimbusSansNarrow-Bold.otf", "urw-base35/P052-BoldItalic.otf", "bebas-neue/BebasNeue-Bold.otf"]
HEADS = ("MISSOURI ILLINOIS California KANSAS IOWA ARKANSAS TENNESSEE KENTUCKY NEBRASKA OKLAHOMA Texas FLORIDA GEORGIA "
         "Ohio MICHIGAN Indiana WISCONSIN MINNESOTA NEW_YORK NEW_JERSEY PENNSYLVANIA VIRGINIA WASHINGTON OREGON NEVADA "
         "ARIZONA COLORADO UTAH ALASKA HAWAII Louisiana ALABAMA MISSISSIPPI MAINE VERMONT Delaware MARYLAND").split()
FEET = ("SHOW-ME_STATE LAND_OF_LINCOLN dmv.ca.gov GARDEN_STATE THE_EMPIRE_STATE SUNSHINE_STATE GREAT_LAKES BUCKLE_UP "
        "EVERGREEN_STATE GRAND_CANYON_STATE ST_LOUIS_COUNTY EXEMPT The_Lone_Star_State 2024 TRUCK MOTOR_CITY JIM'S_FORD "
        "AUTO_PLAZA www.dealer.com TOYOTA_OF_TOWN UNIVERSITY_ALUMNI HONDA KIDS_FIRST VETERAN").split()
# L letter, D digit, X either, - a gap that may hold an emblem; the number is how often.
US_SERIES = [
    ("LLD-LDL", 14), ("LLL-DDDD", 8), ("LLL-DDD", 7), ("DDD-LLL", 6), ("DLLLDDD", 9), ("LL-DDDDD", 5), ("LDD-DDDD", 3),
    ("LD-DDDDD", 1), ("DDD-DDDD", 3), ("DLD-DDDD", 1), ("DDDLLL", 2), ("LLLDDDD", 3), ("LLL-DLD", 1), ("DDLLLD", 1),
    ("LLLD-DD", 1), ("DDLDDDL", 2), ("DLDDDDL", 2), ("DLDDDD", 1), ("DDL-LLD", 1), ("LDDLLL", 1), ("LLDDLL", 1),
    ("DDD-LDL", 1), ("DLL-DDD", 1), ("LLDDD", 1), ("DDDDDDD", 2), ("DDDDDD", 1), ("DDDDDLD", 2), ("DDDDD-LL", 1),
    ("LDDDDDD", 2), ("DLDDDDD", 1), ("LL-DDDD", 2), ("DDLLDD", 1), ("LLL-DDL", 1), ("LDL-DDD", 1), ("DDD-DDL", 1),
    ("DDDDD", 1), ("LDDDDDL", 1), ("DDLDLL", 1), ("LLDLDL", 2), ("LLLLDDD", 1), ("DDDDLL", 1), ("XXXXXX", 3), ("XXXXXXX", 3),
    ("XXXXX", 1), ("XXX-XXXX", 1), ("XXX-XXX", 1), ("XXXX", 1), ("XXXXXXXX", 1),
]
US_SHORT = [("D", 1), ("DD", 2), ("DDD", 2), ("DDDD", 4), ("DDLL", 2), ("LLDD", 1), ("LL", 1), ("L", 1), ("LD", 1), ("LDD", 1),
            ("DL", 1), ("LLL", 1), ("DDDL", 2), ("LLLL", 1), ("XXX", 1), ("XX", 1)]
EU_SERIES = [("LLDD-LLL", 6), ("LL-DDDLL", 7), ("LL-LLDDDD", 2), ("L-LLDDDD", 2), ("L-LLDDD", 1), ("LL-LDDDD", 1), ("LLL-LLDDD", 1),
             ("LLL-LDDD", 2), ("LL-DDD-LL", 4), ("DDDD-LLL", 3), ("LLL-DDD", 4), ("DDD-LLL", 1), ("LL-DDDDD", 4), ("LL-DD-LLL", 5),
             ("L-DD-LLL", 2), ("L-DDD-LLL", 2), ("LLL-DDDDD", 1), ("LLL-DDDD", 2), ("DLD-DDDD", 5), ("DL-DDDDD", 1), ("LDDD-LLL", 2),
             ("LDD-LLL", 1), ("LL-DDDDL", 1), ("LLL-DDLL", 1), ("DD-LLL-D", 1), ("D-LLL-DDD", 1), ("XXX-XXX", 1), ("LLDDDLL", 3),
             ("LLDDDDLL", 1)]
SHAPES = {s.replace("-", "") for s, _ in US_SERIES + EU_SERIES if "X" not in s}
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
SIDE = "TRK DV FF EMS POW MC USA PH TRUCK TX VET COM FARM APP MP DLR".split()
# Vanity texts are words, whole, shortened or run together: what tells O from 0 and I from 1 where the die does not.
WORDS = ("ACE ADAM ALICE ALOHA ANGEL ANNA ARMY ART ATHLETE AUNT BABY BAD BAND BARN BASS BEACH BEAR BEE BELLA BEST BIG BIKE BIRD "
         "BLACK BLESSED BLUE BOAT BOB BOLD BOOK BOSS BOX BOY BREW BRO BULL BUNNY BUS BUZZ CABIN CAKE CALM CAMP CANDY CAR CASH CAT "
         "CHEF CHILL CITY CLEAN COACH COFFEE COOK COOL COP COWBOY CRAZY DAD DAISY DANCE DAVE DAY DEER DIESEL DIVA DOC DOG DOLL "
         "DREAM DRIVE DRUM DUCK DUDE EAGLE EASY EAT ELLIE EMMA ENJOY EVIL FAB FAITH FAMILY FAN FARM FAST FIRE FISH FIT FLY FOOD "
         "FOR FORD FOX FREE FROG FUN FUNKY GAME GEEK GIRL GIVE GLAM GO GOAT GOD GOLD GOLF GOOD GOT GRACE GRAN GREAT GREEN GURU "
         "GYM HAPPY HAVE HAWK HEART HELLO HERO HIKE HIM HIS HIT HOCKEY HOME HOOK HOPE HORSE HOT HOUND HUG ICE INN ISLE JAKE JAMES "
         "JAZZ JEEP JEN JESUS JET JIM JOE JOHN JOLLY JOY JUMP JUST KATE KID KIDS KIM KING KISS KITTY KOOL LADY LAKE LAW LAZY LEO "
         "LIFE LIL LILY LION LIVE LIZ LOCO LOLA LOOK LOU LOVE LOVER LUCKY LUV MAD MAGIC MAMA MAN MARY MATH MAX ME MEOW MERCY MIKE "
         "MILES MIMI MINI MISS MOJO MOM MOMMY MONEY MOON MOOSE MOTO MOVE MR MS MUSIC MY NANA NAVY NERD NEW NICE NIGHT NINJA NO "
         "NOEL NOT NOW NURSE OCEAN OFF OH OK OLD OLIVE OMG ON ONE ONLY OPAL ORCA OUR OUT OWL OWN PAPA PARTY PEACE PHD PIE PIG "
         "PILOT PINK POISON PONY POP PRIUS PROUD PUG PUNK QUEEN QUIET RACE RADIO RAIN RED RIDE RIVER ROAD ROB ROCK ROLL ROSE ROXY "
         "RUBY RUN SAIL SALLY SAM SAN SAVE SEA SHE SHOP SKI SKY SLOW SMILE SNOW SOCCER SOLAR SON SOUL SPEED SPOT STAR SUN SURF "
         "SWEET SWIM TACO TAXI TEA TEAM TED TENNIS TEXAS THE TIGER TIM TINA TIO TOM TOO TOY TRIP TRUCK TURBO TV TWIN TWO UNCLE "
         "UP US VAN VEGAN VET VIP VOLVO WAGON WALK WAR WAVE WAY WE WEB WET WHO WHY WIFE WILD WIN WINE WISH WOLF WOW WYLD XRAY "
         "YANKEE YES YO YODA YOGA YOU YOUNG YUM ZEN ZIP ZOE ZOO ZOOM").split()
SYLLABLES = "BA BO CAR DO ER GO IN JAY KI LA LUV MAN ME MOM NO O PA RED RO SU TA UR VET ZEN BIG FUN SKI TEN XO ONE SAM 4U 2 1 MY IM GR8 B".split()


def _font_root():
    return "/usr/share/fonts"


class Fonts:
    """Glyph masks (float 0..1, GLYPH rows) of every font, drawn once."""

    def __init__(self, root=None):
        root = root or _font_root()
        self.faces, self.weights, self.small = [], [], []
        for pattern, weight, round_zero in FONTS:
            for path in sorted(glob.glob(os.path.join(root, "*", pattern)))[:1]:
                self.faces.append(self._glyphs(path, round_zero))
                self.weights.append(weight)
        if not self.faces:
            raise SystemExit("read_render: no fonts below " + root)
        self.weights = np.cumsum(self.weights) / np.sum(self.weights)
        for pattern in SMALL:
            for path in glob.glob(os.path.join(root, "*", pattern)):
                self.small.append(ImageFont.truetype(path, 28))

    @staticmethod
    def _glyphs(path, round_zero):
        font = ImageFont.truetype(path, 200)
        x0, top, x1, bottom = font.getbbox("H")
        out = {}
        for c in LETTERS + DIGITS:
            drawn = "O" if c == "0" and round_zero else c
            image = Image.new("L", (400, 400), 0)
            ImageDraw.Draw(image).text((100, 50), drawn, font=font, fill=255)
            a = np.asarray(image)
            columns = np.where(a.max(axis=0) > 40)[0]
            rows = slice(50 + top - 8, 50 + bottom + 8)
            a = a[rows, columns[0]:columns[-1] + 1]
            scale = GLYPH / (bottom - top)
            out[c] = cv2.resize(a, (max(4, round(a.shape[1] * scale)), round(a.shape[0] * scale)),
                                interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        return out

    def pick(self, rng, american=False):
        """A face; of American ones at times with the I, 1 and W that many dies have and hardly any font."""
        face = self.faces[int(np.searchsorted(self.weights, rng.random()))]
        if not american:
            return face
        face = dict(face)
        stroke = face["I"].shape[1] if face["I"].shape[1] < 0.4 * GLYPH else 0.15 * GLYPH
        bar = stroke * rng.uniform(.7, 1.1)
        if rng.random() < 0.5:
            face["I"] = _with_bars(face["I"], GLYPH * rng.uniform(.36, .52), bar, (0, 1))
        if rng.random() < 0.3:
            face["1"] = _with_bars(face["1"], GLYPH * rng.uniform(.4, .55), bar, (1,))
        if rng.random() < 0.4:  # upright outer strokes: an M upside down
            face["W"] = face["M"][::-1]
        return face


def _with_bars(glyph, wide, thick, ends):
    """An I or a 1 with a bar at its top (0), its foot (1) or both, centred on its stem."""
    h, w = glyph.shape
    lower = glyph[h // 2:h * 3 // 4].sum(axis=0)
    stem = float((lower * np.arange(w)).sum() / max(lower.sum(), 1e-3))
    half = int(max(wide / 2, stem + 1, w - stem))
    out = np.zeros((h, 2 * half), np.float32)
    x = half - int(stem) - 1
    out[:, max(x, 0):max(x, 0) + w] = glyph[:, :2 * half - max(x, 0)]
    rows = np.where(glyph.max(axis=1) > .5)[0]
    thick, reach = max(3, int(thick)), int(wide / 2)
    for end in ends:
        y = rows[0] if end == 0 else rows[-1] - thick + 1
        out[y:y + thick, half - reach:half + reach] = 1
    used = np.where(out.max(axis=0) > .2)[0]
    return out[:, used[0]:used[-1] + 1]


def _from_series(rng, table):
    weights = np.array([w for _, w in table], float)
    shape = table[rng.choice(len(table), p=weights / weights.sum())][0]
    text = ""
    for c in shape:
        if c == "L":
            text += LETTERS[rng.integers(26)]
        elif c == "D":
            text += DIGITS[rng.integers(10)]
        elif c == "X":
            text += (LETTERS + DIGITS)[rng.integers(36)]
        else:
            text += "-"
    return text


def _vanity(rng):
    words = SYLLABLES if rng.random() < 0.25 else WORDS
    text, most = "", int(rng.integers(3, 9))
    while len(text) < min(most, 7) - 1:
        word = words[rng.integers(len(words))]
        if len(word) > 3 and rng.random() < 0.15:  # as people shorten: no vowels inside
            word = word[0] + "".join(c for c in word[1:] if c not in "AEIOU")
        text += ("-" if text and rng.random() < 0.6 else "") + word
        if rng.random() < 0.12:
            text += str(rng.integers(1, 10)) if rng.random() < 0.7 else str(rng.integers(10, 99))
        if rng.random() < 0.25:
            break
    return text[:most].strip("-")


def random_text(rng, european):
    """A plate text in groups: '-' stands where a gap or an emblem may be."""
    if european:
        return _from_series(rng, EU_SERIES)
    r = rng.random()
    if r < 0.2:
        return _vanity(rng)
    return _from_series(rng, US_SHORT if r < 0.28 else US_SERIES)


def shape(text):
    """L for a letter, D for a digit."""
    return "".join("D" if c in DIGITS else "L" for c in text)


def unsure(rng, text):
    """
    The label of a US text: where it has the shape of no series and most dies draw O and 0 alike, nobody can tell them apart.
    Half of the time all are written 0, so that the network says it does not know, and syntax decides.
    """
    if len(text) > 4 and shape(text) in SHAPES or rng.random() < 0.5:
        return text
    return text.replace("O", "0")


def _blend(canvas, mask, x, y, value):
    """Paint `value` through mask (float 0..1) with its top left at x, y; what is outside the canvas is cut."""
    x, y = int(round(x)), int(round(y))
    h, w = mask.shape
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, canvas.shape[1]), min(y + h, canvas.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    m = mask[y0 - y:y1 - y, x0 - x:x1 - x]
    part = canvas[y0:y1, x0:x1]
    part += m * (value - part)


def _small_text(rng, fonts, canvas, text, cx, cy, height, value, width_max):
    font = fonts.small[rng.integers(len(fonts.small))]
    text = text.replace("_", " ")
    x0, y0, x1, y1 = font.getbbox(text)
    image = Image.new("L", (x1 - x0 + 4, y1 - y0 + 4), 0)
    ImageDraw.Draw(image).text((2 - x0, 2 - y0), text, font=font, fill=255)
    w = min(int(image.width * height / image.height), int(width_max))
    if w < 4 or height < 3:
        return
    mask = cv2.resize(np.asarray(image), (w, int(height)), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    _blend(canvas, mask, cx - w / 2, cy - height / 2, value)


def _blob(rng, w, h):
    """An emblem: a state's outline, a sticker, a seal, a heart, a bar."""
    w, h = max(3, int(w)), max(3, int(h))
    m = np.zeros((h, w), np.uint8)
    kind = rng.integers(7)
    if kind == 0:
        m[:] = 255
    elif kind == 1:
        cv2.ellipse(m, (w // 2, h // 2), (w // 2, h // 2), 0, 0, 360, 255, -1 if rng.random() < 0.6 else 2)
    elif kind == 2:
        n = int(rng.integers(5, 10))
        angle = np.sort(rng.random(n)) * 2 * np.pi
        r = 0.6 + 0.4 * rng.random(n)
        points = np.stack([w / 2 + w / 2 * r * np.cos(angle), h / 2 + h / 2 * r * np.sin(angle)], 1)
        cv2.fillPoly(m, [points.astype(np.int32)], 255)
    elif kind == 3:
        points = [[w / 2 + w / 2 * q * np.sin(k * np.pi / 5), h / 2 - h / 2 * q * np.cos(k * np.pi / 5)]
                  for k in range(10) for q in [1 if k % 2 == 0 else 0.45]]
        cv2.fillPoly(m, [np.array(points, np.int32)], 255)
    elif kind == 4:
        t = max(2, h // 5)
        m[h // 2 - t // 2:h // 2 + (t + 1) // 2, :] = 255
    elif kind == 5:  # something tall and thin: a tree, a figure, a lighthouse
        t = max(2, int(w * rng.uniform(.15, .4)))
        m[:, w // 2 - t // 2:w // 2 + (t + 1) // 2] = 255
        cv2.circle(m, (w // 2, int(h * rng.uniform(.1, .5))), max(2, int(w * rng.uniform(.2, .5))), 255, -1)
    else:  # a picture: several small shapes
        for _ in range(int(rng.integers(3, 7))):
            cv2.ellipse(m, (int(rng.integers(0, w)), int(rng.integers(0, h))), (max(1, w // 5), max(1, h // 7)),
                        float(rng.uniform(0, 180)), 0, 360, int(rng.integers(120, 256)), -1 if rng.random() < .6 else 1)
    return m.astype(np.float32) / 255


def _background(rng, w, h, base):
    canvas = np.full((h, w), base, np.float32)
    if rng.random() < 0.5:
        canvas += np.linspace(-1, 1, h, dtype=np.float32)[:, None] * rng.normal(0, 18)
    if rng.random() < 0.25:  # a landscape or a picture behind the text
        for _ in range(int(rng.integers(1, 5))):
            m = cv2.GaussianBlur(_blob(rng, w * rng.uniform(.2, .8), h * rng.uniform(.2, .8)), (0, 0), rng.uniform(.5, 4))
            _blend(canvas, m * rng.uniform(.2, .8), rng.uniform(-.2, .8) * w, rng.uniform(-.2, .8) * h,
                   base + rng.normal(0, 30))
    return canvas


def _layout(rng, face, text, w, cap, european):
    """Glyphs of `text` with their widths and gaps; returns the items and the total width."""
    stretch = rng.uniform(0.74, 1.1) if not european else rng.uniform(0.82, 1.15)
    gap = cap * rng.uniform(0.06, 0.26)
    emblem = rng.random() < (0.62 if not european else 0.3)
    items = []
    for c in text:
        if c == "-":
            r = rng.random()
            if emblem:
                size = cap * rng.uniform(0.35, 0.95)
                items.append(("emblem", size, size * rng.uniform(.6, 1.3)))
            elif r < 0.3:
                items.append(("bar", cap * .25, cap * .12))
            elif r < 0.85:
                items.append(("gap", cap * rng.uniform(0.15, 0.6), 0))
            continue
        g = face[c]
        width = g.shape[1] * cap / GLYPH * stretch
        if c in "1I":
            width = max(width, cap * 0.1)
        items.append((c, width, cap))
    total = sum(i[1] for i in items) + gap * (len(items) - 1)
    room = w * (rng.uniform(0.76, 0.87) if european else rng.uniform(0.80, 0.92))
    if total > room:
        k = room / total
        items = [(i[0], i[1] * k, i[2]) for i in items]
        gap, total = gap * k, room
    elif not european and total < 0.6 * room and rng.random() < 0.4:  # spread thin
        gap *= rng.uniform(1, 2.5)
        total = sum(i[1] for i in items) + gap * (len(items) - 1)
    return items, gap, total


def _stack(rng, canvas, face, left, edge, cap, ink):
    """Small characters beside the text, mostly above each other (a series, a county, a branch): people do not type them."""
    h = canvas.shape[0]
    word = SIDE[rng.integers(len(SIDE))] if rng.random() < 0.35 else "".join(
        (LETTERS + DIGITS)[k] for k in rng.integers(0, 36, int(rng.integers(1, 4))))
    flat = len(word) < 4 and rng.random() < .3  # side by side, or one alone
    small = cap * (rng.uniform(.3, .62) if flat else rng.uniform(.75, 1.1) / max(len(word), 2) * .88)
    wide = small * rng.uniform(.5, 1.05)
    took = wide * 1.1 * len(word) if flat else wide
    at = edge - took if left else edge
    tone = ink if rng.random() < 0.7 else np.clip(ink + rng.normal(0, 50), 0, 255)
    down = rng.normal(0, .08) * cap + (rng.uniform(-.5, .5) * (cap - small) if flat else 0)
    for i, c in enumerate(word):
        m = cv2.resize(face[c], (max(2, round(wide)), max(3, round(small * face[c].shape[0] / GLYPH))), interpolation=cv2.INTER_AREA)
        if flat:
            _blend(canvas, m, at + i * wide * 1.1, h / 2 + down - small / 2, tone)
        else:
            _blend(canvas, m, at, h / 2 + down + (i - len(word) / 2) * small * 1.14, tone)
    return took


def _picture(rng, fonts, canvas, left, edge, cap, base, ink):
    """A picture beside the text, as of an organisation, an animal, a seal; at times with a word above or below it."""
    h = canvas.shape[0]
    height = cap * rng.uniform(.5, 1.3)
    width = cap * rng.uniform(.35, .9)
    x, y = edge - width if left else edge, h / 2 - height / 2 + rng.normal(0, .06) * h
    tone = np.clip(base + (ink - base) * rng.uniform(.2, 1.1), 0, 255)
    for _ in range(int(rng.integers(1, 6))):
        fw, fh = width * rng.uniform(.3, 1), height * rng.uniform(.3, 1)
        _blend(canvas, _blob(rng, fw, fh) * rng.uniform(.4, 1), x + rng.uniform(0, width - fw), y + rng.uniform(0, height - fh),
               np.clip(tone + rng.normal(0, 35), 0, 255))
    if rng.random() < .3:  # letters inside: a monogram, a club
        word = SIDE[rng.integers(len(SIDE))]
        _small_text(rng, fonts, canvas, word, x + width / 2, y + height * rng.uniform(.1, .9), height * rng.uniform(.2, .45),
                    np.clip(tone + rng.choice([-90, 90]), 0, 255), width)
    return width


def _beside(rng, fonts, canvas, face, cap, base, ink):
    """What stands at one end or both of a US text; returns the left and right edges that are left for the text."""
    w = canvas.shape[1]
    edges = [w * .03, w * .97]
    for side in (0, 1):
        r = rng.random()
        if r < (.2 if side == 0 else .1):
            at = edges[side] + (1 - 2 * side) * rng.uniform(0, .06) * w
            left = side == 1
            took = (_stack(rng, canvas, face, left, at, cap, ink) if rng.random() < .6 else
                    _picture(rng, fonts, canvas, left, at, cap, base, ink))
            edges[side] = at + (1 - 2 * side) * (took + cap * rng.uniform(.06, .3))
        elif r < .26:  # the edge of a frame, a bolt, a shadow: what looks like I or 1
            x = int(abs(side * w - w * rng.uniform(.0, .045)))
            half = _stroke(rng, canvas.shape[0])
            tone = float(np.clip(ink + rng.normal(0, 40), 0, 255))
            cv2.rectangle(canvas, (x, half[0]), (x + int(rng.integers(1, 5)), half[1]), tone, -1)
    return edges


def _stroke(rng, h):
    """Rows of a vertical stroke: a bolt's, or nearly the whole plate's."""
    size = h * (rng.uniform(.04, .2) if rng.random() < .5 else rng.uniform(.7, 1))
    y = rng.uniform(0, h - size)
    return int(y), int(y + size)


def _draw_text(rng, fonts, canvas, text, base, ink, european):
    h, w = canvas.shape
    face = fonts.pick(rng, not european)
    cap = h * (rng.uniform(0.6, 0.84) if european else rng.uniform(0.38, 0.64))
    edges = [0, w] if european else _beside(rng, fonts, canvas, face, cap, base, ink)
    room = edges[1] - edges[0]
    if not european and len(text.replace("-", "")) < 4 and rng.random() < .3:
        room *= rng.uniform(.6, 1)
    items, gap, total = _layout(rng, face, text, room, cap, european)
    x = edges[0] + (edges[1] - edges[0] - total) / 2 + rng.normal(0, 0.012) * w + (0.03 * w if european else 0)
    _letters(rng, canvas, face, items, gap, x, cap, base, ink)


def _letters(rng, canvas, face, items, gap, x, cap, base, ink):
    h = canvas.shape[0]
    y = (h - cap) / 2 + rng.normal(0, 0.025) * h
    weight = rng.choice([-1, 0, 0, 0, 0, 1, 1, 2])
    emboss = rng.random() < 0.5
    lit, relief = rng.uniform(-1, 1), rng.uniform(.4, 1.6)  # where the light comes from, how deep the die is
    for kind, width, height in items:
        if kind == "emblem":
            m = _blob(rng, width, height)
            _blend(canvas, m * rng.uniform(.4, 1), x, y + cap / 2 - height / 2 + rng.normal(0, .05) * cap,
                   np.clip(base + (ink - base) * rng.uniform(-.3, 1.1), 0, 255))
            if rng.random() < 0.5:
                _blend(canvas, _blob(rng, width * .5, height * .5) * .8, x + width * .25, y + cap / 2 - height * .25,
                       rng.uniform(0, 255))
        elif kind == "bar":
            _blend(canvas, np.ones((max(2, int(height)), max(2, int(width))), np.float32), x, y + cap / 2, ink)
        elif kind != "gap":
            g = face[kind]
            m = cv2.resize(g, (max(2, round(width)), max(4, round(g.shape[0] * cap / GLYPH))), interpolation=cv2.INTER_AREA)
            if weight > 0:
                m = cv2.dilate(m, np.ones((1 + weight, 1 + weight)))
            elif weight < 0:
                m = cv2.erode(m, np.ones((2, 2)))
            top = y - 8 * cap / 134
            if emboss:
                d = rng.uniform(1, 2.2)
                _blend(canvas, m * .7, x - d * lit, top - d, np.clip(base + 35 * relief, 0, 255))
                _blend(canvas, m * .7, x + d * lit, top + d, np.clip(base - 45 * relief, 0, 255))
            _blend(canvas, m, x, top, ink)
        x += width + gap


def _furniture(rng, fonts, canvas, base, ink):
    """What surrounds the text of a US plate: state name, slogan, stickers, bolts, border, dealer frame."""
    h, w = canvas.shape
    if rng.random() < 0.85:
        _small_text(rng, fonts, canvas, HEADS[rng.integers(len(HEADS))], w * rng.uniform(.42, .58), h * rng.uniform(.10, .15),
                    h * rng.uniform(.09, .17), np.clip(ink + rng.normal(0, 40), 0, 255), w * .7)
    if rng.random() < 0.65:
        _small_text(rng, fonts, canvas, FEET[rng.integers(len(FEET))], w * .5, h * rng.uniform(.86, .92),
                    h * rng.uniform(.07, .13), np.clip(ink + rng.normal(0, 40), 0, 255), w * .8)
    for cx, cy in ((.08, .12), (.92, .12), (.08, .88), (.92, .88)):
        if rng.random() < 0.26:
            _sticker(rng, fonts, canvas, cx + rng.normal(0, .012), cy + rng.normal(0, .02))
    if rng.random() < 0.6:
        for cx in (.2, .8):
            for cy in (.09, .91):
                if rng.random() < 0.8:
                    cv2.circle(canvas, (int(w * cx), int(h * cy)), int(rng.integers(2, 6)), float(rng.uniform(0, 200)), -1)
    if rng.random() < 0.4:
        cv2.rectangle(canvas, (1, 1), (w - 2, h - 2), float(np.clip(ink + rng.normal(0, 30), 0, 255)), int(rng.integers(1, 4)))
    if rng.random() < 0.4:
        _dealer_frame(rng, fonts, canvas)


def _sticker(rng, fonts, canvas, cx, cy):
    """A month or a year in a corner, at times so large that it reaches into the text."""
    h, w = canvas.shape
    big = 1.5 if rng.random() < .15 else 1
    sw, sh = w * rng.uniform(.08, .15) * big, h * rng.uniform(.11, .2) * big
    tone = rng.uniform(30, 240)
    _blend(canvas, np.ones((max(2, int(sh)), max(2, int(sw))), np.float32), w * cx - sw / 2, h * cy - sh / 2, tone)
    r = rng.random()
    word = (MONTHS[rng.integers(12)] if r < .45 else str(rng.integers(1, 32)) if r < .6 else
            f"{rng.integers(5, 28):02}" if r < .8 else str(rng.integers(1999, 2028)))
    _small_text(rng, fonts, canvas, word, w * cx, h * cy, sh * rng.uniform(.5, .9),
                np.clip(tone + rng.choice([-1, 1]) * rng.uniform(60, 200), 0, 255), sw * .92)


def _dealer_frame(rng, fonts, canvas, deep=1.0):
    """A frame over the plate's edges: it covers names, slogans, stickers, and comes close to the text at both ends."""
    h, w = canvas.shape
    tone = rng.choice([rng.uniform(0, 60), rng.uniform(150, 255)])
    top, bottom, side = h * deep * rng.uniform(.03, .23), h * deep * rng.uniform(.03, .23), w * rng.uniform(.01, .055)
    mask = np.full((h, w), 255, np.uint8)
    r = int(min(top, bottom, 12) * rng.uniform(0, 1)) if rng.random() < .6 else 0
    x0, y0, x1, y1 = int(side) + r, int(top) + r, w - int(side) - 1 - r, h - int(bottom) - 1 - r
    cv2.rectangle(mask, (x0, y0), (x1, y1), 0, -1)
    if r:  # round corners: what is cut out, grown by the radius
        mask = 255 - cv2.dilate(255 - mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * r + 1, 2 * r + 1)))
    for cx in (.14, .86):  # lugs around the bolts
        for cy in (0, 1):
            if rng.random() < .3:
                cv2.circle(mask, (int(w * (cx + rng.normal(0, .03))), int(top) if cy == 0 else h - int(bottom)), int(rng.integers(4, 11)), 255, -1)
    mask = mask.astype(np.float32) / 255
    if rng.random() < .4:  # its shadow, or a bright bead along the inner edge
        near = cv2.GaussianBlur(mask, (0, 0), 2)
        canvas += near * (1 - mask) * rng.choice([-80, 70])
    canvas += mask * (tone - canvas)
    for cy, t in ((top / 2, top), (h - bottom / 2, bottom)):
        if t > h * .08 and rng.random() < 0.8:
            _small_text(rng, fonts, canvas, FEET[rng.integers(len(FEET))].upper(), w / 2, cy, t * .75,
                        255 - tone + rng.normal(0, 20), w * .85)


def _band(rng, fonts, canvas):
    """The blue field of a European plate, with its letter, and the seals that stand in gaps."""
    h, w = canvas.shape
    wide, tone = int(w * rng.uniform(.05, .11)), rng.uniform(20, 150)
    canvas[:, :wide] = tone
    if rng.random() < .8:
        _small_text(rng, fonts, canvas, ("D", "GB", "SK", "CZ", "PL", "RO", "F", "I", "E", "NL", "H", "A")[rng.integers(12)], wide / 2,
                    h * rng.uniform(.6, .85), h * rng.uniform(.15, .36), rng.uniform(170, 255), wide * .8)
    if rng.random() < .7:
        cv2.circle(canvas, (wide // 2, int(h * .32)), max(2, int(wide * .32)), float(rng.uniform(140, 230)), 1)
    if rng.random() < 0.25:
        canvas[:, int(w * rng.uniform(.92, .96)):] = rng.uniform(20, 120)


def render(rng, fonts):
    """One plate: (luma HEIGHT x WIDTH u8, text, true aspect)."""
    european = rng.random() < 0.22
    aspect = (rng.uniform(4.2, 5.0) if rng.random() < .85 else rng.uniform(2.6, 4.2)) if european else rng.uniform(1.85, 2.15)
    h, w = (80, int(80 * aspect)) if european else (120, int(120 * aspect))
    light = rng.random() < 0.8
    base = rng.uniform(110, 250) if light else rng.uniform(5, 110)
    contrast = rng.uniform(55, 220)
    ink = np.clip(base - contrast if light else base + contrast, 0, 255)
    canvas = _background(rng, w, h, base)
    text = random_text(rng, european)
    if european:
        if rng.random() < 0.75:
            _band(rng, fonts, canvas)
        if rng.random() < 0.7:
            cv2.rectangle(canvas, (1, 1), (w - 2, h - 2), float(ink), int(rng.integers(1, 4)))
        _draw_text(rng, fonts, canvas, text, base, ink, True)
        if rng.random() < .12:
            _dealer_frame(rng, fonts, canvas, .5)
    else:
        first = rng.random() < 0.5
        if first:
            _furniture(rng, fonts, canvas, base, ink)
        _draw_text(rng, fonts, canvas, text, base, ink, False)
        if not first:
            _furniture(rng, fonts, canvas, base, ink)
    for _ in range(int(rng.poisson(0.5))):  # dirt
        m = cv2.GaussianBlur(_blob(rng, w * rng.uniform(.03, .2), h * rng.uniform(.05, .3)), (0, 0), rng.uniform(1, 4))
        _blend(canvas, m * rng.uniform(.2, .6), rng.uniform(0, w), rng.uniform(0, h), base + rng.normal(-30, 40))
    flat = cv2.resize(np.clip(canvas, 0, 255).astype(np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    text = text.replace("-", "")
    return flat, text if european else unsure(rng, text), aspect


if __name__ == "__main__":
    import sys

    generator, faces = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 1), Fonts()
    sheet = [render(generator, faces)[0] for _ in range(64)]
    cv2.imwrite(sys.argv[1], np.vstack([np.hstack(sheet[i:i + 8]) for i in range(0, 64, 8)]))
