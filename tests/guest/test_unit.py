# SPDX-License-Identifier: Apache-2.0
"""Unit tests on a kernel of their own: seccomp, Landlock, exec and namespaces are real there, which they are not under qemu-user."""
import os

import pytest

from tests.guest import firmware
from tests.guest.guest import Guest

SCRIPT = """
cd /alpr
failed=0
for t in test/unit/test_*; do
    from=$(cut -d. -f1 /proc/uptime)
    "$t" >/tmp/said 2>&1
    code=$?
    echo "$t: $code in $(($(cut -d. -f1 /proc/uptime) - from)) s"
    [ $code = 0 ] || { failed=1; tail -n 40 /tmp/said; }
    [ "$t" != test/unit/test_sandbox ] || cat /tmp/said
done
exit $failed
"""


@pytest.mark.timeout(3 * 3600)
def test_unit_tests_pass_on_the_stock_kernel(tmp_path):
    names = os.environ["ALPR_GUEST_UNITS"].split()
    assert "sandbox" in names
    outcome = Guest(tmp_path / "io", firmware.unit_tests(names)).check(SCRIPT, 120 + 60 * len(names))
    print(outcome.output)
    assert outcome.output.count(": 0 in ") == len(names)
    for what in ("each_attempt_meets_its_end", "landlock_keeps_files_in_their_folders", "the_parent_starts_its_own_programs_only"):
        assert f"[       OK ] {what}" in outcome.output
