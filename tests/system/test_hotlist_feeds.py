# SPDX-License-Identifier: Apache-2.0
"""alpr-hotlist compile on the feeds of agencies, and every way in which a feed, a layout or a call of it is refused."""
import json
import re

import pytest

from tests import feeds
from tests.box import ROOT
from tests.system.feed_desk import AHEAD, FORBIDDEN, PLATE, WHY, Desk, call

LAYOUTS = sorted(path.stem for path in (ROOT / "hotlist/layouts").glob("*.layout"))
EXTRACTS = ["ncic-lpr", "ncic-csv", "ncic-csv-lit"]
CAR = {"vyr": "2019", "vma": "TOYT", "vmo": "CAM", "vst": "4D", "vco": "BLK/WHI"}


@pytest.fixture(name="desk")
def fixture_desk(tmp_path):
    return Desk(tmp_path)


# --- what each layout keeps ----------------------------------------------------------------------

def test_every_layout_is_listed_and_tried_here():
    listed = call("layout").stdout.splitlines()
    assert [line.split()[0] for line in sorted(listed)] == LAYOUTS and set(LAYOUTS) == set(feeds.ROWS)
    for name in LAYOUTS:
        page = call("layout", name).stdout
        assert "  lic         " in page and "forbidden" in page
        for option in feeds.TERMS[name][::2]:
            assert f"needs        {option}: " in page


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_all_that_a_feed_has_arrives(desk, layout, end):
    done = desk.feed(layout, [feeds.row(layout, lic="SK5-K9V", lis="MO", number=77, expires=AHEAD, **CAR)], end=end)
    assert "accepted  1  F 0  V 1  P 0  M 0" in done.stdout and done.stderr == ""
    found = desk.lookup("SK5K9V", "MO")
    entry = found["entries"][0]
    assert found["grade"] == "EXACT" and entry["category"] == "V"
    assert entry["printed"] == "SK5-K9V", "kept as printed"
    assert entry["vehicle"] == {"year": "2019", "make": "TOYT", "model": "CAM", "style": "4D", "colour": "BLK/WHI"}
    assert entry["case_number"] == {"il-leads": "V0000077", "csv": "26-000077"}.get(layout, "V000000077")
    assert entry["ori"] == ("IL0840000" if layout == "il-leads" else "MO0951400")


@pytest.mark.parametrize("layout", EXTRACTS)
def test_letter_o_written_as_zero(desk, layout):
    desk.feed(layout, [feeds.row(layout, lic="D0-D G", lis="0H", ori="0H0671200", vma="D0DG", vco="BR0")])
    entry = desk.lookup("dodg", "OH")["entries"][0]
    assert (entry["ori"], entry["vehicle"]["make"], entry["vehicle"]["colour"]) == ("OH0671200", "DODG", "BRO")
    assert entry["printed"] == "D0-D G"


def test_the_rows_that_are_printed_in_the_layouts(desk):
    """The example of each layout's own comment."""
    printed = {"ncic-lpr": ("AB123456", "CA"), "il-leads": ("660JEM", "WI"),
               "ncic-csv-lit": ("JFJ4764", "OH"), "ncic-csv": ("GGX6728", "OH")}
    for layout, (plate, state) in printed.items():
        text = (ROOT / f"hotlist/layouts/{layout}.layout").read_text()
        example = re.search(r"^;   (\S.*)$", text, re.M)[1]
        example = example.replace("C", "V", 1) if example[0] == "C" else example
        desk.feed(layout, [example])
        assert desk.lookup(plate, state)["grade"] == "EXACT"


def test_persons_of_leads_are_never_read(desk):
    done = desk.feed("il-leads", [feeds.row("il-leads", lic="AAA111", lis="IL"),
                                  feeds.row("il-leads", lic=PLATE, lis="IL", category="W"),
                                  feeds.row("il-leads", lic=PLATE, lis="IL", category="M")])
    assert "accepted  1" in done.stdout and "PERSON" not in done.stdout + done.stderr
    assert f"{WHY} (list code WANTED)" in done.stdout and f"{WHY} (list code MISSING)" in done.stdout
    assert b"PERSON" not in (desk.folder / "list.raw").read_bytes()


@pytest.mark.parametrize("dated, year", [("26", "2026"), ("27", "2027"), ("99", "1999"), ("05", "2005")])
def test_two_digit_years_of_leads(desk, dated, year):
    line = feeds.row("il-leads", lic="AAA111", lis="IL", **CAR).replace("VYR/19", f"VYR/{dated}")
    desk.feed("il-leads", [line], "--issued", "2026-06-01T00:00:00Z")
    assert desk.lookup("AAA111", at="2026-06-01T01:00:00Z")["entries"][0]["vehicle"]["year"] == year


def test_several_feeds_make_one_list(desk):
    words = []
    for n, layout in enumerate(LAYOUTS):
        rows = [feeds.row(layout, lic=f"AAA11{n}", lis="MO", expires=AHEAD),
                feeds.row(layout, lic="SAME1", lis="MO", expires=AHEAD)]
        words += feeds.words(layout, desk.path(f"{n}.feed", feeds.feed(layout, rows)))
    done = desk.compile(*words)
    assert f"entries   {2 * len(LAYOUTS)}\n" in done.stdout
    for layout in LAYOUTS:
        assert f"layout {layout}\n" in done.stdout
    assert len(desk.lookup("SAME1", "MO")["entries"]) == len(LAYOUTS), "duplicates are all kept"
    issued = ["--issued", "2026-06-01T00:00:00Z"]
    desk.compile(*words, *issued)
    one = (desk.folder / "list.raw").read_bytes()
    pairs, at = [], []
    for word in words:  # the same feeds in another order give the same bytes
        at.append(word)
        if len(at) > 1 and at[-2] == "--in":
            pairs.append(at)
            at = []
    desk.compile(*[w for pair in reversed(pairs) for w in pair], *issued)
    assert (desk.folder / "list.raw").read_bytes() == one


# --- what is completed ---------------------------------------------------------------------------

def test_completed_rows_are_counted(desk):
    rows = [feeds.row("csv", lic="AAA111", expires=AHEAD), feeds.row("csv", lic="AAA222", ori="", expires=AHEAD),
            feeds.row("csv", lic="AAA333", ori="")]
    done = desk.feed("csv", rows, terms=["--agency", "IL0840000", "--entry-age", 3600, "--reference", "FEED1"])
    for line in ("completed 2  ori", "completed 1  expires", "completed 0  case_number"):
        assert line in done.stdout.splitlines()
    assert desk.lookup("AAA111")["entries"][0]["ori"] == "MO0951400"
    assert desk.lookup("AAA222")["entries"][0]["ori"] == "IL0840000"


def test_columns_that_the_call_completes_may_be_left_out(desk):
    path = desk.path("short.csv", "Category,LIC\nV,AAA111\n")
    assert "header: column " in desk.compile("--agency", "IL0840000", "--reference", "FEED1", "--in", path, status=1).stderr
    desk.compile("--agency", "IL0840000", "--reference", "FEED1", "--entry-age", 60, "--in", path)
    entry = desk.lookup("AAA111")["entries"][0]
    assert (entry["case_number"], entry["ori"], entry["category"]) == ("FEED1-2", "IL0840000", "V")


def test_a_reference_numbers_the_rows(desk):
    row = feeds.row("ncic-csv-lit", lic="AAA111").replace("V000000001", "V")
    assert "case_number: missing" in desk.feed("ncic-csv-lit", [row, feeds.row("ncic-csv-lit", lic="AAA222")]).stdout
    done = desk.feed("ncic-csv-lit", [feeds.row("ncic-csv-lit", lic="AAA222"), row],
                     terms=["--entry-age", 60, "--reference", "TOPEKA"])
    assert "completed 1  case_number" in done.stdout and "completed 2  expires" in done.stdout
    assert desk.lookup("AAA111")["entries"][0]["case_number"] == "TOPEKA-2"


def test_an_entry_age_counts_from_the_issue(desk):
    desk.feed("ncic-lpr", [feeds.row("ncic-lpr", lic="AAA111", lis="MO")], "--issued", "2026-06-01T00:00:00Z",
              terms=["--entry-age", 3600])
    for at, grade in (("2026-06-01T00:59:59Z", "EXACT"), ("2026-06-01T01:00:00Z", "NONE")):
        assert desk.lookup("AAA111", "MO", at)["grade"] == grade


@pytest.mark.parametrize("layout, terms, why", [
    ("ncic-lpr", [], "expires: the layout has none"), ("ncic-csv", [], "expires: the layout has none"),
    ("ncic-csv-lit", [], "expires: the layout has none"), ("il-leads", ["--entry-age", 60], "ori: the layout has none"),
    ("il-leads", ["--agency", "IL0840000"], "expires: the layout has none"),
])
def test_what_a_feed_cannot_have_must_be_said(desk, layout, terms, why):
    assert why in desk.feed(layout, [feeds.row(layout, lic=PLATE)], terms=terms, status=1).stderr


@pytest.mark.parametrize("terms, why", [
    (["--agency", "IL084000"], "agency: must be an ORI"), (["--agency", "il0840000"], "agency: must be an ORI"),
    (["--agency", "IL084 000"], "agency: must be an ORI"), (["--reference", "A"], "reference: must be"),
    (["--reference", "ABCDEFGHIJKL"], "reference: must be"), (["--reference", "leads"], "reference: must be"),
    (["--reference", ""], "reference: must be"), (["--entry-age", 0], "--entry-age: "), (["--entry-age", 2678401], "--entry-age: "),
    (["--entry-age", "1d"], "--entry-age: "), (["--agency", "IL0840000", "--agency", "IL0840000"], "twice"),
    (["--layout", "csv", "--layout", "csv"], "twice"), (["--entry-age", 5, "--entry-age", 5], "twice"),
])
def test_terms_that_are_none(desk, terms, why):
    path = desk.path("x.csv", feeds.feed("csv", [feeds.row("csv", lic=PLATE, expires=AHEAD)]))
    assert why in desk.compile(*terms, "--in", path, status=2).stderr


def test_terms_hold_for_their_own_feed_alone(desk):
    good = desk.path("good.csv", feeds.feed("csv", [feeds.row("csv", lic="AAA111", ori="", expires=AHEAD)]))
    done = desk.compile("--agency", "IL0840000", "--in", good, "--in", good, status=1)
    assert "ori: missing" in done.stderr
    assert "before" in desk.compile("--in", good, "--agency", "IL0840000", status=2).stderr
    words = [w for _ in range(33) for w in ("--in", good)]
    assert "more than 32 feeds" in desk.compile(*words, status=2).stderr


# --- the policy gate -----------------------------------------------------------------------------

@pytest.mark.parametrize("layout", [*EXTRACTS, "csv"])
@pytest.mark.parametrize("code", FORBIDDEN + "M")
def test_no_row_of_a_forbidden_file_compiles(desk, layout, code):
    rows = [feeds.row(layout, lic="AAA111", lis="MO", expires=AHEAD),
            feeds.row(layout, lic=PLATE, lis="MO", category=code, expires=AHEAD)]
    done = desk.feed(layout, rows)
    assert f"         1  {WHY} (list code {code})" in done.stdout and "accepted  1" in done.stdout
    assert f":{3 if layout == 'csv' else 2}: {WHY} (list code {code})\n" in done.stderr
    assert desk.lookup(PLATE, "MO")["grade"] == "NONE"
    assert "1 rows of categories" in desk.feed(layout, rows, "--strict", status=1).stderr


@pytest.mark.parametrize("layout, more", [("ncic-lpr", " AND A PERSON'S NAME BEHIND IT"), ("ncic-csv", ",MORE"), ("csv", ",MORE")])
def test_the_category_is_the_reason_whatever_else_is_wrong(desk, layout, more):
    rows = [feeds.row(layout, lic="AAA111", expires=AHEAD), feeds.row(layout, lic=PLATE, category="W", **CAR) + more]
    assert f"         1  {WHY} (list code W)" in desk.feed(layout, rows).stdout
    assert "1 rows of categories" in desk.feed(layout, rows, "--strict", status=1).stderr


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_first_row_is_never_lost_as_a_header(desk, layout):
    first, rest = feeds.row(layout, lic="AAA111", lis="MO", expires=AHEAD), feeds.row(layout, lic="AAA222", expires=AHEAD)
    assert "accepted  2" in desk.feed(layout, [first, rest]).stdout
    if layout in EXTRACTS:
        done = desk.feed(layout, [feeds.row(layout, lic=PLATE, category="W"), rest])
        assert "header" not in done.stdout and "rejected  1" in done.stdout
        done = desk.feed(layout, ["HEADER, of a file whose rows begin below this line", rest], "--strict")
        assert "header    the first line is none of the rows" in done.stdout and "rejected  0" in done.stdout
        done = desk.feed(layout, [rest, "HEADER, of a file whose rows begin below this line"])
        assert "rejected  1" in done.stdout


def test_an_unknown_code_is_not_told(desk):
    line = feeds.row("csv", lic="AAA222", expires=AHEAD).replace(",V,", f",{PLATE},")
    done = desk.feed("csv", [feeds.row("csv", lic="AAA111", expires=AHEAD), line])
    assert f"         1  {WHY}\n" in done.stdout
    done = desk.feed("csv", [feeds.row("csv", lic="AAA111", expires=AHEAD), line], "--strict", status=1)
    assert "1 rows of categories" in done.stderr


# --- rows ----------------------------------------------------------------------------------------

BAD_ROWS = [
    ("ncic-lpr", {"lic": ""}, "lic: not a plate (junk)"), ("ncic-lpr", {"lic": "000"}, "lic: not a plate (junk)"),
    ("ncic-lpr", {"lic": "190"}, "lic: not a plate (junk)"), ("il-leads", {"lic": "1"}, "lic: not a plate (junk)"),
    ("il-leads", {"lic": "UNK"}, "lic: not a plate (junk)"), ("ncic-csv", {"lic": "NONE"}, "lic: not a plate (junk)"),
    ("ncic-csv", {"lic": "SK5K9V1234567"}, "lic: too long"), ("ncic-lpr", {"ori": ""}, "ori: missing"),
    ("ncic-csv", {"ori": "MO095"}, "ori: too short"), ("ncic-lpr", {"entered": "20260230"}, "entered: not a date that exists"),
    ("ncic-lpr", {"entered": "2026AB01"}, "entered: not a date (YYYYMMDD)"),
    ("ncic-lpr", {"entered": "20990101"}, "entered: lies ahead"),
    ("il-leads", {"entered": "20261301"}, "entered: not a date that exists"), ("ncic-lpr", {"lis": "M1"}, "lis: a character"),
    ("ncic-lpr", {"vyr": "19 7"}, "vyr: a character"), ("ncic-lpr", {"vco": "BLK!WHI"}, "vco: a character"),
    ("ncic-lpr", {"lic": "SK\xd65"}, "row: not ASCII"), ("ncic-csv", {"lic": "SK\xd65"}, "printed: a character"),
    ("ncic-lpr", {"lic": "SK\x005"}, "row: control character"), ("ncic-csv", {"lic": "SK\x005"}, "row: control character"),
    ("il-leads", {"lic": "SK\t5"}, "row: control character"),
    ("ncic-lpr", {"vco": "BLK/WHI AND MORE"}, "row: longer than the layout's"),
    ("ncic-lpr", {"lic": "CAL1", "vco": " " * 3 + "CALIBRAT"}, "row: a calibration record"),
    ("ncic-csv", {"lic": "CAL1", "vmo": "LPR CALIBRATION RECORD"}, "row: a calibration record"),
    ("ncic-csv", {"vco": "BLK,MORE"}, "row: another number of fields than the layout"),
]


@pytest.mark.parametrize("layout, wrong, why", BAD_ROWS)
def test_rejected_rows(desk, layout, wrong, why):
    good = feeds.row(layout, lic="AAA111", lis="MO")
    done = desk.feed(layout, [good, feeds.row(layout, **{"lic": PLATE, **wrong}), good])
    assert f".feed:2: {why}" in done.stderr and "accepted  2" in done.stdout and "rejected  1" in done.stdout


@pytest.mark.parametrize("layout, change, why", [
    ("ncic-lpr", lambda s: s[:38], "row: shorter than the layout's"),
    ("ncic-lpr", lambda s: s[:12], "row: shorter than the layout's"),
    ("ncic-lpr", lambda s: s + "x" * 20000, "row: too long"), ("ncic-csv", lambda s: s + "x" * 20000, "row: too long"),
    ("ncic-csv", lambda s: s + "," * 80, "row: too many fields"), ("ncic-csv", lambda s: s[:30], "row: another number"),
    ("ncic-csv", lambda s: s.replace("V000000001", "V12345678A"), "case_number: not a NIC number"),
    ("ncic-csv", lambda s: s.replace("V000000001", "V"), "case_number: missing"),
    ("il-leads", lambda s: s + " LDS/V1", "row: a word twice"),
    ("il-leads", lambda s: s + " SMITH", "row: text outside its fields"),
    ("il-leads", lambda s: s.replace("VMA/    ", "VMA/TOYOTA"), "row: text outside its fields"),
    ("il-leads", lambda s: s.replace("VYR/  ", "VYR/1X"), "vyr: not a year (YY)"),
    ("il-leads", lambda s: s + " " * 20 + "x", "row: longer than the layout's"),
    ("il-leads", lambda s: s[:17], "row: shorter than the layout's"),
])
def test_torn_rows(desk, layout, change, why):
    good = feeds.row(layout, lic="AAA111", lis="MO")
    done = desk.feed(layout, [good, change(feeds.row(layout, lic=PLATE, lis="MO")), good])
    assert f".feed:2: {why}" in done.stderr and "accepted  2" in done.stdout


def test_blank_lines_padding_marks_and_a_last_line_without_end(desk):
    good = feeds.row("ncic-lpr", lic="AAA111", lis="MO")
    for data in (f"\n{good}\n   \n\n{good}", f"\xef\xbb\xbf{good}\r\n{good}   \r\n", f"{good}{' ' * 300}\n{good}\n"):
        done = desk.compile("--layout", "ncic-lpr", "--entry-age", 60, "--in", desk.path("x", data))
        assert "rows      2\naccepted  2" in done.stdout


def test_blank_dates_and_years_are_unknown(desk):
    rows = [feeds.row("ncic-lpr", lic="AAA111", lis="MO", entered="00000000", vyr="0000"),
            feeds.row("ncic-lpr", lic="AAA222", entered="", vyr="")]
    assert "accepted  2" in desk.feed("ncic-lpr", rows).stdout
    assert desk.lookup("AAA111", "MO")["entries"][0]["vehicle"]["year"] is None


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("data, why", [
    (b"", "no "), (b"\n\n\n", "no "), (b"\xff\xfeV\x001\x00", "UTF-16"), (bytes(range(256)) * 40, ""), (b"\x00" * 5000, ""),
    (b'"' * 4999, "never closed"),
])
def test_what_is_no_feed(desk, layout, data, why):
    done = desk.compile(*feeds.words(layout, desk.path("x", data)), status=1)
    if layout in ("il-leads", "ncic-lpr") and "never" in why:
        why = "no entry is left"
    assert why in done.stderr


def test_an_empty_feed_among_others_must_be_meant(desk):
    good = desk.path("good.csv", feeds.feed("csv", [feeds.row("csv", lic="AAA111", expires=AHEAD)]))
    empty = desk.path("empty", "")
    words = ["--in", good, "--layout", "ncic-lpr", "--entry-age", 60, "--in", empty]
    assert f"{empty}: no entry is left" in desk.compile(*words, status=1).stderr
    assert "entries   1" in desk.compile(*words, "--allow-empty").stdout


# --- the report ----------------------------------------------------------------------------------

def test_report_for_programs(desk):
    rows = [feeds.row("csv", lic="AAA111", expires=AHEAD), feeds.row("csv", lic=PLATE, category="X", expires=AHEAD),
            feeds.row("csv", lic="000", expires=AHEAD), feeds.row("csv", lic=PLATE + "*", expires=AHEAD)]
    path = desk.path('odd "\\\xff name.csv', feeds.feed("csv", rows))
    report = desk.folder / "report.jsonl"
    done = desk.compile(*feeds.words("csv", path), *feeds.words("ncic-lpr", desk.path("n", feeds.row("ncic-lpr", lic="AAA222"))),
                        "--report", report)
    assert done.stderr == "", "the rows are in the report instead"
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["row"] * 3 + ["feed"] * 2 + ["list"]
    assert [(line["line"], line["reason"]) for line in lines[:3]] == [
        (3, f"{WHY} (list code X)"), (4, "lic: not a plate (junk)"), (5, "printed: a character that this field cannot have")]
    assert PLATE not in report.read_text()
    assert lines[3]["rows"] == 4 and lines[3]["accepted"] == 1 and lines[3]["rejected"] == 3 and lines[3]["forbidden"] == 1
    assert lines[3]["categories"] == {"F": 0, "V": 1, "P": 0, "M": 0} and sum(lines[3]["reasons"].values()) == 3
    assert lines[4]["layout"] == "ncic-lpr" and lines[4]["completed"] == {"case_number": 0, "ori": 0, "expires": 1}
    assert lines[5]["entries"] == 2 and lines[5]["version"] == 1 and lines[5]["bytes"] == (desk.folder / "list.raw").stat().st_size


def test_a_report_of_a_list_that_was_not_made(desk):
    report = desk.folder / "report.jsonl"
    desk.feed("csv", [feeds.row("csv", lic="000", expires=AHEAD)], "--report", report, status=1)
    assert [json.loads(line)["kind"] for line in report.read_text().splitlines()] == ["row", "feed"]


def test_a_report_that_cannot_be_kept_is_a_failure(desk):
    rows = [feeds.row("csv", lic=plate, expires=AHEAD) for plate in ("000", "A1")]
    path = desk.path("x.csv", feeds.feed("csv", rows))
    common = ["compile", "--in", path, "--out", desk.folder / "o", "--version", 1, "--max-age", 60, "--report"]
    assert "No space" in call(*common, "/dev/full", status=1).stderr
    call(*common, desk.folder / "nowhere" / "file", status=1)
    assert not (desk.folder / "o").exists()
    assert "one of the feeds" in call("compile", "--in", path, "--out", path, "--version", 1, "--max-age", 60, status=2).stderr
    assert "one of the feeds" in call(*common, desk.folder / "." / "x.csv", status=2).stderr
    assert path.stat().st_size > 0


def test_a_feed_larger_than_the_window(desk):
    """Rows that lie across the end of the window that a file is read through, and lines longer than any row."""
    rows = [feeds.row("csv", lic=f"B{i:05d}", number=i, expires=AHEAD) for i in range(1, 30001)]
    rows[9000] = "x" * 3_000_000
    rows[20000] = '"' + "y\n" * 3000 + '"'
    done = desk.feed("csv", rows)
    assert "accepted  29998" in done.stdout and "1  row: too long" in done.stdout and "1  row: control character" in done.stdout
    assert desk.lookup("B30000")["grade"] == "JURISDICTION_UNKNOWN" and desk.lookup("B00001")["grade"] != "NONE"
