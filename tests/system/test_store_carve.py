# SPDX-License-Identifier: Apache-2.0
"""What was purged is nowhere in the store's files, whatever form it might have; and the search finds it where it is."""
import io
import os
import subprocess

import pytest

from tests.bench import store_carve
from tests.bench.bars import Bars
from tests.box import build_folder
from tests.carve.carving import MARKS, WRAPPED, WRAPPED_LEN, Needles, base64_inside, key_forms, spellings, wrapped_at

BLOCK = 4 << 20  # that the carver reads at once


def carver(*words):
    return subprocess.run([build_folder() / "test/carve/carve", *words], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def reads():
    return store_carve.Reads(4, 3)


def test_each_form_is_found_where_it_is(tmp_path, reads):
    key = bytes(range(32))
    needles = Needles(reads.texts, reads.all_pictures(), [key])
    needles.mark()
    assert len(spellings(reads.texts[0])) >= 24 and len(key_forms(key)) >= 9
    file, at = tmp_path / "raw", {}
    with open(file, "wb") as f:
        for name, form in needles.bytes.items():
            f.write(os.urandom(37))
            at[name] = f.tell()
            f.write(form)
    found = needles.carve(tmp_path, file)
    assert {name for name, where in at.items() if (str(file), where) in found.where.get(name, [])} == set(at)
    assert found.of("plate") == {str(i) for i in range(8)} and found.of("key") == {"0"} and found.of("mark") == set(MARKS)
    assert found.of("image") == {str(i) for i in range(len(reads.all_pictures()))}
    assert found.looked_at == file.stat().st_size


def test_nothing_is_found_where_nothing_is(tmp_path, reads):
    (tmp_path / "noise").write_bytes(os.urandom(BLOCK + 12345))
    needles = Needles(reads.texts, reads.all_pictures(), [bytes(range(32))])
    needles.mark()
    assert needles.carve(tmp_path, tmp_path / "noise").where == {}


@pytest.mark.parametrize("before", [BLOCK - 1, BLOCK - 6, BLOCK, 2 * BLOCK - 3])
def test_between_two_blocks(tmp_path, before):
    with open(tmp_path / "raw", "wb") as f:
        f.truncate(before)
        f.seek(before)
        f.write(b"KX7CQ4T" + b"\0" * 100)
    found = Needles(["KX7CQ4T"]).carve(tmp_path, tmp_path / "raw")
    assert found.where == {"plate:0:plain": [(str(tmp_path / "raw"), before)]}


def test_base64_of_a_longer_text():
    import base64
    for before in range(7):
        text = base64.b64encode(b"x" * before + b"KX7CQ4T" + b"yz")
        assert any(form in text for form in base64_inside(b"KX7CQ4T"))


def test_files_of_all_folders_and_no_others(tmp_path):
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "outside").write_bytes(b"KX7CQ4T")
    (tmp_path / "a/b/c/deep").write_bytes(b"..KX7CQ4T")
    (tmp_path / "a/empty").write_bytes(b"")
    (tmp_path / "a/link").symlink_to(tmp_path / "outside")
    os.mkfifo(tmp_path / "a/pipe")
    found = Needles(["KX7CQ4T"]).carve(tmp_path, tmp_path / "a")
    assert found.where == {"plate:0:plain": [(str(tmp_path / "a/b/c/deep"), 2)]} and found.looked_at == 9


def test_what_cannot_be_looked_at_is_an_error(tmp_path):
    (tmp_path / "needles").write_text("x 41414141\n")
    done = carver(tmp_path / "needles", tmp_path / "nowhere")
    assert done.returncode == 1 and "nowhere" in done.stderr
    with pytest.raises(RuntimeError):
        Needles(["KX7CQ4T"]).carve(tmp_path, tmp_path / "nowhere")


@pytest.mark.parametrize("needles", ["", "x\n", "x 4141414\n", "x 414141\n", "x 4141414g\n"])
def test_needles_that_are_none(tmp_path, needles):
    (tmp_path / "needles").write_text(needles)
    assert carver(tmp_path / "needles", tmp_path).returncode == 2
    assert carver(tmp_path / "needles").returncode == 2 and carver().returncode == 2


@pytest.mark.parametrize("tpm", [False, True], ids=["file", "tpm"])
def test_nothing_of_what_was_purged_is_left(tmp_path, certs, tpm):
    out = io.StringIO()
    bars = Bars(out)
    store_carve.live(bars, tmp_path, certs, tpm=tpm, n=9)
    assert bars.end() == 0, out.getvalue()
    names = {row["name"].rpartition("_")[2] for row in bars.rows}
    assert names == {"plates", "images", "keys", "copy"} | (set() if tpm else {"finds"})


@pytest.fixture(scope="module")
def purged(tmp_path_factory, certs):
    """A store after its purge, and what was found in it before: a copy of its wrapped keys lies beside it."""
    folder = tmp_path_factory.mktemp("purged")
    scene = store_carve.Scene(folder, folder / "box", certs, n=9)
    scene.keep_old()
    found = scene.carve(scene.disk)
    assert scene.opens(found)[0] > 0
    (folder / "kept").write_bytes(b"".join(wrapped_at(found)))
    kept = scene.needles.carve(folder, folder / "kept", more={"wrapped": WRAPPED})
    assert all(len(w) == WRAPPED_LEN for w in wrapped_at(kept)) and scene.opens(kept)[0] > 0
    scene.purge()
    scene.kept_keys = kept
    return scene


LEFT = {"plates": lambda scene: base64_inside(scene.old.texts[0].encode())[1],
        "images": lambda scene: scene.old.pictures[1][0][1000:1100],
        "keys": lambda scene: sorted(scene.keys)[0].hex().encode()}


@pytest.mark.parametrize("what", LEFT)
def test_a_store_that_leaves_something_fails(purged, what):
    """The bar of what is left fails, and only that."""
    (purged.data / "left").write_bytes(os.urandom(5000) + LEFT[what](purged) + os.urandom(5000))
    bars = Bars(io.StringIO())
    store_carve.judge(bars, "left", purged.carve(purged.disk), 0)
    (purged.data / "left").unlink()
    assert {row["name"] for row in bars.rows if not row["passed"]} == {f"left_{what}"}


def test_wrapped_keys_of_before_open_no_more(purged):
    assert purged.opens(purged.kept_keys) == (0, 0)
    gone, living = purged.opens(purged.carve(purged.disk))
    assert gone == 0 and living >= 2
