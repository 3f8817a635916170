# SPDX-License-Identifier: Apache-2.0
"""What the store holds against what the simulated street says drove past."""
import difflib
import json


def passages(database) -> list:
    """Every passage of a store as a dict, oldest first; pictures as JPEG bytes."""
    rows = []
    for row in database.execute("SELECT * FROM passage ORDER BY id"):
        angles = []
        for camera in (0, 1):
            a = database.execute("SELECT * FROM angle WHERE id = ?", (row["id"] * 2 + camera,)).fetchone()
            crop = database.execute("SELECT jpeg FROM picture WHERE id = ?", (row["id"] * 4 + camera,)).fetchone()
            angles.append({"present": a is not None, "camera": camera,
                           "text": a["plate"] if a else "", "confidence": a["confidence"] if a else 0.0,
                           "capture_ns": a["capture_ns"] if a else 0, "frames": a["frames"] if a else 0,
                           "quad": json.loads(a["quad"]) if a else [], "jpeg": crop["jpeg"] if crop else None})
        rows.append({"id": row["passage_id"].hex(), "text": row["plate"], "jurisdiction": row["jurisdiction"],
                     "confidence": row["confidence"], "chars": json.loads(row["chars"]), "pairs": row["pairs"],
                     "alternatives": [{"text": t, "confidence": c} for t, c in json.loads(row["alternatives"])],
                     "first_ns": row["first_ns"], "last_ns": row["last_ns"], "best_ns": row["best_ns"],
                     "degraded": bool(row["degraded"]), "low_quality": bool(row["low_quality"]), "hit": bool(row["hit"]),
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
