# SPDX-License-Identifier: Apache-2.0
"""A whole box on a busy street with its hardware and its RTCC, for tests of what becomes of it when something around it fails."""
import subprocess

from tests.hardware import Gpsd, Hardware
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
        self.box.sections["store"].update({k: v for k, v in device.items() if k.startswith("keystore")})
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
