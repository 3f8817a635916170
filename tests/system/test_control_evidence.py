# SPDX-License-Identifier: Apache-2.0
"""The real control role and alprctl evidence pull: this test plays parent and store. Sealed memory is passed on, whoever hangs up."""
import array
import errno
import fcntl
import json
import os
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest

from tests.box import ROOT, build_folder
from tests.system import wire
from tests.system.roles import Role, message, sealed
from tests.system.test_control import alprctl

REQUEST = b"eyJh.eyJm.c2ln"
ANSWER = b"e.y.." + b"sealed" * 5000


class Control(Role):
    def __init__(self, folder: Path, store: bool = True, **keys):
        self.socket = folder / "control.sock"
        keys = {"socket": self.socket, **keys}
        super().__init__("control", "[control]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()), folder, ["store"] if store else [])
        self.wait(lambda s: self.socket.exists(), 10, "the socket")
        if store:
            self.works() # by then the channel to the store is there
        time.sleep(0.05) # and the client is gone
        self.before = self.open_fds()

    @property
    def store(self):
        return self.peers["store"]

    def open_fds(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def request(self, timeout: float = 5):
        """The next (number, request) given to the store; None in time."""
        m = self.store.receive(timeout)
        if m is None:
            return None
        assert m[0] == "WIRE_REQUEST" and len(m[2]) == 1
        with os.fdopen(m[2][0], "rb") as f:
            f.seek(0)
            return wire.parse(wire.WireRequest, m[1]).request, f.read()

    def done(self, number: int, answer: bytes = None, why: str = "", sealed_is: int = None, fd: int = None) -> None:
        fds = [fd] if fd is not None else [] if answer is None else [sealed(answer)]
        self.store.send(bytes(wire.start(wire.WireRequestDone(request=number, sealed=len(fds) if sealed_is is None else sealed_is,
                                                              why=why.encode()))), *fds)

    def settled(self) -> None:
        """Nothing is left of what has been: as many descriptors are open as before."""
        end = time.monotonic() + 5
        while self.open_fds() != self.before:
            assert time.monotonic() < end, f"{self.open_fds()} descriptors instead of {self.before}"
            time.sleep(0.02)

    def works(self) -> None:
        """One client after the other is served."""
        with Client(self, sealed(REQUEST)) as c:
            number, request = self.request()
            assert request == REQUEST
            self.done(number, ANSWER)
            line, answer = c.answer()
            assert line["evidence"] == {"sealed": True, "bytes": len(ANSWER)} and answer == ANSWER


class Client:
    """A client that sends `line` with these descriptors (closed then)."""

    def __init__(self, control: Control, *fds: int, line: bytes = b"evidence\n"):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(8)
        self.socket.connect(str(control.socket))
        if fds:
            socket.send_fds(self.socket, [line], list(fds))
        elif line:
            self.socket.sendall(line)
        for fd in fds:
            os.close(fd)

    def answer(self):
        """(the answer, the bytes of what came with it or None)"""
        text, got = b"", []
        while True:
            data, fds, _, _ = socket.recv_fds(self.socket, 65536, 4)
            got += fds
            if not data:
                break
            text += data
        assert len(got) <= 1 and text.count(b"\n") == (1 if text else 0)
        if not got:
            return json.loads(text) if text else None, None
        with os.fdopen(got[0], "rb") as f:
            f.seek(0)
            return json.loads(text), f.read()

    def error(self) -> str:
        line, answer = self.answer()
        assert answer is None and set(line) == {"time", "error"}
        return line["error"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


@pytest.fixture
def control(tmp_path):
    with Control(tmp_path) as c:
        yield c


# --- the socket ------------------------------------------------------------------------------------------------


def test_a_request_goes_to_the_store_and_its_answer_comes_back(control):
    for _ in range(19):
        control.works()
    control.settled()
    assert control.wait(lambda s: s["evidence_answers"] == 20, 3, "answers to be counted")["evidence_requests"] == 20


def test_a_refusal_is_told_as_the_store_says_it(control):
    with Client(control, sealed(REQUEST)) as c:
        number, _ = control.request()
        control.done(number, why="the purpose is not on this box's list")
        line, answer = c.answer()
    assert line["evidence"] == {"sealed": False, "why": "the purpose is not on this box's list"} and answer is None
    with Client(control, sealed(REQUEST)) as c: # and whatever the store says is JSON
        number, _ = control.request()
        m = wire.start(wire.WireRequestDone(request=number))
        control.store.send(bytes(m)[:17] + b"\xff\x01" * 80 + bytes(m)[177:])
        assert set(c.answer()[0]["evidence"]["why"]) == {"?"}
    control.settled()


def test_it_waits_longer_than_others_and_serves_them_meanwhile(control):
    with Client(control, sealed(REQUEST)) as c, Client(control, sealed(REQUEST), line=b"stat") as slow:
        number, _ = control.request()
        for _ in range(20):
            with Client(control, line=b"status\n") as other:
                assert "roles" in other.answer()[0]
        slow.socket.settimeout(9)
        assert slow.socket.recv(1) == b"" # 5 s are over, and what it brought is not kept
        control.done(number, ANSWER)
        assert c.answer()[1] == ANSWER
    control.settled()


def a_directory(folder):
    return os.open(folder, os.O_RDONLY)


def a_pipe(_):
    read, write = os.pipe()
    os.close(write)
    return read


def a_file(folder):
    (folder / "file").write_bytes(REQUEST)
    return os.open(folder / "file", os.O_RDONLY)


@pytest.mark.parametrize("make, why", [
    (a_directory, "not a sealed memfd"), (a_pipe, "not a sealed memfd"), (a_file, "not a sealed memfd"),
    (lambda _: sealed(REQUEST, seal=False), "not a sealed memfd"), (lambda _: sealed(bytes(16385)), "16385 bytes, at most 16384"),
    (lambda _: sealed(b""), "empty"), (lambda _: socket.socket(socket.AF_UNIX).detach(), "not a sealed memfd"), (None, "no request came"),
], ids=["directory", "pipe", "file", "not sealed", "too large", "empty", "socket", "none"])
def test_what_is_no_request_never_reaches_the_store(control, tmp_path, make, why):
    with Client(control, *([make(tmp_path)] if make else [])) as c:
        assert why in c.error()
    assert control.request(0.1) is None
    control.settled()
    control.works()


@pytest.mark.parametrize("n", [2, 10, 16, 17, 40])
def test_more_than_one_descriptor_is_none(control, n):
    with Client(control, *(sealed(REQUEST) for _ in range(n))) as c:
        try:
            assert c.answer() == (None, None)
        except ConnectionResetError:
            pass
    assert control.request(0.1) is None
    control.settled()
    control.works()


def test_descriptors_one_at_a_time_are_no_way_round_that(control):
    with Client(control, sealed(REQUEST), line=b"evi") as c:
        time.sleep(0.1)
        fd = sealed(REQUEST)
        socket.send_fds(c.socket, [b"dence\n"], [fd])
        os.close(fd)
        try:
            assert c.answer() == (None, None)
        except ConnectionResetError:
            pass
    control.settled()


def test_a_descriptor_with_another_request_goes_nowhere(control):
    with Client(control, sealed(REQUEST), line=b"counters\n") as c:
        line, answer = c.answer()
        assert line["counters"] == {} and answer is None
    control.settled()


def test_one_at_a_time(control):
    with Client(control, sealed(REQUEST)) as first:
        number, _ = control.request()
        for _ in range(10):
            with Client(control, sealed(REQUEST)) as second:
                assert second.error().startswith("busy")
        assert control.request(0.1) is None
        control.done(number, ANSWER)
        assert first.answer()[1] == ANSWER
    control.settled()


def test_a_client_that_hangs_up_holds_its_turn_until_the_store_has_answered(control):
    with Client(control, sealed(REQUEST)):
        number, _ = control.request()
    control.settled()
    with Client(control, sealed(REQUEST)) as second:
        assert second.error().startswith("busy")
    control.done(number, ANSWER)
    control.settled()
    control.works()


def test_one_that_talks_while_it_waits_is_hung_up_on(control):
    with Client(control, sealed(REQUEST)) as c:
        number, _ = control.request()
        c.socket.sendall(b"status\n")
        try:
            assert c.answer() == (None, None)
        except ConnectionResetError:
            pass
    control.done(number, ANSWER)
    control.settled()


def test_one_that_never_reads_costs_nothing(control):
    with Client(control, sealed(REQUEST)) as c:
        number, _ = control.request()
        control.done(number, ANSWER)
        control.settled()
        control.works()
        assert c.answer()[1] == ANSWER # it was there all the time


@pytest.mark.parametrize("wrong", ["number", "sealed without", "with a reason", "unsealed"])
def test_a_store_gone_wrong(control, wrong):
    with Client(control, sealed(REQUEST)) as c:
        number, _ = control.request()
        if wrong == "number":
            control.done(number + 1, ANSWER)
            control.done(number - 1, why="old")
        elif wrong == "sealed without":
            control.done(number, sealed_is=1)
        elif wrong == "with a reason":
            control.done(number, sealed_is=0, fd=sealed(ANSWER))
        else:
            control.done(number, fd=sealed(ANSWER, seal=False))
            assert "not a sealed memfd" in c.error()
        if wrong != "unsealed": # is refused as a message; the right one counts
            control.done(number, ANSWER)
            assert c.answer()[1] == ANSWER
    control.settled()


def test_an_answer_that_nobody_asked_for(control):
    control.done(0, ANSWER)
    control.wait(lambda s: s.get("messages_refused") == 1, 3, "the message to be refused")
    control.settled()
    control.works()


def test_a_store_that_is_not_there(tmp_path):
    with Control(tmp_path, store=False) as control:
        with Client(control, sealed(REQUEST)) as c:
            assert c.error() == "store is not there"
        control.peers["store"] = control.connect("store")
        control.works()


def test_a_store_that_is_started_anew(control):
    with Client(control, sealed(REQUEST)) as c:
        number, _ = control.request()
        control.store.close()
        control.peers["store"] = control.connect("store")
        assert "started anew" in c.error()
    control.done(number, ANSWER) # an old answer by whatever way
    control.works()
    control.settled()


def test_a_store_that_says_nothing(tmp_path):
    with Control(tmp_path, evidence_wait_s=1) as control:
        with Client(control, sealed(REQUEST)) as c:
            number, _ = control.request()
            assert "no answer in time" in c.error()
        control.done(number, ANSWER)
        control.settled()
        control.works()


# --- alprctl evidence pull ---------------------------------------------------------------------------------------


@pytest.fixture
def request_file(tmp_path):
    file = tmp_path / "request.jws"
    file.write_bytes(REQUEST + b"\r\n")
    return file


def pull(control, request_file, out, **more):
    return subprocess.Popen([build_folder() / "bin/alprctl", "--socket", control.socket, "evidence", "pull", request_file, "-o", out],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def ended(process):
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err


def test_pull_keeps_the_answer(control, request_file, tmp_path):
    out = tmp_path / "stick"
    out.mkdir()
    process = pull(control, request_file, out / "case.jwe")
    number, request = control.request()
    assert request == REQUEST # the line's end is none of it
    control.done(number, ANSWER)
    status, said, err = ended(process)
    assert (status, err) == (0, "") and f"{len(ANSWER)} bytes" in said
    assert (out / "case.jwe").read_bytes() == ANSWER and stat.S_IMODE((out / "case.jwe").stat().st_mode) == 0o600
    assert os.listdir(out) == ["case.jwe"]


def test_pull_says_why_not(control, request_file, tmp_path):
    process = pull(control, request_file, tmp_path / "case.jwe")
    control.done(control.request()[0], why="this request was answered before")
    assert ended(process) == (1, "", "alprctl: evidence: refused: this request was answered before\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["control.log", "control.sock", "request.jws"]


@pytest.mark.parametrize("kind", ["file", "dangling link", "folder"])
def test_pull_leaves_alone_what_is_there(control, request_file, tmp_path, kind):
    out = tmp_path / "precious"
    if kind == "file":
        out.write_text("precious")
    elif kind == "folder":
        out.mkdir()
    else:
        out.symlink_to(tmp_path / "elsewhere")
    assert ended(pull(control, request_file, out)) == (1, "", f"alprctl: evidence: {out}: is there already\n")
    assert control.request(0.1) is None and not (tmp_path / "elsewhere").exists()


def test_pull_does_not_replace_what_came_meanwhile(control, request_file, tmp_path):
    process = pull(control, request_file, tmp_path / "case.jwe")
    number, _ = control.request()
    (tmp_path / "case.jwe").write_text("precious")
    control.done(number, ANSWER)
    status, _, err = ended(process)
    assert status == 1 and "File exists" in err and (tmp_path / "case.jwe").read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 4


@pytest.fixture(scope="module")
def old_rename(tmp_path_factory):
    """What makes renameat2(2) fail, for the environment."""
    library = tmp_path_factory.mktemp("preload") / "old_rename.so"
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", library, ROOT / "tests/probe/old_rename.c"], check=True)
    return {**os.environ, "LD_PRELOAD": str(library)}


@pytest.mark.parametrize("meanwhile", [False, True], ids=["free", "taken"])
@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOSYS, errno.EIO], ids=errno.errorcode.get)
def test_pull_to_a_stick_with_the_old_rename_alone(control, request_file, tmp_path, old_rename, meanwhile, error):
    process = pull(control, request_file, tmp_path / "case.jwe", env={**old_rename, "ALPR_RENAME": str(error)})
    number, _ = control.request()
    if meanwhile:
        (tmp_path / "case.jwe").write_text("precious")
    control.done(number, ANSWER)
    status, _, err = ended(process)
    if meanwhile or error == errno.EIO:
        assert status == 1 and ("Input/output error" if error == errno.EIO else "File exists") in err
        assert not meanwhile or (tmp_path / "case.jwe").read_text() == "precious"
    else:
        assert status == 0 and (tmp_path / "case.jwe").read_bytes() == ANSWER
    assert not list(tmp_path.glob("case.jwe.*"))


@pytest.mark.parametrize("content, why", [(b"", "empty"), (b"\r\n\n", "empty"), (b"x" * 16385, "no request is longer than 16384 bytes"),
                                          (b"x" * 100000, "no request is longer than 16384 bytes")], ids=["empty", "lines", "one more", "much more"])
def test_pull_of_a_file_that_is_none(control, tmp_path, content, why):
    (tmp_path / "request.jws").write_bytes(content)
    status, _, err = ended(pull(control, tmp_path / "request.jws", tmp_path / "case.jwe"))
    assert status == 1 and why in err and control.request(0.1) is None


@pytest.mark.parametrize("words", [[], ["pull"], ["pull", "a"], ["pull", "-o", "b"], ["pull", "a", "b", "-o", "c"], ["pull", "a", "-o", ""],
                                   ["pull", "a", "-o", "b", "-o", "c"], ["pull", "a", "-x"], ["push"]], ids=lambda w: "-".join(w) or "nothing")
def test_a_wrong_call(words):
    done = alprctl("evidence", *words)
    assert done.returncode == 2 and done.stdout == "" and "usage: alprctl evidence pull REQUEST -o FILE" in done.stderr


@pytest.mark.parametrize("which", ["request", "folder", "daemon"])
def test_pull_without(control, request_file, tmp_path, which):
    words = {"request": [tmp_path / "none.jws", "-o", tmp_path / "out"], "folder": [request_file, "-o", tmp_path / "none/out"],
             "daemon": [request_file, "-o", tmp_path / "out"]}[which]
    done = alprctl("--socket", tmp_path / "none.sock" if which == "daemon" else control.socket, "evidence", "pull", *words)
    assert done.returncode == 1 and done.stderr.startswith("alprctl: evidence: ") and done.stderr.count("\n") == 1
    assert control.request(0.1) is None and not (tmp_path / "out").exists()


@pytest.mark.parametrize("options, room", [("ro", False), ("size=16k", False), ("size=1m", True)], ids=["read-only", "full", "large enough"])
def test_pull_to_a_stick(control, request_file, tmp_path, options, room):
    """A file system of its own takes a mount namespace: root's to make. Another user's read-only folder is the same refusal."""
    if os.geteuid() != 0:
        folder = tmp_path / "stick"
        folder.mkdir(mode=0o500)
        status, _, err = ended(pull(control, request_file, folder / "case.jwe"))
        assert status == 1 and "Permission denied" in err and not list(folder.iterdir())
        return
    stick = tmp_path / "stick"
    stick.mkdir()
    script = f'mount -t tmpfs -o {options} none "$1" && "$2" --socket "$3" evidence pull "$4" -o "$1/case.jwe"; s=$?; ls -A "$1" >&2; exit $s'
    process = subprocess.Popen(["unshare", "-m", "sh", "-c", script, "sh", stick, build_folder() / "bin/alprctl", control.socket, request_file],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if options != "ro":
        control.done(control.request()[0], ANSWER)
    status, _, err = ended(process)
    if room:
        assert (status, err) == (0, "case.jwe\n")
    elif options == "ro": # said before the request is spent
        assert status == 1 and err.endswith("case.jwe: Read-only file system\n"), err
        assert control.request(0.1) is None
    else:
        assert status == 1 and "No space left on device" in err and "spent" in err and err.count("\n") == 1, err


@pytest.mark.parametrize("answer, fds", [
    (b'{"evidence":{"sealed":true,"bytes":4}}\n', []), (b'{"evidence":{"sealed":false,"why":7}}\n', []), (b'{"evidence":[]}\n', []),
    (b'{"error":"busy"}\n', ["x"]), (b'{"evidence":{"sealed":true}}\n', ["unsealed"]), (b'{"evidence":{"sealed":true}}\n', ["file"]),
    (b'{"evidence":{"sealed":true}}\n', ["huge"]), (b"{", ["x"]), (b"", [])], ids=range(9))
def test_pull_from_a_lying_daemon(tmp_path, request_file, answer, fds):
    path = tmp_path / "liar.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(1)
        process = subprocess.Popen([build_folder() / "bin/alprctl", "--socket", path, "evidence", "pull", request_file, "-o", tmp_path / "out"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        peer, _ = server.accept()
        with peer:
            socket.recv_fds(peer, 100, 4)
            made = []
            for kind in fds:
                if kind == "huge":
                    made.append(os.memfd_create("huge", os.MFD_ALLOW_SEALING))
                    os.truncate(made[0], (96 << 20) + 1)
                    fcntl.fcntl(made[0], 1033, 0xF)
                else:
                    made.append(a_file(tmp_path) if kind == "file" else sealed(b"x", seal=kind != "unsealed"))
            if answer:
                peer.sendmsg([answer], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", made))] if made else [])
        status, said, err = ended(process)
    assert status == 1 and said == "" and err.startswith("alprctl: evidence: ") and not (tmp_path / "out").exists()
    assert not list(tmp_path.glob("out.*"))
