# SPDX-License-Identifier: Apache-2.0
"""alpr-hotlist delta and apply: a later list of an earlier one, byte for byte, small whatever the feed; and every refusal."""
import pytest

from tests import feeds
from tests.system.feed_desk import PLATE, Desk, call

ROWS = [feeds.row("ncic-lpr", lic=f"L{i}", lis="MO", number=i, entered=f"2026{1 + i % 9:02}{1 + i % 28:02}") for i in range(1, 3001)]
EMPTY = 48 + 384 + 5 * 3  # a delta's head, and a change for each dictionary and for the records (hotlist/FORMAT.md)


@pytest.fixture(scope="module", name="desk")
def fixture_desk(tmp_path_factory):
    """Lists 1 to 3 of an NCIC extract: whole, half an hour later without one row, and the same once more with the issue time of 1."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    for version, rows, time in ((1, ROWS, "12:00"), (2, ROWS[1:], "12:30"), (3, ROWS[1:], "12:00")):
        feed = desk.path("feed", feeds.feed("ncic-lpr", rows))
        raw = desk.folder / f"{version}.raw"
        call("compile", *feeds.words("ncic-lpr", feed), "--out", raw, "--version", version, "--max-age", 86400,
             "--issued", f"2026-11-01T{time}:00Z")
        call("sign", "--key", desk.folder / "k", "--in", raw, "--out", desk.folder / f"{version}.alpb")
    return desk


@pytest.mark.parametrize("old, new, most", [
    (1, 3, 30),  # one row goes: some bytes
    (1, 2, 9 * 28 * 10),  # and all others expire half an hour later: some bytes for each day of entry, not for each row
    (2, 3, 9 * 28 * 10),
    (1, 1, 10),
])
def test_it_gives_the_later_list_and_is_small(desk, old, new, most):
    old, new, delta, out = (desk.folder / name for name in (f"{old}.alpb", f"{new}.alpb", "delta", "out"))
    done = call("delta", old, new, "--out", delta)
    assert f"bytes     {delta.stat().st_size}, " in done.stdout and delta.stat().st_size <= EMPTY + most
    call("apply", old, delta, "--out", out)
    assert out.read_bytes() == new.read_bytes()
    call("verify", "--key", desk.folder / "k.pub", out)


def test_a_delta_goes_forward(desk):
    done = call("delta", desk.folder / "3.alpb", desk.folder / "1.alpb", "--out", desk.folder / "back", status=1)
    assert "version 1: a box never goes back from 3" in done.stderr and not (desk.folder / "back").exists()


def test_only_between_signed_lists_that_a_box_would_take(desk):
    good, raw, out = desk.folder / "1.alpb", desk.folder / "2.raw", desk.folder / "none"
    broken = desk.path("broken", good.read_bytes()[:-1])
    for bad, why in ((raw, "not signed"), (broken, "broken: "), (desk.path("feed", PLATE), "feed: "), (desk.folder / "absent", "absent: ")):
        assert why in call("delta", good, bad, "--out", out, status=1).stderr
        assert why in call("delta", bad, good, "--out", out, status=1).stderr
    call("delta", good, desk.folder / "2.alpb", "--out", desk.folder / "nowhere" / "file", status=1)
    assert not out.exists()


def test_apply_refuses_what_it_cannot_make(desk):
    old, delta, out = desk.folder / "1.alpb", desk.folder / "delta", desk.folder / "none"
    call("delta", old, desk.folder / "2.alpb", "--out", delta)
    good = delta.read_bytes()
    assert "is for another list" in call("apply", desk.folder / "2.alpb", delta, "--out", out, status=1).stderr
    for bad, why in ((good[:-1], "cut short"), (good + b"\0", "longer"), (b"", "not one"), (old.read_bytes(), "not one"),
                     (good[:500] + bytes([good[500] ^ 1]) + good[501:], "delta: ")):
        assert why in call("apply", old, desk.path("bad", bad), "--out", out, status=1).stderr
    assert not out.exists()


@pytest.mark.parametrize("verb", ["delta", "apply"])
@pytest.mark.parametrize("words", [(), ("a", "b"), ("a", "--out", "c"), ("a", "b", "c", "--out", "d"), ("a", "b", "--in", "c"), ("a", "b", "--out")])
def test_wrong_calls(verb, words):
    assert "--help" in call(verb, *words, status=2).stderr
