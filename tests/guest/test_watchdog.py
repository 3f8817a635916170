# SPDX-License-Identifier: Apache-2.0
"""The kernel's own watchdog (softdog) in a guest: a box that nobody feeds starts anew, one that is fed or stopped in order does not."""
from tests.guest import firmware
from tests.guest.guest import Guest

BIT = "softdog: Initiating system reboot"


def boots(*scripts: str) -> str:
    """The script of a guest that boots once for each of these."""
    cases = "".join(f"{i + 1})\n{s}\n;;\n" for i, s in enumerate(scripts))
    return f"case $(wc -l <boots) in\n{cases}esac\n"


def test_unfed_reboots_and_stopped_in_order_does_not(tmp_path):
    guest = Guest(tmp_path / "io", firmware.programs("test/watchdog"), modules={"softdog": ""}, boots=3)
    outcome = guest.check(boots(
        # Fed for longer than it has, then starved; then left without a word; then given back.
        "/alpr/test/watchdog device /dev/watchdog0 3 5 starve; exit 1",
        "/alpr/test/watchdog device /dev/watchdog0 3 1 leave; sleep 30; exit 1",
        "/alpr/test/watchdog device /dev/watchdog0 3 1 stop; sleep 6; echo still here",
    ), 240)
    print(outcome.output)
    assert outcome.boots == 3
    assert outcome.console.count(BIT) == 2
    lines = [line for line in outcome.output.splitlines() if not line.startswith("watchdog: \"") and line != "watchdog: fed"]
    assert outcome.output.count("watchdog: fed") == 7
    assert lines == ["watchdog: starve", "watchdog: leave", "watchdog: stop", "still here"]


CONF = """[site]
name = guest
[store]
path = /tmp/store
[control]
socket = /tmp/control
[daemon]
watchdog = /dev/watchdog0
watchdog_s = 10
"""


def test_a_box_whose_daemon_is_killed_reboots(tmp_path):
    guest = Guest(tmp_path / "io", firmware.daemon(), modules={"softdog": ""}, boots=2)
    (tmp_path / "io" / "alpr.conf").write_text(CONF)
    outcome = guest.check(boots(
        "mkdir /tmp/store; /alpr/bin/alprd -c alpr.conf & sleep 13; echo fed; kill -9 $!; echo killed; sleep 40; exit 1",
        "echo again",
    ), 240)
    print(outcome.output)
    assert outcome.boots == 2 and BIT in outcome.console
    assert "fed\nkilled\n" in outcome.output and outcome.output.endswith("again\n")
