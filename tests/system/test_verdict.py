# SPDX-License-Identifier: Apache-2.0
"""Verdicts of the RTCC on hits, as the real store takes them: signed, one a hit, counted, and answered with a receipt."""
import hashlib
import json
import time

import pytest
from jwcrypto import jwe

from tests.box import Box
from tests.system.evidence_desk import Desk, EvidenceStore, der, rfc3339
from tests.system.store_role import chain_holds
from tests.system.test_counters_report import alprctl

HITS = ["WANT01", "WANT02"]


def verdict(desk: Desk, event: dict, found: str = "confirmed", at: int = None, typ: str = "alpr-verdict", **changes) -> bytes:
    said = {"format": "alpr-verdict-1", "camera": "test-01", "passage": event["id"], "verdict": found, "when": rfc3339(at or time.time_ns())}
    return desk.sign({**said, **changes}, {"alg": "ES256", "typ": typ, "x5c": [der(desk.certificate)]})


@pytest.fixture(scope="module")
def desk(certs):
    return Desk(certs, "RTCC")


def hits_of(s: EvidenceStore) -> list:
    """The events of its first hits, which the RTCC has."""
    s.wait(lambda c: c["list_version"] == 5, 5, "the list")
    events = []
    for plate, state in zip(HITS, ("MO", "IL")):
        s.accept(plate, state, (3000, 3000, 0, 0))
        number, event = s.hit()
        s.hit_done(number)
        events.append(event)
    s.wait(lambda c: c["hits_pending"] == 0, 5, "the answers")
    return events


@pytest.fixture
def store(tmp_path, certs, hotlist):
    """(store, the events of its two hits)"""
    with EvidenceStore(tmp_path, certs, hotlist) as s:
        yield s, hits_of(s)


def counted(s) -> dict:
    return dict(s.rows("SELECT name, value FROM state WHERE name GLOB 'verdicts_*' AND name NOT GLOB '*hour*'"))


def receipt(desk: Desk, answer: bytes) -> dict:
    token = jwe.JWE()
    token.deserialize(answer.decode(), desk.key)
    assert json.loads(token.objects["protected"])["typ"] == "alpr-verdict-receipt"
    return json.loads(token.payload)


def test_a_verdict_is_taken_and_a_later_one_takes_its_place(store, desk):
    s, (first, second) = store
    for way, event, found in (("uplink", first, "confirmed"), ("control", second, "misread"), ("uplink", second, "wrong-state")):
        given = verdict(desk, event, found)
        answer, why = s.ask(given, way)
        assert why is None
        assert receipt(desk, answer) == {"format": "alpr-verdict-receipt-1", "request": hashlib.sha256(given).hexdigest(),
                                         "passage": event["id"], "verdict": found}
        assert s.ask(given, way)[1] is None # again: the same, and counted once
    assert counted(s) == {"verdicts_confirmed": 1, "verdicts_misread": 1, "verdicts_misread_withdrawn": 1, "verdicts_wrong_state": 1}
    rows = s.rows("SELECT who, outcome, detail FROM audit WHERE what = 'verdict' ORDER BY seq")
    assert [(r[1], json.loads(r[2])) for r in rows] == [("taken", {"passage": e["id"], "verdict": v}) for e, v in (
        (first, "confirmed"), (second, "misread"), (second, "wrong-state"))]
    assert all("OU=RTCC" in r[0] and "serial" in r[0] for r in rows)
    assert s.stop() == 0
    assert chain_holds(s) > 0


def test_who_may_give_none_is_refused(store, certs, desk):
    s, (event, _) = store
    for name, why in (("EVIDENCE", "only RTCC may give verdicts"), ("TECH", "only RTCC"), ("AUDIT", "only RTCC"), ("expired-RTCC", "expired"),
                      ("later-RTCC", ""), ("wrong-EVIDENCE", "")):
        assert why in s.refused(verdict(Desk(certs, name), event))
    # The header says what it is: a verdict is no request for evidence, and the other way round.
    assert s.refused(verdict(desk, event, typ="alpr-evidence-request"))
    custodian = Desk(certs)
    assert s.refused(custodian.sign(custodian.payload(), {"alg": "ES256", "typ": "alpr-verdict", "x5c": [der(custodian.certificate)]}))
    good = bytearray(verdict(desk, event))
    good[-8] = ord("A") if good[-8] != ord("A") else ord("B")
    assert s.refused(bytes(good))
    assert {"verdicts_refused": counted(s)["verdicts_refused"]} == counted(s)
    assert s.rows("SELECT DISTINCT outcome FROM audit WHERE what = 'verdict'") == [("refused",)]
    assert s.one("SELECT count(*) FROM outbox WHERE verdict IS NOT NULL") == 0


@pytest.mark.parametrize("changes", [{"camera": "test-02"}, {"passage": "0" * 32}, {"passage": "x"}, {"verdict": "guilty"}, {"verdict": ""},
                                     {"when": "2020-01-01T00:00:00Z"}, {"when": "2099-01-01T00:00:00Z"}, {"plate": "WANT01"}, {"format": "alpr-verdict-2"}])
def test_what_it_says_must_be_so(store, desk, changes):
    s, (event, _) = store
    why = s.refused(verdict(desk, event, **changes))
    assert "WANT01" not in why and counted(s) == {"verdicts_refused": 1}
    assert s.ask(verdict(desk, event))[1] is None


def test_it_outlives_a_restart(store, desk):
    s, (event, other) = store
    now = time.time_ns()
    assert s.ask(verdict(desk, event, "stale", now))[1] is None
    assert s.stop() == 0
    with EvidenceStore(s.data.parent, desk.certificate.parent) as s:
        assert "not older is there" in s.refused(verdict(desk, event, "other", now - 10**9))
        assert s.ask(verdict(desk, event, "other", now + 10**9))[1] is None
        assert s.ask(verdict(desk, other, "confirmed"))[1] is None
        assert counted(s) == {"verdicts_stale": 1, "verdicts_stale_withdrawn": 1, "verdicts_other": 1, "verdicts_confirmed": 1, "verdicts_refused": 1}


def test_without_authorities_none_is_taken(tmp_path, certs, desk):
    with EvidenceStore(tmp_path, certs, evidence={"ca": ""}) as s:
        assert "answers no requests" in s.refused(verdict(desk, {"id": "0" * 32}))


def test_from_the_rtcc_by_uplink_and_back(tmp_path, certs, hotlist, rtcc, desk):
    box = Box(tmp_path / "box", {"site": {"name": "test-01"}, "camera": {"driver": "sim", "passages": 0, "rate": 1, "seed": 1}, "hotlist": hotlist,
                                 "evidence": {"ca": certs / "ca.crt"}, "uplink": rtcc.uplink(evidence_poll_s=0.2)})
    with EvidenceStore(tmp_path, certs, hotlist, path=box.store) as s:
        events = hits_of(s)
        assert s.stop() == 0
    with box:
        given = [verdict(desk, events[0], "wrong-state"), verdict(desk, events[1], "stale"), verdict(desk, events[1], "stale", passage="0" * 32)]
        digests = [rtcc.evidence.ask(v) for v in given]
        for digest, found in zip(digests, ("wrong-state", "stale")):
            assert receipt(desk, rtcc.evidence.wait(digest, 20))["verdict"] == found
        box.wait(lambda _: rtcc.evidence.problem(digests[2]), 10, "the reason")
        assert rtcc.evidence.problem(digests[2])["detail"] == "this box has no such hit, or not any more"
        assert box.stop() == 0
    report = alprctl("-c", box.conf, "counters", "--export", "json")
    total = json.loads(report.stdout)["total"]
    assert (total["verdicts_wrong_state"], total["verdicts_stale"], total["verdicts_refused"]) == (1, 1, 1)
    assert (total["hits"], total["hits_acknowledged"], total["pulls"], total["pulls_refused"]) == (2, 2, 0, 0)


def test_pulls_are_in_the_report_too(tmp_path, certs):
    custodian = Desk(certs)
    with EvidenceStore(tmp_path, certs) as s:
        s.accept("ABC123")
        s.pull(custodian, custodian.request())
        s.refused(custodian.request(purpose="curiosity"))
        assert s.stop() == 0
    conf = tmp_path / "alpr.conf"
    conf.write_text(f"[store]\npath = {s.data}\n")
    total = json.loads(alprctl("-c", conf, "counters", "--export", "json").stdout)["total"]
    assert (total["pulls"], total["pulls_refused"], total["passages"], total["hits"]) == (1, 1, 1, 0)
