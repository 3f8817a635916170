# SPDX-License-Identifier: Apache-2.0
"""Messages of firmware/wire.h between vision, store, uplink and control as C structs; test_store.py compares them with the compiler's layout."""
import ctypes
import os
import time

from tests.system.roles import TYPE, VERSION

CROP_0, CROP_1, SCENE_0, SCENE_1 = range(4)


class Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint16), ("type", ctypes.c_uint16), ("size", ctypes.c_uint32)]


class PlateQuad(ctypes.Structure):
    _fields_ = [("p", ctypes.c_float * 8)]


class PlateSpelling(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char * 11), ("confidence", ctypes.c_float)]


class PlateRead(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char * 11), ("confidence", ctypes.c_float), ("chars", ctypes.c_float * 10),
                ("jurisdiction", ctypes.c_char * 3), ("n_alternatives", ctypes.c_uint8),
                ("alternatives", PlateSpelling * 10)]


class WireSpan(ctypes.Structure):
    _fields_ = [("offset", ctypes.c_uint32), ("len", ctypes.c_uint32)]


class WireAngle(ctypes.Structure):
    _fields_ = [("present", ctypes.c_uint8), ("capture_ns", ctypes.c_int64), ("quad", PlateQuad), ("read", PlateRead),
                ("frames", ctypes.c_uint32)]


class WirePassage(ctypes.Structure):
    _fields_ = [("h", Header), ("id", ctypes.c_uint8 * 16), ("first_ns", ctypes.c_int64), ("last_ns", ctypes.c_int64),
                ("best_ns", ctypes.c_int64), ("pairs", ctypes.c_uint32), ("degraded", ctypes.c_uint8),
                ("low_quality", ctypes.c_uint8), ("read", PlateRead), ("angles", WireAngle * 2),
                ("pictures", WireSpan * 4)]


class WirePassageDone(ctypes.Structure):
    _fields_ = [("h", Header), ("id", ctypes.c_uint8 * 16), ("accepted", ctypes.c_uint8)]


class WireHit(ctypes.Structure):
    _fields_ = [("h", Header), ("outbox_id", ctypes.c_int64), ("size", ctypes.c_uint64), ("best_ns", ctypes.c_int64)]


class WireHitDone(ctypes.Structure):
    _fields_ = [("h", Header), ("outbox_id", ctypes.c_int64), ("outcome", ctypes.c_uint32),
                ("http_status", ctypes.c_uint32), ("ended_ns", ctypes.c_int64)]


class WireBundle(ctypes.Structure):
    _fields_ = [("h", Header), ("size", ctypes.c_uint64), ("etag", ctypes.c_char * 64)]


class WireBundleDone(ctypes.Structure):
    _fields_ = [("h", Header), ("accepted", ctypes.c_uint8), ("version", ctypes.c_uint64), ("etag", ctypes.c_char * 64)]


class WireList(ctypes.Structure):
    _fields_ = [("h", Header), ("version", ctypes.c_uint64), ("etag", ctypes.c_char * 64)]


class WireHead(ctypes.Structure):
    _fields_ = [("h", Header), ("seq", ctypes.c_int64), ("hash", ctypes.c_uint8 * 32), ("has_key", ctypes.c_uint8), ("key", ctypes.c_uint8 * 32)]


class WireRequest(ctypes.Structure):
    _fields_ = [("h", Header), ("request", ctypes.c_uint64)]


class WireRequestDone(ctypes.Structure):
    _fields_ = [("h", Header), ("request", ctypes.c_uint64), ("sealed", ctypes.c_uint8), ("why", ctypes.c_char * 160)]


STRUCTS = {"plate_quad": PlateQuad, "plate_spelling": PlateSpelling, "plate_read": PlateRead, "wire_span": WireSpan,
           "wire_angle": WireAngle, "wire_passage": WirePassage, "wire_passage_done": WirePassageDone,
           "wire_hit": WireHit, "wire_hit_done": WireHitDone, "wire_bundle": WireBundle,
           "wire_bundle_done": WireBundleDone, "wire_list": WireList, "wire_head": WireHead,
           "wire_request": WireRequest, "wire_request_done": WireRequestDone}
_TYPES = {WirePassage: "WIRE_PASSAGE", WireHitDone: "WIRE_HIT_DONE", WireBundle: "WIRE_BUNDLE",
          WireRequest: "WIRE_REQUEST", WireRequestDone: "WIRE_REQUEST_DONE"}


def start(struct):
    """Fill the header for a struct of its type."""
    struct.h = Header(VERSION, TYPE[_TYPES[type(struct)]], ctypes.sizeof(struct))
    return struct


def parse(cls, body: bytes):
    """A received message (without its header, as Channel.receive gives it) as a struct."""
    return cls.from_buffer_copy(bytes(ctypes.sizeof(Header)) + body)


def read_of(plate: str, jurisdiction: str = "MO", confidence: float = 0.93) -> PlateRead:
    read = PlateRead(text=plate.encode(), confidence=confidence, jurisdiction=jurisdiction.encode(), n_alternatives=1)
    for i in range(len(plate)):
        read.chars[i] = confidence
    read.alternatives[0] = PlateSpelling(plate.encode(), confidence)
    return read


def picture(size: int, fill: bytes = b"\x5a") -> bytes:
    """Bytes that begin and end as a JPEG does."""
    return b"\xff\xd8\xff\xe0" + fill * (size - 6) + b"\xff\xd9"


def passage(plate: str, jurisdiction: str = "MO", pictures=(3000, 3000, 0, 0), when_ns: int = 0, ident: bytes = None):
    """(message, bytes of its gift): one good passage; pictures are given by their sizes."""
    now = when_ns or time.time_ns()
    m = start(WirePassage(first_ns=now - 10**9, last_ns=now, best_ns=now - 5 * 10**8, pairs=7,
                          read=read_of(plate, jurisdiction)))
    m.id[:] = ident or os.urandom(16)
    for camera in (0, 1):
        m.angles[camera] = WireAngle(1, now - 5 * 10**8, PlateQuad((10, 10, 110, 10, 110, 60, 10, 60)),
                                     read_of(plate, jurisdiction), 5)
    gift = b""
    for i, size in enumerate(pictures):
        if size:
            m.pictures[i] = WireSpan(len(gift), size)
            gift += picture(size)
    return m, gift
