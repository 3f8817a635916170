# SPDX-License-Identifier: Apache-2.0
"""What the store keeps lies sealed, and is gone for good with its key: the real store, its disk of today and copies of other days."""
import json
import shutil
import sqlite3
import time
from datetime import datetime
from pathlib import Path

import pytest

from tests.system.store_role import Store, chain_holds, make_list
from tests.truth import kept

DAY = 86400 * 10**9


@pytest.fixture
def hotlist(tmp_path, certs):
    return {"path": make_list(tmp_path, certs, 5), "key": certs / "hotlist.pub", "cooldown_s": 0}


def carve(folder: Path, plates: list) -> list:
    """What lies open in any file below the folder: plates, the beginning or the middle of a picture, words of an event."""
    marks = [plate.encode() for plate in plates] + [b"\xff\xd8\xff\xe0", b"\x5a" * 16, b"specversion", b'"plate"']
    return [(path.name, mark) for path in folder.rglob("*") if path.is_file() for mark in marks if mark in path.read_bytes()]


def pass_days(folder: Path, days: int) -> None:
    """So long was the box off, says the ring's clock (firmware/store/elapsed.h)."""
    db = sqlite3.connect(folder / "reads.db")
    db.execute("UPDATE state SET value = value + ? WHERE name = 'clock_ring'", (days * DAY,))
    db.commit()
    db.close()


def test_nothing_lies_open_at_any_time(tmp_path, hotlist):
    plates = [f"ABC{i:04}" for i in range(30)] + ["WANT01"]
    with Store(tmp_path, hotlist) as s:
        for plate in plates:
            s.accept(plate, "MO", (6000, 6000, 9000, 0))
        assert s.hit()[1]["type"]
        assert (s.data / "reads.db-wal").stat().st_size > 0
        assert carve(s.data, plates) == []
        s.kill()
        assert carve(s.data, plates) == []
        assert s.plates() == plates
    with Store(tmp_path, hotlist) as s:
        s.hit_done(s.hit()[0])
        s.wait(lambda c: c["hits_acknowledged"] == 1, 5, "the acknowledgement")
        assert s.stop() == 0
    assert carve(s.data, plates) == []


def test_what_is_purged_is_gone_from_every_copy_of_the_disk(tmp_path, hotlist):
    """The root keys lie in a folder of their own, which the sandbox must leave open."""
    roots = tmp_path / "roots"
    roots.mkdir()
    old, new = [f"ABC{i:04}" for i in range(100)] + ["WANT01"], [f"DEF{i:04}" for i in range(20)]
    conf = {"retention_days": 30, "keystore_path": roots / "key"}
    with Store(tmp_path, hotlist, **conf) as s:
        for plate in old:
            s.accept(plate)
        began = s.one("SELECT id FROM period") / 1e9
        assert s.stop() == 0
    pass_days(s.data, 20)
    with Store(tmp_path, hotlist, **conf) as s:
        for plate in new:
            s.accept(plate)
        assert s.stop() == 0
    yesterday = tmp_path / "yesterday"
    shutil.copytree(s.data, yesterday / "data")
    shutil.copy(roots / "key", yesterday / "key")
    assert [row["read"]["plate"] for row in kept(yesterday / "data", keystore=yesterday / "key")] == old + new
    pass_days(s.data, 15)
    with Store(tmp_path, hotlist, **conf) as s:
        state = s.wait(lambda c: c.get("purged") == len(old) and c["periods"] == 1, 10, "the purge")
        assert state["hits_expired"] == 1 and state["hits_pending"] == 0
        s.accept("GHI123")
        assert [row["read"]["plate"] for row in kept(s.data, keystore=roots / "key")] == new + ["GHI123"]
        # Yesterday's disk and today's keys: not even of what lives on, whose key lies there under the old root.
        for row in kept(yesterday / "data", keystore=roots / "key"):
            assert row["read"] is None and set(row["pictures"]) == {None}
        # One record for it, with what went and no plate, and a signature over it.
        (seq, detail), = s.rows("SELECT seq, detail FROM audit WHERE what = 'purge-keys' AND outcome = 'done'")
        record = json.loads(detail)
        begun, ended = (datetime.fromisoformat(record[k].replace("Z", "+00:00")).timestamp() for k in ("from", "to"))
        assert abs(began - begun) < 0.001 and 0 < ended - begun <= 3600 and ended % 3600 == 0
        assert {k: record[k] for k in ("periods", "passages", "hits")} == {"periods": 1, "passages": len(old), "hits": 1}
        s.wait(lambda c: s.one("SELECT count(*) FROM audit WHERE what = 'signed' AND seq > ?", seq) == 1, 5, "the signature")
        assert s.stop() == 0
        assert s.rows("SELECT detail FROM audit WHERE what = 'purge'") == []
        assert chain_holds(s) > 5
    # Yesterday's rows with today's keys of the periods: what lives on opens, what was purged does not.
    db = sqlite3.connect(yesterday / "data/reads.db")
    db.execute("ATTACH ? AS today", (str(s.data / "reads.db"),))
    db.execute("DELETE FROM period")
    db.execute("INSERT INTO period SELECT * FROM today.period")
    db.commit()
    db.close()
    assert [row["read"] and row["read"]["plate"] for row in kept(yesterday / "data", keystore=roots / "key")] == [None] * len(old) + new
    assert carve(tmp_path / "data", old) == [] and len(list(roots.iterdir())) == 1


def test_the_ring_destroys_a_key_when_its_reads_made_room(tmp_path):
    with Store(tmp_path, max_bytes=2 << 20) as s:
        s.accept("ABC123")
        assert s.stop() == 0
    pass_days(s.data, 1)
    with Store(tmp_path, max_bytes=2 << 20) as s:
        for i in range(400):
            s.accept(f"DEF{i:04}", "MO", (6000, 6000, 0, 0))
        s.wait(lambda c: c.get("purged", 0) > 0 and c["periods"] == 1, 10, "the purge")
        assert set(plate[:3] for plate in s.plates()) == {"DEF"}
        assert s.one("SELECT count(*) FROM audit WHERE what = 'purge-keys'") == 1


def test_without_the_table_of_its_keys_the_box_goes_on_and_says_what_it_lost(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        s.accept("ABC123")
        s.accept("WANT01")
        page = s.one("SELECT rootpage FROM sqlite_schema WHERE name = 'period'")
        size = s.one("PRAGMA page_size")
        assert s.stop() == 0
    with (s.data / "reads.db").open("r+b") as f:
        f.seek((page - 1) * size)
        f.write(b"\xaa" * size)
    with Store(tmp_path, hotlist) as s:
        s.accept("DEF123")
        assert s.plates() == ["DEF123"]
        detail = json.loads(s.one("SELECT detail FROM audit WHERE what = 'quarantine'"))
        assert detail["keys_kept"] == 0 and detail["hits_kept"] == 1
        # The hit was sealed under one of them: nobody can send it any more, and the chain says so.
        assert s.hit(0.5) is None
        assert s.one("SELECT json_extract(detail, '$.hits') FROM audit WHERE what = 'hit-ended' AND outcome = 'expired'") == 1
        assert s.stop() == 0
        assert chain_holds(s) > 5
    assert carve(s.data, ["ABC123", "WANT01", "DEF123"]) == []


def test_without_its_keystore_reads_are_not_kept_and_hits_go_out(tmp_path, hotlist):
    with Store(tmp_path, hotlist) as s:
        s.accept("ABC123")
        s.accept("WANT01")
        assert s.stop() == 0
    (s.data / "keystore").rename(tmp_path / "keystore")
    with Store(tmp_path, hotlist) as s:
        s.wait(lambda c: c["state"] == "key" and "keystore" in c["detail"], 5, "the status to say so")
        assert not (s.data / "keystore").exists()
        assert s.answer(s.passage("ABC124")) == 0
        ident = s.accept("WANT02", "IL")
        number, event = s.hit()
        assert event["id"] == ident.hex()
        s.hit_done(number)
        s.wait(lambda c: c["hits_acknowledged"] == 1 and c["reads_dropped"] == 1 and c["hits_pending"] == 1, 5, "the counters")
        assert s.one("SELECT count(*) FROM passage") == 2
        assert carve(s.data, ["WANT02", "ABC124"]) == []
        assert s.stop() == 0
    (tmp_path / "keystore").rename(s.data / "keystore")
    with Store(tmp_path, hotlist) as s:
        assert s.hit() is not None
        s.accept("ABC125")
        assert s.plates() == ["ABC123", "WANT01", "ABC125"]


@pytest.mark.parametrize("damage", ["cut off", "another", "open to others"])
def test_a_broken_keystore_is_said_and_left_alone(tmp_path, damage):
    with Store(tmp_path) as s:
        s.accept("ABC123")
        assert s.stop() == 0
    file = s.data / "keystore"
    if damage == "cut off":
        file.write_bytes(file.read_bytes()[:50])
    elif damage == "another":
        file.write_bytes(bytes(len(file.read_bytes())))
    else:
        file.chmod(0o644)
    before = file.read_bytes()
    with Store(tmp_path) as s:
        state = s.wait(lambda c: c["state"] == "key", 5, "the status to say so")
        assert "reads are not kept" in state["detail"]
        assert s.answer(s.passage("ABC124")) == 0
        assert s.one("SELECT count(*) FROM passage") == 1 and s.one("SELECT count(*) FROM period") == 1
        assert file.read_bytes() == before


def test_a_keystore_is_not_made_where_enrolment_does_that(tmp_path):
    with Store(tmp_path, keystore_create="no") as s:
        s.wait(lambda c: c["state"] == "key", 5, "the status to say so")
        assert not (s.data / "keystore").exists()


def test_reads_under_another_keystore_are_written_off(tmp_path, hotlist):
    """Somebody put another box's keystore in the place of its own: what it cannot open goes, and the chain says so."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        with Store(tmp_path / name, hotlist) as s:
            s.accept("ABC123")
            s.accept("WANT01")
            assert s.stop() == 0
    shutil.copy(tmp_path / "one/data/keystore", tmp_path / "other/data/keystore")
    with Store(tmp_path / "other", hotlist) as s:
        s.wait(lambda c: c.get("purged") == 2 and c["hits_expired"] == 1 and c["hits_pending"] == 0, 10, "the purge")
        s.accept("ABC124")
        assert s.plates() == ["ABC124"]
        assert s.one("SELECT count(*) FROM audit WHERE what = 'purge-keys' AND outcome = 'lost'") == 1
        assert chain_holds(s) > 5


def test_a_kill_in_the_middle_of_purges_leaves_what_lives(tmp_path):
    """Each start has a purge to do, and most are killed at some moment of it: what lives stays readable."""
    for i in range(10):
        for delay in (0.005 * i, 0.03 + 0.005 * i):
            with Store(tmp_path, retention_days=2) as s:
                time.sleep(delay)
                s.kill()
        with Store(tmp_path, retention_days=2) as s:
            s.accept(f"ABC{i:04}")
            assert s.plates()[-1] == f"ABC{i:04}" and len(s.plates()) <= 2
            s.kill()
        pass_days(s.data, 1)
    with Store(tmp_path, retention_days=2) as s:
        s.wait(lambda c: c.get("purged") == 9 and c["periods"] == 1, 10, "the last purge")
        assert s.plates() == ["ABC0009"]
        assert chain_holds(s) >= 10
