# SPDX-License-Identifier: Apache-2.0
"""
Each role tries what it must not do and is stopped. The probe closes the very sandbox that the role closes; a probe that does not
report a loaded filter fails the test, whatever came of the attempt.
"""
import ctypes
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from tests.box import Box, build_folder

ROLES = ["capture", "vision", "store", "uplink", "control", "device"]
KILLED = "killed"
STOPPED = {KILLED, "EACCES", "EPERM", "EAFNOSUPPORT"}
# landlock_create_ruleset(2) asked for its version; and whether this build asks at all.
LANDLOCK = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) > 0 and \
    "CONFIG_LANDLOCK=y" in (build_folder() / ".config").read_text()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A configuration whose files exist, a file inside each folder a role has, and one outside all of them."""
    top = tmp_path_factory.mktemp("sandbox")
    for name in ("store", "lists", "pictures", "elsewhere"):
        (top / name).mkdir()
        (top / name / "file").write_text("x")
    conf = top / "alpr.conf"
    conf.write_text("[camera]\ndriver = replay\nsource = pictures\n[store]\npath = store\n[hotlist]\npath = lists/list.alpb\n"
                    "[control]\nsocket = control.sock\n")
    return top


def attempt(place: Path, role: str, what: str, argument: str = "") -> tuple:
    """What came of it, and the Landlock ABI that was loaded. Descriptor 3 of the probe is an internet socket made outside."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as inherited:
        def give():
            os.dup2(inherited.fileno(), 3)
        done = subprocess.run([build_folder() / "test/probe", place / "alpr.conf", role, what, str(argument)],
                              capture_output=True, text=True, timeout=30, check=False, preexec_fn=give, close_fds=False)
    lines = done.stdout.splitlines()
    loaded = re.fullmatch(r"loaded seccomp=1 landlock=(\d+) no_new_privs=1", lines[0]) if lines else None
    assert loaded, f"the sandbox of {role} did not load: {done.stdout} {done.stderr}"
    if done.returncode == -31:  # SIGSYS
        return KILLED, int(loaded[1])
    assert done.returncode == 0, done
    return lines[1], int(loaded[1])


@pytest.mark.parametrize("role", ROLES)
def test_the_probe_itself_works(place, role):
    assert attempt(place, role, "nothing")[0] == "done"


# Nobody may, uplink included.
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what", ["bind", "listen", "accept", "execute", "fork", "trace", "signal", "mount", "setuid", "unshare",
                                  "bpf", "clock", "socket_packet", "chmod"])
def test_no_role_may(place, role, what):
    assert attempt(place, role, what, place / "elsewhere/file")[0] == KILLED


@pytest.mark.parametrize("role", ROLES)
def test_control_passes_gifts_on_and_makes_none(place, role):
    assert attempt(place, role, "sealed_memory")[0] == ("done" if role in ("vision", "store", "uplink") else KILLED)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_makes_memory_executable(place, role):
    assert attempt(place, role, "executable_memory")[0] == "EPERM"


@pytest.mark.parametrize("role", [r for r in ROLES if r != "uplink"])
@pytest.mark.parametrize("what", ["socket_tcp", "socket_udp6", "socket_unix", "connect"])
def test_no_role_but_uplink_has_a_network(place, role, what):
    assert attempt(place, role, what)[0] == KILLED


def test_uplink_goes_out_only(place):
    assert attempt(place, "uplink", "socket_tcp")[0] == "done"
    assert attempt(place, "uplink", "connect")[0] == "ECONNREFUSED"
    assert attempt(place, "uplink", "socket_unix")[0] == "EAFNOSUPPORT"


@pytest.mark.parametrize("role", ROLES)
def test_no_role_asks_about_the_clock_unless_it_is_told_to(place, role):
    assert attempt(place, role, "ask_clock")[0] == KILLED


@pytest.fixture(scope="module")
def watching(tmp_path_factory):
    """A device role that asks the kernel about its clock and gpsd about its place."""
    top = tmp_path_factory.mktemp("watching")
    (top / "alpr.conf").write_text("[site]\nlatitude = 38.6\nlongitude = -90.2\n[device]\nclock = kernel\nlocation = gpsd\n"
                                   "location_source = gpsd.sock\n")
    return top


def test_a_device_that_watches_clock_and_place_may_that_and_no_more(watching):
    assert attempt(watching, "device", "ask_clock")[0] == "done"
    assert attempt(watching, "device", "socket_unix")[0] == "done"
    for what in ("socket_tcp", "socket_udp6", "socket_packet", "bind", "listen", "accept", "clock", "execute", "fork", "remove", "chmod"):
        assert attempt(watching, "device", what, watching / "alpr.conf")[0] == KILLED, what
    for what in ("read", "write", "list"):
        assert attempt(watching, "device", what, watching / "alpr.conf")[0] in STOPPED, what
    came, landlock = attempt(watching, "device", "connect") # on an internet socket that somebody made for it
    assert came in STOPPED if landlock >= 4 else came == "ECONNREFUSED"


def may_read(role: str, name: str) -> bool:
    return (role, name) in {("capture", "pictures"), ("store", "store"), ("store", "lists")}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ["store", "lists", "pictures", "elsewhere", "/etc/shadow"])
def test_files_that_a_role_may_read(place, role, name):
    path = name if name.startswith("/") else place / name / "file"
    came, landlock = attempt(place, role, "read", path)
    if may_read(role, name):
        assert came == "done"
    elif landlock or role in ("vision", "control", "device"):
        assert came in STOPPED, f"{role} opened {name}"
    else:
        assert not LANDLOCK, "this kernel has Landlock, and the role did not load it"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ["store", "lists", "pictures", "elsewhere"])
def test_files_that_a_role_may_write(place, role, name):
    came, landlock = attempt(place, role, "write", place / name / "new")
    (place / name / "new").unlink(missing_ok=True)
    if (role, name) == ("store", "store"):
        assert came == "done"
    elif landlock or role != "store":
        assert came in STOPPED, f"{role} wrote into {name}"
    else:
        assert not LANDLOCK, "this kernel has Landlock, and the role did not load it"


@pytest.mark.parametrize("role", ROLES)
def test_files_that_a_role_may_remove(place, role):
    came, _ = attempt(place, role, "remove", place / "lists/file")
    assert came in STOPPED and (place / "lists/file").exists()


def test_the_database_is_out_of_reach_of_uplink_by_folder_too(place):
    assert attempt(place, "uplink", "list", place / "store")[0] in STOPPED
    assert attempt(place, "uplink", "read", "/etc/passwd")[0] in STOPPED


# --- the running daemon ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    box = Box(tmp_path_factory.mktemp("running"), {"camera": {"driver": "sim", "rate": 5, "seed": 3}})
    with box:
        box.wait_running()
        yield box


def field(pid: int, name: str) -> str:
    return re.search(rf"^{name}:\s*(.*)$", Path(f"/proc/{pid}/status").read_text(), re.M)[1]


def processes(box: Box) -> dict:
    found = {name: status["pid"] for name, status in box.status().items()}
    assert set(found) == {"parent", *ROLES} and found["parent"] == box.daemon.pid
    return found


def test_every_process_has_its_filter(running):
    for name, pid in processes(running).items():
        assert field(pid, "Seccomp") == "2", name
        assert field(pid, "NoNewPrivs") == "1", name
        for thread in Path(f"/proc/{pid}/task").iterdir():
            assert "Seccomp:\t2\n" in (thread / "status").read_text(), name
        # One filter of the parent's, one more of the role's own, above those that the tests run under.
        assert int(field(pid, "Seccomp_filters")) == int(field(os.getpid(), "Seccomp_filters")) + 1 + (name != "parent"), name


def test_no_role_has_a_capability(running):
    for name, pid in processes(running).items():
        if name == "parent":
            continue
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            if os.geteuid() == 0 or kind != "CapBnd":
                assert int(field(pid, kind), 16) == 0, (name, kind)


def test_no_core_and_no_tracing(running):
    for name, pid in processes(running).items():
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s+0", limits), name


def test_each_role_but_uplink_has_an_empty_network_namespace_of_its_own(running):
    namespaces = {name: os.readlink(f"/proc/{pid}/ns/net") for name, pid in processes(running).items()}
    ours = os.readlink("/proc/self/ns/net")
    assert namespaces["uplink"] == namespaces["parent"] == ours
    others = [namespaces[r] for r in ROLES if r != "uplink"]
    assert ours not in others and len(set(others)) == len(others)
    for role, status in running.status().items():
        assert status["sandbox"]["empty_netns"] == (role not in ("uplink", "parent")), role


def test_the_status_says_what_was_loaded(running):
    for role, status in running.status().items():
        loaded = status["sandbox"]
        assert loaded["seccomp"] and loaded["no_new_privs"], role
        assert (loaded["landlock_abi"] > 0) == LANDLOCK, role


def network_tables(pid: int) -> list:
    """(protocol, state, inode) of every internet socket in the process's network namespace."""
    rows = []
    for protocol in ("tcp", "tcp6", "udp", "udp6", "udplite", "raw", "raw6"):
        path = Path(f"/proc/{pid}/net/{protocol}")
        for line in (path.read_text().splitlines()[1:] if path.exists() else []):
            columns = line.split()
            rows.append((protocol, columns[3], columns[9]))
    return rows


def test_nothing_listens_on_a_network(running):
    """As ss -lntup would show it: no socket of any process of the daemon, in its own namespace, is listening or unconnected."""
    for name, pid in processes(running).items():
        inodes = {m[1] for fd in Path(f"/proc/{pid}/fd").iterdir()
                  if (m := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(fd)))}
        table = network_tables(pid)
        mine = [row for row in table if row[2] in inodes]
        assert not [row for row in mine if row[0].startswith("tcp") and row[1] == "0A"], f"{name} listens"
        if name != "uplink":
            assert mine == [], f"{name} has an internet socket"
        if name not in ("uplink", "parent"):
            assert table == [], f"something has an internet socket in the namespace of {name}"


def test_ss_agrees(running):
    done = subprocess.run(["ss", "-Hlntup"], capture_output=True, text=True, check=True, timeout=20)
    assert "alprd" not in done.stdout
