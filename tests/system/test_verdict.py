# SPDX-License-Identifier: Apache-2.0
"""Verdicts of the RTCC on hits, as the real store takes them: signed, one a hit, counted, and answered with a receipt."""
import hashlib
import json
import time

import pytest
from jwcrypto import jwe

from tests.rtcc import make_certs
from tests.system.evidence_desk import Desk, EvidenceStore, der, rfc3339
from tests.system.store_role import chain_holds, make_list

HITS = ["WANT01", "WANT02"]


def verdict(desk: Desk, event: dict, found: str = "confirmed", at: int = None, typ: str = "alpr-verdict", **changes) -> bytes:
    said = {"format": "alpr-verdict-1", "camera": "test-01", "passage": event["id"], "verdict": found, "when": rfc3339(at or time.time_ns())}
    return desk.sign({**said, **changes}, {"alg": "ES256", "typ": typ, "x5c": [der(desk.certificate)]})


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    return make_certs(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="module")
def rtcc(certs):
    return Desk(certs, "RTCC")


@pytest.fixture
def store(tmp_path, certs):
    """(store, its two hits' events)"""
    hotlist = {"path": make_list(tmp_path, certs, 5), "key": certs / "hotlist.pub"}
    with EvidenceStore(tmp_path, certs, hotlist) as s:
        s.wait(lambda c: c["list_version"] == 5, 5, "the list")
        events = []
        for plate, state in zip(HITS, ("MO", "IL")):
            s.accept(plate, state, (3000, 3000, 0, 0))
            number, event = s.hit()
            s.hit_done(number)
            events.append(event)
        s.wait(lambda c: c["hits_pending"] == 0, 5, "the answers")
        yield s, events


def counted(s) -> dict:
    return dict(s.rows("SELECT name, value FROM state WHERE name GLOB 'verdicts_*' AND name NOT GLOB '*hour*'"))


def receipt(desk: Desk, answer: bytes) -> dict:
    token = jwe.JWE()
    token.deserialize(answer.decode(), desk.key)
    assert json.loads(token.objects["protected"])["typ"] == "alpr-verdict-receipt"
    return json.loads(token.payload)


def test_a_verdict_is_taken_and_a_later_one_takes_its_place(store, rtcc):
    s, (first, second) = store
    for way, event, found in (("uplink", first, "confirmed"), ("control", second, "misread"), ("uplink", second, "wrong-state")):
        given = verdict(rtcc, event, found)
        answer, why = s.ask(given, way)
        assert why is None
        assert receipt(rtcc, answer) == {"format": "alpr-verdict-receipt-1", "request": hashlib.sha256(given).hexdigest(),
                                         "passage": event["id"], "verdict": found}
        assert s.ask(given, way)[1] is None # again: the same, and counted once
    assert counted(s) == {"verdicts_confirmed": 1, "verdicts_misread": 1, "verdicts_misread_withdrawn": 1, "verdicts_wrong_state": 1}
    rows = s.rows("SELECT who, outcome, detail FROM audit WHERE what = 'verdict' ORDER BY seq")
    assert [(r[1], json.loads(r[2])) for r in rows] == [("taken", {"passage": e["id"], "verdict": v}) for e, v in (
        (first, "confirmed"), (second, "misread"), (second, "wrong-state"))]
    assert all("OU=RTCC" in r[0] and "serial" in r[0] for r in rows)
    assert s.stop() == 0
    assert chain_holds(s) > 0


def test_who_may_give_none_is_refused(store, certs, rtcc):
    s, (event, _) = store
    for name, why in (("EVIDENCE", "only RTCC may give verdicts"), ("TECH", "only RTCC"), ("AUDIT", "only RTCC"), ("expired-RTCC", "expired"),
                      ("later-RTCC", ""), ("wrong-EVIDENCE", "")):
        assert why in s.refused(verdict(Desk(certs, name), event))
    # The header says what it is: a verdict is no request for evidence, and the other way round.
    assert s.refused(verdict(rtcc, event, typ="alpr-evidence-request"))
    custodian = Desk(certs)
    assert s.refused(custodian.sign(custodian.payload(), {"alg": "ES256", "typ": "alpr-verdict", "x5c": [der(custodian.certificate)]}))
    good = bytearray(verdict(rtcc, event))
    good[-8] = ord("A") if good[-8] != ord("A") else ord("B")
    assert s.refused(bytes(good))
    assert {"verdicts_refused": counted(s)["verdicts_refused"]} == counted(s)
    assert s.rows("SELECT DISTINCT outcome FROM audit WHERE what = 'verdict'") == [("refused",)]
    assert s.one("SELECT count(*) FROM outbox WHERE verdict IS NOT NULL") == 0


@pytest.mark.parametrize("changes", [{"camera": "test-02"}, {"passage": "0" * 32}, {"passage": "x"}, {"verdict": "guilty"}, {"verdict": ""},
                                     {"when": "2020-01-01T00:00:00Z"}, {"when": "2099-01-01T00:00:00Z"}, {"plate": "WANT01"}, {"format": "alpr-verdict-2"}])
def test_what_it_says_must_be_so(store, rtcc, changes):
    s, (event, _) = store
    why = s.refused(verdict(rtcc, event, **changes))
    assert "WANT01" not in why and counted(s) == {"verdicts_refused": 1}
    assert s.ask(verdict(rtcc, event))[1] is None


def test_it_outlives_a_restart(store, rtcc):
    s, (event, other) = store
    now = time.time_ns()
    assert s.ask(verdict(rtcc, event, "stale", now))[1] is None
    assert s.stop() == 0
    with EvidenceStore(s.data.parent, rtcc.certificate.parent) as s:
        assert "not older is there" in s.refused(verdict(rtcc, event, "other", now - 10**9))
        assert s.ask(verdict(rtcc, event, "other", now + 10**9))[1] is None
        assert s.ask(verdict(rtcc, other, "confirmed"))[1] is None
        assert counted(s) == {"verdicts_stale": 1, "verdicts_stale_withdrawn": 1, "verdicts_other": 1, "verdicts_confirmed": 1, "verdicts_refused": 1}


def test_without_authorities_none_is_taken(tmp_path, certs, rtcc):
    with EvidenceStore(tmp_path, certs, evidence={"ca": ""}) as s:
        assert "answers no requests" in s.refused(verdict(rtcc, {"id": "0" * 32}))
