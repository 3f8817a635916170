# SPDX-License-Identifier: Apache-2.0
"""The real role on a ring with 2,160 keys, with passages coming in at an even pace, while an hour of 1,700 reads falls due."""
import sqlite3
import time
from pathlib import Path

from tests.system import wire
from tests.system.store_role import Store

HOUR = 3600 * 10**9
FIRST = 1_800_000_000 * 10**9 // HOUR * HOUR  # hour that store_pull begins with
RETENTION_DAYS = 90
RATE = 200        # passages a second
QUIET_S = 6       # before the hour falls due
HOUR_READS = 1700


def set_ring(data: Path, ring_ns: int) -> None:
    """The ring's clock, as the store finds it at its next start (firmware/store/upkeep.c)."""
    db = sqlite3.connect(data / "reads.db")
    for name, value in (("clock_ring", ring_ns), ("clock_wall", time.time_ns()), ("clock_mono", time.monotonic_ns()), ("clock_boot", 0)):
        db.execute("INSERT INTO state VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2", (name, value))
    db.commit()
    db.close()


class Stream:
    """Passages at their times, whatever the store does; how long each answer took from when it was due to be sent."""

    def __init__(self, store: Store):
        self.store, self.sent, self.took, self.n = store, {}, [], 0
        self.begin = time.monotonic()

    def step(self) -> None:
        due = self.begin + self.n / RATE
        while (now := time.monotonic()) < due:
            self.store.collect(due - now)
            self.take()
        self.n += 1
        self.sent[self.store.passage(f"N{self.n:06}", "MO", (6000, 6000, 0, 0))] = due
        self.store.collect(0)
        self.take()

    def take(self) -> None:
        now = time.monotonic()
        for ident, accepted in self.store.answers.items():
            assert accepted == 1
            due = self.sent.pop(ident)
            self.took.append((due, now - due))
        self.store.answers.clear()


def p99(times: list) -> float:
    return sorted(times)[len(times) * 99 // 100] * 1000


def one_hour(folder: Path, data: Path, number: int) -> tuple:
    """(latencies before, latencies from the moment the hour was due until it was purged, seconds that took)."""
    set_ring(data, FIRST + number * HOUR + RETENTION_DAYS * 24 * HOUR - int((QUIET_S + 1) * 1e9))
    with Store(folder, path=data, retention_days=RETENTION_DAYS) as s:
        state = s.wait(lambda c: c.get("periods", 0) > 0, 30, "the start")
        before = state["purged"], state["keys_destroyed"]
        stream = Stream(s)
        done = last = None
        due = stream.begin + QUIET_S
        while done is None or time.monotonic() < done:
            stream.step()
            s.listen()
            if (s.state["purged"], s.state["keys_destroyed"]) == before and not last:
                due = time.monotonic()
            else:
                last = last or time.monotonic()
            if done is None and s.state["purged"] >= before[0] + HOUR_READS and s.state["keys_destroyed"] > before[1]:
                done = time.monotonic()
            assert time.monotonic() < stream.begin + 120, f"the hour is not purged: {s.state}"
        assert s.stop() == 0
    # The state is told once a second: the first sign of the purge may be so much younger than the purge.
    begin = due - 1.2
    quiet = [took for at, took in stream.took if at < begin]
    during = [took for at, took in stream.took if begin <= at <= done]
    return quiet, during, done - begin


def purge_ingest(folder: Path, data: Path, hours: int) -> dict:
    quiet, during, seconds = [], [], 0.0
    for number in range(hours):
        q, d, s = one_hour(folder, data, number)
        quiet, during, seconds = quiet + q, during + d, seconds + s
    return {"quiet_p99_ms": p99(quiet), "purging_p99_ms": p99(during), "quiet_most_ms": max(quiet) * 1000,
            "purging_most_ms": max(during) * 1000, "quiet_median_ms": sorted(quiet)[len(quiet) // 2] * 1000,
            "purging_median_ms": sorted(during)[len(during) // 2] * 1000, "quiet": len(quiet), "purging": len(during),
            "seconds_an_hour": seconds / hours}
