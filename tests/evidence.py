# SPDX-License-Identifier: Apache-2.0
"""Evidence pulls by another implementation of JOSE (python3-jwcrypto): a custodian who asks, and a box that answers."""
import base64
import hashlib
import io
import json
import secrets
import struct
import subprocess
import tarfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwcrypto import jwe, jwk, jws

TYP = "alpr-evidence-request"
FORMAT = "alpr-evidence-1"
FIELDS = ["who", "what", "purpose", "case_number", "outcome", "detail"]
PARTS = ["manifest.json", "manifest.sig", "request.jws", "certificate.txt", "audit.jsonl", "box.key"]


def rfc3339(t: datetime) -> str:
    return t.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds(text: str) -> str:
    return text[:-1] + ".000Z" if "." not in text else text


def fold(plate: str) -> str:
    return "".join(c for c in plate.upper() if c.isalnum()).replace("O", "0")


class Custodian:
    """The holder of a certificate: NAME.crt and NAME.key in `certs`."""

    def __init__(self, certs: Path, name: str = "EVIDENCE"):
        self.certificate = x509.load_pem_x509_certificate((certs / f"{name}.crt").read_bytes())
        self.key = jwk.JWK.from_pem((certs / f"{name}.key").read_bytes())
        self.subject, self.serial = subject_of(certs / f"{name}.crt")
        self.certificate_path, self.key_path, self.ca = certs / f"{name}.crt", certs / f"{name}.key", certs / "ca.crt"

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def payload(self, **more) -> dict:
        """A good one for a plate; None takes a member out."""
        now = datetime.now(timezone.utc)
        payload = {"format": "alpr-evidence-request-1", "camera": "demo-01", "plate": "ABC 123", "case_number": "26-001234",
                   "purpose": "homicide", "requester": self.certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value,
                   "issued": rfc3339(now), "expires": rfc3339(now + timedelta(hours=4)), "nonce": secrets.token_urlsafe(18), **more}
        return {name: value for name, value in payload.items() if value is not None}

    def header(self, **more) -> dict:
        return {"alg": "ES256", "typ": TYP, "x5c": [base64.b64encode(self.der).decode()], **more}

    def request(self, payload=None, header=None) -> str:
        token = jws.JWS(json.dumps(self.payload() if payload is None else payload))
        token.add_signature(self.key, alg="ES256", protected=json.dumps(self.header() if header is None else header))
        return token.serialize(compact=True)

    def open(self, sealed: str) -> bytes:
        token = jwe.JWE(algs=["ECDH-ES", "A256GCM"])
        token.deserialize(sealed, self.key)
        return token.payload


def payload_of(request: str) -> dict:
    """What a request says, verified with the certificate in it."""
    header = json.loads(base64.urlsafe_b64decode(request.split(".")[0] + "=="))
    certificate = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    token = jws.JWS()
    token.deserialize(request)
    token.verify(jwk.JWK.from_pyca(certificate.public_key()), alg="ES256")
    return {"header": header, "payload": json.loads(token.payload)}


def subject_of(certificate: Path) -> tuple:
    """Subject and serial number as a box writes them."""
    words = ["openssl", "x509", "-in", certificate, "-noout", "-serial", "-subject", "-nameopt", "oneline,-space_eq"]
    serial, subject = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    serial = serial.split("=", 1)[1]
    return subject.split("=", 1)[1].strip(), ":".join(serial[i:i + 2] for i in range(0, len(serial), 2))


class Box:
    """A box that answers as EVIDENCE.md says; what it should not do, tests make it do."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.spki = self.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.fingerprint = hashlib.sha256(self.spki).hexdigest()

    def sign(self, manifest: bytes) -> bytes:
        return self.key.sign(FORMAT.encode() + manifest, ec.ECDSA(hashes.SHA256()))

    @staticmethod
    def audit(who: str, request: str, asked: dict, **more) -> bytes:
        row = {"seq": 7, "at_ns": "1800000000000000000", "time": "2027-01-15T08:00:00.000Z", "who": who, "what": "evidence",
               "purpose": asked["purpose"], "case_number": asked["case_number"], "outcome": "sealed",
               "detail": json.dumps({"request": hashlib.sha256(request.encode()).hexdigest(), "reads": 1}, separators=(",", ":")),
               "prev": "00" * 32, **more}
        text = b"".join(struct.pack(">I", len(row[f].encode())) + row[f].encode() for f in FIELDS)
        row["hash"] = hashlib.sha256(b"alpr-audit-1" + bytes.fromhex(row["prev"]) + struct.pack(">qq", row["seq"], int(row["at_ns"])) +
                                     text).hexdigest()
        head = {"format": "alpr-audit-1", "seq": row["seq"], "hash": row["hash"]}
        return "".join(json.dumps(x, separators=(",", ":"), ensure_ascii=False) + "\n" for x in (head, row)).encode()

    def files(self, custodian: Custodian, request: str, reads=None, pictures=None, changed=None) -> dict:
        """Name -> bytes, in the order of an archive. `changed` members of the manifest; None takes one out."""
        asked = payload_of(request)["payload"]
        subject, serial = custodian.subject, custodian.serial
        files = {"request.jws": request.encode(), "certificate.txt": b"CERTIFICATE <b>OF</b> AUTHENTICITY\n",
                 "audit.jsonl": self.audit(f"{subject}, serial {serial}", request, asked), "box.key": self.spki, **(pictures or {})}
        manifest = {"format": FORMAT, "site": asked["camera"], "latitude": 38.6, "longitude": -90.2,
                    "cameras": {"0": "north-left", "1": "north-right"}, "board": "host", "firmware": "0.0.1",
                    "answered": rfc3339(datetime.now(timezone.utc)), "clock": "ok",
                    "request": hashlib.sha256(request.encode()).hexdigest(), "case_number": asked["case_number"],
                    "purpose": asked["purpose"], "requester": subject, "serial": serial,
                    **({"plate": fold(asked["plate"])} if "plate" in asked else {}),
                    **{name: milliseconds(asked[name]) for name in ("from", "to") if name in asked},
                    "list_version": 5, "retention_days": 90, "complete": True, "reads": reads or [],
                    "files": [{"name": n, "size": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in files.items()], **(changed or {})}
        text = json.dumps({k: v for k, v in manifest.items() if v is not None}).encode()
        return {"manifest.json": text, "manifest.sig": self.sign(text), **files}

    def signed(self, files: dict, manifest) -> dict:
        """The same files below another manifest, signed anew."""
        text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        return {**files, "manifest.json": text, "manifest.sig": self.sign(text)}


def archive(files) -> bytes:
    """ustar of plain files: a dict, or a list of (name, bytes) or of (TarInfo, bytes)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items() if isinstance(files, dict) else files:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = len(data)
            info.mode = 0o600
            tar.addfile(info, io.BytesIO(data))
        end = tar.offset
    return out.getvalue()[:end] + bytes(1024)


def seal(plain: bytes, custodian: Custodian, **more) -> str:
    """A JWE as a box makes it, to the custodian's key."""
    public = custodian.certificate.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "typ": "alpr-evidence", "kid": hashlib.sha256(public).hexdigest(), **more}
    token = jwe.JWE(plain, json.dumps(header))
    token.add_recipient(custodian.key)
    return token.serialize(compact=True)
