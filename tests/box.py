# SPDX-License-Identifier: Apache-2.0
"""A whole box for tests and demo: its configuration, its daemon, its store, its ground truth."""
import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def build_folder() -> Path:
    return Path(os.environ.get("ALPR_BUILD", ROOT / "build" / "host"))


class Box:
    """`folder` holds everything it writes. `sections`: {"camera": {"seed": 7, …}, …} on top of the defaults."""

    def __init__(self, folder: Path, sections: dict, build: Path = None):
        self.folder = Path(folder)
        self.build = Path(build or build_folder())
        self.conf = self.folder / "alpr.conf"
        self.store = self.folder / "store"
        self.socket = self.folder / "control.sock"
        self.log = self.folder / "alprd.log"
        self.daemon = None
        self.store.mkdir(parents=True, exist_ok=True)
        self.sections = {
            "site": {"name": "demo-01", "latitude": 38.627, "longitude": -90.199,
                     "camera_0": "north-left", "camera_1": "north-right"},
            "camera": {}, "vision": {}, "store": {"path": self.store}, "hotlist": {}, "uplink": {},
            "control": {"socket": self.socket}, "daemon": {},
        }
        for name, keys in sections.items():
            self.sections.setdefault(name, {}).update(keys)
        self.write_conf()

    def write_conf(self) -> None:
        text = "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) + "\n"
                       for name, keys in self.sections.items() if keys)
        self.conf.write_text(text)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.daemon = subprocess.Popen([self.build / "bin/alprd", "-c", self.conf], stdin=subprocess.DEVNULL,
                                           stdout=log, stderr=log)

    def stop(self, timeout: float = 30) -> int:
        """SIGTERM and wait: the exit status. A daemon that does not stop in time is killed: then -9."""
        if self.daemon is None:
            return 0
        if self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
            try:
                self.daemon.wait(timeout)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        status, self.daemon = self.daemon.returncode, None
        return status

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def status(self) -> dict:
        """{role: its status object}; {} while the control socket does not answer yet."""
        done = subprocess.run([self.build / "bin/alprctl", "--socket", self.socket, "status", "--json"],
                              capture_output=True, text=True, timeout=10, check=False)
        if done.returncode != 0:
            return {}
        return {role["role"]: role for role in json.loads(done.stdout)["roles"]}

    def counters(self, role: str) -> dict:
        return self.status().get(role, {}).get("counters", {})

    def pid(self, role: str) -> int:
        return self.status().get(role, {}).get("pid", 0)

    def wait(self, condition, timeout: float, what: str, every: float = 0.2):
        """Wait until condition(self) is true; returns what it returned. AssertionError with the log's end otherwise."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            value = condition(self)
            if value:
                return value
            time.sleep(every)
        tail = self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""
        raise AssertionError(f"after {timeout} s still waiting for {what}\n{tail}")

    def wait_running(self, timeout: float = 30) -> None:
        self.wait(lambda b: (s := b.status()) and all(r["running"] for r in s.values()), timeout, "every role to run")

    def wait_ended(self, timeout: float) -> None:
        """Until the cameras' source has ended and everything has been taken from it."""
        self.wait(lambda b: b.counters("capture").get("ended") == 1 and b.counters("store").get("hits_pending") == 0,
                  timeout, "the source to end")

    def database(self) -> sqlite3.Connection:
        connection = sqlite3.connect(f"file:{self.store / 'reads.db'}?mode=ro", uri=True, timeout=10)
        connection.row_factory = sqlite3.Row
        return connection

    def resident_kb(self) -> dict:
        """{program name: resident kilobytes} of the daemon and its roles, from /proc."""
        sizes = {}
        pids = [self.daemon.pid] + [r["pid"] for r in self.status().values() if r.get("pid")]
        for pid in set(pids):
            text = Path(f"/proc/{pid}/status").read_text()
            fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
            sizes[f"{fields['Name'].strip()}-{pid}"] = int(fields["VmRSS"].split()[0])
        return sizes


def read_lines(path: Path) -> list:
    """The JSON lines of a file; [] when it is not there."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()] if path.exists() else []
