# SPDX-License-Identifier: Apache-2.0
"""The real device role, alone: hardware comes and goes, and each trouble is said in plain words, none hidden by another."""
import time

import pytest

from tests.hardware import HOME, Gpsd, Hardware, Tpm
from tests.system.roles import Role

FIRST = "[site]\nlatitude = {}\nlongitude = {}\n".format(*HOME)


class Device(Role):
    def __init__(self, folder, keys):
        super().__init__("device", FIRST + "[device]\n" + "".join(f"{k} = {v}\n" for k, v in {"poll_s": 0.1, **keys}.items()),
                         folder, [])

    def says(self, state: str, detail: str = None, seconds: float = 5) -> dict:
        """Until it does; a status comes once a second."""
        return self.wait(lambda s: s["state"] == state and detail in (None, s["detail"]), seconds, f"{state}: {detail}")


@pytest.fixture
def hardware(tmp_path):
    return Hardware(tmp_path / "hardware")


@pytest.fixture
def device(tmp_path, hardware):
    with Device(tmp_path, hardware.conf(poll_s=0.1)) as d:
        d.says("ok", "")
        yield d


# --- one by one ----------------------------------------------------------------------------------------------------


def test_a_door_that_opens_and_shuts(device, hardware):
    assert (device.state["door_open"], device.state["door_openings"]) == (0, 0)
    for n in (1, 2):
        hardware.door(True)
        assert device.says("door", "cabinet door is open")["door_open"] == 1
        hardware.door(False)
        assert device.says("ok", "")["door_openings"] == n
    assert "cabinet door is open" in device.tail() and "all is well with the box" in device.tail()


def test_a_door_that_was_open_when_the_role_began(tmp_path, hardware):
    hardware.door(True)
    with Device(tmp_path, hardware.conf()) as d:
        assert d.says("door", "cabinet door is open")["door_openings"] == 1


def test_a_clock_that_is_lost_and_found(device, hardware):
    assert device.state["clock_synchronised"] == 1 and device.state["clock_error_ms"] == 1
    hardware.clock(False, 3_200_000)
    s = device.says("clock", "clock is not synchronised (may be off by 3.2 s)")
    assert (s["clock_synchronised"], s["clock_error_ms"]) == (0, 3200)
    hardware.clock(True, 700_000)
    device.says("clock", "clock may be off by 700 ms")
    hardware.clock(True, 900)
    device.says("ok", "")


def test_the_kernel_is_asked_about_its_clock_in_the_sandbox(tmp_path):
    with Device(tmp_path, {"clock": "kernel"}) as d:
        s = d.wait(lambda s: "clock_error_ms" in s, 5, "the kernel's word")
        assert s["state"] in ("ok", "clock") and 0 <= s["clock_error_ms"] and s["clock_synchronised"] in (0, 1)


def test_a_disk_and_a_board_that_get_hot_and_cool_down(device, hardware):
    assert (device.state["disk_temperature_c"], device.state["temperature_c"]) == (41, 52)
    hardware.heat(disk=78)
    assert device.says("hot", "disk is 78 °C")["disk_temperature_c"] == 78
    hardware.heat(board=97)
    device.says("hot", "disk is 78 °C, cpu_thermal is 97 °C")
    hardware.heat(disk=68) # below its limit, but not by three degrees
    device.says("hot", "disk is 68 °C, cpu_thermal is 97 °C")
    hardware.heat(disk=60, board=60)
    device.says("ok", "")


def test_limits_are_the_configuration_s(tmp_path, hardware):
    with Device(tmp_path, hardware.conf(disk_max_c=40, temperature_max_c=50, clock_max_ms=1)) as d:
        hardware.clock(True, 2000)
        d.says("clock+hot", "clock may be off by 2 ms; disk is 41 °C, cpu_thermal is 52 °C")


def test_a_box_that_is_carried_away_and_brought_back(tmp_path):
    with Gpsd(tmp_path / "gpsd.sock") as gpsd:
        with Device(tmp_path, {"location": "gpsd", "location_source": gpsd.path}) as d:
            assert d.wait(lambda s: "distance_m" in s, 5, "a place")["distance_m"] == 0
            d.says("ok", "")
            gpsd.place = (HOME[0] + 0.0046, HOME[1])
            assert d.says("moved", "box is 511 m from its surveyed place")["distance_m"] == 511
            gpsd.place = (HOME[0] + 0.0002, HOME[1]) # 22 m: within what is allowed
            assert d.says("ok", "")["distance_m"] == 22


def test_gpsd_goes_and_comes_back(tmp_path):
    gpsd = Gpsd(tmp_path / "gpsd.sock")
    with Device(tmp_path, {"location": "gpsd", "location_source": gpsd.path}) as d:
        gpsd.place = (HOME[0] + 0.0046, HOME[1])
        d.says("moved")
        gpsd.close() # who carries a box away may cut its antenna: it is where it was last
        s = d.wait(lambda s: s["state"] == "moved+blind", 20, "gpsd to be missed")
        assert "box is 511 m from its surveyed place; location cannot be watched: " in s["detail"]
        with Gpsd(tmp_path / "gpsd.sock"):
            d.says("ok", "", 20)
        assert d.ready["seccomp"] == 1


def test_a_tpm_that_is_missing_comes_and_goes(tmp_path):
    keys = {"keystore": "tpm2", "keystore_device": f"device:{tmp_path}/tpm/tpmrm0", "retry_s": 0}
    with Tpm(tmp_path / "tpm") as tpm:
        with Device(tmp_path, keys) as d:
            assert d.says("key", "TPM is missing")["keystore_ok"] == 0
        tpm.plug_in()
        with Device(tmp_path, keys) as d:
            assert d.says("ok", "")["keystore_ok"] == 1 and d.ready["seccomp"] == 1
            time.sleep(2) # it is asked again and again, in the sandbox
            assert d.says("ok", "")
            tpm.take_out()
            assert d.says("key", "TPM is missing or does not answer")["keystore_ok"] == 0
            assert "the TPM cannot be reached" in d.tail()


def test_a_key_file_s_folder_that_goes(tmp_path):
    folder = tmp_path / "keys"
    folder.mkdir()
    with Device(tmp_path, {"keystore": "file", "keystore_path": folder / "root", "retry_s": 3}) as d:
        d.says("ok", "")
        folder.rmdir()
        d.says("key", "device key is missing")
        assert d.process.wait(10) == 0 # a new process may find it
    with Device(tmp_path, {"keystore": "file", "keystore_path": folder / "root"}) as d:
        d.says("key", "device key is missing")


# --- several, and none -----------------------------------------------------------------------------------------------


def test_all_at_once_and_none_hides_another(tmp_path, hardware):
    with Gpsd(tmp_path / "gpsd.sock") as gpsd, Device(tmp_path, hardware.conf(location="gpsd", location_source=gpsd.path)) as d:
        d.wait(lambda s: "distance_m" in s and s["state"] == "ok", 5, "a well box")
        hardware.door(True)
        hardware.clock(False, 16_000_000)
        hardware.heat(disk=78, board=97)
        gpsd.place = (HOME[0] + 0.0046, HOME[1])
        d.says("door+clock+hot+moved", "cabinet door is open; clock is not synchronised (may be off by 16 s or more); disk is 78 °C, "
               "cpu_thermal is 97 °C; box is 511 m from its surveyed place")
        hardware.clock(True, 900)
        d.says("door+hot+moved")
        hardware.door(False)
        hardware.heat(disk=40, board=40)
        gpsd.place = HOME
        d.says("ok", "")


def test_a_board_with_nothing_to_watch(tmp_path):
    with Device(tmp_path, {}) as d:
        s = d.says("ok", "")
        assert set(s) == {"state", "detail"} # nothing is counted that nobody measures
        assert d.ready["seccomp"] == 1 and d.stop() == 0


# --- sensors that fail -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, garbage, words", [
    ("door", b"ajar\n", "door cannot be watched: fake door: the file holds neither 0 nor 1"),
    ("clock", b"[clock]\nsynchronised = perhaps\n", "clock cannot be watched: clock: fake: "),
    ("clock", b"\xff" * 5000, "clock cannot be watched: clock: fake: "),
    ("hwmon/hwmon0/temp1_input", b"warm\n", "temperature cannot be watched: nvme: says no temperature"),
    ("hwmon/hwmon0/temp1_input", b"99999999\n", "temperature cannot be watched: nvme: says "),
    ("hwmon/hwmon0/temp1_input", b"", "temperature cannot be watched: nvme: says no temperature"),
])
def test_a_sensor_that_speaks_nonsense_is_said_and_the_others_go_on(device, hardware, name, garbage, words):
    good = (hardware.folder / name).read_bytes()
    hardware.write(name, garbage)
    assert device.wait(lambda s: s["state"] == "blind", 5, words)["detail"].startswith(words)
    hardware.heat(board=97)
    device.wait(lambda s: s["state"] == "hot+blind" and "cpu_thermal is 97 °C; " in s["detail"], 5, "the board's heat")
    hardware.heat(board=50)
    hardware.write(name, good)
    device.says("ok", "")


def test_a_sensor_that_cannot_be_opened_is_said_and_tried_again(tmp_path, hardware):
    (hardware.folder / "clock").unlink()
    (hardware.folder / "door").unlink()
    with Device(tmp_path, hardware.conf(retry_s=3)) as d:
        s = d.says("blind", "cannot be watched: door, clock")
        assert s["disk_temperature_c"] == 41
        assert f"{hardware.folder}/clock: No such file" in d.tail()
        began = time.monotonic()
        assert d.process.wait(10) == 0 # for its parent to start a new one, which may open what is there by now
        assert time.monotonic() - began < 6 and "this role ends, to open it anew" in d.tail()


def test_a_sensor_that_cannot_be_opened_is_never_tried_again_when_that_is_wanted(tmp_path, hardware):
    (hardware.folder / "clock").unlink()
    with Device(tmp_path, hardware.conf(retry_s=0)) as d:
        d.says("blind")
        time.sleep(2)
        assert d.process.poll() is None


def test_a_flood_of_edges_starves_nobody(device, hardware):
    end = time.monotonic() + 3
    while time.monotonic() < end:
        hardware.door(True)
        hardware.door(False)
    hardware.heat(disk=78)
    assert device.says("hot", "disk is 78 °C")["door_openings"] >= 1


def test_it_costs_next_to_nothing(device):
    """At the default pace it looks every two seconds; here twenty times as often."""
    cpu = device.cpu_seconds()
    time.sleep(3)
    assert device.cpu_seconds() - cpu < 0.15
