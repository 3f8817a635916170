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


def compared(bars: Bars, stage, name: str, *street) -> dict:
    """Bars `name`_…: reads and hits of the sandboxed daemon in a guest against those of this machine; what the guest's run measured."""
    folder = below(stage, name)
    shown = whole_box.street(folder, *street)
    whole_box.hotlist(folder)
    whole_box.lay_out(folder, shown)
    there = whole_box.in_guest(folder, shown, 30)
    same = whole_box.compare(whole_box.results(whole_box.on_this_machine(folder)), whole_box.results(there["database"]))
    print(json.dumps(same | {"memory_kb": there["memory_kb"], "boot_s": there["boot_s"], "seconds": there["seconds"]}))
    bars.at_least(f"{name}_reads", same["reads"], "reads", 1)
    bars.at_least(f"{name}_hits", same["hits"], "hits", 1)
    bars.at_most(f"{name}_reads_unequal", same["unequal"] + (not same["count"]), "reads", 0)
    bars.at_least(f"{name}_hits_equal", same["hits_equal"], "yes", 1)
    bars.at_most(f"{name}_confidence_apart", 1000 * same["confidence"], "thousandths", 1)
    return there


def whole(bars: Bars, stage, short: bool) -> None:
    """One vehicle, whose few pictures leave the memory to us: libcamera's virtual cameras hold 5 MB for each. Then several, in bad light."""
    there = compared(bars, stage, "arm64", 1)
    bars.at_least("arm64_roles_sandboxed", there["sandboxed"], "roles", 6)
    bars.at_most("arm64_resident", there["memory_kb"]["total"] / 1024, "MB", 350)
    bars.at_most("arm64_boot_to_service", there["service_s"], "s", 120)
    if not short:
        compared(bars, stage, "arm64_hard", 8, "mixed", "mixed", "some")


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
