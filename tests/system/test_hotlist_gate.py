# SPDX-License-Identifier: Apache-2.0
"""The policy gate, cell by cell (the table is in tests/README.md): what no feed may bring in, no signed list may hold, nothing may match."""
import json
import time
from datetime import datetime, timezone

import pytest

from tests import feeds
from tests.box import ROOT, build_folder
from tests.system.feed_desk import AHEAD, FORBIDDEN, PLATE, RECORDS, WHY, Desk, call, sign_anyway
from tests.system.roles import message
from tests.system.store_role import Store, chain_holds, make_list
from tests.truth import kept

LAYOUTS = sorted(path.stem for path in (ROOT / "hotlist/layouts").glob("*.layout"))
KINDS = {  # the extract's other files, by the letter that tells them
    "A": "Amber alert", "B": "boat", "C": "supervised release", "H": "protection order", "K": "protective interest", "L": "violent",
    "N": "immigration", "R": "Canadian", "T": "gang or terror", "W": "wanted", "X": "sex offender"}


@pytest.fixture(name="desk")
def fixture_desk(tmp_path):
    return Desk(tmp_path)


# --- at compile ----------------------------------------------------------------------------------

def test_every_kind_has_its_letter():
    assert "".join(sorted(KINDS)) == FORBIDDEN


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_other_code_is_taken_for_a_category(desk, layout):
    """Every printable character, and words that other feeds use; not only the codes that are known to be forbidden."""
    good = feeds.row(layout, lic="AAA111", lis="MO", expires=AHEAD)
    codes = [chr(c) for c in range(33, 127) if chr(c) not in "FVPfvp\",'"] + ["SEX", "GANG", "PROT", "STOLE", "FELON", "VV", " "]
    lines = []
    for code in codes:
        if layout == "il-leads":
            lines.append(feeds.row(layout, lic=PLATE, lis="MO").replace("STOLEN ", f"{code:7}"))
        elif len(code) == 1:
            lines.append(feeds.row(layout, lic=PLATE, lis="MO", category=code, expires=AHEAD))
    done = desk.feed(layout, [good, *lines])
    assert "accepted  1  F 0  V 1  P 0  M 0" in done.stdout and f"rejected  {len(lines)}\n" in done.stdout
    assert len(lines) > 80 and desk.lookup(PLATE, "MO")["grade"] == "NONE"


NOTHING = {"ori": {"ncic-lpr": {"ori": ""}, "ncic-csv": {"ori": ""}, "ncic-csv-lit": {"ori": ""}, "csv": {"ori": ""}},
           "expires": {"csv": {"expires": ""}}}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("what", ["case_number", "ori", "expires"])
def test_a_row_that_nothing_completes_is_left_out(desk, layout, what):
    """No case number, ORI or expiry: the row where a feed may have it, the whole feed where it has none of its own."""
    good, bad = ({"lis": "MO", "expires": AHEAD, **more} for more in ({"lic": "AAA111"}, {"lic": PLATE}))
    terms = [w for option, value in zip(feeds.TERMS[layout][::2], feeds.TERMS[layout][1::2])
             if option != {"ori": "--agency", "expires": "--entry-age"}.get(what) for w in (option, value)]
    if what == "case_number":
        line = feeds.row(layout, **bad).replace("LDS/V0000001", "LDS/").replace("V000000001", "V         ").replace("26-000001", "")
        line = line if layout == "ncic-lpr" else line.replace("V         ", "V")
    elif layout in NOTHING[what]:
        line = feeds.row(layout, **{**bad, **NOTHING[what][layout]})
    else:
        assert f"{what}: the layout has none" in desk.feed(layout, [feeds.row(layout, **good)], terms=terms, status=1).stderr
        return
    done = desk.feed(layout, [feeds.row(layout, **good), line], terms=terms)
    assert f"         1  {what}: missing\n" in done.stdout and "accepted  1" in done.stdout
    assert desk.lookup(PLATE, "MO")["grade"] == "NONE"


def test_a_row_that_has_expired_is_left_out(desk):
    rows = [feeds.row("csv", lic="AAA111", expires=AHEAD), *(feeds.row("csv", lic=PLATE, expires=day) for day in ("20200101", "1970-01-01"))]
    assert "         2  expires: has passed\n" in desk.feed("csv", rows).stdout


@pytest.mark.parametrize("layout", LAYOUTS)
def test_missing_persons_need_the_switch_of_the_call_and_of_the_build(desk, layout):
    rows = [feeds.row(layout, lic="AAA111", lis="MO", expires=AHEAD), feeds.row(layout, lic=PLATE, lis="MO", category="M", expires=AHEAD)]
    assert f"         1  {WHY} (list code M" in desk.feed(layout, rows).stdout
    if "CONFIG_CATEGORY_MISSING=y" in (build_folder() / ".config").read_text():
        assert "V 1  P 0  M 1" in desk.feed(layout, rows, "--allow-missing").stdout
    else:
        assert "CONFIG_CATEGORY_MISSING" in desk.feed(layout, rows, "--allow-missing", status=1).stderr


# --- at load, on the box -------------------------------------------------------------------------

# Where a list of one entry has what an entry cannot do without, and what stands there when it has none.
MISSING = {"case_number": (RECORDS + 8, (1 << 46).to_bytes(6, "little")), "expires": (RECORDS + 36, bytes(4)),
           "ori": (RECORDS + 40, bytes(9))}


def planted(good: bytes, key, category="", missing="") -> bytes:
    """A list of one entry, which now is of this category, or lacks that; its digests and signature are right."""
    at, what = MISSING[missing] if missing else (RECORDS + 31, category.encode("latin-1"))
    return sign_anyway(good[:at] + what + good[at + len(what):], key)


@pytest.fixture(name="good")
def fixture_good(tmp_path, certs):
    """A later list, of one entry."""
    return make_list(tmp_path, certs, 6, wanted=[(PLATE, "MO", "V")]).read_bytes()


@pytest.fixture(name="hotlist")
def fixture_hotlist(tmp_path, certs):
    """Section [hotlist] with a good list of version 5."""
    return {"path": make_list(tmp_path, certs, 5), "key": certs / "hotlist.pub"}


def refusals(s: Store) -> list:
    return [json.loads(detail)["reason"] for detail, in
            s.rows("SELECT detail FROM audit WHERE what = 'hotlist' AND outcome = 'refused' ORDER BY seq")]


def test_one_planted_row_refuses_the_whole_signed_list(tmp_path, certs, hotlist, good):
    """By uplink: every kind of forbidden file, M without its switch, and no case number, ORI or expiry."""
    wrong = [*({"category": c} for c in FORBIDDEN + "M"), *({"missing": what} for what in MISSING)]
    with Store(tmp_path, hotlist) as s:
        for n, how in enumerate(wrong, 1):
            assert s.offer(planted(good, certs / "hotlist.key", **how)) == (False, 5), how
            said = refusals(s)
            assert len(said) == n and f"entry 0: {how.get('missing', 'category')}: " in said[-1]
        s.accept(PLATE)
        s.accept("WANT01")  # of the list that stays in force
        assert s.hit()[1]["data"]["match"]["matched"] == "WANT01" and s.hit(0.5) is None
        s.wait(lambda c: c.get("list_version") == 5 and c["state"] == "ok", 5, "the old list")
        assert s.offer(good) == (True, 6), "without the plant it is good"
        assert chain_holds(s) > len(wrong)


@pytest.mark.parametrize("how", [{"category": "H"}, {"category": "M"}, {"missing": "ori"}])
def test_so_it_does_by_way_of_the_configured_file(tmp_path, certs, hotlist, good, how):
    bad = planted(good, certs / "hotlist.key", **how)
    with Store(tmp_path, hotlist) as s:
        s.wait(lambda c: c.get("list_version") == 5, 5, "the first list")
        (tmp_path / "new").write_bytes(bad)
        (tmp_path / "new").rename(hotlist["path"])
        s.parent.send(message("WIRE_RELOAD"))
        s.wait(lambda c: "entry 0: " in c["detail"] and c.get("list_version") == 5, 5, "the refusal in the status")
        s.accept("WANT01")
        assert s.hit() is not None and len(refusals(s)) == 1
    (tmp_path / "other").mkdir()
    with Store(tmp_path / "other", hotlist) as s:  # a box that has no other
        s.wait(lambda c: c["state"] == "no-hotlist" and "entry 0: " in c["detail"], 5, "no list")
        s.accept(PLATE)
        assert s.hit(0.5) is None


# --- at match, on the box ------------------------------------------------------------------------

def issued(folder, certs, when: str, **expires) -> bytes:
    """A signed list of version 1 that was issued at that time; of each plate, until when it is wanted."""
    desk = Desk(folder)
    desk.feed("csv", [feeds.row("csv", lic=lic, lis="MO", entered="", expires=day) for lic, day in expires.items()], "--issued", when)
    call("sign", "--key", certs / "hotlist.key", "--in", folder / "list.raw", "--out", folder / "list.alpb")
    return (folder / "list.alpb").read_bytes()


@pytest.mark.parametrize("when", [
    "2098-01-01T00:00:00Z",  # to this list the box's clock is where 1970 is to one of today ...
    "1971-01-01T00:00:00Z",  # ... and to this one where 2099 is
])
def test_a_clock_far_from_the_issue_time_is_silent_and_said(tmp_path, certs, when):
    with Store(tmp_path, {"key": certs / "hotlist.pub"}) as s:
        assert s.offer(issued(tmp_path, certs, when, WANT01="2099-12-31")) == (True, 1), "it loads: age is judged at match"
        s.wait(lambda c: c["state"] == "stale" and "no alerts" in c["detail"], 5, "that it is stale")
        s.accept("WANT01")
        assert s.hit(0.5) is None and s.one("SELECT hit FROM passage") == 0


def test_an_expired_entry_is_silent_beside_one_that_is_not(tmp_path, certs):
    begun, ended = (datetime.fromtimestamp(time.time() - s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") for s in (60, 30))
    with Store(tmp_path, {"key": certs / "hotlist.pub"}) as s:
        assert s.offer(issued(tmp_path, certs, begun, WANT01=ended, WANT02=AHEAD)) == (True, 1)
        s.accept("WANT01")
        s.accept("WANT02")
        assert s.hit()[1]["data"]["match"]["matched"] == "WANT02" and s.hit(0.5) is None
        assert [(r["read"]["plate"], r["hit"]) for r in kept(s.data)] == [("WANT01", 0), ("WANT02", 1)]
        s.wait(lambda c: c["state"] == "ok", 5, "a list that is not stale")
