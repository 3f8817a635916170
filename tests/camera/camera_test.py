#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
make camera-test [SHORT=1]: pairs from two libcamera cameras, by the driver itself (test/camera_probe, arm64, under qemu-user)
on libcamera's virtual pipeline; cameras that stop, hang, and lose their pictures; and pairs in a guest. Each row prints bars.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.bars import Bars
from tests.camera import guest_pairs, virtual
from tests.guest import camera_bars

RATE, SKEW_MS = 30, 15  # of board qemu-arm64
EMULATOR = "qemu-aarch64-static"


class Stage:
    """A folder with pictures of two cameras, and the probe on them."""

    def __init__(self, folder: Path, build: Path, sysroot: Path, pictures: int):
        self.folder, self.build, self.sysroot, self.pictures = folder, build, sysroot, pictures
        self.shown = [virtual.draw(folder / f"cam{n}", n, pictures) for n in range(2)]
        self.roots = 0

    def root(self, folders: list) -> Path:
        self.roots += 1
        return virtual.root(self.folder / f"root{self.roots}", self.sysroot, virtual.config(folders))

    def probe(self, *words: str, folders: list = None, size: str = "1280x720", rate: float = RATE,
              timeout: float = 900) -> subprocess.CompletedProcess:
        """Run the probe with these steps; its answers are lines of JSON."""
        width, height = size.split("x")
        return subprocess.run(
            [EMULATOR, "-L", self.root(folders or self.shown), self.build / "test/camera_probe", f"width={width}",
             f"height={height}", f"rate={rate}", f"skew_ms={SKEW_MS}", f"pictures={self.pictures}", *words],
            capture_output=True, text=True, timeout=timeout, check=False)

    def steps(self, *words: str, **how) -> list:
        done = self.probe(*words, **how)
        steps = [json.loads(line) for line in done.stdout.splitlines()]
        for s in steps:
            print(json.dumps(s))
        if done.returncode != 0:
            print(done.stderr[-2000:], file=sys.stderr)
        return steps


def wrong(step: dict) -> int:
    """Frames and pairs that were not what they said."""
    return sum(step[k] for k in ("mismatched", "unreadable", "out_of_turn", "changed"))


def unaccounted(step: dict) -> int:
    """Frames that neither became part of a pair nor were counted as dropped; a few still wait for their partner."""
    frames = sum(c["frames"] for c in step["cameras"])
    return max(0, frames - 2 * step["pairs"] - step["single"] - step["unpaired"] - 4)


def pairs(bars: Bars, stage: Stage, short: bool) -> None:
    """Pairs at 30 a second."""
    n = 300 if short else 10000
    last = stage.steps(f"pairs={n}")[-1]
    lost = sum(c["missed"] + c["late"] + c["failed"] for c in last["cameras"]) + last["unpaired"]
    bars.at_least("camera_pairs", last["pairs"], "pairs", n)
    bars.at_most("camera_pairs_mismatched", wrong(last), "pairs", 0)
    bars.at_least("camera_pairs_compared", 100 * last["compared"] / last["pairs"], "%", 50)
    bars.at_most("camera_frames_unaccounted", unaccounted(last), "frames", 0)
    bars.at_least("camera_instants_a_second", (last["pairs"] + lost / 2) / last["seconds"], "1/s", 0.95 * RATE)
    bars.at_most("camera_frames_dropped", 100 * lost / (2 * last["pairs"] + lost), "%", 20)
    bars.at_most("camera_skew", last["skew_ms"], "ms", SKEW_MS)


def lossless(bars: Bars, stage: Stage, short: bool) -> None:
    """Pairs as fast as they are taken: nothing is lost, and a run can be told again from what the driver wrote down."""
    n = 120 if short else 1000
    truth = stage.folder / "truth"
    last = stage.steps(f"truth={truth}", f"pairs={n}", rate=0)[-1]
    told = virtual.replay_list(truth, stage.shown, stage.folder / "list")
    bars.at_most("camera_lossless_mismatched", wrong(last), "pairs", 0)
    bars.at_most("camera_lossless_dropped", sum(c["missed"] + c["late"] + c["failed"] for c in last["cameras"]), "frames", 0)
    bars.at_least("camera_lossless_told", told, "pairs", n)


FAULTS = {  # what is done to camera 1, and how it is undone; seconds it may take from then on
    "stopped": (["stop=1", "restarted=1"], [], 5),
    "hung": (["slow=1", "hang=1", "ill=1", "seconds=6"], ["heal=1"], 20),
    "hung_until_taken_anew": (["hold=1", "ill=1"], [], 15),
    "pictures_gone": (["away=1", "ill=1", "seconds=4"], ["back=1"], 15),
}


def faults(bars: Bars, stage: Stage, short: bool) -> None:
    """Each fault of one camera: seen, degraded, back, and the other one unharmed all the while."""
    after = 30 if short else 150
    for name, (do, undo, seconds) in FAULTS.items():
        steps = stage.steps(f"folder1={stage.shown[1]}", f"pairs={after}", *do, *undo, "cured=1", f"pairs={after}")
        whole = len(steps) >= 4 and all(s["reached"] for s in steps)
        bars.at_least(f"camera_{name}_ran", whole, "yes", 1)
        if not whole:
            continue
        seen, back, last = steps[1], steps[-2], steps[-1]
        ill, other = last["cameras"][1], last["cameras"][0]
        bars.at_least(f"camera_{name}_told", seen["cameras"][1]["what"] != "", "yes", 1)
        bars.at_most(f"camera_{name}_back", back["seconds"], "s", seconds)
        bars.at_least(f"camera_{name}_restarts", ill["restarts"], "times", 1)
        bars.at_most(f"camera_{name}_mismatched", wrong(last), "pairs", 0)
        bars.at_most(f"camera_{name}_other_gap", max(s["cameras"][0]["gap_ms"] for s in steps), "ms", 2000)
        bars.at_most(f"camera_{name}_other_restarts", other["restarts"] + other["failed"], "times", 0)


def openings(bars: Bars, stage: Stage, _short: bool) -> None:
    """What the driver makes of cameras that are not there, not the ones named, or not of that size."""
    one = stage.steps("seconds=2", folders=[stage.shown[0], stage.folder / "nowhere"])[-1]
    bars.at_least("camera_missing_single", one["single"], "frames", 30)
    bars.at_least("camera_missing_told", one["degraded"] and one["cameras"][1]["what"] == "not found", "yes", 1)
    named = stage.steps("id1=Nobody", "seconds=1")[-1]
    bars.at_least("camera_named_missing_told", named["cameras"][1]["what"] == "not found: Nobody", "yes", 1)
    turned = stage.steps("id0=Virtual1", "seconds=1")[-1]  # every picture then is the other camera's
    bars.at_least("camera_ids_heeded", turned["unreadable"] == sum(c["frames"] for c in turned["cameras"]) > 0, "yes", 1)
    size = stage.probe("seconds=1", size="640x480")
    bars.at_least("camera_size_refused", size.returncode == 1 and "has no 640x480 with a luma plane (nearest: 1280x720-NV12)"
                  in size.stderr, "yes", 1)
    none = stage.probe("seconds=1", folders=[stage.folder / "nowhere"])
    bars.at_least("camera_none_refused", none.returncode == 1 and "not found" in none.stderr, "yes", 1)
    control = stage.steps("control=0")[-1]  # the virtual pipeline has no exposure
    bars.at_least("camera_control_refused", control["control"] is False and "none of the controls" in control["why"], "yes", 1)


def guest(bars: Bars, stage: Stage, short: bool) -> None:
    """Pairs in a guest, at its own pace."""
    n = 100 if short else 10000
    last = guest_pairs.run(stage.folder / "guest", n)
    print(json.dumps(last))
    bars.at_least("camera_guest_pairs", last["pairs"], "pairs", n)
    bars.at_most("camera_guest_pairs_mismatched", wrong(last), "pairs", 0)
    bars.at_least("camera_guest_pairs_compared", 100 * last["compared"] / max(last["pairs"], 1), "%", 50)
    bars.at_most("camera_guest_frames_unaccounted", unaccounted(last), "frames", 0)
    bars.at_most("camera_guest_frames_dropped", 100 * last["unpaired"] / max(2 * last["pairs"], 1), "%", 20)


ROWS = (pairs, lossless, faults, openings, guest, *camera_bars.ROWS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="of an arm64 board with the libcamera driver")
    parser.add_argument("--sysroot", type=Path, required=True)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", help="one row, by name")
    args = parser.parse_args()
    bars = Bars()
    with tempfile.TemporaryDirectory(prefix="alpr-camera-") as folder:
        stage = Stage(Path(folder), args.build, args.sysroot, 16 if args.short else 64)
        for row in ROWS:
            if args.only in (None, row.__name__):
                row(bars, stage, args.short)
    return bars.end()


if __name__ == "__main__":
    sys.exit(main())
