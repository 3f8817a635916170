# SPDX-License-Identifier: Apache-2.0
"""A whole RTCC for tests and demo: certificates, a real nginx that asks for them, and the receiver behind it."""
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.rtcc.evidence import Evidence
from tests.rtcc.hotlist import name_of

HERE = Path(__file__).resolve().parent


def make_certs(folder: Path) -> Path:
    """All certificates and keys (see certs.sh) in `folder`; quick when they are there already."""
    subprocess.run(["sh", HERE / "certs.sh", folder], check=True)
    return Path(folder)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Rtcc:
    """`folder` keeps what arrives (events, requests) and survives stop() and start(); so does the port.

    `server` names the certificate that the door shows (server, wrong-server, wrong-name-server, expired-server). Usable as a
    context manager: with Rtcc(tmp_path / "rtcc") as rtcc: Box(tmp_path, {"uplink": rtcc.uplink()})
    """

    def __init__(self, folder: Path, certs: Path = None, server: str = "server", port: int = 0):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certs = make_certs(certs or self.folder / "certs").resolve()
        self.server = server
        self.port = port or free_port()
        self.run = None
        self.processes = []
        self.evidence = Evidence(self.folder)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def uplink(self, device: str = "device", **keys) -> dict:
        """Section [uplink] of a box that talks to this RTCC with the certificate `device`; `keys` on top."""
        return {"url": self.url, "ca": self.certs / "ca.crt", "certificate": self.certs / f"{device}.crt",
                "key": self.certs / f"{device}.key", **keys}

    # --- running -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        # A short path of its own: a UNIX socket's path has at most 107 characters.
        self.run = Path(tempfile.mkdtemp(prefix="rtcc."))
        (self.run / "nginx.conf").write_text(self._nginx_conf())
        log = (self.folder / "receiver.log").open("ab")
        with log:
            receiver = [sys.executable, HERE / "rtcc.py", "--socket", self.run / "receiver.sock",
                        "--folder", self.folder]
            self.processes.append(subprocess.Popen(receiver, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
            self._wait(lambda: (self.run / "receiver.sock").exists(), "the receiver")
            nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin") # not on a user's PATH
            door = [nginx or "nginx", "-p", self.run, "-c", self.run / "nginx.conf", "-e", self.run / "nginx-error.log"]
            self.processes.append(subprocess.Popen(door, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
            self._wait(self._door_open, "nginx")

    def stop(self) -> None:
        """Down at once, like a power cut: connections break. What has arrived stays."""
        for process in reversed(self.processes):
            process.terminate() # nginx: fast shutdown
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []
        if self.run:
            for name in ("nginx-access.jsonl", "nginx-error.log"):
                if (self.run / name).exists():
                    with (self.folder / name).open("ab") as f:
                        f.write((self.run / name).read_bytes())
            shutil.rmtree(self.run, ignore_errors=True)
            self.run = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def _nginx_conf(self) -> str:
        user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
        text = (HERE / "nginx.conf.in").read_text()
        for name, value in {"USER": user, "RUN": self.run, "PORT": self.port, "CERTS": self.certs,
                            "SERVER": self.server}.items():
            text = text.replace(f"@{name}@", str(value))
        return text

    def _door_open(self) -> bool:
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def _wait(self, condition, what: str, timeout: float = 15) -> None:
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end or any(p.poll() is not None for p in self.processes):
                log = (self.folder / "receiver.log").read_text(errors="replace")[-2000:]
                self.stop()
                raise RuntimeError(f"rtcc: {what} does not start\n{log}")
            time.sleep(0.02)

    # --- misbehaving -------------------------------------------------------------------------------------------

    def fault(self, mode, count: int = None, path: str = "/v1/hits", then: str = None) -> None:
        """Misbehave (see rtcc.FAULTS; or an HTTP status) on the next `count` requests to `path`, `then` so on one more; or until heal()."""
        fault = {"mode": mode, "path": path, **({} if count is None else {"left": count}), **({} if then is None else {"then": then})}
        self._write("fault.json", json.dumps(fault).encode())

    def heal(self) -> None:
        (self.folder / "fault.json").unlink(missing_ok=True)

    def publish(self, bundle: bytes, deltas: dict = None) -> None:
        """What /v1/hotlist gives from now on. `deltas`: {an older bundle: what turns it into this one}."""
        (self.folder / "deltas").mkdir(exist_ok=True)
        for old, delta in (deltas or {}).items():
            self._write(f"deltas/{name_of(old)}-{name_of(bundle)}", delta)
        self._write("hotlist.bin", bundle)

    def _write(self, name: str, data: bytes) -> None:
        aside = self.folder / ".being-written"
        aside.write_bytes(data)
        aside.replace(self.folder / name)

    # --- what has arrived ----------------------------------------------------------------------------------------

    def events(self) -> dict:
        """{id: event} of all that were kept."""
        return {f.stem: json.loads(f.read_text()) for f in sorted((self.folder / "events").glob("*.json"))}

    def heartbeats(self) -> list:
        """The heartbeats that were kept, oldest first."""
        return [line["heartbeat"] for line in _lines(self.folder / "heartbeats.jsonl")]

    def requests(self, path: str = None) -> list:
        """What the receiver saw: its log lines, in order, those for `path` alone if given."""
        return [r for r in _lines(self.folder / "requests.jsonl") if path is None or r["path"] == path]

    def door(self) -> list:
        """What nginx saw, refused requests included: its access log of all runs."""
        return _lines(self.folder / "nginx-access.jsonl") + (_lines(self.run / "nginx-access.jsonl") if self.run else [])


def _lines(file: Path) -> list:
    if not file.exists():
        return []
    text = file.read_text()
    return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()] # a line in the making is left for later
