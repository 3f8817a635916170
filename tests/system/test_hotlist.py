# SPDX-License-Identifier: Apache-2.0
"""alpr-hotlist as its users call it: every verb, every refusal, every exit status; and never a plate in an error."""
import copy
import json
import re
import subprocess
from datetime import datetime, timedelta, timezone

import jsonschema
import pytest

from tests.box import ROOT, build_folder
from tests.system.feed_desk import RECORDS, sign_anyway

TOOL = build_folder() / "bin" / "alpr-hotlist"
PLATE = "QX7T24"  # wanted; must never be seen in an error
COLUMNS = "lic,lis,lit,category,case_number,ori,entered,expires,vyr,vma,vmo,vst,vco"
AHEAD = (datetime.now(timezone.utc) + timedelta(days=60)).strftime("%Y-%m-%d")


def row(lic=PLATE, lis="MO", category="V", case="V123456789", ori="MO0951400", expires=AHEAD, **more):
    entry = {"lic": lic, "lis": lis, "category": category, "case_number": case, "ori": ori, "expires": expires, **more}
    return ",".join(entry.get(name, "") for name in COLUMNS.split(","))


def call(*words, status=0):
    done = subprocess.run([TOOL, *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    assert PLATE not in done.stderr
    assert all(line.startswith("alpr-hotlist: ") for line in done.stderr.splitlines()), done.stderr
    if status:
        assert done.stderr
    return done


def openssl(*words, **more):
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, **more)


def make_key(folder, name, curve="P-256"):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", folder / f"{name}.key")
    openssl("pkey", "-in", folder / f"{name}.key", "-pubout", "-out", folder / f"{name}.pub")


class Desk:
    """Where an RTCC clerk works: a folder with keys and lists."""

    def __init__(self, folder):
        self.folder = folder
        make_key(folder, "rtcc")
        make_key(folder, "other")

    def __getattr__(self, name):  # desk.rtcc_key -> <folder>/rtcc.key
        return self.folder / name.replace("_", ".", 1)

    def compile(self, *rows, header=COLUMNS, options=(), status=0, version=1, age=86400):
        self.wanted_csv.write_text("\n".join([header, *rows, ""]))
        return call("compile", "--in", self.wanted_csv, "--out", self.wanted_unsigned, "--version", version, "--max-age", age,
                    *options, status=status)

    def sign(self, key="rtcc", status=0):
        return call("sign", "--key", self.folder / f"{key}.key", "--in", self.wanted_unsigned, "--out", self.wanted_alpb,
                    status=status)

    def make(self, *rows, **more):
        self.compile(*rows, **more)
        self.sign()
        return self.wanted_alpb

    def verify(self, status=0, key="rtcc"):
        return call("verify", "--key", self.folder / f"{key}.pub", self.wanted_alpb, status=status)

    def lookup(self, plate, *more, status=0):
        done = call("lookup", self.wanted_alpb, "--key", self.rtcc_pub, plate, *more, status=status)
        return json.loads(done.stdout) if status == 0 else done

    def sign_anyway(self, data: bytes):
        self.wanted_alpb.write_bytes(sign_anyway(data, self.rtcc_key))


@pytest.fixture(scope="module", name="keys")
def fixture_keys(tmp_path_factory):
    return Desk(tmp_path_factory.mktemp("desk"))


@pytest.fixture(name="desk")
def fixture_desk(keys):
    for path in keys.folder.glob("wanted.*"):
        path.unlink()
    return keys


def test_compile_sign_verify_show_lookup(desk):
    report = desk.compile(row(), row("F3L ONY", "IL", "F", "F-1"), row("PLT-8", "", "P"), version=42)
    assert "accepted  3  F 1  V 1  P 1  M 0" in report.stdout
    desk.sign()
    assert desk.verify().stdout == "good: version 42, 3 entries\n"
    shown = call("show", desk.wanted_alpb).stdout
    for line in ("version     42", "max age     86400 s", "lookalike   off", "missing     off", "entries     3", "  V         1"):
        assert line in shown.splitlines()
    assert "not checked" in shown
    for plate in (PLATE, "F3L", "F3LONY", "PLT"):
        assert plate not in shown and plate not in report.stdout
    found = desk.lookup(PLATE.lower(), "--jurisdiction", "mo")
    assert found["grade"] == "EXACT" and found["matched"] == PLATE
    assert found["entries"][0]["case_number"] == "V123456789" and found["entries"][0]["list_version"] == 42
    assert desk.lookup(PLATE)["grade"] == "JURISDICTION_UNKNOWN"
    assert desk.lookup(PLATE, "--jurisdiction", "IL") == {"grade": "NONE", "matched": "", "entries": []}
    assert desk.lookup("plt8")["grade"] == "JURISDICTION_UNKNOWN"
    assert desk.lookup("NOTHING1")["grade"] == "NONE"


def test_key_id_is_that_of_the_public_key(desk):
    desk.make(row())
    der = openssl("pkey", "-in", desk.rtcc_key, "-pubout", "-outform", "DER").stdout
    digest = openssl("dgst", "-sha256", "-r", input=der).stdout.split()[0].decode()
    assert f"by key {digest}" in call("show", desk.wanted_alpb).stdout


def test_p384_signs_too(desk):
    make_key(desk.folder, "big", "P-384")
    desk.compile(row())
    desk.sign(key="big")
    desk.verify(key="big")
    desk.verify(status=1)


def test_unsigned_wrong_key_and_damage_are_refused(desk):
    desk.compile(row())
    assert "signature: none" not in desk.sign().stdout
    assert "by another key" in desk.verify(key="other", status=1).stderr
    good = desk.wanted_alpb.read_bytes()
    desk.wanted_alpb.write_bytes(desk.wanted_unsigned.read_bytes())
    assert "there is none" in desk.verify(status=1).stderr
    assert "signature   none" in call("show", desk.wanted_unsigned).stdout
    for at in range(0, len(good), 37):
        desk.wanted_alpb.write_bytes(good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1:])
        desk.verify(status=1)
        desk.lookup(PLATE, status=1)
        desk.wanted_alpb.write_bytes(good[:at])
        desk.verify(status=1)
        call("show", desk.wanted_alpb, status=1)
    desk.wanted_alpb.write_bytes(good)
    desk.verify()


@pytest.mark.parametrize("category", "WCHKLRTXNBAM")
def test_a_forbidden_row_neither_compiles_nor_loads(desk, category):
    report = desk.compile(row(), row("ZZ1", category=category))
    assert "wanted.csv:3: category: not one that this list may hold" in report.stderr
    assert "accepted  1" in report.stdout and "rejected  1" in report.stdout
    desk.sign()
    planted = bytearray(desk.wanted_alpb.read_bytes())
    planted[RECORDS + 31] = ord(category)
    desk.sign_anyway(bytes(planted))
    assert "category" in desk.verify(status=1).stderr
    desk.lookup(PLATE, status=1)
    desk.wanted_unsigned.write_bytes(desk.wanted_alpb.read_bytes())
    assert "category" in desk.sign(status=1).stderr


@pytest.mark.parametrize("offset, what, nothing", [
    (8, "case_number", (1 << 46).to_bytes(6, "little")), (32 + 4, "expires", bytes(4)), (32 + 8, "ori", bytes(9)),
])
def test_a_signed_row_without_what_it_needs_refuses_the_whole(desk, offset, what, nothing):
    desk.make(row())
    planted = bytearray(desk.wanted_alpb.read_bytes())
    planted[RECORDS + offset:RECORDS + offset + len(nothing)] = nothing
    desk.sign_anyway(bytes(planted))
    assert f"entry 0: {what}: missing" in desk.verify(status=1).stderr


@pytest.mark.parametrize("bad, why", [
    (row("000"), "lic: not a plate (junk)"),
    (row("NONE"), "lic: not a plate (junk)"),
    (row("unk"), "lic: not a plate (junk)"),
    (row(""), "lic: not a plate (junk)"),
    (row("CAL1", case="LPR CALIBRATION RECORD"), "row: a calibration record"),
    (row(case=""), "case_number: missing"),
    (row(ori=""), "ori: missing"),
    (row(ori="MO095"), "ori: too short"),
    (row(expires=""), "expires: missing"),
    (row(expires="2026-02-30"), "expires: not a date that exists"),
    (row(expires="2020-01-01"), "expires: has passed"),
    (row(entered=AHEAD), "entered: lies ahead"),
    (row(lis="MISSOURI"), "lis: too long"),
    (row(PLATE + "*"), "printed: a character that this field cannot have"),
    (row(PLATE) + ",extra", "row: another number of fields than the header"),
    (row(vma="TOYOTA"), "vma: too long"),
])
def test_rejected_rows_are_named_by_line_and_reason(desk, bad, why):
    report = desk.compile(row("GOOD1"), bad, row("GOOD2"))
    assert report.stderr == f"alpr-hotlist: {desk.wanted_csv}:3: {why}\n"
    assert "accepted  2" in report.stdout and f"         1  {why}\n" in report.stdout


@pytest.mark.parametrize("header", [COLUMNS + ",name", COLUMNS + ",dob", COLUMNS + ",home_address", COLUMNS + ",OLN"])
def test_personal_columns_fail_loudly(desk, header):
    done = desk.compile(row() + ",x", header=header, status=1)
    assert "personal data" in done.stderr and not desk.wanted_unsigned.exists()


@pytest.mark.parametrize("header, why", [
    (COLUMNS + ",remarks", "unknown name"), (COLUMNS + ",lic", "given twice"),
    (COLUMNS.replace(",ori", ""), "column ori: missing"), (COLUMNS.replace(",expires", ""), "column expires: missing"),
    (row(), "unknown name"), ("", "unknown name"),
])
def test_headers_that_are_refused(desk, header, why):
    assert why in desk.compile(row(), header=header, status=1).stderr
    assert not desk.wanted_unsigned.exists()


def test_an_empty_list_must_be_meant(desk):
    assert "no entry is left" in desk.compile(row("000"), status=1).stderr
    assert not desk.wanted_unsigned.exists()
    desk.make(options=["--allow-empty"])
    desk.verify()
    assert desk.lookup(PLATE)["grade"] == "NONE"


def test_duplicates_are_all_kept(desk):
    desk.make(row(case="CASE-1"), row(case="CASE-2"), row(case="CASE-2"))
    assert len(desk.lookup(PLATE, "--jurisdiction", "MO")["entries"]) == 3


def test_letter_o_and_digit_0_are_one(desk):
    desk.make(row("D0-DG"), row("OOH 1"))
    for plate in ("DODG", "D0DG", "d0 dg", "00H1", "OOH1"):
        assert desk.lookup(plate, "--jurisdiction", "MO")["grade"] == "EXACT"


def test_lookalikes_only_by_signed_policy(desk):
    desk.make(row("AB8D5"))
    assert desk.lookup("A88DS", "--jurisdiction", "MO")["grade"] == "NONE"
    desk.make(row("AB8D5"), options=["--allow-lookalike"])
    found = desk.lookup("A88DS", "--jurisdiction", "MO")
    assert found["grade"] == "LOOKALIKE" and found["matched"] == "AB8D5"
    assert desk.lookup("A88DS", "--jurisdiction", "IL")["grade"] == "NONE"
    assert desk.lookup("AB8D5", "--jurisdiction", "MO")["grade"] == "EXACT"


def test_age_and_expiry(desk):
    desk.make(row(expires="2026-06-02T00:00:00Z"), options=["--issued", "2026-06-01T12:00:00Z"])
    desk.verify()  # a stale list loads: the box says that it is stale, and does not alert
    assert "(is stale)" in call("show", desk.wanted_alpb).stdout
    assert "stale" in desk.lookup(PLATE, status=1).stderr
    for clock in ("1970-01-01T00:00:01Z", "2099-12-31T23:59:59Z", "2026-06-02T12:00:01Z", "2026-06-01T11:54:59Z"):
        assert "stale" in desk.lookup(PLATE, "--at", clock, status=1).stderr
    fresh = ["--jurisdiction", "MO", "--at"]
    assert desk.lookup(PLATE, *fresh, "2026-06-01T23:59:59Z")["grade"] == "EXACT"
    assert desk.lookup(PLATE, *fresh, "2026-06-02T00:00:00Z")["grade"] == "NONE"


def test_missing_persons_are_behind_their_switch(desk):
    on = "CONFIG_CATEGORY_MISSING=y" in (build_folder() / ".config").read_text()
    done = desk.compile(row(category="M"), options=["--allow-missing"], status=0 if on else 1)
    if on:
        desk.sign()
        desk.verify()
    else:
        assert "CONFIG_CATEGORY_MISSING" in done.stderr and not desk.wanted_unsigned.exists()


@pytest.mark.parametrize("words", [
    (), ("frobnicate",), ("delta",), ("compile",), ("sign",), ("verify",), ("show",), ("lookup",),
    ("compile", "--in", "x", "--out", "y", "--version", "1"),
    ("compile", "--in", "x", "--out", "y", "--version", "0", "--max-age", "60"),
    ("compile", "--in", "x", "--out", "y", "--version", "-1", "--max-age", "60"),
    ("compile", "--in", "x", "--out", "y", "--version", "9007199254740992", "--max-age", "60"),
    ("compile", "--in", "x", "--out", "y", "--version", "1", "--max-age", "0"),
    ("compile", "--in", "x", "--out", "y", "--version", "1", "--max-age", "2678401"),
    ("compile", "--in", "x", "--out", "y", "--version", "1", "--max-age", "1d"),
    ("compile", "--in", "x", "--out", "y", "--version", "1", "--max-age", "60", "--issued", "yesterday"),
    ("compile", "--in", "x", "--out", "y", "--version", "1", "--max-age", "60", PLATE),
    ("compile", "--in"), ("sign", "--key", "k", "--in", "x"), ("sign", "--no-verify"),
    ("verify", "x"), ("verify", "--key", "k"), ("verify", "--key", "k", "x", "y"), ("show", "x", "y"), ("show", "--plates", "x"),
    ("lookup", "x", PLATE), ("lookup", "x", "--key", "k", f"-{PLATE}"), ("lookup", "x", "--key", "k", f"{PLATE}*"),
    ("lookup", "x", "--key", "k", PLATE, PLATE), ("lookup", "x", "--key", "k", "12345678901"), ("lookup", "x", "--key", "k", ""),
    ("lookup", "x", "--key", "k", PLATE, "--jurisdiction", "MOX"), ("lookup", "x", "--key", "k", PLATE, "--at", "now"),
])
def test_wrong_calls(words):
    done = call(*words, status=2)
    assert "--help" in done.stderr and done.stdout == ""


def test_files_that_are_not_there_or_not_what_they_should_be(desk):
    nowhere = desk.folder / "nowhere" / "file"
    desk.make(row())
    common = ["--version", 1, "--max-age", 60]
    call("compile", "--in", nowhere, "--out", desk.wanted_unsigned, *common, status=1)
    call("compile", "--in", desk.folder, "--out", desk.wanted_unsigned, *common, status=1)
    call("compile", "--in", desk.wanted_csv, "--out", nowhere, *common, status=1)
    call("compile", "--in", desk.wanted_alpb, "--out", desk.folder / "out", *common, status=1)
    call("sign", "--key", nowhere, "--in", desk.wanted_unsigned, "--out", desk.wanted_alpb, status=1)
    call("sign", "--key", desk.rtcc_pub, "--in", desk.wanted_unsigned, "--out", desk.wanted_alpb, status=1)
    call("sign", "--key", desk.rtcc_key, "--in", desk.wanted_csv, "--out", desk.folder / "out", status=1)
    call("sign", "--key", desk.rtcc_key, "--in", desk.wanted_unsigned, "--out", nowhere, status=1)
    call("verify", "--key", desk.rtcc_pub, nowhere, status=1)
    call("verify", "--key", desk.wanted_csv, desk.wanted_alpb, status=1)
    call("verify", "--key", desk.rtcc_pub, desk.folder, status=1)
    call("verify", "--key", desk.rtcc_pub, "/dev/zero", status=1)
    call("show", desk.wanted_csv, status=1)
    call("lookup", nowhere, "--key", desk.rtcc_pub, PLATE, status=1)
    assert not (desk.folder / "out").exists()
    desk.verify()


def test_a_failed_write_leaves_the_old_list(desk):
    desk.make(row())
    before = desk.wanted_alpb.read_bytes()
    done = subprocess.run(["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", TOOL, "sign", "--key", desk.rtcc_key, "--in",
                           desk.wanted_unsigned, "--out", desk.wanted_alpb], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert desk.wanted_alpb.read_bytes() == before
    for path in desk.folder.glob("wanted.alpb.*"):
        path.unlink()  # SIGXFSZ may end it before it can clean up


def test_full_output_is_an_error(desk):
    desk.make(row())
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([TOOL, "show", desk.wanted_alpb], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and done.stderr == "alpr-hotlist: output: cannot be written\n"


def verbs_and_options():
    """Of each verb, from the tables that getopt reads."""
    for path in sorted((ROOT / "hotlist/tool").glob("verb_*.c")):
        options = re.findall(r'\{"([a-z-]+)", (?:no|required|optional)_argument', path.read_text())
        yield path.stem.removeprefix("verb_"), [f"--{name}" for name in options]


def test_help_names_every_verb_and_option():
    top, seen = call("--help").stdout, dict(verbs_and_options())
    assert re.findall(r"^  ([a-z]+)  +[a-z]", top, re.M) and len(seen["compile"]) == 14 and seen["sign"] == ["--key", "--in", "--out"]
    for verb, options in seen.items():
        assert re.search(rf"^  {verb} +[a-z]", top, re.M)
        page = call(verb, "--help").stdout
        assert page.startswith(f"usage: alpr-hotlist {verb} ") and "Exit status" in page
        assert page == call("help", verb).stdout
        for option in options:
            assert re.search(rf"{option}\b", page), (verb, option)


def test_the_man_page_names_every_verb_and_option():
    text = (ROOT / "hotlist/tool/alpr-hotlist.1").read_text().replace("\\-", "-").replace("\\~", " ")
    sections = dict(re.findall(r"^\.SH ([A-Z ]+)\n(.*?)(?=^\.SH |\Z)", text, re.M | re.S))
    known = {option for _, options in verbs_and_options() for option in options} | {"--help"}
    for verb, options in verbs_and_options():
        assert f".B alpr-hotlist {verb}\n" in sections["SYNOPSIS"]
        for option in options:
            assert re.search(rf"^\.BI? {option}\b", sections[verb.upper()], re.M), (verb, option)
    assert set(re.findall(r"(?<![a-z-])--[a-z-]+", text)) <= known, "an option that the tool does not have"


# --- the event -----------------------------------------------------------------------------------

@pytest.fixture(scope="module", name="schema")
def fixture_schema():
    schema = json.loads((ROOT / "tests/rtcc/hit.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module", name="events")
def fixture_events():
    done = subprocess.run([build_folder() / "test/hit_json"], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_events_satisfy_the_schema(schema, events):
    assert len(events) == 5
    assert events[4]["data"]["images"] == [] and events[4]["source"] == "urn:alpr:site:unnamed"
    for event in events:
        schema.validate(event)


def objects(value):
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(child)


def test_the_schema_lets_nothing_else_in(schema, events):
    """Every object of the event, once with a member more, and once without each of its own."""
    tried = 0
    for n, _ in enumerate(objects(events[0])):
        event = copy.deepcopy(events[0])
        list(objects(event))[n]["more"] = "x"
        assert not schema.is_valid(event)
        for name in list(objects(events[0]))[n]:
            event = copy.deepcopy(events[0])
            del list(objects(event))[n][name]
            assert not schema.is_valid(event), name
            tried += 1
    assert tried > 80


@pytest.mark.parametrize("path, value", [
    (("specversion",), "0.3"), (("id",), "1"), (("source",), "x"), (("type",), "org.alpr.read.v1"), (("time",), "now"),
    (("data", "verify_required"), False), (("data", "verify"), []), (("data", "notice"), "This is the car."),
    (("data", "site", "latitude"), 91), (("data", "read", "text"), "a b"), (("data", "read", "confidence"), 1.5),
    (("data", "match", "grade"), "NONE"), (("data", "match", "entries"), []), (("data", "images"), [{}]),
    (("data", "match", "entries", 0, "category"), "X"), (("data", "match", "entries", 0, "ori"), ""),
    (("data", "match", "entries", 0, "expires"), None), (("data", "list", "signer"), "me"), (("data", "list", "version"), 0),
    (("data", "images", 0, "data_base64"), "SGVsbG8="), (("data", "images", 0, "role"), "face"), (("data", "angles"), []),
])
def test_the_schema_refuses(schema, events, path, value):
    event = copy.deepcopy(events[0])
    at = event
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert not schema.is_valid(event)
