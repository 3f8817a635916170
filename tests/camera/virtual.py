# SPDX-License-Identifier: Apache-2.0
"""
libcamera's virtual cameras, as the tests set them up: pictures, the one configuration file whose path is compiled into the
library, a root for qemu-user that has it, and what a run showed as a list that the replay driver plays.
"""
import json
import math
from pathlib import Path

import cv2
import numpy as np

EACH_SHOWN = 4  # frames that a virtual camera shows one picture for
CELLS, COUNTER = 20, 12  # as tests/camera/marks.h
CONFIG = "usr/share/libcamera/pipeline/virtual/virtual.yaml"
CAMERA = """"Virtual{n}":
  supported_formats:
  - width: {width}
    height: {height}
    frame_rates:
    - 30
  frames:
    path: "{folder}"
  location: "{location}"
  model: "Virtual {n}"
"""


def marks(picture: np.ndarray, camera: int, counter: int) -> None:
    """Draw the counter along the picture's top and bottom, as tests/camera/marks.c reads it."""
    height, width = picture.shape
    value = camera << COUNTER | counter
    total = ((value >> 12) + (value >> 8 & 15) + (value >> 4 & 15) + (value & 15)) & 31
    bits = 2 << 18 | value << 5 | total
    band = height // 16
    for i in range(CELLS):
        level = 235 if bits >> (CELLS - 1 - i) & 1 else 20
        for top in (0, height - band):
            picture[top:top + band, i * width // CELLS:(i + 1) * width // CELLS] = level


def draw(folder: Path, camera: int, n: int, width: int = 1280, height: int = 720) -> Path:
    """Fill `folder` with n pictures of one camera: a counter for machines and for people. Returns the folder."""
    folder.mkdir(parents=True)
    for k in range(n):
        picture = np.full((height, width), 90 + 20 * camera, np.uint8)
        cv2.putText(picture, f"{camera}:{k}", (width // 4, height // 2), cv2.FONT_HERSHEY_SIMPLEX, height / 120, 255, 12)
        marks(picture, camera, k)
        cv2.imwrite(str(folder / f"{k:05}.jpg"), picture)
    return folder


def config(folders: list, width: int = 1280, height: int = 720) -> str:
    """The virtual pipeline's configuration: a camera a folder (or single picture), Virtual0 first."""
    return "".join(CAMERA.format(n=n, width=width, height=height, folder=f"{folder}/" if Path(folder).is_dir() else folder,
                                 location=("CameraLocationFront", "CameraLocationBack")[n % 2])
                   for n, folder in enumerate(folders))


def root(path: Path, sysroot: Path, yaml: str) -> Path:
    """A root for qemu-user (-L): the sysroot's libraries, and the configuration at its fixed place."""
    (path / CONFIG).parent.mkdir(parents=True)
    (path / CONFIG).write_text(yaml)
    (path / "usr/lib").symlink_to(sysroot / "usr/lib")
    (path / "lib").symlink_to(sysroot / "usr/lib")
    return path


def frames(truth: Path) -> list:
    """The frames that the driver wrote down ([camera] truth), in its order."""
    return [json.loads(line) for line in truth.read_text().splitlines()]


def replay_list(truth: Path, folders: list, out: Path) -> int:
    """
    Write what the driver showed in a run with rate 0 and no failures as a list for the replay driver: the same pictures at the
    same times, pairs by the frames' numbers. The list's folder must hold the folders of pictures. Returns how many pairs.
    """
    names = [sorted(p.name for p in Path(f).iterdir()) for f in folders]
    by_number: dict = {}
    for f in frames(truth):
        by_number.setdefault(f["sequence"], {})[f["camera"]] = f
    first = min(by_number)
    lines = []
    for number in sorted(by_number):
        pair = by_number[number]
        shown = []
        for camera, folder in enumerate(folders):
            at = math.floor((number - first) / EACH_SHOWN) % len(names[camera])
            shown.append(str(Path(folder).relative_to(out.parent) / names[camera][at]) if camera in pair else "-")
        times = [pair[camera if camera in pair else 1 - camera]["capture_ns"] for camera in range(2)]
        lines.append("\t".join([*shown, *map(str, times)]))
    out.write_text("\n".join(lines) + "\n")
    return len(lines)
