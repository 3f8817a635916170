# SPDX-License-Identifier: Apache-2.0
"""The store against its bars: ingest, purge, pull, growth, bytes written, size, and what can be carved of what was purged."""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import store_carve
from tests.bench.bars import Bars
from tests.bench.store_disk import Disk, why_no_disk
from tests.bench.store_pulls import pulls
from tests.bench.store_purge import HOUR_READS, purge_ingest
from tests.bench.store_window import window
from tests.rtcc import make_certs

PASSAGES = 40_000 * 90  # a day, for as long as reads are kept
# GB of a disk of 128 that are not the ring's: system 8, three hotlists of ten million entries (in force, next, on its way) 2,
# reserve and what the configuration leaves to others 1.
BESIDE = 11
PARTS = ("ingest", "pull", "evidence", "purge", "growth", "amplification", "carve")


class Bench:
    def __init__(self, build: Path, folder: Path, short: bool):
        self.build, self.folder, self.short = Path(build), Path(folder), short
        self.bars, self.n = Bars(), 0
        self.no_disk = why_no_disk(self.new())

    def new(self) -> Path:
        self.n += 1
        folder = self.folder / str(self.n)
        folder.mkdir()
        return folder

    def run(self, program: str, *words, show=True) -> list:
        """The JSON objects that a program of test/bench prints."""
        start = time.monotonic()
        done = subprocess.run([self.build / "test/bench" / program, *map(str, words)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"bench_store: {program}: {done.stderr}")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        for row in rows if show else []:
            said = " ".join(f"{k} {v}" for k, v in row.items() if not isinstance(v, dict))
            print(f"# {program} ({time.monotonic() - start:.1f} s): {said}", flush=True)
        return rows

    def ingest(self) -> None:
        """Passages that come sixteen at a time, as the role takes them, and one by one, that turn by turn with plain SQLite: what
        else the machine does meets both."""
        rounds, passages = (5, 1000) if self.short else (5, 5000)
        ours, plain, together = [], [], []
        for _ in range(rounds):
            ours += self.run("store_ingest", "--passages", passages, self.new() / "store")
            plain += self.run("store_plain", "--passages", passages, self.new() / "plain")
            together += self.run("store_ingest", "--passages", passages, "--together", 16, self.new() / "store")
        best = max(together, key=lambda r: r["a_second"])
        self.bars.at_least("store_ingest", best["a_second"], "reads/s", 200)
        self.bars.at_most("store_ingest_p99", best["p99_ms"], "ms", 50)
        self.bars.at_most("store_ingest_alone_p99", max(ours, key=lambda r: r["a_second"])["p99_ms"], "ms", 50)
        ratios = sorted(o["a_second"] / p["a_second"] for o, p in zip(ours, plain))
        self.bars.at_least("store_ingest_to_sqlite", ratios[len(ratios) // 2], "times", 0.33)

    def pull(self) -> tuple:
        """The full ring: its folder, and how often a plate that passes daily is in it."""
        data = self.new() / "data"
        got, = self.run("store_pull", "--reads", 360_000 if self.short else 3_600_000, "--whole", 2 if self.short else 6, data)
        plates = ("oldest", "newest", "daily", "never")
        self.bars.at_most("store_pull_plate", max(got[f"{name}_cold_ms"] for name in plates), "ms", 1000)
        self.bars.at_most("store_pull_plate_again", max(got[f"{name}_ms"] for name in plates), "ms", 1000)
        return data, got["daily_found"]

    def evidence(self, data: Path, daily: int) -> None:
        """The same by the role: request, answer and all."""
        got = pulls(self.new(), data)
        for name, (first, again, reads) in got.items():
            print(f"# pull of a plate {name}: {reads} reads, {first:.0f} ms from the disk, {again:.0f} ms again", flush=True)
        if (got["never"][2], got["daily"][2]) != (0, daily):
            sys.exit("bench_store: a pull has not the reads that are there")
        self.bars.at_most("store_pull_sealed", max(first for first, _, _ in got.values()), "ms", 1000)
        for reads in (1700,) if self.short else (1700, 4000):
            w = window(self.new(), reads)
            print(f"# pull of an hour: {reads} reads, {w['bytes']} bytes, {w['took_s']:.2f} s; longest wait of {w['passages']} passages "
                  f"meanwhile {w['asked_ms']:.1f} ms, of 100 before {w['quiet_ms']:.1f} ms", flush=True)
            self.bars.at_most(f"store_pull_hour_{reads}_wait", w["asked_ms"], "ms", 150)

    def purge(self, data: Path) -> None:
        got = purge_ingest(self.new(), data, 2 if self.short else 6)
        print("# purge: " + " ".join(f"{k} {v:.2f}" for k, v in got.items()), flush=True)
        self.bars.at_most("store_purge_ingest", got["purging_p99_ms"] / got["quiet_p99_ms"], "times", 1.2)

    def growth(self) -> None:
        """Three years; and a ring that is full by bytes long before its reads are due."""
        a_day, hours = (60, 2) if self.short else (400, 4)
        rows = self.run("store_life", "--passages", a_day, "--hours", hours, self.new() / "years", show=False)
        quarters = [r for r in rows if r["day"] % 91 == 0]
        size = [r["database"] - r["audit"] + r["beside"] for r in quarters]
        for r, s in zip(quarters, size):
            print(f"# day {r['day']}: {s / 1e6:.2f} MB without the audit chain's {r['audit'] / 1e6:.2f}, WAL at most "
                  f"{r['wal_most'] / 1e6:.2f} MB, {r['passages']} passages, {r['periods']} keys", flush=True)
        self.bars.at_most("store_growth", 100 * (max(size[1:]) / size[0] - 1), "%", 5)
        years = (quarters[-1]["day"] - quarters[0]["day"]) / 365
        # Records do not depend on how many passages there are, but on keys: one for each hour in which anything passed.
        self.bars.at_most("store_audit_a_year", (quarters[-1]["audit"] - quarters[0]["audit"]) / years / hours * 24 / 1e6, "MB", 10)
        by_bytes = self.run("store_life", "--passages", 400, "--days", 40 if self.short else 150, "--bytes",
                            (40 if self.short else 160) << 20, self.new() / "bytes", show=False)[-1]
        for name, row in (("age", quarters[-1]), ("bytes", by_bytes)):
            each = (row["database"] - row["audit"]) / row["passages"]
            print(f"# full by {name}: {row['passages']} passages of {row['oldest_days']:.1f} days, {each:.0f} bytes each", flush=True)
            self.bars.at_most(f"store_size_by_{name}", each * PASSAGES / 1e9, "GB", 128 - BESIDE)

    def amplification(self) -> None:
        """A ring that is full, so that each read replaces one; whole hours, because reads go by the hour."""
        hours = 2 if self.short else 4
        for name, words in (("store_amplification", ["--hours", hours, "--passages", HOUR_READS * hours]),
                            ("store_amplification_alone", ["--hours", hours, "--passages", HOUR_READS * hours // 2, "--pause-ms", 5]),
                            ("store_amplification_by_bytes", ["--full", HOUR_READS * hours, "--passages", HOUR_READS * hours])):
            work = self.new()
            if self.no_disk:
                got, = self.run("store_ingest", *words, work / "store")
                counted = got["device_bytes"]
            else:
                with Disk(work, 1024) as disk:
                    loop = disk.device().removeprefix("loop")
                    got, = self.run("store_ingest", *words, "--loop", loop, disk.folder / "store")
                counted = got["disk_bytes"]
            print(f"# {name}: a read of {got['payload_bytes']:.0f} bytes: to the file system {got['wal_bytes'] + got['database_bytes']:.0f}, "
                  f"made dirty {got['device_bytes']:.0f}, " +
                  (f"to the disk unknown ({self.no_disk})" if self.no_disk else f"to the disk {counted:.0f}"), flush=True)
            self.bars.at_most(name, counted / got["payload_bytes"], "times", 3)

    def carve(self) -> None:
        certs = make_certs(self.new())
        n = 30 if self.short else 120
        for tpm in (False, True):
            work = self.new()
            if self.no_disk:
                store_carve.live(self.bars, work, certs, None, tpm, n)
                continue
            with Disk(work, 256) as disk:
                store_carve.live(self.bars, work, certs, disk, tpm, n)
        if self.no_disk:
            self.bars.not_run([f"store_carve_tpm_disk_{what}" for what in ("plates", "images", "keys")], self.no_disk)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", choices=PARTS, action="append", help="these parts alone")
    given = parser.parse_args()
    os.environ["ALPR_BUILD"] = str(Path(given.build).resolve())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no disk stays mounted
    parts = given.only or PARTS
    with tempfile.TemporaryDirectory(dir=given.build) as folder:
        bench = Bench(Path(given.build).resolve(), Path(folder).resolve(), given.short)
        if "ingest" in parts:
            bench.ingest()
        if {"pull", "evidence", "purge"} & set(parts):
            data, daily = bench.pull()
            if "evidence" in parts:
                bench.evidence(data, daily)
            if "purge" in parts:
                bench.purge(data)
        for part in ("growth", "amplification", "carve"):
            if part in parts:
                getattr(bench, part)()
        return bench.bars.end()


if __name__ == "__main__":
    sys.exit(main())
