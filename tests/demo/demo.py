#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
The whole product once, from nothing to hits: an RTCC on a real nginx that asks for client certificates, a signed hotlist, the
whole daemon on simulated pairs (or your photos), an evidence request, a summary, and a report with the pictures.
"""
import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests import feeds  # noqa: E402
from tests.box import Box, read_lines  # noqa: E402
from tests.demo import report  # noqa: E402
from tests.rtcc import Rtcc  # noqa: E402
from tests.truth import assign, kept, passages  # noqa: E402

WANTED = [("SK5K9V", "MO", "V"), ("DG3C8P", "MO", "F"), ("ZR51877", "IL", "P"), ("WN7H2B", "MO", "V")]
VEHICLES = [("2019", "TOYT", "CAM", "SIL"), ("2015", "FORD", "F15", "BLK"), ("2021", "HOND", "CIV", "BLU"), ("", "", "", "")]
NEVER_DRIVEN = [("QX1Z9Z", "MO", "V"), ("BB99999", "IL", "F")]
PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp"}


def say(text: str) -> None:
    print(f"demo: {text}", flush=True)


def feed_of(i: int, plate: str, category: str) -> str:
    """Each layout in turn; LEADS has no plates of more than eight characters, and no stolen plates or felonies."""
    layout = ("ncic-lpr", "csv", "ncic-csv", "il-leads")[i % 4]
    return "csv" if layout == "il-leads" and (len(plate) > 8 or category != "V") else layout


def hotlist(rtcc: Rtcc, build: Path, folder: Path, wanted: list) -> Path:
    """Compile the feeds of four agencies, sign and verify the list with the RTCC's own tool; returns the signed bundle."""
    raw, bundle = folder / "list.raw", folder / "list.alpb"
    now = time.time()
    rows = {}
    for i, (plate, state, category) in enumerate(wanted):
        vyr, vma, vmo, vco = VEHICLES[i % len(VEHICLES)]
        layout = feed_of(i, plate, category)
        rows.setdefault(layout, []).append(feeds.row(
            layout, lic=plate, lis=state, category=category, number=100200 + i, ori="MO0950000", vyr=vyr, vma=vma, vmo=vmo, vco=vco,
            entered=time.strftime("%Y%m%d", time.gmtime(now - 86400)), expires=time.strftime("%Y-%m-%d", time.gmtime(now + 30 * 86400))))
    words = []
    for layout, lines in rows.items():
        path = folder / f"{layout}.feed"
        path.write_text(feeds.feed(layout, lines))
        words += feeds.words(layout, path)
    tool = build / "bin/alpr-hotlist"
    for call in (["compile", *words, "--out", raw, "--version", "1", "--max-age", "86400", "--strict"],
                 ["sign", "--key", rtcc.certs / "hotlist.key", "--in", raw, "--out", bundle],
                 ["verify", "--key", rtcc.certs / "hotlist.pub", bundle]):
        subprocess.run([tool, *map(str, call)], check=True, stdout=subprocess.DEVNULL)
    say(f"a hotlist: {len(wanted)} entries compiled, signed, verified, from "
        + ", ".join(f"{layout} ({len(lines)})" for layout, lines in rows.items()))
    return bundle


def simulated(folder: Path, wanted: list, count: int) -> dict:
    plates = folder / "wanted.plates"
    plates.write_text("".join(f"{plate} {state}\n" for plate, state, _ in wanted))
    return {"driver": "sim", "seed": 2026, "passages": count, "rate": 10, "light": "day", "weather": "clear", "hard": "none",
            "plates": plates, "truth": folder / "truth.jsonl", "record": folder / "frames"}


def photographs(folder: Path, scenes: Path) -> tuple:
    """Camera section and truth ({file name: plate}) for a folder of photos; the truth from a .tsv beside it, if any."""
    files = sorted(p for p in scenes.iterdir() if p.suffix.lower() in PHOTO_SUFFIXES)
    if not files:
        sys.exit(f"demo: {scenes}: no photos in it")
    sizes = [cv2.imread(str(p), cv2.IMREAD_GRAYSCALE) for p in files]
    width = min(1920, max(s.shape[1] for s in sizes if s is not None))
    height = min(1440, max(s.shape[0] for s in sizes if s is not None))
    table = scenes.parent / f"{scenes.name}.tsv"
    truth = {}
    if table.exists():
        for line in table.read_text().splitlines():
            fields = line.split("\t")
            truth[fields[0]] = fields[-1]
    camera = {"driver": "replay", "source": scenes.resolve(), "single": "yes", "rate": 2,
              "width": width, "height": height, "truth": folder / "truth.jsonl"}
    return camera, truth


def watch(box: Box, total: int) -> None:
    """Show what the box counts until the source has ended and every hit is acknowledged."""
    said, end = None, time.monotonic() + 900
    while time.monotonic() < end:
        status = box.status()
        store, capture = (status.get(r, {}).get("counters", {}) for r in ("store", "capture"))
        line = (f"{store.get('passages', 0)} of about {total} passages, {store.get('hits', 0)} hits, "
                f"{store.get('hits_acknowledged', 0)} acknowledged")
        if line != said:
            say(line)
            said = line
        if capture.get("ended") and not store.get("hits_pending"):
            return
        if box.daemon.poll() is not None:
            sys.exit(f"demo: the daemon ended early; its log is {box.log}")
        time.sleep(1)
    sys.exit("demo: the run did not end in time")


def frame_of(folder: Path, angle: dict, photos: dict):
    """The frame that an angle's capture time names, or None."""
    if not angle["present"]:
        return None
    path = photos.get(angle["capture_ns"]) or folder / "frames" / f"cam{angle['camera']}" / f"{angle['capture_ns']}.jpg"
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if Path(path).exists() else None


def pull_evidence(box: Box, rtcc: Rtcc, folder: Path):
    """A custodian asks by the RTCC for the plate of a vehicle that was no hit, and opens the answer: what to show of it; None: there was
    no such vehicle."""
    row = next((r for r in kept(box.store, box.build) if not r["hit"] and r["read"]["plate"] and r["pictures"][0]), None)
    if row is None:
        return None
    tool, custodian = box.build / "bin/alprctl", [f"--{what}={rtcc.certs / f'EVIDENCE.{kind}'}" for what, kind in (("key", "key"), ("cert", "crt"))]
    request, answer, case = folder / "request.jws", folder / "answer.jwe", folder / "evidence"
    subprocess.run([tool, "evidence", "request", *custodian, "--camera", box.sections["site"]["name"], "--plate", row["read"]["plate"],
                    "--case", "26-001234", "--purpose", "felony-investigation", "-o", request], check=True, capture_output=True)
    say("a custodian asks by the RTCC for a vehicle that was no hit: a signed request for one exact plate")
    began = time.monotonic()
    answer.write_bytes(rtcc.evidence.wait(rtcc.evidence.ask(request.read_bytes()), 60))
    took = time.monotonic() - began
    while not (keys := [beat["audit"]["key"] for beat in rtcc.heartbeats() if "key" in beat.get("audit", {})]):
        if time.monotonic() - began > 120: # they go out every minute
            sys.exit("demo: no heartbeat names the key that signs the box's audit chain")
        time.sleep(0.5)
    done = subprocess.run([tool, "evidence", "open", custodian[0], "--box-key", keys[-1], "--ca", rtcc.certs / "ca.crt", answer, "-o", case],
                          check=True, capture_output=True, text=True)
    reads = json.loads((case / "manifest.json").read_text())["reads"]
    say(f"the answer, {answer.stat().st_size:,} sealed bytes, is there after {took:.1f} s, verified and opened")
    return {"page": f"{case.name}/index.html", "reads": len(reads), "bytes": answer.stat().st_size, "seconds": took,
            "verified": [line.removeprefix("verified: ") for line in done.stdout.splitlines() if line.startswith("verified: ")]}


def hit_of(event: dict, latency: dict) -> dict:
    data = event["data"]
    entries = []
    for entry in data["match"]["entries"]:
        vehicle = " ".join(v for v in entry["vehicle"].values() if v)
        entries.append({"category": entry["category"], "case_number": entry["case_number"], "ori": entry["ori"],
                        "vehicle": vehicle})
    return {"grade": data["match"]["grade"], "entries": entries, "version": data["list"]["version"],
            "age_s": data["list"]["age_s"], "verify": data["verify"], "latency_ms": latency.get(event["id"], "?")}


def collect(box: Box, rtcc: Rtcc, folder: Path, photos: dict, names: dict) -> tuple:
    events = rtcc.events()
    with box.database() as database:
        reads = passages(database, box.build)
        latency = {row["passage_id"].hex(): row["latency_ms"] for row in
                   database.execute("SELECT passage_id, latency_ms FROM outbox WHERE latency_ms IS NOT NULL")}
    for read in reads:
        read["time"] = time.strftime("%H:%M:%S", time.gmtime(read["best_ns"] / 1e9)) + " UTC"
        read["hit"] = hit_of(events[read["id"]], latency) if read["id"] in events else None
        for angle in read["angles"]:
            angle["name"] = names[angle["camera"]]
            angle["scene"] = frame_of(folder, angle, photos)
            jpeg = angle.pop("jpeg")
            angle["crop"] = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE) if jpeg else None
    return reads, events, list(latency.values())


def score(reads: list, folder: Path, photos: dict, truth: dict) -> dict:
    if photos:
        for read in reads:
            name = Path(photos.get(read["angles"][0]["capture_ns"], "")).name
            read["truth"] = truth.get(name)
        exact = {Path(photos[r["angles"][0]["capture_ns"]]).name for r in reads if r["truth"] and r["truth"] == r["text"]}
        return {"vehicles": len(truth), "exact": len(exact), "duplicates": None, "invented": None}
    vehicles = read_lines(folder / "truth.jsonl")
    result = assign(reads, vehicles)
    for read in reads:
        read["truth"] = vehicles[read["vehicle"]]["plate"] if read["vehicle"] is not None else ""
    return result


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--build", type=Path, required=True)
    ask.add_argument("--scenes", type=Path, help="a folder of photos instead of the simulated street")
    ask.add_argument("--passages", type=int, default=30, help="vehicles of the simulated street")
    args = ask.parse_args()
    if args.scenes and not args.scenes.is_dir():
        sys.exit(f"demo: {args.scenes}: no such folder")
    if args.passages < len(WANTED):
        sys.exit(f"demo: {args.passages} passages: {len(WANTED)} wanted vehicles drive past, so that many at least")
    build = args.build.resolve()
    folder = build / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.monotonic()

    truth, photos = {}, {}
    if args.scenes:
        camera, truth = photographs(folder, args.scenes)
        wanted = [(plate, "", "V") for plate in list(truth.values())[::10]] or WANTED
    else:
        wanted = WANTED
        camera = simulated(folder, wanted, args.passages)
    say("an RTCC: certificates, nginx that verifies clients, receiver")
    with Rtcc(folder / "rtcc") as rtcc:
        bundle = hotlist(rtcc, build, folder, wanted + NEVER_DRIVEN)
        box = Box(folder / "box", {
            "camera": camera,
            "vision": {"stills": "yes"} if args.scenes else {},
            "hotlist": {"path": bundle, "key": rtcc.certs / "hotlist.pub"},
            "uplink": rtcc.uplink(evidence_poll_s=1),
            "evidence": {"ca": rtcc.certs / "ca.crt"},
        }, build)
        say("a box: parent, capture, vision, store, uplink, device, control")
        with box:
            box.wait_running()
            watch(box, len(truth) or args.passages)
            evidence = pull_evidence(box, rtcc, folder)
            counters = {role: s.get("counters", {}) for role, s in box.status().items()}
            memory = sum(box.resident_kb().values()) / 1024
            stopped = box.stop()
        if args.scenes:
            photos = {line["capture_ns"]: args.scenes / Path(line["file"]).name for line in read_lines(folder / "truth.jsonl")}
        reads, events, latency = collect(box, rtcc, folder, photos, {0: "north-left", 1: "north-right"})
        result = score(reads, folder, photos, truth)
        door = rtcc.door()
    return summary(folder, args, reads, events, latency, result, counters, door, evidence, memory, stopped, began)


def summary(folder, args, reads, events, latency, result, counters, door, evidence, memory, stopped, began) -> int:
    uplink = counters.get("uplink", {})
    # Counted by nginx, not by the box: whatever came that was neither a stored hit nor a question for the hotlist or for a request, nor
    # a heartbeat, which the RTCC has found within its schema: no plate, no picture; nor the one answer that a custodian asked for.
    stray = sum(r["bytes_in"] for r in door if r["method"] != "GET"
                and not (r["uri"] in ("/v1/hits", "/v1/heartbeat") and 200 <= r["status"] < 300)
                and not (evidence and r["uri"].startswith("/v1/evidence/answers/") and r["status"] in (201, 202)))
    beats = sum(r["bytes_in"] for r in door if r["uri"] == "/v1/heartbeat")
    figures = [
        (len(reads), "passages"), (sum(1 for r in reads if r["text"]), "reads"),
        (f"{result['exact']} of {result['vehicles']}", "exact against the truth"),
        (len([r for r in reads if r["hit"]]), "hits"), (len(events), "received and stored by the RTCC"),
        (f"{statistics.median(latency):.0f} ms" if latency else "-", "median, exposure to acknowledgement"),
        (f"{uplink.get('bytes_sent_hits', 0):,}", "bytes of hits sent"), (stray, "non-hit bytes sent, heartbeats and evidence aside"),
        (f"{beats:,}", "bytes of heartbeats, without plates"),
        (f"{evidence['bytes']:,}" if evidence else "-", "bytes of evidence, sealed to the custodian who asked"),
        (f"{memory:.0f} MB", "resident, all roles together"),
    ]
    if result["invented"] is not None:
        figures[3:3] = [(result["duplicates"], "duplicates"), (result["invented"], "invented plates")]
    what = f"photos of {args.scenes}" if args.scenes else "a simulated street"
    report.write(folder / "report.html", "ALPR edge firmware: demo",
                 f"The whole daemon on {what}, against a real nginx with client certificates. Only hits were sent; the other "
                 "pictures on this page come from the box's own store and from the source of the frames.", figures, reads, evidence)
    print()
    for value, caption in figures:
        print(f"  {value!s:>14}  {caption}")
    print(f"\n  report: {folder / 'report.html'}\n  took {time.monotonic() - began:.0f} s", flush=True)
    waiting = counters.get("store", {}).get("hits_pending", 0)
    asked = evidence and evidence["reads"] > 0 or all(r["hit"] or not r["text"] for r in reads)
    good = stopped == 0 and stray == 0 and asked and waiting == 0 and reads and len(events) == len([r for r in reads if r["hit"]])
    print("  demo: " + ("done" if good else "SOMETHING IS WRONG: see the summary above"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
