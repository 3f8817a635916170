# SPDX-License-Identifier: Apache-2.0
"""The hotlist against its bars: ten million synthetic entries compiled, started, looked up; a day's delta of two million.

Times are processor time of the one thread that does the work, so that what else runs on the machine does not count; the wall
time is printed beside it."""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.bars import Bars
from tests.bench.hotlist_live import live


class Bench:
    def __init__(self, build, folder, entries, delta_entries):
        self.build, self.folder, self.entries, self.delta_entries = Path(build), Path(folder), entries, delta_entries
        self.bars = Bars()

    def path(self, name):
        return self.folder / name

    def run(self, *words):
        """Processor time and peak memory in MB of a program of the build."""
        start = time.monotonic()
        with open(self.path("log"), "w+", encoding="ascii") as log:
            pid = subprocess.Popen([self.build / words[0], *map(str, words[1:])], stdout=log, stderr=log).pid
            _, status, used = os.wait4(pid, 0)
            log.seek(0)
            said = log.read()
        if status != 0:
            sys.exit(f"bench_hotlist: {' '.join(map(str, words))}: {said}")
        seconds = used.ru_utime + used.ru_stime
        print(f"# {words[0]} {words[1]}: {seconds:.2f} s of processor time, {time.monotonic() - start:.2f} s by the clock, "
              f"{used.ru_maxrss / 1024:.0f} MiB", flush=True)
        return seconds, used.ru_maxrss / 1024

    def feed(self, name, entries, *changed):
        with open(self.path(name), "wb") as out:
            subprocess.run([self.build / "test/bench/make_hotlist", str(entries), *changed], stdout=out, check=True)

    def make(self, feed, version, *options):
        """A signed list of a feed: its path, and what compiling took."""
        unsigned, signed = self.path("unsigned"), self.path(f"list-{version}")
        took = self.run("bin/alpr-hotlist", "compile", *options, "--in", self.path(feed), "--out", unsigned, "--version", version,
                        "--max-age", 86400, "--allow-lookalike")
        self.run("bin/alpr-hotlist", "sign", "--key", self.path("key.pem"), "--in", unsigned, "--out", signed)
        unsigned.unlink()
        return signed, took

    def keys(self):
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                        self.path("key.pem")], check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", self.path("key.pem"), "-pubout", "-out", self.path("key.pub")], check=True)

    def lookups(self):
        self.feed("feed", self.entries)
        signed, (seconds, memory) = self.make("feed", 1)
        # Fewer entries must not take more than their share.
        self.bars.at_most("hotlist_compile", seconds, "s", 60 * self.entries / 10e6)
        self.bars.at_most("hotlist_compile_memory", memory, "MiB", 2048)
        self.bars.at_most("hotlist_bytes_per_entry", signed.stat().st_size / self.entries, "B", 64)
        said = subprocess.run([self.build / "test/bench/hotlist_speed", signed, self.path("key.pub"), self.path("feed"),
                               self.path("sqlite")], check=True, capture_output=True, text=True).stdout
        print("".join(f"# {line}\n" for line in said.splitlines()), end="")
        got = {name: float(value) for name, value in (line.split() for line in said.splitlines())}
        self.bars.at_most("hotlist_start", got["start_s"], "s", 1)
        self.bars.at_most("hotlist_resident", got["resident_mb"], "MB", 64)
        self.bars.at_least("hotlist_exact", got["exact_per_s"] / 1e6, "M/s", 5)
        self.bars.at_least("hotlist_exact_to_sqlite", got["exact_per_s"] / got["sqlite_per_s"], "times", 20)
        self.bars.at_least("hotlist_confusable", got["confusable_per_s"] / 1e6, "M/s", 0.5)

    def plates(self):
        """Of the feeds a wanted plate that is on the later one no more, and one that is on both."""
        gone = stays = None
        with open(self.path("feed"), encoding="ascii") as earlier, open(self.path("later"), encoding="ascii") as later:
            for n, (row, new) in enumerate(zip(earlier, later)):
                plate = tuple(row.split(",")[:2])
                if n == 0 or not plate[0].isalnum():
                    continue
                gone = gone or (plate if new != row else None)
                stays = stays or (plate if new == row else None)
                if gone and stays:
                    return gone, stays
        return sys.exit("bench_hotlist: no row is another")

    def live(self):
        """From uplink's offer until the store alerts by it, a vehicle every 50 ms; of what lookups has left."""
        self.feed("later", self.entries, "1")
        later, _ = self.make("later", 2)
        self.run("bin/alpr-hotlist", "delta", self.path("list-1"), later, "--out", self.path("delta"))
        took = live(self.folder, self.path("key.pub"), self.path("list-1"), self.path("delta"), *self.plates())
        print("".join(f"# live_{name} {value:.2f}\n" for name, value in took.items()), end="")
        if self.entries <= 1_000_000:
            self.bars.at_most("hotlist_withdrawn", took["silent_s"], "s", 5)
            self.bars.at_most("hotlist_delta_live", took["done_s"], "s", 5)
        for name in ("feed", "later", "list-1", "list-2"):
            self.path(name).unlink()

    def delta(self):
        """A day: one row in a hundred goes, another comes."""
        self.feed("old", self.delta_entries)
        self.feed("new", self.delta_entries, "1")
        old, _ = self.make("old", 2)
        new, _ = self.make("new", 3)
        self.run("bin/alpr-hotlist", "delta", old, new, "--out", self.path("delta"))
        self.bars.at_most("hotlist_delta", 100 * self.path("delta").stat().st_size / new.stat().st_size, "%", 3)
        seconds, _ = self.run("bin/alpr-hotlist", "apply", old, self.path("delta"), "--out", self.path("applied"))
        self.bars.at_most("hotlist_delta_applied", seconds, "s", 2 * self.delta_entries / 2e6)
        self.bars.at_most("hotlist_delta_bytes_that_differ", int(self.path("applied").read_bytes() != new.read_bytes()),
                          "files", 0)

    def delta_without_expiry(self):
        """The same day in a feed that has no expiry: each compile gives all rows a later one."""
        self.feed("old", self.delta_entries, "0", "-")
        self.feed("new", self.delta_entries, "1", "-")
        old, _ = self.make("old", 4, "--entry-age", 172800)
        new, _ = self.make("new", 5, "--entry-age", 172800)
        self.run("bin/alpr-hotlist", "delta", old, new, "--out", self.path("delta"))
        self.bars.at_most("hotlist_delta_without_expiry", 100 * self.path("delta").stat().st_size / new.stat().st_size, "%", 3)
        self.run("bin/alpr-hotlist", "apply", old, self.path("delta"), "--out", self.path("applied"))
        self.bars.at_most("hotlist_delta_without_expiry_that_differ", int(self.path("applied").read_bytes() != new.read_bytes()),
                          "files", 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--short", action="store_true")
    given = parser.parse_args()
    os.environ["ALPR_BUILD"] = given.build
    with tempfile.TemporaryDirectory(dir=given.build) as folder:
        bench = Bench(given.build, folder, *((1_000_000, 200_000) if given.short else (10_000_000, 2_000_000)))
        bench.keys()
        bench.lookups()
        bench.live()
        bench.delta()
        bench.delta_without_expiry()
        return bench.bars.end()


if __name__ == "__main__":
    sys.exit(main())
