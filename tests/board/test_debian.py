# SPDX-License-Identifier: Apache-2.0
"""The scripts that fetch from Debian and build: what they cannot do they refuse, and leave nothing half-made. Nothing is fetched here."""
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = "board/arm64/sysroot.packages"
# Each with a call that is right; what it makes is named "new".
CALLS = {
    "board/build-curl.sh": ["new"],
    "board/sysroot.sh": ["new", "arm64", PACKAGES],
    "board/kernel.sh": ["config", "rk3399", "folder", "new"],
    "tests/guest/kernel.sh": ["new"],
    "tests/guest/gpio_sim.sh": ["new", "6.12.1-arm64", "."],
}
SCRIPTS = pytest.mark.parametrize("script", CALLS)


@pytest.fixture(name="start")
def fixture_start(tmp_path):
    """Starts a script; "new" and "folder" lie in tmp_path."""

    def start(script: str, words: list, **environment) -> subprocess.Popen:
        words = [tmp_path / w if w in ("new", "folder") else w for w in words]
        # A signal that is ignored when a shell starts (as in a background job, nohup) cannot be trapped by it.
        heeds = ["env", "--default-signal", "sh", script]
        return subprocess.Popen([*heeds, *words], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                start_new_session=True, env={**os.environ, "LC_ALL": "C", "no_proxy": "127.0.0.1", **environment})
    return start


def said(script: subprocess.Popen, status: int) -> str:
    text = script.communicate(timeout=60)[0]
    assert script.returncode == status, text
    return text


def made(folder: Path) -> list:
    """All but locks and logs, which stay."""
    return [p.name for p in folder.iterdir() if p.suffix not in (".lock", ".log") and p.name != "folder"]


@SCRIPTS
def test_a_call_of_another_length_is_wrong(script, start, tmp_path):
    assert f"usage: {Path(script).name} " in said(start(script, CALLS[script][:-1]), 2)
    assert f"usage: {Path(script).name} " in said(start(script, [*CALLS[script], "more"]), 2)
    assert list(tmp_path.iterdir()) == []


@SCRIPTS
def test_without_keys_nothing_is_fetched(script, start, tmp_path):
    text = said(start(script, CALLS[script], DEBIAN_KEYRING="/nowhere", DEBIAN_MIRROR="http://127.0.0.1:9/"), 1)
    assert "/nowhere: not there: install debian-archive-keyring" in text and "fetching" not in text
    assert [p for p in made(tmp_path) if any((tmp_path / p).iterdir())] == []


@pytest.mark.parametrize("script, words, why", [
    ("board/build-curl.sh", [""], "not a name"),
    ("board/build-curl.sh", ["/"], "not a name"),
    ("board/sysroot.sh", ["new", "arm64", "/nowhere"], "/nowhere: cannot be read"),
    ("board/sysroot.sh", ["new", "arm64", "/dev/null"], "/dev/null: names no package"),
    ("tests/guest/gpio_sim.sh", ["new", "6.12.1-amd64", "."], "not the version of a Debian arm64 kernel"),
    ("tests/guest/gpio_sim.sh", ["new", "6.12.1-arm64", "/nowhere"], "/nowhere: no such sysroot"),
])
def test_nonsense_is_refused(script, words, why, start, tmp_path):
    assert why in said(start(script, words, DEBIAN_KEYRING="/nowhere"), 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", ["board/build-curl.sh", "board/sysroot.sh", "tests/guest/kernel.sh"])
def test_a_folder_of_somebody_else_is_left_alone(script, start, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new/letter").write_text("mine")
    assert "new: there already and not of our making" in said(start(script, CALLS[script], DEBIAN_KEYRING="/nowhere"), 1)
    assert (tmp_path / "new/letter").read_text() == "mine"


def test_a_mirror_that_is_not_there(start, tmp_path):
    (tmp_path / "apt.log").write_text('Acquire::Retries::Delay "false";\n')
    text = said(start("board/build-curl.sh", ["new"], DEBIAN_MIRROR="http://127.0.0.1:9/debian", APT_CONFIG=str(tmp_path / "apt.log")), 1)
    assert "http://127.0.0.1:9/debian failed; the whole log is in" in text and "no signed package list" in text
    assert made(tmp_path) == []


def test_interrupted_it_leaves_nothing(start, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        script = start("board/build-curl.sh", ["new"], DEBIAN_MIRROR=f"http://127.0.0.1:{silent.getsockname()[1]}/debian")
        silent.settimeout(30)
        with silent.accept()[0]:  # it asks, and waits
            assert made(tmp_path) == ["new.building"]
            os.killpg(script.pid, signal.SIGINT)
            said(script, 130)
    assert made(tmp_path) == []


APT = """#!/bin/sh
# Stands in for apt-get: a package list, then a source whose second file breaks off as long as there is no file "whole".
for word; do
    case $word in
    Dir::State::lists=*) lists=${word#*=} ;;
    update) : >"$lists/a_Sources" ;;
    source) echo half >linux_1.dsc; [ -e "$0.whole" ] || exit 100; echo whole >linux_1.dsc ;;
    esac
done
"""


def test_a_kernel_source_that_came_by_half_is_fetched_again(start, tmp_path):
    apt = tmp_path / "apt-get"
    apt.write_text(APT)
    apt.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DEBIAN_KEYRING": "/dev/null", "DEBIAN_MIRROR": "http://127.0.0.1:9/"}
    call = ("board/kernel.sh", CALLS["board/kernel.sh"])
    assert "fetching the source of linux (150 MB) failed" in said(start(*call, **environment), 1)
    (tmp_path / "apt-get.whole").touch()
    assert "unpacking it failed" in said(start(*call, **environment), 1)  # of a source that is none
    assert [p.read_text() for p in (tmp_path / "folder/fetched").iterdir()] == ["whole\n"]
