# SPDX-License-Identifier: Apache-2.0
"""What is switched off is not compiled, both compilers are clean, and includes run down only."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SWITCHES = ["CAMERA_REPLAY", "CAMERA_SIM", "FAKE_HARDWARE", "LOCATION_GPSD", "KEYSTORE_TPM2", "KEYSTORE_TPM2_SIMULATOR", "READER_TOOL",
            "HOTLIST_TOOL", "CATEGORY_MISSING", "CONTROL", "UPLINK", "DEVICE", "LANDLOCK",
            "MOUNT_TOOL"]


def make(*words: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "--no-print-directory", f"-j{os.cpu_count()}", *words], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=800, env=environment, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def configure(variant: str, on: dict) -> Path:
    """Write build/host<variant>/.config with each switch of `on` set as said."""
    folder = ROOT / "build" / f"host{variant}"
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f"CONFIG_{k}=y\n" if v else f"# CONFIG_{k} is not set\n" for k, v in on.items())
    config = folder / ".config"
    if not config.exists() or not all(line in config.read_text() for line in text.splitlines()):
        config.write_text(text)
    return folder


def symbols(program: Path) -> str:
    return subprocess.run(["nm", program], text=True, capture_output=True, check=True).stdout


def test_everything_off():
    folder = configure("-min", {k: False for k in SWITCHES})
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin/alpr-read").touch()  # from before it was switched off
    make("VARIANT=-min", "all")
    assert not (folder / "bin/alpr-read").exists()
    assert not (folder / "bin/alpr-hotlist").exists()
    assert not (folder / "bin/alpr-sim").exists()
    assert not (folder / "bin/alprctl").exists()
    assert not (folder / "libexec/alprd-control").exists()
    assert not (folder / "libexec/alprd-uplink").exists()
    assert not (folder / "libexec/alprd-device").exists()
    capture = symbols(folder / "libexec/alprd-capture")
    assert "camera_sim" not in capture and "camera_replay" not in capture
    needed = subprocess.run(["ldd", folder / "libexec/alprd-capture"], text=True, capture_output=True, check=True).stdout
    assert [name for name in ("imgcodecs", "freetype", "gdal", "curl", "sqlite") if name in needed] == []
    assert "landlock" not in symbols(folder / "libexec/alprd-store").lower()


def test_everything_on_with_clang():
    folder = configure("-clang", {k: True for k in SWITCHES})
    make("VARIANT=-clang", "CC=clang", "CXX=clang++", "all")
    assert (folder / "bin/alpr-read").exists() and (folder / "libexec/alprd-uplink").exists()
    capture = symbols(folder / "libexec/alprd-capture")
    assert "camera_sim" in capture and "camera_replay" in capture


def test_defconfig_round_trip(tmp_path):
    # In a copy: a developer's own choices and the committed defconfig are not the test's to touch.
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("build", ".git"))
    before = (copy / "board/host/defconfig").read_text()
    for goal in ("host_defconfig", "savedefconfig", "host_defconfig"):
        subprocess.run(["make", "--no-print-directory", goal], cwd=copy, check=True, stdout=subprocess.DEVNULL, timeout=60)
    after = (copy / "board/host/defconfig").read_text()
    assert set(after.split()) <= set(before.split())


def test_unknown_board_is_refused():
    done = subprocess.run(["make", "nowhere_defconfig"], cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode != 0 and "no board/nowhere/defconfig" in done.stderr


def uses(program: str) -> str:
    """Every library that comes with the program; of capture, only those it asks for itself: on host, imgcodecs drags in GDAL."""
    path = Path(os.environ["ALPR_BUILD"]) / program
    tool = ["readelf", "-d"] if program.endswith("capture") else ["ldd"]
    return subprocess.run([*tool, path], text=True, capture_output=True, check=True).stdout


@pytest.mark.parametrize("program, forbidden", [
    ("bin/alprd", ["opencv", "curl", "sqlite", "tesseract", "mbed"]),
    ("libexec/alprd-capture", ["curl", "sqlite", "tesseract", "dnn"]),
    ("libexec/alprd-vision", ["curl", "sqlite", "imgcodecs", "gdal"]),
    ("libexec/alprd-store", ["opencv", "curl", "tesseract"]),
    ("libexec/alprd-uplink", ["opencv", "sqlite", "tesseract", "libcurl", "libssl"]),
    ("libexec/alprd-control", ["opencv", "curl", "sqlite", "tesseract"]),
    ("libexec/alprd-device", ["opencv", "curl", "sqlite", "tesseract", "jpeg"]),
])
def test_a_role_links_only_what_it_needs(program, forbidden):
    linked = uses(program)
    assert [name for name in forbidden if name in linked] == []


# DESIGN: parent > roles > wire.h > hotlist, board > ocr, hal > base. A file may include its own layer and lower ones.
LAYERS = [
    (re.compile(r"firmware/base/"), 0),
    (re.compile(r"(ocr|hal)/"), 1),
    (re.compile(r"(hotlist|board)/"), 2),
    (re.compile(r"firmware/(wire|role|site|status_json|version)\.[ch]"), 3),
    (re.compile(r"firmware/(capture|vision|store|uplink|control|device)/"), 4),
    (re.compile(r"firmware/(parent|ctl)/"), 5),
]
ROLES = re.compile(r"firmware/(capture|vision|store|uplink|control|device)/")


def layer(path: str) -> int:
    for pattern, depth in LAYERS:
        if pattern.match(path):
            return depth
    raise AssertionError(f"{path} has no place in the layers")


def sources() -> list:
    listed = subprocess.run(["git", "ls-files", "*.c", "*.h", "*.cpp"], cwd=ROOT, text=True, capture_output=True, check=True)
    return [p for p in listed.stdout.split() if not p.startswith("tests/")]


def test_includes_run_down_only():
    wrong = []
    for path in sources():
        for included in re.findall(r'^#include "([^"]+)"', (ROOT / path).read_text(), re.M):
            if not (ROOT / included).exists():
                continue  # generated: config.h
            sideways = ROLES.match(path) and ROLES.match(included) and ROLES.match(path)[0] != ROLES.match(included)[0]
            # A command-line tool may sit beside its library and use what its layer may use.
            if layer(included) > layer(path) or sideways:
                wrong.append(f"{path} includes {included}")
    assert wrong == []


def test_files_stay_readable():
    long = {p: n for p in sources() if (n := len((ROOT / p).read_text().splitlines())) > 800}
    assert long == {}
    assert len((ROOT / "firmware/wire.h").read_text().splitlines()) <= 250


def test_cplusplus_only_in_the_shims():
    allowed = {"ocr/cv.cpp", "hal/image_file.cpp", "hal/camera_libcamera.cpp"}
    assert {p for p in sources() if p.endswith(".cpp")} <= allowed


def test_top_level_is_fixed():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True).stdout.split()
    visible = {p.split("/")[0] for p in listed if not p.startswith(".")}
    assert visible <= {"firmware", "hal", "board", "ocr", "hotlist", "tests", "Makefile", "Kconfig", "README.md", "LICENSE"}
