# SPDX-License-Identifier: Apache-2.0
"""The parent against real roles: restart, hang, reload, stop, the service manager, users."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.box import Box, build_folder

ROLES = ["capture", "vision", "store", "uplink", "control", "device"]
NOBODY = 65534
CAMERA = {"driver": "sim", "rate": 5, "seed": 3}


def make_box(folder: Path, **sections) -> Box:
    return Box(folder, {"camera": CAMERA, "daemon": {"restart_most_ms": 200}, **sections})


@pytest.fixture
def box(tmp_path):
    with make_box(tmp_path) as made:
        made.wait_running()
        yield made


def pids(box: Box) -> dict:
    return {role: status["pid"] for role, status in box.status().items()}


def parent(box: Box) -> dict:
    return box.status().get("parent", {"counters": {}})


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def hang_up(box: Box, count: str, expected: int) -> None:
    box.daemon.send_signal(signal.SIGHUP)
    box.wait(lambda b: parent(b)["counters"].get(count) == expected, 10, f"{count} to be {expected}")


# --- restart ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_role_comes_back_and_is_counted(box, role):
    before = pids(box)
    for n in range(1, 6):
        old = box.pid(role)
        os.kill(old, signal.SIGKILL)
        box.wait(lambda b: b.status().get(role, {}).get("restarts") == n and b.status()[role]["running"]
                 and b.pid(role) != old, 20, f"{role} to be back")
    after = pids(box)
    assert {r for r in before if before[r] != after[r]} == {role}
    assert box.daemon.poll() is None
    box.wait(lambda b: parent(b)["counters"]["restarts"] == 5 and parent(b)["state"] == "ok", 10, "the parent to be well again")


def test_pairs_go_on_after_vision_and_capture_died(box):
    for role in ("vision", "capture"):
        os.kill(box.pid(role), signal.SIGKILL)
        box.wait(lambda b: b.status().get(role, {}).get("restarts") == 1 and b.status()[role]["running"], 20, f"{role} to be back")
        seen = box.counters("vision").get("pairs", 0)
        box.wait(lambda b: b.counters("vision").get("pairs", 0) > seen + 3, 20, "pairs to reach vision")


def test_a_hung_role_is_killed_and_started_again(box):
    old = box.pid("store")
    os.kill(old, signal.SIGSTOP)
    box.wait(lambda b: b.status().get("store", {}).get("restarts") == 1 and b.status()["store"]["running"], 30, "store to be back")
    assert gone(old) and "says nothing any more" in box.log.read_text()


def test_a_role_that_cannot_start_waits_longer_each_time(tmp_path):
    with Box(tmp_path, {"camera": {"driver": "replay", "source": tmp_path / "none"}}) as made:
        made.wait(lambda b: b.status().get("capture", {}).get("restarts", 0) >= 4, 20, "four attempts")
        assert made.status()["capture"]["state"] == "down"
        assert parent(made)["state"] == "degraded" and "capture" in parent(made)["detail"]
        waits = [int(w) for w in re.findall(r"capture: started again in (\d+) ms", made.log.read_text())]
        assert waits[:4] == [100, 200, 400, 800]
        assert str(tmp_path / "none") in made.status()["capture"]["detail"]
        made.conf.write_text("nonsense\n")
        hang_up(made, "reloads_refused", 1)
        assert "not running: capture; configuration refused: " in parent(made)["detail"]
        assert made.stop() == 0


def test_when_the_parent_dies_nothing_is_left(box):
    everyone = pids(box)
    box.daemon.kill()
    box.daemon.wait()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not all(gone(p) for p in everyone.values()):
        time.sleep(0.05)
    assert all(gone(p) for p in everyone.values())


# --- stop ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_stop_stops_all_in_order(box, signum):
    everyone = pids(box)
    box.daemon.send_signal(signum)
    assert box.daemon.wait(30) == 0
    assert all(gone(p) for p in everyone.values())
    log = box.log.read_text()
    assert "killed" not in log and log.rstrip().endswith("parent: stopped")


def test_a_stop_in_the_middle_of_traffic_loses_no_passage(tmp_path):
    """What vision had decided is in the database, and vision left by itself: it waits until the store has everything."""
    with make_box(tmp_path, camera={**CAMERA, "rate": 10}) as made:
        made.wait(lambda b: b.counters("vision").get("passages", 0) >= 3, 60, "traffic")
        decided = made.counters("vision")["passages"]
        assert made.stop() == 0
        with made.database() as database:
            kept = database.execute("SELECT count(*) FROM passage").fetchone()[0]
        log = made.log.read_text()
    assert kept >= decided and "killed" not in log, log[-2000:]


def test_a_stop_while_the_store_is_down_loses_no_passage(tmp_path):
    """A store that died often is waited for long; vision, told to stop, hands over to it all the same."""
    with make_box(tmp_path, camera={**CAMERA, "rate": 10}, daemon={"restart_most_ms": 30000}) as made:
        made.wait_running()
        for n in range(1, 9): # the next start is 12.8 s away then: longer than vision has to stop
            os.kill(made.pid("store"), signal.SIGKILL)
            made.wait(lambda b: b.status().get("store", {}).get("restarts") == n, 10, "the death to be noticed", every=0.05)
            if n < 8:
                made.wait(lambda b: b.status()["store"]["running"], 20, "store to be back", every=0.05)
        made.wait(lambda b: b.counters("vision").get("queue", 0) >= 1, 12, "a passage that nobody takes", every=0.05)
        assert made.stop() == 0
        log = made.log.read_text()
    assert "vision (pid" not in log, log[-2000:]


def test_a_role_that_does_not_stop_is_killed_in_time(box):
    os.kill(box.pid("capture"), signal.SIGSTOP)
    began = time.monotonic()
    assert box.stop(40) == 0
    assert time.monotonic() - began < 20
    assert "capture" in box.log.read_text() and "does not stop" in box.log.read_text()


# --- reload ----------------------------------------------------------------------------------------------------


def test_a_reload_restarts_only_whom_it_concerns(box):
    before = pids(box)
    box.sections["camera"]["seed"] = 4
    box.write_conf()
    hang_up(box, "reloads", 1)
    box.wait(lambda b: b.pid("capture") not in (0, before["capture"]) and b.status()["capture"]["running"], 20, "a new capture")
    after = pids(box)
    assert {r for r in before if before[r] != after[r]} == {"capture"}
    assert box.status()["capture"]["restarts"] == 0


def test_another_key_at_the_same_place_restarts_the_store(tmp_path):
    """The store reads the key of the hotlist's signer once: a new one, put in its place, must not wait for a crash."""
    key = tmp_path / "signer.pub"
    key.write_text("one\n")
    with make_box(tmp_path, hotlist={"key": key}) as made:
        made.wait_running()
        before = pids(made)
        key.write_text("another\n")
        hang_up(made, "reloads", 1)
        made.wait(lambda b: b.pid("store") not in (0, before["store"]) and b.status()["store"]["running"], 20, "a new store")
        after = pids(made)
        assert {r for r in before if before[r] != after[r]} == {"store"} and made.status()["store"]["restarts"] == 0


def test_a_reload_of_the_same_restarts_nobody(box):
    before = pids(box)
    box.conf.write_text("# another comment\n" + box.conf.read_text())
    hang_up(box, "reloads", 1)
    time.sleep(1)
    assert pids(box) == before and parent(box)["state"] == "ok"


@pytest.mark.parametrize("text", ["[camera]\nspeed = 1\n", "nonsense\n", "\0", None], ids=["key", "text", "NUL", "gone"])
def test_a_broken_reload_changes_nothing_and_says_why(box, text):
    before, good = pids(box), box.conf.read_text()
    if text is None:
        box.conf.unlink()
    else:
        box.conf.write_text(text)
    hang_up(box, "reloads_refused", 1)
    assert pids(box) == before
    assert parent(box)["state"] == "degraded" and "configuration refused" in parent(box)["detail"]
    assert "configuration refused, the one in force stays" in box.log.read_text()
    box.conf.write_text(good)
    hang_up(box, "reloads", 1)
    box.wait(lambda b: parent(b)["state"] == "ok" and pids(b) == before, 10, "the parent to be well again")


# --- the service manager ---------------------------------------------------------------------------------------


class Manager:
    """What systemd is to a service of Type=notify."""

    def __init__(self, folder: Path):
        self.path = str(folder / "notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.heard = []

    def wait(self, line: str, timeout: float) -> None:
        end = time.monotonic() + timeout
        while not any(line in message.split("\n") for message in self.heard):
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                self.heard.append(self.socket.recv(4096).decode())
            except TimeoutError:
                raise AssertionError(f"{line} was not heard: {self.heard}") from None

    def silent_for(self, line: str, seconds: float) -> bool:
        end, lines = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                lines += self.socket.recv(4096).decode().split("\n")
            except TimeoutError:
                break
        return line not in lines


def test_the_service_manager_is_told(tmp_path, monkeypatch):
    manager = Manager(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", manager.path)
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    with make_box(tmp_path) as made:
        manager.wait("READY=1", 30)
        manager.wait("STATUS=every role runs", 10)
        manager.wait("WATCHDOG=1", 10)
        manager.heard.clear()
        manager.wait("WATCHDOG=1", 3)
        manager.heard.clear()
        made.daemon.send_signal(signal.SIGHUP)
        manager.wait("RELOADING=1", 5)
        assert any(m.startswith("MONOTONIC_USEC=") for m in "\n".join(manager.heard).split("\n"))
        manager.wait("READY=1", 5)
        made.daemon.send_signal(signal.SIGTERM)
        manager.wait("STOPPING=1", 5)
        assert made.daemon.wait(30) == 0


def test_the_dog_is_fed_while_only_the_uplink_is_down(tmp_path, monkeypatch):
    manager = Manager(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", manager.path)
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    uplink = {"url": "https://localhost:1", "ca": tmp_path / "none.crt", "certificate": tmp_path / "none.crt",
              "key": tmp_path / "none.key"}
    with make_box(tmp_path, uplink=uplink) as made:
        made.wait(lambda b: b.status().get("uplink", {}).get("restarts", 0) >= 2, 20, "uplink to fail")
        manager.heard.clear()
        manager.wait("WATCHDOG=1", 5)


def test_the_dog_is_not_fed_while_the_cameras_are_down(tmp_path, monkeypatch):
    manager = Manager(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", manager.path)
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    with Box(tmp_path, {"camera": {"driver": "replay", "source": tmp_path / "none"}}) as made:
        made.wait(lambda b: b.status().get("capture", {}).get("restarts", 0) >= 2, 20, "capture to fail")
        assert manager.silent_for("WATCHDOG=1", 6)


# --- the hardware watchdog, as a file that is told -------------------------------------------------------------


def dog(folder: Path, **more) -> dict:
    return {"restart_most_ms": 200, "watchdog": folder / "dog", "watchdog_driver": "fake", "watchdog_s": 10, **more}


def told(folder: Path) -> list:
    return (folder / "dog").read_text().split("\n")[:-1]


def test_the_watchdog_is_fed_and_stopped_in_order(tmp_path):
    with make_box(tmp_path, daemon=dog(tmp_path)) as made:
        made.wait_running()
        made.wait(lambda b: told(tmp_path).count("feed") >= 2, 20, "the dog to be fed")
        assert parent(made)["counters"]["watchdog_s"] == 10
        assert parent(made)["state"] == "ok"
        assert made.stop() == 0
    assert told(tmp_path)[0] == "open 10" and told(tmp_path)[-1] == "stop" and "leave" not in told(tmp_path)


def test_a_parent_that_dies_leaves_the_watchdog_running(tmp_path):
    with make_box(tmp_path, daemon=dog(tmp_path)) as made:
        made.wait_running()
        made.daemon.kill()
        made.daemon.wait()
    assert told(tmp_path)[0] == "open 10" and "stop" not in told(tmp_path)


def test_the_watchdog_starves_while_the_cameras_are_down(tmp_path):
    plates = tmp_path / "plates"
    plates.write_text("SK5K9V MO\n")
    with make_box(tmp_path, camera={**CAMERA, "plates": plates}, daemon=dog(tmp_path)) as made:
        made.wait_running()
        made.wait(lambda b: "feed" in told(tmp_path), 20, "the dog to be fed")
        plates.unlink()
        os.kill(made.pid("capture"), signal.SIGKILL)
        made.wait(lambda b: b.status().get("capture", {}).get("restarts", 0) >= 3, 20, "capture to fail")
        fed = told(tmp_path)
        time.sleep(6)
        assert told(tmp_path) == fed


def test_a_missing_watchdog_shows_and_breaks_nothing(tmp_path):
    with make_box(tmp_path, daemon={"watchdog": "/dev/no-such-watchdog"}) as made:
        made.wait_running()
        made.wait(lambda b: parent(b).get("state") == "degraded", 10, "the parent to say so")
        assert parent(made)["detail"] == "watchdog: /dev/no-such-watchdog: No such file or directory"
        assert parent(made)["counters"]["watchdog_s"] == 0


# --- environment, descriptors, users ---------------------------------------------------------------------------


def test_the_roles_inherit_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "x")
    with open("/etc/hostname", "rb") as extra:
        os.set_inheritable(extra.fileno(), True)
        made = make_box(tmp_path)
        with made.log.open("ab") as log:
            made.daemon = subprocess.Popen([made.build / "bin/alprd", "-c", made.conf], stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, close_fds=False)
        try:
            made.wait_running()
            for role in ROLES:
                pid = made.pid(role)
                assert b"SECRET_OF_THE_CALLER" not in Path(f"/proc/{pid}/environ").read_bytes(), role
                targets = [os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()]
                assert "/etc/hostname" not in targets, role
                assert os.readlink(f"/proc/{pid}/cwd") == "/", role
        finally:
            made.stop()


def test_standard_descriptors_are_never_anything_else(tmp_path):
    """Started with none of them open: a role would otherwise open its first file as number 2, where its log goes."""
    made = make_box(tmp_path)
    made.daemon = subprocess.Popen([made.build / "bin/alprd", "-c", made.conf], preexec_fn=lambda: os.closerange(0, 3))
    try:
        made.wait_running()
        for pid in [made.daemon.pid, *(made.pid(role) for role in ROLES)]:
            assert {os.readlink(f"/proc/{pid}/fd/{n}") for n in range(3)} == {"/dev/null"}, pid
    finally:
        assert made.stop() == 0


@pytest.fixture
def public_place():
    """A folder of its own that another user can reach, with the programs in it."""
    place = Path(tempfile.mkdtemp(prefix="alpr-", dir="/tmp"))
    place.chmod(0o755)
    for part in ("bin", "libexec", "models"):
        shutil.copytree(build_folder() / part, place / part)
    work = place / "work"
    work.mkdir()
    yield place, work
    shutil.rmtree(place)


def uids(pid: int) -> set:
    return set(re.search(r"^Uid:\s*(.*)$", Path(f"/proc/{pid}/status").read_text(), re.M)[1].split())


def give(folder: Path, uid: int) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, uid, uid)


def test_root_and_only_root_drops_to_the_user_of_the_configuration(public_place):
    place, work = public_place
    made = Box(work, {"camera": dict(CAMERA), "daemon": {"user": "nobody"}}, build=place)
    if os.geteuid() != 0:
        made.start()
        assert made.daemon.wait(10) == 2 and "only root can become nobody" in made.log.read_text()
        return
    give(work, NOBODY)
    with made:
        made.wait_running()
        for role in ROLES:
            assert uids(made.pid(role)) == {str(NOBODY)}, role
        assert uids(made.daemon.pid) == {"0"}
        assert made.status()["vision"]["sandbox"]["empty_netns"]
        assert made.stop() == 0


def test_it_runs_without_root(public_place):
    place, work = public_place
    made = Box(work, {"camera": dict(CAMERA)}, build=place)
    made.log.touch()
    root = os.geteuid() == 0
    uid = NOBODY if root else os.geteuid()
    other = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if root else {}
    if root:
        give(work, uid)
    with made.log.open("ab") as log:
        made.daemon = subprocess.Popen([place / "bin/alprd", "-c", made.conf], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       **other)
    try:
        made.wait_running()
        ours = os.readlink("/proc/self/ns/net")
        users_allowed = subprocess.run(["unshare", "-Urn", "true"], check=False, **other).returncode == 0
        for role in ROLES:
            assert uids(made.pid(role)) == {str(uid)}, role
            alone = os.readlink(f"/proc/{made.pid(role)}/ns/net") != ours
            assert alone == (users_allowed and role not in ("uplink", "control")), role
            assert made.status()[role]["sandbox"]["seccomp"], role
    finally:
        assert made.stop() == 0


# --- what each program is made of ------------------------------------------------------------------------------


@pytest.mark.parametrize("program, never", [
    ("bin/alprd", "opencv|curl|sqlite|mbed|onnx|jpeg|cjson"), ("bin/alprctl", "opencv|curl|onnx|jpeg"),
    ("libexec/alprd-capture", "curl|sqlite|mbed|opencv_dnn"), ("libexec/alprd-vision", "libcurl|sqlite|mbed|imgcodecs"),
    ("libexec/alprd-store", "opencv|curl"), ("libexec/alprd-uplink", "opencv|sqlite"),
    ("libexec/alprd-control", "opencv|curl|sqlite|mbed"), ("libexec/alprd-device", "opencv|curl|sqlite|jpeg")])
def test_a_role_is_linked_with_what_is_its_own_only(program, never):
    """Directly needed libraries, and names from the static ones."""
    path = build_folder() / program
    needed = re.findall(r"NEEDED\s+(\S+)", subprocess.run(["objdump", "-p", path], capture_output=True, text=True, check=True).stdout)
    names = re.findall(r" [Tt] (\w+)", subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout)
    static = {"curl_easy_perform": "curl", "mbedtls_sha256": "mbed", "sqlite3_open": "sqlite"}
    found = needed + [static[n] for n in names if n in static]
    assert needed and not [f for f in found if re.search(never, f)], found
