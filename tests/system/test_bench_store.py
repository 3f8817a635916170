# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of make bench-store, held to programs that say what they are told to; and its real programs, in small."""
import json
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench import store_purge
from tests.bench.store_disk import Disk, why_no_disk
from tests.box import ROOT, build_folder

BAR = re.compile(r"BAR (\S+) (\S+) (\S+) (\S+) (PASS|FAIL)$", re.M)
TOLD = """#!/usr/bin/python3
import json, sys
from pathlib import Path
told = json.loads(Path(sys.argv[0] + ".json").read_text())
if told is None:
    sys.exit("it has failed")
print("\\n".join(map(json.dumps, told)))
"""
PULL = {f"{name}{cold}_ms": 90.0 for name in ("oldest", "newest", "daily", "never") for cold in ("", "_cold")} | {"daily_found": 90}
INGEST = {"payload_bytes": 10000, "wal_bytes": 12000, "database_bytes": 12000, "device_bytes": 26000, "disk_bytes": 29000}


def quarter(day: int, **other) -> dict:
    """Records of the chain are two a day, of 200 bytes: one key a day as --short has two."""
    return {"day": day, "database": 80_000_000 + 400 * day, "beside": 9_000_000, "wal_most": 1_000_000, "audit": 400 * day,
            "passages": 5000, "periods": 180, "oldest_days": 89.7} | other


class World:
    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "test/bench").mkdir(parents=True)
        self.told = {"store_ingest": [INGEST | {"a_second": 1000, "p99_ms": 9.0}], "store_plain": [{"a_second": 2000}],
                     "store_pull": [PULL], "store_life": [quarter(91 * i) for i in range(1, 13)] + [quarter(1100)]}
        for name in self.told:
            program = folder / "test/bench" / name
            program.write_text(TOLD)
            program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def run(self, *parts):
        """(exit status, {bar: (value, passed)}, stdout, stderr)"""
        for name, rows in self.told.items():
            (self.folder / f"test/bench/{name}.json").write_text(json.dumps(rows))
        words = [word for part in parts for word in ("--only", part)]
        done = subprocess.run([sys.executable, "-m", "tests.bench.bench_store", "--build", self.folder, "--short", *words], cwd=ROOT,
                              capture_output=True, text=True, timeout=60, check=False)
        bars = {name: (float(value), verdict == "PASS") for name, value, _, _, verdict in BAR.findall(done.stdout)}
        return done.returncode, bars, done.stdout, done.stderr


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_a_store_as_it_should_be_passes(world):
    status, bars, out, errors = world.run("ingest", "pull", "growth", "amplification")
    assert status == 0, out + errors
    assert bars == {"store_ingest": (1000, True), "store_ingest_p99": (9, True),
                    "store_ingest_alone_p99": (9, True), "store_ingest_to_sqlite": (0.5, True),
                    "store_pull_plate": (90, True), "store_pull_plate_again": (90, True), "store_growth": (0, True),
                    "store_audit_a_year": (1.75, True), "store_size_by_age": (57.6, True), "store_size_by_bytes": (57.6, True),
                    **{name: (2.6 if os.geteuid() else 2.9, True) for name in
                       ("store_amplification", "store_amplification_alone", "store_amplification_by_bytes")}}
    assert out.splitlines()[-1] == "13 passed, 0 failed"
    assert not [p for p in world.folder.iterdir() if p.name != "test"], "something was left behind"


WORSE = {
    "slow": ({"store_ingest": [INGEST | {"a_second": 199, "p99_ms": 51.0}]}, "ingest",
             {"store_ingest", "store_ingest_p99", "store_ingest_alone_p99", "store_ingest_to_sqlite"}),
    "looks long for one plate": ({"store_pull": [PULL | {"never_cold_ms": 1001.0}]}, "pull", {"store_pull_plate"}),
    "grows": ({"store_life": [quarter(91 * i, database=80_000_000 + 500_000 * i) for i in range(1, 14)]}, "growth", {"store_growth"}),
    "has a WAL that grows": ({"store_life": [quarter(91), quarter(182, beside=15_000_000), quarter(273)]}, "growth", {"store_growth"}),
    "is too large": ({"store_life": [quarter(91 * i, passages=2400) for i in range(1, 13)]}, "growth",
                     {"store_size_by_age", "store_size_by_bytes"}),
    "records too much": ({"store_life": [quarter(91 * i, database=10**9, audit=10**6 * i) for i in range(1, 13)]}, "growth",
                         {"store_audit_a_year", "store_size_by_age", "store_size_by_bytes"}),
    "writes too much": ({"store_ingest": [INGEST | {"disk_bytes": 30100, "device_bytes": 30100}]}, "amplification",
                        {"store_amplification", "store_amplification_alone", "store_amplification_by_bytes"}),
}


@pytest.mark.parametrize("what", WORSE)
def test_a_store_that(world, what):
    told, part, fails = WORSE[what]
    world.told |= told
    status, bars, _, _ = world.run(part)
    assert status == 1 and {name for name, (_, passed) in bars.items() if not passed} == fails


@pytest.mark.parametrize("program", ["store_ingest", "store_plain", "store_pull", "store_life"])
def test_a_program_that_fails_is_no_result(world, program):
    world.told[program] = None
    status, _, out, errors = world.run("ingest", "pull", "growth")
    assert status == 1 and "passed" not in out and f"{program}: it has failed" in errors


# --- the real ones ------------------------------------------------------------------------------------------------------


def real(program: str, *words) -> list:
    done = subprocess.run([build_folder() / "test/bench" / program, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("program", ["store_ingest", "store_plain", "store_life", "store_pull"])
def test_wrong_calls(tmp_path, program):
    for words in ([], ["--nonsense", "1", tmp_path], ["--passages"], [tmp_path / "a", tmp_path / "b"]):
        done = subprocess.run([build_folder() / "test/bench" / program, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 2 and done.stderr.startswith(f"usage: {program} ")


def test_days_go_by(tmp_path):
    row = real("store_life", "--days", 9, "--passages", 70, "--hours", 2, "--retention", 2, "--hits", 35, tmp_path / "life")[-1]
    # Of two days of the week 52, and the hour in which a read falls due begins up to an hour before.
    assert 70 <= row["passages"] <= 160 and row["oldest_days"] <= 2 and row["periods"] <= 6
    assert 0 < row["outbox"] <= 6 and row["audit_records"] > 30 and row["audit"] >= 4096
    full = real("store_life", "--days", 9, "--passages", 200, "--hours", 1, "--bytes", 4 << 20, tmp_path / "full")[-1]
    assert full["used"] <= 4.2e6 and full["passages"] < 400


def test_bytes_of_a_disk_of_its_own_are_counted(tmp_path):
    if why := why_no_disk(tmp_path):
        assert os.geteuid() != 0 or "mount" in why
        return
    with Disk(tmp_path, 64) as disk:
        before = disk.written()
        (disk.folder / "file").write_bytes(os.urandom(3 << 20))
        assert 3 << 20 <= disk.written() - before < 4 << 20
        got, = real("store_ingest", "--passages", 50, "--loop", disk.device().removeprefix("loop"), disk.folder / "store")
    assert got["payload_bytes"] < got["disk_bytes"] and got["wal_bytes"] + got["database_bytes"] <= 1.5 * got["disk_bytes"]


def test_an_hour_is_purged_while_passages_come(tmp_path, monkeypatch):
    monkeypatch.setattr(store_purge, "QUIET_S", 1)
    monkeypatch.setattr(store_purge, "RATE", 50)
    got, = real("store_pull", "--reads", 4800, "--periods", 24, "--whole", 1, tmp_path / "data")
    assert got["daily_found"] >= 1 and got["oldest_found"] == 1 and got["never_found"] == 0 and got["periods"] == 24
    start = time.monotonic()
    got = store_purge.purge_ingest(tmp_path, tmp_path / "data", 1)
    assert got["quiet"] > 20 and got["purging"] > 20 and 0 < got["seconds_an_hour"] < time.monotonic() - start
    assert got["purging_most_ms"] >= got["purging_p99_ms"] >= got["purging_median_ms"] > 0
