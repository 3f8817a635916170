# SPDX-License-Identifier: Apache-2.0
"""A request for evidence of an exact plate, from when it is given to the real role until its sealed answer is there."""
import os
import time
from pathlib import Path

from tests.bench.store_purge import FIRST, HOUR, RETENTION_DAYS, set_ring
from tests.rtcc import make_certs
from tests.system.evidence_desk import Desk, EvidenceStore

DAILY = "DAY4567"  # of store_pull.c
AGAIN = 3


def from_the_disk(data: Path) -> None:
    """Its pages are in the memory of nobody any more but of the store, which has 8 MB."""
    fd = os.open(data / "reads.db", os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def pulls(folder: Path, data: Path) -> dict:
    """Of `data`, a ring that store_pull made: {name: (ms of the first, ms of the best after it, reads)}."""
    certs = folder / "certs"
    certs.mkdir()
    desk = Desk(make_certs(certs))
    set_ring(data, FIRST + RETENTION_DAYS * 24 * HOUR - 60 * 10**9)
    found = {}
    with EvidenceStore(folder, certs, evidence={"per_hour": 100}, path=data, retention_days=RETENTION_DAYS) as s:
        s.wait(lambda c: c.get("periods", 0) > 0, 30, "the start")
        for name, plate in (("never", "NEVER77"), ("daily", DAILY)):
            from_the_disk(data)
            took = []
            for _ in range(1 + AGAIN):
                request = desk.request(plate=plate)
                start = time.monotonic()
                answer, why = s.ask(request, timeout=120)
                took.append(1000 * (time.monotonic() - start))
                assert why is None, why
            found[name] = (took[0], min(took[1:]), len(desk.open(answer, request).reads))
        assert s.stop() == 0
    return found
