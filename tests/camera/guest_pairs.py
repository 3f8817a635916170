# SPDX-License-Identifier: Apache-2.0
"""
Pairs from two libcamera cameras on a real arm64 kernel: the same probe in a guest, with dmabufs (udmabuf) instead of memfds, as
fast as the emulated machine can.
"""
import json
from pathlib import Path

from tests.camera import virtual
from tests.guest import firmware
from tests.guest.guest import Guest

WIDTH, HEIGHT, PICTURES = 640, 360, 16
SKEW_MS = 60  # a frame takes tens of milliseconds there, one camera after the other


def run(folder: Path, n: int) -> dict:
    """n pairs; what the probe says at the end."""
    shown = [virtual.draw(folder / f"cam{camera}", camera, PICTURES, WIDTH, HEIGHT) for camera in range(2)]
    yaml = virtual.config(shown, WIDTH, HEIGHT).replace(str(folder), "/io")
    guest = Guest(folder, firmware.programs("test/camera_probe") | {"/" + virtual.CONFIG: yaml.encode()})
    outcome = guest.check(f"/alpr/test/camera_probe width={WIDTH} height={HEIGHT} rate=0 skew_ms={SKEW_MS} pictures={PICTURES} "
                          f"pairs={n}", 300 + n)
    return [json.loads(line) for line in outcome.output.splitlines() if line.startswith("{")][-1]
