# SPDX-License-Identifier: Apache-2.0
"""A request for evidence of a whole window, and how long passages wait that come while its answer is made."""
import time
from pathlib import Path

from tests.bench.store_purge import HOUR
from tests.rtcc import make_certs
from tests.system.evidence_desk import Desk, EvidenceStore

CROPS = (6000, 6000, 0, 0)


def fill(s: EvidenceStore, reads: int, begin: int) -> None:
    """So many reads within an hour from `begin`, by the clock of the box (their pictures are half a second older than their ends)."""
    for i in range(reads):
        s.passage(f"A{i:06}", "MO", CROPS, when_ns=begin + i * (HOUR // reads) + 5 * 10**8)
        while i - len(s.answers) > 100:
            s.collect(1)
    s.wait(lambda _: s.collect(0) or len(s.answers) == reads, 120, "every read")
    s.answers.clear()


def wait_of_one(s: EvidenceStore) -> float:
    start = time.monotonic()
    s.accept("B000000", "MO", CROPS)
    return 1000 * (time.monotonic() - start)


def window(folder: Path, reads: int) -> dict:
    """How long the answer took, its bytes, and the longest wait of a passage every 20 ms, while nothing is asked and while it is."""
    certs = make_certs(folder / "certs")
    desk, begin = Desk(certs), time.time_ns() - 2 * HOUR
    with EvidenceStore(folder, certs) as s:
        fill(s, reads, begin)
        quiet, asked, answer = [], [], None
        for _ in range(100):
            quiet.append(wait_of_one(s))
            time.sleep(0.02)
        request = desk.window(begin, begin + HOUR)
        number, start = s.begin(request, "control"), time.monotonic()
        while answer is None:
            asked.append(wait_of_one(s))
            answer = s.ended("control", 0.02)
        took = time.monotonic() - start
        sealed, why = s.taken(number, answer)
        assert why is None, why
        assert len(desk.open(sealed, request).reads) == reads
        assert s.stop() == 0
    return {"took_s": took, "bytes": len(sealed), "quiet_ms": max(quiet), "asked_ms": max(asked), "passages": len(asked)}
