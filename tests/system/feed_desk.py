# SPDX-License-Identifier: Apache-2.0
"""Where an RTCC clerk compiles the feeds of agencies: a folder, a signing key, the tool; and what somebody else could do with the key."""
import hashlib
import json
import struct
import subprocess
from datetime import datetime, timedelta, timezone

from tests import feeds
from tests.box import build_folder

TOOL = build_folder() / "bin" / "alpr-hotlist"
PLATE = "QX7T24"  # wanted; must never be seen in an error or report
AHEAD = (datetime.now(timezone.utc) + timedelta(days=20)).strftime("%Y-%m-%d")
FORBIDDEN = "ABCHKLNRTWX"  # the extract's other files
WHY = "category: not one that this list may hold"

DATA = 4096  # a small list's first byte behind header, signature and digests (hotlist/FORMAT.md)
RECORDS = DATA + 64


def sign_anyway(data: bytes, key) -> bytes:
    """What someone with the key and another tool could do: good digests and a good signature on whatever it is."""
    covered = data[DATA:]
    table = b"".join(hashlib.sha256(covered[i:i + 4096]).digest() for i in range(0, len(covered), 4096))
    header = data[:104] + hashlib.sha256(table).digest() + data[136:256]
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=header, capture_output=True, check=True)
    return (header + struct.pack("<I12x", len(done.stdout)) + done.stdout.ljust(112, b"\0") + table.ljust(DATA - 384, b"\0") + covered)


def call(*words, status=0):
    done = subprocess.run([TOOL, *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    assert PLATE not in done.stderr + done.stdout
    return done


class Desk:
    def __init__(self, folder):
        self.folder = folder
        for words in (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", folder / "k"],
                      ["pkey", "-in", folder / "k", "-pubout", "-out", folder / "k.pub"]):
            subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    def path(self, name, data):
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode("latin-1"))
        return path

    def compile(self, *words, status=0):
        out = self.folder / "list.raw"
        out.unlink(missing_ok=True)
        done = call("compile", *words, "--out", out, "--version", 1, "--max-age", 86400, status=status)
        assert out.exists() == (status == 0)
        return done

    def feed(self, layout, rows, *options, status=0, end="\n", terms=None):
        """Compile one feed of these rows."""
        path = self.path(f"{layout}.feed", feeds.feed(layout, rows, end))
        words = feeds.words(layout, path) if terms is None else ["--layout", layout, *terms, "--in", path]
        return self.compile(*words, *options, status=status)

    def lookup(self, plate, state=None, at=None):
        call("sign", "--key", self.folder / "k", "--in", self.folder / "list.raw", "--out", self.folder / "list")
        more = [*(["--jurisdiction", state] if state else []), *(["--at", at] if at else [])]
        done = subprocess.run([TOOL, "lookup", self.folder / "list", "--key", self.folder / "k.pub", plate, *more],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)
