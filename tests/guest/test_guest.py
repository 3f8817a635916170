# SPDX-License-Identifier: Apache-2.0
"""The harness itself: what it says of a guest that did not do what it should."""
import pytest

from tests.guest.guest import Guest, GuestError


def test_a_script_runs_and_its_files_come_back(tmp_path):
    guest = Guest(tmp_path / "io")
    (tmp_path / "io" / "given").write_text("from the host")
    outcome = guest.check('uname -m; cat given; echo "from the guest" >made; exit 0', 120)
    assert outcome.output == "aarch64\nfrom the host"
    assert (tmp_path / "io" / "made").read_text() == "from the guest\n"
    assert outcome.boots == 1 and 0 < outcome.boot_s < 60


def test_a_failing_script_fails(tmp_path):
    with pytest.raises(GuestError, match="the script ended with 3\n(.*\n)*a word first"):
        Guest(tmp_path / "io").check("echo a word first; exit 3", 120)


def test_a_guest_that_never_ends_is_stopped(tmp_path):
    with pytest.raises(GuestError, match="not done in 30 s\n(.*\n)*here we wait"):
        Guest(tmp_path / "io").run("echo here we wait; sleep 1000", 30)


def test_a_guest_that_reboots_or_goes_off_is_told(tmp_path):
    with pytest.raises(GuestError, match="went off before the script ended"):
        Guest(tmp_path / "io").run("reboot -f; sleep 100", 120)
    with pytest.raises(GuestError, match="booted 3 times"):
        Guest(tmp_path / "io", boots=2).run("reboot -f; sleep 100", 120)


def test_a_panic_is_told(tmp_path):
    with pytest.raises(GuestError, match="Kernel panic"):
        Guest(tmp_path / "io").run("echo c >/proc/sysrq-trigger; sleep 100", 120)


def test_too_much_for_its_memory_is_told(tmp_path):
    with pytest.raises(GuestError, match="not all files had room"):
        Guest(tmp_path / "io", {"/big": bytes(230 << 20)}, memory_mb=400).run("true", 120)


def test_what_the_kernel_has_not_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no_such_thing: the guest's kernel has no such module"):
        Guest(tmp_path / "io", modules={"no_such_thing": ""})
