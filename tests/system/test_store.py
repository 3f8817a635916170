# SPDX-License-Identifier: Apache-2.0
"""The real store, alone: this test plays parent, vision and uplink, honest and hostile, and pulls its plug."""
import ctypes
import os
import random
import resource
import sqlite3
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.box import build_folder
from tests.system import wire
from tests.system.roles import message, sealed
from tests.system.store_role import LATER, REFUSED, Store, chain_holds, make_list


PICTURES = "SELECT (SELECT count(crop_0) + count(crop_1) FROM passage) + (SELECT count(*) FROM picture)"


def test_our_structs_are_the_compilers():
    lines = subprocess.run([build_folder() / "test/wire_layout"], check=True, capture_output=True, text=True).stdout
    seen = set()
    for line in lines.splitlines():
        struct, field, offset, size = line.split()
        cls = wire.STRUCTS[struct]
        if field == "-":
            assert ctypes.sizeof(cls) == int(size), line
        else:
            assert (getattr(cls, field).offset, getattr(cls, field).size) == (int(offset), int(size)), line
            seen.add((struct, field))
    ours = {(name, f[0]) for name, cls in wire.STRUCTS.items() for f in cls._fields_ if f[0] != "h"}
    assert ours <= seen | {("wire_passage", "h")}


def test_a_read_is_committed_before_it_is_answered(tmp_path):
    with Store(tmp_path) as s:
        ident = s.accept("SK5K9V", when_ns=1_800_000_000_000_000_000)
        s.kill()
        row, = s.kept()
        assert (row["id"], row["read"]["plate"], row["read"]["jurisdiction"]) == (ident.hex(), "SK5K9V", "MO")
        assert (row["first_ns"], row["hit"], row["degraded"]) == (1_799_999_999_000_000_000, 0, 0)
        assert [p and len(p) for p in row["pictures"]] == [3000, 3000, None, None]
        assert [a["camera"] for a in row["read"]["angles"]] == [0, 1]


def test_the_sandbox_is_on_and_the_status_says_what_is(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        s.accept("ABC123")
        s.accept("WANT01", "MO", (3000, 3000, 50000, 50000))
        state = s.wait(lambda c: c["passages"] == 2 and c["hits_pending"] == 1, 5, "the counters")
        assert s.ready["seccomp"] == 1 and s.ready["no_new_privs"] == 1
        assert state["state"] == "ok"
        assert (state["reads"], state["hits"], state["list_version"], state["list_entries"]) == (2, 1, 5, 2)
        assert state["db_bytes"] > 100000 and state["audit_records"] == 3
        assert s.stop() == 0
        assert "ABC123" not in s.tail() and "WANT01" not in s.tail()


def test_a_repeat_is_accepted_and_not_doubled(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        m, gift = wire.passage("WANT01")
        for _ in range(3):
            assert s.answer(s.give(m, gift)) == 1
        assert s.one("SELECT count(*) FROM passage") == 1
        assert s.one("SELECT count(*) FROM outbox") == 1
        assert s.wait(lambda c: c["repeats"] == 2, 5, "the repeats")["hits"] == 1


def test_what_comes_at_once_is_all_taken(tmp_path, hotlist):
    """Committed together, many at a time; a passage given twice among them is there once, a hit goes out."""
    with Store(tmp_path, hotlist) as s:
        given = [wire.passage("WANT01" if i == 20 else f"ABC{i:03}") for i in range(40)]
        for m, gift in given + given[:3]:
            s.give(m, gift)
        for m, _ in given:
            assert s.answer(bytes(m.id)) == 1
        assert s.one("SELECT count(*) FROM passage") == 40 and s.one(PICTURES) == 80
        assert s.hit()[1]["id"] == bytes(given[20][0].id).hex()
        assert [row["read"]["plate"] for row in s.kept()][:3] == ["ABC000", "ABC001", "ABC002"]
        assert s.wait(lambda c: c["passages"] == 40, 5, "the counters")["hits"] == 1
        assert s.stop() == 0


def test_a_hit_goes_out_and_is_acknowledged(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        ident = s.accept("WANT01", "MO", (3000, 3000, 50000, 50000))
        outbox_id, event = s.hit()
        assert event["id"] == ident.hex()
        assert event["specversion"] == "1.0"
        assert s.one(PICTURES) == 4  # scenes of a hit are kept
        s.hit_done(outbox_id)
        state = s.wait(lambda c: c["hits_acknowledged"] == 1, 5, "the acknowledgement")
        assert state["hits_pending"] == 0 and 0 <= state["latency_ms"] < 5000
        assert s.rows("SELECT state, sealed, http_status FROM outbox") == [(1, None, 201)]
        assert s.rows("SELECT who, what, outcome FROM audit WHERE seq > 2") == \
            [("store", "hit", "queued"), ("rtcc", "hit-ended", "acknowledged")]
        assert s.hit(0.5) is None


def test_what_is_no_hit_never_reaches_uplink(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        for i in range(20):
            s.accept(f"ABC{100 + i}")
        s.accept("WANT02", "MO")  # wanted in Illinois
        m, gift = wire.passage("WANT01")
        m.low_quality = 1
        assert s.answer(s.give(m, gift)) == 1
        assert s.hit(1) is None
        assert s.one("SELECT count(*) FROM outbox") == 0


def test_a_refused_hit_is_kept_and_said(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        s.accept("WANT01")
        s.hit_done(s.hit()[0], REFUSED, 422)
        assert s.wait(lambda c: c["hits_refused"] == 1, 5, "the refusal")["hits_pending"] == 0
        assert s.rows("SELECT state, http_status, sealed IS NOT NULL FROM outbox") == [(2, 422, 1)]
        assert s.hit(1) is None


def test_a_hit_that_could_not_be_sent_comes_again_without_a_busy_loop(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        s.accept("WANT01")
        offers, end = 0, time.monotonic() + 4
        while time.monotonic() < end:
            if (h := s.hit(0.2)) is not None:
                offers += 1
                s.hit_done(h[0], LATER, 0)
        assert 3 <= offers <= 5
        assert s.cpu_seconds() < 1
        s.wait(lambda c: c["hits_pending"] == 1, 5, "the pending hit")


def test_all_hits_are_offered_again_when_uplink_restarts(tmp_path, hotlist):
    with Store(tmp_path, {**hotlist, "cooldown_s": 0}) as s:
        sent = {s.accept("WANT01").hex() for _ in range(7)}
        first = [s.hit() for _ in range(4)]
        assert s.hit(0.5) is None  # four are under way, no more
        s.hit_done(first[0][0])
        first.append(s.hit())
        s.connect_uplink()
        again = []
        while (h := s.hit(1)) is not None:
            again.append(h)
            s.hit_done(h[0])
        assert {e["id"] for _, e in again} == sent - {first[0][1]["id"]}
        assert len(again) == 6
        s.wait(lambda c: c["hits_acknowledged"] == 7 and c["hits_pending"] == 0, 5, "all acknowledged")


def test_hits_outlive_a_kill_and_acknowledged_ones_do_not_come_back(tmp_path, hotlist):
    with Store(tmp_path, {**hotlist, "cooldown_s": 0}) as s:
        for _ in range(3):
            s.accept("WANT01")
        done = s.hit()
        s.hit_done(done[0])
        s.wait(lambda c: c["hits_acknowledged"] == 1, 5, "the acknowledgement")
        s.kill()
    with Store(tmp_path, {**hotlist, "cooldown_s": 0}) as s:
        again = [s.hit(), s.hit()]
        assert done[0] not in [h[0] for h in again]
        assert s.hit(0.5) is None


def test_a_parked_wanted_car_rings_once_also_over_a_restart(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        for _ in range(5):
            s.accept("WANT01")
        assert s.hit() is not None and s.hit(0.5) is None
        s.wait(lambda c: c["hits_suppressed_cooldown"] == 4, 5, "the suppressed ones")
        s.kill()
    with Store(tmp_path, hotlist) as s:
        s.accept("WANT01")
        s.accept("WANT02", "IL")
        plates = {h[1]["id"] for h in (s.hit(), s.hit())}
        assert len(plates) == 2 and s.hit(0.5) is None


def test_kill_in_the_middle_of_a_stream_loses_nothing_that_was_accepted(tmp_path, hotlist):
    """Twenty times SIGKILL at a random moment, while passages stream in as from a vision that repeats what was not answered."""
    rng = random.Random(7)
    accepted, open_ones, hits = set(), {}, {}
    n = 0
    for _ in range(20):
        with Store(tmp_path, {**hotlist, "cooldown_s": 0}) as s:
            for m, gift in list(open_ones.values()):
                s.give(m, gift)
            end = time.monotonic() + 0.15 + rng.random() * 0.25
            while time.monotonic() < end:
                if len(open_ones) < 16:
                    n += 1
                    m, gift = wire.passage("WANT01" if n % 10 == 0 else f"ABC{n:04}", pictures=(2000, 2000, 0, 0))
                    open_ones[s.give(m, gift)] = (m, gift)
                s.collect(0.001)
                for ident, yes in s.answers.items():
                    assert yes == 1
                    accepted.add(ident)
                    open_ones.pop(ident, None)
                s.answers.clear()
                while (h := s.hit(0)) is not None:
                    hits[h[1]["id"]] = hits.get(h[1]["id"], 0) + 1
                    s.hit_done(h[0])
            s.kill()
    assert len(accepted) > 200
    with Store(tmp_path, {**hotlist, "cooldown_s": 0}) as s:
        for ident, (m, gift) in open_ones.items():
            s.give(m, gift)
            assert s.answer(ident) == 1
            accepted.add(ident)
        while (h := s.hit(1)) is not None:
            s.hit_done(h[0])
        s.wait(lambda c: c["hits_pending"] == 0, 10, "the outbox to be empty")
        rows = [r[0] for r in s.rows("SELECT passage_id FROM passage")]
        assert len(rows) == len(set(rows)) == n
        assert accepted == set(rows)
        assert s.one(PICTURES) == 2 * n
        # Every wanted one has exactly one row in the outbox and one record in the chain.
        assert s.one("SELECT count(*) FROM outbox") == n // 10
        assert s.one("SELECT count(*) FROM audit WHERE what = 'hit'") == n // 10
        assert s.one("SELECT count(*) FROM audit WHERE outcome = 'acknowledged'") == n // 10
        assert chain_holds(s) > 20 + 2 * (n // 10)


def break_passage(name):
    """A hostile passage by name: (message, gift bytes, sealed)."""
    m, gift = wire.passage("ABC123")
    seal = True
    if name == "unsealed":
        seal = False
    elif name == "empty gift":
        gift = b""
    elif name == "gift too short":
        gift = gift[:100]
    elif name == "gift too large":
        gift += bytes(4 << 20)
    elif name == "span beyond the gift":
        m.pictures[3] = wire.WireSpan(len(gift) - 1, 2)
    elif name == "span that wraps":
        m.pictures[0] = wire.WireSpan(0xffffffff, 0xffffffff)
    elif name == "huge span":
        m.pictures[0] = wire.WireSpan(0, 0x7fffffff)
    elif name == "no JPEG":
        gift = bytes(len(gift))
    elif name == "text that is none":
        m.read.text = b"A'; DROP"
    elif name == "unterminated text":
        ctypes.memset(ctypes.addressof(m) + wire.WirePassage.read.offset, 0xff, 11)
    elif name == "no number":
        m.read.confidence = float("nan")
    elif name == "too many alternatives":
        m.read.n_alternatives = 255
    elif name == "times backwards":
        m.last_ns = m.first_ns - 1
    elif name == "no angle":
        m.angles[0].present = m.angles[1].present = 0
    elif name == "no id":
        m.id[:] = bytes(16)
    return m, gift, seal


HOSTILE = ["unsealed", "empty gift", "gift too short", "gift too large", "span beyond the gift", "span that wraps", "huge span",
           "no JPEG", "text that is none", "unterminated text", "no number", "too many alternatives", "times backwards",
           "no angle", "no id"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_passage_is_refused_and_the_next_is_taken(tmp_path, name):
    with Store(tmp_path) as s:
        assert s.answer(s.give(*break_passage(name))) == 0
        s.accept("ABC123")
        assert s.one("SELECT count(*) FROM passage") == 1
        assert s.wait(lambda c: c["passages_refused"] == 1, 5, "the refusal")["passages"] == 1
        assert "ABC123" not in s.tail()


def test_messages_that_are_none_do_no_harm(tmp_path):
    with Store(tmp_path) as s:
        good = bytes(wire.passage("ABC123")[0])
        for bad in (b"x", good[:50], good + b"x", b"\xff" * len(good), message("WIRE_HIT_DONE", "qIIq", 1, 1, 200, 0)):
            s.vision.send(bad, sealed(b""))
        s.vision.send(good)  # no gift at all
        s.uplink.send(good, sealed(b""))  # not for uplink to say
        for outcome in (0, 1, 7):
            s.hit_done(12345, outcome)
        s.accept("ABC124")
        assert s.wait(lambda c: c.get("messages_refused", 0) >= 9, 5, "the refused messages")["passages"] == 1
        assert s.one("SELECT count(*) FROM audit") == 1


def test_hundreds_of_descriptors_do_not_leak(tmp_path):
    with Store(tmp_path) as s:
        count = lambda: len(os.listdir(f"/proc/{s.process.pid}/fd"))  # noqa: E731
        s.accept("ABC123")
        before = count()
        for i in range(300):
            name = HOSTILE[i % len(HOSTILE)]
            assert s.answer(s.give(*break_passage(name))) == 0
            if name == "gift too large":
                s.accept("ABC123")
        assert count() <= before + 1


# --- the disk ----------------------------------------------------------------------------------------------------


def own_mounts(test: str, folder: Path) -> bool:
    """True inside a mount namespace of our own; outside the test runs itself in one, and False says that it has passed there."""
    if os.environ.get("ALPR_OWN_MOUNTS"):
        return True
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-r", "-m"]
    done = subprocess.run([*unshare, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q",
                           "--basetemp", folder / "own", f"{__file__}::{test}"],
                          env={**os.environ, "ALPR_OWN_MOUNTS": "1"}, capture_output=True, text=True, timeout=300,
                          check=False, cwd=Path(__file__).resolve().parents[2])
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout[-4000:] + done.stderr[-2000:]
    return False


def test_a_full_disk_loses_no_hit(tmp_path, certs, hotlist):
    if not own_mounts("test_a_full_disk_loses_no_hit", tmp_path):
        return
    data = tmp_path / "small"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", data], check=True)
    with Store(tmp_path, {**hotlist, "cooldown_s": 0}, path=data) as s:
        hits, sent = set(), 0
        # Three times what the disk holds.
        for i in range(3000):
            plate = "WANT01" if i % 500 == 0 else f"ABC{i:04}"
            ident = s.passage(plate, "MO", (6000, 6000, 60000 if i % 500 == 0 else 0, 0))
            sent += s.answer(ident, 20)
            if i % 500 == 0:
                hits.add(ident.hex())
        assert sent == 3000
        state = s.wait(lambda c: c["state"] == "disk-full" and c["hits_pending"] == 6, 10, "the status to say so")
        assert state["hits_pending"] == 6 and state["purged"] > 1000 and state["waiting"] == 0
        newest = s.plates()
        assert newest == ["WANT01" if i % 500 == 0 else f"ABC{i:04}" for i in range(3000 - len(newest), 3000)]
        # Somebody else takes what is left, to the last byte.
        with (data / "junk").open("wb", buffering=0) as junk:
            try:
                while True:
                    junk.write(bytes(4096))
            except OSError:
                pass
        for i in range(50):
            ident = s.passage("WANT01" if i == 25 else f"DEF{i:04}", "MO", (6000, 6000, 0, 0))
            if i == 25:
                hits.add(ident.hex())
            else:
                s.answer(ident, 20)
        # It goes away: the store recovers, every hit is there and goes out.
        (data / "junk").unlink()
        s.wait(lambda c: c["waiting"] == 0 and c["hits_pending"] == 7, 20, "the last hit")
        got = set()
        while (h := s.hit(1)) is not None:
            got.add(h[1]["id"])
            s.hit_done(h[0])
        assert got == hits
        s.wait(lambda c: c["state"] == "ok", 30, "the status to clear")
        assert s.stop() == 0
        assert s.one("PRAGMA integrity_check") == "ok"


def test_a_store_that_starts_on_a_full_disk_runs(tmp_path, hotlist):
    if not own_mounts("test_a_store_that_starts_on_a_full_disk_runs", tmp_path):
        return
    data = tmp_path / "small"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", data], check=True)
    with Store(tmp_path, hotlist, path=data) as s:
        for i in range(100):
            s.accept(f"ABC{i:04}", "MO", (6000, 6000, 0, 0))
        s.kill()
    with (data / "junk").open("wb", buffering=0) as junk:
        try:
            while True:
                junk.write(bytes(4096))
        except OSError:
            pass
    with Store(tmp_path, hotlist, path=data) as s:
        for i in range(20):
            s.accept(f"DEF{i:04}", "MO", (6000, 6000, 0, 0))
        s.accept("WANT01")
        assert s.hit() is not None


def test_a_limit_on_files_is_like_a_full_disk(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        s.accept("ABC123")
        had = resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (0, had[1]))
        assert s.answer(s.passage("ABC124")) == 0  # a read gives way
        ident = s.passage("WANT01")  # a hit waits
        s.wait(lambda c: c["state"] == "disk-full" and c["waiting"] == 1 and c["reads_dropped"] == 1, 10, "the status")
        assert ident not in s.answers
        resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, had)
        assert s.answer(ident) == 1
        assert s.hit()[1]["id"] == ident.hex()


def test_what_found_no_place_to_wait_is_asked_for_again(tmp_path, hotlist):
    with Store(tmp_path, {**hotlist, "cooldown_s": 0}) as s:
        s.accept("ABC123")
        had = resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (0, had[1]))
        open_ones = {}
        for _ in range(30):
            m, gift = wire.passage("WANT01")
            open_ones[s.give(m, gift)] = (m, gift)
        s.wait(lambda c: c["waiting"] == 16, 10, "the hits to wait")
        resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, had)
        assert s.process.wait(10) == 0  # by itself: the parent starts a new one, and vision sends again
        with pytest.raises(EOFError):  # what it said before it went
            s.collect(0)
        answered = dict(s.answers)
        assert len(answered) == 16 and set(answered.values()) == {1}
    with Store(tmp_path, {**hotlist, "cooldown_s": 0}) as s:
        for ident, (m, gift) in open_ones.items():
            if ident not in answered:
                s.give(m, gift)
                assert s.answer(ident) == 1
        assert s.one("SELECT count(*) FROM outbox") == 30


def test_the_ring_stays_within_its_bytes(tmp_path):
    with Store(tmp_path, max_bytes=3 << 20) as s:
        for i in range(600):
            s.accept(f"ABC{i:04}", "MO", (6000, 6000, 0, 0))
            if i % 100 == 99:
                time.sleep(1.2)  # a tick of upkeep
        s.wait(lambda c: c.get("purged", 0) > 200, 10, "the purge")
        plates = s.plates()
        assert plates[-1] == "ABC0599" and "ABC0000" not in plates
        assert (s.data / "reads.db").stat().st_size < 6 << 20


def test_what_fell_due_while_it_was_off_goes_before_anything_else(tmp_path, hotlist):
    with Store(tmp_path, {**hotlist, "cooldown_s": 0}, retention_days=30) as s:
        for i in range(300):
            s.accept("WANT01" if i % 100 == 0 else f"ABC{i:04}")
        assert s.stop() == 0
    db = sqlite3.connect(s.data / "reads.db")
    db.execute("UPDATE passage SET kept_ns = kept_ns - ? WHERE id <= 200", (30 * 86400 * 10**9,))
    db.execute("UPDATE outbox SET kept_ns = kept_ns - ? WHERE id <= 2", (30 * 86400 * 10**9,))
    db.commit()
    db.close()
    with Store(tmp_path, {**hotlist, "cooldown_s": 0}, retention_days=30) as s:
        state = s.wait(lambda c: "purged" in c, 10, "a status")
        assert state["purged"] == 200 and state["hits_expired"] == 2 and state["hits_pending"] == 1
        assert s.one("SELECT count(*) FROM passage") == 100 and s.one(PICTURES) == 200
        assert min(row["read"]["plate"] for row in s.kept() if not row["hit"]) == "ABC0201"
        assert s.hit() is not None and s.hit(0.5) is None
        assert s.stop() == 0
        assert s.one("SELECT detail FROM audit WHERE what = 'purge'") == '{"passages":200}'
        assert s.one("SELECT detail FROM audit WHERE outcome = 'expired'") == '{"hits":2}'
        assert chain_holds(s) > 5


# --- damage ------------------------------------------------------------------------------------------------------


def test_a_damaged_database_is_put_aside_and_hits_survive(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        for i in range(50):
            s.accept(f"ABC{i:04}")
        ident = s.accept("WANT01")
        assert s.stop() == 0
        root = s.one("SELECT rootpage FROM sqlite_master WHERE name = 'passage'")
        records = s.one("SELECT count(*) FROM audit")
    with (s.data / "reads.db").open("r+b") as f:
        f.seek((root - 1) * 1024)
        f.write(os.urandom(1024))
    with Store(tmp_path, hotlist) as s:
        assert s.hit()[1]["id"] == ident.hex()
        s.accept("ABC999")
        s.wait(lambda c: "list_version" in c, 5, "a status")
        assert len(list(s.data.glob("quarantine-*.db"))) == 1
        assert s.one("SELECT count(*) FROM passage") == 1
        what = [r[0] for r in s.rows("SELECT what FROM audit WHERE seq > ? ORDER BY seq", records)]
        assert what[:2] == ["quarantine", "start"]
        assert s.one("SELECT json_extract(detail, '$.hits_kept') FROM audit WHERE what = 'quarantine'") == 1


def test_what_was_put_aside_when_the_power_went_is_taken_over(tmp_path, hotlist):
    """Between the rename of a damaged database and its salvage: no hit is lost, and the file still has its day."""
    with Store(tmp_path, hotlist) as s:
        s.accept("ABC123")
        ident = s.accept("WANT01")
        assert s.stop() == 0
    (s.data / "reads.db").rename(s.data / "quarantine-1234567890.db")
    with Store(tmp_path, hotlist) as s:
        assert s.hit()[1]["id"] == ident.hex()
        assert s.one("SELECT count(*) FROM quarantine WHERE name = 'quarantine-1234567890.db' AND due_ns > 0") == 1
        assert s.one("SELECT json_extract(detail, '$.hits_kept') FROM audit WHERE what = 'quarantine'") == 1
        assert chain_holds(s) > 3


def test_damage_that_shows_while_it_runs_is_dealt_with(tmp_path, hotlist):
    with Store(tmp_path, {**hotlist, "cooldown_s": 0}) as s:
        for i in range(50):
            s.accept(f"ABC{i:04}")
        hit = s.accept("WANT01")
        root = s.one("SELECT rootpage FROM sqlite_master WHERE name = 'passage'")
        db = sqlite3.connect(s.data / "reads.db", timeout=10)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with (s.data / "reads.db").open("r+b") as f:
            f.seek((root - 1) * 1024)
            f.write(os.urandom(1024))
        db.execute("UPDATE state SET value = value")  # another's change: cached pages are read again
        db.commit()
        db.close()
        s.accept("ABC999")
        assert len(list(s.data.glob("quarantine-*.db"))) == 1
        assert s.one("SELECT count(*) FROM passage") == 1
        assert s.one("SELECT lower(hex(passage_id)) FROM outbox WHERE state = 0") == hit.hex()
        assert s.process.poll() is None


def test_damage_that_no_check_sees_does_not_stop_the_purge(tmp_path, hotlist):
    """Of more than 256 MB not all is checked at the start: what is damaged there must still go when it is due."""
    with Store(tmp_path, hotlist) as s:
        ident = s.accept("WANT01")
        for i in range(800):
            s.accept(f"ABC{i:04}")
        assert s.stop() == 0
        leaf = s.one("SELECT pageno FROM dbstat WHERE name = 'passage' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 90")
    with (s.data / "reads.db").open("r+b") as f:
        f.seek(28)
        f.write(struct.pack(">I", 0x48000))  # the rest of the file is a hole
        f.truncate(0x48000 * 1024)
        f.seek((leaf - 1) * 1024)
        f.write(os.urandom(1024))
    with Store(tmp_path, hotlist, max_bytes=8 << 20) as s:  # the ring is to shrink: the oldest go
        assert s.hit(20)[1]["id"] == ident.hex()
        s.wait(lambda c: c["state"] == "ok" and c.get("db_bytes", 1 << 30) < 8 << 20, 20, "a sound database")
        s.accept("ABC999")
        assert len(list(s.data.glob("quarantine-*.db"))) == 1
        assert s.one("SELECT count(*) FROM passage") == 1


def test_an_answer_that_comes_while_there_is_no_database_costs_no_credit(tmp_path, hotlist):
    """It cannot be written down: the hit is offered again when the database is back."""
    with Store(tmp_path, hotlist) as s:
        s.accept("WANT01")
        ident, event = s.hit()
        root = s.one("SELECT rootpage FROM sqlite_master WHERE name = 'passage'")
        db = sqlite3.connect(s.data / "reads.db", timeout=10)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with (s.data / "reads.db").open("r+b") as f:
            f.seek((root - 1) * 1024)
            f.write(os.urandom(1024))
        schema = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute("PRAGMA user_version = 99")  # cached pages are read again; then it is not opened either
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        s.passage("ABC999")
        s.wait(lambda c: c["state"] == "fault" and "newer" in c["detail"], 10, "the database to be closed")
        s.hit_done(ident)
        s.wait(lambda c: "hits_pending" not in c, 5, "a status without a database")
        time.sleep(2)  # it is tried every second, and said once
        assert s.tail().count("newer than this firmware") == 1
        db.execute(f"PRAGMA user_version = {schema}")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        again = s.hit(10)
        assert again is not None and again[1]["id"] == event["id"]
        s.hit_done(again[0])
        s.wait(lambda c: c.get("hits_pending") == 0, 5, "the answer to be taken")


def test_outbox_ids_are_not_used_again_after_damage(tmp_path, hotlist):
    """Uplink may still hold a hit of the database that was lost: its answer must not end another one."""
    with Store(tmp_path, {**hotlist, "cooldown_s": 0}) as s:
        s.accept("WANT01")
        old = s.hit()[0]
        assert s.stop(10) == 0
        (s.data / "reads.db").write_bytes(os.urandom(8192))
    with Store(tmp_path, {**hotlist, "cooldown_s": 0}) as s:
        s.accept("WANT01")
        assert s.hit()[0] > old + 1_000_000


def test_a_newer_schema_is_refused_and_left_alone(tmp_path):
    with Store(tmp_path) as s:
        s.accept("ABC123")
        assert s.stop() == 0
    db = sqlite3.connect(s.data / "reads.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with Store(tmp_path) as s:
        assert s.process.wait(10) == 1
        assert "newer than this firmware" in s.tail()
        assert s.one("SELECT count(*) FROM passage") == 1
        assert not list(s.data.glob("quarantine-*"))


def test_stop_leaves_one_whole_file_and_says_so_in_the_chain(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        s.accept("ABC123")
        assert s.stop() == 0
        assert not (s.data / "reads.db-wal").exists()
        assert s.one("SELECT what FROM audit ORDER BY seq DESC LIMIT 1") == "stop"


def test_stop_waits_for_the_answer_of_a_hit_under_way(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        s.accept("WANT01")
        h = s.hit()
        s.parent.send(message("WIRE_STOP"))
        time.sleep(0.5)
        assert s.process.poll() is None
        s.hit_done(h[0])
        assert s.process.wait(3) == 0
        assert s.one("SELECT state FROM outbox") == 1


@pytest.mark.parametrize("key, said", [("retention_days = 91", "longer"), ("max_bytes = 1", "max_bytes"),
                                       ("colour = red", "colour")])
def test_a_bad_configuration_is_refused(tmp_path, key, said):
    name, value = key.split(" = ")
    with Store(tmp_path, **{name: value}) as s:
        assert s.process.wait(10) == 1
        assert said in s.tail()


def test_it_ends_when_the_parent_is_gone(tmp_path):
    with Store(tmp_path) as s:
        s.accept("ABC123")
        s.parent.ours.close()
        assert s.process.wait(5) == 1
