#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Put a trained model where it is shipped from: ship.py MODEL MODELS REPORTS

Copies MODEL into the folder MODELS, writes its sha256 into its section of MODELS/README.md, and copies the page beside it
(report/, as report.py writes it) to REPORTS/NAME/. The rest of the card, what it can do, is for a person to measure and write.
"""
import hashlib
import os
import re
import shutil
import sys

MOST = 4 << 20  # bytes of a model


def card_with(card, name, digest):
    """The card with another hash in the section of model `name`."""
    section = re.compile(r"(^## " + re.escape(name) + r"$.*?^\| sha256 \| )[0-9a-f]*( \|$)", re.M | re.S)
    new, times = section.subn(lambda m: m[1] + digest + m[2], card, count=1)
    inside = section.search(card)
    if times != 1 or "\n## " in inside[1]:
        raise SystemExit(f"ship: the card has no section '## {name}' with a row '| sha256 | … |'")
    return new


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    model, models, reports = sys.argv[1:]
    name = os.path.basename(model)
    with open(model, "rb") as f:
        data = f.read()
    if len(data) > MOST:
        raise SystemExit(f"ship: {name} has {len(data)} bytes, more than {MOST}")
    card = os.path.join(models, "README.md")
    with open(card, encoding="utf-8") as f:
        text = card_with(f.read(), name, hashlib.sha256(data).hexdigest())
    shutil.copyfile(model, os.path.join(models, name))
    with open(card, "w", encoding="utf-8") as f:
        f.write(text)
    page = os.path.join(os.path.dirname(model), "report")
    if os.path.isdir(page):
        to = os.path.join(reports, os.path.splitext(name)[0])
        os.makedirs(to, exist_ok=True)
        for part in ("report.md", "curves.png", "confusion.png"):
            if os.path.exists(os.path.join(page, part)):
                shutil.copyfile(os.path.join(page, part), os.path.join(to, part))


if __name__ == "__main__":
    main()
