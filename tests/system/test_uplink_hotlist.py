# SPDX-License-Identifier: Apache-2.0
"""How the real uplink keeps the hotlist current: this test plays parent and store, a real nginx is the RTCC's door."""
import os
import ssl
import time

import pytest

from tests.rtcc import Rtcc
from tests.rtcc.hotlist import name_of
from tests.rtcc.sample import body
from tests.system.uplink_role import Plain, Uplink

# --- asked for now and then -----------------------------------------------------------------------------------------------


def test_hotlist_is_handed_over_once(tmp_path, rtcc):
    first, second = os.urandom(300_000), b"second"
    rtcc.publish(first)
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=0.3)) as u:
        data, etag = u.bundle()
        assert data == first and etag == f'"{name_of(first)}"'
        u.bundle_done(True, 1, etag)
        u.wait(lambda s: s["hotlist_polls"] >= 4, 10, "further polls")
        assert u.bundle(0.1) is None # 304 from now on
        assert [r["status"] for r in rtcc.requests("/v1/hotlist")][:3] == [200, 304, 304]
        rtcc.publish(second)
        data, etag = u.bundle()
        assert data == second
        u.bundle_done(True, 2, etag)
        s = u.wait(lambda s: s["hotlist_accepted"] == 2, 5, "both accepted")
        assert s["hotlist_offered"] == 2 and s["state"] == "ok"
        assert s["bytes_sent"] == s["bytes_sent_hotlist"] > 0 and s["bytes_sent_hits"] == 0


def test_a_hotlist_that_the_store_lost_is_fetched_again(tmp_path, rtcc):
    rtcc.publish(b"bundle")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60)) as u:
        data, etag = u.bundle()
        u.bundle_done(True, 1, etag)
        u.in_force(0, "")
        assert u.bundle(10) == (data, etag)  # long before the next question is due
        u.bundle_done(True, 1, etag)
        u.wait(lambda s: s["hotlist_accepted"] == 2, 5, "both accepted")


def test_refused_hotlist_is_not_fetched_again_and_again(tmp_path, rtcc):
    rtcc.publish(b"bad bundle")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=0.2)) as u:
        end, refusals = time.monotonic() + 3, 0
        while (offered := u.bundle(end - time.monotonic())) is not None:
            u.bundle_done(False, 1, offered[1])
            refusals += 1
        assert 2 <= refusals <= 5 # after 0.4, 0.8, 1.6 … s
        rtcc.publish(b"good bundle")
        assert u.bundle(1)[0] == b"good bundle"


def test_what_follows_a_refused_hotlist_comes_at_once(tmp_path, rtcc):
    rtcc.publish(b"bad bundle")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=30, hotlist_wait_s=20), has=(1, '"the-first"')) as u:
        u.bundle_done(False, 1, bad := u.bundle()[1])
        u.wait(lambda s: s["hotlist_polls"] == 2, 5, "the next question")
        time.sleep(0.3) # the RTCC keeps it
        rtcc.publish(b"good bundle")
        assert u.bundle(2)[0] == b"good bundle"
        assert rtcc.requests("/v1/hotlist")[-1]["If-None-Match"] == f'"the-first", {bad}'


def test_an_rtcc_that_heeds_one_etag_alone_sends_a_refused_hotlist_twice(tmp_path, rtcc):
    rtcc.publish(b"bad bundle")
    rtcc.fault("plain", path="/v1/hotlist")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=1), has=(1, '"the-first"')) as u:
        u.bundle_done(False, 1, u.bundle()[1])
        assert u.bundle(1.5) is None # it is not offered again, nor asked for all the time
        assert len(rtcc.requests("/v1/hotlist")) == 2


def test_oversized_hotlist_is_not_taken(tmp_path, rtcc):
    rtcc.publish(bytes(5000))
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=0.2, hotlist_max_bytes=4000)) as u:
        u.wait(lambda s: s["state"] == "offline" and "answer too large" in s["detail"], 5, "too large")
        assert u.bundle(0.5) is None
        rtcc.fault("huge", path="/v1/hotlist")
        assert u.bundle(1) is None
        rtcc.heal()
        rtcc.publish(bytes(3000))
        assert u.bundle(5)[0] == bytes(3000)


def test_endless_hotlist_is_cut(tmp_path, certs):
    """A body of no announced length: the limit holds while it streams."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / "server.crt", certs / "server.key")
    with Plain(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1 << 20), context) as server:
        keys = {**Rtcc(tmp_path / "r", certs).uplink(), "url": server.url, "hotlist_poll_s": 0.2, "hotlist_max_bytes": 4000}
        with Uplink(tmp_path, keys) as u:
            u.wait(lambda s: "answer too large" in s["detail"], 5, "too large")
            assert u.bundle(0.5) is None


def test_half_a_hotlist_is_none(tmp_path, certs):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / "server.crt", certs / "server.key")
    with Plain(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + bytes(1000), context) as server:
        with Uplink(tmp_path, {**Rtcc(tmp_path / "r", certs).uplink(), "url": server.url, "hotlist_poll_s": 0.2}) as u:
            u.wait(lambda s: "connection lost" in s["detail"], 5, "connection lost")
            assert u.bundle(0.5) is None


@pytest.mark.parametrize("mode", ["hang", "drip"])
def test_stalled_hotlist_is_given_up(tmp_path, rtcc, mode):
    """A bundle may take long, as long as it moves."""
    rtcc.fault(mode, count=1, path="/v1/hotlist")
    rtcc.publish(b"bundle")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=0.2)) as u:
        started = time.monotonic()
        assert u.bundle(30)[0] == b"bundle"
        assert 1 < time.monotonic() - started < 15
        assert u.wait(lambda s: s["state"] == "ok", 5, "ok")["timeouts"] == 1


def test_no_hotlist_published_is_no_failure(tmp_path, rtcc):
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=0.2)) as u:
        u.wait(lambda s: s["hotlist_polls"] >= 3, 5, "polls")
        assert u.state["state"] == "ok" and u.state["http_errors"] == 0


def test_hits_go_before_the_hotlist_and_it_comes_back(tmp_path, rtcc):
    rtcc.publish(os.urandom(100_000))
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=0.1)) as u:
        for i in range(1, 6):
            u.offer(i, body(i))
        got = {u.store.receive(5)[0] for _ in range(6)}
        assert got == {"WIRE_HIT_DONE", "WIRE_BUNDLE"}
        u.reconnect() # with the bundle unanswered
        assert u.bundle(5) is not None


# --- news at once ---------------------------------------------------------------------------------------------------------


def has(u, rtcc, data: bytes, version: int = 1) -> str:
    """The box gets this list and accepts it; its ETag."""
    rtcc.publish(data)
    got, etag = u.bundle()
    assert got == data
    u.bundle_done(True, version, etag)
    return etag


def test_news_come_at_once(tmp_path, rtcc):
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60, hotlist_wait_s=20)) as u:
        has(u, rtcc, b"first")
        for version in (2, 3, 4):
            u.wait(lambda s: s["hotlist_accepted"] == version - 1, 5, "accepted")
            time.sleep(0.5)
            published = time.monotonic()
            has(u, rtcc, b"list %d" % version, version)
            assert time.monotonic() - published < 1
        # One question each, kept by the RTCC meanwhile, and the first two: what there is, and the next.
        assert u.wait(lambda s: s["hotlist_accepted"] == 4, 5, "accepted")["hotlist_polls"] <= 6


def test_an_rtcc_that_keeps_no_question_is_asked_now_and_then(tmp_path, rtcc):
    rtcc.fault("plain", path="/v1/hotlist")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=1, hotlist_wait_s=20)) as u:
        has(u, rtcc, b"first")
        time.sleep(3)
        assert 3 <= len(rtcc.requests("/v1/hotlist")) <= 6
        has(u, rtcc, b"second", 2)


def test_a_kept_question_makes_room_for_a_hit(tmp_path, rtcc):
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60, hotlist_wait_s=20)) as u:
        has(u, rtcc, b"first")
        u.wait(lambda s: s["hotlist_accepted"] == 1, 5, "accepted")
        for i in (1, 2, 3):
            time.sleep(0.3)
            asked = time.monotonic()
            u.offer(i, body(i))
            assert u.answer() == (i, "acknowledged", 201)
            assert time.monotonic() - asked < 0.5
        has(u, rtcc, b"second", 2)
        s = u.wait(lambda s: s["hotlist_accepted"] == 2, 5, "accepted")
        assert s["state"] == "ok" and s["retries"] == s["transfer_failures"] == 0


def test_a_kept_question_that_nobody_answers_is_given_up(tmp_path, rtcc):
    """As behind a link that went away without a word."""
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60, hotlist_wait_s=1)) as u:
        has(u, rtcc, b"first")
        rtcc.fault("hang", count=1, path="/v1/hotlist")
        u.wait(lambda s: s["timeouts"] == 1, 15, "a timeout")
        has(u, rtcc, b"second", 2)


def test_the_list_does_not_wait_for_the_hits_back_off(tmp_path, rtcc):
    rtcc.fault("500")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=1, retry_min_s=30, retry_max_s=60)) as u:
        u.offer(1, body(1))
        assert u.answer()[1] == "later"
        has(u, rtcc, b"first")
        s = u.wait(lambda s: s["hotlist_accepted"] == 1, 5, "accepted")
        assert (s["state"], s["sent"]) == ("degraded", 1) and "HTTP 500; next attempt in" in s["detail"]


# --- deltas ---------------------------------------------------------------------------------------------------------------


def test_a_delta_comes_instead_of_the_whole(tmp_path, rtcc):
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60, hotlist_wait_s=20)) as u:
        has(u, rtcc, b"first")
        rtcc.publish(b"second", {b"first": b"from first to second"})
        data, etag = u.bundle()
        assert data == b"from first to second" and etag == f'"{name_of(b"second")}"'
        u.bundle_done(True, 2, etag)
        rtcc.publish(b"third") # no delta
        assert u.bundle()[0] == b"third"
        s = u.wait(lambda s: s["hotlist_offered"] == 3, 5, "offers")
        assert s["hotlist_deltas"] == 1
        asked = rtcc.requests("/v1/hotlist")
        assert "A-IM" not in asked[0] and [r["status"] for r in asked if r["status"] != 404] == [200, 226, 200]


def test_a_store_that_cannot_use_a_delta_gets_the_whole(tmp_path, rtcc):
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60, hotlist_wait_s=20)) as u:
        has(u, rtcc, b"first")
        rtcc.publish(b"second", {b"first": b"of no use"})
        data, etag = u.bundle()
        u.bundle_done(False, 1, etag)
        assert u.bundle(2) == (b"second", etag)
        u.bundle_done(True, 2, etag)
        rtcc.publish(b"third", {b"second": b"of use"})
        assert u.bundle(2)[0] == b"of use" # the next may be a delta again


@pytest.mark.parametrize("head", [
    b"HTTP/1.1 226 IM Used\r\nETag: \"b\"\r\nIM: alpr-delta\r\nDelta-Base: \"another\"\r\n",
    b"HTTP/1.1 226 IM Used\r\nETag: \"b\"\r\nIM: alpr-delta\r\n",
    b"HTTP/1.1 226 IM Used\r\nETag: \"b\"\r\nIM: vcdiff\r\nDelta-Base: \"a\"\r\n",
    b"HTTP/1.1 206 Partial Content\r\nETag: \"b\"\r\nContent-Range: bytes 0-4/5\r\n",
])
def test_what_was_not_asked_for_is_not_taken(tmp_path, certs, head):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / "server.crt", certs / "server.key")
    with Plain(head + b"Content-Length: 5\r\n\r\nhello", context) as server:
        with Uplink(tmp_path, {**Rtcc(tmp_path / "r", certs).uplink(), "url": server.url, "hotlist_poll_s": 60}, has=(1, '"a"')) as u:
            u.wait(lambda s: "not what was asked for" in s["detail"] and s["hotlist_polls"] >= 2, 5, "odd answers")
            assert u.bundle(0.3) is None
            asked = server.got.split(b"GET /v1/hotlist")[1:]
            assert b"A-IM" in asked[0] and b"A-IM" not in asked[-1] # no delta is asked for any more


# --- after a cut ----------------------------------------------------------------------------------------------------------


def statuses(rtcc) -> list:
    return [r["status"] for r in rtcc.requests("/v1/hotlist")]


def test_a_cut_is_gone_on_with(tmp_path, rtcc):
    data = os.urandom(400_000)
    rtcc.publish(data)
    rtcc.fault("cut", count=3, path="/v1/hotlist")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60)) as u:
        assert u.bundle(10)[0] == data
        assert statuses(rtcc) == [200, 206, 206, 206]
        assert [r.get("Range") for r in rtcc.requests("/v1/hotlist")] == [None, "bytes=200000-", "bytes=300000-", "bytes=350000-"]
        assert u.wait(lambda s: s["hotlist_resumed"] == 3, 5, "resumed")["hotlist_offered"] == 1


def test_another_list_after_a_cut_comes_whole(tmp_path, rtcc):
    rtcc.publish(os.urandom(400_000))
    rtcc.fault("cut", count=1, path="/v1/hotlist")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60, retry_min_s=4, retry_max_s=4)) as u:
        u.wait(lambda s: s["transfer_failures"] == 1, 5, "a cut")
        rtcc.publish(later := os.urandom(500_000))
        assert u.bundle(10)[0] == later
        assert statuses(rtcc) == [200, 200]


def test_a_shorter_list_after_a_cut_comes_whole(tmp_path, rtcc):
    """The ETag is the same, the bytes are not: the door says so (416), and it is begun anew."""
    rtcc.publish(os.urandom(400_000))
    rtcc.fault("cut", count=1, path="/v1/hotlist")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60, retry_min_s=4, retry_max_s=4)) as u:
        u.wait(lambda s: s["transfer_failures"] == 1, 5, "a cut")
        rtcc.fault("416", count=1, path="/v1/hotlist")
        assert len(u.bundle(10)[0]) == 400_000
        assert statuses(rtcc) == [200, 416, 200]


@pytest.mark.parametrize("words", ["bytes 0-399999/400000", "bytes 200000-399999/500000", "bytes 200000-399999/*", "bytes -200000-399999/400000",
                                   "bytes 200000-199999/400000", "bytes 200000-399999", "bytes 99999999999999999999-99999999999999999999/99999999999999999999",
                                   "pages 1-2/3", ""])
def test_a_part_that_does_not_follow_is_not_taken(tmp_path, rtcc, words):
    data = os.urandom(400_000)
    rtcc.publish(data)
    rtcc.fault("cut", count=1, path="/v1/hotlist", then=f"range:{words}")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60)) as u:
        assert u.bundle(10)[0] == data # whole, after all
        assert statuses(rtcc) == [200, 206, 200]


def test_without_ranges_a_cut_list_comes_whole(tmp_path, rtcc):
    data = os.urandom(400_000)
    rtcc.publish(data)
    rtcc.fault("cut", count=1, path="/v1/hotlist")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60, retry_min_s=4, retry_max_s=4)) as u:
        u.wait(lambda s: s["transfer_failures"] == 1, 5, "a cut")
        rtcc.fault("plain", path="/v1/hotlist")
        assert u.bundle(10)[0] == data
        assert statuses(rtcc) == [200, 200]


def test_a_cut_delta_comes_whole(tmp_path, rtcc):
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60), has=(1, f'"{name_of(b"first")}"')) as u:
        rtcc.fault("cut", count=1, path="/v1/hotlist")
        delta = os.urandom(1000)
        rtcc.publish(b"second", {b"first": delta})
        assert u.bundle(10)[0] == delta
        assert statuses(rtcc)[-2:] == [226, 226]


def test_a_download_makes_room_for_a_hit_and_is_gone_on_with(tmp_path, rtcc):
    data = os.urandom(400_000)
    rtcc.publish(data)
    rtcc.fault("slow", count=1, path="/v1/hotlist")
    with Uplink(tmp_path, rtcc.uplink(hotlist_poll_s=60, stall_timeout_s=20)) as u:
        time.sleep(0.5) # half of it has come
        asked = time.monotonic()
        u.offer(1, body(1))
        assert u.answer() == (1, "acknowledged", 201) and time.monotonic() - asked < 0.5
        assert u.bundle(5)[0] == data
        assert statuses(rtcc) == [200, 206]
