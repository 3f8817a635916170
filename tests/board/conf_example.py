#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Prints firmware/parent/alpr.conf.example from the tables of keys in firmware/*/conf.c; --write puts it there. A test compares.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "firmware/parent/alpr.conf.example"

HEAD = """# SPDX-License-Identifier: Apache-2.0
# Every key of the configuration of alprd, with its default where it is commented out. Relative paths are relative to this
# file's folder. Check a file with: alprd -c FILE --check
# A running alprd reads it again on SIGHUP: a broken file changes nothing, a good one restarts only the roles it concerns.
"""

# section, file below firmware/, name of the table in it, what the section is for
SECTIONS = [
    ("site", "site.c", "keys", "Where the box stands. The place goes out with hits only."),
    ("camera", "capture/conf.c", "keys", 'Cameras. The drivers "sim" and "replay" are for developers; a board has its own.'),
    ("vision", "vision/conf.c", "keys", "Finding and reading plates."),
    ("store", "store/conf.c", "ring_keys", "The ring of reads on disk."),
    ("hotlist", "store/conf.c", "hotlist_keys", "The signed list of wanted plates."),
    ("evidence", "store/conf.c", "evidence_keys", "What the evidence custodian may ask for (firmware/store/EVIDENCE.md)."),
    ("uplink", "uplink/conf.c", "keys", "The one outgoing connection. Without a url hits wait on the box."),
    ("control", "control/conf.c", "keys", "The local socket of alprctl."),
    ("device", "device/conf.c", "keys", "What watches the box itself, and what is too much."),
    ("daemon", "parent/conf.c", "keys", "alprd itself."),
]

# What an installation sets in any case; the rest stays commented out.
SET = {
    ("site", "name"): "site-001",
    ("store", "path"): "/var/lib/alpr/store",
    ("hotlist", "key"): "/etc/alpr/hotlist.pub",
    ("evidence", "ca"): "/etc/alpr/rtcc-ca.crt",
    ("uplink", "url"): "https://rtcc.example",
    ("uplink", "ca"): "/etc/alpr/rtcc-ca.crt",
    ("uplink", "certificate"): "/etc/alpr/device.crt",
    ("uplink", "key"): "/etc/alpr/device.key",
    ("daemon", "user"): "alpr",
}

# {"name", CONF_TYPE, AT(name), default, min, max, choices, "help"} or KEY(CONF_TYPE, [struct,] name, default, min, max, "help")
ROW = re.compile(r'(?:\{\s*"(\w+)",\s*CONF_\w+,\s*(?:AT|OWN)\(\w+\)|KEY\(\s*CONF_\w+,\s*(?:\w+,\s*)?(\w+)),\s*((?:"[^"]*"\s*)+|TEXT\(\w+\)|[A-Z_]+),'
                 r'\s*[^,]+,\s*[^,]+,\s*(?:(?:NULL|"([^"]*)"),)?\s*((?:"[^"]*"\s*)+)')


def cap(name: str) -> str:
    """The default of TEXT(CONFIG_…)."""
    text = (ROOT / "firmware/Kconfig").read_text()
    return re.search(rf"config {name[len('TEXT(CONFIG_'):-1]}.*?default (\d+)", text, re.S).group(1)


def table(file: str, name: str) -> list:
    """(key, default, choices, help) of each row. Raises when a row is written in a way this does not read."""
    source = (ROOT / "firmware" / file).read_text()
    body = re.search(r"struct conf_key %s\[\] = \{\n(.*?)\n\};" % name, source, re.S).group(1)
    rows = ROW.findall(body)
    if len(rows) != body.count("CONF_"):
        raise ValueError(f"firmware/{file}: {name}: {len(rows)} of its rows understood")
    return [(a or b, "".join(re.findall(r'"([^"]*)"', default)) if default.startswith('"') else cap(default), choices, "".join(re.findall(r'"([^"]*)"', text)))
            for a, b, default, choices, text in rows]


def example() -> str:
    lines = []
    for section, file, name, about in SECTIONS:
        lines += ["", f"# {about}", f"[{section}]"]
        for key, default, choices, text in table(file, name):
            lines.append(f"# {text}" + (f": {choices.replace('|', ', ')}" if choices else ""))
            given = SET.get((section, key))
            lines.append(f"{key} = {given}" if given else f"#{key} = {default}".rstrip())
    return HEAD + "\n".join(lines) + "\n"


def everything() -> str:
    """The same with every default spelled out."""
    return re.sub(r"^#(\w+ =)", r"\1", example(), flags=re.M)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        EXAMPLE.write_text(example())
    else:
        print(example(), end="")
