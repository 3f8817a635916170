# SPDX-License-Identifier: Apache-2.0
"""Evidence pulls: the real store, asked by requests that are good, and by ones that are not."""
import base64
import json
import sqlite3
import time

import pytest

from tests.system import wire
from tests.system.evidence_desk import Desk, EvidenceStore, der, rfc3339
from tests.system.store_role import chain_holds

MINUTE = 60 * 10**9
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@pytest.fixture
def desk(certs):
    return Desk(certs)


@pytest.fixture
def s(tmp_path, certs):
    with EvidenceStore(tmp_path, certs) as store:
        yield store
        assert store.process.poll() in (None, 0), store.tail()


def test_an_exact_plate(s, desk):
    for plate in ("ABC123", "XYZ789", "ABC123", "ABC124"):
        s.accept(plate, "MO", (3000, 2000, 0, 0))
    request = desk.request()
    got = s.pull(desk, request)
    assert got.plates == ["ABC123", "ABC123"]
    for read in got.reads:
        assert {k: len(v) for k, v in got.pictures(read).items()} == {"crop_0.jpg": 3000, "crop_1.jpg": 2000}
        assert (read["jurisdiction"], read["hit"], read["degraded"]) == ("MO", 0, False)
        assert "damaged" not in read and "clock_off_s" not in read
    assert len(got.names) == 6 + 4
    m = got.manifest
    assert (m["format"], m["site"], m["case_number"], m["purpose"]) == ("alpr-evidence-1", "test-01", "26-000123", "stolen-vehicle")
    assert "OU=EVIDENCE" in m["requester"] and m["list_version"] == 0 and m["retention_days"] == 90
    (who, purpose, case, outcome, detail), = s.audited()
    assert who == f"{m['requester']}, serial {m['serial']}"
    assert (purpose, case, outcome) == ("stolen-vehicle", "26-000123", "sealed")
    assert detail == {"request": m["request"], "way": "uplink", "asked": "plate", "reads": 2, "pictures": 4, "bytes": 10000}
    assert got.audit[1]["detail"] == json.dumps(detail, separators=(",", ":")) and got.audit[1]["who"] == who
    assert "26-000123" in got.certificate and m["request"] in got.certificate and "ABC123" not in got.certificate
    assert "ABC123" not in s.one("SELECT group_concat(detail) FROM audit") and "ABC123" not in s.log.read_text()
    chain_holds(s)
    assert s.wait(lambda c: c["pulls"] == 1, 5, "the count")["pulls_refused"] == 0


def test_letter_o_and_digit_0_are_one(s, desk):
    s.accept("AB0123")
    assert s.pull(desk, desk.request(plate="ab-o 123")).plates == ["AB0123"]


def test_an_alternative_is_not_the_plate(s, desk):
    m, gift = wire.passage("ABC128")
    m.read.n_alternatives = 2
    m.read.alternatives[1] = wire.PlateSpelling(b"ABC12B", 0.2)
    assert s.answer(s.give(m, gift)) == 1
    assert s.pull(desk, desk.request(plate="ABC12B")).reads == []
    got = s.pull(desk, desk.request(plate="ABC128"))
    assert got.reads[0]["alternatives"][1][0] == "ABC12B"


def test_a_window(s, desk):
    begin = time.time_ns() - HOUR
    for i in range(8):
        s.accept(f"ABC00{i}", when_ns=begin + i * 10 * MINUTE + 5 * 10**8)
    s.accept("", when_ns=begin + 11 * MINUTE)  # nothing could be read of it: it was there all the same
    got = s.pull(desk, desk.window(begin + 10 * MINUTE, begin + 40 * MINUTE), "control")
    assert sorted(got.plates) == ["", "ABC001", "ABC002", "ABC003"]
    detail = s.audited()[-1][4]
    assert (detail["way"], detail["asked"], detail["reads"]) == ("control", "window", 4)
    assert detail["from"] == rfc3339(begin + 10 * MINUTE)
    # A plate within one.
    assert s.pull(desk, desk.window(begin, begin + HOUR, plate="ABC003")).plates == ["ABC003"]
    assert s.pull(desk, desk.window(begin, begin + 30 * MINUTE, plate="ABC003")).plates == []
    # With a plate it may be longer.
    assert s.pull(desk, desk.window(begin - 80 * DAY, begin + DAY, plate="ABC003")).plates == ["ABC003"]


def test_a_window_over_a_clock_that_jumped(s, desk):
    """The clock of the box went back by three days, on to 2099 and to 1970, within one hour."""
    now, year = time.time_ns(), 365 * DAY
    shown = {"ABC000": now, "ABC001": now - 3 * DAY, "ABC002": now + 70 * year, "ABC003": 40 * DAY, "ABC004": now}
    for plate, when in shown.items():
        s.accept(plate, when_ns=when)
    got = s.pull(desk, desk.window(now - 30 * MINUTE, now + 30 * MINUTE))
    assert got.plates == list(shown)
    assert ["clock_off_s" in r for r in got.reads] == [False, True, True, True, False]
    assert abs(got.reads[1]["clock_off_s"] + 3 * 86400) < 60
    for plate in ("ABC001", "ABC002", "ABC003"):
        assert s.pull(desk, desk.window(shown[plate] - 10 * MINUTE, shown[plate] + 10 * MINUTE)).plates == [plate]
    assert s.pull(desk, desk.window(now - 2 * HOUR, now - 90 * MINUTE)).plates == []


def test_nothing_is_an_answer_as_well(s, desk):
    got = s.pull(desk, desk.request(plate="NONE99"))
    assert got.reads == [] and got.names == got.names[:6]
    assert s.audited()[0][3] == "sealed" and s.audited()[0][4]["reads"] == 0


def test_a_hit_comes_with_its_scenes_and_its_list(tmp_path, certs, hotlist, desk):
    with EvidenceStore(tmp_path, certs, hotlist | {"cooldown_s": 300}) as s:
        s.accept("WANT01", "MO", (3000, 3000, 9000, 9000))
        s.accept("WANT01", "MO", (3000, 3000, 9000, 9000))
        got = s.pull(desk, desk.request(plate="WANT01"))
        assert [(r["hit"], r["list_version"], len(got.pictures(r))) for r in got.reads] == [(1, 5, 4), (2, 5, 2)]
        assert got.manifest["list_version"] == 5


# name: (a word of the reason, who is proven to have asked)
REFUSALS = {
    "technician": ("role TECH", "OU=TECH"),
    "rtcc": ("role RTCC", "OU=RTCC"),
    "auditor": ("role AUDIT", "OU=AUDIT"),
    "device": ("role DEVICE", "OU=DEVICE"),
    "foreign authority": ("authority", None),
    "expired certificate": ("expired", None),
    "certificate not valid yet": ("not valid yet", None),
    "somebody else's key": ("verify", None),
    "another signature": ("verify", None),
    "another payload": ("verify", None),
    "critical header": ("", None),
    "another typ": ("", None),
    "no certificate": ("", None),
    "expired": ("expired", "OU=EVIDENCE"),
    "not yet": ("later than now", "OU=EVIDENCE"),
    "good for too long": ("day", "OU=EVIDENCE"),
    "another box": ("another box", "OU=EVIDENCE"),
    "61 minutes": ("longer than 60 minutes", "OU=EVIDENCE"),
    "backwards": ("before it begins", "OU=EVIDENCE"),
    "half a window": ("from and to", "OU=EVIDENCE"),
    "neither": ("neither", "OU=EVIDENCE"),
    "purpose": ("purpose", "OU=EVIDENCE"),
    "no purpose": ("purpose", "OU=EVIDENCE"),
    "empty case number": ("case_number", "OU=EVIDENCE"),
    "plate in the case number": ("names the plate", "OU=EVIDENCE"),
    "no case number": ("case_number", "OU=EVIDENCE"),
    "somebody else's name": ("requester", "OU=EVIDENCE"),
    "wildcard *": ("wildcards", "OU=EVIDENCE"),
    "wildcard ?": ("wildcards", "OU=EVIDENCE"),
    "wildcard %": ("wildcards", "OU=EVIDENCE"),
    "wildcard _": ("wildcards", "OU=EVIDENCE"),
    "empty plate": ("plate", "OU=EVIDENCE"),
    "two plates": ("plate", "OU=EVIDENCE"),
    "unknown member": ("", "OU=EVIDENCE"),
    "member twice": ("plate", "OU=EVIDENCE"),
    "short nonce": ("nonce", "OU=EVIDENCE"),
    "no JSON": ("", "OU=EVIDENCE"),
    "truncated": ("", None),
    "half": ("", None),
    "nothing": ("", None),
    "a line's end": ("", None),
    "huge": ("", None),
    "garbage": ("", None),
}


def bad_requests(certs) -> dict:
    """One for each of REFUSALS."""
    desk, now = Desk(certs), time.time_ns()
    good, x5c = desk.payload(), [der(certs / "EVIDENCE.crt")]

    def by(name, cn="EVIDENCE test user"):
        return Desk(certs, name, cn).request()

    def said(**changes):
        return desk.request(**changes)

    def window(begin, end):
        return desk.window(now + begin, now + end)

    signed = desk.request()
    header, body, mac = signed.split(b".")
    return {
        "technician": by("TECH", "TECH test user"),
        "rtcc": by("RTCC", "RTCC test user"),
        "auditor": by("AUDIT", "AUDIT test user"),
        "device": by("device", "box-0001"),
        "foreign authority": by("wrong-EVIDENCE"),
        "expired certificate": by("expired-EVIDENCE"),
        "certificate not valid yet": by("later-EVIDENCE"),
        "somebody else's key": desk.sign(good, key=Desk(certs, "other-EVIDENCE").key),
        "another signature": b".".join([header, body, desk.request().split(b".")[2]]),
        "another payload": b".".join([header, desk.request().split(b".")[1], mac]),
        "critical header": desk.sign(good, {"alg": "ES256", "typ": "alpr-evidence-request", "x5c": x5c, "crit": ["b64"],
                                             "b64": True}),
        "another typ": desk.sign(good, {"alg": "ES256", "typ": "JWT", "x5c": x5c}),
        "no certificate": desk.sign(good, {"alg": "ES256", "typ": "alpr-evidence-request"}),
        "expired": said(issued=rfc3339(now - 2 * HOUR), expires=rfc3339(now - HOUR)),
        "not yet": said(issued=rfc3339(now + HOUR), expires=rfc3339(now + 2 * HOUR)),
        "good for too long": said(expires=rfc3339(now + 25 * HOUR)),
        "another box": said(camera="test-02"),
        "61 minutes": window(-62 * MINUTE, -MINUTE),
        "backwards": window(-MINUTE, -2 * MINUTE),
        "half a window": desk.request(**{"from": rfc3339(now)}),
        "neither": said(plate=None),
        "purpose": said(purpose="audit-sample"),
        "no purpose": said(purpose=None),
        "empty case number": said(case_number=""),
        "plate in the case number": said(case_number="theft of abc-123"),
        "no case number": said(case_number=None),
        "somebody else's name": said(requester="EVIDENCE other user"),
        "wildcard *": said(plate="ABC*"),
        "wildcard ?": said(plate="ABC12?"),
        "wildcard %": said(plate="%"),
        "wildcard _": said(plate="ABC_23"),
        "empty plate": said(plate=""),
        "two plates": said(plate=["ABC123", "XYZ789"]),
        "unknown member": said(plates="ABC123"),
        "member twice": desk.sign(json.dumps(good)[:-1] + ',"plate":"XYZ789"}'),
        "short nonce": said(nonce="abc"),
        "no JSON": desk.sign("not json"),
        "truncated": signed[:-20],
        "half": signed[:len(signed) // 2],
        "nothing": b"",
        "a line's end": signed + b"\n",
        "huge": b"A" * (16 << 10) + b"." + signed,
        "garbage": bytes(range(256)) * 20,
    }


@pytest.fixture(scope="module")
def refused_all(tmp_path_factory, certs):
    """What the store said of each, what it recorded, and what it wrote of it otherwise: {name: (why, records)}."""
    said, folder = {}, tmp_path_factory.mktemp("refusals")
    with EvidenceStore(folder, certs) as s:
        s.accept("ABC123")
        for i, (name, request) in enumerate(bad_requests(certs).items()):
            before = len(s.audited())
            # Half of them each: it looks at 32 at once, and then at four a second.
            why = s.refused(request, ("uplink", "control")[i % 2])
            said[name] = why, [a for a in s.audited()[before:] if a[0] != "unknown"]
        said["chain"] = chain_holds(s)
        said["log"] = s.log.read_text()
        said["state"] = s.wait(lambda c: c["pulls_refused"] == len(REFUSALS), 5, "the count")
    return said


@pytest.mark.parametrize("name", REFUSALS)
def test_refused(refused_all, name):
    why, records = refused_all[name]
    word, who = REFUSALS[name]
    assert word in why and "ABC" not in why and "XYZ" not in why
    if who is None:
        assert records == []
    else:
        (by, _, case, outcome, detail), = records
        assert who in by and "serial" in by and outcome == "refused" and detail["why"] == why and len(detail["request"]) == 64
        assert "ABC" not in json.dumps(detail) + case.upper()


def test_what_is_refused_gives_nothing_and_tells_nothing(refused_all):
    assert set(REFUSALS) == set(refused_all) - {"chain", "log", "state"}
    state = refused_all["state"]
    assert state["pulls"] == 0 and state["state"] == "no-hotlist"
    assert "ABC123" not in refused_all["log"] and refused_all["chain"] > 20


def test_a_request_is_answered_once(tmp_path, certs, desk):
    request = desk.request()
    with EvidenceStore(tmp_path, certs) as s:
        s.pull(desk, request)
        assert "before" in s.refused(request) and "before" in s.refused(request, "control")
        # The same nonce with other words, by somebody else.
        nonce = json.loads(base64.urlsafe_b64decode(request.split(b".")[1] + b"=="))["nonce"]
        assert "before" in s.refused(Desk(certs, "other-EVIDENCE", "EVIDENCE other user").request(nonce=nonce, plate="XYZ789"))
        s.kill()
    with EvidenceStore(tmp_path, certs) as s:
        assert "before" in s.refused(request)
        assert [a[3] for a in s.audited()] == ["sealed"] + ["refused"] * 4
        assert s.stop() == 0
    # Its row has gone when it has expired; so has a day passed, and the clock is set back.
    db = sqlite3.connect(s.data / "reads.db")
    db.execute("UPDATE pull SET expires_ns = expires_ns - ?, taken_ns = taken_ns - ?", (2 * HOUR, 2 * HOUR))
    db.commit()
    db.close()
    with EvidenceStore(tmp_path, certs) as s:
        s.wait(lambda c: s.one("SELECT count(*) FROM pull") == 0, 10, "the row to go")
        floor = s.one("SELECT value FROM state WHERE name = 'pull_floor'")
        assert floor < time.time_ns()
        old = desk.request(issued=rfc3339(floor - HOUR), expires=rfc3339(floor))
        assert s.refused(old)
        s.stop()
    db = sqlite3.connect(s.data / "reads.db")
    db.execute("UPDATE state SET value = ? WHERE name = 'pull_floor'", (time.time_ns() + 2 * HOUR,))
    db.commit()
    db.close()
    with EvidenceStore(tmp_path, certs) as s:
        assert "forgotten" in s.refused(desk.request())


def test_so_many_an_hour(tmp_path, certs, desk):
    other = Desk(certs, "other-EVIDENCE", "EVIDENCE other user")
    with EvidenceStore(tmp_path, certs, evidence={"per_hour": 2}) as s:
        for _ in range(2):
            s.pull(desk, desk.request())
        assert "with this certificate" in s.refused(desk.request())
        s.pull(other, other.request())
        s.kill()
    with EvidenceStore(tmp_path, certs, evidence={"per_hour": 2}) as s:
        assert "with this certificate" in s.refused(desk.request())
        s.pull(other, other.request())
        assert "within an hour" in s.refused(other.request())
        s.stop()
    db = sqlite3.connect(s.data / "reads.db")
    db.execute("UPDATE pull SET taken_ns = taken_ns - ? WHERE id <= 2", (HOUR,))
    db.commit()
    db.close()
    with EvidenceStore(tmp_path, certs, evidence={"per_hour": 2}) as s:
        assert s.pull(desk, desk.request()).reads == []


def test_a_flood_does_not_grow_the_chain(s, certs, desk):
    """Garbage proves nobody, and what proves somebody is recorded so many times an hour."""
    stolen = Desk(certs, "TECH", "TECH test user").request()
    for i in range(300):
        s.refused(b"garbage" if i % 2 else stolen)
    first = len(s.audited())
    assert first <= 60 + 1
    assert "at once" in s.refused(desk.request())
    assert s.pull(desk, desk.request(), "control").reads == []  # it is nobody else's trouble
    state = s.wait(lambda c: c["pulls_refused"] == 301, 5, "the count")
    assert state["state"] == "no-hotlist"
    s.wait(lambda c: s.accept("ABC123"), 10, "a passage")
    assert s.log.read_text().count("refused") < 100
    assert s.stop() == 0
    summed = [a for a in s.audited() if a[0] == "unknown"]
    by_name = [a for a in s.audited() if a[0] != "unknown" and a[3] == "refused"]
    assert 1 <= len(summed) <= 2 and sum(a[4]["requests"] for a in summed) == 301 - len(by_name)


def test_off_without_authorities(tmp_path, certs, desk):
    with EvidenceStore(tmp_path, certs, evidence={"ca": ""}) as s:
        assert "answers no requests" in s.refused(desk.request())
    with EvidenceStore(tmp_path, certs, evidence={"ca": certs / "none.crt"}) as s:
        assert "authorities" in s.refused(desk.request())
        assert s.answer(s.passage("ABC123")) == 1
    with EvidenceStore(tmp_path, certs, evidence={"ca": certs / "hotlist.pub"}) as s:
        assert "authorities" in s.refused(desk.request())


def test_too_large_an_answer(tmp_path, certs, desk):
    begin = time.time_ns()
    with EvidenceStore(tmp_path, certs, evidence={"max_bytes": 100000}) as s:
        for i in range(20):
            s.accept("ABC123" if i < 3 else "XYZ789", "MO", (3000, 3000, 0, 0))
        assert "larger" in s.refused(desk.window(begin - MINUTE, time.time_ns() + MINUTE))
        assert len(s.pull(desk, desk.request()).reads) == 3
        assert [a[3] for a in s.audited()] == ["refused", "sealed"]


def test_not_without_a_keystore(tmp_path, certs, desk):
    with EvidenceStore(tmp_path, certs) as s:
        s.accept("ABC123")
        assert s.stop() == 0
    (tmp_path / "data/keystore").unlink()
    with EvidenceStore(tmp_path, certs) as s:
        assert "keystore" in s.refused(desk.request())
        assert s.audited()[0][3] == "refused"


def test_not_while_the_clock_is_in_doubt(tmp_path, certs, desk):
    with EvidenceStore(tmp_path, certs) as s:
        s.accept("ABC123")
        assert s.stop() == 0
    db = sqlite3.connect(tmp_path / "data/reads.db")
    db.execute("UPDATE state SET value = value + ? WHERE name IN ('clock_wall', 'clock_ring')", (3 * HOUR,))
    db.execute("UPDATE state SET value = 1 WHERE name = 'clock_boot'")
    db.commit()
    db.close()
    with EvidenceStore(tmp_path, certs) as s:
        now = time.time_ns() + 3 * HOUR  # what it knows to have passed
        why = s.refused(desk.request(issued=rfc3339(now - 10**9), expires=rfc3339(now + HOUR)))
        assert "clock" in why, why


def test_what_is_damaged_is_named(tmp_path, certs, desk):
    with EvidenceStore(tmp_path, certs) as s:
        for i in range(3):
            s.accept("ABC123", "MO", (3000, 2000, 0, 0))
        assert s.stop() == 0
    spoil(tmp_path / "data/reads.db")
    with EvidenceStore(tmp_path, certs) as s:
        got = s.pull(desk, desk.request())
        assert [r.get("damaged") for r in got.reads] == [["crop_1"], ["read"], None]
        assert [sorted(got.pictures(r)) for r in got.reads] == [["crop_0.jpg"], ["crop_0.jpg", "crop_1.jpg"]] + \
            [["crop_0.jpg", "crop_1.jpg"]]
        assert "plate" not in got.reads[1] and got.manifest["complete"]
        assert s.audited()[0][4]["damaged"] == 2 and "2 damaged" in got.certificate


def spoil(database) -> None:
    """The second crop of the first passage and the read of the second do not open any more."""
    db = sqlite3.connect(database)
    db.execute("UPDATE passage SET crop_1 = zeroblob(length(crop_1)) WHERE id = 1")
    db.execute("UPDATE passage SET sealed = zeroblob(length(sealed)) WHERE id = 2")
    db.commit()
    db.close()


def test_what_is_purged_is_not_found(tmp_path, certs, desk):
    with EvidenceStore(tmp_path, certs, retention_days=30) as s:
        s.accept("ABC123")
        assert len(s.pull(desk, desk.request()).reads) == 1
        assert s.stop() == 0
    db = sqlite3.connect(tmp_path / "data/reads.db")
    db.execute("UPDATE state SET value = value + ? WHERE name = 'clock_ring'", (31 * DAY,))
    db.commit()
    db.close()
    with EvidenceStore(tmp_path, certs, retention_days=30) as s:
        s.accept("ABC123")
        assert len(s.pull(desk, desk.request()).reads) == 1
        begin = time.time_ns()
        assert len(s.pull(desk, desk.window(begin - 30 * MINUTE, begin + 30 * MINUTE)).reads) == 1


def test_one_at_a_time_of_each_sender(s, desk):
    for i in range(50):
        s.accept("ABC123", "MO", (6000, 6000, 0, 0))
    begin = time.time_ns()
    requests = [desk.window(begin - 30 * MINUTE, begin + 20 * MINUTE) for _ in range(2)]
    first, second = s.begin(requests[0], "uplink"), s.begin(requests[1], "control")
    assert len(desk.open(s.end(second, "control")[0], requests[1]).reads) == 50
    assert len(desk.open(s.end(first, "uplink")[0], requests[0]).reads) == 50


def test_a_stop_answers_what_is_under_way(s, desk):
    for i in range(100):
        s.accept("ABC123", "MO", (6000, 6000, 0, 0))
    request = desk.request()
    number, waiting = s.begin(request), s.begin(desk.request(), "control")
    assert s.stop() == 0
    for sealed, why in (s.end(number), s.end(waiting, "control")):
        assert sealed or "stopping" in why
    assert s.process.poll() == 0


def test_an_uplink_that_starts_anew_is_owed_nothing(s, desk):
    for i in range(50):
        s.accept("ABC123", "MO", (6000, 6000, 0, 0))
    s.begin(desk.request())
    s.connect_uplink()
    assert len(s.pull(desk, desk.request()).reads) == 50


def test_what_is_no_gift(s, desk):
    number = s.begin(desk.request(), seal=False)
    assert s.end(number) == (None, "gift: not a sealed memfd")
    assert s.audited() == []


def test_passages_are_taken_while_an_answer_is_made(tmp_path, certs, desk):
    """Ten minutes of a busy road, and more coming."""
    begin = time.time_ns()
    with EvidenceStore(tmp_path, certs) as s:
        for i in range(300):
            s.passage(f"ABC{i:04}", "MO", (6000, 6000, 0, 0))
            s.collect(0.005)
        s.wait(lambda c: s.collect(0) or len(s.answers) == 300, 30, "all of them")
        s.answers.clear()
        request = desk.window(begin - 10**9, time.time_ns())
        number, waited = s.begin(request), []
        deadline = time.monotonic() + 20
        while (m := s.to_uplink(0)) is None:
            at = time.monotonic()
            s.accept("XYZ789", "MO", (6000, 6000, 0, 0))
            waited.append(time.monotonic() - at)
            assert time.monotonic() < deadline
        assert m[0] == "WIRE_REQUEST_DONE" and len(m[2]) == 1
        assert len(waited) >= 3 and max(waited) < 0.5
        assert number == 1
