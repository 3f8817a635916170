# SPDX-License-Identifier: Apache-2.0
"""
alpr-read on files that are not what they say: each gives an error line or a read, the rest go on, memory and time stay bounded.
`make asan` runs this with a sanitised alpr-read.
"""
import io
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.box import build_folder

READ = build_folder() / "bin/alpr-read"
SANITISED = "asan" in str(build_folder())
# Most resident memory for small pictures, for one of 64 megapixels, and for a progressive one (coefficients are kept): 10^6 bytes.
# A sanitiser's own memory comes on top: its shadow, and what is freed and not given back yet.
SMALL, LARGE, PROGRESSIVE = ((900, 1200, 1500) if SANITISED else (200, 350, 700))

# The kernel counts into a child's peak what its parent had when it was started: a small parent is put between.
MEASURE = """
import os, sys
pid = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
sys.stderr.write(f"\\npeak {usage.ru_maxrss}\\n")
sys.exit(os.waitstatus_to_exitcode(status) % 256)
"""


def run(paths, most_mb=SMALL, seconds=60):
    """[line of each file], with everything checked that holds whatever the files are."""
    with tempfile.TemporaryDirectory() as reports:
        options = f"log_path={reports}/report:exitcode=99"
        env = os.environ | {"ASAN_OPTIONS": f"{options}:quarantine_size_mb=16:detect_leaks=1",
                            "UBSAN_OPTIONS": f"{options}:print_stacktrace=1"}
        done = subprocess.run([sys.executable, "-S", "-c", MEASURE, READ, *paths], capture_output=True, timeout=seconds, check=False,
                              env=env)
        for report in os.listdir(reports):
            with open(os.path.join(reports, report), encoding="utf-8", errors="replace") as f:
                raise AssertionError(f.read()[:5000])
    errors, _, peak = done.stderr.decode().rpartition("\npeak ")
    assert errors == "", errors[-3000:]
    lines = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    assert [line["file"] for line in lines] == [str(p) for p in paths]
    for line in lines:
        assert set(line) == {"file", "error"} and line["error"] or set(line) == {"file", "ms", "plates"}, line
    assert done.returncode == (1 if any("error" in line for line in lines) else 0)
    assert int(peak) * 1024 / 1e6 < most_mb, f"{int(peak) * 1024 / 1e6} MB"
    return lines


def write(folder, files: dict) -> list:
    paths = [folder / name for name in files]
    for path, data in zip(paths, files.values()):
        path.write_bytes(data)
    return paths


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    """(luma of a plate of the simulator, 160x80; its text)"""
    folder = tmp_path_factory.mktemp("plate")
    subprocess.run([build_folder() / "bin/alpr-sim", "plates", "--seed", "90210", "--count", "3", "--out", folder, "--style", "us"],
                   check=True, timeout=120, stdout=subprocess.DEVNULL)
    picture = np.fromfile(folder / "plates.bin", np.uint8).reshape(-1, 240, 480)[2]
    return cv2.resize(picture, (160, 80), interpolation=cv2.INTER_AREA), (folder / "plates.tsv").read_text().splitlines()[2].split("\t")[1]


def encoded(kind, picture, *args):
    return cv2.imencode(kind, picture, args)[1].tobytes()


def saved(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, rows, depth=8, colour=0, extra=b""):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)) + extra
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def with_orientation(jpeg, orientation):
    """JPEG bytes that say in EXIF how the camera was held."""
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff + jpeg[2:]


def riff(*chunks):
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def animated(webp, width, height):
    """The frame of a still WebP, twice, as an animation."""
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    frame = b"\0" * 6 + size + b"\x64\0\0\0" + webp[12:]
    return riff((b"VP8X", b"\x02\0\0\0" + size), (b"ANIM", b"\xff" * 4 + b"\0\0"), (b"ANMF", frame), (b"ANMF", frame))


def formats(grey):
    """Everything that a plate can be stored in and that is read: {name: bytes}."""
    colour = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    alpha = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGRA)
    deep = grey.astype(np.uint16) * 257
    image = Image.fromarray(grey)
    return {
        "grey.jpg": encoded(".jpg", grey), "colour.jpg": encoded(".jpg", colour),
        "progressive.jpg": encoded(".jpg", colour, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        "restarts.jpg": encoded(".jpg", colour, cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
        "cmyk.jpg": saved(image.convert("RGB").convert("CMYK"), "JPEG", quality=95),
        "grey.png": encoded(".png", grey), "deep.png": encoded(".png", deep), "alpha.png": encoded(".png", alpha),
        "deep-colour.png": encoded(".png", cv2.cvtColor(deep, cv2.COLOR_GRAY2BGR)),
        "palette.png": saved(image.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE), "PNG"),
        "grey-alpha.png": saved(image.convert("LA"), "PNG"),
        "grey.bmp": encoded(".bmp", grey), "colour.bmp": encoded(".bmp", colour), "alpha.bmp": encoded(".bmp", alpha),
        "grey.pgm": encoded(".pgm", grey), "colour.ppm": encoded(".ppm", colour), "deep.pgm": encoded(".pgm", deep),
        "text.pgm": encoded(".pgm", grey, cv2.IMWRITE_PXM_BINARY, 0),
        "lossy.webp": encoded(".webp", colour, cv2.IMWRITE_WEBP_QUALITY, 90),
        "lossless.webp": encoded(".webp", colour, cv2.IMWRITE_WEBP_QUALITY, 101), "alpha.webp": encoded(".webp", alpha),
        "a-jpeg.png": encoded(".jpg", grey), "no-suffix": encoded(".png", grey),
    }


def test_whatever_it_is_stored_in_it_is_the_same_plate(tmp_path, plate):
    grey, text = plate
    for line in run(write(tmp_path, formats(grey))):
        assert "plates" in line, line
        assert line["plates"] and line["plates"][0]["text"] == text, line["file"]


@pytest.mark.parametrize("orientation, turn", [(3, cv2.ROTATE_180), (6, cv2.ROTATE_90_COUNTERCLOCKWISE), (8, cv2.ROTATE_90_CLOCKWISE)])
def test_a_camera_held_otherwise_is_set_right(tmp_path, plate, orientation, turn):
    """The picture is turned as its EXIF says; the quad is in pixels of the turned picture."""
    grey, text = plate
    scene = np.full((400, 640), 70, np.uint8)
    scene[180:260, 320:480] = grey
    stored = encoded(".jpg", cv2.rotate(scene, turn))
    line, = run(write(tmp_path, {"turned.jpg": with_orientation(stored, orientation)}))
    found = line["plates"][0]
    assert found["text"] == text
    assert 300 < min(found["quad"][::2]) and max(found["quad"][::2]) < 500 and 160 < min(found["quad"][1::2]) < 280


def test_cut_off_anywhere_is_an_error(tmp_path, plate):
    """At every kind of place: within the header, at each sixteenth, and one byte before the end of what matters."""
    files = {}
    for name, data in formats(cv2.resize(plate[0], (320, 160))).items():
        for n in sorted({1, 2, 3, 8, 12, 20, 25, 30, 40, 60, *(len(data) * i // 16 for i in range(1, 16)), len(data) - 16}):
            files[f"{n}-{name}"] = data[:n]
    for line in run(write(tmp_path, files), seconds=300):
        assert "error" in line, line["file"]


def not_pictures(folder):
    """{path: what the error says} of what can be named and is no file to read."""
    (folder / "folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    (folder / "nowhere.jpg").symlink_to(folder / "missing.jpg")
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    return {folder / "folder.jpg": "not a regular file", folder / "pipe.jpg": "not a regular file", "/dev/zero": "not a regular file",
            "/dev/null": "not a regular file", folder / "nowhere.jpg": "No such file", folder / "loop.jpg": "symbolic link",
            folder / "missing.jpg": "No such file", folder / ("x" * 300): "too long", folder / "folder.jpg/x/y.jpg": "No such file"}


def test_what_is_no_file_is_named_and_nothing_waits_for_it(tmp_path):
    cases = not_pictures(tmp_path)
    for line, says in zip(run(cases), cases.values()):
        assert says in line["error"], line


def test_a_file_that_may_not_be_read(tmp_path, plate):
    """Root may read anything: so the tool runs as nobody, where the test runs as root."""
    grey, _ = plate
    path, = write(tmp_path, {"secret.png": encoded(".png", grey)})
    path.chmod(0)
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == os.getuid() and folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    done = subprocess.run([READ, path], capture_output=True, timeout=60, check=False, **user)
    assert done.returncode == 1 and "Permission denied" in json.loads(done.stdout)["error"]


def test_what_is_no_picture_is_an_error(tmp_path, plate):
    grey, _ = plate
    jpeg, still = encoded(".jpg", grey), encoded(".webp", grey)
    files = {
        "empty.jpg": b"", "byte.jpg": b"\xff", "text.jpg": b"This is no picture.\n" * 100, "zeros.png": bytes(4096),
        "page.jpg": b"<!doctype html><img src=x>", "svg.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "gif.gif": saved(Image.fromarray(grey), "GIF"), "tiff.tif": saved(Image.fromarray(grey), "TIFF"),
        "gif.jpg": saved(Image.fromarray(grey), "GIF"), "pdf.jpg": b"%PDF-1.4\n" + bytes(500), "elf.png": READ.read_bytes()[:5000],
        "jpeg-in-png.png": b"\x89PNG\r\n\x1a\n" + jpeg, "png-in-jpeg.jpg": b"\xff\xd8\xff" + encoded(".png", grey),
        "line-ends.png": encoded(".png", grey).replace(b"\r\n", b"\n", 1), "magic.bmp": b"BM" + bytes(100), "magic.pgm": b"P5",
        "magic.webp": riff((b"VP8 ", b"")), "p7.pam": b"P7\nWIDTH 4\nHEIGHT 4\nDEPTH 1\nMAXVAL 255\nENDHDR\n" + bytes(16),
        "animated.webp": animated(still, 160, 80),
        "two-sizes.webp": riff((b"VP8X", b"\0" * 4 + b"\x0f\0\0\x0f\0\0"), (b"VP8 ", still[20:])),
        "no-pixels.pgm": b"P5\n0 0\n255\n", "deep.pgm": b"P5\n4 4\n99999\n" + bytes(64), "bare.jpg": b"\xff\xd8\xff\xd9",
        "only-tables.jpg": jpeg[:jpeg.index(b"\xff\xc0")] + b"\xff\xd9",
        "twelve-bits.jpg": jpeg.replace(b"\xff\xc0\0\x0b\x08", b"\xff\xc0\0\x0b\x0c"),
        "no-data.png": png(64, 64, b""), "short-data.png": png(64, 64, b"\0" * 100), "filter.png": png(8, 8, b"\x09" + b"\0" * 71),
        "depth.png": png(8, 8, bytes(100), depth=5), "no-palette.png": png(8, 8, bytes(72), colour=3),
    }
    for line in run(write(tmp_path, files)):
        assert "error" in line, line["file"]


def test_sizes_at_the_edges(tmp_path):
    """A pixel, a line, a pole: a read of nothing or an error, as small as they are."""
    sizes = [(1, 1), (1, 2), (2, 1), (1, 500), (500, 1), (1, 16384), (16384, 1), (15, 15), (16, 16), (17, 16), (16384, 16)]
    files = {f"{w}x{h}.png": png(w, h, (b"\0" + b"\x80" * w) * h) for w, h in sizes}
    for line in run(write(tmp_path, files)):
        assert line.get("plates", []) == []


def huge(width, height):
    """Files of a few bytes or kilobytes that say they are this large."""
    header = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, width, height, 1, 8, 0, 0, 0, 0, 0, 0)
    return {"pgm": b"P5\n%d %d\n255\n" % (width, height) + bytes(100), "bmp": header + bytes(100),
            "png": png(width, height, bytes(1000)), "gray-deep.png": png(width, height, bytes(1000), 16, 6),
            "jpg": b"\xff\xd8\xff\xc0\0\x0b\x08" + struct.pack(">HH", min(height, 65535), min(width, 65535)) + b"\1\1\x11\0\xff\xd9",
            "webp": riff((b"VP8X", b"\0" * 4 + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]), (b"VP8 ", bytes(64)))}


@pytest.mark.parametrize("width, height", [(20000, 20000), (16385, 16), (16, 16385), (16000, 16000), (60000, 60000), (2 ** 24, 2 ** 24)])
def test_more_than_any_camera_gives_is_refused_unread(tmp_path, width, height):
    files = {f"{width}x{height}.{kind}": data for kind, data in huge(width, height).items()}
    for line in run(write(tmp_path, files)):
        assert "error" in line
        assert "megapixels" in line["error"], line


def test_the_largest_that_is_read_stays_bounded(tmp_path, plate):
    """64 megapixels from 64 kB, of each format that packs well; and cut off."""
    side = 8000
    white = np.full((side, side), 200, np.uint8)
    packed = encoded(".png", white, cv2.IMWRITE_PNG_COMPRESSION, 9)
    files = {"large.png": packed, "large.jpg": encoded(".jpg", white), "deep.png": png(side, side, bytes(side * (side * 2 + 1)), 16),
             "colour.png": png(side, side, bytes(side * (side * 3 + 1)), 8, 2), "cut.png": packed[:len(packed) // 2],
             "pixels-missing.pgm": b"P5\n8000 8000\n255\n" + bytes(1000)}
    lines = run(write(tmp_path, files), LARGE, 200)
    assert ["error" in line for line in lines] == [False] * 4 + [True] * 2
    line, = run(write(tmp_path, {"large-progressive.jpg": encoded(".jpg", cv2.merge([white] * 3), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)}),
                PROGRESSIVE, 100)
    assert "plates" in line


# --- bombs ----------------------------------------------------------------------------------------------------------------


def segment(marker, data):
    return bytes([0xff, marker]) + struct.pack(">H", len(data) + 2) + data


def progressive_bomb(side, scans):
    """A grey progressive JPEG of so many scans that say nothing of any block, a hundred bytes each."""
    blocks = (-(-side // 8)) ** 2

    def packed(bits):
        bits += "1" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")

    runs = "0" + format(32767 - 16384, "014b")  # the end of this block's band and of the 32766 that follow
    refine = segment(0xda, b"\1\1\0\1\x3f\0") + packed(runs * (blocks // 32767) + "10" * (blocks % 32767))
    return (b"\xff\xd8" + segment(0xdb, b"\0" + b"\x10" * 64) + segment(0xc2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
            + segment(0xc4, b"\0\1" + bytes(15) + b"\0") + segment(0xc4, b"\x10\1\1" + bytes(14) + b"\xe0\0")
            + segment(0xda, b"\1\1\0\0\0\0") + packed("0" * blocks) + refine * scans + b"\xff\xd9")


def test_bombs(tmp_path):
    """Kilobytes that would take gigabytes or hours."""
    text = zlib.compress(b"a" * 7_900_000, 9)
    grey = (b"\0" + b"\x80" * 64) * 64
    files = {
        "ztxt.png": png(64, 64, grey, extra=chunk(b"zTXt", b"k\0\0" + text) * 300),
        "itxt.png": png(64, 64, grey, extra=chunk(b"iTXt", b"k\0\1\0\0\0" + text) * 300),
        "iccp.png": png(64, 64, grey, extra=chunk(b"iCCP", b"k\0\0" + text * 40)),
        "scans.jpg": progressive_bomb(1024, 101),
    }
    for line, says in zip(run(write(tmp_path, files)), ["compressed text"] * 3 + ["scans"]):
        assert says in line["error"], line


def test_what_is_no_bomb_yet(tmp_path):
    """As much of it as passes: bounded all the same; and plain text is no bomb however long."""
    text = zlib.compress(b"a" * 7_900_000, 9)
    grey = (b"\0" + b"\x80" * 64) * 64
    files = {"ztxt.png": png(64, 64, grey, extra=chunk(b"zTXt", b"k\0\0" + text) * 30),
             "itxt.png": png(64, 64, grey, extra=chunk(b"iTXt", b"k\0\0\0\0\0" + b"a" * 1_000_000)),
             "more-than-asked.png": png(64, 64, bytes(50_000_000)), "scans.jpg": progressive_bomb(1024, 98)}
    lines = run(write(tmp_path, files), 500 if not SANITISED else 1200)
    assert all("plates" in line for line in lines), lines


# --- damage ---------------------------------------------------------------------------------------------------------------


def damaged(data, rng):
    """One of the ways in which files come to harm."""
    out = bytearray(data)
    kind = rng.randrange(4)
    if kind == 0:  # bits
        for _ in range(rng.choice((1, 1, 2, 8, 64))):
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    elif kind == 1:  # a run overwritten
        at, n = rng.randrange(len(out)), rng.choice((1, 4, 64))
        out[at:at + n] = rng.choice((b"\0", b"\xff")) * len(out[at:at + n])
    elif kind == 2:  # a part lost
        at = rng.randrange(len(out))
        del out[at:at + rng.choice((1, 3, 100))]
    else:  # a part twice
        at, n = rng.randrange(len(out)), rng.choice((1, 4, 200))
        out[at:at] = out[at:at + n]
    return bytes(out)


@pytest.mark.parametrize("seed", [1, 2])
def test_damage_anywhere_is_survived(tmp_path, plate, seed):
    """Half of it in the first hundred bytes, where sizes and tables are."""
    rng = random.Random(seed)
    files = {}
    for name, data in formats(plate[0]).items():
        for i in range(12):
            head = rng.choice((len(data), min(100, len(data) - 1)))
            files[f"{i}-{name}"] = damaged(data[:head], rng) + data[head:]
    lines = run(write(tmp_path, files), LARGE, 300)
    assert len(lines) >= 250
    assert sum("error" in line for line in lines) >= 20 and sum("plates" in line for line in lines) >= 20


def test_a_wrong_checksum_is_no_reason_to_trust_the_rest(tmp_path, plate):
    """A PNG whose critical chunks fail their CRC is an error; what comes after it is read."""
    data = encoded(".png", plate[0])
    at = data.index(b"IDAT") + 20
    broken = data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1:]
    header = bytearray(data)
    header[29] ^= 1
    lines = run(write(tmp_path, {"data.png": broken, "header.png": bytes(header), "good.png": data}))
    assert ["error" in line for line in lines] == [True, True, False]
