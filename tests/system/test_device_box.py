# SPDX-License-Identifier: Apache-2.0
"""The device role as a part of the whole box: killed, hung, without its program; a TPM that is missing. Nobody else notices, and it
shows in `alprctl status` and in the heartbeat that the RTCC got."""
import os
import shutil
import signal

import pytest

from tests.box import build_folder
from tests.hardware import Tpm
from tests.system.place import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with Place(tmp_path_factory.mktemp("device")) as p:
        p.box.wait_running()
        p.shows("device", "ok", "")
        yield p
        assert p.box.stop() == 0


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


def test_an_opened_door_is_in_the_audit_chain(place):
    def records():
        return [tuple(r) for r in place.box.database().execute("SELECT who, what, outcome FROM audit WHERE what = 'door'")]

    before = records()
    place.hardware.door(True)
    place.box.wait(lambda b: len(records()) > len(before), 20, "the door's record")
    assert set(records()) == {("device", "door", "opened")}
    place.hardware.door(False)
    place.shows("device", "ok", "")


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
