# SPDX-License-Identifier: Apache-2.0
"""Which files of the arm64 build a guest gets, and where: everything of ours lies below /alpr, as in build/<board>."""
from pathlib import Path

from tests.box import ROOT
from tests.guest.guest import arm64_build, kernel_folder

HOME = "/alpr/"


def programs(*names: str) -> dict:
    """{path in the guest: file here} of programs by their names in the build ("bin/alprd", "test/unit/test_err")."""
    build = arm64_build()
    missing = [n for n in names if not (build / n).exists()]
    if missing:
        raise FileNotFoundError(f"{build}: {' '.join(missing)}: not built")
    return {HOME + n: build / n for n in names}


def models() -> dict:
    return {f"{HOME}models/{p.name}": p for p in (ROOT / "ocr/models").iterdir() if p.suffix != ".md"}


def daemon() -> dict:
    """The whole daemon, its client and its models."""
    build = arm64_build()
    roles = [f"libexec/{p.name}" for p in sorted((build / "libexec").iterdir())]
    return programs("bin/alprd", "bin/alprctl", *roles) | models()


def unit_tests(names: list) -> dict:
    """Those unit tests and what they find where they run: models below ocr/models, openssl, a file that is not theirs."""
    files = programs(*(f"test/unit/test_{n}" for n in names))
    files |= {path.replace(HOME, HOME + "ocr/", 1): file for path, file in models().items()}
    return files | {"/usr/bin/openssl": kernel_folder() / "openssl", "/etc/shadow": b"root:*:0:0:99999:7:::\n",
                    "/usr/lib/ssl/openssl.cnf": b"[req]\ndistinguished_name = name\n[name]\n"}
