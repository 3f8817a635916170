# SPDX-License-Identifier: Apache-2.0
"""The clocks of a machine that a test winds: those that one process sees (tests/probe/clock.c)."""
import os
import struct
import subprocess
import time
from pathlib import Path

from tests.box import ROOT

SECOND, HOUR, DAY = 10**9, 3600 * 10**9, 86400 * 10**9


def utc(text: str) -> int:
    """Nanoseconds of "2027-01-15T08:00:00"."""
    return int(time.mktime(time.strptime(text + " UTC", "%Y-%m-%dT%H:%M:%S %Z")) - time.timezone) * SECOND


def build(preload: Path) -> Path:
    """Compile what stands between a process and the kernel's clocks."""
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", preload, ROOT / "tests/probe/clock.c"], check=True)
    return preload


class Clock:
    """`preload`: build(); `wall`: what the wall clock shows when the machine is made; None: what it is."""

    def __init__(self, preload: Path, folder: Path, wall: int = None):
        self.file = folder / "clock"
        self.env = {"LD_PRELOAD": str(preload), "ALPR_CLOCK": str(self.file)}
        self.wall = 0 if wall is None else wall - time.time_ns()
        self.since, self.boot, self.synchronised = 0, 1, 0
        self.tell()

    def tell(self) -> None:
        # In place: a process has it mapped.
        with open(self.file, "r+b" if self.file.exists() else "w+b", buffering=0) as f:
            f.write(struct.pack("=4q", self.wall, self.since, self.boot, self.synchronised))

    def shows(self) -> int:
        return time.time_ns() + self.wall

    def elapse(self, ns: int) -> None:
        """Time passes while the machine runs."""
        self.wall += ns
        self.since += ns
        self.tell()

    def set(self, wall: int) -> None:
        """Somebody sets the wall clock."""
        self.wall = wall - time.time_ns()
        self.tell()

    def power_on(self, off: int, shows: int = None, synchronised: bool = False) -> None:
        """The machine was off for so long, and its wall clock shows that; None: what it should."""
        self.boot += 1
        self.since = 20 * SECOND - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self.wall += off
        self.synchronised = int(synchronised)
        if shows is not None:
            self.wall = shows - time.time_ns()
        self.tell()
