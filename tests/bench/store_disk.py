# SPDX-License-Identifier: Apache-2.0
"""A disk of its own for a measurement: an image with an ext4 in it, so that what is written can be counted at the block layer, and
what a file system has freed can be looked at. Needs root and a loop device."""
import subprocess
from pathlib import Path


class Disk:
    """Mounted at `.folder`; `.image` is the file."""

    def __init__(self, work: Path, megabytes: int):
        self.image, self.folder = Path(work) / "disk.img", Path(work) / "disk"
        self.folder.mkdir()
        with open(self.image, "wb") as f:
            f.truncate(megabytes << 20)
        # All of its tables now: the kernel would write them by and by, among what is counted.
        self._run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.image)
        self.mounted = False

    @staticmethod
    def _run(*words) -> str:
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"{words[0]}: {done.stderr.strip() or done.returncode}")
        return done.stdout

    def mount(self) -> None:
        self._run("mount", "-o", "loop", self.image, self.folder)
        self.mounted = True

    def unmount(self) -> None:
        if self.mounted:
            self._run("umount", self.folder)
        self.mounted = False

    def device(self) -> str:
        return self._run("findmnt", "-n", "-o", "SOURCE", self.folder).strip().removeprefix("/dev/")

    def written(self) -> int:
        """Bytes that its file system has written to it since it was mounted, journal and all; what waits in memory is written first."""
        self._run("sync", "-f", self.folder)
        return 512 * int(Path(f"/sys/block/{self.device()}/stat").read_text().split()[6])

    def __enter__(self):
        self.mount()
        return self

    def __exit__(self, *_):
        self.unmount()
        self.image.unlink(missing_ok=True)


def why_no_disk(work: Path) -> str:
    """Why there can be no disk here; "" when there can."""
    work = Path(work) / "try"
    work.mkdir()
    try:
        with Disk(work, 16):
            return ""
    except OSError as e:
        return str(e)
