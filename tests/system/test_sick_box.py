# SPDX-License-Identifier: Apache-2.0
"""A box that is sick: each trouble shows in `alprctl status` and in the heartbeat that the RTCC got, in plain words; vehicles are read
and hits are sent all the while; and what is mended shows too."""
import os
import shutil
import signal
import subprocess

import pytest

from tests.box import build_folder
from tests.hardware import HOME, Gpsd, Hardware, Tpm
from tests.rtcc import Rtcc
from tests.system.test_end_to_end import street


class Place:
    """A box on a busy street with its hardware and its RTCC."""

    def __init__(self, folder, build=None, **device):
        self.hardware = Hardware(folder / "hardware")
        self.hardware.write("lamp-fault", b"0\n")
        self.gpsd = Gpsd(folder / "gpsd.sock")
        self.rtcc = Rtcc(folder / "rtcc")
        self.box = street(folder / "box", self.rtcc, passages=0, wanted_share=0.5, rate=8, lamp="fake",
                          lamp_folder=self.hardware.folder)
        self.box.build = build or self.box.build
        self.box.sections["hotlist"]["cooldown_s"] = 0
        self.box.sections["daemon"]["restart_most_ms"] = 300
        self.box.sections["device"] = self.hardware.conf(location="gpsd", location_source=self.gpsd.path, **device)
        self.box.write_conf()

    def __enter__(self):
        self.rtcc.start()
        self.box.start()
        return self

    def __exit__(self, *_):
        self.box.stop()
        self.rtcc.stop()
        self.gpsd.close()

    def beat(self, role: str) -> dict:
        """What the newest heartbeat says of a role."""
        beats = self.rtcc.heartbeats()
        return next((r for r in beats[-1]["roles"] if r["role"] == role), {}) if beats else {}

    def shows(self, role: str, state: str, detail: str) -> None:
        """Until status, as a person reads it and as JSON, and heartbeat do."""
        def both(box):
            said = [box.status().get(role, {}), self.beat(role)]
            return all((s.get("state"), s.get("detail")) == (state, detail) for s in said)
        self.box.wait(both, 30, f"{role} to be {state}: {detail}")
        done = subprocess.run([self.box.build / "bin/alprctl", "--socket", self.box.socket, "status"], capture_output=True, text=True,
                              timeout=10, check=True)
        line, = [line for line in done.stdout.splitlines() if line.startswith(role + " ")]
        assert line.split()[1] == state and line.endswith(detail), line

    def goes_on(self) -> None:
        """From now on vehicles are read and hits reach the RTCC."""
        reads, hits = self.box.counters("store")["reads"], len(self.rtcc.events())
        self.box.wait(lambda b: b.counters("store").get("reads", 0) > reads + 1 and len(self.rtcc.events()) > hits, 90, "reads and hits")

    def pids(self) -> dict:
        return {role: s["pid"] for role, s in self.box.status().items()}


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


def test_a_killed_device_role_comes_back_and_nobody_else_notices(place):
    before = place.pids()
    place.hardware.door(True)
    place.shows("device", "door", "cabinet door is open")
    for n in (1, 2, 3):
        os.kill(place.box.pid("device"), signal.SIGKILL)
        place.box.wait(lambda b: (s := b.status().get("device", {})).get("restarts") == n and s["running"], 20, "device to be back")
    place.shows("device", "door", "cabinet door is open")
    place.box.wait(lambda b: place.beat("device")["restarts"] == 3, 20, "the heartbeat to tell of it")
    place.goes_on()
    place.hardware.door(False)
    place.shows("device", "ok", "")
    after = place.pids()
    assert {r for r in before if before[r] != after[r]} == {"device"}


def test_a_hung_device_role_is_replaced(place):
    before, n = place.pids(), place.box.status()["device"]["restarts"]
    os.kill(before["device"], signal.SIGSTOP)
    place.box.wait(lambda b: (s := b.status().get("device", {})).get("restarts") == n + 1 and s["running"], 40, "device to be back")
    place.shows("device", "ok", "")
    after = place.pids()
    assert {r for r in before if before[r] != after[r]} == {"device"}


def test_a_missing_tpm_shows_until_it_is_there(tmp_path):
    """What could not be opened is opened anew by a new process, every retry_s."""
    with Tpm(tmp_path / "tpm") as tpm, Place(tmp_path, keystore="tpm2", keystore_device=f"device:{tpm.device}", retry_s=15) as p:
        p.box.wait_running()
        p.shows("device", "key", "TPM is missing")
        before = p.pids()
        p.goes_on()
        tpm.plug_in()
        p.shows("device", "ok", "")
        tpm.take_out()
        p.shows("device", "key", "TPM is missing or does not answer")
        p.goes_on()
        after = p.pids()
        assert {r for r in before if before[r] != after[r]} == {"device"}
        assert all(s["restarts"] == 0 for r, s in p.box.status().items() if r != "device")
        assert p.box.stop() == 0


def test_everything_else_goes_on_without_a_device_role(tmp_path):
    """Its program is gone: said in status and heartbeat, and that is all."""
    build = tmp_path / "build"
    for part in ("bin", "libexec", "models"):
        shutil.copytree(build_folder() / part, build / part)
    (build / "libexec/alprd-device").unlink()
    with Place(tmp_path, build) as p:
        p.box.wait(lambda b: b.status().get("device", {}).get("restarts", 0) >= 3, 30, "three attempts")
        p.box.wait(lambda b: all(s["running"] for r, s in b.status().items() if r != "device"), 30, "the others")
        p.box.wait(lambda b: p.beat("device").get("running") is False and p.beat("parent").get("detail") == "not running: device", 30,
                   "the heartbeat to tell of it")
        p.goes_on()
        assert p.box.status()["device"]["state"] == "down"
        assert all(s["restarts"] == 0 for r, s in p.box.status().items() if r != "device" and r != "parent")
        assert p.box.stop() == 0
