# SPDX-License-Identifier: Apache-2.0
"""
The whole daemon on arm64 in a guest, on pictures of the simulated street that libcamera's virtual cameras show; and the same
pictures at the same times on this machine, by the replay driver. What both made of them has to be the same.
"""
import csv
import ctypes
import re
import sqlite3
import subprocess
import time
from pathlib import Path

import numpy as np

from tests.box import Box, build_folder, read_lines
from tests.camera import virtual
from tests.guest import firmware
from tests.guest.guest import Guest
from tests.truth import passages

WIDTH, HEIGHT = 1280, 720
WANTED = ("SK5K9V", "MO", "V")
# A pair takes seconds in there, and an emulated camera's frame tens of milliseconds; the same on both sides.
SLOW = {"camera": {"rate": 0, "width": WIDTH, "height": HEIGHT, "pair_skew_ms": 400},
        "vision": {"lost_ms": 10000, "longest_ms": 60000, "settle_pairs": 2, "settle_confidence": 0.6}}
SCRIPT = """
mkdir -p /tmp/store /run/alpr
cp /io/list.alpb /io/hotlist.pub /run/alpr/
/alpr/bin/alprd -c /io/alpr.conf >/io/alprd.log 2>&1 &
daemon=$!
status() {{ /alpr/bin/alprctl --socket /run/alpr/control.sock status --json; }}
gone() {{ tail -n 20 /io/alprd.log; exit 1; }}
memory() {{
    total=0
    for p in /proc/[0-9]*; do
        case $(cat $p/comm 2>/dev/null) in alprd*)
            kb=$(sed -n 's/^Pss: *\\([0-9]*\\).*/\\1/p' $p/smaps_rollup)
            echo "$(cat $p/comm) $kb"
            total=$((total + kb));;
        esac
    done
    echo "total $total"
}}
until status >/tmp/status 2>/dev/null && ! grep -q '"running": *false' /tmp/status; do
    kill -0 $daemon || gone
    sleep 0.5
done
cut -d' ' -f1 /proc/uptime >/io/service
most=0
until [ "$(wc -l </io/truth.jsonl)" -ge {frames} ]; do
    kill -0 $daemon || gone
    memory >/tmp/memory
    now=$(sed -n 's/^total //p' /tmp/memory)
    [ "$now" -le $most ] || {{ most=$now; cp /tmp/memory /io/memory; }}
    sleep 2
done
status >/io/status.json
kill -TERM $daemon
wait $daemon || gone
cp -r /tmp/store /io/store
"""


def street(folder: Path, vehicles: int, light: str = "day", weather: str = "clear", hard: str = "none") -> list:
    """
    Draw the street into folder/all and pick what is shown of it: the empty road, then two pictures of each vehicle and the road
    again, each of which shows for four pairs. Returns the numbers of those pictures.
    """
    plates = folder / "wanted.plates"
    plates.write_text(f"{WANTED[0]} {WANTED[1]}\n")
    subprocess.run([build_folder() / "bin/alpr-sim", "street", "--out", folder / "all", "--seed", "5", "--passages", str(vehicles),
                    "--light", light, "--weather", weather, "--hard", hard, "--plates", plates, "--format", "jpeg"],
                   check=True, stdout=subprocess.DEVNULL)
    seen = {}  # number: [plate as camera 0 and camera 1 see it]
    for line in read_lines(folder / "all" / "frames.jsonl"):
        number = int(Path(line["file"]).stem)
        wide = [p for p in line["plates"] if p.get("inside", True)]
        seen.setdefault(number, {})[line["camera"]] = wide[0]["text"] if len(line["plates"]) == len(wide) == 1 else ""
    by_plate = {}
    for number, plate in sorted(seen.items()):
        if plate[0] and plate[0] == plate[1]:
            by_plate.setdefault(plate[0], []).append(number)
    shown = [0]
    for numbers in by_plate.values():
        shown += [numbers[len(numbers) * i // 4] for i in (1, 2)] + [0]
    return shown + [0]


def hotlist(folder: Path) -> None:
    """A signed list with the wanted plate: list.alpb and hotlist.pub."""
    day = lambda s: time.strftime("%Y-%m-%d", time.gmtime(s))  # noqa: E731
    now, tool = time.time(), build_folder() / "bin/alpr-hotlist"
    subprocess.run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out hotlist.key && "
                   "openssl pkey -in hotlist.key -pubout -out hotlist.pub", shell=True, cwd=folder, check=True, capture_output=True)
    with (folder / "wanted.csv").open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow("lic lis lit category case_number ori entered expires vyr vma vmo vst vco".split())
        table.writerow([WANTED[0], WANTED[1], "PC", WANTED[2], "26-100200", "MO0950000", day(now - 86400), day(now + 30 * 86400),
                        "2019", "TOYT", "CAM", "", "SIL"])
    for words in (["compile", "--in", "wanted.csv", "--out", "list.raw", "--version", "1", "--max-age", "86400"],
                  ["sign", "--key", "hotlist.key", "--in", "list.raw", "--out", "list.alpb"]):
        subprocess.run([tool, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def as_libcamera_decodes(jpeg: Path, out: Path) -> None:
    """Luma of a JPEG file as PGM, by the fast inverse transform that libcamera's virtual cameras use (libyuv's MJPEG)."""
    turbo = ctypes.CDLL("libturbojpeg.so.0")
    turbo.tjInitDecompress.restype = ctypes.c_void_p
    data, luma = jpeg.read_bytes(), np.zeros((HEIGHT, WIDTH), np.uint8)
    handle = ctypes.c_void_p(turbo.tjInitDecompress())
    grey, fast = 6, 2048  # TJPF_GRAY, TJFLAG_FASTDCT
    rc = turbo.tjDecompress2(handle, data, ctypes.c_ulong(len(data)), luma.ctypes.data_as(ctypes.c_void_p), WIDTH, 0, HEIGHT, grey, fast)
    turbo.tjDestroy(handle)
    assert rc == 0, f"{jpeg}: not decoded"
    out.write_bytes(b"P5\n%d %d\n255\n" % (WIDTH, HEIGHT) + luma.tobytes())


def lay_out(folder: Path, shown: list) -> None:
    """folder/cam0 and cam1: the pictures in the order they are shown, as JPEG; folder/pgm: the same, decoded."""
    for camera in ("cam0", "cam1"):
        (folder / camera).mkdir()
        (folder / "pgm" / camera).mkdir(parents=True)
        for i, number in enumerate(shown):
            picture = folder / camera / f"{i:05}.jpg"
            picture.write_bytes((folder / "all" / camera / f"{number:06}.jpg").read_bytes())
            as_libcamera_decodes(picture, folder / "pgm" / camera / f"{i:05}.pgm")


def conf(sections: dict) -> str:
    return "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for name, keys in sections.items())


def in_guest(folder: Path, shown: list, seconds_a_pair: float) -> dict:
    """Run the daemon in a guest until all was shown: what was measured, and the database it left."""
    sections = {"site": {"name": "guest", "latitude": 38.627, "longitude": -90.199},
                "camera": SLOW["camera"] | {"driver": "libcamera", "source": "/io", "truth": "/io/truth.jsonl"},
                "vision": SLOW["vision"], "store": {"path": "/tmp/store"}, "control": {"socket": "/run/alpr/control.sock"},
                "daemon": {"silence_s": 120},
                "hotlist": {"path": "/run/alpr/list.alpb", "key": "/run/alpr/hotlist.pub"}}
    (folder / "alpr.conf").write_text(conf(sections))
    (folder / "truth.jsonl").touch()
    files = firmware.daemon() | {"/" + virtual.CONFIG: virtual.config([folder / "cam0", folder / "cam1"], WIDTH, HEIGHT)
                                 .replace(str(folder), "/io").encode()}
    frames = 2 * virtual.EACH_SHOWN * (len(shown) - 1)  # the last picture is the empty road, and shows for a while
    # libcamera looks for media devices and wants at least the place where they would be.
    patience = 120 + seconds_a_pair * virtual.EACH_SHOWN * len(shown)
    outcome = Guest(folder, files, modules={"mc": ""}).check(SCRIPT.format(frames=frames), patience)
    memory = dict(line.split() for line in (folder / "memory").read_text().splitlines())
    return {"database": folder / "store" / "reads.db", "boot_s": outcome.boot_s, "service_s": float((folder / "service").read_text()),
            "memory_kb": {name: int(kb) for name, kb in memory.items()}, "seconds": outcome.seconds,
            "sandboxed": len(re.findall(r"is ready \(pid \d+; seccomp 1, Landlock ABI [1-9]", (folder / "alprd.log").read_text()))}


def on_this_machine(folder: Path) -> Path:
    """The same on this machine's build: the database."""
    virtual.replay_list(folder / "truth.jsonl", [folder / "pgm/cam0", folder / "pgm/cam1"], folder / "pgm/list")
    box = Box(folder / "here", {"camera": SLOW["camera"] | {"driver": "replay", "source": folder / "pgm/list"}, "vision": SLOW["vision"],
                                "hotlist": {"path": folder / "list.alpb", "key": folder / "hotlist.pub"}})
    with box:
        # The last frame may have had no partner yet when the guest was stopped.
        box.wait(lambda b: b.counters("capture").get("ended") == 1, 300, "the end")
        box.wait(lambda b: b.counters("vision").get("pairs") == b.counters("capture").get("pairs"), 30, "vision to have said so")
        assert box.stop() == 0
    return box.store / "reads.db"


def results(database: Path) -> tuple:
    """(reads, hits) of a store, in the order of the street."""
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        hits = [tuple(row) for row in connection.execute("SELECT best_ns, grade, category, list_version FROM outbox ORDER BY best_ns")]
        return sorted(passages(connection), key=lambda r: r["first_ns"]), hits


def compare(here: tuple, there: tuple) -> dict:
    """How far two results are from each other."""
    (reads, hits), (others, other_hits) = here, there
    same = [(a, b) for a, b in zip(reads, others)]
    worst = [abs(x - y) for a, b in same
             for x, y in [(a["confidence"], b["confidence"]), *zip(a["chars"], b["chars"]),
                          *((p["confidence"], q["confidence"]) for p, q in zip(a["angles"], b["angles"]))]]
    shape = ("text", "jurisdiction", "pairs", "first_ns", "last_ns", "best_ns", "degraded", "low_quality", "hit")
    return {"reads": len(others), "hits": len(other_hits), "count": len(reads) == len(others), "hits_equal": hits == other_hits,
            "unequal": sum(any(a[k] != b[k] for k in shape) or [p["text"] for p in a["angles"]] != [q["text"] for q in b["angles"]]
                           for a, b in same),
            "confidence": max(worst, default=0.0), "identical": sum(a["confidence"] == b["confidence"] for a, b in same),
            "quad": max((abs(x - y) for a, b in same for p, q in zip(a["angles"], b["angles"]) for x, y in zip(p["quad"], q["quad"])),
                        default=0.0)}
