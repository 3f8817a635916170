# SPDX-License-Identifier: Apache-2.0
"""hotlist/PUBLISHING.md, typed as it stands by somebody who has nothing yet; publish.sh, and a plain nginx in front of what it makes."""
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from tests import feeds
from tests.box import ROOT, build_folder
from tests.rtcc import free_port
from tests.rtcc.hotlist import Hotlist, name_of
from tests.system.feed_desk import Desk, call

PAGE = (ROOT / "hotlist/PUBLISHING.md").read_text()
SCRIPT = ROOT / "hotlist/tool/publish.sh"
PATH = f"{build_folder() / 'bin'}:{SCRIPT.parent}:{os.environ['PATH']}"


def blocks(language: str) -> list:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def shell(folder, text: str):
    done = subprocess.run(["sh", "-eu"], cwd=folder, input=text, capture_output=True, text=True, env={**os.environ, "PATH": PATH},
                          timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def etag(path) -> str:
    return name_of(path.read_bytes())


@pytest.fixture(scope="module", name="rtcc")
def fixture_rtcc(tmp_path_factory):
    """The folder after each step of the page, and what the steps said."""
    folder = tmp_path_factory.mktemp("rtcc")
    rows = [feeds.row("ncic-lpr", lic=f"L{i}", lis="MO", number=i) for i in range(500)]
    (folder / "VEHEXTRT.TXT").write_text(feeds.feed("ncic-lpr", rows))
    said, published = [], []
    for step in blocks("sh"):
        said.append(shell(folder, step).stdout)
        if (folder / "public/hotlist").exists():
            published.append((folder / "public/hotlist").read_bytes())
    return folder, said, published


def test_every_step_of_the_page_works(rtcc):
    folder, said, published = rtcc
    assert len(said) == 4 and len(published) == 3
    for version, (step, key) in enumerate(zip(said[1:], ("hotlist", "hotlist", "next")), 1):
        path = folder / f"lists/{version}.alpb"
        assert f'published: version {version}, ETag "{etag(path)}"\n' in step and published[version - 1] == path.read_bytes()
        call("verify", "--key", folder / f"{key}.pub", path)
        assert (folder / f"{version}.jsonl").exists()
    assert '"grade":"NONE"' in said[2], "what was taken back is gone"
    assert (folder / "hotlist.key").stat().st_mode & 0o077 == 0


def test_each_list_before_has_its_delta(rtcc):
    folder, _, _ = rtcc
    new = folder / "lists/3.alpb"
    assert sorted(p.name for p in (folder / "public/deltas").iterdir()) == sorted(
        f"{etag(folder / f'lists/{old}.alpb')}-{etag(new)}" for old in (1, 2))
    for old in (1, 2):  # also from a list by the other key
        path = folder / f"lists/{old}.alpb"
        call("apply", path, folder / f"public/deltas/{etag(path)}-{etag(new)}", "--out", folder / "applied")
        assert (folder / "applied").read_bytes() == new.read_bytes()
        assert (folder / f"public/deltas/{etag(path)}-{etag(new)}").stat().st_size < 1000


def test_the_rtcc_of_the_tests_gives_what_the_script_made(rtcc):
    """The names of the deltas are what a server makes of the ETags."""
    folder, _, published = rtcc
    (folder / "public/hotlist.bin").write_bytes(published[-1])
    server = Hotlist(folder / "public")
    for old in published[:2]:
        status, headers, delta = server.answer({"A-IM": "alpr-delta"}, f'"{name_of(old)}"', None)
        assert (status, headers["Delta_Base"], headers["ETag"]) == (226, f'"{name_of(old)}"', f'"{name_of(published[-1])}"')
        assert delta == (folder / f"public/deltas/{name_of(old)}-{name_of(published[-1])}").read_bytes()


def test_every_option_on_the_page_is_one_of_the_tool():
    known = "".join(call(verb, "--help").stdout for verb in ("compile", "sign", "verify", "show", "lookup", "delta", "apply"))
    for option in set(re.findall(r"(?<![\w-])--[a-z-]+", "".join(blocks("sh")))):
        assert option in known


# --- publish.sh ----------------------------------------------------------------------------------

@pytest.fixture(name="desk")
def fixture_desk(tmp_path):
    desk = Desk(tmp_path)
    (tmp_path / "lists").mkdir()
    for version in range(1, 4):
        raw = tmp_path / "raw"
        call("compile", "--in", desk.path("x.csv", feeds.feed("csv", [feeds.row("csv", lic=f"A{version}", expires="2099-01-01")])),
             "--out", raw, "--version", version, "--max-age", 86400)
        call("sign", "--key", tmp_path / "k", "--in", raw, "--out", tmp_path / f"lists/{version}.alpb")
    return desk


def publish(desk, version, *more, status=0, key="k.pub"):
    done = subprocess.run([SCRIPT, desk.folder / key, desk.folder / "lists", str(version), desk.folder / "public", *map(str, more)],
                          capture_output=True, text=True, env={**os.environ, "PATH": PATH}, timeout=60, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def test_only_the_last_few_get_a_delta(desk):
    publish(desk, 3, 1)
    assert [p.name.split("-")[0] for p in (desk.folder / "public/deltas").iterdir()] == [etag(desk.folder / "lists/2.alpb")]


def test_a_damaged_list_of_before_holds_nothing_up(desk):
    publish(desk, 1)
    (desk.folder / "lists/2.alpb").write_bytes(b"nothing")
    (desk.folder / "lists/notes.txt").write_text("not a list")
    done = publish(desk, 3)
    assert "no delta from version 2" in done.stderr
    assert (desk.folder / "public/hotlist").read_bytes() == (desk.folder / "lists/3.alpb").read_bytes()
    assert len(list((desk.folder / "public/deltas").iterdir())) == 1


def test_what_a_box_would_refuse_is_not_published(desk):
    publish(desk, 2)
    before = (desk.folder / "public/hotlist").read_bytes()
    call("sign", "--key", desk.folder / "k", "--in", desk.folder / "raw", "--out", desk.folder / "lists/9.alpb")
    (desk.folder / "lists/7.alpb").write_bytes((desk.folder / "raw").read_bytes())
    (desk.folder / "other.pub").write_bytes(subprocess.run(
        "openssl ecparam -name prime256v1 -genkey -noout | openssl pkey -pubout", shell=True, capture_output=True, check=True).stdout)
    for words, why in (((2,), "not later than what is published"), ((1,), "not later than"), ((4,), "4.alpb"),
                       ((9,), "of another version than its name"), ((7,), "signature: there is none")):
        assert why in publish(desk, *words, status=1).stderr
    assert "by another key" in publish(desk, 3, key="other.pub", status=1).stderr
    assert (desk.folder / "public/hotlist").read_bytes() == before
    for words in (("x",), (3, "x"), (3, 1, 1), ("",)):
        publish(desk, *words, status=2 if words != ("",) else 1)


# --- nginx ---------------------------------------------------------------------------------------

@pytest.fixture(name="url")
def fixture_url(rtcc, tmp_path):
    (location,), port = blocks("nginx"), free_port()
    assert "/srv/rtcc/public" in location
    public = tmp_path / "public"
    shutil.copytree(rtcc[0] / "public", public)
    for folder in (*tmp_path.parents, tmp_path):  # nginx may run as another user
        if os.access(folder, os.W_OK) and folder.name.startswith(("pytest-", "popen-", "test_")):
            folder.chmod(0o755)
    public.chmod(0o755)
    temp = "".join(f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}\n"
        f"http {{ access_log off; {temp} server {{ listen 127.0.0.1:{port};\n{location.replace('/srv/rtcc/public', str(public))} }} }}\n")
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    process = subprocess.Popen([nginx, "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", tmp_path / "error.log"])
    yield f"http://127.0.0.1:{port}/v1/hotlist"
    process.terminate()
    process.wait()


def get(url, **headers):
    """(status, headers, body)."""
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    end = time.monotonic() + 5
    while True:
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read()
        except urllib.error.URLError:
            assert time.monotonic() < end, "nginx does not answer"
            time.sleep(0.05)


def test_a_plain_nginx_gives_what_is_required(rtcc, url):
    _, _, published = rtcc
    status, headers, body = get(url)
    tag = headers["ETag"]
    assert status == 200 and body == published[-1] and re.fullmatch(r'"[!-~]+"', tag) and headers["Accept-Ranges"] == "bytes"
    assert get(url, If_None_Match=tag)[0] == 304
    assert get(url, If_None_Match=f'"another", {tag}', Prefer="wait=25", A_IM="alpr-delta")[0] == 304
    assert get(url, If_None_Match='"another"', A_IM="alpr-delta")[0] == 200
    status, headers, body = get(url, Range="bytes=1000-", If_Range=tag)
    assert status == 206 and body == published[-1][1000:] and headers["ETag"] == tag
    assert get(url, Range="bytes=1000-", If_Range='"another"')[0] == 200
