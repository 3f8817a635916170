# SPDX-License-Identifier: Apache-2.0
"""What the store holds against what the simulated street says drove past."""
import difflib
import json
import subprocess
from pathlib import Path

from tests.box import build_folder


def kept(folder, build=None, keystore=None) -> list:
    """Every passage of the store in `folder` as tests/probe/reads.c prints it, oldest first: "read" is what was sealed (None: it
    cannot be opened with these root keys), "pictures" the four JPEGs or None."""
    done = subprocess.run([Path(build or build_folder()) / "test/reads", folder, *([keystore] if keystore else [])], check=True,
                          capture_output=True, text=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [row | {"pictures": [p and bytes.fromhex(p) for p in row["pictures"]]} for row in rows]


def passages(database, build=None) -> list:
    """Every passage of a store that `database` is a connection to, oldest first; pictures as JPEG bytes."""
    rows = []
    for row in kept(Path(database.execute("PRAGMA database_list").fetchone()[2]).parent, build):
        read, angles = row["read"], []
        for camera in (0, 1):
            a = next((a for a in read["angles"] if a["camera"] == camera), None)
            angles.append({"present": a is not None, "camera": camera,
                           "text": a["plate"] if a else "", "confidence": a["confidence"] if a else 0.0,
                           "capture_ns": a["capture_ns"] if a else 0, "frames": a["frames"] if a else 0,
                           "quad": a["quad"] if a else [], "jpeg": row["pictures"][camera]})
        rows.append({"text": read["plate"], "alternatives": [{"text": t, "confidence": c} for t, c in read["alternatives"]],
                     **{key: read[key] for key in ("jurisdiction", "confidence", "chars")},
                     **{key: row[key] for key in ("id", "pairs", "first_ns", "last_ns", "best_ns")},
                     **{key: bool(row[key]) for key in ("degraded", "low_quality", "hit")},
                     "angles": angles})
    return rows


def likeness(a: str, b: str) -> float:
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()


def assign(reads: list, vehicles: list, slack_ns: int = 1_000_000_000) -> dict:
    """
    Give each read to the vehicle it is most like among those that were there at its time. Sets read["vehicle"] to the
    index of the vehicle or None (invented), and returns {"exact", "missed", "duplicates", "invented", "wrong"}.
    """
    taken = {}
    for read in sorted(reads, key=lambda r: r["confidence"], reverse=True):
        there = [(likeness(read["text"], v["plate"]), i) for i, v in enumerate(vehicles)
                 if v["enter_ns"] - slack_ns <= read["best_ns"] <= v["leave_ns"] + slack_ns]
        best, index = max(there, default=(0.0, None))
        read["vehicle"] = index if best >= 0.4 else None
        if read["vehicle"] is not None:
            taken.setdefault(index, []).append(read)
    exact = sum(1 for i, found in taken.items() if any(r["text"] == vehicles[i]["plate"] for r in found))
    return {"vehicles": len(vehicles), "exact": exact, "missed": len(vehicles) - len(taken),
            "wrong": len(taken) - exact, "duplicates": sum(len(f) - 1 for f in taken.values()),
            "invented": sum(1 for r in reads if r["vehicle"] is None)}
