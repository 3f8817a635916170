# SPDX-License-Identifier: Apache-2.0
"""Lamp and door over libgpiod against the kernel's own simulated GPIO chips (gpio-sim), in a guest."""
import os
import re
from pathlib import Path

from tests.box import ROOT
from tests.guest import firmware
from tests.guest.guest import Guest


def gpio_sim() -> Path:
    return Path(os.environ.get("ALPR_GPIO_SIM", ROOT / "build/deps-guest-arm64-gpio/gpio-sim.ko"))


def test_lamp_and_door_on_simulated_lines(tmp_path):
    guest = Guest(tmp_path / "io", firmware.programs("test/lines"), modules={"configfs": ""}, extra_modules=[gpio_sim()])
    outcome = guest.run("/alpr/test/lines", 180)
    print(outcome.output)
    checks = re.findall(r"^(PASS|FAIL) (.+)$", outcome.output, re.M)
    assert [what for verdict, what in checks if verdict == "FAIL"] == [], outcome.output
    assert outcome.status == 0 and outcome.output.rstrip().endswith("0 failed"), outcome.output
    assert len(checks) >= 60  # none was left out
