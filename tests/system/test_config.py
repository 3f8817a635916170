# SPDX-License-Identifier: Apache-2.0
"""The configuration as alprd takes it: the example is whole, and every refusal says what and where."""
import subprocess
from pathlib import Path

import pytest

from tests.board import conf_example
from tests.box import build_folder


def check(path: Path) -> subprocess.CompletedProcess:
    return subprocess.run([build_folder() / "bin/alprd", "-c", path, "--check"], capture_output=True, text=True, timeout=30,
                          check=False)


def test_the_example_has_every_key_with_its_default():
    assert conf_example.EXAMPLE.read_text() == conf_example.example(), "run tests/board/conf_example.py --write"


@pytest.mark.parametrize("text", [conf_example.example(), conf_example.everything(), ""], ids=["example", "all", "empty"])
def test_good_ones_pass(tmp_path, text):
    path = tmp_path / "alpr.conf"
    path.write_text(text)
    done = check(path)
    assert (done.returncode, done.stderr) == (0, "")


REFUSED = {
    "unknown key": ("[camera]\nspeed = 3\n", ["line 2", "[camera]", "speed", "unknown key"]),
    "unknown section": ("[radar]\nx = 1\n", ["line 2", "radar", "unknown section"]),
    "key twice": ("[camera]\nrate = 5\nrate = 6\n", ["line 3", "[camera] rate", "twice"]),
    "no number": ("[camera]\nrate = fast\n", ["line 2", "[camera] rate", "not a number"]),
    "out of range": ("[store]\nretention_days = 0\n", ["line 2", "[store] retention_days"]),
    "no such watchdog": ("[daemon]\nwatchdog_driver = cat\n", ["[daemon] watchdog_driver", "cat", "device|fake"]),
    "longer than the law": ("[store]\nretention_days = 91\n", ["retention_days", "90"]),
    "no such driver": ("[camera]\ndriver = si\n", ["[camera] driver", "none of those built in", "sim"]),
    "no INI": ("this is no configuration\n", ["line 1"]),
    "plain HTTP": ("[uplink]\nurl = http://rtcc.example\n", ["url"]),
    "no such door": ("[device]\ndoor = lid\n", ["[device] door", "none of those built in", "fake"]),
    "no such thermometer": ("[device]\ntemperature = mercury\n", ["[device] temperature", "hwmon"]),
    "no such clock": ("[device]\nclock = sundial\n", ["[device] clock", "kernel"]),
    "no such location": ("[device]\nlocation = compass\n", ["[device] location", "surveyed", "gpsd"]),
    "no such keystore": ("[device]\nkeystore = drawer\n", ["[device] keystore", "file"]),
    "a fake without its folder": ("[device]\ndoor = fake\n", ["[device] fake", "folder"]),
    "gpsd without its socket": ("[site]\nlatitude = 1\n[device]\nlocation = gpsd\n", ["[device] location_source", "socket"]),
    "gpsd and nothing to compare with": ("[device]\nlocation = gpsd\nlocation_source = /run/gpsd.sock\n",
                                         ["[device] location", "[site] latitude"]),
    "a keystore that no read needs": ("[device]\nkeystore = tpm2\n", ["[device] keystore", "tpm2", "[store] keystore", "file"]),
    "another file of root keys": ("[store]\npath = a\n[device]\nkeystore = file\nkeystore_path = b/keystore\n",
                                  ["[device] keystore_path", "[store]", "/a/keystore"]),
    "another TPM": ("[store]\nkeystore = tpm2\n[device]\nkeystore = tpm2\nkeystore_device = device:/dev/tpmrm1\n",
                    ["[device] keystore_device", "[store]", "/dev/tpmrm0"]),
    "keystore without a path": ("[device]\nkeystore = file\n", ["[device] keystore_path"]),
    "a boiling limit": ("[device]\ndisk_max_c = 151\n", ["line 2", "[device] disk_max_c"]),
    "a limit that is no number": ("[device]\ntemperature_max_c = warm\n", ["line 2", "[device] temperature_max_c"]),
    "a perfect clock": ("[device]\nclock_max_ms = 0\n", ["line 2", "[device] clock_max_ms"]),
    "no distance": ("[device]\nmoved_m = 0\n", ["line 2", "[device] moved_m"]),
    "a look without end": ("[device]\npoll_s = 0\n", ["line 2", "[device] poll_s"]),
    "a retry too far away": ("[device]\nretry_s = 86401\n", ["line 2", "[device] retry_s"]),
    "heartbeats too far apart": ("[uplink]\nheartbeat_s = 86401\n", ["line 2", "[uplink] heartbeat_s"]),
    "back-off above the cap": ("[daemon]\nrestart_most_ms = 30001\n", ["[daemon] restart_most_ms"]),
    "socket path too long": (f"[control]\nsocket = /{'x' * 150}\n", ["[control] socket"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_ones_are_refused_with_what_and_where(tmp_path, name):
    text, words = REFUSED[name]
    path = tmp_path / "alpr.conf"
    path.write_text(text)
    done = check(path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith(f"alprd: {path}: ") and done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.mark.parametrize("text", ["[store]\npath = a\n[device]\nkeystore = file\nkeystore_path = a/keystore\n",
                                  "[store]\nkeystore = tpm2\n[device]\nkeystore = tpm2\n", "[store]\nkeystore = tpm2\n"])
def test_the_keystore_of_the_reads_may_be_watched(tmp_path, text):
    path = tmp_path / "alpr.conf"
    path.write_text(text)
    assert check(path).returncode == 0


def test_a_missing_file_is_refused(tmp_path):
    done = check(tmp_path / "none.conf")
    assert done.returncode == 2 and "none.conf" in done.stderr and "No such file" in done.stderr


@pytest.mark.parametrize("content", [b"[store]\npath = /x\0y\n", b"#" * 70000, b"\xff\xfe[store]\n"], ids=["NUL", "huge", "bytes"])
def test_hostile_bytes_are_refused(tmp_path, content):
    path = tmp_path / "alpr.conf"
    path.write_bytes(content)
    done = check(path)
    assert done.returncode == 2 and done.stderr.startswith("alprd: ")


def test_a_user_that_does_not_exist_is_refused(tmp_path):
    path = tmp_path / "alpr.conf"
    path.write_text("[daemon]\nuser = nobody-of-that-name\n")
    done = subprocess.run([build_folder() / "bin/alprd", "-c", path], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and "[daemon] user" in done.stderr


@pytest.mark.parametrize("words", [[], ["-c"], ["-x"], ["-c", "a", "b"]])
def test_a_wrong_call_is_refused(words):
    done = subprocess.run([build_folder() / "bin/alprd", *words], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and "usage: alprd -c FILE" in done.stderr


def test_help():
    done = subprocess.run([build_folder() / "bin/alprd", "--help"], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "") and "usage: alprd -c FILE" in done.stdout


@pytest.mark.parametrize("role", ["capture", "vision", "store", "uplink", "control", "device"])
def test_a_role_without_its_parent_says_so(role):
    done = subprocess.run([build_folder() / f"libexec/alprd-{role}"], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2 and f"alprd-{role}: " in done.stderr and "starts it" in done.stderr
