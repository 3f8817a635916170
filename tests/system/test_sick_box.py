# SPDX-License-Identifier: Apache-2.0
"""A box that is sick: each trouble shows in `alprctl status` and in the heartbeat that the RTCC got, in plain words; vehicles are read
and hits are sent all the while; and what is mended shows too."""
import subprocess

import pytest

from tests.hardware import HOME
from tests.system.place import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with Place(tmp_path_factory.mktemp("sick")) as p:
        p.box.wait_running()
        p.shows("device", "ok", "")
        p.shows("capture", "ok", "")
        yield p
        assert p.box.stop() == 0


TROUBLES = {
    "door opens": ("device", "door", "cabinet door is open",
                   lambda p: p.hardware.door(True), lambda p: p.hardware.door(False)),
    "clock is lost": ("device", "clock", "clock is not synchronised (may be off by 3.2 s)",
                      lambda p: p.hardware.clock(False, 3_200_000), lambda p: p.hardware.clock(True, 1200)),
    "lamp fails": ("capture", "degraded", "IR lamp reports a fault: reads at night will be missed",
                   lambda p: p.hardware.write("lamp-fault", b"1\n"), lambda p: p.hardware.write("lamp-fault", b"0\n")),
    "disk is hot": ("device", "hot", "disk is 78 °C", lambda p: p.hardware.heat(disk=78), lambda p: p.hardware.heat(disk=41)),
    "box is carried away": ("device", "moved", "box is 511 m from its surveyed place",
                            lambda p: setattr(p.gpsd, "place", (HOME[0] + 0.0046, HOME[1])),
                            lambda p: setattr(p.gpsd, "place", HOME)),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_trouble_shows_and_nothing_else_breaks(place, trouble):
    role, state, words, happens, is_mended = TROUBLES[trouble]
    before = place.pids()
    happens(place)
    place.shows(role, state, words)
    place.goes_on()
    is_mended(place)
    place.shows(role, "ok", "")
    assert place.pids() == before and all(s["restarts"] == 0 for s in place.box.status().values())
    assert place.box.status()["parent"]["state"] == "ok"


def test_all_at_once_and_none_hides_another(place):
    for _, _, _, happens, _ in TROUBLES.values():
        happens(place)
    place.shows("device", "door+clock+hot+moved", "cabinet door is open; clock is not synchronised (may be off by 3.2 s); "
                "disk is 78 °C; box is 511 m from its surveyed place")
    place.shows("capture", "degraded", TROUBLES["lamp fails"][2])
    done = subprocess.run([place.box.build / "bin/alprctl", "--socket", place.box.socket, "selftest"], capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == 1
    assert "FAIL the box is well: cabinet door is open; clock is not" in done.stdout and "PASS device runs" in done.stdout
    place.goes_on()
    for _, _, _, _, is_mended in TROUBLES.values():
        is_mended(place)
    place.shows("device", "ok", "")
    place.shows("capture", "ok", "")


def test_counters_go_along(place):
    openings = place.box.counters("device")["door_openings"]
    place.hardware.door(True)
    place.shows("device", "door", "cabinet door is open")
    place.hardware.door(False)
    place.shows("device", "ok", "")
    assert place.box.counters("device")["door_openings"] == openings + 1
    assert place.beat("device")["counters"].items() >= {"door_open": 0, "door_openings": openings + 1, "disk_temperature_c": 41,
                                                        "temperature_c": 52, "clock_synchronised": 1, "clock_error_ms": 1}.items()


def test_no_heartbeat_names_a_plate_or_a_place(place):
    place.goes_on()
    text = str(place.rtcc.heartbeats())
    assert not [e for e in place.rtcc.events().values() if e["data"]["read"]["text"] in text]
    assert str(HOME[0]) not in text and str(HOME[1]) not in text
