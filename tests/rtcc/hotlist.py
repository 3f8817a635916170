# SPDX-License-Identifier: Apache-2.0
"""How a test RTCC gives the hotlist to a box that knows one already.

  If-None-Match   one ETag or more; 304 when the list is one of these
  Prefer: wait=N  kept until the list is another one, N seconds at most (RFC 7240, 4.3)
  A-IM: alpr-delta  226 with a delta when there is one from a list that the box names: deltas/<from>-<to> (RFC 3229)
  Range, If-Range   206 with the rest of it (RFC 9110, 14)
"""
import hashlib
import os
import re
import select
import threading
import time
from pathlib import Path

LOOK_S = 0.02 # between two looks whether there is news


def name_of(bundle: bytes) -> str:
    """What an ETag is made of."""
    return hashlib.sha256(bundle).hexdigest()[:32]


class Hotlist:
    """What /v1/hotlist gives: `folder`/hotlist.bin, read again when it has changed."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.lock = threading.Lock()
        self.known = self.name = self.bundle = None

    def look(self):
        """(name, bundle) as they are now; (None, None): nothing is published."""
        with self.lock:
            try:
                stat = os.stat(self.folder / "hotlist.bin")
                seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
                if seen != self.known:
                    self.bundle = (self.folder / "hotlist.bin").read_bytes()
                    self.known, self.name = seen, name_of(self.bundle)
            except FileNotFoundError:
                self.known = self.name = self.bundle = None
            return self.name, self.bundle

    def answer(self, headers, if_none_match: str, connection):
        """(status, further headers, body) for a request with these headers; ConnectionError when who asked has gone meanwhile."""
        has = re.findall(r'"([^"]*)"', if_none_match)
        name, bundle = self.look()
        prefer = re.fullmatch(r"wait=([0-9]{1,3})", headers.get("Prefer", ""))
        end = time.monotonic() + (int(prefer[1]) if prefer else 0)
        while (name is None or name in has) and time.monotonic() < end:
            if select.select([connection], [], [], LOOK_S)[0]: # who asks says nothing more before it has the answer
                raise ConnectionResetError
            name, bundle = self.look()
        more = {"Preference_Applied": f"wait={prefer[1]}"} if prefer else {}
        if name is None:
            return 404, more, b"{}"
        more["ETag"] = f'"{name}"'
        if name in has:
            return 304, more, b""
        if headers.get("A-IM") == "alpr-delta":
            for base in has:
                delta = self.folder / f"deltas/{base}-{name}"
                if delta.exists():
                    return 226, {**more, "IM": "alpr-delta", "Delta_Base": f'"{base}"'}, delta.read_bytes()
        return self.part(headers, more, bundle)

    def plain(self, if_none_match: str):
        """The same of a server that compares ETags as they are, and knows of nothing more."""
        name, bundle = self.look()
        if name is None:
            return 404, {}, b"{}"
        etag = f'"{name}"'
        return (304, {"ETag": etag}, b"") if if_none_match == etag else (200, {"ETag": etag}, bundle)

    @staticmethod
    def part(headers, more: dict, bundle: bytes):
        more["Accept_Ranges"] = "bytes"
        wanted = re.fullmatch(r"bytes=([0-9]{1,18})-", headers.get("Range", ""))
        if not wanted or headers.get("If-Range", more["ETag"]) != more["ETag"]:
            return 200, more, bundle
        first = int(wanted[1])
        if first >= len(bundle):
            return 416, {**more, "Content_Range": f"bytes */{len(bundle)}"}, b""
        return 206, {**more, "Content_Range": f"bytes {first}-{len(bundle) - 1}/{len(bundle)}"}, bundle[first:]
