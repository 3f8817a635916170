# SPDX-License-Identifier: Apache-2.0
"""alpr-mount: where to put a camera."""
import math
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

SVG = "{http://www.w3.org/2000/svg}"


def mount(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([os.path.join(os.environ["ALPR_BUILD"], "bin/alpr-mount"), *words], text=True, capture_output=True,
                          timeout=30, check=False)


def zone(text: str) -> tuple:
    found = re.search(r"^zone +([\d.]+) to ([\d.]+) m", text, re.M)
    assert found, text
    return float(found[1]), float(found[2])


def test_help_has_every_option_and_an_example_that_works():
    done = mount("--help")
    assert done.returncode == 0 and done.stderr == ""
    for option in ("--focal MM", "--pixel UM", "--offset M", "--angle DEG", "--speed KMH", "--exposure US", "--svg FILE"):
        assert option in done.stdout
    example = done.stdout.splitlines()[-1].split()
    assert example[0] == "alpr-mount"
    done = mount(*[w for w in example[1:] if w not in ("--svg", "pole.svg")])
    assert done.returncode == 0, done.stdout + done.stderr


def test_table_and_zone():
    done = mount()
    assert done.returncode == 0 and done.stderr == ""
    near, far = zone(done.stdout)
    rows = {float(r.split()[0]): r for r in done.stdout.splitlines() if re.match(r" +\d+\.\d  ", r)}
    assert sorted(rows) == [6 + 2 * i for i in range(10)]
    assert {d for d, row in rows.items() if row.endswith("it fits")} == {d for d in rows if near <= d <= far}
    pairs = int(re.search(r"^pairs +(\d+)", done.stdout, re.M)[1])
    assert abs(pairs - (far - near) / (60 / 3.6) * 30) < 1.2
    # Twice the speed: half the pairs, twice the smear.
    fast = mount("--speed", "120").stdout
    assert abs(int(re.search(r"^pairs +(\d+)", fast, re.M)[1]) - pairs / 2) <= 1
    longest = [float(re.search(r"^exposure +at most (\d+)", t, re.M)[1]) for t in (done.stdout, fast)]
    assert longest[0] / longest[1] == pytest.approx(2, rel=0.01)


def test_an_angle_is_an_offset():
    by_angle = mount("--aim", "15", "--angle", "11.309932474")
    assert by_angle.stdout == mount("--aim", "15", "--offset", str(15 * math.tan(math.radians(11.309932474)))).stdout
    assert by_angle.returncode == 0


def test_a_sensor_is_three_numbers():
    assert mount("--sensor", "ov9281", "--focal", "25").stdout == \
        mount("--pixel", "3", "--width", "1280", "--height", "800", "--focal", "25").stdout


def test_nothing_readable_is_said_and_is_no_success():
    done = mount("--focal", "3")
    assert done.returncode == 1
    assert "zone        none: at 15 m the plate is too small" in done.stdout


def test_picture(tmp_path):
    path = tmp_path / "pole.svg"
    assert mount("--svg", str(path)).returncode == 0
    root = ElementTree.parse(path).getroot()
    assert root.tag == SVG + "svg"
    assert len([r for r in root.iter(SVG + "rect") if r.get("class") == "zone"]) == 2
    curves = [p for p in root.iter(SVG + "path") if p.get("class") == "curve"]
    assert len(curves) == 2 and all(len(c.get("d")) > 500 for c in curves)
    assert "plate width, pixels" in "".join(root.itertext())


@pytest.mark.parametrize("words, why", [
    (["--focal", "0"], "focal length in mm: 0 is not within 1 and 500"),
    (["--focal", "nan"], "--focal: 'nan' is not a number"),
    (["--focal", "16mm"], "--focal: '16mm' is not a number"),
    (["--focal", ""], "--focal: '' is not a number"),
    (["--speed", "-5"], "speed in km/h: -5 is not within 1 and 300"),
    (["--exposure", "40000"], "exposure in us: 40000 is longer than a frame at 30 a second"),
    (["--lane", "0.2"], "lane width in m: 0.2 is not within 1.5 and 20"),
    (["--angle", "90"], "--angle: 90 is not within -80 and 80"),
    (["--from", "30", "--to", "20"], "--from 30 --to 20: is not a stretch of road"),
    (["--step", "0.001"], "--step: 0.001 makes no table"),
    (["--step", "0"], "--step: 0 makes no table"),
    (["--sensor", "kodak"], "--sensor: 'kodak' is not known here"),
    (["--lens", "5"], "--lens: no such option: --help lists them"),
    (["--focal"], "--focal: needs a value"),
    (["16"], "16: only options are taken"),
])
def test_nonsense_is_refused(words, why):
    done = mount(*words)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("alpr-mount: ") and why in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("path, why", [("/nonexistent/pole.svg", "No such file"), ("/dev/full", "No space left")])
def test_a_picture_that_cannot_be_written_is_an_error(path, why):
    done = mount("--svg", path)
    assert done.returncode == 1 and why in done.stderr
    assert os.path.exists("/dev/full")


def rows() -> list:
    """Each line of a board's README that shows what alpr-mount says."""
    boards = Path(__file__).resolve().parents[2] / "board"
    return [(p.parent.name, line) for p in sorted(boards.glob("*/README.md")) for line in p.read_text().splitlines()
            if "| `--focal " in line]


def test_both_boards_show_a_mounting():
    assert {board for board, _ in rows()} == {"rk3399", "rpi-cm4"}


@pytest.mark.parametrize("board, row", rows())
def test_figures_of_the_boards_are_those_of_the_tool(board, row):
    _, command, aim, stretch, pairs, longest, sharp, turn = [cell.strip() for cell in row.strip("|").split("|")]
    said = mount(*command.strip("`").split()).stdout
    aside, down = aim.split(", ")
    assert f"aim         {aside} degrees aside, {down} down" in said, board
    assert f"zone        {stretch} m along the road" in said
    assert f"pairs       {pairs} while" in said
    assert f"exposure    at most {longest} us" in said
    assert f"focus       on the aim: {sharp} m" in said
    assert "within {} degrees towards the pole, {} away, {} up, {} down".format(*turn.split(", ")) in said
