#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turn the compile lines of `make -Bn V=1` on stdin into compile_commands.json on stdout."""
import json
import shlex
import sys


def main() -> int:
    directory = sys.argv[1]
    entries = []
    for line in sys.stdin:
        if " -c -o " not in line:
            continue
        words = shlex.split(line)
        entries.append({"directory": directory, "file": words[-1], "arguments": words})
    json.dump(entries, sys.stdout, indent=1)
    return 0 if entries else 1


if __name__ == "__main__":
    sys.exit(main())
