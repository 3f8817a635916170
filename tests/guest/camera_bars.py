# SPDX-License-Identifier: Apache-2.0
"""
Rows of `make camera-test` that want a guest and more than the driver: the whole daemon against this machine's, its memory, its
start, and the instructions that vision takes.
"""
import json
import shutil
from pathlib import Path

from tests.bench.bars import Bars
from tests.guest import firmware, whole_box
from tests.guest.guest import Guest


def below(stage, name: str) -> Path:
    folder = stage.folder / name
    folder.mkdir()
    return folder


def whole(bars: Bars, stage, short: bool) -> None:
    """The whole daemon, sandboxed, on libcamera; its reads and hits against those of this machine; its memory."""
    folder = below(stage, "whole")
    shown = whole_box.street(folder, *([1] if short else [8, "mixed", "mixed", "some"]))
    whole_box.hotlist(folder)
    whole_box.lay_out(folder, shown)
    there = whole_box.in_guest(folder, shown, 30)
    same = whole_box.compare(whole_box.results(whole_box.on_this_machine(folder)), whole_box.results(there["database"]))
    print(json.dumps(same | {"memory_kb": there["memory_kb"], "boot_s": there["boot_s"], "seconds": there["seconds"]}))
    bars.at_least("arm64_roles_sandboxed", there["sandboxed"], "roles", 6)
    bars.at_least("arm64_reads", same["reads"], "reads", 1)
    bars.at_least("arm64_hits", same["hits"], "hits", 1)
    bars.at_most("arm64_reads_unequal", same["unequal"] + (not same["count"]), "reads", 0)
    bars.at_least("arm64_hits_equal", same["hits_equal"], "yes", 1)
    bars.at_most("arm64_confidence_apart", 1000 * same["confidence"], "thousandths", 1)
    bars.at_most("arm64_resident", there["memory_kb"]["total"] / 1024, "MB", 350)
    bars.at_most("arm64_boot_to_service", there["service_s"], "s", 120)


def instructions(bars: Bars, stage, short: bool) -> None:
    """Instructions that vision takes for a pair: a machine that counts them, one a nanosecond."""
    folder = below(stage, "instructions")
    every = whole_box.street(folder, 1 if short else 3)
    busy = [n for n in every if n]
    order = [0] * 4 + busy + [0] * 2
    for camera in ("cam0", "cam1"):
        (folder / "io" / camera).mkdir(parents=True)
        for i, number in enumerate(order):
            jpeg = folder / "all" / camera / f"{number:06}.jpg"
            whole_box.as_libcamera_decodes(jpeg, folder / "io" / camera / f"{i:06}.pgm")
    shutil.rmtree(folder / "all")
    files = firmware.programs("test/pair_cost") | firmware.models()
    outcome = Guest(folder / "io", files, icount=True).check("/alpr/test/pair_cost /alpr/models 166666667 /io", 300 + 60 * len(order))
    cost = {line.split()[0]: [int(v) for v in line.split()[1:]] for line in outcome.output.splitlines()}
    print(json.dumps(cost))
    assert cost["empty"][0] and cost["plates"][0], f"no such pairs: {cost}"
    bars.at_most("arm64_instructions_vehicle", cost["plates"][1] / 1e6, "million/pair", 2000)
    bars.at_most("arm64_instructions_empty_road", 100 * cost["empty"][1] / cost["plates"][1], "%", 2)


ROWS = (whole, instructions)
