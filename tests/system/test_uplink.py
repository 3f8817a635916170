# SPDX-License-Identifier: Apache-2.0
"""The real uplink, alone: this test plays parent and store, a real nginx is the RTCC, and everything that can go wrong does."""
import json
import os
import socket
import ssl
import time

import pytest

from tests.rtcc import Rtcc
from tests.rtcc.sample import body, hit
from tests.system.roles import message, sealed
from tests.system.uplink_role import Plain, Uplink


@pytest.fixture
def uplink(tmp_path, rtcc):
    with Uplink(tmp_path, rtcc.uplink()) as u:
        yield u


def survives(u, rtcc, state, words, seconds=1.2, fewest=1):
    """Hit 1 is offered to an RTCC that does not take it: kept, told plainly, tried a few times, without effort."""
    u.offer(1, body(1))
    cpu = u.cpu_seconds()
    n = u.retries(seconds)
    # back-off 0.1, 0.2, 0.4, 0.4 … s, each at least half of it
    assert fewest <= n <= 4 + seconds / 0.2, f"{n} attempts in {seconds} s"
    assert u.cpu_seconds() - cpu < 0.25 * seconds
    s = u.wait(lambda s: s["state"] == state and words in s["detail"] and s["retries"] >= n, 5, f"{state}: {words}")
    assert s["acknowledged"] == 0
    if rtcc:
        assert not rtcc.events()


def recovers(u, rtcc):
    """Hit 1 is with the uplink: the RTCC is well again and gets it, once."""
    while (a := u.answer(10))[1] == "later":
        u.offer(1, body(1))
    assert a[:2] == (1, "acknowledged")
    u.wait(lambda s: s["state"] == "ok" and s["acknowledged"] == 1, 5, "acknowledgement in the status")
    assert list(rtcc.events()) == [hit(1)["id"]]


# --- the ordinary way --------------------------------------------------------------------------------------------------


def test_hits_arrive_whole_and_once(uplink, rtcc):
    started = time.monotonic()
    for i in range(1, 21):
        uplink.offer(i, body(i))
        assert uplink.answer() == (i, "acknowledged", 201)
    assert (time.monotonic() - started) / 20 < 0.25
    assert sorted(rtcc.events().values(), key=lambda e: e["id"]) == [hit(i) for i in range(1, 21)]
    s = uplink.wait(lambda s: s["acknowledged"] == 20, 5, "20 acknowledged")
    assert (s["state"], s["retries"], s["refused"], s["hits_waiting"]) == ("ok", 0, 0, 0)
    assert s["bytes_sent_hits"] == sum(r["bytes_in"] for r in rtcc.door()) > sum(len(body(i)) for i in range(1, 21))
    assert s["bytes_sent"] == s["bytes_sent_hits"] and s["bytes_sent_hotlist"] == 0
    assert len({r["verify"] for r in rtcc.door()} | {"SUCCESS"}) == 1
    assert all(r["protocol"] in ("TLSv1.2", "TLSv1.3") for r in rtcc.door())
    assert s["certificate_days"] > 365


def test_four_under_way_and_repeats(uplink, rtcc):
    for i in (1, 2, 3, 4):
        uplink.offer(i, body(i))
    assert sorted(uplink.answer() for _ in range(4)) == [(i, "acknowledged", 201) for i in (1, 2, 3, 4)]
    uplink.offer(5, body(2)) # the same event again: harmless
    assert uplink.answer() == (5, "acknowledged", 200)
    assert len(rtcc.events()) == 4


def test_sandbox_is_closed(uplink):
    uplink.wait(lambda s: s, 5, "a status")
    assert uplink.ready["seccomp"] == 1 and uplink.ready["no_new_privs"] == 1


def test_connection_is_kept(uplink, rtcc):
    for i in range(1, 6):
        uplink.offer(i, body(i))
        uplink.answer()
    rtcc.stop()
    log = (rtcc.folder / "nginx-error.log").read_text()
    assert log.count("client sent") == 0
    assert len({line.split("*")[1].split()[0] for line in log.splitlines() if "keepalive" in line or "closed" in line}) <= 1


def test_stop_sends_what_is_in_hand(uplink, rtcc):
    for i in (1, 2, 3):
        uplink.offer(i, body(i))
    assert uplink.answer()[1] == "acknowledged" # by now it has taken all three
    assert uplink.stop() == 0
    assert len(rtcc.events()) == 3


def test_stop_while_rtcc_is_away_is_quick(tmp_path, certs):
    with Uplink(tmp_path, Rtcc(tmp_path / "r", certs).uplink(retry_min_s=60, retry_max_s=60)) as u:
        u.offer(1, body(1))
        assert u.answer() == (1, "later", 0)
        u.offer(1, body(1))
        started = time.monotonic()
        assert u.stop() == 0
        assert time.monotonic() - started < 2


# --- an RTCC that is not there, or is not the RTCC ------------------------------------------------------------------------


def test_unreachable_then_there(tmp_path, certs):
    rtcc = Rtcc(tmp_path / "rtcc", certs)
    with Uplink(tmp_path, rtcc.uplink()) as u:
        survives(u, rtcc, "offline", "connection refused", fewest=3)
        with rtcc:
            recovers(u, rtcc)


def test_down_and_up_again(uplink, rtcc):
    uplink.offer(7, body(7))
    assert uplink.answer() == (7, "acknowledged", 201)
    rtcc.stop()
    uplink.offer(1, body(1))
    assert uplink.retries(1) >= 2
    rtcc.start()
    while (a := uplink.answer())[1] == "later":
        uplink.offer(1, body(1))
    assert a == (1, "acknowledged", 201)
    assert len(rtcc.events()) == 2


@pytest.mark.parametrize("server,words", [
    ("wrong-server", "not issued by the configured authority"),
    ("expired-server", "expired"),
    ("wrong-name-server", "issued for another host"),
])
def test_wrong_server_certificate(tmp_path, certs, server, words):
    rtcc = Rtcc(tmp_path / "rtcc", certs, server=server)
    with rtcc, Uplink(tmp_path, rtcc.uplink()) as u:
        survives(u, rtcc, "offline", f"RTCC certificate does not verify: {words}", fewest=3)
        assert u.state["tls_failures"] >= 3 and u.state["bytes_sent"] == 0
        assert rtcc.requests() == []
        rtcc.stop()
        rtcc.server = "server"
        rtcc.start()
        recovers(u, rtcc)


@pytest.mark.parametrize("device", ["wrong-device", "expired-device"])
def test_wrong_client_certificate_never_refuses_a_hit(tmp_path, rtcc, device):
    with Uplink(tmp_path, rtcc.uplink(device)) as u:
        survives(u, rtcc, "degraded", "HTTP 400: does the RTCC know this box's certificate?", fewest=3)
        assert u.state["refused"] == 0 and rtcc.requests() == []
        if device.startswith("expired"):
            assert u.state["certificate_days"] < -365


def test_certificate_of_a_person_is_not_a_device(tmp_path, rtcc):
    with Uplink(tmp_path, rtcc.uplink("AUDIT")) as u:
        survives(u, rtcc, "degraded", "HTTP 403: this box's certificate may not do that", fewest=3)


def test_plain_http_on_the_port_gets_no_plaintext(tmp_path, certs):
    with Plain(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n") as plain:
        keys = {**Rtcc(tmp_path / "r", certs).uplink(), "url": plain.url}
        with Uplink(tmp_path, keys) as u:
            survives(u, None, "offline", "no TLS: the handshake failed", fewest=3)
            assert u.state["bytes_sent"] == 0
    assert plain.got and plain.got[0] == 0x16 # a TLS handshake record and nothing else
    assert b"POST" not in plain.got and b"TEST01" not in plain.got and b"cloudevents" not in plain.got


def test_no_proxy_is_used(tmp_path, rtcc, monkeypatch):
    """Not even one that the environment asks for."""
    with Plain() as proxy:
        for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url.replace("https", "http"))
        with Uplink(tmp_path, rtcc.uplink()) as u:
            u.offer(1, body(1))
            assert u.answer() == (1, "acknowledged", 201)
        assert proxy.connections == 0


def test_silent_port(tmp_path, certs):
    with Plain() as plain, Uplink(tmp_path, {**Rtcc(tmp_path / "r", certs).uplink(), "url": plain.url,
                                              "connect_timeout_s": 0.5}) as u:
        survives(u, None, "offline", "no TLS connection in time", seconds=2)


def test_old_tls_is_refused(tmp_path, certs):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(certs / "server.crt", certs / "server.key")
    with Plain(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", context) as old:
        with Uplink(tmp_path, {**Rtcc(tmp_path / "r", certs).uplink(), "url": old.url}) as u:
            survives(u, None, "offline", "no TLS: the handshake failed")
    assert b"POST" not in old.got


def test_names_resolve_in_the_sandbox(tmp_path, certs):
    with Uplink(tmp_path, {**Rtcc(tmp_path / "r", certs).uplink(), "url": "https://no-such-host.invalid"}) as u:
        u.offer(1, body(1))
        assert u.answer(30) == (1, "later", 0)
        u.wait(lambda s: s["state"] == "offline" and s["detail"], 5, "a word about the name")
        assert "resolve" in u.state["detail"] or "in time" in u.state["detail"]


def test_host_file_is_read_in_the_sandbox(tmp_path, rtcc):
    """The machine's own name is in /etc/hosts or its like; the certificate is for localhost: so far it must get."""
    try:
        address = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)[0][4][0]
    except socket.gaierror:
        address = ""
    with Uplink(tmp_path, {**rtcc.uplink(), "url": rtcc.url.replace("localhost", socket.gethostname())}) as u:
        u.offer(1, body(1))
        assert u.answer(30) == (1, "later", 0)
        u.wait(lambda s: s["state"] == "offline", 5, "offline")
        if address.startswith("127."):
            assert "issued for another host" in u.state["detail"]
        elif address:
            assert "refused" in u.state["detail"] # nginx listens on the loopback only


# --- an RTCC that misbehaves ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode,state,words,fewest", [
    (500, "degraded", "HTTP 500", 3),
    (503, "degraded", "HTTP 503", 3),
    (429, "degraded", "HTTP 429", 1),
    (401, "degraded", "HTTP 401", 3),
    (404, "degraded", "HTTP 404: no such address", 3),
    (422, "degraded", "HTTP 422", 3), # without a problem document: not the receiver speaking
    ("page", "degraded", "HTTP 400", 3),
    ("redirect", "degraded", "HTTP 302: redirects are not followed", 3),
    ("hang", "offline", "no answer in time", 1),
    ("drip", "offline", "no answer in time", 1),
    ("drop", "offline", "connection lost before the answer was complete", 3),
    ("huge", "offline", "answer too large", 1),
])
def test_misbehaving_rtcc(uplink, rtcc, mode, state, words, fewest):
    rtcc.fault(mode)
    seconds = 4 if mode in ("hang", "drip") else 1.2
    survives(uplink, rtcc, state, words, seconds=seconds, fewest=fewest)
    assert not [r for r in rtcc.requests() if r["path"] != "/v1/hits"] # no redirect was followed
    rtcc.heal()
    recovers(uplink, rtcc)


def test_lost_acknowledgement_is_harmless(uplink, rtcc):
    rtcc.fault("acklost", count=2)
    uplink.offer(1, body(1))
    while (a := uplink.answer())[1] == "later":
        assert rtcc.events() # kept the first time already
        uplink.offer(1, body(1))
    assert a == (1, "acknowledged", 200) # "kept before"
    assert len(rtcc.events()) == 1
    assert [r["duplicate"] for r in rtcc.requests()] == [False] + [True] * (len(rtcc.requests()) - 1)


def test_refused_for_good(uplink, rtcc):
    bad = hit(1)
    del bad["data"]["verify_required"]
    uplink.offer(1, json.dumps(bad).encode())
    assert uplink.answer() == (1, "refused", 422)
    uplink.offer(2, b"not JSON at all")
    assert uplink.answer() == (2, "refused", 400)
    uplink.offer(3, body(3))
    assert uplink.answer() == (3, "acknowledged", 201)
    s = uplink.wait(lambda s: s["refused"] == 2, 5, "two refused")
    assert s["state"] == "ok" and s["retries"] == 0
    assert list(rtcc.events()) == [hit(3)["id"]]


def test_one_bad_hit_does_not_hold_up_the_others(uplink, rtcc):
    rtcc.fault(500, count=1)
    for i in (1, 2, 3, 4):
        uplink.offer(i, body(i))
    answers = []
    while len([a for a in answers if a[1] == "acknowledged"]) < 4:
        answers.append(uplink.answer())
        if answers[-1][1] == "later":
            uplink.offer(answers[-1][0], body(answers[-1][0]))
    assert answers[0] == (1, "later", 500) and answers[-1][0] == 1 # the failed one went last
    assert len(rtcc.events()) == 4


def test_a_new_hit_does_not_wait_for_a_long_back_off(tmp_path, rtcc):
    with Uplink(tmp_path, rtcc.uplink(retry_min_s=120, retry_max_s=240)) as u:
        rtcc.fault(503, count=1)
        u.offer(1, body(1))
        assert u.answer() == (1, "later", 503)
        u.offer(1, body(1)) # a repeat is no news
        assert u.answer(1) is None
        assert "next attempt in" in u.wait(lambda s: s["state"] == "degraded", 3, "degraded")["detail"]
        u.offer(2, body(2))
        assert u.answer(8) == (2, "acknowledged", 201)


def test_store_restarts_in_between(uplink, rtcc):
    rtcc.fault("hang", count=1)
    uplink.offer(1, body(1))
    time.sleep(0.3)
    uplink.reconnect()
    uplink.offer(1, body(1)) # the store sends what has no answer yet
    assert uplink.answer() == (1, "acknowledged", 201)
    assert uplink.answer(0.5) is None
    assert len(rtcc.events()) == 1


def test_nonsense_from_the_store_is_refused(uplink, rtcc):
    good = body(1)
    uplink.store.send(message("WIRE_HIT", "qQq", 1, len(good) + 1, 0), sealed(good)) # not the size it says
    uplink.store.send(message("WIRE_HIT", "qQq", 2, len(good), 0), sealed(good, seal=False))
    uplink.store.send(message("WIRE_HIT", "qQq", 3, 9 << 20, 0), sealed(bytes(9 << 20)))
    uplink.store.send(message("WIRE_HIT", "qQq", 4, 0, 0), sealed(b""))
    uplink.store.send(message("WIRE_HIT", "qQq", -5, len(good), 0), sealed(good))
    uplink.store.send(message("WIRE_STOP"))
    uplink.store.send(b"\0" * 8)
    assert uplink.wait(lambda s: s.get("messages_refused", 0) >= 7, 5, "refusals")["sent"] == 0
    uplink.offer(6, body(6))
    assert uplink.answer() == (6, "acknowledged", 201)


def test_more_than_it_holds_is_refused_not_lost(tmp_path, certs):
    with Uplink(tmp_path, Rtcc(tmp_path / "r", certs).uplink(retry_min_s=60, retry_max_s=60)) as u:
        for i in range(1, 12):
            u.offer(i, body(i))
        u.wait(lambda s: s.get("messages_refused", 0) >= 2, 5, "refusals")
        assert u.state["hits_waiting"] <= 8


# --- configuration ------------------------------------------------------------------------------------------------------------


def test_without_an_rtcc_hits_wait(tmp_path):
    with Uplink(tmp_path, {}) as u:
        u.offer(1, body(1))
        s = u.wait(lambda s: s["hits_waiting"] == 1, 5, "the hit to wait")
        assert (s["state"], s["sent"]) == ("off", 0)
        assert u.answer(0.3) is None
        assert u.stop() == 0


@pytest.mark.parametrize("keys,words", [
    ({"url": "http://localhost"}, "not https://"),
    ({"url": "https://"}, "names no host"),
    ({"url": "https://user:secret@localhost"}, "more than https://host"),
    ({"ca": ""}, "needs ca, certificate and key"),
    ({"ca": "absent.pem"}, "absent.pem: No such file"),
    ({"ca": "/absent.pem"}, "[uplink]: /absent.pem: No such file"),
    ({"key": "{certs}/wrong-device.key"}, "not the key of"),
    ({"key": "{certs}/device.crt"}, "not an unencrypted private key"),
    ({"certificate": "{certs}/device.key"}, "not certificates in PEM form"),
    ({"ca": "{noise}"}, "not certificates in PEM form"),
    ({"ca": "{certs}"}, "not a regular file"),
    ({"retry_min_s": 2, "retry_max_s": 1}, "more than retry_max_s"),
    ({"verify": "no"}, "verify: unknown key"), # there is no such switch
    ({"insecure": "yes"}, "insecure: unknown key"),
])
def test_wrong_configuration_is_told(tmp_path, certs, keys, words):
    noise = tmp_path / "noise"
    noise.write_bytes(os.urandom(3000))
    keys = {k: v.format(certs=certs, noise=noise) if isinstance(v, str) else v for k, v in keys.items()}
    with Uplink(tmp_path, {**Rtcc(tmp_path / "r", certs).uplink(), **keys}) as u:
        assert u.process.wait(10) == 1
        assert words in u.tail() and "secret" not in u.tail()
