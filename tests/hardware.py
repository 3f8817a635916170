# SPDX-License-Identifier: Apache-2.0
"""The hardware around the cameras as the fake drivers see it: files in a folder; a TPM; a gpsd that says what it is told."""
import json
import os
import socket
import subprocess
import threading
import tty
from pathlib import Path

HOME = (38.627, -90.199)


class Hardware:
    """A folder for `[device] fake`: a door that is shut, a synchronised clock, a cool disk and board, a keystore's folder."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.door(False)
        self.clock(True, 1200)
        for number, chip in enumerate(("nvme", "cpu_thermal")):
            chip_folder = self.folder / f"hwmon/hwmon{number}"
            chip_folder.mkdir(parents=True)
            (chip_folder / "name").write_text(chip + "\n")
        self.heat(disk=41, board=52)

    def conf(self, **keys) -> dict:
        """Section [device] of a box with this hardware, which looks often; `keys` on top."""
        return {"door": "fake", "temperature": "fake", "clock": "fake", "fake": self.folder, "poll_s": 0.2, **keys}

    def write(self, name: str, data: bytes) -> None:
        """In place, as hardware changes, not by replacing the file, which the drivers hold open."""
        file = self.folder / name
        file.touch()
        with file.open("r+b") as f:
            f.write(data)
            f.truncate()

    def door(self, is_open: bool) -> None:
        self.write("door", b"1\n" if is_open else b"0\n")

    def clock(self, synchronised: bool, max_error_us: int) -> None:
        self.write("clock", f"[clock]\nsynchronised = {'yes' if synchronised else 'no'}\nmax_error_us = {max_error_us}\n".encode())

    def heat(self, disk: float = None, board: float = None) -> None:
        """Degrees Celsius."""
        for number, degrees in enumerate((disk, board)):
            if degrees is not None:
                self.write(f"hwmon/hwmon{number}/temp1_input", f"{round(degrees * 1000)}\n".encode())


class Tpm:
    """A TPM 2.0 (swtpm) that the device role can open as it opens /dev/tpmrm0: `device` is a link to a terminal whose other end it holds."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        (self.folder / "state").mkdir(parents=True)
        self.device = self.folder / "tpmrm0"
        self.process = None

    def plug_in(self) -> None:
        ours, theirs = os.openpty()
        for end in (ours, theirs):
            tty.setraw(end)
        self.process = subprocess.Popen(
            ["swtpm", "chardev", "--tpm2", "--tpmstate", f"dir={self.folder / 'state'}", "--flags", "not-need-init,startup-clear",
             "--fd", str(ours)], pass_fds=(ours,), stdin=subprocess.DEVNULL)
        self.device.symlink_to(os.ttyname(theirs))
        os.close(ours)
        self.held = theirs # or the terminal would be hung up before anybody opens it

    def take_out(self) -> None:
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process = None
        os.close(self.held)
        self.device.unlink()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.take_out()


class Gpsd:
    """Serves gpsd's protocol on a UNIX socket: who asks to watch is told the place, again and again."""

    def __init__(self, path: Path):
        self.path, self.place, self.done = Path(path), HOME, threading.Event()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen(4)
        self.clients = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while not self.done.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.clients.append(client)
            threading.Thread(target=self.tell, args=(client,), daemon=True).start()

    def tell(self, client: socket.socket) -> None:
        try:
            self.say(client, {"class": "VERSION", "release": "3.22", "rev": "3.22", "proto_major": 3, "proto_minor": 14})
            assert b"?WATCH" in client.recv(200)
            while not self.done.wait(0.1):
                latitude, longitude = self.place
                self.say(client, {"class": "TPV", "device": "/dev/ttyS0", "mode": 3, "lat": latitude, "lon": longitude, "epx": 2.5, "epy": 2.5})
        except OSError:
            pass

    @staticmethod
    def say(client: socket.socket, report: dict) -> None:
        client.sendall(json.dumps(report).encode() + b"\r\n")

    def close(self) -> None:
        self.done.set()
        self.listener.close()
        for client in self.clients:
            client.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
