# SPDX-License-Identifier: Apache-2.0
"""Labels that the reader contradicts with confidence: a crop of each and a page to look through."""
import html
import os
import shutil

SURE = 0.95

STYLE = "body{font:16px sans-serif;margin:2em}td,th{padding:.4em 1em;text-align:left;border-bottom:1px solid #ccc}code{font-size:1.2em}"


def doubtful(records):
    """Records whose read is not the label with confidence >= SURE."""
    return [r for r in records if r["reported"] and not r["exact"] and r["confidence"] >= SURE]


def crop(record, quad, path):
    """Write the surroundings of the quad as PNG; False when the photo does not decode."""
    import cv2  # not above: its size would count into the peak memory of what is measured (cost.run_lines)
    picture = cv2.imread(record["file"])
    if picture is None:
        return False
    height, width = picture.shape[:2]
    x0, x1, y0, y1 = min(quad[::2]), max(quad[::2]), min(quad[1::2]), max(quad[1::2])
    mx, my = (x1 - x0) * 0.3, (y1 - y0) * 0.5
    box = [max(int(x0 - mx), 0), max(int(y0 - my), 0), min(int(x1 + mx) + 1, width), min(int(y1 + my) + 1, height)]
    part = picture[box[1]:box[3], box[0]:box[2]]
    if part.size == 0:
        return False
    scale = max(1.0, 320 / part.shape[1])
    return cv2.imwrite(path, cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC))


def row(folder, name, picture, *cells):
    shown = f'<img src="{name}">' if picture else "not decoded"
    return f"<tr><td>{shown}</td>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in cells) + "</tr>\n"


def page(sets, folder):
    """
    Write crops and index.html below `folder`, emptied first, for sets {name: records}: labels in doubt, and what was reported away
    from the label. The doubted records.
    """
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    doubted, labels, elsewhere = [], "", ""
    for name, records in sets.items():
        for r in doubtful(records):
            picture = f"{name}-{len(doubted):03}.png"
            made = crop(r, r["quad"], os.path.join(folder, picture))
            labels += row(folder, picture, made, name, os.path.basename(r["file"]), r["plate"], r["text"], f"{r['confidence']:.3f}")
            doubted.append({"set": name, "file": os.path.basename(r["file"]), "label": r["plate"], "read": r["text"],
                            "confidence": r["confidence"]})
        for i, (r, f) in enumerate((r, f) for r in records for f in r["false"]):
            picture = f"{name}-elsewhere-{i:03}.png"
            made = crop(r, f["quad"], os.path.join(folder, picture))
            elsewhere += row(folder, picture, made, name, os.path.basename(r["file"]), "", f["text"], f"{f['confidence']:.3f}")
    head = "<tr><th></th><th>set</th><th>file</th><th>label</th><th>read</th><th>confidence</th></tr>"
    with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as f:
        f.write(f"<!doctype html><meta charset=utf-8><title>Labels in doubt</title><style>{STYLE}</style>"
                f"<h1>Labels in doubt</h1><p>Read otherwise with confidence {SURE} or more. A person decides which is right.</p>"
                f"<table>{head}{labels}</table><h1>Away from the label</h1><p>Reported with 0.5 or more where no label is: false, or "
                f"plates without a label.</p><table>{head}{elsewhere}</table>")
    return doubted
