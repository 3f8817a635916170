# SPDX-License-Identifier: Apache-2.0
"""The audit chain as an auditor has it: exported by alprctl from the database of a real store, and verified wherever the file lies."""
import hashlib
import json
import os
import sqlite3
import stat
import struct
import subprocess
import tempfile
import time

import pytest

from tests.box import Box, build_folder
from tests.rtcc import make_certs
from tests.system.roles import status
from tests.system.store_role import Store, chain_holds, make_list

FIELDS = ["who", "what", "purpose", "case_number", "outcome", "detail"]
NAMES = ["seq", "at_ns", "time", *FIELDS, "prev", "hash"]


def alprctl(*words, **more) -> subprocess.CompletedProcess:
    return subprocess.run([build_folder() / "bin/alprctl", *map(str, words)], capture_output=True, text=True, timeout=60,
                          check=False, **more)


def conf_of(folder, data):
    conf = folder / "alpr.conf"
    conf.write_text(f"[store]\npath = {data}\n")
    return conf


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """(configuration, store folder) of a store that has lived: starts, stops, lists, hits, answers, a signature."""
    folder = tmp_path_factory.mktemp("chain")
    keys = make_certs(folder / "certs")
    hotlist = {"path": make_list(folder, keys, 5), "key": keys / "hotlist.pub", "cooldown_s": 0}
    for life in range(2):
        if life: # a day has passed
            db = sqlite3.connect(s.data / "reads.db")
            db.execute("INSERT OR REPLACE INTO state VALUES('audit_signed_ring', 1)")
            db.commit()
            db.close()
        with Store(folder, hotlist) as s:
            for _ in range(6):
                s.accept("WANT01", "MO", (3000, 3000, 5000, 5000))
                s.hit_done(s.hit()[0])
            s.wait(lambda c: c["hits_pending"] == 0, 5, "the answers")
            s.wait(lambda c: s.one("SELECT count(*) FROM audit WHERE what = 'signed'") == life, 5, "the signature")
            assert s.stop() == 0
            assert chain_holds(s) >= 15
    return conf_of(folder, s.data), s.data


@pytest.fixture(scope="module")
def lines(chain):
    """The exported chain, line by line."""
    done = alprctl("-c", chain[0], "audit", "export")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def said(tmp_path, text, *words):
    """(exit status, what it says) of verifying such a file."""
    file = tmp_path / "chain.jsonl"
    file.write_bytes(text if isinstance(text, bytes) else "".join(f"{line}\n" for line in text).encode())
    done = alprctl("audit", "verify", *words, file)
    assert (done.stdout == "") == (done.returncode != 0) == (done.stderr != "")
    return done.returncode, done.stdout + done.stderr


def refused(tmp_path, text, why, *words):
    code, words = said(tmp_path, text, *words)
    assert code == 1 and words.startswith("alprctl: audit: ") and words.count("\n") == 1 and why in words, words


def line_of(record) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def relink(records, first):
    """What a forger does who knows SCHEMA.md: number and hash the records afresh from index `first`."""
    for i in range(first, len(records)):
        r = records[i]
        r["seq"], r["prev"] = i + 1, records[i - 1]["hash"] if i else bytes(32).hex()
        text = b"alpr-audit-1" + bytes.fromhex(r["prev"]) + struct.pack(">qq", r["seq"], int(r["at_ns"]))
        for name in FIELDS:
            text += struct.pack(">I", len(r[name].encode())) + r[name].encode()
        r["hash"] = hashlib.sha256(text).hexdigest()
    return [line_of({"format": "alpr-audit-1", "seq": len(records), "hash": records[-1]["hash"]}), *map(line_of, records)]


def head_of(lines) -> str:
    head = json.loads(lines[0])
    return f"{head['seq']}:{head['hash']}"


# --- the head, which goes out ------------------------------------------------------------------------------------


def test_uplink_is_told_the_head(tmp_path):
    with Store(tmp_path) as s:
        def told(what):
            end = time.monotonic() + 10
            while (newest := s.rows("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")[0]) not in s.heads:
                assert time.monotonic() < end, f"uplink was not told {what}"
                s.to_uplink(0.1)
            return newest

        s.wait(lambda c: c["audit_records"] > 0, 5, "a record")
        first = told("at the start")
        s.offer(b"garbage")
        assert told("of a record")[0] == first[0] + 1
        n = len(s.heads)
        s.to_uplink(2.5)
        assert len(s.heads) == n # nothing new: nothing said
        s.connect_uplink()
        assert told("anew") == s.heads[-1]
        while len(s.heads) == n:
            s.to_uplink(0.2)


def cut_and_grow(data, keep: int, grow: int) -> None:
    """Cut the chain of a stopped box after record `keep`, and append good records that were never there."""
    db = sqlite3.connect(data / "reads.db")
    rows = db.execute(f"SELECT seq, at_ns, {', '.join(FIELDS)}, hex(prev), lower(hex(hash)) FROM audit WHERE seq <= ?", (keep,)).fetchall()
    records = [dict(zip(["seq", "at_ns", *FIELDS, "prev", "hash"], row)) for row in rows]
    records += [{**records[-1], "what": "start"} for _ in range(grow)]
    relink(records, keep)
    db.execute("DELETE FROM audit WHERE seq > ?", (keep,))
    for r in records[keep:]:
        db.execute("INSERT INTO audit VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   (r["seq"], int(r["at_ns"]), *(r[n] for n in FIELDS), bytes.fromhex(r["prev"]), bytes.fromhex(r["hash"])))
    db.commit()
    db.close()


def test_what_is_cut_off_on_the_box_is_missed_at_the_rtcc(tmp_path, rtcc):
    box = Box(tmp_path / "box", {"camera": {"driver": "sim", "passages": 0, "rate": 1, "seed": 1}, "hotlist": {"key": rtcc.certs / "hotlist.pub"},
                                 "uplink": rtcc.uplink(heartbeat_s=0.3, hotlist_poll_s=0.3)})
    with box:
        box.wait_running()
        rtcc.publish(b"garbage") # refused, which is a record
        box.wait(lambda b: b.counters("store")["audit_records"] >= 2, 10, "records")
        newest = box.wait(lambda b: (n := b.counters("store")["audit_records"]) and [h for h in rtcc.heartbeats() if h.get("audit", {}).get("seq") == n],
                          10, "the head at the RTCC")[-1]["audit"]
        assert box.stop() == 0
    noted = f"{newest['seq']}:{newest['hash']}"
    # The RTCC knows whose signatures to expect: those of the counters are made with it, too.
    with sqlite3.connect(f"file:{box.store}/reads.db?mode=ro", uri=True) as db:
        public, = db.execute("SELECT key FROM counters ORDER BY n DESC LIMIT 1").fetchone()
    assert newest["key"] == hashlib.sha256(public).hexdigest()

    def verified():
        done = alprctl("-c", box.conf, "audit", "verify", "--head", noted)
        return done.returncode, done.stdout + done.stderr

    assert verified()[0] == 0
    cut_and_grow(box.store, newest["seq"] - 1, 0)
    assert alprctl("-c", box.conf, "audit", "verify").returncode == 0 # by itself it is a good chain
    code, words = verified()
    assert code == 1 and f"record {newest['seq']} was noted elsewhere: it was cut" in words
    cut_and_grow(box.store, newest["seq"] - 1, 5)
    assert alprctl("-c", box.conf, "audit", "verify").returncode == 0
    code, words = verified()
    assert code == 1 and f"record {newest['seq']} is another than the one that was noted elsewhere" in words


# --- the export --------------------------------------------------------------------------------------------------


def test_an_export_is_every_column_of_every_record(chain, lines):
    db = sqlite3.connect(f"file:{chain[1]}/reads.db?mode=ro", uri=True)
    rows = db.execute(f"SELECT seq, at_ns, {', '.join(FIELDS)}, lower(hex(prev)), lower(hex(hash)) FROM audit ORDER BY seq").fetchall()
    records = [json.loads(line) for line in lines]
    assert list(records[0]) == ["format", "seq", "hash"] and records[0]["format"] == "alpr-audit-1"
    assert (records[0]["seq"], records[0]["hash"]) == (len(rows), rows[-1][-1])
    assert [list(r) for r in records[1:]] == [NAMES] * len(rows)
    assert [(r["seq"], int(r["at_ns"]), *(r[n] for n in FIELDS), r["prev"], r["hash"]) for r in records[1:]] == rows
    for r in records[1:]:
        assert r["time"] == time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(r["at_ns"]) // 10**9)) \
            + f".{int(r['at_ns']) // 10**6 % 1000:03}Z"
    assert lines == [line_of(r) for r in records] # anyone's JSON library writes it so
    assert "WANT01" not in "".join(lines)


def test_an_honest_export_verifies_here_and_there(chain, lines, tmp_path):
    n = len(lines) - 1
    code, words = said(tmp_path, lines)
    assert code == 0 and words.startswith(f"{n} records hold, head {head_of(lines)}\n") and "--head" in words
    middle = json.loads(lines[7])
    assert (code, words) != said(tmp_path, lines, "--head", f"7:{middle['hash'].upper()}")
    assert said(tmp_path, lines, "--head", f"7:{middle['hash'].upper()}")[1].endswith("record 7 is the one that was noted\n")
    on_box = alprctl("-c", chain[0], "audit", "verify", "--head", head_of(lines))
    assert on_box.returncode == 0 and on_box.stdout.startswith(f"{n} records hold, head {head_of(lines)}\n")
    empty = [line_of({"format": "alpr-audit-1", "seq": 0, "hash": bytes(32).hex()})]
    assert said(tmp_path, empty)[0] == 0


def test_it_is_read_beside_a_store_that_writes(tmp_path):
    with Store(tmp_path) as s:
        conf = conf_of(tmp_path, s.data)
        s.wait(lambda c: c["audit_records"] > 0, 5, "a record")
        before = alprctl("-c", conf, "audit", "export")
        assert before.returncode == 0 and len(before.stdout.splitlines()) == s.state["audit_records"] + 1
        s.accept("ABC123")
        assert alprctl("-c", conf, "audit", "verify").returncode == 0
        assert s.stop() == 0
    after = alprctl("-c", conf, "audit", "verify", "--head", head_of(before.stdout.splitlines()))
    assert after.returncode == 0
    # What reading as root leaves beside a store that does not run is its user's.
    user = 65534 if os.geteuid() == 0 else os.geteuid()
    for f in (s.data, *s.data.iterdir()):
        os.chown(f, user, -1)
    assert alprctl("-c", conf, "audit", "verify").returncode == 0
    assert {f.stat().st_uid for f in s.data.iterdir()} == {user}
    for f in (s.data, *s.data.iterdir()):
        os.chown(f, os.geteuid(), -1)
    with Store(tmp_path) as s:
        s.accept("ABC124")


def test_where_it_cannot_be_read_that_is_said(chain, tmp_path):
    def fails(conf, why, verb="verify"):
        done = alprctl("-c", conf, "audit", verb)
        assert done.returncode == 1 and why in done.stderr and done.stdout == "", done.stderr

    for verb in ("verify", "export"):
        fails(conf_of(tmp_path, tmp_path / "nowhere"), "No such file", verb)
    data = tmp_path / "data"
    data.mkdir()
    (data / "reads.db").write_bytes(b"")
    fails(conf_of(tmp_path, data), "not one of the store")
    (data / "reads.db").write_bytes(b"garbage" * 1000)
    fails(conf_of(tmp_path, data), "not a database")
    assert (data / "reads.db").read_bytes() == b"garbage" * 1000 and os.listdir(data) == ["reads.db"]
    (data / "reads.db").unlink()
    db = sqlite3.connect(data / "reads.db")
    db.execute("PRAGMA user_version = 999")
    db.close()
    fails(conf_of(tmp_path, data), "newer than this program's")
    (tmp_path / "alpr.conf").write_text("[store]\nretention_days = never\n")
    fails(tmp_path / "alpr.conf", "retention_days")
    with open("/dev/full", "w") as full:
        done = subprocess.run([build_folder() / "bin/alprctl", "-c", chain[0], "audit", "export"], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "No space left" in done.stderr


def test_who_may_not_read_the_database_may_not_read_the_chain(chain, tmp_path):
    assert stat.S_IMODE(os.stat(chain[1]).st_mode) == 0o700
    if os.geteuid() == 0: # else those who run this test are the store's user
        def nobody():
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

        with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
            os.chmod(conf.name, 0o644)
            conf.write(conf_of(tmp_path, chain[1]).read_text())
            conf.flush()
            done = alprctl("-c", conf.name, "audit", "export", preexec_fn=nobody)
        assert done.returncode == 1 and "reads.db: Permission denied" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("words", [[], ["mend"], ["export", "x"], ["verify", "a", "b"], ["verify", "--tail", "x"], ["verify", "--head"],
                                   *(["verify", "--head", h] for h in ("", "7", "7:", "7:12", f"x:{'0' * 64}", f"0:{'0' * 64}",
                                                                       f"-1:{'0' * 64}", f"7:{'g' * 64}", f"7:{'0' * 65}",
                                                                       f"99999999999999999999:{'0' * 64}")),
                                   ["verify", "--key", "0"], ["verify", "--key", "g" * 64]])
def test_a_wrong_call_is_told_so(words):
    done = alprctl("audit", *words)
    assert done.returncode == 2 and done.stderr != "" and done.stdout == ""


# --- what was tampered with --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["at_ns", *FIELDS, "prev", "hash"])
def test_an_edit_shows(lines, tmp_path, name):
    r = json.loads(lines[9])
    r[name] = str(int(r[name]) + 1) if name == "at_ns" else ("0" if r[name][:1] != "0" else "1") + r[name][1:]
    if name == "at_ns":
        r["time"] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(r["at_ns"]) // 10**9)) + f".{int(r['at_ns']) // 10**6 % 1000:03}Z"
    refused(tmp_path, [*lines[:9], line_of(r), *lines[10:]], "record 9 was changed")


def test_an_edit_that_is_hashed_afresh_shows_at_the_next_record(lines, tmp_path):
    records = [json.loads(line) for line in lines[1:]]
    records[8]["who"] = "nobody"
    forged = relink(records[:9], 8)
    refused(tmp_path, [lines[0], *forged[1:], *lines[10:]], "record 10 does not follow record 9")


def test_a_time_that_is_not_that_of_the_record_shows(lines, tmp_path):
    r = json.loads(lines[9])
    r["time"] = "2020-01-01T00:00:00.000Z"
    refused(tmp_path, [*lines[:9], line_of(r), *lines[10:]], "line 10 is not a record")


def test_a_removal_shows(lines, tmp_path):
    refused(tmp_path, [*lines[:5], *lines[6:]], "record 5 is missing")
    refused(tmp_path, [*lines[:5], *lines[8:]], "records 5 to 7 are missing")
    refused(tmp_path, [lines[0], *lines[2:]], "record 1 is missing")


def test_a_removal_that_is_numbered_afresh_shows(lines, tmp_path):
    records = [json.loads(line) for line in lines[1:]]
    del records[4]
    for i, r in enumerate(records):
        r["seq"] = i + 1
    refused(tmp_path, [lines[0], *map(line_of, records)], "record 5 does not follow record 4")


def test_a_reordering_shows(lines, tmp_path):
    refused(tmp_path, [*lines[:5], lines[6], lines[5], *lines[7:]], "record 5 stands after record 6: they were reordered")
    a, b = json.loads(lines[5]), json.loads(lines[6])
    a["seq"], b["seq"] = 6, 5
    refused(tmp_path, [*lines[:5], line_of(b), line_of(a), *lines[7:]], "record 5 stands before the one that it follows")


def test_a_replay_shows(lines, tmp_path):
    n = len(lines) - 1
    refused(tmp_path, [*lines[:9], lines[4], *lines[9:]], "record 4 comes again after record 8: it was replayed")
    refused(tmp_path, [*lines, lines[4]], f"record 4 comes again after record {n}: it was replayed")
    r = json.loads(lines[4])
    r["seq"] = n + 1
    refused(tmp_path, [*lines, line_of(r)], f"record {n + 1} is record 4 once more: it was replayed")


def test_a_file_that_was_cut_shows_by_its_first_line(lines, tmp_path):
    n = len(lines) - 1
    refused(tmp_path, lines[:-3], f"ends with record {n - 3}, and its first line says {n}: it was cut")
    refused(tmp_path, lines[:1], "ends with record 0")
    whole = "".join(f"{line}\n" for line in lines).encode()
    refused(tmp_path, whole[:-1], f"line {n + 1} is cut off")
    refused(tmp_path, whole[:-40], f"line {n + 1} is cut off")
    refused(tmp_path, [line_of({**json.loads(lines[0]), "hash": "0" * 64}), *lines[1:]], f"record {n} is not the one that its first line")
    refused(tmp_path, [line_of({**json.loads(lines[0]), "seq": n - 1}), *lines[1:]], "records were put to it")


def test_a_chain_that_was_cut_and_made_anew_shows_against_a_head_noted_elsewhere(lines, tmp_path):
    """By itself such a chain is a good one: that is why the head goes out."""
    n, records = len(lines) - 1, [json.loads(line) for line in lines[1:]]
    cut = relink(records[:-3], n - 3)
    assert said(tmp_path, cut)[0] == 0
    refused(tmp_path, cut, f"the chain ends with record {n - 3}, and record {n} was noted elsewhere: it was cut", "--head", head_of(lines))
    records[n - 1]["outcome"] = "forged" # after the last signature
    forged = relink(records, n - 1)
    assert said(tmp_path, forged)[0] == 0
    refused(tmp_path, forged, f"record {n} is another than the one that was noted elsewhere", "--head", head_of(lines))
    assert said(tmp_path, forged, "--head", f"4:{json.loads(lines[4])['hash']}")[0] == 0 # what was noted before is still there


def test_a_database_that_was_tampered_with_shows_on_the_box(chain, lines, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for change, why in (("UPDATE audit SET who = 'nobody' WHERE seq = 4", "record 4 was changed"),
                        ("DELETE FROM audit WHERE seq BETWEEN 4 AND 6", "records 4 to 6 are missing"),
                        ("UPDATE audit SET hash = 'x' WHERE seq = 4", None),
                        ("UPDATE audit SET hash = x'00' WHERE seq = 4", "record 4 was changed"),
                        ("UPDATE audit SET detail = hex(zeroblob(9000)) WHERE seq = 4", "record 4 was changed"),
                        ("DELETE FROM audit WHERE seq > 9", "it was cut")):
        (data / "reads.db").write_bytes((chain[1] / "reads.db").read_bytes())
        db = sqlite3.connect(data / "reads.db")
        if why is None:  # the table is strict
            with pytest.raises(sqlite3.IntegrityError):
                db.execute(change)
        db.execute(change) if why else None
        db.commit()
        db.close()
        if why:
            done = alprctl("-c", conf_of(tmp_path, data), "audit", "verify", "--head", head_of(lines))
            assert done.returncode == 1 and why in done.stderr, done.stderr


# --- signatures --------------------------------------------------------------------------------------------------


def key_of(lines) -> str:
    """The key of the export's one signature, which must be good by openssl too."""
    return hashlib.sha256(bytes.fromhex(json.loads(signed_of(lines)["detail"])["key"])).hexdigest()


def signed_of(lines):
    record, = (r for r in map(json.loads, lines[1:]) if r["what"] == "signed")
    return record


def test_a_signature_is_over_all_before_it(chain, lines, tmp_path):
    signed = signed_of(lines)
    detail = json.loads(signed["detail"])
    assert signed["seq"] > 15
    for name, data in (("key", bytes.fromhex(detail["key"])), ("sig", bytes.fromhex(detail["signature"])),
                       ("said", b"alpr-audit-head-1" + struct.pack(">q", signed["seq"] - 1) + bytes.fromhex(signed["prev"]))):
        (tmp_path / name).write_bytes(data)
    subprocess.run(["openssl", "dgst", "-sha256", "-verify", "key", "-keyform", "DER", "-signature", "sig", "said"], cwd=tmp_path,
                   check=True, stdout=subprocess.DEVNULL) # anyone's library verifies it so
    code, words = said(tmp_path, lines, "--key", key_of(lines))
    assert code == 0 and f"signed up to record {signed['seq'] - 1}, key {key_of(lines)}\n" in words
    assert not (chain[1] / "audit.key").exists() # nothing of it lies open


def test_a_chain_made_anew_shows_at_its_signature(lines, tmp_path):
    records = [json.loads(line) for line in lines[1:]]
    at = signed_of(lines)["seq"]
    records[4]["outcome"] = "forged"
    refused(tmp_path, relink([dict(r) for r in records], 4), f"the signature in record {at} is not good: signature: does not verify")
    unsigned = relink([dict(r) for r in records if r["what"] != "signed"], 4)
    assert "nothing is signed" in said(tmp_path, unsigned)[1]
    refused(tmp_path, unsigned, "nothing of the chain is signed", "--key", key_of(lines))
    refused(tmp_path, lines, f"the signature in record {at} is by another key", "--key", "0" * 64)


def test_a_key_that_an_older_firmware_left_open_is_taken_in(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    subprocess.run("openssl ecparam -name prime256v1 -genkey -noout -out audit.key && chmod 600 audit.key && "
                   "openssl pkey -in audit.key -pubout -outform DER -out public", shell=True, cwd=data, check=True, capture_output=True)
    public = (data / "public").read_bytes()
    for _ in range(2):
        with Store(tmp_path) as s:
            s.accept("ABC123")
            s.wait(lambda c: set(s.rows("SELECT key FROM counters WHERE key IS NOT NULL")) == {(public,)}, 5, "a signature by it")
            assert s.stop() == 0
        assert not (data / "audit.key").exists()
        assert "a key was made" not in s.tail()


def test_a_box_without_a_key_works_and_says_so(tmp_path):
    (tmp_path / "data/audit.key").mkdir(parents=True)
    with Store(tmp_path) as s:
        s.accept("ABC123")
        assert "the audit chain is not signed" in s.tail() and s.stop() == 0


# --- the door ----------------------------------------------------------------------------------------------------


def test_an_opened_door_is_in_the_chain(tmp_path):
    def door(openings, **more):
        s.parent.send(status("device", counters={"door_open": 0, "door_openings": openings}, **more))

    def openings():
        return [json.loads(d)["openings"] for d, in s.rows("SELECT detail FROM audit WHERE what = 'door' ORDER BY seq")]

    with Store(tmp_path) as s:
        s.wait(lambda c: c["audit_records"] == 1, 5, "the store")
        for _ in range(3):
            door(0)
        door(1)
        s.wait(lambda c: openings() == [1], 5, "the door's record")
        door(2)
        door(3)
        time.sleep(1.5)
        assert openings() == [1] # a door that flutters is summed up
        for wrong in (status("vision"), status("device", number=99), status("capture", counters={"door_openings": 9})):
            s.parent.send(wrong)
        s.vision.send(status("device", counters={"door_openings": 9}))
        s.parent.send(status("device", counters={"door_openings": -5}))
        s.parent.send(status("device", counters={"door_open": 1}, n=2**32 - 1))
        assert s.wait(lambda c: c.get("messages_refused", 0) == 4, 5, "refusals")["audit_records"] == 2
        assert s.stop() == 0
        assert openings() == [1, 2]
    with Store(tmp_path) as s:
        door(3)
        s.wait(lambda c: c["audit_records"] > 0, 5, "the store")
        door(1, pid=4712)
        s.wait(lambda c: openings() == [1, 2, 1], 5, "the record of another device process")
        assert chain_holds(s)


# --- hostile files -----------------------------------------------------------------------------------------------


def test_a_line_that_is_written_otherwise_is_refused(lines, tmp_path):
    """A reader with another JSON library must see what was hashed: nothing beside it, nothing twice, nothing hidden."""
    good, r = lines[9], json.loads(lines[9])
    for wrong in (good + " ", " " + good, good + good, good + "\r", good.replace(":", ": ", 1), good[:-1] + ',"plate":"x"}',
                  good[:-1] + ',"who":"nobody"}', '{"who":"nobody",' + good[1:], good.replace('"who"', '"WHO"'),
                  good.replace('"seq":9', '"seq":9.0'), good.replace('"seq":9', '"seq":9e0'), good.replace('"seq":9', '"seq":"9"'),
                  good.replace('"seq":9', '"seq":1e400'), good.replace('"seq":9', '"seq":-1e400'), good.replace('"seq":9', '"seq":9007199254740993'),
                  line_of({**r, "at_ns": int(r["at_ns"])}), line_of({**r, "at_ns": "0" + r["at_ns"]}), line_of({**r, "at_ns": "9" * 30}),
                  line_of({**r, "who": r["who"] + "\0x"}), line_of({**r, "who": None}), line_of({**r, "who": "x" * 1025}),
                  line_of({**r, "prev": r["prev"].upper()}), line_of({**r, "hash": r["hash"][:-2]}), line_of({**r, "hash": "zz" * 32}),
                  line_of({k: r[k] for k in reversed(NAMES)}), line_of({k: r[k] for k in NAMES[:-1]}),
                  "", "null", "[]", "{}", "{", "9", '"', "[" * 5000, '{"a":' * 5000, "\ufeff" + good):
        refused(tmp_path, [*lines[:9], wrong, *lines[10:]], "line 10 is not a record")


@pytest.mark.parametrize("text, why", [
    (b"", "it is empty"), (b"\n", "line 1 is not a head"), (b"{}\n", "line 1 is not a head"), (b"\0" * 100000, "line 1 is cut off"),
    (b"x" * 1000000, "line 1 is longer"), (b'{"format":"alpr-audit-2","seq":0,"hash":"' + b"0" * 64 + b'"}\n', "line 1 is not a head"),
    (os.urandom(100000), "line 1 is"), (b"SQLite format 3\0" + bytes(4096), "line 1 is cut off")], ids=range(8))
def test_what_is_no_export_is_refused(tmp_path, text, why):
    refused(tmp_path, text, why)


def test_huge_lines_in_the_middle_are_refused(lines, tmp_path):
    refused(tmp_path, [*lines[:9], "x" * (64 << 20), *lines[9:]], "line 10 is longer than a record can be")
    refused(tmp_path, "".join(f"{line}\n" for line in lines[:9]).encode() + b"\0" * (1 << 20), "line 10 is cut off")


def test_what_is_no_file_is_refused(tmp_path):
    for path, why in ((tmp_path, "Is a directory"), (tmp_path / "nothing", "No such file"), ("/dev/zero", "cut off"), ("/dev/null", "empty")):
        done = alprctl("audit", "verify", path)
        assert done.returncode == 1 and why in done.stderr, done.stderr


def test_every_character_comes_through(tmp_path):
    records = [{"at_ns": str(at), "who": who, "what": "x", "purpose": "", "case_number": "26-1", "outcome": "done", "detail": detail}
               for at, who, detail in ((0, "".join(map(chr, range(1, 128))), '{"a":"\\u0000"}'), (-1, "Zo\u00eb \u2013 \U0001f697/", "\\\\u0000"),
                                       (2**63 - 1, "\x01" * 1024, "\x1f" * 1024), (-2**63, "", "\x7f" * 1024))]
    for r in records:
        r["time"] = ""
    file = relink([{k: r.get(k, "") for k in NAMES} for r in records], 0)
    # Their times are what the program says that they are: here it is the hashes that must hold.
    for i, text in enumerate(("1970-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "2262-04-11T23:47:16.854Z", "1677-09-21T00:12:43.145Z")):
        file[i + 1] = file[i + 1].replace('"time":""', f'"time":"{text}"')
    assert said(tmp_path, file)[0] == 0, said(tmp_path, file)


def test_many_records_are_walked_in_little_memory(tmp_path):
    r = {"seq": 0, "at_ns": "1800000000000000000", "time": "2027-01-15T08:00:00.000Z", "who": "store", "what": "hit", "purpose": "",
         "case_number": "", "outcome": "queued", "detail": "{}", "prev": "", "hash": ""}
    file = relink([dict(r) for _ in range(30000)], 0)
    path = tmp_path / "chain.jsonl"
    path.write_text("\n".join(file) + "\n")
    done = subprocess.run(["prlimit", "--as=33554432", build_folder() / "bin/alprctl", "audit", "verify", path], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stdout.startswith("30000 records hold"), done.stderr
