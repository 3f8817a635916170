#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
The shared libraries that programs of a box need, and theirs, with their sizes: `libraries.py SYSROOT PROGRAM…`.
"""
import re
import subprocess
import sys
from pathlib import Path

# Debian's BLAS and LAPACK lie where only update-alternatives would point.
FOLDERS = ("usr/lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu/blas", "usr/lib/aarch64-linux-gnu/lapack", "usr/lib")


def asked_for(path: Path) -> list:
    """The libraries that a program or library names itself."""
    said = subprocess.run(["readelf", "-d", path], text=True, capture_output=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", said)


def find(sysroot: Path, name: str) -> Path:
    for folder in FOLDERS:
        if (sysroot / folder / name).exists():
            return (sysroot / folder / name).resolve()
    raise FileNotFoundError(f"{name}: in no library folder of {sysroot}")


def needed(sysroot: Path, programs: list) -> dict:
    """Every library that comes with the programs: name to file."""
    found, open_ends = {}, [name for program in programs for name in asked_for(program)]
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found[name] = find(sysroot, name)
            open_ends += asked_for(found[name])
    return found


def main() -> int:
    libraries = needed(Path(sys.argv[1]), sys.argv[2:])
    for name, path in sorted(libraries.items()):
        print(f"{path.stat().st_size / 1e6:8.2f} MB  {name}")
    print(f"{sum(p.stat().st_size for p in libraries.values()) / 1e6:8.2f} MB  {len(libraries)} libraries")
    return 0


if __name__ == "__main__":
    sys.exit(main())
