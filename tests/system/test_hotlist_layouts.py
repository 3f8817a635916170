# SPDX-License-Identifier: Apache-2.0
"""Layouts of feeds: one of one's own, and every way in which one is refused, by the verb layout and by compile alike."""
import pytest

from tests import feeds
from tests.box import ROOT
from tests.system.feed_desk import FORBIDDEN, PLATE, WHY, Desk, call

@pytest.fixture(name="desk")
def fixture_desk(tmp_path):
    return Desk(tmp_path)


NCIC, LEADS, TEXAS, CSV = "ncic-lpr", "il-leads", "ncic-csv", "csv"
PERSONAL = "personal data has no place in a hotlist"


@pytest.mark.parametrize("layout, old, new, why", [
    # what would keep a person
    (NCIC, "longest     = 65", "longest = 95\nname = 66-95", PERSONAL),
    (NCIC, "longest     = 65", "longest = 75\ndob = 66-73", PERSONAL),
    (NCIC, "longest     = 65", "longest = 95\nhome_address = 66-95", PERSONAL), (LEADS, "LDS/ 8", "DOB/ 8", PERSONAL),
    (LEADS, "VST/ 2", "SEX/ 2", PERSONAL),
    (LEADS, "LDS/ 8", "NAM/ 20", PERSONAL),
    (TEXAS, "count       = 11", "count = 12\nowner = 12", PERSONAL),
    (CSV, "entered     = entered", "entered = birth_date", PERSONAL),
    (CSV, "case_number = case_number", "case_number = OLN", PERSONAL),
    # unknown words
    (NCIC, "lit         = 44-45", "liy = 40-43", "[fixed] liy: unknown key"), (NCIC, "[dates]", "[remarks]", "unknown section"),
    (NCIC, "reader    = fixed", "reader = xml", "[layout] reader: none of"),
    (NCIC, "header    = maybe", "header = two", "[layout] header"),
    (NCIC, "title     = NCIC", "tilte = NCIC", "unknown key"), (TEXAS, "[columns]", "[fixed]", "unknown section"),
    (NCIC, "letter_o  = ori", "letter_o = lic", "letter_o: only"),
    (TEXAS, "entered = YYYYMMDD", "entered = whenever", "[dates] entered: none of"),
    # columns
    (NCIC, "lis         = 38-39", "lis = 37-38", "[fixed] lis: overlaps lic"),
    (NCIC, "drop        = 40-43", "drop = 39-43", "overlaps columns that are dropped"),
    (NCIC, "lic         = 28-37", "lic = 26-38", "[fixed] lic: 13 columns wide, 12 at most"),
    (NCIC, "vco         = 59-65", "vco = 58-65", "8 columns wide"),
    (NCIC, "vco         = 59-65", "vco = 60-66", "beyond the longest row"),
    (NCIC, "lic         = 28-37", "lic = 37-28", "not a range"),
    (NCIC, "lic         = 28-37", "lic = 0-9", "not a range"), (NCIC, "lic         = 28-37", "lic = 28-", "not a range"),
    (NCIC, "lic         = 28-37", "lic = 1030-1035", "not a range"),
    (NCIC, "entered     = 20-27", "entered = 19-27", "9 columns wide, 8 at most"),
    (NCIC, "shortest    = 39", "shortest = 30", "shortest: must hold the plate"),
    (NCIC, "longest     = 65", "longest = 5000", "longest: not within"),
    (TEXAS, "drop        = 6", "", "column 6: neither kept nor dropped"),
    (TEXAS, "drop        = 6", "drop = 6 7", "one that is taken"),
    (TEXAS, "lis         = 5", "lis = 4", "column 4 is taken"),
    (TEXAS, "lis         = 5", "lis = 12", "not the number of a column"),
    (TEXAS, "count       = 11", "count = 65", "count: not within"), (CSV, "lis         = lis", "lis = LIC", "a name that is taken"),
    (LEADS, "VMO/ 3", "VMO/ 4", "4 characters wide"),
    (LEADS, "VMO/ 3", "VMO/", "not a word and a width"),
    (LEADS, "VMO/ 3", "VMA/ 3", "a word that is taken"),
    (LEADS, "VMO/ 3", "vmo/ 3", "a word is capitals"), (LEADS, "case_number = LDS/ 8", "lic = LDS/ 8", "has columns already"),
    (LEADS, "lic      = 1-8", "ori = 1-8", "no column for the plate"), (CSV, "lic         = lic\n", "", "no column for the plate"),
    # what every layout needs
    (NCIC, "lic         = 28-37\n", "", "no column for the plate"), (NCIC, "from = case_number", "", "no column for the list code"),
    (LEADS, "V = STOLEN", "from = case_number\nV = STOLEN", "has a column, and from"),
    (NCIC, "case_number = 1-10\n", "", "there is no case_number"),
    # list codes
    *[(NCIC, "V = V", f"V = V {c}", f"list code {c} means something else") for c in FORBIDDEN + "x"],
    (NCIC, "V = V\nP = P", "V = V P", "list code P means something else"),
    (NCIC, "V = V\nP = P", "V = p\nP = v", "list code p means"),
    (NCIC, "V = V", "V = V V", "given twice"),
    (NCIC, "N R T W X", "N R T W X V", "given twice"), (LEADS, "forbidden = WANTED", "forbidden = wanted STOLEN", "given twice"),
    (LEADS, "V = STOLEN\nM = MISSING", "", "no list code"),
    # what is no text of this kind
    (NCIC, "[layout]", "\x00[layout]", "NUL bytes"),
    (NCIC, "[fixed]", "x" * 300, "longer than"),
    (NCIC, "[fixed]", "[fixed]\nnonsense", "neither"),
    (NCIC, "reader    = fixed", "reader = fixed\njunk = ABCDEFGHIJKLM", "junk: too long"),
])
def test_layouts_that_are_refused(desk, layout, old, new, why):
    text = (ROOT / f"hotlist/layouts/{layout}.layout").read_text()
    assert "kept of a row" in call("layout", desk.path("mine.layout", text)).stdout, "without the change it is good"
    assert old in text
    path = desk.path("mine.layout", text.replace(old, new, 1))
    assert why in call("layout", path, status=1).stderr
    feed = desk.path("x", feeds.row("ncic-lpr", lic=PLATE))
    assert why in desk.compile("--layout", path, "--agency", "IL0840000", "--entry-age", 60, "--in", feed, status=1).stderr


def test_a_layout_of_ones_own(desk):
    layout = desk.path("county.layout", """[layout]
title = County list
reader = delimited
header = names
separator = semicolon
[names]
lic = Tag
lis = St
category = Why
case_number = OCA
entered = Reported
drop = Remarks Owner
[category]
V = CAR auto
P = PLATE
forbidden = PERSON
[dates]
entered = MM/DD/YYYY
""")
    feed = desk.path("county.txt", "owner;TAG;St;Why;OCA;Reported;Remarks\n"
                                   "A Person;\"a-1 2\";IL;Auto;77-1;05/09/2026;\"his; car\"\n"
                                   f";{PLATE};IL;person;77-2;05/09/2026;\n")
    done = desk.compile("--layout", layout, "--agency", "IL0840000", "--entry-age", 86400, "--in", feed)
    assert "accepted  1  F 0  V 1" in done.stdout and f"{WHY} (list code PERSON)" in done.stdout
    assert desk.lookup("A12", "IL")["entries"][0]["case_number"] == "77-1"
    assert b"Person" not in (desk.folder / "list.raw").read_bytes()
    call("layout", layout)


@pytest.mark.parametrize("name, status, why", [
    ("nowhere", 1, "No such file"),
    ("../csv", 1, "No such file"),
    ("CSV", 2, "small letters"),
    ("", 2, "small letters"),
    ("a b", 2, "small letters"),
    ("/dev/null", 1, "not a regular file"), ("/", 1, "not a regular file"), ("./" + "x" * 5000, 1, "too long"),
])
def test_layouts_that_are_not_there(name, status, why):
    assert why in call("layout", name, status=status).stderr
    call("compile", "--layout", name, "--in", "x", "--out", "y", "--version", 1, "--max-age", 60, status=status)


@pytest.mark.parametrize("words", [("layout", "csv", "csv"), ("layout", "--all"), ("compile", "--strict=1")])
def test_wrong_calls(words):
    assert "--help" in call(*words, status=2).stderr
