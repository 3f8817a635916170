# SPDX-License-Identifier: Apache-2.0
"""Evidence requests by the real uplink: this test plays parent and store, a real nginx is the RTCC. Bytes go there and back, hits go first."""
import fcntl
import hashlib
import os
import time

import pytest

from tests.rtcc import Rtcc
from tests.rtcc.evidence import ANSWERS, REQUESTS
from tests.rtcc.sample import body
from tests.system.roles import message, sealed, status
from tests.system.uplink_role import Uplink

REQUEST = b"eyJhbGciOiJFUzI1NiJ9.eyJwbGF0ZSI6IlRFU1QwMSJ9.c2lnbmF0dXJl"
ANSWER = b"eyJhbGciOiJFQ0RILUVTIn0..aXY." + os.urandom(3000).hex().encode() + b".dGFn"
LARGE = os.urandom(3 << 20) + b"the end"
PART = 256 << 10


def asking(folder, rtcc, **keys) -> Uplink:
    return Uplink(folder, rtcc.uplink(**{"evidence_poll_s": 0.1, **keys}))


@pytest.fixture(scope="module")
def one_rtcc(certs, tmp_path_factory):
    with Rtcc(tmp_path_factory.mktemp("rtcc"), certs) as made:
        yield made


@pytest.fixture
def rtcc(one_rtcc):
    """As if it had just been started: nothing has come, nothing is asked."""
    one_rtcc.heal()
    for file in (file for name in ("evidence/queue", "evidence/answers", "evidence/parts", "events") for file in (one_rtcc.folder / name).glob("*.*")):
        file.unlink()
    for file in (one_rtcc.folder / "evidence/parts").iterdir():
        file.unlink()
    for file in (one_rtcc.folder / "requests.jsonl", one_rtcc.folder / "heartbeats.jsonl", one_rtcc.folder / "nginx-access.jsonl",
                 one_rtcc.run / "nginx-access.jsonl"):
        if file.exists():
            os.truncate(file, 0)
    (one_rtcc.folder / "hotlist.bin").unlink(missing_ok=True)
    return one_rtcc


@pytest.fixture
def uplink(tmp_path, rtcc):
    with asking(tmp_path, rtcc) as u:
        yield u


def posts(rtcc) -> list:
    return [r for r in rtcc.requests() if r["path"].startswith(f"{ANSWERS}/")]


def until(condition, seconds: float, what: str):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"still waiting for {what}"
        time.sleep(0.01)
    return value


def answered(u, rtcc, request: bytes = REQUEST, answer: bytes = ANSWER) -> str:
    """A whole round; the digest."""
    digest = rtcc.evidence.ask(request)
    number, given = u.request()
    assert given == request
    u.request_done(number, answer)
    assert rtcc.evidence.wait(digest) == answer
    return digest


# --- the ordinary way ------------------------------------------------------------------------------------------------


def test_a_request_goes_to_the_store_and_its_answer_comes_back(uplink, rtcc):
    digest = answered(uplink, rtcc)
    assert digest == hashlib.sha256(REQUEST).hexdigest()
    line, = posts(rtcc)
    assert (line["Content-Type"], line["Content-Range"], line["status"], line["bytes"]) == ("application/jose", None, 201, len(ANSWER))
    for i in range(3):
        answered(uplink, rtcc, b"%d." % i + REQUEST, b"%d" % i + ANSWER)
    s = uplink.wait(lambda s: s["evidence_answers"] == 4, 3, "answers to be counted")
    assert (s["state"], s["evidence_requests"], s["evidence_problems"], s["evidence_retries"], s["evidence_cuts"]) == ("ok", 4, 0, 0, 0)
    assert s["bytes_sent"] == s["bytes_sent_evidence"] > 4 * len(ANSWER)
    assert uplink.request(0.3) is None # none is asked twice


def test_a_reason_comes_back_as_a_problem(uplink, rtcc):
    for why, said in (("the purpose is not on this box's list", None), (b"\xff\x01\"\\" * 40, '??"\\' * 39 + '??"'), (b"", "no reason given")):
        digest = rtcc.evidence.ask(os.urandom(20).hex().encode())
        uplink.request_done(uplink.request()[0], why=why)
        assert until(lambda: rtcc.evidence.problem(digest), 5, "the reason") == {
            "type": "urn:alpr:problem:evidence", "title": "no evidence is given", "detail": said or why}
    assert [r["Content-Type"] for r in posts(rtcc)] == ["application/problem+json"] * 3
    uplink.wait(lambda s: (s["evidence_problems"], s["evidence_answers"]) == (3, 0), 3, "problems to be counted")


def test_a_large_answer_goes_in_parts(uplink, rtcc):
    answered(uplink, rtcc, answer=LARGE)
    n, parts = len(LARGE), len(LARGE) // PART
    assert [(r["status"], r["Content-Range"]) for r in posts(rtcc)] == [
        *((202, f"bytes {i * PART}-{(i + 1) * PART - 1}/{n}") for i in range(parts)), (201, f"bytes {parts * PART}-{n - 1}/{n}")]
    s = uplink.wait(lambda s: s["evidence_answers"] == 1, 3, "the answer to be counted")
    assert s["bytes_sent_evidence"] == sum(r["bytes_in"] for r in rtcc.door()) > n


def test_every_length(uplink, rtcc):
    for len_, n in (1, 1), (PART, 1), (PART + 1, 2), (2 * PART, 2):
        before = len(posts(rtcc))
        answered(uplink, rtcc, b"%d" % len_, LARGE[:len_])
        assert len(posts(rtcc)) == before + n


def test_an_rtcc_that_knows_of_no_parts_gets_it_whole(uplink, rtcc):
    rtcc.fault("noparts", path=ANSWERS)
    answered(uplink, rtcc, answer=LARGE)
    assert [(r["status"], r["bytes"]) for r in posts(rtcc)] == [(201, PART), (201, len(LARGE))]
    answered(uplink, rtcc, b"2" + REQUEST, LARGE) # and is not tried again
    assert len(posts(rtcc)) == 3


def test_as_large_as_an_answer_can_be(uplink, rtcc):
    """96 MiB, sent from where it lies: no copy is made of it."""
    fd = os.memfd_create("answer", os.MFD_ALLOW_SEALING)
    for _ in range(96):
        os.write(fd, LARGE[:1 << 20])
    fcntl.fcntl(fd, 1033, 0xF)
    digest = rtcc.evidence.ask(REQUEST)
    uplink.request_done(uplink.request()[0], fd=fd, is_sealed=1)
    rtcc.evidence.wait(digest, 30)
    assert (rtcc.folder / f"evidence/answers/{digest}.jwe").stat().st_size == 96 << 20
    anonymous = next(line for line in open(f"/proc/{uplink.process.pid}/status", encoding="ascii") if line.startswith("VmData"))
    assert int(anonymous.split()[1]) < 24 << 10


def test_nothing_is_asked_without_a_store_or_when_told_not_to(tmp_path, rtcc):
    rtcc.evidence.ask(REQUEST)
    with asking(tmp_path, rtcc, evidence_poll_s=0) as u:
        assert u.request(0.5) is None
    u = asking(tmp_path, rtcc)
    with u:
        assert u.request()[1] == REQUEST
        asked = len(rtcc.requests(REQUESTS))
        u.store.close()
        time.sleep(0.5)
        assert len(rtcc.requests(REQUESTS)) <= asked + 1


def test_an_rtcc_that_asks_for_none(tmp_path, rtcc):
    rtcc.fault(404, path=REQUESTS)
    with asking(tmp_path, rtcc) as u:
        until(lambda: len(rtcc.requests(REQUESTS)) >= 4, 5, "four questions")
        s = u.wait(lambda s: s["evidence_polls"] >= 4, 3, "polls to be counted")
        assert (s["http_errors"], s["evidence_requests"]) == (0, 0) and s["state"] in ("idle", "ok")


def test_stopping_with_an_answer_in_hand_is_quick(tmp_path, rtcc):
    with asking(tmp_path, rtcc) as u:
        rtcc.fault("hang", path=ANSWERS)
        rtcc.evidence.ask(REQUEST)
        u.request_done(u.request()[0], ANSWER)
        until(lambda: posts(rtcc), 5, "the answer under way")
        started = time.monotonic()
        assert u.stop() == 0 and time.monotonic() - started < 2


# --- hits first ------------------------------------------------------------------------------------------------------


def slow_upload(u, rtcc, answer: bytes) -> str:
    """An answer is on its way, 2.5 MB a second; its digest."""
    digest = rtcc.evidence.ask(REQUEST)
    number, _ = u.request()
    rtcc.fault("sip", path=ANSWERS)
    u.request_done(number, answer)
    time.sleep(0.6)
    return digest


def hit_latency(u, number: int) -> float:
    started = time.monotonic()
    u.offer(number, body(number))
    assert u.answer() == (number, "acknowledged", 201)
    return time.monotonic() - started


def test_a_hit_does_not_wait_for_sixty_megabytes(uplink, rtcc):
    answer = LARGE * 20
    digest = slow_upload(uplink, rtcc, answer)
    waits = []
    for i in range(1, 21):
        waits.append(hit_latency(uplink, i))
        time.sleep(0.03)
    print("hits waited, ms:", sorted(round(1000 * w) for w in waits))
    assert max(waits) < 0.8
    assert rtcc.evidence.answer(digest) is None
    rtcc.heal()
    assert rtcc.evidence.wait(digest, 20) == answer
    assert uplink.wait(lambda s: s["evidence_answers"] == 1, 3, "the answer to be counted")["evidence_retries"] == 0


def test_nor_for_one_that_goes_out_whole(uplink, rtcc):
    rtcc.fault("noparts", path=ANSWERS)
    answered(uplink, rtcc, answer=LARGE)
    digest = rtcc.evidence.ask(b"2" + REQUEST)
    number, _ = uplink.request()
    rtcc.fault("sip", path=ANSWERS) # 1.2 s
    uplink.request_done(number, LARGE)
    time.sleep(0.5)
    assert hit_latency(uplink, 1) < 0.8
    assert rtcc.evidence.wait(digest) == LARGE # begun again after the cut
    assert uplink.wait(lambda s: s["evidence_answers"] == 2, 3, "the answer to be counted")["evidence_cuts"] == 1


def test_heartbeats_and_the_hotlist_go_between_the_parts(tmp_path, rtcc):
    with asking(tmp_path, rtcc, heartbeat_s=0.5, hotlist_poll_s=0.5, hotlist_wait_s=25) as u:
        rtcc.publish(b"list 1")
        u.parent.send(status("parent"))
        u.bundle_done(True, 1, u.bundle()[1])
        digest = slow_upload(u, rtcc, LARGE * 2) # 2.6 s
        beats = len(rtcc.heartbeats())
        rtcc.publish(b"list 2")
        assert u.bundle(2)[0] == b"list 2" and rtcc.evidence.answer(digest) is None
        rtcc.evidence.wait(digest)
        assert len(rtcc.heartbeats()) >= beats + 2


def test_an_answer_does_not_wait_for_news_of_the_hotlist(tmp_path, rtcc):
    with asking(tmp_path, rtcc, hotlist_poll_s=60, hotlist_wait_s=25, evidence_poll_s=9) as u:
        digest = rtcc.evidence.ask(REQUEST)
        number, _ = u.request()
        kept = lambda: [r for r in rtcc.door() if r["uri"] == "/v1/hotlist"]  # noqa: E731
        until(kept, 3, "the first question, which the RTCC may not keep")
        time.sleep(0.3) # the second it keeps for some seconds
        assert len(kept()) == 1
        started = time.monotonic()
        u.request_done(number, ANSWER)
        rtcc.evidence.wait(digest)
        assert time.monotonic() - started < 1


# --- an RTCC that is away --------------------------------------------------------------------------------------------


def test_an_answer_is_kept_until_the_rtcc_is_back(uplink, rtcc):
    digest = rtcc.evidence.ask(REQUEST)
    number, _ = uplink.request()
    rtcc.stop()
    uplink.request_done(number, LARGE)
    s = uplink.wait(lambda s: s["evidence_retries"] >= 2, 5, "two attempts")
    assert s["state"] == "offline" and "evidence: connection refused" in s["detail"]
    rtcc.start()
    assert rtcc.evidence.wait(digest) == LARGE
    uplink.wait(lambda s: s["state"] == "ok", 3, "the state")


def test_an_outage_in_the_middle_of_the_parts(uplink, rtcc):
    digest = slow_upload(uplink, rtcc, LARGE)
    rtcc.stop()
    rtcc.heal()
    time.sleep(0.3)
    rtcc.start()
    assert rtcc.evidence.wait(digest) == LARGE
    assert sum(r["bytes"] for r in posts(rtcc)) <= len(LARGE) + 2 * PART # what it had was not sent again


def test_parts_that_the_rtcc_has_lost(uplink, rtcc):
    digest = rtcc.evidence.ask(REQUEST)
    number, _ = uplink.request()
    rtcc.fault("sip", count=1, path=ANSWERS, then="forget")
    uplink.request_done(number, LARGE)
    assert rtcc.evidence.wait(digest) == LARGE
    assert [r["status"] for r in posts(rtcc)] == [202, 416, *[202] * (len(LARGE) // PART), 201]


def test_an_acknowledgement_that_is_lost(uplink, rtcc):
    digest = rtcc.evidence.ask(REQUEST)
    number, _ = uplink.request()
    rtcc.fault("acklost", count=1, path=ANSWERS)
    uplink.request_done(number, ANSWER)
    uplink.wait(lambda s: s["evidence_answers"] == 1, 5, "the answer to be taken")
    assert rtcc.evidence.wait(digest) == ANSWER
    assert [r.get("status") for r in posts(rtcc)] == [None, 200]


def test_an_rtcc_that_does_not_take_it_now_gets_it_later(tmp_path, rtcc):
    modes = [500, 403, 429, "page", "hang", "huge", "redirect", "drop"]
    with asking(tmp_path, rtcc, hit_timeout_s=0.3) as u:
        for i, mode in enumerate(modes):
            rtcc.fault(mode, count=2, path=ANSWERS)
            answered(u, rtcc, b"%d" % i)
            assert len(posts(rtcc)) == 3 * (i + 1), mode
        s = u.wait(lambda s: s["evidence_answers"] == len(modes), 3, "answers to be counted")
        assert 2 * len(modes) - 2 <= s["evidence_retries"] <= 2 * len(modes) # a connection that was kept and dropped libcurl makes anew itself


def test_one_that_the_rtcc_will_not_have_is_dropped(uplink, rtcc):
    for i, mode in enumerate([404, 409, 410, 415]):
        rtcc.fault(mode, count=1, path=ANSWERS)
        digest = rtcc.evidence.ask(b"%d" % i)
        uplink.request_done(uplink.request()[0], ANSWER)
        until(lambda: len(posts(rtcc)) == 2 * i + 1, 5, "the answer")
        (rtcc.evidence.folder / f"answers/{digest}.given-up").touch()
        answered(uplink, rtcc, b"%d" % i + REQUEST)
        assert [r["status"] for r in posts(rtcc)][-2:] == [mode, 201]


def test_one_that_is_too_large_for_the_rtcc_is_followed_by_a_reason(uplink, rtcc):
    rtcc.fault(413, count=1, path=ANSWERS)
    digest = rtcc.evidence.ask(REQUEST)
    uplink.request_done(uplink.request()[0], ANSWER)
    assert until(lambda: rtcc.evidence.problem(digest), 5, "the reason")["detail"] == f"the RTCC takes no answer of {len(ANSWER)} bytes"


# --- an RTCC that is hostile -----------------------------------------------------------------------------------------


def test_what_is_no_request_never_reaches_the_store(tmp_path, rtcc):
    """Tried again as any failure, without effort; hits go out meanwhile; and all is well when the RTCC is."""
    modes = ["longer", "type:text/html", "type:application/josephine", "huge", "redirect", "page", "hang", "drip", "drop", 500, 401]
    with asking(tmp_path, rtcc, hit_timeout_s=0.4, evidence_poll_s=0.15) as u:
        digest = rtcc.evidence.ask(REQUEST)
        number, _ = u.request() # by now it is connected
        u.request_done(number, ANSWER)
        rtcc.evidence.wait(digest)
        digest = rtcc.evidence.ask(b"2" + REQUEST)
        for i, mode in enumerate(modes):
            rtcc.fault(mode, path=REQUESTS)
            before, cpu = len(rtcc.requests(REQUESTS)), u.cpu_seconds()
            until(lambda: len(rtcc.requests(REQUESTS)) >= before + 2, 5, mode)
            assert u.cpu_seconds() - cpu < 0.3, mode
            assert len(rtcc.requests(REQUESTS)) <= before + 4, mode
            u.offer(i, body(i))
            m = until(lambda: u.store.receive(0.8), 2, "an answer for the hit")
            assert m[0] == "WIRE_HIT_DONE", mode
        u.wait(lambda s: "evidence: HTTP 401" in s["detail"] and s["state"] == "degraded", 3, "the trouble in the status")
        rtcc.heal()
        number, given = u.request()
        assert given == b"2" + REQUEST
        u.request_done(number, ANSWER)
        assert rtcc.evidence.wait(digest) == ANSWER


def test_whatever_it_is_the_store_gets_it_as_it_came(uplink, rtcc):
    for nonsense in (b"\0", b"\xff" * 16384, b"GET / HTTP/1.1\r\n\r\n", b"{}"):
        digest = rtcc.evidence.ask(nonsense)
        number, given = uplink.request()
        assert given == nonsense
        uplink.request_done(number, why="not a request")
        until(lambda: rtcc.evidence.problem(digest), 5, "the reason")


def test_a_request_of_no_bytes_is_none(uplink, rtcc):
    rtcc.evidence.ask(b"")
    assert uplink.request(0.5) is None


def test_the_same_request_again_and_again_is_given_once(uplink, rtcc):
    answered(uplink, rtcc)
    rtcc.fault("again", path=REQUESTS)
    before = len(rtcc.requests(REQUESTS))
    assert uplink.request(0.8) is None
    assert 2 <= len(rtcc.requests(REQUESTS)) - before <= 10 # one every 0.1 s
    rtcc.heal()
    answered(uplink, rtcc, b"2" + REQUEST)


def test_refusals_are_followed_at_leisure_and_answers_at_once(tmp_path, rtcc):
    with asking(tmp_path, rtcc, evidence_poll_s=2) as u:
        for i in range(4):
            rtcc.evidence.ask(b"%d" % i)
        u.request_done(u.request()[0], ANSWER)
        started = time.monotonic()
        u.request_done(u.request()[0], why="no")
        assert time.monotonic() - started < 1.8
        assert u.request(1.2) is None and u.request(2) is not None


# --- a store that is away, or has gone wrong -------------------------------------------------------------------------


def test_a_store_that_is_started_anew_is_asked_once_more(uplink, rtcc):
    digest = rtcc.evidence.ask(REQUEST)
    uplink.request()
    uplink.reconnect()
    number, given = uplink.request()
    assert given == REQUEST
    uplink.request_done(number, ANSWER)
    assert rtcc.evidence.wait(digest) == ANSWER


def test_and_no_more_than_once(uplink, rtcc):
    digest = rtcc.evidence.ask(REQUEST)
    for _ in range(2):
        assert uplink.request()[1] == REQUEST
        uplink.reconnect()
    problem = until(lambda: rtcc.evidence.problem(digest), 5, "the reason")
    assert problem["detail"] == "the store was started anew while it was answering"
    answered(uplink, rtcc, b"2" + REQUEST)


def test_an_answer_in_hand_survives_the_store(uplink, rtcc):
    digest = slow_upload(uplink, rtcc, LARGE)
    uplink.reconnect()
    assert rtcc.evidence.wait(digest) == LARGE


def test_an_answer_that_is_none_is_refused(uplink, rtcc):
    for i, wrong in enumerate(["number", "sealed without", "reason with", "nobody asked"]):
        digest = rtcc.evidence.ask(b"%d" % i)
        number, _ = uplink.request()
        if wrong == "number":
            uplink.request_done(number + 1, ANSWER)
        elif wrong == "sealed without":
            uplink.request_done(number, is_sealed=1)
        elif wrong == "reason with":
            uplink.request_done(number, ANSWER, is_sealed=0)
        uplink.request_done(number, b"right" + ANSWER)
        if wrong == "nobody asked":
            uplink.request_done(number, ANSWER)
        assert rtcc.evidence.wait(digest) == b"right" + ANSWER
    uplink.wait(lambda s: s.get("messages_refused") == 4, 3, "the messages to be refused")
    assert len(posts(rtcc)) == 4


def test_a_gift_that_is_none_is_a_reason(uplink, rtcc):
    for i, fd in enumerate([sealed(ANSWER, seal=False), sealed(b""), os.open("/dev/null", os.O_RDONLY), os.open("/", os.O_RDONLY)]):
        digest = rtcc.evidence.ask(b"%d" % i)
        uplink.request_done(uplink.request()[0], fd=fd, is_sealed=1)
        problem = until(lambda: rtcc.evidence.problem(digest), 5, "the reason")
        assert problem["detail"] == "the store's answer is none"


def test_nothing_is_left_open(uplink, rtcc):
    answered(uplink, rtcc)
    before = len(os.listdir(f"/proc/{uplink.process.pid}/fd"))
    for i in range(1, 4):
        answered(uplink, rtcc, b"%d" % i + REQUEST)
        uplink.request_done(1000 + i, ANSWER)
        uplink.store.send(message("WIRE_REQUEST_DONE", "QB160s7x", 1, 1, b""))
    assert len(os.listdir(f"/proc/{uplink.process.pid}/fd")) == before
    assert not [line for line in open(f"/proc/{uplink.process.pid}/maps", encoding="ascii") if "memfd" in line]
