# SPDX-License-Identifier: Apache-2.0
"""What a guest boots from: our programs, the libraries they need and no more, kernel modules, busybox and the init beside this file."""
import re
import stat
import subprocess
import tempfile
from pathlib import Path

from tests.board.arm64.libraries import needed

STRIP = "aarch64-linux-gnu-strip"
GUEST_LIBRARIES = "/usr/lib/aarch64-linux-gnu/"


class Archive:
    """A cpio archive ("newc"), as the kernel unpacks it into its first file system."""

    def __init__(self, path: Path):
        self.file = path.open("wb")
        self.seen, self.number = set(), 0

    def _entry(self, name: str, mode: int, data: bytes = b"", device=(0, 0)) -> None:
        self.number += 1
        fields = [self.number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        self.file.write(head + b"\0" * (-len(head) % 4))
        self.file.write(data)
        self.file.write(b"\0" * (-len(data) % 4))

    def folder(self, path: str) -> None:
        """And the folders above it."""
        parts = path.strip("/").split("/")
        for i in range(1, len(parts) + 1):
            name = "/".join(parts[:i])
            if name and name not in self.seen:
                self.seen.add(name)
                self._entry(name, stat.S_IFDIR | 0o755)

    def put(self, path: str, data: bytes, mode: int = 0o755) -> None:
        name = path.strip("/")
        if name in self.seen:
            return
        self.folder(str(Path(name).parent) if "/" in name else "")
        self.seen.add(name)
        self._entry(name, stat.S_IFREG | mode, data)

    def link(self, path: str, target: str) -> None:
        name = path.strip("/")
        self.folder(str(Path(name).parent) if "/" in name else "")
        self.seen.add(name)
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def console(self) -> None:
        self.folder("dev")
        self._entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))

    def close(self) -> None:
        self._entry("TRAILER!!!", 0)
        self.file.close()


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _depends(module: Path) -> list:
    info = re.search(rb"\0depends=([^\0]*)\0", module.read_bytes())
    return [_plain(n) for n in info.group(1).decode().split(",") if n] if info else []


def modules_in_order(names: list, ours: list, folder: Path) -> list:
    """
    The files of kernel modules `names` and of `ours`, built for the same kernel: each once and after what it depends on. What
    is built into the kernel is left out. FileNotFoundError for one that the kernel has not.
    """
    files = {_plain(p.name[:-3]): p for p in folder.rglob("*.ko")}
    builtin = {_plain(Path(line).name[:-3]) for line in (folder / "modules.builtin").read_text().split()}
    order = []

    def add(name: str) -> None:
        if name in builtin:
            return
        if name not in files:
            raise FileNotFoundError(f"{name}: the guest's kernel has no such module")
        if files[name] not in order:
            for other in _depends(files[name]):
                add(other)
            order.append(files[name])

    for name in names:
        add(_plain(name))
    for module in ours:
        for name in _depends(module):
            add(name)
        order.append(module)
    return order


def _stripped(path: Path) -> bytes:
    """Debugging information is most of what we build, and none of it is of use in there."""
    with path.open("rb") as f:
        if f.read(4) != b"\x7fELF":
            return path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "stripped"
        subprocess.run([STRIP, "--strip-debug", "-o", out, path], check=True)
        return out.read_bytes()


def make(out: Path, kernel: Path, sysroot: Path, modules: dict, extra_modules: list, files: dict, dlopened: list) -> None:
    """
    `modules`: {name: its parameters}, of the kernel; `extra_modules`: files built for it, loaded after those. `files`: {path in the
    guest: file here, or bytes}; ELF files among them bring their libraries. `dlopened`: libraries of the sysroot (paths below it) that no
    program names; they keep their place.
    """
    here = Path(__file__).parent
    archive = Archive(out)
    for folder in ("proc", "sys", "tmp", "io", "root", "run", "bin", "etc", "var"):
        archive.folder(folder)
    archive.console()
    archive.put("init", (here / "init").read_bytes())
    archive.put("bin/busybox", (kernel / "busybox").read_bytes())
    archive.put("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n", 0o644)
    archive.put("etc/group", b"root:x:0:\nnogroup:x:65534:\n", 0o644)

    order = modules_in_order(["9pnet_virtio", "9p", *modules], [Path(m) for m in extra_modules], kernel / "modules")
    for number, module in enumerate(order):
        archive.put(f"modules/{number:02d}-{module.name}", module.read_bytes(), 0o644)
    archive.put("etc/modules", "".join(f"{_plain(n)} {o}\n" for n, o in modules.items() if o).encode(), 0o644)

    elves = []
    for path, source in files.items():
        if isinstance(source, bytes):
            archive.put(path, source)
            continue
        data = _stripped(Path(source))
        archive.put(path, data)
        if data[:4] == b"\x7fELF":
            elves.append(Path(source))
    for path in dlopened:
        archive.put(path, (sysroot / path).resolve().read_bytes())
        elves.append((sysroot / path).resolve())
    for name, file in needed(sysroot, elves).items():
        archive.put(GUEST_LIBRARIES + name, file.read_bytes())
    archive.link("lib/aarch64-linux-gnu", GUEST_LIBRARIES.rstrip("/"))
    archive.link("lib/ld-linux-aarch64.so.1", GUEST_LIBRARIES + "ld-linux-aarch64.so.1")
    archive.put("whole", b"")  # the last one: init looks whether everything before it found room
    archive.close()
