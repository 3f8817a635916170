# SPDX-License-Identifier: Apache-2.0
"""One role's real program, alone: the test plays the parent and the peers over the channels of firmware/wire.h."""
import fcntl
import os
import re
import select
import socket
import struct
import subprocess
import time
from pathlib import Path

from tests.box import ROOT, build_folder

WIRE = (ROOT / "firmware" / "wire.h").read_text()


def enum(name: str, first: int) -> dict:
    """{NAME: value} of an enum of wire.h, whose values count up from `first`."""
    body = re.search(rf"enum {name} \{{(.*?)\}};", WIRE, re.S).group(1)
    names = re.findall(r"^\s*(WIRE_\w+)", re.sub(r"/\*.*?\*/", "", body, flags=re.S), re.M)
    return {n: first + i for i, n in enumerate(names)}


TYPE = enum("wire_type", 1)
ROLE = enum("wire_role", 0)
TYPE_NAME = {v: k for k, v in TYPE.items()}
HEADER = struct.Struct("=HHI")
DETAIL = int(re.search(r"char detail\[(\d+)\]", WIRE)[1])
COUNTERS = int(re.search(r"#define WIRE_COUNTERS (\d+)", WIRE)[1])
VERSION = int(re.search(r"#define WIRE_VERSION (\d+)", WIRE).group(1))


def message(kind: str, fmt: str = "", *fields) -> bytes:
    """A message of wire.h: header, then `fields` laid out as C does from offset 8 on (all formats begin 8-aligned)."""
    body = struct.pack("@" + fmt, *fields)
    return HEADER.pack(VERSION, TYPE[kind], HEADER.size + len(body)) + body


def status(role: str, state: str = "ok", detail: str | bytes = "", restarts: int = 0, running: int = 1, counters=None,
           n: int = None, number: int = None, pid: int = 4711) -> bytes:
    """What the parent says of a role."""
    counters = counters or {}
    table = b"".join(struct.pack("=32sq", k.encode(), v) for k, v in counters.items()).ljust(40 * COUNTERS, b"\0")
    head = struct.pack(f"=IIB4s3xi32s{DETAIL}sI", ROLE[f"WIRE_{role.upper()}"] if number is None else number, restarts, running,
                       bytes(4), pid, state.encode(), detail if isinstance(detail, bytes) else detail.encode(),
                       len(counters) if n is None else n)
    m = message("WIRE_STATUS")
    return m[:4] + struct.pack("=I", 8 + len(head) + len(table)) + head + table


def sealed(data: bytes, name: str = "test", seal: bool = True) -> int:
    """A gift (firmware/base/gift.h); the caller closes it."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, data) if data else None
    if seal:
        fcntl.fcntl(fd, 1033, 0xF)  # F_ADD_SEALS: seal, shrink, grow, write
    return fd


class Channel:
    """Our end of a channel; messages come as (type name, body after the header, descriptors)."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def send(self, data: bytes, *fds: int) -> None:
        socket.send_fds(self.ours, [data], list(fds))
        for fd in fds:
            os.close(fd)

    def receive(self, timeout: float):
        """The next message; None when there is none in time; EOFError when the other end is closed."""
        if not select.select([self.ours], [], [], max(timeout, 0))[0]:
            return None
        try:
            data, fds, _, _ = socket.recv_fds(self.ours, 1 << 15, 16)
        except ConnectionResetError as e:
            raise EOFError from e
        if not data:
            raise EOFError
        version, kind, size = HEADER.unpack_from(data)
        assert (version, size) == (VERSION, len(data))
        return TYPE_NAME[kind], data[HEADER.size:], fds

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


def text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode()


class Role:
    """Start libexec/alprd-<name> with this configuration text; `peers` are the roles it gets channels to, `env` goes on top of ours."""

    def __init__(self, name: str, conf: str | bytes, folder: Path, peers: list, env: dict = None):
        self.name, self.folder = name, folder
        self.parent = Channel()
        self.log = folder / f"{name}.log"
        theirs = self.parent.theirs.fileno()

        def channel_to_3():
            os.dup2(theirs, 3)
            os.set_inheritable(3, True)

        with self.log.open("ab") as log:
            self.process = subprocess.Popen([build_folder() / f"libexec/alprd-{name}"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, pass_fds=(3,), preexec_fn=channel_to_3,
                                            env={**os.environ, **(env or {})})
        self.parent.theirs.close()
        self.ready = None
        self.state = {}
        self.parent.send(message("WIRE_START"), sealed(conf if isinstance(conf, bytes) else conf.encode()))
        self.peers = {peer: self.connect(peer) for peer in peers}

    def connect(self, peer: str) -> Channel:
        """A fresh channel between the role and `peer`, whose end is ours; replaces the old one."""
        channel = Channel()
        self.parent.send(message("WIRE_PEER", "I", ROLE[f"WIRE_{peer.upper()}"]), os.dup(channel.theirs.fileno()))
        channel.theirs.close()
        return channel

    def listen(self, timeout: float = 0) -> None:
        """Take what the role has told its parent."""
        end = time.monotonic() + timeout
        while (m := self.parent.receive(end - time.monotonic())) is not None:
            kind, body, _ = m
            if kind == "WIRE_READY":
                self.ready = dict(zip(("seccomp", "landlock_abi", "empty_netns", "no_new_privs"), body[4:8]))
            elif kind == "WIRE_STATUS":
                end = 52 + DETAIL
                n, = struct.unpack_from("=I", body, end)
                counters = (struct.unpack_from("=32sq", body, end + 4 + 40 * i) for i in range(n))
                self.state = {"state": text(body[20:52]), "detail": text(body[52:end]),
                              **{text(name): value for name, value in counters}}

    def wait(self, condition, timeout: float, what: str):
        """Until condition(state) is true; the state then."""
        end = time.monotonic() + timeout
        while True:
            try:
                self.listen(0.05)
            except EOFError:
                raise AssertionError(f"{self.name} has ended while waiting for {what}\n{self.tail()}") from None
            if self.state and condition(self.state):
                return self.state
            assert time.monotonic() < end, f"still waiting for {what}: {self.state}\n{self.tail()}"

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, timeout: float = 10) -> int:
        """Ask it to stop as the parent does; its exit status."""
        self.parent.send(message("WIRE_STOP"))
        return self.process.wait(timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for channel in (self.parent, *self.peers.values()):
            channel.close()
