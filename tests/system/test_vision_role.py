# SPDX-License-Identifier: Apache-2.0
"""Capture and vision, each alone: the test plays parent and peers, honest and hostile."""
import fcntl
import os
import struct
import time

import pytest

from tests.box import build_folder
from tests.system.roles import Role, message

WIDTH, HEIGHT = 320, 240


def buffer(size: int = WIDTH * HEIGHT, seal: bool = True) -> int:
    """A grey frame buffer; the caller closes it."""
    fd = os.memfd_create("frame", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, b"\x80" * size)
    if seal:
        fcntl.fcntl(fd, 1033, 0x6)  # F_ADD_SEALS: shrink, grow
    return fd


def buffers(camera=0, n=2, width=WIDTH, height=HEIGHT, stride=WIDTH, size=WIDTH * HEIGHT) -> bytes:
    return message("WIRE_BUFFERS", "6I", camera, n, width, height, stride, size)


def pair(number: int, cameras=(0, 1), index: int = 0, when: int = None, last: int = 0, swap: bool = False) -> bytes:
    when = time.time_ns() if when is None else when
    frames = [field for c in (0, 1) for field in (1 - c if swap else c, index, number, when, 1000, 1.0, 0)]
    return message("WIRE_PAIR", "Q3B5x" + "BBxxIqIfB7x" * 2, number, 0 in cameras, 1 in cameras, last, *frames)


class Vision(Role):
    def __init__(self, folder):
        super().__init__("vision", f"[vision]\nmodels = {build_folder() / 'models'}\n", folder, ["capture", "store"])
        self.wait(lambda s: True, 30, "vision to be ready")

    @property
    def capture(self):
        return self.peers["capture"]

    def give_buffers(self):
        for camera in (0, 1):
            self.capture.send(buffers(camera), buffer(), buffer())

    def credit(self, timeout: float = 10) -> int:
        kind, body, _ = self.capture.receive(timeout)
        assert kind == "WIRE_PAIR_DONE"
        return struct.unpack("=Q", body)[0]


@pytest.fixture
def vision(tmp_path):
    with Vision(tmp_path) as role:
        yield role


# --- vision and a hostile capture -------------------------------------------------------------------------------------


BAD_BUFFERS = {
    "no such camera": (buffers(camera=2), buffer, buffer),
    "fewer descriptors than said": (buffers(n=3), buffer, buffer),
    "more descriptors than said": (buffers(n=1), buffer, buffer),
    "tiny": (buffers(width=8, height=8, stride=8, size=64), buffer, buffer),
    "huge": (buffers(width=1 << 20, stride=1 << 20, size=0xffffffff), buffer, buffer),
    "rows that overlap": (buffers(stride=WIDTH - 1), buffer, buffer),
    "size less than its rows": (buffers(size=WIDTH * HEIGHT - 1), buffer, buffer),
    "smaller than said": (buffers(), lambda: buffer(1000), buffer),
    "may shrink under the reader": (buffers(), lambda: buffer(seal=False), buffer),
    "not memory at all": (buffers(), lambda: os.open("/dev/null", os.O_RDONLY), buffer),
}


def test_bad_buffers_are_refused_and_vision_goes_on(vision):
    for refused, (name, (said, *fds)) in enumerate(BAD_BUFFERS.items(), 1):
        vision.capture.send(said, *(make() for make in fds))
        vision.wait(lambda s, r=refused: s.get("messages_refused", 0) == 2 * r - 1, 10, name)
        vision.capture.send(pair(refused, cameras=(0,)))  # nothing of it was kept: there is no such buffer
        assert vision.credit() == refused
    vision.give_buffers()
    vision.capture.send(pair(100))
    assert vision.credit() == 100
    state = vision.wait(lambda s: s["pairs"] == 1, 10, "a pair to be counted")
    assert state["messages_refused"] == 2 * len(BAD_BUFFERS)
    assert vision.stop() == 0


BAD_PAIRS = {"no such buffer": pair(7, index=2), "index out of all bounds": pair(7, index=255),
             "cameras swapped": pair(7, swap=True), "no time": pair(7, when=0), "time before 1970": pair(7, when=-5),
             "no number": pair(0)}


def test_bad_pairs_are_refused_and_their_credit_comes_back(vision):
    vision.give_buffers()
    for refused, (name, said) in enumerate(BAD_PAIRS.items(), 1):
        vision.capture.send(said)
        assert vision.credit() in (7, 0), name
        vision.wait(lambda s, r=refused: s.get("messages_refused", 0) == r, 10, name)
    vision.capture.send(pair(8, cameras=(1,)))
    assert vision.credit() == 8
    assert vision.wait(lambda s: s["pairs"] == 1, 10, "a pair to be counted")["state"] == "degraded"


def test_an_answer_to_no_passage_is_refused(vision):
    vision.peers["store"].send(message("WIRE_PASSAGE_DONE", "16sB", b"\x07" * 16, 1))
    vision.wait(lambda s: s.get("messages_refused", 0) == 1, 10, "the refusal")
    assert vision.stop() == 0


def test_the_end_of_the_source_is_confirmed(vision):
    vision.give_buffers()
    vision.capture.send(pair(1))
    vision.capture.send(pair(2, cameras=(), last=1))
    assert (vision.credit(), vision.credit()) == (1, 2)


def test_models_that_are_none_are_told(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models/localise.onnx").write_bytes(b"no network")
    with Role("vision", f"[vision]\nmodels = {tmp_path / 'models'}\n", tmp_path, []) as role:
        assert role.process.wait(20) == 1
        assert "models" in role.tail() and "localise.onnx" in role.tail()


# --- capture and its vision ---------------------------------------------------------------------------------------------


class Capture(Role):
    def __init__(self, folder, count: int, rate: float):
        source = folder / "pictures"
        source.mkdir()
        for i in range(count):
            (source / f"{i:03}.pgm").write_bytes(b"P5 64 64 255\n" + bytes([i]) * 4096)
        super().__init__("capture", f"[camera]\ndriver = replay\nsource = {source}\nsingle = yes\nrate = {rate}\n"
                         f"width = {WIDTH}\nheight = {HEIGHT}\n", folder, ["vision"])

    def take(self, timeout: float = 10):
        """(pair number, last) of the next pair; None when there is none in time. Buffers that come are checked and closed."""
        while (m := self.peers["vision"].receive(timeout)) is not None:
            kind, body, fds = m
            for fd in fds:
                os.close(fd)
            if kind == "WIRE_BUFFERS":
                camera, n, width, height, stride, size = struct.unpack("=6I", body)
                assert (camera, n, width, height) == (0, len(fds), WIDTH, HEIGHT) and size >= stride * height
                continue
            assert kind == "WIRE_PAIR"
            number, first, second, last = struct.unpack_from("=Q3B", body)
            assert not second and bool(first) != bool(last)
            return number, last
        return None

    def done(self, number: int) -> None:
        self.peers["vision"].send(message("WIRE_PAIR_DONE", "Q", number))


def test_two_credits_and_nothing_is_lost_without_a_rate(tmp_path):
    with Capture(tmp_path, 5, rate=0) as capture:
        assert (capture.take(), capture.take()) == ((1, 0), (2, 0))
        assert capture.take(0.5) is None  # both credits are out
        for number in (1, 2, 3):
            capture.done(number)
            assert capture.take() == (number + 2, 0)
        capture.done(4)
        number, last = capture.take()
        assert last
        capture.done(5)
        capture.wait(lambda s: s["pairs"] == 5 and s["ended"] == 0, 10, "all pairs to be taken")
        capture.done(number)
        state = capture.wait(lambda s: s["ended"] == 1, 10, "the end")
        assert (state["state"], state["pairs"], state["dropped_no_credit"]) == ("ended", 5, 0)
        assert capture.stop() == 0


def test_a_slow_vision_gets_the_newest_pair(tmp_path):
    with Capture(tmp_path, 30, rate=50) as capture:
        assert (capture.take()[1], capture.take()[1]) == (0, 0)
        capture.wait(lambda s: s["dropped_no_credit"] >= 20, 10, "pairs to be dropped")
        capture.done(1)
        assert capture.take()[0] >= 25


def test_credits_for_nothing_are_refused(tmp_path):
    with Capture(tmp_path, 5, rate=0) as capture:
        assert (capture.take(), capture.take()) == ((1, 0), (2, 0))
        for number in (0, 3, 2 ** 64 - 1):
            capture.done(number)
        capture.done(1)
        capture.done(1)
        capture.wait(lambda s: s.get("messages_refused", 0) == 4, 10, "the refusals")
        assert capture.take() == (3, 0)
        assert capture.take(0.3) is None


def test_a_new_vision_gets_the_buffers_and_both_credits(tmp_path):
    with Capture(tmp_path, 5, rate=0) as capture:
        assert (capture.take(), capture.take()) == ((1, 0), (2, 0))
        capture.peers["vision"].close()
        capture.peers["vision"] = capture.connect("vision")
        # What the old one held is gone with it; the third waited.
        assert capture.take() == (3, 0)
        assert capture.take() == (4, 0)
        assert capture.take(0.3) is None
