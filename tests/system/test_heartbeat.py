# SPDX-License-Identifier: Apache-2.0
"""Heartbeats of the real uplink: this test plays parent and store. They tell how the box is, and never stand in the way of a hit."""
import json
import re
import ssl
import time

import pytest

from tests.box import ROOT
from tests.rtcc import Rtcc
from tests.rtcc.sample import body
from tests.system.roles import COUNTERS, DETAIL, ROLE, status
from tests.system.uplink_role import Plain, Uplink

def beating(folder, rtcc, **keys) -> Uplink:
    return Uplink(folder, rtcc.uplink(heartbeat_s=60, **keys))


def tell(u: Uplink, *statuses: bytes) -> None:
    for s in statuses or (status("parent"),):
        u.parent.send(s)


def arrived(rtcc: Rtcc, n: int, seconds: float, u: Uplink = None) -> list:
    """Until n heartbeats have been kept; all that were."""
    end = time.monotonic() + seconds
    while len(rtcc.heartbeats()) < n and time.monotonic() < end:
        time.sleep(0.02)
        if u:
            u.listen()
    assert len(rtcc.heartbeats()) >= n, f"{len(rtcc.heartbeats())} of {n} heartbeats\n{u.tail() if u else ''}"
    return rtcc.heartbeats()


# --- what is in it -------------------------------------------------------------------------------------------------


def test_every_role_is_in_it_as_it_is(tmp_path, rtcc):
    with beating(tmp_path, rtcc) as u:
        tell(u, status("capture", "degraded", "one angle only", restarts=2, counters={"pairs": 7, "ended": 0}),
             status("device", "door+hot", "cabinet door is open; disk is 78 °C", counters={"door_openings": 1 << 60}),
             status("control", "down", running=0), status("parent"))
        beat = arrived(rtcc, 1, 5)[0]
        assert abs(time.time() - time.mktime(time.strptime(beat["time"][:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone) < 60
        assert (beat["site"], beat["board"]) == ("unnamed", "host") and beat["firmware"].count(".") == 2
        roles = {r.pop("role"): r for r in beat["roles"]}
        assert roles["capture"] == {"running": True, "restarts": 2, "state": "degraded", "detail": "one angle only",
                                    "counters": {"pairs": 7, "ended": 0}}
        assert roles["device"]["detail"] == "cabinet door is open; disk is 78 °C"
        assert roles["device"]["counters"] == {"door_openings": 1 << 60}
        assert roles["control"]["running"] is False and set(roles) == {"parent", "capture", "device", "control"}
        s = u.wait(lambda s: s["heartbeats_acknowledged"] == 1, 5, "the heartbeat to be counted")
        assert (s["state"], s["detail"], s["heartbeats"]) == ("ok", "RTCC reached", 1)
        # Counted apart from hits, by the box as by nginx.
        assert s["bytes_sent"] == s["bytes_sent_heartbeats"] == sum(r["bytes_in"] for r in rtcc.door()) > 0
        assert s["bytes_sent_hits"] == s["bytes_sent_hotlist"] == 0
        assert {(r["method"], r["uri"], r["status"]) for r in rtcc.door()} == {("POST", "/v1/heartbeat", 204)}


@pytest.mark.parametrize("name, arrives", [(b"5th \xe2\x80\x93 Main", "5th – Main"), (b"a\xff\x01b", "a??b"), (b"", "unnamed")])
def test_a_site_is_named_whatever_bytes_it_has(tmp_path, rtcc, name, arrives):
    with Uplink(tmp_path, rtcc.uplink(), b"[site]\nname = " + name + b"\n") as u:
        tell(u)
        assert arrived(rtcc, 1, 5)[0]["site"] == arrives


def test_nonsense_from_the_parent_is_refused_or_made_plain(tmp_path, rtcc):
    with beating(tmp_path, rtcc) as u:
        tell(u, status("vision", number=99), status("vision", n=COUNTERS + 1), status("vision", n=2**32 - 1),
             status("capture", "ok", b"\x1b[2J\xff\xc2\xb0" + b"x" * (DETAIL - 5) + b"y"), status("parent"))
        roles = {r["role"]: r for r in arrived(rtcc, 1, 5)[0]["roles"]}
        assert set(roles) == {"parent", "capture"}
        assert roles["capture"]["detail"] == "?[2J?°" + "x" * (DETAIL - 8)
        assert u.wait(lambda s: s.get("messages_refused") == 3, 5, "refusals")["heartbeats"] == 1


def test_the_head_of_the_audit_chain_goes_with_every_one_and_is_no_news(tmp_path, rtcc):
    with Uplink(tmp_path, rtcc.uplink(heartbeat_s=0.3)) as u:
        tell(u)
        assert "audit" not in arrived(rtcc, 1, 5)[0]
        for seq, digest in ((0, b"\1" * 32), (-1, b"\1" * 32)):
            u.head(seq, digest)
        assert u.wait(lambda s: s.get("messages_refused") == 2, 5, "refusals")
        u.head(1 << 52, bytes(range(32)))
        n = len(rtcc.heartbeats())
        assert arrived(rtcc, n + 3, 8)[-1]["audit"] == {"seq": 1 << 52, "hash": bytes(range(32)).hex()}
        u.head(1 << 52, bytes(range(32)), b"\xab" * 32)
        n = len(rtcc.heartbeats())
        assert arrived(rtcc, n + 3, 8)[-1]["audit"] == {"seq": 1 << 52, "hash": bytes(range(32)).hex(), "key": "ab" * 32}
        u.connect("store")
        n = len(rtcc.heartbeats())
        assert arrived(rtcc, n + 2, 8)[-1]["audit"]["seq"] == 1 << 52 # until the store says another
    with beating(tmp_path, rtcc) as u:
        tell(u)
        n = len(arrived(rtcc, len(rtcc.heartbeats()) + 1, 5))
        for seq in range(1, 30):
            u.head(seq, bytes(32))
        time.sleep(6)
        assert len(rtcc.heartbeats()) == n


def test_the_schema_has_room_for_all_that_a_role_can_say():
    schema = json.loads((ROOT / "tests/rtcc/heartbeat.schema.json").read_text())
    role = schema["properties"]["roles"]["items"]["properties"]
    assert role["counters"]["maxProperties"] == COUNTERS and role["detail"]["maxLength"] == DETAIL - 1
    assert role["role"]["enum"] == [name.removeprefix("WIRE_").lower() for name in ROLE if name != "WIRE_ROLES"]


# --- when ------------------------------------------------------------------------------------------------------------


def test_none_before_the_parent_has_spoken_and_none_when_switched_off(tmp_path, rtcc):
    with beating(tmp_path, rtcc) as u:
        tell(u, status("capture"))
        time.sleep(1.5)
        assert rtcc.heartbeats() == []
    with Uplink(tmp_path, rtcc.uplink(heartbeat_s=0)) as u:
        tell(u)
        time.sleep(1.5)
        assert rtcc.heartbeats() == []


def test_it_comes_at_its_interval(tmp_path, rtcc):
    with Uplink(tmp_path, rtcc.uplink(heartbeat_s=0.5)) as u:
        tell(u)
        began = time.monotonic()
        arrived(rtcc, 5, 10)
        assert 1.5 < time.monotonic() - began < 6


def test_a_change_is_told_soon_and_a_mere_number_is_none(tmp_path, rtcc):
    with beating(tmp_path, rtcc) as u:
        tell(u, status("device", "hot", "disk is 77 °C"), status("parent"))
        arrived(rtcc, 1, 5)
        tell(u, status("device", "hot", "disk is 78.5 °C"), status("store", "ok"), status("parent"))
        beats = arrived(rtcc, 2, 8) # the store was not known before: that is news
        assert "78.5" in str(beats[1])
        tell(u, status("device", "hot", "disk is 79 °C", counters={"temperature_c": 79}))
        time.sleep(7)
        assert len(rtcc.heartbeats()) == 2
        for change in (status("device"), status("device", restarts=1), status("device", running=0),
                       status("device", "door+hot", "cabinet door is open; disk is 79 °C")):
            before, began = len(rtcc.heartbeats()), time.monotonic()
            tell(u, change)
            arrived(rtcc, before + 1, 8)
            assert time.monotonic() - began < 7


def test_a_flickering_box_does_not_flood(tmp_path, rtcc):
    with beating(tmp_path, rtcc) as u:
        tell(u)
        end = time.monotonic() + 11
        while time.monotonic() < end:
            tell(u, status("device", "door", "cabinet door is open"))
            time.sleep(0.1)
            tell(u, status("device"))
            time.sleep(0.1)
        assert 2 <= len(rtcc.heartbeats()) <= 4


# --- it never stands in the way of a hit -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode, state, words", [
    (500, "degraded", "heartbeat: HTTP 500"), ("hang", "offline", "heartbeat: no answer in time"),
    ("drop", "offline", "heartbeat: connection lost"), ("redirect", "degraded", "heartbeat: HTTP 302")])
def test_one_that_fails_fails_alone_and_is_not_repeated(tmp_path, rtcc, mode, state, words):
    rtcc.fault(mode, path="/v1/heartbeat")
    with beating(tmp_path, rtcc) as u:
        tell(u)
        s = u.wait(lambda s: words in s["detail"], 10, words)
        assert s["state"] == state and s["heartbeats_acknowledged"] == 0
        for i in range(1, 6): # no back-off of a heartbeat's holds up a hit
            began = time.monotonic()
            u.offer(i, body(i))
            assert u.answer() == (i, "acknowledged", 201)
            assert time.monotonic() - began < 0.5
        rtcc.heal()
        time.sleep(1)
        assert len(rtcc.events()) == 5 and len(rtcc.requests("/v1/heartbeat")) == 1
        tell(u, status("device", "clock", "clock is not synchronised"))
        beat, = arrived(rtcc, 1, 8)
        assert "clock is not synchronised" in str(beat)
        assert u.wait(lambda s: s["state"] == "ok", 5, "ok")["heartbeats"] == 2


def test_a_hit_does_not_wait_for_one_that_hangs(tmp_path, rtcc):
    """The hang would last 10 s; the one connection is free for the hit after a fifth of a second."""
    rtcc.fault("hang", path="/v1/heartbeat")
    with beating(tmp_path, rtcc, hit_timeout_s=20, stall_timeout_s=20) as u:
        tell(u)
        end = time.monotonic() + 5
        while not rtcc.requests("/v1/heartbeat") and time.monotonic() < end:
            time.sleep(0.02)
        began = time.monotonic()
        u.offer(1, body(1))
        assert u.answer() == (1, "acknowledged", 201)
        assert time.monotonic() - began < 1
        assert u.wait(lambda s: s["acknowledged"] == 1, 3, "the hit")["state"] == "ok"
        began = time.monotonic()
        assert u.stop() == 0 and time.monotonic() - began < 2


def test_hits_go_first(tmp_path, certs):
    """While a slow hit is under way another one and a heartbeat come: the hit is next."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / "server.crt", certs / "server.key")
    with Plain(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", context, drip=0.02) as slow:
        keys = {**Rtcc(tmp_path / "r", certs).uplink(heartbeat_s=60), "url": slow.url}
        with Uplink(tmp_path, keys) as u:
            u.offer(1, body(1))
            while b"POST /v1/hits" not in slow.got:
                time.sleep(0.01)
            tell(u)
            u.offer(2, body(2))
            assert [u.answer() for _ in range(2)] == [(1, "acknowledged", 201), (2, "acknowledged", 201)]
            u.wait(lambda s: s["heartbeats_acknowledged"] == 1, 10, "the heartbeat")
        assert re.findall(rb"POST (\S+)", slow.got) == [b"/v1/hits", b"/v1/hits", b"/v1/heartbeat"]


def test_an_rtcc_that_takes_none_is_no_trouble(tmp_path, rtcc):
    rtcc.fault(404, path="/v1/heartbeat")
    with Uplink(tmp_path, rtcc.uplink(heartbeat_s=0.3)) as u:
        tell(u)
        s = u.wait(lambda s: s["heartbeats"] >= 3, 5, "heartbeats")
        assert (s["state"], s["detail"], s["heartbeats_acknowledged"]) == ("ok", "RTCC reached", 0)


def test_an_rtcc_that_is_away_gets_the_newest_alone(tmp_path, certs):
    rtcc = Rtcc(tmp_path / "rtcc", certs)
    with Uplink(tmp_path, rtcc.uplink(heartbeat_s=0.5)) as u:
        tell(u, status("device", "door", "cabinet door is open"), status("parent"))
        u.wait(lambda s: s["heartbeats"] >= 3 and s["state"] == "offline", 10, "failures")
        tell(u, status("device"))
        with rtcc:
            beats = arrived(rtcc, 2, 8)
            assert "cabinet door" not in str(beats)


def test_a_question_that_the_rtcc_keeps_makes_room(tmp_path, rtcc):
    with Uplink(tmp_path, rtcc.uplink(heartbeat_s=2, hotlist_poll_s=60, hotlist_wait_s=20)) as u:
        u.parent.send(status("parent"))
        u.wait(lambda s: s["heartbeats_acknowledged"] >= 3, 9, "heartbeats")
        assert u.state["hotlist_polls"] >= 3 # each of them kept until the next heartbeat
        rtcc.publish(b"bundle")
        assert u.bundle(1)[0] == b"bundle"
