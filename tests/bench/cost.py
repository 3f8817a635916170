# SPDX-License-Identifier: Apache-2.0
"""What reading costs: time, memory, instructions, and the same photos by OpenALPR where it is installed."""
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile


def run_lines(command):
    """
    Run a command that prints a JSON object a line: (lines, most resident kilobytes).

    The kernel counts into a child's peak what its parent had when it was started: so nothing large is imported here.
    """
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        lines = [json.loads(line) for line in out.read().decode().splitlines()]
    return lines, usage.ru_maxrss


def read(reader, files, threads=1):
    """(what alpr-read says of each file in order, most resident kilobytes); SystemExit when it does not speak of each."""
    lines, kb = run_lines([reader, "--threads", str(threads), *files])
    if len(lines) != len(files):
        raise SystemExit(f"bench-reader: alpr-read gave {len(lines)} lines for {len(files)} files")
    return lines, kb


def median_of_best(readings, files):
    """Median over the files of the best of some readings of each, given one round after the other: others on the machine only add."""
    return statistics.median(min(readings[i::files]) for i in range(files))


def median_ms(reader, files, threads, repeats):
    """Milliseconds a file that alpr-read says: median_of_best."""
    return median_of_best([line.get("ms", 0) for line in read(reader, files * repeats, threads)[0]], len(files))


def stages(program, files):
    """read_stages over the files: {stage: {"ms", "calls"}}, means a photo, and the lines themselves."""
    lines = [line for line in run_lines([program, *files])[0] if "stages" in line]
    mean = lambda name, key: statistics.mean(line["stages"][name][key] for line in lines)
    table = {name: {"ms": mean(name, "ms"), "calls": float(mean(name, "calls"))} for name in (lines[0]["stages"] if lines else {})}
    if lines:
        rest = statistics.mean(line["ms"] - sum(s["ms"] for s in line["stages"].values()) for line in lines)
        table["everything else"] = {"ms": rest, "calls": 1.0}
    return table, lines


def engines(program, models, table, folder):
    """Each reader alone and both together on the labels of `table` (engines.c): {engine: {"plates", "exact", "among", "ms"}}."""
    run = subprocess.run([program, models, table, folder], stdout=subprocess.PIPE, text=True, check=True)
    found = re.findall(r"^(\w+) +exact (\d+) of (\d+) .*?among (\d+) .*?ms ([\d.]+)$", run.stdout, re.M)
    return {name: {"plates": int(n), "exact": int(exact), "among": int(among), "ms": float(ms)} for name, exact, n, among, ms in found}


def instructions(reader, files, folder):
    """Instructions a photo inside plates_find, millions, by valgrind's callgrind; None where valgrind is not installed."""
    if not shutil.which("valgrind"):
        return None
    run = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.out", "--toggle-collect=plates_find",
                          reader, *files], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    found = re.search(r"Collected\s*:\s*(\d+)", run.stderr)
    return int(found.group(1)) / len(files) / 1e6 if found and int(found.group(1)) else None


def openalpr_ms(files, repeats):
    """As median_ms by OpenALPR's own clock, on one core; None where there is no `alpr` that reads them all."""
    program = shutil.which("alpr")
    if not program:
        return None
    core = min(os.sched_getaffinity(0))
    run = subprocess.run([program, "-c", "us", "-j", *files * repeats], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                         check=False, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    ms = []
    for line in run.stdout.splitlines():
        try:
            ms.append(float(json.loads(line)["processing_time_ms"]))
        except (ValueError, KeyError, TypeError):
            continue
    return median_of_best(ms, len(files)) if len(ms) == len(files) * repeats else None
