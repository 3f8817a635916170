# SPDX-License-Identifier: Apache-2.0
"""Bars: one line each, `BAR <name> <value> <unit> <bar> PASS|FAIL`, and what they come to."""
import sys


class Bars:
    """Prints each bar as it is known; at the end the count. A bar that was not measured is neither passed nor failed."""

    def __init__(self, out=None):
        self.out = out or sys.stdout
        self.rows, self.missing = [], []

    def _add(self, name, value, unit, bar, passed):
        self.rows.append({"name": name, "value": value, "unit": unit, "bar": bar, "passed": passed})
        print(f"BAR {name} {value:.2f} {unit} {bar:g} {'PASS' if passed else 'FAIL'}", file=self.out, flush=True)

    def at_least(self, name, value, unit, bar):
        self._add(name, value, unit, bar, value >= bar)

    def at_most(self, name, value, unit, bar):
        self._add(name, value, unit, bar, value <= bar)

    def not_run(self, names, why):
        """These bars have no line, because of `why`."""
        self.missing += [{"name": n, "why": why} for n in names]
        print(f"NOT MEASURED ({why}): {' '.join(names)}", file=self.out, flush=True)

    def end(self):
        """Print the count; the exit status."""
        failed = sum(not r["passed"] for r in self.rows)
        if self.missing:
            print(f"{len(self.missing)} bars not measured", file=self.out)
        print(f"{len(self.rows) - failed} passed, {failed} failed", file=self.out, flush=True)
        return 1 if failed else 0
