# SPDX-License-Identifier: Apache-2.0
"""The uplink role alone: the test is its parent and its store; and a server that is no RTCC."""
import os
import socket
import ssl
import struct
import threading
import time

from tests.rtcc.sample import body
from tests.system.roles import Role, message, sealed, text

OUTCOME = {1: "acknowledged", 2: "later", 3: "refused"}
QUICK = {"hotlist_poll_s": 0, "hotlist_wait_s": 0, "evidence_poll_s": 0, "connect_timeout_s": 2, "stall_timeout_s": 1, "hit_timeout_s": 1.5, "retry_min_s": 0.1,
         "retry_max_s": 0.4}


class Uplink(Role):
    """`has`: (version, ETag) of the list that the store has."""

    def __init__(self, folder, keys, before=b"", has=(0, "")):
        conf = "[uplink]\n" + "".join(f"{k} = {v}\n" for k, v in {**QUICK, **keys}.items())
        super().__init__("uplink", before + conf.encode(), folder, ["store"])
        self.in_force(*has)

    @property
    def store(self):
        return self.peers["store"]

    def offer(self, outbox_id: int, event: bytes) -> None:
        self.store.send(message("WIRE_HIT", "qQq", outbox_id, len(event), time.time_ns()), sealed(event))

    def answer(self, timeout: float = 10):
        """The next (outbox id, outcome, HTTP status) for the store; None in time."""
        end = time.monotonic() + timeout
        while (m := self.store.receive(end - time.monotonic())) is not None:
            if m[0] == "WIRE_HIT_DONE":
                outbox_id, outcome, status, ended_ns = struct.unpack("=qIIq", m[1])
                assert abs(time.time_ns() - ended_ns) < 60e9
                return outbox_id, OUTCOME[outcome], status
        return None

    def bundle(self, timeout: float = 10):
        """The next (bundle, ETag) offered to the store; None in time."""
        end = time.monotonic() + timeout
        while (m := self.store.receive(end - time.monotonic())) is not None:
            if m[0] == "WIRE_BUNDLE":
                size, etag = struct.unpack("=Q64s", m[1])
                with os.fdopen(m[2][0], "rb") as f:
                    f.seek(0)
                    data = f.read()
                assert len(data) == size
                return data, text(etag)
        return None

    def bundle_done(self, accepted: bool, version: int, etag: str) -> None:
        self.store.send(message("WIRE_BUNDLE_DONE", "BxxxxxxxQ64s", accepted, version, etag.encode()))

    def request(self, timeout: float = 10):
        """The next (number, request for evidence) given to the store; None in time."""
        end = time.monotonic() + timeout
        while (m := self.store.receive(end - time.monotonic())) is not None:
            if m[0] == "WIRE_REQUEST":
                with os.fdopen(m[2][0], "rb") as f:
                    f.seek(0)
                    return struct.unpack("=Q", m[1])[0], f.read()
        return None

    def request_done(self, number: int, answer: bytes = None, why: str | bytes = "", is_sealed: int = None, fd: int = None) -> None:
        """What a store says to it: a sealed answer, or why there is none."""
        fds = [fd] if fd is not None else [] if answer is None else [sealed(answer)]
        why = why if isinstance(why, bytes) else why.encode()
        self.store.send(message("WIRE_REQUEST_DONE", "QB160s7x", number, len(fds) if is_sealed is None else is_sealed, why), *fds)

    def head(self, seq: int, digest: bytes, key: bytes = None) -> None:
        """What a store says when its audit chain has grown."""
        self.store.send(message("WIRE_HEAD", "q32sB32s7x", seq, digest, key is not None, key or b""))

    def in_force(self, version: int = 0, etag: str = "") -> None:
        """What a store says when it is connected, and when it has another list than was accepted."""
        self.store.send(message("WIRE_LIST", "Q64s", version, etag.encode()))

    def reconnect(self, version: int = 0, etag: str = "") -> None:
        """A new store process."""
        self.store.close()
        self.peers["store"] = self.connect("store")
        self.in_force(version, etag)

    def retries(self, seconds: float) -> int:
        """Offer hit 1 again and again, like a store, for so long; how many answers came. All must be LATER."""
        n, end = 0, time.monotonic() + seconds
        while (a := self.answer(end - time.monotonic())) is not None:
            assert a[:2] == (1, "later"), a
            self.offer(1, body(1))
            n += 1
        self.listen()
        return n


class Plain:
    """A server on a port without TLS; keeps every byte that comes."""

    def __init__(self, answer: bytes = b"", context: ssl.SSLContext = None, drip: float = 0):
        self.answer, self.context, self.drip = answer, context, drip
        self.got, self.connections = b"", 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        try:
            with connection:
                connection.settimeout(5)
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                self.got += connection.recv(1 << 16)
                for i in range(0, len(self.answer), 1 if self.drip else 1 << 16):
                    connection.sendall(self.answer[i:i + (1 if self.drip else 1 << 16)])
                    time.sleep(self.drip)
                if not self.answer:
                    connection.recv(1)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
