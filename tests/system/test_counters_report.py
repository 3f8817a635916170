# SPDX-License-Identifier: Apache-2.0
"""The annual report's counters: stated and signed by a real store, exported by alprctl, and verified from the file alone."""
import calendar
import csv
import hashlib
import io
import json
import re
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import jsonschema
import pytest

from tests.box import build_folder
from tests.rtcc import make_certs
from tests.system.store_role import Store, chain_holds, make_list

SCHEMA = json.loads((Path(__file__).parents[1] / "rtcc/counters.schema.json").read_text())
PLATES = ["WANT01", "WANT02", "WANT0I", "NOBODY1", "NOBODY2"]
LEFT = ["row", "statement", "site", "year", "month", "state", "from", "until", "notes"]
RIGHT = ["previous", "key", "signature"]
NOW = time.gmtime()
MONTHS = [(NOW.tm_year - (NOW.tm_mon <= k), (NOW.tm_mon - 1 - k) % 12 + 1) for k in (3, 2, 1, 0)] # this one is not over


def alprctl(*words, **more) -> subprocess.CompletedProcess:
    return subprocess.run([build_folder() / "bin/alprctl", *map(str, words)], capture_output=True, timeout=60, check=False, **more)


def begin_of(year: int, month: int) -> int:
    return calendar.timegm((year, month, 1, 0, 0, 0)) * 10**9


def lived(folder: Path, name: str = "test-01") -> Path:
    """Configuration of a stopped store that has counted three months and a part of this one."""
    keys = make_certs(folder / "certs")
    hotlist = {"path": make_list(folder, keys, 5), "key": keys / "hotlist.pub", "cooldown_s": 300}
    for i, (year, month) in enumerate(MONTHS):
        with Store(folder, hotlist) as s:
            s.wait(lambda c: c["list_version"] == 5, 5, "the list")
            for plate in PLATES[:i + 2] + PLATES[:1]:
                s.accept(plate, "MO" if plate != "WANT02" else "IL", (3000, 3000, 0, 0))
            for _ in range(2):
                s.hit_done(s.hit()[0])
            assert s.stop() == 0
            assert chain_holds(s) > 0
        if (year, month) != MONTHS[-1]: # a month passes while the box is off: this was the one before
            db = sqlite3.connect(s.data / "reads.db")
            db.execute("UPDATE counters SET month = ?, from_ns = ? WHERE open = 1", (year * 12 + month - 1, begin_of(year, month)))
            db.execute("UPDATE state SET value = ? WHERE name = 'counters_seen'", (begin_of(*MONTHS[i + 1]),))
            db.execute("DELETE FROM cooldown")
            db.commit()
            db.close()
    conf = folder / "alpr.conf"
    conf.write_text(f"[site]\nname = {name}\n[store]\npath = {s.data}\n")
    return conf


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    return lived(tmp_path_factory.mktemp("counters"))


@pytest.fixture(scope="module")
def reports(box):
    """The report as CSV and as JSON, bytes."""
    out = {}
    for kind in ("csv", "json"):
        done = alprctl("-c", box, "counters", "--export", kind)
        assert (done.returncode, done.stderr) == (0, b"")
        out[kind] = done.stdout
    return out


def rows_of(text: bytes) -> list:
    return list(csv.DictReader(io.StringIO(text.decode(), newline="")))


def key_of(box: Path) -> str:
    with sqlite3.connect(f"file:{box.parent}/data/reads.db?mode=ro", uri=True) as db:
        der, = db.execute("SELECT key FROM counters ORDER BY n DESC LIMIT 1").fetchone()
    return hashlib.sha256(der).hexdigest()


def said(tmp_path, text: bytes, *words):
    file = tmp_path / "report"
    file.write_bytes(text)
    done = alprctl("counters", "verify", *words, file)
    assert (done.stdout == b"") == (done.returncode != 0) == (done.stderr != b"")
    return done.returncode, (done.stdout + done.stderr).decode()


def refused(tmp_path, text: bytes, why: str, *words):
    code, words = said(tmp_path, text, *words)
    assert code == 1 and words.startswith("alprctl: counters: ") and words.count("\n") == 1 and why in words, words


def figures(row: dict) -> dict:
    return {k: int(v) for k, v in row.items() if k not in LEFT + RIGHT and v != ""}


# --- what is in it -----------------------------------------------------------------------------------------------


def test_each_month_says_what_was_counted(box, reports):
    rows = rows_of(reports["csv"])
    assert [r["row"] for r in rows] == ["before", "month", "month", "month", "month", "sum", "total"]
    assert [(int(r["year"]), int(r["month"])) for r in rows[1:5]] == MONTHS
    assert [r["state"] for r in rows[1:5]] == ["complete"] * 3 + ["open"]
    assert {r["site"] for r in rows[:5]} == {"test-01"}
    of = [figures(r) for r in rows]
    # One more plate each month, and the first of them again within its cooldown.
    assert [f["passages"] for f in of] == [0, 3, 4, 5, 6, 18, 18]
    assert [f["hits"] for f in of[1:]] == [2, 2, 2, 2, 8, 8]
    assert [f["hits_v_exact"] for f in of[1:]] == [1, 1, 1, 1, 4, 4]
    assert [f["hits_f_exact"] for f in of[1:]] == [1, 1, 1, 1, 4, 4]
    assert [f["lookalikes_suppressed"] for f in of[1:]] == [0, 1, 1, 1, 3, 3]
    assert [f["hits_suppressed_cooldown"] for f in of[1:]] == [1, 1, 1, 1, 4, 4]
    for f in of:
        assert sum(v for k, v in f.items() if re.fullmatch("hits_[fvpm]_.*", k)) == f["hits"]
    for name in of[0]:
        assert of[5][name] == sum(f[name] for f in of[1:5]) and of[6][name] == of[0][name] + of[5][name]
    assert rows[1]["until"] == rows[2]["from"][:8] + "01T00:00:00Z"
    db = sqlite3.connect(f"file:{box.parent}/data/reads.db?mode=ro", uri=True)
    state = dict(db.execute("SELECT name, value FROM state"))
    assert {name: of[6][name] for name in of[6] if name in state} == {name: state[name] for name in of[6] if name in state}


def test_csv_is_as_rfc_4180_has_it(reports):
    text = reports["csv"].decode()
    assert text.endswith("\r\n") and text.count("\n") == text.count("\r\n") == 8
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len({len(line) for line in lines}) == 1
    assert lines[0][:9] == LEFT and lines[0][-3:] == RIGHT
    for line in lines[1:]: # no cell is a formula, and every number is one
        assert not any(cell[:1] in ("=", "+", "-", "@") for cell in line if cell)
        assert all(re.fullmatch("[0-9]*", cell) for cell in line[9:-3])


def test_json_says_the_same(reports):
    whole = json.loads(reports["json"])
    jsonschema.validate(whole, SCHEMA, cls=jsonschema.Draft202012Validator)
    rows = rows_of(reports["csv"])
    for row, o in zip(rows, [whole["before"], *whole["months"]]):
        assert figures(row) == o["figures"] and list(figures(row)) == list(o["figures"])
        for name in [n for n in LEFT[1:] if n not in ("statement", "year", "month")] + RIGHT:
            assert row[name] == o[name]
        for name in ("statement", "year", "month"):
            assert row[name] == ("" if o[name] is None else str(o[name]))
    assert (figures(rows[-2]), figures(rows[-1])) == (whole["sum"], whole["total"])


def test_there_is_no_plate_in_it(reports):
    for text in reports.values():
        assert not any(plate.encode() in text.upper() for plate in PLATES)
    for o in (json.loads(reports["json"])["before"], *json.loads(reports["json"])["months"]):
        assert all(isinstance(v, int) for v in o["figures"].values())
        words = " ".join(str(o[n]) for n in ("site", "state", "notes"))
        assert re.fullmatch("test-01 (complete|open) [a-z ]*", words)


# --- it holds, wherever it lies ----------------------------------------------------------------------------------


def test_anyone_can_verify_it_by_the_description(box, reports):
    """By COUNTERS.md, without the firmware's code."""
    had, previous = {}, "0" * 64
    whole = json.loads(reports["json"])
    for o in (whole["before"], *whole["months"]):
        had = {**had, **{k: had.get(k, 0) + v for k, v in o["figures"].items()}}
        month = f"{o['year']:04}-{o['month']:02}" if o["year"] else "before"
        text = (f"alpr-counters-1\nstatement {o['statement']}\nprevious {previous}\nsite {o['site']}\nmonth {month}\nstate {o['state']}\n"
                f"from {o['from']}\nuntil {o['until']}\nnotes {o['notes']}\n" + "".join(f"{k} {had[k]}\n" for k in sorted(o["figures"])))
        assert o["previous"] == previous and hashlib.sha256(bytes.fromhex(o["key"])).hexdigest() == key_of(box)
        previous = hashlib.sha256(text.encode()).hexdigest()
        folder = box.parent
        (folder / "text").write_text(text)
        (folder / "sig").write_bytes(bytes.fromhex(o["signature"]))
        (folder / "key.der").write_bytes(bytes.fromhex(o["key"]))
        subprocess.run(["openssl", "dgst", "-sha256", "-verify", folder / "key.der", "-keyform", "DER", "-signature", folder / "sig",
                        folder / "text"], check=True, capture_output=True)
        if o["state"] == "complete" and o["year"]: # and the audit chain knows it
            db = sqlite3.connect(f"file:{folder}/data/reads.db?mode=ro", uri=True)
            assert db.execute("SELECT detail FROM audit WHERE what = 'counters' AND detail LIKE ?", (f'%"month":"{month}"%',)).fetchall() \
                == [(f'{{"statement":{o["statement"]},"month":"{month}","sha256":"{previous}"}}',)]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_an_honest_report_holds(box, reports, tmp_path, kind):
    code, words = said(tmp_path, reports[kind], "--key", key_of(box))
    first, last = ("%04d-%02d" % m for m in (MONTHS[0], MONTHS[-1]))
    assert code == 0 and words.startswith(f"test-01: statements 1 to 5 hold: {first} to {last}\n")
    assert f"{last} is not over" in words and f"key {key_of(box)}\n" in words
    code, words = said(tmp_path, reports[kind])
    assert code == 0 and "--key" in words


def test_it_is_read_beside_a_store_that_counts(tmp_path):
    """The month that is not over is signed from the start on; what is counted since shows when it is signed again."""
    with Store(tmp_path) as s:
        conf = tmp_path / "alpr.conf"
        conf.write_text(f"[store]\npath = {s.data}\n")
        s.wait(lambda c: "passages" in c, 5, "the start")
        for _ in range(3):
            s.accept("NOBODY1")
        done = alprctl("-c", conf, "counters", "--export", "json")
        assert done.returncode == 0 and said(tmp_path, done.stdout)[0] == 0
        assert [m["state"] for m in json.loads(done.stdout)["months"]] == ["open"] and json.loads(done.stdout)["total"]["passages"] == 0
        s.kill()
    with Store(tmp_path) as s: # a crash costs no passage
        s.wait(lambda c: "passages" in c, 5, "the start")
        assert json.loads(alprctl("-c", conf, "counters", "--export", "json").stdout)["total"]["passages"] == 3


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_year_is_verified_by_itself(box, tmp_path, kind):
    file = tmp_path / "year"
    for year in {y for y, _ in MONTHS}:
        done = alprctl("-c", box, "counters", "--export", kind, "--year", year, "-o", file)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        text = file.read_bytes()
        assert said(tmp_path, text, "--key", key_of(box))[0] == 0
        over = MONTHS[-1][0] > year
        code, words = said(tmp_path, text, "--year", year)
        assert code == (0 if over else 1) and ("not there to its end" in words) != over
        if kind == "csv":
            assert {int(r["year"]) for r in rows_of(text)[1:-2]} == {year}
    assert alprctl("-c", box, "counters", "--export", kind, "--year", "1999").stderr == b"alprctl: counters: nothing was counted in 1999\n"


# --- and shows what was done to it -------------------------------------------------------------------------------


def test_any_figure_that_is_changed_shows(reports, tmp_path):
    for n in (1, 2, 4, 5, 6, 7):
        for at in range(9, len(lines_of(reports)[0]) - 3):
            lines = lines_of(reports)
            cell = lines[n][at]
            for other in {str(int(cell) + 1), ""}:
                row = [*lines[n][:at], other, *lines[n][at + 1:]]
                if at % 4 == n % 4: # a call takes a while: every figure in some row
                    why = "not what was signed" if other and n < 6 else "" if n < 6 else "not as `alprctl counters --export` writes it"
                    refused(tmp_path, written([*lines[:n], row, *lines[n + 1:]], sums=n < 6), why)


def written(lines: list, sums: bool = False) -> bytes:
    """The report of these lines; `sums`: as a forger does, who adds up anew."""
    if sums:
        months = [line for line in lines if line[0] in ("before", "month")]
        for at in range(9, len(lines[0]) - 3):
            cells = [int(line[at] or 0) for line in months]
            lines[-2][at], lines[-1][at] = str(sum(cells[1:])), str(sum(cells))
            if months[-1][at] == "":
                lines[-1][at] = ""
    out = ",".join(lines[0]) + "\r\n"
    for line in lines[1:]:
        site = '"' + line[2] + '"' if line[0] in ("before", "month") else line[2]
        out += ",".join([*line[:2], site, *line[3:]]) + "\r\n"
    return out.encode()


def lines_of(reports) -> list:
    return list(csv.reader(io.StringIO(reports["csv"].decode(), newline="")))


def test_what_is_written_again_is_the_same(reports):
    assert written(lines_of(reports)) == written(lines_of(reports), sums=True) == reports["csv"]


@pytest.mark.parametrize("name", LEFT[1:] + RIGHT)
def test_any_other_cell_that_is_changed_shows(reports, tmp_path, name):
    lines = lines_of(reports)
    at = lines[0].index(name)
    other = {"statement": "7", "site": "test-02", "year": "1999", "month": str(lines[3][at] == "1" and 2 or 1), "state": "open", "notes": "clock",
             "from": "2020-01-01T00:00:00Z", "until": "2020-01-01T00:00:00Z"}.get(name, "00" + lines[3][at][2:] if lines[3][at][:2] != "00" else "")
    lines[3][at] = other
    refused(tmp_path, written(lines), "")


def test_a_month_that_is_dropped_shows(reports, tmp_path):
    for n in (2, 3, 4): # between others: what they were counted from is another
        lines = lines_of(reports)
        del lines[n]
        refused(tmp_path, written(lines, sums=True), "not what was signed" if n < 5 else "")
    lines = lines_of(reports)
    for at in range(9, len(lines[0]) - 3): # by one who adds its figures to the next
        lines[4][at] = str(int(lines[3][at]) + int(lines[4][at]))
    del lines[3]
    refused(tmp_path, written(lines, sums=True), "statement 4 follows 2: some are missing")
    lines = lines_of(reports)
    del lines[5] # the newest: as if it had been exported earlier; but then the year is not over
    code, words = said(tmp_path, written(lines, sums=True))
    assert code == 0 and "statements 1 to 4 hold" in words
    refused(tmp_path, written(lines, sums=True), "not there to its end", "--year", MONTHS[-1][0])
    refused(tmp_path, written([*lines_of(reports)[:3], lines_of(reports)[2], *lines_of(reports)[3:]], sums=True), "not what was signed")


def test_months_of_another_box_show(box, reports, tmp_path):
    other = lived(tmp_path / "other") if (tmp_path / "other").mkdir() is None else None
    theirs = alprctl("-c", other, "counters", "--export", "csv").stdout
    assert said(tmp_path, theirs)[0] == 0
    refused(tmp_path, theirs, "by another box", "--key", key_of(box))
    theirs, ours = list(csv.reader(io.StringIO(theirs.decode(), newline=""))), lines_of(reports)
    for n in (1, 2, 3, 5):
        refused(tmp_path, written([*ours[:n], theirs[n], *ours[n + 1:]], sums=True), "statement")


def test_a_key_that_was_lost_is_told(tmp_path):
    with Store(tmp_path) as s:
        s.wait(lambda c: "passages" in c, 5, "the start")
        assert s.stop() == 0
    conf = tmp_path / "alpr.conf"
    conf.write_text(f"[store]\npath = {s.data}\n")
    before = key_of(conf)
    with sqlite3.connect(s.data / "reads.db") as db:
        db.execute("DELETE FROM secret")
    with Store(tmp_path) as s:
        s.wait(lambda c: "passages" in c, 5, "the start")
        assert s.stop() == 0
    report = alprctl("-c", conf, "counters", "--export", "csv").stdout
    code, words = said(tmp_path, report)
    assert code == 0 and "the key changed 1 times: each needs a reason\n" in words and key_of(conf) in words and key_of(conf) != before
    for key in (before, key_of(conf)):
        refused(tmp_path, report, "signed by another key", "--key", key)


@pytest.mark.parametrize("change", [
    lambda t: b"", lambda t: b"{", lambda t: b"{}", lambda t: b"[]", lambda t: b"\0" + t, lambda t: t + b"\0", lambda t: t + b" ",
    lambda t: t[:-1], lambda t: t[:len(t) // 2], lambda t: t.replace(b"\r\n", b"\n").replace(b"{", b"{ ", 1), lambda t: t + t,
    lambda t: t.replace(b"passages", b"arrests", 1), lambda t: t.replace(b"reads", b"passages", 1), lambda t: b"x" * (17 << 20),
    lambda t: t.replace(b"uptime_s,", b"uptime_s,more,").replace(b'"sum":{', b'"more":1,"sum":{'), lambda t: t.replace(b"complete", b"Complete"),
    lambda t: t.replace(b'"test-01"', b'"test-01', 1), lambda t: b'"' * 1000000, lambda t: b"," * 1000000 + b"\r\n", lambda t: b"[" * 1000000])
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_what_is_no_report_is_refused(reports, tmp_path, kind, change):
    refused(tmp_path, change(reports[kind]), "")


@pytest.mark.parametrize("words", [["--export"], ["--export", "xml"], ["--export", "csv", "--year", "26"], ["--year", "2026"], ["--export", "csv", "x"],
                                   ["--export", "csv", "-o"], ["--export", "csv", "--year", "9999"], ["verify"], ["verify", "a", "b"],
                                   ["verify", "--key", "0", "a"], ["verify", "--year", "x", "a"], ["verify", "--head", "a"], ["--jsn"]])
def test_a_wrong_call_is_told_so(words):
    done = alprctl("counters", *words)
    assert done.returncode == 2 and done.stderr != b"" and done.stdout == b""


def test_where_it_cannot_be_had_that_is_said(box, tmp_path):
    def fails(why, *words, conf=box):
        done = alprctl("-c", conf, "counters", *words)
        assert done.returncode == 1 and why in done.stderr.decode() and done.stdout == b"", done.stderr

    conf = tmp_path / "alpr.conf"
    conf.write_text(f"[store]\npath = {tmp_path}/nowhere\n")
    fails("No such file", "--export", "csv", conf=conf)
    fails("No such file", "--export", "csv", "-o", tmp_path / "no/folder")
    data = tmp_path / "data"
    data.mkdir()
    conf.write_text(f"[store]\npath = {data}\n")
    shutil.copy(box.parent / "data/reads.db", data)

    def damaged(sql: str, why: str):
        db = sqlite3.connect(data / "reads.db")
        db.execute(sql)
        db.commit()
        db.close()
        fails(why, "--export", "csv", conf=conf)

    damaged("UPDATE counters SET signature = NULL WHERE n = 3", "statement 3 is not signed yet")
    damaged("UPDATE counters SET text = replace(text, 'passages', 'Passages') WHERE n = 2", "it is not a statement")
    damaged("DELETE FROM counters", "nothing has been stated yet")
    damaged("DROP TABLE counters", "counters")
    fails("No such file", "verify", tmp_path / "none")
    fails("No space left", "--export", "json", "-o", "/dev/full")


def test_a_full_disk_leaves_the_report_of_before(box, tmp_path):
    """On a file system of 8 kB of its own, in a mount namespace, where one report has room and two have none."""
    script = ('mount -t tmpfs -o size=8k none "$1" && "$2" -c "$3" counters --export csv -o "$1/report.csv" && cp "$1/report.csv" "$4" && '
              'head -c 8192 /dev/zero >"$1/rest" 2>/dev/null; "$2" -c "$3" counters --export csv -o "$1/report.csv"; s=$?; '
              'ls "$1" >&2; cmp "$1/report.csv" "$4" || s=9; exit $s')
    (tmp_path / "disk").mkdir()
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", tmp_path / "disk", build_folder() / "bin/alprctl", box, tmp_path / "copy.csv"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "No space left" in done.stderr and done.stderr.splitlines()[-2:] == ["report.csv", "rest"], done.stderr
