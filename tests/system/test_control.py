# SPDX-License-Identifier: Apache-2.0
"""The local socket and alprctl: who may ask, what hostile clients get, what the verbs say and how they end."""
import json
import os
import re
import signal
import socket
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.box import Box, build_folder

NOBODY = 65534
ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    with Box(tmp_path_factory.mktemp("control"), {"camera": {"driver": "sim", "rate": 5, "seed": 3}}) as made:
        made.wait_running()
        yield made


def alprctl(*words, **more) -> subprocess.CompletedProcess:
    return subprocess.run([build_folder() / "bin/alprctl", *map(str, words)], capture_output=True, text=True, timeout=30,
                          check=False, **more)


def ask(path: Path, request: bytes, timeout: float = 10) -> bytes:
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout)
        s.connect(str(path))
        s.sendall(request)
        answer = b""
        while piece := s.recv(65536):
            answer += piece
        return answer


# --- the socket ------------------------------------------------------------------------------------------------


def test_an_answer_is_one_line_of_json(box):
    for request, key in ((b"status\n", "roles"), (b"counters\n", "counters")):
        answer = ask(box.socket, request)
        assert answer.endswith(b"\n") and answer.count(b"\n") == 1
        assert key in json.loads(answer)


@pytest.mark.parametrize("request_bytes", [b"\n", b"reboot\n", b"status now\n", b"\0\n", b"\xff" * 40 + b"\n", b"x" * 63, b"x" * 5000,
                                           b"status\nstatus\nstatus\n"], ids=range(8))
def test_nonsense_gets_an_error_and_harms_nobody(box, request_bytes):
    pid = box.pid("control")
    try:
        answer = ask(box.socket, request_bytes)
    except (BrokenPipeError, ConnectionResetError):
        answer = b""  # it had answered and hung up while we were still talking
    if answer:
        assert json.loads(answer).get("error") == "unknown request" or request_bytes.startswith(b"status\n")
    assert box.pid("control") == pid


def test_silent_clients_are_cut_off_and_cannot_lock_others_out(box):
    silent = []
    for _ in range(8):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(box.socket))
        silent.append(s)
    with socket.socket(socket.AF_UNIX) as ninth:
        ninth.settimeout(5)
        ninth.connect(str(box.socket))
        assert ninth.recv(1) == b""  # hung up at once
    for s in silent:
        s.settimeout(9)
        assert s.recv(1) == b""
        s.close()
    assert json.loads(ask(box.socket, b"status\n"))["roles"]


def test_a_client_that_does_not_read_is_cut_off(box):
    with socket.socket(socket.AF_UNIX) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        s.connect(str(box.socket))
        s.sendall(b"status\n")
        time.sleep(1)
        assert json.loads(ask(box.socket, b"counters\n"))["counters"]


def test_many_at_once_are_served(box):
    bad = []

    def client():
        for _ in range(20):
            done = ask(box.socket, b"counters\n")
            if done and "counters" not in json.loads(done):
                bad.append(done)
    threads = [threading.Thread(target=client) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not bad and box.status()["control"]["restarts"] == 0


def test_the_socket_is_for_its_owner(box):
    mode = box.socket.stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


def as_nobody(folder: Path, socket_path: Path) -> subprocess.CompletedProcess:
    """alprctl as another user, who can reach everything on the way."""
    tool = folder / "alprctl"
    tool.write_bytes((build_folder() / "bin/alprctl").read_bytes())
    tool.chmod(0o755)
    for parent in [folder, *folder.parents]:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    return subprocess.run([tool, "--socket", socket_path, "status"], capture_output=True, text=True, timeout=30, check=False,
                          user=NOBODY, group=NOBODY, extra_groups=[])


@pytest.mark.parametrize("who, served", [({}, False), ({"user": "daemon"}, False), ({"user": "nobody"}, True),
                                         ({"group": "nogroup"}, True), ({"group": "daemon"}, False)],
                         ids=["nobody", "other user", "user", "group", "other group"])
def test_only_those_may_ask_whom_the_configuration_names(tmp_path, who, served):
    if not ROOT:
        return  # to be somebody else takes root; the own user is what every other test is
    with Box(tmp_path, {"camera": {"driver": "sim"}, "control": who}) as made:
        made.wait(lambda b: b.status().get("control"), 20, "control to answer")
        done = as_nobody(tmp_path, made.socket)
        if served:
            assert done.returncode == 0, done.stderr
            return
        assert done.returncode == 1 and done.stdout == ""
        assert "refused" in done.stderr or "you may not ask at" in done.stderr, done.stderr
        assert not who or made.counters("control")["refused"] >= 1 or made.wait(
            lambda b: b.counters("control")["refused"] >= 1, 5, "the refusal to be counted")


def test_a_dead_daemons_socket_is_replaced_and_a_living_ones_is_not(tmp_path):
    first = Box(tmp_path / "a", {"camera": {"driver": "sim"}})
    second = Box(tmp_path / "b", {"camera": {"driver": "sim"}, "control": {"socket": first.socket}})
    with first:
        first.wait(lambda b: b.status().get("control"), 20, "control to answer")
        with second:
            second.wait(lambda b: b.log.exists() and "another alprd answers" in b.log.read_text(), 20, "the second to refuse")
        assert first.status()["control"]["restarts"] == 0
        first.daemon.kill()
        first.daemon.wait()
    first.daemon = None
    with first:
        first.wait(lambda b: b.status().get("control"), 20, "control to answer again")


def test_what_is_no_socket_stays(tmp_path):
    made = Box(tmp_path, {"camera": {"driver": "sim"}})
    made.socket.write_text("precious")
    with made:
        made.wait(lambda b: b.log.exists() and "no socket" in b.log.read_text(), 20, "control to refuse")
    assert made.socket.read_text() == "precious"


# --- alprctl ---------------------------------------------------------------------------------------------------


def test_status_for_a_person(box):
    done = alprctl("-c", box.conf, "status")
    assert done.returncode == 0 and done.stderr == ""
    for word in ("board host", "capture", "vision", "store", "uplink", "control", "sandbox: seccomp", "pairs "):
        assert word in done.stdout


def test_counters(box):
    box.wait(lambda b: b.counters("capture").get("pairs", 0) > 0, 10, "the first pair")
    done = alprctl("--socket", box.socket, "counters")
    assert done.returncode == 0
    assert all(re.fullmatch(r"[a-z]+\.[a-z_0-9]+ -?\d+", line) for line in done.stdout.splitlines()), done.stdout
    assert "capture.pairs " in done.stdout
    assert json.loads(alprctl("--socket", box.socket, "counters", "--json").stdout)["counters"]["capture"]["pairs"] > 0


def test_selftest_says_what_is_missing(box):
    done = alprctl("--socket", box.socket, "selftest")
    lines = done.stdout.splitlines()
    assert done.returncode == 1  # this box has neither hotlist nor RTCC
    assert all(re.match(r"(PASS|FAIL) ", line) for line in lines[:-1]) and re.fullmatch(r"\d+ failed", lines[-1])
    assert {line.split(":")[0] for line in lines if line.startswith("FAIL")} == \
        {"FAIL a hotlist is in force", "FAIL the RTCC is reached"}
    assert "PASS cameras give pairs" in lines and "PASS the store can write" in lines


def test_selftest_sees_a_dead_role(tmp_path):
    with Box(tmp_path, {"camera": {"driver": "replay", "source": tmp_path / "none"}}) as made:
        made.wait(lambda b: b.status().get("capture", {}).get("restarts", 0) >= 6, 30, "capture to fail")
        done = alprctl("--socket", made.socket, "selftest")
    assert done.returncode == 1
    assert f"FAIL capture runs: replay: {tmp_path / 'none'}" in done.stdout and "FAIL cameras give pairs" in done.stdout


@pytest.mark.parametrize("words", [[], ["frobnicate"], ["status", "--xml"], ["counters", "x"], ["selftest", "x"], ["--nonsense"],
                                   ["-c", "/nonexistent/alpr.conf", "status"], ["-c", "a", "--socket", "b", "status"]])
def test_a_wrong_call(words):
    done = alprctl(*words)
    assert done.returncode == 2 and done.stdout == "" and done.stderr != ""


def test_help():
    done = alprctl("--help")
    assert (done.returncode, done.stderr) == (0, "") and "usage: alprctl" in done.stdout


def test_no_daemon(tmp_path):
    for verb in ("status", "counters", "selftest"):
        done = alprctl("--socket", tmp_path / "none.sock", verb)
        assert done.returncode == 1 and done.stderr.startswith(f"alprctl: {verb}: no daemon answers at ")


@pytest.mark.parametrize("answer", [b"", b"{", b"[1]\n", b"null", b"\0" * 100, b"{\"roles\":7}\n", b"[" * 100000, b"x" * 300000,
                                    b"{\"roles\":[{\"role\":5,\"pid\":\"x\",\"sandbox\":[],\"counters\":{\"a\":\"b\"}}]}\n"],
                         ids=range(9))
@pytest.mark.parametrize("verb", ["status", "counters"])
def test_a_lying_daemon(tmp_path, answer, verb):
    path = tmp_path / "liar.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(1)

        def lie():
            peer, _ = server.accept()
            with peer:
                peer.recv(100)
                try:
                    peer.sendall(answer)
                except (BrokenPipeError, ConnectionResetError):
                    pass
        thread = threading.Thread(target=lie)
        thread.start()
        done = alprctl("--socket", path, verb)
        thread.join()
    assert done.returncode in (0, 1) and done.returncode >= 0
    assert done.returncode == 0 or done.stderr.startswith(f"alprctl: {verb}: ")


def test_a_daemon_that_hangs(box):
    pid = box.pid("control")
    os.kill(pid, signal.SIGSTOP)
    try:
        done = alprctl("--socket", box.socket, "status")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert done.returncode == 1 and done.stderr == "alprctl: status: no answer within 5 s\n"
