# SPDX-License-Identifier: Apache-2.0
"""alpr-hotlist show --plates: who may see the plates of a list, what is seen, and the record of it."""
import re
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from tests import feeds
from tests.rtcc import make_certs
from tests.system.feed_desk import AHEAD, PLATE, TOOL, Desk, call

PERSON = "/O=ALPR test/OU=RTCC/CN=RTCC test user"


@pytest.fixture(scope="module", name="desk")
def fixture_desk(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.feed("csv", [feeds.row("csv", lic=PLATE, lis="MO", expires=AHEAD)])
    return desk


@pytest.fixture(scope="module", name="certs")
def fixture_certs(tmp_path_factory):
    folder = make_certs(tmp_path_factory.mktemp("certs"))
    issue(folder, "two-roles", "/O=ALPR test/OU=TECH/OU=RTCC/CN=x")
    issue(folder, "role-twice", "/O=ALPR test/OU=RTCC/OU=RTCC/CN=x")
    issue(folder, "no-role", "/O=ALPR test/CN=RTCC")
    issue(folder, "other-case", "/O=ALPR test/OU=rtcc/CN=x")
    issue(folder, "longer", "/O=ALPR test/OU=RTCC2/CN=x")
    issue(folder, "unit", "/O=ALPR test/OU=Night shift/OU=RTCC/CN=an=odd, \u00e9 name")
    issue(folder, "for-servers", PERSON, "extendedKeyUsage=serverAuth")
    issue(folder, "for-agreement", PERSON, "keyUsage=keyAgreement")
    issue(folder, "an-authority", PERSON, "basicConstraints=critical,CA:TRUE")
    issue(folder, "below-it", PERSON, authority="an-authority")
    issue(folder, "foreign-RTCC", PERSON, authority="wrong-ca")
    issue(folder, "rsa", PERSON, algorithm=("RSA",))
    openssl(folder, "req", "-x509", "-new", "-key", "RTCC.key", "-subj", PERSON, "-days", "1", "-addext",
            "basicConstraints=critical,CA:FALSE", "-out", "itself.crt")
    openssl(folder, "ec", "-in", "RTCC.key", "-aes128", "-passout", "pass:x", "-out", "locked.key")
    (folder / "noise.crt").write_bytes(bytes(range(256)) * 20)
    (folder / "cut.crt").write_bytes((folder / "RTCC.crt").read_bytes()[:300])
    return folder


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def issue(folder, name, subject, extension="", authority="ca", algorithm=("EC", "-pkeyopt", "ec_paramgen_curve:P-256")):
    (folder / "extensions").write_text(extension + "\n")
    openssl(folder, "genpkey", "-algorithm", *algorithm, "-out", f"{name}.key")
    openssl(folder, "req", "-new", "-utf8", "-key", f"{name}.key", "-subj", subject, "-out", "request")
    openssl(folder, "x509", "-req", "-in", "request", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-CAcreateserial",
            "-days", "1", "-extfile", "extensions", "-out", f"{name}.crt")


def show(path, certs, name="RTCC", status=0, key="", ca="ca.crt", **more):
    words = ["show", "--plates", "--certificate", certs / (name if "." in name else f"{name}.crt"), "--key",
             certs / (key or f"{name}.key"), "--ca", certs / ca, path]
    done = subprocess.run([TOOL, *map(str, words)], **{"capture_output": True, "text": True, "timeout": 60, "check": False, **more})
    assert done.returncode == status, (done.returncode, done.stderr)
    return done


def test_entries_come_in_the_order_of_the_list_with_all_they_have(tmp_path, certs):
    """What is shown, compiled again, is the list that was shown, byte for byte."""
    desk = Desk(tmp_path)
    rows = [feeds.row("csv", lic=f"AB{n}-1O{n}", lis="MO" if n % 2 else "", lit="" if n % 3 else "TK", number=n, category="FVP"[n % 3],
                      entered="" if n % 5 == 0 else "2026-01-09T10:11:12Z", expires=AHEAD, vyr="2019" if n % 2 else "",
                      vma="TOYT", vmo="CAM", vst="4D", vco="BLK/WHI") for n in range(200)] * 2
    issued = ["--issued", (datetime.now(timezone.utc) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")]
    desk.feed("csv", rows, *issued)
    first = (tmp_path / "list.raw").read_bytes()
    shown = show(tmp_path / "list.raw", certs).stdout
    lines = shown.splitlines()
    assert lines[0] == feeds.CSV_COLUMNS and len(lines) == 401
    assert sum(line.startswith("AB7-1O7,MO,,V,26-000007,MO0951400,2026-01-09T10:11:12Z,") for line in lines) == 2
    ends = (datetime.fromisoformat(AHEAD) + timedelta(days=1)).strftime("%Y-%m-%dT00:00:00Z")
    assert f"AB15-1O15,MO,TK,F,26-000015,MO0951400,,{ends},2019,TOYT,CAM,4D,BLK/WHI" in lines
    assert f"AB10-1O10,,,V,26-000010,MO0951400,,{ends},,TOYT,CAM,4D,BLK/WHI" in lines
    desk.compile("--in", desk.path("shown.csv", shown), *issued)
    assert (tmp_path / "list.raw").read_bytes() == first
    assert lines[1:] != sorted(lines[1:]), "the list's own order, which is by hash"


def test_who_asked_is_recorded_in_one_line(desk, certs):
    serial = subprocess.run(["openssl", "x509", "-in", certs / "RTCC.crt", "-noout", "-serial"], capture_output=True, text=True,
                            check=True).stdout.strip().removeprefix("serial=")
    done = show(desk.folder / "list.raw", certs)
    said = re.fullmatch(r"alpr-hotlist: show: plates of version 1, 1 entries, to (.*) \(certificate (.*)\) at (.*)\n", done.stderr)
    assert said[1] == "O=ALPR test, OU=RTCC, CN=RTCC test user" and said[2].replace(":", "") == serial
    assert abs(datetime.fromisoformat(said[3].replace("Z", "+00:00")) - datetime.now(timezone.utc)) < timedelta(minutes=2)
    assert PLATE in done.stdout and PLATE not in done.stderr


def test_a_subject_cannot_write_more_than_its_line(desk, certs):
    done = show(desk.folder / "list.raw", certs, "unit")
    assert len(done.stderr.splitlines()) == 1 and done.stderr.isascii() and "OU=Night shift, OU=RTCC, CN=an\\=odd\\, " in done.stderr


@pytest.mark.parametrize("name, more, why", [
    *[(role, {}, f"{role}.crt: role {role}, and only RTCC may see plates") for role in ("TECH", "EVIDENCE", "AUDIT")],
    ("device", {}, "device.crt: role DEVICE, and only RTCC may see plates"),
    ("expired-RTCC", {}, "expired-RTCC.crt: has expired"),
    ("later-RTCC", {}, "later-RTCC.crt: not valid yet"),
    ("foreign-RTCC", {}, "foreign-RTCC.crt: not issued by that authority"),
    ("RTCC", {"ca": "wrong-ca.crt"}, "RTCC.crt: not issued by that authority"),
    ("RTCC", {"ca": "TECH.crt"}, "RTCC.crt: not issued by that authority"),
    ("itself", {"key": "RTCC.key"}, "itself.crt: not issued by that authority"),
    ("below-it", {}, "below-it.crt: not issued by that authority"),
    ("RTCC", {"key": "TECH.key"}, "TECH.key: not the key of that certificate"),
    ("TECH", {"key": "RTCC.key"}, "RTCC.key: not the key of that certificate"),
    ("rsa", {}, "rsa.key: neither P-256 nor P-384"),
    ("rsa", {"key": "RTCC.key"}, "RTCC.key: not the key of that certificate"),
    ("two-roles", {}, "two-roles.crt: has more than one role"),
    ("role-twice", {}, "role-twice.crt: has more than one role"),
    ("no-role", {}, "no-role.crt: has no role"),
    ("other-case", {}, "other-case.crt: has no role"),
    ("longer", {}, "longer.crt: has no role"),
    ("server", {}, "server.crt: issued for another use"),
    ("for-servers", {}, "for-servers.crt: issued for another use"),
    ("for-agreement", {}, "for-agreement.crt: issued for another use"),
    ("an-authority", {}, "an-authority.crt: an authority's, not a person's"),
    ("ca", {}, "ca.crt: an authority's, not a person's"),
    ("nobody", {}, "nobody.crt: No such file"),
    ("RTCC", {"key": "nobody.key"}, "nobody.key: No such file"),
    ("RTCC", {"ca": "nobody.crt"}, "nobody.crt: No such file"),
    ("noise", {"key": "RTCC.key"}, "noise.crt: not certificates in PEM form"),
    ("cut", {"key": "RTCC.key"}, "cut.crt: not certificates in PEM form"),
    ("RTCC", {"ca": "noise.crt"}, "noise.crt: not certificates in PEM form"),
    ("RTCC", {"key": "noise.crt"}, "noise.crt: no such key in PEM form"),
    ("RTCC", {"key": "RTCC.crt"}, "RTCC.crt: no such key in PEM form"),
    ("RTCC", {"key": "locked.key"}, "locked.key: encrypted with a password"),
    ("RTCC", {"key": "."}, ": not a regular file"),
])
def test_who_may_not_see_plates_sees_nothing(desk, certs, name, more, why):
    done = show(desk.folder / "list.raw", certs, status=1, **{"name": name, **more})
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("alpr-hotlist: ") and why in done.stderr


def test_a_chain_may_have_a_link_between(desk, certs):
    """An authority of a department, below the one that is pinned: its certificate follows the person's own."""
    for name, subject, authority in (("top", "/O=city/CN=top", ""), ("department", "/O=city/CN=department", "top")):
        openssl(certs, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", f"{name}.key")
        if not authority:
            openssl(certs, "req", "-x509", "-new", "-key", "top.key", "-subj", subject, "-days", "2", "-out", "top.crt")
            continue
        issue(certs, name, subject, "basicConstraints=critical,CA:TRUE", authority)
    issue(certs, "clerk", PERSON, authority="department")
    show(desk.folder / "list.raw", certs, "clerk", ca="top.crt", status=1)
    chain = certs / "chain.crt"
    chain.write_bytes((certs / "clerk.crt").read_bytes() + (certs / "department.crt").read_bytes())
    assert PLATE in show(desk.folder / "list.raw", certs, "chain", key="clerk.key", ca="top.crt").stdout


def test_no_record_no_plates(desk, certs):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = show(desk.folder / "list.raw", certs, status=1, capture_output=False, stdout=subprocess.PIPE, stderr=full)
    assert done.stdout == ""


def test_plates_that_cannot_be_written_are_a_failure(desk, certs):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = show(desk.folder / "list.raw", certs, status=1, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.stderr.endswith("alpr-hotlist: output: cannot be written\n")


def test_a_broken_list_shows_nothing(desk, certs):
    good = (desk.folder / "list.raw").read_bytes()
    for at in (0, 49, 400, 4200, len(good) - 1):
        broken = desk.path("broken", good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        done = show(broken, certs, status=1)
        assert done.stdout == "" and "plates of version" not in done.stderr


def test_without_being_asked_no_plate_is_shown(desk):
    assert "entries     1" in call("show", desk.folder / "list.raw").stdout  # call looks for the plate


@pytest.mark.parametrize("words", [
    ("--plates", "x"), ("--plates", "--certificate", "c", "--key", "k", "x"), ("--plates", "--certificate", "c", "--ca", "a", "x"),
    ("--plates", "--key", "k", "--ca", "a", "x"), ("--certificate", "c", "x"), ("--key", "k", "x"), ("--ca", "a", "x"),
    ("--plates", "--certificate", "c", "--key", "k", "--ca", "a"), ("--plates", "--certificate", "c", "--key", "k", "--ca"),
    ("--plates", "--certificate", "c", "--key", "k", "--ca", "a", "x", "y"), ("--plate", "x", "y"), ("--plates=yes", "x"),
])
def test_wrong_calls(words):
    done = call("show", *words, status=2)
    assert done.stdout == "" and "--help" in done.stderr
