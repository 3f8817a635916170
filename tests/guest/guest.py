# SPDX-License-Identifier: Apache-2.0
"""An arm64 machine for a moment: Debian's stock kernel under QEMU, our programs in its memory, one folder shared with this machine."""
import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.box import ROOT
from tests.guest import initramfs

PANIC = re.compile(r"Kernel panic.*|guest: .*")


def arm64_build() -> Path:
    return Path(os.environ.get("ALPR_ARM64", ROOT / "build" / "qemu-arm64"))


def kernel_folder() -> Path:
    return Path(os.environ.get("ALPR_GUEST_KERNEL", ROOT / "build" / "deps-guest-arm64"))


def sysroot_folder() -> Path:
    return Path(os.environ.get("ALPR_SYSROOT", ROOT / "build" / "deps-sysroot-arm64"))


@dataclass
class Outcome:
    status: int     # exit status of the script; None when it never came to its end
    boots: int      # how often the machine booted
    boot_s: float   # from the kernel's start to the script's, guest time, of the first boot
    output: str     # of the script, both streams
    console: str    # the kernel's messages
    seconds: float  # wall time of the whole


class GuestError(AssertionError):
    """The guest did not do what it was started for; says what it said last."""


class Guest:
    """
    `folder` (made if missing) is /io in the guest: put there what the script needs, find there what it wrote. `files` go into
    the guest's own memory: {path there: file here, or bytes}; ELF files bring their libraries from the sysroot. `modules`:
    {name: parameters}, of the kernel.
    """

    def __init__(self, folder: Path, files: dict = None, modules: dict = None, extra_modules: list = (), dlopened: list = (),
                 memory_mb: int = None, cpus: int = 2, icount: bool = False, boots: int = 1):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kernel = kernel_folder()
        self.cpus, self.icount, self.boots = cpus, icount, boots
        self.image = self.folder.parent / (self.folder.name + ".cpio")
        initramfs.make(self.image, self.kernel, sysroot_folder(), modules or {}, list(extra_modules), files or {}, list(dlopened))
        # The image is there twice until it is unpacked, into at most half of the memory.
        self.memory_mb = memory_mb or 512 + 3 * (self.image.stat().st_size >> 20)

    def command(self) -> list:
        """The machine: a Cortex-A72 as in the boards, no network, one shared folder."""
        return ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-m", str(self.memory_mb), "-nodefaults", "-display", "none",
                *(["-smp", "1", "-icount", "shift=0,sleep=off"] if self.icount else ["-smp", str(self.cpus)]),
                "-kernel", self.kernel / "Image", "-initrd", self.image, "-append", "console=ttyAMA0 panic=-1 quiet loglevel=5",
                "-serial", f"file:{self.folder}/console", "-nic", "none",
                "-virtfs", f"local,path={self.folder},mount_tag=io,security_model=none,multidevs=remap",
                *(["-no-reboot"] if self.boots == 1 else [])]

    def _read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(errors="replace") if path.exists() else ""

    def run(self, script: str, timeout: float) -> Outcome:
        """
        Boot, run `script` with busybox's shell in /io, power off. GuestError when the machine was not off in `timeout` seconds,
        when it booted more often than it may, or when it went off before the script ended.
        """
        for name in ("boots", "output", "status", "console"):
            (self.folder / name).unlink(missing_ok=True)
        (self.folder / "run").write_text(script)
        (self.folder / "settings").write_text(f"boots={self.boots}\n")
        start = time.monotonic()
        with (self.folder / "qemu").open("wb") as log:
            machine = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            code = machine.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self._error(f"not done in {timeout} s") from None
        finally:
            if machine.poll() is None:
                machine.kill()
                machine.wait()
        boots = self._read("boots").split()
        if code != 0:
            raise self._error(f"qemu ended with {code}")
        if not boots:
            raise self._error("init never ran")
        if len(boots) > self.boots:
            raise self._error(f"booted {len(boots)} times")
        status = self._read("status").strip()
        if not status:
            raise self._error("went off before the script ended")
        return Outcome(int(status), len(boots), float(boots[0]), self._read("output"), self._read("console"),
                       time.monotonic() - start)

    def _error(self, what: str) -> GuestError:
        said = "".join(f"\n--- {name}\n{self._read(name)[-2000:]}" for name in ("qemu", "console", "output"))
        panic = PANIC.search(self._read("console"))
        return GuestError(f"guest: {what}{': ' + panic.group(0) if panic else ''}{said}")

    def check(self, script: str, timeout: float) -> Outcome:
        """run(), and a script that fails is an error, too."""
        outcome = self.run(script, timeout)
        if outcome.status != 0:
            raise self._error(f"the script ended with {outcome.status}")
        return outcome
