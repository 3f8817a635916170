# SPDX-License-Identifier: Apache-2.0
"""What to look for in raw bytes when plates, pictures and keys are known, and looking for it with test/carve/carve."""
import base64
import hashlib
import subprocess
from pathlib import Path

from tests.box import build_folder

CHUNK = 16        # bytes of a picture that are taken for a piece of it
STRIDE = 64       # so any STRIDE + CHUNK - 1 of its bytes in a row are noticed
LIKE = {"0": "O", "O": "0", "1": "I", "I": "1", "8": "B", "B": "8", "5": "S", "S": "5", "2": "Z", "Z": "2"}
WRAPPED = b"AKW1"  # begins a wrapped key (hal/keystore_roots.c)
WRAPPED_LEN = 72
# What a JPEG of libjpeg-turbo begins with, and what follows when the beginning is gone; words of an event and of a read.
MARKS = {"jfif": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "exif": b"\xff\xd8\xff\xe1", "tables": b"\xff\xdb\x00\x43\x00",
         "huffman": b"\xff\xc4\x00\x1f\x00\x00\x01\x05\x01\x01\x01\x01\x01\x01", "event": b"specversion", "read": b'"plate":"',
         "alternatives": b'"alternatives":[["'}


def base64_inside(data: bytes) -> list:
    """What base64 (either alphabet) makes of `data` wherever in a longer text it stands: the characters that depend on nothing else."""
    forms = []
    for before in range(3):
        text = base64.b64encode(bytes(before) + data)
        first = (8 * before + 5) // 6
        forms.append(text[first:(8 * (before + len(data))) // 6])
    return forms + [form for form in (form.translate(bytes.maketrans(b"+/", b"-_")) for form in forms) if form not in forms]


def spellings(plate: str) -> dict:
    """{name: bytes} of every way a plate may lie somewhere; those that would be found by another one are left out."""
    alike = "".join(LIKE.get(c, c) for c in plate)
    plain = plate.encode()
    forms = {"plain": plain, "lower": plain.lower(), "reversed": plain[::-1], "utf16le": plate.encode("utf-16-le"),
             "utf16be": plate.encode("utf-16-be"), "utf32": plate.encode("utf-32-le"),
             "hex": plain.hex().encode(), "HEX": plain.hex().upper().encode(), "alike": alike.encode(),
             "wide": " ".join(plate).encode(), "percent": "".join(f"%{c:02X}" for c in plain).encode(),
             "escaped": "".join(f"\\u{c:04x}" for c in plain).encode(),
             "sha1": hashlib.sha1(plain).digest()[:12], "sha256": hashlib.sha256(plain).digest()[:12],
             "sha256hex": hashlib.sha256(plain).hexdigest()[:16].encode(), "md5": hashlib.md5(plain).digest()}
    forms |= {f"space{i}": f"{plate[:i]} {plate[i:]}".encode() for i in (2, 3, 4)}
    forms |= {f"hyphen{i}": f"{plate[:i]}-{plate[i:]}".encode() for i in (2, 3, 4)}
    forms |= {f"base64-{i}": form for i, form in enumerate(base64_inside(plain))}
    if alike == plate:
        del forms["alike"]
    return forms


def pieces(jpeg: bytes) -> list:
    return [jpeg[i:i + CHUNK] for i in range(0, len(jpeg) - CHUNK, STRIDE)]


def key_forms(key: bytes) -> dict:
    """Halves of it, too: one may be torn, or lie on two pages."""
    half = len(key) // 2
    return {"first": key[:half], "second": key[half:], "hex": key.hex().encode()[:32], "HEX": key.hex().upper().encode()[:32],
            "hex2": key.hex().encode()[-32:], "HEX2": key.hex().upper().encode()[-32:],
            **{f"base64-{i}": form for i, form in enumerate(base64_inside(key))}}


class Needles:
    """Plates, pictures and keys that are known; what of them a carving finds is counted by plate, picture and key."""

    def __init__(self, plates=(), pictures=(), keys=()):
        self.bytes = {}
        # What all pictures have in common tells of none of them, and is looked for as a mark.
        times = {}
        for jpeg in pictures:
            for piece in set(pieces(jpeg)):
                times[piece] = times.get(piece, 0) + 1
        for i, plate in enumerate(plates):
            self.bytes |= {f"plate:{i}:{name}": form for name, form in spellings(plate).items()}
        for i, jpeg in enumerate(pictures):
            self.bytes |= {f"image:{i}:{n}": piece for n, piece in enumerate(pieces(jpeg)) if times[piece] == 1}
        for i, key in enumerate(keys):
            self.bytes |= {f"key:{i}:{name}": form for name, form in key_forms(key).items()}

    def mark(self, *names) -> None:
        self.bytes |= {f"mark:{name}": MARKS[name] for name in names or MARKS}

    def carve(self, folder: Path, *paths, more=None) -> "Found":
        """Look for them, and for `more` ({name: bytes}), in files, folders and images; `folder` is the carver's own."""
        file = Path(folder) / "needles"
        file.write_text("".join(f"{name} {form.hex()}\n" for name, form in {**self.bytes, **(more or {})}.items()))
        done = subprocess.run([build_folder() / "test/carve/carve", file, *paths], capture_output=True, text=True, check=False)
        file.unlink()
        if done.returncode != 0:
            raise RuntimeError(f"carve: {done.stderr}")
        return Found(done.stdout)


class Found:
    def __init__(self, text: str):
        self.where = {}  # name: [(path, offset), …]
        self.looked_at = 0
        for line in text.splitlines():
            name, *rest = line.split("\t")
            if name == "bytes":
                self.looked_at = int(rest[0])
            else:
                self.where.setdefault(name, []).extend((rest[0], int(offset)) for offset in rest[2:])

    def of(self, kind: str) -> set:
        """Which plates, images or keys (by number), or marks (by name) are there in any form."""
        return {name.split(":")[1] for name in self.where if name.startswith(f"{kind}:")}


class Keystore:
    """How to reach one: `driver` as [store] keystore has it, its file, its device."""

    def __init__(self, driver: str, path: Path, device: str = "-"):
        self.driver, self.path, self.device = driver, Path(path), device

    def _run(self, folder, text=None) -> list:
        done = subprocess.run([build_folder() / "test/carve/keys", self.driver, self.path, self.device, folder], input=text,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return [line.split() for line in done.stdout.splitlines()]

    def keys(self, data: Path) -> dict:
        """{"period": [bytes, …], "seal": …, "mac": …, "root": …}: all that it opens of the store in `data`, and its own."""
        found = {name: [] for name in ("period", "seal", "mac", "root")}
        for name, text in self._run(data):
            found[name].append(bytes.fromhex(text))
        return found

    def opens(self, wrapped: set, ids: list) -> set:
        """Which of these ids (of periods) have a key among `wrapped` that opens."""
        lines = "".join(f"{w.hex()} {i}\n" for w in wrapped for i in ids)
        return {int(i) for _, i in self._run("-", lines)}


def wrapped_at(found: Found) -> set:
    """The wrapped keys where carving found that one begins (`more={"wrapped": WRAPPED}`)."""
    keys = set()
    for path, offset in found.where.get("wrapped", []):
        with open(path, "rb") as f:
            f.seek(offset)
            keys.add(f.read(WRAPPED_LEN))
    return {key for key in keys if len(key) == WRAPPED_LEN}
