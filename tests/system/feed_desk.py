# SPDX-License-Identifier: Apache-2.0
"""Where an RTCC clerk compiles the feeds of agencies: a folder, a signing key, the tool."""
import json
import subprocess
from datetime import datetime, timedelta, timezone

from tests import feeds
from tests.box import build_folder

TOOL = build_folder() / "bin" / "alpr-hotlist"
PLATE = "QX7T24"  # wanted; must never be seen in an error or report
AHEAD = (datetime.now(timezone.utc) + timedelta(days=20)).strftime("%Y-%m-%d")
FORBIDDEN = "ABCHKLNRTWX"  # the extract's other files
WHY = "category: not one that this list may hold"


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
