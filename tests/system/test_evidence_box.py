# SPDX-License-Identifier: Apache-2.0
"""Evidence as a part of the whole box: asked by the RTCC and on the box, carried by a process that cannot read it, opened on the desk."""
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.box import Box, build_folder
from tests.rtcc import Rtcc
from tests.rtcc.evidence import ANSWERS
from tests.truth import kept

TOOL = build_folder() / "bin/alprctl"


@pytest.fixture(scope="module")
def rtcc(certs, tmp_path_factory):
    with Rtcc(tmp_path_factory.mktemp("rtcc"), certs) as made:
        yield made


@pytest.fixture(scope="module")
def box(rtcc, tmp_path_factory):
    """Some vehicles have driven past, and none was a hit: there is no hotlist."""
    with Box(tmp_path_factory.mktemp("box"), {
            "camera": {"driver": "sim", "passages": 1, "rate": 10, "seed": 5, "hard": "none"},
            "evidence": {"ca": rtcc.certs / "ca.crt", "per_hour": 100},
            "uplink": rtcc.uplink(evidence_poll_s=0.2, retry_min_s=0.1, retry_max_s=0.5, heartbeat_s=1, stall_timeout_s=1)}) as made:
        made.wait_ended(60)
        yield made


@pytest.fixture(scope="module")
def read(box):
    """One of the reads that the box keeps."""
    return next(row for row in kept(box.store) if row["read"]["plate"] and row["pictures"][0])


def request(folder: Path, certs: Path, *words, role: str = "EVIDENCE") -> Path:
    out = folder / f"request-{time.time_ns()}.jws"
    subprocess.run([TOOL, "evidence", "request", "--key", certs / f"{role}.key", "--cert", certs / f"{role}.crt", "--camera", "demo-01",
                    "--case", "26-000123", "--purpose", "stolen-vehicle", "-o", out, *words], check=True, timeout=20, capture_output=True)
    return out


def opened(folder: Path, rtcc: Rtcc, answer: bytes) -> tuple:
    """Unpacked by the custodian's tool, everything verified against what the heartbeats say: (its folder, the manifest)."""
    (folder / "to-open.jwe").write_bytes(answer)
    out = folder / f"case-{time.time_ns()}"
    done = subprocess.run([TOOL, "evidence", "open", "--key", rtcc.certs / "EVIDENCE.key", "--ca", rtcc.certs / "ca.crt",
                           "--box-key", rtcc.heartbeats()[-1]["audit"]["key"], folder / "to-open.jwe", "-o", out],
                          timeout=20, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out, json.loads((out / "manifest.json").read_text())


def is_that_read(folder: Path, manifest: dict, read: dict) -> None:
    found, = [r for r in manifest["reads"] if r["passage"] == read["id"]]
    assert (found["plate"], found["hit"]) == (read["read"]["plate"], 0)
    for i, name in enumerate(("crop_0", "crop_1")):
        if read["pictures"][i]:
            assert (folder / f"reads/{read['id']}/{name}.jpg").read_bytes() == read["pictures"][i]
    assert (folder / "index.html").exists()


def memory(pid: int) -> bytes:
    """All that a process can write to, and what it has mapped of sealed memory."""
    seen = []
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
        for line in maps:
            fields = line.split(maxsplit=5)
            if ("w" in fields[1] or "memfd:" in line) and "r" in fields[1]:
                begin, end = (int(x, 16) for x in fields[0].split("-"))
                mem.seek(begin)
                seen.append(mem.read(end - begin))
    return b"\0".join(seen)


# --- by the RTCC -----------------------------------------------------------------------------------------------------


def test_by_the_rtcc(box, rtcc, read, tmp_path):
    before = box.counters("uplink")["bytes_sent_hits"]
    digest = rtcc.evidence.ask(request(tmp_path, rtcc.certs, "--plate", read["read"]["plate"]).read_bytes())
    folder, manifest = opened(tmp_path, rtcc, rtcc.evidence.wait(digest))
    is_that_read(folder, manifest, read)
    assert manifest["request"] == digest
    assert box.counters("uplink")["bytes_sent_hits"] == before == 0 and rtcc.events() == {}
    box.wait(lambda b: b.counters("uplink")["evidence_answers"] >= 1 and b.counters("store")["pulls"] >= 1, 5, "counters")


def test_the_rtcc_hears_why_not(box, rtcc, read, tmp_path):
    for words, role, why in ((("--plate", "NONE"), "TECH", "EVIDENCE"), (("--plate", "NONE", "--purpose", "curiosity"), "EVIDENCE", "purpose")):
        digest = rtcc.evidence.ask(request(tmp_path, rtcc.certs, *words, role=role).read_bytes())
        end = time.monotonic() + 10
        while not (problem := rtcc.evidence.problem(digest)):
            assert time.monotonic() < end and not rtcc.evidence.answer(digest)
            time.sleep(0.05)
        assert why in problem["detail"] and "NONE" not in problem["detail"], problem


def test_what_carries_an_answer_never_has_the_read_in_its_memory(box, rtcc, read, tmp_path):
    """While it goes out, again and again: neither the plate, nor a crop, nor anything of either; but the sealed bytes, which show that we look at the
    right place. A process of the same user that is not root may not even look."""
    pid, plate, crop = box.pid("uplink"), read["read"]["plate"].encode(), read["pictures"][0]
    rtcc.fault(500, path=ANSWERS) # it is sent again and again
    try:
        asked = request(tmp_path, rtcc.certs, "--plate", plate.decode())
        digest = rtcc.evidence.ask(asked.read_bytes())
        box.wait(lambda b: any(r["path"] == f"{ANSWERS}/{digest}" for r in rtcc.requests()), 10, "the answer to be under way")
        if os.geteuid() != 0:
            with pytest.raises(PermissionError):
                memory(pid)
            return
        seen = memory(pid)
    finally:
        rtcc.heal()
    answer = rtcc.evidence.wait(digest, 40)
    assert box.pid("uplink") == pid and answer[:4000] in seen and answer[-4000:] in seen
    for what in (plate, crop, crop[:64], crop[200:232], crop[len(crop) // 2:len(crop) // 2 + 32], b"\xff\xd8\xff\xe0"):
        assert what not in seen, "uplink has the read in its memory"


# --- on the box ------------------------------------------------------------------------------------------------------


def test_on_the_box(box, rtcc, read, tmp_path):
    out = tmp_path / "answer.jwe"
    asked = request(tmp_path, rtcc.certs, "--plate", read["read"]["plate"])
    done = subprocess.run([TOOL, "-c", box.conf, "evidence", "pull", asked, "-o", out], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    folder, manifest = opened(tmp_path, rtcc, out.read_bytes())
    is_that_read(folder, manifest, read)
    again = subprocess.run([TOOL, "-c", box.conf, "evidence", "pull", asked, "-o", tmp_path / "again.jwe"], capture_output=True, text=True,
                           timeout=30, check=False)
    assert again.returncode == 1 and again.stderr.startswith("alprctl: evidence: refused: ") and not (tmp_path / "again.jwe").exists()
    assert read["read"]["plate"] not in again.stderr


def test_nothing_is_an_answer_too_and_the_chain_tells_of_all(box, rtcc, tmp_path):
    out = tmp_path / "answer.jwe"
    subprocess.run([TOOL, "-c", box.conf, "evidence", "pull", request(tmp_path, rtcc.certs, "--plate", "NONE"), "-o", out], check=True, timeout=30,
                   capture_output=True)
    assert opened(tmp_path, rtcc, out.read_bytes())[1]["reads"] == []
    with box.database() as database:
        records = [tuple(row) for row in database.execute("SELECT outcome, purpose, case_number FROM audit WHERE what = 'evidence'")]
    assert records.count(("sealed", "stolen-vehicle", "26-000123")) >= 2
    subprocess.run([TOOL, "-c", box.conf, "audit", "verify"], check=True, capture_output=True, timeout=20)


def test_a_store_that_dies_meanwhile(box, rtcc, read, tmp_path):
    """Killed with requests of both ways on their way: each ends with an answer or a reason, and nobody waits for ever."""
    digests, pulls = [], []
    for i in range(3):
        digests.append(rtcc.evidence.ask(request(tmp_path, rtcc.certs, "--plate", read["read"]["plate"]).read_bytes()))
        pulls.append(subprocess.Popen([TOOL, "-c", box.conf, "evidence", "pull", request(tmp_path, rtcc.certs, "--plate", "NONE"), "-o",
                                       tmp_path / f"{i}.jwe"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        time.sleep(0.03)
        old = box.pid("store")
        os.kill(old, 9)
        box.wait(lambda b: (s := b.status().get("store", {})).get("running") and s["pid"] not in (0, old), 20, "the store to be back")
    for process in pulls:
        _, err = process.communicate(timeout=20)
        assert process.returncode == 0 or err.startswith("alprctl: evidence: "), err
    end = time.monotonic() + 30
    while not all(rtcc.evidence.dealt_with(d) for d in digests):
        assert time.monotonic() < end, [(rtcc.evidence.problem(d), bool(rtcc.evidence.answer(d))) for d in digests]
        time.sleep(0.1)
    subprocess.run([TOOL, "-c", box.conf, "audit", "verify"], check=True, capture_output=True, timeout=20)
