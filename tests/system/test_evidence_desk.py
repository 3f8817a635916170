# SPDX-License-Identifier: Apache-2.0
"""The custodian's desk: alprctl evidence request and open, against another implementation of JOSE (python3-jwcrypto, python3-cryptography)."""
import base64
import hashlib
import html.parser
import json
import os
import re
import secrets
import stat
import subprocess
import tarfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from jwcrypto import jwe, jwk

from tests.box import ROOT, build_folder
from tests.system.evidence_desk import EvidenceStore
from tests.system.test_audit import conf_of
from tests.evidence import PARTS, Box, Custodian, archive, payload_of, rfc3339, seal

ALPRCTL = build_folder() / "bin/alprctl"
PROBE = build_folder() / "test/jose"
JPEG = bytes.fromhex("ffd8ffe0") + b"JFIF" + bytes(range(256)) * 8 + bytes.fromhex("ffd9")
ID = ["0123456789abcdef" * 2, "fedcba9876543210" * 2]


def alprctl(*words, status=0, **more) -> subprocess.CompletedProcess:
    done = subprocess.run([ALPRCTL, "evidence", *map(str, words)], **{"capture_output": True, "text": True, "timeout": 60, "check": False,
                                                                      **more})
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    assert "ABC" not in done.stderr
    return done


@pytest.fixture(scope="module", name="jane")
def fixture_jane(certs):
    return Custodian(certs)


@pytest.fixture(scope="module", name="box")
def fixture_box():
    return Box()


# --- the request --------------------------------------------------------------------------------------------------------


def ask(jane, *more, status=0, **keys):
    words = {"key": jane.key_path, "cert": jane.certificate_path, "camera": "demo-01", "case": "26-001234", "purpose": "homicide", **keys}
    return alprctl("request", *[w for name, value in words.items() if value is not None for w in (f"--{name}", value)], *more, status=status)


def test_our_request_verifies_elsewhere(jane):
    before = datetime.now(timezone.utc).replace(microsecond=0)
    said = payload_of(ask(jane, plate="abo-123", valid=3).stdout)
    header, payload = said["header"], said["payload"]
    assert set(header) == {"alg", "typ", "x5c"} and header["typ"] == "alpr-evidence-request" and header["alg"] == "ES256"
    assert [base64.b64decode(c) for c in header["x5c"]] == [jane.der]
    issued, expires = (datetime.fromisoformat(payload.pop(name).replace("Z", "+00:00")) for name in ("issued", "expires"))
    assert before <= issued <= datetime.now(timezone.utc) and expires - issued == timedelta(hours=3)
    assert re.fullmatch(r"[\w-]{32}", payload.pop("nonce"))
    assert payload == {"format": "alpr-evidence-request-1", "camera": "demo-01", "plate": "AB0123", "case_number": "26-001234",
                       "purpose": "homicide", "requester": "EVIDENCE test user"}


def test_no_two_requests_are_alike(jane):
    assert payload_of(ask(jane, plate="A").stdout)["payload"]["nonce"] != payload_of(ask(jane, plate="A").stdout)["payload"]["nonce"]


def test_a_plate_from_standard_input_is_in_no_list_of_processes(jane, tmp_path):
    done = alprctl("request", "--key", jane.key_path, "--cert", jane.certificate_path, "--camera", "demo-01", "--plate", "-", "--case", "1",
                   "--purpose", "p", "-o", tmp_path / "r", input="ABC 123\r\n")
    request = (tmp_path / "r").read_text()
    assert payload_of(request)["payload"]["plate"] == "ABC123" and "\n" not in request
    assert stat.S_IMODE((tmp_path / "r").stat().st_mode) == 0o600
    assert hashlib.sha256(request.encode()).hexdigest() in done.stderr and done.stdout == ""


def test_a_window(jane):
    payload = payload_of(ask(jane, **{"from": "2027-01-15T07:00:00Z", "to": "2027-01-15T08:00:00Z"}).stdout)["payload"]
    assert payload["from"] == "2027-01-15T07:00:00.000Z" and payload["to"] == "2027-01-15T08:00:00.000Z" and "plate" not in payload


@pytest.mark.parametrize("keys, why", [
    ({"plate": "ABC*"}, "one exact plate is asked for, without wildcards"),
    ({"plate": "ABC1234567890"}, "not of 1 to 10 letters and digits"),
    ({"plate": ""}, "plate: empty"),
    ({}, "neither --plate nor --from and --to"),
    ({"from": "2027-01-15T07:00:00Z"}, "a window is --from and --to"),
    ({"from": "2027-01-15T07:00:00+01:00", "to": "2027-01-15T08:00:00Z"}, "in UTC"),
    ({"from": "2027-01-15T07:00:00Z", "to": "2027-01-15T08:00:01Z"}, "no box answers for more than 60 minutes"),
    ({"from": "2027-01-15T07:00:00Z", "to": "2027-01-15T07:00:00Z"}, "ends before it begins"),
    ({"plate": "A", "case": ""}, "case_number: empty"),
    ({"plate": "A", "case": "1" * 65}, "--case: too long"),
    ({"plate": "A", "case": "1\n2"}, "case_number: a control character"),
    ({"plate": "A", "purpose": ""}, "purpose: empty"),
    ({"plate": "A", "camera": "x" * 300}, "--camera: too long"),
    ({"plate": "A", "valid": "25"}, "--valid: 1 to 24 hours"),
    ({"plate": "A", "valid": "0"}, "--valid: 1 to 24 hours"),
    ({"plate": "A", "valid": "4h"}, "--valid: 1 to 24 hours"),
    ({"plate": "A", "key": "TECH.key"}, "not the key of that certificate"),
    ({"plate": "A", "key": "absent.key"}, "absent.key: No such file"),
    ({"plate": "A", "cert": "EVIDENCE.key"}, "EVIDENCE.key: not certificates in PEM form"),
])
def test_what_no_box_would_answer_is_not_signed(jane, keys, why):
    keys = {name: jane.ca.parent / value if name in ("key", "cert") else value for name, value in keys.items()}
    done = ask(jane, status=1 if "No such" in why or "PEM" in why else 2, **keys)
    assert why in done.stderr and done.stdout == "" and done.stderr.count("\n") == 1


def test_a_file_that_is_there_stays(jane, tmp_path):
    (tmp_path / "r").write_text("before")
    assert "File exists" in ask(jane, "-o", tmp_path / "r", plate="A", status=1).stderr
    assert (tmp_path / "r").read_text() == "before"


@pytest.mark.parametrize("words", [["request"], ["request", "--plate", "A"], ["request", "--bad"], ["open"], ["open", "x"], ["open", "--key", "k", "x"],
                                   ["open", "--key", "k", "-o", "f"], ["open", "--key", "k", "-o", "f", "x", "y"], ["show"], []])
def test_a_wrong_call_says_how(words):
    done = alprctl(*words, status=2)
    assert "usage: alprctl evidence " in done.stderr


# --- a box reads it -----------------------------------------------------------------------------------------------------


def read(request, ca, status=0) -> subprocess.CompletedProcess:
    done = subprocess.run([PROBE, "request", ca], input=request, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == status, (done.returncode, done.stderr)
    assert "ABC" not in done.stderr
    return done


def test_a_request_of_jwcrypto_is_read_by_the_box(jane):
    payload = jane.payload(**{"from": "2027-01-15T07:00:00.25Z", "to": "2027-01-15T08:00:00Z"})
    done = read(jane.request(payload), jane.ca)
    payload.update({"plate": "ABC123", "from": "2027-01-15T07:00:00.250Z", "to": "2027-01-15T08:00:00.000Z"})
    payload.update({name: payload[name][:-1] + ".000Z" for name in ("issued", "expires")})
    assert json.loads(done.stdout) == payload and "OU=EVIDENCE" in done.stderr


def test_our_request_is_read_by_the_box(jane):
    assert json.loads(read(ask(jane, plate="ABC 123").stdout, jane.ca).stdout)["plate"] == "ABC123"


def test_what_jwcrypto_signs_otherwise_is_refused(jane, certs):
    header, other = jane.header(), Custodian(certs, "TECH")
    foreign = base64.b64encode(other.der).decode()
    for changed, why in [({"alg": "ES256", "typ": header["typ"]}, "x5c: missing"),
                         ({**header, "crit": ["exp"], "exp": 1}, "a member that does not belong there"),
                         ({**header, "jwk": json.loads(jane.key.export_public())}, "a member that does not belong there"),
                         ({**header, "typ": "JWT"}, "typ: not alpr-evidence-request"),
                         ({**header, "x5c": [foreign]}, "signature: does not verify"),
                         ({**header, "x5c": header["x5c"] * 5}, "more than 4 certificates"),
                         ({**header, "x5c": [header["x5c"][0][:-8]]}, "not a certificate")]:
        if "crit" in changed: # jwcrypto does not sign a header that it does not understand
            text = jane.request()
            changed = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
            request = ".".join([changed, *text.split(".")[1:]])
        else:
            request = jane.request(header=changed)
        assert why in read(request, jane.ca, 1).stderr, changed
    assert "role TECH" in read(other.request(other.payload()), jane.ca, 1).stderr
    assert "not issued by that authority" in read(jane.request(), certs / "wrong-ca.crt", 1).stderr
    assert "not the CN" in read(jane.request(jane.payload(requester="John Doe")), jane.ca, 1).stderr
    assert "does not belong" in read(jane.request(jane.payload(plates=["ABC"])), jane.ca, 1).stderr
    for text in ("", "x", "a.b.c", jane.request() + "\n", jane.request()[:-2], "A" * 20000):
        read(text, jane.ca, 1)


def test_what_the_box_seals_jwcrypto_opens(jane, certs):
    for size in (1, 12288, 100001):
        data = secrets.token_bytes(size)
        sealed = subprocess.run([PROBE, "seal", jane.certificate_path], input=data, capture_output=True, timeout=20, check=True).stdout.decode()
        assert jane.open(sealed) == data
        token = jwe.JWE(algs=["ECDH-ES", "A256GCM"])
        with pytest.raises(jwe.InvalidJWEData):
            token.deserialize(sealed, jwk.JWK.from_pem((certs / "TECH.key").read_bytes()))


# --- opening ------------------------------------------------------------------------------------------------------------


def a_read(passage, plate="ABC123", **more) -> dict:
    return {"passage": passage, "first": "2027-01-15T07:59:58.000Z", "best": "2027-01-15T07:59:59.250Z", "last": "2027-01-15T08:00:00.000Z",
            "pairs": 12, "degraded": False, "low_quality": False, "hit": 1, "plate": plate, "jurisdiction": "MO", "confidence": 0.987,
            "chars": [0.99] * len(plate), "alternatives": [["A8C123", 0.01]], "list_version": 4,
            "angles": [{"camera": 0, "capture_ns": 1800000000123456789, "frames": 6, "quad": [1, 2, 3, 4, 5, 6, 7, 8], "plate": plate,
                        "jurisdiction": None, "confidence": 0.9, "chars": [], "alternatives": []}], **more}


PICTURES = {f"reads/{ID[0]}/crop_0.jpg": JPEG, f"reads/{ID[0]}/crop_1.jpg": JPEG + b"1", f"reads/{ID[0]}/scene_0.jpg": JPEG + b"2",
            f"reads/{ID[1]}/crop_1.jpg": JPEG + b"3"}


@pytest.fixture(scope="module", name="asked")
def fixture_asked(jane):
    return ask(jane, plate="ABC 123").stdout


@pytest.fixture(scope="module", name="files")
def fixture_files(jane, box, asked):
    return box.files(jane, asked, [a_read(ID[0]), a_read(ID[1], "ABC<b>", damaged=["crop_0"], clock_off_s=-3600)], PICTURES)


class Desk:
    def __init__(self, folder, custodian, box=None):
        self.folder, self.custodian, self.box, self.out = folder, custodian, box, folder / "out"

    def open(self, what, *more, status=0, key=None) -> subprocess.CompletedProcess:
        """A dict of files, the bytes of an archive, or a sealed text."""
        if isinstance(what, dict):
            what = archive(what)
        if isinstance(what, bytes):
            what = seal(what, self.custodian)
        (self.folder / "answer.jwe").write_text(what)
        done = alprctl("open", "--key", key or self.custodian.key_path, *more, self.folder / "answer.jwe", "-o", self.out, status=status)
        if status:
            assert not self.out.exists() and done.stdout == "" and done.stderr.startswith("alprctl: evidence: ")
        return done

    def refused(self, what, why, *more, **keys):
        assert why in self.open(what, *more, status=1, **keys).stderr


@pytest.fixture(name="desk")
def fixture_desk(tmp_path, jane, box):
    return Desk(tmp_path, jane, box)


def test_an_answer_opens_and_is_written_as_it_was_sealed(desk, box, files, jane):
    done = desk.open(files, "--box-key", box.fingerprint, "--ca", jane.ca)
    written = {str(p.relative_to(desk.out)): p.read_bytes() for p in desk.out.rglob("*") if p.is_file()}
    page = written.pop("index.html").decode()
    assert written == files
    assert all(stat.S_IMODE(p.stat().st_mode) == (0o700 if p.is_dir() else 0o600) for p in [desk.out, *desk.out.rglob("*")])
    said = done.stdout.splitlines()
    assert [line.split(":")[0] for line in said] == ["verified"] * 8 + ["not verified"] + [
        f"manifest.json has SHA-256 {hashlib.sha256(files['manifest.json']).hexdigest()}", f"{desk.out}/index.html shows it"]
    assert "each of the 8 files" in done.stdout and "record 7" in done.stdout and box.fingerprint in done.stdout
    assert "2 reads, and each of the 4 pictures" in done.stdout
    for text in (box.fingerprint, "26-001234", "homicide", "EVIDENCE test user", "a lead, never an identification", "ABC123", "A8C123",
                 hashlib.sha256(JPEG).hexdigest(), "demo-01", "CERTIFICATE &lt;b&gt;OF&lt;/b&gt;", "ABC&lt;b&gt;", "0.987", "by about -3600 s"):
        assert text in page, text
    assert base64.b64encode(JPEG + b"3").decode() in page and page.count("data:image/jpeg;base64,") == 4


class Page(html.parser.HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, text):
        super().__init__()
        self.seen, self.attributes, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_holds_nothing_that_runs_or_loads(desk, box, jane, certs):
    """Every text that comes from outside is hostile here: what a box's key signs may not be a box."""
    evil = "<script src=http://x>'\"&"
    subprocess.run(["openssl", "req", "-x509", "-new", "-key", certs / "EVIDENCE.key", "-subj", "/OU=EVIDENCE/CN=<img src=x>", "-out",
                    desk.folder / "evil.crt"], check=True, capture_output=True)
    (desk.folder / "evil.key").write_bytes((certs / "EVIDENCE.key").read_bytes())
    eve = Custodian(desk.folder, "evil")
    request = eve.request(eve.payload(camera=evil, case_number=evil, purpose=evil))
    read = a_read(ID[0], plate=evil, jurisdiction=evil, first=evil, best=evil, last=evil, alternatives=[[evil, 1], evil, [1, 2], None],
                  damaged=[evil, 1], angles=[{"camera": 1e308, "plate": evil, "capture_ns": 1e300, "frames": -1}, evil, 3], chars=[evil, {}],
                  hit=7, list_version=1e300, clock_off_s=1e300, confidence=evil, pairs=evil)
    eve.subject = "OU=EVIDENCE, CN=\\<img src\\=x\\>"
    changed = {name: evil for name in ("board", "firmware", "clock", "answered", "latitude", "retention_days", "list_version")}
    files = box.files(eve, request, [read], {f"reads/{ID[0]}/crop_0.jpg": b"not a picture"}, {**changed, "cameras": {"0": evil, "1": None}})
    desk.custodian = eve
    desk.open(files)
    page = Page((desk.out / "index.html").read_text())
    assert not {"script", "iframe", "object", "link", "form", "a", "b"} & set(page.seen)
    assert page.seen.count("img") == 1 and page.seen.count("meta") == 3
    assert not [name for name, value in page.attributes if name.startswith("on") or name in ("href", "action")]
    assert all(value.startswith("data:image/jpeg;base64,") for name, value in page.attributes if name == "src")
    assert any("default-src 'none'" in (value or "") for name, value in page.attributes)
    assert "".join(page.text).count(evil) > 12


def test_an_empty_answer_opens(desk, box, jane, asked):
    done = desk.open(box.files(jane, asked))
    assert "0 reads" in done.stdout and "The box had no read that was asked for" in (desk.out / "index.html").read_text()
    assert "not verified: whose box it is" in done.stdout and "give it as --ca" in done.stdout


def test_a_window_is_shown_as_one(desk, box, jane):
    request = ask(jane, **{"from": "2027-01-15T07:00:00Z", "to": "2027-01-15T08:00:00Z"}).stdout
    desk.open(box.files(jane, request))
    assert "every passage, from 2027-01-15T07:00:00.000Z until 2027-01-15T08:00:00.000Z" in (desk.out / "index.html").read_text()


def test_the_line_end_of_a_mail_is_none_of_it(desk, files):
    desk.open(seal(archive(files), desk.custodian) + "\r\n")


def test_a_folder_that_is_not_empty_is_refused(desk, files):
    desk.out.mkdir()
    (desk.out / "older").write_text("x")
    (desk.folder / "answer.jwe").write_text(seal(archive(files), desk.custodian))
    done = alprctl("open", "--key", desk.custodian.key_path, desk.folder / "answer.jwe", "-o", desk.out, status=1)
    assert "not empty" in done.stderr and [p.name for p in desk.out.iterdir()] == ["older"]
    (desk.out / "older").unlink()
    desk.open(files)


def test_a_folder_that_cannot_be_written_is_said(desk, files):
    desk.out = desk.folder / "absent/out"
    assert "No such file" in desk.open(files, status=1).stderr
    desk.out = desk.folder / "answer.jwe/out"
    (desk.folder / "answer.jwe").write_text(seal(archive(files), desk.custodian))
    assert "Not a directory" in alprctl("open", "--key", desk.custodian.key_path, desk.folder / "answer.jwe", "-o", desk.out, status=1).stderr


def test_what_could_not_be_written_has_no_page(desk, files):
    """A full disk, played by a limit on a file's size: the page comes last, so where it is missing something is."""
    big = {**files, f"reads/{ID[1]}/scene_0.jpg": JPEG * 20}
    (desk.folder / "answer.jwe").write_text(seal(archive(resigned(desk.box, big, "certificate.txt", b"x")), desk.custodian))
    words = [ALPRCTL, "evidence", "open", "--key", desk.custodian.key_path, desk.folder / "answer.jwe", "-o", desk.out]
    done = subprocess.run(["sh", "-c", "trap '' XFSZ; ulimit -f 16; exec \"$@\"", "sh", *words], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 1 and "out is not complete: " in done.stderr and "scene_0.jpg: write: File too large" in done.stderr
    assert (desk.out / "manifest.json").exists() and not (desk.out / "index.html").exists() and done.stdout == ""


def test_another_key_opens_nothing(desk, files, certs):
    desk.refused(files, "sealed to another key", key=certs / "TECH.key")
    desk.refused(files, "no such key in PEM form", key=certs / "EVIDENCE.crt")


def test_a_jwe_that_is_not_as_a_box_makes_it_is_refused(desk, files):
    good = seal(archive(files), desk.custodian)
    parts = good.split(".")
    desk.refused("", "not a JWE")
    desk.refused("a.b.c", "not a JWE")
    desk.refused(good + ".", "not a JWE")
    desk.refused(" " + good, "header: base64")
    desk.refused(good[:-3], "tag: not of 16 bytes")
    desk.refused(".".join([parts[0], "AAAA", *parts[2:]]), "an encrypted key")
    middle = len(parts[3]) // 2
    changed = parts[3][:middle] + ("A" if parts[3][middle] != "A" else "B") + parts[3][middle + 1:]
    desk.refused(".".join([*parts[:3], changed, parts[4]]), "does not authenticate")
    for more, why in [({"typ": "JOSE"}, "typ: not alpr-evidence"), ({"zip": "DEF"}, "a member that does not belong"), ({"kid": "x"}, "another key"),
                      ({"enc": "A128GCM"}, "enc: not A256GCM"), ({"apu": "QQ"}, "a member that does not belong")]:
        desk.refused(seal(archive(files), desk.custodian, **more), why)


def test_the_manifest_is_what_the_box_signed(desk, box, files):
    desk.refused({**files, "manifest.json": files["manifest.json"] + b" "}, "manifest.sig: signature: does not verify")
    desk.refused({**files, "manifest.sig": b""}, "manifest.sig: signature: of 0 bytes")
    desk.refused({**files, "manifest.sig": bytes(70)}, "manifest.sig: signature: does not verify")
    desk.refused({**files, "box.key": Box().spki}, "manifest.sig: signature: does not verify")
    desk.refused({**files, "box.key": b"x"}, "box.key: no public key")
    desk.refused(files, "another key than --box-key", "--box-key", Box().fingerprint)
    desk.refused(files, "--box-key: ", "--box-key", "0123")
    (desk.folder / "box.pem").write_bytes(subprocess.run(["openssl", "pkey", "-pubin", "-inform", "DER"], input=box.spki, capture_output=True,
                                                         check=True).stdout)
    assert "the key that signed is the one that was given" in desk.open(files, "--box-key", desk.folder / "box.pem").stdout


def test_the_archive_holds_what_the_manifest_lists(desk, box, files):
    picture = f"reads/{ID[0]}/crop_1.jpg"
    for name in ("request.jws", "certificate.txt", "audit.jsonl", picture):
        desk.refused({**files, name: files[name] + b"x"}, f"{name}: not the file that manifest.json tells of")
    changed = bytearray(files[picture])
    changed[9] ^= 1
    desk.refused({**files, picture: bytes(changed)}, f"{picture}: not the file that manifest.json tells of")
    desk.refused({n: d for n, d in files.items() if n != picture}, "not where manifest.json lists it")
    last = list(files)[-1]
    desk.refused({n: d for n, d in files.items() if n != last}, "a file that manifest.json lists is not in the archive")
    desk.refused({**files, f"reads/{ID[1]}/scene_1.jpg": JPEG}, "manifest.json does not list it")
    manifest = json.loads(files["manifest.json"])
    swapped = {**manifest, "files": [*manifest["files"][:4], *reversed(manifest["files"][4:])]}
    desk.refused(box.signed(files, swapped), "not where manifest.json lists it")
    desk.refused(box.signed(files, {**manifest, "reads": manifest["reads"][:1]}), "of no read in manifest.json")
    desk.refused(box.signed(files, {**manifest, "reads": [manifest["reads"][0], {"passage": "../../x"}]}), "reads: not one")


@pytest.mark.parametrize("changed, why", [
    ({"format": "alpr-evidence-2"}, "format: not alpr-evidence-1"), ({"complete": False}, "complete"), ({"complete": None}, "complete"),
    ({"reads": None}, "reads: missing"), ({"reads": {}}, "reads: missing"), ({"cameras": None}, "cameras: missing"),
    ({"site": "demo-02"}, "site: not as in the request"), ({"case_number": "1"}, "case_number: not as in the request"),
    ({"purpose": "stalking"}, "purpose: not as in the request"), ({"plate": "XYZ"}, "plate: not as in the request"),
    ({"plate": None}, "plate: not as in the request"), ({"from": "2027-01-15T07:00:00.000Z"}, "from: not as in the request"),
    ({"requester": "CN=x"}, "requester: not as in the request"), ({"serial": "00"}, "serial: not as in the request"),
    ({"request": "00" * 32}, "request: not as in the request"),
])
def test_the_manifest_says_what_was_asked(desk, box, jane, asked, changed, why):
    assert why in desk.open(box.files(jane, asked, changed=changed), status=1).stderr


def test_a_manifest_reads_in_one_way(desk, box, files):
    text = files["manifest.json"]
    for changed, why in [(text[:-1] + b',"site":"x"}', "a member is there twice"), (text + b"{}", "not one JSON object"), (b"\xff" + text, "not JSON"),
                         (text.replace(b"homicide", b"homi\\u0000cide"), "not JSON"), (b"[]", "not one JSON object"), (b"", "not one JSON object")]:
        desk.refused(box.signed(files, changed), why)


def test_the_request_is_the_custodians_own(desk, box, files, jane, certs):
    other = Custodian(certs, "TECH")
    desk.refused(box.files(other, other.request(other.payload())), "signed with another key than it was sealed to")
    for request, why in [("", "request.jws: not a JWS"), (jane.request(jane.payload(plates=[])), "request.jws: a member that does not belong there")]:
        desk.refused(resigned(box, files, "request.jws", request.encode()), why)
    broken = jane.request()
    broken = broken[:-6] + ("AAAAAA" if not broken.endswith("AAAAAA") else "BBBBBB")
    desk.refused(resigned(box, files, "request.jws", broken.encode()), "request.jws: signature: does not verify")
    desk.refused(files, "not issued by that authority", "--ca", certs / "wrong-ca.crt")
    desk.refused(box.files(jane, jane.request(), changed={"answered": "2051-01-01T00:00:00Z"}), "has expired", "--ca", jane.ca)
    desk.refused(box.files(jane, jane.request(), changed={"answered": "then"}), "answered: not a time", "--ca", jane.ca)
    tech = Desk(desk.folder, other)
    tech.refused(box.files(other, other.request(other.payload())), "role TECH, and not EVIDENCE", "--ca", jane.ca)


def resigned(box, files, name, data) -> dict:
    """The same with another file in its place, all listed and signed."""
    files = {**files, name: data}
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = [{"name": n, "size": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in files.items() if n not in PARTS[:2]]
    return box.signed(files, manifest)


def test_the_audit_record_tells_of_this_request(desk, box, files, asked):
    payload = payload_of(asked)["payload"]
    who = json.loads(files["audit.jsonl"].splitlines()[1])["who"]
    good = box.audit(who, asked, payload)
    for audit, why in [
            (b"", "it is empty"), (good.splitlines()[0] + b"\n", "it ends with record 0"), (good[:-1], "line 2 is cut off"),
            (good.replace(b"sealed", b"secret"), "record 7 does not have its hash"), (good.replace(b'"seq":7', b'"seq": 7'), "not a head"),
            (good + good.splitlines()[1] + b"\n", "record 7 does not follow the one before"),
            (box.audit(who, asked, payload, seq=8).splitlines()[0] + b"\n" + good.splitlines()[1] + b"\n", "its first line says 8"),
            (box.audit("O=x", asked, payload), "not that of this request"), (box.audit(who, asked + "x", payload), "not that of this request"),
            (box.audit(who, asked, payload, outcome="refused"), "not that of this request"),
            (box.audit(who, asked, payload, what="start"), "not that of this request"),
            (box.audit(who, asked, payload, case_number="1"), "not that of this request"),
            (box.audit(who, asked, payload, detail="x"), "not that of this request")]:
        desk.refused(resigned(box, files, "audit.jsonl", audit), why)


def odd(name, **more):
    info = tarfile.TarInfo(name)
    for key, value in more.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize("entry", [
    ("../evil", b"x"), ("/etc/passwd", b"x"), (f"reads/{ID[0]}/../../../x.jpg", b"x"), (f"reads/{ID[0]}/crop_2.jpg", b"x"),
    (f"reads/{ID[0].upper()}/crop_0.jpg", b"x"), (f"reads/{ID[0]}/crop_0.jpg/x", b"x"), (f"reads/{ID[0][:-1]}/crop_0.jpg", b"x"),
    (f"./reads/{ID[0]}/crop_0.jpg", b"x"), ("index.html", b"x"), ("manifest.json", b"x"), (f"reads/{ID[0]}/crop_0.jpg", b"x"),
    (odd(f"reads/{ID[0]}/scene_1.jpg", type=tarfile.SYMTYPE, linkname="/etc/passwd"), b""),
    (odd(f"reads/{ID[0]}/scene_1.jpg", type=tarfile.LNKTYPE, linkname="box.key"), b""),
    (odd(f"reads/{ID[0]}/", type=tarfile.DIRTYPE), b""), (odd(f"reads/{ID[0]}/scene_1.jpg", type=tarfile.FIFOTYPE), b""),
    (odd(f"reads/{ID[0]}/scene_1.jpg", type=b"L"), b"x"), (odd(f"reads/{ID[0]}/scene_1.jpg", uname="x"), b"x"),
])
def test_no_other_file_comes_out_of_an_archive(desk, files, entry):
    desk.refused(archive([*files.items(), entry]), "archive: ")
    assert not list(Path(desk.folder).rglob("evil"))


def test_an_archive_is_laid_out_in_one_way(desk, files):
    good, items = archive(files), list(files.items())
    for changed, why in [
            (b"", "does not end"), (bytes(1024), "manifest.json is missing"), (good[:-1], "does not end"), (good[:-512], "does not end"),
            (good + bytes(512), "does not end"), (good + b"x", "does not end"), (good[:-1024] + good, "does not belong"),
            (archive(items[1:]), "does not belong"), (archive([items[1], items[0], *items[2:]]), "does not belong"),
            (archive(items[:5]), "box.key is missing"), (good[:300] + b"x" + good[301:], "no file's header"),
            (good[:124] + b"77777777777" + good[135:], "no file's header")]:
        desk.refused(changed, why)
    padded = bytearray(good)
    padded[512 + len(files["manifest.json"])] = 1
    desk.refused(bytes(padded), "padded with something")


def test_a_file_that_is_none_is_refused(desk, jane):
    out = ["-o", desk.out]
    assert "No such file" in alprctl("open", "--key", jane.key_path, desk.folder / "absent", *out, status=1).stderr
    os.mkfifo(desk.folder / "fifo")
    assert "not a regular file" in alprctl("open", "--key", jane.key_path, desk.folder / "fifo", *out, status=1).stderr
    with (desk.folder / "large").open("wb") as f:
        f.truncate((96 << 20) + 1)
    assert "larger than an answer" in alprctl("open", "--key", jane.key_path, desk.folder / "large", *out, status=1).stderr


# --- a real store --------------------------------------------------------------------------------------------------------


def test_what_a_store_answers_opens_at_the_desk(tmp_path, desk, jane, hotlist):
    """From alprctl to alprctl, through the real store, with a hit, a suppressed one and a read beside it that nobody asked for."""
    with EvidenceStore(tmp_path, jane.ca.parent, hotlist | {"cooldown_s": 300}) as store:
        for plate in ("WANT01", "WANT01", "ABC123"):
            store.accept(plate, "MO", (3000, 2000, 9000, 8000))
        request = ask(jane, plate="want-o1", camera="test-01", purpose="stolen-vehicle").stdout
        sealed, why = store.ask(request.encode())
        assert why is None, why
        empty, why = store.ask(ask(jane, plate="NONE99", camera="test-01", purpose="stolen-vehicle").stdout.encode())
        assert why is None, why
        exported = subprocess.run([ALPRCTL, "-c", conf_of(tmp_path, store.data), "audit", "export"], capture_output=True, text=True, check=True)
    done = desk.open(sealed.decode(), "--ca", jane.ca)
    manifest = json.loads((desk.out / "manifest.json").read_text())
    assert [r["plate"] for r in manifest["reads"]] == ["WANT01", "WANT01"] and "2 reads, and each of the 6 pictures" in done.stdout
    page = (desk.out / "index.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 6 and page.count("<span class=plate>WANT01") == 2 and "ABC123" not in page
    assert "pushed to the RTCC as a hit" in page and "shortly after a hit" in page
    record = (desk.out / "audit.jsonl").read_text().splitlines()[1]
    assert record in exported.stdout.splitlines(), "the record is in the chain"
    again = Desk(tmp_path / "again", jane)
    again.folder.mkdir()
    fingerprint = hashlib.sha256((desk.out / "box.key").read_bytes()).hexdigest()
    assert "0 reads" in again.open(empty.decode(), "--box-key", fingerprint).stdout


# --- without our tools --------------------------------------------------------------------------------------------------


def test_what_evidence_md_says_to_type_opens_one(tmp_path, files, jane, box):
    text = (ROOT / "firmware/store/EVIDENCE.md").read_text().split("## Without our tools")[1]
    commands = re.search(r"```sh\n(.*?)```", text, re.S)[1]
    (tmp_path / "custodian.key").write_bytes(jane.key_path.read_bytes())
    (tmp_path / "answer.jwe").write_text(seal(archive(files), jane))
    done = subprocess.run(["sh", "-euc", commands], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Verified OK" in done.stdout and f"{box.fingerprint}  box.key" in done.stdout
    assert done.stdout.count(": OK\n") == len(files) - 2 and "EVIDENCE test user" in done.stdout and '"plate":"ABC123"' in done.stdout
    (tmp_path / "evidence/certificate.txt").write_bytes(b"changed")
    again = subprocess.run(["sha256sum", "--check", "--strict", "../digests"], cwd=tmp_path / "evidence", capture_output=True, check=False)
    assert again.returncode == 1


def test_the_formats_are_those_of_the_code():
    """Names and numbers that EVIDENCE.md gives."""
    text = (ROOT / "firmware/store/EVIDENCE.md").read_text()
    header = (ROOT / "firmware/store/request.h").read_text()
    for name in ("alpr-evidence-request-1", "alpr-evidence-request"):
        assert name in header and f"`{name}`" in text or f'"{name}"' in text
    limits = {n: int(v) for n, v in re.findall(r"#define (REQUEST_\w+)\s+(\d+)u?", header)}
    assert f"{limits['REQUEST_NONCE_MIN']} to {limits['REQUEST_NONCE_MAX']} characters" in text
    assert f"at most {limits['REQUEST_TEXT_MAX']} bytes each" in text and limits["REQUEST_VALID_MAX_S"] == 24 * 3600
    assert rfc3339(datetime(2027, 1, 15, 8, tzinfo=timezone.utc)) == "2027-01-15T08:00:00Z"
