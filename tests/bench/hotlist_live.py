# SPDX-License-Identifier: Apache-2.0
"""How long after uplink has brought a list the real store alerts by it, while vehicles pass."""
import os
import sys
import time
from pathlib import Path

from tests.system import wire
from tests.system.store_role import Store

GAP_S = 0.05  # from one passage to the next


class Passing:
    """Vehicles pass one behind the other, each judged by the store's answer and by what is then in its outbox."""

    def __init__(self, store: Store, plates: list):
        self.store, self.plates = store, plates
        self.waits = []
        self.hits = {plate: [] for plate in plates}  # (answered at, was it a hit)
        self.n = 0

    def one(self) -> None:
        plate, state = self.plates[self.n % len(self.plates)]
        self.n += 1
        start = time.monotonic()
        ident = self.store.passage(plate, state)
        assert self.store.answer(ident, 60) == 1
        now = time.monotonic()
        self.waits.append(now - start)
        hit = self.store.one("SELECT count(*) FROM outbox WHERE passage_id = ?", ident)
        self.hits[plate, state].append((now, hit == 1))

    def silent_since(self, plate: tuple, begin: float) -> float:
        """Seconds from `begin` to the first of the passages of this plate after which none was a hit any more."""
        ends = [at for at, hit in self.hits[plate] if hit and at > begin]
        return next(at for at, _ in self.hits[plate] if at > max([begin, *ends])) - begin


def offer(store: Store, path: Path, plates: list) -> tuple:
    """Offer a list or a delta: (when it was sent, seconds until the answer, the passages meanwhile)."""
    data = path.read_bytes()
    passing = Passing(store, plates)
    begin = time.monotonic()
    store.begin_offer(data)
    passing.one()
    while (m := store.to_uplink(GAP_S)) is None or m[0] == "WIRE_HIT":
        if m:
            os.close(m[2][0])
        passing.one()
    end = time.monotonic()
    if not wire.parse(wire.WireBundleDone, m[1]).accepted:
        sys.exit(f"hotlist_live: {path.name} was refused\n{store.tail()}")
    for _ in plates:
        passing.one()
    return begin, end - begin, passing


def live(folder: Path, key: Path, old: Path, new: Path, gone: tuple, stays: tuple) -> dict:
    """Seconds by the clock: `whole_s` for `old` as it comes into an empty store; for `new`, a later list or a delta to
    it on which the plate `gone` is no more: `silent_s` until that rings no more, `done_s` until the list is in force;
    and the longest wait of a passage. Plates are (text, state); `stays` is on both."""
    with Store(folder, {"key": key, "cooldown_s": 0}) as store:
        _, whole_s, first = offer(store, old, [stays])
        assert first.hits[stays][-1][1], "a wanted plate is no hit"
        begin, done_s, second = offer(store, new, [gone, stays])
        assert all(hit for _, hit in second.hits[stays]), "a wanted plate was no hit"
        assert store.stop() == 0
        return {"whole_s": whole_s, "silent_s": second.silent_since(gone, begin), "done_s": done_s,
                "wait_s": max(first.waits + second.waits), "passages": len(first.waits + second.waits)}
