# SPDX-License-Identifier: Apache-2.0
"""The demo's report: one HTML page with a card for each passage, pictures beside it in pictures/."""
import difflib
import html
from pathlib import Path

import cv2
import numpy as np

SCENE_WIDTH = 560

STYLE = """
:root{--ink:#1c2430;--soft:#5d6a7a;--line:#dfe4ea;--paper:#f4f6f8;--card:#fff;--hit:#b3261e;--good:#1d7a46;--warn:#a15c00}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.45 system-ui,"DejaVu Sans",sans-serif}
header{background:#18222f;color:#fff;padding:26px 32px}header h1{margin:0 0 4px;font-size:24px}header p{margin:0;color:#b9c4d2;max-width:75em}
main{max-width:1240px;margin:0 auto;padding:24px}
.sum{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-bottom:26px}
.sum div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.sum b{display:block;font-size:24px;line-height:1.2}.sum span{color:var(--soft);font-size:13px}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;margin:0 0 18px;padding:16px 18px}
.card.hit{border:2px solid var(--hit)}
.top{display:flex;flex-wrap:wrap;align-items:baseline;gap:14px;margin-bottom:10px}
.plate{font:700 26px/1 "DejaVu Sans Mono",monospace;letter-spacing:2px;border:2px solid var(--ink);border-radius:7px;padding:5px 10px}
.tag{border-radius:20px;padding:2px 11px;font-size:13px;background:#e8edf2}.tag.hit{background:var(--hit);color:#fff}
.tag.good{background:#dff2e6;color:var(--good)}.tag.bad{background:#fde7d3;color:var(--warn)}
.soft{color:var(--soft);font-size:13px}
.pics{display:grid;grid-template-columns:1fr 1fr;gap:14px}.pic{position:relative;border-radius:8px;overflow:hidden;background:#0d1117;line-height:0}
.pic img{width:100%;display:block}.pic svg{position:absolute;inset:0;width:100%;height:100%}
.pic polygon{fill:none;stroke:#35e07c;stroke-width:3;vector-effect:non-scaling-stroke}
.none{display:flex;align-items:center;justify-content:center;min-height:120px;color:#8b98a8;line-height:1.4;font-size:13px}
.crop{display:flex;align-items:center;gap:12px;margin-top:8px}.crop img{height:96px;border-radius:5px;border:1px solid var(--line)}
table.chars{border-collapse:separate;border-spacing:3px;margin-top:12px}
table.chars td{width:38px;text-align:center;border-radius:6px;padding:3px 0;font:600 17px "DejaVu Sans Mono",monospace;background:#eef2f5}
table.chars td small{display:block;font:11px system-ui,sans-serif;color:var(--soft)}table.chars th{font-weight:400;font-size:13px;color:var(--soft);text-align:right;padding-right:8px}
table.chars td.no{background:#fde7d3;color:var(--warn)}table.chars td.off{background:none;color:#b9c2cc}
.match{margin-top:12px;border-left:4px solid var(--hit);padding:6px 14px;background:#fdf3f2}.match ul{margin:4px 0 0 18px;padding:0}
h2{font-size:18px;margin:28px 0 12px}
@media(max-width:760px){.pics{grid-template-columns:1fr}}
"""


def _save(folder: Path, name: str, picture: np.ndarray) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / name), picture, [cv2.IMWRITE_JPEG_QUALITY, 82])
    return f"{folder.name}/{name}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _scene(folder: Path, name: str, angle: dict) -> str:
    picture = angle.get("scene")
    if picture is None:
        return '<div class="pic none">no picture from this camera</div>'
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (SCENE_WIDTH, round(height * SCENE_WIDTH / width)), interpolation=cv2.INTER_AREA)
    source = _save(folder, name, small)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(angle["quad"][::2], angle["quad"][1::2]))
    return (f'<div class="pic"><img loading="lazy" alt="{html.escape(angle["name"])}" src="{source}">'
            f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none"><polygon points="{points}"/></svg></div>')


def _crop(folder: Path, name: str, angle: dict) -> str:
    if angle.get("crop") is None:
        return ""
    source = _save(folder, name, angle["crop"])
    return (f'<div class="crop"><img alt="plate, {html.escape(angle["name"])}" src="{source}"><span class="soft">'
            f'{html.escape(angle["name"])}: <b>{html.escape(angle["text"] or "unread")}</b>, confidence '
            f'{angle["confidence"]:.2f}, {_count(angle["frames"], "frame")}</span></div>')


def _aligned(text: str, other: str) -> list:
    """`other` laid out under the characters of `text`: one string (or '') for each of them."""
    cells = [""] * len(text)
    for tag, a0, a1, b0, b1 in difflib.SequenceMatcher(None, text, other, autojunk=False).get_opcodes():
        if tag in ("equal", "replace"):
            for i in range(min(a1 - a0, b1 - b0)):
                cells[a0 + i] = other[b0 + i]
    return cells


def _characters(passage: dict) -> str:
    text = passage["text"]
    if not text:
        return ""
    cells = "".join(f"<td>{html.escape(c)}<small>{p:.2f}</small></td>" for c, p in zip(text, passage["chars"]))
    rows = [f"<tr><th>both angles, all frames</th>{cells}</tr>"]
    for angle in passage["angles"]:
        if not angle["present"]:
            continue
        line = []
        for fused, own in zip(text, _aligned(text, angle["text"])):
            kind = "" if own == fused else (' class="no"' if own else ' class="off"')
            line.append(f"<td{kind}>{html.escape(own) or '&middot;'}</td>")
        rows.append(f"<tr><th>{html.escape(angle['name'])}</th>{''.join(line)}</tr>")
    return f'<table class="chars">{"".join(rows)}</table>'


def _match(hit: dict) -> str:
    if not hit:
        return ""
    entries = "".join(
        f"<li>category {html.escape(e['category'])}, case {html.escape(e['case_number'])}, ORI {html.escape(e['ori'])}"
        f"{', ' + html.escape(e['vehicle']) if e['vehicle'] else ''}</li>" for e in hit["entries"])
    verify = "; ".join(html.escape(v) for v in hit["verify"])
    return (f'<div class="match"><b>{html.escape(hit["grade"])}</b> against hotlist version {hit["version"]}, '
            f'age {hit["age_s"]} s; acknowledged by the RTCC {hit["latency_ms"]} ms after exposure<ul>{entries}</ul>'
            f'<span class="soft">A lead, not an identification. To verify: {verify}</span></div>')


def _card(folder: Path, index: int, passage: dict) -> str:
    tags = []
    if passage.get("hit"):
        tags.append('<span class="tag hit">HIT</span>')
    if passage.get("truth") is not None:
        exact = passage["truth"] == passage["text"]
        tags.append('<span class="tag good">exact</span>' if exact
                    else f'<span class="tag bad">truth: {html.escape(passage["truth"] or "no plate")}</span>')
    if passage["degraded"]:
        tags.append('<span class="tag bad">one angle only</span>')
    scenes = "".join(f"<div>{_scene(folder, f'{index:03d}-{n}.jpg', a)}{_crop(folder, f'{index:03d}-{n}-plate.jpg', a)}</div>"
                     for n, a in enumerate(passage["angles"]))
    others = ", ".join(f"{html.escape(a['text'])} {a['confidence']:.2f}" for a in passage["alternatives"][1:4])
    return (f'<section class="card{" hit" if passage.get("hit") else ""}"><div class="top">'
            f'<span class="plate">{html.escape(passage["text"] or "unread")}</span>'
            f'<span>{html.escape(passage["jurisdiction"] or "jurisdiction unknown")}</span>{"".join(tags)}'
            f'<span class="soft">{html.escape(passage["time"])} &middot; confidence {passage["confidence"]:.3f} &middot; '
            f'{_count(passage["pairs"], "pair")}{" &middot; else: " + others if others else ""}</span></div>'
            f'<div class="pics">{scenes}</div>{_characters(passage)}{_match(passage.get("hit"))}</section>')


def _evidence(pulled) -> str:
    if not pulled:
        return ""
    verified = "".join(f"<li>{html.escape(line)}</li>" for line in pulled["verified"])
    return (f'<h2>Evidence, asked for by a custodian</h2><section class="card"><b>{_count(pulled["reads"], "read")}</b> of a vehicle that was no '
            f'hit: a signed request for its exact plate came by the RTCC, and after {pulled["seconds"]:.1f} s {pulled["bytes"]:,} bytes '
            f'were back, sealed to the key of the custodian. <a href="{html.escape(pulled["page"])}">What was in them</a>, as '
            f'<code>alprctl evidence open</code> shows it. Verified:<ul>{verified}</ul></section>')


def write(path: Path, title: str, about: str, figures: list, passages: list, evidence: dict = None) -> None:
    """Write the page. `figures`: (value, caption) of the summary; `passages`, `evidence`: see demo.py."""
    folder = path.parent / "pictures"
    hits_first = sorted(enumerate(passages), key=lambda p: (not p[1].get("hit"), p[0]))
    cards = "".join(_card(folder, i, p) for i, p in hits_first)
    boxes = "".join(f"<div><b>{html.escape(str(v))}</b><span>{html.escape(c)}</span></div>" for v, c in figures)
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style><header><h1>{html.escape(title)}</h1>"
        f"<p>{html.escape(about)}</p></header><main><div class=\"sum\">{boxes}</div>"
        f"{_evidence(evidence)}<h2>Passages, hits first</h2>{cards}</main></html>", encoding="utf-8")
