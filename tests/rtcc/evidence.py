# SPDX-License-Identifier: Apache-2.0
"""How a test RTCC asks a box for evidence, and keeps what comes.

`folder`/evidence holds queue/<n>.jws (requests, oldest first; each is offered until it has an answer), answers/<digest>.jwe or
.problem.json, and parts/<digest> (what has come of an answer). <digest>: SHA-256 of the request in hexadecimal digits.

  GET  /v1/evidence/requests          200 application/jose with the first that has no answer; 204: there is none
  POST /v1/evidence/answers/<digest>  201 kept; 200 kept before; 202 a part is kept (Content-Range), more is to come;
                                      416 it does not follow what has come (a repeat does); 404 nobody asked
"""
import hashlib
import json
import re
import threading
import time
from pathlib import Path

REQUESTS, ANSWERS = "/v1/evidence/requests", "/v1/evidence/answers"
ANSWER_MAX = 96 << 20
SIP, SIP_S = 1 << 18, 0.1 # what the fault "sip" reads, and how often


def digest_of(request: bytes) -> str:
    return hashlib.sha256(request).hexdigest()


class Evidence:
    """`folder` is the RTCC's."""

    def __init__(self, folder: Path):
        self.folder = Path(folder) / "evidence"
        self.lock = threading.Lock()
        for name in ("queue", "answers", "parts"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def ask(self, request: bytes) -> str:
        """Put a request (or whatever it is) at the end of the queue; its digest."""
        aside = self.folder / ".being-written"
        aside.write_bytes(request)
        aside.replace(self.folder / f"queue/{time.time_ns():020d}.jws")
        return digest_of(request)

    def queue(self) -> list:
        return [f.read_bytes() for f in sorted((self.folder / "queue").glob("*.jws"))]

    def answer(self, digest: str):
        """The sealed answer; None: there is none (yet)."""
        file = self.folder / f"answers/{digest}.jwe"
        return file.read_bytes() if file.exists() else None

    def problem(self, digest: str):
        """Why there is no answer, as the box says; None: it has not said so."""
        file = self.folder / f"answers/{digest}.problem.json"
        return json.loads(file.read_text()) if file.exists() else None

    def wait(self, digest: str, seconds: float = 10) -> bytes:
        """The sealed answer; AssertionError when a problem comes instead, or nothing in time."""
        end = time.monotonic() + seconds
        while (answer := self.answer(digest)) is None:
            assert self.problem(digest) is None, self.problem(digest)
            assert time.monotonic() < end, "no answer to an evidence request"
            time.sleep(0.05)
        return answer

    def dealt_with(self, digest: str) -> bool:
        return any((self.folder / "answers").glob(f"{digest}.*"))

    # --- the receiver's side ---------------------------------------------------------------------------------------

    def offer(self, again: bool = False):
        """The request that is offered now; `again`: the first, whether it has an answer or not."""
        return next((r for r in self.queue() if again or not self.dealt_with(digest_of(r))), None)

    def take(self, digest: str, kind: str, content_range: str, body: bytes, parts: bool = True) -> int:
        """Keep what was posted; the status to answer with. `parts`: whether this RTCC knows of them."""
        with self.lock:
            if digest not in map(digest_of, self.queue()):
                return 404
            if self.dealt_with(digest):
                return 200
            if kind == "application/problem+json":
                json.loads(body)
                return self.keep(f"{digest}.problem.json", body)
            if kind != "application/jose":
                return 415
            return self.take_part(digest, content_range, body) if parts and content_range else \
                201 if content_range else self.keep(f"{digest}.jwe", body)

    def take_part(self, digest: str, content_range: str, body: bytes) -> int:
        m = re.fullmatch(r"bytes ([0-9]{1,9})-([0-9]{1,9})/([0-9]{1,9})", content_range)
        if not m:
            return 400
        first, last, whole = map(int, m.groups())
        file = self.folder / f"parts/{digest}"
        if last - first + 1 != len(body) or last >= whole or whole > ANSWER_MAX:
            return 400
        if first > (file.stat().st_size if file.exists() else 0):
            return 416
        with file.open("r+b" if first else "wb") as f:
            f.seek(first) # one that had come already, and whose 202 was lost
            f.write(body)
            f.truncate()
        if last + 1 < whole:
            return 202
        file.replace(self.folder / f"answers/{digest}.jwe")
        return 201

    def keep(self, name: str, body: bytes) -> int:
        aside = self.folder / ".being-kept"
        aside.write_bytes(body)
        aside.replace(self.folder / "answers" / name)
        return 201
