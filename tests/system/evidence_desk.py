# SPDX-License-Identifier: Apache-2.0
"""The custodian's desk as tests play it, by other libraries than the firmware's: requests are signed and answers opened with
python3-jwcrypto, unpacked with Python's tarfile, verified with python3-cryptography (firmware/store/EVIDENCE.md)."""
import base64
import datetime
import hashlib
import io
import json
import os
import re
import secrets
import tarfile
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwcrypto import jwe, jwk, jws

from tests.system import wire
from tests.system.roles import sealed
from tests.system.store_role import Store

TYP = "alpr-evidence-request"


def rfc3339(ns: int) -> str:
    return datetime.datetime.fromtimestamp(ns // 10**6 / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def der(certificate: Path) -> str:
    body = re.search(r"-----BEGIN CERTIFICATE-----(.*?)-----END", certificate.read_text(), re.S).group(1)
    return base64.b64encode(base64.b64decode(body)).decode()


class Desk:
    """One custodian: a certificate of `certs` by its name."""

    def __init__(self, certs: Path, name: str = "EVIDENCE", cn: str = "EVIDENCE test user"):
        self.certificate, self.cn = certs / f"{name}.crt", cn
        self.pem = (certs / f"{name}.key").read_bytes()
        self.key = jwk.JWK.from_pem(self.pem)

    def payload(self, **changes) -> dict:
        """A good request for one plate; a change to None takes the member away."""
        now = time.time_ns()
        said = {"format": "alpr-evidence-request-1", "camera": "test-01", "plate": "ABC123", "case_number": "26-000123",
                "purpose": "stolen-vehicle", "requester": self.cn, "issued": rfc3339(now), "expires": rfc3339(now + 3600 * 10**9),
                "nonce": secrets.token_urlsafe(18)}
        if "from" in changes and "plate" not in changes:
            del said["plate"]
        return {k: v for k, v in {**said, **changes}.items() if v is not None}

    def sign(self, payload, header: dict = None, key=None) -> bytes:
        text = payload if isinstance(payload, (bytes, str)) else json.dumps(payload)
        token = jws.JWS(text)
        token.add_signature(key or self.key, None, json.dumps(
            header or {"alg": "ES256", "typ": TYP, "x5c": [der(self.certificate)]}), None)
        return token.serialize(compact=True).encode()

    def request(self, **changes) -> bytes:
        return self.sign(self.payload(**changes))

    def window(self, begin_ns: int, end_ns: int, **changes) -> bytes:
        return self.request(**{"from": rfc3339(begin_ns), "to": rfc3339(end_ns), **changes})

    def open(self, answer: bytes, request: bytes = None) -> "Answer":
        token = jwe.JWE()
        token.deserialize(answer.decode(), self.key)
        public = serialization.load_pem_private_key(self.pem, None).public_key()
        spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        header = json.loads(token.objects["protected"])
        assert {k: header[k] for k in ("alg", "enc", "typ", "kid")} == {
            "alg": "ECDH-ES", "enc": "A256GCM", "typ": "alpr-evidence", "kid": hashlib.sha256(spki).hexdigest()}
        return Answer(token.payload, request)


class Answer:
    """An opened answer, all of it verified."""

    def __init__(self, archive: bytes, request: bytes = None):
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as t:
            assert all(m.isreg() and m.mode == 0o600 for m in t)
            self.names = t.getnames()
            self.files = {m.name: t.extractfile(m).read() for m in t}
        assert self.names[:6] == ["manifest.json", "manifest.sig", "request.jws", "certificate.txt", "audit.jsonl", "box.key"]
        self.manifest = json.loads(self.files["manifest.json"])
        box = serialization.load_der_public_key(self.files["box.key"])
        box.verify(self.files["manifest.sig"], b"alpr-evidence-1" + self.files["manifest.json"], ec.ECDSA(hashes.SHA256()))
        assert [f["name"] for f in self.manifest["files"]] == self.names[2:]
        for f in self.manifest["files"]:
            data = self.files[f["name"]]
            assert (len(data), hashlib.sha256(data).hexdigest()) == (f["size"], f["sha256"]), f["name"]
        if request is not None:
            assert self.files["request.jws"] == request
        assert self.manifest["request"] == hashlib.sha256(self.files["request.jws"]).hexdigest()
        assert self.manifest["complete"] is True
        self.certificate = self.files["certificate.txt"].decode()
        self.audit = [json.loads(line) for line in self.files["audit.jsonl"].splitlines()]
        assert (self.audit[0]["seq"], self.audit[0]["hash"]) == (self.audit[-1]["seq"], self.audit[-1]["hash"])

    @property
    def reads(self) -> list:
        return self.manifest["reads"]

    @property
    def plates(self) -> list:
        return [r["plate"] for r in self.reads]

    def pictures(self, read: dict) -> dict:
        prefix = f"reads/{read['passage']}/"
        return {name[len(prefix):]: data for name, data in self.files.items() if name.startswith(prefix)}


class EvidenceStore(Store):
    """The real store, asked as uplink and control ask it."""

    def __init__(self, folder: Path, certs: Path, hotlist: dict = None, evidence: dict = None, **keys):
        super().__init__(folder, hotlist, {"ca": certs / "ca.crt", **(evidence or {})}, **keys)
        self.asked = 0

    def begin(self, request: bytes, way: str = "uplink", seal: bool = True) -> int:
        self.asked += 1
        self.peers[way].send(bytes(wire.start(wire.WireRequest(request=self.asked))), sealed(request, "request", seal))
        return self.asked

    def end(self, number: int, way: str = "uplink", timeout: float = 20):
        """(sealed answer, None) or (None, reason)."""
        until = time.monotonic() + timeout
        while (m := self.ended(way, until - time.monotonic())) is None:
            assert time.monotonic() < until, f"no answer to a request\n{self.tail()}"
        return self.taken(number, m)

    def ended(self, way: str, timeout: float):
        """The message that ends a request, for taken(); None: it has not come in time, or another came."""
        m = self.to_uplink(timeout) if way == "uplink" else self.peers[way].receive(timeout)
        return m if m and m[0] == "WIRE_REQUEST_DONE" else None

    def taken(self, number: int, m) -> tuple:
        """What such a message brings."""
        done = wire.parse(wire.WireRequestDone, m[1])
        assert done.request == number and len(m[2]) == done.sealed
        if not done.sealed:
            return None, done.why.decode()
        with os.fdopen(m[2][0], "rb") as f:
            f.seek(0)
            return f.read(), None

    def ask(self, request: bytes, way: str = "uplink", timeout: float = 20):
        return self.end(self.begin(request, way), way, timeout)

    def pull(self, desk: Desk, request: bytes, way: str = "uplink") -> Answer:
        answer, why = self.ask(request, way)
        assert why is None, why
        return desk.open(answer, request)

    def refused(self, request: bytes, way: str = "uplink") -> str:
        answer, why = self.ask(request, way)
        assert answer is None and why
        return why

    def audited(self) -> list:
        """(who, purpose, case number, outcome, detail) of every record of evidence."""
        rows = self.rows("SELECT who, purpose, case_number, outcome, detail FROM audit WHERE what = 'evidence' ORDER BY seq")
        return [(*row[:4], json.loads(row[4])) for row in rows]
