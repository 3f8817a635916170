# SPDX-License-Identifier: Apache-2.0
"""Judged records (score.judge) cut into tables, and printed."""
import json
import math

from tests.bench.score import WIDTHS, calibration_error, width_class

ANGLES = ((5, "< 5"), (10, "5-9"), (20, "10-19"), (30, "20-29"), (45, "30-44"), (math.inf, ">= 45"))


def steepest(quad):
    """Degrees by which the side of a plate's outline that leans most leaves the level or the upright."""
    most = 0
    for i in range(4):
        dx, dy = quad[(2 * i + 2) % 8] - quad[2 * i], quad[(2 * i + 3) % 8] - quad[2 * i + 1]
        along, across = (abs(dx), abs(dy)) if i % 2 == 0 else (abs(dy), abs(dx))
        most = max(most, math.degrees(math.atan2(across, along)))
    return most


def angle_class(quad):
    return next(name for below, name in ANGLES if steepest(quad) < below)


def cut(records, key, order=None):
    """{class: {"plates", "exact", "among", "sure", "sure_exact"}} of the records, by key(record)."""
    table = {}
    for r in records:
        row = table.setdefault(key(r), {"plates": 0, "exact": 0, "among": 0, "sure": 0, "sure_exact": 0})
        row["plates"] += 1
        row["exact"] += r["exact"]
        row["among"] += r["among"]
        row["sure"] += r["confidence"] >= 0.9
        row["sure_exact"] += r["confidence"] >= 0.9 and r["exact"]
    names = [n for n in order if n in table] if order else sorted(table)
    return {n: table[n] for n in names}


def by_width(records):
    return cut(records, lambda r: width_class(r["box"][2]), [name for _, name in WIDTHS])


def by_angle(records):
    return cut(records, lambda r: angle_class(r["outline"]), [name for _, name in ANGLES])


def by_state(records):
    """Of labelled states: as cut, with how many reads named a state, and the right one."""
    table = cut(records, lambda r: r["state"])
    for r in records:
        row = table[r["state"]]
        row["given"] = row.get("given", 0) + bool(r["jurisdiction"])
        row["right"] = row.get("right", 0) + (r["jurisdiction"] == r["state"])
    return table


def calibration(records, bins=10):
    """{"0.9-1.0": {"reads", "exact", "mean"}} of the reported reads, and "ece"."""
    rows = {}
    for r in records:
        if r["reported"]:
            b = min(int(r["confidence"] * bins), bins - 1)
            row = rows.setdefault(f"{b / bins:.1f}-{(b + 1) / bins:.1f}", {"reads": 0, "exact": 0, "mean": 0})
            row["reads"] += 1
            row["exact"] += r["exact"]
            row["mean"] += r["confidence"]
    for row in rows.values():
        row["mean"] /= row["reads"]
    return {"ece": calibration_error(records, bins), "bins": dict(sorted(rows.items()))}


def show(title, table):
    """Print {row: {column: number}} in columns."""
    print(f"\n{title}")
    if not table:
        print("  nothing")
        return
    columns = {c: max(len(c), 7) + 2 for c in next(iter(table.values()))}
    print("  " + " " * 18 + "".join(f"{c:>{w}}" for c, w in columns.items()))
    for name, row in table.items():
        cells = ((row.get(c, 0), w) for c, w in columns.items())
        print(f"  {name:<18}" + "".join(f"{v:>{w}.2f}" if isinstance(v, float) else f"{v:>{w}}" for v, w in cells))


def save(path, content):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(content, f, indent=1)
        f.write("\n")
