# SPDX-License-Identifier: Apache-2.0
"""The real store and its hotlist: what is offered, refused, kept over a restart, and said to uplink."""
import os
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.box import build_folder
from tests.system import wire
from tests.system.roles import message
from tests.system.store_role import Store, forbid_last, make_list


def spoiled(data: bytes, how: str) -> bytes:
    if how == "truncated":
        return data[:len(data) // 2]
    if how == "empty":
        return b""
    if how == "garbage":
        return os.urandom(len(data))
    return data[:len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1:]


def rows(n: int) -> list:
    return [(f"L{i:06}", "MO", "V") for i in range(n)]


def scribble(cache: Path) -> None:
    """From within the index on: the digests stay as they are."""
    with open(cache, "r+b") as f:
        for at in range(32768, cache.stat().st_size, 4096):
            f.seek(at)
            f.write(b"no longer what was signed")


@pytest.mark.parametrize("how", ["truncated", "empty", "garbage", "one bit"])
def test_a_corrupt_list_is_refused_and_reading_goes_on(tmp_path, certs, hotlist, how):
    good = hotlist["path"].read_bytes()
    hotlist["path"].write_bytes(spoiled(good, how))
    with Store(tmp_path, hotlist) as s:
        state = s.wait(lambda c: "passages" in c, 5, "a status")
        assert state["state"] == "no-hotlist" and state["detail"]
        s.accept("WANT01")
        assert s.one("SELECT count(*) FROM outbox") == 0
        assert s.one("SELECT count(*) FROM audit WHERE what = 'hotlist' AND outcome = 'refused'") == 1
        # A good one from uplink puts it right; a bad one after it leaves that working.
        assert s.offer(good) == (True, 5)
        assert s.offer(spoiled(make_list(tmp_path, certs, 6).read_bytes(), how)) == (False, 5)
        s.accept("WANT01")
        assert s.hit() is not None
        s.wait(lambda c: c.get("list_version") == 5, 5, "the version")


def test_a_list_by_another_key_is_refused(tmp_path, certs, hotlist):
    with Store(tmp_path, hotlist) as s:
        assert s.offer(make_list(tmp_path, certs, 9, "hotlist-other").read_bytes()) == (False, 5)
        assert s.one("SELECT outcome FROM audit ORDER BY seq DESC LIMIT 1") == "refused"
        s.accept("WANT01")
        assert s.hit() is not None


def test_an_older_list_is_refused_also_after_a_restart(tmp_path, certs, hotlist):
    old = hotlist["path"].read_bytes()
    new = make_list(tmp_path, certs, 8, wanted=[("NEWER1", "MO", "V")]).read_bytes()
    with Store(tmp_path, hotlist) as s:
        assert s.offer(new) == (True, 8)
        assert s.offer(old) == (False, 8)
        s.kill()
    with Store(tmp_path, hotlist) as s:  # the configured file is still the old one
        s.wait(lambda c: c.get("list_version") == 8, 5, "the cached list")
        assert s.offer(old) == (False, 8)
        s.accept("WANT01")
        s.accept("NEWER1")
        assert s.hit() is not None and s.hit(0.5) is None


def test_an_unsealed_bundle_is_refused(tmp_path, certs, hotlist):
    with Store(tmp_path, hotlist) as s:
        assert s.offer(make_list(tmp_path, certs, 8).read_bytes(), seal=False) == (False, 5)


def test_a_list_that_is_replaced_on_disk_loads_on_reload(tmp_path, certs, hotlist):
    folder = tmp_path / "lists"
    folder.mkdir()
    path = folder / "list.alpb"
    hotlist["path"].rename(path)
    with Store(tmp_path, {**hotlist, "path": path}) as s:
        s.wait(lambda c: c.get("list_version") == 5, 5, "the first list")
        make_list(tmp_path, certs, 6, wanted=[("NEWER1", "MO", "V")]).rename(path)  # as an updater does
        s.parent.send(message("WIRE_RELOAD"))
        s.wait(lambda c: c.get("list_version") == 6, 5, "the second list")
        s.accept("NEWER1")
        assert s.hit() is not None


def test_reads_go_on_while_a_long_list_arrives_and_a_delta_changes_it(tmp_path, certs, hotlist):
    many = rows(150_000)
    long = make_list(tmp_path, certs, 8, wanted=many)
    later = make_list(tmp_path, certs, 9, wanted=[("NEWER1", "MO", "V")] + many[1:])
    tool, delta = build_folder() / "bin/alpr-hotlist", tmp_path / "delta"
    subprocess.run([tool, "delta", long, later, "--out", delta], check=True, capture_output=True)
    assert delta.stat().st_size < 1000
    with Store(tmp_path, hotlist) as s:
        s.begin_offer(long.read_bytes(), b'"long"')
        for _ in range(5):
            s.accept("NOBODY1")
        kind, body, _ = s.to_uplink(60)
        done = wire.parse(wire.WireBundleDone, body)
        assert (kind, done.accepted, done.version, done.etag) == ("WIRE_BUNDLE_DONE", 1, 8, b'"long"')
        assert s.offer(delta.read_bytes()[:-1]) == (False, 8)
        assert s.offer(delta.read_bytes()) == (True, 9)
        assert s.offer(delta.read_bytes()) == (False, 9)  # of a list that is no longer in force
        s.accept("L000000")
        s.accept("NEWER1")
        assert s.hit()[1]["data"]["match"]["matched"] == "NEWER1"
        s.kill()
    assert (s.data / "hotlist/current.alpb").read_bytes() == later.read_bytes()
    with Store(tmp_path, hotlist) as s:
        s.wait(lambda c: c.get("list_version") == 9, 5, "the cached list")


def until_answered(s: Store) -> tuple:
    """Passages of two plates while a list arrives: ([(hits of the first, list of the second's hit or None)], the answer)."""
    seen = []
    while (m := s.to_uplink(0)) is None or m[0] == "WIRE_HIT":
        if m:
            os.close(m[2][0])
        gone, there = s.accept("L000000"), s.accept("L000001")
        hit = s.rows("SELECT list_version FROM outbox WHERE passage_id = ?", there)
        seen.append((s.one("SELECT count(*) FROM outbox WHERE passage_id = ?", gone), hit and hit[0][0]))
    assert m[0] == "WIRE_BUNDLE_DONE"
    return seen, wire.parse(wire.WireBundleDone, m[1])


def test_a_withdrawn_plate_is_silent_long_before_the_list_is_in_force(tmp_path, certs):
    many = rows(200_000)
    old = make_list(tmp_path, certs, 8, wanted=many)
    new = make_list(tmp_path, certs, 9, wanted=many[1:])
    bad = forbid_last(new, certs / "hotlist.key")
    delta = tmp_path / "delta"
    subprocess.run([build_folder() / "bin/alpr-hotlist", "delta", old, new, "--out", delta], check=True, capture_output=True)
    with Store(tmp_path, {"key": certs / "hotlist.pub", "path": old, "cooldown_s": 0}) as s:
        assert s.told() == (8, b"")
        silent = False
        for _ in range(10):  # on a busy machine it may be done before we look
            assert s.one("SELECT count(*) FROM outbox WHERE passage_id = ?", s.accept("L000000")) == 1
            s.begin_offer(bad)
            seen, done = until_answered(s)
            assert done.accepted == 0 and all(version == 8 for _, version in seen)
            silent |= (0, 8) in seen  # silent, while the other's hit was still by the list in force
            if silent:
                break
        assert silent
        assert s.one("SELECT count(*) FROM outbox WHERE passage_id = ?", s.accept("L000000")) == 1
        s.begin_offer(delta.read_bytes())
        seen, done = until_answered(s)
        assert done.accepted == 1 and all(version for _, version in seen)
        assert s.one("SELECT count(*) FROM outbox WHERE passage_id = ?", s.accept("L000000")) == 0
        s.wait(lambda c: c.get("list_version") == 9, 5, "the new list")


def test_a_list_that_breaks_in_use_is_asked_for_again(tmp_path, certs, hotlist):
    many = rows(20_000)
    good = make_list(tmp_path, certs, 8, wanted=many).read_bytes()
    with Store(tmp_path, {"key": hotlist["key"]}) as s:
        assert s.offer(good) == (True, 8)
        scribble(s.data / "hotlist/current.alpb")
        s.accept("L000077")
        assert s.to_uplink(3) is None and s.lists[-1] == (0, b"")
        # What it said before the list came may still wait to be read.
        s.wait(lambda c: c["state"] == "no-hotlist" and "broken" in c["detail"], 5, "a list that broke")
        assert s.offer(good) == (True, 8)
        s.accept("L000077")
        assert s.hit() is not None


def test_a_stale_list_does_not_alert(tmp_path, certs):
    path = make_list(tmp_path, certs, 5, max_age=1)
    with Store(tmp_path, {"path": path, "key": certs / "hotlist.pub"}) as s:
        s.wait(lambda c: c["state"] == "stale", 10, "the list to be stale")
        s.accept("WANT01")
        assert s.hit(0.5) is None


# --- what uplink is told -----------------------------------------------------------------------------------------


def test_uplink_is_told_which_list_is_in_force_and_how_it_came(tmp_path, certs, hotlist):
    new = make_list(tmp_path, certs, 8).read_bytes()
    with Store(tmp_path, hotlist) as s:
        assert s.told() == (5, b"")  # from the configured file
        assert s.offer(new, b'"eight"') == (True, 8)
        assert s.offer(make_list(tmp_path, certs, 7).read_bytes(), b'"seven"') == (False, 8)
        assert s.to_uplink(0.5) is None and s.lists == [(5, b"")]  # an offer has its answer
        s.connect_uplink()
        assert s.told() == (8, b'"eight"')
        s.kill()
    with Store(tmp_path, hotlist) as s:
        assert s.told() == (8, b'"eight"')
        assert s.offer(new, b'"eight, renamed"') == (True, 8)
        s.kill()
    with Store(tmp_path, hotlist) as s:
        assert s.told() == (8, b'"eight, renamed"')
        os.replace(make_list(tmp_path, certs, 9), hotlist["path"])
        s.parent.send(message("WIRE_RELOAD"))
        assert s.told() == (9, b"")
        s.kill()
    hotlist["path"].unlink()
    (s.data / "hotlist/current.alpb").unlink()
    with Store(tmp_path, hotlist) as s:
        assert s.told() == (0, b"")
        assert s.offer(new, b'"eight"') == (False, 0)
        assert s.to_uplink(1.5) is None and s.lists == [(0, b"")]


def test_uplink_is_told_nothing_while_a_list_is_being_checked(tmp_path, certs):
    conf = {"key": certs / "hotlist.pub", "path": make_list(tmp_path, certs, 8, wanted=rows(100_000))}
    with Store(tmp_path, conf) as s:
        assert s.told() == (8, b"")  # not (0, "") before
        s.kill()
    db = sqlite3.connect(s.data / "reads.db")  # as a power cut leaves it between the swap and the record of it
    db.execute("UPDATE state SET value = 1 WHERE name = 'list_checked'")
    db.commit()
    db.close()
    conf["path"].unlink()
    with Store(tmp_path, conf) as s:
        assert s.told() == (8, b"")
        # What arrives for an uplink that is gone is said to the next one.
        s.begin_offer(make_list(tmp_path, certs, 9, wanted=rows(100_001)).read_bytes(), b'"nine"')
        s.accept("NOBODY1")
        s.accept("NOBODY1")  # by now the offer has been taken, too
        s.connect_uplink()
        assert s.told() == (9, b'"nine"')


def test_a_list_that_breaks_is_replaced_by_the_configured_one(tmp_path, certs):
    conf = {"key": certs / "hotlist.pub", "path": tmp_path / "wanted.alpb"}
    good = make_list(tmp_path, certs, 8, wanted=rows(20_000))
    with Store(tmp_path, conf) as s:
        assert s.told() == (0, b"")
        assert s.offer(good.read_bytes()) == (True, 8)
        good.rename(conf["path"])
        scribble(s.data / "hotlist/current.alpb")
        s.accept("L000077")
        time.sleep(1.5)  # a tick
        s.accept("L000077")
        assert s.hit() is not None
        s.connect_uplink()
        assert s.told() == (8, b'"tag"')  # it is the list that was offered so
        os.replace(make_list(tmp_path, certs, 9, wanted=rows(20_000)), conf["path"])
        s.parent.send(message("WIRE_RELOAD"))
        assert s.told() == (9, b"")
        os.replace(make_list(tmp_path, certs, 9), conf["path"])
        scribble(s.data / "hotlist/current.alpb")
        s.accept("L000078")
        s.accept("L000078")
        s.wait(lambda c: c.get("list_entries") == 2, 5, "another list")
