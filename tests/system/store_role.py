# SPDX-License-Identifier: Apache-2.0
"""The real store, alone: what its tests play of parent, vision and uplink, and what they look up on its disk."""
import hashlib
import json
import os
import sqlite3
import struct
import subprocess
import time
from pathlib import Path

from tests.box import build_folder
from tests.system import wire
from tests.system.roles import Role, sealed
from tests.truth import kept

ACKNOWLEDGED, LATER, REFUSED = 1, 2, 3
WANTED = [("WANT01", "MO", "V"), ("WANT02", "IL", "F")]


def make_list(folder: Path, keys: Path, version: int, signer: str = "hotlist", max_age: int = 86400, wanted=None) -> Path:
    """A signed list by the RTCC's own tool."""
    tool = build_folder() / "bin/alpr-hotlist"
    raw, done = folder / f"list-{version}.raw", folder / f"list-{version}-{signer}.alpb"
    rows = "lic,lis,lit,category,case_number,ori,entered,expires,vyr,vma,vmo,vst,vco\n"
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 2 * 86400))
    for i, (plate, state, category) in enumerate(wanted or WANTED):
        rows += f"{plate},{state},PC,{category},26-{1000 + i},MO0950000,2020-01-01,{tomorrow},2019,TOYT,CAM,4D,BLK\n"
    source = folder / "wanted.csv"
    source.write_text(rows)
    issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    subprocess.run([tool, "compile", "--in", source, "--out", raw, "--version", str(version), "--max-age", str(max_age),
                    "--issued", issued], check=True, capture_output=True)
    subprocess.run([tool, "sign", "--key", keys / f"{signer}.key", "--in", raw, "--out", done], check=True,
                   capture_output=True)
    return done


def forbid_last(file: Path, key: Path) -> bytes:
    """The list with a category in its last record that no list may have, signed as its signer would (hotlist/FORMAT.md)."""
    data = bytearray(file.read_bytes())
    entries, pool = struct.unpack_from("<II", data, 48)
    items = struct.unpack_from("<4I", data, 136)
    after = 32 * entries + sum(n * width for n, width in zip(items, (8, 9, 7, 9))) + pool
    records = len(data) - after
    begin = records - 64 * (entries // 20 + 1)
    data[records + 32 * (entries - 1) + 31] = ord("X")
    table = b"".join(hashlib.sha256(data[i:i + 4096]).digest() for i in range(begin, len(data), 4096))
    data[384:384 + len(table)] = table
    data[104:136] = hashlib.sha256(table).digest()
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=data[:256], check=True,
                               capture_output=True).stdout
    data[256:384] = struct.pack("<I12x", len(signature)) + signature.ljust(112, b"\0")
    return bytes(data)


class Store(Role):
    """`keys` go on top of section [store], `hotlist` makes section [hotlist], `evidence` section [evidence], `env` is for its process."""

    def __init__(self, folder: Path, hotlist: dict = None, evidence: dict = None, env: dict = None, **keys):
        self.data = keys.pop("path", folder / "data")
        conf = f"[site]\nname = test-01\nlatitude = 38.6\nlongitude = -90.2\n[store]\npath = {self.data}\n"
        conf += "".join(f"{k} = {v}\n" for k, v in {"min_free_bytes": 0, **keys}.items())
        conf += "[hotlist]\n" + "".join(f"{k} = {v}\n" for k, v in (hotlist or {}).items())
        conf += "[evidence]\n" + "".join(f"{k} = {v}\n" for k, v in (evidence or {}).items())
        super().__init__("store", conf, folder, ["vision", "uplink", *(["control"] if evidence else [])], env)
        self.answers = {}  # passage id: accepted, in the order they came
        self.lists = []    # (version, ETag) of every list in force that uplink was told of
        self.heads = []    # (seq, hash) of every head of the audit chain likewise

    @property
    def vision(self):
        return self.peers["vision"]

    @property
    def uplink(self):
        return self.peers["uplink"]

    def give(self, m, gift: bytes, seal: bool = True) -> bytes:
        self.vision.send(bytes(m), sealed(gift, "passage", seal))
        return bytes(m.id)

    def passage(self, plate: str, *args, **kwargs) -> bytes:
        return self.give(*wire.passage(plate, *args, **kwargs))

    def collect(self, timeout: float) -> None:
        """Take answers for passages that have come, for at most so long until one comes."""
        while (m := self.vision.receive(timeout)) is not None:
            done = wire.parse(wire.WirePassageDone, m[1])
            self.answers[bytes(done.id)] = done.accepted
            timeout = 0

    def answer(self, ident: bytes, timeout: float = 10):
        end = time.monotonic() + timeout
        while ident not in self.answers:
            assert time.monotonic() < end, f"no answer for a passage\n{self.tail()}"
            self.collect(0.1)
        return self.answers.pop(ident)

    def accept(self, plate: str, *args, **kwargs) -> bytes:
        ident = self.passage(plate, *args, **kwargs)
        assert self.answer(ident) == 1
        return ident

    def to_uplink(self, timeout: float):
        """The next message to uplink but of the list in force and the chain's head (those go into `lists` and `heads`); None in time."""
        end = time.monotonic() + timeout
        while (m := self.uplink.receive(max(end - time.monotonic(), 0))) is not None:
            if m[0] == "WIRE_LIST":
                told = wire.parse(wire.WireList, m[1])
                self.lists.append((told.version, told.etag))
            elif m[0] == "WIRE_HEAD":
                told = wire.parse(wire.WireHead, m[1])
                self.heads.append((told.seq, bytes(told.hash)))
            else:
                break
        return m

    def hit(self, timeout: float = 5):
        """The next (outbox id, event) offered to uplink; None in time."""
        m = self.to_uplink(timeout)
        if m is None:
            return None
        assert m[0] == "WIRE_HIT"
        h = wire.parse(wire.WireHit, m[1])
        with os.fdopen(m[2][0], "rb") as f:
            f.seek(0)
            body = f.read()
        assert len(body) == h.size
        return h.outbox_id, json.loads(body)

    def hit_done(self, outbox_id: int, outcome: int = ACKNOWLEDGED, status: int = 201) -> None:
        self.uplink.send(bytes(wire.start(wire.WireHitDone(outbox_id=outbox_id, outcome=outcome, http_status=status,
                                                           ended_ns=time.time_ns()))))

    def begin_offer(self, data: bytes, etag: bytes = b'"tag"', seal: bool = True) -> None:
        """Offer a bundle as uplink does."""
        self.uplink.send(bytes(wire.start(wire.WireBundle(size=len(data), etag=etag))), sealed(data, "bundle", seal))

    def offer(self, data: bytes, etag: bytes = b'"tag"', seal: bool = True):
        """The same, and the answer to it: (accepted, version in force)."""
        self.begin_offer(data, etag, seal)
        kind, body, _ = self.to_uplink(10)
        assert kind == "WIRE_BUNDLE_DONE"
        done = wire.parse(wire.WireBundleDone, body)
        assert done.etag == etag
        return bool(done.accepted), done.version

    def told(self, timeout: float = 10):
        """The next (version, ETag) of a list in force that uplink is told; what else comes before it is dropped."""
        n, end = len(self.lists), time.monotonic() + timeout
        while len(self.lists) == n:
            assert time.monotonic() < end, f"uplink was told of no list\n{self.tail()}"
            self.to_uplink(0.05)
        return self.lists[n]

    def connect_uplink(self) -> None:
        """As when uplink was started anew."""
        self.uplink.close()
        self.peers["uplink"] = self.connect("uplink")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def rows(self, sql: str, *args) -> list:
        db = sqlite3.connect(f"file:{self.data}/reads.db?mode=ro", uri=True, timeout=10)
        try:
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def kept(self) -> list:
        """What it keeps, opened (tests/truth.py)."""
        return kept(self.data)

    def plates(self) -> list:
        return [row["read"]["plate"] for row in self.kept()]

    def one(self, sql: str, *args):
        return self.rows(sql, *args)[0][0]


def chain_holds(s: Store) -> int:
    """Verify the audit chain by firmware/store/SCHEMA.md, without the firmware's code; the number of records."""
    before, n = bytes(32), 0
    for seq, at_ns, *fields, prev, own in s.rows(
            "SELECT seq, at_ns, who, what, purpose, case_number, outcome, detail, prev, hash FROM audit ORDER BY seq"):
        n += 1
        text = b"alpr-audit-1" + before + struct.pack(">qq", seq, at_ns)
        for field in fields:
            text += struct.pack(">I", len(field.encode())) + field.encode()
        assert (seq, prev, own) == (n, before, hashlib.sha256(text).digest())
        before = own
    return n
